"""Conservation of energy without damping, and its dissipation with damping, of an element with all interactions."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.integrate import simpson

from fdmag.constants import GAMMA_E
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.solvers.llg import cross
from fdmag.terms import Demag, Exchange, UniaxialAnisotropy, Zeeman
from validation.plots import COLOURS, label
from validation.problem import Problem, Result, Row

MS = 8e5
MESH = Mesh((12, 8, 2), (5e-9, 5e-9, 5e-9))
DURATION, EVERY = 1e-10, 0.25e-12
DAMPING = (0.0, 0.02, 0.2)
TOLERANCES = (1e-5, 1e-7)


class EnergyBalance(Problem):
    """Three dampings as replicas, started from a smooth state far from equilibrium, in a constant field."""

    name = "energy_balance"
    title = "Energy of an element with exchange, demagnetisation, anisotropy and field, over 0.1 ns"

    def compute(self) -> Result:
        """Compare the drift with what the local errors allow, and the loss with αγ/(1+α²) ∫ Ms |m × B|² dV."""
        rows = []
        for tolerance in TOLERANCES:
            t, energy, loss, drift_bound = _path(tolerance)
            drift = np.abs(energy[:, 0] - energy[0, 0]).max()
            rows.append(
                Row(f"drift of the energy, α = 0, tolerance {tolerance:g}", 0, drift * 1e18, drift_bound * 1e18,
                    "without damping and with constant fields the energy is conserved",
                    "every step changes the energy by at most tolerance × ∫ Ms |m × B| dV", "aJ")
            )  # fmt: skip
        for i, alpha in enumerate(DAMPING[1:], start=1):
            lost = energy[0, i] - energy[-1, i]
            rows += [
                Row(f"largest rise between outputs 0.25 ps apart, α = {alpha:g}", 0,
                    max(0.0, np.diff(energy[:, i]).max()) * 1e18, drift_bound * 1e18,
                    "in a constant field the energy falls", "as the drift without damping", "aJ"),
                Row(f"energy lost / energy dissipated, α = {alpha:g}", 1, lost / simpson(loss[:, i], x=t), 1e-4,
                    "dE/dt = −αγ/(1+α²) ∫ Ms |m × B|² dV",
                    "Simpson's rule at 0.25 ps for motions of 5 ps and slower, (2π/20)⁴/180 = 5e-5, and rounding up"),
            ]  # fmt: skip
        return Result(rows, {"energy_balance": partial(_draw, t, energy)})


def _path(tolerance: float) -> tuple[NDArray, NDArray, NDArray, float]:
    """Return t (n,), energies [J] and losses [W], (n, replicas), and the bound of the undamped drift [J]."""
    x, y, z = (axis / size for axis, size in zip((MESH.x, MESH.y, MESH.z), MESH.size, strict=True))
    m = np.stack(np.broadcast_arrays(np.sin(3 * x + 0.5), np.cos(2 * y + z), np.sin(2 * x) + 0.3 * np.cos(3 * y)))
    terms = [Exchange(A=13e-12), Demag(), UniaxialAnisotropy(Ku1=5e4, axis=(1, 1, 0)), Zeeman(B=(0.02, -0.05, 0.1))]
    simulation = Simulation(MESH, terms, Ms=MS, alpha=PerReplica(DAMPING), m=m)
    alpha = np.array(DAMPING)
    moment = MS * MESH.cell_volume
    t, energies, losses, torques = [], [], [], []

    def record(current: Simulation) -> None:
        torque = cross(current.m, current.effective_field())
        squared = np.sum(torque**2, axis=1).reshape(len(DAMPING), -1)
        t.append(current.t[0])
        energies.append(current.energy())
        losses.append(alpha * GAMMA_E / (1 + alpha**2) * moment * squared.sum(axis=1))
        torques.append(moment * np.sqrt(squared[0]).sum())

    simulation.run(DURATION, every=EVERY, callback=record, tolerance=tolerance)
    bound = float(simulation.state.steps[0]) * tolerance * max(torques)
    return np.array(t), np.array(energies), np.array(losses), bound


def _draw(t: NDArray, energy: NDArray, figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    label(left, "t [ps]", "energy [aJ]", "total energy")
    for i, alpha in enumerate(DAMPING):
        left.plot(t * 1e12, energy[:, i] * 1e18, color=COLOURS[i], label=f"α = {alpha:g}")
    left.legend()
    label(right, "t [ps]", "drift of the energy [aJ]", f"α = 0, tolerance {TOLERANCES[-1]:g}")
    right.plot(t * 1e12, (energy[:, 0] - energy[0, 0]) * 1e18, color=COLOURS[0])
