"""Running a sweep into its run directory: only what is missing is computed."""

import hashlib
import json
import logging
import os
import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from fdmag import __version__
from fdmag.scene.contents import files, result_tables
from fdmag.scene.directory import RunDirectory
from fdmag.scene.expect import Outcome
from fdmag.scene.progress import Progress, Silent
from fdmag.scene.run import Request, logged, now, provenance, write_scene
from fdmag.scene.sweeps.check import Sweep, load_sweep
from fdmag.scene.sweeps.dataset import NAME, dataset, require_xarray, write_dataset
from fdmag.scene.sweeps.driver import Driver
from fdmag.scene.sweeps.executors import workers_for
from fdmag.scene.sweeps.expect import sweep_outcomes
from fdmag.scene.sweeps.journal import Journal
from fdmag.scene.warnings import coarse_cells, warnings_to

if TYPE_CHECKING:
    import xarray

LOG = logging.getLogger("fdmag")
CHECK_SHOWN = 2.0
"""How long the check of all members takes [s] before its progress is shown."""


def sweep(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    device: str = "auto",
    precision: str | None = None,
    overrides: Sequence[str] = (),
    overwrite: bool = False,
    scheduler: str = "local",
    workers: int | None = None,
    together: int | None = None,
    progress: Progress | None = None,
) -> "xarray.Dataset":
    """Run a scene with a table ``sweep``, or what is missing of it, and return what came out.

    Parameters
    ----------
    path : path
        The scene.
    out : path, optional
        The run directory; ``runs/<name of the scene file>`` by default.
    device, precision : str
    overrides : sequence of "key=value"
    overwrite : bool
        Begin anew. By default members that are in the directory are not computed again.
    scheduler : str
        "local", or "dask://HOST:PORT".
    workers : int, optional
        Processes of this machine; by default as many as there are processors. 0: this process.
    together : int, optional
        Members that are replicas of one batch; by default what a short measurement finds. No result depends on it.
    progress : Progress, optional

    Returns
    -------
    xarray.Dataset
        As it is in ``sweep.nc``; see the user guide.

    Raises
    ------
    SceneError
        If the scene, or a member of it, is not valid; nothing is computed then.
    OutputError
        If the directory holds something else.
    """
    request = Request(path, out, device, precision, overrides, overwrite)
    with SweepRun(request, scheduler=scheduler, workers=workers, together=together, progress=progress) as run:
        run.carry_out(progress or Silent())
        return run.dataset()


