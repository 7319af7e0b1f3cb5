"""The host's runtime library, and compiled units bound to it: thin wrappers of C functions."""

import ctypes
import logging
import os
from functools import cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import CompilerError, ParameterError
from fdmag.kernels.compiler import Compiler, find_compiler
from fdmag.kernels.library import load
from fdmag.kernels.source import runtime_source

_LOG = logging.getLogger("fdmag")
_POINTER, _INDEX, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
_C_NAMES = {"d": "double", "f": "float"}  # by character of the dtype: its name takes microseconds to look up
_LINE = 64  # bytes
_nothing_at = (ctypes.c_char * 0).from_buffer
_address_of = ctypes.addressof


class Runtime:
    """Threads and arithmetic that depends on no term, compiled.

    Arrays of vectors are C-contiguous, (rows, 3, nz, ny, nx), all of one call alike in shape and precision.

    Attributes
    ----------
    compiler : Compiler
    library : ctypes.CDLL
    parallel, sharing : addresses
        Of `fdmag_parallel` (see `kernels/host/sums.h`) and of the functions in `kernels/host/share.h`.
    threads : int
        How many are used.
    """

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.threads = 1
        self.library = load(runtime_source(), compiler)
        self.parallel = ctypes.cast(self.library.fdmag_parallel, ctypes.c_void_p)
        self.library.fdmag_set_threads.argtypes = [_INT]
        self.library.fdmag_threads.restype = _POINTER
        self.sharing: int = self.library.fdmag_threads()
        signatures = {
            "largest": [_INDEX, _INDEX, _POINTER, _POINTER],
            "torque": [_INDEX, _INDEX, _POINTER, _POINTER, _POINTER],
            "gradient": [_INDEX, _INDEX, _POINTER, _POINTER, _POINTER],
            "turned": [_INDEX, _INDEX, _POINTER, _POINTER, _POINTER, _POINTER],
        }
        self._functions = {}
        for dtype, c_name in _C_NAMES.items():
            for name, arguments in signatures.items():
                function = getattr(self.library, f"fdmag_{name}_{c_name}")
                function.argtypes, function.restype = arguments, None
                self._functions[name, dtype] = function

    def largest(self, vectors: NDArray) -> NDArray[np.float64]:
        """Return the largest |v| over the cells of each row, (rows,); NaN if one is."""
        out = np.empty(vectors.shape[0])
        self._functions["largest", vectors.dtype.char](*_extent(vectors), address(vectors), address(out))
        return out

    def torque(self, a: NDArray, b: NDArray) -> NDArray[np.float64]:
        """Return the largest |a × b| over the cells of each row, (rows,)."""
        out = np.empty(a.shape[0])
        self._functions["torque", a.dtype.char](*_extent(a), address(a), address(b), address(out))
        return out

    def gradient(self, m: NDArray, B: NDArray) -> NDArray:
        """Return m × (m × B)."""
        out = np.empty_like(m)
        self._functions["gradient", m.dtype.char](*_extent(m), address(m), address(B), address(out))
        return out

    def turned(self, m: NDArray, gradient: NDArray, steps: NDArray[np.float64]) -> NDArray:
        """Return m turned by the midpoint rule with one step, (rows,), per row: see `fdmag.solvers.llg.turned`."""
        out, steps = np.empty_like(m), np.ascontiguousarray(steps, dtype=np.float64)
        self._functions["turned", m.dtype.char](
            *_extent(m), address(m), address(gradient), address(steps), address(out)
        )
        return out

    def set_threads(self, threads: int) -> None:
        """Use so many threads from now on; no result depends on it."""
        self.threads = threads
        self.library.fdmag_set_threads(threads)


def host_runtime(*, notice: bool = True) -> tuple[Runtime | None, str]:
    """Return the runtime, or None if no compiler is found that works, and a phrase that says which or why.

    With ``notice``, a missing compiler is told to the logger ``fdmag``, once for each cause.

    Raises
    ------
    ParameterError
        If ``$FDMAG_THREADS`` is not a whole number of at least 1.
    """
    compiler, found = find_compiler()
    runtime, problem = (None, found) if compiler is None else _runtime(compiler)
    if runtime is None:
        if notice:
            _notice(problem)
        return None, problem
    runtime.set_threads(threads_wanted())
    return runtime, found


def threads_wanted() -> int:
    """Return ``$FDMAG_THREADS``, or else the number of processors this process may use."""
    wish = os.environ.get("FDMAG_THREADS", "")
    if not wish:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not wish.isdigit() or not 1 <= int(wish) <= 4096:
        raise ParameterError(f"FDMAG_THREADS = {wish!r}; allowed: a whole number from 1 to 4096")
    return int(wish)


@cache
def _runtime(compiler: Compiler) -> tuple[Runtime | None, str]:
    try:
        return Runtime(compiler), ""
    except CompilerError as error:
        return None, str(error)


@cache
def _notice(problem: str) -> None:
    _LOG.warning(
        "no compiled kernels: %s. NumPy is used, which is several times slower. Install a C++ compiler, or the Python "
        "package ziglang (pip install 'fdmag[cpu]'), or ask for device numpy to silence this.",
        problem,
    )


def _extent(vectors: NDArray) -> tuple[int, int]:
    rows = vectors.shape[0]
    return rows, vectors.size // (3 * rows) if rows else 0


def address(array: NDArray) -> int:
    """Return where the data of a C-contiguous array is; ``array.ctypes.data`` takes five times longer."""
    if array.flags.writeable:
        return _address_of(_nothing_at(array.data))
    return array.ctypes.data


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype) -> NDArray:
    """Return memory for an array; a large one begins at a cache line, so that it can be written past the cache."""
    size = prod(shape) * dtype.itemsize
    if size < 2**17:
        return np.empty(shape, dtype)
    memory = np.empty(size + _LINE, dtype=np.uint8)
    start = -address(memory) % _LINE
    return memory[start : start + size].view(dtype).reshape(shape)
