"""Explicit Runge–Kutta integration of m, each replica with its own time, step and error."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError, SolverError
from fdmag.solvers.stages import Room, Stepper
from fdmag.solvers.step_control import FAILED, Adaptive, Pace, StepControl, StepHistory


class Integrator:
    """Advances the state of a `Stepper` in place.

    Parameters
    ----------
    stepper : Stepper
        The method and the device.
    control : StepControl
    dt : float or None
        Fixed step [s] (shortened evenly so that output times are hit); None adapts the step.

    Attributes
    ----------
    stopped : bool array (batch,)
        Replicas that do not take part in `advance`; others may set it.

    Raises
    ------
    ParameterError
        If the method has no error estimate and no fixed step is given.
    """

    longest = np.inf
    """Default of the longest step [s]."""

    def __init__(self, stepper: Stepper, control: StepControl | None = None, dt: float | None = None) -> None:
        tableau = stepper.tableau
        if dt is None and tableau.b_error is None:
            raise ParameterError(f'solver "{tableau.name}" has no error estimate: give a fixed step dt')
        if dt is not None and not 0 < dt < np.inf:
            raise ParameterError(f"dt = {dt:g} s; allowed: above 0 s")
        self.stepper = stepper
        self.state = stepper.state
        self.tableau = tableau
        self.control = control or StepControl()
        self.fixed_dt = dt
        self.stopped = np.zeros(self.state.batch, bool)
        self.history = StepHistory(self.state.batch)
        self._choice = Adaptive(self.control, self.history, dt)
        self._pace = Pace()

    def forget(self, rows: NDArray[np.intp] | slice = slice(None)) -> None:
        """Begin anew from the present state of all or some replicas: m, a parameter or a field was changed."""
        self.stepper.forget(rows)
        self.history.forget(rows)
        self.state.dt[rows] = np.nan

    def advance(
        self,
        t_end: float | NDArray[np.float64],
        on_step: Callable[[], None] | None = None,
        progress: Callable[[], None] | None = None,
        room: Room | None = None,
    ) -> None:
        """Integrate every replica to exactly ``t_end`` [s], (batch,) or one time; finished ones are left untouched.

        ``on_step`` is called after every step, ``progress`` now and then. With ``room``, ``on_step`` is called after
        one step, or after many that stay within it.

        Raises
        ------
        SolverError
            If a replica needs a step below the smallest allowed.
        """
        state = self.state
        ends = np.broadcast_to(t_end, state.batch)
        pace = None if on_step is not None and room is None else self._pace
        if self._choice.control is not self.control:
            self._choice = Adaptive(self.control, self.history, self.fixed_dt)
        choice = self._choice
        while (active := ((state.t < ends) & ~self.stopped).nonzero()[0]).size:
            wanted = self._step_size(active) if self.fixed_dt is None else np.full(active.size, self.fixed_dt)
            outcomes = self.stepper.advance_at_pace(pace, active, ends[active], choice, room)
            if outcomes is None:
                self._try_step(active, ends[active], wanted)
            elif (failed := outcomes == FAILED).any():  # once more, to say what is wrong
                self._try_step(active[failed], ends[active[failed]], wanted[failed])
            for call in (on_step, progress):
                if call is not None:
                    call()

    def _try_step(self, active: NDArray[np.intp], ends: NDArray[np.float64], wanted: NDArray[np.float64]) -> None:
        """Try one step of each active replica towards ``ends``, (n,) [s]."""
        state = self.state
        remaining = ends - state.t[active]
        margin = 1e-6 if self.fixed_dt is None else 1e-12
        count = np.maximum(np.ceil(remaining / wanted * (1 - margin)), 1)
        last = count == 1
        dt = np.where(last, remaining, remaining / count)
        if self.fixed_dt is None:  # only the last ones are alike: the others are free of the rounding of t
            dt = np.where(count > 20, wanted, dt)
        arrived = self.attempt(active, dt, wanted) & last
        state.t[active[arrived]] = ends[arrived]

    def attempt(self, active: NDArray[np.intp], dt: NDArray, wanted: NDArray | None = None) -> NDArray[np.bool_]:
        """Try one step ``dt`` [s], (n,), of the active replicas; return which were accepted, (n,).

        ``wanted`` is the step the error would have allowed where ``dt`` was cut short for another reason.
        """
        state = self.state
        error, displacement = self.stepper.attempt(active, dt)
        accepted = self._judge(active, dt, wanted, error, displacement)
        self.stepper.accept(accepted)
        chosen = active[accepted]
        state.t[chosen] += dt[accepted]
        state.steps[chosen] += 1
        if chosen.size < active.size:
            state.rejected[active[~accepted]] += 1
        return accepted

    def _judge(
        self, active: NDArray, dt: NDArray, wanted: NDArray | None, error: NDArray, displacement: NDArray
    ) -> NDArray[np.bool_]:
        """Accept or reject by the local error, and choose the next step sizes."""
        if self.fixed_dt is not None:
            if not np.all(finite := np.isfinite(displacement)):
                raise SolverError.of_replicas({
                    int(active[i]): f"at t = {self.state.t[active[i]]:g} s: m is not finite after a step of "
                    f"{dt[i]:g} s. Check the fields, or give a shorter dt"
                    for i in np.flatnonzero(~finite)
                })  # fmt: skip
            return np.ones(active.size, bool)
        ratio = error / self.control.allowed(displacement)
        ratio = np.where(ratio < 1e10, ratio, 1e10)  # where it is NaN, too
        accepted = ratio <= 1
        order = self.tableau.error_order or self.tableau.order
        full = dt if wanted is None else wanted
        ratio_then = np.minimum(ratio * (full / dt) ** order, 1e10)  # had the step not been cut short
        following = full * self.control.factor(ratio_then, self.history.previous_ratio[active], order)
        following = np.minimum(following, np.maximum(full, 100 * dt))  # where steps are cut short again and again
        following = np.where(ratio_then <= 1, np.maximum(following, full), following)
        if accepted.all():
            proposed = following
            self.history.previous_ratio[active], self.history.good_dt[active] = ratio_then, dt
        else:
            proposed = np.where(accepted, following, dt * self.control.factor_after_rejection(ratio, order))
            good = active[accepted]
            self.history.previous_ratio[good], self.history.good_dt[good] = ratio_then[accepted], dt[accepted]
        proposed = np.minimum(proposed, self._hold(active, dt, accepted))
        self.state.dt[active] = np.minimum(proposed, self._longest(active))
        if proposed.min() < self.control.dt_min and np.any(failed := ~accepted & (proposed < self.control.dt_min)):
            raise SolverError.of_replicas({
                int(active[i]): f"at t = {self.state.t[active[i]]:g} s needs a step below {self.control.dt_min:g} s: "
                f"its local error is {error[i]:g}. Check the fields for jumps and the parameters for unphysical values"
                for i in np.flatnonzero(failed)
            })  # fmt: skip
        return accepted

    def _hold(self, active: NDArray, dt: NDArray, accepted: NDArray) -> NDArray[np.float64]:
        """Return what the steps may not exceed for now, as a longer one was rejected, (n,)."""
        steps, until, patience = self.state.steps[active], self.history.held_until[active], self.control.patience
        ceiling = np.where(steps < until, self.history.ceiling[active], np.inf)
        if not accepted.all():  # of several rejections in a row the first one counts: what it met may soon be over
            first = ~accepted & (steps != until - patience)
            halfway = np.sqrt(self.history.good_dt[active[first]] * dt[first])
            ceiling[first] = np.minimum(self.control.below_rejected * dt[first], halfway)
            self.history.ceiling[active[first]] = ceiling[first]
            self.history.held_until[active[first]] = steps[first] + patience
        return ceiling

    def _step_size(self, active: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the step to try, starting from a small turn of the fastest cell."""
        state = self.state
        fresh = active[np.isnan(state.dt[active])]
        if fresh.size:
            fastest = self.stepper.fastest(fresh)
            if not np.all(np.isfinite(fastest)):
                raise SolverError.of_replicas({
                    int(replica): f"at t = {state.t[replica]:g} s: dm/dt is not finite; check the fields"
                    for replica in fresh[~np.isfinite(fastest)]
                })  # fmt: skip
            angle = 0.1 * self.control.tolerance ** (1 / self.tableau.order)
            state.dt[fresh] = np.minimum(angle / np.maximum(fastest, 1.0), self._longest(fresh))
        return np.minimum(state.dt[active], self._longest(active))

    def _longest(self, rows: NDArray[np.intp]) -> float | NDArray[np.float64]:
        """Return the longest step [s] of these replicas, one for all or (n,)."""
        longest = self.control.dt_max
        return longest[rows] if isinstance(longest, np.ndarray) and longest.ndim else longest
