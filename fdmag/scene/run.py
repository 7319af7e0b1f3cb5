"""Running a scene into a run directory that tells what was computed, how, and whether it is right."""

import hashlib
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from fdmag import __version__
from fdmag.errors import OutputError
from fdmag.output.files import atomic_write
from fdmag.output.provenance import machine_info
from fdmag.scene.computation import compute_scene
from fdmag.scene.contents import files, result_tables
from fdmag.scene.directory import RunDirectory
from fdmag.scene.doubts import scene_doubts
from fdmag.scene.ensemble import effort
from fdmag.scene.expect import Outcome, outcomes
from fdmag.scene.load import LoadedScene, load_scene
from fdmag.scene.problems import Problem
from fdmag.scene.progress import Progress, Silent
from fdmag.scene.toml import dump_toml

LOG = logging.getLogger("fdmag")


@dataclass(frozen=True)
class Request:
    """What is to be run, where to, and how; as of `run_scene`."""

    path: str | os.PathLike[str]
    out: str | os.PathLike[str] | None = None
    device: str = "auto"
    precision: str | None = None
    overrides: Sequence[str] = ()
    overwrite: bool = False

    @property
    def folder(self) -> Path:
        """The run directory."""
        return Path(self.out) if self.out is not None else Path("runs") / Path(self.path).stem


