"""How much of each cell is magnet: by volume, as a column seen along an axis, and where two cells face each other."""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.shapes import Shape


class Shares:
    """What a geometry leaves of the cells of a mesh.

    Of a shape, n³ points in each cell are asked whether they are inside; the n² lines of them along an axis tell how
    much of a cell's cross-section is covered, whatever its height. Of an array of shares it is not known how they lie
    in the cells: then an edge counts as one across the layers, as if every line were full or empty, and of two cells
    that face each other, one is taken to cover the other.

    Parameters
    ----------
    geometry : Shape or array (nz, ny, nx) of bools, or of numbers between 0 and 1
    mesh : Mesh
    smooth_edges : int
        n; 1: cells are full or empty.

    Attributes
    ----------
    volume : array (nz, ny, nx), float64
        Share of each cell that is magnet.
    partial : bool
        Whether a cell is neither full nor empty.

    Raises
    ------
    ParameterError
        If an array does not fit, or no cell is filled.

    Examples
    --------
    >>> from fdmag.shapes import Box
    >>> mesh = Mesh((2, 1, 2), (1e-9, 1e-9, 1e-9), origin=(0, 0, 0))
    >>> film = Shares(Box((1.5e-9, None, 1.5e-9), center=(0.75e-9, 0, 0.75e-9)), mesh, smooth_edges=2)
    >>> film.volume[:, 0]
    array([[1.  , 0.5 ],
           [0.5 , 0.25]])
    >>> film.heights(film.volume[None, None] > 0, axis=2)[0, 0, :, 0]
    array([[1.5, 1.5],
           [1.5, 1.5]])
    """

    def __init__(self, geometry: Shape | ArrayLike, mesh: Mesh, smooth_edges: int = 1) -> None:
        self._mesh, self._samples = mesh, smooth_edges
        self._shape = geometry.fitted(mesh) if isinstance(geometry, Shape) else None
        if isinstance(geometry, Shape):
            found: NDArray = np.asarray(geometry.fill(mesh, smooth_edges), dtype=np.float64)
        else:
            array = np.asarray(geometry)
            if array.shape != mesh.shape or array.dtype.kind not in "biuf":
                raise ParameterError(
                    f"geometry: an array of shape {array.shape} and type {array.dtype}; allowed: a Shape, or numbers "
                    f"from 0 to 1 of shape {mesh.shape} (nz, ny, nx)"
                )
            found = array.astype(np.float64)
            if not (np.all(found >= 0) and np.all(found <= 1)):
                raise ParameterError("geometry: holds numbers outside 0 to 1; they are shares of the cells")
        if not found.any():
            extent = " × ".join(f"{edge * 1e9:g} nm" for edge in mesh.size)
            raise ParameterError(f"the shape covers no cell of the mesh ({extent}, lower corner {mesh.origin} m)")
        self.volume: NDArray[np.float64] = found
        self.partial = bool(np.any((found > 0) & (found < 1)))
        self._lines: dict[int, NDArray[np.uint8]] = {}

    def area(self, axis: int) -> NDArray[np.float64]:
        """Return the share of each cell's cross-section that is covered, seen along an axis, (nz, ny, nx)."""
        if not self.partial or self._shape is None:
            return self.volume
        return _count(self._bits(axis)) / self._samples**2

    def heights(self, active: NDArray[np.bool_], axis: int) -> NDArray[np.float64]:
        """Return the height, in cells along x, y or z (axis 0, 1, 2), of the column that each active cell is part of.

        A column is a row of active cells without a gap; its height is its volume over the cross-section it covers.

        Parameters
        ----------
        active : array of bool (batch, 1, nz, ny, nx)

        Returns
        -------
        array (batch, 1, nz, ny, nx)
            1 where a cell is inactive.
        """
        if not self.partial:
            return heights(active, axis, periodic=self._mesh.periodic[axis])
        wraps = self._mesh.periodic[axis]
        volume = along_columns(np.add, np.where(active, self.volume, 0.0), active, axis, wraps=wraps)
        if self._shape is None:
            area = along_columns(np.maximum, np.where(active, self.volume, 0.0), active, axis, wraps=wraps)
        else:
            lines = self._bits(axis)[:, None, None]
            covered = along_columns(np.bitwise_or, np.where(active, lines, np.uint8(0)), active, axis, wraps=wraps)
            area = _count(covered) / self._samples**2
        return np.where(active & (area > 0), volume / np.where(area > 0, area, 1), 1.0)

    def overlap(self, there: NDArray[np.intp], axis: int) -> NDArray[np.float64]:
        """Return how much of the cross-section of a cell both it and a cell it faces along an axis cover.

        Parameters
        ----------
        there : array of int (batch, 1, nz, ny, nx)
            Index along the axis of the cell that each one faces.
        """
        place = -1 - axis

        def across(values: NDArray) -> NDArray:
            shape = np.broadcast_shapes(values.shape, there.shape)
            return np.take_along_axis(np.broadcast_to(values, shape), np.broadcast_to(there, shape), place)

        if not self.partial or self._shape is None:
            return np.minimum(self.volume, across(self.volume[None, None]))
        lines = self._bits(axis)[:, None, None]
        return _count(lines & across(lines)) / self._samples**2

    def of_replicas(self) -> Sequence["Shares"]:
        """Return the shares of each replica, or these alone if they are those of all."""
        return (self,)

    @property
    def known(self) -> bool:
        """Whether it is known where in a cell the magnet is: of a shape, by more than one point in a cell."""
        return self._shape is not None and self._samples > 1

    def subcells(self) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the numbers of the partly filled cells, (p,), and which of their subcells are inside, (p, sz, sy, sx).

        s is the number of sample points along an axis, or 1 where all along it are alike in all of these cells. Without
        a shape there is none of which it is known.
        """
        partial = np.flatnonzero((self.volume > 0) & (self.volume < 1))
        n = self._samples
        if self._shape is None or not partial.size:
            return partial[:0], np.zeros((0, 1, 1, 1), bool)
        mesh = self._mesh
        centres = [np.broadcast_to(getattr(mesh, axis), mesh.shape).ravel()[partial] for axis in "xyz"]
        offsets = (np.arange(n) + 0.5) / n - 0.5
        shapes = ((1, 1, n), (1, n, 1), (n, 1, 1))
        x, y, z = (
            centre[:, None, None, None] + (offsets * edge).reshape(shape)
            for centre, edge, shape in zip(centres, mesh.cell_size, shapes, strict=True)
        )
        inside = self._shape.contains(x, y, z)
        for axis in (1, 2, 3):
            first = inside.take([0], axis=axis)
            if np.array_equal(inside, np.broadcast_to(first, inside.shape)):
                inside = first
        return partial, inside

    def _bits(self, axis: int) -> NDArray[np.uint8]:
        """Return which lines along an axis are covered, eight in a byte, (⌈n²/8⌉, nz, ny, nx)."""
        if axis not in self._lines:
            mesh, n = self._mesh, self._samples
            assert self._shape is not None
            offsets = (np.arange(n) + 0.5) / n - 0.5
            packed = np.zeros((-(-(n**2) // 8), *mesh.shape), np.uint8)
            for number, (u, v) in enumerate(product(offsets, repeat=2)):
                covered = np.zeros(mesh.shape, bool)
                for w in offsets:
                    steps = np.insert(np.array([u, v]), axis, w) * mesh.cell_size
                    covered |= self._shape.contains(mesh.x + steps[0], mesh.y + steps[1], mesh.z + steps[2])
                packed[number // 8] |= covered.astype(np.uint8) << np.uint8(number % 8)
            self._lines[axis] = packed
        return self._lines[axis]


class ReplicaShares(Shares):
    """The shares of replicas whose geometries differ; ``volume`` is (batch, nz, ny, nx), and so is `area`."""

    def __init__(self, replicas: Sequence[Shares]) -> None:
        self._replicas = tuple(replicas)
        self.volume = np.stack([each.volume for each in replicas])
        self.partial = any(each.partial for each in replicas)

    def of_replicas(self) -> Sequence[Shares]:
        """Return the shares of each replica."""
        return self._replicas

    def area(self, axis: int) -> NDArray[np.float64]:
        """Return the share of each cell's cross-section that is covered, seen along an axis, (batch, nz, ny, nx)."""
        return np.stack([each.area(axis) for each in self._replicas])

    def heights(self, active: NDArray[np.bool_], axis: int) -> NDArray[np.float64]:
        """Return what `Shares.heights` does, for each replica by its own geometry."""
        return self._of_each(active, lambda shares, row: shares.heights(row, axis))

    def overlap(self, there: NDArray[np.intp], axis: int) -> NDArray[np.float64]:
        """Return what `Shares.overlap` does, for each replica by its own geometry."""
        return self._of_each(there, lambda shares, row: shares.overlap(row, axis))

    def _of_each(self, rows: NDArray, found: Callable[[Shares, NDArray], NDArray]) -> NDArray:
        several = len(rows) > 1
        return np.concatenate(
            [found(each, rows[k : k + 1] if several else rows) for k, each in enumerate(self._replicas)]
        )


