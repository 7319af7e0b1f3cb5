"""How long a pillar takes to switch: the times of many shots, their distribution, and what they extrapolate to."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.checks import array_of, checked
from fdmag.devices.device import Told
from fdmag.devices.nanopillar import Nanopillar
from fdmag.devices.pillar_start import check_start
from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.statistics import SwitchingStatistics

__all__ = ["SwitchingTimes", "switching_times"]

FEWEST_FOR_TEST = 20
"""Switches, from which on their times are tested for an exponential distribution."""


@dataclass(frozen=True)
class SwitchingTimes(Result):
    """Times from the start of a current until m has switched.

    Attributes
    ----------
    time, sigma_time
        Mean over the samples and its standard error; NaN where not all switched.
    time_constant
        All the time that was waited over the number of switches: 1/Γ of a constant rate.
    p_value
        Of the hypothesis that the rate is constant (Kolmogorov–Smirnov, the end and the fit accounted for): small if it
        is not; NaN with fewer than 20 switches.
    limit
        Of the uniform pillar: at T = 0 the closed form from the tilt of the start, else the mean first passage of the
        Fokker–Planck equation from equilibrium, which ``settle`` lets come about.
    energy
        Heat of pulses that end when m switches, with ``time``.
    J_c, sigma_J_c
        Where the line through 1/time over J passes zero, and its standard error from the scatter about the line. 1/τ is
        a straight line while m stays near the axis: for this give a threshold such as 0.95. To the equator it bends,
        and the line ends some tenths below.
    deviation
        Root of the mean square of time/limit − 1.
    """

    J: NDArray = quantity("A/m^2", "current density", "J")
    time: NDArray = quantity("s", "mean switching time", "J")
    sigma_time: NDArray = quantity("s", "standard error of the mean switching time", "J")
    time_constant: NDArray = quantity("s", "time waited per switch", "J")
    switched: NDArray = quantity("1", "share that switched", "J")
    switched_low: NDArray = quantity("1", "lower bound of the share at 95 %", "J")
    switched_high: NDArray = quantity("1", "upper bound of the share at 95 %", "J")
    p_value: NDArray = quantity("1", "p-value of a constant rate", "J")
    limit: NDArray = quantity("s", "mean switching time of the uniform pillar", "J")
    times: NDArray = quantity("s", "switching time of each sample", "J", "sample")
    energy: NDArray | None = quantity("J", "heat until the mean switching time", "J")
    end: float = quantity("s", "how long the current flows")
    threshold: float = quantity("1", "m_z, counted from the start, at which m has switched")
    J_c: float = quantity("A/m^2", "critical current density by extrapolation of 1/time")
    sigma_J_c: float = quantity("A/m^2", "standard error of the extrapolated critical current density")
    I_c: float = quantity("A", "critical current by extrapolation of 1/time")
    J_c_limit: float = quantity("A/m^2", "critical current density of the uniform pillar")
    deviation: float = quantity("1", "root mean square deviation of the times from the limit")

    def statistics(self, k: int) -> SwitchingStatistics:
        """Return the statistics of the kth current: survival, quantiles, intervals."""
        return SwitchingStatistics(self.times[k], self.end)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the mean time over the current, with that of the uniform pillar."""
        ax = axes_for(ax, "J [10¹² A/m²]", "switching time [ns]", f"until m_z, from the start, is {self.threshold:g}")
        J, order = self.J * 1e-12, np.argsort(self.J)
        if np.isfinite(self.limit).any():
            ax.plot(J[order], self.limit[order] * 1e9, color=COLOURS[-1], linewidth=1, label="uniform pillar")
        ax.errorbar(J, self.time * 1e9, self.sigma_time * 1e9, fmt="o", color=COLOURS[0], markersize=4, capsize=2,
                    label="simulated")  # fmt: skip
        never = ~(self.switched == 1)
        if never.any():
            ax.plot(J[never], np.full(never.sum(), self.end * 1e9), "^", color=COLOURS[1], label="not all by the end")
        if np.isfinite(self.J_c_limit):
            ax.axvline(self.J_c_limit * 1e-12, color=COLOURS[-1], linestyle=":", linewidth=1, label="J_c of it")
        ax.set_yscale("log")
        ax.legend(fontsize="small")
        return ax

    def plot_rates(self, ax: Axes | None = None) -> Axes:
        """Draw 1/time over the current with the line that is extrapolated."""
        ax = axes_for(ax, "J [10¹² A/m²]", "1/switching time [1/ns]", "extrapolation to the critical current")
        seen = np.isfinite(self.time)
        ax.plot(self.J[seen] * 1e-12, 1e-9 / self.time[seen], "o", color=COLOURS[0], markersize=4)
        if np.isfinite(self.J_c):
            slope = scipy.stats.linregress(self.J[seen], 1 / self.time[seen]).slope
            reach = np.array([self.J_c, self.J[seen][np.argmax(np.abs(self.J[seen]))]])
            ax.plot(reach * 1e-12, slope * (reach - self.J_c) * 1e-9, color=COLOURS[-1], linewidth=1)
        ax.axhline(0, color=COLOURS[-1], linewidth=0.5)
        return ax

    def plot_distribution(self, ax: Axes | None = None) -> Axes:
        """Draw the share that has not switched yet over time, for each current."""
        ax = axes_for(ax, "t [ns]", "share not switched", "switching-time distribution")
        for k, J in enumerate(self.J):
            t, left = self.statistics(k).survival()
            t, share = np.concatenate([[0], t, [self.end]]), np.concatenate([[1], left.value, left.value[-1:]])
            share = share if share.size == t.size else np.ones(t.size)  # none switched
            colour = COLOURS[k % len(COLOURS)]
            ax.step(t * 1e9, share, where="post", color=colour, label=f"{J * 1e-12:.4g}·10¹² A/m²")
        ax.set_yscale("log")
        ax.legend(fontsize="small")
        return ax


