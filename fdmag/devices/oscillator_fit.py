"""Slavin and Tiberkevich's model fitted to orbits that grow, shrink and stay: Γ₊ = Γ₋, and f = f0 + (N/2π) p."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.analytic.oscillator import AutoOscillator, fit_frequency
from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.errors import ParameterError

__all__ = ["Balance", "FrequencyShift", "fit_balance", "fit_shift"]


@dataclass(frozen=True)
class Balance(Result):
    """Gain and loss of an oscillator: ½ d(ln p)/dt = Γ_G (J/J_th)(1 − p) − Γ_G (1 + Q p).

    Attributes
    ----------
    J, power, growth
        What was fitted.
    """

    threshold: float = quantity("A/m^2", "J_th: Γ₊ = Γ₋ at vanishing power")
    sigma_threshold: float = quantity("A/m^2", "standard error")
    damping_rate: float = quantity("1/s", "Γ_G, damping rate of the amplitude at vanishing power")
    sigma_damping_rate: float = quantity("1/s", "standard error")
    nonlinear_damping: float = quantity("1", "Q of Γ₊ = Γ_G (1 + Q p)")
    sigma_nonlinear_damping: float = quantity("1", "standard error")
    J: NDArray = quantity("A/m^2", "current density", "turn")
    power: NDArray = quantity("1", "power of an orbit", "turn")
    growth: NDArray = quantity("1/s", "½ d(ln p)/dt", "turn")

    def at(self, J: ArrayLike, p: ArrayLike) -> NDArray[np.float64]:
        """Return Γ₋ − Γ₊ [1/s]."""
        J, p = np.asarray(J, dtype=float), np.asarray(p, dtype=float)
        return self.damping_rate * (J / self.threshold * (1 - p) - 1 - self.nonlinear_damping * p)

    def oscillator(self, f0: float, shift: float, energy: float) -> AutoOscillator:
        """Return the model, whose currents are J/J_th; ``energy`` [J] is that of the mode over p."""
        return AutoOscillator(f0, self.damping_rate, shift, self.nonlinear_damping, energy)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw gain less loss over the power, with the fit, for up to seven currents."""
        ax = axes_for(ax, "p", "½ d(ln p)/dt [10⁹/s]", "gain less loss")
        currents = np.unique(self.J)
        shown = currents[np.linspace(0, len(currents) - 1, min(7, len(currents))).round().astype(int)]
        for J, colour in zip(shown, COLOURS, strict=False):
            here = self.J == J
            span = np.array([0.0, self.power[here].max()])
            ax.plot(
                self.power[here],
                self.growth[here] * 1e-9,
                ".",
                color=colour,
                label=f"J/J_th = {J / self.threshold:.2f}",
            )
            ax.plot(span, self.at(J, span) * 1e-9, "-", color=colour, linewidth=1)
        ax.axhline(0, color="0.5", linewidth=0.8)
        ax.legend(fontsize="small", frameon=False)
        return ax


@dataclass(frozen=True)
class FrequencyShift(Result):
    """f = f0 + (N/2π) p, with errors by leaving out one point at a time."""

    f0: float = quantity("Hz", "frequency at vanishing power")
    sigma_f0: float = quantity("Hz", "standard error")
    shift: float = quantity("Hz", "N/2π, frequency over power")
    sigma_shift: float = quantity("Hz", "standard error")


def fit_balance(J: ArrayLike, power: ArrayLike, growth: ArrayLike) -> Balance:
    """Fit gain and loss to growth rates, by least squares, all with the same weight.

    Parameters
    ----------
    J : array (n,) [A/m²]
        At least two different ones; orbits that shrink below the threshold count as well.
    power : array (n,)
    growth : array (n,) [1/s]
        ½ d(ln p)/dt; 0 of a steady orbit.

    Raises
    ------
    ParameterError
        There are fewer than four data, or two different currents.

    Source: A. Slavin, V. Tiberkevich, IEEE Trans. Magn. 45, 1875 (2009), eqs. (13) and (14).

    >>> J, p = np.array([1e10, 2e10, 3e10, 3e10]), np.array([0.01, 0.02, 0.05, 0.1])
    >>> found = fit_balance(J, p, 4e8 * (J / 1.5e10 * (1 - p) - 1 - 3 * p))
    >>> print(f"{found.threshold:.3g} A/m^2, {found.damping_rate:.3g} 1/s, Q = {found.nonlinear_damping:.3f}")
    1.5e+10 A/m^2, 4e+08 1/s, Q = 3.000
    """
    J, p, g = (np.asarray(each, dtype=float).ravel() for each in (J, power, growth))
    if not (J.size == p.size == g.size) or J.size < 4 or np.unique(J).size < 2:
        raise ParameterError(
            f"fit of gain and loss: {J.size} growth rates at {np.unique(J).size} currents; allowed: at least 4, at 2 "
            "different currents: let orbits grow from a small tilt, some above the threshold"
        )
    unit = float(np.abs(J).max())
    columns = np.stack([J / unit * (1 - p), -np.ones_like(p), -p], axis=1)
    sizes = np.abs(columns).max(axis=0)
    x, _, rank, _ = np.linalg.lstsq(columns / sizes, g, rcond=1e-10)
    if rank < 3:
        raise ParameterError("fit of gain and loss: the data do not tell the current's gain from the losses")
    residual = g - columns / sizes @ x
    inverse = np.linalg.inv((columns / sizes).T @ (columns / sizes))
    covariance = inverse * float(residual @ residual) / max(g.size - 3, 1) / np.outer(sizes, sizes)
    gain, loss, more = x / sizes
    by_gain = np.array([-loss / gain**2, 1 / gain, 0.0])
    by_more = np.array([0.0, -more / loss**2, 1 / loss])
    return Balance(
        float(loss / gain * unit), float(np.sqrt(by_gain @ covariance @ by_gain)) * unit,
        float(loss), float(np.sqrt(covariance[1, 1])),
        float(more / loss), float(np.sqrt(by_more @ covariance @ by_more)), J, p, g,
    )  # fmt: skip


def fit_shift(power: ArrayLike, frequency: ArrayLike) -> FrequencyShift:
    """Fit f = f0 + (N/2π) p.

    Raises
    ------
    ParameterError
        There are fewer than three different powers.
    """
    p, f = np.asarray(power, dtype=float).ravel(), np.asarray(frequency, dtype=float).ravel()
    if p.size != f.size or np.unique(p).size < 3:
        raise ParameterError(f"fit of the frequency: {np.unique(p).size} different powers; allowed: at least 3")
    best = fit_frequency(p, f)
    rest = np.arange(p.size)
    without = np.array([fit_frequency(p[rest != k], f[rest != k]) for k in rest])
    sigma = np.sqrt((p.size - 1) / p.size * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    return FrequencyShift(best[0], float(sigma[0]), best[1], float(sigma[1]))
