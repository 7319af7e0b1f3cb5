"""The kernels of a set of local terms on a CUDA device, and the tables in memory they are called with."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.kernels.cuda import THREADS, CudaDevice, DeviceArray, cell_grid, rows_table
from fdmag.kernels.cuda_source import cuda_arithmetic_source, cuda_unit_source
from fdmag.kernels.source import LocalTerm, total_places

MOST_STAGES = 32
"""Most slopes of a method: ``kMostStages`` of the kernels."""

STAGE_PLAN = np.dtype(
    [
        ("slot", np.int64),
        ("last", np.int64),
        ("next_count", np.int64),
        ("error_count", np.int64),
        ("next_slots", np.int64, MOST_STAGES),
        ("error_slots", np.int64, MOST_STAGES),
        ("next_weights", np.float64, MOST_STAGES),
        ("error_weights", np.float64, MOST_STAGES),
    ]
)
"""``StagePlan`` of the kernels."""

VIEW = np.dtype([("data", np.uint64), ("per_replica", np.int64), ("per_row", np.int64)])
"""``View`` of the kernels."""


class CudaMesh:
    """A mesh as the kernels see it, and those of them that depend on no term.

    Parameters
    ----------
    device : CudaDevice
    dtype : float32 or float64
    cells, cell_size, periodic
        As in `fdmag.mesh.Mesh`.
    """

    def __init__(
        self,
        device: CudaDevice,
        dtype: np.dtype,
        cells: Sequence[int],
        cell_size: Sequence[float],
        periodic: Sequence[bool],
    ) -> None:
        self.device = device
        self.dtype = dtype
        self.extent = tuple(cells)
        self.cells = int(np.prod(cells))
        self.volume = float(np.prod(cell_size))
        self.blocks = -(-self.cells // THREADS)
        self._source = cuda_arithmetic_source(dtype)
        sizes = np.asarray(cell_size, dtype=np.float64)
        lengths = np.concatenate([sizes, 1 / (sizes * sizes)])
        self.table = device.upload(np.concatenate([np.array([*cells, *periodic], np.int64), lengths.view(np.int64)]))

    def launch(self, name: str, rows: int, *arguments: Any, source: str | None = None) -> None:
        """Launch a kernel over all cells of at most so many rows; its first argument is the mesh."""
        kernel = self.device.kernel(source or self._source, name)
        self.device.launch(kernel, cell_grid(self.cells, rows), (THREADS, 1), (self.table, *arguments))

    def gather(
        self, name: str, rows: DeviceArray, count: int, partial: DeviceArray, each: int, out: DeviceArray
    ) -> None:
        """Gather what the blocks of at most ``count`` rows have left, ``each`` lists per row, into out[row, each]."""
        grid = 1, cell_grid(1, count)[1]
        arguments = rows, partial, self.blocks, each, out
        self.device.launch(self.device.kernel(self._source, name), grid, (THREADS, 1), arguments)


class CudaUnit:
    """The compiled kernels of a set of terms on one mesh.

    Parameters
    ----------
    mesh : CudaMesh
    material_per_cell : three bools
    terms : sequence of LocalTerm

    Raises
    ------
    CompilerError
        At the first call, if a header does not compile.
    """

    def __init__(self, mesh: CudaMesh, material_per_cell: Sequence[bool], terms: Sequence[LocalTerm]) -> None:
        self.mesh = mesh
        self.device = mesh.device
        self.count = len(terms)
        self.total_places = total_places(terms)
        self.sums = sum(term.total[1] for term in terms if term.total is not None)
        self._source = cuda_unit_source(mesh.dtype, mesh.extent, material_per_cell, terms)

    def launch(self, name: str, rows: int, *arguments: Any) -> None:
        """Launch a kernel over all cells of at most so many rows; its first argument is the mesh."""
        self.mesh.launch(name, rows, *arguments, source=self._source)

    def views(self, values: Sequence[tuple[DeviceArray, bool]]) -> DeviceArray:
        """Return the table of parameters: each an array (replicas | rows | 1, ...), and whether it goes by row."""
        table = np.zeros(len(values), VIEW)
        for entry, (array, by_row) in zip(table, values, strict=True):
            stride = array.size // array.shape[0] if array.shape[0] > 1 else 0
            entry["data"] = array.data.ptr
            entry["per_row" if by_row else "per_replica"] = stride
        return self.device.upload(table.view(np.int64))

    def find_totals(
        self, views: DeviceArray, table: DeviceArray, rows: int, m: DeviceArray, partial: DeviceArray
    ) -> None:
        """Find what terms need to know of all cells of at most so many rows; ``partial`` as of `partial_sums`."""
        if not self.sums:
            return
        self.launch("fd_shares", rows, views, table, m, partial)
        grid, kernel = (1, cell_grid(1, rows)[1]), self.device.kernel(self._source, "fd_settle")
        arguments = self.mesh.table, views, table, m, partial, self.mesh.blocks
        self.device.launch(kernel, grid, (THREADS, 1), arguments)

    def partial_sums(self, rows: int) -> DeviceArray:
        """Return memory for what blocks leave of these sums."""
        return self.device.empty(rows * self.sums * self.mesh.blocks, np.float64)

    def local(self, m: NDArray, call: "Call", other: NDArray | None, kind: int) -> NDArray:
        """Return the field, slope or descent of all terms plus the field ``other`` [T]; shape of m."""
        out = self.device.empty(m.shape, m.dtype)
        added = None if other is None else self.device.upload(other)
        self.launch("fd_local", len(m), call.views, call.rows, self._looked_over(m, call), added, out, kind)
        return self.device.fetch(out)

    def term(self, number: int, m: NDArray, call: "Call") -> NDArray:
        """Return the field [T] of one term; shape of m."""
        out = self.device.empty(m.shape, m.dtype)
        self.launch("fd_term", len(m), call.views, call.rows, self._looked_over(m, call), out, number)
        return self.device.fetch(out)

    def energies(self, m: NDArray, call: "Call") -> NDArray[np.float64]:
        """Return the energies [J], (rows, terms); 0 for a term without one."""
        if self.count == 0:
            return np.zeros((len(m), 0))
        return self._sums("fd_energies", self.count, call, m)

    def inner(self, a: NDArray, b: NDArray, call: "Call") -> NDArray[np.float64]:
        """Return ∫ Ms a·b dV, (rows,)."""
        return self._sums("fd_inner", 1, call, a, b)[:, 0]

    def _looked_over(self, m: NDArray, call: "Call") -> DeviceArray:
        """Return m on the device, of which terms know what they need of all cells."""
        uploaded = self.device.upload(m)
        self.find_totals(call.views, call.rows, len(m), uploaded, self.partial_sums(len(m)))
        return uploaded

    def _sums(self, name: str, each: int, call: "Call", *vectors: NDArray) -> NDArray[np.float64]:
        rows, device = len(vectors[0]), self.device
        partial = device.empty(rows * each * self.mesh.blocks, np.float64)
        out = device.empty((rows, each), np.float64)
        first = self._looked_over(vectors[0], call) if name == "fd_energies" else device.upload(vectors[0])
        self.launch(name, rows, call.views, call.rows, first, *map(device.upload, vectors[1:]), partial)
        self.mesh.gather("fd_sum", call.rows, rows, partial, each, out)
        return device.fetch(out) * self.mesh.volume


class Call:
    """The tables of one evaluation of arrays that hold the chosen replicas only.

    Parameters
    ----------
    unit : CudaUnit
    values : sequence of (array, bool)
        The parameters, as of `CudaUnit.views`.
    rows : int
    replicas : int array or None
        Which replicas the rows are; None means all.
    """

    def __init__(
        self, unit: CudaUnit, values: Sequence[tuple[DeviceArray, bool]], rows: int, replicas: NDArray | None
    ) -> None:
        self._kept = values  # the arrays live as long as the table that points to them
        self.views = unit.views(values)
        chosen = np.arange(rows) if replicas is None else np.asarray(replicas)
        self.rows = unit.device.upload(rows_table(chosen, compact=True))
