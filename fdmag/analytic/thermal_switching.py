"""Thermally activated switching of a macrospin with one easy axis: rates, retention, what an array of bits needs.

Δ = E_b/(k_B T) is the thermal stability, E_b = Ms V B_K/2 the barrier without field and current.
W. F. Brown, Phys. Rev. 130, 1677 (1963) is the source of the rates; L. Néel, Ann. Géophys. 5, 99 (1949), of the idea.
"""

import numpy as np
import scipy
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import ArrayLike, NDArray

from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError

__all__ = [
    "activated_rate",
    "activated_switching_current",
    "array_failure_probability",
    "brown_escape_rate",
    "relaxation_rate",
    "required_stability",
    "retention_time",
    "switched_probability",
]

YEAR = 365.25 * 86400.0
"""A Julian year [s]."""


def brown_escape_rate(
    stability: ArrayLike, alpha: ArrayLike, B_K: ArrayLike, h: ArrayLike = 0.0, gamma: float = GAMMA_E
) -> NDArray[np.float64]:
    """Return Brown's rate [1/s] of escapes from the well along +z over a high barrier.

    Γ = [α γ B_K/(1 + α²)] sqrt(Δ/π) (1 − h²) (1 + h) exp[−Δ (1 + h)²], for a field h = B/B_K along +z; from the other
    well it is that of −h. Any damping: for an axially symmetric energy the precession does not matter.

    Parameters
    ----------
    stability : array_like
        Δ at h = 0.
    alpha, B_K, gamma : array_like
        Gilbert damping; anisotropy field [T]; gyromagnetic ratio [rad/(s T)].
    h : array_like
        −1 to 1. A Slonczewski torque with Lambda = 1 along the axis counts as the field −i, i = a/(α B_K): it changes
        the barrier to Δ (1 − i)².

    Raises
    ------
    ParameterError
        The stability is not above 0, or there is one well only.

    Notes
    -----
    Too high by a factor of about 1 + 1/Δ for h = 0, and useful while Δ (1 − |h|)² is above some 3; else see
    `fdmag.analytic.fokker_planck`. Brown (1963), eq. (4.48), in these units.

    >>> print(f"{brown_escape_rate(60, 0.01, 0.3):.3e} 1/s")
    2.021e-17 1/s
    """
    delta, h = _stability(stability), np.asarray(h, dtype=float)
    if np.any(np.abs(h) >= 1):
        raise ParameterError(f"h = {h.min():g} to {h.max():g}; allowed: within −1 and 1, where there are two wells")
    unit = np.multiply(alpha, B_K) * gamma / (1 + np.square(alpha))
    return unit * np.sqrt(delta / np.pi) * (1 - h**2) * (1 + h) * np.exp(-delta * (1 + h) ** 2)


def relaxation_rate(
    stability: ArrayLike, alpha: ArrayLike, B_K: ArrayLike, gamma: float = GAMMA_E
) -> NDArray[np.float64]:
    """Return the rate [1/s] at which ⟨m⟩ along the easy axis decays without a field, for any barrier.

    It is the smallest eigenvalue of Brown's equation: for high barriers twice `brown_escape_rate`, for Δ → 0 that of
    free rotational diffusion, α γ B_K/[(1 + α²) Δ].

    Parameters
    ----------
    stability, alpha, B_K, gamma : array_like
        As `brown_escape_rate`.

    Notes
    -----
    Interpolation τ = τ_N (e^Δ − 1)/(2 Δ) {Δ/(1 + Δ) sqrt(Δ/π) + 2^{−Δ−1}}^{−1} between Brown's limits, after P. J.
    Cregg, D. S. F. Crothers, A. W. Wickstead, J. Appl. Phys. 76, 4900 (1994). Within 8 % of the eigenvalue for every Δ,
    within 1 % below 0.01 and above 15. The eigenvalue itself: `PerpendicularFokkerPlanck.slowest_rate`.

    >>> rate = relaxation_rate(40.0, 0.01, 0.3) / brown_escape_rate(40.0, 0.01, 0.3)
    >>> print(f"{rate:.3f}")  # 2 − 2/Δ
    1.951
    """
    delta = _stability(stability)
    unit = np.multiply(alpha, B_K) * gamma / (1 + np.square(alpha))
    # in powers of e^−Δ, so that nothing overflows
    bracket = delta / (1 + delta) * np.sqrt(delta / np.pi) + 2 ** (-delta - 1)
    return unit * 2 * bracket * np.exp(-delta) / -np.expm1(-delta)


def retention_time(stability: ArrayLike, attempt_time: ArrayLike = 1e-9) -> NDArray[np.float64]:
    """Return the mean time τ0 exp(Δ) [s] after which a bit has switched by itself.

    Parameters
    ----------
    stability : array_like
    attempt_time : array_like [s]
        τ0; that of a macrospin is exp(−Δ)/`brown_escape_rate`.

    >>> print(f"{retention_time(40) / YEAR:.1f} years, {retention_time(60) / YEAR:.1e} years")
    7.5 years, 3.6e+09 years
    """
    return np.asarray(attempt_time, dtype=float) * np.exp(stability)


def switched_probability(t: ArrayLike, rate: ArrayLike) -> NDArray[np.float64]:
    """Return 1 − exp(−Γ t), the probability that a bit has switched within t [s] at the constant rate Γ [1/s].

    The times to switch are distributed exponentially: no bit knows for how long it has waited. Holds for times long
    against the relaxation within a well.

    >>> print(f"{switched_probability(1.0, 1.0):.4f}")
    0.6321
    """
    return -np.expm1(-np.multiply(t, rate))


