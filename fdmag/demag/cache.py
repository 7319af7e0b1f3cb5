"""Cache of spectra on disk: keyed by content, limited in size, safe under concurrent processes and killed writers.

A file appears under its final name only when it is complete, by an atomic rename, and carries a checksum, so a
reader sees a whole spectrum or none. A cache that cannot be used costs time, never a run.
"""

import logging
import os
import tempfile
import time
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fdmag.cache_directory import cache_directory

_LOG = logging.getLogger("fdmag")
_MAGIC = b"fdmag spectrum\n\0"
_CHECKSUM_BYTES = 32
_SUFFIX = ".spectrum"
_UNFINISHED = ".unfinished"
_ABANDONED_AFTER = 3600.0  # s; no writer takes that long, so its process is gone
_DEFAULT_LIMIT = 4 * 2**30


class SpectrumCache:
    """Directory of float64 arrays, the least recently used of which make room for others.

    Parameters
    ----------
    directory : path
        Made when first written to.
    max_bytes : int
        Limit on the size of all entries together. An array larger than that is not stored.

    Notes
    -----
    No method raises when the directory cannot be read or written: one warning goes to the logger ``fdmag``, and
    from then on `load` finds nothing and `store` does nothing.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as directory:
    ...     cache = SpectrumCache(directory)
    ...     cache.store("key", np.arange(4.0))
    ...     cache.load("key", (2, 2))
    array([[0., 1.],
           [2., 3.]])
    """

    def __init__(self, directory: str | os.PathLike[str], max_bytes: int = _DEFAULT_LIMIT) -> None:
        self.directory = Path(directory)
        self.max_bytes = max_bytes
        self._usable = True

    def load(self, key: str, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
        """Return the array stored under `key`, or None if there is none. A damaged file is removed."""
        if not self._usable:
            return None
        path = self._path(key)
        array = np.empty(shape, dtype="<f8")
        data = array.reshape(-1).view(np.uint8).data
        try:
            with path.open("rb") as file:
                head = file.read(len(_MAGIC) + _CHECKSUM_BYTES)
                whole = file.readinto(data) == data.nbytes and not file.read(1)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._give_up(error)
            return None
        if not whole or head != _MAGIC + _checksum(data):
            _LOG.warning("demag cache: %s is damaged; it is removed and the spectrum computed anew", path)
            _remove(path)
            return None
        with suppress(OSError):  # removed or read-only meanwhile: what was read is whole
            os.utime(path)  # its turn to be removed comes last
        return array.astype(np.float64, copy=False)

    def store(self, key: str, array: NDArray[np.float64]) -> None:
        """Store `array` under `key`, and remove the least recently used entries beyond the size limit."""
        data = np.ascontiguousarray(array, dtype="<f8").reshape(-1).view(np.uint8).data
        if not self._usable or data.nbytes + len(_MAGIC) + _CHECKSUM_BYTES > self.max_bytes:
            return
        unfinished = None
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(suffix=_UNFINISHED, prefix=key[:16] + "-", dir=self.directory)
            unfinished = Path(name)
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC)
                file.write(_checksum(data))
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path(key))
            self._make_room()
        except OSError as error:
            if unfinished is not None:
                _remove(unfinished)
            self._give_up(error)

    def files(self) -> list[Path]:
        """Return the files of all arrays; none if the directory cannot be read."""
        try:
            return [path for path in self.directory.iterdir() if path.suffix == _SUFFIX]
        except OSError:
            return []

    def _path(self, key: str) -> Path:
        return self.directory / (key + _SUFFIX)

    def _make_room(self) -> None:
        now = time.time()
        entries = []
        for path in self.directory.iterdir():
            try:
                status = path.stat()
            except FileNotFoundError:  # another process was here first
                continue
            if path.suffix == _UNFINISHED and now - status.st_mtime > _ABANDONED_AFTER:
                _remove(path)
            elif path.suffix == _SUFFIX:
                entries.append((status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self.max_bytes:
                break
            _remove(path)
            total -= size

    def _give_up(self, error: OSError) -> None:
        self._usable = False
        _LOG.warning(
            "demag cache: %s cannot be used (%s); spectra are computed at every start. "
            "Set FDMAG_CACHE to a writable directory, or to off to silence this.",
            self.directory,
            error.strerror or error,
        )


def default_cache() -> SpectrumCache | None:
    """Return the cache in `fdmag.cache_directory.cache_directory`, or None if the environment asks for none."""
    directory = cache_directory()
    return None if directory is None else SpectrumCache(directory)


def _checksum(data: memoryview) -> bytes:
    return blake2b(data, digest_size=_CHECKSUM_BYTES).digest()


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _LOG.warning("demag cache: %s cannot be removed (%s)", path, error.strerror or error)
