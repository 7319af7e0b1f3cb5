"""The critical current or voltage of a pillar, by bisection: many at once where replicas are alike, else one each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.checks import checked
from fdmag.devices.device import Told
from fdmag.devices.driven_result import DrivenResult
from fdmag.devices.nanopillar import Nanopillar, Reversed
from fdmag.devices.pillar_start import check_start
from fdmag.devices.result import COLOURS, DRIVE_UNIT, Axes, axes_for, quantity
from fdmag.errors import ParameterError

__all__ = ["CRITERIA", "CriticalCurrent", "critical_current"]

CRITERIA = ("passage", "growth")
MOST_ROUNDS = 60
STEPS_OF_RAMP = 20


@dataclass(frozen=True)
class CriticalCurrent(DrivenResult):
    """The lowest current, or voltage, that writes, between one that does not and one that does.

    Attributes
    ----------
    drive_c, sigma_drive_c
        J_c and sigma_J_c; I or V in place of J of a pillar that is driven so. Middle of the bracket; its width over
        sqrt(12), the standard deviation of what lies anywhere in it.
    low, high
        Largest drive tried that does not write, and smallest that does.
    J_c, I_c, sigma_I_c
        The mean current density and the current at it, in the state of the start.
    V_c
        With a tunnel torque, across the junction in the state of the start, or if that is driven by a voltage this,
        R_series included; otherwise NaN. Of a uniform pillar it is the critical voltage: a tilt from the axis of the
        reference changes the conductance in second order, whatever the source is.
    limit
        Of the uniform pillar.
    deviation
        drive_c/limit − 1.
    tried, written
        Every drive in the order it was tried, and the share of its samples that was written.
    """

    drive_c: NDArray = quantity(DRIVE_UNIT, "critical drive", "replica")
    sigma_drive_c: NDArray = quantity(DRIVE_UNIT, "standard uncertainty of the critical drive", "replica")
    low: NDArray = quantity(DRIVE_UNIT, "largest drive that does not write", "replica")
    high: NDArray = quantity(DRIVE_UNIT, "smallest drive that writes", "replica")
    J_c: NDArray = quantity("A/m^2", "critical current density", "replica")
    I_c: NDArray = quantity("A", "critical current", "replica")
    sigma_I_c: NDArray = quantity("A", "standard uncertainty of the critical current", "replica")
    V_c: NDArray = quantity("V", "voltage across the junction at the critical current", "replica")
    limit: NDArray = quantity(DRIVE_UNIT, "critical drive of the uniform pillar", "replica")
    deviation: NDArray = quantity("1", "relative deviation from the uniform pillar", "replica")
    tried: NDArray = quantity(DRIVE_UNIT, "drive that was tried", "trial")
    written: NDArray = quantity("1", "share that was written", "trial")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what was tried, and what became of it; where replicas differ, what is critical for each."""
        unit, text = self.driven_by.told(self.tried)
        label, title = self.driven_by.label(text), f"critical {self.driven_by.name}"
        if self.drive_c.size > 1:
            ax = axes_for(ax, "replica", label, title)
            replica = np.arange(self.drive_c.size)
            ax.errorbar(replica, self.drive_c / unit, self.sigma_drive_c / unit, fmt="o", color=COLOURS[0],
                        label="bisected")  # fmt: skip
            ax.plot(replica, self.limit / unit, color=COLOURS[-1], linewidth=1, label="uniform pillar")
            ax.legend(fontsize="small")
            return ax
        ax = axes_for(ax, "trial", label, f"{title} by bisection")
        trial = np.arange(self.tried.size)
        for text, chosen, marker, colour in (
            ("writes", self.written >= 0.5, "o", COLOURS[1]), ("does not", self.written < 0.5, "s", COLOURS[0]),
        ):  # fmt: skip
            ax.plot(trial[chosen], self.tried[chosen] / unit, marker, color=colour, markersize=4, label=text)
        for limit in self.limit[np.isfinite(self.limit)]:
            ax.axhline(limit / unit, color=COLOURS[-1], linewidth=1, label="uniform pillar")
        handles, labels = ax.get_legend_handles_labels()
        unique = dict(zip(labels, handles, strict=True))
        ax.legend(unique.values(), unique.keys(), fontsize="small")
        return ax


