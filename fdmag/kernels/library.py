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
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread

from fdmag.cache_directory import cache_directory
from fdmag.errors import CompilerError
from fdmag.kernels.compiler import Compiler, CompilerTimeoutError, content_key

_LOG = logging.getLogger("fdmag")
_LIBRARY, _SOURCE, _CHECKSUM = "unit.so", "unit.cpp", "checksum"
_UNFINISHED = "unfinished-"
_ABANDONED_AFTER = 3600.0  # s; no compiler takes that long, so its process is gone
MOST = 1000  # units kept, of some 50 KiB each; the longest unused go first
_TRIAL = """
#line 1 "trial.cpp"
extern "C" __attribute__((visibility("default"))) void fdmag_trial(double* a, float* b) {
    for (int i = 0; i < 256; ++i) a[i] = a[i] * a[i] + 1;
    for (int i = 0; i < 256; ++i) b[i] = b[i] * b[i] + 1;
}
"""
"""Part of every unit: loops that a compiler turns into the widest instructions it uses."""
_TRY = (
    "import ctypes, sys; trial = ctypes.CDLL(sys.argv[1]).fdmag_trial; "
    "trial((ctypes.c_double * 256)(), (ctypes.c_float * 256)())"
)
_TRIAL_TIMEOUT = 60.0  # s
_loaded: dict[str, "Future[ctypes.CDLL]"] = {}
_told: set[str] = set()
_proved: set[Compiler] = set()
"""Compilers whose code has run here, with the flags they take: in this process they are not tried again."""
_lock = Lock()  # held for a moment only: to look into the two above


def load(source: str, compiler: Compiler, extra: tuple[str, ...] = ()) -> ctypes.CDLL:
    """Return the library of a C++ source text: loaded before, from the cache, or compiled now with ``extra`` flags.

    Where the cache cannot be used, one warning goes to the logger ``fdmag`` and the unit is compiled in a private
    temporary directory.

    Raises
    ------
    CompilerError
        If the compiler refuses the source, with its message and the path where the source is kept; or if the library
        cannot be written or loaded.
    """
    key = content_key(source, compiler.identity(), *extra)
    future, mine = _claimed(key)
    if mine:
        _fill(future, key, source, compiler, extra)
    return future.result()


def prepare(source: str, compiler: Compiler, extra: tuple[str, ...] = ()) -> None:
    """Begin in a thread what `load` will soon be asked for, so that several units are compiled at once.

    An error is raised by `load`, not here.
    """
    key = content_key(source, compiler.identity(), *extra)
    future, mine = _claimed(key)
    if mine:
        Thread(target=_fill, args=(future, key, source, compiler, extra), name="fdmag compile").start()


def _claimed(key: str) -> "tuple[Future[ctypes.CDLL], bool]":
    """Return the future of a library, and whether it is for the caller to fill."""
    with _lock:
        mine = key not in _loaded
        if mine:
            _loaded[key] = Future()
        return _loaded[key], mine


def _fill(future: "Future[ctypes.CDLL]", key: str, source: str, compiler: Compiler, extra: tuple[str, ...]) -> None:
    try:
        library = _new(key, source, compiler, extra)
    except BaseException as error:
        with _lock:
            _loaded.pop(key, None)  # who asks again may be luckier
        future.set_exception(error)
    else:
        future.set_result(library)


def _after_fork() -> None:
    """Forget, in a child process, what threads of the parent have in hand."""
    global _lock  # it may be held by one of them
    _lock = Lock()
    for key in [key for key, future in _loaded.items() if not future.done()]:
        del _loaded[key]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _new(key: str, source: str, compiler: Compiler, extra: tuple[str, ...]) -> ctypes.CDLL:
    root = cache_directory()
    if root is None:
        return _in_private(key, source, compiler, extra)
    try:
        return _from_cache(root / "kernels", key, source, compiler, extra)
    except CompilerTimeoutError:
        raise
    except (OSError, CompilerError) as error:
        # A compiler cannot say whether the source is wrong or the disk full: what works elsewhere was not the source.
        library = _in_private(key, source, compiler, extra)
        with _lock:
            first = str(root) not in _told
            _told.add(str(root))
        if first:
            _LOG.warning(
                "kernel cache: %s cannot be used (%s); kernels are compiled at every start. "
                "Set FDMAG_CACHE to a writable directory, or to off to silence this.",
                root / "kernels", getattr(error, "strerror", None) or error,
            )  # fmt: skip
        return library


def _in_private(key: str, source: str, compiler: Compiler, extra: tuple[str, ...]) -> ctypes.CDLL:
    try:
        return _opened(_compiled(_private(), key, source, compiler, extra))
    except OSError as error:
        raise CompilerError(f"kernels cannot be compiled, there is no place to write them: {error}") from error


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
    try:
        return _opened(root / key)
    except CompilerError as error:
        if not state:  # just compiled
            raise
        _LOG.warning("kernel cache: %s; it is compiled anew", error)
        _set_aside(root / key)
        return _from_cache(root, key, source, compiler, extra)


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
        (unfinished / _SOURCE).write_text(source + _TRIAL, encoding="utf-8")
        try:
            compiler.compile(unfinished / _SOURCE, unfinished / _LIBRARY, extra)
            if compiler not in _proved and (problem := _trial(unfinished / _LIBRARY)):
                compiler.refuse("-march=native", problem)
                compiler.compile(unfinished / _SOURCE, unfinished / _LIBRARY, extra)
                if problem := _trial(unfinished / _LIBRARY):
                    raise CompilerError(f"{' '.join(compiler.command)} makes kernels that do not run here: {problem}")
            _proved.add(compiler)
        except CompilerError as error:
            kept = _keep_failed(_private() / f"failed-{key}", source) or "a unit that is not kept"
            raise type(error)(str(error).replace(str(unfinished / _SOURCE), str(kept))) from None
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


def _trial(library: Path) -> str:
    """Run a little of a library in another process; return how that failed, or "".

    A compiler may take the processor for one that it is not: in an emulator, or in a virtual machine that hides
    features. This process would then die of its first kernel.
    """
    if not sys.executable:  # Python inside another program
        return ""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _TRY, str(library)], capture_output=True, text=True, errors="replace",
            timeout=_TRIAL_TIMEOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"a trial took more than {_TRIAL_TIMEOUT:g} s"
    except OSError:
        return ""
    if done.returncode < 0:
        return f"a trial {died_of(-done.returncode)}"
    return done.stderr.strip().rpartition("\n")[2] or "a trial failed" if done.returncode else ""


def died_of(number: int) -> str:
    """Return how a process ended that a signal ended.

    >>> died_of(11)
    'died of SIGSEGV'
    """
    try:
        return f"died of {signal.Signals(number).name}"
    except ValueError:
        return f"died of signal {number}"


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
    for _, folder in sorted(units)[MOST - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)


def kept_units(root: Path) -> list[Path]:
    """Return the folders of the compiled units in a cache directory."""
    try:
        return [each for each in (root / "kernels").iterdir() if not each.name.startswith(_UNFINISHED)]
    except OSError:
        return []


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
