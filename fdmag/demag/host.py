"""The demagnetising field on the host by compiled transforms (`kernels/host/demag.cpp`)."""

import ctypes
import logging
import weakref
from collections.abc import Sequence
from functools import cache as remember
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fdmag.allocator import address, aligned_like
from fdmag.constants import MU_0
from fdmag.demag.arguments import check_magnetisation, check_workers, checked_precision
from fdmag.demag.cache import SpectrumCache, default_cache
from fdmag.demag.convolution import DemagConvolution
from fdmag.demag.edges import EdgeTensor
from fdmag.demag.spectrum import demag_spectrum
from fdmag.errors import CompilerError, ParameterError
from fdmag.kernels.compiler import Compiler, find_compiler
from fdmag.kernels.library import load, prepare
from fdmag.kernels.runtime import host_runtime, threads_wanted
from fdmag.kernels.source import demag_source
from fdmag.mesh import Mesh

_LOG = logging.getLogger("fdmag")
# Fused multiply-add halves the work of a butterfly; every cell goes through the same code, so bits stay repeatable.
# Signed zeros stay: without them GCC takes a - (b - c) for a + (c - b), up to a sixth more additions in a butterfly.
_FLAGS = ("-O2", "-ffp-contract=fast")
# Cost of one stage of each radix per point, in vector operations, memory included.
_COST = {2: 7.0, 3: 10.0, 4: 9.0, 5: 15.0, 7: 22.0, 8: 13.0}


def host_lengths(mesh: Mesh) -> tuple[int, int, int]:
    """Transform lengths (x, y, z) of `HostDemag`, with factors 2, 3, 5 and 7 only.

    Along a periodic axis of n cells n itself if it has no others; else, as along an open axis, an even length of
    at least 2 n - 1.

    >>> host_lengths(Mesh(cells=(200, 11, 1), cell_size=(1e-9, 1e-9, 1e-9), periodic="x"))
    (200, 24, 1)
    """
    x, y, z = (
        n if n == 1 or (wraps and _cost(n) is not None) else _good_length(2 * n - 1)
        for n, wraps in zip(mesh.cells, mesh.periodic, strict=True)
    )
    return x, y, z


