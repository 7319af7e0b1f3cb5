"""The host's runtime library, and compiled units bound to it: thin wrappers of C functions."""

import ctypes
import logging
import os
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fdmag.allocator import address
from fdmag.errors import CompilerError, ParameterError
from fdmag.kernels.compiler import Compiler, find_compiler
from fdmag.kernels.library import load
from fdmag.kernels.source import threads_source, vectors_source
from fdmag.processors import processors

_LOG = logging.getLogger("fdmag")
_POINTER, _INDEX, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
_POINTERS = {"largest": 2, "torque": 3, "gradient": 3, "turned": 4}  # that each function takes


class Runtime:
    """Threads, and arithmetic that depends on no term, compiled.

    Arrays of vectors are C-contiguous, (rows, 3, nz, ny, nx), all of one call alike in shape and precision.

    Attributes
    ----------
    compiler : Compiler
    library : ctypes.CDLL
    parallel, sharing : addresses
        Of `fdmag_parallel` (see `kernels/host/sums.h`) and of the functions in `kernels/host/share.h`.
    threads, look_out : int
        How many are used, and how long they look out for the next work before they sleep [µs].
    """

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.threads, self.look_out, self._on_a_processor = 1, 0, 1
        self.library = load(threads_source(), compiler)
        self.parallel = ctypes.cast(self.library.fdmag_parallel, ctypes.c_void_p)
        self.library.fdmag_set_threads.argtypes = [_INT, ctypes.c_longlong]
        self.library.fdmag_threads.restype = _POINTER
        self.sharing: int = self.library.fdmag_threads()
        self._functions: dict[tuple[str, str], ctypes._FuncPointer] = {}

    def _function(self, name: str, dtype: np.dtype) -> "ctypes._FuncPointer":
        """Return a function for vectors of one precision, whose library is compiled when it is first needed."""
        if (name, dtype.char) not in self._functions:
            prototype = ctypes.CFUNCTYPE(None, _POINTER, _INDEX, _INDEX, *[_POINTER] * _POINTERS[name])
            self._functions[name, dtype.char] = prototype((f"fdmag_{name}", load(vectors_source(dtype), self.compiler)))
        return self._functions[name, dtype.char]

    def largest(self, vectors: NDArray) -> NDArray[np.float64]:
        """Return the largest |v| over the cells of each row, (rows,); NaN if one is."""
        out = np.empty(vectors.shape[0])
        self._function("largest", vectors.dtype)(self.parallel, *_extent(vectors), address(vectors), address(out))
        return out

    def torque(self, a: NDArray, b: NDArray) -> NDArray[np.float64]:
        """Return the largest |a × b| over the cells of each row, (rows,)."""
        out = np.empty(a.shape[0])
        self._function("torque", a.dtype)(self.parallel, *_extent(a), address(a), address(b), address(out))
        return out

    def gradient(self, m: NDArray, B: NDArray) -> NDArray:
        """Return m × (m × B)."""
        out = np.empty_like(m)
        self._function("gradient", m.dtype)(self.parallel, *_extent(m), address(m), address(B), address(out))
        return out

    def turned(self, m: NDArray, gradient: NDArray, steps: NDArray[np.float64]) -> NDArray:
        """Return m turned by the midpoint rule with one step, (rows,), per row: see `fdmag.solvers.llg.turned`."""
        out, steps = np.empty_like(m), np.ascontiguousarray(steps, dtype=np.float64)
        self._function("turned", m.dtype)(
            self.parallel, *_extent(m), address(m), address(gradient), address(steps), address(out)
        )
        return out

    def set_threads(self, threads: int, look_out: int = 0) -> None:
        """Use so many threads from now on, which look out for work for so long [µs]; no result depends on it."""
        self.threads, self.look_out = threads, look_out
        self._on_a_processor = -(-threads // processors())
        self.library.fdmag_set_threads(threads, 1000 * look_out)

    def bytes_per_thread(self, layers: int) -> int:
        """Return how many bytes of one component in all cells are worth a thread, in a mesh of so many layers.

        For less work, waking one several times takes too large a part of it; of one that sleeps at once, or shares
        a processor with others, the more so. From there on two are no slower than one beside busy loops.
        """
        return (16 if layers > 1 else 32) * (1024 if self.look_out else 3072) * self._on_a_processor


def host_runtime(*, notice: bool = True) -> tuple[Runtime | None, str]:
    """Return the runtime, or None if no compiler is found that works, and a phrase that says which or why.

    With ``notice``, a missing compiler is told to the logger ``fdmag``, once for each cause.

    Raises
    ------
    ParameterError
        If ``$FDMAG_THREADS`` or ``$FDMAG_LOOK_OUT`` is not a whole number, or out of range.
    """
    compiler, found = find_compiler()
    runtime, problem = (None, found) if compiler is None else _runtime(compiler)
    if runtime is None:
        if notice:
            _notice(problem)
        return None, problem
    runtime.set_threads(threads_wanted(), _number("FDMAG_LOOK_OUT", 0, 1000, 0))
    return runtime, found


def threads_wanted() -> int:
    """Return ``$FDMAG_THREADS``, or else the number of processors this process may keep busy."""
    return _number("FDMAG_THREADS", 1, 4096, processors())


def _number(name: str, least: int, most: int, usual: int) -> int:
    wish = os.environ.get(name, "")
    if not wish:
        return usual
    if not wish.isdigit() or not least <= int(wish) <= most:
        raise ParameterError(f"{name} = {wish!r}; allowed: a whole number from {least} to {most}")
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
