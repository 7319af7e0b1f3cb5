"""Choosing the step size of each replica from its local error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError


@dataclass(frozen=True)
class StepControl:
    """A proportional–integral controller on the local error of m.

    Attributes
    ----------
    tolerance : float
        Allowed local error: the largest |error of m| over the cells, per step.
    relative : bool
        The tolerance is a fraction of the largest |Δm| of the step: for following a path to its end.
    rounding : float
        Local error that rounding alone may cause; it is always allowed.
    safety, least, most : float
        The step is aimed at ``safety`` times the allowed one, and changes by a factor between least and most.
    proportional, integral : float
        Exponents of the error before and now, each divided by the order of the error estimate.
    below_rejected, patience : float, int
        After a rejection steps stay below this part of the rejected one, and below the geometric mean of it and of the
        one accepted before, until so many were accepted. What limits the step of a fine mesh is stability: the error
        then rises only after some steps that were too long, and a step that grows back at once would be rejected again
        and again.
    dt_max, dt_min : float [s]
        Bounds of the step; a replica that needs less than dt_min stops with an error. dt_max may be one for each
        replica, (batch,).

    Source: E. Hairer, S. P. Nørsett and G. Wanner, Solving ODEs I (Springer, 1993), section II.4; exponents as
    in E. Hairer and G. Wanner, Solving ODEs II, section IV.2.
    """

    tolerance: float = 1e-5
    relative: bool = False
    rounding: float = 0.0
    safety: float = 0.9
    least: float = 0.2
    most: float = 5.0
    integral: float = 0.7
    proportional: float = 0.4
    below_rejected: float = 0.95
    patience: int = 100
    dt_max: float | NDArray[np.float64] = np.inf
    dt_min: float = 1e-21

    def __post_init__(self) -> None:
        if not 0 < self.tolerance < 1:
            raise ParameterError(f"tolerance = {self.tolerance:g}; allowed: between 0 and 1, for example 1e-5")
        if not (self.dt_min > 0 and np.all(self.dt_min < self.dt_max)):
            raise ParameterError(f"dt_max = {np.min(self.dt_max):g} s; allowed: above {self.dt_min:g} s")

    def allowed(self, displacement: NDArray) -> NDArray | float:
        """Return the allowed local error, given the largest |Δm| of the step, (batch,)."""
        return self.rounding + (self.tolerance * displacement if self.relative else self.tolerance)

    def factor(self, ratio: NDArray, previous: NDArray, order: int) -> NDArray:
        """Return by what to multiply the size of each accepted step, (batch,).

        Parameters
        ----------
        ratio, previous : arrays (batch,)
            Local error over allowed error, in this step and in the last accepted one.
        order : int
            Order of the error estimate in dt.
        """
        now, before = np.maximum(ratio, 1e-10), np.maximum(previous, 1e-4)
        return self._bounded(now ** (-self.integral / order) * before ** (self.proportional / order), self.most)

    def factor_after_rejection(self, ratio: NDArray, order: int) -> NDArray:
        """Return by what to multiply the size of each rejected step, (batch,)."""
        return self._bounded(np.maximum(ratio, 1e-10) ** (-1 / order), 1.0)

    def _bounded(self, factor: NDArray, most: float) -> NDArray:
        return np.minimum(np.maximum(self.safety * factor, self.least), most)


CALL = 0.05  # s; how long a device goes on before signals of the system, such as an interrupt, are heard
FAILED = 2  # of the outcomes of `fdmag.solvers.stages.Stepper.advance`


class StepHistory:
    """What the choice of the next step knows of those before, for each replica.

    Attributes
    ----------
    previous_ratio : array (batch,)
        Local error over allowed error in the last accepted step.
    good_dt : array (batch,)
        Step accepted last [s].
    ceiling : array (batch,)
        Which no step may exceed [s] until ``held_until`` steps were accepted.
    held_until : int array (batch,)
    """

    def __init__(self, batch: int) -> None:
        self.previous_ratio = np.ones(batch)
        self.good_dt = np.full(batch, np.inf)
        self.ceiling = np.full(batch, np.inf)
        self.held_until = np.zeros(batch, np.int64)

    def forget(self, rows: NDArray[np.intp] | slice) -> None:
        """Begin anew."""
        self.previous_ratio[rows] = 1
        self.good_dt[rows] = np.inf
        self.held_until[rows] = 0


@dataclass(frozen=True, eq=False)
class Adaptive:
    """Steps by a `StepControl`, each by the error of the one before, or of a fixed length.

    Attributes
    ----------
    control : StepControl
    history : StepHistory
    fixed_dt : float or None [s]
        None: steps adapt to the error.
    """

    control: StepControl
    history: StepHistory
    fixed_dt: float | None


@dataclass(frozen=True, eq=False)
class Course:
    """Even steps of noise that are halved and doubled on the way: see `fdmag.solvers.stochastic.DyadicIntegrator`.

    Attributes
    ----------
    tolerance : float
        Allowed local error.
    start, whole : arrays (batch,) [s]
        Where the first step begins, and the length of all.
    count, done : int arrays (batch,)
        How many steps there are, and are done.
    divisions, place : int arrays (batch,)
        How often the present step is halved, and how many of such parts are done.
    """

    tolerance: float
    start: NDArray[np.float64]
    whole: NDArray[np.float64]
    count: NDArray[np.int64]
    done: NDArray[np.int64]
    divisions: NDArray[np.int64]
    place: NDArray[np.int64]


class Pace:
    """How many attempts of a device last for `CALL`."""

    def __init__(self) -> None:
        self.attempts = 1

    def measure(self, seconds: float, attempts: int) -> None:
        """Take into account how long so many attempts took."""
        each = max(seconds, 1e-9) / max(attempts, 1)
        self.attempts = max(1, min(int(CALL / each), 8 * self.attempts))
