"""Orders of convergence in time: of a macrospin, whose path is known, and of a coupled chain."""

from collections.abc import Mapping
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from fdmag.analytic.macrospin import macrospin_trajectory
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.solvers.integrator import Integrator
from fdmag.solvers.tableau import METHODS, RK4_ADAMS
from fdmag.terms import Demag, Exchange, UniaxialAnisotropy, Zeeman
from validation.measure import order
from validation.plots import COLOURS, MARKERS, label
from validation.problem import Problem, Result, Row

FIELD, START = (0.1, 0.2, 0.4), (1.0, 0.2, -0.3)
MACROSPIN_TIME, CHAIN_TIME = 1e-10, 5e-11  # s
OUTPUTS = 10
# Short enough for the leading term of the error to rule, long enough for rounding not to matter. For a rotation that
# term is small in Dormand–Prince: below 200 steps it and the next one cancel in part, and the slope is 4.5 at 80 to 240
# steps, above 6 at fewer than 60.
MACROSPIN_STEPS = {  # not of rk4_adams, which is rk4 where there is no demag
    "dormand_prince": (240, 320, 400, 480),
    "rk4": (80, 160, 320, 640),
    "bogacki_shampine": (160, 320, 640, 1280),
    "heun": (160, 320, 640, 1280),
    "implicit_midpoint": (160, 320, 640, 1280),
}
CHAIN_STEPS = {
    "dormand_prince": (80, 120, 160, 240),
    "rk4_adams": (320, 640, 1280, 2560),
    "rk4": (160, 320, 640, 1280),
    "bogacki_shampine": (160, 320, 640, 1280),
    "heun": (320, 640, 1280, 2560),
    "implicit_midpoint": (320, 640, 1280, 2560),
}
# Each method is judged by another one with much shorter steps.
REFERENCES = dict.fromkeys(METHODS, ("rk4", 10_000)) | {"rk4": ("dormand_prince", 2000)}
TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8)

Curves = Mapping[str, tuple[NDArray, ...]]


class TimeOrder(Problem):
    """The slope of log(error) over log(dt), and over log(tolerance) where the step is adapted."""

    name = "time_order"
    title = "Order of convergence in time: macrospin; chain with exchange, demag, anisotropy and field"

    def compute(self) -> Result:
        """Measure the slopes of all methods."""
        references = {pair: _chain(pair[0], dt=CHAIN_TIME / pair[1])[0] for pair in set(REFERENCES.values())}
        macrospin, chain, adaptive = {}, {}, {}
        for method in METHODS:
            reference = references[REFERENCES[method]]
            if method in MACROSPIN_STEPS:
                counts = np.array(MACROSPIN_STEPS[method])
                macrospin[method] = MACROSPIN_TIME / counts, np.array([_macrospin_error(method, n) for n in counts])
            steps = CHAIN_TIME / np.array(CHAIN_STEPS[method])
            chain[method] = steps, np.array([_largest(_chain(method, dt=dt)[0] - reference) for dt in steps])
            if METHODS[method].b_error is not None and METHODS[method].order > 2:  # Heun's steps would be too many
                runs = [_chain(method, tolerance=tolerance) for tolerance in TOLERANCES]
                errors = np.array([_largest(m - reference) for m, _ in runs])
                adaptive[method] = np.array(TOLERANCES), errors, np.array([count for _, count in runs])
        exact = partial(
            Row,
            basis="half-way to the next order is 0.5; at the steps used the next term of the error "
            "moves the slope less",
        )
        rows = [
            exact(f"{kind}, {method}: order", METHODS[method].order, order(*curves[method]), 0.3, source)
            for kind, curves, source in (
                ("macrospin", macrospin, "order of the method; error against the closed form"),
                ("chain", chain, "order of the method; error against another method at 10 times more steps"),
            )
            for method in curves
        ]
        for method, (tolerances, errors, counts) in adaptive.items():
            rows += [
                Row(
                    f"chain, {method}: slope of error over tolerance",
                    1,
                    order(tolerances, errors),
                    0.15,
                    "local error per step and global error of an embedded pair with local extrapolation fall alike",
                    "the step controller may lag by a few per cent of a decade at each end of four decades",
                ),
                Row(
                    f"chain, {method}: largest error / (steps × tolerance)",
                    0,
                    np.max(errors / (counts * tolerances)),
                    1,
                    "the local error of every step is within the tolerance",
                    "the local errors may add up fully, and damping does not amplify them",
                ),
            ]
        return Result(rows, {"time_order": partial(_draw, macrospin, chain, adaptive)})


def _macrospin_error(method: str, steps: int) -> float:
    """Largest error at ten times on the path, so that no chance zero of the error counts."""
    mesh = Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9))
    simulation = Simulation(mesh, [Zeeman(B=FIELD)], Ms=8e5, alpha=0.1, m=START)
    errors = []

    def compare(current: Simulation) -> None:
        exact = macrospin_trajectory(current.t[0], START, FIELD, 0.1)
        errors.append(_largest(current.m[0, :, 0, 0, 0] - exact))

    simulation.run(
        MACROSPIN_TIME, every=MACROSPIN_TIME / OUTPUTS, callback=compare, solver=method, dt=MACROSPIN_TIME / steps
    )
    return max(errors)


def _chain(method: str, dt: float | None = None, tolerance: float = 1e-5) -> tuple[NDArray[np.float64], int]:
    """Return m at the end, and the number of steps, of 12 cells in a smooth spiral."""
    mesh = Mesh((12, 1, 1), (4e-9, 4e-9, 4e-9))
    angle = np.pi * (mesh.x / mesh.size[0] + 0.5)
    terms = [Exchange(A=13e-12), Demag(), UniaxialAnisotropy(Ku1=3e5, axis=(0, 1, 1)), Zeeman(B=(0.1, 0, 0.3))]
    m = np.stack([np.sin(angle), 0.3 * np.cos(2 * angle), np.cos(angle)])
    simulation = Simulation(mesh, terms, Ms=8e5, alpha=0.05, m=m)
    if dt is not None and method == RK4_ADAMS.name:  # which a run would refuse
        Integrator(simulation.magnet.stepper(simulation.state, RK4_ADAMS), dt=dt).advance(CHAIN_TIME)
    else:
        simulation.run(CHAIN_TIME, solver=method, dt=dt, tolerance=tolerance)
    return simulation.m, int(simulation.state.steps[0])


def _largest(difference: NDArray[np.float64]) -> float:
    return float(np.abs(difference).max())


def _draw(macrospin: Curves, chain: Curves, adaptive: Curves, figure: Figure) -> None:
    left, middle, right = figure.subplots(1, 3)
    for axes, curves, title in ((left, macrospin, "macrospin"), (middle, chain, "chain")):
        label(axes, "time step [ps]", "largest error of m", title)
        for method, (steps, errors) in curves.items():
            i, slope = list(chain).index(method), f"{method}: {order(steps, errors):.2f}"
            axes.loglog(steps * 1e12, errors, MARKERS[i] + "-", color=COLOURS[i], label=slope)
        axes.legend(fontsize="small", labelspacing=0.2, title="order", loc="upper center", bbox_to_anchor=(0.5, -0.22))
        axes.xaxis.set_minor_formatter(NullFormatter())
    label(right, "tolerance", "largest error of m", "chain, adaptive step")
    for method, (tolerances, errors, _) in adaptive.items():
        i = list(chain).index(method)
        right.loglog(tolerances, errors, MARKERS[i] + "-", color=COLOURS[i], label=method)
    right.legend(fontsize="small", labelspacing=0.2, loc="upper center", bbox_to_anchor=(0.5, -0.22))
