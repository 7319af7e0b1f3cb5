"""Spin-transfer torque of a current across the layers, driven by its density."""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from fdmag.constants import ELEMENTARY_CHARGE, HBAR
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Parameter, parameter
from fdmag.regions import Regions
from fdmag.terms.spin_current import check_thickness, complete_facing, complete_thickness, cross, facing, facing_cells
from fdmag.terms.term import Context, Term, dot

REFERENCE = {"description": "region that polarises by the m of its cell facing along z; by default p does"}


@dataclass
class Slonczewski(Term):
    """Torque τ = γ a m×(m×p) + γ b m×p of a current J across the layers, as the field B = −a (m × p) − b p.

    a = s (ħ J/(e Ms t)) ε(m·p) with ε = P Lambda²/[(Lambda² + 1) + (Lambda² − 1) m·p], and b = s (ħ J/(e Ms t))
    epsilon_prime. For Lambda = 1 this is a = s ħ P J/(2 e Ms t): ε contains the factor 1/2 of other texts. J > 0 is
    conventional current along +z, its electrons move along −z. s is 1 where the reference layer lies below the free
    layer (side = −1) and −1 where it lies above (side = 1), so that *electrons that flow from the reference layer into
    the free layer favour m along p*. With epsilon_prime > 0 the field-like part favours the same state.

    p is fixed, or, with ``reference`` naming a region, the m of that region's cell facing along z: the nearest magnetic
    one below or above the cell, or both, whose torques add up; side then follows. Where P = 0 there is no torque: give
    P per region to confine it. t is ``thickness``; 0 stands for the height along z of the magnetic cells in a row where
    P is not 0.

    Source: J. C. Slonczewski, J. Magn. Magn. Mater. 247, 324 (2002), for ε; J. Xiao, A. Zangwill and M. D. Stiles,
    Phys. Rev. B 70, 172405 (2004), for this form of it.
    """

    name: ClassVar[str] = "slonczewski"
    kernel: ClassVar[str] = "terms/slonczewski.h"
    J: Any = parameter("A/m^2", "current density along +z")
    P: Any = parameter("1", "spin polarisation", minimum=-1, maximum=1)
    Lambda: Any = parameter("1", "asymmetry; 1 for none", default=1.0, above=0)
    epsilon_prime: Any = parameter("1", "field-like efficiency", default=0.0)
    p: Any = parameter("1", "direction of the reference layer", components=3, unit_vector=True, default=(0.0, 0.0, 1.0))
    side: Any = parameter(
        "1", "reference layer below (-1) or above (1) the free layer", default=-1.0, choices=(-1, 1),
        time_dependent=False,
    )  # fmt: skip
    thickness: Any = parameter("m", "thickness of the free layer; 0: from the mesh", default=0.0, minimum=0)
    reference: str = dataclasses.field(default="", metadata=REFERENCE)

    def bind(self, mesh: Mesh, regions: Regions, where: str | None = None) -> Self:
        """Return a copy with checked parameters, the facing cells found."""
        if self.reference and not isinstance(self, SlonczewskiLayers):
            return layered(SlonczewskiLayers, self, regions, where).bind(mesh, regions, where)
        return super().bind(mesh, regions, where)

    def complete(self, mesh: Mesh, regions: Regions, Ms: Parameter) -> None:
        """Find the thickness where none is given."""
        complete_thickness(self, self.P.base != 0, Ms, regions)

    def check(self, mesh: Mesh) -> None:
        """Raise `ParameterError` for a thickness of 0."""
        check_thickness(self.thickness)

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return −a (m × p) − b p."""
        s = context.xp.where(context.value(self.side) < 0, 1, -1).astype(m.dtype)
        return s * self.from_below(m, context.value(self.p), context)

    def from_below(self, m: NDArray, p: NDArray, context: Context) -> NDArray:
        """Return the field [T] of a reference layer below with this direction."""
        value = context.value
        P, square = value(self.P), value(self.Lambda) ** 2
        amplitude = HBAR / ELEMENTARY_CHARGE * value(self.J) * context.inverse_Ms / value(self.thickness)
        efficiency = P * square / ((square + 1) + (square - 1) * dot(m, p)[:, None])
        return -amplitude * (efficiency * cross(m, p) + (P != 0) * value(self.epsilon_prime) * p)


@dataclass
class SlonczewskiLayers(Slonczewski):
    """`Slonczewski` polarised by facing cells of the mesh: ``below`` and ``above`` cells away, 0 for none."""

    kernel: ClassVar[str] = "terms/slonczewski_layers.h"
    below: Any = parameter("1", "cells down to the polarising one", default=0.0, time_dependent=False)
    above: Any = parameter("1", "cells up to the polarising one", default=0.0, time_dependent=False)

    def complete(self, mesh: Mesh, regions: Regions, Ms: Parameter) -> None:
        """Find the thickness where none is given, and the magnetic cells that polarise."""
        super().complete(mesh, regions, Ms)
        complete_facing(self, regions, Ms)

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return the sum over both sides."""
        below, above = context.value(self.below), context.value(self.above)
        lower, upper = facing(m, -below, context), facing(m, above, context)
        return self.from_below(m, lower, context) - self.from_below(m, upper, context)


def layered(kind: type[Any], term: Any, regions: Regions, where: str | None) -> Any:
    """Return ``term`` as the class that takes its polariser from the mesh.

    Raises
    ------
    ParameterError
        If it is not said which cells are the free layer.
    """
    where = where or term.name
    below, above = facing_cells(regions, term.reference, where)
    values = {field.name: getattr(term, field.name) for field in dataclasses.fields(term)}
    if isinstance(term.P, int | float) and isinstance(term.thickness, int | float) and term.thickness == 0:
        raise ParameterError(
            f"{where}: which cells are the free layer? Give P per region, 0 outside it, or the thickness"
        )
    return kind(**values, below=below, above=above)
