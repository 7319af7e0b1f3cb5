"""A domain wall in a simulated track as a neuron: it integrates current, leaks back, fires at a junction, is reset."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.checks import array_of, checked, lost_walls
from fdmag.devices.current_drive import CurrentDrive
from fdmag.devices.device import Device, Told
from fdmag.devices.junction_device import JunctionDevice
from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.errors import ParameterError
from fdmag.quantities import Column, evaluate
from fdmag.simulation import Simulation

__all__ = ["DomainWallNeuron", "NeuronRun"]

LARGEST_OUTPUT = 1_000_000


@dataclass(frozen=True)
class NeuronRun(Result):
    """Where the wall was and when the neuron fired.

    Attributes
    ----------
    spikes
        Times of firing by replica, a note: a list of arrays [s].
    rate
        Firing rate: (n − 1) over the time from the first spike to the last; with one spike 0.
    """

    spikes: tuple[NDArray, ...]
    t: NDArray = quantity("s", "time", "t")
    J: NDArray = quantity("A/m^2", "current density", "replica", "t")
    position: NDArray = quantity("m", "position of the wall", "replica", "t")
    conductance: NDArray = quantity("S", "conductance", "replica", "t")
    count: NDArray = quantity("1", "spikes", "replica")
    first_spike: NDArray = quantity("s", "time of the first spike", "replica")
    interval: NDArray = quantity("s", "mean time between spikes", "replica")
    rate: NDArray = quantity("Hz", "firing rate", "replica")
    threshold: float = quantity("S", "conductance at which it fires")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the position of the walls over time; a triangle where the neuron fires."""
        ax = axes_for(ax, "t [ns]", "wall position [nm]", "domain-wall neuron")
        for number, (q, spikes) in enumerate(zip(self.position, self.spikes, strict=True)):
            colour = COLOURS[number % len(COLOURS)]
            ax.plot(self.t * 1e9, q * 1e9, color=colour, linewidth=1, label=f"replica {number}")
            ax.plot(spikes * 1e9, np.interp(spikes, self.t, q) * 1e9, "v", color=colour, markersize=6)
        if len(self.spikes) > 1:
            ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0))
        return ax


