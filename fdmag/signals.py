"""Functions of time for drives: pulses, ramps, waves, tables, formulas.

A signal is a factor, mostly between 0 and 1, that `fdmag.parameter.Driven` multiplies into a pattern in space. It is
called with times of any shape, can be pickled, and knows what an integrator must know: its break points, which steps
must end at, and the longest step that still follows it between them.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError
from fdmag.expressions import Expression
from fdmag.signal_table import read_signal_table

__all__ = [
    "Constant", "Formula", "Gaussian", "Product", "Pulse", "PulseTrain", "Ramp", "Signal", "Sinc", "Sine", "Step",
    "Table", "cautious", "signal_kinds",
]  # fmt: skip

SAMPLES_PER_PERIOD = 20
MAX_PULSES = 1_000_000
ROUNDING = 8 * float(np.finfo(np.float64).eps)
"""A time that is before an edge by less than this fraction of it counts as behind: rounding decides no jump."""


def quantity(
    unit: str, meaning: str, *, default: Any = None, above: float | None = None, minimum: float | None = None
) -> Any:
    """Declare a number of a signal as a dataclass field; without ``default`` it must be given."""
    metadata = {"unit": unit, "meaning": meaning, "above": above, "minimum": minimum}
    return field(metadata=metadata) if default is None else field(default=default, metadata=metadata)


class Signal(ABC):
    """A function of time that knows its break points."""

    kind: ClassVar[str]
    """Its name in a scene."""

    def __post_init__(self) -> None:
        for each in fields(self):  # type: ignore[arg-type]
            if "unit" in each.metadata:
                object.__setattr__(self, each.name, self._checked(each.name, each.metadata))

    def _checked(self, name: str, declared: Any) -> float:
        value, where = getattr(self, name), f"{type(self).__name__}: {name}"
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value):
            raise ParameterError(f"{where} = {value!r}; {declared['meaning']} is a finite number [{declared['unit']}]")
        for bound, wrong, words in (("above", np.less_equal, "above"), ("minimum", np.less, "at least")):
            if declared[bound] is not None and wrong(value, declared[bound]):
                raise ParameterError(f"{where} = {value:g}; allowed: {words} {declared[bound]:g} {declared['unit']}")
        return float(value)

    @abstractmethod
    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the factor at times ``t`` [s], in the shape of t. At a jump it is the value after it."""

    def edges(self, start: float, stop: float) -> NDArray[np.float64]:
        """Return the times [s] in (start, stop] at which the signal or its slope jumps, in any order."""
        return np.empty(0)

    def step_limit(self, duration: float) -> float:
        """Return the longest step [s] that follows the signal between its edges, in a run over ``duration`` [s]."""
        return np.inf

    def __mul__(self, other: "Signal") -> "Product":
        """Return the product, such as a wave switched on for some time: ``Sine(5e9) * Pulse(1e-9)``."""
        return Product((self, other)) if isinstance(other, Signal) else NotImplemented


@dataclass(frozen=True)
class Constant(Signal):
    """Always the same."""

    kind: ClassVar[str] = "constant"
    value: float = quantity("1", "the factor", default=1.0)

    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``value``."""
        return np.full(np.shape(t), self.value)


@dataclass(frozen=True)
class Step(Signal):
    """Jumps from one value to another."""

    kind: ClassVar[str] = "step"
    start: float = quantity("s", "time of the jump", default=0.0)
    before: float = quantity("1", "factor before the jump", default=0.0)
    after: float = quantity("1", "factor from the jump on", default=1.0)

    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``before`` for t < start, else ``after``."""
        return np.where(_later(t) < self.start, self.before, self.after)

    def edges(self, start: float, stop: float) -> NDArray[np.float64]:
        """Return the jump."""
        return _within([self.start], start, stop)


