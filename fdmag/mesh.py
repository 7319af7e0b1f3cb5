"""The mesh: a box of equal rectangular cells, each axis open or periodic."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, prod

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError

AXES = "xyz"


@dataclass(frozen=True, init=False)
class Mesh:
    """A regular mesh of ``nx × ny × nz`` cells.

    Parameters
    ----------
    cells : (nx, ny, nz)
        Number of cells along x, y, z.
    cell_size : (dx, dy, dz) [m]
        Edge lengths of one cell.
    periodic : str or three bools
        Periodic axes, as letters (``"xy"``) or as ``(True, True, False)``.
    origin : (x, y, z) [m], optional
        Lower corner of the mesh. By default the mesh is centred on (0, 0, 0).

    Raises
    ------
    ParameterError
        If a count is not a positive integer or a length not positive and finite.

    Examples
    --------
    >>> mesh = Mesh(cells=(4, 2, 1), cell_size=(2e-9, 2e-9, 1e-9), periodic="x")
    >>> mesh.shape
    (1, 2, 4)
    >>> mesh.x.ravel() * 1e9
    array([-3., -1.,  1.,  3.])
    """

    cells: tuple[int, int, int]
    cell_size: tuple[float, float, float]
    periodic: tuple[bool, bool, bool]
    origin: tuple[float, float, float]

    def __init__(
        self,
        cells: Sequence[int],
        cell_size: Sequence[float],
        periodic: str | Sequence[bool] = "",
        origin: Sequence[float] | None = None,
    ) -> None:
        counts, edges = _three(cells, "cells"), tuple(float(edge) for edge in _three(cell_size, "cell_size"))
        if any(not _is_count(n) for n in counts):
            raise ParameterError(f"mesh: cells = {counts}; allowed are three integers of at least 1 and below 2**31")
        if not all(isfinite(edge) and edge > 0 for edge in edges):
            raise ParameterError(f"mesh: cell_size = {edges}; allowed are three lengths above 0 m")
        if origin is None:
            origin = [-n * edge / 2 for n, edge in zip(counts, edges, strict=True)]
        object.__setattr__(self, "cells", tuple(int(n) for n in counts))
        object.__setattr__(self, "cell_size", edges)
        object.__setattr__(self, "periodic", _periodic_axes(periodic))
        object.__setattr__(self, "origin", tuple(float(o) for o in _three(origin, "origin")))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Array shape (nz, ny, nx) of one scalar on the mesh."""
        nx, ny, nz = self.cells
        return nz, ny, nx

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return prod(self.cells)

    @property
    def cell_volume(self) -> float:
        """Volume of one cell [m³]."""
        return prod(self.cell_size)

    @property
    def size(self) -> tuple[float, float, float]:
        """Edge lengths (x, y, z) of the whole mesh [m]."""
        nx, ny, nz = self.cells
        dx, dy, dz = self.cell_size
        return nx * dx, ny * dy, nz * dz

    @property
    def x(self) -> NDArray[np.float64]:
        """Cell-centre x [m], shape (1, 1, nx)."""
        return self._centres(0)[None, None, :]

    @property
    def y(self) -> NDArray[np.float64]:
        """Cell-centre y [m], shape (1, ny, 1)."""
        return self._centres(1)[None, :, None]

    @property
    def z(self) -> NDArray[np.float64]:
        """Cell-centre z [m], shape (nz, 1, 1)."""
        return self._centres(2)[:, None, None]

    def _centres(self, axis: int) -> NDArray[np.float64]:
        return (
            np.float64(self.origin[axis]) + (np.arange(self.cells[axis], dtype=np.float64) + 0.5) * self.cell_size[axis]
        )


def _is_count(n: object) -> bool:
    return isinstance(n, int | float | np.integer) and not isinstance(n, bool) and bool(1 <= n < 2**31 and n == int(n))


def _three(values: Sequence, name: str) -> tuple:
    values = tuple(values) if isinstance(values, Sequence | np.ndarray) and not isinstance(values, str) else (values,)
    if len(values) != 3:
        raise ParameterError(f"mesh: {name} has {len(values)} value(s); three are needed, for x, y and z")
    return values


def _periodic_axes(periodic: str | Sequence[bool]) -> tuple[bool, ...]:
    if isinstance(periodic, str):
        if unknown := set(periodic) - set(AXES):
            raise ParameterError(
                f"mesh: periodic = {periodic!r} names unknown axes {sorted(unknown)}; allowed: x, y, z"
            )
        return tuple(axis in periodic for axis in AXES)
    return tuple(bool(p) for p in _three(periodic, "periodic"))
