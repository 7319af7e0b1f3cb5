"""Choosing the GPU, what is said where there is none, and kernels that do not compile."""

import sys

import numpy as np
import pytest

from fdmag import backend
from fdmag.backend import select_backend
from fdmag.errors import CompilerError, ParameterError
from fdmag.kernels.cuda import CudaDevice
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Zeeman
from tests.cuda_emulation.fake_cupy import FakeCudaError, FakeCupy, RawModule

MESH = Mesh((3, 2, 1), (1e-9,) * 3)


def test_auto_is_the_gpu_in_single_precision(gpu):
    chosen = select_backend()
    assert (chosen.name, chosen.dtype, chosen.reason) == ("cuda", np.float32, "emulated GPU")
    assert select_backend("cuda", "float64").dtype == np.float64
    assert select_backend("cuda").reason == "asked for: emulated GPU"
    assert select_backend("host").dtype == np.float64
    assert Simulation(MESH, [Zeeman(B=(0, 0, 1))], Ms=8e5).state.m.dtype == np.float32


def test_without_cupy(monkeypatch):
    monkeypatch.delenv("FDMAG_DEVICE", raising=False)
    monkeypatch.setattr(backend.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ParameterError, match=r"CuPy is not installed.*pip install 'fdmag\[cuda12\]'"):
        select_backend("cuda")
    assert select_backend("auto").name in ("host", "numpy")
    assert "CuPy" not in select_backend("auto").reason  # nobody asked for it


def test_without_a_device(install):
    install(FakeCupy(devices=0))
    with pytest.raises(ParameterError, match="CuPy finds no GPU"):
        select_backend("cuda")
    assert "CuPy finds no GPU" in select_backend("auto").reason


def test_a_driver_that_fails(install):
    def fail():
        raise RuntimeError("cudaErrorInsufficientDriver")

    fake = install(FakeCupy())
    fake.cuda.runtime.getDeviceCount = fail
    with pytest.raises(ParameterError, match="RuntimeError: cudaErrorInsufficientDriver"):
        select_backend("cuda")


def test_a_cupy_without_a_compiler(install):
    fake = install(FakeCupy())
    fake.RawModule = lambda code, options: RawModule(fake, f"not CUDA {code}", options)
    with pytest.raises(ParameterError, match=r"CuPy finds no GPU that works \(CompilerError: NVRTC"):
        select_backend("cuda")
    assert select_backend("auto").name in ("host", "numpy")


def test_a_cupy_that_cannot_be_imported(install, monkeypatch):
    install(FakeCupy())
    monkeypatch.setattr(backend.importlib, "import_module", lambda _: (_ for _ in ()).throw(ImportError("libcuda.so")))
    with pytest.raises(ParameterError, match=r"ImportError: libcuda\.so"):
        select_backend("cuda")
    assert "cupy" in sys.modules


def test_a_kernel_that_does_not_compile(gpu):
    with pytest.raises(CompilerError, match=r"(?s)NVRTC cannot compile.*not_cuda"):
        CudaDevice(gpu).kernel("not_cuda", "kernel")


LIMITS = """
extern "C" __global__ void part(long long* out) { if (threadIdx.x == 0) __syncthreads(); out[0] = 1; }
extern "C" __global__ void order(long long* out) {
    __shared__ long long all[8];
    all[threadIdx.x] = threadIdx.x;
    if (out[8]) __syncthreads();
    out[threadIdx.x] = all[7 - threadIdx.x];
}
"""


def test_the_emulation_sees_what_a_gpu_would_do_wrong(gpu):
    device = CudaDevice(gpu)
    out = device.upload(np.ones(9, np.int64))
    with pytest.raises(FakeCudaError, match="threads part at __syncthreads"):
        device.launch(device.kernel(LIMITS, "part"), (1, 1), (8, 1), [out])
    with pytest.raises(FakeCudaError, match="shared memory"):
        device.launch(device.kernel(LIMITS, "part"), (1, 1), (8, 1), [out], shared=50_000)
    with pytest.raises(FakeCudaError, match="grid"):
        device.launch(device.kernel(LIMITS, "part"), (1, 70_000), (8, 1), [out])
    results = []
    for synchronised in (1, 0):
        for gpu.backwards in (False, True):
            out = device.upload(np.array([0] * 8 + [synchronised]))
            device.launch(device.kernel(LIMITS, "order"), (1, 1), (8, 1), [out])
            results.append(list(device.fetch(out)[:8]))
    assert results[0] == results[1] == [7, 6, 5, 4, 3, 2, 1, 0]
    assert results[2] != results[3]
