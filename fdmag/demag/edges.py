"""What partly filled cells leave out of the demagnetising field: where in them the magnet is.

The tensor between two cells takes what is in them as spread over all of the cell. Of the parts inside a shape, cut into
s subcells along each axis, it is the mean over all pairs of subcells instead. Between cells further apart than `REACH`
the difference is that of far multipoles, and is left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import scipy
from numpy.typing import DTypeLike, NDArray

from fdmag.constants import MU_0
from fdmag.demag.newell import COMPONENTS, newell_tensor
from fdmag.mesh import Mesh
from fdmag.shares import Shares

REACH = 2
"""Cells apart, along each axis, up to which the difference counts."""
_CHUNK = 2048
_NOTHING = 1e-16
_ROWS = ((0, 3, 4), (3, 1, 5), (4, 5, 2))  # places of xx, yy, zz, xy, xz, yz in a symmetric tensor
Step = tuple[int, ...]
"""Cells from one to another along z, y, x."""


@dataclass(frozen=True)
class EdgeTensor:
    """Differences of the tensor, between cells of which at least one is partly filled.

    Attributes
    ----------
    rows : int array (n,)
        Numbers of the cells (z ny + y) nx + x at which the field differs.
    columns : int array (k, n)
        Numbers of the cells it comes from; a row itself where there is none.
    tensor : array (6, k, n)
        xx, yy, zz, xy, xz, yz of what is to be added to N; 0 where there is none.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    tensor: NDArray[np.float64]

    def by_shift(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return by how much numbers of columns are above those of rows, (s,), and the tensor by that, (6, s, n).

        Two columns of a row that are the same cell, around a periodic mesh, are taken together.
        """
        shifts, place = np.unique(self.columns - self.rows, return_inverse=True)
        place = place.reshape(self.columns.shape)
        tensor = np.zeros((6, shifts.size, self.rows.size))
        for k, at in enumerate(place):
            tensor[:, at, np.arange(self.rows.size)] += self.tensor[:, k]
        return shifts.astype(np.int64), tensor


def edges_of(shares: Shares, mesh: Mesh) -> EdgeTensor | None:
    """Return the differences for what a geometry leaves of the cells; None if it cuts none."""
    cells, inside = shares.subcells()
    return edge_tensor(inside, cells, shares.volume, mesh) if cells.size else None


class EdgeField:
    """The difference that edges make to the field of every replica.

    Parameters
    ----------
    shares : Shares
    mesh : Mesh
    dtype : dtype
        Of the magnetisation.
    """

    def __init__(self, shares: Shares, mesh: Mesh, dtype: DTypeLike) -> None:
        self._known: list[_Known | None] = []
        for each in shares.of_replicas():
            tensor = edges_of(each, mesh)
            self._known.append(None if tensor is None else _Known(tensor, dtype))

    def add(self, B: NDArray, magnetisation: NDArray, replicas: NDArray[np.intp] | None) -> None:
        """Add it [T] to B, (batch, 3, nz, ny, nx), of Ms m [A/m]; ``replicas`` says which these are, None: all."""
        flat, M = B.reshape(len(B), 3, -1), magnetisation.reshape(len(B), 3, -1)
        numbers = np.arange(len(B)) if replicas is None else replicas
        for number, known in enumerate(self._known):
            rows = np.arange(len(B)) if len(self._known) == 1 else np.flatnonzero(numbers == number)
            if known is not None and rows.size:
                known.add(flat, M, rows)


class _Known:
    """An `EdgeTensor` as a sparse matrix from the cells it reads to those it writes."""

    def __init__(self, tensor: EdgeTensor, dtype: DTypeLike) -> None:
        self._rows = tensor.rows
        self._sources, place = np.unique(tensor.columns, return_inverse=True)
        place = place.reshape(tensor.columns.shape)
        n, count = self._rows.size, self._sources.size
        i, values = np.broadcast_to(np.arange(n), place.shape), -MU_0 * tensor.tensor
        blocks = [[scipy.sparse.coo_array((values[part].ravel(), (i.ravel(), place.ravel())), (n, count))
                   for part in parts] for parts in _ROWS]  # fmt: skip
        self._matrix: Any = scipy.sparse.block_array(blocks).tocsr().astype(dtype)

    def add(self, B: NDArray, M: NDArray, rows: NDArray[np.intp]) -> None:
        """Add the field of M to B, both (batch, 3, cells), in some rows of the batch."""
        read, written = (np.ix_(rows, np.arange(3), cells) for cells in (self._sources, self._rows))
        # A column for each replica: each row of the product is summed in one order, however many there are.
        field = self._matrix @ np.ascontiguousarray(M[read].reshape(rows.size, -1).T)
        B[written] += field.T.reshape(rows.size, 3, -1)


def edge_tensor(
    inside: NDArray[np.bool_], cells: NDArray[np.intp], filled: NDArray[np.float64], mesh: Mesh
) -> EdgeTensor:
    """Return the differences for a mesh whose partly filled cells are known by their subcells.

    Parameters
    ----------
    inside : bool array (p, sz, sy, sx)
        Which subcells of each partly filled cell are inside.
    cells : int array (p,)
        Numbers of these cells.
    filled : array (nz, ny, nx)
        Share of every cell; the others are 0 or 1.
    mesh : Mesh
    """
    reach = [0 if n == 1 and not wraps else REACH for n, wraps in zip(mesh.cells, mesh.periodic, strict=True)][::-1]
    shape, s = mesh.shape, inside.shape[1:]
    partial = np.full(filled.size, -1, np.intp)
    partial[cells] = np.arange(cells.size)
    full = np.ones((1, *s), bool)
    occupied = np.concatenate([inside, full])  # the last stands for every full cell
    size = [2 * n for n in s]
    waves = np.fft.rfftn(occupied, size, axes=(1, 2, 3))
    steps: list[Step] = list(product(*(range(-r, r + 1) for r in reach)))
    rows = _touched(filled, partial >= 0, steps, mesh)
    place = np.stack(np.unravel_index(rows, shape))
    own = np.where(partial[rows] >= 0, partial[rows], cells.size)
    count = occupied.sum(axis=(1, 2, 3))
    fine, coarse = _tensors(mesh, s, reach)
    columns = np.tile(rows, (len(steps), 1))
    tensor = np.zeros((6, len(steps), rows.size))
    for k, step in enumerate(steps):
        there, valid = _moved(place, step, mesh)
        number = np.ravel_multi_index(tuple(there), shape)
        valid &= (filled.ravel()[number] > 0) & ((partial[rows] >= 0) | (partial[number] >= 0))
        chosen = np.flatnonzero(valid)
        columns[k, chosen] = number[chosen]
        other = np.where(partial[number] >= 0, partial[number], cells.size)
        far, near = fine(step), coarse(step)
        for start in range(0, chosen.size, _CHUNK):
            at = chosen[start : start + _CHUNK]
            # pairs of subcells by the offset of the one in the other cell from that in this one
            pairs = np.fft.irfftn(np.conj(waves[own[at]]) * waves[other[at]], size, axes=(1, 2, 3))
            total = pairs.reshape(at.size, -1) @ far.reshape(6, -1).T
            mean = np.prod(s) * total / (count[own[at]] * count[other[at]])[:, None]
            tensor[:, k, at] = mean.T - near[:, None]
    tensor[np.abs(tensor) < _NOTHING] = 0  # what rounding leaves of zeros is too small for float32
    return EdgeTensor(rows, columns, tensor)


def _touched(
    filled: NDArray[np.float64], partial: NDArray[np.bool_], steps: list[Step], mesh: Mesh
) -> NDArray[np.intp]:
    """Return the numbers of magnetic cells that are partly filled, or have such a cell within reach."""
    near = np.zeros(mesh.shape, bool)
    place = np.stack(np.unravel_index(np.flatnonzero(partial), mesh.shape))
    for step in steps:
        there, valid = _moved(place, step, mesh)
        near[tuple(there[:, valid])] = True
    return np.flatnonzero(near.ravel() & (filled.ravel() > 0))


def _moved(place: NDArray[np.intp], step: Step, mesh: Mesh) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return places (3, n) so many cells on along z, y, x, and which of them are in the mesh."""
    size, wraps = np.array(mesh.shape)[:, None], np.array(mesh.periodic[::-1])[:, None]
    there = place + np.array(step)[:, None]
    valid = np.all(wraps | ((there >= 0) & (there < size)), axis=0)
    return np.where(wraps, there % size, np.clip(there, 0, size - 1)), valid


def _tensors(
    mesh: Mesh, s: tuple[int, ...], reach: list[int]
) -> tuple[Callable[[Step], NDArray[np.float64]], Callable[[Step], NDArray[np.float64]]]:
    """Return what gives the tensor of subcells, (6, 2 sz, 2 sy, 2 sx) as a transform has them, and that of cells."""
    unit = min(mesh.cell_size)
    cell = np.array(mesh.cell_size) / unit
    across = np.array(s)[::-1]
    fine = newell_tensor(tuple((np.array(reach)[::-1] + 1) * across + 1), tuple(cell / across))
    coarse = newell_tensor(tuple(np.array(reach)[::-1] + 1), tuple(cell))

    def subcells(step: Step) -> NDArray[np.float64]:
        inner = [np.concatenate([np.arange(n), [0], np.arange(1 - n, 0)]) for n in s]
        return _at(fine, [k * n + each for k, n, each in zip(step, s, inner, strict=True)])

    def cells(step: Step) -> NDArray[np.float64]:
        return _at(coarse, [np.array([k]) for k in step]).reshape(6)

    return subcells, cells


def _at(tensor: NDArray[np.float64], offsets: list[NDArray[np.intp]]) -> NDArray[np.float64]:
    """Return a tensor known for offsets from 0 on at any, (6, nz, ny, nx): xy, xz and yz are odd in their axes."""
    z, y, x = (np.abs(each) for each in offsets)
    found = tensor[:, z[:, None, None], y[None, :, None], x[None, None, :]]
    signs = {letter: np.where(each < 0, -1.0, 1.0) for letter, each in zip("zyx", offsets, strict=True)}
    along = {"z": signs["z"][:, None, None], "y": signs["y"][None, :, None], "x": signs["x"][None, None, :]}
    for number, name in enumerate(COMPONENTS):
        if name[0] != name[1]:
            found[number] *= along[name[0]] * along[name[1]]
    return found
