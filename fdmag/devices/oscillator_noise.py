"""Linewidth of an oscillator: a Lorentzian line fitted to its spectrum, and the noise of its frequency.

Both fits maximise the likelihood of the periodogram, whose values scatter about their mean like independent
exponentials (P. Whittle, Ark. Mat. 2, 423 (1953)); standard errors are those of its Fisher information. They are exact
for white noise of the frequency, and two to three times too large for the line of an oscillator whose amplitude is
steady: its values are not independent. Frequency noise
of spin-torque oscillators: M. Quinsat et al., Appl. Phys. Lett. 97, 182507 (2010); its form: A. Slavin, V. Tiberkevich,
IEEE Trans. Magn. 45, 1875 (2009).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.errors import ParameterError

__all__ = ["FEWEST", "FrequencyNoise", "Line", "fit_frequency_noise", "fit_line"]

FEWEST = 8
"""Values of a periodogram that a fit needs."""
WIDTHS = 6
"""Half of the band that the line is fitted in, in its widths: further out noise of the power shapes it."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A Lorentzian line: frequency and full width at half maximum of the power [Hz], with standard errors."""

    frequency: float
    sigma_frequency: float
    width: float
    sigma_width: float


@dataclass(frozen=True)
class FrequencyNoise:
    """White noise of the frequency, and what noise of the power adds to it.

    The spectrum of dφ/dt is 2π w {1 + ν²/[1 + (π f/Γ_p)²]}/(1 + ν²), w being the width of the line.

    Attributes
    ----------
    width, sigma_width : float [Hz]
        The spectrum at f = 0, over 2π: the full width at half maximum of the line, as long as that is below Γ_p/π.
    amplification, sigma_amplification : float
        |ν|; NaN where the data do not tell it.
    relaxation, sigma_relaxation : float [1/s]
        Γ_p; deviations of the power decay with 2 Γ_p. NaN where the noise is white.
    """

    width: float
    sigma_width: float
    amplification: float
    sigma_amplification: float
    relaxation: float
    sigma_relaxation: float


