"""Precession and damping of a macrospin in a constant field, in closed form."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError

__all__ = ["macrospin_trajectory", "precession_frequency"]


def precession_frequency(B: ArrayLike, alpha: ArrayLike = 0.0, gamma: float = GAMMA_E) -> NDArray:
    """Return the angular frequency γ B / (1 + α²) [rad/s] of a damped macrospin in a constant field.

    Parameters
    ----------
    B : array_like
        Magnitude of the field [T].
    alpha : array_like
        Gilbert damping.
    gamma : float
        Gyromagnetic ratio [rad/(s T)].

    >>> f = precession_frequency(1.0) / (2 * np.pi)
    >>> print(f"{f / 1e9:.2f} GHz")
    28.02 GHz
    """
    return gamma * np.asarray(B, dtype=float) / (1 + np.square(alpha))


def macrospin_trajectory(
    t: ArrayLike, m0: ArrayLike, B: ArrayLike, alpha: ArrayLike = 0.0, gamma: float = GAMMA_E
) -> NDArray:
    """Return m(t) of a macrospin in a constant field of any direction, for any damping α ≥ 0.

    The equation is ``dm/dt = -γ m × B + α m × dm/dt``. With θ the angle between m and B::

        tan(θ/2) = tan(θ0/2) exp(-α γ B t / (1 + α²)),    φ = φ0 + γ B t / (1 + α²)

    The torque -γ m × B turns m by the right-hand rule: with the thumb of the right hand along B the fingers show
    the precession, so seen from the tip of B (B pointing at the viewer) m turns counter-clockwise. Negative times
    run the motion backwards. Exact as long as B is constant and there is no anisotropy.

    Parameters
    ----------
    t : array_like, shape (...)
        Time [s].
    m0 : array_like, shape (..., 3)
        Direction at t = 0; normalised here.
    B : array_like, shape (..., 3)
        Field [T].
    alpha : array_like, shape (...)
        Gilbert damping.
    gamma : float
        Gyromagnetic ratio [rad/(s T)].

    Returns
    -------
    array, shape (..., 3)
        m(t), |m| = 1; the leading axes are those of ``t``, ``m0``, ``B`` and ``alpha`` broadcast together.

    Raises
    ------
    ParameterError
        ``m0`` or ``B`` has no last axis of length 3, or ``m0`` is a zero vector.

    Notes
    -----
    The equation is Gilbert's, IEEE Trans. Magn. 40, 3443 (2004); solved for dm/dt it reads
    (1 + α²) dm/dt = -γ [m × B + α m × (m × B)], which in polar coordinates about B is dφ/dt = γ B / (1 + α²) and
    dθ/dt = -α γ B sin θ / (1 + α²), integrated by R. Kikuchi, J. Appl. Phys. 27, 1352 (1956) for a sphere.

    A quarter of a turn without damping, from x towards y about a field along z:

    >>> quarter = 0.25 * 2 * np.pi / precession_frequency(0.1)
    >>> macrospin_trajectory(quarter, [1, 0, 0], [0, 0, 0.1]).round(6) + 0.0
    array([0., 1., 0.])
    """
    m0, B = np.asarray(m0, dtype=float), np.asarray(B, dtype=float)
    for name, vector in (("m0", m0), ("B", B)):
        if vector.ndim == 0 or vector.shape[-1] != 3:
            raise ParameterError(f"{name} has shape {vector.shape}; allowed: (..., 3), x y z along the last axis")
    length = np.linalg.norm(m0, axis=-1, keepdims=True)
    if not np.all(length > 0):
        raise ParameterError("m0 is zero or not a number somewhere; a direction is allowed, for example [1, 0, 0]")
    m0 = m0 / length
    magnitude = np.linalg.norm(B, axis=-1, keepdims=True)
    # without a field any axis will do: nothing turns about it
    axis = np.where(magnitude > 0, B / np.where(magnitude > 0, magnitude, 1.0), [0.0, 0.0, 1.0])
    along = np.sum(m0 * axis, axis=-1, keepdims=True)
    across = m0 - along * axis
    sine = np.linalg.norm(across, axis=-1, keepdims=True)
    e1 = across / np.where(sine > 0, sine, 1.0)
    e2 = np.cross(axis, e1)

    alpha = np.asarray(alpha, dtype=float)[..., np.newaxis]
    phase = precession_frequency(magnitude, alpha, gamma) * np.asarray(t, dtype=float)[..., np.newaxis]
    # ln tan(θ/2), infinite at the poles: there tanh and sech below still give the exact ∓1 and 0
    with np.errstate(divide="ignore"):
        half_angle = np.log(sine / (1 + np.abs(along)))
    log_tan = np.where(along >= 0, half_angle, -half_angle) - alpha * phase
    decay = np.exp(-np.abs(log_tan))
    sin_theta = 2 * decay / (1 + decay**2)
    return -np.tanh(log_tan) * axis + sin_theta * (np.cos(phase) * e1 + np.sin(phase) * e2)
