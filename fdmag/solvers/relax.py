"""Damped descent to equilibrium: the path of a magnet with overwhelming damping."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import SolverError
from fdmag.solvers.convergence import Patience, check_criterion, not_converged
from fdmag.solvers.integrator import Integrator
from fdmag.solvers.stages import Stepper
from fdmag.solvers.step_control import StepControl
from fdmag.solvers.tableau import Tableau, runge_kutta_chebyshev
from fdmag.state import State

METHOD = runge_kutta_chebyshev(16)
"""Stable for the stiffness of exchange, with a third of the evaluations of other explicit methods."""


def relax(
    state: State,
    descent: Callable[[State, Tableau], Stepper],
    max_torque: float,
    max_steps: int = 100_000,
    on_step: Callable[[NDArray], None] | None = None,
) -> NDArray[np.float64]:
    """Follow dm/ds = −m × (m × B) until max |m × B| ≤ ``max_torque`` in every replica; time stands still.

    Parameters
    ----------
    state : State
        Its m is changed in place; its t is not.
    descent : callable
        Gives the stepper of dm/ds = −m × (m × B) in tesla for a state and a method: |dm/ds| is the torque |m × B|,
        and s is measured in 1/T.
    max_torque : float [T]
    max_steps : int
        Give up after so many steps.
    on_step : callable, optional
        Called after each step with the torques reached, (batch,) [T].

    Returns
    -------
    array (batch,)
        max |m × B| reached [T].

    Raises
    ------
    SolverError
        If the criterion is not reached in ``max_steps``.

    Spin torques and other fields without energy are welcome: the end point is then a fixed point of their sum.
    """
    check_criterion(max_torque)
    path = State.start(state.held)
    # Relative to the movement: near the end the error falls with the torque, and cannot stir up stiff modes.
    rounding = 4 * float(np.finfo(state.m.dtype).eps)
    control = StepControl(tolerance=0.05, relative=True, rounding=rounding, dt_min=1e-12)
    stepper = descent(path, METHOD)
    walker = Integrator(stepper, control)
    torque = stepper.fastest(np.arange(path.batch))
    if not np.all(np.isfinite(torque)):
        reason = "relax: a field is not finite; check the parameters"
        raise SolverError(reason, {int(replica): reason for replica in np.flatnonzero(~np.isfinite(torque))})
    path.dt[:] = 0.01 / np.maximum(torque, 1e-3)
    patience = Patience(torque, state.m.dtype)
    for count in range(max_steps + 1):
        active = np.flatnonzero(torque > max_torque)
        if not active.size:
            break
        lost = patience.lost(torque, active)
        if count == max_steps or lost.size:
            raise not_converged("relax", torque, count, max_torque, state, lost=lost, active=active)
        walker.attempt(active, path.dt[active])
        torque[active] = stepper.fastest(active)
        if on_step is not None:
            on_step(torque)
    state.steps += path.steps
    state.rejected += path.rejected
    state.evaluations += path.evaluations
    return torque
