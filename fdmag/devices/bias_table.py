"""Magnetoresistance as a table over the bias, measured or calculated."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError
from fdmag.output.table_data import read_table
from fdmag.units import parse_quantity

__all__ = ["BiasTable"]


@dataclass(frozen=True)
class BiasTable:
    """TMR at given biases, interpolated by monotone cubic polynomials.

    Parameters
    ----------
    V : sequence of float [V]
        Rising. If none is negative, the table stands for both signs of the bias, and begins with 0.
    TMR : sequence of float
        (R_AP − R_P)/R_P at these biases.

    Raises
    ------
    ParameterError
        For less than two biases, biases that do not rise or do not reach 0, or a TMR of −1 or less.

    Source: F. N. Fritsch, J. Butland, SIAM J. Sci. Stat. Comput. 5, 300 (1984), for the interpolation: it has no
    extrema that the table does not have.

    Examples
    --------
    >>> table = BiasTable(V=[0, 0.2, 0.5], TMR=[1.5, 1.2, 0.6])
    >>> float(table.at(-0.2))
    1.2
    """

    V: Sequence[float]
    TMR: Sequence[float]

    def __post_init__(self) -> None:
        V, TMR = np.asarray(self.V, dtype=float), np.asarray(self.TMR, dtype=float)
        if V.ndim != 1 or V.shape != TMR.shape or V.size < 2:
            raise ParameterError(
                f"TMR table: V and TMR have shapes {V.shape} and {TMR.shape}; allowed: one axis each, alike, at least 2"
            )
        if not (np.isfinite(V).all() and np.all(np.diff(V) > 0)):
            raise ParameterError("TMR table: V does not rise; allowed: finite biases in rising order, each once")
        if V[0] > 0 or V[-1] <= 0:
            raise ParameterError(f"TMR table: V from {V[0]:g} to {V[-1]:g} V; allowed: from 0 or below to above 0")
        if not np.all(TMR > -1):
            raise ParameterError(f"TMR table: TMR = {TMR[~(TMR > -1)][0]:g}; allowed: above -1")
        object.__setattr__(self, "V", tuple(V.tolist()))
        object.__setattr__(self, "TMR", tuple(TMR.tolist()))

    @classmethod
    def read(cls, path: str | os.PathLike[str], V: str = "V", TMR: str = "TMR") -> "BiasTable":
        """Return the table in two columns of a CSV file with a header such as ``V (mV),TMR (1)``.

        Raises
        ------
        FileFormatError, ParameterError
            If the file cannot be read, has no such column, or its unit does not fit.
        """
        data = read_table(path)
        columns = []
        for name, unit in ((V, "V"), (TMR, "1")):
            values, given = np.asarray(data[name], dtype=float), data.units[name]
            factor = 1.0 if given in (None, unit) else float(parse_quantity(f"1 {given}", unit))
            columns.append(values * factor)
        return cls(*(column.tolist() for column in columns))

    def at(self, V: ArrayLike) -> NDArray[np.float64]:
        """Return TMR at a bias [V].

        Raises
        ------
        ParameterError
            If the bias lies outside the table.
        """
        V = np.asarray(V, dtype=float)
        x = np.abs(V) if self.V[0] == 0 else V
        outside = np.logical_not((x >= self.V[0]) & (x <= self.V[-1]))
        if outside.any():
            lowest = -self.V[-1] if self.V[0] == 0 else self.V[0]
            raise ParameterError(
                f"V = {V[outside].flat[0]:g} V is outside the TMR table; allowed: {lowest:g} to {self.V[-1]:g} V"
            )
        return np.asarray(self._interpolator(x), dtype=float)

    @cached_property
    def _interpolator(self) -> "scipy.interpolate.PchipInterpolator":
        return scipy.interpolate.PchipInterpolator(self.V, self.TMR)
