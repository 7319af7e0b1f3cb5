"""A junction as a binary synapse: pulses switch it with a probability, which is what its weight is changed by."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.checks import array_of, checked
from fdmag.devices.current_drive import CurrentDrive
from fdmag.devices.device import Device, Told
from fdmag.devices.junction_device import JunctionDevice
from fdmag.devices.macrospin_limit import PulsedMacrospin, half_turn, pulsed_cell
from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.errors import ParameterError
from fdmag.output.plots import axis_label, scaled
from fdmag.quantities import Column
from fdmag.simulation import Simulation
from fdmag.statistics import clopper_pearson

__all__ = ["BinarySynapse", "SwitchingProbabilities"]

LIMITS = ("none", "fokker_planck", "half_turn")
COUNTED = 5
"""Switched, and not switched, at least so often by the limit: a setting counts in chi2."""


@dataclass(frozen=True)
class SwitchingProbabilities(Result):
    """How often pulses switch a junction, over their amplitude and length.

    Attributes
    ----------
    probability, low, high
        Share of the trials that switched, and its exact (Clopper–Pearson) interval.
    limit
        Probability of a macrospin by its Fokker–Planck equation, NaN without; ``deviation`` is the difference in
        standard errors of the limit where both outcomes are to be seen at least 5 times, and ``chi2`` the mean of its
        square: about 1 if the junction is that macrospin.
    update, spread_update
        Mean change of the conductance by a pulse, the expected update of the weight, and its standard deviation from
        pulse to pulse: about P ΔG and sqrt[P (1 − P)] |ΔG|.
    best_amplitude, best_duration, best_probability
        The most probable switching: its amplitude, and the middle of the range of lengths around it in which the
        probability is at least three quarters of that; NaN where the range does not end inside of what was tried.
    half_turn
        π (1 + α²)/(γ B), if asked for.
    """

    drive: str
    drive_unit: str
    amplitude: NDArray = quantity("unit of the drive", "amplitude of the pulse", "amplitude")
    duration: NDArray = quantity("s", "length of the pulse", "duration")
    probability: NDArray = quantity("1", "share that switched", "amplitude", "duration")
    low: NDArray = quantity("1", "lower bound of the probability", "amplitude", "duration")
    high: NDArray = quantity("1", "upper bound of the probability", "amplitude", "duration")
    limit: NDArray = quantity("1", "probability of a macrospin", "amplitude", "duration")
    deviation: NDArray = quantity("1", "difference from the limit, in standard errors", "amplitude", "duration")
    update: NDArray = quantity("S", "mean change of the conductance", "amplitude", "duration")
    spread_update: NDArray = quantity("S", "standard deviation of the change", "amplitude", "duration")
    trials: float = quantity("1", "pulses of each kind")
    G_start: float = quantity("S", "mean conductance before a pulse")
    G_switched: float = quantity("S", "mean conductance of what has switched")
    chi2: float = quantity("1", "mean square of the deviations from the limit")
    settings: float = quantity("1", "settings that count in it")
    best_amplitude: float = quantity("unit of the drive", "amplitude of the most probable switching")
    best_duration: float = quantity("s", "length of the most probable switching, middle of its range")
    best_probability: float = quantity("1", "highest share that switched")
    half_turn: float = quantity("s", "half a turn about the applied field")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the probability over the length, a curve for each amplitude, or over the amplitude; limits dashed."""
        lengths, length_unit = scaled(self.duration, "s")
        strengths, unit = scaled(self.amplitude, self.drive_unit)
        over_length = self.duration.size > 1
        label = axis_label("length of the pulse", length_unit) if over_length else axis_label(self.drive, unit)
        ax = axes_for(ax, label, "probability to switch", f"{self.trials:.0f} pulses of each kind")
        x = lengths if over_length else strengths
        rows = range(self.amplitude.size if over_length else self.duration.size)
        for k in rows:
            P, low, high, limit = (values[k] if over_length else values[:, k]
                                   for values in (self.probability, self.low, self.high, self.limit))  # fmt: skip
            colour = COLOURS[k % len(COLOURS)]
            told = f"{strengths[k]:.4g} {unit}" if over_length else f"{lengths[k]:.4g} {length_unit}"
            # rounding may leave a share a little outside of its interval
            bars = np.maximum([P - low, high - P], 0)
            ax.errorbar(x, P, bars, fmt="o", color=colour, markersize=3, capsize=2, linewidth=1, label=told)
            if np.isfinite(limit).any():
                ax.plot(x, limit, "--", color=colour, linewidth=1.2)
        if np.isfinite(self.limit).any():
            ax.plot([], [], "--", color="black", linewidth=1.2, label="Fokker–Planck")
        if np.isfinite(self.half_turn):
            place = self.half_turn * lengths[-1] / self.duration[-1]
            ax.axvline(place, color="black", linestyle="--", linewidth=1, label="half a turn")
        ax.set_ylim(-0.03, 1.03)
        ax.legend(fontsize="small")
        return ax


