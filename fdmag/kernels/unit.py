"""A compiled unit: the local terms of one simulation, called with parameters in memory."""

import ctypes
from collections.abc import Sequence
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from fdmag.allocator import address, aligned_like
from fdmag.kernels.library import load, prepare
from fdmag.kernels.runtime import Runtime
from fdmag.kernels.source import MATERIAL, LocalTerm, energies_source, step_source, total_places, unit_source

FIELD, SLOPE, DESCENT = 0, 1, 2
"""What `Unit.local` returns: B [T], dm/dt [1/s], or −m × (m × B) [T]."""

_POINTER, _INDEX = ctypes.c_void_p, ctypes.c_int64
_ARGUMENTS = {
    "local": [_POINTER, _INDEX, *[_POINTER] * 4, ctypes.c_int, _POINTER, _POINTER, ctypes.c_int],
    "term": [_POINTER, _INDEX, _POINTER, _POINTER, _POINTER, ctypes.c_int],
    "energies": [_POINTER, _INDEX, _POINTER, _POINTER, _POINTER],
    "inner": [_POINTER, _INDEX, _POINTER, _POINTER, _POINTER, _POINTER],
}


class _View(ctypes.Structure):
    _fields_ = [("data", _POINTER), ("per_replica", _INDEX), ("per_row", _INDEX)]


class _Problem(ctypes.Structure):
    _fields_ = [
        ("cells", _INDEX * 3),
        ("periodic", _INDEX * 3),
        ("cell_size", ctypes.c_double * 3),
        ("views", ctypes.POINTER(_View)),
        ("parallel", _POINTER),
        ("bytes_per_thread", _INDEX),
    ]


class Unit:
    """The compiled functions of a set of terms on one mesh.

    Parameters
    ----------
    runtime : Runtime
    dtype : float32 or float64
    cells, cell_size, periodic
        As in `fdmag.mesh.Mesh`.
    material_per_cell : three bools
    terms : sequence of LocalTerm

    Raises
    ------
    CompilerError
        If a header does not compile.
    """

    def __init__(
        self,
        runtime: Runtime,
        dtype: np.dtype,
        cells: Sequence[int],
        cell_size: Sequence[float],
        periodic: Sequence[bool],
        material_per_cell: Sequence[bool],
        terms: Sequence[LocalTerm],
    ) -> None:
        self.dtype = dtype
        self.count = len(terms)
        self.compiler = runtime.compiler
        prepare(step_source(dtype), runtime.compiler)
        self._library = load(unit_source(dtype, cells, material_per_cell, terms), runtime.compiler)
        self._local = _function("local", self._library)
        self._energies_source = partial(energies_source, dtype, tuple(cells), tuple(material_per_cell), tuple(terms))
        self.slopes = ctypes.cast(self._library.fdmag_slopes, _POINTER)
        self.total_places = total_places(terms)
        self.totals = ctypes.cast(self._library.fdmag_totals, _POINTER) if self.total_places else None
        self._totals: list[NDArray] = []  # memory of tables that were made before stays in use
        self._views = (_View * (len(MATERIAL) + sum(len(term.parameters) for term in terms)))()
        self._arrays: dict[int, NDArray] = {}
        self._problem = _Problem(
            (_INDEX * 3)(*cells), (_INDEX * 3)(*map(int, periodic)), (ctypes.c_double * 3)(*cell_size),
            ctypes.cast(self._views, ctypes.POINTER(_View)), runtime.parallel,
            runtime.bytes_per_thread(cells[2]),
        )  # fmt: skip
        self.problem = ctypes.addressof(self._problem)

    @cached_property
    def _asked_now_and_then(self) -> "dict[str, ctypes._FuncPointer]":
        """Compiled when first needed: many runs do without, and those that do not have begun by then."""
        library = load(self._energies_source(), self.compiler)
        return {name: _function(name, library) for name in ("term", "energies", "inner")}

    def give(self, place: int, values: NDArray, *, by_row: bool) -> None:
        """Set a parameter: contiguous values (replicas | rows | 1, ...) that stay in use until the next `give`."""
        stride = values[0].size if values.shape[0] > 1 else 0
        self._arrays[place] = values
        self._views[place] = _View(address(values), 0 if by_row else stride, stride if by_row else 0)

    def reserve(self, rows: int) -> None:
        """Have memory for what terms find from all cells of so many rows; tables of `views` made before keep theirs."""
        if not self.total_places or (self._totals and self._totals[-1].shape[1] >= rows):
            return
        memory = np.zeros((len(self.total_places), rows), self.dtype)
        self._totals.append(memory)
        for place, values in zip(self.total_places, memory, strict=True):
            self._views[place] = _View(address(values), 0, 1)

    def views(self, values: dict[int, NDArray], by_replica: dict[int, NDArray] | None = None) -> ctypes.Array:
        """Return where all parameters are, with ``values`` (rows | 1, ...) in some places; they must be kept alive.

        So must those ``by_replica``, (replicas, ...), in further places.

        Call `reserve` before, for as many rows as the table is used with.
        """
        views = type(self._views).from_buffer_copy(self._views)
        for place, array in values.items():
            views[place] = _View(address(array), 0, array[0].size if array.shape[0] > 1 else 0)
        for place, array in (by_replica or {}).items():
            views[place] = _View(address(array), array[0].size, 0)
        return views

    def local(self, m: NDArray, replicas: NDArray | None, other: NDArray | None, kind: int) -> NDArray:
        """Return the field, slope or descent of all terms plus the field ``other`` [T]; shape of m."""
        self.reserve(len(m))
        out, place = aligned_like(m)
        self._local(self.problem, len(m), _at(replicas), _at(m), _at(other), place, kind, None, None, 0)
        return out

    def convolved(self, m: NDArray, replicas: NDArray | None, lent: tuple[int, int, int], kind: int) -> NDArray:
        """Return the field, slope or descent of all terms plus Ms times a convolution of m; shape of m.

        Ms has to be the same in all cells. ``lent`` is the address of the convolution, its handle, and threads.
        """
        if self.total_places:
            self.reserve(len(m))
        out, place = aligned_like(m)
        self._local(self.problem, len(m), _at(replicas), address(m), None, place, kind, *lent)
        return out

    def term(self, number: int, m: NDArray, replicas: NDArray | None) -> NDArray:
        """Return the field [T] of one term; shape of m."""
        self.reserve(len(m))
        out = np.empty_like(m)
        self._asked_now_and_then["term"](self.problem, len(m), _at(replicas), _at(m), _at(out), number)
        return out

    def energies(self, m: NDArray, replicas: NDArray | None) -> NDArray[np.float64]:
        """Return the energies [J], (rows, terms); 0 for a term without one."""
        self.reserve(len(m))
        out = np.empty((len(m), self.count))
        self._asked_now_and_then["energies"](self.problem, len(m), _at(replicas), _at(m), _at(out))
        return out

    def inner(self, a: NDArray, b: NDArray, replicas: NDArray | None) -> NDArray[np.float64]:
        """Return ∫ Ms a·b dV, (rows,)."""
        out = np.empty(len(a))
        self._asked_now_and_then["inner"](self.problem, len(a), _at(replicas), _at(a), _at(b), _at(out))
        return out


def _function(name: str, library: ctypes.CDLL) -> "ctypes._FuncPointer":
    """Return a function with a prototype of its own: an attribute of a library would be that of all who use it."""
    return ctypes.CFUNCTYPE(None, *_ARGUMENTS[name])((f"fdmag_{name}", library))


def _at(array: NDArray | None) -> int | None:
    return None if array is None else address(array)
