"""[expect]: numbers read off the result table, held against what they must be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.output.table_data import TableData
from fdmag.scene.readings import OF_ALL, Reading


@dataclass(frozen=True)
class Outcome:
    """One expectation and what became of it; value and tolerance in ``unit``."""

    name: str
    unit: str
    wanted: float
    tolerance: float
    came: float
    source: str

    @property
    def holds(self) -> bool:
        """Whether the result lies within the tolerance; a result that is not a number does not."""
        return abs(self.came - self.wanted) <= self.tolerance

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "FAILS"
        unit = "" if self.unit == "1" else f" {self.unit}"
        expected = f"expected {self.wanted:g} ± {self.tolerance:g}{unit} ({self.source})"
        return f"{self.name}: {self.came:.6g}{unit}, {expected}: {verdict}"


def outcomes(
    checks: Mapping[str, Any],
    tables: Mapping[str, TableData],
    units: Mapping[str, Mapping[str, str]],
    figures: Mapping[str, NDArray[np.float64]] | None = None,
) -> list[Outcome]:
    """Return the outcome of every check of a scene, given its tables and the units of their columns, by name.

    ``figures`` are those of devices, (batch,) each, by name.
    """
    found = []
    for name, check in checks.items():
        table = tables[check.table]
        if figures is not None and check.column in figures and check.column not in table:
            came, error = float(figures[check.column][check.replica]), 0.0
        elif check.measure in OF_ALL:
            came, error = read_of_all(check, table)
        else:
            came, error = read_of_one(check, table)
        tolerance = check.tolerance if check.sigmas is None else check.sigmas * error
        unit = reading_unit(check, units[check.table])
        found.append(Outcome(name, unit, check.value, tolerance, came, check.source))
    return found


def reading_unit(reading: Reading, units: Mapping[str, str]) -> str:
    """Return the unit of what is read, given those of the columns."""
    if reading.measure == "share":
        return "1"
    return units[(reading.along or "") if reading.measure == "zero_crossing" else reading.column]


def read_of_all(check: Any, table: TableData) -> tuple[float, float]:
    """Return a figure of all replicas, and its standard error: that of the value wanted where it sets one."""
    stages = table["stage"]
    rows = stages == (stages.max() if check.stage is None else check.stage)
    replica, values, t = table["replica"][rows], table[check.column][rows], table["t"][rows]
    if not values.size:
        return float("nan"), float("nan")
    first = np.unique(replica, return_index=True)[1]
    last = replica.size - 1 - np.unique(replica[::-1], return_index=True)[1]
    final, n, wanted = values[last], last.size, float(check.value)
    if check.measure == "mean_of_replicas":
        return float(final.mean()), float(final.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    stopped = int(np.sum(~np.isnan(final)))
    if check.measure == "share":
        return stopped / n, float(np.sqrt(max(wanted * (1 - wanted), 0) / n))
    waited = (np.where(np.isnan(final), t[last], final) - t[first]).sum()
    return (float(waited / stopped), wanted / np.sqrt(stopped)) if stopped else (float("inf"), float("nan"))


def read_of_one(reading: Reading, table: TableData) -> tuple[float, float]:
    """Return a number read off the rows of a replica, and its standard error, 0 if none is asked for."""
    of = table["replica"] == reading.replica  # none where a replica has no peak, for example
    rows = TableData({key: column[of] for key, column in table.columns.items()}, table.units)
    if getattr(reading, "sigmas", None) is None:
        return read(reading, rows), 0.0
    # the table of a splitting has the standard error beside the probability
    return read(reading, rows), read(reading.model_copy(update={"column": "sigma"}), rows)


def read(reading: Reading, rows: TableData) -> float:
    """Return a number read off the rows of one replica; NaN where there is none."""
    if not len(rows):
        return float("nan")
    stage = rows["stage"] == (rows["stage"].max() if reading.stage is None else reading.stage)
    column = rows[reading.column][stage]
    if not column.size:
        return float("nan")
    plain: dict[str, Callable[..., Any]] = {"minimum": np.min, "maximum": np.max, "mean": np.mean}
    if reading.measure == "final":
        return float(column[-1])
    if reading.measure in plain:
        return float(plain[reading.measure](column))
    along = rows[reading.along or "t"][stage]
    if reading.measure == "at":
        return zero_crossing(column, along - reading.at)
    return zero_crossing(along, column)


def zero_crossing(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return x, linearly interpolated, where y first is or passes zero; NaN if it never does.

    >>> zero_crossing(np.array([0.0, 1.0, 2.0]), np.array([3.0, 1.0, -1.0]))
    1.5
    """
    for i, value in enumerate(y):
        if value == 0:
            return float(x[i])
        if i and y[i - 1] * value < 0:
            return float(x[i - 1] + (x[i] - x[i - 1]) * y[i - 1] / (y[i - 1] - value))
    return float("nan")
