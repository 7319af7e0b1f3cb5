"""Chunks to workers, and what comes back to the journal."""

import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from math import ceil, prod
from typing import TYPE_CHECKING, Any

from fdmag.kernels.runtime import threads_wanted
from fdmag.mesh import Mesh
from fdmag.scene.checks import NUMBERS_PER_CELL, available_memory
from fdmag.scene.progress import Progress
from fdmag.scene.sweeps.check import Group, Sweep
from fdmag.scene.sweeps.chunk import MemberResult, best_size, compute
from fdmag.scene.sweeps.dataset import NAME, write_dataset
from fdmag.scene.sweeps.executors import WorkerLostError, Workers, workers_for
from fdmag.scene.sweeps.journal import Journal

if TYPE_CHECKING:
    import xarray

LOG = logging.getLogger("fdmag")
MOST_TOGETHER = 256
"""Members of the largest chunk that is tried when its size is measured."""
MOST_LOSSES = 2
"""How often a chunk is given to another worker when its own is lost, before it is halved."""
WRITE_EVERY, WRITE_SHARE = 2.0, 0.05
"""``sweep.nc`` is renewed after so many seconds, and later, so that writing it takes no larger share of the time."""


class Driver:
    """Gives chunks to workers, and what comes back to the journal.

    Parameters
    ----------
    sweep : Sweep
    journal : Journal
    progress : Progress
    partial : callable
        Returns the dataset of what is done.

    Attributes
    ----------
    sizes : list of dict
        What was measured of each batch, and the size of its chunks.
    """

    def __init__(
        self, sweep: Sweep, journal: Journal, progress: Progress, partial: Callable[[], "xarray.Dataset"]
    ) -> None:
        self._sweep, self._journal, self._progress, self._partial = sweep, journal, progress, partial
        self.sizes: list[dict[str, Any]] = []
        self._shares: dict[int, float] = {}  # how many members' worth of each running chunk is done
        self._written, self._pause = time.monotonic(), WRITE_EVERY

    def run(self, groups: list[Group], scheduler: str, wanted: int | None, together: int | None) -> None:
        """Compute the members of these groups."""
        total = self._sweep.expansion.count
        self._progress.start(None, f"{total} members", total)
        count = sum(len(group.members) for group in groups)
        processes, threads = _processes(self._sweep, count, wanted) if scheduler == "local" else (0, 1)
        workers = workers_for(scheduler, processes, threads)
        try:
            waiting = deque(self._chunks(groups, workers, together))
            running: dict[Future, _Given] = {}
            while waiting or running:
                while waiting and len(running) < workers.capacity() + (workers.capacity() > 1):
                    given = waiting.popleft()
                    running[self._begin(workers, given)] = given
                done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    waiting.extend(self._ended(future, running.pop(future)))
                self._tell()
        finally:
            workers.close()
        self._progress.finish()

    def _chunks(self, groups: list[Group], workers: Workers, together: int | None) -> list["_Given"]:
        chunks = []
        measured: dict[tuple[int, ...], int] = {}
        for group in groups:
            size, members = together or self._size(group, workers, measured), group.members
            chunks += [_Given(group, members[i : i + size]) for i in range(0, len(members), size)]
        return chunks

    def _size(self, group: Group, workers: Workers, measured: dict[tuple[int, ...], int]) -> int:
        """Return how many members of a group to compute together, by a measurement on a worker for each size of mesh.

        ``measured`` is what was measured before.
        """
        capacity, count = workers.capacity(), len(group.members)
        most = min(ceil(count / capacity), MOST_TOGETHER, _fitting(self._sweep, group.mesh, capacity))
        times: dict[int, float] = {}
        if group.mesh.cells not in measured and most > 1:
            try:
                chunk = self._sweep.chunk(group, group.members[:most])
                size, times = workers.submit(best_size, chunk, lambda share: None).result()
                measured[group.mesh.cells] = size
            except WorkerLostError:
                LOG.warning("the worker was lost that measured how many members to compute together")
        size = min(most, measured.get(group.mesh.cells, 1))
        rounds = ceil(count / (capacity * size))
        size = ceil(count / (capacity * rounds))
        self.sizes.append({"members": count, "together": size, "step_seconds_per_member": times})
        LOG.info("%d members in chunks of %d; s per member and step: %s", count, size, times or "as before")
        return size

    def _begin(self, workers: Workers, given: "_Given") -> Future:
        first, count = given.members[0], len(given.members)

        def report(share: float) -> None:
            if first in self._shares:
                self._shares[first] = share * count
                self._advance()

        self._shares[first] = 0.0
        return workers.submit(compute, self._sweep.chunk(given.group, given.members), report)

    def _ended(self, future: Future, given: "_Given") -> list["_Given"]:
        """Keep what came of a chunk; return what is to be computed again."""
        members = given.members
        self._shares.pop(members[0], None)
        try:
            results = future.result()
        except WorkerLostError as error:
            LOG.warning("members %s: %s", members, error)
            if given.losses < MOST_LOSSES:
                return [replace(given, losses=given.losses + 1)]
            if len(members) > 1:
                half = len(members) // 2
                return [replace(given, members=members[:half]), replace(given, members=members[half:])]
            results = [MemberResult(members[0], str(error), lasting=False)]
        for result in self._journal.add(results, given.group.mesh):
            if result.error:
                LOG.error("%s: %s", self._sweep.expansion.told(result.member), result.error)
        return []

    def _tell(self) -> None:
        """Move the progress, and write ``sweep.nc`` now and then."""
        self._advance()
        before = time.monotonic()
        if before - self._written > self._pause:
            write_dataset(self._journal.folder / NAME, self._partial())
            self._written = time.monotonic()
            self._pause = max(WRITE_EVERY, (self._written - before) / WRITE_SHARE)

    def _advance(self) -> None:
        done = len(self._journal.results)
        failed = sum(bool(result.error) for result in list(self._journal.results.values()))
        told = f"{done} done" + (f", {failed} failed" if failed else "")
        self._progress.advance(done + sum(self._shares.values()), lambda: told)


@dataclass(frozen=True)
class _Given:
    """A chunk that is given to a worker, and how often its worker was lost."""

    group: Group
    members: list[int]
    losses: int = 0


def _processes(sweep: Sweep, count: int, wanted: int | None) -> tuple[int, int]:
    """Return how many processes of this machine to use, 0 for this one, and the threads of each."""
    threads = threads_wanted()
    if wanted is not None:
        return wanted, max(1, threads // max(wanted, 1))
    if sweep.first.simulation.backend.name == "cuda":
        return 0, threads
    processes = max(1, min(threads, count, _fitting(sweep, sweep.first.simulation.mesh, 1)))
    return (0, threads) if processes == 1 else (processes, max(1, threads // processes))


def _fitting(sweep: Sweep, mesh: Mesh, workers: int) -> int:
    """Return how many members fit into a worker's share of half the free memory."""
    free, backend = available_memory(), sweep.first.simulation.backend
    if free is None:
        return MOST_TOGETHER
    needed = prod(mesh.cells) * NUMBERS_PER_CELL * backend.dtype.itemsize
    return max(1, int(free / 2 / workers / needed))