class BinarySynapse(Device):
    """Applies pulses of several amplitudes and lengths to a junction, and counts how often they switch it.

    All are applied at once: replica r gets the setting r modulo their number, amplitudes first, and the replicas of one
    setting are repetitions, told apart by noise. They begin in the state that the simulation is in when it is operated,
    are let alone for ``rest``, in which noise spreads them over their well, pulsed, let alone for ``settle``, and read,
    each at its own time.

    Parameters
    ----------
    simulation : Simulation
        Its number of replicas is a multiple of the number of settings n k.
    junction : JunctionDevice
        A junction has switched when its mean cosine has changed its sign.
    amplitude : array_like (n,) [unit of the drive]
    duration : array_like (k,) [s]
    drive : str
        What is pulsed, "slonczewski.J", "spin_orbit_torque.J", "interface_anisotropy.voltage",
        "tunnel_torque.voltage", "tunnel_torque.current" or "zeeman.B"; between pulses it is 0. What varies over cells
        keeps its pattern, and a field its direction.
    rest, settle : float [s]
    cycles : int
        How often all is repeated.
    limit : "none", "fokker_planck" or "half_turn"
        What the probability is held against; see `fdmag.devices.macrospin_limit`.
    confidence : float
        Of the intervals.

    Raises
    ------
    ParameterError
        For values out of range, a drive that is not there, replicas that cannot be shared out evenly, or a limit that
        is not that of this magnet.

    Source: A. F. Vincent et al., IEEE Trans. Biomed. Circuits Syst. 9, 166 (2015), for the stochastic synapse.
    """

    operates = True

    def __init__(
        self,
        simulation: Simulation,
        junction: JunctionDevice,
        amplitude: ArrayLike,
        duration: ArrayLike,
        *,
        drive: str = "slonczewski.J",
        rest: float = 0.0,
        settle: float = 0.0,
        cycles: int = 1,
        limit: str = "none",
        confidence: float = 0.95,
    ) -> None:
        self.amplitude = array_of("binary synapse", "amplitude", amplitude)
        self.duration = array_of("binary synapse", "duration", duration)
        times = {"duration": self.duration, "rest": rest, "settle": settle}
        checked("binary synapse", times, duration="positive s", rest="at least 0 s", settle="at least 0 s")
        if limit not in LIMITS:
            raise ParameterError(f'binary synapse: limit = "{limit}"; allowed: {", ".join(LIMITS)}')
        if cycles < 1:
            raise ParameterError(f"binary synapse: cycles = {cycles}; allowed: at least 1")
        settings = self.amplitude.size * self.duration.size
        if simulation.batch % settings:
            up = -(-simulation.batch // settings) * settings
            raise ParameterError(
                f"binary synapse: {simulation.batch} replicas for {settings} pulses, {self.amplitude.size} amplitudes "
                f"of {self.duration.size} lengths; allowed: a multiple of {settings}, such as {up}"
            )
        term, _, key = drive.rpartition(".")
        self.simulation, self.junction = simulation, junction
        self.rest, self.settle, self.cycles, self.confidence = rest, settle, cycles, confidence
        self._drive = CurrentDrive(simulation, term, key)
        self._limit = np.full((self.amplitude.size, self.duration.size), np.nan)
        self._half_turn = np.nan
        self._macrospin: tuple[PulsedMacrospin, float] | None = None
        if limit == "fokker_planck":
            self._macrospin = pulsed_cell(simulation, drive, self.amplitude)
        elif limit == "half_turn":
            self._half_turn = half_turn(simulation)
        place = np.arange(simulation.batch) % settings
        self._setting = place.astype(float)
        self._amplitudes = self.amplitude[place // self.duration.size]
        self._durations = self.duration[place % self.duration.size]
        self._switched = np.full(simulation.batch, np.nan)
        self._found: list[NDArray] = []  # switched, G before and after, of each cycle: (3, batch)

    def columns(self) -> list[Column]:
        """Return the pulse of each replica, and what became of it."""
        return [
            Column("setting", "1", lambda s: self._setting, "number of the pulse, amplitudes first, from 0"),
            Column("duration", "s", lambda s: self._durations, "length of the pulse"),
            Column("switched", "1", lambda s: self._switched, "whether it has switched the junction"),
            Column("conductance", "S", lambda s: self.junction.conductance(), "conductance of the junction"),
        ]

    def operate(self, told: Told | None = None, **options: Any) -> None:
        """Apply the pulses; ``told`` is called after each cycle."""
        start = self.simulation.m
        if self._macrospin is not None:
            magnet, Ku1 = self._macrospin
            self._limit = magnet.probability(Ku1, self.duration, self.settle)
        for number in range(self.cycles):
            self.simulation.m = start
            if self.rest > 0:
                self.simulation.run(self.rest, **options)
            before, G = self.junction.cosine(), self.junction.conductance()
            found = np.stack([np.zeros_like(G), G, G])
            at, close = 0.0, 1e-9 * self.duration.max()
            for end in np.unique([self.duration, self.duration + self.settle]).tolist():
                if end - at > close:  # not between times that rounding alone tells apart
                    self._drive.set(np.where(self._durations > at + close, self._amplitudes, 0.0))
                    self.simulation.run(end - at, **options)
                    at = end
                due = self._durations + self.settle == end
                found[0] = np.where(due, self.junction.cosine() * before < 0, found[0])
                found[2] = np.where(due, self.junction.conductance(), found[2])
            self._drive.set(0.0)
            self._switched = found[0]
            self._found.append(found)
            if told is not None:
                told(number + 1, self.cycles)

    def result(self) -> SwitchingProbabilities:
        """Return the probabilities.

        Raises
        ------
        ParameterError
            Before `operate`.
        """
        if not self._found:
            raise ParameterError("binary synapse: no pulse yet; call operate first")
        shape = (-1, self.amplitude.size, self.duration.size)
        switched, before, after = (each.reshape(shape) for each in np.stack(self._found, axis=1))
        n, count, change = switched.shape[0], switched.sum(axis=0), after - before
        P = count / n
        low, high = clopper_pearson(count, n, self.confidence)
        enough = n * np.minimum(self._limit, 1 - self._limit) >= COUNTED
        deviation = (P - self._limit) / np.sqrt(np.where(enough, self._limit * (1 - self._limit) / n, np.nan))
        best = np.unravel_index(int(np.argmax(P)), P.shape)
        return SwitchingProbabilities(
            self._drive.path, self._drive.unit, self.amplitude, self.duration, P, low, high, self._limit, deviation,
            change.mean(axis=0), change.std(axis=0), float(n), float(before.mean()),
            float(after[switched > 0].mean()) if count.any() else np.nan,
            float(np.mean(deviation[enough] ** 2)) if enough.any() else np.nan, float(enough.sum()),
            float(self.amplitude[best[0]]), _middle(self.duration, P[best[0]], int(best[1])), float(P.max()),
            self._half_turn,
        )  # fmt: skip


def _middle(x: NDArray[np.float64], P: NDArray[np.float64], place: int) -> float:
    """Return the middle of the range around a place in which P is at least ¾ of that there; NaN if it is open."""
    order = np.argsort(x)
    x, P, place = x[order], P[order], int(np.flatnonzero(order == place)[0])
    bound = 0.75 * P[place]
    lower = np.flatnonzero(P[:place] < bound)
    upper = np.flatnonzero(P[place:] < bound) + place
    if bound == 0 or not lower.size or not upper.size:
        return float("nan")
    ends = [float(x[a] + (bound - P[a]) * (x[b] - x[a]) / (P[b] - P[a]))
            for a, b in ((lower[-1], lower[-1] + 1), (upper[0], upper[0] - 1))]  # fmt: skip
    return sum(ends) / 2
