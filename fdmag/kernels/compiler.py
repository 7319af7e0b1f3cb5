"""The host's C++ compiler: which there is, what identifies it, and how it makes a library."""

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fdmag.errors import CompilerError

FLAGS = (
    "-std=c++17", "-O3", "-march=native", "-shared", "-fPIC", "-fvisibility=hidden", "-fno-exceptions", "-fno-rtti",
    "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off",
)  # fmt: skip
"""No fast-math: NaN stays NaN, and sums keep their order. Multiply and add are not contracted, so that the bits of a
result do not depend on which operations a compiler chooses to fuse."""

CANDIDATES = ("c++", "g++", "clang++")
_TIMEOUT = 600.0  # s; the first link of a freshly installed ziglang builds its own libraries


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
        return "\n".join((*self.command, self.version, *self.flags, platform.system(), processor()))

    def compile(self, source: Path, library: Path, extra: tuple[str, ...] = ()) -> None:
        """Compile ``source`` into the shared ``library``, with ``extra`` flags after the others.

        Raises
        ------
        CompilerError
            With the compiler's message.
        """
        command = [*self.command, *self.flags, *extra, str(source), "-o", str(library), "-lm"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT, stdin=subprocess.DEVNULL
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CompilerError(f"{' '.join(self.command)} cannot be run: {error}") from error
        if done.returncode != 0 or not library.is_file():
            message = (done.stderr or done.stdout).strip() or f"exit status {done.returncode}, without a message"
            raise CompilerError(f"{' '.join(self.command)} cannot compile {source}:\n{message}")


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
    if importlib.util.find_spec("ziglang") is not None:
        version = f"zig {importlib.metadata.version('ziglang')}"
        return Compiler((sys.executable, "-m", "ziglang", "c++"), version, "ziglang"), version
    return None, f"none of $FDMAG_CXX, $CXX, {', '.join(CANDIDATES)} and the Python package ziglang is there"


def _version(command: tuple[str, ...]) -> str | None:
    try:
        done = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, errors="replace", timeout=60,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    return done.stdout.strip() if done.returncode == 0 and done.stdout.strip() else None


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
