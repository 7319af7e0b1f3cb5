"""A junction whose free layer switches in part: many conductances between two, written by pulses."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.checks import array_of, checked
from fdmag.devices.current_drive import CurrentDrive
from fdmag.devices.device import Device, Told
from fdmag.devices.grain_limit import grain_chances, independent_grains, switched_share
from fdmag.devices.junction_device import JunctionDevice
from fdmag.devices.macrospin_limit import PulsedMacrospin
from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.devices.synapse import distinguishable_levels
from fdmag.errors import ParameterError
from fdmag.quantities import Column
from fdmag.simulation import Simulation

__all__ = ["ConductanceLevels", "MultilevelMTJ"]

LIMITS = ("none", "grains")
COUNTED = 5
"""Grains switched, and not switched, at least by the limit: a reading counts in chi2."""


@dataclass(frozen=True)
class ConductanceLevels(Result):
    """Conductance and switched share before the first pulse and after each, of each replica and cycle.

    Attributes
    ----------
    amplitude
        Of the last pulse; 0 before the first.
    share
        Of the area of the junction, what points against where it started.
    mean, cycle_to_cycle, device_to_device
        Conductance after so many pulses: mean; standard deviation over the cycles of a replica; over the means of
        replicas, that of cycles removed. NaN for one cycle, or one replica.
    limit, limit_share, sigma_limit_share
        Conductance and share of independent grains, means over replicas; and the standard deviation of the share from
        cycle to cycle, sqrt[Σ w² s (1 − s)], NaN without the limit.
    chi2, readings
        Mean square of (share − limit)/σ over all readings where at least 5 grains are to have switched and as many not,
        and how many these are. Successive readings of a cycle are not independent.
    G_start, G_end
        Means before the first pulse and after the last.
    spread
        Standard deviation of a level, cycles and replicas together, pooled over pulses.
    levels
        Conductances 3 σ away from the thresholds between them: 1 + ⌊|G_end − G_start|/(6 spread)⌋.
    """

    drive: str
    drive_unit: str
    pulse: NDArray = quantity("1", "pulses so far", "pulse")
    amplitude: NDArray = quantity("unit of the drive", "amplitude of the last pulse", "pulse")
    conductance: NDArray = quantity("S", "conductance", "replica", "cycle", "pulse")
    share: NDArray = quantity("1", "share of the area that has switched", "replica", "cycle", "pulse")
    mean: NDArray = quantity("S", "mean conductance", "pulse")
    cycle_to_cycle: NDArray = quantity("S", "standard deviation over cycles", "pulse")
    device_to_device: NDArray = quantity("S", "standard deviation over devices", "pulse")
    limit: NDArray = quantity("S", "conductance of independent grains", "pulse")
    limit_share: NDArray = quantity("1", "share of independent grains that has switched", "pulse")
    sigma_limit_share: NDArray = quantity("1", "its standard deviation from cycle to cycle", "pulse")
    chi2: float = quantity("1", "mean square of the deviations from independent grains")
    readings: float = quantity("1", "readings that count in it")
    G_start: float = quantity("S", "mean conductance before the first pulse")
    G_end: float = quantity("S", "mean conductance after the last pulse")
    share_end: float = quantity("1", "mean share after the last pulse")
    limit_share_end: float = quantity("1", "that of independent grains")
    spread: float = quantity("S", "standard deviation of a level")
    levels: float = quantity("1", "distinguishable levels")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the conductance over the pulses: all cycles, their mean, and that of independent grains."""
        ax = axes_for(ax, "pulses", "G [µS]", f"partial switching: {self.levels:.0f} levels")
        sweeps = self.conductance.reshape(-1, self.pulse.size) * 1e6
        ax.plot(self.pulse, sweeps.T, "-", color=COLOURS[0], linewidth=0.5, alpha=max(0.3, 1 / len(sweeps)))
        ax.plot(
            [],
            [],
            "-",
            color=COLOURS[0],
            linewidth=0.5,
            label=f"{len(self.share)} devices, {self.share.shape[1]} cycles of each",
        )
        ax.plot(self.pulse, self.mean * 1e6, "o", color=COLOURS[0], markersize=4, label="mean")
        if np.isfinite(self.limit).any():
            ax.plot(self.pulse, self.limit * 1e6, "--", color=COLOURS[1], label="independent grains")
            reach = np.abs(np.gradient(self.limit) / np.where(g := np.gradient(self.limit_share), g, np.nan))
            band = np.nan_to_num(reach * self.sigma_limit_share) * 1e6
            low, high = self.limit * 1e6 - band, self.limit * 1e6 + band
            ax.fill_between(self.pulse, low, high, color=COLOURS[1], alpha=0.2, linewidth=0)
        ax.legend(fontsize="small")
        return ax


