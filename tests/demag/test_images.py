"""Periodic axes: against closed forms, explicit images, and identities between periods."""

from math import atan, log, pi

import numpy as np
import pytest

from fdmag.demag import demag_tensor
from fdmag.demag.images import tail_rule
from fdmag.mesh import Mesh
from tests.closeness import close

ACCURACY = 2e-12  # absolute; the tensor's largest entry is of order 1
SIGNS = {"x": (1, 1, 1, -1, -1, 1), "y": (1, 1, 1, -1, 1, -1), "z": (1, 1, 1, 1, -1, -1)}
ARRAY_AXIS = {"x": 3, "y": 2, "z": 1}


def whole_axis(tensor, axis, n, wraps=True):
    """Continue offsets 0 ... n // 2 to all offsets 0 ... n - 1, or 0 ... n - 1 to -(n - 1) ... n - 1."""
    place = ARRAY_AXIS[axis]
    sign = np.array(SIGNS[axis]).reshape(6, 1, 1, 1)
    last = (n - 1) // 2 if wraps else n - 1
    mirrored = np.flip(np.take(tensor, range(1, last + 1), axis=place), axis=place) * sign
    return np.concatenate([tensor, mirrored] if wraps else [mirrored, tensor], axis=place)


def plane_sums(mesh_cells, cell_size, periodic):
    tensor = demag_tensor(Mesh(mesh_cells, cell_size, periodic))
    for axis in periodic:
        n = mesh_cells["xyz".index(axis)]
        tensor = whole_axis(tensor, axis, n).sum(axis=ARRAY_AXIS[axis], keepdims=True)
    return tensor


@pytest.mark.parametrize("size", [(1.0, 1.0), (1.2, 0.7), (1.0, 0.02), (0.02, 1.0)])
@pytest.mark.parametrize("cells", [1, 2, 7, 100])
@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_infinite_rectangular_prism(axis, cells, size):
    """Limit of infinite length of A. Aharoni, J. Appl. Phys. 83, 3432 (1998), eq. (1); 1/2 for a square."""
    a = "xyz".index(axis)
    across = [i for i in range(3) if i != a]
    cell_size, counts = [1.0, 1.0, 1.0], [1, 1, 1]
    for i, length in zip(across, size, strict=True):
        cell_size[i] = length
    counts[a] = cells
    sums = plane_sums(tuple(counts), tuple(cell_size), axis).ravel()
    p = size[1] / size[0]
    thin = ((1 - p * p) / (2 * p) * log(1 + p * p) + p * log(p) + 2 * atan(1 / p)) / pi
    assert sums[a] == pytest.approx(0.0, abs=ACCURACY)
    assert sums[across[1]] == pytest.approx(thin, abs=ACCURACY)
    assert sums[across[0]] == pytest.approx(1 - thin, abs=ACCURACY)


@pytest.mark.parametrize(
    ("cells", "cell_size"),
    [
        ((1, 1, 1), (1.0, 1.0, 1.0)),
        ((7, 5, 3), (1.0, 1.2, 0.7)),
        ((70, 50, 1), (1.0, 1.0, 1.0)),
        ((200, 3, 1), (1.0, 1.0, 0.5)),
        ((6, 6, 60), (1.0, 1.0, 1.0)),
        ((4, 3, 3), (0.1, 0.1, 1.0)),
        ((5, 4, 3), (1.0, 0.1, 0.1)),
        ((4, 3, 2), (0.04, 0.04, 1.0)),
    ],
)
@pytest.mark.parametrize("periodic", ["xy", "xz", "yz"])
def test_a_uniform_layer_is_an_infinite_film(cells, cell_size, periodic):
    """N = 1 across the layer itself, 0 along it, and no field outside it."""
    order = {"xy": (0, 1, 2), "xz": (0, 2, 1), "yz": (2, 0, 1)}[periodic]
    cells, cell_size = tuple(cells[i] for i in order), tuple(cell_size[i] for i in order)
    (normal,) = (i for i, axis in enumerate("xyz") if axis not in periodic)
    sums = plane_sums(cells, cell_size, periodic).reshape(6, -1)
    want = np.zeros_like(sums)
    want[normal, 0] = 1.0
    np.testing.assert_allclose(sums, want, rtol=0, atol=ACCURACY)


