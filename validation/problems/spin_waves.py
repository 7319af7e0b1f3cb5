"""Exchange spin waves on a ring: the dispersion relation."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fdmag.constants import GAMMA_E
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, Zeeman
from validation.measure import angular_frequency, order
from validation.plots import COLOURS, one_axes
from validation.problem import Problem, Result, Row

A, MS, B = 13e-12, 8e5, 0.2
LENGTH = 128e-9
AMPLITUDE = 1e-3
MODES = (0, 1, 2, 4, 8, 16)  # wavelengths on the ring
CONTINUUM = "C. Herring, C. Kittel, Phys. Rev. 81, 869 (1951): ω = γ (B + 2 A k² / Ms)"


class SpinWaves(Problem):
    """Circular spin waves, one mode per replica, without damping."""

    name = "spin_waves"
    title = "Exchange spin waves on a periodic chain of 128 nm, B = 0.2 T"

    def compute(self) -> Result:
        """Compare every mode with the lattice's own dispersion, and one mode with the continuum as cells shrink."""
        k = 2 * np.pi * np.array(MODES) / LENGTH
        measured = _frequencies(64, MODES)
        lattice = _exact(_lattice_square(k, LENGTH / 64))
        row = partial(
            Row,
            source="the same with k² replaced by (2 − 2 cos kh)/h² of the six-neighbour form",
            basis="a few times the square of the amplitude, 1e-3, relative",
            unit="GHz",
        )
        rows = [
            row(f"{mode} waves, 2 nm cells", exact, ours, exact * 1e-5)
            for mode, exact, ours in zip(MODES, lattice, measured, strict=True)
        ]
        counts = (16, 32, 64, 128)
        sizes = LENGTH / np.array(counts)
        wave = 2 * np.pi * 4 / LENGTH
        errors = _exact(wave**2) - np.array([_frequencies(n, (4,))[0] for n in counts])
        rows.append(
            Row(
                "order in the cell size, 4 waves",
                2,
                order(sizes, errors),
                0.1,
                CONTINUUM,
                "(kh)²/30 of the next order is below 0.1 on all cells used",
            )
        )
        return Result(rows, {"spin_waves": partial(_draw, k, measured)})


def _lattice_square(k: NDArray[np.float64], h: float) -> NDArray[np.float64]:
    return (2 - 2 * np.cos(k * h)) / h**2


def _exact(square: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Frequency [GHz] for k² [1/m²]; a circular wave of finite amplitude has B and the exchange field along z."""
    return np.asarray(GAMMA_E * (B + 2 * A / MS * square) / 2e9 / np.pi)


def _frequencies(cells: int, modes: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the frequencies [GHz] of circular waves on a ring of so many cells."""
    mesh = Mesh((cells, 1, 1), (LENGTH / cells, 2e-9, 2e-9), periodic=(True, False, False))
    phase = np.multiply.outer(np.array(modes), 2 * np.pi * mesh.x / LENGTH)
    m = np.stack([AMPLITUDE * np.cos(phase), AMPLITUDE * np.sin(phase), np.ones_like(phase)], axis=1)
    simulation = Simulation(mesh, [Exchange(A=A), Zeeman(B=(0, 0, B))], Ms=MS, alpha=0, m=m)
    fastest = _exact((2 * np.pi * max(modes) / LENGTH) ** 2) * 1e9
    slowest = _exact((2 * np.pi * min(modes) / LENGTH) ** 2) * 1e9
    t, mx = [], []

    def record(current: Simulation) -> None:
        t.append(current.t[0])
        mx.append(current.m[:, 0, 0, 0, 0])

    simulation.run(float(4 / slowest), every=float(1 / (16 * fastest)), callback=record, tolerance=1e-9)
    signals = np.array(mx)
    return np.array([angular_frequency(np.array(t), signals[:, i]) for i in range(len(modes))]) / 2e9 / np.pi


def _draw(k: NDArray, measured: NDArray, figure: Figure) -> None:
    axes = one_axes(figure, "k [rad/nm]", "frequency [GHz]", "exchange spin waves")
    fine = np.linspace(0, k.max(), 200)
    axes.plot(fine * 1e-9, _exact(fine**2), "-", color=COLOURS[0], label="continuum")
    axes.plot(fine * 1e-9, _exact(_lattice_square(fine, LENGTH / 64)), "--", color=COLOURS[2], label="2 nm lattice")
    axes.plot(k * 1e-9, measured, "o", color=COLOURS[1], label="fdmag")
    axes.legend()
