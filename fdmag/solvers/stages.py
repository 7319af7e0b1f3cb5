"""One step of a Runge–Kutta method: what the integrator asks of a device, and the reference in NumPy."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from fdmag.noise import Noise
from fdmag.solvers.llg import max_length
from fdmag.solvers.slow_field import SlowField
from fdmag.solvers.step_control import Adaptive, Course, Pace
from fdmag.solvers.tableau import Tableau
from fdmag.state import State, normalise

RightHandSide = Callable[[NDArray, NDArray[np.float64], NDArray[np.intp] | None], NDArray]
"""dm/dt of (m, t, replicas): m (n, 3, nz, ny, nx), t (n,), and which replicas the n rows are (None: all)."""

Room = Callable[[NDArray[np.intp]], NDArray[np.float64]]
"""Returns how far m of any cell of some replicas may move, (n,), before there is something to do."""


class Stepper(ABC):
    """Tries steps of some replicas of a state and commits the good ones; which they are is the caller's business.

    Rows are numbers of replicas in rising order. `accept` and `advance` change m; only the latter changes t, dt, steps
    and rejected. A device fills in `_begin`, `_fastest`, `_attempt` and `_accept`.

    Parameters
    ----------
    state : State
    tableau : Tableau
    """

    def __init__(self, state: State, tableau: Tableau) -> None:
        self.state = state
        self.tableau = tableau
        self._known = np.zeros(state.batch, bool)  # whether the slope at the present state is at hand
        self._tried = np.arange(state.batch)
        self._divided = False
        self.noise: Noise | None = None
        """The noise of the right-hand side, if there is any: each attempt then has a part of a step of it."""

    def forget(self, rows: NDArray[np.intp] | slice = slice(None)) -> None:
        """Begin anew from the present state of all or some replicas: m, t or a parameter was changed from outside."""
        self._known[rows] = False

    def fastest(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the largest |dm/dt| over the cells of these replicas now, (n,); NaN if one is."""
        self._find_slopes(rows)
        return self._fastest(rows)

    def attempt(
        self, rows: NDArray[np.intp], dt: NDArray[np.float64], part: NDArray[np.int64] | None = None
    ) -> tuple[NDArray, NDArray]:
        """Try one step ``dt``, (n,), of these replicas from their present m and t; the state stays as it is.

        ``part``, (n,), says which part of their present step of the noise it is (see `fdmag.noise.increments`); by
        default the whole, which is used up when the attempt is accepted.

        Returns
        -------
        error, displacement : arrays (n,), float64
            Largest local error of m over the cells (zero if the method has no estimate), and largest |Δm|.
        """
        self._divided = part is not None
        if self.noise is None:
            return self._attempt_from_slopes(rows, dt)
        self._known[rows] = False
        parts = np.ones(rows.size, np.int64) if part is None else part
        with self.noise.during(rows, self.state.noise_steps[rows], parts, dt, self._divided):
            return self._attempt_from_slopes(rows, dt)

    def advance(
        self,
        rows: NDArray[np.intp],
        ends: NDArray[np.float64],
        attempts: int,
        choice: Adaptive | Course,
        room: NDArray[np.float64] | None = None,
    ) -> NDArray[np.uint8] | None:
        """Try up to so many steps of each of these replicas towards ``ends``, (n,) [s], as an integrator takes them.

        Every ``state.dt`` in question is known, and no edge of a signal lies before the end. The state and what belongs
        to ``choice`` are brought up to date. With ``room``, (n,), the largest |Δm| of all steps together stay below it,
        unless there is one step only.

        Returns
        -------
        array (n,): 0 on the way, 1 at the end, 2 (`FAILED`) where a step failed, before which the state then is. None
        if the device cannot do so now.
        """
        return None

    def advance_at_pace(
        self,
        pace: Pace | None,
        rows: NDArray[np.intp],
        ends: NDArray[np.float64],
        choice: Adaptive | Course,
        room: Room | None,
    ) -> NDArray[np.uint8] | None:
        """Return what `advance` does with one attempt, or with as many as suit a pace, which is measured."""
        state, left = self.state, None if room is None else room(rows)
        if pace is None:
            return self.advance(rows, ends, 1, choice, left)
        before, begun = state.steps[rows] + state.rejected[rows], perf_counter()
        outcomes = self.advance(rows, ends, pace.attempts, choice, left)
        if outcomes is not None:
            tried = state.steps[rows] + state.rejected[rows] - before
            pace.measure(perf_counter() - begun, int(tried.max()))
        return outcomes

    def _attempt_from_slopes(self, rows: NDArray[np.intp], dt: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        self._find_slopes(rows)
        self.state.evaluations[rows] += self.tableau.stages - 1
        self._tried = rows
        return self._attempt(rows, dt)

    def accept(self, accepted: NDArray[np.bool_]) -> None:
        """Commit the last attempt where ``accepted``, (n,): m becomes the solution, of unit length."""
        chosen = self._tried[accepted]
        if chosen.size:
            self._accept(chosen, accepted)
            self._known[chosen] = self.tableau.first_same_as_last
            if self.noise is not None and not self._divided:
                self.state.noise_steps[chosen] += 1

    def _find_slopes(self, rows: NDArray[np.intp]) -> None:
        known = self._known[rows]
        if not known.all():
            missing = rows[~known]
            self._begin(missing)
            self._known[missing] = True
            self.state.evaluations[missing] += 1

    @abstractmethod
    def _begin(self, rows: NDArray[np.intp]) -> None:
        """Evaluate the slope of these replicas at the present state and keep it."""

    @abstractmethod
    def _fastest(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the largest |slope| of these replicas, (n,), of the slopes kept."""

    @abstractmethod
    def _attempt(self, rows: NDArray[np.intp], dt: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        """As `attempt`, with the slopes at the present state at hand."""

    @abstractmethod
    def _accept(self, chosen: NDArray[np.intp], accepted: NDArray[np.bool_]) -> None:
        """Commit the replicas ``chosen``, which are the rows ``accepted`` of the last attempt.

        If the tableau's last stage is the first of the next step, its slope is the one to keep for them.
        """


class ArrayStepper(Stepper):
    """`Stepper` in NumPy, for any right-hand side: the specification of the others.

    With a slow field the right-hand side takes it as a fourth argument.
    """

    def __init__(
        self, rhs: Callable[..., NDArray], state: State, tableau: Tableau, slow_field: SlowField | None = None
    ) -> None:
        super().__init__(state, tableau)
        self.rhs = rhs
        self._slow_field = slow_field
        self._slope = np.empty_like(state.m)
        self._last = self._solution = self._slope

    def _begin(self, rows: NDArray[np.intp]) -> None:
        m, t, _ = self._present(rows)
        self._slope[self._at(rows)] = self._slope_of(0, rows, None, m, t)

    def _fastest(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        return max_length(self._slope[self._at(rows)])

    def _attempt(self, rows: NDArray[np.intp], dt: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        tableau = self.tableau
        m, t, _ = self._present(rows)
        slopes, argument = [self._slope[self._at(rows)]], m
        for stage in range(1, tableau.stages):
            argument = _moved(m, dt, tableau.a[stage], slopes)
            slopes.append(self._slope_of(stage, rows, dt, argument, t + tableau.c[stage] * dt))
        # Where the last stage is the first of the next step, it was evaluated at the solution.
        solution = argument if tableau.first_same_as_last else _moved(m, dt, tableau.b, slopes)
        self._last, self._solution = slopes[-1], solution
        displacement, error = max_length(solution - m), np.zeros(rows.size)
        if tableau.error_weights is not None:
            error = max_length(_weighted_sum(tableau.error_weights, slopes)) * dt
        return error, displacement

    def _accept(self, chosen: NDArray[np.intp], accepted: NDArray[np.bool_]) -> None:
        self.state.m[chosen] = normalise(self._solution[accepted])
        if self.tableau.first_same_as_last:
            self._slope[chosen] = self._last[accepted]
        if self._slow_field is not None:
            self._slow_field.accept(chosen, accepted)

    def _slope_of(self, stage: int, rows: NDArray[np.intp], dt: NDArray | None, m: NDArray, t: NDArray) -> NDArray:
        replicas = None if rows.size == self.state.batch else rows
        if self._slow_field is None:
            return self.rhs(m, t, replicas)
        return self.rhs(m, t, replicas, self._slow_field.at(stage, rows, dt, m, t))

    def _at(self, rows: NDArray[np.intp]) -> NDArray[np.intp] | slice:
        """Return the same rows as an index; all of them are not copied."""
        return slice(None) if rows.size == self.state.batch else rows

    def _present(self, rows: NDArray[np.intp]) -> tuple[NDArray, NDArray, NDArray | None]:
        """Return m, t and which replicas they are, as a right-hand side takes them."""
        state = self.state
        if rows.size == state.batch:
            return state.m, state.t, None
        return state.m[rows], state.t[rows], rows


def _moved(m: NDArray, dt: NDArray, weights: Sequence[float], slopes: Sequence[NDArray]) -> NDArray:
    """Return m + dt Σ weights × slopes."""
    moved = _weighted_sum(weights, slopes)
    moved *= dt.astype(m.dtype)[:, None, None, None, None]
    moved += m
    return moved


def _weighted_sum(weights: Sequence[float], slopes: Sequence[NDArray]) -> NDArray:
    used = [(weight, slope) for weight, slope in zip(weights, slopes, strict=True) if weight != 0]
    total = used[0][1] * used[0][0]
    scratch = np.empty_like(total)
    for weight, slope in used[1:]:
        np.multiply(slope, weight, out=scratch)
        total += scratch
    return total
