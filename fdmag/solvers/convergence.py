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

    def lost(self, torque: NDArray[np.float64], active: NDArray[np.intp]) -> bool:
        """Note the torques after a step, (batch,) [T]; return whether an active replica has come to rest."""
        closer = torque < self._best
        self._best[closer] = torque[closer]
        self._since[active] += 1
        self._since[closer] = 0
        return bool(np.any((self._since[active] > PATIENCE) & (torque[active] < self._near)))


def check_criterion(max_torque: float) -> None:
    """Raise `ParameterError` for a criterion [T] that no state can meet or every state meets."""
    if not 0 < max_torque < np.inf:
        raise ParameterError(f"max_torque = {max_torque:g} T; allowed: above 0 T, for example 1e-5")


def not_converged(
    name: str, torque: NDArray[np.float64], steps: int, max_torque: float, state: State, *, stalled: bool
) -> SolverError:
    """Return the error of a descent that ended above its criterion."""
    reason = f"The rounding of {state.m.dtype} allows no less: raise max_torque" if stalled else "Raise max_steps"
    return SolverError(
        f"{name}: max |m × B| is {torque.max():.3g} T after {steps} steps, {max_torque:.3g} T was asked for. {reason}"
    )
