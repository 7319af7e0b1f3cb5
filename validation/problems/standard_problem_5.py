"""µMAG standard problem 5: a vortex driven by a spin-polarised current, against two published solutions."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fdmag.constants import ELEMENTARY_CHARGE, HBAR
from fdmag.initial import vortex
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, ZhangLi
from validation.plots import COLOURS, label
from validation.problem import Problem, Result, Row

XI = (0.0, 0.05)
CELLS = (20, 40)  # along an edge of 100 nm; the error is of second order in the cell size
DURATION, INTERVAL = 8e-9, 50e-12
MS, ALPHA, GAMMA, DRIFT = 8e5, 0.1, 1.7594579e11, 72.35  # A/m, 1, 2.211e5 m/(A s), m/s
END = 0.004
SOURCE = (
    "M. Najafi et al., J. Appl. Phys. 105, 113914 (2009): standard problem 5, solutions submitted by D. Porter and by "
    "G. Finocchio"
)
BASIS = "what the two solutions differ by, twice, and 0.004 for their own cells"

TIMES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.4, 1.6, 1.8, 2, 2.25, 2.5, 2.75, 3, 3.5, 4, 4.5, 5,
         5.5, 6, 7, 8)  # fmt: skip
"""[ns]"""
PUBLISHED = np.array([
    [  # xi = 0
        [  # Porter: mx, my
            [-329, -996, -1816, -2598, -3185, -3494, -3510, -3264, -2829, -2306, -1429, -1258, -1766, -2427, -2734,
             -2456, -1925, -1763, -2042, -2359, -1983, -2185, -2187, -2077, -2185, -2127, -2133],
            [901, 1540, 1802, 1670, 1218, 588, -76, -654, -1044, -1182, -748, 127, 717, 663, 149,
             -434, -409, 36, 324, -101, -73, 126, -86, 17, 29, 22, -10],
        ],
        [  # Finocchio: mx, my
            [-327, -987, -1801, -2577, -3161, -3470, -3488, -3246, -2815, -2296, -1425, -1250, -1750, -2407, -2716,
             -2446, -1919, -1752, -2025, -2347, -1973, -2169, -2176, -2064, -2170, -2113, -2120],
            [895, 1529, 1790, 1660, 1213, 589, -71, -646, -1034, -1173, -747, 120, 709, 661, 154,
             -427, -409, 30, 320, -96, -76, 126, -84, 15, 30, 21, -11],
        ],
    ],
    [  # xi = 0.05
        [  # Porter: mx, my
            [-260, -881, -1687, -2480, -3097, -3447, -3506, -3299, -2893, -2384, -1490, -1261, -1722, -2377, -2713,
             -2478, -1959, -1771, -2023, -2359, -1994, -2175, -2191, -2079, -2180, -2126, -2134],
            [939, 1631, 1955, 1882, 1477, 875, 217, -373, -792, -969, -608, 243, 862, 860, 380,
             -212, -229, 193, 494, 107, 105, 312, 110, 199, 218, 207, 177],
        ],
        [  # Finocchio: mx, my
            [-258, -874, -1673, -2460, -3074, -3423, -3483, -3280, -2878, -2375, -1486, -1254, -1706, -2357, -2695,
             -2468, -1953, -1760, -2006, -2346, -1984, -2159, -2180, -2067, -2166, -2113, -2122],
            [933, 1619, 1942, 1870, 1471, 874, 221, -366, -783, -961, -607, 235, 853, 857, 384,
             -206, -229, 186, 488, 111, 101, 310, 111, 195, 218, 205, 176],
        ],
    ],
])  # fmt: skip
"""Average mx and my of the submitted solutions at TIMES, in units of 1e-4: (xi, solution, component, time)."""


class StandardProblem5(Problem):
    """Both non-adiabaticities are replicas of one run; two cell sizes, extrapolated to none."""

    name = "standard_problem_5"
    title = "µMAG standard problem 5: a vortex displaced by a spin-polarised current, 8 ns"
    slow = True

    def compute(self) -> Result:
        """Run on cells of 5 and 2.5 nm and compare ⟨mx⟩ and ⟨my⟩ of the extrapolation."""
        return compare(*(curves(cells) for cells in CELLS))


def curves(cells: int) -> NDArray[np.float64]:
    """Return ⟨mx⟩ and ⟨my⟩ every 50 ps from 0 to 8 ns, (time, xi, component)."""
    edge = 100e-9 / cells
    mesh = Mesh((cells, cells, 1), (edge, edge, 10e-9))
    J = 2 * ELEMENTARY_CHARGE * MS * DRIFT / (GAMMA * HBAR)  # u = −72.35 m/s along x
    magnet = Simulation(
        mesh, [Exchange(A=13e-12), Demag(), ZhangLi(J=(0, 0, 0), P=1, xi=PerReplica(XI))], Ms=MS, alpha=ALPHA,
        gamma=GAMMA, m=vortex(mesh),
    )  # fmt: skip
    magnet.relax(1e-4)
    magnet.set("zhang_li.J", (J, 0, 0))
    found = []
    magnet.run(DURATION, every=INTERVAL, callback=lambda now: found.append(now.average_m()[:, :2]))
    return np.array(found)


def compare(coarse: NDArray, fine: NDArray) -> Result:
    """Return the rows for ⟨m⟩ on cells of 5 and of 2.5 nm, (time, xi, component)."""
    ours = (4 * fine - coarse) / 3
    places = np.round(np.array(TIMES) * 1e-9 / INTERVAL).astype(int)
    solutions = PUBLISHED * 1e-4
    rows = []
    for k, xi in enumerate(XI):
        for c, name in enumerate(("mx", "my")):
            mean, spread = solutions[k, :, c].mean(axis=0), np.ptp(solutions[k, :, c], axis=0)
            deviation = np.abs(ours[places, k, c] - mean)
            rows += [
                Row(f"xi = {xi:g}: largest |⟨{name}⟩ − mean| / (2 spread + 0.004), 0.1 to 8 ns", 0,
                    np.max(deviation / (2 * spread + END)), 1, SOURCE, BASIS),
                Row(f"xi = {xi:g}: ⟨{name}⟩ at 8 ns", mean[-1], ours[places[-1], k, c], END, SOURCE,
                    "spread of the published solutions over their cells"),
            ]  # fmt: skip
    return Result(rows, {"standard_problem_5": partial(_draw, ours)})


def _draw(ours: NDArray, figure: Figure) -> None:
    t = np.arange(len(ours)) * INTERVAL * 1e9
    for k, (xi, axes) in enumerate(zip(XI, figure.subplots(1, 2), strict=True)):
        label(axes, "t [ns]", "⟨m⟩", f"standard problem 5, xi = {xi:g}")
        for c, name in enumerate(("mx", "my")):
            axes.plot(t, ours[:, k, c], color=COLOURS[c], label=f"⟨{name}⟩, fdmag")
            for solution, marker in enumerate("+x"):
                axes.plot(TIMES, PUBLISHED[k, solution, c] * 1e-4, marker, color=COLOURS[c], markersize=4)
        for who, marker in zip(("D. Porter", "G. Finocchio"), "+x", strict=True):
            axes.plot([], [], marker, color="black", markersize=4, label=f"published, {who}")
        if k == 0:
            figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4)
