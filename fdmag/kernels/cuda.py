"""A CUDA device through CuPy: kernels compiled from source text, arrays, launches on one stream, captured graphs.

CuPy itself comes from `fdmag.backend`, which alone imports it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fdmag.errors import CompilerError

DeviceArray = Any
"""A CuPy array."""

COMPILE_OPTIONS = ("-std=c++17",)
"""For NVRTC. Multiply and add are fused; NaN stays NaN."""

THREADS = 256
"""Threads of a block over cells: ``kThreads`` of the kernels, the number that sums are combined in."""

MOST_ROWS = 65535
"""Largest number of blocks along the second and third axis of a grid."""


class CudaDevice:
    """The current CUDA device.

    Attributes
    ----------
    name : str
    shared_bytes : int
        Shared memory that one block may ask for.
    """

    def __init__(self, cupy: Any) -> None:
        self.cupy = cupy
        device = cupy.cuda.Device()
        self.name: str = cupy.cuda.runtime.getDeviceProperties(device.id)["name"].decode()
        self.shared_bytes = int(device.attributes["MaxSharedMemoryPerBlockOptin"])
        self._stream = cupy.cuda.Stream(non_blocking=True)
        self._modules: dict[str, Any] = {}
        self._kernels: dict[tuple[str, str], Any] = {}

    def kernel(self, source: str, name: str, shared: int = 0) -> Any:
        """Return a kernel of a source text, compiled at its first use, that may take ``shared`` bytes of shared memory.

        Raises
        ------
        CompilerError
            With the compiler's message.
        """
        key = (source, name)
        if key not in self._kernels:
            if source not in self._modules:
                # CuPy writes the text to a file in the encoding of the locale; only comments have other letters.
                code = source.encode("ascii", "replace").decode()
                self._modules[source] = self.cupy.RawModule(code=code, options=COMPILE_OPTIONS)
            try:
                kernel = self._modules[source].get_function(name)
            except self.cupy.cuda.compiler.CompileException as error:
                raise CompilerError(f"NVRTC cannot compile the kernels:\n{error}") from None
            self._kernels[key] = kernel
        kernel = self._kernels[key]
        if shared > kernel.max_dynamic_shared_size_bytes:
            kernel.max_dynamic_shared_size_bytes = shared
        return kernel

    def launch(
        self, kernel: Any, grid: Sequence[int], block: Sequence[int], arguments: Sequence[Any], shared: int = 0
    ) -> None:
        """Launch a kernel; an argument is an array, a whole number, or None for a null pointer."""
        packed = tuple(
            np.uint64(0) if value is None else np.int64(value) if isinstance(value, int | np.integer) else value
            for value in arguments
        )
        with self._stream:
            kernel(tuple(grid), tuple(block), packed, shared_mem=shared)

    def empty(self, shape: int | Sequence[int], dtype: DTypeLike) -> DeviceArray:
        """Return an array of this device."""
        with self._stream:
            return self.cupy.empty(shape, dtype)

    def upload(self, values: NDArray) -> DeviceArray:
        """Return a copy on the device."""
        array = self.empty(values.shape, values.dtype)
        self.write(array, values)
        return array

    def write(self, array: DeviceArray, values: NDArray) -> None:
        """Copy ``values`` into an array of the same shape and dtype; from pinned memory without waiting."""
        if values.size:
            array.set(np.ascontiguousarray(values), stream=self._stream)

    def fetch(self, array: DeviceArray, out: NDArray | None = None) -> NDArray:
        """Return a NumPy copy, when all work before is done."""
        return array.get(stream=self._stream, out=out)

    def pinned(self, count: int, dtype: DTypeLike) -> NDArray:
        """Return a NumPy array in memory that is copied from and to without waiting."""
        resolved = np.dtype(dtype)
        memory = self.cupy.cuda.alloc_pinned_memory(max(count, 1) * resolved.itemsize)
        return np.frombuffer(memory, resolved, count)

    def capture(self, work: Callable[[], None]) -> Any:
        """Return the graph of what ``work`` launches; nothing is run."""
        with self._stream:
            self._stream.begin_capture()
            try:
                work()
            finally:
                graph = self._stream.end_capture()
        return graph

    def replay(self, graph: Any) -> None:
        """Run a captured graph."""
        graph.launch(stream=self._stream)

    def transform(self, name: str, array: DeviceArray, length: int, axis: int) -> DeviceArray:
        """Return a transform of CuPy's, "rfft", "fft", "ifft" or "irfft", the inverse ones without their factor."""
        with self._stream:
            norm = "forward" if name.startswith("i") else "backward"
            return getattr(self.cupy.fft, name)(array, n=length, axis=axis, norm=norm)

    def contiguous(self, array: DeviceArray) -> DeviceArray:
        """Return the array in C order."""
        with self._stream:
            return self.cupy.ascontiguousarray(array)


def rows_table(replicas: NDArray[np.integer], *, compact: bool) -> NDArray[np.int64]:
    """Return which replicas a launch is for; with ``compact`` arrays hold these only, else all."""
    return np.concatenate([[len(replicas), int(compact)], replicas, [0] * (len(replicas) == 0)]).astype(np.int64)


def cell_grid(cells: int, rows: int) -> tuple[int, int]:
    """Return the grid of a kernel over cells."""
    return -(-cells // THREADS), min(max(rows, 1), MOST_ROWS)
