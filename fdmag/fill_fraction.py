"""Smooth edges: a cell that a shape fills in part holds so much less of the material."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from fdmag.mesh import Mesh
from fdmag.parameter import Declaration, Parameter
from fdmag.regions import Regions
from fdmag.shares import Shares
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

    Terms that say ``fills_itself`` are left alone: they look at the shares themselves.

    Parameters
    ----------
    shares : Shares
    """

    def __init__(self, shares: Shares, mesh: Mesh) -> None:
        self.shares = shares
        self._mesh = mesh

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
        return dataclasses.replace(owner, **changed)

    def scaled(self, owner: Declared, key: str, value: Any, regions: Regions) -> Any:
        """Return the value of one parameter for the cells as they are filled."""
        declaration = owner.parameters()[key]
        power = self._power(owner, declaration)
        if power == 0:
            return value
        factor = self.shares.volume if power > 0 else 1 / np.where(self.shares.volume > 0, self.shares.volume, 1)
        factor = factor[..., None, :, :, :]  # beside the replicas, if it is given for each
        quantity = Parameter(value, declaration, self._mesh, regions, f"{owner.name}.{key}")
        return quantity.mapped(lambda values: values * factor)

    def _power(self, owner: Declared, declaration: Declaration) -> int:
        """Return whether a parameter grows with the share (1), falls with it (-1) or has nothing to do with it (0)."""
        if isinstance(owner, Material):
            return int(declaration.unit == "A/m")
        if not self.shares.partial or (isinstance(owner, Term) and owner.fills_itself):
            return 0
        is_torque = isinstance(owner, Term) and not owner.has_energy()
        if declaration.unit in PER_SIZE or (is_torque and declaration.unit == "A/m^2"):
            return 1
        return -1 if is_torque and declaration.unit == "ohm m^2" else 0


def _listed(terms: Iterable[Term]) -> Iterable[Any]:
    return [terms] if isinstance(terms, Term) else terms
