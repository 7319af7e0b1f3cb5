"""What a validation problem is: it computes rows, each with a published value and a tolerance that is argued for."""

import importlib
import math
import pkgutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import cache
from multiprocessing import get_context
from typing import TYPE_CHECKING, ClassVar

from fdmag.errors import FdmagError, ParameterError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Row:
    """One number of fdmag beside the number it has to be.

    Attributes
    ----------
    quantity : str
    published, ours, tolerance : float [unit]
        The verdict holds where ``|ours - published| <= tolerance``; a NaN never does.
    source : str
        Publication or closed form of ``published``.
    basis : str
        Where the tolerance comes from: discretisation, integration error, digits or spread of the publication.
    unit : str
        "1" for a pure number.

    Raises
    ------
    ParameterError
        If a row could not fail or does not say where it comes from.

    >>> Row("energy", 1.0, 1.001, 1e-4, "closed form", "rounding", "J").holds
    False
    """

    quantity: str
    published: float
    ours: float
    tolerance: float
    source: str
    basis: str
    unit: str = "1"

    def __post_init__(self) -> None:
        for name in ("published", "ours", "tolerance"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if not (math.isfinite(self.published) and math.isfinite(self.tolerance) and self.tolerance > 0):
            raise ParameterError(
                f"{self.quantity}: published {self.published} ± {self.tolerance}; both finite, tolerance above 0"
            )
        if not all(text.strip() for text in (self.quantity, self.source, self.basis, self.unit)):
            raise ParameterError(f"{self.quantity!r}: quantity, source, basis and unit have to say something")

    @property
    def holds(self) -> bool:
        """Whether ours lies within the tolerance of the published value."""
        return abs(self.ours - self.published) <= self.tolerance

    @property
    def verdict(self) -> str:
        """``"holds"`` or ``"FAILS"``."""
        return "holds" if self.holds else "FAILS"


@dataclass(frozen=True)
class Result:
    """Rows, and plots by file name: functions that draw on a matplotlib figure."""

    rows: list[Row]
    plots: dict[str, Callable[["Figure"], None]] = field(default_factory=dict)


class Problem(ABC):
    """One file in ``validation/problems`` holds one subclass with a name.

    Attributes
    ----------
    name : str
        As given to ``--only``.
    title : str
        One line.
    slow : bool
        Takes more than 10 s.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    slow: ClassVar[bool] = False

    @abstractmethod
    def compute(self) -> Result:
        """Run fdmag and return what came out."""


@dataclass(frozen=True)
class Outcome:
    """A problem that was run: its result, or the error it ended with, how long it took [s], and its plots as PNG."""

    problem: Problem
    result: Result
    seconds: float
    error: str = ""
    figures: dict[str, bytes] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether there are rows and all of them hold."""
        return not self.error and bool(self.result.rows) and all(row.holds for row in self.result.rows)


def solve(problem: Problem) -> Outcome:
    """Run one problem; an error of fdmag becomes part of the outcome, so that the other problems still run."""
    start = time.perf_counter()
    try:
        result, error = problem.compute(), ""
    except FdmagError as raised:
        result, error = Result([]), f"{type(raised).__name__}: {raised}"
    return Outcome(problem, result, time.perf_counter() - start, error)


def solve_and_draw(problem: Problem) -> Outcome:
    """Run one problem and draw its plots: the outcome can be sent from one process to another."""
    from validation.plots import png

    outcome = solve(problem)
    figures = {name: png(draw) for name, draw in outcome.result.plots.items()}
    return replace(outcome, result=Result(outcome.result.rows), figures=figures)


def solve_all(chosen: Sequence[Problem], jobs: int) -> Iterator[tuple[int, Outcome]]:
    """Yield place and outcome of each problem in the order in which they end, ``jobs`` at the same time."""
    if min(jobs, len(chosen)) < 2:
        yield from enumerate(map(solve_and_draw, chosen))
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        longest_first = sorted(range(len(chosen)), key=lambda place: not chosen[place].slow)
        places = {pool.submit(solve_and_draw, chosen[place]): place for place in longest_first}
        for future in as_completed(places):
            yield places[future], future.result()


@cache
def problems() -> dict[str, Problem]:
    """Return every problem by name, in alphabetical order."""
    package = importlib.import_module("validation.problems")
    found = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Problem) and value.__module__ == module.__name__:
                found[value.name] = value()
    return dict(sorted(found.items()))
