"""µMAG standard problem 2: the coercivity of a thin bar, in the limit of a bar narrower than the exchange length."""

from functools import partial

import numpy as np
import scipy.optimize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fdmag.analytic.prism import prism_demagnetising_factors
from fdmag.constants import MU_0
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, Zeeman
from validation.plots import COLOURS, label
from validation.problem import Problem, Result, Row

MS, WIDTH = 8e5, 50e-9
SHAPE = np.array([5, 1, 0.1])  # length, width and height over the width
ALONG = np.ones(3) / np.sqrt(3)
RATIOS = {0.3: (5, 1, 1), 0.6: (5, 1, 1), 4: (10, 2, 1)}  # cells by d/l_ex
SMALL = (0.3, 0.6)  # from which the limit is extrapolated: what is left is of the order of d⁴, some 3e-8
MAX_TORQUE = 1e-7  # T
PUBLISHED = 0.057069
SOURCE = "M. J. Donahue, D. G. Porter, R. D. McMichael and J. Eicke, J. Appl. Phys. 87, 5520 (2000)"


class StandardProblem2(Problem):
    """The field along (1, 1, 1) is lowered from saturation, and then the root of m along it is sought."""

    name = "standard_problem_2"
    title = "µMAG standard problem 2: coercivity of a bar 5 d × d × 0.1 d for d far below the exchange length"

    def compute(self) -> Result:
        """Compare the coercivity of uniform rotation, and that of bars with exchange, extrapolated to d = 0."""
        found = {ratio: _coercivity(ratio, cells) for ratio, cells in RATIOS.items()}
        limit, weights = _extrapolated(np.array(SMALL) ** 2, np.array([found[ratio] for ratio in SMALL]))
        torque = MAX_TORQUE / (MU_0 * MS)
        rows = [
            Row("Hc / Ms of uniform rotation, from Aharoni's factors", PUBLISHED, uniform_coercivity(), 5e-7, SOURCE,
                "half a unit of the last digit"),
            Row("Hc / Ms, extrapolated from d / l_ex = 0.3 and 0.6", PUBLISHED, limit,
                5e-7 + np.abs(weights).sum() * torque, SOURCE,
                "half a unit of the last digit; the final torque, which acts like a field of its size"),
        ]  # fmt: skip
        return Result(rows, {"standard_problem_2": partial(_draw, found)})


def uniform_coercivity() -> float:
    """Return Hc / Ms of a bar that turns as a whole.

    Where m is across the field h u, N m + h u is parallel to m: m is a principal axis of N in the plane across u, the
    easier one, and h = −u·N m.
    """
    N = np.diag(prism_demagnetising_factors(*SHAPE))
    across = np.eye(3) - np.outer(ALONG, ALONG)
    values, axes = np.linalg.eigh(across @ N @ across)
    easy = axes[:, 1]  # the first is u itself, with 0
    return float(abs(ALONG @ N @ easy)) if values[1] > 0 else np.nan


def _coercivity(ratio: float, cells: tuple[int, int, int]) -> float:
    """Return Hc / Ms for a d over l_ex."""
    edges = SHAPE * WIDTH / np.array(cells)
    A = MU_0 * MS**2 * (WIDTH / ratio) ** 2 / 2
    bar = Simulation(
        Mesh(cells, (edges[0], edges[1], edges[2])), [Exchange(A=A), Demag(), Zeeman(B=(0, 0, 0))], Ms=MS, m=ALONG
    )

    def along(h: float) -> float:
        bar.set("zeeman.B", tuple(-h * MU_0 * MS * ALONG))
        bar.minimize(MAX_TORQUE)
        return float(bar.average_m()[0] @ ALONG)

    for h in (-1, -0.3, -0.1, 0, 0.02, 0.04):
        along(h)
    branch = {0.04: bar.m}  # states before the bar switches

    def on_branch(h: float) -> float:
        bar.m = branch[max(each for each in branch if each <= h)]
        found = along(h)
        if found >= 0:
            branch[h] = bar.m
        return found

    return float(scipy.optimize.brentq(on_branch, 0.04, 0.06, xtol=1e-8))


def _extrapolated(x: NDArray, y: NDArray) -> tuple[float, NDArray]:
    """Return the value at x = 0 of the polynomial through the points, and the weight of each point in it."""
    weights = np.array([np.prod([b / (b - a) for b in x if b != a]) for a in x])
    return float(weights @ y), weights


def _draw(found: dict[float, float], figure: Figure) -> None:
    axes = figure.subplots()
    label(axes, "d / l_ex", "Hc / Ms", "small bars (line: published limit), fdmag (marks)")
    axes.axhline(PUBLISHED, color=COLOURS[0], linewidth=1)
    axes.plot(list(found), list(found.values()), "o", color=COLOURS[1], label="fdmag")
    axes.legend()