def run_scene(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    device: str = "auto",
    precision: str | None = None,
    overrides: Sequence[str] = (),
    overwrite: bool = False,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Run a scene file and write its run directory.

    Parameters
    ----------
    path : path
        The scene.
    out : path, optional
        The run directory; ``runs/<name of the scene file>`` by default.
    device, precision : str
    overrides : sequence of "key=value"
    overwrite : bool
        Replace a finished run, or one that was not finished after a quarter of an hour.
    progress : Progress, optional

    Returns
    -------
    list of Outcome
        One per expectation of the scene.

    Raises
    ------
    SceneError
        If the scene is not valid; nothing is written then.
    OutputError
        If the directory holds a finished run or something else.
    SolverError
        If a solver fails; the directory then says so.
    """
    from fdmag.scene.sweeps.check import is_sweep
    from fdmag.scene.sweeps.run import SweepRun

    kind = SweepRun if is_sweep(path, overrides) else SceneRun
    with kind(Request(path, out, device, precision, overrides, overwrite)) as run:
        return run.carry_out(progress or Silent())


@contextmanager
def logged(directory: RunDirectory, warnings: list[str]) -> Iterator[None]:
    """Write what happens to the log of a run directory, and keep what is warned of."""
    handlers = _LogFile(directory.log), _Warnings(warnings)
    handlers[0].setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level = LOG.level
    LOG.setLevel(logging.INFO)
    for handler in handlers:
        LOG.addHandler(handler)
    try:
        yield
    finally:
        LOG.setLevel(level)
        for handler in handlers:
            LOG.removeHandler(handler)


class _Warnings(logging.Handler):
    """Keeps warnings for ``run.json``."""

    def __init__(self, warnings: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._warnings = warnings

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it once, unless it is an error, which is told by itself."""
        if record.levelno < logging.ERROR and (message := record.getMessage()) not in self._warnings:
            self._warnings.append(message)


class _LogFile(logging.StreamHandler):
    """The log of a run; the run goes on where the disk does not take a line of it."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Do nothing."""


class SceneRun:
    """A checked scene with its run directory, ready to be carried out; errors as in `run_scene`.

    ``member`` is that of a sweep, which is then run as a scene of its own.
    """

    def __init__(self, request: Request, member: int | None = None) -> None:
        self.loaded = load_scene(request.path, request.overrides, request.device, request.precision, member)
        reads = {name: self.loaded.folder / name for _, name in files(self.loaded.scene)}
        inputs = [self.loaded.path, *reads.values()]
        self.directory = RunDirectory(request.folder, overwrite=request.overwrite, inputs=inputs)
        try:
            self._record = provenance(self.loaded, list(request.overrides))
            self.directory.record(self._record)
            write_scene(self.loaded, request.folder, reads)
        except BaseException:
            self.directory.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.directory.close()

    def carry_out(self, progress: Progress) -> list[Outcome]:
        """Compute; return what became of the expectations."""
        with logged(self.directory, self._record.setdefault("warnings", [])):
            return self._run(progress)

    def _run(self, progress: Progress) -> list[Outcome]:
        loaded, record = self.loaded, self._record
        LOG.info("%s on %s (%s), %s", record["scene"], record["device"], record["device_reason"], record["precision"])
        warn_of(scene_doubts(loaded))
        start = time.perf_counter()
        found: list[Outcome] | None = None
        past: list[dict[str, NDArray[np.int64]]] = []
        try:
            computed = compute_scene(loaded, self.directory.path, progress, past)
            record |= {"switching": computed.switching, **computed.told}
            found = outcomes(loaded.scene.expect, computed.tables, result_tables(loaded.scene), computed.figures)
            record["status"] = "finished"
        except BaseException as error:
            interrupted = isinstance(error, KeyboardInterrupt | SystemExit)
            record["status"] = "interrupted" if interrupted else "failed"
            record["error"] = f"{type(error).__name__}: {error}".removesuffix(": ")
            LOG.error("%s: %s", record["status"], record["error"])
            raise
        finally:
            progress.close()
            batches = [*past, effort(loaded.simulation)]
            record |= {key: np.concatenate([each[key] for each in batches]) for key in batches[0]}
            record |= {
                "ended": now(),
                "wall_time_s": time.perf_counter() - start,
                "replicas": len(record["steps"]),
                "expect": [{**asdict(outcome), "holds": outcome.holds} for outcome in found or ()],
                "expect_holds": found is not None and all(outcome.holds for outcome in found),
            }
            # Of a run that failed the error is told, not that this disk may not take its record either.
            with nullcontext() if record["status"] == "finished" else suppress(OSError):
                self.directory.record(record)
        for outcome in found:
            LOG.info("%s", outcome)
        LOG.info("finished in %.3g s", record["wall_time_s"])
        return found


def warn_of(doubts: Sequence[Problem]) -> None:
    """Log what is hardly meant in a scene."""
    for doubt in doubts:
        LOG.warning("%s", doubt)


def provenance(loaded: LoadedScene, overrides: list[str]) -> dict[str, Any]:
    """Return what ``run.json`` tells of a run that begins."""
    scene, backend = loaded.scene, loaded.simulation.backend
    return {
        "status": "running",
        "version": __version__,
        "scene": os.fsencode(loaded.path.name).decode(errors="replace"),
        "title": scene.title,
        "overrides": overrides,
        "started": now(),
        "machine": machine_info(),
        "device": backend.name,
        "device_reason": backend.reason,
        "precision": backend.dtype.name,
        "cells": scene.mesh.cells,
        "replicas": loaded.simulation.batch,
        "seeds": dict(_seeds(loaded.resolved(), ())),
    }


def now() -> str:
    """Return the time in UTC, as text."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _seeds(data: Any, path: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Yield every seed of a resolved scene, with its place."""
    items = enumerate(data) if isinstance(data, list) else data.items() if isinstance(data, dict) else ()
    for key, value in items:
        if key == "seed" and isinstance(value, int):
            yield ".".join((*path, key)), value
        yield from _seeds(value, (*path, str(key)))


def write_scene(loaded: LoadedScene, folder: Path, reads: dict[str, Path]) -> None:
    """Write the resolved scene, and the files it reads, so that the run can be repeated from its directory."""
    copied = {}
    for name, source in reads.items():
        try:
            content = source.read_bytes()
            (folder / "inputs").mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(f"{source}: cannot be copied: {error.strerror or error}") from error
        digest = hashlib.sha256(content).hexdigest()[:12]
        stem = source.stem.removeprefix(f"{digest}_")[:40]  # that of a copy, when a run is repeated
        copied[name] = f"inputs/{digest}_{stem}{source.suffix}"
        with atomic_write(folder / copied[name]) as file:
            file.write(content)
    with atomic_write(folder / "scene.toml", text=True) as file:
        file.write(
            f"# As run: overrides and default values filled in, in SI units; optional entries not given are left out.\n"
            f"# Written by fdmag {__version__}\n\n"
        )
        file.write(dump_toml(_with_files(loaded.resolved(), copied)))


def _with_files(data: Any, copied: dict[str, str]) -> Any:
    """Return the data with every ``file`` entry replaced by its copy."""
    if isinstance(data, dict):
        return {
            key: copied.get(value, value) if key == "file" and isinstance(value, str) else _with_files(value, copied)
            for key, value in data.items()
        }
    return [_with_files(item, copied) for item in data] if isinstance(data, list) else data
