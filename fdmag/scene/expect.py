"""[expect]: numbers read off the result table, held against what they must be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.output.table_data import TableData


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
    checks: Mapping[str, Any], table: TableData, units: Mapping[str, str], figures: Mapping[str, NDArray] | None = None
) -> list[Outcome]:
    """Return the outcome of every check of a scene; ``figures`` are those of devices, (batch,) each, by name."""
    found = []
    for name, check in checks.items():
        unit = units[check.along if check.measure == "zero_crossing" else check.column]
        is_figure = check.column not in table and figures is not None and check.column in figures
        came = float(figures[check.column][check.replica]) if is_figure else _measured(check, table)  # type: ignore[index]
        found.append(Outcome(name, unit, check.value, check.tolerance, came, check.source))
    return found


def _measured(check: Any, table: TableData) -> float:
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
