"""What samples of oscillating replicas say: the curve over the current, gain and loss, the shift of the frequency."""

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.devices.oscillator_curve import OscillatorCurve, OscillatorSpectrum, OscillatorThreshold
from fdmag.devices.oscillator_fit import Balance, FrequencyShift, fit_balance, fit_shift
from fdmag.devices.oscillator_layer import FreeLayer
from fdmag.devices.oscillator_noise import fit_frequency_noise, fit_line
from fdmag.devices.oscillator_orbit import REST, Orbit
from fdmag.errors import ParameterError

__all__ = ["FEWEST", "OscillatorSamples"]

FEWEST = 64
"""Samples that a curve, or gain and loss, need."""
CHUNK = 1024
"""Samples of a part of the spectrum that is kept."""
NOTHING = (np.nan, np.nan)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class OscillatorSamples:
    """The mean m of replicas at equal intervals, while orbits grow and afterwards, and how to look at it.

    Attributes
    ----------
    layer : FreeLayer
    term : str
        Whose torque drives it.
    J : array (batch,) [A/m²]
    every : float [s]
    transient, steady : array (n, batch, 3)
    start, axes : array (batch, 3)
        What the orbits are about, before and after.
    power, fires_at, fit_power, repetitions
        As of `fdmag.devices.oscillator.SpinTorqueOscillator`.
    """

    layer: FreeLayer
    term: str
    J: Floats
    every: float
    transient: Floats
    steady: Floats
    start: Floats
    axes: Floats
    power: str
    fires_at: float
    fit_power: float
    repetitions: bool

    @property
    def noisy(self) -> bool:
        """Whether there is a thermal field."""
        return self.layer.simulation.magnet.noisy

    @cached_property
    def orbits(self) -> list[Orbit]:
        """Orbit of each replica.

        Raises
        ------
        ParameterError
            There are too few samples in a turn.
        """
        orbits = [self._orbit(self.steady[:, r], axis) for r, axis in enumerate(self.axes)]
        for replica, orbit in enumerate(orbits):
            orbit.check(f"oscillator, replica {replica}")
        return orbits

    def curve(self, threshold: OscillatorThreshold | None = None) -> OscillatorCurve:
        """Return frequency, power, linewidth and the model's parameters."""
        frequency, sigma_frequency = self._frequency.T
        line, sigma_line = np.array([orbit.line() if orbit.moves else NOTHING for orbit in self.orbits]).T
        power, sigma_power = self._power.T
        noise: dict[str, Any] = self._noise(frequency)
        numbers: dict[str, Any] = dict.fromkeys((*BALANCE, *SHIFT), np.nan)
        for fit, names in ((self.balance, BALANCE), (self.frequency_shift, SHIFT)):
            try:
                found = fit()
            except ParameterError:  # the run was not made for it
                continue
            numbers |= {name: getattr(found, of) for name, of in names.items()}
        at = threshold or OscillatorThreshold(np.nan, np.nan)
        return OscillatorCurve(
            J=self.J,
            current=self._current(),
            frequency=frequency,
            sigma_frequency=sigma_frequency,
            line_frequency=line,
            sigma_line_frequency=sigma_line,
            power=power,
            sigma_power=sigma_power,
            balance=self.layer.balance(self.term, self.axes, self._cosine(power)),
            rate=np.array([orbit.rate(self.fires_at) for orbit in self.orbits]),
            threshold=at.J,
            threshold_frequency=at.frequency,
            **noise,
            **numbers,
        )

    def balance(self) -> Balance:
        """Return gain and loss from the orbits up to ``fit_power``.

        Raises
        ------
        ParameterError
            With noise, or with too few turns.
        """
        if self.noisy:
            raise ParameterError("fit of gain and loss: noise hides how orbits grow; run without the thermal field")
        found = [np.empty((3, 0))]
        for samples, axes in ((self.transient, self.start), (self.steady, self.axes)):
            for r, axis in enumerate(axes if len(samples) >= FEWEST else ()):
                powers, growth = self._orbit(samples[:, r], axis).growth(self.fit_power)
                found.append(np.stack([np.full(len(powers), self.J[r]), powers, growth]))
        return fit_balance(*np.concatenate(found, axis=1))

    def frequency_shift(self) -> FrequencyShift:
        """Return the fit of f = f0 + (N/2π) p0 to the replicas that turn with a power up to ``fit_power``.

        Raises
        ------
        ParameterError
            If there are fewer than three.
        """
        frequency, power = self._frequency[:, 0], self._power[:, 0]
        use = np.isfinite(frequency) & (frequency > 0) & (power > REST) & (power <= self.fit_power)
        return fit_shift(power[use], frequency[use])

    def spectrum(self) -> OscillatorSpectrum:
        """Return the power spectral density of the part across the axis (Welch's method, Hann windows)."""
        signals = np.stack([orbit.signal for orbit in self.orbits])
        n = min(CHUNK, len(self.steady))
        f, density = scipy.signal.welch(signals, 1 / self.every, nperseg=n, return_onesided=False, detrend=False)
        above = slice(1, n // 2)
        return OscillatorSpectrum(self.J, f[above], density[:, above])

    @cached_property
    def _frequency(self) -> Floats:
        return np.array([orbit.frequency() if orbit.moves else NOTHING for orbit in self.orbits])

    @cached_property
    def _power(self) -> Floats:
        return np.array([orbit.power() for orbit in self.orbits])

    def _orbit(self, samples: Floats, axis: Floats) -> Orbit:
        return Orbit.of(np.arange(len(samples)) * self.every, samples, axis, self.power)

    def _cosine(self, power: Floats) -> Floats:
        """Return cos θ of a circular orbit of this power; on the side of the plane across the axis that m is on."""
        if self.power == "solid_angle":
            return 1 - 2 * power
        side = (self.steady.mean(axis=0) * self.axes).sum(axis=1)
        return np.where(side < 0, -1, 1) * np.sqrt(np.maximum(1 - power, 0))

    def _current(self) -> Floats:
        """Return the current [A] of a density along z, NaN for terms whose current flows in the plane."""
        return self.J * (self.layer.area() if self.term.startswith("slonczewski") else np.nan)

    def _noise(self, frequency: Floats) -> dict[str, Floats]:
        found = {name: np.full(len(self.J), np.nan) for name in NOISE}
        alike = np.unique(self.J, return_inverse=True)[1] if self.repetitions else np.arange(len(self.J))
        for number in range(alike.max() + 1 if self.noisy else 0):
            group = np.flatnonzero(alike == number)
            if not np.all(frequency[group] > 0):
                continue
            members = [self.orbits[r] for r in group]
            phase, signal = np.stack([o.phase for o in members]), np.stack([o.signal for o in members])
            values = np.full(len(NOISE), np.nan)
            with suppress(ParameterError):  # too short a run
                wide = fit_frequency_noise(phase, self.every, float(frequency[group].mean()) / 2)
                values[:6] = tuple(vars(wide).values())
                line = fit_line(signal, self.every, wide.width)
                values[6:] = line.width, line.sigma_width
            for name, value in zip(NOISE, values, strict=True):
                found[name][group] = value
        return found


BALANCE = {
    "growth_threshold": "threshold", "sigma_growth_threshold": "sigma_threshold", "damping_rate": "damping_rate",
    "sigma_damping_rate": "sigma_damping_rate", "nonlinear_damping": "nonlinear_damping",
    "sigma_nonlinear_damping": "sigma_nonlinear_damping",
}  # fmt: skip
SHIFT = {name: name for name in ("f0", "sigma_f0", "shift", "sigma_shift")}
"""Figures of the curve, and the names that they have in the results of the fits."""
NOISE = (
    "linewidth", "sigma_linewidth", "amplification", "sigma_amplification", "relaxation", "sigma_relaxation",
    "line_linewidth", "sigma_line_linewidth",
)  # fmt: skip
