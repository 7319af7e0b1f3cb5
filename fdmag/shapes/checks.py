"""Checks on the numbers that make a shape or a texture."""

from collections.abc import Sequence
from math import isfinite
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError, did_you_mean
from fdmag.mesh import AXES


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


def number(value: object, where: str) -> float:
    """Return one finite number, or raise ParameterError."""
    found = _finite(value)
    if found is None:
        raise ParameterError(f"{where} = {value!r}; one finite number is needed")
    return found


def sign(value: object, where: str) -> int:
    """Return 1 or -1, or raise ParameterError."""
    if _finite(value) not in (1.0, -1.0):
        raise ParameterError(f"{where} = {value!r}; allowed: 1, -1")
    return 1 if value == 1 else -1


def integer(value: object, where: str, least: int) -> int:
    """Return an integer that is not too small, or raise ParameterError."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ParameterError(f"{where} = {value!r}; an integer from {least} is needed")
    return int(value)


def direction(values: object, where: str) -> NDArray[np.float64]:
    """Return the unit vector along three numbers, or raise ParameterError."""
    vector = np.array(numbers(values, 3, where))
    largest = np.abs(vector).max()
    if largest == 0:
        raise ParameterError(f"{where} = {values!r}; a direction of zero length: give at least one non-zero component")
    return vector / largest / np.linalg.norm(vector / largest)


def axis_number(value: object, where: str) -> int:
    """Return 0, 1, 2 for "x", "y", "z", or raise ParameterError."""
    if value not in tuple(AXES):
        raise ParameterError(f"{where} = {value!r}; allowed: {', '.join(AXES)}{did_you_mean(str(value), AXES)}")
    return AXES.index(str(value))


def _finite(value: object) -> float | None:
    """Return a finite real number as a float, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    number = float(value)
    return number if isfinite(number) else None
