"""µMAG standard problem 3: the edge at which a cube's flower and vortex states have the same energy."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.optimize import brentq

from fdmag.constants import MU_0
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, UniaxialAnisotropy
from validation.plots import COLOURS, MARKERS, one_axes
from validation.problem import Problem, Result, Row

MS, A = 8e5, 13e-12
KM = MU_0 * MS**2 / 2
EXCHANGE_LENGTH = float(np.sqrt(A / KM))
COUNTS = (10, 20)  # cells per edge
URL = "https://www.ctcms.nist.gov/~rdm/spec3.html"
MARTINS = f"J. P. Martins, J. L. Ribeiro, P. P. Freitas, finite differences, submission to µMAG ({URL})"
LIMITS = {10: 8.4073, 20: 8.4528}
LIMIT, HIGHEST_LIMIT = 8.4687, 8.477
# Energies / (Km L³) at the limit, of 70 cells per edge, and how far those of 50 are from them.
PARTS = (
    ("flower, exchange", 0, "exchange", 0.0177, 0.0),
    ("flower, demagnetising", 0, "demag", 0.2792, 3e-4),
    ("flower, anisotropy", 0, "uniaxial_anisotropy", 0.0056, 0.0),
    ("vortex, exchange", 1, "exchange", 0.1724, 0.0),
    ("vortex, demagnetising", 1, "demag", 0.0780, 2e-4),
    ("vortex, anisotropy", 1, "uniaxial_anisotropy", 0.0521, 0.0),
)

Energies = dict[str, NDArray[np.float64]]


class StandardProblem3(Problem):
    """Flower and vortex are two replicas; the edge is found where their energies cross."""

    name = "standard_problem_3"
    title = "µMAG standard problem 3: single-domain limit of a cube, Ku = 0.1 Km"
    slow = True

    def compute(self) -> Result:
        """Find the limit at two cell sizes, and extrapolate."""
        found = {count: _limit(count) for count in COUNTS}
        coarse, fine = (found[count] for count in COUNTS)
        rows = [
            Row(f"limit, {count} cells per edge", LIMITS[count], found[count][0], LIMIT - LIMITS[count], MARTINS,
                "distance of the published value from its own limit: another code's demagnetising field has an "
                "error of its own at this cell size", "l_ex")
            for count in COUNTS
        ]  # fmt: skip
        rows += [
            Row("limit, extrapolated", LIMIT, _extrapolated(coarse[0], fine[0]), HIGHEST_LIMIT - LIMIT,
                MARTINS + ", extrapolated from 10 to 70 cells per edge",
                "spread of the published limits: 8.4687; 8.47 (W. Rave, K. Fabian, A. Hubert, J. Magn. Magn. Mater. "
                "190, 332 (1998)); 8.477 (R. Bjørk et al., J. Magn. Magn. Mater. 535, 168057 (2021))", "l_ex"),
            Row("total energy at the limit, extrapolated", 0.3026, _extrapolated(_total(coarse[1]), _total(fine[1])),
                2e-4, MARTINS + ", extrapolated", "0.3027 is the other published value; last digits", "Km L³"),
        ]  # fmt: skip
        part = partial(Row, source=MARTINS + ", 70 cells per edge", unit="Km L³",
                       basis="what it still changed from 50 cells to 70, and one unit of the last digit")  # fmt: skip
        for title, replica, name, published, change in PARTS:
            ours = _extrapolated(coarse[1][name][replica], fine[1][name][replica])
            rows.append(part(f"{title} energy", published, ours, change + 1e-4))
        return Result(rows, {"standard_problem_3": partial(_draw, found)})


def _extrapolated(coarse: float, fine: float) -> float:
    """Return the limit of a quantity that converges with the square of the cell size."""
    a, b = (count**2 for count in COUNTS)
    return (b * fine - a * coarse) / (b - a)


def _total(energies: Energies) -> float:
    """Return the mean of both states' energies, which agree at the limit."""
    return float(np.mean(np.sum(list(energies.values()), axis=0)))


def _limit(count: int) -> tuple[float, Energies]:
    """Return the edge [l_ex] of equal energies, and both states' energies [Km L³] there."""

    def difference(edge: float) -> float:
        flower, vortex = np.sum(list(_energies(edge, count).values()), axis=0)
        return float(flower - vortex)

    edge = float(brentq(difference, 8.3, 8.6, xtol=1e-4))
    return edge, _energies(edge, count)


def _energies(edge: float, count: int) -> Energies:
    """Return the energies [Km L³] of flower and vortex, (2,), by term."""
    size = edge * EXCHANGE_LENGTH / count
    mesh = Mesh((count, count, count), (size, size, size))
    x, y, z = (axis / mesh.size[0] for axis in (mesh.x, mesh.y, mesh.z))
    flower = np.stack(np.broadcast_arrays(x * z, y * z, 1.0))
    # The axis of the vortex is y, across the easy axis.
    vortex = np.stack(np.broadcast_arrays(z, 0.3 * np.exp(-10 * (x**2 + z**2)) + 0 * y, -x))
    terms = [Exchange(A=A), Demag(), UniaxialAnisotropy(Ku1=0.1 * KM)]
    simulation = Simulation(mesh, terms, Ms=MS, m=np.stack([flower, vortex]))
    simulation.minimize(1e-5)
    volume = mesh.n_cells * mesh.cell_volume
    energies = {name: energy / (KM * volume) for name, energy in simulation.energies().items()}
    energies["uniaxial_anisotropy"] += 0.1  # µMAG counts Ku (1 − mz²)
    return energies


def _draw(found: dict[int, tuple[float, Energies]], figure: Figure) -> None:
    axes = one_axes(figure, "(1 / cells per edge)²", "single-domain limit [l_ex]", "standard problem 3")
    squared = 1 / np.array(COUNTS) ** 2
    ours = [edge for edge, _ in found.values()]
    axes.plot([*squared, 0], [*ours, _extrapolated(*ours)], MARKERS[0] + "-", color=COLOURS[0], label="fdmag")
    published = [LIMITS[count] for count in COUNTS]
    axes.plot([*squared, 0], [*published, LIMIT], MARKERS[1] + "--", color=COLOURS[1], label="Martins et al.")
    axes.axhspan(LIMIT, HIGHEST_LIMIT, color=COLOURS[2], alpha=0.2, label="published limits")
    axes.legend()
