"""[expect]: numbers read off the result table, held against what they must be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.output.table_data import TableData
from fdmag.scene.ensemble_tables import OF_ALL


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
    checks: Mapping[str, Any], tables: Mapping[str, TableData], units: Mapping[str, Mapping[str, str]]
) -> list[Outcome]:
    """Return the outcome of every check of a scene, given its tables and the units of their columns, by name."""
    found = []
    for name, check in checks.items():
        unit = units[check.table][check.along if check.measure == "zero_crossing" else check.column]
        if check.measure == "share":
            unit = "1"
        table = tables[check.table]
        came, error = _measured_of_all(check, table) if check.measure in OF_ALL else (_measured(check, table), 0.0)
        tolerance = check.tolerance if check.sigmas is None else check.sigmas * error
        found.append(Outcome(name, unit, check.value, tolerance, came, check.source))
    return found


def _measured_of_all(check: Any, table: TableData) -> tuple[float, float]:
    """Return a figure of all replicas, and its standard error: that of the value wanted where it sets one."""
    stages = table["stage"]
    rows = stages == (stages.max() if check.stage is None else check.stage)
    replica, values, t = table["replica"][rows], table[check.column][rows], table["t"][rows]
    if not values.size:
        return float("nan"), float("nan")
    first = np.unique(replica, return_index=True)[1]
    last = replica.size - 1 - np.unique(replica[::-1], return_index=True)[1]
    final, n, wanted = values[last], last.size, float(check.value)
    if check.measure == "mean":
        return float(final.mean()), float(final.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    stopped = int(np.sum(~np.isnan(final)))
    if check.measure == "share":
        return stopped / n, float(np.sqrt(max(wanted * (1 - wanted), 0) / n))
    waited = (np.where(np.isnan(final), t[last], final) - t[first]).sum()
    return (float(waited / stopped), wanted / np.sqrt(stopped)) if stopped else (float("inf"), float("nan"))


def _measured(check: Any, table: TableData) -> float:
    if not len(table):
        return float("nan")
    rows = table.replica(check.replica)
    stage = rows["stage"] == (rows["stage"].max() if check.stage is None else check.stage)
    column = rows[check.column][stage]
    if not column.size:
        return float("nan")
    if check.measure == "final":
        return float(column[-1])
    if check.measure == "minimum":
        return float(column.min())
    if check.measure == "maximum":
        return float(column.max())
    along = rows[check.along][stage]
    if check.measure == "at":
        return zero_crossing(column, along - check.at)
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
