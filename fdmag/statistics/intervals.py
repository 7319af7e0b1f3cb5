"""Confidence intervals: of a probability that was counted, of a mean, of the time constant of an exponential."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError


def clopper_pearson(successes: ArrayLike, trials: ArrayLike, confidence: float = 0.95) -> NDArray[np.float64]:
    """Return the exact interval of a probability of which ``successes`` of ``trials`` came true, (2, ...).

    It holds the probability in at least the share ``confidence`` of all cases, whatever the probability is.

    Parameters
    ----------
    successes, trials : array_like of whole numbers
    confidence : float

    Raises
    ------
    ParameterError
        If more succeeded than were tried, or a number is not a count.

    Source: C. J. Clopper and E. S. Pearson, Biometrika 26, 404 (1934).

    >>> clopper_pearson(0, 100).round(4)  # none of 100: at most 3.6 %
    array([0.    , 0.0362])
    >>> clopper_pearson([5, 50], 100).round(3)
    array([[0.016, 0.398],
           [0.113, 0.602]])
    """
    _between_0_and_1(confidence)
    k, n = np.broadcast_arrays(np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64))
    if not np.all((k >= 0) & (k <= n) & (n >= 1) & (k == np.floor(k)) & (n == np.floor(n)) & np.isfinite(n)):
        raise ParameterError(
            f"{k.tolist()} of {n.tolist()}; allowed: counts, at most as many as were tried, at least 1"
        )
    tail = (1 - confidence) / 2
    low = np.where(k > 0, scipy.stats.beta.ppf(tail, np.maximum(k, 1), n - k + 1), 0.0)
    high = np.where(k < n, scipy.stats.beta.ppf(1 - tail, k + 1, np.maximum(n - k, 1)), 1.0)
    return np.stack([low, high])


def bootstrap_interval(
    sample: ArrayLike,
    statistic: Callable[..., Any] = np.mean,
    confidence: float = 0.95,
    *,
    resamples: int = 9999,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Return the interval of a statistic of a sample, (2,), by the bias-corrected and accelerated bootstrap.

    Parameters
    ----------
    sample : array_like (n,)
    statistic : callable
        Takes an array and ``axis``, such as `numpy.mean` or `numpy.median`.
    confidence : float
    resamples, seed : int

    Raises
    ------
    ParameterError
        If there are fewer than two values, or one is not finite.

    Source: B. Efron, J. Am. Stat. Assoc. 82, 171 (1987).

    >>> bootstrap_interval(np.arange(100.0)).round(0)
    array([44., 55.])
    """
    _between_0_and_1(confidence)
    values = np.asarray(sample, dtype=np.float64)
    if values.ndim != 1 or values.size < 2 or not np.all(np.isfinite(values)):
        raise ParameterError(f"sample of shape {values.shape}; needed: at least two finite numbers")
    if np.ptp(values) == 0:
        return np.full(2, statistic(values, axis=0))
    rng, batch = np.random.default_rng(seed), max(1, 10_000_000 // values.size)
    found = scipy.stats.bootstrap(
        (values,), statistic, confidence_level=confidence, n_resamples=resamples, random_state=rng, batch=batch
    )
    return np.array([found.confidence_interval.low, found.confidence_interval.high])


def exponential_interval(events: int, exposure: float, confidence: float = 0.95) -> NDArray[np.float64]:
    """Return the interval of the mean time τ between events of a constant rate, (2,), in the unit of ``exposure``.

    ``events`` were seen in the time ``exposure`` that all were watched for, together: 2 exposure/τ lies between χ² of
    2 events and of 2 events + 2 degrees of freedom. Without events there is no upper bound.

    Source: F. Garwood, Biometrika 28, 437 (1936), of the mean of a Poisson distribution.

    >>> exponential_interval(10, 100.0).round(2)
    array([ 5.44, 20.85])
    """
    _between_0_and_1(confidence)
    if events < 0 or events != int(events) or not 0 < exposure < np.inf:
        raise ParameterError(f"{events} events in {exposure:g}; allowed: a count, and a time above 0")
    tail = (1 - confidence) / 2
    low = 2 * exposure / scipy.stats.chi2.ppf(1 - tail, 2 * events + 2)
    high = 2 * exposure / scipy.stats.chi2.ppf(tail, 2 * events) if events else np.inf
    return np.array([low, high])


def _between_0_and_1(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ParameterError(f"confidence = {confidence:g}; allowed: between 0 and 1, for example 0.95")
