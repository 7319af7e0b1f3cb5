"""Memory of freed arrays, kept for the next ones."""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # <malloc.h> of the GNU C library
_LARGEST_THRESHOLD = 32 * 2**20  # bytes; the most that glibc takes


def keep_freed_memory() -> bool:
    """Let this process reuse the memory of freed arrays instead of giving it back to the system each time.

    A step makes and frees some twenty arrays; returning each of them costs a third of the time of a run on
    200 × 50 cells. It changes the whole process, so it is for programs, not for libraries. Return whether it was
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
