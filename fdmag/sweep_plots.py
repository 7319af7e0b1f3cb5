"""Figures of the results of a sweep: lines over a swept quantity, with bars where they are uncertain, maps over two."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError, did_you_mean
from fdmag.output.plots import axis_label, dressed, legend, new_figure, scaled, style
from fdmag.units import parse_quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEMBER = "member"
"""Dimension of a sweep whose members follow no grid."""
_SHORT = 7  # points along a dimension, up to which it is told by curves rather than by an axis of a map
_SMALL = 1e-2  # a probability with smaller values is drawn on a logarithmic scale
_PROBABILITIES = ("probability", "error rate")
_NUMBER = "_number"  # end of the name of an axis that differs between members


def plot_sweep(
    data: Any,
    names: Sequence[str] = (),
    *,
    x: str | None = None,
    at: Mapping[str, str | float] | None = None,
    lines: bool = False,
    together: bool = False,
) -> "Figure":
    """Return the figure of results of a sweep, a panel for each; parameters and errors as of `plot`.

    ``data`` is an `xarray.Dataset` whose variables and coordinates tell their ``units``. Over one swept quantity there
    are curves; over two a map, or curves where the second has few values; over members of no grid there are points.
    """
    drawn = list(names) or _usual_results(data)
    for name in drawn:
        if name not in data.data_vars:
            raise ParameterError(
                f'the sweep has no result "{name}"; allowed: {", ".join(map(str, data.data_vars))}'
                f"{did_you_mean(name, map(str, data.data_vars))}"
            )
    if not drawn:
        raise ParameterError("the sweep has no results that are numbers")
    cut = _cut(data, at or {})
    if together:
        return _together(cut, drawn, x)
    figure = new_figure(height=0.6 + 3.6 * len(drawn))
    panels = figure.subplots(len(drawn), 1, squeeze=False)[:, 0]
    for panel, name in zip(panels, drawn, strict=True):
        _draw_result(figure, panel, cut, name, x, lines)
    return figure


def _together(data: Any, names: Sequence[str], x: str | None) -> "Figure":
    """Return the figure of results over one swept quantity, curves in a panel for each unit."""
    panels: dict[str, list[str]] = {}
    for name in names:
        dims = [str(dim) for dim in data[name].squeeze().dims]
        if len(dims) != 1 or dims == [MEMBER] or x not in (None, dims[0]):
            raise ParameterError(f'together: "{name}" lies over {", ".join(dims) or "nothing"}; needed: one quantity')
        panels.setdefault(str(data[name].attrs.get("units", "1")), []).append(name)
    figure = new_figure(height=0.6 + 3.6 * len(panels))
    axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for panel, (unit, group) in zip(axes, panels.items(), strict=True):
        across = str(data[group[0]].squeeze().dims[0])
        ys, y_unit = scaled(np.stack([data[name].squeeze().values for name in group]), unit)
        xs, x_unit = scaled(data[across].values, data[across].attrs.get("units"))
        for number, (name, values) in enumerate(zip(group, ys, strict=True)):
            _line(panel, xs, values, _errors(data, name, values), label=name, **style(number, xs.size))
        panel.legend(fontsize="small")
        dressed(panel, axis_label(across, x_unit), f"[{y_unit}]" if y_unit else "")
    return figure


def _usual_results(data: Any) -> list[str]:
    """Return the named results; where there are none what devices and stages have found first, m_z, or a quantity."""
    found = [str(name) for name in data.data_vars if _is_number(data[name]) and "units" in data[name].attrs]
    named = [name for name in found if "measure" in data[name].attrs]
    firsts: dict[str, str] = {}
    for name in found:
        owner, dot, _ = name.partition(".")
        if dot and len(_own_dims(data, name)) == (data[name].ndim > len(_swept(data))) and data[name].notnull().any():
            firsts.setdefault(owner, name)
    return named or list(firsts.values()) or [name for name in found if name == "mz"] or found[:1]


def _swept(data: Any) -> list[str]:
    """Return the dimensions that are swept; the others are axes of what members have found."""
    found = [str(dim) for dim in data.dims if dim in (MEMBER, "sample") or "path" in data[dim].attrs]
    return found or list(map(str, data.dims))


def _own_dims(data: Any, name: str) -> list[str]:
    swept = _swept(data)
    return [str(dim) for dim in data[name].dims if dim not in swept]


def _errors(data: Any, name: str, drawn: NDArray) -> NDArray | None:
    """Return how far down and up the uncertainty of a result reaches, (2, ...), in the unit that it is drawn in."""
    attributes = data[name].attrs
    values = data[name].squeeze().values
    sigma, bounds = attributes.get("ancillary_variables"), attributes.get("interval", "").split()
    if sigma in data:
        below = above = data[sigma].squeeze().values
    elif len(bounds) == 2 and all(bound in data for bound in bounds):
        below, above = (np.abs(data[bound].squeeze().values - values) for bound in bounds)
    else:
        return None
    if below.shape != values.shape or above.shape != values.shape:
        return None
    finite = np.isfinite(values) & (values != 0)
    factor = float((drawn[finite] / values[finite]).flat[0]) if finite.any() else 1.0
    return np.nan_to_num(np.stack([below, above]), posinf=0.0) * factor


def _line(axes: "Axes", xs: NDArray, ys: NDArray, errors: NDArray | None, **options: Any) -> None:
    """Draw a curve, with bars where it is uncertain."""
    if errors is None or not errors.any():
        axes.plot(xs, ys, **options)
    else:
        axes.errorbar(xs, ys, yerr=errors, capsize=2, elinewidth=0.8, **options)


def _spread(axes: "Axes", values: Any) -> None:
    """Draw a probability that is small somewhere on a logarithmic scale; 0 lies below any."""
    told = f"{values.name} {values.attrs.get('long_name', '')}".replace("_", " ")
    numbers = values.values[values.values > 0]
    if numbers.size and numbers.min() < _SMALL and any(word in told for word in _PROBABILITIES):
        axes.set_yscale("log", nonpositive="clip")


def _cut(data: Any, at: Mapping[str, str | float]) -> Any:
    for name, value in at.items():
        if name not in data.dims or name not in data.coords:
            swept = [str(dim) for dim in data.dims if dim in data.coords]
            raise ParameterError(f'at: "{name}" is not swept; allowed: {", ".join(swept)}{did_you_mean(name, swept)}')
        if not _is_number(data[name]):
            known = list(map(str, data[name].values))
            if str(value) not in known:
                raise ParameterError(f'at: {name} has no "{value}"; allowed: {", ".join(known)}'
                                     f"{did_you_mean(str(value), known)}")  # fmt: skip
            data = data.isel({name: known.index(str(value))})
            continue
        unit = data[name].attrs.get("units") or "1"
        number = parse_quantity(value, unit) if isinstance(value, str) else float(value)
        data = data.sel({name: number}, method="nearest")
    return data


def _draw_result(figure: "Figure", axes: "Axes", data: Any, name: str, x: str | None, lines: bool) -> None:
    values = data[name].squeeze()
    dims = [str(dim) for dim in values.dims]
    counted = [dim for dim in data.dims if dim not in _swept(data)]  # of length 1, where they are not drawn over
    told = ", ".join(_told(values, str(key)) for key in values.coords
                     if not values[key].dims and key not in counted and _is_number(values[key]))  # fmt: skip
    if dims == [MEMBER] or (MEMBER in dims and len(dims) == 2 and x not in dims):
        _draw_members(axes, data, values, x, told)
        return
    if not 1 <= len(dims) <= 2:
        reason = "one value only" if not dims else f"{len(dims)} dimensions ({', '.join(dims)}); cut with at"
        raise ParameterError(f'"{name}" has {reason}: lines need one dimension, a map two')
    if x is not None and x not in dims:
        raise ParameterError(
            f'x = "{x}" is no dimension of "{name}"; allowed: {", ".join(dims)}{did_you_mean(x, dims)}'
        )
    x = x or _usual_dim(data, dims)
    numbers, unit = scaled(values.values, values.attrs.get("units"))
    errors = _errors(data, name, numbers)
    x_name, xs, x_unit = _along(data, x)
    if len(dims) == 1:
        _line(axes, xs, numbers, errors, **style(0, xs.size))
        _spread(axes, values)
        dressed(axes, axis_label(x_name, x_unit), axis_label(name, unit), told)
        return
    other = dims[1 - dims.index(x)]
    if dims.index(x) == 0:  # (other, x)
        numbers, errors = numbers.T, None if errors is None else errors.transpose(0, 2, 1)
    if lines or _counts(data, other) or data[other].size <= _SHORT:
        for number, (value, row) in enumerate(zip(_values_told(data, other), numbers, strict=True)):
            bars = None if errors is None else errors[:, number]
            _line(axes, xs, row, bars, label=f"{other} = {value}", **style(number, xs.size))
        _spread(axes, values)
        legend(axes)
        dressed(axes, axis_label(x_name, x_unit), axis_label(name, unit), told)
        return
    y_name, ys, y_unit = _along(data, other)
    finite = numbers[np.isfinite(numbers)]
    signed = finite.size > 0 and finite.min() < 0 < finite.max()
    bound = float(np.abs(finite).max()) if signed else None
    colours = axes.pcolormesh(xs, ys, numbers, shading="nearest", cmap="PuOr" if signed else "cividis",
                              vmin=None if bound is None else -bound, vmax=bound, rasterized=True)  # fmt: skip
    figure.colorbar(colours, ax=axes, label=axis_label(name, unit))
    axes.set(xlabel=axis_label(x_name, x_unit), ylabel=axis_label(y_name, y_unit), title=told)


def _draw_members(axes: "Axes", data: Any, values: Any, x: str | None, told: str) -> None:
    """Draw the members of a sweep as points over a quantity that was swept."""
    swept = [str(key) for key in data.coords if data[key].dims == (MEMBER,) and key != MEMBER and _is_number(data[key])]
    if x is not None and x not in swept:
        raise ParameterError(f'x = "{x}" was not swept; allowed: {", ".join(swept)}{did_you_mean(x, swept)}')
    across = x or next(iter(swept), None)
    if across is None:
        raise ParameterError("no quantity that is a number was swept; there is nothing to draw over")
    name = str(values.name)
    numbers, unit = scaled(values.values, values.attrs.get("units"))
    errors = _errors(data, name, numbers)
    xs, x_unit = scaled(data[across].values, data[across].attrs.get("units"))
    other = next((str(dim) for dim in values.dims if dim != MEMBER), None)
    texts: list[str | None] = [None] if other is None else [f"{other} = {each}" for each in _values_told(data, other)]
    rows = numbers.reshape(xs.size, -1).T if values.dims[0] == MEMBER else numbers
    bars = None if errors is None else np.stack([each.reshape(xs.size, -1).T if values.dims[0] == MEMBER else each
                                                 for each in errors])  # fmt: skip
    for number, (text, row) in enumerate(zip(texts, rows, strict=True)):
        points = {"color": style(number, 0)["color"], "marker": "o", "markersize": 3, "linestyle": "", "alpha": 0.7}
        _line(axes, xs, row, None if bars is None else bars[:, number], label=text, **points)
    if other is not None:
        legend(axes)
    dressed(axes, axis_label(across, x_unit), axis_label(name, unit), told)


def _counts(data: Any, dim: str) -> bool:
    """Return whether a dimension is an axis of what members have found that counts or names, and has no values."""
    return dim not in _swept(data) and data[dim].dtype.kind != "f"


def _usual_dim(data: Any, dims: list[str]) -> str:
    """Return what to draw over: the swept quantity with the most values; of few, an axis of what members have found."""
    swept = [dim for dim in dims if dim in _swept(data)] or dims
    most = max(swept, key=lambda dim: data[dim].size)
    own = [dim for dim in dims if dim not in swept and not _counts(data, dim)]
    return own[0] if own and data[most].size <= _SHORT else most


def _along(data: Any, dim: str) -> tuple[str, NDArray, str]:
    """Return name and values of an axis as they are drawn, and their unit; it counts where it has names."""
    values = dim.removesuffix(_NUMBER)
    if values != dim and values in data and data[values].squeeze().dims == (dim,):
        return values, *scaled(data[values].squeeze().values, data[values].attrs.get("units"))
    if _is_number(data[dim]):
        return dim, *scaled(data[dim].values, data[dim].attrs.get("units"))
    return dim, np.arange(data[dim].size, dtype=float), ""


def _values_told(data: Any, dim: str) -> list[str]:
    if not _is_number(data[dim]):
        return list(map(str, data[dim].values))
    _, values, unit = _along(data, dim)
    return [f"{value:.4g} {unit}".rstrip() for value in values]


def _told(data: Any, key: str) -> str:
    value, unit = scaled(float(data[key]), data[key].attrs.get("units"))
    return f"{key} = {float(value):.4g} {unit}".rstrip()


def _is_number(array: Any) -> bool:
    return bool(np.issubdtype(array.dtype, np.number))
