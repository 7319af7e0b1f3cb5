"""The barrier of a magnet that stays uniform: what turning as one would cost, with its own demagnetising factors."""

import numpy as np
from numpy.typing import NDArray

from fdmag.barriers.terrain import ReplicaEnergy
from fdmag.simulation import Simulation

STEPS = 60
"""Angles along each way; the highest of them is a maximum to one part in 1000 of its height, or better."""


def uniform_barrier(simulation: Simulation, start: NDArray, end: NDArray, *, replica: int = 0) -> float:
    """Return the barrier [J] of uniform states that turn from the mean of one state to that of another.

    They turn along great circles; of those by way of either of two perpendicular sides the lower counts. Above the
    diameter at which a wall crosses for less, a magnet takes the lower path: `fdmag.barriers.find_barrier`.

    Parameters
    ----------
    simulation : Simulation
        Its parameters at its time count; it is not changed. No cell is frozen.
    start, end : array (3, nz, ny, nx)
    replica : int

    Raises
    ------
    ParameterError
        If there is no such replica, or nothing can move.
    SolverError
        If a term has no energy.

    >>> from fdmag.mesh import Mesh
    >>> from fdmag.terms import UniaxialAnisotropy
    >>> particle = Simulation(Mesh((2, 1, 1), (1e-8, 1e-8, 1e-8)), [UniaxialAnisotropy(Ku1=2e5)], Ms=8e5)
    >>> print(f"{uniform_barrier(particle, particle.m[0], -particle.m[0]):.3e} J")
    4.000e-19 J
    """
    terrain = ReplicaEnergy(simulation, replica)
    first, last = (_direction(state, terrain.weights) for state in (start, end))
    heights = []
    for side in _sides(first, last):
        angles = np.linspace(0, np.arccos(np.clip(first @ last, -1, 1)), STEPS + 1)
        turned = np.cos(angles)[:, None] * first + np.sin(angles)[:, None] * side
        m = turned[:, :, None, None, None] * terrain.magnetic
        _, energy = terrain.evaluate(np.ascontiguousarray(m, dtype=simulation.backend.dtype))
        heights.append(float(energy.max() - energy[0]))
    return min(heights)


def _direction(state: NDArray, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    mean = np.sum(np.asarray(state, dtype=np.float64) * weights, axis=(1, 2, 3))
    return mean / np.linalg.norm(mean)


def _sides(first: NDArray[np.float64], last: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return unit vectors across the first, towards the last; of opposite ones four, all around."""
    towards = last - (first @ last) * first
    if np.linalg.norm(towards) > 0.1:
        return [towards / np.linalg.norm(towards)]
    across = np.cross(first, np.eye(3)[np.argmin(np.abs(first))])
    across /= np.linalg.norm(across)
    other = np.cross(first, across)
    return [across, -across, other, -other]
