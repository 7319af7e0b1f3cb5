"""Write error rates of a pillar over drive and pulse length: counted, or split down to what no count reaches."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.checks import array_of, checked
from fdmag.devices.device import Told
from fdmag.devices.driven_result import DrivenResult
from fdmag.devices.nanopillar import Nanopillar, Reversed
from fdmag.devices.result import COLOURS, DRIVE_UNIT, Axes, axes_for, quantity
from fdmag.errors import ParameterError
from fdmag.rare_events import SimulationParticles, split
from fdmag.statistics import clopper_pearson

__all__ = ["METHODS", "WriteErrors", "write_errors"]

METHODS = ("count", "split")
DONE = -0.9
"""m_z, counted from the start, at which a trajectory is not followed any further: the torque holds it there."""
SETTLING = 4
"""Parts of the time without current, when rare states of the start are split."""
SLICES = 24
"""Divisions of the longest pulse, at least, when trajectories are split."""
COUNTED_WELL = 5
"""Events expected, below which a count is not compared with the limit: its error is then no normal one."""


@dataclass(frozen=True)
class WriteErrors(DrivenResult):
    """Probability not to be written at the end of a pulse.

    Attributes
    ----------
    drive
        J; I or V of a pillar that is driven so.
    error, low, high
        With the interval at 95 %: Clopper and Pearson's of a count, Student's of the groups of a splitting.
    limit
        Of the uniform pillar, by the Fokker–Planck equation from equilibrium; NaN where it does not hold.
    sigma
        Standard error: of a count that of the limit's probability, where there is one.
    deviation_sigmas
        Largest |error − limit|/sigma, over the points where five events and five others are expected in a count, all of
        a splitting.
    """

    drive: NDArray = quantity(DRIVE_UNIT, "drive", "drive")
    t_pulse: NDArray = quantity("s", "length of the pulse", "t_pulse")
    error: NDArray = quantity("1", "write error rate", "drive", "t_pulse")
    low: NDArray = quantity("1", "lower bound of the write error rate at 95 %", "drive", "t_pulse")
    high: NDArray = quantity("1", "upper bound of the write error rate at 95 %", "drive", "t_pulse")
    sigma: NDArray = quantity("1", "standard error of the write error rate", "drive", "t_pulse")
    limit: NDArray = quantity("1", "write error rate of the uniform pillar", "drive", "t_pulse")
    energy: NDArray | None = quantity("J", "heat of the pulse", "drive", "t_pulse")
    samples: float = quantity("1", "trajectories for each drive")
    lowest: float = quantity("1", "smallest write error rate found")
    deviation_sigmas: float = quantity("1", "largest deviation from the limit over its standard error")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the rates over the pulse length with their intervals, and those of the uniform pillar."""
        ax = axes_for(ax, "pulse length [ns]", "write error rate")
        unit, text = self.driven_by.told(self.drive)
        for k, x in enumerate(self.drive / unit):
            colour, t = COLOURS[k % len(COLOURS)], self.t_pulse * 1e9
            ax.plot(t, self.limit[k], color=colour, linewidth=1)
            seen = self.error[k] > 0
            p, low, high = (each[k][seen] for each in (self.error, self.low, self.high))
            # an interval that reaches 0 is cut where the figure ends
            bars = np.stack([p - np.maximum(low, p / 30), high - p])
            ax.errorbar(t[seen], p, np.maximum(bars, 0), fmt="o", color=colour, markersize=4, capsize=2, linewidth=0.8,
                        label=f"{self.driven_by.symbol} = {x:.3g} {text}")  # fmt: skip
            if (~seen).any():
                ax.plot(t[~seen], self.high[k][~seen], "v", color=colour, markersize=4, fillstyle="none")
        ax.set_yscale("log")
        ax.set_ylim(max(self.lowest / 10, 1e-16), 2)
        ax.plot([], [], color=COLOURS[-1], linewidth=1, label="uniform pillar, Fokker–Planck")
        ax.legend(fontsize="small")
        return ax


