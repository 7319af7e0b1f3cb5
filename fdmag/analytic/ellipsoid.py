"""Demagnetising factors of the general ellipsoid."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError

__all__ = ["ellipsoid_demagnetising_factors"]


def ellipsoid_demagnetising_factors(a: ArrayLike, b: ArrayLike, c: ArrayLike) -> NDArray:
    """Return (Nx, Ny, Nz) of an ellipsoid with semi-axes a, b, c along x, y, z; 1/3 each for a sphere.

    Parameters
    ----------
    a, b, c : array_like
        Semi-axes in any common unit; only their ratios matter.

    Returns
    -------
    array, shape (..., 3)
        Pure numbers of sum 1.

    Raises
    ------
    ParameterError
        An axis is not positive and finite.

    Notes
    -----
    J. A. Osborn, Phys. Rev. 67, 351 (1945): Nx = (abc/2) ∫₀^∞ ds / {(a² + s) sqrt[(a² + s)(b² + s)(c² + s)]}, here
    as abc/3 times Carlson's symmetric elliptic integral R_D(b², c², a²), NIST DLMF 19.16.5.

    >>> ellipsoid_demagnetising_factors(2, 2, 2).round(6)
    array([0.333333, 0.333333, 0.333333])
    """
    from scipy.special import elliprd

    axes = np.stack(np.broadcast_arrays(*(np.asarray(axis, dtype=float) for axis in (a, b, c))))
    if not (np.all(axes > 0) and np.all(np.isfinite(axes))):
        raise ParameterError("the axes of an ellipsoid have to be positive and finite")
    scaled = axes / np.max(axes, axis=0)
    x, y, z = scaled**2
    factors = np.stack([elliprd(y, z, x), elliprd(z, x, y), elliprd(x, y, z)], axis=-1)
    return factors * (np.prod(scaled, axis=0) / 3)[..., np.newaxis]
