"""The state of a simulation: arrays only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh


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
    noise_steps : int array (batch,)
        Steps of the noise that are used up; an adaptive solver divides them into parts.
    """

    held: Held
    t: NDArray[np.float64]
    dt: NDArray[np.float64]
    steps: NDArray[np.int64]
    rejected: NDArray[np.int64]
    evaluations: NDArray[np.int64]
    noise_steps: NDArray[np.int64]

    @classmethod
    def start(cls, m: "NDArray | Held") -> "State":
        """Return the state at t = 0 with magnetisation ``m``; states of one `Held` share it."""
        held = m if isinstance(m, Held) else Held(m)
        batch = held.read().shape[0]
        count = [np.zeros(batch, np.int64) for _ in range(4)]
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


def as_vectors(values: ArrayLike, mesh: Mesh) -> NDArray[np.float64]:
    """Return m in the shape (batch | 1, 3, nz | 1, ny | 1, nx | 1)."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"m: {error}; an array of numbers is needed") from error
    shapes = {(3,): (1, 3, 1, 1, 1), (3, *mesh.shape): (1, 3, *mesh.shape)}
    if array.shape in shapes:
        array = array.reshape(shapes[array.shape])
    if array.ndim != 5 or array.shape[1] != 3 or array.shape[2:] not in (mesh.shape, (1, 1, 1)):
        raise ParameterError(
            f"m: array of shape {array.shape}; allowed: (3,), {(3, *mesh.shape)} or (batch, {3}, nz, ny, nx)"
        )
    if not np.all(np.isfinite(array)):
        raise ParameterError("m: a component is not finite")
    return array


def resolve_batch(batch: int | None, counts: Mapping[str, int]) -> int:
    """Return the number of replicas: the one asked for, or what values given per replica imply."""
    if batch is not None and (isinstance(batch, bool) or batch != int(batch) or batch < 1):
        raise ParameterError(f"batch = {batch}; allowed: a whole number of at least 1")
    found = max(counts.values()) if batch is None else int(batch)
    if wrong := {where: count for where, count in counts.items() if count not in (1, found)}:
        raise ParameterError(f"the batch has {found} replicas, but values are given for {wrong}")
    return found
