"""How a measured program is spoken to: one JSON object per line, a request in, an answer out.

The process at work imports this in its own environment: nothing beyond Python's own may be used here.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).parents[3]


class PeerError(RuntimeError):
    """A measured program cannot be had, or fails."""


class Worker:
    """Base of the programs: what they are asked to do are their methods.

    Attributes
    ----------
    calls : dict
        What `time` measures, by name.
    """

    def __init__(self) -> None:
        self.calls: dict[str, Callable[[], object]] = {}

    def time(self, name: str, seconds: float) -> list[float]:
        """Return the times [s] of calls for about so many seconds, at least one; one call before is not counted."""
        call = self.calls[name]
        end = perf_counter() + seconds
        call()
        taken: list[float] = []
        while not taken or perf_counter() < end:
            start = perf_counter()
            call()
            taken.append(perf_counter() - start)
        return taken

    def forget(self) -> None:
        """Let go of everything that was prepared."""
        self.calls.clear()


def serve(kind: type[Worker]) -> None:
    """Answer requests until there are no more. What the program prints itself goes to the standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = kind()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": getattr(worker, request["method"])(**request["arguments"])}
        except Exception as error:  # whatever it is, the measuring process decides what to do about it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


class Process:
    """A program at work in its own process.

    Parameters
    ----------
    module : str
        Run as ``python -m module`` in the root of the source tree.
    python : path
        Interpreter.
    environment : mapping, optional
        Variables set besides those of this process.
    """

    def __init__(self, module: str, python: str | Path = sys.executable, environment: Mapping[str, str] | None = None):
        self.module = module
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [str(python), "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)} | dict(environment or {}), text=True, encoding="utf-8",
        )  # fmt: skip

    def ask(self, method: str, **arguments: Any) -> Any:
        """Return the answer of a method.

        Raises
        ------
        PeerError
            With what the program said.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps({"method": method, "arguments": arguments}), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            self._log.seek(0)
            raise PeerError(f"{self.module} ended while asked to {method}:\n{self._log.read()[-2000:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise PeerError(f"{self.module}, asked to {method}: {answer['error']}")
        return answer["result"]

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._log.close()


def run_json(command: Sequence[str], environment: Mapping[str, str]) -> Any:
    """Return what a Python program prints as JSON, run in a fresh process in the root of the source tree."""
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)} | dict(environment),
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    if done.returncode:
        raise PeerError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)
