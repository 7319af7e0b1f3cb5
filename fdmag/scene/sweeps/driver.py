"""Chunks to workers, and what comes back to the journal."""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from math import ceil, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from fdmag.kernels.runtime import threads_wanted
from fdmag.mesh import Mesh
from fdmag.scene.checks import NUMBERS_PER_CELL, available_memory
from fdmag.scene.progress import Progress
from fdmag.scene.sweeps.alone import Alone, compute_alone
from fdmag.scene.sweeps.check import Group, Sweep
from fdmag.scene.sweeps.chunk import MemberResult, compute, good_sizes, step_times
from fdmag.scene.sweeps.dataset import NAME, write_dataset
from fdmag.scene.sweeps.executors import WorkerLostError, Workers, workers_for
from fdmag.scene.sweeps.journal import Journal

if TYPE_CHECKING:
    import xarray

LOG = logging.getLogger("fdmag")
MOST_TOGETHER = 256
"""Members of the largest chunk that is tried when its size is measured."""
CHUNK_SECONDS = 10.0
"""Chunks of members that are quick are made larger up to this [s]."""
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
    measured : list of dict
        How long a step of a member takes in chunks of some sizes, for each size of mesh.
    """

    def __init__(
        self, sweep: Sweep, journal: Journal, progress: Progress, partial: Callable[[], "xarray.Dataset"]
    ) -> None:
        self._sweep, self._journal, self._progress, self._partial = sweep, journal, progress, partial
        self.measured: list[dict[str, Any]] = []
        self._measured: dict[tuple[int, ...], tuple[int, int]] = {}
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
            waiting = deque(_Waiting(group, *self._sizes(group, workers, together)) for group in groups)
            again: deque[_Given] = deque()
            running: dict[Future, _Given] = {}
            while waiting or again or running:
                while (waiting or again) and len(running) < _ahead(workers.capacity()):
                    given = again.popleft() if again else waiting[0].cut(workers.capacity())
                    if waiting and not waiting[0].members:
                        waiting.popleft()
                    running[self._begin(workers, given)] = given
                done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    again.extend(self._ended(future, running.pop(future)))
                self._tell()
        finally:
            workers.close()
        self._progress.finish()

    def _sizes(self, group: Group, workers: Workers, together: int | None) -> tuple[int, int]:
        """Return the smallest and the largest good size of a chunk, measured by a worker once for each size of mesh."""
        if group.alone:
            return 1, 1
        if together is not None:
            return together, together
        capacity, count, cells = workers.capacity(), len(group.members), group.mesh.cells
        limit = min(ceil(count / capacity), MOST_TOGETHER, _fitting(self._sweep, group.mesh, capacity))
        if cells not in self._measured and limit > 1:
            try:
                chunk = self._sweep.chunk(group, group.members[:limit])
                times = workers.submit(step_times, chunk, lambda share: None).result()
                self._measured[cells] = good_sizes(times)
                self.measured.append({"cells": cells, "together": good_sizes(times), "step_seconds_per_member": times})
                LOG.info("%s cells: s per member and step in chunks of: %s", cells, times)
            except WorkerLostError:
                LOG.warning("the worker was lost that measured how many members to compute together")
        least, most = self._measured.get(cells, (1, 1))
        return min(least, limit), min(most, limit)

    def _begin(self, workers: Workers, given: "_Given") -> Future:
        first, count = given.members[0], len(given.members)

        def report(share: float) -> None:
            if first in self._shares:
                self._shares[first] = share * count
                self._advance()

        self._shares[first] = 0.0
        chunk = self._sweep.chunk(given.group, given.members)
        return workers.submit(compute_alone if isinstance(chunk, Alone) else compute, chunk, report)

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
                return [replace(given, members=part, losses=0) for part in (members[:half], members[half:])]
            results = [MemberResult(members[0], str(error), lasting=False)]
        given.pace.note(results)
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


class _Waiting:
    """The members of a group that no worker has yet, and how many of them to give to one at a time."""

    def __init__(self, group: Group, least: int, most: int) -> None:
        self.group, self.members = group, list(group.members)
        self._least, self._most = least, most
        self._seconds = np.inf  # of a member, as far as is known

    def cut(self, capacity: int) -> "_Given":
        """Return the next chunk.

        All good sizes take about as long for a member. The least loses the least by a kill; but where members are
        quick, more of them share what it costs to begin, up to `CHUNK_SECONDS`.
        """
        quick = int(min(CHUNK_SECONDS / self._seconds, self._most))
        size = min(max(quick, self._least), max(self._least, ceil(len(self.members) / capacity)))
        chunk, self.members = self.members[:size], self.members[size:]
        return _Given(self.group, chunk, self)

    def note(self, results: Sequence[MemberResult]) -> None:
        """Learn from results how long a member takes."""
        known = [result.seconds for result in results if result.seconds > 0]
        if known:
            self._seconds = float(np.mean(known))


@dataclass(frozen=True)
class _Given:
    """A chunk that is given to a worker, and how often its worker was lost."""

    group: Group
    members: list[int]
    pace: _Waiting
    losses: int = 0


def _ahead(capacity: int) -> int:
    """Return how many chunks to have given out: some wait, so that no worker does."""
    return capacity + capacity // 2 if capacity > 1 else 1


def _processes(sweep: Sweep, count: int, wanted: int | None) -> tuple[int, int]:
    """Return how many processes of this machine to use, 0 for this one, and the threads of each."""
    threads = threads_wanted()
    if wanted is not None:
        return wanted, max(1, threads // max(wanted, 1))
    if sweep.first.simulation.backend.name == "cuda":
        return 0, threads
    together = sweep.first.simulation.batch
    processes = max(1, min(threads, count, _fitting(sweep, sweep.first.simulation.mesh, together)))
    return (0, threads) if processes == 1 else (processes, max(1, threads // processes))


def _fitting(sweep: Sweep, mesh: Mesh, workers: int) -> int:
    """Return how many members fit into a worker's share of half the free memory."""
    free, backend = available_memory(), sweep.first.simulation.backend
    if free is None:
        return MOST_TOGETHER
    needed = prod(mesh.cells) * NUMBERS_PER_CELL * backend.dtype.itemsize
    return max(1, int(free / 2 / workers / needed))
