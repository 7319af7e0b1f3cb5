"""Devices: the same tests run on each of them."""

import pytest

from fdmag.kernels.compiler import find_compiler


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_tests(tmp_path_factory):
    """Keep the user's own cache out of the tests, and compile each unit once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FDMAG_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(params=["numpy", "host"])
def device(request, monkeypatch):
    """Each device in turn, as what "auto" means."""
    if request.param == "host" and find_compiler()[0] is None:
        pytest.skip(f"no C++ compiler: {find_compiler()[1]}")
    monkeypatch.setenv("FDMAG_DEVICE", request.param)
    return request.param
