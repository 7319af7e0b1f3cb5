"""What a device leaves in a run directory: its figures as JSON, its curves as CSV, its picture as PNG."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.devices.result import Quantity, Result, quantities
from fdmag.errors import ParameterError
from fdmag.output.files import atomic_write
from fdmag.output.plots import new_figure, save_figure
from fdmag.output.provenance import write_json
from fdmag.output.table_data import header_cell

__all__ = ["REPLICA", "figure_units", "figures_among", "figures_of", "write_record"]

REPLICA = "replica"
"""The axis of fields that have one value for each replica."""


def figure_units(result: Any) -> dict[str, str]:
    """Return the units of the figures of a result, or of its class: of its numbers, and of one number per replica."""
    return {name: what.unit for name, what in figures_among(quantities(result)).items()}


def figures_among(declared: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """Return those of what is declared that are figures."""
    return {name: what for name, what in declared.items() if what.dims in ((), (REPLICA,))}


def figures_of(result: Result, batch: int) -> dict[str, NDArray[np.float64]]:
    """Return the figures of a result, (batch,) each; what was not found is NaN."""
    found = {}
    for name in figure_units(result):
        value = getattr(result, name)
        array = np.full(batch, np.nan) if value is None else np.asarray(value, dtype=np.float64)
        found[name] = np.broadcast_to(array, (batch,)).copy()
    return found


def write_record(folder: Path, name: str, result: Result, *, picture: bool = True) -> list[Path]:
    """Write ``device_NAME.json``, and where there are curves or a picture ``device_NAME.csv`` and ``device_NAME.png``.

    Parameters
    ----------
    folder : Path
        It exists.
    name : str
    result : Result
        Fields with axes become columns of the CSV file, one row per combination of their values; one per replica where
        these are all that the picture is drawn from. The picture is that of the result's ``plot``, left out where
        matplotlib is not installed.
    picture : bool
        Whether there is one.

    Raises
    ------
    OutputError
        If a file cannot be written.

    Returns
    -------
    list of Path
        The files written.
    """
    declared = quantities(result)
    data: dict[str, Any] = {"device": name, "result": type(result).__name__, "figures": {}, "curves": {}}
    for field, what in declared.items():
        value = getattr(result, field)
        entry = {"value": value, "unit": what.unit, "meaning": what.meaning}
        if not what.dims:
            data["figures"][field] = entry
        elif what.dims == (REPLICA,):
            data["figures"][field] = entry | {"axes": [REPLICA]}
        elif value is not None:
            data["curves"][field] = entry | {"axes": list(what.dims)}
    written = [folder / f"device_{name}.json"]
    write_json(written[0], data)
    over_replicas = hasattr(result, "plot") and any(what.dims == (REPLICA,) for what in declared.values())
    if data["curves"] or over_replicas:
        written.append(folder / f"device_{name}.csv")
        with atomic_write(written[-1], text=True) as file:
            csv.writer(file, lineterminator="\n").writerows(_rows(result))
    if picture and hasattr(result, "plot"):
        try:
            figure = new_figure()
        except ParameterError:  # matplotlib is an extra
            return written
        result.plot(figure.subplots())
        written.append(save_figure(figure, folder / f"device_{name}.png"))
    return written


def _rows(result: Result) -> Iterator[list[Any]]:
    """Yield a header and rows: the fields that lie along the axes of the one with the most, spread over all of them."""
    declared = quantities(result)
    present = {name: what for name, what in declared.items() if what.dims and getattr(result, name) is not None}
    axes = max((what.dims for what in present.values()), key=len)
    along = {name: what for name, what in present.items() if set(what.dims) <= set(axes)}
    sizes = {axis: size for name in along for axis, size in zip(along[name].dims, np.shape(getattr(result, name)),
                                                               strict=True)}  # fmt: skip
    shape = tuple(sizes[axis] for axis in axes)
    columns: dict[str, NDArray] = {}
    for place, axis in enumerate(axes):
        if axis not in along:
            columns[axis] = np.indices(shape)[place].ravel()
    for name, what in along.items():
        values = np.asarray(getattr(result, name))
        order = [what.dims.index(axis) for axis in axes if axis in what.dims]
        spread = [slice(None) if axis in what.dims else None for axis in axes]
        columns[name] = np.broadcast_to(values.transpose(order)[tuple(spread)], shape).ravel()
    yield [header_cell(name, along[name].unit if name in along else None) for name in columns]
    yield from zip(*(column.tolist() for column in columns.values()), strict=True)
