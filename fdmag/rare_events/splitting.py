"""Splitting of trajectories at times: a rare event's probability without bias, however rare it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.output.plots import new_figure
from fdmag.rare_events.particles import Particles


@dataclass(frozen=True)
class Splitting:
    """Probabilities of a rare event at some times, estimated by independent groups of trajectories.

    Attributes
    ----------
    t : array (times,)
        Times [s] from the start.
    estimates : array (groups, times)
        What each group found: independent, and without bias.
    steps : int
        Number of trajectories times slices: the work.

    Examples
    --------
    >>> found = Splitting(np.array([1e-9]), np.array([[2e-8], [1e-8], [3e-8]]), 0)
    >>> found.probability
    array([2.e-08])
    >>> print(found.relative_error.round(2))
    [0.29]
    """

    t: NDArray[np.float64]
    estimates: NDArray[np.float64]
    steps: int

    @property
    def probability(self) -> NDArray[np.float64]:
        """Mean of the groups, (times,)."""
        return self.estimates.mean(axis=0)

    @property
    def standard_error(self) -> NDArray[np.float64]:
        """Standard error of `probability`, (times,), from the scatter of the groups."""
        return self.estimates.std(axis=0, ddof=1) / np.sqrt(len(self.estimates))

    @property
    def relative_error(self) -> NDArray[np.float64]:
        """`standard_error` over `probability`, (times,); infinite where nothing was found."""
        p = self.probability
        return np.divide(self.standard_error, p, out=np.full_like(p, np.inf), where=p > 0)

    def interval(self, confidence: float = 0.95) -> NDArray[np.float64]:
        """Return lower and upper bound, (2, times), by Student's distribution of the mean of the groups.

        Where no group found anything the upper bound is not known: NaN.
        """
        if not 0 < confidence < 1:
            raise ParameterError(f"confidence = {confidence:g}; allowed: between 0 and 1, for example 0.95")
        p = self.probability
        width = scipy.stats.t.ppf((1 + confidence) / 2, len(self.estimates) - 1) * self.standard_error
        return np.stack([np.maximum(p - width, 0), np.where(p > 0, p + width, np.nan)])

    def joined(self, other: Self) -> Self:
        """Return what these groups and those of another splitting at the same times have found together."""
        if not np.array_equal(self.t, other.t):
            raise ParameterError("joined: the splittings are of different times")
        estimates = np.concatenate([self.estimates, other.estimates])
        return replace(self, estimates=estimates, steps=self.steps + other.steps)

    def plot(self, axes: Any = None, confidence: float = 0.95, **style: Any) -> Any:
        """Draw the probability over the time with its interval, on a logarithmic scale; return the matplotlib axes.

        Raises
        ------
        ParameterError
            If matplotlib is not installed.
        """
        axes = new_figure().add_subplot() if axes is None else axes
        seen = self.probability > 0
        t, p = self.t[seen] * 1e9, self.probability[seen]
        low, high = self.interval(confidence)[:, seen]
        label = f"{len(self.estimates)} groups, {confidence:.0%} interval"
        line = axes.plot(t, p, **({"marker": "o", "markersize": 3, "label": label} | style))[0]
        # a lower bound of 0 lies below any axis that is logarithmic
        axes.fill_between(t, np.maximum(low, p / 30), high, color=line.get_color(), alpha=0.3, linewidth=0)
        if seen.any():
            axes.set_yscale("log")
        axes.set_xlabel("t (ns)")
        axes.set_ylabel("probability")
        axes.legend()
        return axes


def split(
    particles: Particles,
    times: Sequence[float] | NDArray[np.float64],
    threshold: float,
    *,
    ratio: float = 3.0,
    most_strata: int = 60,
    ceiling: float = np.inf,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Splitting:
    """Estimate the probability that the score is at least ``threshold`` at each of the times.

    Each group is a cloud of n weighted trajectories, w = 1/n at first. At every time but the last the cloud is divided
    into strata by score: a stratum holds those whose score is exceeded, or met, by a share of the weight between
    ratio^−j and ratio^−(j+1). So many strata as there are occupied share the n trajectories equally: in each, the
    trajectories to go on are drawn from those there in proportion to their weight, by systematic sampling, and share
    its weight equally. Trajectories near the event are thus many and light, at a depth that grows by itself with time,
    and those far from it few and heavy.

    Why there is no bias: given the cloud before a division, the expected weight that goes on from a state is the weight
    that was there, however the strata were chosen from the cloud; and between divisions the trajectories move
    independently. So, by induction from the last time backwards, E Σ w f(x) = E f(X) for every function f, here the
    indicator of the event, for any ratio, times, number of trajectories and score. These change the scatter alone. The
    weights of a group always sum to 1.

    What small clouds do: the estimates of a group scatter to high values, so that the mean of a few groups is more
    often too low than too high, and its scatter with it; the interval then promises too much. Let there be some 100
    trajectories for each stratum (there are as many strata as powers of ``ratio`` in the probability): 1000 to 2000 in
    a group for 1e-8, and some 20 groups. The same holds for rare states at the start that lead to the event often: a
    cloud drawn from equilibrium has none of them. Let the equilibrium rather come about during the first of the times,
    from a common state.

    A good score rises with the probability that the event comes true from a state: for a write error the average m
    along the direction before the write, for a loss of retention its opposite. The times should be so close that the
    probability falls by less than about ``ratio`` from one to the next.

    Parameters
    ----------
    particles : Particles
        At the start, in states drawn from the distribution there.
    times : array_like (times,)
        From the start, rising [s].
    threshold : float
    ratio : float
        Of the weights of neighbouring strata, above 1.
    most_strata : int
        What lies deeper is one stratum with the deepest.
    ceiling : float
        Scores above count as this: where nothing distinguishes states beyond it, such as switched ones.
    seed : int
        Of the drawing; the noise has its own.
    progress : callable, optional
        Called with the number of times done.

    Raises
    ------
    ParameterError

    Sources: G. A. Huber and S. Kim, Biophys. J. 70, 97 (1996), weighted ensembles; B. W. Zhang, D. Jasnow and
    D. M. Zuckerman, J. Chem. Phys. 132, 054107 (2010), that they are without bias; P. Del Moral, Feynman-Kac Formulae
    (Springer, 2004), section 7.4; for write error rates U. Roy, T. Pramanik, L. F. Register and S. K. Banerjee,
    arXiv:1603.08512 (2016).
    """
    wanted = np.asarray(times, dtype=np.float64)
    if wanted.ndim != 1 or not wanted.size or not np.all(np.diff(wanted, prepend=0) > 0) or not np.isfinite(wanted[-1]):
        raise ParameterError("times: allowed: finite, above 0, each later than that before it")
    if not 1 < ratio < np.inf or most_strata < 1 or not threshold <= ceiling:
        raise ParameterError(
            f"ratio = {ratio:g}, most_strata = {most_strata}, ceiling = {ceiling:g}; allowed: above 1, at least 1, at "
            f"least the threshold {threshold:g}"
        )
    groups, n = particles.shape
    if groups < 2 or n < 2:
        raise ParameterError(f"{groups} group(s) of {n}; needed: two groups of two, for an error needs several groups")
    draws = [np.random.default_rng([seed, group]) for group in range(groups)]
    weights = np.full((groups, n), 1 / n)
    estimates = np.empty((groups, wanted.size))
    for number, duration in enumerate(np.diff(wanted, prepend=0)):
        particles.advance(float(duration))
        scores = np.minimum(particles.score(), ceiling)
        if not np.all(np.isfinite(scores)):
            raise ParameterError("score: not a number somewhere")
        estimates[:, number] = np.where(scores >= threshold, weights, 0).sum(axis=1)
        if number + 1 < wanted.size:
            chosen = [
                divided(weights[g], scores[g], ratio, most_strata, float(draws[g].uniform())) for g in range(groups)
            ]
            particles.copy(np.stack([sources for sources, _ in chosen]))
            weights = np.stack([kept for _, kept in chosen])
        if progress is not None:
            progress(number + 1)
    return Splitting(wanted, estimates, groups * n * wanted.size)


def divided(
    weights: NDArray[np.float64],
    scores: NDArray[np.float64],
    ratio: float,
    most_strata: int,
    u: float,
    levels: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return which trajectories go on, (n,), and the weights they go on with, (n,).

    ``u``, uniform from 0 to 1, is where systematic sampling begins, in every stratum. With rising ``levels`` a stratum
    holds the scores from one of them up to the next. Those without weight do not go on; their places are taken.

    >>> sources, weights = divided(np.full(4, 0.25), np.array([0.1, 0.9, 0.2, 0.3]), 2.0, 10, 0.5)
    >>> sources, weights
    (array([1, 1, 3, 0]), array([0.125, 0.125, 0.25 , 0.5 ]))
    """
    n = len(weights)
    live = np.flatnonzero(weights > 0)
    if not live.size:
        return np.arange(n), np.zeros(n)
    order = live[np.argsort(-scores[live], kind="stable")]
    falling, light = -scores[order], weights[order]
    if levels is None:
        total = np.cumsum(light)
        # Equal scores are exceeded or met by the same share: that of the last of them.
        share = total[np.searchsorted(falling, falling, side="right") - 1] / total[-1]
        stratum = np.minimum(np.floor(-np.log(share) / np.log(ratio) + 1e-9), most_strata - 1)
    else:
        stratum = np.searchsorted(levels, -falling, side="right").astype(np.float64)
    starts = np.flatnonzero(np.diff(stratum, prepend=np.inf))
    ends = np.append(starts[1:], live.size)
    count = np.full(starts.size, n // starts.size)
    count[: n % starts.size] += 1
    sources, kept = [], []
    for start, end, wanted in zip(starts, ends, count, strict=True):
        inside = np.cumsum(light[start:end])
        at = (np.arange(wanted) + u) / wanted * inside[-1]
        sources.append(order[start + np.minimum(np.searchsorted(inside, at, side="right"), end - start - 1)])
        kept.append(np.full(wanted, inside[-1] / wanted))
    return np.concatenate(sources), np.concatenate(kept)
