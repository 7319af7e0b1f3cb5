"""The convolution: against direct summation, its symmetries, precision and batches."""

import numpy as np
import pytest

import fdmag.demag.convolution as convolution_module
from fdmag.constants import MU_0
from fdmag.demag import DemagConvolution, demag_spectrum, demag_tensor, padded_lengths
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from tests.closeness import close

CELL = (1.0e-9, 1.3e-9, 0.7e-9)


def random_magnetisation(mesh, batch=1, dtype=np.float64, seed=0):
    return (8e5 * np.random.default_rng(seed).normal(size=(batch, 3, *mesh.shape))).astype(dtype)


def direct_sum(mesh, M):
    """Field of every cell on every cell, in real space, with the tensor's signs worked out anew."""
    N = demag_tensor(mesh)
    index = {"xx": 0, "yy": 1, "zz": 2, "xy": 3, "xz": 4, "yz": 5}
    B = np.zeros_like(M)
    for here in np.ndindex(mesh.shape):
        for there in np.ndindex(mesh.shape):
            offset, sign = [], {}
            for axis, letter in enumerate("xyz"):
                n, d = mesh.cells[axis], here[2 - axis] - there[2 - axis]
                if mesh.periodic[axis]:
                    d = (d + n // 2) % n - n // 2
                offset.append(abs(d))
                sign[letter] = -1 if d < 0 else 1
            x, y, z = offset
            for name, component in index.items():
                a, b = ("xyz".index(letter) for letter in name)
                value = N[component, z, y, x] * (sign[name[0]] * sign[name[1]] if a != b else 1)
                B[(slice(None), a, *here)] -= MU_0 * value * M[(slice(None), b, *there)]
                if a != b:
                    B[(slice(None), b, *here)] -= MU_0 * value * M[(slice(None), a, *there)]
    return B


@pytest.mark.parametrize(
    ("cells", "periodic"),
    [
        ((5, 3, 4), ""),
        ((7, 1, 1), ""),
        ((1, 6, 2), ""),
        ((1, 1, 5), ""),
        ((7, 5, 3), ""),
        ((11, 7, 1), ""),
        ((1, 1, 1), ""),
        ((6, 4, 3), "x"),
        ((5, 4, 3), "y"),
        ((3, 4, 4), "z"),
        ((4, 5, 2), "xy"),
        ((3, 2, 5), "yz"),
        ((7, 6, 1), "xy"),
        ((5, 2, 1), "z"),
    ],
)
def test_direct_summation(cells, periodic):
    mesh = Mesh(cells, CELL, periodic)
    M = random_magnetisation(mesh, batch=2)
    want = direct_sum(mesh, M)
    np.testing.assert_allclose(DemagConvolution(mesh)(M), want, rtol=0, atol=1e-14 * np.abs(want).max())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("cells", [(13, 7, 1), (9, 6, 5), (33, 1, 1), (1, 5, 3)])
def test_a_batch_is_its_replicas_bit_for_bit(cells, dtype):
    mesh = Mesh(cells, CELL)
    M = random_magnetisation(mesh, batch=7, dtype=dtype)
    demag = DemagConvolution(mesh, dtype)
    together = demag(M)
    for replica in range(7):
        np.testing.assert_array_equal(together[replica], demag(M[replica : replica + 1])[0])


def test_the_number_of_replicas_at_once_does_not_matter(monkeypatch):
    mesh = Mesh((13, 7, 2), CELL)
    M = random_magnetisation(mesh, batch=5)
    want = DemagConvolution(mesh)(M)
    monkeypatch.setattr(convolution_module, "_BLOCK_BYTES", 1)
    np.testing.assert_array_equal(DemagConvolution(mesh)(M), want)


@pytest.mark.parametrize("cells", [(150, 40, 1), (60, 12, 6)])
def test_the_number_of_threads_does_not_matter(cells, monkeypatch):
    monkeypatch.setattr(convolution_module, "_BLOCK_BYTES", 1)  # many blocks
    mesh = Mesh(cells, CELL)
    M = random_magnetisation(mesh)
    np.testing.assert_array_equal(DemagConvolution(mesh, workers=1)(M), DemagConvolution(mesh, workers=4)(M))


@pytest.mark.parametrize("periodic", ["", "x", "xy"])
def test_float32_is_close_to_float64(periodic):
    mesh = Mesh((40, 30, 3), CELL, periodic)
    M = random_magnetisation(mesh)
    B = DemagConvolution(mesh, np.float32)(M.astype(np.float32))
    assert B.dtype == np.float32
    want = DemagConvolution(mesh)(M)
    assert np.abs(B - want).max() < 2e-6 * np.abs(want).max()


def test_the_magnetisation_is_left_alone():
    mesh = Mesh((6, 5, 4), CELL)
    M = random_magnetisation(mesh)
    before = M.copy()
    DemagConvolution(mesh)(M)
    np.testing.assert_array_equal(M, before)


def test_transform_lengths_are_good_and_just_long_enough():
    assert padded_lengths(Mesh((101, 1, 64), CELL)) == (216, 1, 128)
    assert padded_lengths(Mesh((101, 17, 64), CELL, "xz")) == (101, 33, 64)


@pytest.mark.parametrize("cells", [(8, 8, 8), (8, 8, 1), (5, 7, 1)])
def test_energy_is_positive_and_the_field_self_adjoint(cells):
    mesh = Mesh(cells, CELL)
    demag = DemagConvolution(mesh)
    a, b = random_magnetisation(mesh, seed=1), random_magnetisation(mesh, seed=2)
    assert -(a * demag(a)).sum() > 0
    assert (a * demag(b)).sum() == close((b * demag(a)).sum(), rel=1e-10)


def test_an_infinite_film_across_its_plane():
    mesh = Mesh((10, 9, 1), CELL, "xy")
    M = np.zeros((1, 3, *mesh.shape))
    M[:, 2] = 8e5
    B = DemagConvolution(mesh)(M)
    np.testing.assert_allclose(B[:, 2], -MU_0 * 8e5, rtol=1e-11)
    M = M[:, [2, 0, 1]]  # now along x
    assert np.abs(DemagConvolution(mesh)(M)).max() < 1e-11 * MU_0 * 8e5


@pytest.mark.parametrize("periodic", ["xy", "xyz"])
def test_layers_magnetised_across_have_the_field_of_their_own_charge(periodic):
    """div B = 0 in one dimension: B = -mu0 M for M along z that depends on z only and has no mean."""
    mesh = Mesh((6, 5, 8), CELL, periodic)
    M = np.zeros((1, 3, *mesh.shape))
    M[0, 2] = 8e5 * np.array([1, -1, 1, -1, 0.5, -0.5, 1, -1])[:, None, None]
    B = DemagConvolution(mesh)(M)
    np.testing.assert_allclose(B, -MU_0 * M, rtol=0, atol=1e-11 * MU_0 * 8e5)
    transverse = M[:, [2, 1, 0]]
    np.testing.assert_allclose(DemagConvolution(mesh)(transverse), 0.0, atol=1e-11 * MU_0 * 8e5)


def test_a_uniform_magnetisation_without_surface_has_no_field():
    mesh = Mesh((4, 6, 5), CELL, "xyz")
    M = np.broadcast_to(np.array([1e5, -2e5, 3e5]).reshape(1, 3, 1, 1, 1), (1, 3, *mesh.shape))
    assert np.abs(DemagConvolution(mesh)(M)).max() < 1e-12 * MU_0 * 3e5


def test_long_plane_wave_without_surface():
    """The spectrum goes to k_i k_j / k² for wavelengths of many cells, and its trace is 1 at every k but 0."""
    spectrum = demag_spectrum(Mesh((64, 48, 4), (1e-9, 1e-9, 1e-9), "xyz"))
    trace = spectrum[:3].sum(axis=0)
    trace[0, 0, 0] += 1.0
    np.testing.assert_allclose(trace, 1.0, rtol=0, atol=1e-11)
    k = np.array([2 * np.pi / 64, 2 * np.pi / 48])
    along = np.array([[spectrum[0, 0, 1, 1], spectrum[3, 0, 1, 1]], [spectrum[3, 0, 1, 1], spectrum[1, 0, 1, 1]]])
    np.testing.assert_allclose(along, np.outer(k, k) / (k @ k), atol=5e-3)
    assert spectrum[0, 0, 0, 1] == pytest.approx(1.0, abs=1e-11)


def test_energy_published_for_oommf():
    """Demagnetising energy 5.5389695779175673e-19 J that OOMMF gives for this state (fidimag project's data)."""
    mesh = Mesh((40, 50, 1), (2.5e-9, 2.5e-9, 3e-9), origin=(0.0, 0.0, 0.0))
    x, y, z = mesh.x * 1e9, mesh.y * 1e9, mesh.z * 1e9
    m = np.stack(np.broadcast_arrays(np.sin(x) + y + 2.3 * z, np.cos(x) + y + 1.3 * z, 0.0 * x))
    M = 8e5 * (m / np.linalg.norm(m, axis=0))[None]
    energy = -0.5 * (M * DemagConvolution(mesh)(M)).sum() * mesh.cell_volume
    assert energy == close(5.5389695779175673e-19, rel=1e-9)


def test_wrong_input_is_named():
    mesh = Mesh((4, 3, 2), CELL)
    with pytest.raises(ParameterError, match=r"needed is .*batch, 3, 2, 3, 4"):
        DemagConvolution(mesh)(np.zeros((3, 2, 3, 4)))
    with pytest.raises(ParameterError, match="float64 and float32"):
        DemagConvolution(mesh, np.int32)
    with pytest.raises(ParameterError, match="workers = 0"):
        DemagConvolution(mesh, workers=0)
