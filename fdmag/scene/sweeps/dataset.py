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
from fdmag.scene.expect import read, reading_unit
from fdmag.scene.sweeps.chunk import MemberResult
from fdmag.scene.sweeps.expansion import Expansion

if TYPE_CHECKING:
    import xarray

NAME = "sweep.nc"
MAX_ROW_NUMBERS = 200_000_000
"""Most numbers that all rows of all members may be in sweep.nc; the tables hold them in any case."""


def require_xarray() -> None:
    """Raise `ParameterError` if what sweeps need is not installed."""
    missing = [name for name in ("xarray", "h5netcdf", "h5py") if find_spec(name) is None]
    if missing:
        raise ParameterError(f"a sweep needs {' and '.join(missing)}: pip install 'fdmag[sweep]'")


def dataset(
    expansion: Expansion, results: Mapping[int, MemberResult], units: Mapping[str, str], title: str = ""
) -> "xarray.Dataset":
    """Return what came out so far.

    Parameters
    ----------
    expansion : Expansion
    results : mapping of member to MemberResult
    units : mapping
        Unit of each numeric column of the tables.
    title : str

    Returns
    -------
    xarray.Dataset
        Dimensions: of a grid its quantities, with ``sample`` for those drawn at random; else ``member``. Variables:
        the last value of every column, the named results, ``status`` ("finished", "failed", "missing"), ``error``,
        ``device``, ``evaluations``, and, where all members have the same rows, ``row_NAME`` over ``row``. What is not
        there is NaN.
    """
    import xarray

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

    def over_members(values: Mapping[int, float]) -> NDArray[np.float64]:
        flat = np.full(count, np.nan)
        flat[list(values)] = list(values.values())
        return flat.reshape(shape)

    for name, unit in units.items():
        last = {member: float(table[name][-1]) for member, table in tables.items() if len(table)}
        data[name] = dims, over_members(last), {"units": unit, "long_name": f"last value of {name}"}
    for name, reading in expansion.table.results.items():
        found = {member: read(reading, table) for member, table in tables.items()}
        attributes = {"units": reading_unit(reading, units), "long_name": f"{reading.measure} of {reading.column}"}
        data[name] = dims, over_members(found), attributes
    if expansion.table.rows:
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
    return xarray.Dataset(data, coordinates, {"title": title, "source": f"fdmag {__version__}"})


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
    if not alike or count * rows * len(units) > MAX_ROW_NUMBERS:
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
