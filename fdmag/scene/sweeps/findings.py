"""What of a member goes into ``sweep.nc``, and what can be read off it: its tables, devices and ensemble."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.output.table_data import TableData
from fdmag.scene.contents import result_tables, splits
from fdmag.scene.expect import read_of_all, read_of_one
from fdmag.scene.readings import OF_ALL, Reading
from fdmag.scene.sweeps.arrays import REPLICA, Array, told
from fdmag.scene.sweeps.chunk import MemberResult

UNCERTAINTY = "ancillary_variables"
"""Attribute that names the standard uncertainty of a variable, as CF conventions have it."""
INTERVAL = "interval"
"""Attribute that names the lower and the upper bound of a variable."""
_WHERE = ("t", "stage", REPLICA)
_TOLD = {
    "replicas": "number of replicas", "stopped": "number of replicas that stopped",
    "groups": "number of independent groups", "sigma": "standard error of both probabilities",
}  # fmt: skip
_SWITCHING = {"probability": "1", "error_rate": "1", "time_constant": "s", "mean_time": "s"}


def tables_of_stages(scene: Any) -> Iterator[tuple[str, str, int, str]]:
    """Yield the tables that stages leave: name, column that its rows lie along, stage, and name in ``sweep.nc``.

    A table of several stages, such as that of modes, has a name for each of them there; those of barriers are files of
    their own.
    """
    found = [(name, axis, index) for index, stage in enumerate(scene.stages)
             for name, axis in getattr(type(stage), "axes", {}).items()]  # fmt: skip
    names = [name for name, _, _ in found]
    for name, axis, index in found:
        several = f"{name}_{index}"
        if name in getattr(type(scene.stages[index]), "tables", {}):
            yield name, axis, index, name if names.count(name) == 1 else several
        else:
            yield several, axis, index, several
    if splits(scene):
        yield "splitting", "t", len(scene.stages) - 1, "splitting"


def counters(scene: Any) -> set[str]:
    """Return the dimensions of ``sweep.nc`` that count the rows of such tables."""
    units = result_tables(scene)
    return {axis for name, axis, _, _ in tables_of_stages(scene) if units.get(name, {}).get(axis, "1") == "1"}


def findings(result: MemberResult, scene: Any) -> dict[str, Array]:
    """Return what a member has found beside its table, by the names of ``sweep.nc``."""
    if not (result.devices or result.tables or result.switching):
        return {}
    found = dict(_of_devices(result.devices))
    batch = 1 if result.table is None else int(result.table[REPLICA].max(initial=0)) + 1
    for name, axis, stage, prefix in tables_of_stages(scene):
        if name in result.tables:
            table = result.tables[name]
            rows = table["stage"] == stage if "stage" in table else slice(None)
            chosen = TableData({key: column[rows] for key, column in table.columns.items()}, table.units)
            found |= _of_table(prefix, axis, chosen, 1 if name == "splitting" else batch)
    for each in result.switching:
        prefix = "switching" if len(result.switching) == 1 else f"switching_{each['stage']}"
        found |= _of_ensemble(prefix, each)
    return found


def _of_devices(devices: Mapping[str, Any]) -> Iterator[tuple[str, Array]]:
    for name, content in devices.items():
        given = {key: entry for kind in ("figures", "curves") for key, entry in content[kind].items()
                 if entry["value"] is not None}  # fmt: skip
        for key, entry in given.items():
            dims = tuple(axis if axis == REPLICA else f"{name}.{axis}" for axis in entry.get("axes", ()))
            values = told(entry["value"])
            if values.ndim == len(dims):
                attributes = {"units": entry["unit"], "long_name": entry["meaning"]}
                yield f"{name}.{key}", Array(dims, values, attributes | _beside(name, key, given, "sigma_{}"))


def _beside(prefix: str, key: str, given: Collection[str], uncertainty: str) -> dict[str, str]:
    """Return attributes that name the uncertainty and the bounds of a figure, of those that are given."""
    found, sigma = {}, uncertainty.format(key)
    if sigma in given:
        found[UNCERTAINTY] = f"{prefix}.{sigma}"
    if f"{key}_low" in given and f"{key}_high" in given:
        found[INTERVAL] = f"{prefix}.{key}_low {prefix}.{key}_high"
    return found


def beside_figure(reading: Reading, known: Collection[str]) -> dict[str, str]:
    """Return the attributes of a result that is the figure of a device, as it is; of others none."""
    prefix, _, key = reading.column.partition(".")
    if reading.table != "table" or reading.replica or reading.column not in known:
        return {}
    given = {name.partition(".")[2] for name in known if name.startswith(f"{prefix}.")}
    return _beside(prefix, key, given, "sigma_{}")


def _of_table(prefix: str, axis: str, table: TableData, batch: int) -> dict[str, Array]:
    """Return the columns of a further table over the column that its rows lie along."""
    counts = table.units[axis] in (None, "1")
    dimension = axis if counts else f"{prefix}.{axis}"
    own = [table[REPLICA] == replica for replica in range(batch)]
    along = table[axis]
    longest = along[max(own, key=lambda rows: int(rows.sum()))]
    if not counts and any(not np.array_equal(along[rows], longest) for rows in own):
        return {}  # frequencies of their own, which stay in the files of the member
    length = int(along.max(initial=-1)) + 1 if counts else longest.size
    attributes = {"units": table.units[axis] or "1", "long_name": axis}
    found = {} if counts else {dimension: Array((dimension,), longest, attributes)}
    for name, column in table.columns.items():
        if name in (*_WHERE, axis):
            continue
        values = np.full((batch, length), np.nan)
        for replica, rows in enumerate(own):
            values[replica, along[rows].astype(int) if counts else slice(None)] = column[rows]
        attributes = {"units": table.units[name] or "1", "long_name": f"{name.replace('_', ' ')} of {prefix}"}
        attributes |= _beside(prefix, name, table.columns, "{}_error")
        if prefix == "splitting" and name in _SWITCHING:
            attributes |= {UNCERTAINTY: f"{prefix}.sigma", INTERVAL: f"{prefix}.low {prefix}.high"}
        found[f"{prefix}.{name}"] = Array((REPLICA, dimension), values, attributes)
    return found


def _of_ensemble(prefix: str, figures: Mapping[str, Any]) -> dict[str, Array]:
    found = {}
    for key, meaning in _TOLD.items():
        if key in figures:
            attributes = {"units": "1", "long_name": meaning}
            found[f"{prefix}.{key}"] = Array((), np.array(float(figures[key])), attributes)
    for name, unit in _SWITCHING.items():
        if name in figures:
            text = name.replace("_", " ")
            bounds = {"low": f"lower bound of the {text}", "high": f"upper bound of the {text}"}
            attributes = {"units": unit, "long_name": f"{text} of switching"}
            attributes[INTERVAL] = f"{prefix}.{name}_low {prefix}.{name}_high"
            found[f"{prefix}.{name}"] = Array((), np.array(float(figures[name]["value"])), attributes)
            for key, meaning in bounds.items():
                value = np.array(float(figures[name][key]))
                found[f"{prefix}.{name}_{key}"] = Array((), value, {"units": unit, "long_name": meaning})
    return found


def last_values(table: TableData, units: Mapping[str, str]) -> dict[str, Array]:
    """Return the last values of the columns of a table with several replicas."""
    batch = int(table[REPLICA].max(initial=0)) + 1
    rows = [np.flatnonzero(table[REPLICA] == replica) for replica in range(batch)]
    found = {}
    for name, unit in units.items():
        values = np.array([table[name][own[-1]] if own.size else np.nan for own in rows], dtype=np.float64)
        found[name] = Array((REPLICA,), values, {"units": unit, "long_name": f"last value of {name}"})
    return found


def read_member(reading: Reading, result: MemberResult | None) -> tuple[float, float]:
    """Return a number read off a member, and its standard error, 0 if it has none; NaN where there is no number."""
    if result is None or result.table is None:
        return float("nan"), 0.0
    if reading.table == "table" and reading.column not in result.table:
        return _figure(reading, result.devices), 0.0
    table = result.table if reading.table == "table" else result.tables.get(reading.table)
    if table is None:
        return float("nan"), 0.0
    if reading.measure in OF_ALL:
        return read_of_all(reading, table)
    return read_of_one(reading, table)


def _figure(reading: Reading, devices: Mapping[str, Any]) -> float:
    name, _, key = reading.column.partition(".")
    value = devices.get(name, {}).get("figures", {}).get(key, {}).get("value")
    values: NDArray = told([] if value is None else value).ravel()
    if not values.size:
        return float("nan")
    return float(values[reading.replica if values.size > 1 else 0])
