"""Reading a signal from a CSV file."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import FileFormatError, ParameterError
from fdmag.units import parse_quantity

MAX_BYTES = 100_000_000
_UNIT = re.compile(r"[(\[]([^()\[\]]+)[)\]]")


def read_signal_table(path: Path, time_unit: str | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times [s] and values of a text file of two columns.

    Columns are separated by commas, semicolons, tabs or blanks. Lines that start with # are comments. A first line of
    names is allowed; the first unit in it, "t (ns)", is that of the times. Times without a unit are in seconds.

    Parameters
    ----------
    path : Path
    time_unit : str, optional
        Unit of the times, where the file does not say it.

    Raises
    ------
    FileFormatError
        If the file is no such table; the message names the line.
    ParameterError
        If ``time_unit`` is no unit of time or is not the one of the file.
    """
    if path.stat().st_size > MAX_BYTES:
        raise FileFormatError(f"{path.name} has more than {MAX_BYTES // 10**6} MB; a signal is smaller")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise FileFormatError(f"{path.name} is no UTF-8 text; a signal is a text file of two columns") from None
    numbered = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    lines = [(number, _cells(line)) for number, line in numbered if line and not line.startswith("#")]
    told = None
    if lines and not any(map(_is_number, lines[0][1])):
        unit = _UNIT.search(" ".join(lines[0][1]))
        told = unit[1].strip() if unit else None
        del lines[0]
    if not lines:
        raise FileFormatError(f"{path.name} holds no numbers; needed: two columns, time and factor")
    for number, cells in lines:
        if len(cells) != 2 or not all(map(_is_number, cells)):
            raise FileFormatError(f"{path.name}, line {number}: came {', '.join(cells)[:60]!r}; needed: two numbers")
    if told and time_unit and parse_quantity(f"1 {told}", "s") != parse_quantity(f"1 {time_unit}", "s"):
        raise ParameterError(f"{path.name} says that its times are in {told}, not in {time_unit}; remove time_unit")
    columns = np.array([[float(cell) for cell in cells] for _, cells in lines]).T
    return columns[0] * parse_quantity(f"1 {told or time_unit or 's'}", "s"), columns[1]


def _cells(line: str) -> list[str]:
    separator = next((mark for mark in ";\t," if mark in line), None)
    return [cell.strip().strip('"') for cell in line.split(separator)]


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
