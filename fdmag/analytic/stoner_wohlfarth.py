"""The Stoner–Wohlfarth particle: a macrospin with one easy axis in a field, quasi-static and at zero temperature.

All fields are reduced, h = B/B_K with B_K = 2 K/Ms; ``psi`` is the angle of the field's line from the easy axis and
``theta`` that of m on the same side, both in the plane of axis and field.
E. C. Stoner, E. P. Wohlfarth, Phil. Trans. R. Soc. A 240, 599 (1948).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError

__all__ = [
    "astroid",
    "energy_barrier",
    "equilibrium_angle",
    "hysteresis_branch",
    "stoner_wohlfarth_energy",
    "switching_field",
]


def stoner_wohlfarth_energy(theta: ArrayLike, h: ArrayLike, psi: ArrayLike) -> NDArray:
    """Return the energy density sin²θ − 2 h cos(θ − ψ), in units of the anisotropy constant K.

    Parameters
    ----------
    theta, psi : array_like
        Angles of m and of the field from the easy axis [rad].
    h : array_like
        Reduced field B/B_K.

    >>> float(stoner_wohlfarth_energy(0.0, 0.5, 0.0))
    -1.0
    """
    return np.sin(theta) ** 2 - 2 * np.asarray(h) * np.cos(np.subtract(theta, psi))


def switching_field(psi: ArrayLike) -> NDArray:
    """Return the reduced field (|cos ψ|^{2/3} + |sin ψ|^{2/3})^{-3/2} at which the metastable state vanishes.

    Parameters
    ----------
    psi : array_like
        Angle of the field from the easy axis [rad], any.

    Notes
    -----
    Stoner and Wohlfarth (1948); the polar form of the astroid of J. C. Slonczewski (IBM memorandum, 1956).
    Equals 1 along and across the easy axis and 1/2 at 45°.

    >>> switching_field(np.radians([0, 45, 90])).round(12)
    array([1. , 0.5, 1. ])
    """
    return (np.abs(np.cos(psi)) ** (2 / 3) + np.abs(np.sin(psi)) ** (2 / 3)) ** -1.5


def astroid(h_along: ArrayLike, h_across: ArrayLike) -> NDArray:
    """Return |h∥|^{2/3} + |h⊥|^{2/3}: below 1 both states are stable, above 1 one is left.

    Parameters
    ----------
    h_along, h_across : array_like
        Components of the reduced field along and across the easy axis.

    >>> float(astroid(0.125, 0.0))
    0.25
    """
    return np.abs(h_along) ** (2 / 3) + np.abs(h_across) ** (2 / 3)


def equilibrium_angle(h: ArrayLike, psi: ArrayLike) -> NDArray:
    """Return the angle θ [rad] of m on the descending branch: saturated at h → +∞, then h lowered to its value.

    Down to h = −h_sw(ψ) m stays on the side of the easy axis it came from; below, it has jumped and is stable
    along the field again. At h = −h_sw itself it has not jumped yet.

    Parameters
    ----------
    h : array_like
        Reduced field B/B_K, negative against the direction of saturation.
    psi : array_like
        Angle of the field from the easy axis, 0 to π/2 [rad].

    Returns
    -------
    array
        θ in (−π/2, π/2) before the jump, near π + θ(|h|) after it; accurate to rounding except that
        within δ of the jump it is accurate to ~1e-16/sqrt(δ).

    Raises
    ------
    ParameterError
        ``psi`` outside [0, π/2].

    Notes
    -----
    Root of sin 2θ + 2 h sin(θ − ψ) by bisection between bounds that hold exactly one stable state: 0 and ψ for
    h ≥ 0, and for h < 0 the angle of the jump, tan θ_c = −(tan ψ)^{1/3}, and 0.

    >>> float(np.degrees(equilibrium_angle(0.0, np.radians(30))).round(9))
    0.0
    >>> float(np.degrees(equilibrium_angle(0.5, np.radians(90))).round(9))  # sin θ = h across the axis
    30.0
    """
    h, psi = np.broadcast_arrays(np.asarray(h, dtype=float), np.asarray(psi, dtype=float))
    if not np.all((psi >= 0) & (psi <= np.pi / 2)):
        raise ParameterError("psi is outside [0, pi/2]; other field directions follow by symmetry")
    # rounding must not make the field of switching_field() itself jump
    jumped = h < -switching_field(psi) * (1 + 4 * np.finfo(float).eps)
    field = np.where(jumped, -h, h)
    jump_angle = -np.arctan2(np.cbrt(np.sin(psi)), np.cbrt(np.cos(psi)))
    low, high = np.where(field >= 0, 0.0, jump_angle), np.where(field >= 0, psi, 0.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        torque = np.sin(2 * middle) + 2 * field * np.sin(middle - psi)
        low, high = np.where(torque < 0, middle, low), np.where(torque < 0, high, middle)
    return np.where(jumped, np.pi, 0.0) + 0.5 * (low + high)


def hysteresis_branch(h: ArrayLike, psi: ArrayLike, ascending: bool = False) -> NDArray:
    """Return the magnetisation along the field's line, m·h_hat, on one branch of the hysteresis loop.

    Parameters
    ----------
    h : array_like
        Reduced field B/B_K.
    psi : array_like
        Angle of the field from the easy axis, 0 to π/2 [rad].
    ascending : bool
        The branch that comes from negative saturation instead of positive.

    Raises
    ------
    ParameterError
        ``psi`` outside [0, π/2].

    >>> hysteresis_branch([0.9, -0.9, -1.1], 0.0)
    array([ 1.,  1., -1.])
    """
    if ascending:
        return -hysteresis_branch(np.negative(h), psi)
    return np.cos(equilibrium_angle(h, psi) - np.asarray(psi))


def energy_barrier(h: ArrayLike, psi: ArrayLike) -> NDArray:
    """Return the barrier, in units of K V, out of the state on the side θ = 0 of the easy axis.

    It is the lower of the two maxima of the energy minus its minimum in (−π/2, π/2); 0 where that state has vanished.

    Parameters
    ----------
    h : array_like
        Reduced field B/B_K, negative against the state.
    psi : array_like
        Angle of the field from the easy axis, 0 to π/2 [rad].

    Raises
    ------
    ParameterError
        ``psi`` outside [0, π/2].

    Notes
    -----
    With z = exp(iθ) the torque sin 2θ + 2 h sin(θ − ψ) vanishes at the roots of z⁴ + 2 h e^(−iψ) z³ − 2 h e^(iψ) z − 1
    on the unit circle. Along the axis the barrier is (1 + h)², across it (1 − |h|)².

    >>> energy_barrier([0.0, -0.25, -1.2], 0.0).round(12)
    array([1.    , 0.5625, 0.    ])
    """
    h, psi = np.broadcast_arrays(np.asarray(h, dtype=float), np.asarray(psi, dtype=float))
    state = equilibrium_angle(h, psi)
    result = np.zeros(h.shape)
    for place in np.ndindex(h.shape):
        if state[place] > np.pi / 2:
            continue
        field = 2 * h[place] * np.exp(1j * psi[place])
        roots = np.roots([1, np.conj(field), 0, -field, -1])
        theta = np.angle(roots[np.abs(np.abs(roots) - 1) < 1e-6])
        highest = theta[np.cos(2 * theta) + h[place] * np.cos(theta - psi[place]) <= 0]
        energy = stoner_wohlfarth_energy(highest, h[place], psi[place])
        result[place] = energy.min() - stoner_wohlfarth_energy(state[place], h[place], psi[place])
    return np.maximum(result, 0)