class HostDemag:
    """Demagnetising field of a magnetisation on a mesh, B = -mu0 N * M, compiled for this processor.

    Parameters
    ----------
    mesh : Mesh
        Cells, cell size and periodic axes.
    dtype : float64 or float32
        Precision of the field. The tensor and its spectrum are computed in float64 either way.
    cache : SpectrumCache, None or "default"
        Where spectra are kept on disk; None for nowhere, "default" for `default_cache`.
    workers : int, optional
        Number of threads. By default as many as the work is worth, at most all processors. The field has the same bits
        for any.
    edges : sequence of EdgeTensor or None
        What to add to the tensor, for each replica or one for all; None where there is nothing.

    Raises
    ------
    ParameterError
        If `dtype` is another, or `workers` below 1.
    CompilerError
        If no compiler works.
    MemoryError
        If memory is short.

    Notes
    -----
    With all three axes periodic, a uniform magnetisation has no field (see `demag_spectrum`).
    """

    def __init__(
        self,
        mesh: Mesh,
        dtype: DTypeLike = np.float64,
        cache: SpectrumCache | Literal["default"] | None = "default",
        workers: int | None = None,
        edges: Sequence[EdgeTensor | None] = (),
    ) -> None:
        self.mesh = mesh
        self.dtype = checked_precision(dtype)
        check_workers(workers)
        self._cache: SpectrumCache | None = default_cache() if cache == "default" else cache
        self.workers = workers
        self._threads = workers or threads_wanted()
        self.lengths = host_lengths(mesh)
        prepare_demag(mesh, self.dtype)
        runtime, found = host_runtime(notice=False)
        if runtime is None:
            raise CompilerError(f"demag: no compiled kernels: {found}")
        self._runtime = runtime
        self._size = mesh.n_cells * self.dtype.itemsize
        self.edges = len(edges)
        self._edges = (ctypes.c_void_p * self.edges)(
            *(None if each is None else self._laid_out(each) for each in edges)
        )
        self._handles: list[int] = []
        self._add_handles(1, self._threads)
        self._apply = self._function("apply")
        self._address = self.function

    @property
    def function(self) -> int:
        """Address of ``void apply(void* handle, const real* M, real* B, long long batch, replicas, int threads)``."""
        found = ctypes.cast(self._apply, ctypes.c_void_p).value
        assert found is not None
        return found

    def threads(self, batch: int = 1) -> int:
        """Return how many threads share out so many replicas."""
        if self.workers is not None:
            return self.workers
        worth = batch * self._size // self._runtime.bytes_per_thread(self.mesh.cells[2])
        return max(1, min(self._threads, worth))

    def lent(self, batch: int) -> tuple[int, int, int]:
        """Return what calls `function` for so many replicas: its address, a handle and a number of threads."""
        return self._address, self._handles[0], self.threads(batch)

    def handles(self, count: int) -> list[int]:
        """Return handles for `function`, of which at most one call at a time may use each; all but the first serial.

        They are for small meshes: each has its own copy of the spectrum, and they live as long as this object.
        """
        if count > len(self._handles):
            self._add_handles(count - len(self._handles), 1)
        return self._handles[:count]

    def _function(self, name: str) -> "ctypes._NamedFuncPointer":
        function = load(_source(self.mesh, self.dtype), self._runtime.compiler, _FLAGS)[f"fd_demag_{name}"]
        function.argtypes = _ARGUMENTS[name]
        function.restype = {"create": ctypes.c_void_p, "edges": ctypes.c_void_p, "use": ctypes.c_int}.get(name)
        return function

    def _laid_out(self, edges: EdgeTensor) -> int:
        rows = np.ascontiguousarray(edges.rows, dtype=np.int64)
        shifts, tensor = edges.by_shift()
        tensor *= -MU_0
        place = rows.size, rows.ctypes.data, shifts.size, shifts.ctypes.data, tensor.ctypes.data
        found: int | None = self._function("edges")(*place)
        if not found:
            raise MemoryError(f"demag: no memory for the edges in a mesh of {self.mesh.cells} cells")
        weakref.finalize(self, self._function("forget"), found)
        return found

    def _add_handles(self, count: int, threads: int) -> None:
        spectrum = demag_spectrum(self.mesh, self._cache, self.lengths)  # while the library is compiled
        create, kernel, use, destroy = (self._function(name) for name in ("create", "kernel", "use", "destroy"))
        triple = ctypes.c_longlong * 3
        for _ in range(count):
            handle = create(triple(*self.mesh.cells), triple(*self.lengths), threads, self._runtime.sharing)
            if handle:
                weakref.finalize(self, destroy, handle)
            if not handle or (self.edges and not use(handle, self._edges, self.edges)):
                raise MemoryError(f"demag: no memory for a mesh of {self.mesh.cells} cells")
            kernel(handle, spectrum.ctypes.data, -MU_0 / float(np.prod(self.lengths, dtype=np.float64)))
            self._handles.append(handle)

    def __call__(
        self,
        magnetisation: NDArray[np.floating],
        out: NDArray[np.floating] | None = None,
        replicas: NDArray[np.integer] | None = None,
    ) -> NDArray[np.floating]:
        """Field of a magnetisation.

        Parameters
        ----------
        magnetisation : array (batch, 3, nz, ny, nx) [A/m]
            M in every cell of every replica. It is converted to `dtype` and not changed.
        out : array (batch, 3, nz, ny, nx) of `dtype`, contiguous, optional
            Where to write the field; it may be `magnetisation` itself.
        replicas : int array (batch,), optional
            Numbers of the replicas, which say whose edges there are; by default they are counted from 0 on.

        Returns
        -------
        array (batch, 3, nz, ny, nx) [T] of `dtype`: the field averaged over each cell. A replica's field has
        the same bits whatever other replicas are with it, and whatever the number of threads.

        Raises
        ------
        ParameterError
            If an array has another shape, `out` another dtype or order in memory, or a replica no edges when others do.
        """
        magnetisation = np.ascontiguousarray(magnetisation, dtype=self.dtype)
        check_magnetisation(magnetisation, self.mesh)
        if out is None:
            out, place = aligned_like(magnetisation)
        elif out.shape != magnetisation.shape or out.dtype != self.dtype or not out.flags.c_contiguous:
            raise ParameterError(
                f"demag: out is {out.dtype} of shape {out.shape}; needed is a contiguous array of {self.dtype} and "
                f"shape {magnetisation.shape}"
            )
        else:
            place = address(out)
        batch = len(magnetisation)
        numbers = None if replicas is None else np.ascontiguousarray(replicas, dtype=np.int64)
        highest = batch if numbers is None else int(numbers.max(initial=0)) + 1
        if self.edges > 1 and (highest > self.edges or (numbers is not None and len(numbers) != batch)):
            raise ParameterError(f"demag: edges of {self.edges} replicas, m of {batch}; give the number of each")
        rows = None if numbers is None else address(numbers)
        self._apply(self._handles[0], address(magnetisation), place, batch, rows, self.threads(batch))
        return out


