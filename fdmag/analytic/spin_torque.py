"""Spin torques on a macrospin and on a domain wall, in closed form."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.constants import ELEMENTARY_CHARGE, GAMMA_E, HBAR
from fdmag.errors import ParameterError

__all__ = [
    "critical_current",
    "spin_drift_velocity",
    "spin_hall_efficiency",
    "spin_orbit_fixed_point",
    "spin_orbit_threshold",
    "spin_torque_field",
    "switching_time",
    "wall_velocity_of_current",
]


def spin_torque_field(J: Any, efficiency: Any, Ms: Any, thickness: Any) -> Any:
    """Return a = ħ η J/(2 e Ms t) [T], the field that measures a spin torque.

    Parameters
    ----------
    J : array_like [A/m²]
    efficiency : array_like
        η: the polarisation P (Slonczewski, Lambda = 1), 2 ε(θ), or ξ of a spin–orbit torque.
    Ms : array_like [A/m]
    thickness : array_like [m]
        Of the layer that takes up the torque.

    >>> print(f"{spin_torque_field(6.9e10, 1.0, 1.2e6, 1e-9) * 1e3:.4f} mT")
    18.9236 mT
    """
    return HBAR * efficiency * J / (2 * ELEMENTARY_CHARGE * Ms * thickness)


def critical_current(barrier: ArrayLike, alpha: ArrayLike, P: ArrayLike) -> NDArray:
    """Return I_c0 = 4 e α E_b/(ħ P) [A] of a perpendicular macrospin with Lambda = 1.

    Above it the state that the torque disfavours is unstable at zero temperature.

    Parameters
    ----------
    barrier : array_like
        E_b = Ms V B_K/2 [J].
    alpha : array_like
        Gilbert damping.
    P : array_like
        Spin polarisation.

    Source: J. Z. Sun, Phys. Rev. B 62, 570 (2000): the linearised equation turns unstable where a = α B_K.

    >>> volume = np.pi / 4 * 40e-9**2 * 1.3e-9
    >>> print(f"{critical_current(0.5 * 1e6 * 0.3 * volume, 0.01, 0.6) * 1e6:.2f} µA")
    24.82 µA
    """
    return 4 * ELEMENTARY_CHARGE * np.multiply(alpha, barrier) / (HBAR * np.asarray(P, dtype=float))


def switching_time(i: ArrayLike, theta0: ArrayLike, alpha: float, B_K: float, gamma: float = GAMMA_E) -> NDArray:
    """Return the time [s] after which a perpendicular macrospin has turned from θ0 to the equator, mz = 0.

    With the current i = I/I_c0 > 1, at zero temperature and for Lambda = 1. In units of (1 + α²)/(α γ B_K) it is
    −ln(1 − z)/[2(i − 1)] + ln(1 + z)/[2(i + 1)] + ln(1 − z/i)/(i² − 1), z = cos θ0.

    Parameters
    ----------
    i : array_like
        Current over critical current.
    theta0 : array_like
        Initial angle to the axis [rad], from 0 to π/2.
    alpha, B_K, gamma : float
        Damping; anisotropy field [T]; gyromagnetic ratio [rad/(s T)].

    Raises
    ------
    ParameterError
        The current does not reach the critical one, or m starts on the axis or beyond the equator.

    Notes
    -----
    With a = i α B_K along the axis, the equation of mz is dz/dt = −γ α B_K (1 − z²)(i − z)/(1 + α²); the result is its
    integral from z to 0 by partial fractions. It is exact. J. Z. Sun, Phys. Rev. B 62, 570 (2000), has the equation.

    >>> unit = 0.01 * GAMMA_E * 0.3 / (1 + 0.01**2)
    >>> (switching_time([2, 3], 1 / np.sqrt(120), 0.01, 0.3) * unit).round(4)
    array([2.6262, 1.4063])
    """
    i, theta0 = np.asarray(i, dtype=float), np.asarray(theta0, dtype=float)
    if np.any(i <= 1):
        raise ParameterError(f"i = {i.min():g}; allowed: above 1, where the torque overcomes the damping")
    if np.any(theta0 <= 0) or np.any(theta0 > np.pi / 2):
        raise ParameterError("theta0: allowed: above 0 and at most π/2 rad")
    z = np.cos(theta0)
    near = 2 * np.sin(theta0 / 2) ** 2  # 1 − z without cancellation
    reduced = -np.log(near) / (2 * (i - 1)) + np.log1p(z) / (2 * (i + 1)) + np.log1p(-z / i) / (i**2 - 1)
    return (1 + alpha**2) / (alpha * gamma * B_K) * reduced


def spin_hall_efficiency(theta_SH: ArrayLike, t_HM: ArrayLike, lambda_sf: ArrayLike) -> NDArray:
    """Return ξ_DL = θ_SH [1 − sech(t_HM/λ_sf)] of a heavy metal of finite thickness.

    Parameters
    ----------
    theta_SH : array_like
        Spin Hall angle.
    t_HM, lambda_sf : array_like [m]
        Thickness and spin diffusion length.

    Source: L. Liu et al., Phys. Rev. Lett. 106, 036601 (2011).

    >>> print(f"{spin_hall_efficiency(0.1, 3e-9, 1.5e-9):.5f}")
    0.07342
    """
    decay = np.exp(-np.divide(t_HM, lambda_sf))
    return np.asarray(theta_SH) * (1 - 2 * decay / (1 + decay**2))


def spin_orbit_threshold(B_K: ArrayLike, B_x: ArrayLike, Ms: float, thickness: float, efficiency: float) -> NDArray:
    """Return the current density [A/m²] at which a spin–orbit torque alone turns a perpendicular macrospin over.

    Damping-like, with the spin direction across the field B_x in the plane, and slowly raised: m stays in the plane
    of the axis and B_x until there is no equilibrium.

    J_c = (2 e Ms t/(ħ ξ)) B_K sqrt{[8 + 20 b² − b⁴ − b (8 + b²)^{3/2}]/32}, b = B_x/B_K.

    Parameters
    ----------
    B_K, B_x : array_like [T]
    Ms, thickness, efficiency : float
        Saturation magnetisation [A/m], thickness of the magnet [m], damping-like efficiency ξ.

    Raises
    ------
    ParameterError
        The field is negative or above B_K.

    Source: K.-S. Lee et al., Appl. Phys. Lett. 102, 112410 (2013).

    >>> (spin_orbit_threshold(0.3, np.array([0, 0.02, 0.05]), 1e6, 1e-9, 0.3) / 1e12).round(4)
    array([1.5193, 1.3778, 1.1724])
    """
    b = np.asarray(np.divide(B_x, B_K, dtype=float))
    if np.any(b < 0) or np.any(b > 1):
        raise ParameterError(f"B_x = {b.min():g} to {b.max():g} B_K; allowed: from 0 to B_K")
    root = np.sqrt((8 + 20 * b**2 - b**4 - b * (8 + b**2) ** 1.5) / 32)
    return np.asarray(B_K) * root / spin_torque_field(1.0, efficiency, Ms, thickness)


def spin_orbit_fixed_point(B_K: float, damping_like: float, field_like: float) -> NDArray:
    """Return the equilibrium (mx, my, mz), mz > 0, of a perpendicular macrospin under a spin–orbit torque with σ = y.

    The fields are B_K mz z, −a m × y and −b y, with a and b below B_K.

    Parameters
    ----------
    B_K, damping_like, field_like : float
        Anisotropy field, a and b [T].

    Returns
    -------
    array (3,)
        m along B(m), found by iteration from +z.

    >>> spin_orbit_fixed_point(0.4, 0.1 * 18.9236e-3, 0.3 * 18.9236e-3).round(7)
    array([ 0.0047305, -0.014193 ,  0.9998881])
    """
    m = np.array([0.0, 0.0, 1.0])
    for _ in range(200):
        B = np.array([damping_like * m[2], -field_like, B_K * m[2] - damping_like * m[0]])
        m = B / np.linalg.norm(B)
    return m


def spin_drift_velocity(J: Any, P: Any, Ms: Any, gamma: float = GAMMA_E) -> Any:
    """Return u = −γ ħ P J/(2 e Ms) [m/s], against the current density J for P > 0.

    With γ = g µ_B/ħ this is −g P µ_B J/(2 e Ms).

    >>> print(f"{spin_drift_velocity(1e12, 1.0, 8e5):.2f} m/s")
    -72.44 m/s
    """
    return -gamma * HBAR * P * J / (2 * ELEMENTARY_CHARGE * Ms)


def wall_velocity_of_current(u: ArrayLike, alpha: ArrayLike, xi: ArrayLike, *, precessing: bool) -> NDArray:
    """Return the velocity [m/s] of a wall that is driven by a current along the track.

    Below breakdown, where the wall keeps its angle, it is u xi/α. Without anything that holds the angle the wall
    turns steadily and moves with u (1 + α xi)/(1 + α²).

    Parameters
    ----------
    u : array_like [m/s]
        As `spin_drift_velocity`.
    alpha, xi : array_like
        Damping and non-adiabaticity.
    precessing : bool
        Whether the wall turns freely.

    Source: A. Mougin et al., Europhys. Lett. 78, 57007 (2007).
    """
    if precessing:
        return np.asarray(u) * (1 + np.multiply(alpha, xi)) / (1 + np.square(alpha))
    return np.asarray(u) * np.divide(xi, alpha)
