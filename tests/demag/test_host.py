"""The compiled convolution: against direct summation and the scipy one, in batches, in threads."""

import os
import threading
from functools import lru_cache

import numpy as np
import pytest

import fdmag.demag.convolution as convolution_module
import fdmag.demag.host as host_module
from fdmag.constants import MU_0
from fdmag.demag import DemagConvolution, SpectrumCache, demag_spectrum, demag_tensor, edges_of
from fdmag.demag.host import HostDemag, host_lengths
from fdmag.errors import ParameterError
from fdmag.kernels.compiler import find_compiler
from fdmag.mesh import Mesh
from fdmag.shapes import Cylinder
from fdmag.shares import Shares

CELL = (1.0e-9, 1.3e-9, 0.7e-9)
PRECISIONS = [np.float64, np.float32]
ERROR = {np.float64: 3e-15, np.float32: 1e-6}  # largest error of a field, relative to the largest field
SHAPES = [
    (1, 1, 1), (2, 1, 1), (7, 1, 1), (1, 2, 1), (1, 9, 1), (1, 6, 2), (1, 1, 5), (2, 2, 2), (5, 3, 4), (8, 8, 1),
    (16, 16, 1), (17, 31, 1), (31, 37, 1), (200, 50, 1), (64, 64, 1), (100, 1, 40), (128, 3, 1), (33, 17, 5),
    (13, 11, 7), (16, 16, 16), (20, 9, 33), (3, 5, 64), (40, 24, 2), (65, 129, 1),
]  # fmt: skip
PERIODIC = ["", "x", "y", "z", "xy", "xz", "yz", "xyz"]

pytestmark = pytest.mark.skipif(
    find_compiler()[0] is None,
    reason="no C++ compiler works here (FDMAG_CXX, CXX, c++, g++, clang++), so there is no compiled convolution",
)


tensor_once = lru_cache(maxsize=2)(demag_tensor)


@pytest.fixture(autouse=True)
def _one_tensor_for_all_convolutions_of_a_mesh(monkeypatch):
    """It is most of their cost, and not what is tested here."""
    monkeypatch.setattr("fdmag.demag.spectrum.demag_tensor", tensor_once)


