"""Anisotropies of higher order and of interfaces: resonance, switching and easy directions of a macrospin."""

from functools import partial

import numpy as np

from fdmag.constants import GAMMA_E
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import CubicAnisotropy, InterfaceAnisotropy, Term, UniaxialAnisotropy, Zeeman
from validation.measure import angular_frequency
from validation.problem import Problem, Result, Row

MESH = Mesh((1, 1, 1), (5e-9, 5e-9, 1e-9))
MS = 1e6
B = 0.5
TILT = 1e-3
SMIT = "J. Smit, H. G. Beljers, Philips Res. Rep. 10, 113 (1955)"
KU1, KU2, KC1, KC2 = 3e4, 2e4, 4e4, 3e4
STEP = 0.5e-3  # T


class Anisotropy(Problem):
    """Each direction of high symmetry in a field along it, and a reversed field along an easy axis."""

    name = "anisotropy"
    title = "Macrospin with uniaxial (Ku1, Ku2), cubic (Kc1, Kc2) and voltage-controlled interface anisotropy"

    def compute(self) -> Result:
        """Compare frequencies, the switching field and the easy cone."""
        uniaxial, cubic = UniaxialAnisotropy(Ku1=KU1, Ku2=KU2), CubicAnisotropy(Kc1=KC1, Kc2=KC2)
        nickel = CubicAnisotropy(Kc1=-KC1, Kc2=KC2)
        diagonal = (4 * KC1 / 3 - 4 * KC2 / 9) / MS
        voltage = InterfaceAnisotropy(Ks=1e-3, xi=60e-15, voltage=1.0, t_ox=1.2e-9)
        samples: list[tuple[str, Term, tuple[int, int, int], float, float]] = [
            ("uniaxial, along the axis", uniaxial, (0, 0, 1), 2 * (KU1 + 2 * KU2) / MS, 2 * (KU1 + 2 * KU2) / MS),
            ("uniaxial, across the axis", uniaxial, (1, 0, 0), 0, -2 * KU1 / MS),
            ("cubic, edge", cubic, (1, 0, 0), 2 * KC1 / MS, 2 * KC1 / MS),
            ("cubic, face diagonal", cubic, (1, 1, 0), -2 * KC1 / MS, (KC1 + KC2 / 2) / MS),
            ("cubic with Kc1 < 0, space diagonal", nickel, (1, 1, 1), diagonal, diagonal),
            ("interface, 60 fJ/(V m), 1 V on 1.2 nm", voltage, (0, 0, 1), 2.1, 2.1),
        ]
        row = partial(Row, source=SMIT, basis="ten times the square of the precession angle, 1e-3", unit="GHz")
        rows = []
        for title, term, rest, first, second in samples:
            exact = GAMMA_E * np.sqrt((B + first) * (B + second))
            expected = float(exact) / 2e9 / np.pi
            rows.append(row(f"frequency, {title}", expected, _frequency(term, rest, exact), 1e-5 * expected))
        rows.append(
            Row("switching field along the axis", 2 * (KU1 + 2 * KU2) / MS * 1e3, _switching(uniaxial) * 1e3,
                STEP / 2 * 1e3, "2 (Ku1 + 2 Ku2)/Ms, where the curvature of the energy vanishes",
                "half a step of the field", "mT")
        )  # fmt: skip
        cone = Simulation(MESH, [UniaxialAnisotropy(Ku1=3e4, Ku2=-3e4)], Ms=MS, m=(0.3, 0.1, 1))
        cone.minimize(1e-8)
        rows.append(
            Row("mz of the easy cone, Ku2 = −Ku1", np.sqrt(0.5), cone.average_m()[0, 2], 1e-6,
                "the minimum of −Ku1 c² − Ku2 c⁴, c² = −Ku1/(2 Ku2)", "final torque, 10 nT, over the stiffness, 0.06 T")
        )  # fmt: skip
        return Result(rows)


def _frequency(term: Term, direction: tuple[int, int, int], expected: float) -> float:
    """Return the frequency [GHz] of m at a small angle to the field."""
    rest = np.array(direction) / np.linalg.norm(direction)
    aside = np.array((0, 0, 1.0)) if not direction[2] else np.array((1.0, -1.0, 0)) / np.sqrt(2)
    magnet = Simulation(MESH, [term, Zeeman(B=tuple(B * rest))], Ms=MS, alpha=0, m=rest + TILT * aside)
    t, deflection = [], []

    def record(current: Simulation) -> None:
        t.append(current.t[0])
        deflection.append(current.average_m()[0] @ aside)

    period = 2 * np.pi / expected  # sets how long to look, not what is seen
    magnet.run(5 * period, every=period / 24, callback=record, tolerance=1e-10)
    return angular_frequency(np.array(t), np.array(deflection)) / 2e9 / np.pi


def _switching(term: Term) -> float:
    """Return the reversed field [T] at which m leaves the axis: between the last that keeps it and the first not."""
    fields = STEP * (np.arange(240, 320) + 0.3)
    values = PerReplica(np.stack([0 * fields, 0 * fields, -fields], axis=1).tolist())
    magnet = Simulation(MESH, [term, Zeeman(B=values)], Ms=MS, m=(TILT, 0, 1))
    magnet.minimize(1e-9)
    first = int(np.argmax(magnet.average_m()[:, 2] < 0))
    return float(fields[first] + fields[first - 1]) / 2
