"""Who is told how far a run is: a bar on a terminal, plain lines elsewhere."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich import progress as bars
from rich.console import Console


class Progress(Protocol):
    """Who is told how far a stage is."""

    def start(self, stage: int | None, title: str, total: float | None) -> None:
        """A stage begins, or something else; ``total`` in the unit of `advance`, None if its end is not known."""

    def advance(self, done: float, text: Callable[[], str], steps: float | None = None) -> None:
        """So much of the stage is done, with so many steps, or one more."""

    def finish(self) -> None:
        """The stage is complete."""

    def close(self) -> None:
        """Nothing follows, whether the stage is complete or not."""


def progress_on(console: Console) -> Progress:
    """Return the progress that suits a console."""
    return Bar(console) if console.is_terminal else Lines(console)


@contextmanager
def warnings_to(tell: Callable[[str], None]) -> Iterator[None]:
    """Tell once what is warned of meanwhile; errors are told by what they end."""
    told = set()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno < logging.ERROR and (message := record.getMessage()) not in told:
                told.add(message)
                tell(f"warning: {message}")

    handler = Handler(logging.WARNING)
    logging.getLogger("fdmag").addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger("fdmag").removeHandler(handler)


def _title(stage: int | None, title: str) -> str:
    return title if stage is None else f"stage {stage}: {title}"


class Silent:
    """Tells nobody."""

    def start(self, stage: int | None, title: str, total: float | None) -> None:
        """Say nothing."""

    def advance(self, done: float, text: Callable[[], str], steps: float | None = None) -> None:
        """Say nothing."""

    def finish(self) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Say nothing."""


class Bar:
    """Progress on a terminal: simulated time, steps per second, time left."""

    def __init__(self, console: Console) -> None:
        columns = (
            bars.SpinnerColumn(),
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.TextColumn("{task.fields[text]}"),
            bars.TextColumn("{task.fields[rate]}"),
            bars.TimeElapsedColumn(),
            bars.TimeRemainingColumn(),
        )
        self._progress = bars.Progress(*columns, console=console, refresh_per_second=5)
        self._task: bars.TaskID | None = None
        self._stage: int | None = None
        self._steps, self._began, self._shown = 0.0, 0.0, 0.0

    def start(self, stage: int | None, title: str, total: float | None) -> None:
        """Begin a bar."""
        self._progress.start()
        self._task = self._progress.add_task(_title(stage, title), total=total, text="", rate="")
        self._stage, self._steps, self._began = stage, 0, time.perf_counter()

    def advance(self, done: float, text: Callable[[], str], steps: float | None = None) -> None:
        """Move the bar, at most ten times a second."""
        self._steps = self._steps + 1 if steps is None else steps
        now = time.perf_counter()
        if self._task is None or now - self._shown < 0.1:
            return
        self._shown = now
        rate = "" if self._stage is None else f"{self._steps / max(now - self._began, 1e-9):.0f} steps/s"
        self._progress.update(self._task, completed=done, text=text(), rate=rate)

    def finish(self) -> None:
        """Fill the bar."""
        if self._task is not None:
            total = next(task.total for task in self._progress.tasks if task.id == self._task) or 1
            self._progress.update(self._task, completed=total, total=total)
            self._task = None

    def close(self) -> None:
        """Leave the bar as it is."""
        self._progress.stop()


class Lines:
    """Progress where there is no terminal: a line when a stage begins, and one at most every ten seconds."""

    def __init__(self, console: Console, interval: float = 10.0) -> None:
        self._console = console
        self._interval = interval
        self._title = ""
        self._total: float | None = None
        self._stage: int | None = None
        self._steps, self._began, self._shown = 0.0, 0.0, 0.0

    def start(self, stage: int | None, title: str, total: float | None) -> None:
        """Say which stage begins."""
        self._title, self._total = _title(stage, title), total
        self._stage, self._steps, self._began = stage, 0, time.perf_counter()
        self._shown = self._began
        self._print(self._title)

    def advance(self, done: float, text: Callable[[], str], steps: float | None = None) -> None:
        """Say how far it is."""
        self._steps = self._steps + 1 if steps is None else steps
        if (now := time.perf_counter()) - self._shown < self._interval:
            return
        self._shown = now
        elapsed = now - self._began
        percent = f"{100 * done / self._total:.0f} %, " if self._total else ""
        left = f", {elapsed * (self._total / done - 1):.0f} s left" if self._total and done > 0 else ""
        rate = "" if self._stage is None else f", {self._steps / elapsed:.0f} steps/s"
        self._print(f"{self._title}: {percent}{text()}{rate}{left}")

    def finish(self) -> None:
        """Say nothing: the next line tells."""

    def close(self) -> None:
        """Say nothing."""

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False)
        self._console.file.flush()
