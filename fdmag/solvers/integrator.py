"""Explicit Runge–Kutta integration of m, each replica with its own time, step and error."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError, SolverError
from fdmag.solvers.stages import ArrayStages, StageArithmetic
from fdmag.solvers.step_control import StepControl
from fdmag.solvers.tableau import Tableau
from fdmag.state import State

RightHandSide = Callable[[NDArray, NDArray[np.float64], NDArray[np.intp] | None], NDArray]
"""dm/dt of (m, t, replicas): m (n, 3, nz, ny, nx), t (n,), and which replicas the n rows are (None: all)."""


class Integrator:
    """Advances a `State` in place.

    Parameters
    ----------
    rhs : RightHandSide
    state : State
    tableau : Tableau
    control : StepControl
    dt : float or None
        Fixed step [s] (shortened evenly so that output times are hit); None adapts the step.
    stages : StageArithmetic, optional
        How arrays are combined; by default NumPy.

    Raises
    ------
    ParameterError
        If the method has no error estimate and no fixed step is given.
    """

    def __init__(
        self,
        rhs: RightHandSide,
        state: State,
        tableau: Tableau,
        control: StepControl | None = None,
        dt: float | None = None,
        stages: StageArithmetic | None = None,
    ) -> None:
        if dt is None and tableau.b_error is None:
            raise ParameterError(f'solver "{tableau.name}" has no error estimate: give a fixed step dt')
        if dt is not None and not 0 < dt < np.inf:
            raise ParameterError(f"dt = {dt:g} s; allowed: above 0 s")
        self.rhs = rhs
        self.state = state
        self.tableau = tableau
        self.control = control or StepControl()
        self.fixed_dt = dt
        self.stages = stages or ArrayStages()
        self._slope = np.empty_like(state.m)  # dm/dt at the present state, where known
        self._slope_known = np.zeros(state.batch, bool)
        self._previous_ratio = np.ones(state.batch)

    def forget(self) -> None:
        """Begin anew from the present state: m, a parameter or a field was changed from outside."""
        self._slope_known[:] = False
        self._previous_ratio[:] = 1
        self.state.dt[:] = np.nan

    def slope(self, active: NDArray[np.intp]) -> NDArray:
        """Return dm/dt of the active replicas now; evaluated only where it is not known from the last step."""
        missing = active[~self._slope_known[active]]
        if missing.size:
            state = self.state
            if missing.size == state.batch:
                self._slope[:] = self.rhs(state.m, state.t, None)
            else:
                self._slope[missing] = self.rhs(state.m[missing], state.t[missing], missing)
            self._slope_known[missing] = True
            state.evaluations[missing] += 1
        return self._slope if active.size == self.state.batch else self._slope[active]

    def advance(self, t_end: float, on_step: Callable[[], None] | None = None) -> None:
        """Integrate every replica to exactly ``t_end`` [s]; finished ones are left untouched.

        Raises
        ------
        SolverError
            If a replica needs a step below the smallest allowed.
        """
        state = self.state
        while (active := np.flatnonzero(state.t < t_end)).size:
            remaining = t_end - state.t[active]
            if self.fixed_dt is None:
                wanted = self._step_size(active)
                # A step that would leave a sliver is halved, one that nearly reaches the end is stretched.
                dt = np.where(remaining < 2 * wanted, remaining / 2, wanted)
                last = remaining <= wanted * (1 + 1e-6)
            else:
                wanted = np.full(active.size, self.fixed_dt)
                count = np.maximum(np.ceil(remaining / self.fixed_dt * (1 - 1e-12)), 1)
                dt, last = remaining / count, count == 1
            dt = np.where(last, remaining, dt)
            accepted = self.attempt(active, dt, wanted)
            state.t[active[accepted & last]] = t_end
            if on_step is not None:
                on_step()

    def attempt(self, active: NDArray[np.intp], dt: NDArray, wanted: NDArray | None = None) -> NDArray[np.bool_]:
        """Try one step ``dt`` [s], (n,), of the active replicas; return which were accepted, (n,).

        ``wanted`` is the step the error would have allowed where ``dt`` was cut short for another reason.
        """
        state, everything = self.state, active.size == self.state.batch
        m = state.m if everything else state.m[active]
        replicas = None if everything else active
        slopes = [self.slope(active)]
        t = state.t[active]
        argument = m
        for weights, c in zip(self.tableau.a[1:], self.tableau.c[1:], strict=True):
            argument = self.stages.moved(m, dt, weights, slopes)
            slopes.append(self.rhs(argument, t + c * dt, replicas))
        state.evaluations[active] += len(slopes) - 1
        known = self.tableau.first_same_as_last  # the last stage was evaluated at the solution
        m_next = argument if known else self.stages.moved(m, dt, self.tableau.b, slopes)
        accepted = self._judge(active, m, m_next, slopes, dt, wanted)
        self.stages.normalise(m_next)
        chosen = active[accepted]
        if chosen.size == state.batch:
            state.m[:] = m_next
        else:
            state.m[chosen] = m_next[accepted]
        state.t[chosen] += dt[accepted]
        state.steps[chosen] += 1
        state.rejected[active[~accepted]] += 1
        if self.tableau.first_same_as_last:
            if chosen.size == state.batch:
                self._slope = slopes[-1]
            else:
                self._slope[chosen] = slopes[-1][accepted]
        else:
            self._slope_known[chosen] = False
        return accepted

    def _judge(
        self, active: NDArray, m: NDArray, m_next: NDArray, slopes: list[NDArray], dt: NDArray, wanted: NDArray | None
    ) -> NDArray[np.bool_]:
        """Accept or reject by the local error, and choose the next step sizes."""
        if self.fixed_dt is not None:
            return np.ones(active.size, bool)
        assert self.tableau.error_weights is not None
        error = self.stages.largest(self.tableau.error_weights, slopes) * dt
        ratio = error / self.control.allowed(lambda: self.stages.largest((1.0, -1.0), (m_next, m)))
        ratio = np.where(np.isfinite(ratio), ratio, 1e10)
        accepted = ratio <= 1
        proposed = dt * self.control.factor(
            ratio, self._previous_ratio[active], self.tableau.error_order or self.tableau.order
        )
        if wanted is not None:
            proposed = np.where(accepted, np.maximum(proposed, wanted), proposed)
        self.state.dt[active] = np.minimum(proposed, self.control.dt_max)
        self._previous_ratio[active[accepted]] = ratio[accepted]
        if np.any(failed := ~accepted & (proposed < self.control.dt_min)):
            first = int(np.flatnonzero(failed)[0])
            raise SolverError(
                f"replica {active[first]} at t = {self.state.t[active[first]]:g} s needs a step below "
                f"{self.control.dt_min:g} s: its local error is {error[first]:g}. "
                "Check the fields for jumps and the parameters for unphysical values"
            )
        return accepted

    def _step_size(self, active: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the step to try, starting from a small turn of the fastest cell."""
        state = self.state
        fresh = active[np.isnan(state.dt[active])]
        if fresh.size:
            fastest = self.stages.largest((1.0,), (self.slope(fresh),))
            if not np.all(np.isfinite(fastest)):
                first = fresh[~np.isfinite(fastest)][0]
                raise SolverError(f"replica {first} at t = {state.t[first]:g} s: dm/dt is not finite; check the fields")
            angle = 0.1 * self.control.tolerance ** (1 / self.tableau.order)
            state.dt[fresh] = np.minimum(angle / np.maximum(fastest, 1.0), self.control.dt_max)
        return np.minimum(state.dt[active], self.control.dt_max)
