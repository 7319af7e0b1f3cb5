"""Spin torques on a macrospin and on a domain wall, in closed form."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.constants import ELEMENTARY_CHARGE, GAMMA_E, HBAR
from fdmag.errors import ParameterError

__all__ = [
    "critical_current",
    "critical_current_in_plane",
    "high_current_write_error_rate",
    "mean_switching_time",
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


def critical_current_in_plane(
    barrier: ArrayLike, alpha: ArrayLike, P: ArrayLike, B_K: ArrayLike, B_d: ArrayLike
) -> NDArray:
    """Return I_c0 = (4 e α/(ħ P)) E_b (1 + B_d/(2 B_K)) [A] of a film with its easy axis in its plane.

    The demagnetising field, which does nothing for the barrier, has to be overcome too.

    Parameters
    ----------
    barrier : array_like
        E_b = Ms V B_K/2 [J].
    alpha, P : array_like
        As `critical_current`; polariser along the easy axis.
    B_K, B_d : array_like [T]
        Anisotropy field in the plane; field of the hard axis along the normal, µ0 Ms for a film.

    Source: J. Z. Sun, Phys. Rev. B 62, 570 (2000): the linearised equation turns unstable where a = α (B_K + B_d/2).

    >>> volume = np.pi / 4 * 60e-9 * 120e-9 * 2e-9
    >>> print(f"{critical_current_in_plane(0.5 * 1e6 * 0.02 * volume, 0.01, 0.6, 0.02, 1.2) * 1e3:.3f} mA")
    0.355 mA
    """
    return critical_current(barrier, alpha, P) * (1 + np.divide(B_d, np.multiply(2.0, B_K)))


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


def mean_switching_time(
    i: ArrayLike, stability: ArrayLike, alpha: float, B_K: float, gamma: float = GAMMA_E
) -> NDArray:
    """Return the mean of `switching_time` [s] over the angles at which Boltzmann's distribution lets m begin.

    Noise acts before the current here, and not during it; what it does there makes the times shorter by about
    ln[i/(i − 1)]/[2 (i − 1)] in units of (1 + α²)/(α γ B_K). See `fdmag.analytic.fokker_planck` for the rest.

    Parameters
    ----------
    i : array_like
        Current over critical current, above 1.
    stability : array_like
        Δ = E_b/(k_B T); the weight of z = cos θ0 is exp(Δ z²), 0 < z ≤ 1.
    alpha, B_K, gamma : float
        As `switching_time`.

    Raises
    ------
    ParameterError
        The current does not reach the critical one, or Δ is not above 0.

    >>> print(f"{mean_switching_time(2.0, 60.0, 0.01, 0.3) * 1e9:.3f} ns")
    4.851 ns
    """
    i, delta = np.broadcast_arrays(np.asarray(i, dtype=float), np.asarray(stability, dtype=float))
    if not np.all(delta > 0):
        raise ParameterError(f"stability = {delta.min():g}; allowed: above 0")
    # With v = ln tan(θ/2) everything is smooth: z = −tanh v, dz = −sech² v dv.
    nodes, weights = np.polynomial.legendre.leggauss(400)
    v = 20.0 * (nodes - 1) / 2
    sech = 1 / np.cosh(v)
    weight = weights * sech**2 * np.exp(-delta[..., None] * sech**2)
    times = switching_time(i[..., None], 2 * np.arctan(np.exp(v)), alpha, B_K, gamma)
    return (times * weight).sum(axis=-1) / weight.sum(axis=-1)


def high_current_write_error_rate(
    t: ArrayLike, i: ArrayLike, stability: ArrayLike, alpha: float, B_K: float, gamma: float = GAMMA_E
) -> NDArray:
    """Return the write error rate of a perpendicular macrospin far above the critical current, in closed form.

    1 − exp{−θ*² Δ (i − 1)/[i exp 2(i − 1)τ − 1]}, τ = α γ B_K t/(1 + α²): near the axis the angles stay distributed as
    Gaussians, which the torque widens and noise feeds; θ*, from which m would have come in the same time without
    noise, is that of `switching_time`, θ*² = 2 · 2^{(i−1)/(i+1)} (1 − 1/i)^{2/(i+1)}.

    Parameters
    ----------
    t : array_like [s]
        Length of the pulse, above 0.
    i, stability : array_like
        Current over critical current, above 1; Δ. Broadcast with ``t``.
    alpha, B_K, gamma : float

    Raises
    ------
    ParameterError
        The current does not reach the critical one.

    Notes
    -----
    For Δ → ∞ at constant i. With Δ = 60 and rates down to 1e-15 it is too high by up to a factor of 3.5 at i = 1.5 and
    1.35 at i = 2, and within 4 % at i = 3 to 5; the exact one is `fdmag.analytic.fokker_planck.write_error_rate`.
    W. H. Butler et al., IEEE Trans. Magn. 48, 4684 (2012), have π²/4 in place of θ*².

    >>> print(f"{high_current_write_error_rate(10e-9, 2.0, 60.0, 0.01, 0.3):.2e}")
    1.23e-03
    """
    i, delta = np.asarray(i, dtype=float), np.asarray(stability, dtype=float)
    if np.any(i <= 1):
        raise ParameterError(f"i = {i.min():g}; allowed: above 1, where the torque overcomes the damping")
    tau = alpha * gamma * B_K / (1 + alpha**2) * np.asarray(t, dtype=float)
    square = 2 * 2 ** ((i - 1) / (i + 1)) * (1 - 1 / i) ** (2 / (i + 1))
    decay = np.exp(-2 * (i - 1) * tau)
    return -np.expm1(-square * delta * (i - 1) * decay / (i - decay))


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
