"""A domain wall as a neuron: it integrates a drive, leaks back, fires at a junction at the end, and is reset."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.checks import array_of, checked
from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.errors import ParameterError

__all__ = ["FiringCurve", "SpikeTrain", "WallNeuron"]


@dataclass(frozen=True)
class FiringCurve(Result):
    """Firing rate over a constant drive."""

    velocity: NDArray = quantity("m/s", "velocity that the drive alone gives the wall", "velocity")
    rate: NDArray = quantity("Hz", "firing rate", "velocity")
    threshold: float = quantity("m/s", "velocity from which it fires")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the rate over the drive."""
        ax = axes_for(ax, "v [m/s]", "firing rate [MHz]", "domain-wall neuron")
        ax.plot(self.velocity, self.rate * 1e-6, color=COLOURS[0])
        ax.axvline(self.threshold, color="black", linewidth=0.7, alpha=0.6)
        return ax


@dataclass(frozen=True)
class SpikeTrain(Result):
    """When a neuron fired, and where its wall was at the ends of the intervals of its drive."""

    spikes: NDArray = quantity("s", "times of firing", "spikes")
    t: NDArray = quantity("s", "ends of the intervals", "t")
    position: NDArray = quantity("m", "position of the wall", "t")


@dataclass(frozen=True)
class WallNeuron:
    """dq/dt = v − v_leak − q/τ for 0 ≤ q < L: leaky integrate and fire with the position of a wall.

    v is the velocity that the drive gives the wall, as a function of the current by
    `fdmag.analytic.spin_torque.wall_velocity_of_current`, a simulation or a measurement. A gradient of the anisotropy
    or of the width pushes it back: with a force that is the same everywhere (v_leak), or that of a spring (τ). At q = L
    it fires, and is back at 0 after the time that a reset takes.

    Parameters
    ----------
    length : float [m]
        L, from the start to the junction that fires.
    leak_velocity : float [m/s]
        With which the wall creeps back without a drive.
    leak_time : float [s]
        τ; ``inf`` for none.
    reset_time : float [s]
        In which it does not answer.

    Raises
    ------
    ParameterError
        For a length or time out of range.

    Source: N. Hassan et al., J. Appl. Phys. 124, 152127 (2018), for the device; L. F. Abbott, Brain Res. Bull. 50, 303
    (1999), for leaky integrate and fire. Valid for a wall that keeps its velocity: no inertia, no pinning, no heat.

    Examples
    --------
    >>> neuron = WallNeuron(length=200e-9, leak_velocity=5.0, reset_time=1e-9)
    >>> [f"{rate / 1e6:.1f} MHz" for rate in neuron.rate([4.0, 25.0, 45.0])]
    ['0.0 MHz', '90.9 MHz', '166.7 MHz']
    """

    length: float
    leak_velocity: float = 0.0
    leak_time: float = np.inf
    reset_time: float = 0.0

    def __post_init__(self) -> None:
        checked("wall neuron", self, length="positive m", leak_velocity="at least 0 m/s", leak_time="positive s",
                reset_time="at least 0 s")  # fmt: skip

    @property
    def threshold(self) -> float:
        """v_leak + L/τ [m/s]: at most so much is leaked before the wall reaches the end."""
        return self.leak_velocity + self.length / self.leak_time

    def rate(self, v: ArrayLike) -> NDArray[np.float64]:
        """Return the firing rate [Hz] for a constant drive v [m/s]: 0 up to `threshold`.

        1/f = t_reset + L/(v − v_leak) without a spring; with one, 1/f = t_reset − τ ln[1 − L/(τ (v − v_leak))].
        """
        v = np.asarray(v, dtype=float)
        fires = v > self.threshold
        net = np.where(fires, v - self.leak_velocity, 1.0)
        if np.isinf(self.leak_time):
            time = self.length / net
        else:
            share = np.where(fires, self.length / (self.leak_time * net), 0.5)
            time = -self.leak_time * np.log1p(-share)
        return np.where(fires, 1 / (time + self.reset_time), 0.0)

    def curve(self, velocity: ArrayLike) -> FiringCurve:
        """Return the firing rate over constant drives [m/s]."""
        velocity = array_of("wall neuron", "velocity", velocity)
        return FiringCurve(velocity, self.rate(velocity), self.threshold)

    def run(
        self, durations: ArrayLike, drive: ArrayLike, velocity: Callable[[NDArray], ArrayLike] | None = None
    ) -> SpikeTrain:
        """Return the spikes for a drive that is constant in each of a row of intervals; exact, without time steps.

        Parameters
        ----------
        durations : array_like (n,) [s]
        drive : array_like (n,)
            Velocities [m/s], or what ``velocity`` turns into them, such as current densities.
        velocity : function, optional

        Raises
        ------
        ParameterError
            If the shapes differ, or a duration is not positive.
        """
        durations, drive = array_of("wall neuron", "durations", durations), array_of("wall neuron", "drive", drive)
        checked("wall neuron", {"durations": durations}, durations="positive s")
        v = drive if velocity is None else np.asarray(velocity(drive), dtype=float)
        if v.shape != durations.shape:
            raise ParameterError(f"wall neuron: {durations.size} durations and {v.size} drives; allowed: as many")
        q, now, silent = 0.0, 0.0, 0.0
        spikes, positions, ends = [], [], np.cumsum(durations)
        for end, net in zip(ends.tolist(), (v - self.leak_velocity).tolist(), strict=True):
            while now < end:
                if silent > now:  # being reset
                    q, now = 0.0, min(silent, end)
                    continue
                reached = now + self._time_to_end(q, net)
                if reached > end:
                    q, now = self._after(q, net, end - now), end
                else:
                    spikes.append(reached)
                    q, now, silent = 0.0, reached, reached + self.reset_time
            positions.append(q)
        return SpikeTrain(np.array(spikes), ends, np.array(positions))

    def _after(self, q: float, net: float, t: float) -> float:
        """Return where the wall is after a time without reaching the end; it stops at 0."""
        if np.isinf(self.leak_time):
            return max(q + net * t, 0.0)
        rest = net * self.leak_time
        return max(rest + (q - rest) * np.exp(-t / self.leak_time), 0.0)

    def _time_to_end(self, q: float, net: float) -> float:
        if np.isinf(self.leak_time):
            return (self.length - q) / net if net > 0 else np.inf
        rest = net * self.leak_time
        return self.leak_time * np.log((rest - q) / (rest - self.length)) if rest > self.length else np.inf
