"""Memory of arrays: where it is, where it begins, and that it is kept for the next ones when it is freed."""

import ctypes
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LINE = 64  # bytes of a cache line
_BYTE = np.dtype(np.uint8)
_nothing_at: Any = (ctypes.c_char * 0).from_buffer
_address_of = ctypes.addressof
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = -1, -3, -4  # <malloc.h> of the GNU C library
_LARGEST_THRESHOLD = 32 * 2**20  # bytes; the most that glibc takes, so that larger ones are forbidden to be mapped


def keep_freed_memory() -> bool:
    """Let this process reuse the memory of freed arrays instead of giving it back to the system each time.

    Energies, tables and the minimiser make and free arrays; returning each of them costs 7 % of a run of standard
    problem 4, and a third of a minimisation of 2048² cells, whose peak of memory is up to a third higher so. It changes
    the whole process, so it is for programs, not for libraries. Return whether it was done: only the GNU C library is
    told.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018 - other C libraries lack it
        return bool(
            library.mallopt(_M_MMAP_THRESHOLD, _LARGEST_THRESHOLD)
            and library.mallopt(_M_TRIM_THRESHOLD, 16 * _LARGEST_THRESHOLD)
            and library.mallopt(_M_MMAP_MAX, 0)
        )
    except (OSError, AttributeError):
        return False


def address(array: NDArray) -> int:
    """Return where the data of a C-contiguous array is; ``array.ctypes.data`` takes five times longer."""
    try:
        return _address_of(_nothing_at(array))
    except TypeError:
        if array.flags.writeable:  # then it is not contiguous
            raise
        return array.ctypes.data


def aligned_like(array: NDArray) -> tuple[NDArray, int]:
    """Return memory for an array like another one, which is contiguous, and its address.

    From 32 KiB on it begins at a cache line: vectors that cross lines take longer.
    """
    size = array.nbytes
    if size < 2**15:
        fresh = np.empty_like(array)
        return fresh, address(fresh)
    memory = np.empty(size + _LINE, _BYTE)
    place = address(memory)
    skipped = -place % _LINE
    return np.ndarray(array.shape, array.dtype, memory, skipped), place + skipped