def demag_convolution(
    mesh: Mesh, dtype: DTypeLike, *, compiled: bool, edges: Sequence[EdgeTensor | None] = ()
) -> "HostDemag | DemagConvolution":
    """Return the compiled convolution if it is asked for and compiles here, else that of SciPy, with a notice.

    Only the compiled one has the ``edges``.
    """
    if compiled:
        try:
            return HostDemag(mesh, dtype, edges=edges)
        except CompilerError as error:
            _notice(str(error))
    return DemagConvolution(mesh, dtype)


def prepare_demag(mesh: Mesh, dtype: DTypeLike) -> None:
    """Begin to compile in the background, if there is a compiler, what `HostDemag` will need."""
    compiler, _ = find_compiler()
    if compiler is not None:
        _begin(_source(mesh, np.dtype(dtype)), compiler)


@remember
def _begin(source: str, compiler: Compiler) -> None:
    """Once for each: to find the key of a source takes as long as to make a small simulation."""
    prepare(source, compiler, _FLAGS)


@remember
def _notice(problem: str) -> None:
    _LOG.warning("demag: the compiled convolution is not to be had, SciPy's is used. %s", problem)


def _source(mesh: Mesh, dtype: np.dtype) -> str:
    film = mesh.cells[2] == 1
    lengths = host_lengths(mesh)[: 2 if film else 3]
    if any(length % 7 == 0 for length in lengths):
        odd = 7
    else:
        odd = 1 if all(length > 2 and length & (length - 1) == 0 for length in lengths) else 5
    return demag_source(dtype, film, odd)


_ARGUMENTS: dict[str, list[Any]] = {
    "create": [ctypes.POINTER(ctypes.c_longlong), ctypes.POINTER(ctypes.c_longlong), ctypes.c_int, ctypes.c_void_p],
    "kernel": [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_double],
    "edges": [*[ctypes.c_longlong, ctypes.c_void_p] * 2, ctypes.c_void_p],
    "forget": [ctypes.c_void_p],
    "use": [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_longlong],
    "apply": [*[ctypes.c_void_p] * 3, ctypes.c_longlong, ctypes.c_void_p, ctypes.c_int],
    "destroy": [ctypes.c_void_p],
}


def _cost(length: int) -> float | None:
    """Cost of a transform, in proportion, or None if it has a factor other than 2, 3, 5 and 7."""
    cost, rest = 1.0, length
    for radix in (8, 4, 2, 7, 5, 3):
        while rest % radix == 0:
            rest //= radix
            cost += _COST[radix]
    return cost * length if rest == 1 else None


@remember
def _good_length(least: int) -> int:
    """Cheapest even length of at least `least`: odd ones do not pack a film's real rows."""
    costs = {
        length: cost for length in range(least + least % 2, 2 * least + 16, 2) if (cost := _cost(length)) is not None
    }
    return min(costs, key=lambda length: (costs[length], length))
