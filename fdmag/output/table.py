"""The table of a run: one row per output time and replica, in memory and as a CSV file that grows line by line.

Why not an atomic rewrite: rewriting a table of n rows for each new row costs O(n²). Instead whole lines are
appended, each ``append`` in a single system call on a file opened for appending, and the file is synchronised
with the disk every few seconds. What can go wrong then, and why it does no harm:

* the process is killed: what the system call has taken is in the file; at worst the last line is cut short, and
  a last line without line end is ignored when reading and removed when the table is reopened;
* the disk is full: the file is cut back to its last whole row, and OutputError is raised;
* the power fails: at most the rows since the last synchronisation are lost; some file systems then leave
  zero bytes at the end of the file, which count as a line cut short.
"""

import csv
import io
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import OutputError, ParameterError, did_you_mean
from fdmag.output.files import BINARY_FLAG, atomic_write
from fdmag.output.table_data import TableData, header_cell, read_table, whole_lines

__all__ = ["Table", "TableData", "read_table"]


class Table:
    """A growing table of named columns with units, kept in memory and in a CSV file.

    Parameters
    ----------
    path : path
        The file, usually ``table.csv``.
    columns : mapping of name to unit
        In the order of the file. Unit ``"1"`` for a pure number; None for a label such as ``replica``.
    overwrite : bool
        True replaces an existing file. By default an existing file is an error.
    sync_interval : float [s]
        Longest time between two synchronisations with the disk.

    Raises
    ------
    OutputError
        If the file exists and ``overwrite`` is False, or cannot be written.
    ParameterError
        If there is no column, or a name is empty or contains parentheses or line breaks.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, Table(f"{folder}/table.csv", {"t": "s", "replica": None}) as table:
    ...     table.append({"t": 1e-12, "replica": np.arange(2)})
    ...     print(Path(folder, "table.csv").read_text())
    t (s),replica
    1e-12,0
    1e-12,1
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        columns: Mapping[str, str | None],
        *,
        overwrite: bool = False,
        sync_interval: float = 5.0,
    ) -> None:
        if not columns:
            raise ParameterError(f"{path}: a table needs at least one column")
        path = Path(path)
        header = _csv_lines([[header_cell(name, unit) for name, unit in columns.items()]])
        if path.exists() and not overwrite:
            raise OutputError(f"{path}: exists; continue it with Table.reopen(path), or replace it with overwrite=True")
        with atomic_write(path) as file:
            file.write(header)
        self._start(path, dict(columns), sync_interval)

    @classmethod
    def reopen(cls, path: str | os.PathLike[str], *, rows: int | None = None, sync_interval: float = 5.0) -> Self:
        """Continue an existing table.

        Parameters
        ----------
        path : path
            A file written by Table.
        rows : int, optional
            Keep only this many rows, those that a checkpoint knows of; by default all whole rows.

        Raises
        ------
        FileFormatError
            If the file is damaged.
        ParameterError
            If the file has fewer rows than ``rows``.
        """
        path = Path(path)
        data = read_table(path)
        keep = len(data) if rows is None else rows
        if not 0 <= keep <= len(data):
            raise ParameterError(f"{path}: rows = {rows} to keep; the file has {len(data)}")
        lines = whole_lines(path.read_bytes()).split(b"\n")[: keep + 1]
        try:
            os.truncate(path, sum(len(line) + 1 for line in lines))
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
        table = cls.__new__(cls)
        table._start(path, dict(data.units), sync_interval)
        if keep:
            table._remember([column[:keep] for column in data.columns.values()], keep)
        return table

    def _start(self, path: Path, units: dict[str, str | None], sync_interval: float) -> None:
        self.path = path
        self.units = units
        self._sync_interval = sync_interval
        self._values = np.empty((16, len(units)))
        self._integer = [True] * len(units)
        self._count = 0
        try:
            self._descriptor: int | None = os.open(path, os.O_WRONLY | os.O_APPEND | BINARY_FLAG)
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror})") from error
        self._synced = time.monotonic()

    def __len__(self) -> int:
        return self._count

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def data(self) -> TableData:
        """All rows so far, as columns; the same that read_table would give."""
        kinds = [np.int64 if integer and self._count else np.float64 for integer in self._integer]
        columns = {
            name: self._values[: self._count, i].astype(kind)
            for i, (name, kind) in enumerate(zip(self.units, kinds, strict=True))
        }
        return TableData(columns, dict(self.units))

    def append(self, values: Mapping[str, ArrayLike]) -> None:
        """Add one row, or one row per replica, and write it.

        Parameters
        ----------
        values : mapping of column name to number or array (n,)
            Arrays make n rows at once; numbers are repeated in each. Integers stay integers in the file.

        Raises
        ------
        ParameterError
            If a column is missing, unknown, not a real number, or if lengths differ.
        OutputError
            If the table is closed or the disk does not take the rows.
        """
        if self._descriptor is None:
            raise OutputError(f"{self.path}: the table is closed; continue it with Table.reopen(path)")
        columns, count = self._checked(values)
        cells = [[repr(cell) for cell in column.tolist()] for column in columns]
        self._write(_csv_lines(zip(*cells, strict=True)))
        self._remember(columns, count)
        if time.monotonic() - self._synced >= self._sync_interval:
            self.sync()

    def sync(self) -> None:
        """Put all rows on disk, so that even a power failure does not lose them (a checkpoint does this)."""
        if self._descriptor is not None:
            try:
                os.fsync(self._descriptor)
            except OSError as error:
                raise OutputError(f"{self.path}: the disk did not take the rows ({error.strerror or error})") from error
            self._synced = time.monotonic()

    def close(self) -> None:
        """Synchronise and close the file. Closing twice does nothing."""
        if self._descriptor is not None:
            try:
                self.sync()
            finally:
                descriptor, self._descriptor = self._descriptor, None
                with suppress(OSError):  # the rows are synchronised, or an error is on its way
                    os.close(descriptor)

    def _checked(self, values: Mapping[str, ArrayLike]) -> tuple[list[NDArray], int]:
        if unknown := [name for name in values if name not in self.units]:
            hint = did_you_mean(unknown[0], self.units)
            raise ParameterError(f"{self.path}: no column {unknown[0]!r}{hint} (columns: {', '.join(self.units)})")
        if missing := [name for name in self.units if name not in values]:
            raise ParameterError(f"{self.path}: the row lacks {', '.join(missing)}; every column needs a value")
        arrays = {name: np.asarray(values[name]) for name in self.units}
        for name, array in arrays.items():
            if array.dtype.kind not in "fiub" or array.ndim > 1:
                raise ParameterError(
                    f"{self.path}: column {name!r} got {values[name]!r}; allowed are a real number or a 1D array"
                )
        lengths = {array.size for array in arrays.values() if array.ndim == 1}
        if len(lengths) > 1:
            raise ParameterError(f"{self.path}: the columns have different lengths {sorted(lengths)}")
        count = lengths.pop() if lengths else 1
        # bool is written as 0 or 1, and integers of any width in the same way.
        plain = [array.astype(np.float64 if array.dtype.kind == "f" else np.int64) for array in arrays.values()]
        return [np.broadcast_to(array, count) for array in plain], count

    def _remember(self, columns: list[NDArray], count: int) -> None:
        while self._count + count > len(self._values):
            self._values = np.concatenate([self._values, np.empty_like(self._values)])
        for i, column in enumerate(columns):
            self._values[self._count : self._count + count, i] = column
            self._integer[i] &= column.dtype.kind == "i" or count == 0
        self._count += count

    def _write(self, lines: bytes) -> None:
        assert self._descriptor is not None
        before = None
        try:
            before = os.fstat(self._descriptor).st_size
            written = 0
            while written < len(lines):
                written += os.write(self._descriptor, lines[written:])
        except OSError as error:
            if before is not None:
                with suppress(OSError):
                    os.ftruncate(self._descriptor, before)
            raise OutputError(f"{self.path}: the disk did not take the row ({error.strerror})") from error


def table_text(data: TableData) -> bytes:
    """Return the file that a `Table` with these rows would be."""
    header = [header_cell(name, unit) for name, unit in data.units.items()]
    cells = [[repr(cell) for cell in data[name].tolist()] for name in data.units]
    return _csv_lines([header, *zip(*cells, strict=True)])


def _csv_lines(rows: object) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return buffer.getvalue().encode()
