"""The flat 180° domain wall at rest: width, energy and profile.

Energy density A (∇m)² − Ku1 (m·u)² − Ku2 (m·u)⁴, no stray field of the wall: exact for a Bloch wall; for a film with
u along its normal, put Ku1 − µ0 Ms²/2 for Ku1 when the wall is wide compared with the film's thickness.
With m = (0, sin θ, cos θ) across x and u = z, the first integral A θ'² = g(θ) holds, where
g = sin²θ (Ku1 + Ku2 + Ku2 cos²θ) is the anisotropy energy above that of the domains.

Sources: L. Landau, E. Lifshitz, Phys. Z. Sowjetunion 8, 153 (1935); B. A. Lilley, Phil. Mag. 41, 792 (1950);
A. Hubert, R. Schäfer, Magnetic Domains (Springer, 1998), section 3.6.
"""

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError

__all__ = [
    "bar_reversal_barrier",
    "bloch_wall_energy",
    "bloch_wall_profile",
    "neel_wall_energy",
    "wall_width",
    "wall_width_parameter",
]


def _positive(name: str, values: ArrayLike, unit: str) -> NDArray:
    values = np.asarray(values, dtype=float)
    if not np.all(values > 0):
        raise ParameterError(f"{name} = {np.min(values):g} {unit}: no wall exists; allowed: above 0")
    return values


def wall_width_parameter(A: ArrayLike, K: ArrayLike) -> NDArray:
    """Return Δ = sqrt(A/K) [m], the length in the profile tanh(x/Δ).

    Parameters
    ----------
    A : array_like
        Exchange stiffness [J/m].
    K : array_like
        Anisotropy constant [J/m³].

    Raises
    ------
    ParameterError
        ``A`` or ``K`` is not positive.

    >>> print(f"{wall_width_parameter(16e-12, 1e6):.1e} m")
    4.0e-09 m
    """
    return np.sqrt(_positive("A", A, "J/m") / _positive("K", K, "J/m^3"))


def wall_width(A: ArrayLike, Ku1: ArrayLike, Ku2: ArrayLike = 0.0) -> NDArray:
    """Return Lilley's width π sqrt[A/(Ku1 + Ku2)] [m]: domain to domain along the tangent of θ(x) at the centre.

    Parameters
    ----------
    A : array_like
        Exchange stiffness [J/m].
    Ku1, Ku2 : array_like
        Uniaxial anisotropy constants [J/m³].

    Raises
    ------
    ParameterError
        ``A`` or ``Ku1 + Ku2`` is not positive.

    >>> print(f"{wall_width(16e-12, 1e6):.3e} m")
    1.257e-08 m
    """
    return np.pi * wall_width_parameter(A, np.add(Ku1, Ku2))


def bloch_wall_energy(A: ArrayLike, Ku1: ArrayLike, Ku2: ArrayLike = 0.0) -> NDArray:
    """Return the energy per area of a Bloch wall [J/m²]: 4 sqrt(A Ku1) for Ku2 = 0.

    Parameters
    ----------
    A : array_like
        Exchange stiffness [J/m].
    Ku1, Ku2 : array_like
        Uniaxial anisotropy constants [J/m³].

    Raises
    ------
    ParameterError
        ``A``, ``Ku1 + Ku2`` or ``Ku1 + 2 Ku2`` is not positive: u is not the axis of stable domains, or the wall
        splits into two.

    Notes
    -----
    4 sqrt(A) ∫₀¹ sqrt(a + b c²) dc = 2 sqrt(A) [sqrt(a + b) + a F(b)] with a = Ku1 + Ku2, b = Ku2 and
    F = asinh(sqrt(b/a))/sqrt(b), or asin(sqrt(−b/a))/sqrt(−b) for b < 0.

    >>> print(f"{bloch_wall_energy(16e-12, 1e6):.3e} J/m^2")
    1.600e-02 J/m^2
    """
    A, a, b = _constants(A, Ku1, Ku2)
    ratio = np.sqrt(np.abs(b) / a)
    # series where the quotient is 0/0; its next term, ratio⁴, is below rounding
    small = ratio < 1e-4
    divisor = np.where(small, 1.0, ratio)
    circular = np.arcsin(np.minimum(divisor, 1.0)) / divisor
    factor = np.where(small, 1 - b / a / 6, np.where(b < 0, circular, np.arcsinh(divisor) / divisor))
    return 2 * np.sqrt(A) * (np.sqrt(a + b) + np.sqrt(a) * factor)