def switching_times(
    pillar: Nanopillar,
    J: ArrayLike,
    duration: float,
    *,
    settle: float = 0.0,
    samples: int = 1,
    told: Told | None = None,
) -> SwitchingTimes:
    """Let currents flow until m has switched, or for a time.

    Parameters
    ----------
    pillar : Nanopillar
        Its ``threshold`` is the criterion.
    J : array_like (points,) [A/m²]
    duration : float [s]
        Longest time to wait.
    settle : float [s]
        Without current before each shot: with noise m comes to equilibrium in its well.
    samples : int
        Shots for each current; without noise they are all the same.
    told : callable, optional
        Of progress.

    Raises
    ------
    ParameterError
        For a value out of its range.
    """
    J = array_of("switching times", "J", J)
    checked("switching times", {"duration": duration, "settle": settle, "samples": samples}, duration="positive s",
            settle="at least 0 s", samples="positive")  # fmt: skip
    shots = np.repeat(np.arange(J.size), samples)
    times = np.full(shots.size, np.nan)
    total = pillar.number_of_rounds(shots.size)
    check_start(pillar, "switching times")
    with pillar.restored():
        for number, numbers in enumerate(pillar.rounds(shots.size), start=1):
            used = numbers >= 0
            current = np.where(used, J[shots[numbers]], 0.0)
            found = pillar.first_passages(current, duration, settle, used)
            times[numbers[used]] = found[used]
            if told is not None:
                told(number, total)
    return _result(pillar, J, times.reshape(J.size, samples), duration, settle)


def _result(pillar: Nanopillar, J: NDArray, times: NDArray, duration: float, settle: float) -> SwitchingTimes:
    found = [SwitchingStatistics(each, duration) for each in times]
    shares = [each.probability() for each in found]
    value, low, high = (np.array([getattr(share, key) for share in shares]) for key in ("value", "low", "high"))
    all_switched = np.array([each.switched == each.n for each in found])
    time = np.where(all_switched, np.nan_to_num(times).mean(axis=1), np.nan)
    sigma = np.zeros(J.size) if times.shape[1] == 1 else times.std(axis=1, ddof=1) / np.sqrt(times.shape[1])
    p_values = [
        each.exponential_test(draws=499) if pillar.noisy and each.switched >= FEWEST_FOR_TEST else np.nan
        for each in found
    ]
    uniform = pillar.limit()
    if not pillar.noisy:
        limit = uniform.switching_times(J, pillar.tilt, pillar.threshold)
    elif settle > 0 and uniform.symmetric:
        limit = np.where(uniform.overdrive(J) > 0, uniform.mean_passage(J, uniform.T, pillar.threshold), np.nan)
    else:
        limit = np.full(J.size, np.nan)
    J_c, sigma_J_c = _extrapolated(J, time)
    ratio = time / limit - 1
    compared = ratio[np.isfinite(ratio)]
    return SwitchingTimes(
        J, time, sigma, np.array([each.exponential_time().value for each in found]),
        value, low, high,
        np.array(p_values), limit, times, pillar.energy(J, time), duration, pillar.threshold, J_c, sigma_J_c,
        J_c * pillar.area, uniform.J_c, float(np.sqrt(np.mean(compared**2))) if compared.size else np.nan,
    )  # fmt: skip


def _extrapolated(J: NDArray, time: NDArray) -> tuple[float, float]:
    """Return where the line through 1/time passes zero, with its standard error; NaN of fewer than two or three."""
    seen = np.isfinite(time) & (time > 0)
    if np.unique(J[seen]).size < 2:
        return np.nan, np.nan
    line = scipy.stats.linregress(J[seen], 1 / time[seen])
    J_c = -line.intercept / line.slope
    if seen.sum() < 3:
        return float(J_c), np.nan
    # intercept and slope are correlated: the error is that of the line where it passes zero, over its slope
    scatter = line.stderr * np.sqrt(np.sum((J[seen] - J[seen].mean()) ** 2))
    spread = np.sqrt(1 / seen.sum() + (J_c - J[seen].mean()) ** 2 / np.sum((J[seen] - J[seen].mean()) ** 2))
    return float(J_c), float(scatter * spread / abs(line.slope))
