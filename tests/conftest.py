"""Devices, on each of which the same tests run, and the command line without a process."""

import os
import subprocess
import sys

import pytest

from fdmag.backend import DEFAULT_PRECISION, select_backend
from fdmag.errors import ParameterError
from fdmag.kernels.runtime import Runtime


def missing(device: str) -> str:
    """Why a device cannot be used here; "" if it can."""
    try:
        select_backend(device)
    except ParameterError as error:
        return str(error)
    return ""


REQUIRE_GPU = os.environ.get("FDMAG_REQUIRE_GPU", "") not in ("", "0")
"""Whether a missing GPU is a failure; otherwise its tests are left out where there is none."""
DEVICES = ["numpy", "host", *(["cuda"] if REQUIRE_GPU or not missing("cuda") else [])]


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_tests(tmp_path_factory):
    """Keep the user's own cache out of the tests, and compile each unit once, for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FDMAG_CACHE", str(shared / "cache"))
        yield


@pytest.fixture
def shared_out(monkeypatch):
    """Let any work be worth as many threads as there are wanted."""
    monkeypatch.setattr(Runtime, "bytes_per_thread", lambda *_: 1)


@pytest.fixture(params=DEVICES)
def device(request, monkeypatch):
    """Each device in turn, as what "auto" means."""
    reason = missing(request.param)
    if reason and request.param == "cuda":
        pytest.fail(f"FDMAG_REQUIRE_GPU is set: {reason}")
    if reason:
        pytest.skip(reason)
    monkeypatch.setenv("FDMAG_DEVICE", request.param)
    monkeypatch.setitem(DEFAULT_PRECISION, "cuda", "float64")  # what tests that name no precision are written for
    return request.param


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """`fdmag` in this process, with what a process would tell: exit code, output, error output."""
    from fdmag.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["fdmag", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return subprocess.CompletedProcess(arguments, ended.value.code, *capsys.readouterr())

    return run
