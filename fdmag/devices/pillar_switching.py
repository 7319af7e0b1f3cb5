"""How long a pillar takes to switch: the times of many shots, their distribution, and what they extrapolate to."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.checks import array_of, checked
from fdmag.devices.device import Told
from fdmag.devices.driven_result import DrivenResult
from fdmag.devices.nanopillar import Nanopillar
from fdmag.devices.pillar_start import check_start
from fdmag.devices.result import COLOURS, DRIVE_UNIT, Axes, axes_for, quantity
from fdmag.statistics import SwitchingStatistics

__all__ = ["SwitchingTimes", "switching_times"]

FEWEST_FOR_TEST = 20
"""Switches, from which on their times are tested for an exponential distribution."""


@dataclass(frozen=True)
class SwitchingTimes(DrivenResult):
    """Times from the start of a drive until m has switched.

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
        Of the uniform pillar: at T = 0 that from the tilt of the start, else the mean first passage of the
        Fokker–Planck equation from equilibrium, which ``settle`` lets come about.
    energy
        Heat of pulses that end when m switches: of a constant resistance with ``time``, of a junction ∫ V I dt, a mean
        over the samples, with what R_series takes.
    drive, drive_c, sigma_drive_c
        J, J_c and sigma_J_c; I or V in place of J of a pillar that is driven so. The critical one is where the line
        through 1/time over the drive passes zero, and its standard error from the scatter about the line. 1/τ is
        a straight line while m stays near the axis: for this give a threshold such as 0.95. To the equator it bends,
        and the line ends some tenths below.
    I_c
        The current at it, in the state of the start.
    deviation
        Root of the mean square of time/limit − 1.
    """

    drive: NDArray = quantity(DRIVE_UNIT, "drive", "drive")
    time: NDArray = quantity("s", "mean switching time", "drive")
    sigma_time: NDArray = quantity("s", "standard error of the mean switching time", "drive")
    time_constant: NDArray = quantity("s", "time waited per switch", "drive")
    switched: NDArray = quantity("1", "share that switched", "drive")
    switched_low: NDArray = quantity("1", "lower bound of the share at 95 %", "drive")
    switched_high: NDArray = quantity("1", "upper bound of the share at 95 %", "drive")
    p_value: NDArray = quantity("1", "p-value of a constant rate", "drive")
    limit: NDArray = quantity("s", "mean switching time of the uniform pillar", "drive")
    times: NDArray = quantity("s", "switching time of each sample", "drive", "sample")
    energy: NDArray | None = quantity("J", "heat until the mean switching time", "drive")
    end: float = quantity("s", "how long it is driven")
    threshold: float = quantity("1", "m_z, counted from the start, at which m has switched")
    drive_c: float = quantity(DRIVE_UNIT, "critical drive by extrapolation of 1/time")
    sigma_drive_c: float = quantity(DRIVE_UNIT, "standard error of the extrapolated critical drive")
    I_c: float = quantity("A", "critical current by extrapolation of 1/time")
    drive_c_limit: float = quantity(DRIVE_UNIT, "critical drive of the uniform pillar")
    deviation: float = quantity("1", "root mean square deviation of the times from the limit")

    def statistics(self, k: int) -> SwitchingStatistics:
        """Return the statistics of the kth drive: survival, quantiles, intervals."""
        return SwitchingStatistics(self.times[k], self.end)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the mean time over the drive, with that of the uniform pillar."""
        unit, text = self.driven_by.told(self.drive)
        title = f"until m_z, from the start, is {self.threshold:g}"
        ax = axes_for(ax, self.driven_by.label(text), "switching time [ns]", title)
        x, order = self.drive / unit, np.argsort(self.drive)
        if np.isfinite(self.limit).any():
            ax.plot(x[order], self.limit[order] * 1e9, color=COLOURS[-1], linewidth=1, label="uniform pillar")
        ax.errorbar(x, self.time * 1e9, self.sigma_time * 1e9, fmt="o", color=COLOURS[0], markersize=4, capsize=2,
                    label="simulated")  # fmt: skip
        never = ~(self.switched == 1)
        if never.any():
            ax.plot(x[never], np.full(never.sum(), self.end * 1e9), "^", color=COLOURS[1], label="not all by the end")
        if np.isfinite(self.drive_c_limit):
            label = f"{self.driven_by.symbol}_c of it"
            ax.axvline(self.drive_c_limit / unit, color=COLOURS[-1], linestyle=":", linewidth=1, label=label)
        ax.set_yscale("log")
        ax.legend(fontsize="small")
        return ax

    def plot_rates(self, ax: Axes | None = None) -> Axes:
        """Draw 1/time over the drive with the line that is extrapolated."""
        unit, text = self.driven_by.told(self.drive)
        title = f"extrapolation to the critical {self.driven_by.name}"
        ax = axes_for(ax, self.driven_by.label(text), "1/switching time [1/ns]", title)
        seen = np.isfinite(self.time)
        ax.plot(self.drive[seen] / unit, 1e-9 / self.time[seen], "o", color=COLOURS[0], markersize=4)
        if np.isfinite(self.drive_c):
            slope = scipy.stats.linregress(self.drive[seen], 1 / self.time[seen]).slope
            reach = np.array([self.drive_c, self.drive[seen][np.argmax(np.abs(self.drive[seen]))]])
            ax.plot(reach / unit, slope * (reach - self.drive_c) * 1e-9, color=COLOURS[-1], linewidth=1)
        ax.axhline(0, color=COLOURS[-1], linewidth=0.5)
        return ax

    def plot_distribution(self, ax: Axes | None = None) -> Axes:
        """Draw the share that has not switched yet over time, for each drive."""
        ax = axes_for(ax, "t [ns]", "share not switched", "switching-time distribution")
        unit, text = self.driven_by.told(self.drive)
        for k, x in enumerate(self.drive / unit):
            t, left = self.statistics(k).survival()
            t, share = np.concatenate([[0], t, [self.end]]), np.concatenate([[1], left.value, left.value[-1:]])
            share = share if share.size == t.size else np.ones(t.size)  # none switched
            colour = COLOURS[k % len(COLOURS)]
            ax.step(t * 1e9, share, where="post", color=colour, label=f"{x:.4g} {text}")
        ax.set_yscale("log")
        ax.legend(fontsize="small")
        return ax