def bloch_wall_profile(
    x: ArrayLike, A: ArrayLike, Ku1: ArrayLike, Ku2: ArrayLike = 0.0, center: ArrayLike = 0.0
) -> tuple[NDArray, NDArray]:
    """Return (m·u, in-plane component) across a Bloch wall: (tanh, sech)((x − x0)/Δ) for Ku2 = 0.

    Parameters
    ----------
    x : array_like
        Position across the wall [m].
    A : array_like
        Exchange stiffness [J/m].
    Ku1, Ku2 : array_like
        Uniaxial anisotropy constants [J/m³].
    center : array_like
        Where m·u = 0 [m].

    Returns
    -------
    (array, array)
        m·u, from −1 to 1 with x, and the component across u, from 0 over 1 back to 0.

    Raises
    ------
    ParameterError
        As `bloch_wall_energy`.

    Notes
    -----
    With ξ = (x − x0) sqrt[(Ku1 + 2 Ku2)/A] and a = Ku1 + Ku2, the first integral gives
    m·u = sqrt(a) sinh ξ / sqrt(a cosh²ξ + Ku2).

    >>> along, across = bloch_wall_profile([0.0, 4e-9], 16e-12, 1e6)
    >>> along.round(6), across.round(6)
    (array([0.      , 0.761594]), array([1.      , 0.648054]))
    """
    A, a, b = _constants(A, Ku1, Ku2)
    xi = (np.asarray(x, dtype=float) - center) * np.sqrt((a + b) / A)
    # divided by cosh ξ, so that nothing overflows far from the wall
    sech = 2 * np.exp(-np.abs(xi)) / (1 + np.exp(-2 * np.abs(xi)))
    scale = 1 / np.sqrt(a + b * sech**2)
    return np.sqrt(a) * np.tanh(xi) * scale, np.sqrt(a + b) * sech * scale


def neel_wall_energy(A: ArrayLike, K: ArrayLike, D: ArrayLike) -> NDArray:
    """Return the energy per area 4 sqrt(A K) − π |D| [J/m²] of the Néel wall that interfacial DMI favours.

    Parameters
    ----------
    A : array_like
        Exchange stiffness [J/m].
    K : array_like
        Effective anisotropy constant, that of the film's shape included [J/m³].
    D : array_like
        Interfacial DMI constant [J/m²].

    Raises
    ------
    ParameterError
        ``A`` or ``K`` is not positive.

    Notes
    -----
    S. Rohart, A. Thiaville, Phys. Rev. B 88, 184422 (2013). Valid while |D| is large enough to hold the wall in the
    Néel configuration against its stray field. A negative result is physical: uniform domains are then unstable.

    >>> print(f"{neel_wall_energy(16e-12, 1e6, 3e-3):.3e} J/m^2")
    6.575e-03 J/m^2
    """
    return 4 * np.sqrt(_positive("A", A, "J/m") * _positive("K", K, "J/m^3")) - np.pi * np.abs(D)


def _constants(A: ArrayLike, Ku1: ArrayLike, Ku2: ArrayLike) -> tuple[NDArray, NDArray, NDArray]:
    a = _positive("Ku1 + Ku2", np.add(Ku1, Ku2), "J/m^3")
    b = np.asarray(Ku2, dtype=float)
    _positive("Ku1 + 2 Ku2", a + b, "J/m^3")
    return _positive("A", A, "J/m"), a, b


def bar_reversal_barrier(A: ArrayLike, K: ArrayLike, length: ArrayLike) -> NDArray:
    """Return the barrier [J/m²] for reversing a bar of uniaxial anisotropy with free ends, per area of its section.

    Up to the length π Δ, with Δ = sqrt(A/K), all of the bar turns at once: K L. In a longer one part of a wall stands
    in the middle, and the barrier tends to that of a whole one, 4 sqrt(A K).

    Parameters
    ----------
    A : array_like
        Exchange stiffness [J/m].
    K : array_like
        Anisotropy constant [J/m³].
    length : array_like
        L [m].

    Raises
    ------
    ParameterError
        An argument is not positive.

    Notes
    -----
    The saddle obeys Δ² θ'² = sin²θ − sin²θ_e with θ' = 0 at the ends, where θ is θ_e and π − θ_e. With m = cos²θ_e the
    length is 2 Δ K(m) and the energy K Δ [4 E(m) − 2 (1 − m) K(m)], with the complete elliptic integrals of parameter m
    (NIST Digital Library of Mathematical Functions, 19.2).

    >>> (bar_reversal_barrier(1e-11, 1e5, [1e-8, 1e-6]) / [1e5 * 1e-8, 4e-3]).round(9)
    array([1., 1.])
    """
    width = wall_width_parameter(A, K)
    length, width, stiffness = np.broadcast_arrays(_positive("length", length, "m"), width, np.asarray(K, dtype=float))
    result = np.array(stiffness * length)
    for place in np.ndindex(result.shape):
        ratio = length[place] / width[place]
        if ratio <= np.pi:
            continue
        if ratio > 60:  # what is missing of a whole wall is below rounding
            result[place] = 4 * stiffness[place] * width[place]
            continue
        rest = np.exp(
            scipy.optimize.brentq(
                lambda x, half=ratio / 2: scipy.special.ellipkm1(np.exp(x)) - half, -100.0, 0.0, xtol=1e-14
            )
        )  # 1 − m
        integrals = 4 * scipy.special.ellipe(1 - rest) - 2 * rest * scipy.special.ellipkm1(rest)
        result[place] = stiffness[place] * width[place] * integrals
    return result
