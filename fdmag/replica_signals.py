"""Signals that differ from replica to replica: pulses of a hundred lengths in one batch."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.signals import Constant, Gaussian, Product, Pulse, PulseTrain, Ramp, Signal, Sinc, Sine, Step

_ELEMENTWISE = (Constant, Gaussian, Pulse, PulseTrain, Ramp, Sinc, Sine, Step)
"""Signals whose formulas hold as well for arrays of their numbers, one for each time."""


@dataclass(frozen=True)
class ReplicaSignals(Signal):
    """One signal for each replica.

    Parameters
    ----------
    signals : sequence of Signal

    Raises
    ------
    ParameterError
        If there is none, or one of them is no `Signal`.

    >>> pulses = ReplicaSignals((Pulse(length=1e-9), Pulse(length=2e-9)))
    >>> pulses(np.array([1.5e-9, 1.5e-9])), pulses.of(np.array([1.5e-9]), np.array([1]))
    (array([0., 1.]), array([1.]))
    """

    kind: ClassVar[str] = "replicas"
    signals: Sequence[Signal]

    def __post_init__(self) -> None:
        wrong = [signal for signal in self.signals if not isinstance(signal, Signal)]
        if wrong or not len(self.signals):
            came = repr(wrong[0]) if wrong else "none"
            raise ParameterError(f"signals per replica: came {came}; allowed: one signal of fdmag.signals for each")
        object.__setattr__(self, "signals", tuple(self.signals))
        object.__setattr__(self, "_stacked", _stacked(self.signals))

    @property
    def count(self) -> int:
        """Number of replicas."""
        return len(self.signals)

    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the factors of all replicas at their times ``t``, (count,) [s]."""
        return self.of(t, None)

    def of(self, t: NDArray[np.float64], replicas: NDArray[np.intp] | None) -> NDArray[np.float64]:
        """Return the factors of some replicas, (n,), or of all (None), at their times ``t``, (n,) [s]."""
        rows = np.arange(self.count) if replicas is None else replicas
        if self._stacked is not None:  # type: ignore[attr-defined]
            return _chosen(self._stacked, rows)(t)  # type: ignore[attr-defined]
        values = [self.signals[row](t[i : i + 1]) for i, row in enumerate(rows)]
        return np.concatenate([np.empty(0), *values])

    def edges(self, start: float, stop: float) -> NDArray[np.float64]:
        """Return the edges of all."""
        return np.concatenate([signal.edges(start, stop) for signal in self.signals])

    def step_limit(self, duration: float) -> float:
        """Return the shortest of all."""
        return float(self.step_limits(duration).min())

    def step_limits(self, duration: float) -> NDArray[np.float64]:
        """Return the longest step [s] of each replica, (count,)."""
        return np.array([signal.step_limit(duration) for signal in self.signals])


def _stacked(signals: Sequence[Signal]) -> Signal | None:
    """Return a signal whose numbers are arrays (count,), or None if these have no formula in common."""
    first = signals[0]
    if any(type(signal) is not type(first) for signal in signals):
        return None
    if isinstance(first, Product):
        if any(len(signal.signals) != len(first.signals) for signal in signals):  # type: ignore[attr-defined]
            return None
        factors = [_stacked(column) for column in zip(*(signal.signals for signal in signals), strict=True)]  # type: ignore[attr-defined]
        return None if None in factors else Product(tuple(factor for factor in factors if factor is not None))
    if not isinstance(first, _ELEMENTWISE):
        return None
    result = copy.copy(first)
    for field in fields(first):
        values = [getattr(signal, field.name) for signal in signals]
        if "unit" in field.metadata:
            object.__setattr__(result, field.name, np.array(values))
        elif any(value != values[0] for value in values):
            return None
    return result


def _chosen(stacked: Signal, rows: NDArray[np.intp]) -> Signal:
    """Return the signal for the times of some replicas."""
    if isinstance(stacked, Product):
        return Product(tuple(_chosen(factor, rows) for factor in stacked.signals))
    result = copy.copy(stacked)
    for field in fields(stacked):  # type: ignore[arg-type]
        if "unit" in field.metadata:
            object.__setattr__(result, field.name, getattr(stacked, field.name)[rows])
    return result
