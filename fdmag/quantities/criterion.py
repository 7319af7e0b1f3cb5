"""Criteria that stop a replica in a run: a column that has come to a value."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.quantities.builtin import COMPONENTS
from fdmag.quantities.named import Column
from fdmag.quantities.quantity import Catalogue
from fdmag.simulation import Simulation
from fdmag.stopping import BoundedDistance, Distance


@dataclass(frozen=True)
class Below:
    """Met once a column is at most ``value``; pass it to `Simulation.run` as ``until``.

    Parameters
    ----------
    column : str or Column
        A column of the result table, such as "mz", or of `fdmag.quantities`, such as "m.free.z", the mean of m over a
        region, or "wall_position". Means of m are computed for the replicas that still run alone, at about the cost of
        reading one component; any other column for all of them.
    value : float
        In the unit of the column.

    Examples
    --------
    A macrospin turns about a field by γ B t:

    >>> import fdmag
    >>> from fdmag.terms import Zeeman
    >>> mesh = fdmag.Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9))
    >>> magnet = fdmag.Simulation(mesh, [Zeeman(B=(0, 0, 0.1))], Ms=8e5, alpha=0, m=(1, 0, 0))
    >>> magnet.run(1e-9, until=Below("mx", 0.0), tolerance=1e-8)
    >>> quarter = np.pi / 2 / (1.76085963023e11 * 0.1)
    >>> bool(abs(magnet.stop_times[0] - quarter) < 1e-6 * quarter)
    True
    """

    column: str | Column
    value: float
    _sign = 1

    def __post_init__(self) -> None:
        if not np.isfinite(self.value):
            raise ParameterError(f"until: {self.column} to reach {self.value}; allowed: a finite number")

    def distances(self, simulation: Simulation) -> Distance:
        """Return what computes how far some replicas are from the criterion, in the unit of the column.

        Raises
        ------
        ParameterError
            If there is no such column, or the name stands for several.
        """
        compute = _column(simulation, self.column)

        def distance(rows: NDArray[np.intp]) -> NDArray[np.float64]:
            return self._sign * (compute(rows) - self.value)

        return BoundedDistance(distance) if isinstance(compute, _MeanOfM) else distance

    def distance_at(self, value: float) -> float:
        """Return the distance from the criterion where the column has this value."""
        return self._sign * (value - self.value)


@dataclass(frozen=True)
class Above(Below):
    """Met once a column is at least ``value``; otherwise as `Below`."""

    _sign = -1


def _column(simulation: Simulation, column: str | Column) -> Callable[[NDArray[np.intp]], NDArray[np.float64]]:
    """Return a function of the rows wanted."""
    name = column if isinstance(column, str) else column.name
    if isinstance(column, str):
        stem, _, axis = f"m.{name[1:]}".rpartition(".") if name in ("mx", "my", "mz") else name.rpartition(".")
        region = stem.removeprefix("m.") if stem.startswith("m.") else None
        known = simulation.regions.all_names
        if axis in COMPONENTS and axis and (stem == "m" or region in known):
            weights = simulation.weights if region is None else simulation.weights * simulation.regions.mask(region)
            return _MeanOfM(simulation, COMPONENTS.index(axis), weights)
        if name in simulation.summary():
            return lambda rows: simulation.summary()[name][1][rows]
    found = Catalogue.of(simulation).columns([column])
    if len(found) > 1:
        raise ParameterError(f'until: "{name}" stands for {", ".join(each.name for each in found)}; name one of them')
    return lambda rows: found[0].evaluate(simulation)[rows]


class _MeanOfM:
    """The mean of one component of m; cells count by weights, (batch | 1, nz, ny, nx), none of which is negative."""

    def __init__(self, simulation: Simulation, component: int, weights: NDArray[np.float64]) -> None:
        flat = weights.reshape(weights.shape[0], -1)
        self._simulation, self._component, self._total = simulation, component, flat.sum(axis=1)
        if np.any(self._total == 0):
            raise ParameterError("until: there is no magnetic cell to take the mean of m over")
        # m is 0 where Ms = 0: there is nothing to leave out of a mean over the whole of a magnet of full cells.
        self._counts = None if np.array_equal(weights, simulation.magnetic) else flat

    def __call__(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        m, total, counts = self._simulation.state.m, self._total, self._counts
        chosen = m[:, self._component] if rows.size == len(m) else m[rows, self._component]
        values = chosen.reshape(rows.size, -1)
        if counts is not None:
            values = values * (counts if len(counts) == 1 else counts[rows])
        return values.sum(axis=1, dtype=np.float64) / (total if len(total) == 1 else total[rows])