def critical_current(
    pillar: Nanopillar,
    low: ArrayLike,
    high: ArrayLike,
    duration: float,
    *,
    criterion: str = "passage",
    rise: float = 0.0,
    settle: float = 0.0,
    samples: int = 1,
    tolerance: float = 0.01,
    told: Told | None = None,
) -> CriticalCurrent:
    """Return the critical current, or voltage, between two that are known not to reach it, and to be above it.

    Where all replicas are alike, each round tries as many drives as there are replicas, and the bracket shrinks by
    that factor; where they differ, each replica bisects a bracket of its own.

    Parameters
    ----------
    pillar : Nanopillar
        Of a start that is tilted a little, or with noise: exactly on the axis nothing happens at T = 0.
    low, high : array_like [A/m², A or V]
        Current densities, or what the pillar is driven by. One number, or one per replica where they differ. Either
        sign; |low| < |high|.
    duration : float [s]
        Of the pulse.
    criterion : str
        "passage": m has switched at the end of the pulse, or before, by the threshold of the pillar: what this pulse
        needs. "growth": the tilt grows in the second half of the pulse, the instability itself, whatever
        the length; for spin-transfer torque at T = 0.
    rise : float [s]
        Time in which the drive comes to its value, in 20 steps, before ``duration`` begins: a spin–orbit torque that
        rises slowly against 1/(α γ B_K) has the threshold of its equilibria.
    settle : float [s]
        Undriven before each pulse.
    samples : int
        With noise: pulses for each drive, of which at least half must write; for replicas that are alike.
    tolerance : float
        Relative width of the bracket at the end.
    told : callable, optional

    Raises
    ------
    ParameterError
        For a value out of its range, or if the bracket holds no critical drive.
    """
    numbers = {"duration": duration, "rise": rise, "settle": settle, "samples": samples, "tolerance": tolerance}
    checked("critical current", numbers, duration="positive s", rise="at least 0 s", settle="at least 0 s",
            samples="positive", tolerance="positive")  # fmt: skip
    if criterion not in CRITERIA:
        raise ParameterError(f'critical current: criterion = "{criterion}"; allowed: {", ".join(CRITERIA)}')
    if samples > 1 and not pillar.alike:
        raise ParameterError("critical current: samples are for replicas that differ in nothing but noise; give 1")
    groups = 1 if pillar.alike else pillar.batch
    bracket = np.stack([np.broadcast_to(np.asarray(each, dtype=float), (groups,)) for each in (low, high)], axis=1)
    if np.any(np.abs(bracket[:, 0]) >= np.abs(bracket[:, 1])):
        raise ParameterError(
            f"critical current: low = {bracket[0, 0]:g}, high = {bracket[0, 1]:g} {pillar.driven_by.unit}; "
            "|low| < |high|"
        )
    trials = _Trials(pillar, duration, criterion, rise, settle, samples)
    check_start(pillar, "critical current", bracket)
    with pillar.restored():
        ends = trials.of(bracket)
        if np.any(ends[:, 0]) or not np.all(ends[:, 1]):
            which = "low writes already" if np.any(ends[:, 0]) else "high does not write"
            kind, uniform = pillar.driven_by, pillar.limit().drive_c
            near = f", {uniform:.3g} {kind.unit} for a uniform pillar" if np.isfinite(uniform) else ""
            raise ParameterError(f"critical current: {which}; give a bracket that holds the critical {kind.name}{near}")
        each = max(1, pillar.batch // samples) if pillar.alike else 1
        for number in range(MOST_ROUNDS):
            if told is not None:
                told(number, MOST_ROUNDS)
            width = np.abs(bracket[:, 1] - bracket[:, 0])
            if np.all(width <= tolerance * np.abs(bracket[:, 1])):
                break
            inner = np.linspace(bracket[:, 0], bracket[:, 1], each + 2, axis=1)
            written = np.concatenate([[[False]] * groups, trials.of(inner[:, 1:-1]), [[True]] * groups], axis=1)
            first = np.argmax(written, axis=1)
            rows = np.arange(groups)
            bracket = np.stack([inner[rows, first - 1], inner[rows, first]], axis=1)
    drive_c = bracket.mean(axis=1)
    limit = np.array([pillar.limit(k).drive_c for k in range(groups)])
    sigma = np.abs(np.diff(bracket, axis=1)[:, 0]) / np.sqrt(12)
    found = {key: each[:groups] for key, each in pillar.readings(drive_c).items()}
    above, below = (pillar.readings(drive_c + sign * sigma)["I"][:groups] for sign in (1, -1))
    return CriticalCurrent(
        drive_c, sigma, bracket[:, 0], bracket[:, 1], found["J"], found["I"], np.abs(above - below) / 2, found["V"],
        limit, drive_c / limit - 1, np.concatenate(trials.tried), np.concatenate(trials.written),
        driven_by=pillar.driven_by,
    )  # fmt: skip


class _Trials:
    """Finds out which drives write."""

    def __init__(
        self, pillar: Nanopillar, duration: float, criterion: str, rise: float, settle: float, samples: int
    ) -> None:
        self.pillar, self.duration, self.criterion = pillar, duration, criterion
        self.rise, self.settle, self.samples = rise, settle, samples
        self.tried: list[NDArray] = []
        self.written: list[NDArray] = []

    def of(self, drive: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether drives (groups, n) write."""
        if self.pillar.alike:
            shots = np.repeat(drive[0], self.samples)
            found = np.empty(shots.size)
            for numbers in self.pillar.rounds(shots.size):
                used = numbers >= 0
                found[numbers[used]] = self._shoot(np.where(used, shots[numbers], 0.0), used)[used]
            share = found.reshape(-1, self.samples).mean(axis=1)
            self.tried.append(drive[0])
            self.written.append(share)
            return (share >= 0.5)[None]
        columns = [self._shoot(column, np.ones(column.size, bool)) for column in drive.T]
        self.tried.append(drive.T.ravel())
        self.written.append(np.concatenate(columns))
        return np.stack(columns, axis=1) >= 0.5

    def _shoot(self, drive: NDArray[np.float64], used: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return 1 where a replica was written, else 0."""
        pillar = self.pillar
        up = pillar.reset()
        pillar.run(self.settle)
        pillar.ramp(drive, self.rise, STEPS_OF_RAMP)
        if self.criterion == "passage":
            pillar.run(self.duration, until=Reversed(np.where(used, up, 0.0), pillar.threshold))
            return (up * pillar.along() <= pillar.threshold + 1e-9).astype(float)
        pillar.run(self.duration / 2)
        middle = 1 - up * pillar.along()
        pillar.run(self.duration / 2)
        return ((1 - up * pillar.along() > middle) | (middle > 0.5)).astype(float)
