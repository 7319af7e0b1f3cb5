import numpy as np
import pytest

from fdmag.analytic.oersted import cylinder_field, rectangle_field
from fdmag.biot_savart import BiotSavart, cell_kernel
from fdmag.constants import MU_0
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh


def gauss(x, y, z):
    """∫ (r − r')_x/|r − r'|³ dV' over 1 × 1.3 × 0.7 about 0: the attraction of a prism, D. Nagy, Geophysics 31, 362."""
    total = 0.0
    for i in (-1, 1):
        for j in (-1, 1):
            for k in (-1, 1):
                u, v, w = x - i * 0.5, y - j * 0.65, z - k * 0.35
                R = np.sqrt(u * u + v * v + w * w)
                total = total + i * j * k * (v * np.log(w + R) + w * np.log(v + R) - u * np.arctan(v * w / (u * R)))
    return total


@pytest.mark.parametrize(
    "offset", [(1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1), (2, 0, 0), (0, 1, 0), (3, -2, 1), (-1, 1, 2)]
)
def test_kernel_is_the_mean_over_both_cells(offset):
    """Against numerical quadrature of the closed form for one cell, over the other."""
    size = (1.0, 1.3, 0.7)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    x, y, z = (np.array(o + nodes / 2) * d for o, d in zip(offset, size, strict=True))
    values = gauss(x[:, None, None], y[None, :, None], z)
    expected = np.einsum("i,j,k,ijk", weights, weights, weights, values) / 8
    found = cell_kernel([np.array([float(o)]) for o in offset], size)[0, 0]
    assert found == pytest.approx(expected, abs=1e-8)


def test_near_and_far_kernels_meet(monkeypatch):
    offset = [np.array([12.0, 9.0, 0.0]), np.array([9.0, 12.0, 12.0]), np.array([8.0, 5.0, 4.0])]
    for endless in ((False, False, False), (False, False, True), (True, False, False)):
        monkeypatch.setattr("fdmag.biot_savart.NEAR", 1)
        far = cell_kernel(offset, (1, 1, 1), endless)
        monkeypatch.setattr("fdmag.biot_savart.NEAR", 99)
        near = cell_kernel(offset, (1, 1, 1), endless)
        np.testing.assert_allclose(far, near, rtol=0, atol=2e-7 * np.abs(near).max())


def test_an_endless_cell_is_the_sum_of_its_pieces():
    z = np.arange(-3000, 3001.0)
    pieces = cell_kernel([np.full(z.shape, 2.0), np.full(z.shape, 1.0), z], (1, 1.3, 0.7)).sum(axis=1)
    whole = cell_kernel([np.array([2.0]), np.array([1.0]), np.array([0.0])], (1, 1.3, 0.7), (False, False, True))
    np.testing.assert_allclose(pieces[:2], whole[:2, 0], rtol=2e-6)  # the rest falls as the inverse square


def wire(n, inside, J=1e12):
    """The Oersted field in the middle of an endless wire along +z, and cell centres x, y: n × n cells of 60 nm."""
    mesh = Mesh((n, n, 1), (60e-9 / n, 60e-9 / n, 5e-9))
    current = np.zeros((1, 3, *mesh.shape))
    current[0, 2] = J * inside(mesh.x, mesh.y)
    return BiotSavart(mesh, "z")(current)[0, :, 0], mesh.x[0], mesh.y[0]


def test_rectangular_wire_to_second_order_of_the_cell():
    errors = []
    for n in (16, 32, 64):
        B, x, y = wire(n, lambda x, y: (abs(x) < 15e-9) & (abs(y) < 7.5e-9))
        exact = rectangle_field(x, y, 1e12, 30e-9, 15e-9)
        errors.append(np.sqrt(np.mean((B[:2] - exact) ** 2)) / np.abs(exact).max())
        assert not B[2].any()
    assert errors[-1] < 1e-5
    assert np.all(np.log2(np.divide(errors[:-1], errors[1:])) > 1.95)


def test_round_wire_to_first_order_of_the_cell():
    """Its surface is a staircase."""
    errors = []
    for n in (32, 64, 128):
        B, x, y = wire(n, lambda x, y: x**2 + y**2 < (20e-9) ** 2)
        exact = cylinder_field(x, y, 1e12, 20e-9)
        errors.append(np.sqrt(np.mean((B[:2] - exact) ** 2)) / np.abs(exact).max())
    assert errors[-1] < 3e-3
    assert np.log2(errors[0] / errors[-1]) / 2 > 0.9


