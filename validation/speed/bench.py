"""What measurements share: programs at work, turns between them, and how long to measure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import numpy as np

from fdmag.mesh import Mesh
from validation.speed import problem
from validation.speed.peers.environment import PEERS
from validation.speed.peers.own import random_m
from validation.speed.peers.protocol import PeerError, Process

OWN = "validation.speed.peers.own"


@dataclass(frozen=True)
class Times:
    """Times [s] of the calls of one program."""

    seconds: list[float]

    @property
    def best(self) -> float:
        """The shortest."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """The one in the middle."""
        return median(self.seconds)

    @property
    def mean(self) -> float:
        """What all of them took, divided by their number."""
        return math.fsum(self.seconds) / len(self.seconds)


def in_turn(
    contenders: Mapping[str, tuple[Process, str]], seconds: float, rounds: int, patience: int = 1
) -> dict[str, Times]:
    """Time calls of several programs, which take turns so that other work on the machine meets them all.

    Parameters
    ----------
    contenders : mapping of (process, name of the call)
    seconds : float
        For each of them, in all rounds together; a call that takes longer is made once in each round.
    rounds : int
    patience : int
        Up to so many times as many rounds, for all, while other work hides what one of them can do: while fewer than
        three of its rounds came within 3 % of its best time.
    """
    taken: dict[str, list[list[float]]] = {name: [] for name in contenders}
    for number in range(patience * rounds):
        if number >= rounds and all(_seen_again(times) for times in taken.values()):
            break
        for name, (process, call) in contenders.items():
            taken[name].append(process.ask("time", name=call, seconds=seconds / rounds))
    return {name: Times([time for times in of_rounds for time in times]) for name, of_rounds in taken.items()}


def _seen_again(rounds: Sequence[Sequence[float]]) -> bool:
    best = sorted(min(times) for times in rounds)
    return len(best) > 2 and best[2] <= 1.03 * best[0]


@dataclass
class Bench:
    """The programs, each started when first needed and kept; a context that ends them.

    Attributes
    ----------
    peers : set of str
        Which to measure besides `scipy.fft`.
    quick : bool
        Measure for a tenth of the time, and standard problem 4 for 10 ps only: to see that all works.
    """

    peers: frozenset[str] = frozenset()
    quick: bool = False
    _running: dict[tuple[Any, ...], Process] = field(default_factory=dict)
    _versions: dict[str, str | PeerError] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.end(self._running.values())
        self._folder.cleanup()

    @property
    def folder(self) -> Path:
        """Where programs leave arrays for each other."""
        return Path(self._folder.name)

    @property
    def rounds(self) -> int:
        """How often each contender has its turn."""
        return 1 if self.quick else 5

    @property
    def patience(self) -> int:
        """How many times as many turns there are at most, where other work on the machine disturbs."""
        return 1 if self.quick else 3

    @property
    def seconds(self) -> float:
        """For how long each contender is measured."""
        return 0.05 if self.quick else 1.0

    def own(self, threads: int) -> Process:
        """Return fdmag at work on so many threads."""
        return self._process(("own", threads), lambda: Process(OWN, environment={"FDMAG_THREADS": str(threads)}))

    def peer(self, name: str, threads: int) -> tuple[Process | None, str]:
        """Return a peer at work and its name with version, or None and why it is not to be had."""
        if name not in self.peers:
            return None, f"not measured: --peer {name} was not given"
        if name not in self._versions:
            try:
                self._versions[name] = PEERS[name].install()
            except PeerError as error:
                self._versions[name] = error
        version = self._versions[name]
        if isinstance(version, PeerError):
            return None, f"not measured: {version}"
        return self._process((name, threads), lambda: PEERS[name].start(threads)), f"{name} {version}"

    def end(self, processes: Iterable[Process]) -> None:
        """End programs; they are started anew when needed."""
        ended = list(processes)
        for process in ended:
            process.close()
        self._running = {key: process for key, process in self._running.items() if process not in ended}

    def random_m(self, cells: tuple[int, int, int]) -> str:
        """Return the path of the m that all start from, (3, nz, ny, nx)."""
        path = self.folder / f"{cells}.npy"
        if not path.exists():
            np.save(path, random_m(Mesh(cells, problem.CELL_SIZE)))
        return str(path)

    def difference(self, one: tuple[Process, str], other: tuple[Process, str], scale: float = 1.0) -> float:
        """Return the largest difference of what two calls return over the largest value; ``scale`` times the other."""
        paths = [str(self.folder / f"result_{i}.npy") for i in range(2)]
        for (process, name), path in zip((one, other), paths, strict=True):
            process.ask("save", name=name, path=path)
        a, b = (np.load(path) for path in paths)
        return float(np.max(np.abs(a - scale * b)) / np.max(np.abs(a)))

    def _process(self, key: tuple[Any, ...], start: Any) -> Process:
        if key not in self._running:
            self._running[key] = start()
        return self._running[key]
