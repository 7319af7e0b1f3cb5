"""Arrays that members have found, laid over the dimensions of their sweep and the axes of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

REPLICA = "replica"
NUMBER = "_number"
"""End of the name of an axis whose values differ between members: it then counts them."""
MAX_NUMBERS = 200_000_000
"""Most numbers that a variable may have; the files of the members hold them in any case."""


@dataclass(frozen=True)
class Array:
    """What a member has found.

    Attributes
    ----------
    dims : tuple of str
        Names of its axes. One named as the array is that of its own values: a coordinate.
    values : array
    attributes : dict
        ``units``, ``long_name``, ...
    """

    dims: tuple[str, ...]
    values: NDArray
    attributes: dict[str, Any] = field(default_factory=dict)


Variable = tuple[tuple[str, ...], NDArray, dict[str, Any]]
"""Dimensions, values and attributes, as xarray takes them."""


def over_members(
    found: Mapping[int, Mapping[str, Array]], dims: Sequence[str], shape: Sequence[int]
) -> tuple[dict[str, Variable], dict[str, Variable]]:
    """Return variables and coordinates over the dimensions of a sweep, and the axes of the arrays.

    Axes are as long as the longest; what is not there is NaN. Of an axis whose values are the same in all members, but
    that some may have fewer, these are a coordinate. Else the axis counts, and is named so, and its values are a
    variable like others; one that has no values counts, too. An axis ``replica`` of length 1 everywhere is none.

    Parameters
    ----------
    found : mapping of member to mapping of name to Array
    dims, shape : sequence
        Of the sweep, the last one fastest.

    Examples
    --------
    >>> modes = {0: Array(("mode",), np.array([4.0, 5.0])), 1: Array(("mode",), np.array([6.0]))}
    >>> data, _ = over_members({member: {"f": array} for member, array in modes.items()}, ["B"], [2])
    >>> data["f"][0], data["f"][1].tolist()
    (('B', 'mode'), [[4.0, 5.0], [6.0, nan]])
    """
    variables: dict[str, Variable] = {}
    coordinates: dict[str, Variable] = {}
    names = {axis: axis for arrays in found.values() for array in arrays.values() for axis in array.dims}
    for axis in names:
        given = [arrays[axis] for arrays in found.values() if axis in arrays and arrays[axis].dims == (axis,)]
        if not given:
            continue
        longest = max(given, key=lambda array: array.values.size)
        if all(_begins(longest.values, array.values) for array in given):
            coordinates[axis] = (axis,), longest.values, longest.attributes
        else:
            names[axis] = axis + NUMBER
    lengths: dict[str, int] = {}
    for own in found.values():
        for array in own.values():
            for axis, length in zip(array.dims, array.values.shape, strict=True):
                lengths[axis] = max(length, lengths.get(axis, 0))
    for name in dict.fromkeys(name for arrays in found.values() for name in arrays):
        arrays = {member: own[name] for member, own in found.items() if name in own}
        if name not in coordinates and (whole := _whole(arrays, lengths, int(np.prod(shape)))) is not None:
            axes, values, attributes = whole
            along = (*dims, *(names[axis] for axis in axes))
            variables[name] = along, values.reshape(*shape, *values.shape[1:]), attributes
    used = {axis: values.shape[place] for along, values, _ in variables.values() for place, axis in enumerate(along)}
    counts = {axis: ((axis,), np.arange(length), {"long_name": f"number, from 0: {axis.removesuffix(NUMBER)}"})
              for axis, length in used.items() if axis not in dims}  # fmt: skip
    return variables, counts | {axis: value for axis, value in coordinates.items() if axis in used}


def _whole(arrays: Mapping[int, Array], lengths: Mapping[str, int], count: int) -> Variable | None:
    """Return arrays over members and their axes, with these; None of what is no number, or too large."""
    first = next(iter(arrays.values()))
    own, attributes = first.dims, first.attributes
    if any(array.dims != own or array.values.dtype.kind not in "fiub" for array in arrays.values()):
        return None
    if count * int(np.prod([lengths[axis] for axis in own])) > MAX_NUMBERS:
        return None
    whole = np.full((count, *(lengths[axis] for axis in own)), np.nan)
    for member, array in arrays.items():
        place: tuple[Any, ...] = (member, *map(slice, array.values.shape))
        whole[place] = array.values
    if REPLICA in own and all(array.values.shape[own.index(REPLICA)] == 1 for array in arrays.values()):
        whole = whole.take(0, axis=1 + own.index(REPLICA))
        own = tuple(axis for axis in own if axis != REPLICA)
    return own, whole, attributes


def _begins(longest: NDArray, values: NDArray) -> bool:
    """Return whether values are those that the longest begins with."""
    begin = longest[: values.size]
    if longest.dtype.kind in "fiub" and values.dtype.kind in "fiub":
        return bool(np.allclose(begin, values, rtol=1e-9, atol=0, equal_nan=True))
    return bool(np.array_equal(begin, values))


def told(values: Any) -> NDArray:
    """Return the array that a list of a JSON file holds, in which texts stand for what is not finite.

    >>> told([1.5, "NaN"]).tolist(), told(["STT", "SOT"]).tolist()
    ([1.5, nan], ['STT', 'SOT'])
    """
    array = np.array(values, dtype=object)
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        return array
