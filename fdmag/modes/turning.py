"""Whether the energy of a state falls when all of m is turned together: a state at rest that is not stable."""

import numpy as np
from numpy.typing import NDArray

from fdmag.simulation import Simulation

_ANGLE = {"float64": 1e-3, "float32": 2e-2}
_FLOOR = {"float64": 1e-5, "float32": 1e-3}


def turning_stiffness(simulation: Simulation) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least stiffness of each replica against turning all its m together, and the axis of that turn.

    With E(θ) the energy after a turn by θ about an axis, the stiffness is d²E/dθ² / ∫ Ms dV, the smallest over all
    axes; below 0 the state is no minimum. It is the lowest eigenvalue of a 3 × 3 matrix, found by central differences
    of the torque ∫ Ms m × B dV; frozen spins stay. A state that is stable so may still be unstable against other
    deviations, which `fdmag.modes.eigenmodes` finds.

    Returns
    -------
    stiffness : array (batch,) [T]
    axes : array (batch, 3)

    >>> import fdmag
    >>> from fdmag.terms import Zeeman
    >>> cell = fdmag.Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9))
    >>> against = fdmag.Simulation(cell, [Zeeman(B=(0, 0, 0.1))], Ms=8e5, m=(0, 0, -1))
    >>> print(f"{turning_stiffness(against)[0][0]:.3f}")
    -0.100
    """
    magnet, m, t = simulation.magnet, simulation.state.m, simulation.state.t
    rows, angle = np.arange(simulation.batch), _ANGLE[simulation.backend.dtype.name]
    free = (magnet.material.frozen.base == 0) & simulation.magnetic[:, None]
    moment = magnet.inner(m * free, m, rows)
    axes = np.eye(3, dtype=m.dtype)

    def torque(turned: NDArray) -> NDArray[np.float64]:
        B, _ = magnet.total_energy(turned, t, rows)
        return np.stack([magnet.inner(B, _across(axis, turned), rows) for axis in axes], axis=1)

    matrix = np.empty((simulation.batch, 3, 3))
    for row, axis in enumerate(axes):
        up, down = (np.where(free, _turned(m, axis, sign * angle), m) for sign in (1, -1))
        matrix[:, row] = (torque(down) - torque(up)) / (2 * angle)
    matrix = (matrix + matrix.transpose(0, 2, 1)) / (2 * np.maximum(moment, np.finfo(float).tiny)[:, None, None])
    values, vectors = np.linalg.eigh(matrix)
    return values[:, 0], vectors[:, :, 0]


def unstable_turn(simulation: Simulation, torque: float) -> NDArray[np.float64]:
    """Return the axis of the turn by which the energy falls, (batch, 3); NaN where it rises or is level.

    ``torque`` [T] is max |m × B| of the state: a stiffness that is not below minus four times this is level.
    """
    stiffness, axes = turning_stiffness(simulation)
    level = max(4 * torque, _FLOOR[simulation.backend.dtype.name])
    return np.where((stiffness < -level)[:, None], axes, np.nan)


def _across(axis: NDArray, m: NDArray) -> NDArray:
    return np.cross(axis[None, :, None, None, None], m, axis=1)


def _turned(m: NDArray, axis: NDArray, angle: float) -> NDArray:
    along = np.einsum("i,bi...->b...", axis, m)[:, None] * axis[None, :, None, None, None]
    return (along + np.cos(angle) * (m - along) + np.sin(angle) * _across(axis, m)).astype(m.dtype)
