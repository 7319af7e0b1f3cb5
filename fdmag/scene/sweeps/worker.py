"""A worker process: ``python -m fdmag.scene.sweeps.worker`` takes tasks from its input and answers on its output.

Not multiprocessing, whose processes import the caller's main module anew and outlive a caller that is killed: this one
ends when its input ends.
"""

import logging
import os
import pickle
import signal
import sys
from typing import IO, Any

ANSWER, FAILURE, PROGRESS, WARNING = "answer", "failure", "progress", "warning"


def main() -> None:
    """Carry out tasks, pickled (function, argument), until there are no more; answer with pickled (kind, value)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that gave the task
    tasks = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    from fdmag.allocator import keep_freed_memory

    keep_freed_memory()
    logging.getLogger("fdmag").addHandler(_Warnings(answers))
    while True:
        try:
            function, argument = pickle.load(tasks)
        except EOFError:
            return
        try:
            kind, value = ANSWER, function(argument, lambda share: _send(answers, PROGRESS, share))
        except Exception as error:
            kind, value = FAILURE, error
        _send(answers, kind, value)


class _Warnings(logging.Handler):
    """Hands on what is warned of while a task is carried out."""

    def __init__(self, answers: IO[bytes]) -> None:
        super().__init__(logging.WARNING)
        self._answers = answers

    def emit(self, record: logging.LogRecord) -> None:
        """Send it, unless it is an error, which the answer tells."""
        if record.levelno < logging.ERROR:
            _send(self._answers, WARNING, record.getMessage())


def _send(answers: IO[bytes], kind: str, value: Any) -> None:
    try:
        message = pickle.dumps((kind, value))
    except Exception as error:  # an error that cannot travel is told in words
        message = pickle.dumps((FAILURE, RuntimeError(f"{value!r} ({error})")))
    try:
        answers.write(message)
        answers.flush()
    except BrokenPipeError:  # who gave the task is gone
        os._exit(1)


if __name__ == "__main__":
    main()
