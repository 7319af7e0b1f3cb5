"""The orbit of a precessing magnetisation: turns, phase, power, and frequency, from samples of its mean."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.spectrum.peaks import fitted_peak

__all__ = ["POWERS", "REST", "Orbit", "across"]

POWERS = ("solid_angle", "amplitude")
REST = 1e-6
"""Root mean square of the part of m across the axis below which nothing turns."""
BLOCKS = 8
"""Parts of a run whose scatter tells the error of a mean."""
COARSEST = np.pi / 3
"""Largest phase between two samples that still tells which way m turns."""


def across(axis: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return unit vectors e1 and e2, each (..., 3), with e1 × e2 = axis for unit vectors (..., 3)."""
    n = np.asarray(axis, dtype=float)
    least = np.eye(3)[np.abs(n).argmin(axis=-1)]
    e1 = np.cross(least, n)
    e1 /= np.linalg.norm(e1, axis=-1, keepdims=True)
    return e1, np.cross(n, e1)


@dataclass(frozen=True)
class Orbit:
    """Samples of one replica: m = m_n n + Re(c) e1 + Im(c) e2 about the axis n.

    Attributes
    ----------
    t : array (n,) [s]
        At equal intervals.
    c : complex array (n,)
        Its phase rises where m turns counter-clockwise seen from the tip of n.
    weight : array (n,)
        The power of a circular orbit through this point: (1 − m_n)/2, or |c|².

    >>> t = np.arange(200) * 5e-12
    >>> m = np.stack([0.6 * np.cos(2e10 * t), 0.6 * np.sin(2e10 * t), np.full(200, 0.8)], axis=1)
    >>> orbit = Orbit.of(t, m, np.array([0.0, 0.0, 1.0]))
    >>> print(f"{orbit.frequency()[0] / 1e9:.4f} GHz, p = {orbit.power()[0]:.4f}")
    3.1831 GHz, p = 0.1000
    """

    t: NDArray[np.float64]
    c: NDArray[np.complex128]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, t: NDArray, m: NDArray, axis: NDArray, power: str = "solid_angle") -> "Orbit":
        """Return the orbit of m, (n, 3), about a unit vector (3,)."""
        e1, e2 = across(axis)
        c = m @ e1 + 1j * (m @ e2)
        return cls(t, c, np.abs(c) ** 2 if power == "amplitude" else (1 - m @ axis) / 2)

    @property
    def step(self) -> float:
        """Interval of the samples [s]."""
        return float(self.t[1] - self.t[0])

    @property
    def amplitude(self) -> float:
        """Root mean square of the part across the axis."""
        return float(np.sqrt(np.mean(np.abs(self.c) ** 2)))

    @property
    def moves(self) -> bool:
        """Whether there is anything that turns."""
        return self.amplitude >= REST

    @property
    def signal(self) -> NDArray[np.complex128]:
        """The part across the axis, counter-clockwise."""
        return self.c if self.sense > 0 else self.c.conj()

    @property
    def sense(self) -> float:
        """1 for counter-clockwise seen from the tip of the axis, −1 for clockwise."""
        return 1.0 if self.raw_phase[-1] >= self.raw_phase[0] else -1.0

    @cached_property
    def raw_phase(self) -> NDArray[np.float64]:
        """Phase without jumps, of the sense it has."""
        return np.unwrap(np.angle(self.c))

    @property
    def phase(self) -> NDArray[np.float64]:
        """Phase without jumps, rising in the long run."""
        return self.sense * self.raw_phase

    @property
    def turned(self) -> float:
        """How often m has turned about the axis."""
        return float(self.phase[-1] - self.phase[0]) / (2 * np.pi)

    def check(self, what: str) -> None:
        """Raise `ParameterError` if there are too few samples in a turn."""
        turned = float(np.median(np.abs(np.diff(self.raw_phase))))
        if self.moves and turned > COARSEST:
            raise ParameterError(
                f"{what}: m turns by {np.degrees(turned):.0f} degrees between two samples; allowed: up to 60; "
                f"sample every {self.step * COARSEST / turned / 2:.2g} s"
            )

    @cached_property
    def turns(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """When turns are completed for the first time [s], (k + 1,), and the power of each, (k,).

        The power of a turn is the mean of ``weight`` over the phase: with (1 − m_n)/2 the solid angle inside the orbit
        over 4π, which is the canonical action of a macrospin whatever the form of its orbit and wherever n lies in it.
        """
        phase = self.phase
        highest = np.maximum.accumulate(phase)
        levels = 2 * np.pi * np.arange(np.ceil(phase[0] / 2 / np.pi), np.floor(highest[-1] / 2 / np.pi) + 1)
        levels = levels[levels > phase[0]]
        after = np.searchsorted(highest, levels)
        times = self.t[after - 1] + self.step * (levels - phase[after - 1]) / (phase[after] - phase[after - 1])
        swept = scipy.interpolate.CubicSpline(
            self.t, np.stack([self._velocity, self.weight * self._velocity], axis=1)
        ).antiderivative()
        angle, area = np.diff(swept(times), axis=0).T
        return times, area / angle  # angle: 2π but for the error of the derivative, which also the area has

    @property
    def _velocity(self) -> NDArray[np.float64]:
        """dφ/dt [1/s]."""
        square = np.maximum(np.abs(self.c) ** 2, np.finfo(float).tiny)
        return self.sense * (self.c.conj() * scipy.interpolate.CubicSpline(self.t, self.c)(self.t, 1)).imag / square

    def frequency(self) -> tuple[float, float]:
        """Return whole turns over the time they take [Hz], and the standard error from the scatter along the run.

        Without a whole turn it is 0; in less than two, the slope of the phase.
        """
        times, _ = self.turns
        if self.turned < 1:
            return 0.0, np.nan
        if len(times) < 2:
            return self.turned / float(self.t[-1] - self.t[0]), np.nan
        f = (len(times) - 1) / (times[-1] - times[0])
        if len(times) <= BLOCKS:
            return float(f), np.nan
        edges = np.linspace(0, len(times) - 1, BLOCKS + 1).astype(int)
        return float(f), _error_of_mean(np.diff(edges) / np.diff(times[edges]))

    def power(self) -> tuple[float, float]:
        """Return the mean power of whole turns, and its standard error; 0 without a whole turn about the axis."""
        _, powers = self.turns
        if self.turned < 1 or not self.moves:
            return 0.0, np.nan
        if len(powers) < 1:
            return float(self.weight.mean()), np.nan
        if len(powers) < BLOCKS:
            return float(powers.mean()), np.nan
        return float(powers.mean()), _error_of_mean([part.mean() for part in np.array_split(powers, BLOCKS)])

    def rate(self, fires_at: float) -> float:
        """Return how often a turn is completed with |c| at or above a value [Hz]: the rate of spikes."""
        times, _ = self.turns
        fired = times[np.interp(times, self.t, np.abs(self.c)) >= fires_at]
        return float((len(fired) - 1) / (fired[-1] - fired[0])) if len(fired) > 1 else 0.0

    def line(self) -> tuple[float, float]:
        """Return the frequency [Hz] of the highest peak of the spectrum, and the standard error of its fit.

        The fit is that of `fdmag.spectrum.peaks.fitted_peak`; NaN where less than two turns were seen.
        """
        if len(self.turns[0]) < 3:
            return np.nan, np.nan
        signal = self.signal - self.signal.mean()
        n = len(signal)
        seen = np.abs(scipy.fft.fft(signal * np.hanning(n)))[: n // 2]
        place = int(seen[1:].argmax()) + 1
        peak = fitted_peak(signal, self.step, place, max(1, place // 2), min(n // 2 - 1, place + place // 2 + 1))
        return peak.frequency, peak.frequency_error

    def growth(self, small: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return powers, and the growth rates ½ d(ln p)/dt [1/s] there, from each turn to the next.

        Only up to the power ``small``, and as long as the amplitude is above what rounding leaves.
        """
        times, powers = self.turns
        middle = (times[1:] + times[:-1]) / 2
        good = np.flatnonzero((powers > small) | (powers < REST**2))
        end = good[0] if good.size else len(powers)
        powers, middle = powers[:end], middle[:end]
        return np.sqrt(powers[1:] * powers[:-1]), np.diff(np.log(powers)) / (2 * np.diff(middle))


def _error_of_mean(parts: NDArray | list[float]) -> float:
    return float(np.std(parts, ddof=1) / np.sqrt(len(parts)))
