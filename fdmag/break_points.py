"""What an integrator must know of the drives of a magnet: where to stop, and how long a step may be."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.signals import ROUNDING, Signal, cautious


def step_limit(drives: Iterable[Callable], duration: float) -> float:
    """Return the longest step [s] that follows all drives; a plain function is met with caution."""
    return min(
        (drive.step_limit(duration) if isinstance(drive, Signal) else cautious(duration) for drive in drives),
        default=np.inf,
    )


def edges(drives: Iterable[Callable], start: float, stop: float) -> NDArray[np.float64]:
    """Return the edges [s] of all drives behind ``start``, up to ``stop`` and what rounds to it, in order.

    Of those that differ by rounding only, the last is kept.
    """
    found = [drive.edges(start, stop + ROUNDING * abs(stop)) for drive in drives if isinstance(drive, Signal)]
    times = np.unique(np.concatenate([np.empty(0), *found]))
    return times[np.diff(times, append=np.inf) > 2 * gap(times)]


def gap(*times: ArrayLike) -> NDArray[np.float64]:
    """Return how long before an edge [s] the last step to it ends: no stage of it then sees what is behind.

    ``times`` [s] are those whose rounding counts, the edge and where the step begins.
    """
    return 4 * ROUNDING * np.max(np.abs(np.broadcast_arrays(*times)), axis=0)


def jumps(drives: Iterable[Callable], before: float, after: float) -> bool:
    """Return whether a signal has another value behind an edge, at ``after`` [s], than before it, at ``before``."""
    times = np.array([before, after])
    for drive in drives:
        if isinstance(drive, Signal):
            old, new = drive(times)
            if abs(new - old) > 1e-6 * max(abs(old), abs(new)):
                return True
    return False
