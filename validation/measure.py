"""What several problems measure: orders of convergence and frequencies."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares


def order(steps: ArrayLike, errors: ArrayLike) -> float:
    """Return the slope of log(error) over log(step) by least squares.

    >>> round(order([1.0, 0.5, 0.25], [3.0, 0.75, 0.1875]), 6)
    2.0
    """
    return float(np.polyfit(np.log(steps), np.log(errors), 1)[0])


def angular_frequency(t: NDArray[np.float64], signal: NDArray[np.float64]) -> float:
    """Return ω [rad/s] of the sinusoid with a constant offset that fits the samples best.

    >>> t = np.linspace(0, 3, 100)
    >>> round(angular_frequency(t, 0.2 + np.cos(7.25 * t + 1)), 9)
    7.25
    """
    duration = t[-1] - t[0]
    padded = np.abs(np.fft.rfft((signal - signal.mean()) * np.hanning(len(t)), n=16 * len(t)))
    guess = 2 * np.pi * np.argmax(padded) / (16 * (t[1] - t[0]) * len(t))

    def misfit(phase: NDArray[np.float64]) -> NDArray[np.float64]:
        angle = phase[0] * (t - t[0]) / duration
        basis = np.stack([np.cos(angle), np.sin(angle), np.ones_like(angle)], axis=1)
        return signal / scale - basis @ np.linalg.lstsq(basis, signal / scale, rcond=None)[0]

    scale = np.ptp(signal)
    fit = least_squares(misfit, [guess * duration], xtol=1e-15, ftol=1e-15, gtol=1e-15)
    return float(fit.x[0] / duration)
