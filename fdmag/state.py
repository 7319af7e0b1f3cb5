"""The state of a simulation: arrays only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Held:
    """An array that a device may be ahead of; whoever reads it gets what the device has."""

    def __init__(self, values: NDArray) -> None:
        self._values = values
        self._catch_up: Callable[[NDArray], None] | None = None

    def read(self) -> NDArray:
        """Return the array, up to date; what is written to it does not reach the device."""
        if self._catch_up is not None:
            catch_up, self._catch_up = self._catch_up, None
            catch_up(self._values)
        return self._values

    def left_behind(self, catch_up: Callable[[NDArray], None]) -> None:
        """Say that the array is out of date: ``catch_up`` will be given it to write to before it is next read."""
        self._catch_up = catch_up

    def __getstate__(self) -> dict[str, Any]:
        """Pickle and copy what is true now."""
        return {"_values": self.read(), "_catch_up": None}


@dataclass
class State:
    """Magnetisation, time and step size of every replica.

    Attributes
    ----------
    held : Held
        Where `m` is kept.
    t : array (batch,), float64
        Time [s].
    dt : array (batch,), float64
        Step size to try next [s]; NaN before the first step.
    steps, rejected, evaluations : int array (batch,)
        Accepted steps, rejected steps, and evaluations of the field since the start.
    """

    held: Held
    t: NDArray[np.float64]
    dt: NDArray[np.float64]
    steps: NDArray[np.int64]
    rejected: NDArray[np.int64]
    evaluations: NDArray[np.int64]

    @classmethod
    def start(cls, m: "NDArray | Held") -> "State":
        """Return the state at t = 0 with magnetisation ``m``; states of one `Held` share it."""
        held = m if isinstance(m, Held) else Held(m)
        batch = held.read().shape[0]
        count = [np.zeros(batch, np.int64) for _ in range(3)]
        return cls(held, np.zeros(batch), np.full(batch, np.nan), *count)

    @property
    def m(self) -> NDArray:
        """Magnetisation, (batch, 3, nz, ny, nx): unit vectors; zero where Ms = 0."""
        return self.held.read()

    @property
    def batch(self) -> int:
        """Number of replicas."""
        return self.t.shape[0]


def normalise(m: NDArray) -> NDArray:
    """Scale the vectors of ``m``, (batch, 3, nz, ny, nx), to length 1 in place; zero vectors stay zero."""
    length = np.sqrt(m[:, 0] ** 2 + m[:, 1] ** 2 + m[:, 2] ** 2)
    length[length == 0] = 1
    m /= length[:, None]
    return m
