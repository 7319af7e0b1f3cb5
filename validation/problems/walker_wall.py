"""A wall in a field along the easy axis: Walker's field, the velocity below it and the mean velocity above it."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fdmag.constants import GAMMA_E
from fdmag.initial import wall
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.quantities import MovingWindow, evaluate
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, UniaxialAnisotropy, Zeeman
from validation.plots import COLOURS, label
from validation.problem import Problem, Result, Row

A, K, MS = 16e-12, 1e5, 1e6
CELL = 2e-9
CELLS = 128  # 256 nm, some 20 Δ: the wall's tail is exp(-10) at the ends
WALKER = "N. L. Schryer, L. R. Walker, J. Appl. Phys. 45, 5406 (1974)"
SECOND_ORDER = "central differences, (h/Δ)²/12 of the wall at rest, and as much for its motion"

DAMPING = 0.5
HARD = 1e5  # J/m³, as strong as the easy axis: the wall's width changes with its angle
STEADY = np.array([0.3, 0.6, 0.9])  # fields over the Walker field
NEAR = np.array([0.98, 1.02])
WEAK = 4e3  # J/m³, so weak that the width hardly changes
TURNING = np.array([1.2, 1.6, 2.5])


class WalkerWall(Problem):
    """Fields are replicas; a window follows the wall."""

    name = "walker_wall"
    title = "A domain wall in a field: Walker field, velocity below and mean velocity above breakdown"

    def compute(self) -> Result:
        """Compare with Walker's exact solution, and with the motion of a wall of constant width above breakdown."""
        (angles, steady), mean = _steady(), _turning()
        return Result([_breakdown(), *angles, *steady, *mean], {"walker_wall": partial(_draw, steady, mean)})


def walker_field(hard: float) -> float:
    """Return B_W = α K⊥/Ms [T]."""
    return DAMPING * hard / MS


def steady_width(ratio: NDArray) -> NDArray:
    """Return Δ = sqrt[A/(K + K⊥ sin²φ)] [m], sin 2φ = B/B_W; φ is the angle out of the wall's plane."""
    return np.sqrt(A / (K + HARD * np.sin(np.arcsin(ratio) / 2) ** 2))


def mean_velocity(ratio: NDArray) -> NDArray:
    """Return γΔ/α [B − sqrt(B² − B_W²)/(1 + α²)] [m/s], B > B_W.

    With q and φ of a wall of constant width, φ' + α q'/Δ = γ B and q'/Δ − α φ' = γ (K⊥/Ms) sin 2φ. So
    (1 + α²) φ' = γ (B − B_W sin 2φ), whose mean over a turn is γ sqrt(B² − B_W²), and the first equation gives that
    of q'. Δ is the mean over φ of sqrt[A/(K + K⊥ sin²φ)].
    """
    B, angle = ratio * walker_field(WEAK), np.linspace(0, np.pi, 200, endpoint=False)
    width = np.mean(np.sqrt(A / (K + WEAK * np.sin(angle) ** 2)))
    turning = np.sqrt(B**2 - walker_field(WEAK) ** 2) / (1 + DAMPING**2)
    return GAMMA_E * width / DAMPING * (B - turning)


def _magnet(ratio: NDArray, hard: float, cells: int, size: float, position: float = 0) -> Simulation:
    mesh = Mesh((cells, 1, 1), (size, 4e-9, 4e-9))
    terms = [
        Exchange(A=A),
        UniaxialAnisotropy(Ku1=K),
        UniaxialAnisotropy(Ku1=-hard, axis=(1, 0, 0)),
        Zeeman(B=PerReplica([(0, 0, b) for b in ratio * walker_field(hard)])),
    ]
    return Simulation(mesh, terms, Ms=MS, alpha=DAMPING, m=wall(mesh, "x", position, np.sqrt(A / K)))


