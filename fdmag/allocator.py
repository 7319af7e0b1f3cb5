"""Memory of freed arrays, kept for the next ones."""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # <malloc.h> of the GNU C library
_LARGEST_THRESHOLD = 32 * 2**20  # bytes; the most that glibc takes


def keep_freed_memory() -> bool:
    """Let this process reuse the memory of freed arrays instead of giving it back to the system each time.

    Energies, tables and the minimiser make and free arrays; returning each of them costs 7 % of a run of standard
    problem 4. It changes the whole process, so it is for programs, not for libraries. Return whether it was
    done: only the GNU C library is told.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018 - other C libraries lack it
        return bool(
            library.mallopt(_M_MMAP_THRESHOLD, _LARGEST_THRESHOLD)
            and library.mallopt(_M_TRIM_THRESHOLD, 16 * _LARGEST_THRESHOLD)
        )
    except (OSError, AttributeError):
        return False
