"""What the machine can do at best: copying and multiply-adding, measured by compiled loops; and how busy it is."""

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from time import perf_counter
from typing import Any

import numpy as np

from fdmag.kernels.compiler import find_compiler
from fdmag.kernels.library import load
from fdmag.output.provenance import machine_info

_SOURCE = """
#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT void copy(char* to, const char* from, long bytes, long times) {
  for (long i = 0; i < times; i++) {
    __builtin_memcpy(to, from, bytes);
    __asm__ volatile("" ::: "memory");
  }
}

// Chains enough to hide the latency of a multiply-add, few enough to stay in registers.
template <class T> static double multiply_add(long times) {
  typedef T Lanes __attribute__((vector_size(BYTES)));
  const Lanes zero = {};
  Lanes a = zero, b = a + T(1), c = b + T(1), d = c + T(1), e = d + T(1);  // all different, or some would be left out
  Lanes f = e + T(1), g = f + T(1), h = g + T(1), i = h + T(1), j = i + T(1);
  const Lanes x = zero + T(0.999), y = zero + T(0.001);
  for (long n = 0; n < times; n++) {
    a = a * x + y, b = b * x + y, c = c * x + y, d = d * x + y, e = e * x + y;
    f = f * x + y, g = g * x + y, h = h * x + y, i = i * x + y, j = j * x + y;
    __asm__ volatile("" ::: "memory");
  }
  const Lanes sum = a + b + c + d + e + f + g + h + i + j;
  return double(sum[0]);
}

EXPORT double multiply_add_float64(long times) { return multiply_add<double>(times); }
EXPORT double multiply_add_float32(long times) { return multiply_add<float>(times); }
EXPORT int lanes_bytes() { return BYTES; }
"""
_LARGEST = 2**28  # bytes of all arrays copied; more tells nothing new
_PIECE = 0.003  # s, about: short enough to be left in peace by other work now and then
_SECONDS, _FEWEST = 0.25, 8  # for which, and how often, pieces are repeated; the best counts


@cache
def bandwidth(threads: int, working_set: int) -> float | None:
    """Bytes read and written per second [B/s] by copying within so much memory in all; None without a compiler.

    The working set is rounded up to a power of two. It is the caches that answer for a small one.
    """
    total = min(1 << max(working_set - 1, 2**14).bit_length(), _LARGEST)
    library = _library()
    if library is None:
        return None
    half = total // 2 // threads
    pairs = [(np.ones(half, np.uint8), np.ones(half, np.uint8)) for _ in range(threads)]
    times = max(1, int(_PIECE * 2e10 / (2 * half)))

    def piece(number: int) -> None:
        source, target = pairs[number]
        library.copy(target.ctypes.data, source.ctypes.data, half, times)

    return 2 * half * times * threads / _best(piece, threads)


@cache
def flop_rate(threads: int, precision: str) -> float | None:
    """Multiplications and additions per second [flop/s] in registers; None without a compiler."""
    library = _library()
    if library is None:
        return None
    times = 500_000
    lanes = library.lanes_bytes() // np.dtype(precision).itemsize
    loop = getattr(library, f"multiply_add_{precision}")
    return 10 * 2 * lanes * times * threads / _best(lambda _: loop(times), threads)


def floor_seconds(cells: int, bytes_per_cell: float, flops_per_cell: float, threads: int, precision: str) -> float:
    """Return the time [s] that moving the bytes or doing the arithmetic takes at least; NaN without a compiler."""
    moved = bytes_per_cell * cells
    rate, flops = bandwidth(threads, int(moved)), flop_rate(threads, precision)
    if rate is None or flops is None:
        return float("nan")
    return max(moved / rate, flops_per_cell * cells / flops)


def load_average() -> float | None:
    """Return how many processes wanted to run in the last minute, where the system tells."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def busy() -> bool:
    """Return whether other work is likely to disturb the times."""
    load = load_average()
    return load is not None and load > 0.3 * (os.cpu_count() or 1)


def description(threads: list[int]) -> dict[str, Any]:
    """Return machine, versions, compiler and rates for the report."""
    compiler, found = find_compiler()
    return machine_info() | {
        "compiler": found if compiler is None else compiler.version.splitlines()[0],
        "rates": [
            {
                "threads": count,
                "copy_bytes_per_second": bandwidth(count, _LARGEST),
                "flops_per_second": {name: flop_rate(count, name) for name in ("float64", "float32")},
            }
            for count in threads
        ],
    }


def _best(piece: Callable[[int], object], threads: int) -> float:
    best = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        end, pieces = perf_counter() + _SECONDS, 0
        while (start := perf_counter()) < end or pieces < _FEWEST:
            list(pool.map(piece, range(threads)))
            best, pieces = min(best, perf_counter() - start), pieces + 1
    return best


@cache
def _library() -> ctypes.CDLL | None:
    compiler, _ = find_compiler()
    if compiler is None:
        return None
    library = load(_SOURCE, compiler, ("-ffp-contract=fast",))
    library.copy.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long, ctypes.c_long]
    library.copy.restype = None
    for precision in ("float64", "float32"):
        function = getattr(library, f"multiply_add_{precision}")
        function.argtypes, function.restype = [ctypes.c_long], ctypes.c_double
    return library