def fit_line(c: NDArray[np.complex128], step: float, width: float) -> Line:
    """Fit a Lorentzian line to the spectrum of signals (repetitions, n), all of the same oscillator.

    The mean of the periodogram of a signal of length T that loses its phase as exp(−π w |τ|) is fitted, which is exact
    for any T: 2 Re[1/z − (1 − e^{−zT})/(z² T)], z = π w + 2πi (f − f0), on a constant.

    Parameters
    ----------
    c : complex array (repetitions, n)
        Turning counter-clockwise.
    step : float [s]
    width : float [Hz]
        About what it is: the fit is of so many widths about the highest point.

    Raises
    ------
    ParameterError
        There are too few values, or a run is shorter than 1/width, and does not resolve the line.
    """
    n = c.shape[1]
    if n < 4 * FEWEST or width * n * step < 1:
        raise ParameterError(
            f"linewidth: {n} samples, {n * step:.3g} s long, do not resolve a line of {width:.3g} Hz; allowed: runs of "
            f"at least {1 / width:.3g} s"
        )
    power = (np.abs(scipy.fft.fft(c - c.mean(axis=1, keepdims=True), axis=1)) ** 2 * step / n)[:, 1 : n // 2]
    f = np.arange(1, n // 2) / (n * step)
    reach = max(FEWEST, round(WIDTHS * width * n * step))
    smooth = np.convolve(power.mean(axis=0), np.ones(k := max(1, reach // WIDTHS)) / k, mode="same")
    place = int(smooth.argmax())
    band = slice(max(0, place - reach), place + reach + 1)
    found, sigma = _fit_in_band(f[band], power[:, band], f[place], n * step, width)
    return Line(float(found[0]), float(sigma[0]), float(found[1]), float(sigma[1]))


def _fit_in_band(f: Floats, power: Floats, centre: float, T: float, width: float) -> tuple[Floats, Floats]:
    mean, unit = power.mean(axis=0), 1 / T
    scale = mean.max()

    def model(x: Floats) -> Floats:
        z = (np.pi * np.exp(x[1]) + 2j * np.pi * ((f - centre) / unit - x[0])) + 0j
        line = 2 * (1 / z - (1 - np.exp(-z)) / z**2).real
        return scale * (np.exp(x[2]) * line + np.exp(x[3]))

    peak = float(model(np.array([0.0, np.log(width / unit), 0.0, -80.0])).max()) / scale
    floor = max(float(mean.min()) / scale / 10, 1e-12)
    start = np.array([0.0, np.log(width / unit), np.log(0.5 / peak), np.log(floor)])
    x, covariance = _whittle(model, power, start)
    sigma = np.sqrt(np.diag(covariance))
    return (
        np.array([centre + x[0] * unit, np.exp(x[1]) * unit]),
        np.array([sigma[0] * unit, sigma[1] * np.exp(x[1]) * unit]),
    )


def fit_frequency_noise(phase: Floats, step: float, highest: float) -> FrequencyNoise:
    """Fit the spectrum of the frequency, from phases (repetitions, n) [rad], all of the same oscillator.

    Parameters
    ----------
    phase : array (repetitions, n) [rad]
        Without jumps.
    step : float [s]
    highest : float [Hz]
        Up to which the noise is looked at: well below the frequency of the oscillator.

    Raises
    ------
    ParameterError
        There are too few values.

    >>> rng = np.random.default_rng(0)
    >>> noise = fit_frequency_noise(rng.normal(0, 0.1, (50, 400)).cumsum(axis=1), 1e-10, 2e9)
    >>> print(f"{noise.width / 1e6:.1f} ± {noise.sigma_width / 1e6:.1f} MHz; diffusion 0.01/(2π 0.1 ns): 15.9 MHz")
    16.1 ± 0.3 MHz; diffusion 0.01/(2π 0.1 ns): 15.9 MHz
    """
    change = np.diff(phase, axis=1)
    n = change.shape[1]
    f = np.arange(1, n // 2 + 1) / (n * step)
    f = f[f <= highest]
    if f.size < FEWEST:
        raise ParameterError(
            f"linewidth: {f.size} points of the spectrum of the frequency below {highest:.3g} Hz; allowed: at least "
            f"{FEWEST}; run for longer"
        )
    power = np.abs(scipy.fft.fft(change, axis=1))[:, 1 : f.size + 1] ** 2 / (n * step)
    white = float(power.mean())
    flat = FrequencyNoise(white / 2 / np.pi, white / 2 / np.pi / np.sqrt(power.size), *[np.nan] * 4)

    def model(x: Floats) -> Floats:
        return np.exp(x[0]) + np.exp(x[1]) / (1 + (f / f[-1]) ** 2 * np.exp(-2 * x[2]))

    low, high = float(power[:, : FEWEST // 2].mean()), float(power[:, -f.size // 4 :].mean())
    best, gain = flat, 4.6  # what two more parameters gain by chance in one of a hundred fits
    for corner in (0.03, 0.1, 0.3):
        start = np.array([np.log(high), np.log(max(low - high, 0.1 * white)), np.log(corner)])
        x, covariance = _whittle(model, power, start)
        better = power.size * (np.log(white) + 1) - _likelihood(model(x), power)
        sigma = np.sqrt(np.diag(covariance))
        if better > gain and np.exp(x[2]) < 1 and sigma[2] < 1:
            best, gain = _coloured(x, covariance, float(f[-1])), better
    return best


def _coloured(x: Floats, covariance: Floats, highest: float) -> FrequencyNoise:
    white, more = np.exp(x[:2])
    slope = np.array([white, more, 0.0]) / (2 * np.pi)
    nu = np.sqrt(more / white)
    by = nu / 2 * np.array([-1.0, 1.0, 0.0])
    error = np.sqrt(by @ covariance @ by)
    if error > nu / 2:  # what is white lies above the band that is looked at
        nu = error = np.nan
    rate = np.pi * highest * np.exp(x[2])
    return FrequencyNoise(
        float((white + more) / (2 * np.pi)), float(np.sqrt(slope @ covariance @ slope)),
        float(nu), float(error), float(rate), float(rate * np.sqrt(covariance[2, 2])),
    )  # fmt: skip


def _likelihood(mean: Floats, power: Floats) -> float:
    """Return −ln of the likelihood of exponentially distributed values."""
    return float(len(power) * np.log(mean).sum() + (power.sum(axis=0) / mean).sum())


def _whittle(model: Callable[[Floats], Floats], power: Floats, start: Floats) -> tuple[Floats, Floats]:
    """Return the parameters of a model of the mean of values (repetitions, n) of largest likelihood, and covariance."""
    scale = np.maximum(np.abs(start), 1.0)
    found: Any = scipy.optimize.minimize(  # type: ignore[call-overload]
        lambda x: _likelihood(model(x * scale), power), start / scale, method="Nelder-Mead",
        options={"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-6},
    )  # fmt: skip
    x: Floats = found.x * scale
    h = 1e-4
    slopes = np.stack([(np.log(model(x + h * e)) - np.log(model(x - h * e))) / (2 * h) for e in np.eye(len(x))])
    information = len(power) * slopes @ slopes.T
    # what data do not tell has a large error
    return x, np.linalg.inv(information + 1e-6 * np.eye(len(x))).astype(np.float64)
