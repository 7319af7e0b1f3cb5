"""What a run warns of: on the console, in its log, and in ``run.json``."""

import logging

import numpy as np
from numpy.typing import NDArray

from fdmag.modes.turning import unstable_turn
from fdmag.parameter import Parameter
from fdmag.simulation import Simulation

LOG = logging.getLogger("fdmag")


class Resting:
    """States at rest in a stage, and which of them are not stable.

    Each state is turned as a whole, by `fdmag.modes.turning`: where that lowers its energy, what has been found is a
    maximum or a saddle by symmetry, and not what a magnet would do.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        terms = simulation.terms.values()
        self._has_energy = all(term.has_energy() or term.stochastic for term in terms)
        self._seen = 0
        self._found: list[tuple[int, str, int, NDArray]] = []  # number and name of the state

    def look(self, place: str = "") -> None:
        """Look at the state that was just found; ``place`` names it, such as its field."""
        self._seen += 1
        if not self._has_energy:
            return  # a torque without energy may hold m where the energy is not lowest
        axes = unstable_turn(self._simulation, float(self._simulation.max_torque().max()))
        found = [(replica, axis) for replica, axis in enumerate(axes) if np.isfinite(axis).all()]
        self._found += [(self._seen, place, replica, axis) for replica, axis in found]

    def warn(self, stage: int, kind: str) -> None:
        """Warn of what was found."""
        if not self._found:
            return
        _, place, _, axis = self._found[0]
        replicas = len({replica for _, _, replica, _ in self._found})
        states = len({state for state, *_ in self._found})
        where = f" at {states} of {self._seen} field values, first {place}," if place else ""
        which = "" if self._simulation.batch == 1 else f" in {replicas} of {self._simulation.batch} replicas"
        direction = ", ".join(f"{round(float(component), 2) + 0.0:g}" for component in axis)
        LOG.warning(
            "stage %d (%s):%s m%s is at rest but not stable: turned about (%s) its energy falls. It was left there by "
            "symmetry; tilt the field or the initial state by a degree",
            stage, kind, where, which, direction,
        )  # fmt: skip


def lost_field(before: Parameter, direction: NDArray) -> str | None:
    """Return a warning if a hysteresis along ``direction`` takes away a field across it, or one in time; else None."""
    B = before.base
    along = np.sum(B * direction, axis=1, keepdims=True) / np.sum(direction**2, axis=1, keepdims=True)
    across = float(np.abs(B - along * direction).max())
    if not before.drives and across <= 1e-9 * float(np.abs(B).max()):
        return None
    what = "varies in time" if before.drives else f"has {across * 1e3:.4g} mT across the direction"
    return (
        f"it takes the place of the field that is there, which {what}; for a field beside that of the hysteresis write "
        'a second [[terms.zeeman]], and name the one to step: term = "zeeman" or "zeeman_2"'
    )
