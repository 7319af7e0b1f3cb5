"""Slavin and Tiberkevich's model from growth rates and frequencies."""

import numpy as np
import pytest

from fdmag.analytic.oscillator import AutoOscillator
from fdmag.devices.oscillator_fit import fit_balance, fit_shift
from fdmag.errors import ParameterError
from tests.closeness import close

J_TH, RATE, Q = -2e11, 5e8, 2.5


def growth(J, p):
    return RATE * (J / J_TH * (1 - p) - 1 - Q * p)


def test_gain_and_loss_come_back_with_errors_that_cover():
    rng = np.random.default_rng(2)
    J = np.repeat([-1.5e11, -2.2e11, -3e11], 30)
    p = np.tile(np.linspace(0.001, 0.1, 30), 3)
    exact = fit_balance(J, p, growth(J, p))
    assert exact.threshold == close(J_TH)
    assert exact.damping_rate == close(RATE)
    assert exact.nonlinear_damping == close(Q)
    np.testing.assert_allclose(exact.at(J, p), exact.growth, rtol=1e-9, atol=1e-3)
    found = [fit_balance(J, p, growth(J, p) + rng.normal(0, 2e7, J.size)) for _ in range(200)]
    for name, value in (("threshold", J_TH), ("damping_rate", RATE), ("nonlinear_damping", Q)):
        values = np.array([getattr(each, name) for each in found])
        sigma = np.mean([getattr(each, f"sigma_{name}") for each in found])
        assert abs(values.mean() - value) < 4 * sigma / np.sqrt(200)
        assert values.std() == close(sigma, rel=0.2)  # four standard errors of 200


def test_orbits_stay_where_gain_is_loss():
    found = fit_balance(*np.array([(J, p, growth(J, p)) for J in (-1e11, -3e11) for p in (0.01, 0.05, 0.1)]).T)
    oscillator = found.oscillator(f0=6e9, shift=-1e9, energy=1e-17)
    assert isinstance(oscillator, AutoOscillator)
    p0 = float(oscillator.power(-3e11 / found.threshold))
    assert abs(found.at(-3e11, p0)) < 1e-9 * RATE


def test_shift_of_the_frequency():
    p = np.array([0.02, 0.05, 0.08, 0.12])
    found = fit_shift(p, 6e9 - 2e9 * p)
    assert found.f0 == close(6e9)
    assert found.shift == close(-2e9)
    assert found.sigma_shift < 1e-6 * 2e9
    assert fit_shift(p, 6e9 - 2e9 * p + 1e9 * p**2).sigma_shift > 1e7  # curved: the error tells


def test_too_little():
    with pytest.raises(ParameterError, match="3 growth rates at 2 currents"):
        fit_balance([1, 1, 2], [0.1, 0.2, 0.1], [1, 2, 3])
    with pytest.raises(ParameterError, match="do not tell the current's gain"):
        fit_balance([1, 1, 2, 2], [0.1, 0.1, 0.1, 0.1], [1, 1, 3, 3])
    with pytest.raises(ParameterError, match="2 different powers; allowed: at least 3"):
        fit_shift([0.1, 0.2, 0.2], [1, 2, 2])
