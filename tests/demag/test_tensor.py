"""The tensor of open meshes: against mpmath, quadrature, published numbers, and its own symmetries."""

from functools import cache
from itertools import product

import mpmath
import numpy as np
import pytest

from fdmag.demag import demag_tensor
from fdmag.demag.multipole import MultipoleTensor
from fdmag.demag.newell import newell_tensor
from fdmag.mesh import Mesh

PROMISE = 1e-10  # relative to the Frobenius norm of the tensor at that offset
HELD = 1e-12  # what the code is built for
ASPECTS = [
    (1.0, 1.0, 1.0),
    (1.0, 1.27, 1.13),
    (1.0, 1.0, 0.02),
    (0.02, 1.0, 1.0),
    (1.0, 0.02, 1.0),
    (1.0, 1.0, 50.0),
    (50.0, 1.0, 1.0),
    (1.0, 0.02, 50.0),
]


def exact_tensor(offset, cell_size, digits=70):
    """Newell's formulas as printed (J. Geophys. Res. 98, 9551 (1993), eqs. 19, 27, 28, 32), with mpmath."""

    def f(x, y, z):
        x2, y2, z2 = x * x, y * y, z * z
        r = mpmath.sqrt(x2 + y2 + z2)
        total = (2 * x2 - y2 - z2) * r / 6
        if y and (x or z):
            total += y / 2 * (z2 - x2) * mpmath.asinh(y / mpmath.sqrt(x2 + z2))
        if z and (x or y):
            total += z / 2 * (y2 - x2) * mpmath.asinh(z / mpmath.sqrt(x2 + y2))
        if x and y and z:
            total -= x * y * z * mpmath.atan(y * z / (x * r))
        return total

    def g(x, y, z):
        x2, y2, z2 = x * x, y * y, z * z
        r = mpmath.sqrt(x2 + y2 + z2)
        total = -x * y * r / 3
        if x and y and z:
            total += x * y * z * mpmath.asinh(z / mpmath.sqrt(x2 + y2))
        if y and x:
            total += y / 6 * (3 * z2 - y2) * mpmath.asinh(x / mpmath.sqrt(y2 + z2))
            total += x / 6 * (3 * z2 - x2) * mpmath.asinh(y / mpmath.sqrt(x2 + z2))
        if z:
            total -= z * z2 / 6 * mpmath.atan(x * y / (z * r))
        if y and z:
            total -= z * y2 / 2 * mpmath.atan(x * z / (y * r))
        if x and z:
            total -= z * x2 / 2 * mpmath.atan(y * z / (x * r))
        return total

    with mpmath.workdps(digits):
        h = [mpmath.mpf(d) for d in cell_size]
        centre = [n * d for n, d in zip(offset, h, strict=True)]
        sums = [mpmath.mpf(0)] * 6
        for step in product((-1, 0, 1), repeat=3):
            x, y, z = (c + s * d for c, s, d in zip(centre, step, h, strict=True))
            weight = mpmath.mpf((-2) ** step.count(0))
            values = f(x, y, z), f(y, x, z), f(z, y, x), g(x, y, z), g(x, z, y), g(y, z, x)
            sums = [total + weight * value for total, value in zip(sums, values, strict=True)]
        return np.array([float(-total / (4 * mpmath.pi * h[0] * h[1] * h[2])) for total in sums])


def norm(tensor):
    return np.sqrt((tensor[:3] ** 2).sum(axis=0) + 2 * (tensor[3:] ** 2).sum(axis=0))


@cache
def mesh_tensor(cells, cell_size):
    return demag_tensor(Mesh(cells=cells, cell_size=cell_size))


def assert_exact(offset, cell_size, got):
    want = exact_tensor(offset, cell_size)
    assert np.abs(got - want).max() <= HELD * norm(want), f"offset {offset}, cell {cell_size}"