def activated_rate(
    i: ArrayLike, stability: ArrayLike, attempt_time: ArrayLike = 1e-9, exponent: float = 2.0
) -> NDArray[np.float64]:
    """Return Γ = exp[−Δ (1 − i)^ξ]/τ0 [1/s] of a sub-critical current i = I/I_c0.

    Parameters
    ----------
    i : array_like
        Below 1; negative currents hold the bit.
    stability, attempt_time : array_like
        Δ; τ0 [s].
    exponent : float
        ξ: 2 for a perpendicular macrospin with the polariser along its axis, where it follows from Brown's equation;
        1 is the rule for an easy axis in the plane of a film (Z. Li, S. Zhang, Phys. Rev. B 69, 134416 (2004)).
        D. M. Apalkov, P. B. Visscher, Phys. Rev. B 72, 180405 (2005).

    Raises
    ------
    ParameterError
        The current reaches the critical one.

    >>> print(f"{activated_rate(0.5, 40) * 1e-9:.2e} per ns")
    4.54e-05 per ns
    """
    i = np.asarray(i, dtype=float)
    if np.any(i > 1):
        raise ParameterError(f"i = {i.max():g}; allowed: at most 1; above, the torque needs no thermal activation")
    return np.exp(-_stability(stability) * (1 - i) ** exponent) / np.asarray(attempt_time, dtype=float)


def activated_switching_current(
    t: ArrayLike,
    stability: ArrayLike,
    attempt_time: ArrayLike = 1e-9,
    exponent: float = 2.0,
    probability: ArrayLike = 0.5,
) -> NDArray[np.float64]:
    """Return the current over I_c0 at which a pulse of length t [s] switches with a probability.

    i = 1 − [ln(t/(τ0 ln 1/(1 − P)))/Δ]^{1/ξ}, the inverse of `activated_rate`; measured over pulse lengths, it gives Δ
    and I_c0. Read as a field over B_K it is Sharrock's law.

    Parameters
    ----------
    t : array_like [s]
        Long enough for i < 1: above τ0 ln 1/(1 − P).
    stability, attempt_time, exponent
        As `activated_rate`.
    probability : array_like
        P, within 0 and 1.

    Raises
    ------
    ParameterError
        The pulse is too short for thermal activation.

    Source: R. H. Koch, J. A. Katine, J. Z. Sun, Phys. Rev. Lett. 92, 088302 (2004); M. P. Sharrock, J. Appl. Phys. 76,
    6413 (1994).

    >>> print(f"{activated_switching_current(1e-3, 60.0):.4f}")
    0.5138
    """
    waited = np.asarray(t, dtype=float) / (np.asarray(attempt_time) * -np.log1p(-np.asarray(probability, dtype=float)))
    if np.any(waited < 1):
        raise ParameterError("t is shorter than τ0 ln 1/(1 − P): such pulses do not switch by thermal activation")
    return 1 - (np.log(waited) / _stability(stability)) ** (1 / exponent)


def array_failure_probability(
    t: ArrayLike, stability: ArrayLike, bits: float, attempt_time: float = 1e-9, spread: float = 0.0
) -> NDArray[np.float64]:
    """Return the probability that at least one bit of an array has switched by itself within t [s].

    Parameters
    ----------
    t : array_like [s]
    stability : array_like
        Δ of the bits, their mean where there is a spread.
    bits : float
        Number of bits.
    attempt_time : float [s]
    spread : float
        Standard deviation of Δ between bits, normally distributed: while all bits are far from failing it counts as
        Δ − spread²/2 for all.

    >>> print(f"{array_failure_probability(10 * YEAR, 63.37, 2**20):.1e}")
    1.0e-04
    """
    delta, t = np.asarray(stability, dtype=float), np.asarray(t, dtype=float)
    if spread < 0 or bits <= 0 or attempt_time <= 0:
        raise ParameterError(
            f"bits = {bits:g}, attempt_time = {attempt_time:g} s, spread = {spread:g}; "
            "allowed: above 0, above 0, at least 0"
        )
    nodes, weights = hermegauss(160)
    values = delta[..., None] + spread * nodes
    failed = -np.expm1(-t[..., None] / attempt_time * np.exp(-values)) @ weights / weights.sum()
    return -np.expm1(bits * np.log1p(-np.minimum(failed, 1 - 1e-16)))


def required_stability(t: float, bits: float, failure: float, attempt_time: float = 1e-9, spread: float = 0.0) -> float:
    """Return the Δ with which an array keeps all its bits for t [s], but for a probability of failure.

    The inverse of `array_failure_probability`; without a spread ln[bits t/(τ0 ln 1/(1 − failure))].

    Parameters
    ----------
    t : float [s]
    bits : float
    failure : float
        Allowed probability that any bit of the array is lost.
    attempt_time, spread : float

    Raises
    ------
    ParameterError
        The failure is not within 0 and 1, or a time is not above 0.

    >>> print(f"{required_stability(10 * YEAR, 2**20, 1e-4):.1f}")
    63.4
    """
    if not 0 < failure < 1 or t <= 0:
        raise ParameterError(f"failure = {failure:g}, t = {t:g} s; allowed: within 0 and 1; above 0")
    alike = float(np.log(bits * t / attempt_time / -np.log1p(-failure)))
    if spread == 0:
        return alike

    def excess(delta: float) -> float:
        return float(np.log(array_failure_probability(t, delta, bits, attempt_time, spread)) - np.log(failure))

    return float(scipy.optimize.brentq(excess, alike - 1, alike + spread**2 + 20 * spread + 5, xtol=1e-9))


def _stability(values: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(values, dtype=float)
    if not np.all(values > 0):
        raise ParameterError(f"stability = {values.min():g}; allowed: above 0")
    return values
