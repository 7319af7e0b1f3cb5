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
"""Replicas that have a curve each; of more, the mean and the middle nine tenths are drawn."""
_LABELS = ("replica", "stage")
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
        What to draw; by default ⟨m⟩ of a run, and the first result of a sweep.
    x : str, optional
        What to draw it over; by default time, or the first swept quantity.
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
    return plot_table(read_table(source), names, x=x)


def plot_table(data: TableData, names: Sequence[str] = (), *, x: str | None = None) -> "Figure":
    """Return the figure of columns over a column, a panel for each unit; parameters and errors as of `plot`."""
    columns = list(names) or [name for name in ("mx", "my", "mz") if name in data] or _numeric(data)[:1]
    across = x or _usual_x(data, columns)
    panels: dict[str | None, list[str]] = {}
    for name in columns:
        data[name]  # tells an unknown one
        panels.setdefault(data.units[name], []).append(name)
    figure = new_figure(height=1.0 + 3.0 * len(panels))
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    xs, x_unit = scaled(data[across], data.units[across])
    replicas = np.unique(data["replica"]) if "replica" in data else np.zeros(1, int)
    rows = [data["replica"] == each if "replica" in data else np.ones(len(data), bool) for each in replicas]
    for panel, (unit, group) in zip(axes, panels.items(), strict=True):
        together, y_unit = scaled(np.stack([data[name] for name in group]), unit)
        for number, (name, ys) in enumerate(zip(group, together, strict=True)):
            _curves(panel, xs, ys, rows, [int(each) for each in replicas], name, number, len(group))
        dressed(panel, "", axis_label(group[0] if len(group) == 1 else "", y_unit))
        if len(group) > 1 or 1 < len(rows) <= MOST_CURVES:
            panel.legend(fontsize="small")
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


def _usual_x(data: TableData, columns: Sequence[str]) -> str:
    """Return the time where it passes, else the column with the most values that is no result."""
    if "t" in data and np.ptp(data["t"]) > 0:
        return "t"
    given = [name for name in _numeric(data) if name not in columns and not name.startswith(("m", "E_"))]
    counts = {name: np.unique(data[name]).size for name in given}
    best = max(counts, key=lambda name: counts[name], default=None)
    if best is None or counts[best] < 2:
        raise ParameterError(f"nothing passes in this table but the row; give x, one of: {', '.join(data.columns)}")
    return best


def _curves(
    axes: "Axes", xs: NDArray, ys: NDArray, rows: list[NDArray], replicas: list[int], name: str, number: int, group: int
) -> None:
    """Draw a column: a curve for each replica, or of many the mean and the middle nine tenths."""
    aligned = len({tuple(xs[chosen]) for chosen in rows}) == 1 if len(rows) > MOST_CURVES else False
    if aligned:
        values = np.stack([ys[chosen] for chosen in rows])
        drawn = style(number, values.shape[1])
        low, high = np.percentile(values, [5, 95], axis=0)
        axes.fill_between(xs[rows[0]], low, high, color=drawn["color"], alpha=0.25, linewidth=0)
        axes.plot(xs[rows[0]], values.mean(axis=0), label=f"{name}, mean and 5–95 % of {len(rows)} replicas", **drawn)
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
