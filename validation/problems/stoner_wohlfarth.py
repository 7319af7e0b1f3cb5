"""Switching fields and hysteresis of the Stoner–Wohlfarth particle, all field angles in one batch."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fdmag.analytic.stoner_wohlfarth import hysteresis_branch, switching_field
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import UniaxialAnisotropy, Zeeman
from validation.plots import COLOURS, MARKERS, label
from validation.problem import Problem, Result, Row

MS, KU = 8e5, 4e4
B_K = 2 * KU / MS  # 0.1 T
ANGLES = np.array([2, 15, 30, 45, 60, 75, 88])  # degrees between field and axis
STEP = 0.005  # of B_K
MAX_TORQUE = 1e-7  # T
SOURCE = "E. C. Stoner, E. P. Wohlfarth, Phil. Trans. R. Soc. A 240, 599 (1948): "


class StonerWohlfarth(Problem):
    """The field is stepped down from saturation; a replica switches where m crosses the plane across its axis."""

    name = "stoner_wohlfarth"
    title = "Stoner–Wohlfarth particle, B_K = 100 mT: switching fields at seven angles"

    def compute(self) -> Result:
        """Compare switching fields with the astroid, and the rest of the descending branch with its closed form."""
        h, along, axial = _descend()
        psi = np.radians(ANGLES)
        first = np.argmax(axial < 0, axis=0)  # the first step after the jump
        switched = np.where(axial.min(axis=0) < 0, -(h[first] + h[first - 1]) / 2, np.nan)
        exact = switching_field(psi)
        rows = [
            Row(f"switching field, {angle}°", critical * B_K * 1e3, ours * B_K * 1e3, STEP / 2 * B_K * 1e3,
                SOURCE + "(cos^⅔ψ + sin^⅔ψ)^−3/2", "half a step of the field, between whose ends the jump lies", "mT")
            for angle, critical, ours in zip(ANGLES, exact, switched, strict=True)
        ]  # fmt: skip
        away = np.abs(h[:, None] + exact) > STEP
        deviation = np.abs(along - hysteresis_branch(h[:, None], psi))[away].max()
        rows.append(
            Row("largest deviation of m·h on the branch", 0, deviation, MAX_TORQUE / B_K / np.sqrt(STEP),
                SOURCE + "the stable root of sin 2θ + 2h sin(θ − ψ)",
                "final torque over the stiffness, which one step from the jump is the root of the step; "
                "points nearer than a step are left out")
        )  # fmt: skip
        return Result(rows, {"stoner_wohlfarth": partial(_draw, h, along, switched)})


def _descend() -> tuple[NDArray, NDArray, NDArray]:
    """Return h (n,), and m along the field and along the axis (n, angles)."""
    psi = np.radians(ANGLES)
    directions = np.stack([np.sin(psi), np.zeros_like(psi), np.cos(psi)], axis=1)
    mesh = Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9))
    zeeman = Zeeman(B=PerReplica((1.2 * B_K * directions).tolist()))
    simulation = Simulation(mesh, [UniaxialAnisotropy(Ku1=KU), zeeman], Ms=MS, m=directions[:, :, None, None, None])
    h = 1.2 - STEP * (np.arange(int(2.4 / STEP)) + 0.3)  # no switching field falls on a step
    along, axial = [], []
    for value in h:
        simulation.set("zeeman.B", PerReplica((value * B_K * directions).tolist()))
        simulation.minimize(MAX_TORQUE)
        m = simulation.average_m()
        along.append(np.sum(m * directions, axis=1))
        axial.append(m[:, 2])
    return h, np.array(along), np.array(axial)


def _draw(h: NDArray, along: NDArray, switched: NDArray, figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    label(left, "B / B_K", "m along the field", "descending branch: closed form (line), fdmag (marks)")
    for i, angle in enumerate(ANGLES):
        left.plot(h, hysteresis_branch(h, np.radians(angle)), "-", color=COLOURS[i], linewidth=1)
        left.plot(h[::12], along[::12, i], MARKERS[i], color=COLOURS[i], markersize=4, label=f"{angle}°")
    left.legend(fontsize="small")
    label(right, "B across the axis / B_K", "B along the axis / B_K", "astroid")
    psi = np.linspace(0, np.pi / 2, 200)
    right.plot(switching_field(psi) * np.sin(psi), switching_field(psi) * np.cos(psi), "-", color=COLOURS[0])
    angles = np.radians(ANGLES)
    right.plot(switched * np.sin(angles), switched * np.cos(angles), "o", color=COLOURS[1], label="fdmag")
    right.set_aspect("equal")
    right.legend()
