"""Damped descent to equilibrium: the path of a magnet with overwhelming damping."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import SolverError
from fdmag.solvers.convergence import Patience, check_criterion, not_converged
from fdmag.solvers.integrator import Integrator, RightHandSide
from fdmag.solvers.stages import ArrayStages, StageArithmetic
from fdmag.solvers.step_control import StepControl
from fdmag.solvers.tableau import runge_kutta_chebyshev
from fdmag.state import State

METHOD = runge_kutta_chebyshev(16)
"""Stable for the stiffness of exchange, with a third of the evaluations of other explicit methods."""


def relax(
    state: State,
    descent: RightHandSide,
    max_torque: float,
    max_steps: int = 100_000,
    on_step: Callable[[NDArray], None] | None = None,
    stages: StageArithmetic | None = None,
) -> NDArray[np.float64]:
    """Follow dm/ds = −m × (m × B) until max |m × B| ≤ ``max_torque`` in every replica; time stands still.

    Parameters
    ----------
    state : State
        Its m is changed in place; its t is not.
    descent : RightHandSide
        −m × (m × B) in tesla, so that |dm/ds| is the torque |m × B| and s is measured in 1/T.
    max_torque : float [T]
    max_steps : int
        Give up after so many steps.
    on_step : callable, optional
        Called after each step with the torques reached, (batch,) [T].
    stages : StageArithmetic, optional
        How arrays are combined; by default NumPy.

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

    def at_present(m: NDArray, _: NDArray, replicas: NDArray[np.intp] | None) -> NDArray:
        return descent(m, state.t if replicas is None else state.t[replicas], replicas)

    check_criterion(max_torque)
    stages = stages or ArrayStages()
    path = State.start(state.m)
    # Relative to the movement: near the end the error falls with the torque, and cannot stir up stiff modes.
    rounding = 4 * float(np.finfo(state.m.dtype).eps)
    control = StepControl(tolerance=0.05, relative=True, rounding=rounding, dt_min=1e-12)
    walker = Integrator(at_present, path, METHOD, control, stages=stages)
    everything = np.arange(path.batch)
    if not np.all(np.isfinite(stages.largest((1.0,), (walker.slope(everything),)))):
        raise SolverError("relax: a field is not finite; check the parameters")
    path.dt[:] = 0.01 / np.maximum(stages.largest((1.0,), (walker.slope(everything),)), 1e-3)
    torque = stages.largest((1.0,), (walker.slope(everything),))
    patience = Patience(torque, state.m.dtype)
    for count in range(max_steps + 1):
        active = np.flatnonzero(torque > max_torque)
        if not active.size:
            break
        stalled = patience.lost(torque, active)
        if count == max_steps or stalled:
            raise not_converged("relax", torque, count, max_torque, state, stalled=stalled)
        walker.attempt(active, path.dt[active])
        torque[active] = stages.largest((1.0,), (walker.slope(active),))
        if on_step is not None:
            on_step(torque)
    state.steps += path.steps
    state.rejected += path.rejected
    state.evaluations += path.evaluations
    return torque
