"""How much the switching current varies over devices: replicas with parameters of their own, by both ways at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.devices.checks import checked
from fdmag.devices.device import Device, Told
from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.devices.spread import Spread, draw
from fdmag.devices.variability import statistics_of
from fdmag.errors import ParameterError, SolverError, did_you_mean
from fdmag.parameter import Driven, Parameter, PerReplica
from fdmag.quantities import Column, evaluate
from fdmag.signals import Ramp
from fdmag.simulation import Simulation

__all__ = ["SwitchingThresholds", "ThresholdSpread"]

LEAST = 10
"""Devices that are to be drawn at least."""


@dataclass(frozen=True)
class SwitchingThresholds(Result):
    """Switching current of each device, and its spread: by sensitivities, and over devices drawn at random.

    Attributes
    ----------
    threshold
        Smallest current density that switches, of all replicas: the nominal device, those with one parameter moved by
        one standard deviation down and up, and those drawn.
    parameter, elasticity, sigma_elasticity, share
        Of each parameter: relative change of the threshold over that of the parameter, by the two devices that have it
        moved, with what the resolution of the threshold leaves uncertain; its part of the linearised variance.
    CV_linear, CV
        Standard deviation over mean: sqrt(Σ (elasticity × CV)²), and over the devices drawn, with standard error.
    deviation
        (CV − CV_linear) over its standard error: beyond ±3 the threshold is not linear over the spreads.
    CV_residual
        Standard deviation, over the mean, of what the linearised form misses of each device that was drawn; the luck of
        the draw, which σ of CV is about, is not in it.
    CV_others, CV_tolerable
        Of the linearised problem: CV with the chosen parameter held; the widest CV of that parameter with which the
        threshold's stays within the limit. NaN without a limit, or if there is none.
    """

    threshold: NDArray = quantity("A/m^2", "switching current density", "replica")
    drawn: NDArray = quantity("1", "whether its parameters are drawn at random", "replica")
    parameter: NDArray = quantity("1", "parameter", "parameter")
    elasticity: NDArray = quantity("1", "relative change over relative change", "parameter")
    sigma_elasticity: NDArray = quantity("1", "uncertainty by the resolution", "parameter")
    share: NDArray = quantity("1", "share in the variance", "parameter")
    nominal: float = quantity("A/m^2", "switching current density of the nominal device")
    mean: float = quantity("A/m^2", "mean over devices")
    sigma_mean: float = quantity("A/m^2", "standard error of the mean")
    CV_linear: float = quantity("1", "coefficient of variation, linearised")
    CV: float = quantity("1", "coefficient of variation over devices")
    sigma_CV: float = quantity("1", "standard error of the coefficient of variation")
    deviation: float = quantity("1", "Monte Carlo less linearised, in standard errors")
    CV_residual: float = quantity("1", "what the linearised form misses of each device, over the mean")
    CV_others: float = quantity("1", "coefficient of variation with the chosen parameter held")
    CV_tolerable: float = quantity("1", "widest spread of the chosen parameter for the limit")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the distribution over devices, and the normal one of the linearised spread."""
        title = f"CV = {self.CV * 100:.2f} ± {self.sigma_CV * 100:.2f} %, linearised {self.CV_linear * 100:.2f} %"
        ax = axes_for(ax, "J_c [10¹² A/m²]", "probability density [10⁻¹² m²/A]", title)
        found = self.threshold[self.drawn] * 1e-12
        ax.hist(found, bins="auto", density=True, color=COLOURS[0], alpha=0.5, label=f"{found.size} simulated devices")
        z = np.linspace(-4, 4, 201)
        sigma = self.CV_linear * self.nominal * 1e-12
        ax.plot(self.nominal * 1e-12 + sigma * z, np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / sigma, color=COLOURS[1],
                label="linearised")  # fmt: skip
        ax.legend()
        return ax


