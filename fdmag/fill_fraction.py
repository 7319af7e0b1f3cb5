"""Smooth edges: a cell that a shape fills in part holds so much less of the material."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Declaration, Parameter
from fdmag.regions import Regions
from fdmag.shapes import Shape
from fdmag.terms import Material, Term
from fdmag.terms.term import Declared

PER_SIZE = ("A/m", "J/m^3", "J/m^2", "J/m", "J/(V m)")
"""Units of what a cell has so much less of: per volume, area or length of the magnet."""
Owner = TypeVar("Owner", bound=Declared)


class FillFraction:
    """How much of each cell is magnet, and what becomes of parameters by it.

    Ms is multiplied by the share f of the cell that is filled, and with it every energy density (K, A, D, J, Ks) and,
    in torques, the current density; a resistance-area product is divided by it. So the field of local terms stays what
    it is in a full cell, the link between two cells has the harmonic mean of their shares, and demag, energies and the
    thermal field see the volume that is there. A cell counts as magnetic if f > 0: if one of the n³ sample points is
    inside.

    Parameters
    ----------
    geometry : Shape or array (nz, ny, nx), or (batch, nz, ny, nx), of bools, or of numbers between 0 and 1
    mesh : Mesh
    smooth_edges : int
        n: f is the share of n³ points in the cell that lie in the shape; 1: cells are full or empty.

    Attributes
    ----------
    share : array (nz, ny, nx) or (batch, nz, ny, nx), float64
    partial : bool
        Whether some cells are filled in part.

    Raises
    ------
    ParameterError
        If an array does not fit, or no cell is filled.
    """

    def __init__(self, geometry: Shape | ArrayLike, mesh: Mesh, smooth_edges: int = 1) -> None:
        if isinstance(geometry, Shape):
            found: NDArray = np.asarray(geometry.fill(mesh, smooth_edges), dtype=np.float64)
        else:
            array = np.asarray(geometry)
            if array.shape[-3:] != mesh.shape or array.ndim > 4 or array.dtype.kind not in "biuf":
                raise ParameterError(
                    f"geometry: an array of shape {array.shape} and type {array.dtype}; allowed: a Shape, or numbers "
                    f"from 0 to 1 of shape {mesh.shape} (nz, ny, nx)"
                )
            found = array.astype(np.float64)
            if not (np.all(found >= 0) and np.all(found <= 1)):
                raise ParameterError("geometry: holds numbers outside 0 to 1; they are shares of the cells")
        if not np.all(np.any(found, axis=(-3, -2, -1))):
            extent = " × ".join(f"{edge * 1e9:g} nm" for edge in mesh.size)
            raise ParameterError(f"the shape covers no cell of the mesh ({extent}, lower corner {mesh.origin} m)")
        self.share: NDArray[np.float64] = found
        self._mesh = mesh
        self.partial = bool(np.any((found > 0) & (found < 1)))

    def applied_to_all(self, material: Material, terms: Iterable[Term], regions: Regions) -> tuple[Material, list[Any]]:
        """Return material and terms with scaled values; what is no term is left for the magnet to refuse."""
        scaled = [self.applied(term, regions) if isinstance(term, Term) else term for term in _listed(terms)]
        return self.applied(material, regions), scaled

    def scaled_at(self, path: str, owners: Mapping[str, Declared], value: Any, regions: Regions) -> Any:
        """Return the value to set at ``"owner.key"``; unchanged where there is no such parameter."""
        name, _, key = path.partition(".")
        known = name in owners and key in owners[name].parameters()
        return self.scaled(owners[name], key, value, regions) if known else value

    def applied(self, owner: Owner, regions: Regions) -> Owner:
        """Return a term or the material with scaled values."""
        changed = {
            key: self.scaled(owner, key, value, regions)
            for key in owner.parameters()
            if (value := getattr(owner, key)) is not None
        }
        between = getattr(owner, "between", ())
        if self.partial and any((e.get("A") if isinstance(e, dict) else e.A) is not None for e in between):
            raise ParameterError(
                f"{owner.name}.between: A, one stiffness for a whole border, does not go with smooth edges; give scale"
            )
        return dataclasses.replace(owner, **changed)

    def scaled(self, owner: Declared, key: str, value: Any, regions: Regions) -> Any:
        """Return the value of one parameter for the cells as they are filled."""
        declaration = owner.parameters()[key]
        power = self._power(owner, declaration)
        if power == 0:
            return value
        factor = self.share if power > 0 else 1 / np.where(self.share > 0, self.share, 1)
        factor = factor[..., None, :, :, :]  # beside the replicas, if it is given for each
        quantity = Parameter(value, declaration, self._mesh, regions, f"{owner.name}.{key}")
        return quantity.mapped(lambda values: values * factor)

    def _power(self, owner: Declared, declaration: Declaration) -> int:
        """Return whether a parameter grows with the share (1), falls with it (-1) or has nothing to do with it (0)."""
        if isinstance(owner, Material):
            return int(declaration.unit == "A/m")
        if not self.partial:
            return 0
        is_torque = isinstance(owner, Term) and not owner.has_energy()
        if declaration.unit in PER_SIZE or (is_torque and declaration.unit == "A/m^2"):
            return 1
        return -1 if is_torque and declaration.unit == "ohm m^2" else 0


def _listed(terms: Iterable[Term]) -> Iterable[Any]:
    return [terms] if isinstance(terms, Term) else terms
