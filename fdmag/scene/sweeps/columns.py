"""Values of swept quantities from the columns of a CSV file."""

import csv
import re
from pathlib import Path
from typing import Any

from fdmag.errors import FdmagError, FileFormatError, ParameterError, did_you_mean
from fdmag.units import parse_quantity

MAX_BYTES = 100_000_000
_HEADER = re.compile(r"\s*(.*?)\s*(?:[(\[]([^()\[\]]+)[)\]])?\s*\Z")


def read_columns(path: Path) -> dict[str, tuple[str | None, list[str]]]:
    """Return the columns of a CSV file by name: unit and cells.

    The first line has the names, with a unit in parentheses if the cells have none: ``device,Ms (kA/m)``. Lines that
    start with # are comments.

    Raises
    ------
    FileFormatError
        If the file is no such table.
    """
    if path.stat().st_size > MAX_BYTES:
        raise FileFormatError(f"{path.name} has more than {MAX_BYTES // 10**6} MB")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        rows = list(csv.reader((line for line in lines if line.strip() and not line.startswith("#")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(f"{path.name} is no table in CSV ({error})") from error
    if len(rows) < 2:
        raise FileFormatError(f"{path.name} holds no rows; needed: a line of names, and a line for each member")
    for number, row in enumerate(rows[1:], start=1):
        if len(row) != len(rows[0]):
            raise FileFormatError(f"{path.name}, row {number}: {len(row)} cells; the header has {len(rows[0])}")
    found: dict[str, tuple[str | None, list[str]]] = {}
    for header, *cells in zip(*rows, strict=True):
        match = _HEADER.match(header)
        name, unit = (match[1], match[2]) if match else (header, None)
        if name in found:
            raise FileFormatError(f"{path.name}: two columns are called {name!r}")
        found[name] = unit, [cell.strip() for cell in cells]
    return found


def column_values(columns: dict[str, tuple[str | None, list[str]]], name: str, unit: str | None) -> list[Any]:
    """Return the values of a column: numbers in ``unit``, or texts where that is None.

    Raises
    ------
    ParameterError
        If there is no such column, or a cell is no such quantity.
    """
    wanted = _HEADER.match(name)
    key = name if name in columns or wanted is None else wanted[1]
    if key not in columns:
        raise ParameterError(f'"{name}" is no column of the file: {", ".join(columns)}{did_you_mean(name, columns)}')
    given, cells = columns[key]
    if unit is None:
        return list(cells)
    values = []
    for number, cell in enumerate(cells, start=1):
        try:
            plain = given is not None and re.fullmatch(r"[-+0-9.eE]+", cell)
            values.append(parse_quantity(f"{cell} {given}" if plain else cell, unit))
        except FdmagError as error:
            raise ParameterError(f'column "{key}", row {number}: {error}') from error
    return values