@dataclass(frozen=True)
class Ramp(Signal):
    """Goes from one value to another on a straight line."""

    kind: ClassVar[str] = "ramp"
    length: float = quantity("s", "time from the first value to the last", above=0)
    start: float = quantity("s", "time at which the ramp begins", default=0.0)
    before: float = quantity("1", "factor before the ramp", default=0.0)
    after: float = quantity("1", "factor after the ramp", default=1.0)

    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the straight line between start and start + length."""
        return self.before + (self.after - self.before) * np.clip((t - self.start) / self.length, 0, 1)

    def edges(self, start: float, stop: float) -> NDArray[np.float64]:
        """Return both ends."""
        return _within([self.start, self.start + self.length], start, stop)


@dataclass(frozen=True)
class Pulse(Signal):
    """Rises from 0 to 1, stays, and falls back to 0.

    The rise begins at ``start``, the fall at ``start + length``: with rise = fall, ``length`` is the width at half
    maximum and the area.

    >>> Pulse(length=1e-9, rise=0.2e-9, fall=0.2e-9)(np.array([0.1e-9, 0.5e-9, 1.15e-9])).round(12)
    array([0.5 , 1.  , 0.25])
    """

    kind: ClassVar[str] = "pulse"
    length: float = quantity("s", "time from the start of the rise to that of the fall", above=0)
    start: float = quantity("s", "time at which the rise begins", default=0.0)
    rise: float = quantity("s", "time of the rise", default=0.0, minimum=0)
    fall: float = quantity("s", "time of the fall", default=0.0, minimum=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_rise(self)

    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the trapezoid."""
        return _trapezoid(_later(t) - self.start, self)

    def edges(self, start: float, stop: float) -> NDArray[np.float64]:
        """Return the four corners."""
        return _within(self.start + _corners(self), start, stop)


@dataclass(frozen=True)
class PulseTrain(Signal):
    """Repeats a pulse."""

    kind: ClassVar[str] = "pulse_train"
    length: float = quantity("s", "time from the start of a rise to that of the fall", above=0)
    period: float = quantity("s", "time from one rise to the next", above=0)
    start: float = quantity("s", "time at which the first rise begins", default=0.0, minimum=0)
    rise: float = quantity("s", "time of a rise", default=0.0, minimum=0)
    fall: float = quantity("s", "time of a fall", default=0.0, minimum=0)
    count: int | None = None
    """Number of pulses; endless without."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_rise(self)
        if self.length + self.fall > self.period * (1 + 1e-12):
            raise ParameterError(
                f"PulseTrain: length + fall = {self.length + self.fall:g} s; allowed: at most the period, "
                f"{self.period:g} s"
            )
        if self.count is not None and (isinstance(self.count, bool) or self.count != int(self.count) or self.count < 1):
            raise ParameterError(f"PulseTrain: count = {self.count!r}; allowed: a whole number of at least 1")

    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the trapezoid of the pulse that t falls into."""
        since = _later(t) - self.start
        number = np.clip(np.floor(since / self.period), 0, np.inf if self.count is None else self.count - 1)
        return _trapezoid(since - number * self.period, self)

    def edges(self, start: float, stop: float) -> NDArray[np.float64]:
        """Return the corners of the pulses in between."""
        first, last = (int(np.floor((time - self.start) / self.period)) for time in (start, stop))
        last = last if self.count is None else min(last, self.count - 1)
        if last - first > MAX_PULSES:
            raise ParameterError(f"PulseTrain: {last - first} pulses in a run; allowed: at most {MAX_PULSES}")
        numbers = np.arange(max(first - 1, 0), last + 1)
        return _within((self.start + numbers[:, None] * self.period + _corners(self)).ravel(), start, stop)


