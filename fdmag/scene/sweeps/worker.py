"""A worker process: ``python -m fdmag.scene.sweeps.worker`` takes tasks from its input and answers on its output.

Not multiprocessing, whose processes import the caller's main module anew and outlive a caller that is killed: this one
ends when its input ends.
"""

import os
import pickle
import signal
import sys
from typing import IO, Any

ANSWER, FAILURE, PROGRESS = "answer", "failure", "progress"


def main() -> None:
    """Carry out tasks, pickled (function, argument), until there are no more; answer with pickled (kind, value)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that gave the task
    tasks = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    from fdmag.allocator import keep_freed_memory

    keep_freed_memory()
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
