"""What an integrator must know of the drives of a magnet: where to stop, and how long a step may be."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.replica_signals import ReplicaSignals
from fdmag.signals import ROUNDING, Signal, cautious


def step_limit(drives: Iterable[Callable], duration: float) -> NDArray[np.float64]:
    """Return the longest step [s] that follows all drives, () or (batch,); a plain function is met with caution."""
    limit = np.array(np.inf)
    for drive in drives:
        if isinstance(drive, ReplicaSignals):
            limit = np.minimum(limit, drive.step_limits(duration))
        else:
            own = drive.step_limit(duration) if isinstance(drive, Signal) else cautious(duration)
            limit = np.minimum(limit, own)
    return limit


def edges(drives: Iterable[Callable], start: float, stop: float) -> NDArray[np.float64]:
    """Return the edges [s] of all drives behind ``start``, up to ``stop`` and what rounds to it, in order.

    Of those that differ by rounding only, the last is kept.
    """
    found = [drive.edges(start, stop + ROUNDING * abs(stop)) for drive in drives if isinstance(drive, Signal)]
    times = np.unique(np.concatenate([np.empty(0), *found]))
    return times[np.diff(times, append=np.inf) > 2 * gap(times)]


def edges_of_replicas(
    drives: Iterable[Callable], start: NDArray[np.float64], stop: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the `edges` of each replica from its ``start`` to its ``stop``, (batch,) [s]: (batch, n).

    Behind its last one a row holds infinity.
    """
    drives, batch = list(drives), start.size
    alike = np.ptp(start) == 0 and np.ptp(stop) == 0
    if alike and not any(isinstance(drive, ReplicaSignals) for drive in drives):
        common = edges(drives, start[0], stop[0])
        return np.broadcast_to(common, (batch, common.size))
    rows = [
        edges(
            [drive.signals[row] if isinstance(drive, ReplicaSignals) else drive for drive in drives],
            start[row], stop[row],
        )
        for row in range(batch)
    ]  # fmt: skip
    found = np.full((batch, max(row.size for row in rows)), np.inf)
    for target, row in zip(found, rows, strict=True):
        target[: row.size] = row
    return found


def gap(*times: ArrayLike) -> NDArray[np.float64]:
    """Return how long before an edge [s] the last step to it ends: no stage of it then sees what is behind.

    ``times`` [s] are those whose rounding counts, the edge and where the step begins.
    """
    return 4 * ROUNDING * np.max(np.abs(np.broadcast_arrays(*times)), axis=0)


def jumps(
    drives: Iterable[Callable], before: NDArray[np.float64], after: NDArray[np.float64], replicas: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return whether a signal has another value behind an edge, at ``after`` [s], than before it, at ``before``.

    All arrays are (n,): the edges of the ``replicas``.
    """
    found = np.zeros(replicas.size, bool)
    for drive in drives:
        if isinstance(drive, Signal):
            old, new = (_values(drive, t, replicas) for t in (before, after))
            found |= np.abs(new - old) > 1e-6 * np.maximum(np.abs(old), np.abs(new))
    return found


def _values(drive: Signal, t: NDArray[np.float64], replicas: NDArray[np.intp]) -> NDArray[np.float64]:
    return drive.of(t, replicas) if isinstance(drive, ReplicaSignals) else drive(t)
