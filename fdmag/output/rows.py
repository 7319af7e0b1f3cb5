"""Rows of the result table: what they hold, and a table of them in memory, for each replica."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError
from fdmag.output.table_data import TableData
from fdmag.quantities import Catalogue, Column, Formula
from fdmag.simulation import Simulation


class Rows:
    """The columns of the table of a simulation: those of `Simulation.summary`, and further ones.

    Parameters
    ----------
    simulation : Simulation
    columns : sequence of str or Column
        A `Formula` may use those of `Simulation.summary` and all that are no formulas.
    results : mapping of name to unit
        Columns whose values are given, such as what a stage has found; NaN where they are not.

    Attributes
    ----------
    units : dict
        Unit of each column by name; None for a label.

    Raises
    ------
    ParameterError
        If a column is unknown or comes twice.
    """

    def __init__(
        self, simulation: Simulation, columns: Sequence[str | Column] = (), results: Mapping[str, str] | None = None
    ) -> None:
        self._simulation, self._first_replica = simulation, 0
        self._columns = Catalogue.of(simulation).columns(columns)
        self.units: dict[str, str | None] = {"t": "s", "stage": "1", "replica": None}
        self.units |= {name: unit for name, (unit, _) in simulation.summary().items()}
        for column in self._columns:
            if column.name in self.units:
                raise ParameterError(f'the column "{column.name}" is in every table; leave it out of columns')
            self.units[column.name] = column.unit
        self._results = dict(results or {})
        self.units |= self._results

    def go_on_with(self, simulation: Simulation, first_replica: int) -> None:
        """Let further rows be of another simulation like the first, whose replicas are numbered from there."""
        self._simulation, self._first_replica = simulation, first_replica

    @property
    def replicas(self) -> NDArray[np.intp]:
        """The numbers of the replicas, (batch,)."""
        return np.arange(self._simulation.batch) + self._first_replica

    def now(self, stage: int, results: Mapping[str, ArrayLike] | None = None) -> dict[str, NDArray]:
        """Return the columns of the present state, each (batch,), with results, numbers or (batch,)."""
        simulation, batch = self._simulation, self._simulation.batch
        values = {"t": simulation.t, "stage": np.full(batch, stage), "replica": self.replicas}
        values |= {name: column for name, (_, column) in simulation.summary().items()}
        formulas = [column for column in self._columns if isinstance(column, Formula)]
        values |= {each.name: each.evaluate(simulation) for each in self._columns if each not in formulas}
        values |= {formula.name: formula.of_row(values) for formula in formulas}
        given = dict.fromkeys(self._results, np.nan) | dict(results or {})
        return values | {
            name: np.broadcast_to(np.asarray(each, dtype=np.float64), batch) for name, each in given.items()
        }


class RowsInMemory:
    """Takes the place of a `Recorder` where no file is written: keeps the rows of each replica.

    Attributes
    ----------
    replicas : int array (batch,)
        Numbers of the replicas.
    """

    def __init__(
        self, simulation: Simulation, columns: Sequence[str | Column] = (), results: Mapping[str, str] | None = None
    ) -> None:
        self._rows = Rows(simulation, columns, results)
        self._batch = simulation.batch
        self.replicas = self._rows.replicas
        self._found: list[dict[str, NDArray]] = []
        self._kept: list[NDArray[np.bool_]] = []  # of which replicas each row is

    def row(
        self, stage: int, results: Mapping[str, ArrayLike] | None = None, of: NDArray[np.bool_] | None = None
    ) -> None:
        """Keep one row of each replica, or of those ``of`` which is true, (batch,)."""
        self._found.append({name: np.array(values) for name, values in self._rows.now(stage, results).items()})
        self._kept.append(np.ones(self._batch, bool) if of is None else of)

    def further_table(self, name: str, units: Mapping[str, str | None]) -> "RowsInMemory":
        """Return what takes further rows and keeps none."""
        return self

    def append(self, row: Mapping[str, Any]) -> None:
        """Keep no row of a further table."""

    def tell(self, name: str, entry: Mapping[str, Any]) -> None:
        """Keep nothing of what ``run.json`` would tell."""

    def picture(self, name: str, draw: Any) -> None:
        """Draw nothing."""

    def fields(self, series: Any = None, at: float | None = None) -> None:
        """Write nothing."""

    def series(self, name: str) -> None:
        """Return nothing: no series is written."""

    def end_stage(self, stage: int) -> None:
        """Do nothing."""

    def tables(self) -> list[TableData]:
        """Return the table of each replica as if it had been alone: its number is 0."""
        units = self._rows.units
        whole = {name: np.stack([np.broadcast_to(row[name], self._batch) for row in self._found])
                 if self._found else np.empty((0, self._batch)) for name in units}  # fmt: skip
        whole["replica"] = np.zeros_like(whole["replica"])
        plain = {name: values.astype(np.float64 if values.dtype.kind == "f" else np.int64)
                 for name, values in whole.items()}  # fmt: skip
        kept = np.array(self._kept, bool).reshape(-1, self._batch)
        return [
            TableData({name: values[kept[:, replica], replica] for name, values in plain.items()}, dict(units))
            for replica in range(self._batch)
        ]