class SweepRun:
    """A checked sweep with its run directory, ready to be carried out; parameters and errors as in `sweep`.

    ``progress`` is told how far the check is.
    """

    def __init__(
        self,
        request: Request,
        *,
        scheduler: str = "local",
        workers: int | None = None,
        together: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        require_xarray()
        self.sweep: Sweep = _checked(progress or Silent(), request)
        self._scheduler, self._wanted, self._together = scheduler, workers, together
        loaded = self.loaded = self.sweep.first
        folder = request.folder
        reads = {name: loaded.folder / name for _, name in files(loaded.scene)}
        fingerprint = _fingerprint(self.sweep, reads)
        if scheduler != "local":
            workers_for(scheduler, 0, 1).close()  # told before the directory is made
        self.directory = RunDirectory(
            folder, overwrite=request.overwrite, inputs=[loaded.path, *reads.values()], fingerprint=fingerprint
        )
        try:
            self.journal = Journal(folder, self.sweep.expansion.count)
            if self.directory.resumed:
                self.journal.recover()
            self.recovered = len(self.journal.results)
            self._record = provenance(loaded, list(request.overrides)) | {
                "fingerprint": fingerprint,
                "scheduler": scheduler,
                "members": self.sweep.expansion.count,
                "dimensions": self.sweep.expansion.dimensions,
                "batches": [len(group.members) for group in self.sweep.groups],
                "recovered": self.recovered,
            }
            self.directory.record(self._record)
            write_scene(loaded, folder, reads)
        except BaseException:
            self.directory.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.directory.close()

    def __str__(self) -> str:
        done = f"; {self.recovered} done before" if self.directory.resumed else ""
        return f"{self.sweep}{done}"

    def failures(self) -> list[str]:
        """Return the members that failed, with values and error."""
        told = self.sweep.expansion.told
        return [f"{told(m)}: {result.error}" for m, result in sorted(self.journal.results.items()) if result.error]

    def dataset(self) -> "xarray.Dataset":
        """Return what came out so far."""
        return dataset(self.sweep.expansion, self.journal.results, self.loaded.scene)

    def carry_out(self, progress: Progress) -> list[Outcome]:
        """Compute what is missing; return what became of the expectations."""
        warnings = self._record.setdefault("warnings", [])
        with logged(self.directory), warnings_to(warnings.append):
            if (coarse := coarse_cells(self.loaded.simulation)) is not None:
                LOG.warning("%s", coarse)
            return self._run(progress)

    def _run(self, progress: Progress) -> list[Outcome]:
        record, results = self._record, self.journal.results
        start = time.perf_counter()
        found: list[Outcome] | None = None
        LOG.info("%s: %d members, %d done before", record["scene"], record["members"], self.recovered)
        try:
            missing = [replace(group, members=[m for m in group.members if m not in results])
                       for group in self.sweep.groups]  # fmt: skip
            driver = Driver(self.sweep, self.journal, progress, self.dataset)
            record["measured"] = driver.measured
            if missing := [group for group in missing if group.members]:
                driver.run(missing, self._scheduler, self._wanted, self._together)
            write_dataset(self.directory.path / NAME, self.dataset())
            scene = self.loaded.scene
            found = sweep_outcomes(scene.expect, self.sweep.expansion, results, result_tables(scene))
            record["status"] = "finished"
        except BaseException as error:
            interrupted = isinstance(error, KeyboardInterrupt | SystemExit)
            record["status"] = "interrupted" if interrupted else "failed"
            record["error"] = f"{type(error).__name__}: {error}".removesuffix(": ")
            LOG.error("%s: %s", record["status"], record["error"])
            with suppress(Exception):  # what is done shall be readable; what failed first is told
                self.journal.recover()  # an interruption may come between the disk and the memory
                write_dataset(self.directory.path / NAME, self.dataset())
            raise
        finally:
            progress.close()
            counts = [result.counts for result in results.values() if result.counts]
            record |= {
                "ended": now(),
                "wall_time_s": time.perf_counter() - start,
                "finished_members": sum(not result.error for result in results.values()),
                "failed_members": {str(m): result.error for m, result in sorted(results.items()) if result.error},
                "steps": sum(count["steps"] for count in counts),
                "rejected_steps": sum(count["rejected_steps"] for count in counts),
                "evaluations": sum(count["evaluations"] for count in counts),
                "expect": [{**asdict(outcome), "holds": outcome.holds} for outcome in found or ()],
                "expect_holds": found is not None and all(outcome.holds for outcome in found),
            }
            with nullcontext() if record["status"] == "finished" else suppress(OSError):
                self.directory.record(record)
        for outcome in found:
            LOG.info("%s", outcome)
        return found


def _checked(progress: Progress, request: Request) -> Sweep:
    begun, told = time.monotonic(), False

    def tell(done: int, count: int) -> None:
        nonlocal told
        if not told and time.monotonic() - begun > CHECK_SHOWN:
            told = True
            progress.start(None, f"check of {count} members", count)
        if told:
            progress.advance(done, lambda: f"{done} checked")
            if done == count:
                progress.finish()

    try:
        return load_sweep(request.path, request.overrides, request.device, request.precision, tell)
    except BaseException:
        progress.close()
        raise


def _fingerprint(sweep: Sweep, reads: dict[str, Path]) -> str:
    """Return a digest of all that the members' results depend on; not of what is only read off them."""
    data = sweep.first.resolved()
    swept = dict(data["sweep"])
    for key in ("title", "expect"):
        data.pop(key, None)
    for key in ("results", "rows"):
        swept.pop(key, None)
    if swept["kind"] == "monte_carlo":
        swept.pop("members", None)  # more members leave those there are as they are
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in reads.items()}
    backend = sweep.first.simulation.backend
    told = [__version__, backend.name, backend.dtype.name, data | {"sweep": swept}, digests]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
