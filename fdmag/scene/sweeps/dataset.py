"""``sweep.nc``: what came out of every member, over the quantities that were swept."""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fdmag import __version__
from fdmag.errors import OutputError, ParameterError
from fdmag.output.files import sync_directory
from fdmag.scene.contents import figure_columns, result_tables, stage_columns, standard_columns, written_columns
from fdmag.scene.expect import reading_unit
from fdmag.scene.sweeps.arrays import MAX_NUMBERS, REPLICA, over_members
from fdmag.scene.sweeps.chunk import MemberResult
from fdmag.scene.sweeps.expansion import Expansion
from fdmag.scene.sweeps.findings import beside_figure, findings, last_values, read_member

if TYPE_CHECKING:
    import xarray

NAME = "sweep.nc"


def require_xarray() -> None:
    """Raise `ParameterError` if what sweeps need is not installed."""
    missing = [name for name in ("xarray", "h5netcdf", "h5py") if find_spec(name) is None]
    if missing:
        raise ParameterError(f"a sweep needs {' and '.join(missing)}: pip install 'fdmag[sweep]'")


def dataset(expansion: Expansion, results: Mapping[int, MemberResult], scene: Any) -> "xarray.Dataset":
    """Return what came out so far.

    Parameters
    ----------
    expansion : Expansion
    results : mapping of member to MemberResult
    scene : model of `fdmag.scene.schema.scene_model`
        That of the first member.

    Returns
    -------
    xarray.Dataset
        Dimensions: of a grid its quantities, with ``sample`` for those drawn at random; else ``member``. Variables:
        the last value of every column, over ``replica`` too if there are several, the named results, the figures of
        devices, ``NAME.figure``, and the further tables, ``TABLE.column``, over axes of their own, ``status``
        ("finished", "failed", "missing"), ``error``, ``device``, ``evaluations``, and, where all members have the same
        rows of one replica, ``row_NAME`` over ``row``. What is not there is NaN.
    """
    import xarray

    units = standard_columns(scene) | stage_columns(scene) | written_columns(scene)
    dims, shape, count = tuple(expansion.dimensions), expansion.shape, expansion.count
    data: dict[str, Any] = {}
    coordinates: dict[str, Any] = {}
    for quantity in expansion.quantities:
        along, values = expansion.coordinate(quantity)
        attributes = {"units": quantity.unit or "", "path": ", ".join(".".join(aim.path) for aim in quantity.targets)}
        coordinates[quantity.name] = along, values, attributes
    if dims != ("member",):
        number = np.arange(count).reshape(shape)
        data["member"] = dims, number, {"long_name": "number of the member, as in members/0000"}
    else:
        coordinates["member"] = "member", np.arange(count)
    tables = {member: result.table for member, result in results.items() if result.table is not None}

    def over(values: Mapping[int, float]) -> NDArray[np.float64]:
        flat = np.full(count, np.nan)
        flat[list(values)] = list(values.values())
        return flat.reshape(shape)

    for name, unit in figure_columns(scene).items():
        data[name] = dims, over({}), {"units": unit}  # as long as no member has it
    several = any(table[REPLICA].any() for table in tables.values())
    found = {member: (last_values(table, units) if several else {}) | findings(results[member], scene)
             for member, table in tables.items()}  # fmt: skip
    variables, axes = over_members(found, dims, shape)
    data |= variables
    coordinates |= axes
    for name, unit in units.items():
        if name not in data and name not in coordinates:  # a figure may have the name of a column
            last = {} if several else {member: float(table[name][-1]) for member, table in tables.items() if len(table)}
            data[name] = dims, over(last), {"units": unit, "long_name": f"last value of {name}"}
    known = result_tables(scene)
    for name, reading in expansion.table.results.items():
        read = {member: read_member(reading, results[member])[0] for member in tables}
        said = f"{reading.measure} of {reading.column}"
        attributes = {"units": reading_unit(reading, known[reading.table]), "long_name": said,
                      "measure": reading.measure} | beside_figure(reading, data)  # fmt: skip
        data[name] = dims, over(read), attributes
    if expansion.table.rows and not several:
        data |= _rows(dims, shape, tables, units)
    done = [results.get(member) for member in range(count)]
    texts = {
        "status": ["missing" if each is None else "failed" if each.error else "finished" for each in done],
        "error": ["" if each is None else each.error for each in done],
        "device": ["" if each is None or each.error else f"{each.device}, {each.precision}" for each in done],
    }
    for name, column in texts.items():
        data[name] = dims, np.array(column, dtype=object).reshape(shape)
    evaluations = [0 if each is None else each.counts.get("evaluations", 0) for each in done]
    data["evaluations"] = dims, np.array(evaluations).reshape(shape), {"long_name": "evaluations of the field"}
    return xarray.Dataset(data, coordinates, {"title": scene.title, "source": f"fdmag {__version__}"})


def _rows(
    dims: tuple[str, ...], shape: tuple[int, ...], tables: Mapping[int, Any], units: Mapping[str, str]
) -> dict[str, Any]:
    """Return all rows, if all members have the same stages and times."""
    lengths = {len(table) for table in tables.values()}
    if len(lengths) != 1 or (rows := lengths.pop()) < 2:
        return {}
    first = next(iter(tables.values()))
    count = int(np.prod(shape))
    alike = all(
        np.array_equal(table["stage"], first["stage"]) and np.allclose(table["t"], first["t"], rtol=1e-9, atol=0)
        for table in tables.values()
    )
    if not alike or count * rows * len(units) > MAX_NUMBERS:
        return {}
    found: dict[str, Any] = {}
    for name, unit in units.items():
        if name in ("t", "stage"):
            found[f"row_{name}"] = "row", first[name], {"units": unit}
            continue
        values = np.full((count, rows), np.nan)
        for member, table in tables.items():
            values[member] = table[name]
        found[f"row_{name}"] = (*dims, "row"), values.reshape(*shape, rows), {"units": unit, "long_name": name}
    return found


def write_dataset(path: Path, data: "xarray.Dataset") -> None:
    """Write ``sweep.nc``: it is replaced by a whole one.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        data.to_netcdf(temporary, engine="h5netcdf")
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    sync_directory(path.parent)
