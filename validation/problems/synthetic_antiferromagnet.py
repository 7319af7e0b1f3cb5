"""Two layers coupled across a spacer: energies, spin flop, saturation, biquadratic coupling."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import InterlayerExchange, UniaxialAnisotropy, Zeeman
from validation.plots import COLOURS, label
from validation.problem import Problem, Result, Row

MS, THICKNESS, J1, KU = 8e5, 2e-9, -4e-4, 2e4
B_J, B_K = -J1 / (MS * THICKNESS), 2 * KU / MS  # 250 mT and 50 mT
MESH = Mesh((1, 1, 3), (5e-9, 5e-9, THICKNESS))
LAYERS = np.arange(3).reshape(3, 1, 1)
STEP = 0.5e-3  # T
ANDERSON = "F. B. Anderson, H. B. Callen, Phys. Rev. 136, A1068 (1964), two sublattices"
HALF = "half a step of the field"


class SyntheticAntiferromagnet(Problem):
    """Fields are replicas, each started from both states; the easy axis is x."""

    name = "synthetic_antiferromagnet"
    title = "Two equal layers coupled by −0.4 mJ/m² across a spacer: spin flop and saturation"

    def compute(self) -> Result:
        """Compare the fields at which either state ends, and the way to saturation."""
        up = np.arange(0.150, 0.182, STEP) + 0.3 * STEP
        apart = _relaxed(up, _start(0.01, np.pi + 0.02))
        flop = up[np.argmax(np.abs(apart) > 1e-2)] - STEP / 2
        down = np.arange(0.120, 0.150, STEP) + 0.3 * STEP
        opened = _relaxed(down, _start(1.26, -1.27))
        back = down[np.argmax(np.abs(opened) > 1e-2)] - STEP / 2
        canted = np.array([0.2, 0.3, 0.4])
        slope = _relaxed(canted, _start(1.0, -1.0))
        full = np.arange(0.440, 0.460, STEP) + 0.3 * STEP
        closed = full[np.argmax(_relaxed(full, _start(0.1, -0.2)) > 1 - 1e-6)] - STEP / 2
        rows = [
            Row("J1 = −1 mJ/m², 10 × 10 nm²: energy of a right angle less that of parallel layers", -1e-19 * 1e18,
                _right_angle() * 1e18, 1e-13, "−J1 m1·m2 per area", "rounding", "aJ"),
            Row("J1 = −0.4, J2 = −1 mJ/m²: cosine of the angle between the layers", -0.2, _biquadratic(), 1e-6,
                "the minimum of −J1 c − J2 c²: c = −J1/(2 J2)", "final torque, 10 nT, over the stiffness, 0.2 T"),
            Row("field above which antiparallel layers flop", np.sqrt(B_K * (B_K + 2 * B_J)) * 1e3, flop * 1e3,
                STEP / 2 * 1e3, ANDERSON + ": sqrt(B_K (B_K + 2 B_J))", HALF, "mT"),
            Row("field below which flopped layers fall back",
                (2 * B_J - B_K) * np.sqrt(B_K / (B_K + 2 * B_J)) * 1e3, back * 1e3, STEP / 2 * 1e3,
                ANDERSON + ": (2 B_J − B_K) sqrt[B_K/(2 B_J + B_K)]", HALF, "mT"),
            *(Row(f"m along the field of flopped layers at {b * 1e3:g} mT", b / (2 * B_J - B_K), m, 1e-6,
                  "m·b = B/(2 B_J − B_K)", "final torque, 10 nT, over the stiffness, 0.1 T")
              for b, m in zip(canted, slope, strict=True)),
            Row("field of saturation along the easy axis", (2 * B_J - B_K) * 1e3, closed * 1e3, STEP / 2 * 1e3,
                ANDERSON + ": 2 B_J − B_K", HALF, "mT"),
        ]  # fmt: skip
        loop = np.arange(0.0, 0.52, 0.01)
        curves = loop, _relaxed(loop, _start(0.01, np.pi + 0.02)), _relaxed(loop, _start(0.1, -0.2))
        return Result(rows, {"synthetic_antiferromagnet": partial(_draw, curves)})


def _start(lower: float, upper: float) -> NDArray[np.float64]:
    """Return m of two layers at angles [rad] from x towards y."""
    angle = np.where(LAYERS == 0, lower, upper)
    return np.stack([np.cos(angle), np.sin(angle), 0.003 * LAYERS])


def _stack(terms: list, m: NDArray[np.float64]) -> Simulation:
    return Simulation(MESH, terms, Ms=np.where(LAYERS == 1, 0.0, MS), m=m)


def _relaxed(fields: NDArray[np.float64], m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of m along x of each field along x [T]."""
    B = PerReplica([(b, 0, 0) for b in fields])
    magnet = _stack([InterlayerExchange(J1=J1), UniaxialAnisotropy(Ku1=KU, axis=(1, 0, 0)), Zeeman(B=B)], m)
    magnet.minimize(1e-8)
    return magnet.average_m()[:, 0]


def _right_angle() -> float:
    mesh = Mesh((2, 2, 3), (5e-9, 5e-9, 1e-9))
    Ms = np.where(LAYERS == 1, 0.0, MS) * np.ones(mesh.shape)
    energies = []
    for angle in (0, np.pi / 2):
        turned = np.where(LAYERS == 0, 0.0, angle) * np.ones(mesh.shape)
        m = np.stack([np.cos(turned), np.sin(turned), 0 * turned])
        energies.append(Simulation(mesh, [InterlayerExchange(J1=-1e-3)], Ms=Ms, m=m).energy()[0])
    return float(energies[1] - energies[0])


def _biquadratic() -> float:
    magnet = _stack([InterlayerExchange(J1=-4e-4, J2=-1e-3)], _start(0, 1))
    magnet.minimize(1e-8)
    m = magnet.m[0, :, :, 0, 0]
    return float(m[:, 0] @ m[:, 2])


def _draw(curves: tuple[NDArray, NDArray, NDArray], figure: Figure) -> None:
    fields, apart, opened = curves
    axes = label(figure.add_subplot(), "B along the easy axis [mT]", "m along the field")
    canted = np.array([(2 * B_J - B_K) * np.sqrt(B_K / (B_K + 2 * B_J)), 2 * B_J - B_K])
    axes.plot([*canted * 1e3, 520], [*canted / (2 * B_J - B_K), 1], color=COLOURS[0], label="flopped, closed form")
    axes.plot([0, np.sqrt(B_K * (B_K + 2 * B_J)) * 1e3], [0, 0], color=COLOURS[2], label="antiparallel")
    axes.plot(fields * 1e3, opened, "o", color=COLOURS[1], markersize=4, label="fdmag, from saturation")
    axes.plot(fields * 1e3, apart, "x", color=COLOURS[3], markersize=5, label="fdmag, from antiparallel")
    axes.legend()
