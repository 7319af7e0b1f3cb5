"""The demag convolution of the GPU, emulated: against direct summation and SciPy, for every length and shape."""

import numpy as np
import pytest

from fdmag.demag import DemagConvolution, SpectrumCache
from fdmag.demag.cuda import CudaDemag, cuda_lengths, factors, wave_numbers
from fdmag.errors import ParameterError
from fdmag.kernels.cuda import CudaDevice
from fdmag.mesh import Mesh
from tests.cuda_emulation.fake_cupy import FakeCupy
from tests.demag.test_host import CELL, direct_sum, random_magnetisation, tensor_once

ERROR = {"float64": 3e-15, "float32": 1e-6}


@pytest.fixture(autouse=True)
def _one_tensor_for_all_convolutions_of_a_mesh(monkeypatch):
    monkeypatch.setattr("fdmag.demag.spectrum.demag_tensor", tensor_once)


@pytest.fixture(params=["in shared memory", "by library"])
def device(request, gpu):
    return CudaDevice(gpu) if request.param == "in shared memory" else CudaDevice(FakeCupy(shared_bytes=0))


@pytest.mark.parametrize(
    ("cells", "periodic"),
    [((7, 1, 1), ""), ((1, 6, 2), "x"), ((1, 1, 5), "z"), ((4, 3, 3), ""), ((4, 3, 2), "y"), ((3, 2, 3), "xyz")],
)
def test_direct_summation(cells, periodic, device):
    mesh = Mesh(cells, CELL, periodic)
    M = random_magnetisation(mesh)
    M -= M.mean(axis=(2, 3, 4), keepdims=True) if all(mesh.periodic) else 0.0  # see `demag_spectrum`
    want = direct_sum(mesh, M)
    for dtype, error in ERROR.items():
        demag = CudaDemag(device, mesh, dtype, cache=None)
        assert demag.in_shared_memory == (device.shared_bytes > 0)
        np.testing.assert_allclose(demag(M), want, rtol=0, atol=4 * error * np.abs(want).max())


@pytest.mark.parametrize("dtype", ERROR)
@pytest.mark.parametrize(
    ("cells", "periodic"),
    [((33, 17, 1), ""), ((16, 16, 1), "x"), ((64, 64, 1), ""), ((20, 9, 6), "z"), ((3, 5, 33), ""), ((100, 1, 7), "")],
)
def test_the_convolution_by_scipy(cells, periodic, dtype, gpu, tmp_path):
    mesh, cache = Mesh(cells, CELL, periodic), SpectrumCache(tmp_path)
    M = random_magnetisation(mesh, batch=2)
    want = DemagConvolution(mesh, cache=cache)(M)
    got = CudaDemag(CudaDevice(gpu), mesh, dtype, cache=cache)(M)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, want, rtol=0, atol=ERROR[dtype] * np.abs(want).max())


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("length", [*range(1, 17), 25, 49, 64, 128])
def test_every_length_along_every_axis(length, axis, gpu):
    mesh = Mesh(tuple(length if a == axis else 2 for a in range(3)), CELL)
    M = random_magnetisation(mesh)
    want = DemagConvolution(mesh, cache=None)(M)
    got = CudaDemag(CudaDevice(gpu), mesh, "float64", cache=None)(M)
    np.testing.assert_allclose(got, want, rtol=0, atol=ERROR["float64"] * np.abs(want).max())


@pytest.mark.parametrize("length", [1200, 2048])
def test_long_axes_in_shared_memory(length, gpu):
    """Up to 4096 points of three components, in both precisions."""
    for dtype, error in ERROR.items():
        for cells in ((length, 1, 1), (1, length, 1)):
            mesh = Mesh(cells, CELL)
            demag = CudaDemag(CudaDevice(gpu), mesh, dtype, cache=None)
            assert demag.in_shared_memory
            M = random_magnetisation(mesh)
            want = DemagConvolution(mesh, cache=None)(M)
            np.testing.assert_allclose(demag(M), want, rtol=0, atol=error * np.abs(want).max())


@pytest.mark.parametrize("dtype", ERROR)
def test_a_batch_is_its_replicas_bit_for_bit_in_any_order_of_threads(dtype, gpu, monkeypatch):
    mesh = Mesh((9, 6, 5), CELL)
    M = random_magnetisation(mesh, batch=5, dtype=dtype)
    demag = CudaDemag(CudaDevice(gpu), mesh, dtype, cache=None)
    together = demag(M)
    gpu.backwards = True
    for replica in range(5):
        np.testing.assert_array_equal(together[replica], demag(M[replica : replica + 1])[0])
    monkeypatch.setattr("fdmag.demag.cuda._WAVES_BYTES", 1)  # one replica at a time
    np.testing.assert_array_equal(demag(M), together)


def test_one_broken_replica_breaks_no_other(gpu):
    mesh = Mesh((9, 6, 1), CELL)
    M = random_magnetisation(mesh, batch=3)
    demag = CudaDemag(CudaDevice(gpu), mesh, "float64", cache=None)
    want = demag(M)
    M[1] = np.nan
    np.testing.assert_array_equal(demag(M)[[0, 2]], want[[0, 2]])


def test_what_the_device_cannot_hold_goes_to_the_library(gpu):
    """sm_80 has 163 KiB per block: three rows of 4096 points in float32, of 2048 in float64."""
    device = CudaDevice(FakeCupy(shared_bytes=166912))
    held = {
        (dtype, n): CudaDemag(device, Mesh((n, 1, 1), CELL, "x"), dtype, cache=None).in_shared_memory
        for dtype in ERROR
        for n in (2048, 4096)
    }
    assert held == {("float32", 2048): True, ("float32", 4096): True, ("float64", 2048): True, ("float64", 4096): False}


def test_lengths():
    for n in range(2, 300):
        x, y, z = cuda_lengths(Mesh((n, n, 1), CELL, "y"))
        assert x >= 2 * n - 1
        assert y == n or y >= 2 * n - 1
        assert z == 1
        assert None not in (factors(x), factors(y))


@pytest.mark.parametrize("length", [1, 2, 6, 30, 64, 105, 168])
def test_wave_numbers_are_those_that_decimation_in_frequency_gives(length):
    """Passes as the kernels do them, on the sum over all points written out."""
    x = np.random.default_rng(0).normal(size=length).astype(complex)
    want, block = np.fft.fft(x), length
    for radix in factors(length):
        part = block // radix
        x = x.reshape(-1, radix, part)
        turns = np.exp(-2j * np.pi * np.outer(np.arange(radix), np.arange(radix)) / radix)
        twiddles = np.exp(-2j * np.pi * np.outer(np.arange(radix), np.arange(part)) / block)
        x, block = (np.einsum("qr,brp->bqp", turns, x) * twiddles).ravel(), part
    np.testing.assert_allclose(x, want[wave_numbers(length)], rtol=0, atol=1e-12 * length)


def test_wrong_shapes_are_refused(gpu):
    mesh = Mesh((4, 3, 1), CELL)
    with pytest.raises(ParameterError, match="shape"):
        CudaDemag(CudaDevice(gpu), mesh, "float64", cache=None)(np.zeros((3, *mesh.shape)))
