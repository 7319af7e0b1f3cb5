"""Tunnel junctions in a circuit: driven by a current, or by a voltage over a resistance in series."""

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import brentq

from fdmag.analytic.spin_torque import critical_current, spin_torque_field
from fdmag.analytic.tunnel_junction import conductance_per_area
from fdmag.initial import wall
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.quantities import evaluate
from fdmag.simulation import Simulation
from fdmag.terms import TunnelTorque, UniaxialAnisotropy
from validation.plots import one_axes
from validation.problem import Problem, Result, Row

MS, B_K, ALPHA, P = 1e6, 0.3, 0.01, 0.6
ONE = Mesh((1, 1, 1), (40e-9, 30e-9, 1.3e-9))
AREA = 40e-9 * 30e-9
JUNCTION = {"RA_P": 5e-12, "TMR": 1.5, "P": P}
SUN = "J. Z. Sun, Phys. Rev. B 62, 570 (2000)"
SLONCZEWSKI = "conductance linear in cos θ: J. C. Slonczewski, Phys. Rev. B 39, 6995 (1989)"
BRACKETED = "Kirchhoff's law for two resistors, solved by bracketing"


class JunctionCircuit(Problem):
    """What a current source and a resistance in series make of a junction."""

    name = "junction_circuit"
    title = "Tunnel junctions driven by a current, and through a resistance in series"

    def compute(self) -> Result:
        """Compare with the closed forms."""
        return Result([*_critical(), *_domains(), *_divider()], {"junction_circuit": _draw})


def _critical() -> list[Row]:
    """Return where a tilt of 0.1 mrad neither grows nor decays, from P with I > 0 and from AP with I < 0."""
    exact = float(critical_current(0.5 * MS * B_K * AREA * 1.3e-9, ALPHA, P))
    ratios, currents, voltages = np.array([0.9, 1.1]), [], []
    for up in (1, -1):
        terms = [UniaxialAnisotropy(Ku1=MS * B_K / 2),
                 TunnelTorque(current=PerReplica(up * ratios * exact), **JUNCTION)]  # fmt: skip
        spins = Simulation(ONE, terms, Ms=MS, alpha=ALPHA, m=(1e-4, 0, up))
        found = np.interp(0, spins.dm_dt()[:, 0, 0, 0, 0], ratios)
        currents.append(found * exact)
        voltages.append(np.interp(found, ratios, np.abs(evaluate(spins, "voltage"))))
    return [
        *(Row(f"critical current from {state}, TMR = 150 %", exact * 1e6, found * 1e6, 1e-6 * exact * 1e6, SUN,
              "the tilt changes the rate by its square, 1e-8; I is linear in between", "µA")
          for state, found in zip(("P", "AP"), currents, strict=True)),
        Row("voltage at it, AP over P", 2.5, voltages[1] / voltages[0], 1e-6, "1 + TMR", "the same"),
    ]  # fmt: skip


def _domains() -> list[Row]:
    """Return what current flows through the parallel half of a junction, read off the torque in it."""
    mesh = Mesh((40, 2, 1), (2e-9, 2e-9, 1e-9))
    tilt = 1e-3
    m = np.zeros((3, *mesh.shape))
    m[0], m[2] = tilt, np.where(mesh.x < 0, 1, -1)
    layer = Simulation(mesh, [TunnelTorque(current=10e-6, **JUNCTION)], Ms=MS, m=m)
    J = layer.effective_field()[0, 1, 0] / tilt / float(spin_torque_field(1.0, P, MS, 1e-9))
    through = J.sum(axis=0) * 4e-18
    return [
        Row("current through the parallel half of a junction under 10 µA", 10 * 2.5 / 3.5, through[:20].sum() * 1e6,
            2e-5, SLONCZEWSKI + ": (1 + TMR)/(2 + TMR)", "the tilt adds (θ/2)² TMR to the conductance", "µA"),
        Row("current through all of it, from the torques of its cells", 10, through.sum() * 1e6, 2e-5,
            "conservation of charge", "the field divided by the tilt, not its sine", "µA"),
    ]  # fmt: skip


def _divider() -> list[Row]:
    """Return the voltage across a junction with a wall in it, behind 4 kΩ; TMR falls with the bias."""
    mesh = Mesh((40, 15, 1), (1e-9, 2e-9, 1.3e-9))
    term = TunnelTorque(voltage=0.6, R_series=4e3, V_h=0.4, **JUNCTION)
    junction = Simulation(mesh, [term], Ms=MS, m=wall(mesh, position=5e-9, width=4e-9))
    x = np.linspace(-20e-9, 20e-9, 20_001)
    mean = float(np.trapezoid(np.tanh((5e-9 - x) / 4e-9), x) / 40e-9)

    def excess(V: float) -> float:
        return V + 4e3 * V * float(conductance_per_area(mean, V, 5e-12, 1.5, 0.4)) * AREA - 0.6

    exact = brentq(excess, 0, 0.6)
    return [
        Row("voltage across a junction with a wall, 0.6 V over it and 4 kΩ", exact * 1e3,
            float(evaluate(junction, "voltage")[0]) * 1e3, 0.02, BRACKETED + ", ⟨cos θ⟩ of tanh((q − x)/Δ)",
            "sum over cells for the integral, (h/Δ)²/24 of the cosine", "mV"),
    ]  # fmt: skip


def _draw(figure: Figure) -> None:
    """Draw the torque of an antiparallel cell over the share of the junction that is parallel, by source."""
    ax = one_axes(figure, "parallel share of the junction", "J of an antiparallel cell / J of I, all antiparallel",
                  "an antiparallel cell beside parallel ones")  # fmt: skip
    share = np.linspace(0, 1, 100)
    ax.plot(share, 1 / (1 + 1.5 * share), label="current source")
    ax.plot(share, np.ones(100), label="voltage source")
    mesh = Mesh((10, 1, 1), (4e-9, 30e-9, 1.3e-9))
    for parallel in range(0, 10, 3):
        m = np.zeros((3, *mesh.shape))
        m[0], m[2] = 1e-3, np.where(np.arange(10) < parallel, 1, -1)
        layer = Simulation(mesh, [TunnelTorque(current=10e-6, **JUNCTION)], Ms=MS, m=m)
        J = layer.effective_field()[0, 1, 0, 0, -1] / 1e-3 / float(spin_torque_field(1.0, P, MS, 1.3e-9))
        ax.plot(parallel / 10, J * AREA / 10e-6, "o", color="k")
    ax.legend()
