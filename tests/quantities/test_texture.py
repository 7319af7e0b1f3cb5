"""Topological charge, its centre, angles between neighbours, vortex cores: against analytic textures."""

import numpy as np
import pytest

from fdmag import Mesh, Simulation, initial
from fdmag.quantities import evaluate
from fdmag.quantities.texture import spin_angle, topological_center, topological_charge, topological_density
from tests.closeness import close


def skyrmion(mesh, center=(0.0, 0.0), radius=20e-9, core=1, vorticity=1, helicity=0.0):
    """A skyrmion whose core points along core z, of which nothing is left outside of twice the radius."""
    x, y = mesh.x - center[0], mesh.y - center[1]
    rho = np.hypot(x, y) + 0 * mesh.z
    theta = np.where(rho < 2 * radius, np.pi * np.cos(np.pi * np.minimum(rho / (4 * radius), 0.5)) ** 2, 0)
    phi = vorticity * np.arctan2(y, x) + helicity
    return np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), -core * np.cos(theta)])[None]


@pytest.mark.parametrize("periodic", ["", "xy"])
@pytest.mark.parametrize("helicity", [0.0, np.pi / 2, 2.0])
def test_a_skyrmion_whose_core_points_along_z_has_charge_1(periodic, helicity):
    mesh = Mesh((50, 48, 2), (2e-9, 2e-9, 1e-9), periodic)
    m = np.concatenate([skyrmion(mesh, core=core, helicity=helicity) for core in (1, -1)])
    assert m[0, 2, 0, 24, 25] > 0.9 > -0.9 > m[0, 2, 0, 0, 0]
    np.testing.assert_allclose(topological_charge(m, mesh), [1, -1], rtol=0, atol=1e-12)


