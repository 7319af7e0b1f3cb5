"""Where chunks are computed: in this process, in processes of this machine, or on the workers of a dask cluster."""

import logging
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import fdmag
from fdmag.errors import ParameterError
from fdmag.scene.sweeps.chunk import Report
from fdmag.scene.sweeps.worker import ANSWER, FAILURE, WARNING

LOG = logging.getLogger("fdmag")

PATIENCE = 20.0
"""How long a dask scheduler has to answer [s]."""
Task = Callable[[Any, Report | None], Any]


class WorkerLostError(Exception):
    """The process that computed a chunk has ended, killed or crashed."""


class Workers(Protocol):
    """What the driver of a sweep asks of a place to compute."""

    def capacity(self) -> int:
        """Return how many chunks are computed at the same time, now."""

    def submit(self, function: Task, argument: Any, report: Report) -> Future:
        """Begin ``function(argument, report)``; its future raises `WorkerLostError` if its process ended."""

    def close(self) -> None:
        """End it, whatever is still computed."""


class ThisProcess:
    """Computes while it is asked to."""

    def capacity(self) -> int:
        """Return 1."""
        return 1

    def submit(self, function: Task, argument: Any, report: Report) -> Future:
        """Compute, and return what came out."""
        future: Future = Future()
        try:
            future.set_result(function(argument, report))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Do nothing."""


class LocalProcesses:
    """Processes on this machine.

    Parameters
    ----------
    count : int
    threads : int
        That each may use.
    """

    def __init__(self, count: int, threads: int) -> None:
        package = str(Path(fdmag.__file__).resolve().parent.parent)
        paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._environment = os.environ | {"FDMAG_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(paths)}
        self._tasks: queue.SimpleQueue = queue.SimpleQueue()
        self._processes: dict[int, subprocess.Popen] = {}
        self._closed = False
        self._threads = [threading.Thread(target=self._serve, args=(i,), daemon=True) for i in range(count)]
        for thread in self._threads:
            thread.start()

    def capacity(self) -> int:
        """Return the number of processes."""
        return len(self._threads)

    def submit(self, function: Task, argument: Any, report: Report) -> Future:
        """Let the next process that is free compute."""
        future: Future = Future()
        self._tasks.put((future, pickle.dumps((function, argument)), report))
        return future

    def close(self) -> None:
        """Kill the processes."""
        self._closed = True
        for _ in self._threads:
            self._tasks.put(None)
        for process in list(self._processes.values()):
            process.kill()
        for thread in self._threads:
            thread.join(timeout=10)

    def _serve(self, number: int) -> None:
        while (task := self._tasks.get()) is not None and not self._closed:
            future, message, report = task
            try:
                kind, value = self._asked(number, message, report)
            except (OSError, EOFError, pickle.UnpicklingError) as error:
                kind, value = FAILURE, self._lost(number, error)
            if kind == ANSWER:
                future.set_result(value)
            else:
                future.set_exception(value)
        process = self._processes.pop(number, None)
        if process is not None:
            _end(process)

    def _asked(self, number: int, message: bytes, report: Report) -> tuple[str, Any]:
        process = self._processes.get(number)
        if process is None:
            process = self._processes[number] = subprocess.Popen(
                [sys.executable, "-m", "fdmag.scene.sweeps.worker"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment,
            )  # fmt: skip
            if self._closed:
                process.kill()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(message)
        process.stdin.flush()
        while True:
            kind, value = pickle.load(process.stdout)
            if kind in (ANSWER, FAILURE):
                return kind, value
            if kind == WARNING:
                LOG.warning("%s", value)
            else:
                report(value)

    def _lost(self, number: int, error: Exception) -> WorkerLostError:
        process = self._processes.pop(number)
        code = _end(process)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return WorkerLostError(f"the process that computed it ended ({how})")


def _end(process: subprocess.Popen) -> int:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    return process.wait()


class DaskWorkers:
    """The workers of a dask cluster that is running.

    Parameters
    ----------
    address : str
        Of its scheduler, ``HOST:PORT``.

    Raises
    ------
    ParameterError
        If dask is not installed, or nobody answers there.
    """

    def __init__(self, address: str) -> None:
        if find_spec("distributed") is None:
            raise ParameterError(
                "dask is not installed, which --scheduler dask://... needs: pip install 'fdmag[cluster]'"
            )
        from distributed import Client

        target = address if "://" in address else f"tcp://{address}"
        try:
            self._client: Any = Client(target, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ParameterError(f"dask://{address}: no dask scheduler answers there ({error})") from error
        self._executor: Executor = self._client.get_executor(pure=False)

    def capacity(self) -> int:
        """Return the number of threads of all workers, each of which computes a chunk."""
        return max(1, sum(self._client.nthreads().values()))

    def submit(self, function: Task, argument: Any, report: Report) -> Future:
        """Let a worker compute; dask gives a chunk to another one if its worker is lost."""
        from distributed import KilledWorker

        result: Future = Future()
        inner = self._executor.submit(function, argument, None)

        def done(finished: Future) -> None:
            error = None if finished.cancelled() else finished.exception()
            if finished.cancelled():
                result.cancel()
            elif error is None:
                result.set_result(finished.result())
            elif isinstance(error, KilledWorker):
                result.set_exception(WorkerLostError(f"every dask worker that computed it was lost ({error})"))
            else:
                result.set_exception(error)

        inner.add_done_callback(done)
        return result

    def close(self) -> None:
        """Cancel what is still computed; the cluster stays."""
        self._executor.shutdown(wait=False)  # which cancels
        self._client.close()


def workers_for(scheduler: str, count: int, threads: int) -> Workers:
    """Return where to compute.

    Parameters
    ----------
    scheduler : str
        "local" or "dask://HOST:PORT".
    count, threads : int
        Processes of this machine, and threads of each; without processes, 0, it is this process itself.

    Raises
    ------
    ParameterError
        For another scheduler, or one that cannot be used.
    """
    if scheduler == "local":
        return LocalProcesses(count, threads) if count else ThisProcess()
    kind, _, address = scheduler.partition("://")
    if kind != "dask" or not address:
        raise ParameterError(f'scheduler "{scheduler}" is unknown; allowed: local, dask://HOST:PORT')
    return DaskWorkers(address)
