"""Checks on the numbers that make a shape."""

from collections.abc import Sequence
from math import isfinite
from numbers import Real

import numpy as np

from fdmag.errors import ParameterError


def length(value: object, where: str) -> float:
    """Return a length [m] above 0, or raise ParameterError."""
    number = _finite(value)
    if number is None or number <= 0:
        raise ParameterError(f"{where} = {value!r}; a length above 0 m is needed")
    return number


def optional_length(value: object, where: str) -> float | None:
    """Return a length [m] above 0, or None for "unbounded"."""
    return None if value is None else length(value, f"{where} (None: unbounded)")


def numbers(values: object, count: int, where: str) -> tuple[float, ...]:
    """Return ``count`` finite numbers, or raise ParameterError."""
    several = isinstance(values, Sequence) or (isinstance(values, np.ndarray) and values.ndim > 0)
    items = tuple(values) if several else (values,)  # type: ignore[arg-type]
    checked = [number for item in items if (number := _finite(item)) is not None]
    if len(items) != count or len(checked) != count:
        raise ParameterError(f"{where} = {values!r}; {count} finite number(s) are needed")
    return tuple(checked)


def centre(values: object, where: str) -> tuple[float, float, float]:
    """Return a point (x, y, z) [m]; (x, y) is taken to lie at z = 0."""
    if isinstance(values, Sequence) and len(values) == 2:
        values = (*values, 0.0)
    x, y, z = numbers(values, 3, where)
    return x, y, z


def _finite(value: object) -> float | None:
    """Return a finite real number as a float, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    number = float(value)
    return number if isfinite(number) else None
