"""What a run warns of: on the console, in its log, and in ``run.json``."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from fdmag.constants import MU_0
from fdmag.modes.turning import unstable_turn
from fdmag.parameter import Parameter
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, UniaxialAnisotropy

LOG = logging.getLogger("fdmag")


class _Taker(logging.Handler):
    def __init__(self, take: Callable[[str], None]) -> None:
        super().__init__()
        self._take = take
        self.addFilter(lambda record: record.levelno == logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        self._take(record.getMessage())


@contextmanager
def warnings_to(take: Callable[[str], None]) -> Iterator[None]:
    """Hand every warning of fdmag to a function."""
    handler = _Taker(take)
    LOG.addHandler(handler)
    try:
        yield
    finally:
        LOG.removeHandler(handler)


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


def coarse_cells(simulation: Simulation) -> str | None:
    """Return a warning if cells are more than twice as long as what exchange keeps parallel, or None.

    That length is the shorter of sqrt(2A/(µ0 Ms²)), where demag acts, and sqrt(A/|Ku1|): below it m does not turn by
    much from cell to cell. An axis along which the magnet is one cell long is not resolved by choice and does not
    count, nor does a mesh without exchange.
    """
    terms = simulation.terms.values()
    exchange = next((term for term in terms if isinstance(term, Exchange)), None)
    if exchange is None:
        return None
    edges = [edge for edge, count in zip(simulation.mesh.cell_size, simulation.mesh.cells, strict=True) if count > 1]
    Ms, A = simulation.magnet.material.Ms.base, exchange.A.base
    lengths = {}
    with np.errstate(all="ignore"):
        if any(isinstance(term, Demag) for term in terms):
            lengths["sqrt(2A/(µ0 Ms²))"] = np.sqrt(2 * A / (MU_0 * Ms**2))
        for term in terms:
            if isinstance(term, UniaxialAnisotropy):
                lengths["sqrt(A/Ku1)"] = np.sqrt(A / np.abs(term.Ku1.base))
    magnetic = simulation.magnetic[:, None]
    shortest = {
        name: float(np.where(np.isfinite(found) & (found > 0) & magnetic, found, np.inf).min())
        for name, found in lengths.items()
    }
    name = min(shortest, key=lambda key: shortest[key], default="")
    if not name or not edges or max(edges) <= 2 * shortest[name]:
        return None
    return (
        f"cells are up to {max(edges) * 1e9:.3g} nm long, but the exchange length {name} is {shortest[name] * 1e9:.3g} "
        "nm: walls and vortices are not resolved; take cells no longer than it"
    )


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