def write_errors(
    pillar: Nanopillar,
    drive: ArrayLike,
    t_pulse: ArrayLike,
    *,
    settle: float,
    samples: int,
    method: str = "count",
    groups: int = 20,
    seed: int = 0,
    told: Told | None = None,
) -> WriteErrors:
    """Return how many pulses fail, at their ends, for every length at once: a longer pulse goes on from a shorter one.

    Parameters
    ----------
    pillar : Nanopillar
        With a thermal term; its replicas are alike.
    drive, t_pulse : array_like [A/m², A or V], [s]
        Current densities, or what the pillar is driven by; the lengths in rising order.
    settle : float [s]
        Undriven before the pulse, in which m comes to equilibrium in its well; some 1/(α γ B_K).
    samples : int
        Trajectories for each drive; with "split" one drive after the other takes all replicas, and this is not
        used.
    method : str
        "count", down to some 10/samples; "split" (`fdmag.rare_events`), down to 1e-8 and below.
    groups : int
        Independent groups that the replicas are divided into, for the error of a splitting.
    seed : int
        Of the draws of a splitting.
    told : callable, optional

    Raises
    ------
    ParameterError
        For a value out of its range, without noise, or if the replicas differ.
    """
    drive = array_of("write errors", pillar.driven_by.symbol, drive)
    t_pulse = array_of("write errors", "t_pulse", t_pulse)
    if np.any(np.diff(t_pulse, prepend=0) <= 0):
        raise ParameterError("write errors: t_pulse does not rise; give lengths above 0 s in rising order")
    checked("write errors", {"settle": settle, "samples": samples}, settle="positive s", samples="positive")
    if method not in METHODS:
        raise ParameterError(f'write errors: method = "{method}"; allowed: {", ".join(METHODS)}')
    if not pillar.noisy:
        raise ParameterError("write errors: nothing fails by chance without noise; add a thermal term with T > 0 K")
    if not pillar.alike:
        raise ParameterError("write errors: the replicas differ; let them differ in nothing but their noise")
    uniform = pillar.limit()
    limit = uniform.not_switched(t_pulse, drive, uniform.T, absorbing=False, threshold=pillar.threshold)
    limit = np.where(uniform.overdrive(drive)[:, None] > 0, limit, np.nan)
    with pillar.restored():
        if method == "count":
            error, spent = _counted(pillar, drive, t_pulse, settle, samples, told)
            low, high = clopper_pearson(np.round(error * samples), samples)
            p = np.where(np.isfinite(limit), limit, error)
            sigma = np.sqrt(p * (1 - p) / samples)
            compared = (samples * p >= COUNTED_WELL) & (samples * (1 - p) >= COUNTED_WELL)
        else:
            samples, spent = pillar.batch, None
            found = []
            for number, each in enumerate(drive, start=1):
                found.append(_split(pillar, float(each), t_pulse, settle, groups, seed))
                if told is not None:
                    told(number, drive.size)
            error, sigma, low, high = (np.stack(each) for each in zip(*found, strict=True))
            compared = sigma > 0
    far = np.abs(error - limit)[compared & np.isfinite(limit)] / sigma[compared & np.isfinite(limit)]
    return WriteErrors(
        drive, t_pulse, error, low, high, sigma, limit, pillar.energy(drive[:, None], t_pulse, spent), float(samples),
        float(error[error > 0].min(initial=1.0)), float(far.max(initial=0.0)) if far.size else np.nan,
        driven_by=pillar.driven_by,
    )  # fmt: skip


def _counted(
    pillar: Nanopillar, drive: NDArray, t_pulse: NDArray, settle: float, samples: int, told: Told | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the share (drive, t_pulse) that is not written, and the mean heat [J] that the junctions took."""
    shots = np.repeat(np.arange(drive.size), samples)
    left, spent = np.zeros((shots.size, t_pulse.size), bool), np.zeros((shots.size, t_pulse.size))
    total = pillar.number_of_rounds(shots.size)
    for number, numbers in enumerate(pillar.rounds(shots.size), start=1):
        used = numbers >= 0
        up = pillar.reset()
        pillar.run(settle)
        pillar.on(np.where(used, drive[shots[numbers]], 0.0))
        seen: list[NDArray] = []

        def note(_: object, up: NDArray = up, seen: list[NDArray] = seen) -> None:
            seen.append(up * pillar.along() > pillar.threshold)

        until = Reversed(np.where(used, up, 0.0), DONE)
        taken = pillar.run_metered(float(t_pulse[-1]), at=t_pulse[:-1].tolist(), callback=note, until=until)
        seen += [seen[-1]] * (t_pulse.size + 1 - len(seen))  # all had stopped
        left[numbers[used]] = np.stack(seen[1 : t_pulse.size + 1], axis=1)[used]
        if taken is not None:
            spent[numbers[used]] = np.stack([taken.at(t) for t in t_pulse], axis=1)[used]
        if told is not None:
            told(number, total)
    return (left.reshape(drive.size, samples, -1).mean(axis=1), spent.reshape(drive.size, samples, -1).mean(axis=1))


class _Pulsed(SimulationParticles):
    """The replicas of a pillar, which is driven after a time without."""

    def __init__(self, pillar: Nanopillar, drive: float, groups: int) -> None:
        up = float(pillar.up[0])
        super().__init__(pillar.simulation, lambda _: up * pillar.along(), groups, **pillar.options)
        self.pillar, self.drive = pillar, drive
        self.left = SETTLING

    def advance(self, duration: float) -> None:
        """Let all go on, driven once the time without is over."""
        if self.left == 0:
            self.pillar.on(self.drive)
        self.left -= 1
        super().advance(duration)


def _split(
    pillar: Nanopillar, drive: float, t_pulse: NDArray, settle: float, groups: int, seed: int
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return rate, standard error and interval (t_pulse,) of one drive."""
    pillar.reset()
    slices = np.union1d(t_pulse, np.linspace(0, t_pulse[-1], SLICES + 1)[1:])
    # what lies closer than rounding is one time
    slices = slices[np.concatenate([np.diff(slices) > 1e-9 * t_pulse[-1], [True]])]
    before = settle * np.arange(1, SETTLING + 1) / SETTLING
    times = np.concatenate([before, settle + slices])

    found = split(_Pulsed(pillar, drive, groups), times, pillar.threshold, seed=seed)
    at = SETTLING + np.array([int(np.argmin(np.abs(slices - t))) for t in t_pulse])
    low, high = found.interval()
    return found.probability[at], found.standard_error[at], low[at], high[at]
