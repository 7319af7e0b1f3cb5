"""Exchange between two layers across a non-magnetic spacer."""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError, did_you_mean
from fdmag.mesh import AXES, Mesh
from fdmag.parameter import Parameter, derived, parameter
from fdmag.regions import Regions
from fdmag.terms.exchange import two_regions
from fdmag.terms.term import Context, Term, dot


@dataclass
class InterlayerExchange(Term):
    """Energy per area −J1 m1·m2 − J2 (m1·m2)² of facing cells of two layers (RKKY), however thick the spacer.

    With J1 > 0 the layers are lowest parallel, with J1 < 0 antiparallel; with J2 < 0 and J1 = 0 at a right angle. Two
    cells face each other along ``axis`` if they lie in the two ``regions`` and all cells between them are empty
    (Ms = 0); without ``regions`` all cells that face each other across one or more empty cells are coupled. Regions
    that touch are coupled as well, beside their exchange (which an entry of its ``between`` can set to 0). One term is
    one coupling; a stack with several has several. Where J1 or J2 varies from cell to cell, a pair has the mean of its
    two cells. On a cell of edge Δ along the axis, the field of the one opposite is (J1 + 2 J2 m1·m2) m2 / (Ms Δ).

    With smooth edges a pair is coupled over that share of its area which both cells cover, seen along the axis; Ms in
    this field is then that of the cell as far as it is filled. So layers of unequal outline couple where they overlap.

    m1 and m2 are those of the cells, half a cell away from the interface. In layers that are thick and soft enough to
    twist this is an error of first order in Δ. With ``A``, the exchange stiffness of the layers, m at the interface
    takes the value of least energy. That adds −q (J1 + 2 J2 m1·m2)² (1 − (m1·m2)²) per area, with
    q = Δ (1/A_1 + 1/A_2) / 8, and leaves an error of second order.

    Source: P. Bruno, Phys. Rev. B 52, 411 (1995) for the bilinear coupling; J. C. Slonczewski, Phys. Rev. Lett. 67,
    3172 (1991) for the biquadratic one.
    """

    name: ClassVar[str] = "interlayer_exchange"
    kernel: ClassVar[str] = "terms/interlayer_exchange.h"
    fills_itself: ClassVar[bool] = True
    J1: Any = parameter("J/m^2", "bilinear coupling", default=0.0)
    J2: Any = parameter("J/m^2", "biquadratic coupling", default=0.0)
    A: Any = parameter(
        "J/m", "exchange stiffness that gives m at the interface; 0: as in the cell", default=0.0, minimum=0
    )
    regions: list[str] = dataclasses.field(
        default_factory=list, metadata={"description": "names of the two layers; by default any two across a gap"}
    )
    axis: Literal["x", "y", "z"] = dataclasses.field(
        default="z", metadata={"description": "direction in which the layers are stacked", "transforms": "axis"}
    )
    to_above: Parameter = derived("1", "cells along the axis from here to the partner above; 0 where there is none")
    to_below: Parameter = derived("1", "cells along the axis from here to the partner below; 0 where there is none")
    shared_above: Parameter = derived("1", "share of the area that is coupled to the partner above")
    shared_below: Parameter = derived("1", "share of the area that is coupled to the partner below")
    row: Parameter = derived("1", "row × rows is how far apart in memory neighbours along the axis are")
    rows: Parameter = derived("1", "see row")
    edge: Parameter = derived("m", "edge of a cell along the axis")

    def bind(self, mesh: Mesh, regions: Regions, where: str | None = None) -> Self:
        """Return a copy with checked values.

        Raises
        ------
        ParameterError
            If the regions are not two that are known and face each other, or the axis is none.
        """
        where = where or self.name
        if self.axis not in tuple(AXES):
            raise ParameterError(f'{where}.axis: came "{self.axis}"; allowed: x, y, z{did_you_mean(self.axis, AXES)}')
        bound = super().bind(mesh, regions, where)
        if len(self.regions):
            one, other = two_regions(self.regions, regions, where)
            both = regions.mask(one) | regions.mask(other)
            if not any(steps.any() for steps in bound._partners(both[None], mesh, regions)):
                raise ParameterError(
                    f'{where}.regions: no cell of "{one}" faces one of "{other}" along {self.axis}; name two layers '
                    "stacked along the axis"
                )
        return bound

    def complete(self, mesh: Mesh, regions: Regions, Ms: Parameter) -> None:
        """Find the partners of every cell."""
        magnetic = np.broadcast_to(Ms.base[:, 0] > 0, (Ms.batch, *mesh.shape))
        above, below = self._partners(magnetic, mesh, regions)
        number = AXES.index(self.axis)
        nx, ny, _ = mesh.cells
        numbers = [*[(1, 1), (nx, 1), (nx, ny)][number], mesh.cell_size[number]]
        row, rows, edge = (np.full((1, 1, 1, 1, 1), float(each)) for each in numbers)
        self.derive(
            mesh, regions, to_above=above, to_below=below, row=row, rows=rows, edge=edge,
            shared_above=self._shared(above, number), shared_below=self._shared(below, number),
        )  # fmt: skip

    def _shared(self, steps: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        """Return the share of the area that each cell has in common with its partner so many cells away."""
        if self.shares is None or not self.shares.partial or steps.shape[2:] == (1, 1, 1):
            return np.ones((1, 1, 1, 1, 1))
        index = np.arange(steps.shape[-1 - axis]).reshape([-1 if place == 4 - axis else 1 for place in range(5)])
        return self.shares.overlap(index + steps.astype(int), axis)

    def _partners(
        self, magnetic: NDArray[np.bool_], mesh: Mesh, regions: Regions
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return to_above and to_below, (batch | 1, 1, nz, ny, nx) or all of length 1 if there is no pair."""
        number = AXES.index(self.axis)
        place = -1 - number
        filled = np.moveaxis(magnetic, place, 0)
        label = np.moveaxis(regions.numbers, place, 0)[:, None]
        if len(self.regions):
            one, other = (np.moveaxis(regions.mask(name), place, 0)[:, None] for name in self.regions)
        found = []
        for up in (True, False):
            order = slice(None) if up else slice(None, None, -1)
            nearest = _next(filled[order], periodic=mesh.periodic[number])
            if not up:
                nearest = np.where(nearest >= 0, len(filled) - 1 - nearest, -1)[::-1]
            index = np.arange(len(filled)).reshape(-1, 1, 1, 1)
            there = np.maximum(nearest, 0)
            gap = np.mod(nearest - index if up else index - nearest, len(filled)) > 1
            pair = filled & (nearest >= 0) & (nearest != index)
            if len(self.regions):
                across = [np.take_along_axis(np.broadcast_to(v, filled.shape), there, 0) for v in (one, other, label)]
                pair &= ((one & across[1]) | (other & across[0])) & (gap | (label != across[2]))
            else:
                pair &= gap
            steps = np.where(pair, nearest - index, 0)
            found.append(np.moveaxis(steps, 0, place)[:, None].astype(np.float64))
        if not any(steps.any() for steps in found):
            return np.zeros((1, 1, 1, 1, 1)), np.zeros((1, 1, 1, 1, 1))
        return found[0], found[1]

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return −∂e/∂c m' / (Ms Δ) of both partners m', with the energy per area e of c = m·m'."""
        B = context.xp.zeros_like(m)
        for partner, shared, J1, J2, q, c in self._pairs(m, context):
            f = J1 + 2 * J2 * c
            B += shared * (f + q * f * (4 * J2 * (1 - c * c) - 2 * c * f)) * partner
        return B * (context.inverse_Ms / context.mesh.cell_size[AXES.index(self.axis)])

    def energy_density(self, m: NDArray, field: NDArray, context: Context) -> NDArray:
        """Return e / (2Δ) of both partners: half of each pair."""
        density = context.xp.zeros_like(m[:, :1])
        for _, shared, J1, J2, q, c in self._pairs(m, context):
            f = J1 + 2 * J2 * c
            density -= shared * ((J1 + J2 * c) * c + q * f * f * (1 - c * c))
        return density[:, 0] / (2 * context.mesh.cell_size[AXES.index(self.axis)])

    def _pairs(self, m: NDArray, context: Context) -> list[tuple[NDArray, ...]]:
        """Return for the partners above and below: m', shared area, J1, J2 and q, 0 where there is none, and m·m'."""
        xp, place = context.xp, -1 - AXES.index(self.axis)
        edge, A = context.mesh.cell_size[AXES.index(self.axis)], context.value(self.A)
        compliance = xp.where(A > 0, edge / 4 / xp.where(A > 0, A, 1), 0).astype(A.dtype)
        found: list[tuple[NDArray, ...]] = []
        for to, overlap in ((self.to_above, self.shared_above), (self.to_below, self.shared_below)):
            steps = context.value(to)
            if steps.shape[2:] == (1, 1, 1):
                continue
            index = np.arange(m.shape[place]).reshape([-1 if axis == 5 + place else 1 for axis in range(5)])
            there = xp.asarray(index) + steps.astype(int)

            def across(values: NDArray, there: NDArray = there) -> NDArray:
                shape = (*np.broadcast_shapes(values.shape[:1], there.shape[:1]), values.shape[1], *m.shape[2:])
                return xp.take_along_axis(xp.broadcast_to(values, shape), xp.broadcast_to(there, shape), place)

            # The mean of both cells, of what is given for each.
            J1, J2, q = (
                xp.where(steps != 0, (each + (each if each.shape[2:] == (1, 1, 1) else across(each))) / 2, 0)
                for each in (context.value(self.J1), context.value(self.J2), compliance)
            )
            partner = across(m)
            found.append((partner, context.value(overlap), J1, J2, q, dot(m, partner)[:, None]))
        return found


def _next(filled: NDArray[np.bool_], *, periodic: bool) -> NDArray[np.intp]:
    """Return the index along axis 0 of the nearest True above each place, going round if periodic; -1 if none."""
    nearest = np.full(filled.shape, -1)
    last = np.full(filled.shape[1:], -1)
    for index in [*range(len(filled) - 1, -1, -1)] * (2 if periodic else 1):
        nearest[index] = last
        last = np.where(filled[index], index, last)
    return nearest
