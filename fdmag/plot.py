"""Figures of what a run or a sweep left: lines over time or over a swept quantity, and maps over two."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.output.plots import axis_label, dressed, legend, new_figure, scaled, style
from fdmag.output.table_data import TableData, read_table
from fdmag.sweep_plots import plot_sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_CURVES = 12
"""Replicas that have a curve each with a name; of more, the mean and the middle nine tenths are drawn."""
MOST_TOGETHER = 6
"""Curves of several columns and replicas in one panel; of more, every column has a panel of its own."""
_LABELS = ("replica", "stage")
_SMALL = 1e-2  # a probability with smaller values is drawn on a logarithmic scale


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
            legend(panel)
    axes[-1].set_xlabel(axis_label(across, x_unit))
    return figure


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
