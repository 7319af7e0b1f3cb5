"""Kittel's frequencies of uniform ferromagnetic resonance, angular [rad/s], of a saturated single-domain body."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.constants import GAMMA_E, MU_0
from fdmag.errors import ParameterError

__all__ = ["kittel_ellipsoid", "kittel_film_in_plane", "kittel_film_out_of_plane", "kittel_sphere"]


def kittel_ellipsoid(
    B: ArrayLike,
    Ms: ArrayLike,
    N: ArrayLike,
    B_transverse: ArrayLike = (0.0, 0.0),
    gamma: float = GAMMA_E,
) -> NDArray:
    """Return ω = γ sqrt{[B + µ0 Ms (Nx − Nz) + Bx] [B + µ0 Ms (Ny − Nz) + By]} [rad/s] of an ellipsoid along z.

    Field and magnetisation lie along z, a principal axis. Small damping changes ω by a factor 1 + O(α²) only.

    Parameters
    ----------
    B : array_like
        Applied field along z [T].
    Ms : array_like
        Saturation magnetisation [A/m].
    N : array_like, shape (..., 3)
        Demagnetising factors (Nx, Ny, Nz), of sum 1.
    B_transverse : array_like, shape (..., 2)
        What anisotropy adds to the stiffness against turning towards x and towards y (Bx, By) [T]. With
        B_K = 2 Ku/Ms: (B_K, B_K) for an easy axis along z, (-B_K, 0) along x, (0, -B_K) along y.
    gamma : float
        Gyromagnetic ratio [rad/(s T)].

    Raises
    ------
    ParameterError
        The magnetisation is not stable along z (a bracket is negative): there is no such resonance.

    Notes
    -----
    C. Kittel, Phys. Rev. 73, 155 (1948).

    >>> omega = kittel_ellipsoid(0.1, 8e5, [1 / 3, 1 / 3, 1 / 3])  # a sphere: the field alone counts
    >>> print(f"{omega / (2 * np.pi * 1e9):.3f} GHz")
    2.802 GHz
    """
    B, N, extra = np.asarray(B, dtype=float), np.asarray(N, dtype=float), np.asarray(B_transverse, dtype=float)
    if N.ndim == 0 or N.shape[-1] != 3 or not np.allclose(N.sum(axis=-1), 1, atol=1e-6):
        raise ParameterError("N has to be three demagnetising factors of sum 1, for example [0, 0, 1] for a film")
    M = MU_0 * np.asarray(Ms, dtype=float)
    towards_x = B + M * (N[..., 0] - N[..., 2]) + extra[..., 0]
    towards_y = B + M * (N[..., 1] - N[..., 2]) + extra[..., 1]
    least = np.minimum(towards_x, towards_y)
    if not np.all(least >= 0):
        raise ParameterError(
            f"no resonance: the magnetisation is unstable along the field (stiffness {np.min(least):.4g} T); "
            "allowed: fields that hold it there, or another direction of the magnetisation"
        )
    return gamma * np.sqrt(towards_x * towards_y)


def kittel_film_in_plane(
    B: ArrayLike,
    Ms: ArrayLike,
    B_perpendicular: ArrayLike = 0.0,
    B_in_plane: ArrayLike = 0.0,
    gamma: float = GAMMA_E,
) -> NDArray:
    """Return ω = γ sqrt[(B + Bip) (B + Bip + µ0 Ms − B⊥)] [rad/s] of a film magnetised in its plane.

    Parameters
    ----------
    B : array_like
        Applied field in the plane [T].
    Ms : array_like
        Saturation magnetisation [A/m].
    B_perpendicular : array_like
        Anisotropy field 2 Ku/Ms [T] of an easy axis normal to the film.
    B_in_plane : array_like
        Anisotropy field 2 Ku/Ms [T] of an easy axis along the field.
    gamma : float
        Gyromagnetic ratio [rad/(s T)].

    Raises
    ------
    ParameterError
        The magnetisation is not stable in that direction.

    Notes
    -----
    C. Kittel, Phys. Rev. 73, 155 (1948).

    >>> print(f"{kittel_film_in_plane(0.1, 8e5) / (2 * np.pi * 1e9):.3f} GHz")
    9.317 GHz
    """
    # z along the field, x normal to the film
    B_perpendicular, B_in_plane = np.broadcast_arrays(B_perpendicular, B_in_plane)
    transverse = np.stack([B_in_plane - B_perpendicular, B_in_plane], axis=-1)
    return kittel_ellipsoid(B, Ms, [1.0, 0.0, 0.0], transverse, gamma)


def kittel_film_out_of_plane(
    B: ArrayLike, Ms: ArrayLike, B_perpendicular: ArrayLike = 0.0, gamma: float = GAMMA_E
) -> NDArray:
    """Return ω = γ (B − µ0 Ms + B⊥) [rad/s] of a film magnetised along its normal.

    Parameters
    ----------
    B : array_like
        Applied field along the normal [T].
    Ms : array_like
        Saturation magnetisation [A/m].
    B_perpendicular : array_like
        Anisotropy field 2 Ku/Ms [T] of an easy axis along the normal.
    gamma : float
        Gyromagnetic ratio [rad/(s T)].

    Raises
    ------
    ParameterError
        The magnetisation is not stable along the normal: B + B⊥ < µ0 Ms.

    Notes
    -----
    C. Kittel, Phys. Rev. 73, 155 (1948).

    >>> print(f"{kittel_film_out_of_plane(1.5, 8e5) / (2 * np.pi * 1e9):.3f} GHz")
    13.864 GHz
    """
    transverse = np.stack([B_perpendicular, B_perpendicular], axis=-1)
    return kittel_ellipsoid(B, Ms, [0.0, 0.0, 1.0], transverse, gamma)


def kittel_sphere(B: ArrayLike, B_axis: ArrayLike = 0.0, gamma: float = GAMMA_E) -> NDArray:
    """Return ω = γ (B + B_K) [rad/s] of a sphere, whatever its magnetisation.

    Parameters
    ----------
    B : array_like
        Applied field [T].
    B_axis : array_like
        Anisotropy field 2 Ku/Ms [T] of an easy axis along the field.
    gamma : float
        Gyromagnetic ratio [rad/(s T)].

    Raises
    ------
    ParameterError
        B + B_axis is negative: the magnetisation is not stable along the field.

    Notes
    -----
    C. Kittel, Phys. Rev. 73, 155 (1948).

    >>> float(kittel_sphere(0.5) / GAMMA_E)
    0.5
    """
    transverse = np.stack([B_axis, B_axis], axis=-1)
    return kittel_ellipsoid(B, 0.0, [1 / 3, 1 / 3, 1 / 3], transverse, gamma)
