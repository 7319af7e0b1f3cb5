"""Devices: the same tests run on each of them."""

import os

import pytest

from fdmag.backend import DEFAULT_PRECISION, select_backend
from fdmag.errors import ParameterError

_approx = pytest.approx


def approx(expected, rel=None, abs=None, nan_ok=False):  # noqa: A002
    """As pytest's, but without its absolute tolerance of 1e-12 where none is given: no energy in joules is larger."""
    return _approx(expected, 1e-6 if rel is None and abs is None else rel, 0.0 if abs is None else abs, nan_ok)


pytest.approx = approx


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
