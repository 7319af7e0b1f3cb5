"""Spin-torque oscillators: the auto-oscillator of Slavin and Tiberkevich, and the exactly soluble one.

The complex amplitude c of the mode, |c|² = p, obeys

    dc/dt = −i (ω0 + N p) c − Γ_G (1 + Q p) c + Γ_G (I/I_th) (1 − p) c + noise,

noise of the strength that gives c the energy k_B T without current. A. Slavin and V. Tiberkevich, IEEE Trans. Magn. 45,
1875 (2009); line widths: J.-V. Kim, V. Tiberkevich, A. N. Slavin, Phys. Rev. Lett. 100, 017207 (2008), and V. S.
Tiberkevich, A. N. Slavin, J.-V. Kim, Phys. Rev. B 78, 092401 (2008).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.constants import BOLTZMANN, GAMMA_E
from fdmag.errors import ParameterError

__all__ = ["AutoOscillator", "fit_frequency", "fit_power", "perpendicular_polariser_oscillator", "power_of_balance"]

Floats = NDArray[np.float64]


def perpendicular_polariser_oscillator(
    a: ArrayLike, alpha: ArrayLike, B_k: ArrayLike, gamma: float = GAMMA_E
) -> tuple[Floats, Floats]:
    """Return (cos θ, f [Hz]) of a film with an easy plane whose polariser points along its normal z.

    cos θ = −a/(α B_k) and f = γ a/(2 π α), counter-clockwise seen from +z for a > 0: *a > 0 drives m away from the
    polariser, below the plane*. Exact for a macrospin with Lambda = 1 and the field −B_k m_z along z; there is no
    threshold.

    Parameters
    ----------
    a : array_like [T]
        ħ P J/(2 e Ms t), see `fdmag.analytic.spin_torque.spin_torque_field`.
    alpha : array_like
    B_k : array_like [T]
        Of the easy plane: µ0 Ms, less an anisotropy field along the normal.
    gamma : float [rad/(s T)]

    Raises
    ------
    ParameterError
        |a| is not below α B_k: m comes to rest along the normal.

    Notes
    -----
    dm_z/dt = −γ (1 − m_z²)(a + α B_k m_z)/(1 + α²) and dφ/dt = γ (α a − B_k m_z)/(1 + α²). X. Zhu, J.-G. Zhu, IEEE
    Trans. Magn. 42, 2670 (2006), for the device.

    >>> cosine, f = perpendicular_polariser_oscillator(5e-3, 0.01, 1.0)
    >>> print(f"{cosine:.2f}, {f / 1e9:.2f} GHz")
    -0.50, 14.01 GHz
    """
    a = np.asarray(a, dtype=float)
    cosine = -a / np.multiply(alpha, B_k)
    if not np.all(np.abs(cosine) < 1):
        raise ParameterError("a reaches α B_k: m comes to rest along the normal; allowed: |a| below α B_k")
    return cosine, gamma * a / (2 * np.pi * np.asarray(alpha, dtype=float))


@dataclass(frozen=True)
class AutoOscillator:
    """Slavin and Tiberkevich's oscillator; currents are in units of the threshold, I/I_th.

    Attributes
    ----------
    f0 : float [Hz]
        Frequency at vanishing power.
    damping_rate : float [1/s]
        Γ_G of the amplitude at vanishing power.
    shift : float [Hz]
        N/(2π): the frequency is f0 + shift p.
    nonlinear_damping : float
        Q of Γ₊ = Γ_G (1 + Q p).
    energy : float [J]
        E of the mode is ``energy`` p.

    Raises
    ------
    ParameterError
        A value is out of its range.

    >>> oscillator = AutoOscillator(6e9, 4e8, -2e9, 3.0, 2e-17)
    >>> print(f"p = {oscillator.power(1.5):.4f}, f = {oscillator.frequency(1.5) / 1e9:.3f} GHz")
    p = 0.1111, f = 5.778 GHz
    >>> print(f"{oscillator.linewidth(1.5, 300.0) / 1e6:.1f} MHz, {oscillator.linewidth(0.5, 300.0) / 1e6:.1f} MHz")
    7.9 MHz, 63.7 MHz
    """

    f0: float
    damping_rate: float
    shift: float
    nonlinear_damping: float
    energy: float

    def __post_init__(self) -> None:
        for name in ("f0", "damping_rate", "energy"):
            if not getattr(self, name) > 0:
                raise ParameterError(f"{name} = {getattr(self, name):g}; allowed: above 0")
        if not self.nonlinear_damping > -1:
            raise ParameterError(
                f"nonlinear_damping = {self.nonlinear_damping:g}; allowed: above −1, or p has no bound"
            )

    def power(self, current: ArrayLike) -> Floats:
        """Return p0 = (ζ − 1)/(ζ + Q) with ζ = I/I_th, where Γ₊ = Γ₋; 0 below the threshold."""
        ratio = np.asarray(current, dtype=float)
        return np.where(ratio > 1, (ratio - 1) / np.where(ratio > 1, ratio + self.nonlinear_damping, 1), 0.0)

    def frequency(self, current: ArrayLike) -> Floats:
        """Return f0 + (N/2π) p0 [Hz]."""
        return self.f0 + self.shift * self.power(current)

    def power_relaxation_rate(self, current: ArrayLike) -> Floats:
        """Return Γ_p = p0 d(Γ₊ − Γ₋)/dp = Γ_G (ζ − 1) [1/s]: deviations of p decay with 2 Γ_p."""
        return self.damping_rate * np.maximum(np.asarray(current, dtype=float) - 1, 0)

    def amplification(self, current: ArrayLike) -> Floats:
        """Return ν = N p0/Γ_p = N/[Γ_G (ζ + Q)], by which noise of the power reaches the phase."""
        return (
            2 * np.pi * self.shift / (self.damping_rate * (np.asarray(current, dtype=float) + self.nonlinear_damping))
        )

    def linewidth(self, current: ArrayLike, T: ArrayLike) -> Floats:
        """Return the full width at half maximum [Hz] of the power spectrum.

        Below the threshold Γ_G (1 − ζ)/π; above, (1 + ν²) Γ₊(p0) k_B T/[2π E(p0)].

        Parameters
        ----------
        current : array_like
            I/I_th, not 1. The forms hold where p0 is far from its fluctuations: k_B T well below E(p0) above, and
            ``energy`` (1 − ζ) below.
        T : array_like [K]

        Notes
        -----
        A Lorentzian line, as long as the width is well below Γ_p/π; else see `phase_variance`.
        """
        ratio, T = np.broadcast_arrays(np.asarray(current, dtype=float), np.asarray(T, dtype=float))
        above = ratio > 1
        linear = self._linear(np.where(above, ratio, 2.0), T)
        generating = linear * (1 + self.amplification(ratio) ** 2) / (2 * np.pi)
        return np.where(above, generating, self.damping_rate * (1 - ratio) / np.pi)

    def phase_variance(self, t: ArrayLike, current: ArrayLike, T: ArrayLike) -> Floats:
        """Return ⟨[φ(t) − φ(0) − 2π f t]²⟩ [rad²] above the threshold.

        Δω [(1 + ν²) t − ν² (1 − exp(−2 Γ_p t))/(2 Γ_p)], Δω = Γ₊ k_B T/E(p0); the correlation of the signal is the
        exponential of −½ of it.

        Raises
        ------
        ParameterError
            The current does not reach the threshold.
        """
        ratio = np.asarray(current, dtype=float)
        times = np.abs(np.asarray(t, dtype=float))
        if not np.all(ratio > 1):
            raise ParameterError(f"current = {ratio.min():g} I_th; allowed: above 1, below there is no phase")
        rate, square = 2 * self.power_relaxation_rate(ratio), self.amplification(ratio) ** 2
        spread = (1 + square) * times + square * np.expm1(-rate * times) / rate
        return np.asarray(self._linear(ratio, np.asarray(T, dtype=float)) * spread)

    def _linear(self, ratio: Any, T: Any) -> Any:
        """Return Γ₊(p0) k_B T/E(p0) [rad/s]."""
        p = self.power(ratio)
        return self.damping_rate * (1 + self.nonlinear_damping * p) * BOLTZMANN * T / (self.energy * p)


def fit_frequency(power: ArrayLike, frequency: ArrayLike) -> tuple[float, float]:
    """Return f0 [Hz] and N/(2π) [Hz] of f = f0 + (N/2π) p by least squares.

    Raises
    ------
    ParameterError
        There are fewer than two different powers.

    >>> f0, shift = fit_frequency([0.1, 0.2, 0.3], [5.8e9, 5.6e9, 5.4e9])
    >>> print(f"{f0 / 1e9:.2f} GHz, {shift / 1e9:.2f} GHz")
    6.00 GHz, -2.00 GHz
    """
    p, f = np.asarray(power, dtype=float).ravel(), np.asarray(frequency, dtype=float).ravel()
    if p.size != f.size or np.unique(p).size < 2:
        raise ParameterError(
            f"{p.size} powers and {f.size} frequencies; allowed: as many, at least two of them different"
        )
    shift, f0 = np.polyfit(p, f, 1)
    return float(f0), float(shift)


def fit_power(current: ArrayLike, power: ArrayLike) -> tuple[float, float]:
    """Return I_th, in the unit of the currents, and Q of p0 = (I − I_th)/(I + Q I_th), by least squares.

    Parameters
    ----------
    current : array_like
        Above the threshold, all of one sign.
    power : array_like
        As |c|², 0 to 1: (1 − cos θ)/2 of a precession with the angle θ.

    Raises
    ------
    ParameterError
        There are fewer than two different currents, or no such curve fits.

    >>> threshold, Q = fit_power([1.2e-3, 1.5e-3, 2e-3], [0.2 / 3.2, 0.5 / 3.5, 1 / 4])
    >>> print(f"{threshold * 1e3:.3f} mA, {Q:.3f}")
    1.000 mA, 2.000
    """
    given, p = np.asarray(current, dtype=float).ravel(), np.asarray(power, dtype=float).ravel()
    if given.size != p.size or np.unique(given).size < 2:
        raise ParameterError(
            f"{given.size} currents and {p.size} powers; allowed: as many, at least two of them different"
        )
    scale = given[np.argmin(np.abs(given))]
    # p (I + Q I_th) = I − I_th is linear in I_th and Q I_th: where to begin
    (threshold, product), *_ = np.linalg.lstsq(
        np.stack([-np.ones_like(p), -p], axis=1), (p - 1) * given / scale, rcond=None
    )

    def curve(x: Floats, threshold: float, Q: float) -> Floats:
        return (x - threshold) / (x + Q * threshold)

    try:
        best, _ = scipy.optimize.curve_fit(curve, given / scale, p, p0=(threshold, product / threshold))
    except RuntimeError as error:
        raise ParameterError(f"no curve (I − I_th)/(I + Q I_th) fits: {error}") from None
    return float(best[0] * scale), float(best[1])


def power_of_balance(power: ArrayLike, gain_minus_loss: ArrayLike) -> float:
    """Return the power at which Γ₋ − Γ₊ falls through zero, by a straight line between the data; 0 if never above.

    Parameters
    ----------
    power : array_like (n,)
        Rising.
    gain_minus_loss : array_like (n,) [1/s]
        Γ₋ − Γ₊, such as the growth rate of the amplitude in a simulation.

    Raises
    ------
    ParameterError
        The powers do not rise, or the gain exceeds the loss to the end.

    >>> print(f"{power_of_balance([0.0, 0.1, 0.2], [2e8, 1e8, -1e8]):.3f}")
    0.150
    """
    p, excess = np.asarray(power, dtype=float).ravel(), np.asarray(gain_minus_loss, dtype=float).ravel()
    if p.size != excess.size or p.size < 2 or not np.all(np.diff(p) > 0):
        raise ParameterError("power: allowed: at least two values that rise, and as many of gain minus loss")
    falls = np.flatnonzero((excess[:-1] > 0) & (excess[1:] <= 0))
    if falls.size:
        k = falls[0]
        return float(p[k] + (p[k + 1] - p[k]) * excess[k] / (excess[k] - excess[k + 1]))
    if excess[-1] > 0:
        raise ParameterError("the gain exceeds the loss at the largest power: give larger ones")
    return 0.0
