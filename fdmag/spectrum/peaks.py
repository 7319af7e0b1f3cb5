"""Fits of damped oscillations to peaks of a spectrum."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

WIDEST, NARROWEST = 60, 6
"""Points on either side of a peak that are fitted, at most and at least."""


@dataclass(frozen=True)
class Peak:
    """A damped oscillation a exp(−Γ t) cos(2π f t + φ), with standard errors.

    Attributes
    ----------
    frequency, frequency_error : float [Hz]
        f.
    linewidth, linewidth_error : float [Hz]
        Γ/π: the full width at half maximum of the power; below 0 it grows.
    amplitude, amplitude_error : float
        a at the first sample: of the mean of m, sqrt(ax² + ay² + az²); where cells were kept, its root mean square over
        them.
    power : float
        Of the spectrum without window, at its highest point.

    The errors are those of the fit: what noise and the tails of other lines leave unexplained.
    """

    frequency: float
    frequency_error: float
    linewidth: float
    linewidth_error: float
    amplitude: float
    amplitude_error: float
    power: float

    @property
    def damping_rate(self) -> float:
        """Γ [1/s]."""
        return np.pi * self.linewidth


def fitted_peak(
    signal: NDArray, step: float, place: int, lowest: int, highest: int, others: Sequence[Peak] = ()
) -> Peak:
    """Fit the line near a point of the spectrum of a signal.

    The discrete spectrum of n samples of A exp(λ t), λ = 2πi f − Γ, is exactly ::

        X_k = A (1 − exp(λ n Δt)) / (1 − exp(λ Δt − 2πi k/n)),

    a Lorentzian for small Δt, however far it has decayed at the end. Lines of this form stand for ``others``, whose
    amplitudes alone are fitted, and a complex straight line for what is left. Real and imaginary part
    are fitted together, by least squares.

    Parameters
    ----------
    signal : array (n,), real or complex
        Samples at multiples of ``step`` [s].
    place, lowest, highest : int
        Number of the point, and of those that bound its line.
    others : sequence of Peak
        Neighbours, as found before.
    """
    n = len(signal)
    spectrum = scipy.fft.fft(signal)
    rate, width = _guess(np.abs(spectrum) ** 2, place, lowest, highest)
    reach = int(np.clip(np.ceil(4 * width), NARROWEST, WIDEST))
    points = np.arange(max(1, min(place - NARROWEST, lowest), place - reach), min(n // 2, place + reach) + 1)
    size = float(np.abs(spectrum[points]).max())
    values = spectrum[points] / size

    def line(_: NDArray, centre: float, decay: float, *linear: float) -> NDArray[np.float64]:
        a, *rest = np.array(linear[::2]) + 1j * np.array(linear[1::2])
        total = a * shape(centre, decay) + background @ np.array(rest)
        return np.concatenate([total.real, total.imag])

    def shape(centre: float, decay: float) -> NDArray[np.complex128]:
        return 1 / (n * (1 - np.exp((2j * np.pi * (centre - points) - decay) / n)))

    unit = 1 / (n * step)
    tails = [shape(other.frequency / unit, np.pi * other.linewidth / unit) for other in others]
    background = np.stack([np.ones(len(points)), (points - place) / reach, *tails], axis=1)
    start = np.concatenate([shape(rate, np.pi * width)[:, None], background], axis=1)
    linear = np.linalg.lstsq(start, values, rcond=None)[0]
    guess = [rate, np.pi * width, *np.stack([linear.real, linear.imag], axis=1).ravel()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scipy.optimize.OptimizeWarning)  # errors that cannot be told are infinite
        try:
            found, covariance = scipy.optimize.curve_fit(
                line, points, np.concatenate([values.real, values.imag]), guess, maxfev=5000
            )
        except RuntimeError:  # no damped oscillation: what is seen is told, with infinite errors
            found, covariance = np.array(guess), np.full((len(guess), len(guess)), np.inf)
    centre, decay = found[:2]
    loss = 1 - np.exp(2j * np.pi * centre - decay)
    scale = 2 * size / n
    amplitude = abs(complex(*found[2:4])) / abs(loss)
    slope = np.array([found[2], found[3]]) / (abs(complex(*found[2:4])) * abs(loss))  # loss: nearly 1
    with np.errstate(invalid="ignore"):
        error = np.sqrt(np.maximum(0.0, slope @ covariance[2:4, 2:4] @ slope))
    errors = np.sqrt(np.maximum(np.diag(covariance), 0))
    return Peak(
        float(centre * unit), float(errors[0] * unit), float(decay / np.pi * unit), float(errors[1] / np.pi * unit),
        float(scale * amplitude), float(scale * error), float(scale**2),
    )  # fmt: skip


def _guess(power: NDArray[np.float64], place: int, lowest: int, highest: int) -> tuple[float, float]:
    """Return centre and full width at half maximum of a line, in points."""
    highest = min(highest, len(power) // 2)
    place = lowest + int(power[lowest : highest + 1].argmax()) if highest > lowest else place
    half = power[place] / 2
    left = place
    while left > lowest and power[left] > half:
        left -= 1
    right = place
    while right < highest and power[right] > half:
        right += 1
    return float(place), max(float(right - left) - 1, 1.0)