def _steady() -> tuple[list[Row], list[Row]]:
    """Return the Walker field by the wall's angle, and the velocities, after the start has died away."""
    magnet = _magnet(STEADY, HARD, CELLS, CELL)
    magnet.run(1.5e-9, window=MovingWindow("wall_position.z"))
    out_of_plane = evaluate(magnet, "wall_angle.z") - np.pi / 2
    unit = walker_field(HARD) * 1e3
    width = steady_width(STEADY)
    exact = GAMMA_E * width * STEADY * walker_field(HARD) / DAMPING
    angles = [
        Row(
            f"Walker field by the angle of the wall at {ratio:g} of it",
            unit,
            ratio / np.sin(2 * angle) * unit,
            unit * (CELL / w) ** 2 / 6,
            WALKER + ": sin 2φ = B/B_W, B_W = α K⊥/Ms",
            SECOND_ORDER,
            "mT",
        )
        for ratio, angle, w in zip(STEADY[:2], out_of_plane, width, strict=False)
    ]
    velocities = [
        Row(
            f"velocity at {ratio:g} of the Walker field",
            v,
            found,
            v * (CELL / w) ** 2 / 6,
            WALKER + ": γΔB/α",
            SECOND_ORDER,
            "m/s",
        )
        for ratio, v, found, w in zip(STEADY, exact, evaluate(magnet, "wall_velocity.z"), width, strict=True)
    ]
    return angles, velocities  # fmt: skip


def _breakdown() -> Row:
    """Return the field between the one that leaves the wall's angle steady and the one that makes it turn."""
    magnet = _magnet(NEAR, HARD, CELLS, CELL)
    magnet.run(4e-9, window=MovingWindow("wall_position.z"))
    turned = np.cos(evaluate(magnet, "wall_angle.z") - np.pi / 2 - np.pi / 4) < 0.5
    unit = walker_field(HARD) * 1e3
    ours = NEAR.mean() * unit if list(turned) == [False, True] else np.nan
    return Row("Walker field, between 0.98 and 1.02 of which the wall begins to turn", unit, ours, 0.02 * unit,
               WALKER + ": α K⊥/Ms", "half of the interval", "mT")  # fmt: skip


def _turning() -> list[Row]:
    """Return the mean velocities above breakdown, over whole half turns of the wall."""
    magnet = _magnet(TURNING, WEAK, 120, 2.5e-9, -70e-9)
    t, x, angle = [], [], []

    def record(now: Simulation) -> None:
        t.append(now.t[0])
        x.append(evaluate(now, "wall_position.z"))
        angle.append(evaluate(now, "wall_angle.z"))

    magnet.run(22e-9, every=0.05e-9, callback=record)
    times, places, angles = np.array(t), np.array(x), np.unwrap(np.array(angle), axis=0)
    rows = []
    for k, (ratio, exact) in enumerate(zip(TURNING, mean_velocity(TURNING), strict=True)):
        start = angles[20, k]
        halves = np.floor((angles[-1, k] - start) / np.pi)
        begin, end = np.interp(start + np.array([0, halves * np.pi]), angles[:, k], times)
        ours = np.ptp(np.interp([begin, end], times, places[:, k])) / (end - begin)
        rows.append(
            Row(f"mean velocity at {ratio:g} of the Walker field", exact, ours, 0.01 * exact,
                "γΔ/α [B − sqrt(B² − B_W²)/(1 + α²)], from the same equations for a constant width",
                "the width changes by K⊥/4K = 1 % to both sides of its mean", "m/s")
        )  # fmt: skip
    return rows


def _draw(steady: list[Row], mean: list[Row], figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    label(left, "B / B_W", "velocity [m/s]", "below breakdown, K⊥ = K")
    below = np.linspace(0, 1, 100)
    left.plot(below, GAMMA_E * steady_width(below) * below * walker_field(HARD) / DAMPING, color=COLOURS[0],
              label="Walker")  # fmt: skip
    left.plot(STEADY, [row.ours for row in steady], "o", color=COLOURS[1], label="fdmag")
    left.legend()
    label(right, "B / B_W", "mean velocity [m/s]", "through breakdown, K⊥ = K/25")
    above = np.linspace(1, 2.6, 200)
    slope = GAMMA_E * np.sqrt(A / K) * walker_field(WEAK) / DAMPING
    right.plot(np.append(below, above), np.append(below * slope, mean_velocity(above)), color=COLOURS[0],
               label="constant width")  # fmt: skip
    right.plot(TURNING, [row.ours for row in mean], "o", color=COLOURS[1], label="fdmag")
    right.legend()
