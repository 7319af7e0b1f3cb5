"""The Landau–Lifshitz–Gilbert equation in explicit form."""

import numpy as np
from numpy.typing import NDArray


def cross(a: NDArray, b: NDArray) -> NDArray:
    """Return a × b over axis 1, of arrays (batch, 3, nz, ny, nx)."""
    result = np.empty(np.broadcast_shapes(a.shape, b.shape), dtype=np.result_type(a, b))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        np.multiply(a[:, j], b[:, k], out=result[:, i])
        result[:, i] -= a[:, k] * b[:, j]
    return result


def llg(m: NDArray, B: NDArray, gamma: NDArray, alpha: NDArray) -> NDArray:
    """Return dm/dt = −γ/(1+α²) [m × B + α m × (m × B)] [1/s].

    This is dm/dt = −γ m × B + α m × dm/dt solved for dm/dt, exact for |m| = 1.

    Parameters
    ----------
    m, B : arrays (batch, 3, nz, ny, nx); B in tesla
    gamma, alpha : arrays (batch | 1, 1, nz | 1, ny | 1, nx | 1); gamma in rad/(s T)

    Source: T. L. Gilbert, IEEE Trans. Magn. 40, 3443 (2004).
    """
    rate = -gamma / (1 + alpha**2)
    torque = cross(m, B)
    result = cross(m, torque)
    result *= alpha
    result += torque
    result *= rate
    return result


def steepest_descent(m: NDArray, B: NDArray) -> NDArray:
    """Return −m × (m × B) [T]: the direction in which m turns straight into the field."""
    return cross(cross(m, B), m)


def max_length(vectors: NDArray) -> NDArray[np.float64]:
    """Return the largest |v| over the cells of each replica, (batch,), of v (batch, 3, nz, ny, nx)."""
    squared = vectors[:, 0] ** 2 + vectors[:, 1] ** 2 + vectors[:, 2] ** 2
    return np.sqrt(squared.reshape(squared.shape[0], -1).max(axis=1)).astype(np.float64)
