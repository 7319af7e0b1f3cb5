"""Intervals hold what they promise: coverage by exact binomials, and by many samples."""

import numpy as np
import pytest
from scipy import stats

from fdmag.errors import ParameterError
from fdmag.statistics import bootstrap_interval, clopper_pearson, exponential_interval


@pytest.mark.parametrize("n", [1, 5, 40, 300])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_clopper_pearson_covers_every_probability(n, confidence):
    """The probability that the interval holds p, summed exactly over all outcomes, is at least the confidence."""
    outcomes = np.arange(n + 1)
    low, high = clopper_pearson(outcomes, n, confidence)
    p = np.linspace(0, 1, 1001)[:, None]
    covered = np.where((low <= p) & (p <= high), stats.binom.pmf(outcomes, n, p), 0).sum(axis=1)
    assert covered.min() >= confidence - 1e-12


@pytest.mark.parametrize(("k", "n"), [(0, 7), (3, 7), (7, 7), (1, 1000)])
def test_clopper_pearson_has_the_tails_of_its_definition(k, n):
    """At the lower bound k or more have the probability 2.5 %, at the upper one k or fewer."""
    low, high = clopper_pearson(k, n)
    assert low == 0 if k == 0 else stats.binom.sf(k - 1, n, low) == pytest.approx(0.025)
    assert high == 1 if k == n else stats.binom.cdf(k, n, high) == pytest.approx(0.025)


def test_the_bootstrap_covers_the_mean():
    """Of 300 samples of 50 from an exponential, 93 % ± 3σ: what is known of BCa at this size (Efron 1987)."""
    rng = np.random.default_rng(0)
    bounds = np.array([bootstrap_interval(rng.exponential(size=50), resamples=499) for _ in range(300)])
    share = np.mean((bounds[:, 0] <= 1) & (bounds[:, 1] >= 1))
    assert abs(share - 0.93) < 3 * np.sqrt(0.93 * 0.07 / 300)


def test_the_interval_of_a_rate_covers_it():
    """Numbers of events in 10 τ are Poisson's with the mean 10: summed exactly, at least 95 % hold τ."""
    events = np.arange(60)
    bounds = np.array([exponential_interval(k, 10.0) for k in events])
    covered = stats.poisson.pmf(events, 10)[(bounds[:, 0] <= 1) & (bounds[:, 1] >= 1)].sum()
    assert 0.95 <= covered < 0.98


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clopper_pearson(3, 2), "at most as many as were tried"),
        (lambda: clopper_pearson(0.5, 2), "counts"),
        (lambda: clopper_pearson(1, 2, 95), "confidence = 95"),
        (lambda: bootstrap_interval([1.0]), "at least two"),
        (lambda: exponential_interval(-1, 1.0), "a count"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
