"""The host's C++ compiler: which there is, what identifies it, and how it makes a library."""

import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

from fdmag.errors import CompilerError

FLAGS = (
    "-std=c++17", "-O3", "-march=native", "-shared", "-fPIC", "-fvisibility=hidden", "-fno-exceptions", "-fno-rtti",
    "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off",
)  # fmt: skip
"""No fast-math: NaN stays NaN, and sums keep their order. Multiply and add are not contracted, so that the bits of a
result do not depend on which operations a compiler chooses to fuse."""

_LOG = logging.getLogger("fdmag")
CANDIDATES = ("c++", "g++", "clang++")
_TIMEOUT = 180.0  # s; a freshly installed ziglang first builds libraries of its own
_ANSWER_TIMEOUT = 20.0  # s to tell a version
_DISPENSABLE = ("-march=native", "-mprefer-vector-width=512", "-fno-math-errno", "-fno-trapping-math", "-pthread")
"""What only makes code faster, and some compilers refuse."""
_INSTEAD = {"-march=native": "-mcpu=native"}  # as some compilers call it
_EMPTY = 'extern "C" int fdmag_empty() { return 0; }\n'


class CompilerTimeoutError(CompilerError):
    """The compiler hangs: it makes no sense to ask it again."""


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler.

    Attributes
    ----------
    command : tuple of str
    version : str
        What it says of itself.
    found_as : str
        How it was found, for the log.
    """

    command: tuple[str, ...]
    version: str
    found_as: str

    @property
    def flags(self) -> tuple[str, ...]:
        """All flags, those of this processor and operating system included."""
        flags = list(FLAGS)
        if "avx512f" in processor().split():
            flags.append("-mprefer-vector-width=512")
        if os.name != "nt":
            flags.append("-pthread")
        if "clang" in self.version or "zig" in self.version:
            flags.append("-nostdlib++")
        return tuple(flags)

    def identity(self) -> str:
        """Return all that decides, besides the source, what a compiled library holds and where it runs."""
        return "\n".join((*self.command, self.version, *self.flags, platform.system(), c_library(), processor()))

    def compile(self, source: Path, library: Path, extra: tuple[str, ...] = ()) -> None:
        """Compile ``source`` into the shared ``library``, with ``extra`` flags after the others.

        A flag that this compiler refuses and that can be done without is left out, with one warning to the logger
        ``fdmag``.

        Raises
        ------
        CompilerError
            With the compiler's message.
        """
        flags = (*self.flags, *extra)
        tried = _accepted(flags, _refused.get(self, {}))
        try:
            self._run(tried, source, library)
        except CompilerTimeoutError:
            raise
        except CompilerError:
            with _asking:
                if self not in _refused:
                    _refused[self] = self._refusals(tuple(flag for flag in flags if flag not in _DISPENSABLE), library)
            taken = _accepted(flags, _refused[self])
            if taken == tried:
                raise
            self._run(taken, source, library)

    def refuse(self, flag: str, reason: str) -> None:
        """Leave out a flag from now on, with one warning to the logger ``fdmag``."""
        if flag not in _refused.setdefault(self, {}):
            _refused[self][flag] = ""
            _LOG.warning("%s without %s from now on, which may be slower: %s", self.found_as, flag, reason)

    def _refusals(self, needed: tuple[str, ...], library: Path) -> dict[str, str]:
        """Try the dispensable flags one by one on an empty source; return those refused, and what is taken instead."""
        source, empty = library.with_name("empty.cpp"), library.with_name("empty.so")
        try:
            source.write_text(_EMPTY, encoding="utf-8")
        except OSError as error:
            raise CompilerError(f"{source} cannot be written: {error}") from error
        self._run(needed, source, empty)  # or nothing works: then this message says it best
        refused = {}
        for flag in (each for each in _DISPENSABLE if each in self.flags):
            if not self._takes((*needed, flag), source, empty):
                instead = _INSTEAD.get(flag, "")
                refused[flag] = instead if instead and self._takes((*needed, instead), source, empty) else ""
        for path in (source, empty):
            path.unlink(missing_ok=True)
        if refused:
            _LOG.warning(
                "%s refuses %s; kernels are compiled without, and may be slower", self.found_as, ", ".join(refused)
            )
        return refused

    def _takes(self, flags: tuple[str, ...], source: Path, library: Path) -> bool:
        try:
            self._run(flags, source, library)
        except CompilerError:
            return False
        return True

    def _run(self, flags: tuple[str, ...], source: Path, library: Path) -> None:
        command = [*self.command, *flags, str(source), "-o", str(library), "-lm"]
        try:
            status, said, complained = _output(command, _TIMEOUT)
        except subprocess.TimeoutExpired:
            raise CompilerTimeoutError(
                f"{' '.join(self.command)} did not finish {source} within {_TIMEOUT:g} s; it was ended"
            ) from None
        except OSError as error:
            raise CompilerError(f"{' '.join(self.command)} cannot be run: {error}") from error
        if status != 0 or not library.is_file():
            told = (complained or said).strip() or f"exit status {status}, without a message"
            raise CompilerError(f"{' '.join(self.command)} cannot compile {source}:\n{told}")


_asking = Lock()
_refused: dict[Compiler, dict[str, str]] = {}
"""Flags each compiler was found to refuse, and what it takes instead ("" for nothing). Asked after a failure only."""


def _accepted(flags: tuple[str, ...], refused: dict[str, str]) -> tuple[str, ...]:
    return tuple(taken for flag in flags if (taken := refused.get(flag, flag)))


def installed_compilers() -> list[Compiler]:
    """Return every compiler that answers, in the order in which they are preferred."""
    found = []
    for variable in ("FDMAG_CXX", "CXX"):
        command = tuple(shlex.split(os.environ.get(variable, ""), posix=os.name != "nt"))
        if command and (version := _version(command)) is not None:
            found.append(Compiler(command, version, f"${variable}"))
    for name in CANDIDATES:
        if (path := shutil.which(name)) and (version := _version((path,))) is not None:
            found.append(Compiler((path,), version, name))
    return found + ([_ziglang()] if _has_ziglang() else [])


def _has_ziglang() -> bool:
    return importlib.util.find_spec("ziglang") is not None


def _ziglang() -> Compiler:
    version = f"zig {importlib.metadata.version('ziglang')}"
    return Compiler((sys.executable, "-m", "ziglang", "c++"), version, "ziglang")


def _output(command: list[str], timeout: float) -> tuple[int, str, str]:
    """Run a command; return its status, output and error output. All its processes are ended when time is up."""
    own_group = os.name != "nt"
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        errors="replace", start_new_session=own_group,
    ) as process:  # fmt: skip
        try:
            said, complained = process.communicate(timeout=timeout)
        except BaseException:
            with suppress(ProcessLookupError):
                if own_group:  # a compiler's driver has children, which hold the pipe open
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.kill()
            raise
    return process.returncode, said, complained


def find_compiler() -> tuple[Compiler | None, str]:
    """Return the first compiler that answers, or None, and a phrase that says which or where it was looked for.

    The order is ``$FDMAG_CXX``, ``$CXX``, c++, g++, clang++, and the ziglang wheel. A variable that is set but names
    no compiler ends the search: the wish was clear.
    """
    wishes = tuple(os.environ.get(variable, "").strip() for variable in ("FDMAG_CXX", "CXX"))
    return _found(wishes, os.environ.get("PATH", ""))


@cache
def _found(wishes: tuple[str, str], _path: str) -> tuple[Compiler | None, str]:
    for variable, wish in zip(("FDMAG_CXX", "CXX"), wishes, strict=True):
        if wish:
            command = tuple(shlex.split(wish, posix=os.name != "nt"))
            version = _version(command)
            if version is None:
                return None, f"${variable} = {wish} is not a compiler that runs"
            return Compiler(command, version, f"${variable}"), f"{wish} (${variable})"
    for name in CANDIDATES:
        if (path := shutil.which(name)) and (version := _version((path,))) is not None:
            return Compiler((path,), version, name), f"{path}, {version.splitlines()[0]}"
    if _has_ziglang():
        return _ziglang(), _ziglang().version
    return None, f"none of $FDMAG_CXX, $CXX, {', '.join(CANDIDATES)} and the Python package ziglang is there"


def _version(command: tuple[str, ...]) -> str | None:
    try:
        status, said, _ = _output([*command, "--version"], _ANSWER_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    return said.strip() if status == 0 and said.strip() else None


def c_library() -> str:
    """Return the C library's name and version: what is linked against a newer one cannot be loaded.

    >>> isinstance(c_library(), str)
    True
    """
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        return platform.libc_ver()[1]


@cache
def processor() -> str:
    """Return the processor's model and features: code made for one may not run on another."""
    cpuinfo = Path("/proc/cpuinfo")
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").split("\n\n")[0].splitlines()
    except OSError:
        lines = []
    wanted = ("model name", "flags", "Features", "CPU implementer", "CPU part")
    told = [line.partition(":")[2].strip() for line in lines if line.startswith(wanted)]
    return " ".join([platform.machine(), *(told or [platform.processor(), platform.node()])])


def content_key(*parts: str) -> str:
    """Return a name for content: 40 hexadecimal digits.

    >>> len(content_key("source", "compiler"))
    40
    """
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        digest.update(len(part.encode()).to_bytes(8, "little") + part.encode())
    return digest.hexdigest()