@pytest.mark.parametrize("axis", range(3))
def test_circulation_is_the_current_and_the_flux_through_a_box_is_nothing(axis):
    """∮ B·dl = µ0 I around the wire and 0 beside it, along cell centres; the divergence by differences vanishes."""
    mesh = Mesh((24, 24, 24), (2e-9, 2e-9, 2e-9))
    J = np.zeros((1, 3, *mesh.shape))
    inside = [slice(8, 12)] * 3
    inside[2 - axis] = slice(None)
    J[(0, axis, *inside)] = 1e12
    B = BiotSavart(mesh, "xyz"[axis])(J)[0].transpose(0, 3, 2, 1)  # component, x, y, z
    order = [(axis + 1) % 3, (axis + 2) % 3, axis]  # so that the current is along the last
    B = B[order].transpose(0, *(1 + k for k in order))
    for low, high, current in ((2, 18, 1e12 * 64e-18), (14, 22, 0.0)):
        edge = np.full(high - low + 1, 2e-9)
        edge[[0, -1]] /= 2
        side = slice(low, high + 1)
        loop = np.sum(edge * (B[0, side, low, 0] - B[0, side, high, 0]))
        loop += np.sum(edge * (B[1, high, side, 0] - B[1, low, side, 0]))
        assert loop / MU_0 == pytest.approx(current, abs=2e-3 * 64e-6)
    parts = [slope(B[k], axis=k)[16:-3, 3:-3, 3:-3] for k in range(3)]
    assert np.abs(sum(parts)).max() < 0.01 * np.abs(parts[0]).max()  # (cell/distance)⁴, 4 cells from the wire


def slope(values, axis):
    """First derivative per cell, to fourth order away from the ends."""
    near, far = (np.roll(values, -k, axis) - np.roll(values, k, axis) for k in (1, 2))
    return (8 * near - far) / 12


def test_far_field_of_a_short_piece_is_that_of_a_current_element():
    """B = µ0 I dl × R/(4π R³)."""
    mesh = Mesh((41, 1, 1), (1e-9, 1e-9, 1e-9))
    J = np.zeros((1, 3, *mesh.shape))
    J[0, 2, 0, 0, 0] = 1e12
    B = BiotSavart(mesh)(J)[0, :, 0, 0, 40]
    np.testing.assert_allclose(B, [0, MU_0 * 1e12 * 1e-27 / (4 * np.pi * (40e-9) ** 2), 0], rtol=1e-6, atol=1e-15)


def test_a_film_with_current_along_x_has_a_field_along_minus_y_above_its_middle():
    mesh = Mesh((6, 5, 4), (2e-9, 3e-9, 1e-9), "xy")
    B = BiotSavart(mesh)(np.array([1e12, 0, 0]).reshape(1, 3, 1, 1, 1))
    np.testing.assert_allclose(B[0, 1], np.broadcast_to(-MU_0 * 1e12 * mesh.z, mesh.shape), rtol=1e-12)
    assert not B[0, [0, 2]].any()


def test_what_varies_along_an_endless_axis_is_refused():
    mesh = Mesh((4, 4, 2), (1e-9, 1e-9, 1e-9))
    J = np.random.default_rng(0).normal(size=(1, 3, *mesh.shape))
    with pytest.raises(ParameterError, match="varies along z"):
        BiotSavart(mesh, "z")(J)
    with pytest.raises(ParameterError, match="allowed: axes"):
        BiotSavart(mesh, "w")


def test_two_currents_add_up_and_replicas_are_apart():
    mesh = Mesh((5, 4, 3), (2e-9, 3e-9, 1e-9))
    J = np.random.default_rng(1).normal(size=(2, 3, *mesh.shape))
    field = BiotSavart(mesh)
    both = field(J)
    np.testing.assert_array_equal(both[1], field(J[1:])[0])
    np.testing.assert_allclose(
        field(J.sum(axis=0, keepdims=True))[0], both.sum(axis=0), rtol=0, atol=1e-12 * np.abs(both).max()
    )
