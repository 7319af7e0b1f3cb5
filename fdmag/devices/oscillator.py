"""A spin-torque oscillator: each replica with its current, all of them in one run."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.checks import checked
from fdmag.devices.current_drive import CurrentDrive
from fdmag.devices.device import Device, Told
from fdmag.devices.oscillator_analysis import FEWEST, OscillatorSamples
from fdmag.devices.oscillator_curve import OscillatorCurve, OscillatorSpectrum, OscillatorThreshold
from fdmag.devices.oscillator_fit import Balance, FrequencyShift
from fdmag.devices.oscillator_layer import FreeLayer
from fdmag.devices.oscillator_orbit import POWERS, Orbit
from fdmag.errors import ParameterError, did_you_mean
from fdmag.modes import threshold as threshold_of_modes
from fdmag.quantities import Column
from fdmag.simulation import Simulation

__all__ = ["SpinTorqueOscillator"]

UNDRIVEN = "oscillator: the term has currents of its own; write J = 0 there, and give them to the oscillator as J"
PARTS = 10
"""Rows that a run leaves in the table."""


class SpinTorqueOscillator(Device):
    """Lets every replica oscillate with its own current, and measures.

    Parameters
    ----------
    simulation : Simulation
        In, or near, the equilibrium without current.
    duration : float [s]
        Of measuring.
    settle : float [s]
        Before it, in which orbits grow: how fast tells gain and loss.
    sample_every : float [s]
        Interval of samples of the mean of m: a sixth of a turn at most, a thirtieth is good.
    J : float or sequence (batch,) [A/m²], optional
        What flows from the start of the operation on; give the term J = 0, or the pattern over cells that it shall have
        (see `fdmag.devices.current_drive.CurrentDrive`). By default the J that the term has.
    term : str
        Whose J the current is.
    region : str, optional
        What oscillates; by default all of the magnet.
    axis : vector (3,), optional
        m turns about it. By default the mean m of each replica over the run; before it has settled, that of the start.
    power : "solid_angle" or "amplitude"
        What p is: (1 − m·n)/2 averaged over a turn, or |c|², with c the part of the mean m across the axis: for a
        vortex, whose core's way it is proportional to.
    tilt : float [rad]
        Turn all m by it at the start, so that an oscillation can grow without noise.
    threshold_between : (float, float) [A/m²], optional
        Find the threshold of eigenmodes of the first replica between these before the operation.
    fires_at : float
        |c| from which a turn counts as a spike.
    fit_power : float
        Highest power of the orbits that the model of Slavin and Tiberkevich is fitted to.
    repetitions : bool
        Replicas with the same current are repetitions that noise tells apart: their noise is analysed together.

    Raises
    ------
    ParameterError
        For a value out of range, an unknown term, or one whose J depends on time.

    Examples
    --------
    A film saturated along its normal by 1.5 T, with a polariser along it, turns with γ a/(2π α) above α (B − µ0 Ms):

    >>> import fdmag
    >>> from fdmag.terms import Slonczewski, UniaxialAnisotropy, Zeeman
    >>> mesh = fdmag.Mesh((1, 1, 1), (50e-9, 50e-9, 2e-9))
    >>> terms = [UniaxialAnisotropy(Ku1=-4e5), Zeeman(B=(0, 0, 1.5)), Slonczewski(J=0, P=0.4)]
    >>> film = fdmag.Simulation(mesh, terms, Ms=8e5, alpha=0.1, m=(0, 0, 1), batch=2)
    >>> oscillator = SpinTorqueOscillator(film, 0.4e-9, 2e-9, sample_every=2e-12, J=[5e11, 8e11], tilt=0.05)
    >>> oscillator.operate()
    >>> found = oscillator.result()
    >>> [f"{f:.3f}" for f in found.frequency / 1e9], [f"{p:.4f}" for p in found.power]
    (['13.985', '18.440'], ['0.0000', '0.0790'])
    """

    operates = True

    def __init__(
        self,
        simulation: Simulation,
        duration: float,
        settle: float = 0.0,
        *,
        sample_every: float,
        J: float | Sequence[float] | NDArray | None = None,
        term: str = "slonczewski",
        region: str | None = None,
        axis: ArrayLike | None = None,
        power: str = "solid_angle",
        tilt: float = 0.0,
        threshold_between: tuple[float, float] | None = None,
        fires_at: float = 0.1,
        fit_power: float = 0.1,
        repetitions: bool = False,
    ) -> None:
        given = {
            "duration": duration, "settle": settle, "sample_every": sample_every, "tilt": tilt, "fires_at": fires_at,
            "fit_power": fit_power,
        }  # fmt: skip
        checked(
            "oscillator", given, duration="positive s", settle="at least 0 s", sample_every="positive s",
            tilt="finite", fires_at="from 0 to 1", fit_power="positive",
        )  # fmt: skip
        if power not in POWERS:
            raise ParameterError(
                f"oscillator: power = {power!r}; allowed: {', '.join(POWERS)}{did_you_mean(power, POWERS)}"
            )
        self._count = round(duration / sample_every)
        if self._count < FEWEST:
            most = duration / FEWEST
            raise ParameterError(
                f"oscillator: sample_every = {sample_every:g} s in {duration:g} s; allowed: at most {most:g} s"
            )
        if axis is not None and not (np.shape(axis) == (3,) and np.linalg.norm(axis) > 0):
            raise ParameterError(f"oscillator: axis = {axis!r}; allowed: a vector (3,) that is not 0")
        if threshold_between is not None and len(threshold_between) != 2:
            raise ParameterError(
                f"oscillator: threshold_between = {threshold_between!r}; allowed: two current densities"
            )
        self._drive = CurrentDrive(simulation, term)
        bound: Any = simulation.terms[term]
        self._own = len(bound.J.base) > 1 or (J is None and bool(bound.J.base.any()))
        if threshold_between is not None and self._own:
            raise ParameterError(UNDRIVEN)
        self._layer = FreeLayer(simulation, region)
        self.simulation, self.term = simulation, term
        self._J: NDArray[np.float64] | None = None
        if J is not None:
            self.J = J
        self.settle, self.every = settle, sample_every
        self.axis = None if axis is None else np.asarray(axis, dtype=float) / np.linalg.norm(axis)
        self.power, self.tilt, self.fires_at, self.fit_power = power, tilt, fires_at, fit_power
        self.threshold_between, self.repetitions = threshold_between, repetitions
        self._threshold: OscillatorThreshold | None = None
        self._amplitude: Any = np.abs(_currents(simulation, term)).max()
        self._start = self._axes_of(self._layer.mean_m())
        self._transient = np.empty((0, simulation.batch, 3))
        self._steady = np.empty((0, simulation.batch, 3))

    @property
    def J(self) -> NDArray[np.float64] | None:
        """What flows from the start of the next operation on [A/m²], a number or (batch,); None: what the term has."""
        return self._J

    @J.setter
    def J(self, values: ArrayLike) -> None:
        if self._own:
            raise ParameterError(UNDRIVEN)
        if np.shape(values) not in ((), (self.simulation.batch,)):
            raise ParameterError(
                f"oscillator: J has shape {np.shape(values)}; allowed: a number, or one per replica "
                f"({self.simulation.batch})"
            )
        self._J = np.asarray(values, dtype=float)

    def columns(self) -> list[Column]:
        """Return the power of a circular orbit through the present m, and the present phase."""
        return [
            Column("p", "1", lambda s: self._now()[0], "power of a circular orbit through m"),
            Column("phase", "rad", lambda s: self._now()[1], "angle about the axis, counter-clockwise from its tip"),
        ]

    def threshold(self, lower: float, upper: float, replica: int = 0) -> OscillatorThreshold:
        """Return the current at which eigenmodes say that the equilibrium turns unstable, see `fdmag.modes.threshold`.

        m and the current are afterwards what they were.

        Parameters
        ----------
        lower, upper : float [A/m²]
            Stable at one, unstable at the other.
        replica : int

        Raises
        ------
        ParameterError, SolverError
            As of `fdmag.modes.threshold`.
        """
        if self._own:
            raise ParameterError(UNDRIVEN)
        m, set_J = self.simulation.m, self._drive.set
        try:
            found = threshold_of_modes(self.simulation, lambda _, J: set_J(J), lower, upper, replica=replica)
        finally:
            set_J(self._amplitude)
            self.simulation.m = m
        return OscillatorThreshold(found.value, found.frequency)

    def operate(self, told: Told | None = None, **options: Any) -> None:
        """Run; ``told`` is called at the start and after each tenth of the time."""
        if self.threshold_between is not None:
            self._threshold = self.threshold(*self.threshold_between)
        self._start = self._axes_of(self._layer.mean_m())
        if self._J is not None:
            self._amplitude = self._J
            self._drive.set(self._J)
        if self.tilt:
            self._layer.tilt(self._start, self.tilt)
        settling = round(self.settle / self.every)
        told = told or (lambda done, total: None)
        told(0, PARTS)
        share = round(PARTS * settling / (settling + self._count))
        self._transient = self._sampled(settling, share, 0, told, options)
        self._steady = self._sampled(self._count, PARTS - share, share, told, options)

    def result(self) -> OscillatorCurve:
        """Return what was measured.

        Raises
        ------
        ParameterError
            Before `operate`, or if there are too few samples in a turn.
        """
        return self._samples().curve(self._threshold)

    def spectrum(self) -> OscillatorSpectrum:
        """Return the power spectral density of the part of m across the axis."""
        return self._samples().spectrum()

    def balance(self) -> Balance:
        """Return gain and loss from the orbits of the operation, `fdmag.devices.oscillator_fit.fit_balance`.

        Raises
        ------
        ParameterError
            With noise, or with too few turns of a power up to ``fit_power``.
        """
        return self._samples().balance()

    def frequency_shift(self) -> FrequencyShift:
        """Return the fit of f = f0 + (N/2π) p0 to the replicas that turn with a power up to ``fit_power``.

        Raises
        ------
        ParameterError
            If there are fewer than three.
        """
        return self._samples().frequency_shift()

    def _samples(self) -> OscillatorSamples:
        if not len(self._steady):
            raise ParameterError("oscillator: nothing measured yet; call operate first")
        return OscillatorSamples(
            self._layer, self.term, _currents(self.simulation, self.term), self.every, self._transient, self._steady,
            self._start, self._axes_of(self._steady.mean(axis=0)), self.power, self.fires_at, self.fit_power,
            self.repetitions,
        )  # fmt: skip

    def _sampled(self, count: int, parts: int, before: int, told: Told, options: dict[str, Any]) -> NDArray[np.float64]:
        """Return the mean of m at ``count`` times after now, (count, batch, 3)."""
        samples = np.empty((count, self.simulation.batch, 3))
        if not count:
            return samples
        start, taken, done = float(self.simulation.t[0]), 0, 0

        def note(simulation: Simulation) -> None:
            nonlocal taken, done
            if taken < count and float(simulation.t[0]) - start > (taken + 0.5) * self.every:
                samples[taken] = self._layer.mean_m()
                taken += 1
                if taken * parts >= (done + 1) * count:
                    done += 1
                    told(before + done, PARTS)

        self.simulation.run(count * self.every, every=self.every, callback=note, **options)
        return samples

    def _axes_of(self, mean: NDArray) -> NDArray[np.float64]:
        """Return the axis of each replica, (batch, 3): the one given, or the direction of means (batch, 3)."""
        if self.axis is not None:
            return np.broadcast_to(self.axis, (self.simulation.batch, 3))
        length = np.linalg.norm(mean, axis=1, keepdims=True)
        return np.where(length > 1e-9, mean / np.maximum(length, 1e-9), np.array([0.0, 0.0, 1.0]))

    def _now(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        mean = self._layer.mean_m()
        orbits = [Orbit.of(np.zeros(1), mean[r : r + 1], self._start[r], self.power) for r in range(len(mean))]
        return np.array([o.weight[0] for o in orbits]), np.array([np.angle(o.c[0]) for o in orbits])


def _currents(simulation: Simulation, term: str) -> NDArray[np.float64]:
    """Return the J of the cell where it is largest, (batch,)."""
    bound: Any = simulation.terms[term]
    J = bound.J.at(simulation.t)[:, 0]
    flat = J.reshape(len(J), -1)
    largest = np.take_along_axis(flat, np.abs(flat).argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.broadcast_to(largest, (simulation.batch,)).copy()
