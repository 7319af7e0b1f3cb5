"""A spin-torque oscillator that a small turning field locks: the currents between which it does, and its phase."""

from functools import partial

import numpy as np
import scipy
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fdmag.analytic.spin_torque import spin_torque_field
from fdmag.constants import GAMMA_E
from fdmag.mesh import Mesh
from fdmag.parameter import Driven, PerReplica, Sum
from fdmag.signals import Sine
from fdmag.simulation import Simulation
from fdmag.terms import Slonczewski, UniaxialAnisotropy, Zeeman
from validation.plots import COLOURS, one_axes
from validation.problem import Problem, Result, Row

MS, ALPHA, P, THICKNESS = 8e5, 0.1, 0.4, 2e-9
B_0, B_K, B_RF = 1.5, 1.0, 2e-3
"""Along z, of the easy plane, and of the turning field [T]."""
TILT = np.arccos(0.9)
OMEGA = GAMMA_E * (B_0 - B_K * np.cos(TILT))
"""Of the turning field: that of an orbit with this tilt."""
CENTRE = ALPHA * OMEGA / GAMMA_E
"""Damping-like field a at which the free oscillator turns with it [T]."""
STEP = 0.01
"""Between currents, over half the range of locking."""
ADLER = "R. Adler, Proc. IRE 34, 351 (1946), for a large shift; fold of the exact fixed point"


class InjectionLocking(Problem):
    """A film saturated along z, polariser along z, in a field B_rf that turns in its plane with ω.

    In the frame that turns, m at θ and ψ from the field is at rest where sin ψ = sin θ (a − α ω/γ)/B_rf and
    (B_0 − B_k cos θ − ω/γ) sin θ = B_rf cos θ cos ψ. It is stable for cos ψ > 0 up to the fold, where ψ is near ±90°.
    """

    name = "injection_locking"
    slow = True
    title = "A spin-torque oscillator is locked by a turning field: exact range of currents and phase"

    def compute(self) -> Result:
        """Start on the locked orbit of currents around both ends of the range, and see which slip."""
        edges = np.array([_fold(-1), _fold(1)])
        half = (edges[1] - edges[0]) / 2
        around = np.arange(-1.5, 2) * STEP * half
        inside = edges.mean() + half * np.array([-0.6, 0.0, 0.6])
        a = np.concatenate([edges[0] + around, edges[1] + around, inside])
        t, phase = _phases(a)
        locked = np.abs(phase[-1] - phase[0]) < np.pi
        low, high = locked[: around.size], locked[around.size : 2 * around.size]
        lowest = a[: around.size][low].min(initial=np.inf)
        highest = a[around.size : 2 * around.size][high].max(initial=-np.inf)
        found = (lowest - STEP * half / 2, highest + STEP * half / 2)
        per = 1e-9 / float(spin_torque_field(1, P, MS, THICKNESS))
        rows = [
            Row(f"{end} current at which it is locked", exact * per, ours * per, 0.51 * STEP * half * per, ADLER,
                "currents 1 % of half the range apart", "GA/m²")
            for end, exact, ours in zip(("lowest", "highest"), edges, found, strict=True)
        ]  # fmt: skip
        for value, ours in zip(inside, phase[-1, -inside.size :], strict=True):
            theirs = np.degrees(_fixed_point(value)[1])
            rows.append(
                Row(f"phase ahead of the field at {value * per:.2f} GA/m²", theirs, np.degrees(ours), 0.05,
                    "fixed point in the turning frame",
                    "local error of 1e-5, a hundred steps in the 0.2 ns of its relaxation", "deg")
            )  # fmt: skip
        return Result(rows, {"injection_locking": partial(_draw, t, phase, a * per)})


def _fold(end: int) -> float:
    """Return the largest (1) or smallest (−1) a [T] at which a fixed point exists."""

    def a(tilt: float) -> float:
        cosine = (B_0 - B_K * np.cos(tilt) - OMEGA / GAMMA_E) * np.tan(tilt) / B_RF
        return float(CENTRE + end * B_RF / np.sin(tilt) * np.sqrt(max(1 - cosine**2, 0)))

    reach = B_RF / B_K / np.sin(TILT) / np.tan(TILT)
    bounds = (TILT - reach, TILT + reach)
    found = scipy.optimize.minimize_scalar(lambda tilt: -end * a(tilt), bounds=bounds, method="bounded",
                                           options={"xatol": 1e-10})  # fmt: skip
    return a(found.x)


def _fixed_point(a: float) -> NDArray[np.float64]:
    """Return θ and ψ [rad] of the locked orbit."""

    def rest(angles: NDArray) -> list[float]:
        tilt, psi = angles
        return [
            B_RF * np.sin(psi) - np.sin(tilt) * (a - CENTRE),
            (B_0 - B_K * np.cos(tilt) - OMEGA / GAMMA_E) * np.sin(tilt) - B_RF * np.cos(tilt) * np.cos(psi),
        ]

    start = [TILT, np.arcsin(np.clip(np.sin(TILT) * (a - CENTRE) / B_RF, -1, 1))]
    return np.asarray(scipy.optimize.fsolve(rest, start, xtol=1e-12))


def _phases(a: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times after settling, and the phase of m to the field (times, currents) [rad], not wrapped."""
    frequency = OMEGA / (2 * np.pi)
    turning = Sum(
        (0, 0, B_0),
        Driven((B_RF, 0, 0), Sine(frequency, phase=np.pi / 2)),
        Driven((0, B_RF, 0), Sine(frequency)),
    )
    J = a / float(spin_torque_field(1, P, MS, THICKNESS))
    terms = [UniaxialAnisotropy(Ku1=-MS * B_K / 2), Zeeman(B=turning), Slonczewski(J=PerReplica(J), P=P)]
    psi = np.arcsin(np.clip(np.sin(TILT) * (a - CENTRE) / B_RF, -1, 1))
    m = np.stack([np.sin(TILT) * np.cos(psi), np.sin(TILT) * np.sin(psi), np.cos(TILT) + 0 * psi], axis=1)
    film = Simulation(
        Mesh((1, 1, 1), (20e-9, 20e-9, THICKNESS)), terms, Ms=MS, alpha=ALPHA, m=m[:, :, None, None, None]
    )
    t, phase = [], []

    def look(film: Simulation) -> None:
        mx, my, _ = film.average_m().T
        t.append(film.t[0])
        phase.append(np.arctan2(my, mx) - OMEGA * film.t[0])

    film.run(4e-9)
    film.run(8e-9, every=20e-12, callback=look)
    turned = np.unwrap(np.array(phase), axis=0)
    return np.array(t), turned - 2 * np.pi * np.round(turned[0] / (2 * np.pi))


def _draw(t: NDArray, phase: NDArray, J: NDArray, figure: Figure) -> None:
    axes = one_axes(figure, "t [ns]", "phase to the field [turns]", "injection locking")
    for colour, number in zip(COLOURS, (1, 2, 8), strict=False):
        axes.plot(t * 1e9, phase[:, number] / (2 * np.pi), color=colour, label=f"{J[number]:.3f} GA/m²")
    axes.legend()
