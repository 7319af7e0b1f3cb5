"""When a descent has come as far as it can."""

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError, SolverError
from fdmag.state import State

PATIENCE = 2000
"""Steps without a new lowest torque after which a descent that is near its end rests on rounding errors."""
NEAR = 1e4
"""A descent is near its end where the torque is below this times the rounding error of one tesla."""


class Patience:
    """Counts the steps since each replica last reached a new lowest torque."""

    def __init__(self, torque: NDArray[np.float64], dtype: np.dtype) -> None:
        self._near = NEAR * float(np.finfo(dtype).eps)
        self._best = torque.copy()
        self._since = np.zeros(torque.size, int)

    def lost(self, torque: NDArray[np.float64], active: NDArray[np.intp]) -> NDArray[np.intp]:
        """Note the torques after a step, (batch,) [T]; return the active replicas that have come to rest."""
        closer = torque < self._best
        self._best[closer] = torque[closer]
        self._since[active] += 1
        self._since[closer] = 0
        return active[(self._since[active] > PATIENCE) & (torque[active] < self._near)]


def check_criterion(max_torque: float) -> None:
    """Raise `ParameterError` for a criterion [T] that no state can meet or every state meets."""
    if not 0 < max_torque < np.inf:
        raise ParameterError(f"max_torque = {max_torque:g} T; allowed: above 0 T, for example 1e-5")


def not_converged(
    name: str,
    torque: NDArray[np.float64],
    steps: int,
    max_torque: float,
    state: State,
    *,
    lost: NDArray[np.intp],
    active: NDArray[np.intp],
) -> SolverError:
    """Return the error of a descent whose ``active`` replicas are above the criterion, some of them for good."""
    stalled = bool(lost.size)
    reason = "Raise max_steps"
    if stalled:
        reason = f"The rounding of {state.m.dtype} allows no less: raise max_torque"
    elif name == "relax":
        reason += (
            "; under a current that moves a wall or a skyrmion on there is no equilibrium: relax first, then set it"
        )

    def told(reached: float) -> str:
        return f"{name}: max |m × B| is {reached:.3g} T after {steps} steps, {max_torque:.3g} T was asked for. {reason}"

    failed = lost if stalled else active
    return SolverError(told(torque.max()), {int(replica): told(torque[replica]) for replica in failed})
