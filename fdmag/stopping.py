"""Stopping replicas in a run when they meet a criterion: when that is, and how the state gets there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError
from fdmag.solvers.stages import Stepper
from fdmag.state import State

Distance = Callable[[NDArray[np.intp]], NDArray[np.float64]]
"""Distances (n,) of some replicas from their criterion: above 0 before it is met, at most 0 when it is."""


@dataclass(frozen=True)
class BoundedDistance:
    """A distance that changes by at most ``steepness`` times the largest |Δm| of a cell."""

    of: Distance
    steepness: float = 1.0

    def __call__(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the distances of some replicas."""
        return self.of(rows)


@runtime_checkable
class Criterion(Protocol):
    """What stops a replica in `fdmag.simulation.Simulation.run`."""

    def distances(self, simulation: Any) -> Distance:
        """Return what computes the distance of some replicas of a simulation from the criterion.

        Where it is a `BoundedDistance`, compiled code takes steps without looking while m cannot have come so far.
        Raises `ParameterError` if the simulation has no such quantity.
        """


def distance_of(until: Criterion | Callable[[Any], ArrayLike], simulation: Any) -> Distance:
    """Return the distance of a simulation's replicas from a criterion, or by a function that tells which have met it.

    Raises
    ------
    ParameterError
        If the simulation has no such quantity, or, when it is called, the function returns something else.
    """
    if isinstance(until, Criterion):
        return until.distances(simulation)

    def distance(rows: NDArray[np.intp]) -> NDArray[np.float64]:
        met = np.asarray(until(simulation))
        if met.dtype != bool or met.shape != (simulation.batch,):
            raise ParameterError(
                f"run: until returned {met.dtype} of shape {met.shape}; needed: one bool for each of "
                f"{simulation.batch} replicas, shape ({simulation.batch},)"
            )
        return np.where(met[rows], -1.0, 1.0)

    return distance


CLOSE = 1e-9  # of a step: how well the time at which a criterion is met is found
MOST_TRIALS = 60


class Running(Protocol):
    """What stopping needs of an integrator."""

    stepper: Stepper
    stopped: NDArray[np.bool_]


class Stopping:
    """Watches replicas after their steps, and stops those that have met the criterion.

    Without noise the step in which a replica met it is repeated with other lengths, down to `CLOSE` of it, by the
    Illinois form of the regula falsi: m and t are then those at which the criterion is just met. A step through noise
    is not repeated, since a part of its Brownian path would be another path: the replica stops at the end of the step,
    and only the time is interpolated, linearly. Whether a path has met the criterion and gone back within a step is not
    seen.

    Parameters
    ----------
    state : State
    distance : callable
    stopped : bool array (batch,)
        Which replicas do not take part any more; set here.

    Attributes
    ----------
    times : array (batch,)
        When each replica met the criterion [s]; NaN where it did not.

    Source: M. Dowell and P. Jarratt, BIT 11, 168 (1971).
    """

    def __init__(self, state: State, distance: Distance, stopped: NDArray[np.bool_]) -> None:
        self.state, self.distance, self.stopped = state, distance, stopped
        self.times = np.full(state.batch, np.nan)
        self._t = state.t.copy()
        self._before = np.full(state.batch, np.inf)
        self._m: NDArray | None = None

    @property
    def bounded(self) -> bool:
        """Whether `room` is known."""
        return isinstance(self.distance, BoundedDistance)

    def room(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return how far m of every cell of these replicas may move before the criterion can be met, (n,).

        Half of what follows from the distance: m is scaled to length 1 after a step, which moves it by no more than the
        step has moved it.
        """
        assert isinstance(self.distance, BoundedDistance)
        return np.ascontiguousarray(self._before[rows] / (2 * self.distance.steepness))

    def begin(self, noisy: bool) -> None:
        """Take the present state as the start of the next step; what meets the criterion already stops here."""
        running = np.flatnonzero(~self.stopped)
        if running.size:
            self._before[running] = self.distance(running)
            self._stop(running[self._before[running] <= 0])
        self._t[:] = self.state.t
        self._m = None if noisy else self.state.m.copy()

    def look(self, integrator: Running) -> NDArray[np.intp]:
        """Stop the replicas that met the criterion in the last step; return those whose m was changed."""
        state = self.state
        moved = np.flatnonzero((state.t > self._t) & ~self.stopped)
        if not moved.size:
            return moved
        now = self.distance(moved)
        met = now <= 0
        ended, changed = moved[met], moved[:0]
        if ended.size:
            if self._m is None:
                before = self._before[ended]
                share = np.where(np.isfinite(before), before / (before - now[met]), 1.0)
                self._stop(ended, self._t[ended] + share * (state.t[ended] - self._t[ended]))
            else:
                self._go_back(integrator, ended, now[met])
                self._stop(ended)
                changed = ended
        going = moved[~met]
        self._before[going], self._t[going] = now[~met], state.t[going]
        if self._m is not None and going.size:
            if going.size == state.batch:
                self._m[:] = state.m
            else:
                self._m[going] = state.m[going]
        return changed

    def _stop(self, rows: NDArray[np.intp], times: NDArray[np.float64] | None = None) -> None:
        self.stopped[rows] = True
        self.times[rows] = self.state.t[rows] if times is None else times

    def _go_back(self, integrator: Running, rows: NDArray[np.intp], met: NDArray[np.float64]) -> None:
        """Bring replicas that met the criterion within their last step to where they just do."""
        state, stepper = self.state, integrator.stepper
        assert self._m is not None
        start, begun = self._m[rows], self._t[rows]
        low, high = np.zeros(rows.size), state.t[rows] - begun  # lengths at which it is not, and is met
        above, below = self._before[rows].copy(), met.copy()
        close = CLOSE * high
        side = np.zeros(rows.size, np.int8)  # which end the last trial replaced, -1: low
        left = np.arange(rows.size)
        for trial in range(MOST_TRIALS):
            left = left[high[left] - low[left] > close[left]]
            if not left.size:
                break
            a, b, f, g = low[left], high[left], above[left], below[left]
            # A criterion that is yes or no has no slope, and one that does not shrink its bracket is halved.
            length = a + (b - a) * np.where((np.abs(f) == np.abs(g)) | (trial % 8 == 7), 0.5, f / (f - g))
            length = np.clip(length, a + close[left] / 4, b - close[left] / 4)
            self._step(stepper, rows[left], start[left], begun[left], length)
            found = self.distance(rows[left])
            yes = found <= 0
            up, down = left[yes], left[~yes]
            high[up], below[up] = length[yes], found[yes]
            above[up[side[up] == 1]] /= 2
            low[down], above[down] = length[~yes], found[~yes]
            below[down[side[down] == -1]] /= 2
            side[up], side[down] = 1, -1
        self._step(stepper, rows, start, begun, high)

    def _step(
        self, stepper: Stepper, rows: NDArray[np.intp], m: NDArray, t: NDArray[np.float64], dt: NDArray[np.float64]
    ) -> None:
        """Make one step of these lengths from m and t."""
        self.state.m[rows], self.state.t[rows] = m, t
        stepper.forget(rows)
        stepper.attempt(rows, dt)
        stepper.accept(np.ones(rows.size, bool))
        self.state.t[rows] = t + dt
