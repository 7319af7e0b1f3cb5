"""A GPU emulated on the host: the device "cuda" runs its own Python and its own kernels, without a GPU."""

import sys
from importlib.machinery import ModuleSpec

import pytest

from fdmag import backend
from fdmag.kernels.compiler import find_compiler
from tests.cuda_emulation.fake_cupy import FakeCupy


@pytest.fixture
def install(monkeypatch):
    """What puts a fake in the place of CuPy."""
    if find_compiler()[0] is None:
        pytest.skip(f"no C++ compiler to emulate CUDA with: {find_compiler()[1]}")

    def put(fake):
        fake.__spec__ = ModuleSpec("cupy", None)
        monkeypatch.setitem(sys.modules, "cupy", fake)
        backend._cuda_device.cache_clear()
        return fake

    monkeypatch.delenv("FDMAG_DEVICE", raising=False)
    yield put
    backend._cuda_device.cache_clear()


@pytest.fixture
def gpu(install):
    return install(FakeCupy())
