"""Spin-transfer torque in a magnetic tunnel junction: each cell's current follows its conductance."""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from fdmag.analytic.tunnel_junction import conductance_per_area, polarisation_at_bias
from fdmag.constants import ELEMENTARY_CHARGE, HBAR
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Parameter, parameter
from fdmag.regions import Regions
from fdmag.terms.slonczewski import REFERENCE, layered
from fdmag.terms.spin_current import check_thickness, complete_facing, complete_thickness, cross, facing
from fdmag.terms.term import Context, Term, dot
from fdmag.terms.tunnel_circuit import InCircuit


@dataclass
class TunnelTorque(Term):
    """Slonczewski torque of the current density J = g(m·p, V) V that a voltage V drives through each cell.

    The field is B = −a (m × p) − b p with a and b as in `Slonczewski`, J the local current density and P that at this
    bias, and b2 V² added to b. The conductance per area is linear in the cosine of the angle between the layers,
    g = (g_P + g_AP)/2 + (g_P − g_AP)/2 m·p, with g_P = 1/RA_P and g_AP = g_P/[1 + TMR(V)]. The magnetoresistance falls
    with the bias as TMR/[1 + (V/V_h)²] (V_h = 0: not at all), and the polarisation P with it, as in Jullière's formula
    for like electrodes. The cells conduct in parallel, each under the whole voltage. *voltage* > 0 drives J along +z.

    The source is a voltage, alone or with a resistance R_series in series (leads, a transistor), or in its place a
    *current* through the whole junction, > 0 along +z. Then V is that across the junction, and depends on the state of
    the whole free layer: V G = current, or V (1 + R_series G) = voltage, with the conductance G the sum over the cells
    of g dA, found anew for every m, in each replica. The junction is one layer of cells: in each column the magnetic
    cell nearest to the reference layer where P is not 0, or of the whole magnet if P is 0 everywhere. So P by region
    confines it, to a part of a track for example, and all cells that one term has are one junction; what smooth edges
    fill in part counts by the area it covers. RA_P may differ between cells, TMR, V_h and the source may not; TMR is
    at least −2/3 if it falls with the bias: the current then rises with V in every state, and there is one solution.

    p, side, reference, Lambda, epsilon_prime and thickness are those of `Slonczewski`. Lambda² = 1 + TMR makes the
    torque at constant voltage a sine of the angle, as J. C. Slonczewski, Phys. Rev. B 71, 024411 (2005), has it.

    Source: that, and H. Kubota et al., Nature Phys. 4, 37 (2008), for the field-like part even in V.
    """

    name: ClassVar[str] = "tunnel_torque"
    kernel: ClassVar[str] = "terms/tunnel_torque.h"
    RA_P: Any = parameter("ohm m^2", "resistance-area product of the parallel state", above=0)
    TMR: Any = parameter("1", "magnetoresistance (R_AP - R_P) / R_P at zero bias", above=-1)
    P: Any = parameter("1", "spin polarisation at zero bias", minimum=-1, maximum=1)
    voltage: Any = parameter("V", "voltage from the lower to the upper electrode, and over R_series if that is given",
                             default=None, unless="current")  # fmt: skip
    current: Any = parameter("A", "current through the whole junction, along +z", default=None, unless="voltage")
    R_series: Any = parameter("ohm", "resistance in series with the junction", default=None, minimum=0,
                              time_dependent=False)  # fmt: skip
    V_h: Any = parameter("V", "bias that halves TMR; 0: none does", default=0.0, minimum=0)
    b2: Any = parameter("T/V^2", "field-like field per square of the voltage", default=0.0)
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
        """Return a copy with checked parameters, the facing cells found, as the class that knows its source."""
        in_circuit = self.current is not None or self.R_series is not None
        kind: Any = None
        if in_circuit and not isinstance(self, InCircuit):
            kind = TunnelTorqueLayersInCircuit if self.reference else TunnelTorqueInCircuit
        elif self.reference and not isinstance(self, TunnelTorqueLayers):
            kind = TunnelTorqueLayers
        if kind is not None:
            given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
            term = layered(kind, self, regions, where) if self.reference else kind(**given)
            if in_circuit:
                term.by_current = float(self.current is not None)
            return term.bind(mesh, regions, where)
        bound = super().bind(mesh, regions, where)
        for key in ("voltage", "current", "R_series"):
            if getattr(self, key) is None:
                place = f"{where or self.name}.{key}"
                setattr(bound, key, Parameter(0.0, self.parameters()[key], mesh, regions, place))
        return bound

    def complete(self, mesh: Mesh, regions: Regions, Ms: Parameter) -> None:
        """Find the thickness where none is given."""
        complete_thickness(self, self.P.base != 0, Ms, regions)

    def check(self, mesh: Mesh) -> None:
        """Raise `ParameterError` for a thickness of 0, or a source that does not go with the rest."""
        check_thickness(self.thickness)
        self.check_source()

    def check_source(self) -> None:
        """Raise `ParameterError` for another source than the one that the term began with."""
        for other in (self.current, self.R_series):
            if other.base.any():
                raise ParameterError(
                    f"{other.where}: this junction was made with a voltage alone; give it when the term is made"
                )

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return −a (m × p) − b p."""
        s = context.xp.where(context.value(self.side) < 0, 1, -1).astype(m.dtype)
        return self.from_side(s, m, context.value(self.p), self.bias(m, context), context)

    def bias(self, m: NDArray, context: Context) -> NDArray:
        """Return the voltage V [V] across the junction, (batch | 1, 1, nz | 1, ny | 1, nx | 1)."""
        return context.value(self.voltage)

    def cosine(self, m: NDArray, context: Context) -> NDArray:
        """Return m·p, (batch, nz, ny, nx)."""
        return dot(m, context.value(self.p))

    def from_side(self, s: Any, m: NDArray, p: NDArray, V: NDArray, context: Context) -> NDArray:
        """Return the field [T] under a voltage of a reference layer below (s = 1) or above (s = −1)."""
        value = context.value
        TMR, V_h, square = value(self.TMR), value(self.V_h), value(self.Lambda) ** 2
        cosine = dot(m, p)[:, None]
        J = V * conductance_per_area(cosine, V, value(self.RA_P), TMR, V_h)
        amplitude = s * HBAR / ELEMENTARY_CHARGE * J * context.inverse_Ms / value(self.thickness)
        P = polarisation_at_bias(value(self.P), TMR, V, V_h)
        efficiency = P * square / ((square + 1) + (square - 1) * cosine)
        field_like = (value(self.P) != 0) * (amplitude * value(self.epsilon_prime) + value(self.b2) * V**2)
        return -amplitude * efficiency * cross(m, p) - field_like * p


@dataclass
class TunnelTorqueLayers(TunnelTorque):
    """`TunnelTorque` polarised by facing cells of the mesh: ``below`` and ``above`` cells away, 0 for none."""

    kernel: ClassVar[str] = "terms/tunnel_torque_layers.h"
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
        V = self.bias(m, context)
        return (self.from_side(1, m, lower, V, context) * (below > 0)
                + self.from_side(-1, m, upper, V, context) * (above > 0))  # fmt: skip

    def cosine(self, m: NDArray, context: Context) -> NDArray:
        """Return the cosine to the facing cell below, or else above, (batch, nz, ny, nx)."""
        below, above = context.value(self.below), context.value(self.above)
        return dot(m, facing(m, context.xp.where(below > 0, -below, above), context))


@dataclass
class TunnelTorqueInCircuit(InCircuit, TunnelTorque):
    """`TunnelTorque` of a source of current, or of a voltage over the junction and a resistance in series."""

    kernel: ClassVar[str] = "terms/tunnel_torque_circuit.h"


@dataclass
class TunnelTorqueLayersInCircuit(InCircuit, TunnelTorqueLayers):
    """The same, polarised by facing cells of the mesh."""

    kernel: ClassVar[str] = "terms/tunnel_torque_layers_circuit.h"