def test_layers_without_magnet_do_not_count():
    mesh = Mesh((50, 48, 3), (2e-9, 2e-9, 1e-9))
    m = skyrmion(mesh, center=(4e-9, -2e-9))
    m[:, :, 1] = 0
    np.testing.assert_allclose(topological_charge(m, mesh), [1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(topological_center(m, mesh), [[4e-9, -2e-9]], rtol=0, atol=1e-6 * 2e-9)


def test_an_antiskyrmion_has_the_opposite_charge():
    mesh = Mesh((50, 50, 1), (2e-9, 2e-9, 1e-9))
    assert topological_charge(skyrmion(mesh, vorticity=-1), mesh) == pytest.approx([-1], abs=1e-12)


def test_random_spins_on_a_torus_have_an_integer_charge():
    mesh = Mesh((16, 12, 1), (2e-9, 2e-9, 1e-9), "xy")
    m = initial.random(mesh, seed=3, batch=5)
    charges = topological_charge(m, mesh)
    np.testing.assert_allclose(charges, np.round(charges), rtol=0, atol=1e-12)
    assert np.ptp(charges) > 0


def test_the_density_is_that_of_the_continuum():
    """(1/4π) m·(∂x m × ∂y m) of a slowly varying texture, in the middle, to second order."""
    errors = []
    for n in (20, 40):
        mesh = Mesh((n, n, 1), (80e-9 / n, 80e-9 / n, 1e-9))
        k = 2 * np.pi / 160e-9
        theta, phi = 0.5 * np.pi + 0.5 * np.sin(k * mesh.x), k * mesh.y + 0.3
        m = np.stack(np.broadcast_arrays(np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)))
        exact = np.sin(theta) * 0.5 * k * np.cos(k * mesh.x) * k / (4 * np.pi)
        density = topological_density(m[None], mesh)[0]
        errors.append(np.abs(density - exact)[:, 1:-1, 1:-1].max() / exact.max())
    assert errors[1] < 2e-3
    assert np.log2(errors[0] / errors[1]) > 1.7


def test_triangles_with_an_empty_cell_have_no_charge():
    mesh = Mesh((30, 30, 1), (2e-9, 2e-9, 1e-9))
    m = initial.random(mesh, seed=1)
    inside = (mesh.x**2 + mesh.y**2 < (20e-9) ** 2) * np.ones(mesh.shape)
    density = topological_density(m * inside, mesh)
    assert np.all(density[0][inside == 0] == 0)
    assert np.all(np.isfinite(density))


def test_centre_of_a_displaced_skyrmion():
    mesh = Mesh((80, 80, 1), (2e-9, 2e-9, 1e-9))
    centers = [(0.7e-9, -1.9e-9), (20.3e-9, 10e-9)]
    m = np.concatenate([skyrmion(mesh, center) for center in centers])
    np.testing.assert_allclose(topological_center(m, mesh), centers, rtol=0, atol=1e-5 * 2e-9)
    assert np.isnan(topological_center(initial.vortex(mesh) * 0 + [[[[[0]]], [[[0]]], [[[1]]]]], mesh)).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_angle_between_the_neighbours_of_a_helix(axis):
    cells = [1, 1, 1]
    cells[axis] = 30
    mesh = Mesh(cells, (1e-9, 2e-9, 3e-9))
    phase = 0.2 * np.arange(30).reshape([30 if axis == 2 - k else 1 for k in range(3)])
    m = np.stack([np.cos(phase), np.sin(phase), 0 * phase])[None]
    np.testing.assert_allclose(spin_angle(m, mesh), 0.2, rtol=1e-12)
    periodic = Mesh(cells, (1e-9, 2e-9, 3e-9), "xyz"[axis])
    assert spin_angle(m, periodic).max() == close(2 * np.pi - 29 * 0.2, rel=1e-12)  # from the last to the first


def test_nearly_antiparallel_and_nearly_parallel_neighbours():
    mesh = Mesh((2, 1, 1), (1e-9, 1e-9, 1e-9))
    for angle in (1e-9, np.pi - 1e-9):
        m = np.array([[1, np.cos(angle)], [0, np.sin(angle)], [0, 0]]).reshape(1, 3, 1, 1, 2)
        assert spin_angle(m, mesh).max() == close(angle, rel=1e-6)


@pytest.mark.parametrize("polarity", [1, -1])
def test_position_of_a_displaced_vortex_core(polarity):
    mesh = Mesh((60, 50, 2), (2e-9, 2.5e-9, 5e-9))
    center = (13.3e-9, -7.1e-9)
    m = initial.vortex(mesh, center, circulation=-1, polarity=polarity, core_radius=12e-9)
    disc = ((mesh.x / 58e-9) ** 2 + (mesh.y / 60e-9) ** 2 < 1) * np.full(mesh.shape, 8e5)
    magnet = Simulation(mesh, [], Ms=disc, m=m)
    np.testing.assert_allclose(evaluate(magnet, "vortex_core")[0], center, atol=1e-14)
    assert evaluate(magnet, "vortex_polarity") == polarity
    assert evaluate(magnet, "vortex_core.y") == evaluate(magnet, "vortex_core")[:, 1]


def test_a_core_at_the_border_is_at_the_centre_of_its_cell():
    mesh = Mesh((8, 8, 1), (2e-9, 2e-9, 5e-9))
    m = np.zeros((3, 1, 8, 8))
    m[0] = 1
    m[:, 0, 3, 0] = [0, 0, -1]
    magnet = Simulation(mesh, [], Ms=8e5, m=m)
    np.testing.assert_allclose(evaluate(magnet, "vortex_core"), [[-7e-9, -1e-9]])


def test_what_is_no_vortex_has_no_core():
    """A uniform film, a disc that the vortex has left, a film along its normal: a place was told all the same."""
    mesh = Mesh((24, 24, 1), (5e-9, 5e-9, 10e-9))
    disc = np.hypot(mesh.x, mesh.y) < 60e-9
    noise = np.random.default_rng(4).normal(size=(3, 1, 24, 24)) * 0.1
    bent = np.stack(np.broadcast_arrays(np.cos(mesh.y / 80e-9), np.sin(mesh.x * mesh.y / (80e-9) ** 2), 0 * mesh.x))
    for m in (np.array([1.0, 0, 0]), noise + np.array([1.0, 0, 0]).reshape(3, 1, 1, 1), bent, np.array([0, 0, 1.0])):
        magnet = Simulation(mesh, [], Ms=8e5, m=m, geometry=disc)
        for name in ("vortex_core.x", "vortex_core.y", "vortex_polarity"):
            assert np.isnan(evaluate(magnet, name))


def test_a_core_is_followed_to_the_border_and_past_a_dip_of_opposite_sign():
    mesh = Mesh((24, 24, 1), (5e-9, 5e-9, 10e-9))
    disc = np.hypot(mesh.x, mesh.y) < 60e-9
    for place in (0.0, 30e-9, 50e-9, 57.5e-9):
        m = initial.vortex(mesh, center=(place, 2.5e-9), core_radius=12e-9, polarity=-1)
        magnet = Simulation(mesh, [], Ms=8e5, m=m, geometry=disc)
        assert evaluate(magnet, "vortex_core.x") == pytest.approx(place, abs=1.5e-9)
        assert evaluate(magnet, "vortex_polarity") == -1
    m = initial.vortex(mesh, core_radius=12e-9)
    m[0, :, 0, 12, 19] = m[0, :, 0, 12, 19] * 0.1 + np.array([0, 0, -1.5])  # before a core is reversed there is a dip
    magnet = Simulation(mesh, [], Ms=8e5, m=m, geometry=disc)
    assert -magnet.m[0, 2].min() > magnet.m[0, 2].max()
    assert evaluate(magnet, "vortex_core.x") == pytest.approx(0, abs=1e-9)
    assert evaluate(magnet, "vortex_polarity") == 1
