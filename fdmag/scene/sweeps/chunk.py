"""What a worker does: a chunk of members of a sweep, as the replicas of one simulation."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import FdmagError, SolverError
from fdmag.output.rows import RowsInMemory
from fdmag.output.table_data import TableData
from fdmag.quantities import Catalogue, Column
from fdmag.scene.build import Parts
from fdmag.scene.stages import run_stages
from fdmag.scene.sweeps.merge import merged, shapes

Report = Callable[[float], None]
"""Told which share of a chunk is done."""


@dataclass(frozen=True)
class Chunk:
    """Members of one signature (see `fdmag.scene.sweeps.merge`), to be computed together.

    Attributes
    ----------
    members : list of int
    parts : list of Parts
        Of each member.
    stages : list of tables of stages
    shapes : list
        What `fdmag.scene.sweeps.merge.shapes` gives for each of them alone.
    columns : list of str or Column
        Further columns of the table.
    results : dict
        Columns that stages fill in, and their units.
    fields : list of str or None
        Fields of the end to return; None for none.
    device, precision
        As in `Simulation`.
    """

    members: list[int]
    parts: list[Parts]
    stages: list[Any]
    shapes: list[Any]
    columns: list[str | Column]
    results: dict[str, str]
    fields: list[str] | None
    device: str
    precision: str | None


@dataclass
class MemberResult:
    """What became of a member.

    Attributes
    ----------
    member : int
    error : str
        Empty if it is finished.
    lasting : bool
        Whether the error would come again.
    table : TableData or None
        Of all its replicas.
    counts : dict
        steps, rejected_steps, evaluations.
    device, precision : str
    seconds : float
        Wall time of the chunk, divided by its members.
    together : int
        Number of members in the chunk.
    fields : dict
        The fields of the end that were asked for, (components, nz, ny, nx), by name.
    tables : dict of TableData
        Further tables, by name.
    devices : dict
        What ``device_NAME.json`` holds, by name of the device.
    switching : list of dict
        Figures of its ensemble, for each stage that replicas may stop in.
    files : dict of bytes
        Files of its directory beside these, by path.
    """

    member: int
    error: str = ""
    lasting: bool = True
    table: TableData | None = None
    counts: dict[str, int] = field(default_factory=dict)
    device: str = ""
    precision: str = ""
    seconds: float = 0.0
    together: int = 1
    fields: dict[str, NDArray] = field(default_factory=dict)
    tables: dict[str, TableData] = field(default_factory=dict)
    devices: dict[str, Any] = field(default_factory=dict)
    switching: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)


def compute(chunk: Chunk, report: Report | None = None) -> list[MemberResult]:
    """Return what became of the members of a chunk.

    Members that fail are left out and the others computed again without them, so that no result depends on which
    members share a chunk.
    """
    return _computed(chunk, np.arange(len(chunk.members)), report or (lambda share: None))


def _computed(chunk: Chunk, rows: NDArray[np.intp], report: Report) -> list[MemberResult]:
    failed: list[MemberResult] = []
    while rows.size:
        try:
            return failed + _together(chunk, rows, report)
        except SolverError as error:
            known = {row: reason for row, reason in error.failures.items() if 0 <= row < rows.size}
            if known and rows.size > 1:
                failed += [MemberResult(chunk.members[rows[row]], reason) for row, reason in known.items()]
                rows = np.delete(rows, list(known))
                continue
            reason = next(iter(known.values()), str(error))
            result = MemberResult(chunk.members[rows[0]], reason)
        except _ApartError:
            return failed + [each for row in rows for each in _computed(chunk, np.array([row]), report)]
        except Exception as error:
            result = failure(chunk.members[rows[0]], error)
        if rows.size == 1:
            return [*failed, result]
        half = rows.size // 2
        return failed + _computed(chunk, rows[:half], report) + _computed(chunk, rows[half:], report)
    return failed


def failure(member: int, error: Exception) -> MemberResult:
    """Return what became of a member that has failed; its error, whatever it is, is not that of the sweep."""
    if isinstance(error, FdmagError):
        return MemberResult(member, str(error))
    told = "the memory does not suffice" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}"
    return MemberResult(member, told, lasting=False)


class _ApartError(Exception):
    """A batch of these members would not compute what each does alone."""


def _together(chunk: Chunk, rows: NDArray[np.intp], report: Report) -> list[MemberResult]:
    start = time.perf_counter()
    parts = merged([chunk.parts[row] for row in rows])
    simulation = parts.simulation(chunk.device, chunk.precision)
    if rows.size > 1 and shapes(simulation) != chunk.shapes:
        raise _ApartError
    recorder = RowsInMemory(simulation, chunk.columns, chunk.results)
    run_stages(simulation, chunk.stages, parts.settings, recorder, Share(len(chunk.stages), report), finer=parts.finer)
    fields: dict[str, NDArray] = {}
    if chunk.fields is not None:
        for each in Catalogue.of(simulation).fields(["m", *chunk.fields]):
            fields[each.name] = each.evaluate(simulation).astype(simulation.backend.dtype)
    state, backend = simulation.state, simulation.backend
    counts = {"steps": state.steps, "rejected_steps": state.rejected, "evaluations": state.evaluations}
    seconds = (time.perf_counter() - start) / rows.size
    return [
        MemberResult(
            chunk.members[row], "", True, table, {key: int(count[i]) for key, count in counts.items()},
            backend.name, backend.dtype.name, seconds, int(rows.size),
            {name: values[i] for name, values in fields.items()},
        )
        for i, (row, table) in enumerate(zip(rows, recorder.tables(), strict=True))
    ]  # fmt: skip


class Share:
    """The progress of stages as a share of all of them, told at most twice a second."""

    def __init__(self, stages: int, report: Report) -> None:
        self._stages, self._report = stages, report
        self._done, self._total, self._told = 0, 0.0, time.monotonic()

    def start(self, stage: int | None, title: str, total: float | None) -> None:
        """A stage begins."""
        self._total = total or 0.0

    def advance(self, done: float, text: Callable[[], str], steps: float | None = None) -> None:
        """Tell how much is done."""
        now = time.monotonic()
        if now - self._told > 0.5:
            self._told = now
            within = min(done / self._total, 1.0) if self._total else 0.0
            self._report(min((self._done + within) / self._stages, 1.0))

    def finish(self) -> None:
        """The stage is complete."""
        self._done += 1

    def close(self) -> None:
        """Do nothing."""


def step_seconds(parts: Sequence[Parts], device: str, precision: str | None, seconds: float = 0.03) -> float:
    """Return how long a trial step of these members together takes [s]; measured for about ``seconds`` [s]."""
    from fdmag.solvers.tableau import DORMAND_PRINCE

    simulation = merged(parts).simulation(device, precision)
    # A trial that is not accepted leaves the state as it is.
    stepper = simulation._magnet.stepper(simulation.state, DORMAND_PRINCE)
    rows, dt = np.arange(simulation.batch), np.full(simulation.batch, 1e-15)
    stepper.attempt(rows, dt)
    best, end = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        stepper.attempt(rows, dt)
        best = min(best, time.perf_counter() - start)
    return best if np.isfinite(best) else seconds


def step_times(chunk: Chunk, report: Report | None = None) -> dict[int, float]:
    """Return how long a step of a member takes [s] in chunks of 1, 2, 4, ... of these members.

    Sizes are doubled as long as this makes it shorter.
    """
    times: dict[int, float] = {}
    size, limit, worse = 1, len(chunk.members), 0
    while worse < 2:  # one measurement may have been disturbed
        try:
            with np.errstate(all="ignore"):
                times[size] = step_seconds(chunk.parts[:size], chunk.device, chunk.precision) / size
        except (FdmagError, MemoryError):  # members that fail are told when they are computed
            break
        worse = worse + 1 if times[size] > 1.02 * min(times.values()) else 0
        if size == limit:
            break
        size = min(2 * size, limit)
    return times


def good_sizes(times: dict[int, float]) -> tuple[int, int]:
    """Return the smallest and the largest size whose time is within a tenth of the shortest.

    >>> good_sizes({1: 5.0, 2: 3.0, 4: 2.1, 8: 2.0, 16: 2.5})
    (4, 8)
    """
    good = [size for size, seconds in times.items() if seconds <= 1.1 * min(times.values())]
    return (min(good), max(good)) if good else (1, 1)
