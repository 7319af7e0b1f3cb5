"""Statistics of switching times against what the times were drawn from."""

import numpy as np
import pytest
from scipy import stats

from fdmag.errors import ParameterError
from fdmag.statistics import SwitchingStatistics
from tests.closeness import close


def drawn(tau, end, n, seed=0, kind="exponential"):
    """n members with a constant rate, or one that rises with time, watched until the end."""
    rng = np.random.default_rng(seed)
    times = rng.exponential(tau, n) if kind == "exponential" else tau * rng.weibull(1.4, n)
    return SwitchingStatistics(np.where(times <= end, times, np.nan), end)


def test_probabilities_are_counted():
    found = drawn(1.0, 2.0, 4000)
    t = np.array([0.1, 1.0, 2.0])
    estimate = found.probability(t)
    sigma = np.sqrt(np.exp(-t) * (1 - np.exp(-t)) / 4000)
    assert np.all(np.abs(estimate.value - (1 - np.exp(-t))) < 4 * sigma)
    np.testing.assert_allclose((estimate.high - estimate.low) / 2, 1.96 * sigma, rtol=0.05)
    error = found.error_rate()
    assert error.value == close(1 - estimate.value[-1])
    assert error.low < np.exp(-2) < error.high


def test_the_survival_of_members_watched_for_different_times_is_that_of_the_rate():
    """Kaplan–Meier under censoring; the share of those that switched would be far off."""
    rng = np.random.default_rng(1)
    times, ends = rng.exponential(1.0, 3000), rng.uniform(0.2, 3, 3000)
    t, left = SwitchingStatistics(np.where(times <= ends, times, np.nan), ends).survival()
    inside = t < 2.5
    assert np.abs(left.value - np.exp(-t))[inside].max() < 0.05
    assert np.mean((left.low <= np.exp(-t)) & (np.exp(-t) <= left.high)) > 0.8


def test_with_one_end_survival_is_what_is_left():
    found = SwitchingStatistics([3.0, np.nan, 1.0, 2.0], 4.0)
    t, left = found.survival()
    np.testing.assert_allclose(t, [1, 2, 3])
    np.testing.assert_allclose(left.value, [0.75, 0.5, 0.25])
    assert found.quantile(0.5) == 2
    assert np.isnan(found.quantile(0.8))


def test_the_time_constant_counts_those_that_did_not_switch():
    """1000 ensembles: the mean of the estimate within 4σ, and 95 % ± 3σ of the intervals hold τ."""
    found = [drawn(2.0, 1.0, 200, seed).exponential_time() for seed in range(1000)]
    values = np.array([each.value for each in found])
    holds = np.mean([each.low <= 2 <= each.high for each in found])
    assert abs(np.median(values) - 2) < 4 * values.std() / np.sqrt(1000) * np.sqrt(np.pi / 2)
    assert holds > 0.95 - 3 * np.sqrt(0.05 * 0.95 / 1000)


def test_a_delay_is_left_out():
    rng = np.random.default_rng(3)
    found = SwitchingStatistics(0.5 + rng.exponential(1.0, 5000), 50.0)
    assert found.exponential_time(after=0.5).value == pytest.approx(1.0, abs=4 / np.sqrt(5000))
    assert found.exponential_time().value == pytest.approx(1.5, abs=0.1)
    assert found.mean_time().value == pytest.approx(1.5, abs=4 / np.sqrt(5000))
    assert found.exponential_test(after=0.5, draws=199) > 0.02 > found.exponential_test(draws=199)


@pytest.mark.parametrize("n", [4000, 6000])
def test_intervals_of_a_mean_are_as_wide_with_and_without_resampling(n):
    """2 × 1.96 τ/√n, of exponential times; n = 6000 is not resampled, nor are 10⁶, at once."""
    found = drawn(1.0, 50.0, n, 1).mean_time()
    assert found.high - found.low == close(2 * 1.96 / np.sqrt(n), rel=0.05)
    assert found.low < 1 < found.high
    assert drawn(1.0, 50.0, 10**6, 2).mean_time().relative_error == close(1.96e-3, rel=0.01)


@pytest.mark.parametrize("end", [1.0, 10.0], ids=["cut off", "to the end"])
def test_the_test_rejects_what_is_not_exponential_and_only_that(end):
    """p-values of exponential times are uniform: of 60, below 10 % lie 6 ± 3σ; a rising rate is found every time."""
    p = [drawn(1.0, end, 200, seed).exponential_test(draws=99, seed=seed) for seed in range(60)]
    assert abs(np.mean(np.array(p) <= 0.1) - 0.1) < 3 * np.sqrt(0.1 * 0.9 / 60)
    assert stats.kstest(p, "uniform").pvalue > 1e-3
    assert max(drawn(1.0, end, 600, seed, "weibull").exponential_test(draws=99) for seed in range(5)) < 0.05


def test_the_plot_shows_what_there_is(tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, axes = pyplot.subplots()
    assert drawn(1e-9, 2e-9, 100).plot(axes) is axes
    (line,) = axes.lines
    assert line.get_xdata()[-1] == close(2.0)
    assert axes.get_yscale() == "log"
    pyplot.close(figure)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SwitchingStatistics([], 1.0), "one for each member"),
        (lambda: SwitchingStatistics([2.0], 1.0), "outside the watch"),
        (lambda: SwitchingStatistics([1.0], np.inf), "finite times behind the start"),
        (lambda: SwitchingStatistics([1.0, np.nan], 2.0).mean_time(), "1 of 2 had not switched"),
        (lambda: SwitchingStatistics([1.0, np.nan], [2.0, 3.0]).probability(2.5), r"until 2 s only: see survival"),
        (lambda: SwitchingStatistics([1.0, np.nan], 2.0).exponential_test(), "at least two are needed"),
        (lambda: SwitchingStatistics([1.0, np.nan], [2.0, 3.0]).exponential_test(), "different times"),
        (lambda: SwitchingStatistics([1.0], 2.0).exponential_time(after=2.0), "before the end"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
