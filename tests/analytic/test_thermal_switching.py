from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from fdmag.analytic.fokker_planck import PerpendicularFokkerPlanck
from fdmag.analytic.thermal_switching import (
    YEAR,
    activated_rate,
    activated_switching_current,
    array_failure_probability,
    brown_escape_rate,
    relaxation_rate,
    required_stability,
    retention_time,
    switched_probability,
)
from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError
from tests.closeness import close

ALPHA, B_K = 0.05, 0.3
UNIT = ALPHA * GAMMA_E * B_K / (1 + ALPHA**2)


@pytest.mark.parametrize("h", [-0.4, -0.1, 0.2])
def test_browns_rate_is_the_losing_rate_of_a_high_barrier(h):
    """Absorbed beyond the barrier, what is lost is what escapes from the well along +z; errors go with 1/Δ."""
    rates = []
    for delta in (100.0, 200.0):
        magnet = PerpendicularFokkerPlanck(delta, h=h, threshold=-0.7, absorbing=True, cells=2000)
        rates.append(float(magnet.slowest_rate()) * UNIT / brown_escape_rate(delta, ALPHA, B_K, h))
    assert rates[1] == pytest.approx(1, abs=0.02)
    assert 2 * (1 - rates[1]) == close(1 - rates[0], rel=0.1)


def test_a_torque_counts_as_a_field():
    magnet = PerpendicularFokkerPlanck(150.0, i=0.3, threshold=-0.7, absorbing=True, cells=2000)
    expected = brown_escape_rate(150.0, ALPHA, B_K, -0.3) / UNIT
    assert float(magnet.slowest_rate()) == close(expected, rel=0.03)


def test_a_field_along_m_holds_it():
    rates = brown_escape_rate(20.0, ALPHA, B_K, [-0.2, 0.0, 0.2])
    assert np.all(np.diff(rates) < 0)


def test_relaxation_at_any_barrier():
    delta = np.array([0.01, 0.1, 0.3, 1, 2, 4, 6, 10, 20, 40])
    exact = PerpendicularFokkerPlanck(delta, cells=1600).slowest_rate() * UNIT
    ratio = relaxation_rate(delta, ALPHA, B_K) / exact
    assert np.all(np.abs(ratio - 1) < 0.08)
    assert np.all(np.abs(ratio[[0, -1]] - 1) < 0.01)
    assert np.isfinite(relaxation_rate(2000.0, ALPHA, B_K))


def test_retention_of_single_bits():
    assert retention_time(40.0) / YEAR == pytest.approx(7.5, abs=0.05)
    assert retention_time(60.0) / YEAR == pytest.approx(3.6e9, abs=0.05e9)


def test_what_a_megabit_needs():
    needed = required_stability(10 * YEAR, 1e6, 1e-4)
    assert needed == pytest.approx(63, abs=0.5)
    assert array_failure_probability(10 * YEAR, needed, 1e6) == close(1e-4, rel=1e-9)


@pytest.mark.parametrize("spread", [0.5, 3.0, 6.0])
def test_a_spread_of_bits(spread):
    mean, t, bits = 60.0, 3e8, 1e3

    def lost(delta):
        return -np.expm1(-t / 1e-9 * np.exp(-delta)) * norm.pdf(delta, mean, spread)

    middle = mean - spread**2
    points = np.linspace(min(middle - 10 * spread, 30), mean + 10 * spread, 40)
    exact = sum(quad(lost, a, b, epsabs=0, epsrel=1e-10)[0] for a, b in pairwise(points))
    found = array_failure_probability(t, mean, bits, spread=spread)
    assert found == close(-np.expm1(bits * np.log1p(-exact)), rel=1e-4)
    assert array_failure_probability(t, required_stability(t, bits, 1e-3, spread=spread), bits, spread=spread) == (
        close(1e-3, rel=1e-6)
    )


def test_small_spread_counts_as_half_its_square():
    assert required_stability(3e8, 1e6, 1e-4, spread=1.0) == pytest.approx(
        required_stability(3e8, 1e6, 1e-4) + 0.5, abs=1e-6
    )


def test_current_and_pulse_length_are_inverse():
    t, delta = np.geomspace(1e-8, 1.0, 5), 60.0
    for exponent in (1.0, 2.0):
        i = activated_switching_current(t, delta, exponent=exponent, probability=0.3)
        rate = activated_rate(i, delta, exponent=exponent)
        np.testing.assert_allclose(switched_probability(t, rate), 0.3, rtol=1e-10)
        assert np.all(np.diff(i) < 0)


def test_refuses():
    with pytest.raises(ParameterError, match="stability"):
        brown_escape_rate(0.0, ALPHA, B_K)
    with pytest.raises(ParameterError, match="h ="):
        brown_escape_rate(40.0, ALPHA, B_K, 1.0)
    with pytest.raises(ParameterError, match="i ="):
        activated_rate(1.2, 40.0)
    with pytest.raises(ParameterError, match="t is shorter"):
        activated_switching_current(1e-12, 40.0)
    with pytest.raises(ParameterError, match="failure"):
        required_stability(1.0, 1e6, 2.0)
    with pytest.raises(ParameterError, match="spread"):
        array_failure_probability(1.0, 40.0, 1e6, spread=-1.0)