def explicit_images(cells, cell_size, axis, images):
    """Sum of the open tensor over |n| <= images along one axis, by brute force."""
    a = "xyz".index(axis)
    n = cells[a]
    long = list(cells)
    long[a] = n * (images + 1)
    tensor = whole_axis(demag_tensor(Mesh(tuple(long), cell_size)), axis, long[a], wraps=False)
    place, zero = ARRAY_AXIS[axis], long[a] - 1
    offsets = np.arange(n // 2 + 1)
    return sum(np.take(tensor, zero + offsets + m * n, axis=place) for m in range(-images, images + 1))


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_one_axis_against_explicit_images(axis):
    """The cut sum's error is a series in (K + 1/2)^-2, so three sums of growing length give the limit."""
    cells, cell_size = (4, 3, 5), (1.0, 1.3, 0.6)
    k = np.array([40, 121, 364])
    sums = [explicit_images(cells, cell_size, axis, int(images)) for images in k]
    vandermonde = (k[:, None] + 0.5) ** -np.array([0.0, 2.0, 4.0])
    weights = np.linalg.inv(vandermonde)[0]
    want = sum(w * s for w, s in zip(weights, sums, strict=True))
    np.testing.assert_allclose(demag_tensor(Mesh(cells, cell_size, axis)), want, rtol=0, atol=ACCURACY)


@pytest.mark.parametrize("layers", [2, 12])
def test_two_axes_against_explicit_rows(layers):
    """A film's images along y are those of the rod periodic in x, repeated."""
    cells, cell_size, k = (3, 4, layers), (1.0, 1.1, 0.8), np.array([20, 61, 184])
    sums = []
    for images in map(int, k):
        rows = demag_tensor(Mesh((3, 4 * (images + 1), layers), cell_size, "x"))
        rows = whole_axis(rows, "y", rows.shape[2], wraps=False)
        zero = (rows.shape[2] - 1) // 2
        sums.append(sum(rows[:, :, zero + 4 * m : zero + 4 * m + 3] for m in range(-images, images + 1)))
    vandermonde = (k[:, None] + 0.5) ** -np.array([0.0, 1.0, 3.0])
    weights = np.linalg.inv(vandermonde)[0]
    want = sum(w * s for w, s in zip(weights, sums, strict=True))
    np.testing.assert_allclose(demag_tensor(Mesh(cells, cell_size, "xy")), want, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("cells", "cell_size", "periodic"),
    [
        ((60, 90, 1), (1.0, 1.0, 1.0), "x"),
        ((5, 400, 1), (1.0, 1.0, 0.3), "x"),
        ((50, 60, 1), (1.0, 1.2, 0.5), "xy"),
        ((12, 2, 40), (1.0, 0.02, 1.0), "xy"),
        ((6, 60, 2), (0.05, 1.0, 0.05), "xz"),
    ],
)
def test_half_the_period_is_twice_the_images(cells, cell_size, periodic):
    """N of period n is N of period 2 n at R plus that at R + n: different counts, blocks and nodes, one result."""
    n = cells[0]
    single = whole_axis(demag_tensor(Mesh(cells, cell_size, periodic)), "x", n)
    double = whole_axis(demag_tensor(Mesh((2 * n, *cells[1:]), cell_size, periodic)), "x", 2 * n)
    np.testing.assert_allclose(single, double[..., :n] + double[..., n:], rtol=0, atol=ACCURACY)


def test_interpolated_and_direct_offsets_agree():
    """Along a row long enough to be interpolated, the film's tensor equals that of a shorter open axis."""
    long = demag_tensor(Mesh((8, 300, 1), (1.0, 1.0, 1.0), "x"))
    short = demag_tensor(Mesh((8, 12, 1), (1.0, 1.0, 1.0), "x"))
    np.testing.assert_allclose(long[:, :, :12], short, rtol=0, atol=ACCURACY)


def test_three_axes_differ_from_their_doubles_by_one_constant():
    cells, cell_size = (6, 5, 4), (1.0, 0.8, 1.5)
    single = whole_axis(demag_tensor(Mesh(cells, cell_size, "xyz")), "x", 6)
    double = whole_axis(demag_tensor(Mesh((12, 5, 4), cell_size, "xyz")), "x", 12)
    difference = single - double[..., :6] - double[..., 6:]
    assert np.ptp(difference.reshape(6, -1), axis=1).max() < ACCURACY


@pytest.mark.parametrize("power", [2, 3, 8, 13])
@pytest.mark.parametrize("counted", [1, 5, 40])
def test_tail_rule_sums_powers(counted, power):
    n, weight = np.array(tail_rule(counted)).T
    # The rest of the sum by the Euler-Maclaurin formula from far out.
    terms = np.arange(counted + 1.0, 4000.0)
    rest = 4000.0 ** (1 - power) / (power - 1) + 4000.0**-power / 2 + power * 4000.0 ** (-power - 1) / 12
    want = np.sum(terms[::-1] ** -power) + rest
    assert weight @ n**-power == close(want, rel=1e-12)
