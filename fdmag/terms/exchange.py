"""Ferromagnetic exchange between neighbouring cells."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Parameter, derived, parameter, tables
from fdmag.regions import Regions
from fdmag.terms.term import Context, Declared, Term


@dataclass
class Between(Declared):
    """Exchange across the border of two regions: the harmonic mean times ``scale``, or the stiffness ``A`` itself.

    The border of a group of regions with itself, such as ["grain", "grain"], is that between its members. Where
    several entries name the same border the last one holds. Negative values couple antiparallel.
    """

    name: ClassVar[str] = "between"
    regions: list[str] = dataclasses.field(metadata={"description": "names of the two regions or groups"})
    scale: Any = parameter("1", "factor on the harmonic mean", default=None, time_dependent=False)
    A: Any = parameter("J/m", "exchange stiffness in place of the mean", default=None, time_dependent=False)

    def bind(self, mesh: Mesh, regions: Regions, where: str | None = None) -> Self:
        """Return a copy with checked values.

        Raises
        ------
        ParameterError
            If the regions are not two that are known, or not exactly one of ``scale`` and ``A`` is given.
        """
        where = where or self.name
        one, other = two_regions(self.regions, regions, where)
        if one == other and len(np.unique(regions.numbers[regions.mask(one)])) < 2:
            raise ParameterError(f'{where}: "{one}" has no border with itself; name two regions, or a group of several')
        if (self.scale is None) == (self.A is None):
            came = "neither" if self.A is None else "both"
            raise ParameterError(f"{where}: came {came} of scale and A; give one of them")
        bound = super().bind(mesh, regions, where)
        for quantity in (bound.scale, bound.A):
            if quantity is not None and quantity.base.shape[2:] != (1, 1, 1):
                raise ParameterError(f"{quantity.where}: came values that vary over the cells; allowed: one number")
        return bound


@dataclass
class Exchange(Term):
    """Energy density A |∇m|², in the six-neighbour form.

    The field is B_i = (2 / Ms_i) Σ_n A_in (m_n − m_i) / Δ², over the neighbours n at distance Δ along x, y and z,
    with the harmonic mean A_in = 2 A_i A_n / (A_i + A_n), unless an entry of ``between`` says otherwise for the two
    regions. A neighbour outside the mesh or with Ms = 0 gives nothing (∂m/∂n = 0); along a periodic axis the last cell
    and the first are neighbours.

    Source: M. J. Donahue and D. G. Porter, Physica B 343, 177 (2004), the form that is exact to second order in Δ.

    >>> exchange = Exchange(A=13e-12, between=[Between(["free", "pinned"], scale=0.5)])
    """

    name: ClassVar[str] = "exchange"
    degree: ClassVar[int] = 2
    kernel: ClassVar[str] = "terms/exchange.h"
    A: Any = parameter("J/m", "exchange stiffness", minimum=0)
    between: Sequence[Any] = tables(Between, "exchange across borders: tables of two regions and scale or A")
    link_scale: Parameter = derived("1", "factor on the mean with the next cell along x, y, z", components=3)
    link_added: Parameter = derived("J/m", "stiffness added to the mean with the next cell along x, y, z", components=3)

    def bind(self, mesh: Mesh, regions: Regions, where: str | None = None) -> Self:
        """Return a copy with checked values, those of ``between`` included; entries may be given as dicts."""
        where = where or self.name
        entries = [Between(**entry) if isinstance(entry, Mapping) else entry for entry in self.between]
        bound = super().bind(mesh, regions, where)
        bound.between = [each.bind(mesh, regions, f"{where}.between[{i}]") for i, each in enumerate(entries)]
        return bound

    def complete(self, mesh: Mesh, regions: Regions, Ms: Parameter) -> None:
        """Set the factor on the mean, and what is added to it, of every link between neighbours."""
        scale, added = np.ones((1, 3, 1, 1, 1)), np.zeros((1, 3, 1, 1, 1))
        if self.between:
            batch = max(quantity.batch for each in self.between for quantity in (each.scale, each.A) if quantity)
            scale, added = np.ones((batch, 3, *mesh.shape)), np.zeros((batch, 3, *mesh.shape))
        for entry in self.between:
            one, other = (regions.mask(name) for name in entry.regions)
            for axis in range(3):
                upper = tuple(np.roll(values, -1, axis=-1 - axis) for values in (one, other, regions.numbers))
                here = ((one & upper[1]) | (other & upper[0])) & (regions.numbers != upper[2])
                scale[:, axis, here] = 0 if entry.scale is None else entry.scale.base[:, 0, 0, 0]
                added[:, axis, here] = 0 if entry.A is None else entry.A.base[:, 0, 0, 0]
        if self.shares is not None and self.shares.partial:
            # A of the cells is multiplied by their shares: so is what stands for its mean.
            f = self.shares.volume
            if f.ndim == 4 and len(added) == 1:  # replicas of different geometries
                added = np.repeat(added, len(f), axis=0)
            for axis in range(3 if added.any() else 0):
                other = np.roll(f, -1, axis=-1 - axis)
                added[:, axis] *= 2 * f * other / np.where(f + other > 0, f + other, 1)
        self.derive(mesh, regions, link_scale=scale, link_added=added)

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return (2 / Ms_i) Σ_n A_in (m_n − m_i) / Δ²."""
        B = context.xp.zeros_like(m)
        for link in context.derived(self, self._links):
            lower, upper = pair(link.axis, wrap=link.wrap)
            flux = (m[upper] - m[lower]) * link.stiffness
            B[lower] += flux
            B[upper] -= flux
        B *= context.inverse_Ms
        return B

    def _links(self, context: Context) -> list["Link"]:
        """Return 2 A_in / Δ² between neighbours, for each axis with more than one cell."""
        xp, A, Ms = context.xp, context.value(self.A), context.Ms
        scale, added = context.value(self.link_scale), context.value(self.link_added)
        uniform = A.shape[2:] == Ms.shape[2:] == scale.shape[2:] == (1, 1, 1)
        if not uniform:
            magnetic = xp.broadcast_to(Ms > 0, (Ms.shape[0], 1, *context.mesh.shape))
            A, scale, added = (
                xp.where(magnetic, xp.broadcast_to(values, (*values.shape[:2], *context.mesh.shape)), 0)
                for values in (A, scale, added)
            )
        links = []
        for axis, wrap in neighbour_axes(context.mesh):
            lower, upper = pair(axis, wrap=wrap)
            one, other = (A, A) if uniform else (A[lower], A[upper])
            total = one + other
            stiffness = 2 * one * other / xp.where(total > 0, total, 1)
            if not uniform:
                k = slice(axis, axis + 1)
                stiffness = scale[:, k][lower] * stiffness + xp.where(magnetic[upper], added[:, k][lower], 0)
            links.append(Link(axis, wrap, (2 / context.mesh.cell_size[axis] ** 2 * stiffness).astype(A.dtype)))
        return links


