"""The Bloch wall: energy, profile, and second order in the cell size."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from fdmag.analytic.domain_wall import bloch_wall_energy, bloch_wall_profile, wall_width_parameter
from fdmag.initial import wall
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, UniaxialAnisotropy
from validation.measure import order
from validation.plots import COLOURS, label
from validation.problem import Problem, Result, Row

A, KU, MS = 16e-12, 1e6, 1.1e6
CELLS_PER_WIDTH = (2, 3, 4, 6, 8)
HALF_LENGTH = 16  # in units of Δ; the domains end where the wall's tail is exp(-16)


class BlochWall(Problem):
    """A 180° wall relaxed on ever finer cells."""

    name = "bloch_wall"
    title = "Bloch wall, A = 16 pJ/m, Ku = 1 MJ/m³ (Δ = 4 nm), at 2 to 8 cells per Δ"

    def compute(self) -> Result:
        """Minimise at every cell size, and compare energy and profile with the continuum."""
        exact = float(bloch_wall_energy(A, KU))
        h = 1 / np.array(CELLS_PER_WIDTH)
        walls = [_relaxed(n) for n in CELLS_PER_WIDTH]
        energies = np.array([energy for energy, _, _ in walls])
        deviations = np.array([np.abs(np.abs(mz) - np.abs(_profile(x))).max() for _, x, mz in walls])
        errors = exact - energies
        extrapolated = energies[-1] + (energies[-1] - energies[-3]) * h[-1] ** 2 / (h[-3] ** 2 - h[-1] ** 2)
        landau = "L. Landau, E. Lifshitz, Phys. Z. Sowjetunion 8, 153 (1935): 4 sqrt(A Ku), tanh(x/Δ)"
        second = partial(
            Row,
            source="six-neighbour exchange is of second order in the cell size",
            basis="the next term of the error is of relative order (h/Δ)², 0.06 on average over the sizes used",
        )
        return Result(
            [
                Row("energy, extrapolated from 4 and 8 cells per Δ", exact * 1e3, extrapolated * 1e3,
                    exact * 1e3 * h[-1] ** 4, landau, "what extrapolation leaves is of relative order (h/Δ)⁴", "mJ/m²"),
                Row("(h/Δ)² coefficient of the energy", -1 / 24, -errors[-1] / exact / h[-1] ** 2, h[-1] ** 2 / 24,
                    "A h² ∫(θ'θ''' − θ'⁴)/12 dx of the discrete exchange along the exact profile, over 4 sqrt(A Ku)",
                    "one part in (Δ/h)², the next order"),
                second("order in the cell size, energy", 2, order(h, errors), 0.1),
                second("order in the cell size, profile", 2, order(h, deviations), 0.1),
                Row("largest deviation of the profile, 8 cells per Δ", 0, deviations[-1], h[-1] ** 2, landau,
                    "(h/Δ)², second order with a coefficient below 1"),
            ],
            {"bloch_wall": partial(_draw, h, errors / exact, deviations, walls[1])},
        )  # fmt: skip


def _profile(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return bloch_wall_profile(x, A, KU)[0]


def _relaxed(cells_per_width: int) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Return energy per area above that of the domains [J/m²], x [m] and mz."""
    width = float(wall_width_parameter(A, KU))
    size = width / cells_per_width
    mesh = Mesh((2 * HALF_LENGTH * cells_per_width, 1, 1), (size, size, size))
    # Started too narrow: a minimiser that does nothing would fail.
    simulation = Simulation(mesh, [Exchange(A=A), UniaxialAnisotropy(Ku1=KU)], Ms=MS, m=wall(mesh, width=0.7 * width))
    simulation.minimize(1e-6)
    energy = float(simulation.energy()[0]) / size**2 + KU * mesh.size[0]
    return energy, mesh.x.ravel(), simulation.m[0, 2, 0, 0]


def _draw(
    h: NDArray, energy: NDArray, deviations: NDArray, shown: tuple[float, NDArray, NDArray], figure: Figure
) -> None:
    left, right = figure.subplots(1, 2)
    _, x, mz = shown
    near = np.abs(x) < 20e-9
    fine = np.linspace(-20e-9, 20e-9, 200)
    label(left, "x [nm]", "mz", "profile, 3 cells per Δ")
    left.plot(fine * 1e9, -_profile(fine), "-", color=COLOURS[0], label="−tanh(x/Δ)")
    left.plot(x[near] * 1e9, mz[near], "o", color=COLOURS[1], markersize=4, label="fdmag")
    left.legend()
    label(right, "cell size / Δ", "error", "order of convergence")
    right.loglog(h, energy, "o-", color=COLOURS[0], label=f"energy, relative: {order(h, energy):.2f}")
    right.loglog(h, deviations, "s-", color=COLOURS[1], label=f"profile: {order(h, deviations):.2f}")
    right.loglog(h, h**2 / 24, "--", color=COLOURS[6], label="(h/Δ)²/24")
    right.legend(title="order")
    right.set_xticks(h, [f"1/{n}" for n in CELLS_PER_WIDTH], minor=False)
    right.xaxis.set_minor_formatter(NullFormatter())
