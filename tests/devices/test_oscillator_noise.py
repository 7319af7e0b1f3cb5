"""Linewidths from noise of the frequency and from the spectrum, on oscillators whose noise is known."""

import numpy as np
import pytest

from fdmag.devices.oscillator_noise import fit_frequency_noise, fit_line
from fdmag.errors import ParameterError

STEP, F = 1e-11, 5e9


def diffusing(rng, width, count, n):
    """Phases (count, n) of white noise of the frequency: a Lorentzian line of this width."""
    return rng.normal(0, np.sqrt(2 * np.pi * width * STEP), (count, n)).cumsum(
        axis=1
    ) + 2 * np.pi * F * STEP * np.arange(n)


def coloured(rng, width, relaxation, white, count, n):
    """Phases of which the share ``white`` of the noise is white, and the rest follows the power, slow as 2 Γ_p."""
    keep = np.exp(-2 * relaxation * STEP)
    x = np.empty((count, n))
    x[:, 0] = rng.normal(size=count)
    for k in range(1, n):
        x[:, k] = keep * x[:, k - 1] + np.sqrt(1 - keep**2) * rng.normal(size=count)
    # the sum over all lags of keep^|k| is (1 + keep)/(1 − keep)
    slow = np.sqrt(2 * np.pi * width * (1 - white) / STEP * (1 - keep) / (1 + keep)) * x * STEP
    return slow.cumsum(axis=1) + diffusing(rng, width * white, count, n)


@pytest.mark.parametrize(("count", "n"), [(1, 6000), (20, 500)])
def test_white_noise_of_the_frequency(count, n):
    """Estimates scatter about the truth as their standard errors say."""
    rng, width = np.random.default_rng(8), 3e7
    found = [fit_frequency_noise(diffusing(rng, width, count, n), STEP, F / 2) for _ in range(25)]
    widths, sigmas = np.array([(each.width, each.sigma_width) for each in found]).T
    assert abs(widths.mean() - width) < 4 * sigmas.mean() / np.sqrt(25)
    assert 0.57 < widths.std() / sigmas.mean() < 1.43  # three standard errors of 25
    assert sum(np.isfinite([each.relaxation for each in found])) <= 3


def test_noise_of_the_power_shows_in_that_of_the_frequency():
    """ν² = 9, Γ_p = 6e8/s: the spectrum of the frequency falls from 2π w to a tenth of it at Γ_p/π = 191 MHz."""
    rng, width, relaxation = np.random.default_rng(5), 2e7, 6e8
    found = fit_frequency_noise(coloured(rng, width, relaxation, 0.1, 100, 2000), STEP, F / 2)
    assert abs(found.width - width) < 3.5 * found.sigma_width < 0.3 * width
    assert abs(found.relaxation - relaxation) < 3.5 * found.sigma_relaxation < 0.35 * relaxation
    assert abs(found.amplification - 3) < 3.5 * found.sigma_amplification < 0.6


@pytest.mark.parametrize(("count", "n", "width"), [(1, 20_000, 2e7), (16, 2500, 6e7)])
def test_line_of_the_spectrum(count, n, width):
    rng = np.random.default_rng(12)
    lines = [fit_line(np.exp(1j * diffusing(rng, width, count, n)), STEP, width) for _ in range(12)]
    found = np.array([(line.width, line.sigma_width, line.frequency, line.sigma_frequency) for line in lines])
    assert abs(found[:, 0].mean() - width) < 3 * found[:, 1].mean() / np.sqrt(12)
    assert abs(found[:, 2].mean() - F) < 5 * found[:, 3].mean() / np.sqrt(12)
    assert found[:, 0].std() < 1.3 * found[:, 1].mean()  # the errors that are told are not too small


def test_too_short_runs():
    rng = np.random.default_rng(1)
    with pytest.raises(ParameterError, match="do not resolve a line of 2e"):
        fit_line(np.exp(1j * diffusing(rng, 2e7, 4, 300)), STEP, 2e7)
    with pytest.raises(ParameterError, match="run for longer"):
        fit_frequency_noise(diffusing(rng, 2e7, 4, 40), STEP, 1e9)
