"""When the members of an ensemble switched: probabilities, times and their distribution, with intervals."""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError
from fdmag.statistics.intervals import bootstrap_interval, clopper_pearson, exponential_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_RESAMPLED = 5000
"""Members of which the interval of a mean is found by the bootstrap, whose cost grows with their square."""


@dataclass(frozen=True)
class Estimate:
    """A value with its interval.

    Attributes
    ----------
    value, low, high : float or array
        Best estimate, lower and upper bound at ``confidence``.
    """

    value: Any
    low: Any
    high: Any
    confidence: float

    @property
    def relative_error(self) -> Any:
        """Half the width of the interval over the value; infinite where that is 0."""
        value, width = np.asarray(self.value, dtype=np.float64), (np.asarray(self.high) - np.asarray(self.low)) / 2
        result = np.divide(width, value, out=np.full_like(value, np.inf), where=value != 0)
        return result if result.ndim else float(result)

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g} at {self.confidence:.0%})"


@dataclass(frozen=True)
class SwitchingStatistics:
    """What became of n independent members of an ensemble.

    Parameters
    ----------
    times : array_like (n,)
        When each switched [s], such as `Simulation.stop_times`; NaN where it had not by the end.
    end : float or array_like (n,)
        Until when each was watched [s].
    start : float
        When the watch began [s]; all times count from there.

    Raises
    ------
    ParameterError
        If a time lies outside the watch, or there is none.

    Examples
    --------
    >>> found = SwitchingStatistics([1e-9, 3e-9, np.nan, 2e-9, 5e-9], end=6e-9)
    >>> found.n, found.switched
    (5, 4)
    >>> print(found.probability(2.5e-9))
    0.4 (0.05274 to 0.8534 at 95%)
    >>> print(found.error_rate())
    0.2 (0.005051 to 0.7164 at 95%)
    """

    times: NDArray[np.float64]
    end: Any
    start: float = 0.0

    def __post_init__(self) -> None:
        times = np.asarray(self.times, dtype=np.float64) - self.start
        if times.ndim != 1 or not times.size:
            raise ParameterError(f"times of shape {times.shape}; needed: (n,), one for each member")
        end = np.broadcast_to(np.asarray(self.end, dtype=np.float64) - self.start, times.shape)
        if not (np.all(end > 0) and np.all(np.isfinite(end))):
            raise ParameterError(f"end = {self.end}; allowed: finite times behind the start, {self.start:g} s")
        if np.any((times < 0) | (times > end * (1 + 1e-9))):
            raise ParameterError("times: one lies outside the watch, from start to end; NaN is for no switch")
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "end", end)

    @property
    def n(self) -> int:
        """Number of members."""
        return self.times.size

    @property
    def switched(self) -> int:
        """How many switched."""
        return int(np.sum(~np.isnan(self.times)))

    def probability(self, t: ArrayLike | None = None, confidence: float = 0.95) -> Estimate:
        """Return the probability to have switched by t [s], counted from the start, by default the end.

        The interval is that of Clopper and Pearson. All must have been watched until t.
        """
        at = float(self.end.min()) if t is None else np.asarray(t, dtype=np.float64)
        if np.any(np.asarray(at) > self.end.min() * (1 + 1e-9)):
            raise ParameterError(
                f"t = {np.max(at):g} s; all were watched until {self.end.min():g} s only: see survival()"
            )
        counts = np.sum(self.times <= np.asarray(at)[..., None], axis=-1)
        low, high = clopper_pearson(counts, self.n, confidence)
        share = counts / self.n
        return Estimate(share, low, high, confidence) if np.ndim(share) else Estimate(
            float(share), float(low), float(high), confidence)  # fmt: skip

    def error_rate(self, t: ArrayLike | None = None, confidence: float = 0.95) -> Estimate:
        """Return the probability not to have switched by t [s], as `probability`: the write error rate of a pulse."""
        found = self.probability(t, confidence)
        return Estimate(1 - found.value, 1 - found.high, 1 - found.low, confidence)

    def survival(self, confidence: float = 0.95) -> tuple[NDArray[np.float64], Estimate]:
        """Return the times [s] at which members switched, and the probability not to have switched by then.

        Kaplan and Meier's estimate, in which members count for as long as they were watched; its interval is
        Greenwood's on the scale of log(−log), and empty (NaN) where it is not defined. With one end for all it is the
        share that has not switched.

        Source: E. L. Kaplan and P. Meier, J. Am. Stat. Assoc. 53, 457 (1958).
        """
        missing = np.isnan(self.times)
        found = scipy.stats.ecdf(scipy.stats.CensoredData(uncensored=self.times[~missing], right=self.end[missing])).sf
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # that it is not defined everywhere
            interval: Any = found.confidence_interval(confidence, method="log-log")
        events = np.isin(found.quantiles, self.times[~missing])
        low, high = interval.low.probabilities[events], interval.high.probabilities[events]
        return found.quantiles[events], Estimate(found.probabilities[events], low, high, confidence)

    def mean_time(self, confidence: float = 0.95, seed: int = 0) -> Estimate:
        """Return the mean switching time [s], with its interval. All must have switched.

        Of up to `MOST_RESAMPLED` members it is that of the bootstrap; of more, whose mean is normally distributed to
        far less than the width of the interval, that of the standard error.

        Raises
        ------
        ParameterError
            If some did not: what they would have added is not known; see `exponential_time` and `quantile`.
        """
        if self.switched < self.n:
            raise ParameterError(
                f"mean_time: {self.n - self.switched} of {self.n} had not switched by the end; watch them longer, or "
                "use exponential_time() for a constant rate, or quantile()"
            )
        mean = float(self.times.mean())
        if self.n > MOST_RESAMPLED:
            width = float(scipy.stats.norm.ppf((1 + confidence) / 2) * self.times.std(ddof=1) / np.sqrt(self.n))
            return Estimate(mean, mean - width, mean + width, confidence)
        low, high = bootstrap_interval(self.times, np.mean, confidence, seed=seed)
        return Estimate(mean, float(low), float(high), confidence)

    def quantile(self, share: float = 0.5) -> float:
        """Return the time [s] by which this share has switched, by Kaplan and Meier; NaN if not known."""
        times, left = self.survival()
        reached = np.flatnonzero(left.value <= 1 - share + 1e-12)
        return float(times[reached[0]]) if reached.size else float("nan")

    def exponential_time(self, confidence: float = 0.95, after: float = 0.0) -> Estimate:
        """Return the time constant τ [s] of a constant rate: all the time that was waited, over the number of switches.

        The most likely τ, with members that did not switch counted for as long as they were watched.

        Parameters
        ----------
        confidence : float
        after : float [s]
            What happens before is left out, such as the delay until equilibrium is reached: a constant rate has no
            memory. Counted from the start.
        """
        waited, events = self._waited(after)
        low, high = exponential_interval(events, waited, confidence)
        return Estimate(waited / events if events else np.inf, float(low), float(high), confidence)

    def exponential_test(self, after: float = 0.0, draws: int = 1999, seed: int = 0) -> float:
        """Return the p-value of the hypothesis that the rate is constant: small if it is not.

        The distance of Kolmogorov and Smirnov between the times of those that switched and the exponential of the most
        likely τ, cut off at the end, is compared with that of ensembles drawn from this exponential, watched as long
        and fitted anew. So neither the fit nor the end makes the test too lenient.

        Parameters
        ----------
        after : float [s]
            As of `exponential_time`.
        draws : int
            Number of ensembles; the smallest p-value is 1/(draws + 1).
        seed : int

        Raises
        ------
        ParameterError
            If members were watched until different times, or fewer than two switched.

        Source: H. W. Lilliefors, J. Am. Stat. Assoc. 64, 387 (1969).
        """
        if np.ptp(self.end) > 1e-9 * self.end.max():
            raise ParameterError("exponential_test: the members were watched until different times; give one end")
        waited, events = self._waited(after)
        if events < 2:
            raise ParameterError(f"exponential_test: {events} switched; at least two are needed")
        end, total = float(self.end[0]) - after, int(np.sum(~(self.times < after)))
        seen = np.sort(self.times[self.times >= after]) - after
        own = _distance(seen[None], np.array([waited / events]), end)[0]
        rng = np.random.default_rng(seed)
        larger = 0
        for _ in range(draws):
            drawn = rng.exponential(waited / events, total)
            before = np.sort(drawn[drawn <= end])
            if before.size < 2:
                larger += 1
                continue
            tau = (before.sum() + (total - before.size) * end) / before.size
            larger += _distance(before[None], np.array([tau]), end)[0] >= own
        return (larger + 1) / (draws + 1)

    def plot(self, axes: "Axes | None" = None, confidence: float = 0.95) -> "Axes":
        """Draw the probability not to have switched against time, with its interval, on a logarithmic scale.

        Raises
        ------
        ParameterError
            If Matplotlib is not installed.
        """
        if axes is None:
            try:
                from matplotlib import pyplot
            except ImportError as error:
                raise ParameterError("plot: needs Matplotlib; pip install 'fdmag[plot]'") from error
            axes = pyplot.subplots()[1]
        times, left = self.survival(confidence)
        t = np.concatenate([[0], times, [self.end.max()]]) * 1e9
        value = np.concatenate([[1], left.value, left.value[-1:] if times.size else [1]])
        low, high = (np.concatenate([[1], each, each[-1:] if times.size else [1]]) for each in (left.low, left.high))
        axes.fill_between(t, low, high, step="post", alpha=0.3, linewidth=0, label=f"{confidence:.0%} interval")
        axes.step(t, value, where="post", label=f"{self.switched} of {self.n} switched")
        axes.set_yscale("log")
        axes.set_ylim(0.5 / self.n, 1.2)
        axes.set_xlabel("t (ns)")
        axes.set_ylabel("probability not switched")
        axes.legend()
        return axes

    def _waited(self, after: float) -> tuple[float, int]:
        """Return the time all were watched behind ``after`` until they switched, and how many did."""
        if not 0 <= after < self.end.min():
            raise ParameterError(f"after = {after:g} s; allowed: from 0 to before the end")
        until = np.where(np.isnan(self.times), self.end, self.times)
        return float(np.maximum(until - after, 0).sum()), int(np.sum(self.times >= after))


def _distance(times: NDArray[np.float64], tau: NDArray[np.float64], end: float) -> NDArray[np.float64]:
    """Return the largest distance between the steps of sorted times, (draws, n), and an exponential cut off at end."""
    n = times.shape[1]
    expected = np.expm1(-times / tau[:, None]) / np.expm1(-end / tau[:, None])
    steps = np.arange(1, n + 1) / n
    return np.maximum(np.abs(steps - expected), np.abs(steps - 1 / n - expected)).max(axis=1)
