"""[expect] of a sweep: readings of members, of what is made of all of them, or along a swept quantity."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.scene.expect import Outcome, reading_unit, zero_crossing
from fdmag.scene.reading_checks import same
from fdmag.scene.readings import Reading
from fdmag.scene.sweeps.chunk import MemberResult
from fdmag.scene.sweeps.expansion import Expansion
from fdmag.scene.sweeps.findings import read_member

_STATISTICS: dict[str, Callable[..., Any]] = {
    "mean": np.mean,
    "median": np.median,
    "minimum": np.min,
    "maximum": np.max,
    "standard_deviation": np.std,
}


def sweep_outcomes(
    checks: Mapping[str, Any],
    expansion: Expansion,
    results: Mapping[int, MemberResult],
    units: Mapping[str, Mapping[str, str]],
) -> list[Outcome]:
    """Return the outcome of every check, given the units of the columns of all tables.

    A check with ``along`` a swept quantity reads the last values of its column over that quantity. Of others each
    chosen member must come out as said, and what came is that of the member that is farthest off; or what must is
    their mean, or another statistic. A member that failed is not a number, and nothing holds of it.
    """
    swept = {quantity.name: quantity for quantity in expansion.quantities}
    found = []
    for name, check in checks.items():
        chosen = [m for m in range(expansion.count) if _is_chosen(expansion.values(m), check.member or {})]
        if check.along in swept and check.measure in ("at", "zero_crossing"):
            quantity = swept[check.along]
            last = Reading(table=check.table, replica=check.replica, column=check.column, stage=check.stage)
            y, _ = _readings(last, chosen, results)
            x = np.array([float(expansion.values(member)[quantity.name]) for member in chosen])
            order = np.argsort(x)
            came = _along(check, x[order], y[order])
            crosses = check.measure == "zero_crossing"
            unit = (quantity.unit or "1") if crosses else units[check.table][check.column]
            tolerance = check.tolerance
        else:
            values, errors = _readings(check, chosen, results)
            tolerances = np.full(values.shape, check.tolerance) if check.sigmas is None else check.sigmas * errors
            came, tolerance = _made_of(values, tolerances, check)
            unit = reading_unit(check, units[check.table])
        found.append(Outcome(name, unit, check.value, tolerance, came, check.source))
    return found


def _readings(
    reading: Reading, members: list[int], results: Mapping[int, MemberResult]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what is read off members, and the standard errors."""
    found = [read_member(reading, results.get(member)) for member in members]
    return np.array([value for value, _ in found]), np.array([error for _, error in found])


def _is_chosen(values: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(same(values[name], value) for name, value in wanted.items())


def _along(check: Any, x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    if np.isnan(y).any():
        return float("nan")
    return zero_crossing(x, y) if check.measure == "zero_crossing" else zero_crossing(y, x - check.at)


def _made_of(values: NDArray[np.float64], tolerances: NDArray[np.float64], check: Any) -> tuple[float, float]:
    """Return what is held against the value of a check, and its tolerance."""
    if not values.size or np.isnan(values).any():
        return float("nan"), float(tolerances.min(initial=np.inf))
    if check.statistic in (None, "each"):
        farthest = np.argmax(np.abs(values - check.value) / tolerances)
        return float(values[farthest]), float(tolerances[farthest])
    return float(_STATISTICS[check.statistic](values)), float(check.tolerance)