class MultilevelMTJ(Device):
    """Writes a junction by pulses that switch part of its free layer, and reads it after each.

    The free layer may be granular, or a film in which domains nucleate and grow. Replicas are devices, or repetitions
    that noise tells apart; cycles begin with the state that the simulation is in when it is operated, as after an
    erasing field.

    Parameters
    ----------
    simulation : Simulation
    junction : JunctionDevice
        Above the layer, or a part of it.
    amplitude : array_like (n,) [unit of the drive]
        Of each pulse, in turn: equal ones, or a staircase, up and down.
    width, gap : float [s]
        Of a pulse, and after it; read at the end of the gap.
    drive : str
        What is pulsed, such as "slonczewski.J", "tunnel_torque.current", "spin_orbit_torque.J" or "zeeman.B".
    rest : float [s]
        Before the first pulse.
    cycles : int
    limit : "none" or "grains"
        What is held against: every cell a grain that knows nothing of the others, see `fdmag.devices.grain_limit`.
        Exchange and demag may be there, and are left out of it: the difference is what they do.

    Raises
    ------
    ParameterError
        For values out of range, a drive that is not there, or a limit that is not that of this layer.
    """

    operates = True

    def __init__(
        self,
        simulation: Simulation,
        junction: JunctionDevice,
        amplitude: ArrayLike,
        *,
        width: float,
        gap: float,
        drive: str = "slonczewski.J",
        rest: float = 0.0,
        cycles: int = 1,
        limit: str = "none",
    ) -> None:
        self.amplitude = array_of("multilevel junction", "amplitude", amplitude)
        times = {"width": width, "gap": gap, "rest": rest}
        checked("multilevel junction", times, width="positive s", gap="at least 0 s", rest="at least 0 s")
        if limit not in LIMITS:
            raise ParameterError(f'multilevel junction: limit = "{limit}"; allowed: {", ".join(LIMITS)}')
        if cycles < 1:
            raise ParameterError(f"multilevel junction: cycles = {cycles}; allowed: at least 1")
        term, _, key = drive.rpartition(".")
        self.simulation, self.junction = simulation, junction
        self.width, self.gap, self.rest, self.cycles = width, gap, rest, cycles
        self._drive = CurrentDrive(simulation, term, key)
        covered = junction.cells & simulation.magnetic * (simulation.covered(2) > 0)
        self._weights = (covered * simulation.covered(2)).reshape(len(covered), -1)
        self._weights = self._weights / self._weights.sum(axis=1, keepdims=True)
        size = (simulation.batch, self.amplitude.size + 1)
        self._limit = np.full((2, *size), np.nan)
        self._grains: tuple[PulsedMacrospin, NDArray] | None = None
        if limit == "grains":
            if len(self._weights) > 1:
                raise ParameterError("limit: the area that is read differs between replicas; the limit is for one area")
            self._grains = independent_grains(simulation, drive, self.amplitude)
        self._start = simulation.m
        self._conductance: list[NDArray] = []  # (batch,) of each reading, and beside it cosine and share
        self._cosine: list[NDArray] = []
        self._share: list[NDArray] = []

    def columns(self) -> list[Column]:
        """Return conductance, share and pulses."""
        return [
            Column("conductance", "S", lambda s: self.junction.conductance(), "conductance of the junction"),
            Column("share", "1", lambda s: self._switched(), "share of its area that points against the start"),
            Column("pulses", "1", lambda s: np.full(s.batch, float(self._pulses())), "pulses so far in this cycle"),
        ]

    def _pulses(self) -> int:
        return max(len(self._share) - 1, 0) % (self.amplitude.size + 1)

    def _switched(self) -> NDArray[np.float64]:
        against = np.sum(self.simulation.m * self._start, axis=1).reshape(self.simulation.batch, -1) < 0
        weights = np.broadcast_to(self._weights, against.shape)
        # one by one: the order of a sum over an axis depends on how many replicas there are
        return np.array([(each * weight).sum() for each, weight in zip(against, weights, strict=True)])

    def operate(self, told: Told | None = None, **options: Any) -> None:
        """Apply the pulses; ``told`` is called before the first of each cycle and after each."""
        self._start = self.simulation.m
        if self._grains is not None:
            chances = grain_chances(*self._grains, self.width, self.gap)
            of_replicas = switched_share(chances, self._weights[0])
            self._limit = np.stack([np.broadcast_to(each, self._limit.shape[1:]) for each in of_replicas])
        total = self.cycles * (self.amplitude.size + 1)
        for _ in range(self.cycles):
            self.simulation.m = self._start
            if self.rest > 0:
                self.simulation.run(self.rest, **options)
            self._read(told, total)
            for amplitude in self.amplitude.tolist():
                self._drive.set(amplitude)
                self.simulation.run(self.width, **options)
                self._drive.set(0.0)
                if self.gap > 0:
                    self.simulation.run(self.gap, **options)
                self._read(told, total)

    def _read(self, told: Told | None, total: int) -> None:
        self._conductance.append(self.junction.conductance())
        self._cosine.append(self.junction.cosine())
        self._share.append(self._switched())
        if told is not None:
            told(len(self._share), total)

    def result(self) -> ConductanceLevels:
        """Return the levels.

        Raises
        ------
        ParameterError
            Before `operate`.
        """
        if not self._share:
            raise ParameterError("multilevel junction: no pulse yet; call operate first")
        pulses = self.amplitude.size + 1
        shape = (-1, pulses, self.simulation.batch)
        G, cosine, share = (
            np.stack(each).reshape(shape).transpose(2, 0, 1) for each in (self._conductance, self._cosine, self._share)
        )
        mean = G.mean(axis=(0, 1))
        over_cycles, over_devices = np.full((2, pulses), np.nan)
        if G.shape[1] > 1:
            over_cycles = np.sqrt(G.var(axis=1, ddof=1).mean(axis=0))
        if G.shape[0] > 1:
            of_cycles = np.nan_to_num(over_cycles) ** 2 / G.shape[1]
            over_devices = np.sqrt(np.maximum(G.mean(axis=1).var(axis=0, ddof=1) - of_cycles, 0))
        expected, variance = self._limit
        grains = 1 / np.sum(np.square(self._weights), axis=1).max()
        counts = (grains * np.minimum(expected, 1 - expected) >= COUNTED)[:, None]
        deviation = (share - expected[:, None]) ** 2 / np.where(counts, variance[:, None], np.nan)
        within = np.broadcast_to(counts, deviation.shape)
        limit = self.junction.conductance_of(cosine[..., 0].mean() * (1 - 2 * expected)).mean(axis=0)
        spread = float(np.sqrt(G.reshape(-1, pulses).var(axis=0, ddof=1).mean())) if G[..., 0].size > 1 else np.nan
        span = abs(float(mean[-1] - mean[0]))
        levels = distinguishable_levels(span, spread, pulses) if span > 0 and np.isfinite(spread) else np.nan
        return ConductanceLevels(
            self._drive.path, self._drive.unit, np.arange(pulses), np.concatenate([[0.0], self.amplitude]), G, share,
            mean, over_cycles, over_devices, limit, expected.mean(axis=0), np.sqrt(variance.mean(axis=0)),
            float(deviation[within].mean()) if within.any() else np.nan, float(within.sum()), float(mean[0]),
            float(mean[-1]), float(share[..., -1].mean()), float(expected[:, -1].mean()), spread, float(levels),
        )  # fmt: skip
