"""Figures of what a run or a sweep left: lines over time or over a swept quantity, and maps over two."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError, did_you_mean
from fdmag.output.plots import axis_label, dressed, new_figure, scaled, style
from fdmag.output.table_data import TableData, read_table
from fdmag.units import parse_quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MEMBER = "member"
"""Dimension of a sweep whose members follow no grid."""
MOST_CURVES = 12
"""Replicas that have a curve each with a name; of more, the mean and the middle nine tenths are drawn."""
MOST_TOGETHER = 6
"""Curves of several columns and replicas in one panel; of more, every column has a panel of its own."""
_LABELS = ("replica", "stage")
_INSIDE, _LINES = 5, 18  # entries of a legend that lies in the axes; lines of one beside them
_SMALL = 1e-2  # a probability with smaller values is drawn on a logarithmic scale
_SHORT = 7  # points along a dimension, up to which it is told by curves rather than by an axis of a map


def plot(
    path: str | os.PathLike[str],
    names: Sequence[str] = (),
    *,
    x: str | None = None,
    at: Mapping[str, str | float] | None = None,
    lines: bool = False,
    together: bool = False,
) -> "Figure":
    """Return the figure of a run directory, a table (.csv) or the results of a sweep (.nc).

    Parameters
    ----------
    path : path
    names : sequence of str
        What to draw; by default ⟨m⟩ of a run, the first result of another table, and the named results of a sweep.
    x : str, optional
        What to draw it over; by default time where it passes, else what counts the rows (image, mode, frequency) or
        the applied field; of a sweep the quantity with the most values.
    at : mapping, optional
        Values of swept quantities at which to cut, the nearest counts: numbers in SI, or with units ("10 mT").
    lines : bool
        Draw curves where a map would be drawn.
    together : bool
        Draw results of a sweep over one quantity as curves in one panel for each unit, as columns of a table are.

    Raises
    ------
    ParameterError
        If there is nothing to draw there, a name is unknown, or matplotlib (xarray for a sweep) is not installed.
    FileFormatError
        If a file is damaged.
    """
    source = _source(Path(path))
    if source.suffix == ".nc":
        return plot_sweep(_dataset(source), names, x=x, at=at or {}, lines=lines, together=together)
    if at:
        raise ParameterError(f"{source}: at is for sweeps; a table has no swept quantities")
    try:
        return plot_table(read_table(source), names, x=x)
    except ParameterError as error:
        others = sorted(str(each) for each in source.parent.rglob("*.csv") if each != source and Path(path).is_dir())
        raise ParameterError(f"{error}{'; or plot ' + ' or '.join(others) if others else ''}") from error


def plot_table(data: TableData, names: Sequence[str] = (), *, x: str | None = None) -> "Figure":
    """Return the figure of columns over a column; parameters and errors as of `plot`.

    There is a panel for each unit, or where that makes many curves for each column.
    """
    across = x or _usual_x(data, names)
    columns = list(names) or [name for name in ("mx", "my", "mz") if name in data] or _first_result(data, across)
    replicas = np.unique(data["replica"]) if "replica" in data else np.zeros(1, int)
    one_row_each = len(replicas) == len(data) > 1  # then there is one curve, over all of them
    apart = not one_row_each and replicas.size <= MOST_CURVES and len(columns) * replicas.size > MOST_TOGETHER
    panels: dict[tuple[str | None, str], list[str]] = {}
    for name in columns:
        data[name]  # tells an unknown one
        panels.setdefault((data.units[name], name if apart else ""), []).append(name)
    figure = new_figure(height=1.0 + 3.0 * len(panels))
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    xs, x_unit = scaled(data[across], data.units[across])
    rows: list[NDArray] = [
        data["replica"] == each if "replica" in data else np.ones(len(data), bool) for each in replicas
    ]
    if one_row_each:
        replicas, rows = np.zeros(1, int), [np.argsort(xs, kind="stable")]
    for panel, ((unit, _), group) in zip(axes, panels.items(), strict=True):
        together, y_unit = scaled(np.stack([data[name] for name in group]), unit)
        for number, (name, ys) in enumerate(zip(group, together, strict=True)):
            _curves(panel, xs, ys, rows, [int(each) for each in replicas], name, number, len(group))
        dressed(panel, "", axis_label(group[0] if len(group) == 1 else "", y_unit))
        if len(group) == 1:
            _interval(panel, xs, data, group[0])
        if len(group) > 1 or len(rows) > 1:
            _legend(panel)
    axes[-1].set_xlabel(axis_label(across, x_unit))
    return figure


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
            panel.plot(xs, values, label=name, **style(number, xs.size))
        panel.legend(fontsize="small")
        dressed(panel, axis_label(across, x_unit), f"[{y_unit}]" if y_unit else "")
    return figure


def _usual_results(data: Any) -> list[str]:
    """Return the named results of a sweep; where there are none m_z, or else the first quantity."""
    found = [str(name) for name in data.data_vars if _is_number(data[name]) and "units" in data[name].attrs]
    named = [name for name in found if "measure" in data[name].attrs]
    return named or [name for name in found if name == "mz"] or found[:1]


def _source(path: Path) -> Path:
    """Return the file that a path stands for."""
    if not path.is_dir():
        if path.suffix not in (".csv", ".nc") or not path.exists():
            raise ParameterError(f"{path}: give a run directory, a table (.csv) or the results of a sweep (.nc)")
        return path
    found = [path / name for name in ("sweep.nc", "table.csv") if (path / name).exists()]
    if not found:
        raise ParameterError(f"{path}: holds neither sweep.nc nor table.csv; give the directory of a run")
    return found[0]


def _dataset(path: Path) -> Any:
    try:
        import xarray

        with xarray.open_dataset(path, engine="h5netcdf") as data:
            return data.load()
    except ImportError as error:
        raise ParameterError(f"{path}: reading it needs xarray: pip install 'fdmag[sweep]' ({error})") from error


def _numeric(data: TableData) -> list[str]:
    return [name for name in data.columns if name not in _LABELS and name != "t"]


def _first_result(data: TableData, across: str) -> list[str]:
    """Return the first column that is not drawn over; of a vector all components."""
    first = next((name for name in _numeric(data) if name != across), across)
    stem, dot, _ = first.rpartition(".")
    return [name for name in _numeric(data) if dot and name.rpartition(".")[0] == stem] or [first]


def _usual_x(data: TableData, columns: Sequence[str]) -> str:
    """Return the time where it passes, else the first column that counts rows, else that with the most values."""
    if "t" in data and np.ptp(data["t"]) > 0:
        return "t"
    results = {"mx", "my", "mz", "max_torque", *columns}
    given = [name for name in _numeric(data) if name not in results and not name.startswith("E_")]
    labels = [data[name] for name in _LABELS if name in data]
    same = np.logical_and.reduce([np.ones(len(data) - 1, bool), *(each[1:] == each[:-1] for each in labels)])
    for name in given:
        if same.any() and (np.diff(data[name])[same] > 0).all():
            return name
    counts = {name: np.unique(data[name]).size for name in given}
    best = max(counts, key=lambda name: counts[name], default=None)
    if best is None or counts[best] < 2:
        raise ParameterError(
            "the table has no two rows that differ, so that there is no curve to draw; table_every of a run stage "
            f"makes more rows. To draw over a column all the same give x, one of: {', '.join(data.columns)}"
        )
    return best


def _interval(axes: "Axes", xs: NDArray, data: TableData, name: str) -> None:
    """Draw the interval of a probability, in columns low and high behind it; on a logarithmic scale if it is small."""
    columns = list(data.columns)
    if columns[columns.index(name) + 1 :][:2] != ["low", "high"]:
        return
    values, low, high = data[name], data["low"], data["high"]
    least = values[values > 0].min(initial=np.inf)
    if least < _SMALL:
        axes.set_yscale("log")
        low = np.maximum(low, least / 30)  # a bound of 0 lies below any logarithmic axis
    axes.fill_between(xs, low, high, color=style(0, 0)["color"], alpha=0.25, linewidth=0)


def _legend(axes: "Axes") -> None:
    """Name the curves, in the axes if there are few, else beside them."""
    entries = len(axes.get_legend_handles_labels()[1])
    beside = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5), "ncols": -(-entries // _LINES)}
    place: dict[str, Any] = beside if entries > _INSIDE else {}
    legend = axes.legend(fontsize="small", **place)
    for line in legend.get_lines():
        line.set_alpha(1)


def _curves(
    axes: "Axes", xs: NDArray, ys: NDArray, rows: list[NDArray], replicas: list[int], name: str, number: int, group: int
) -> None:
    """Draw a column: a curve for each replica, or of many the mean and the middle nine tenths, or faint curves."""
    aligned = len({tuple(xs[chosen]) for chosen in rows}) == 1 if len(rows) > MOST_CURVES else False
    if aligned:
        values = np.stack([ys[chosen] for chosen in rows])
        drawn = style(number, values.shape[1])
        low, high = np.percentile(values, [5, 95], axis=0)
        axes.fill_between(xs[rows[0]], low, high, color=drawn["color"], alpha=0.25, linewidth=0)
        axes.plot(xs[rows[0]], values.mean(axis=0), label=f"{name}, mean and 5–95 % of {len(rows)} replicas", **drawn)
        return
    if len(rows) > MOST_CURVES:  # of replicas with times of their own there is no mean
        faint = {"color": style(number, 0)["color"], "alpha": max(0.05, 5 / len(rows)), "linewidth": 0.6}
        for place, chosen in enumerate(rows):
            axes.plot(xs[chosen], ys[chosen], label=f"{name}, {len(rows)} replicas" if place == 0 else None, **faint)
        return
    for place, (chosen, replica) in enumerate(zip(rows, replicas, strict=True)):
        text = name if len(rows) == 1 else f"{name}, replica {replica}" if group > 1 else f"replica {replica}"
        axes.plot(xs[chosen], ys[chosen], label=text, **style(place * group + number, int(chosen.sum())))


def _cut(data: Any, at: Mapping[str, str | float]) -> Any:
    for name, value in at.items():
        if name not in data.dims or name not in data.coords:
            swept = [str(dim) for dim in data.dims if dim in data.coords]
            raise ParameterError(f'at: "{name}" is not swept; allowed: {", ".join(swept)}{did_you_mean(name, swept)}')
        unit = data[name].attrs.get("units", "1")
        number = parse_quantity(value, unit) if isinstance(value, str) else float(value)
        data = data.sel({name: number}, method="nearest")
    return data


def _draw_result(figure: "Figure", axes: "Axes", data: Any, name: str, x: str | None, lines: bool) -> None:
    values = data[name].squeeze()
    dims = [str(dim) for dim in values.dims]
    told = ", ".join(_told(data, str(key)) for key in values.coords if not values[key].dims and _is_number(values[key]))
    if dims == [MEMBER]:
        _draw_members(axes, data, values, x, told)
        return
    if not 1 <= len(dims) <= 2:
        reason = "one value only" if not dims else f"{len(dims)} dimensions ({', '.join(dims)}); cut with at"
        raise ParameterError(f'"{name}" has {reason}: lines need one dimension, a map two')
    if x is not None and x not in dims:
        raise ParameterError(
            f'x = "{x}" is no dimension of "{name}"; allowed: {", ".join(dims)}{did_you_mean(x, dims)}'
        )
    if x is None:
        x = dims[0] if len(dims) == 1 or values.sizes[dims[0]] >= values.sizes[dims[1]] else dims[1]
    numbers, unit = scaled(values.values, values.attrs.get("units"))
    xs, x_unit = scaled(data[x].values, data[x].attrs.get("units"))
    if len(dims) == 1:
        axes.plot(xs, numbers, **style(0, xs.size))
        dressed(axes, axis_label(x, x_unit), axis_label(name, unit), told)
        return
    other = dims[1 - dims.index(x)]
    numbers = numbers if dims.index(x) == 1 else numbers.T  # (other, x)
    ys, y_unit = scaled(data[other].values, data[other].attrs.get("units"))
    if lines or ys.size <= _SHORT:
        for number, (value, row) in enumerate(zip(ys, numbers, strict=True)):
            axes.plot(xs, row, label=f"{other} = {value:.4g} {y_unit}".rstrip(), **style(number, xs.size))
        axes.legend(fontsize="small")
        dressed(axes, axis_label(x, x_unit), axis_label(name, unit), told)
        return
    finite = numbers[np.isfinite(numbers)]
    signed = finite.size > 0 and finite.min() < 0 < finite.max()
    bound = float(np.abs(finite).max()) if signed else None
    colours = axes.pcolormesh(xs, ys, numbers, shading="nearest", cmap="PuOr" if signed else "cividis",
                              vmin=None if bound is None else -bound, vmax=bound, rasterized=True)  # fmt: skip
    figure.colorbar(colours, ax=axes, label=axis_label(name, unit))
    axes.set(xlabel=axis_label(x, x_unit), ylabel=axis_label(other, y_unit), title=told)


def _draw_members(axes: "Axes", data: Any, values: Any, x: str | None, told: str) -> None:
    """Draw the members of a sweep as points over a quantity that was swept."""
    swept = [str(key) for key in data.coords if data[key].dims == (MEMBER,) and key != MEMBER and _is_number(data[key])]
    if x is not None and x not in swept:
        raise ParameterError(f'x = "{x}" was not swept; allowed: {", ".join(swept)}{did_you_mean(x, swept)}')
    across = x or next(iter(swept), None)
    if across is None:
        raise ParameterError("no quantity that is a number was swept; there is nothing to draw over")
    numbers, unit = scaled(values.values, values.attrs.get("units"))
    xs, x_unit = scaled(data[across].values, data[across].attrs.get("units"))
    axes.plot(xs, numbers, color=style(0, 0)["color"], marker="o", markersize=3, linestyle="", alpha=0.7)
    dressed(axes, axis_label(across, x_unit), axis_label(str(values.name), unit), told)


def _told(data: Any, key: str) -> str:
    value, unit = scaled(float(data[key]), data[key].attrs.get("units"))
    return f"{key} = {float(value):.4g} {unit}".rstrip()


def _is_number(array: Any) -> bool:
    return bool(np.issubdtype(array.dtype, np.number))
