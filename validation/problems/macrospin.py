"""A macrospin in a constant field: precession and damping against the closed form."""

from functools import partial

import numpy as np

from fdmag.analytic.macrospin import macrospin_trajectory, precession_frequency
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import Zeeman
from validation.measure import angular_frequency
from validation.problem import Problem, Result, Row

DAMPING = (0.0, 0.02, 0.5)
FIELD = np.array([0.1, 0.2, 0.4])  # T
START = (1.0, 0.2, -0.3)  # less than 90° from the field: the exact flow then makes no error grow
DURATION = 1e-9
TOLERANCE = 1e-9
SOURCE = "closed form, R. Kikuchi, J. Appl. Phys. 27, 1352 (1956)"


class Macrospin(Problem):
    """Three dampings as replicas, by the default integrator."""

    name = "macrospin"
    title = "Precession and damping of a macrospin in a constant field, 1 ns"

    def compute(self) -> Result:
        """Compare m(t) every 5 ps, and the frequency without damping."""
        simulation = Simulation(
            Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9)), [Zeeman(B=FIELD)], Ms=8e5, alpha=PerReplica(DAMPING), m=START
        )
        t, m = [], []

        def record(current: Simulation) -> None:
            t.append(current.t[0])
            m.append(current.m[:, :, 0, 0, 0])

        simulation.run(DURATION, every=5e-12, callback=record, tolerance=TOLERANCE)
        times, path = np.array(t), np.array(m)
        exact = macrospin_trajectory(times[:, None], START, FIELD, np.array(DAMPING))
        deviation = np.abs(path - exact).max(axis=(0, 2))
        bounds = simulation.state.steps * TOLERANCE
        bounded = partial(Row, source=SOURCE, basis="number of steps times the local error allowed in each, 1e-9")
        rows = [
            bounded(f"largest error of m in 1 ns, α = {alpha:g}", 0, error, bound)
            for alpha, error, bound in zip(DAMPING, deviation, bounds, strict=True)
        ]
        strength = float(np.linalg.norm(FIELD))
        omega = float(precession_frequency(strength))
        rows.append(
            Row(
                "frequency, α = 0",
                omega / 2e9 / np.pi,
                angular_frequency(times, path[:, 0, 0]) / 2e9 / np.pi,
                bounds[0] / DURATION / 2e9 / np.pi,
                "γ B / 2π",
                "the phase error, at most that of m, spread over 1 ns",
                "GHz",
            )
        )
        return Result(rows)
