"""The state of a simulation: arrays only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass
class State:
    """Magnetisation, time and step size of every replica.

    Attributes
    ----------
    m : array (batch, 3, nz, ny, nx)
        Unit vectors; zero where Ms = 0.
    t : array (batch,), float64
        Time [s].
    dt : array (batch,), float64
        Step size to try next [s]; NaN before the first step.
    steps, rejected, evaluations : int array (batch,)
        Accepted steps, rejected steps, and evaluations of the field since the start.
    """

    m: NDArray
    t: NDArray[np.float64]
    dt: NDArray[np.float64]
    steps: NDArray[np.int64]
    rejected: NDArray[np.int64]
    evaluations: NDArray[np.int64]

    @classmethod
    def start(cls, m: NDArray) -> "State":
        """Return the state at t = 0 with magnetisation ``m``."""
        batch = m.shape[0]
        count = [np.zeros(batch, np.int64) for _ in range(3)]
        return cls(m, np.zeros(batch), np.full(batch, np.nan), *count)

    @property
    def batch(self) -> int:
        """Number of replicas."""
        return self.m.shape[0]


def normalise(m: NDArray) -> NDArray:
    """Scale the vectors of ``m``, (batch, 3, nz, ny, nx), to length 1 in place; zero vectors stay zero."""
    length = np.sqrt(m[:, 0] ** 2 + m[:, 1] ** 2 + m[:, 2] ** 2)
    length[length == 0] = 1
    m /= length[:, None]
    return m