def switching_times(
    pillar: Nanopillar,
    drive: ArrayLike,
    duration: float,
    *,
    settle: float = 0.0,
    samples: int = 1,
    told: Told | None = None,
) -> SwitchingTimes:
    """Drive it until m has switched, or for a time.

    Parameters
    ----------
    pillar : Nanopillar
        Its ``threshold`` is the criterion.
    drive : array_like (points,) [A/m², A or V]
        Current densities, or what the pillar is driven by.
    duration : float [s]
        Longest time to wait.
    settle : float [s]
        Undriven before each shot: with noise m comes to equilibrium in its well.
    samples : int
        Shots for each drive; without noise they are all the same.
    told : callable, optional
        Of progress.

    Raises
    ------
    ParameterError
        For a value out of its range.
    """
    drive = array_of("switching times", pillar.driven_by.symbol, drive)
    checked("switching times", {"duration": duration, "settle": settle, "samples": samples}, duration="positive s",
            settle="at least 0 s", samples="positive")  # fmt: skip
    shots = np.repeat(np.arange(drive.size), samples)
    times, spent = np.full(shots.size, np.nan), np.full(shots.size, np.nan)
    total = pillar.number_of_rounds(shots.size)
    check_start(pillar, "switching times", drive)
    with pillar.restored():
        for number, numbers in enumerate(pillar.rounds(shots.size), start=1):
            used = numbers >= 0
            found = pillar.first_passages(np.where(used, drive[shots[numbers]], 0.0), duration, settle, used)
            times[numbers[used]] = found[used]
            spent[numbers[used]] = pillar.spent[used]
            if told is not None:
                told(number, total)
    shape = (drive.size, samples)
    return _result(pillar, drive, times.reshape(shape), spent.reshape(shape).mean(axis=1), duration, settle)


def _result(
    pillar: Nanopillar, drive: NDArray, times: NDArray, spent: NDArray, duration: float, settle: float
) -> SwitchingTimes:
    found = [SwitchingStatistics(each, duration) for each in times]
    shares = [each.probability() for each in found]
    value, low, high = (np.array([getattr(share, key) for share in shares]) for key in ("value", "low", "high"))
    all_switched = np.array([each.switched == each.n for each in found])
    time = np.where(all_switched, np.nan_to_num(times).mean(axis=1), np.nan)
    sigma = np.zeros(drive.size) if times.shape[1] == 1 else times.std(axis=1, ddof=1) / np.sqrt(times.shape[1])
    p_values = [
        each.exponential_test(draws=499) if pillar.noisy and each.switched >= FEWEST_FOR_TEST else np.nan
        for each in found
    ]
    uniform = pillar.limit()
    if not pillar.noisy:
        limit = pillar.uniform_times(drive)
    elif settle > 0 and uniform.symmetric:
        passage = uniform.mean_passage(drive, uniform.T, pillar.threshold)
        limit = np.where(uniform.overdrive(drive) > 0, passage, np.nan)
    else:
        limit = np.full(drive.size, np.nan)
    drive_c, sigma_drive_c = _extrapolated(drive, time)
    energy = pillar.energy(drive, time, np.where(all_switched, spent, np.nan))
    ratio = time / limit - 1
    compared = ratio[np.isfinite(ratio)]
    return SwitchingTimes(
        drive, time, sigma, np.array([each.exponential_time().value for each in found]),
        value, low, high,
        np.array(p_values), limit, times, energy, duration, pillar.threshold, drive_c, sigma_drive_c,
        float(pillar.readings(drive_c)["I"][0]), uniform.drive_c,
        float(np.sqrt(np.mean(compared**2))) if compared.size else np.nan, driven_by=pillar.driven_by,
    )  # fmt: skip


def _extrapolated(drive: NDArray, time: NDArray) -> tuple[float, float]:
    """Return where the line through 1/time passes zero, with its standard error; NaN of fewer than two or three."""
    seen = np.isfinite(time) & (time > 0)
    if np.unique(drive[seen]).size < 2:
        return np.nan, np.nan
    line = scipy.stats.linregress(drive[seen], 1 / time[seen])
    drive_c = -line.intercept / line.slope
    if seen.sum() < 3:
        return float(drive_c), np.nan
    # intercept and slope are correlated: the error is that of the line where it passes zero, over its slope
    scatter = line.stderr * np.sqrt(np.sum((drive[seen] - drive[seen].mean()) ** 2))
    spread = np.sqrt(
        1 / seen.sum() + (drive_c - drive[seen].mean()) ** 2 / np.sum((drive[seen] - drive[seen].mean()) ** 2)
    )
    return float(drive_c), float(scatter * spread / abs(line.slope))
