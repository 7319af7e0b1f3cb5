"""A column that is worked out from the others of its row, by an expression."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.expressions import FUNCTIONS, Expression
from fdmag.quantities.named import Column
from fdmag.simulation import Simulation


def _alone(simulation: Simulation) -> NDArray:
    raise ParameterError("a formula is of the columns of a table; it can be evaluated in a row alone")


@dataclass(frozen=True)
class Formula(Column):
    """A number for each replica that follows from the other columns of the row.

    Parameters
    ----------
    name, unit : str
        Unit of SI; the expression is in SI.
    expression : Expression
        In the names that `variables` gives the columns.

    >>> row = {"mx": np.array([0.6]), "B.demag.z": np.array([0.5])}
    >>> Formula.of("both", "mx + 2*B_demag_z", row).of_row(row)
    array([1.6])
    """

    expression: Expression = Expression("0", ())

    @classmethod
    def of(cls, name: str, text: str, columns: Collection[str], unit: str = "1") -> "Formula":
        """Return the formula of a text; raises `ExpressionError` where it is none of these columns."""
        return cls(name, unit, _alone, text, None, Expression(text, tuple(variables(columns))))

    def of_row(self, row: Mapping[str, NDArray]) -> NDArray[np.float64]:
        """Return the values, (batch,), from those of the other columns."""
        names = variables(row)
        (first, *_) = row.values()
        values = self.expression(**{name: row[names[name]] for name in self.expression.names})
        return np.broadcast_to(np.asarray(values, dtype=np.float64), np.shape(first))


def variables(columns: Collection[str]) -> dict[str, str]:
    """Return the columns that a formula may use by the names that they have in it: ``B_demag_z`` for ``B.demag.z``."""
    named = {column.replace(".", "_"): column for column in columns if column != "replica"}
    return {name: column for name, column in named.items() if name.isidentifier() and name not in FUNCTIONS}
