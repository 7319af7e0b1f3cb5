"""The Landau–Lifshitz–Gilbert equation in explicit form."""

import numpy as np
from numpy.typing import NDArray

from fdmag.state import normalise


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


def turned(m: NDArray, gradient: NDArray, steps: NDArray[np.float64]) -> NDArray:
    """Return the solution m' of m' = m − (τ/2) (m + m') × (m × B), of length 1.

    Parameters
    ----------
    m, gradient : arrays (batch, 3, nz, ny, nx)
        Unit vectors, and m × (m × B) [T].
    steps : array (batch,)
        τ [1/T].

    Source: L. Exl et al., J. Appl. Phys. 115, 17D118 (2014).
    """
    step = steps.astype(m.dtype)[:, None, None, None, None]
    # |m × B| = |m × (m × B)| for a unit vector
    squared = step**2 * np.sum(gradient**2, axis=1, keepdims=True)
    return normalise(((4 - squared) * m - 4 * step * gradient) / (4 + squared))


def max_length(vectors: NDArray) -> NDArray[np.float64]:
    """Return the largest |v| over the cells of each replica, (batch,), of v (batch, 3, nz, ny, nx)."""
    squared = vectors[:, 0] ** 2 + vectors[:, 1] ** 2 + vectors[:, 2] ** 2
    return np.sqrt(squared.reshape(squared.shape[0], -1).max(axis=1)).astype(np.float64)