class DomainWallNeuron(Device):
    """Drives a wall, looks at a junction at regular times, and resets the wall by a current after each spike.

    Parameters
    ----------
    simulation : Simulation
        A track along x with one wall across it. What leaks is in it: a gradient of the anisotropy or of the width, or a
        field.
    junction : JunctionDevice
        At the end that the wall is driven to.
    durations : array_like (n,) [s]
    drive : array_like (n,) or (batch, n) [A/m²]
        The input, constant in each interval; of all replicas, or of each.
    every : float [s]
        How often the junction is looked at. The time of a spike is interpolated between two looks.
    term : str
        Whose J the input is.
    threshold : float [S], optional
        Conductance at which it fires; by default midway between both states of the junction.
    reset_J, reset_time : float [A/m²], [s]
        The current, and for how long, that drives the wall back after a spike; the input waits.

    Raises
    ------
    ParameterError
        For a term without current, values out of range, or a threshold that the junction does not have.

    Notes
    -----
    It fires when the conductance goes up through the threshold if it starts below, or down if it starts above. The
    wall that has no inertia and no pinning is `fdmag.devices.wall_neuron.WallNeuron`, a closed form.

    Source: N. Hassan et al., J. Appl. Phys. 124, 152127 (2018); W. H. Brigner et al., IEEE Trans. Electron Devices 66,
    4970 (2019), for the leak by a gradient of the anisotropy.
    """

    operates = True

    def __init__(
        self,
        simulation: Simulation,
        junction: JunctionDevice,
        durations: ArrayLike,
        drive: ArrayLike,
        *,
        every: float,
        term: str = "spin_orbit_torque",
        threshold: float | None = None,
        reset_J: float = 0.0,
        reset_time: float = 0.0,
    ) -> None:
        self.durations = array_of("wall neuron", "durations", durations)
        self.drive = array_of("wall neuron", "drive", np.atleast_2d(np.asarray(drive, dtype=float)), ndim=2)
        if self.drive.shape not in ((1, self.durations.size), (simulation.batch, self.durations.size)):
            raise ParameterError(
                f"wall neuron: {self.durations.size} durations, drive of shape {self.drive.shape}; allowed: one for "
                f"each duration, or (replicas, durations) for {simulation.batch} replicas"
            )
        values = {"durations": self.durations, "every": every, "reset_J": reset_J, "reset_time": reset_time}
        checked("wall neuron", values, durations="positive s", every="positive s", reset_J="finite A/m^2",
                reset_time="at least 0 s")  # fmt: skip
        if (parts := self.durations.sum() / every) > LARGEST_OUTPUT:
            raise ParameterError(f"wall neuron: every = {every:g} s divides the input into {parts:.2g} parts")
        states = 1 / np.array([junction.result().R_P, junction.result().R_AP])
        self.threshold = float(states.mean()) if threshold is None else float(threshold)
        if not states.min() < self.threshold < states.max():
            raise ParameterError(
                f"wall neuron: threshold = {self.threshold:g} S; allowed: "
                f"between {states.min():g} and {states.max():g} S"
            )
        self.simulation = simulation
        self.junction = junction
        self.every = every
        self.reset_J, self.reset_time = reset_J, reset_time
        self._drive = CurrentDrive(simulation, term)
        self._rises = junction.conductance() < self.threshold
        self._free_from = np.full(simulation.batch, -np.inf)
        self.spikes: list[list[float]] = [[] for _ in range(simulation.batch)]
        self._t: list[float] = []
        self._seen: list[tuple[NDArray, NDArray, NDArray]] = []

    def columns(self) -> list[Column]:
        """Return position, conductance and the number of spikes so far."""
        return [
            Column("position", "m", lambda s: evaluate(s, "wall_position.z"), "x of the wall"),
            Column("conductance", "S", lambda s: self.junction.conductance(), "conductance of the junction"),
            Column("spikes", "1", lambda s: np.array([float(len(each)) for each in self.spikes]), "spikes so far"),
        ]

    def operate(self, told: Told | None = None, **options: Any) -> None:
        """Apply the input; ``told`` is called at each look at the junction."""
        total = int(np.ceil(self.durations / self.every * (1 - 1e-12)).sum())

        for duration, J in zip(self.durations.tolist(), self.drive.T, strict=True):

            def look(simulation: Simulation, J: NDArray = J) -> None:
                self._look(simulation, J)
                if told is not None:
                    told(len(self._t) - 1, total)

            self.simulation.run(duration, every=self.every, callback=look, **options)

    def _look(self, simulation: Simulation, J: NDArray) -> None:
        now, G = float(simulation.t[0]), self.junction.conductance()
        if self._t and now > self._t[-1]:
            self._fire(now, G)
        resets = now < self._free_from - 1e-9 * self.every
        current = np.where(resets, self.reset_J, J)
        # each time, also where nothing changes: a replica's steps must not tell when another one fired
        self._drive.set(current)
        if not self._t or now > self._t[-1]:
            self._t.append(now)
            self._seen.append((current, evaluate(simulation, "wall_position.z"), G))

    def _fire(self, now: float, G: NDArray) -> None:
        before, then = self._seen[-1][2], self._t[-1]
        sign = np.where(self._rises, 1, -1)
        crosses = (sign * (before - self.threshold) < 0) & (sign * (G - self.threshold) >= 0)
        for replica in np.flatnonzero(crosses & (then >= self._free_from - 1e-9 * self.every)).tolist():
            share = (self.threshold - before[replica]) / (G[replica] - before[replica])
            self.spikes[replica].append(float(then + share * (now - then)))
            self._free_from[replica] = now + self.reset_time

    def doubts(self) -> list[str]:
        """Return when a wall has left the track."""
        position = np.stack([seen[1] for seen in self._seen], axis=1)
        return lost_walls(position, lambda look: f"at {self._t[look] * 1e9:.4g} ns")

    def result(self) -> NeuronRun:
        """Return what was seen.

        Raises
        ------
        ParameterError
            Before `operate`.
        """
        if not self._t:
            raise ParameterError("wall neuron: no input yet; call operate first")
        J, q, G = (np.stack(values, axis=1) for values in zip(*self._seen, strict=True))
        count = np.array([len(each) for each in self.spikes])
        span = np.array([each[-1] - each[0] if len(each) > 1 else np.nan for each in self.spikes])
        interval = span / np.maximum(count - 1, 1)
        first = np.array([each[0] if each else np.nan for each in self.spikes])
        rate = np.where(count > 1, 1 / np.where(count > 1, interval, 1), 0.0)
        notes = tuple(np.array(each) for each in self.spikes)
        return NeuronRun(notes, np.array(self._t), J, q, G, count, first, interval, rate, self.threshold)