@dataclass(frozen=True)
class Sine(Signal):
    """sin(2π f t + φ)."""

    kind: ClassVar[str] = "sine"
    frequency: float = quantity("Hz", "frequency", above=0)
    phase: float = quantity("rad", "phase at t = 0", default=0.0)

    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sine."""
        return np.sin(2 * np.pi * self.frequency * t + self.phase)

    def step_limit(self, duration: float) -> float:
        """Return a twentieth of the period."""
        return 1 / (SAMPLES_PER_PERIOD * self.frequency)


@dataclass(frozen=True)
class Sinc(Signal):
    """sin(x)/x with x = 2π f (t − center): all frequencies up to f alike, none above."""

    kind: ClassVar[str] = "sinc"
    cutoff: float = quantity("Hz", "highest frequency", above=0)
    center: float = quantity("s", "time of the maximum")

    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return sin(x)/x."""
        return np.sinc(2 * self.cutoff * (np.asarray(t) - self.center))  # NumPy's has π inside

    def step_limit(self, duration: float) -> float:
        """Return a twentieth of the shortest period."""
        return 1 / (SAMPLES_PER_PERIOD * self.cutoff)


@dataclass(frozen=True)
class Gaussian(Signal):
    """exp(−(t − center)² / 2σ²)."""

    kind: ClassVar[str] = "gaussian"
    center: float = quantity("s", "time of the maximum")
    sigma: float = quantity("s", "standard deviation", above=0)

    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the bell curve."""
        return np.exp(-0.5 * ((np.asarray(t) - self.center) / self.sigma) ** 2)

    def step_limit(self, duration: float) -> float:
        """Return a quarter of σ."""
        return self.sigma / 4


@dataclass(frozen=True)
class Table(Signal):
    """Values at given times: straight lines between them, or each held until the next; constant outside.

    >>> Table((0, 1e-9, 3e-9), (0, 2, 0))(np.array([-1e-9, 0.5e-9, 2e-9, 9e-9]))
    array([0., 1., 1., 0.])
    """

    kind: ClassVar[str] = "table"
    times: tuple[float, ...]
    values: tuple[float, ...]
    interpolation: str = "linear"
    """ "linear" or "previous"."""

    def __post_init__(self) -> None:
        super().__post_init__()
        arrays = [np.array(column, dtype=np.float64) for column in (self.times, self.values)]
        times, values = arrays
        if times.ndim != 1 or times.shape != values.shape or not times.size or not np.isfinite(arrays).all():
            raise ParameterError(f"Table: {times.size} times, {values.size} values; as many finite numbers of each")
        if np.any(np.diff(times) <= 0):
            place = int(np.argmax(np.diff(times) <= 0)) + 1
            raise ParameterError(
                f"Table: time {times[place]:g} s does not come after {times[place - 1]:g} s; times increase"
            )
        if self.interpolation not in ("linear", "previous"):
            raise ParameterError(f'Table: interpolation = {self.interpolation!r}; allowed: "linear", "previous"')
        for name, array in zip(("times", "values"), arrays, strict=True):
            object.__setattr__(self, name, tuple(array.tolist()))
        object.__setattr__(self, "_columns", arrays)

    @classmethod
    def from_csv(cls, path: str | Path, interpolation: str = "linear", time_unit: str | None = None) -> "Table":
        """Return the table of a CSV file: two columns, time and factor; see `read_signal_table`."""
        times, values = read_signal_table(Path(path), time_unit)
        return cls(tuple(times.tolist()), tuple(values.tolist()), interpolation)

    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the interpolated value."""
        times, values = self._columns  # type: ignore[attr-defined]
        if self.interpolation == "linear":
            return np.interp(t, times, values)
        return values[np.maximum(np.searchsorted(times, _later(t), side="right") - 1, 0)]

    def edges(self, start: float, stop: float) -> NDArray[np.float64]:
        """Return the times of the table."""
        return _within(self.times, start, stop)


