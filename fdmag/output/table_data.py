"""Read the table of a run back: columns by bare name, with units."""

import csv
import io
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import FileFormatError, ParameterError, did_you_mean

_INTEGER = re.compile(r"[+-]?\d{1,18}")  # 18 digits fit int64


@dataclass(frozen=True)
class TableData:
    """Columns of a table.

    Parameters
    ----------
    columns : dict of name to array (n,)
        Integer columns as int64, all others as float64, in the units of the file (SI).
    units : dict of name to str or None
        ``"1"`` for a pure number, None for a label such as ``replica``.

    Examples
    --------
    >>> data = TableData({"t": np.array([0.0, 0.0]), "replica": np.array([0, 1])}, {"t": "s", "replica": None})
    >>> data["t"], len(data.replica(1))
    (array([0., 0.]), 1)
    """

    columns: dict[str, NDArray]
    units: dict[str, str | None]

    def __getitem__(self, name: str) -> NDArray:
        if name not in self.columns:
            hint = did_you_mean(name, self.columns)
            raise ParameterError(f"the table has no column {name!r}{hint} (columns: {', '.join(self.columns)})")
        return self.columns[name]

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def replica(self, number: int) -> Self:
        """Rows of one replica, in order; a table without the column ``replica`` has replica 0 only.

        Raises
        ------
        ParameterError
            If there is no row of that replica.
        """
        numbers = self.columns.get("replica", np.zeros(len(self), dtype=np.int64))
        rows = numbers == number
        if not rows.any():
            raise ParameterError(f"replica {number} has no rows; the table holds {np.unique(numbers).tolist()}")
        return type(self)({name: column[rows] for name, column in self.columns.items()}, self.units)


def read_table(path: str | os.PathLike[str], *, replica: int | None = None) -> TableData:
    """Read a table, also while it is being written: a last line without line end is ignored.

    Parameters
    ----------
    path : path
        A file written by Table.
    replica : int, optional
        Return the rows of this replica only.

    Raises
    ------
    FileFormatError
        If a row has too many or too few cells, or a cell is not a number.
    ParameterError
        If there is no row of that replica.
    """
    path = Path(path)
    try:
        text = whole_lines(path.read_bytes()).decode()
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(f"{path}: not a table in CSV ({error})") from error
    if not rows:
        raise FileFormatError(f"{path}: has no header line; a table starts with one, such as 't (s),mx (1)'")
    names_units = [_parse_header_cell(cell) for cell in rows[0]]
    names = [name for name, _ in names_units]
    if len(set(names)) != len(names) or "" in names:
        raise FileFormatError(f"{path}: column names must differ and not be empty; the header has {names}")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(names):
            raise FileFormatError(f"{path}, line {number}: has {len(row)} cells; the header has {len(names)} columns")
    cells = zip(*rows[1:], strict=True) if len(rows) > 1 else [()] * len(names)
    columns = {name: _numbers(path, name, column) for name, column in zip(names, cells, strict=True)}
    data = TableData(columns, dict(names_units))
    return data if replica is None else data.replica(replica)


def header_cell(name: str, unit: str | None) -> str:
    """Header cell of a column.

    Raises
    ------
    ParameterError
        If the name is empty or has parentheses or unprintable characters, which the header cannot hold.

    Examples
    --------
    >>> header_cell("E_total", "J"), header_cell("replica", None)
    ('E_total (J)', 'replica')
    """
    if not name.strip() or name != name.strip() or not name.isprintable() or "(" in name or ")" in name:
        raise ParameterError(
            f"table: {name!r} cannot name a column; allowed is a name without parentheses or line breaks"
        )
    if unit is None:
        return name
    if not unit or not unit.isprintable():
        raise ParameterError(f"table: column {name!r} has unit {unit!r}; write '1' for a pure number, None for a label")
    return f"{name} ({unit})"


def whole_lines(content: bytes) -> bytes:
    """Cut off a last line without line end, as a kill may leave it, and zero bytes, as a power failure may."""
    content = content.rstrip(b"\0")
    return content[: content.rfind(b"\n") + 1]


def _parse_header_cell(cell: str) -> tuple[str, str | None]:
    # A name has no parenthesis, a unit may ("A/(m s)"): split at the first one.
    match = re.fullmatch(r"([^(]*?) \((.*)\)", cell)
    return (match[1], match[2]) if match else (cell, None)


def _numbers(path: Path, name: str, cells: tuple[str, ...]) -> NDArray:
    if cells and all(_INTEGER.fullmatch(cell) for cell in cells):
        return np.array(cells, dtype=np.int64)
    for number, cell in enumerate(cells, start=2):
        try:
            float(cell)
        except ValueError:
            raise FileFormatError(
                f"{path}, line {number}: column {name!r} holds {cell!r}; a number is needed"
            ) from None
    return np.array([float(cell) for cell in cells])