@pytest.mark.parametrize("cell_size", ASPECTS)
@pytest.mark.parametrize(
    "offset", [(0, 0, 0), (1, 0, 0), (0, 2, 0), (0, 0, 1), (1, 1, 0), (1, 2, 3), (6, 5, 4), (7, 0, 3)]
)
def test_near(offset, cell_size):
    x, y, z = offset
    assert_exact(offset, cell_size, mesh_tensor((8, 6, 5), cell_size)[:, z, y, x])


@pytest.mark.parametrize("cell_size", ASPECTS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_row_of_cells_across_the_switch_to_multipoles(axis, cell_size):
    scaled = tuple(np.array(cell_size) / max(cell_size))
    switch = int(MultipoleTensor(scaled).nearest / scaled[axis]) + 1
    cells = [1, 1, 1]
    cells[axis] = switch + 3
    tensor = demag_tensor(Mesh(tuple(cells), cell_size)).reshape(6, -1)
    for n in {0, 1, switch // 2, switch - 2, switch - 1, switch, switch + 1}:
        offset = [0, 0, 0]
        offset[axis] = n
        assert_exact(tuple(offset), cell_size, tensor[:, n])


@pytest.mark.parametrize("cell_size", ASPECTS)
def test_both_sides_of_the_switch_to_multipoles(cell_size):
    scaled = np.array(cell_size) / max(cell_size)
    nearest = MultipoleTensor(tuple(scaled)).nearest
    for direction in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0.6, 0.3)):
        along = nearest * np.array(direction) / np.linalg.norm(direction)
        inside = np.floor(along / scaled).astype(int)
        if np.prod(inside + 1) > 1e5:  # of cells 1 × 0.02 × 50, off the axes: no mesh has so many that are near
            continue
        for offset in (inside, inside + (np.array(direction) > 0)):
            x, y, z = map(int, offset)
            assert_exact((x, y, z), cell_size, _at(x, y, z, cell_size))


def _at(x, y, z, cell_size):
    """Tensor at one offset, by the same choice between the two methods as `LatticeTensor` makes."""
    scaled = tuple(np.array(cell_size) / max(cell_size))
    far = MultipoleTensor(scaled)
    if np.linalg.norm(np.array((x, y, z)) * scaled) >= far.nearest:
        return far(*(np.array([n * d]) for n, d in zip((x, y, z), scaled, strict=True)))[:, 0]
    return newell_tensor((x + 1, y + 1, z + 1), scaled)[:, z, y, x]


@pytest.mark.parametrize("cell_size", ASPECTS)
@pytest.mark.parametrize(
    "offset", [(30, 0, 0), (0, 400, 0), (0, 0, 400), (100, 200, 1), (3000, 0, 0), (5000, 4000, 3), (77, 1234, 800)]
)
def test_far(offset, cell_size):
    assert_exact(offset, cell_size, _at(*offset, cell_size))


def test_the_mesh_joins_both_methods():
    cell_size = (1.0, 1.27, 1.13)
    tensor = mesh_tensor((40, 30, 12), cell_size)
    rng = np.random.default_rng(5)
    for _ in range(25):
        x, y, z = (int(rng.integers(n)) for n in (40, 30, 12))
        assert_exact((x, y, z), cell_size, tensor[:, z, y, x])


def test_the_promise_is_wider_than_the_bound_tested():
    assert HELD < PROMISE


@pytest.mark.parametrize(("offset", "cell_size"), [((3, 1, 2), (1.0, 1.0, 1.0)), ((2, 4, 3), (1.2, 0.5, 0.8))])
def test_quadrature_of_the_dipole_kernel_over_both_cells(offset, cell_size):
    """Independent of Newell's formulas: N_ij = -(1/4πV) ∫∫ ∂i ∂j 1/|r - r'|, Gauss' rule with 6 points per axis."""
    nodes, weights = np.polynomial.legendre.leggauss(6)
    difference = (nodes[:, None] - nodes) / 2
    weight = (weights[:, None] * weights / 4).ravel()
    x, y, z = (d * (n + difference.ravel()) for n, d in zip(offset, cell_size, strict=True))
    x, y, z = x, y[:, None], z[:, None, None]
    r2 = x * x + y * y + z * z
    w = weight * weight[:, None] * weight[:, None, None] * np.prod(cell_size) / (4 * np.pi * r2**2.5)
    parts = (r2 - 3 * x * x, r2 - 3 * y * y, r2 - 3 * z * z, -3 * x * y, -3 * x * z, -3 * y * z)
    want = np.array([(w * part).sum() for part in parts])
    x, y, z = offset
    got = mesh_tensor((5, 5, 5), cell_size)[:, z, y, x]
    assert np.abs(got - want).max() < 1e-8 * norm(want)