@dataclass(frozen=True)
class Formula(Signal):
    """An expression in t; see `fdmag.expressions`."""

    text: str

    def __post_init__(self) -> None:
        expression = Expression(self.text, ("t",))
        object.__setattr__(self, "_expression", expression)
        object.__setattr__(self, "_breaks", _breaks(expression))

    @property
    def expression(self) -> Expression:
        """The text, checked."""
        return self._expression  # type: ignore[attr-defined]

    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the value of the expression."""
        return self.expression(t=_later(t))

    def edges(self, start: float, stop: float) -> NDArray[np.float64]:
        """Return where a step, pulse, ramp or comparison of the expression switches, if linear in t."""
        return _within(self._breaks, start, stop)  # type: ignore[attr-defined]

    def step_limit(self, duration: float) -> float:
        """Return a thousandth of the duration, at most 10 ps: what else the expression does is not known."""
        return cautious(duration)


@dataclass(frozen=True)
class Product(Signal):
    """The product of signals."""

    signals: Sequence[Signal]

    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the product of all values."""
        return np.prod([signal(t) for signal in self.signals], axis=0)

    def edges(self, start: float, stop: float) -> NDArray[np.float64]:
        """Return the edges of each."""
        return np.concatenate([np.empty(0), *(signal.edges(start, stop) for signal in self.signals)])

    def step_limit(self, duration: float) -> float:
        """Return the shortest of all."""
        return min((signal.step_limit(duration) for signal in self.signals), default=np.inf)


def signal_kinds() -> dict[str, type[Signal]]:
    """Return the signals that have a name in scenes, by it.

    >>> ", ".join(signal_kinds())
    'constant, step, ramp, pulse, pulse_train, sine, sinc, gaussian, table'
    """
    kinds = (Constant, Step, Ramp, Pulse, PulseTrain, Sine, Sinc, Gaussian, Table)
    return {kind.kind: kind for kind in kinds}


def cautious(duration: float) -> float:
    """Return the longest step [s] to take in a run over ``duration`` [s] with a drive of which nothing is known."""
    return min(duration / 1000, 10e-12)


def _breaks(expression: Expression) -> list[float]:
    """Return where in time what switches in an expression is zero, if it is linear in t."""
    found = []
    for switch in expression.switches(t=np.array([0.0, 1e-9, 3e-9])):  # any three tell whether it is linear
        at_0, at_1, at_3 = np.broadcast_to(switch, 3).tolist()
        slope = (at_1 - at_0) / 1e-9
        bend = abs(at_3 - at_0 - 3 * (at_1 - at_0))
        if slope and bend <= 1e-9 * max(map(abs, (at_0, at_1, at_3))) and np.isfinite(root := -at_0 / slope):
            found.append(root)
    return found


def _later(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return t + ROUNDING * np.abs(t)


def _within(times: ArrayLike, start: float, stop: float) -> NDArray[np.float64]:
    times = np.asarray(times, dtype=np.float64)
    return times[(times > start) & (times <= stop)]


def _check_rise(pulse: Pulse | PulseTrain) -> None:
    if pulse.rise > pulse.length:
        raise ParameterError(
            f"{type(pulse).__name__}: rise = {pulse.rise:g} s; allowed: at most the length, {pulse.length:g} s, "
            "which reaches from the start of the rise to that of the fall"
        )


def _corners(pulse: Pulse | PulseTrain) -> NDArray[np.float64]:
    return np.unique([0, pulse.rise, pulse.length, pulse.length + pulse.fall])


def _trapezoid(since: NDArray[np.float64], pulse: Pulse | PulseTrain) -> NDArray[np.float64]:
    """Return the pulse ``since`` [s] after its start; behind a corner from the corner on."""
    return _passed(since, pulse.rise) * (1 - _passed(since - pulse.length, pulse.fall))


def _passed(since: NDArray[np.float64], width: ArrayLike) -> NDArray[np.float64]:
    """Return 0 before, and 1 from ``width`` [s] on, with a straight line in between; a jump where the width is 0."""
    width = np.asarray(width)
    return np.where(width > 0, np.clip(since / np.where(width > 0, width, 1), 0, 1), since >= 0)