class ThresholdSpread(Device):
    """Finds the switching current of replicas that differ in their parameters, by halving, all at once.

    Replica 0 is the nominal device; then for each parameter two that have it moved by one standard deviation down and
    up; the others are drawn at random. Each halving is a pulse from the same state: the current rises on a straight
    line, stays, and the column says whether that was enough.

    Parameters
    ----------
    simulation : Simulation
        At rest, without noise, with 1 + 2 × (number of parameters) + at least 10 replicas.
    spreads : mapping of path to Spread
        Such as ``{"spin_orbit_torque.theta_SH": Spread.relative(0.3, 0.02)}``, independent of each other.
    term : str
        Whose J it is.
    low, high : float [A/m²]
        Currents that switch no replica, and every one.
    rise, hold : float [s]
        A slow rise finds the threshold of equilibria; a short one that of a pulse.
    column, below : str, float
        A replica has switched when this column is below this at the end of the pulse.
    halvings : int
        The threshold is known to (high − low)/2^halvings.
    seed : int
    limit, parameter : float, str, optional
        The inverse question: how much may this parameter vary, for a CV of the threshold of at most ``limit``.

    Raises
    ------
    ParameterError
        For values out of range, unknown parameters, those that vary over cells, or too few replicas.

    Source: propagation of uncertainty, JCGM 100:2008 (GUM), equation 10; by Monte Carlo, JCGM 101:2008.
    """

    operates = True

    def __init__(
        self,
        simulation: Simulation,
        spreads: Mapping[str, Spread],
        *,
        term: str = "spin_orbit_torque",
        low: float,
        high: float,
        rise: float,
        hold: float,
        column: str = "mz",
        below: float = 0.0,
        halvings: int = 14,
        seed: int = 0,
        limit: float | None = None,
        parameter: str | None = None,
    ) -> None:
        given = {"low": low, "high": high, "rise": rise, "hold": hold, "limit": 1.0 if limit is None else limit}
        checked("threshold spread", given, low="at least 0 A/m^2", high="positive A/m^2", rise="positive s",
                hold="positive s", limit="positive")  # fmt: skip
        if not low < high:
            raise ParameterError(f"threshold spread: low = {low:g}, high = {high:g} A/m^2; allowed: low below high")
        if not 1 <= halvings <= 40:
            raise ParameterError(f"threshold spread: halvings = {halvings}; allowed: 1 to 40")
        if "J" not in getattr(simulation.terms.get(term), "parameters", dict)():
            raise ParameterError(f'threshold spread: term = "{term}" is not there, or has no current density J')
        if (limit is None) != (parameter is None):
            raise ParameterError("threshold spread: the inverse question needs both limit and parameter")
        if parameter is not None and parameter not in spreads:
            hint = did_you_mean(parameter, spreads)
            raise ParameterError(f'threshold spread: parameter = "{parameter}" has no spread{hint}')
        known = {f"material.{key}": value for key, value in vars(simulation.magnet.material).items()}
        for name, each in simulation.terms.items():
            known |= {f"{name}.{key}": getattr(each, key) for key in each.parameters()}
        for path, spread in spreads.items():
            value = known.get(path)
            if not isinstance(value, Parameter):
                raise ParameterError(f'threshold spread: "{path}" is no parameter{did_you_mean(path, known)}')
            if not value.constant or value.base.shape[1:] != (1, 1, 1, 1):
                raise ParameterError(f"threshold spread: {path} is not one number; only numbers can vary")
            if not spread.sigma > 0 or spread.mean == 0:
                raise ParameterError(f"threshold spread: {path} does not vary, or its mean is 0")
        self._first = 1 + 2 * len(spreads)
        if simulation.batch < self._first + LEAST:
            raise ParameterError(
                f"threshold spread: {simulation.batch} replicas; {self._first} are the nominal device and those with "
                f"one of {len(spreads)} parameters moved: give at least {self._first + LEAST}"
            )
        self.simulation, self.spreads, self.term = simulation, dict(spreads), term
        self.low, self.high, self.rise, self.hold = low, high, rise, hold
        self.column, self.below, self.halvings = column, below, halvings
        self.limit, self.parameter = limit, parameter
        self.scores = self._scores(seed)
        self._bounds: NDArray[np.float64] | None = None

    def _scores(self, seed: int) -> NDArray[np.float64]:
        """Return the normal scores of each parameter and replica, (parameters, batch)."""
        count = len(self.spreads)
        moved = np.concatenate([np.zeros((count, 1)), *(np.outer(row, [-1.0, 1.0]) for row in np.eye(count))], axis=1)
        return np.concatenate([moved, draw(np.eye(count), self.simulation.batch - self._first, seed)], axis=1)

    def columns(self) -> list[Column]:
        """Return the current that is tried, and the bounds of the threshold."""
        return [
            Column("low", "A/m^2", lambda s: self._now()[0], "largest current density that did not switch"),
            Column("high", "A/m^2", lambda s: self._now()[1], "smallest current density that switched"),
        ]

    def _now(self) -> NDArray[np.float64]:
        if self._bounds is None:
            return np.stack([np.full(self.simulation.batch, each) for each in (self.low, self.high)])
        return self._bounds

    def operate(self, told: Told | None = None, **options: Any) -> None:
        """Give each replica its parameters, then halve; ``told`` is called before the first halving and after each.

        Raises
        ------
        SolverError
            If ``low`` switches a replica, or ``high`` leaves one as it is.
        """
        for (path, spread), row in zip(self.spreads.items(), self.scores, strict=True):
            self.simulation.set(path, PerReplica(spread.values(row)))
        start = self.simulation.m
        for name, J, wanted in (("low", self.low, False), ("high", self.high, True)):
            wrong = int(np.sum(self._switches(start, np.full(self.simulation.batch, J), options) != wanted))
            if wrong:
                did, advice = ("switches", "lower it") if name == "low" else ("does not switch", "raise it")
                raise SolverError(
                    f"threshold spread: {name} = {J:g} A/m^2 {did} {wrong} of {start.shape[0]} replicas; {advice}"
                )
        self._bounds = self._now()
        for done in range(self.halvings + 1):
            if told is not None:
                told(done, self.halvings)
            if done < self.halvings:
                middle = self._bounds.mean(axis=0)
                switched = self._switches(start, middle, options)
                low, high = self._bounds
                self._bounds = np.stack([np.where(switched, low, middle), np.where(switched, middle, high)])

    def _switches(self, start: NDArray, J: NDArray[np.float64], options: dict[str, Any]) -> NDArray[np.bool_]:
        self.simulation.m = start
        ramp = Ramp(length=self.rise, start=float(self.simulation.t[0]))
        self.simulation.set(f"{self.term}.J", Driven(PerReplica(J), ramp))
        self.simulation.run(self.rise + self.hold, **options)
        m = self.simulation.summary()
        values = m[self.column][1] if self.column in m else evaluate(self.simulation, self.column)
        return np.asarray(values < self.below)

    def result(self) -> SwitchingThresholds:
        """Return the thresholds and their spread.

        Raises
        ------
        ParameterError
            Before `operate`.
        """
        if self._bounds is None:
            raise ParameterError("threshold spread: nothing was switched yet; call operate first")
        threshold = self._bounds.mean(axis=0)
        nominal = float(threshold[0])
        relative = np.array([each.sigma / abs(each.mean) for each in self.spreads.values()])
        moved = threshold[1 : self._first].reshape(-1, 2)
        elasticity = (moved[:, 1] - moved[:, 0]) / (2 * relative * nominal)
        resolution = (self.high - self.low) / 2.0**self.halvings / np.sqrt(12)
        effects = (elasticity * relative) ** 2
        linear, drawn = float(np.sqrt(effects.sum())), statistics_of(threshold[self._first :])
        # the elasticities are relative to the means, and the scores to the standard deviations
        predicted = nominal * (1 + (elasticity * relative) @ self.scores[:, self._first :])
        missed = float(np.std(threshold[self._first :] - predicted, ddof=1) / drawn.mean)
        others, tolerable = self._inverse(elasticity, relative)
        return SwitchingThresholds(
            threshold, np.arange(threshold.size) >= self._first, np.array(list(self.spreads)), elasticity,
            resolution * np.sqrt(2) / (2 * relative * nominal), effects / effects.sum(), nominal, drawn.mean,
            drawn.sigma_mean, linear, drawn.CV, drawn.sigma_CV, (drawn.CV - linear) / drawn.sigma_CV, missed, others,
            tolerable,
        )  # fmt: skip

    def _inverse(self, elasticity: NDArray, relative: NDArray) -> tuple[float, float]:
        """Return the CV with the chosen parameter held, and how much it may vary."""
        if self.limit is None or self.parameter is None:
            return np.nan, np.nan
        place = list(self.spreads).index(self.parameter)
        others = float(np.sqrt(np.sum(np.delete(elasticity * relative, place) ** 2)))
        rest = self.limit**2 - others**2
        return others, float(np.sqrt(rest) / abs(elasticity[place])) if rest >= 0 else np.nan
