"""Checks of what device calculations are given: the owner, the name, what came, what is allowed."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError

__all__ = ["array_of", "checked", "lost_walls"]

RULES: dict[str, tuple[Callable[[NDArray], Any], str]] = {
    "positive": (lambda v: v > 0, "above 0"),
    "at least 0": (lambda v: v >= 0, "at least 0"),
    "finite": (np.isfinite, "a finite number"),
    "from 0 to 1": (lambda v: (v >= 0) & (v <= 1), "from 0 to 1"),
    "inside -1 to 1": (lambda v: np.abs(v) < 1, "above -1 and below 1"),
}


def checked(owner: str, values: Any, **rules: str) -> None:
    """Raise `ParameterError` for the first value that breaks its rule.

    Parameters
    ----------
    owner : str
        What the error begins with.
    values : mapping, or object with attributes
        Numbers or arrays by name.
    **rules : str
        A key of `RULES`, and after it the unit for the error, if there is one.

    >>> checked("layer", {"thickness": -1.0}, thickness="positive m")
    Traceback (most recent call last):
        ...
    fdmag.errors.ParameterError: layer: thickness = -1 m; allowed: above 0
    """
    for name, rule in rules.items():
        key = next(key for key in RULES if rule.startswith(key))
        test, allowed = RULES[key]
        value = np.asarray(values[name] if isinstance(values, dict) else getattr(values, name), dtype=float)
        wrong = np.logical_not(test(value))
        if wrong.any():
            unit = rule[len(key) :]
            raise ParameterError(f"{owner}: {name} = {value[wrong].flat[0]:g}{unit}; allowed: {allowed}")


def array_of(owner: str, name: str, values: Any, *, ndim: int = 1, least: int = 1) -> NDArray[np.float64]:
    """Return values as a float array of this many axes with at least this many entries on the last, all finite.

    Raises
    ------
    ParameterError
        If the shape does not fit, or a value is not finite.
    """
    array = np.asarray(values, dtype=float)
    if array.ndim != ndim or array.size == 0 or array.shape[-1] < least:
        axes = "1 axis" if ndim == 1 else f"{ndim} axes"
        raise ParameterError(f"{owner}: {name} has shape {array.shape}; allowed: {axes}, at least {least} entries")
    if not np.isfinite(array).all():
        raise ParameterError(f"{owner}: {name} holds a value that is not finite; allowed: finite numbers")
    return array


def lost_walls(position: NDArray, when: Callable[[int], str]) -> list[str]:
    """Return a sentence for each replica of which the wall has left the track.

    Parameters
    ----------
    position : array (batch, n) [m]
        Of the wall, as it was looked at; NaN where there was none.
    when : function of the number of the look
        What it is called.

    >>> lost_walls(np.array([[0, 1e-9], [0, np.nan]]), lambda look: f"after pulse {look}")[0][:42]
    'the wall of replica 1 has left the track a'
    """
    missing = np.isnan(position)
    return [
        f"the wall of replica {replica} has left the track {when(int(np.argmax(missing[replica])))}: no current brings "
        "it back, and figures are of a track without a wall from there on; take a longer track, other pulses, or the "
        "other sign of the wall's middle, D or J"
        for replica in np.flatnonzero(missing.any(axis=1)).tolist()
    ]