def made_up(mesh):
    """Numbers with the symmetries of the tensor: of many a periodic mesh the true one takes a second."""
    counts = [n // 2 + 1 if wraps else n for n, wraps in zip(mesh.cells, mesh.periodic, strict=True)]
    N = np.random.default_rng(2).normal(size=(6, *counts[::-1]))
    for component, odd in {3: (0, 1), 4: (0, 2), 5: (1, 2)}.items():
        for axis in odd:
            values = np.moveaxis(N[component], 2 - axis, 0)
            values[0] = 0.0
            if mesh.periodic[axis] and mesh.cells[axis] % 2 == 0:
                values[-1] = 0.0
    return N


@pytest.fixture
def _any_tensor(monkeypatch, _one_tensor_for_all_convolutions_of_a_mesh):
    monkeypatch.setattr("fdmag.demag.spectrum.demag_tensor", made_up)


def random_magnetisation(mesh, batch=1, dtype=np.float64, seed=0):
    return (8e5 * np.random.default_rng(seed).normal(size=(batch, 3, *mesh.shape))).astype(dtype)


def direct_sum(mesh, M):
    """Field of every cell on every cell, in real space."""
    N = tensor_once(mesh)
    pairs = [(0, 0, 0), (1, 1, 1), (2, 2, 2), (3, 0, 1), (3, 1, 0), (4, 0, 2), (4, 2, 0), (5, 1, 2), (5, 2, 1)]
    places = [place.ravel() for place in np.indices(mesh.shape)[::-1]]
    d = [here[:, None] - here for here in places]
    d = [(x + n // 2) % n - n // 2 if wraps else x for x, n, wraps in zip(d, mesh.cells, mesh.periodic, strict=True)]
    sign = [np.where(x < 0, -1, 1) for x in d]
    x, y, z = map(np.abs, d)
    m, B = M.reshape(len(M), 3, -1), np.zeros((len(M), 3, mesh.n_cells))
    for component, a, b in pairs:
        on_each_other = N[component, z, y, x] * (1 if a == b else sign[a] * sign[b])
        B[:, a] -= MU_0 * m[:, b] @ on_each_other.T
    return B.reshape(M.shape)


@pytest.mark.parametrize("periodic", PERIODIC)
@pytest.mark.parametrize("cells", [(7, 1, 1), (1, 6, 2), (1, 1, 5), (5, 3, 4), (11, 7, 1)])
def test_direct_summation(cells, periodic):
    mesh = Mesh(cells, CELL, periodic)
    M = random_magnetisation(mesh)
    M -= M.mean(axis=(2, 3, 4), keepdims=True) if all(mesh.periodic) else 0.0  # see `demag_spectrum`
    want = direct_sum(mesh, M)
    np.testing.assert_allclose(HostDemag(mesh)(M), want, rtol=0, atol=1e-14 * np.abs(want).max())
    np.testing.assert_allclose(HostDemag(mesh, np.float32)(M), want, rtol=0, atol=1e-6 * np.abs(want).max())


def cases():
    """All shapes open; with every combination of periodic axes where cells are few, else with one."""
    for number, cells in enumerate(SHAPES):
        every = np.prod(cells) <= 100
        yield from ((cells, axes) for axes in (PERIODIC if every else ["", PERIODIC[1 + number % 7]]))


@pytest.mark.usefixtures("_any_tensor")
@pytest.mark.parametrize(("cells", "periodic"), list(cases()))
def test_the_convolution_by_scipy(cells, periodic, tmp_path):
    mesh = Mesh(cells, CELL, periodic)
    cache = SpectrumCache(tmp_path)
    M = random_magnetisation(mesh, batch=2)
    want = DemagConvolution(mesh, cache=cache)(M)
    for dtype in PRECISIONS:
        got = HostDemag(mesh, dtype, cache=cache)(M)
        assert got.dtype == dtype
        np.testing.assert_allclose(got, want, rtol=0, atol=ERROR[dtype] * np.abs(want).max())


@pytest.mark.usefixtures("_any_tensor")
@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("length", [*range(1, 25), 35, 64, 105, 128, 243, 343, 625, 1024, 2048])
def test_every_length(length, axis):
    mesh = Mesh(tuple(length if a == axis else 2 for a in range(3)), CELL)
    M = random_magnetisation(mesh)
    want = DemagConvolution(mesh)(M)
    np.testing.assert_allclose(HostDemag(mesh)(M), want, rtol=0, atol=ERROR[np.float64] * np.abs(want).max())


@pytest.mark.parametrize("length", [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 16, 18, 20, 21, 24, 25, 27, 28, 30, 32, 35,
                                    36, 40, 42, 45, 48, 49, 50, 54, 56, 60, 63, 64, 128, 256, 512, 1024])  # fmt: skip
def test_transforms_of_every_length(length, monkeypatch):
    """Periodic axes have the length of the mesh: with a made-up kernel, a convolution along x, y and z in turn."""
    for axis in range(3):
        cells = tuple(length if a == axis else 2 for a in range(3))
        mesh = Mesh(cells, CELL, (True, True, True))
        spectrum = np.random.default_rng(1).normal(size=(6, *(n // 2 + 1 for n in cells[::-1])))
        for component, odd in {3: (2, 3), 4: (1, 3), 5: (1, 2)}.items():  # odd parts vanish where k = -k
            for a in odd:
                n = cells[3 - a]
                np.moveaxis(spectrum, a, 0)[[0, n // 2] if n % 2 == 0 else [0], component] = 0.0
        for module in (convolution_module, host_module):
            monkeypatch.setattr(module, "demag_spectrum", lambda *_, spectrum=spectrum: spectrum)
        M = random_magnetisation(mesh)
        want = DemagConvolution(mesh)(M)
        for dtype in PRECISIONS:
            np.testing.assert_allclose(HostDemag(mesh, dtype)(M), want, rtol=0, atol=ERROR[dtype] * np.abs(want).max())


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("cells", [(13, 7, 1), (9, 6, 5), (33, 1, 1), (1, 5, 3), (200, 130, 1)])
def test_a_batch_is_its_replicas_bit_for_bit(cells, dtype):
    mesh = Mesh(cells, CELL)
    M = random_magnetisation(mesh, batch=7, dtype=dtype)
    for workers in (1, 3):
        demag = HostDemag(mesh, dtype, workers=workers)
        together = demag(M)
        for replica in range(7):
            np.testing.assert_array_equal(together[replica], demag(M[replica : replica + 1])[0])


@pytest.mark.usefixtures("_any_tensor")
@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("cells", [(200, 50, 1), (64, 64, 1), (33, 17, 5), (1, 40, 40), (50, 1, 1), (96, 20, 24)])
def test_any_number_of_threads_gives_the_same_bits(cells, dtype):
    mesh = Mesh(cells, CELL)
    M = random_magnetisation(mesh, batch=3, dtype=dtype)
    one = HostDemag(mesh, dtype, workers=1)(M)
    for workers in (2, 3, 8, None):
        demag = HostDemag(mesh, dtype, workers=workers)
        for _ in range(3):
            np.testing.assert_array_equal(demag(M), one)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("cells", [(21, 10, 1), (9, 6, 5)])
def test_one_broken_replica_breaks_no_other(cells, dtype):
    mesh = Mesh(cells, CELL)
    M = random_magnetisation(mesh, batch=4, dtype=dtype)
    demag = HostDemag(mesh, dtype, workers=2)
    want = demag(M)
    broken = M.copy()
    broken[1, :, 0, 0, 0] = np.nan
    broken[2, 0] = np.inf
    np.testing.assert_array_equal(demag(broken)[[0, 3]], want[[0, 3]])
    np.testing.assert_array_equal(demag(M), want)


def test_callers_in_several_threads():
    mesh = Mesh((64, 48, 1), CELL)
    shared, own = HostDemag(mesh, workers=2), HostDemag(mesh, workers=2)
    inputs = [random_magnetisation(mesh, seed=seed) for seed in range(4)]
    want = [own(M) for M in inputs]
    same = []

    def work(index):
        demag = shared if index < 2 else HostDemag(mesh, workers=2)
        same.append(all(np.array_equal(demag(inputs[index]), want[index]) for _ in range(40)))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert same == [True] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_threads_are_started_anew_after_a_fork():
    mesh = Mesh((64, 48, 1), CELL)
    M = random_magnetisation(mesh)
    demag = HostDemag(mesh, workers=2)
    want = demag(M)
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(demag(M), want) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_input_is_not_changed_and_may_be_of_any_layout():
    mesh = Mesh((12, 10, 3), CELL)
    M = random_magnetisation(mesh, batch=2)
    before = M.copy()
    demag = HostDemag(mesh)
    want = demag(M)
    np.testing.assert_array_equal(M, before)
    np.testing.assert_array_equal(demag(np.asfortranarray(M)), want)
    unaligned = np.empty(M.nbytes + 8, dtype=np.uint8)[8:].view(M.dtype).reshape(M.shape)
    unaligned[...] = M
    np.testing.assert_array_equal(demag(unaligned), want)
    assert demag(unaligned, out=unaligned) is unaligned
    np.testing.assert_array_equal(unaligned, want)


def test_an_empty_batch():
    mesh = Mesh((4, 3, 1), CELL)
    assert HostDemag(mesh)(np.zeros((0, 3, *mesh.shape))).shape == (0, 3, *mesh.shape)


def test_lengths():
    for n in range(2, 300):
        x, y, z = host_lengths(Mesh((n, n, 1), CELL, "y"))
        assert x >= 2 * n - 1
        assert x % 2 == 0
        assert y == n or y >= 2 * n - 1
        assert z == 1


def test_a_periodic_axis_may_be_padded():
    """The spectrum on a longer axis is that of the same field."""
    mesh = Mesh((11, 13, 1), CELL, "xyz")
    spectrum = demag_spectrum(mesh, None, (24, 28, 1))
    assert spectrum.shape == (4, 1, 15, 13)
    uniform = np.ones((1, 3, *mesh.shape))
    assert np.abs(HostDemag(mesh)(uniform)).max() < 1e-14 * MU_0


def test_edges_of_some_replicas_are_those_of_their_numbers():
    """Rows in another order, and one replica without edges."""
    mesh = Mesh((9, 8, 1), CELL)
    edges = [edges_of(Shares(Cylinder(diameter=width), mesh, 3), mesh) for width in (7e-9, 6e-9)]
    M = np.random.default_rng(8).normal(size=(3, 3, *mesh.shape))
    together = HostDemag(mesh, cache=None, edges=[edges[0], None, edges[1]])
    rows = np.array([2, 0, 1])
    found = together(M[rows], replicas=rows)
    for field, replica, own in zip(found, rows, [[edges[1]], [edges[0]], []], strict=True):
        alone = HostDemag(mesh, cache=None, edges=own)(M[replica : replica + 1])
        np.testing.assert_array_equal(field, alone[0])
    np.testing.assert_array_equal(together(M), found[[1, 2, 0]])
    with pytest.raises(ParameterError, match=r"edges of 3 replicas, m of 4; give the number of each"):
        together(np.concatenate([M, M[:1]]))


def test_wrong_arguments():
    mesh = Mesh((4, 3, 1), CELL)
    with pytest.raises(ParameterError, match="dtype"):
        HostDemag(mesh, np.float16)
    with pytest.raises(ParameterError, match="workers"):
        HostDemag(mesh, workers=0)
    demag = HostDemag(mesh)
    with pytest.raises(ParameterError, match="shape"):
        demag(np.zeros((3, *mesh.shape)))
    M = np.zeros((1, 3, *mesh.shape))
    with pytest.raises(ParameterError, match="out"):
        demag(M, out=np.zeros(M.shape, dtype=np.float32))
