"""A run of a simulation: output times, edges of drives, what follows each step, and changes from outside."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fdmag.break_points import edges_of_replicas, gap, jumps, step_limit
from fdmag.magnet import Magnet
from fdmag.parameter import TimeFunction
from fdmag.solvers.choice import integrator_for
from fdmag.solvers.fixed_step import calm_step, check_step
from fdmag.solvers.integrator import Integrator
from fdmag.solvers.stages import Room
from fdmag.solvers.stochastic import DyadicIntegrator
from fdmag.state import State
from fdmag.stopping import Distance, Stopping

Mover = Callable[[], NDArray[np.intp]]
"""Called after a step; returns the replicas whose m it has changed."""


class Window(Protocol):
    """What a run asks of a moving window."""

    def start(self, simulation: Any) -> None:
        """Raise `ParameterError` if the simulation cannot be shifted."""

    def cells(self, simulation: Any) -> NDArray[np.int64]:
        """Return by how many cells to move along +x now, (batch,)."""


class TimeRun:
    """Integrates a state from one output time to the next.

    Parameters
    ----------
    magnet : Magnet
    state : State
    changes : callable
        Returns how often m, t or a parameter was set from outside: when it has risen, the integrator begins anew.
    solver, tolerance, dt, dt_max
        As of `fdmag.solvers.choice.integrator_for`.

    Attributes
    ----------
    stopped : bool array (batch,)
        Replicas that have met the criterion of the run.

    Raises
    ------
    ParameterError
        For a solver that cannot do it.
    """

    def __init__(
        self,
        magnet: Magnet,
        state: State,
        changes: Callable[[], int],
        *,
        solver: str | None = None,
        tolerance: float | None = None,
        dt: float | None = None,
        dt_max: float | None = None,
    ) -> None:
        self._magnet, self._state, self._changes, self._dt_max = magnet, state, changes, dt_max
        self.stopped = np.zeros(state.batch, bool)
        self._stopping: Stopping | None = None
        stepper = partial(magnet.stepper, state)
        self._build = partial(
            integrator_for, stepper, single_cell=magnet.mesh.n_cells == 1, slow=bool(magnet.slow), solver=solver,
            tolerance=tolerance, dt=dt, dt_max=dt_max,
        )  # fmt: skip
        self._start()

    def _start(self) -> None:
        self._noisy = self._magnet.noisy
        self._integrator = self._build(noisy=self._noisy)
        self._integrator.stopped = self.stopped

    def until(self, distance: Distance) -> NDArray[np.float64]:
        """Let replicas stop when they have come to distance 0; return when they did [s], NaN before, (batch,)."""
        self._stopping = Stopping(self._state, distance, self.stopped)
        return self._stopping.times

    def over(
        self,
        duration: float,
        times: Iterable[float],
        output: Callable[[], None] | None = None,
        movers: Sequence[Mover] = (),
        on_step: Callable[[], None] | None = None,
        progress: Callable[[], None] | None = None,
    ) -> None:
        """Integrate over ``duration`` [s], each replica from its own time, or until all have stopped.

        ``output`` is called at the start and at each of the ``times``, counted from the start, the last of which is the
        end; after every step the ``movers``, in order, and then ``on_step``; and ``progress`` now and then.
        """
        self._state.dt[:] = np.nan
        start = self._state.t.copy()
        after_step = None
        if movers or on_step is not None or self._stopping is not None:
            after_step = partial(self._after_step, movers, on_step)
        stopping, room = self._stopping, None
        if stopping is not None and stopping.bounded and not movers and on_step is None:
            room = stopping.room
        if output is not None:
            changes = self._changes()
            output()  # before the first step, so that what it changes counts from the start
            if self._changes() != changes:
                self._start()
        self._check_step(duration)
        for elapsed in times:
            drives = self._magnet.drives()
            if self._dt_max is None:
                limit = np.minimum(self._longest(), step_limit(drives, duration))
                self._integrator.control = replace(self._integrator.control, dt_max=limit)
            if self._stopping is not None:
                self._stopping.begin(self._noisy)
            self._advance(start + elapsed, drives, after_step, progress, room)
            if output is not None:
                changes = self._changes()
                output()
                if self._changes() != changes:
                    self._integrator.forget()
                if self._noisy != self._magnet.noisy:
                    self._start()
            if self.stopped.all():
                break

    def _check_step(self, duration: float) -> None:
        """Raise `SolverError` if a fixed step is too long for the state as it is now."""
        integrator, state, magnet = self._integrator, self._state, self._magnet
        if isinstance(integrator, Integrator) and integrator.fixed_dt is not None and not integrator.tableau.implicit:
            rate, alpha = magnet.fastest_rate(state.m, state.t), magnet.smallest_alpha(state.t)
            step = min(integrator.fixed_dt, duration)
            check_step(integrator.tableau, step, duration, rate, alpha, noisy=self._noisy)

    def _longest(self) -> float | NDArray[np.float64]:
        """Return the longest step [s] that the integrator may take by itself, one or (batch,)."""
        integrator, state, magnet = self._integrator, self._state, self._magnet
        if not isinstance(integrator, DyadicIntegrator):
            return integrator.longest
        rate, alpha = magnet.fastest_rate(state.m, state.t), magnet.smallest_alpha(state.t)
        return np.minimum(integrator.longest, calm_step(rate, alpha))

    def _after_step(self, movers: Sequence[Mover], on_step: Callable[[], None] | None) -> None:
        changes = self._changes()
        stopping = self._stopping
        if stopping is not None:
            self._forget(stopping.look(self._integrator))
        for move in movers:
            self._forget(move())
        told = self._changes()
        if on_step is not None:
            on_step()
            if self._changes() != told:
                self._integrator.forget()
        if stopping is not None and self._changes() != changes:
            stopping.begin(self._noisy)

    def _forget(self, moved: NDArray[np.intp]) -> None:
        if moved.size:
            self._integrator.stepper.forget(moved)

    def _advance(
        self,
        stop: NDArray[np.float64],
        drives: list[TimeFunction],
        after_step: Callable[[], None] | None,
        progress: Callable[[], None] | None,
        room: Room | None,
    ) -> None:
        """Integrate to ``stop``, (batch,) [s]; a step ends at every edge, and no stage of it sees what is behind."""
        advance = partial(self._integrator.advance, on_step=after_step, progress=progress, room=room)
        t, going = self._state.t, np.flatnonzero(~self.stopped)
        if not going.size:
            return
        # Those that have stopped stand at other times, and have no edges of their own.
        start, last = (np.where(self.stopped, each[going[0]], each) for each in (t, stop))
        for column in edges_of_replicas(drives, start, last).T:
            # Replicas whose own drives have fewer edges go ahead to the end: each takes the steps it would take alone.
            before = np.where(column < np.inf, np.minimum(column, last) - gap(column, start), stop)
            advance(before)
            rows = np.flatnonzero((column < np.inf) & ~self.stopped)
            t[rows] = np.minimum(column[rows], last[rows])
            jumped = jumps(drives, before[rows], column[rows], rows)
            if jumped.any():
                self._integrator.forget(rows[jumped])
            if self._stopping is not None:
                self._stopping.begin(self._noisy)  # what is repeated of a step does not see what is before the edge
        advance(stop)


def output_times(duration: float, every: float | None) -> NDArray[np.float64]:
    """Return the times after the start [s] at which there is output: multiples of ``every``, and the end.

    >>> output_times(1.0, 0.4)
    array([0.4, 0.8, 1. ])
    """
    if every is None:
        return np.array([duration])
    count = int(np.ceil(duration / every * (1 - 1e-12)))
    times = np.arange(1, count + 1, dtype=np.float64) * every
    times[-1] = duration
    return times


def merged_times(*lists: Iterable[float]) -> list[float]:
    """Return all times in order; of those that differ by rounding only, the last is kept.

    >>> merged_times([0.1, 0.2, 0.1 * 3], [0.3])
    [0.1, 0.2, 0.30000000000000004]
    """
    times = sorted({float(time) for times in lists for time in times})
    close = 1e-9 * times[-1]
    return [time for time, later in zip(times, [*times[1:], np.inf], strict=True) if later - time > close]
