"""A column and a field: a name, a unit, and a function of the simulation."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.simulation import Simulation


@dataclass(frozen=True)
class Column:
    """A number for each replica.

    Parameters
    ----------
    name, unit : str
        Unit "1" for a pure number.
    compute : callable
        Takes the simulation, returns (batch,) in the unit.
    meaning : str

    Examples
    --------
    >>> import fdmag
    >>> magnet = fdmag.Simulation(fdmag.Mesh((2, 1, 1), (1e-9, 1e-9, 1e-9)), [], Ms=8e5, m=(0.6, 0, 0.8))
    >>> Column("mz_squared", "1", lambda s: (s.m[:, 2] ** 2).mean(axis=(1, 2, 3))).evaluate(magnet)
    array([0.64])
    """

    name: str
    unit: str
    compute: Callable[[Simulation], NDArray]
    meaning: str = ""
    of_wall: Callable[[int], Callable[[Simulation], NDArray]] | None = None

    def evaluate(self, simulation: Simulation) -> NDArray[np.float64]:
        """Return the values now, (batch,).

        Raises
        ------
        ParameterError
            If ``compute`` returns another shape.
        """
        return _checked(self.compute(simulation), (simulation.batch,), f'column "{self.name}"')


@dataclass(frozen=True)
class Field:
    """A scalar or a vector in each cell.

    Parameters
    ----------
    name, unit : str
    compute : callable
        Takes the simulation, returns (batch, nz, ny, nx), or (batch, 3, nz, ny, nx) of a vector.
    vector : bool
    meaning : str
    """

    name: str
    unit: str
    compute: Callable[[Simulation], NDArray]
    vector: bool = False
    meaning: str = ""

    def evaluate(self, simulation: Simulation) -> NDArray[np.float64]:
        """Return the values now; raises as `Column.evaluate`."""
        shape = (simulation.batch, *((3,) if self.vector else ()), *simulation.mesh.shape)
        return _checked(self.compute(simulation), shape, f'field "{self.name}"')


def _checked(values: NDArray, shape: tuple[int, ...], what: str) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != shape:
        raise ParameterError(f"{what}: its function returned an array of shape {array.shape}; needed: {shape}")
    return array
