"""Energy barriers by the string method: particles, two of them, bars that reverse by a wall, and a disc."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from fdmag.analytic.domain_wall import bar_reversal_barrier, bloch_wall_energy
from fdmag.analytic.stoner_wohlfarth import energy_barrier, switching_field
from fdmag.barriers import Barrier, HalvedCells, WallSweep, find_again, find_barrier
from fdmag.constants import MU_0
from fdmag.mesh import Mesh
from fdmag.shapes import Cylinder
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, UniaxialAnisotropy, Zeeman
from validation.measure import order
from validation.plots import COLOURS, label
from validation.problem import Problem, Result, Row

A, KU, MS = 16e-12, 1e6, 1.1e6
WIDTH = 4e-9  # Δ = sqrt(A/Ku)
LENGTHS = (2, 4, 6, 12)  # in Δ
CELLS_PER_WIDTH = (2, 4, 8)
ANGLES = (5, 45, 80)  # degrees between field and axis
FIELD = 0.6  # of the switching field
DISC, THICKNESS = 60e-9, 1.3e-9


class EnergyBarriers(Problem):
    """Barriers that have closed forms, and the bounds of one that has none."""

    name = "energy_barriers"
    title = "Energy barriers: Stoner–Wohlfarth particles, a pair of them, bars and a disc that reverse by a wall"

    def compute(self) -> Result:
        """Find the paths and compare the heights of their saddles."""
        rows = [_particle(angle) for angle in ANGLES]
        pair = find_barrier(_pair())
        volume = WIDTH**3
        rows += [
            Row(f"two particles apart, saddle {number}, over Ku V", height, saddle.energy / KU / volume, 1e-5,
                "each reverses alone, with its own Ku V", "of second order in the criterion, 0.1 mT of 1.8 T")
            for number, (height, saddle) in enumerate(zip(_heights(pair), pair.saddles, strict=True))
        ]  # fmt: skip
        bars = {length: find_barrier(_bar(length, 4), path=WallSweep(width=WIDTH)) for length in LENGTHS}
        saddle = "L. Landau, E. Lifshitz, Phys. Z. Sowjetunion 8, 153 (1935): Δ² θ'² = sin²θ − sin²θ_e with free ends"
        tolerance = 1 / CELLS_PER_WIDTH[1] ** 2 / 20
        rows += [
            Row(f"bar of {length} Δ, over 4 sqrt(A Ku)", _exact(length), _reduced(bar), tolerance, saddle,
                "4 cells per Δ: (h/Δ)²/24 of exchange, and the next order")
            for length, bar in bars.items()
        ]  # fmt: skip
        found = [find_barrier(_bar(6, CELLS_PER_WIDTH[0]), path=WallSweep(width=WIDTH))]
        for cells in CELLS_PER_WIDTH[1:]:
            found.append(find_again(found[-1], _bar(6, cells)))
        errors = np.array([_exact(6) - _reduced(barrier) for barrier in found])
        rows.append(
            Row("order in the cell size, bar of 6 Δ", 2, order(1 / np.array(CELLS_PER_WIDTH), errors), 0.1,
                "six-neighbour exchange is of second order", "the next order is (h/Δ)², 0.1 on average")
        )  # fmt: skip
        limit = HalvedCells(found[1], found[2], order=2).extrapolated
        rows.append(
            Row("bar of 6 Δ by cells of Δ/4 and Δ/8, extrapolated, over 4 sqrt(A Ku)", _exact(6),
                limit / WIDTH**2 / float(bloch_wall_energy(A, KU)), 1 / CELLS_PER_WIDTH[1] ** 4 / 24, saddle,
                "the next order, (h/Δ)⁴/24")
        )  # fmt: skip
        disc = find_barrier(_disc(), path=WallSweep((1, 0.4, 0)))
        wall = 4 * np.sqrt(15e-12 * (8e5 - MU_0 * 1e12 / 2)) * THICKNESS * DISC
        rows += [
            Row("disc of 60 nm with demag, over 4 sqrt(A K) t d", 1, disc.forward / wall, 0.05,
                "A. Hubert, R. Schäfer, Magnetic Domains (Springer, 1998), 3.6, K = Ku − µ0 Ms²/2",
                "edge and closing flux, of the order t/Δ of the film's demag energy; cells of 0.4 Δ"),
            Row("directions in which its energy falls from the saddle", 1,
                np.nan if disc.saddle is None else disc.saddle.descents, 0.1,
                "W. E, W. Ren, E. Vanden-Eijnden, J. Chem. Phys. 126, 164103 (2007)", "a whole number"),
        ]  # fmt: skip
        return Result(rows, {"energy_barriers": partial(_draw, bars, disc)})


def _particle(degrees: int) -> Row:
    psi = np.radians(degrees)
    h = -FIELD * float(switching_field(psi))
    B = 2 * KU / MS * h * np.array([np.sin(psi), 0, np.cos(psi)])
    magnet = Simulation(_cube(), [UniaxialAnisotropy(Ku1=KU), Zeeman(B=tuple(B))], Ms=MS)
    return Row(f"particle at {FIELD} of its switching field, {degrees}°, over Ku V", float(energy_barrier(h, psi)),
               find_barrier(magnet).forward / KU / WIDTH**3, 1e-5,
               "E. C. Stoner, E. P. Wohlfarth, Phil. Trans. R. Soc. A 240, 599 (1948): maximum minus minimum",
               "of second order in the criterion, 0.1 mT of 1.8 T")  # fmt: skip


def _cube(cells: int = 1) -> Mesh:
    return Mesh((cells, 1, 1), (WIDTH, WIDTH, WIDTH))


def _pair() -> Simulation:
    """Two cells with an empty one between them; the second has twice the anisotropy."""
    Ms, Ku = (np.array(values).reshape(1, 1, 3) for values in ([MS, 0, MS], [KU, KU, 2 * KU]))
    return Simulation(_cube(3), [UniaxialAnisotropy(Ku1=Ku)], Ms=Ms)


def _heights(pair: Barrier) -> list[int]:
    """Return the heights in the order the particles reverse in, which either may begin."""
    return [1, 2] if pair.m[pair.saddles[0].image, 2, 0, 0, 2] > 0.9 else [2, 1]


def _bar(length: int, cells_per_width: int) -> Simulation:
    mesh = Mesh((length * cells_per_width, 1, 1), (WIDTH / cells_per_width, WIDTH, WIDTH))
    return Simulation(mesh, [Exchange(A=A), UniaxialAnisotropy(Ku1=KU)], Ms=MS)


def _exact(length: int) -> float:
    return float(bar_reversal_barrier(A, KU, length * WIDTH) / bloch_wall_energy(A, KU))


def _reduced(barrier: Barrier) -> float:
    return barrier.forward / WIDTH**2 / float(bloch_wall_energy(A, KU))


def _disc() -> Simulation:
    mesh = Mesh((16, 16, 1), (DISC / 16, DISC / 16, THICKNESS))
    terms = [Exchange(A=15e-12), Demag(), UniaxialAnisotropy(Ku1=8e5)]
    return Simulation(mesh, terms, Ms=1e6, geometry=Cylinder(DISC))


def _draw(bars: dict[int, Barrier], disc: Barrier, figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    fine = np.linspace(0.5, 14, 200)
    label(left, "length / Δ", "barrier / 4 sqrt(A Ku)", "bars: closed form (line), fdmag (marks)")
    left.plot(fine, bar_reversal_barrier(A, KU, fine * WIDTH) / bloch_wall_energy(A, KU), "-", color=COLOURS[0])
    left.plot(list(bars), [_reduced(bar) for bar in bars.values()], "o", color=COLOURS[1])
    disc.plot(right)
    right.set_title("disc of 60 nm")
