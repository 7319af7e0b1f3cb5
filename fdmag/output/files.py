"""Write a file so that a kill leaves either the old text or the new one, never half of it."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from fdmag.errors import FdmagError, OutputError

# Windows translates line ends unless told otherwise; other systems do not know the flag.
BINARY_FLAG = getattr(os, "O_BINARY", 0)


@contextmanager
def atomic_write(path: str | os.PathLike[str], *, text: bool = False) -> Iterator[IO[Any]]:
    """Open ``path`` for writing; the file appears under its name only once it is complete and on disk.

    The data go to a temporary file in the same directory, which replaces ``path`` at the end of the
    ``with`` block. If the block raises, the temporary file is removed and an existing ``path`` is untouched.

    Parameters
    ----------
    path : path
        File to write. A symbolic link is followed, so that the file it points to is replaced.
    text : bool
        True for a UTF-8 text file with ``\\n`` line ends, False (default) for a binary file.

    Raises
    ------
    OutputError
        If the directory does not exist or cannot be written, or the disk does not take the data.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with atomic_write(Path(folder) / "note.txt", text=True) as file:
    ...         _ = file.write("whole")
    ...     (Path(folder) / "note.txt").read_text()
    'whole'
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise OutputError(f"{path}: is a directory; give the name of a file inside it")
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        # Not tempfile.mkstemp: it forces mode 0600, and results should be readable as the umask says.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY_FLAG, 0o666)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror}); is {target.parent} a writable folder?"
        ) from error
    try:
        with _open(descriptor, text) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError) and not isinstance(error, FdmagError):
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
        raise
    sync_directory(target.parent)


def sync_directory(folder: str | os.PathLike[str]) -> None:
    """Put a directory's entries on disk, where the system can do that (Windows and some network disks cannot)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _open(descriptor: int, text: bool) -> IO[Any]:
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") if text else os.fdopen(descriptor, "wb")