def shares_of(geometry: Shape | ArrayLike, mesh: Mesh, smooth_edges: int = 1) -> Shares:
    """Return the shares of a shape or an array, or of an array (batch, nz, ny, nx) those of each replica."""
    if not isinstance(geometry, Shape) and np.ndim(geometry) == 4:
        return ReplicaShares([Shares(each, mesh, smooth_edges) for each in np.asarray(geometry)])
    return Shares(geometry, mesh, smooth_edges)


def heights(active: NDArray[np.bool_], axis: int, *, periodic: bool = False) -> NDArray[np.float64]:
    """Return how many active cells without a gap each is part of along x, y or z (axis 0, 1, 2); 1 where inactive.

    >>> cells = np.array([1, 1, 0, 1, 1], bool).reshape(1, 1, 5, 1, 1)
    >>> heights(cells, 2).ravel(), heights(cells, 2, periodic=True).ravel()
    (array([2., 2., 1., 2., 2.]), array([4., 4., 1., 4., 4.]))
    """
    return np.maximum(along_columns(np.add, active.astype(np.float64), active, axis, wraps=periodic), 1)


def along_columns(
    add: np.ufunc, values: NDArray, active: NDArray[np.bool_], axis: int, *, wraps: bool = False
) -> NDArray:
    """Return ``values`` added up, by any ufunc, over the column of active cells that each cell is part of.

    Along an axis that ``wraps`` the first cell follows the last.
    """
    shape = np.broadcast_shapes(active.shape, values.shape)
    cells = np.moveaxis(np.broadcast_to(active, shape), -1 - axis, 0)
    total = np.moveaxis(np.array(np.broadcast_to(values, shape)), -1 - axis, 0)
    n = len(cells)
    for k in range(1, n):
        total[k] = np.where(cells[k] & cells[k - 1], add(total[k], total[k - 1]), total[k])
    for k in range(n - 2, -1, -1):
        total[k] = np.where(cells[k] & cells[k + 1], total[k + 1], total[k])
    if wraps:
        # Where the first and the last column are two parts of one, each of their cells has what both add up to.
        both = add(total[0], total[-1])
        joined = cells[0] & cells[-1] & ~cells.all(axis=0)
        first = np.logical_and.accumulate(cells, axis=0)
        last = np.logical_and.accumulate(cells[::-1], axis=0)[::-1]
        total = np.where((first | last) & joined, both, total)
    return np.moveaxis(total, 0, -1 - axis)


def _count(packed: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the number of bits that are set, summed over axis 0."""
    return _BITS[packed].sum(axis=0)


_BITS = np.array([bin(byte).count("1") for byte in range(256)])
