"""Compiled libraries: one folder per content, safe under concurrent processes, killed compilers and damage.

A folder ``KEY/`` holds source, library and the library's checksum. It is filled under another name and appears by
one rename, so a reader finds it whole or not at all; two processes may compile the same unit, and the first to
finish is the one whose folder stays.
"""

import atexit
import ctypes
import hashlib
import logging
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from threading import RLock

from fdmag.cache_directory import cache_directory
from fdmag.errors import CompilerError
from fdmag.kernels.compiler import Compiler, content_key

_LOG = logging.getLogger("fdmag")
_LIBRARY, _SOURCE, _CHECKSUM = "unit.so", "unit.cpp", "checksum"
_UNFINISHED = "unfinished-"
_ABANDONED_AFTER = 3600.0  # s; no compiler takes that long, so its process is gone
_MOST = 300  # units kept; the longest unused go first
_loaded: dict[str, ctypes.CDLL] = {}
_told: set[str] = set()
_lock = RLock()


def load(source: str, compiler: Compiler, extra: tuple[str, ...] = ()) -> ctypes.CDLL:
    """Return the library of a C++ source text: loaded before, from the cache, or compiled now with ``extra`` flags.

    Where the cache cannot be used, one warning goes to the logger ``fdmag`` and the unit is compiled in a private
    temporary directory.

    Raises
    ------
    CompilerError
        If the compiler refuses the source, with its message and the path where the source is kept; or if the library
        cannot be loaded.
    """
    key = content_key(source, compiler.identity(), *extra)
    with _lock:
        if key not in _loaded:
            _loaded[key] = _new(key, source, compiler, extra)
        return _loaded[key]


def _new(key: str, source: str, compiler: Compiler, extra: tuple[str, ...]) -> ctypes.CDLL:
    root = cache_directory()
    if root is None:
        return _opened(_compiled(_private(), key, source, compiler, extra))
    try:
        return _from_cache(root / "kernels", key, source, compiler, extra)
    except (OSError, CompilerError) as error:
        # A compiler cannot say whether the source is wrong or the disk full: what works elsewhere was not the source.
        library = _opened(_compiled(_private(), key, source, compiler, extra))
        if str(root) not in _told:
            _told.add(str(root))
            _LOG.warning(
                "kernel cache: %s cannot be used (%s); kernels are compiled at every start. "
                "Set FDMAG_CACHE to a writable directory, or to off to silence this.",
                root / "kernels", getattr(error, "strerror", None) or error,
            )  # fmt: skip
        return library


def _from_cache(root: Path, key: str, source: str, compiler: Compiler, extra: tuple[str, ...]) -> ctypes.CDLL:
    state = _whole(root / key)
    if state is False:
        _LOG.warning("kernel cache: %s is damaged; it is compiled anew", root / key)
        _set_aside(root / key)
    if not state:
        root.mkdir(parents=True, exist_ok=True)
        _compiled(root, key, source, compiler, extra)
        _make_room(root, key)
    with suppress(OSError):  # a cache that may only be read is welcome
        os.utime(root / key)
    return _opened(root / key)


def _whole(folder: Path) -> bool | None:
    """Return whether the library is the one that was compiled; None if there is none."""
    try:
        wanted = (folder / _CHECKSUM).read_text(encoding="ascii", errors="replace")
        return _checksum(folder / _LIBRARY) == wanted
    except FileNotFoundError:
        return False if folder.exists() else None


def _compiled(root: Path, key: str, source: str, compiler: Compiler, extra: tuple[str, ...]) -> Path:
    """Compile into ``root / key`` and return that folder, whoever filled it first."""
    place = root / key
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=root))
    try:
        (unfinished / _SOURCE).write_text(source, encoding="utf-8")
        try:
            compiler.compile(unfinished / _SOURCE, unfinished / _LIBRARY, extra)
        except CompilerError as error:
            kept = _keep_failed(_private() / f"failed-{key}", source)
            raise CompilerError(f"{str(error).replace(str(unfinished / _SOURCE), str(kept))}") from None
        (unfinished / _CHECKSUM).write_text(_checksum(unfinished / _LIBRARY), encoding="ascii")
        unfinished.chmod(0o755)
        try:
            unfinished.rename(place)
        except OSError:
            if not _whole(place):  # otherwise another process was first
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return place


def _keep_failed(folder: Path, source: str) -> Path | None:
    try:
        folder.mkdir(exist_ok=True)
        (folder / _SOURCE).write_text(source, encoding="utf-8")
    except OSError:
        return None
    return folder / _SOURCE


def _opened(folder: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(folder / _LIBRARY))
    except OSError as error:
        raise CompilerError(f"the compiled kernels {folder / _LIBRARY} cannot be loaded: {error}") from error


def _set_aside(folder: Path) -> None:
    aside = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder.parent))
    with suppress(FileNotFoundError):  # another process was here first
        folder.rename(aside / "damaged")
    shutil.rmtree(aside, ignore_errors=True)


def _make_room(root: Path, keep: str) -> None:
    now = time.time()
    units = []
    for folder in root.iterdir():
        with suppress(OSError):
            age = now - folder.stat().st_mtime
            if folder.name.startswith(_UNFINISHED):
                if age > _ABANDONED_AFTER:
                    shutil.rmtree(folder, ignore_errors=True)
            elif folder.name != keep:
                units.append((age, folder))
    for _, folder in sorted(units)[_MOST - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)


_private_root: Path | None = None


def _private() -> Path:
    """Return a directory of this process alone, removed at its end."""
    global _private_root  # one per process; it holds no state of any simulation
    if _private_root is None or not _private_root.is_dir():
        _private_root = Path(tempfile.mkdtemp(prefix="fdmag-kernels-"))
        atexit.register(_remove_private, _private_root, os.getpid())
    return _private_root


def _remove_private(folder: Path, process: int) -> None:
    if os.getpid() == process:  # not in a fork
        for unit in folder.iterdir():
            if not unit.name.startswith("failed-"):
                shutil.rmtree(unit, ignore_errors=True)
        with suppress(OSError):  # the source of a failed compile is kept for its reader
            folder.rmdir()


def _checksum(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=32).hexdigest()
