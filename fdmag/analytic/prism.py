"""Demagnetising factors of a uniformly magnetised rectangular prism, to full relative precision."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError

__all__ = ["prism_demagnetising_factors"]


def prism_demagnetising_factors(a: ArrayLike, b: ArrayLike, c: ArrayLike) -> NDArray:
    """Return (Nx, Ny, Nz), averaged over the volume, of a prism with edges a, b, c along x, y, z.

    Parameters
    ----------
    a, b, c : array_like
        Edge lengths in any common unit; only their ratios matter.

    Returns
    -------
    array, shape (..., 3)
        Pure numbers of sum 1. Relative error of each below 1e-14, also where one edge is 1e-8 of another.

    Raises
    ------
    ParameterError
        An edge is not positive and finite.

    Notes
    -----
    A. Aharoni, J. Appl. Phys. 83, 3432 (1998), eq. (1). As printed the formula adds terms of order c²/(ab) or
    ab/c² to a result near 1 or 0, losing all digits for films and wires. Here every difference of neighbouring
    terms is rewritten with (u² − v²)/(u + v), which leaves sums of terms no larger than the result's own order.

    >>> prism_demagnetising_factors(500, 125, 3).round(6)
    array([0.00918 , 0.038176, 0.952644])
    """
    edges = np.stack(np.broadcast_arrays(*(np.asarray(edge, dtype=float) for edge in (a, b, c))))
    if not (np.all(edges > 0) and np.all(np.isfinite(edges))):
        raise ParameterError("the edges of a prism have to be positive and finite")
    x, y, z = edges / np.max(edges, axis=0)  # no overflow in products
    return np.stack([_along_last(y, z, x), _along_last(z, x, y), _along_last(x, y, z)], axis=-1)


def _along_last(a: NDArray, b: NDArray, c: NDArray) -> NDArray:
    r = np.sqrt(a**2 + b**2 + c**2)
    s, p, q = np.hypot(a, b), np.hypot(a, c), np.hypot(b, c)
    logarithms = (
        b / c * _asinh_difference(a, b, c)
        + a / c * _asinh_difference(b, a, c)
        - c / b * _asinh_difference(a, c, b)
        - c / a * _asinh_difference(b, c, a)
    )
    # the algebraic terms of Aharoni's formula, whose sum is of order ab/c² although they are of order 1 and c²/ab
    algebraic = (
        2 * (1 / (r + p) + 1 / (q + c)) / ((p + c) * (r + q))
        - (1 / (r + p) + 1 / (s + a)) / ((r + s) * (p + a))
        - (1 / (r + q) + 1 / (s + b)) / ((r + s) * (q + b))
    )
    return (logarithms + a * b * c / 3 * algebraic + 2 * np.arctan2(a * b, c * r)) / np.pi


def _asinh_difference(a: NDArray, b: NDArray, c: NDArray) -> NDArray:
    """asinh(a/b) − asinh(a/sqrt(b² + c²)) = ln{(a + s) q / [(a + r) b]}, without cancellation."""
    r, s, q = np.sqrt(a**2 + b**2 + c**2), np.hypot(a, b), np.hypot(b, c)
    return np.log1p(c**2 * (a / (q + b) + a**2 / (s * q + r * b)) / (b * (a + r)))