def test_published_values_for_cubic_cells():
    """Values in 1024-bit arithmetic published with the mumax+ project's tests, eight digits."""
    tensor = mesh_tensor((3, 2, 1), (2e-9, 2e-9, 2e-9))[:, 0]
    assert tensor[0, 0, 0] == pytest.approx(1 / 3, abs=1e-14)
    assert tensor[0, 0, 1] == pytest.approx(-0.13501718, abs=6e-9)
    assert tensor[0, 1, 0] == pytest.approx(0.06750859, abs=6e-9)
    assert tensor[0, 0, 2] == pytest.approx(-0.01942149, abs=6e-9)
    assert tensor[3, 1, 1] == pytest.approx(-0.04556482, abs=6e-9)


@pytest.mark.parametrize(
    ("size", "cells", "factors"),
    [
        ((1.0, 1.0, 0.01), (1, 1, 1), (0.0169802, 0.0169802, 0.9660396)),
        ((1.0, 1.0, 0.01), (10, 8, 1), (0.0169802, 0.0169802, 0.9660396)),
        ((500.0, 125.0, 3.0), (20, 5, 1), (0.00917967, 0.0381761, 0.9526442)),
        ((160.0, 80.0, 5.0), (16, 8, 3), (0.0372152, 0.0764711, 0.8863136)),
    ],
)
def test_demagnetising_factors_of_prisms(size, cells, factors):
    """Average over the body of a uniformly magnetised prism: A. Aharoni, J. Appl. Phys. 83, 3432 (1998)."""
    tensor = demag_tensor(Mesh(cells=cells, cell_size=tuple(s / n for s, n in zip(size, cells, strict=True))))
    weights = []
    for n in cells:  # pairs of cells at distance i along an axis
        pairs = 2.0 * (n - np.arange(n))
        pairs[0] = n
        weights.append(pairs / n)
    average = np.einsum("czyx,x,y,z->c", tensor[:3], *weights)
    assert average == pytest.approx(factors, abs=6e-8)
    assert average.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("cell_size", ASPECTS)
def test_trace(cell_size):
    tensor = mesh_tensor((40, 12, 9), cell_size)
    trace = tensor[:3].sum(axis=0)
    assert trace[0, 0, 0] == pytest.approx(1.0, abs=1e-14)
    trace[0, 0, 0] = 0.0
    assert (np.abs(trace) <= HELD * norm(tensor)).all()


def test_exchanging_axes_exchanges_components():
    a = mesh_tensor((9, 6, 4), (1.0, 0.7, 0.3))
    b = mesh_tensor((4, 9, 6), (0.3, 1.0, 0.7))  # x -> y -> z -> x
    np.testing.assert_allclose(b, a[[2, 0, 1, 4, 5, 3]].transpose(0, 2, 3, 1), rtol=0, atol=1e-14)


def test_odd_components_vanish_on_the_planes():
    tensor = mesh_tensor((40, 12, 9), (1.0, 1.27, 1.13))
    xy, xz, yz = tensor[3:]
    for values in (xy[:, 0], xy[..., 0], xz[0], xz[..., 0], yz[0], yz[:, 0]):
        assert np.abs(values).max() < 1e-16


def test_the_unit_of_length_does_not_matter():
    np.testing.assert_allclose(
        mesh_tensor((4, 3, 2), (2e-9, 3e-9, 1e-9)), mesh_tensor((4, 3, 2), (2.0, 3.0, 1.0)), rtol=1e-12, atol=1e-16
    )
