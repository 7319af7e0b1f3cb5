"""Initial magnetisation: random, vortex, wall. Each returns vectors (batch | 1, 3, nz, ny, nx)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fdmag.mesh import AXES, Mesh


def random(mesh: Mesh, seed: int, batch: int = 1) -> NDArray[np.float64]:
    """Return directions spread evenly over the sphere, independent in each cell and replica.

    Replica r gets the same vectors whatever the number of replicas.

    >>> m = random(Mesh((2, 1, 1), (1e-9, 1e-9, 1e-9)), seed=1, batch=2)
    >>> m.shape
    (2, 3, 1, 1, 2)
    """
    streams = (np.random.default_rng([seed, replica]) for replica in range(batch))
    vectors = np.stack([stream.standard_normal((3, *mesh.shape)) for stream in streams])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def vortex(
    mesh: Mesh,
    center: Sequence[float] = (0.0, 0.0),
    circulation: int = 1,
    polarity: int = 1,
    core_radius: float = 10e-9,
) -> NDArray[np.float64]:
    """Return a vortex about the z axis through ``center`` (x, y) [m].

    Parameters
    ----------
    circulation : 1 or -1
        1: counter-clockwise seen from +z, so that m points along +y at points with x above the centre.
    polarity : 1 or -1
        Sign of mz in the core.
    core_radius : float [m]
        Where mz has fallen from 1 to 0 in the profile of N. A. Usov and S. E. Peschany, JMMM 118, L290 (1993):
        mz = (a² − r²) / (a² + r²) inside the radius a, 0 outside.
    """
    x, y = mesh.x - center[0], mesh.y - center[1]
    squared = x**2 + y**2
    mz = np.where(squared < core_radius**2, (core_radius**2 - squared) / (core_radius**2 + squared), 0.0)
    radius = np.sqrt(squared)
    in_plane = np.sqrt(1 - mz**2) / np.where(radius > 0, radius, 1)
    m = np.empty((1, 3, *mesh.shape))
    m[0, 0] = -circulation * y * in_plane
    m[0, 1] = circulation * x * in_plane
    m[0, 2] = polarity * mz
    return m


def wall(
    mesh: Mesh,
    axis: str = "x",
    position: float = 0.0,
    width: float = 5e-9,
    before: Sequence[float] = (0.0, 0.0, 1.0),
    inside: Sequence[float] = (0.0, 1.0, 0.0),
    after: Sequence[float] = (0.0, 0.0, -1.0),
) -> NDArray[np.float64]:
    """Return a wall across an axis at ``position`` [m], from one direction to another through a third.

    Parameters
    ----------
    width : float [m]
        Wall-width parameter Δ, sqrt(A/K) for a Bloch wall.
    before, inside, after : vectors
        Directions below the position, at it, and above it. With before = −after the profile is exact:
        m = before (1 − tanh s)/2 + after (1 + tanh s)/2 + inside / cosh s, s = (x − position)/Δ.
    """
    s = ((mesh.x, mesh.y, mesh.z)[AXES.index(axis)] - position) / width
    s = np.clip(np.broadcast_to(s, mesh.shape), -300, 300)
    weights = ((1 - np.tanh(s)) / 2, 1 / np.cosh(s), (1 + np.tanh(s)) / 2)
    directions = [np.asarray(d, dtype=np.float64) / np.linalg.norm(d) for d in (before, inside, after)]
    m = sum(d[:, None, None, None] * weight for d, weight in zip(directions, weights, strict=True))
    return np.asarray(m / np.linalg.norm(m, axis=0))[None]