class Link(NamedTuple):
    """Neighbouring cells along one axis: inside the mesh, or across its periodic boundary."""

    axis: int
    wrap: bool
    stiffness: NDArray
    """2 A_in / Δ² [J/m³], (batch | 1, 1, ...) with the shape of the pairs or length 1."""


def neighbour_axes(mesh: Mesh) -> list[tuple[int, bool]]:
    """Return the axes with more than one cell, and whether it is the inside (False) or the periodic boundary (True)."""
    return [
        (axis, wrap) for axis in range(3) for wrap in (False, True)
        if mesh.cells[axis] > 1 and (not wrap or mesh.periodic[axis])
    ]  # fmt: skip


def pair(axis: int, *, wrap: bool) -> tuple[tuple, tuple]:
    """Return the indices of the lower and the upper cell of every pair along x, y or z (axis 0, 1, 2)."""
    lower, upper = (slice(-1, None), slice(0, 1)) if wrap else (slice(0, -1), slice(1, None))
    after = (slice(None),) * axis
    return (..., lower, *after), (..., upper, *after)


def two_regions(names: Sequence[str], regions: Regions, where: str) -> tuple[str, str]:
    """Return the names of two regions or groups, checked."""
    if isinstance(names, str) or len(names) != 2:
        raise ParameterError(f"{where}.regions: came {names!r}; allowed: the names of two regions")
    for name in names:
        try:
            regions.mask(name)
        except ParameterError as error:
            raise ParameterError(f"{where}.regions: {error}") from error
    return names[0], names[1]
