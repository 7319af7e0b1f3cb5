"""The run directory: one run at a time, never somebody else's files, never half-written."""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Self

from fdmag.errors import OutputError
from fdmag.output.files import BINARY_FLAG
from fdmag.output.provenance import write_json

_OWN = (
    "scene.toml", "table.csv", "switching.csv", "run.json", "log.txt", "fields", "tables", "inputs", "members",
    "members.jsonl", "sweep.nc",
)  # fmt: skip
_PICTURES = r"barrier_[0-9]+\.png|splitting\.png"
_OF_DEVICES = re.compile(rf"(device_[A-Za-z_][A-Za-z0-9_]*\.(json|csv|png)|{_PICTURES})\Z")
_UNFINISHED = re.compile(
    r"\.(scene\.toml|table\.csv|switching\.csv|run\.json|sweep\.nc|device_\w+\.(json|csv|png)|"
    rf"{_PICTURES})\.[0-9]+-[0-9a-f]+\.tmp\Z"
)
LONG = 0.25
"""Hours of an unfinished run from which on it is replaced on request only."""
_LOCKED_BYTE = 2**30  # far behind the text, because Windows lets nobody read a locked byte


class RunDirectory:
    """A directory that this process alone writes a run into, as long as it is open.

    Made with ``log.txt`` locked by the operating system, which releases the lock when the process ends, however it
    ends. From the first moment on ``run.json`` marks the directory as a run.

    Parameters
    ----------
    folder : path
    overwrite : bool
        Replace a finished run, or an unfinished one of more than `LONG` hours; a shorter one is always replaced.
    inputs : iterable of Path
        Files the run reads; they may not lie in the directory.
    fingerprint : str, optional
        Of a run that can be taken up again: if the directory holds one with the same fingerprint, it is kept.

    Attributes
    ----------
    resumed : bool
        Whether an earlier run is kept.

    Raises
    ------
    OutputError
        If the directory cannot be made, is no run, holds a finished run, or another process is writing it; if it
        holds a run that could be taken up again, and this is another one.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        inputs: Iterable[Path] = (),
        fingerprint: str | None = None,
    ) -> None:
        self.path = Path(folder)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            present = {entry.name for entry in self.path.iterdir()}
        except OSError as error:
            reason = "is a file" if self.path.is_file() else f"cannot be made or read: {error.strerror or error}"
            raise OutputError(f"{self.path}: {reason}; choose another directory with --out") from error
        for path in inputs:
            if path.resolve().is_relative_to(self.path.resolve()):
                raise OutputError(
                    f"{self.path}: holds {path.name}, which this run reads; choose another directory with --out"
                )
        self._refuse_foreign(present)
        self.log: IO[str] = self._locked_log()
        try:
            status, before = self._status(), self._entry("fingerprint")
            self.resumed = before is not None and before == fingerprint and not overwrite
            if not self.resumed and not overwrite and (status == "finished" or before is not None):
                held = "a finished run" if status == "finished" else "an unfinished sweep"
                changed = " of another scene, or of another version of fdmag" if before and fingerprint else ""
                raise OutputError(
                    f"{self.path}: holds {held}{changed}; choose another directory with --out, or add --overwrite"
                )
            if not self.resumed and not overwrite and (hours := self._hours()) > LONG:
                raise OutputError(
                    f"{self.path}: holds {hours:.2g} h of a run that was not finished; go on from its last field file, "
                    "with its time (in fields/m.pvd) in a stage set, or add --overwrite"
                )
            self.record({"status": "running"} | ({} if fingerprint is None else {"fingerprint": fingerprint}))
            if self.resumed:
                self.log.seek(0, os.SEEK_END)
            else:
                self._clear()
        except BaseException:
            self.log.close()
            raise

    def record(self, data: dict[str, Any]) -> None:
        """Write ``run.json``; its first entry is the status."""
        write_json(self.path / "run.json", data)

    def close(self) -> None:
        """Let others use the directory."""
        with suppress(OSError):  # of a full disk; the log is closed all the same
            self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _refuse_foreign(self, present: set[str]) -> None:
        ours = (*map(_OF_DEVICES.match, present), *map(_UNFINISHED.match, present))
        foreign = sorted(present - {*_OWN, *(match.group() for match in ours if match)})
        if not foreign and present - {"log.txt"} and self._status() is None:
            foreign = sorted(present)
        if foreign:
            raise OutputError(
                f"{self.path}: holds {foreign[0]}, which is not part of a run; choose another directory with --out"
            )

    def _status(self) -> str | None:
        """Return the status that ``run.json`` tells; None if it is not one of fdmag's."""
        return self._entry("status")

    def _entry(self, key: str) -> str | None:
        """Return a text of ``run.json``."""
        try:
            found = json.loads((self.path / "run.json").read_bytes())[key]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return found if isinstance(found, str) else None

    def _hours(self) -> float:
        """Return how long an earlier run has lasted, by the last row of its table; 0 where that is not known."""
        try:
            started = datetime.fromisoformat(self._entry("started") or "").timestamp()
            return ((self.path / "table.csv").stat().st_mtime - started) / 3600
        except (OSError, ValueError):
            return 0.0

    def _locked_log(self) -> IO[str]:
        name = self.path / "log.txt"
        try:
            descriptor = os.open(name, os.O_RDWR | os.O_CREAT | BINARY_FLAG, 0o666)
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror or error}") from error
        if not _lock(descriptor):
            os.close(descriptor)
            raise OutputError(
                f"{self.path}: another process is writing a run here; wait, or choose another directory with --out"
            )
        return os.fdopen(descriptor, "w", encoding="utf-8", newline="\n")

    def _clear(self) -> None:
        """Remove an earlier run; run.json and log.txt are this run's already."""
        try:
            self.log.truncate(0)
            for entry in list(self.path.iterdir()):
                if entry.name in ("run.json", "log.txt"):
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{self.path}: an earlier run cannot be removed: {error.strerror or error}") from error


def _lock(descriptor: int) -> bool:
    """Lock a file until it is closed; return False if another process has it. Where there are no locks, go on."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(descriptor, 0, os.SEEK_SET)
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
