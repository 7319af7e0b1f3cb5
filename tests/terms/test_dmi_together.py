"""Film normals of any direction, and DMIs of several symmetries in one magnet, against closed forms."""

from functools import partial

import numpy as np
import pytest

from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import BulkDMI, D2dDMI, Exchange, InterfacialDMI, UniaxialAnisotropy
from validation.measure import order

A, K, MS = 13e-12, 4e5, 8.6e5
INTERFACIAL, BULK, D2D = 1.5e-3, 0.8e-3, 0.6e-3
NORMALS = [(0, 0, 1), (1, 0, 0), (0, -1, 0), (1, 2, 2), (-3, 1, 0.5)]
# The reference alone: its kernels are compared in tests/test_kernels.py, with normals that differ in every cell.
Simulation = partial(Simulation, device="numpy")


@pytest.fixture(autouse=True)
def _every_device():
    """Do not run every test on each device."""


def spiral(axis, about, start, cells=24, size=2e-9):
    """m turning once along an axis of a periodic mesh, from ``start``, right-handed about a unit vector across it."""
    counts = [1, 1, 1]
    counts[axis] = cells
    angle = 2 * np.pi * np.arange(cells) / cells
    m = np.multiply.outer(start, np.cos(angle)) + np.multiply.outer(np.cross(about, start), np.sin(angle))
    mesh = Mesh(counts, (size,) * 3, "xyz")
    return mesh, m.reshape(3, *mesh.shape)


def across(vector):
    """A unit vector across another."""
    other = np.cross(vector, np.eye(3)[np.argmin(np.abs(vector))])
    return other / np.linalg.norm(other)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("normal", NORMALS)
def test_any_film_normal(normal, axis):
    """D (n × e_k)·(m × ∂_k m): a spiral along k about any w has the energy density D (n × e_k)·w sin(φ)/Δ."""
    n = np.array(normal) / np.linalg.norm(normal)
    for about in ((0, 0, 1.0), (0.6, 0.8, 0), (-2 / 3, 1 / 3, 2 / 3)):
        mesh, m = spiral(axis, np.array(about), across(np.array(about)))
        energy = Simulation(mesh, [InterfacialDMI(D=INTERFACIAL, A=A, normal=normal)], Ms=MS, m=m).energy()[0]
        expected = INTERFACIAL * np.cross(n, np.eye(3)[axis]) @ about * np.sin(2 * np.pi / 24) / 2e-9 * 24 * 8e-27
        assert energy == pytest.approx(expected, rel=1e-12, abs=1e-33)


def three(**options):
    return [
        InterfacialDMI(D=INTERFACIAL, **options), BulkDMI(D=BULK, **options), D2dDMI(D=D2D, **options)
    ]  # fmt: skip


VECTORS = [np.array([-BULK + D2D, INTERFACIAL, 0]), np.array([-INTERFACIAL, -BULK - D2D, 0]), np.array([0, 0, -BULK])]
"""d_x, d_y, d_z of the three together: D_i z × e_k − D_b e_k + D_2 (x x_k − y y_k)."""


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_three_symmetries_favour_the_spiral_about_the_sum_of_their_vectors(axis):
    """m turning against d, by φ per cell, gains |d| sin(φ)/Δ; about a direction across d it gains nothing."""
    d = VECTORS[axis]
    length = np.linalg.norm(d)
    for about, share in ((-d / length, -1), (across(d), 0)):
        mesh, m = spiral(axis, about, across(about))
        energy = Simulation(mesh, three(A=A), Ms=MS, m=m).energy()[0]
        expected = share * length * np.sin(2 * np.pi / 24) / 2e-9 * 24 * 8e-27
        assert energy == pytest.approx(expected, rel=1e-12, abs=1e-33)


def test_three_symmetries_tilt_an_edge_by_the_sum_of_their_vectors():
    """At the ends of a long wire sin θ = |d_x| / (2 sqrt(AK)), in the plane across d_x, to first order in the cell."""
    d, width = VECTORS[0], np.sqrt(A / K)
    sine, sizes, errors = np.linalg.norm(d) / (2 * np.sqrt(A * K)), [2e-9, 1e-9, 0.5e-9], []
    for size in sizes:
        cells = round(100e-9 / size)
        mesh = Mesh((cells, 1, 1), (size,) * 3, "yz")
        simulation = Simulation(mesh, [Exchange(A=A), UniaxialAnisotropy(Ku1=K), *three()], Ms=MS, m=(0.01, 0.01, 1))
        simulation.minimize(1e-7)
        n = cells // 6
        m = simulation.m[0, :, 0, 0, :n]
        theta = 2 * np.arctan(np.tan(np.arcsin(sine) / 2) * np.exp(-(np.arange(n) + 0.5) * size / width))
        towards = np.cross(d, [0, 0, 1]) / np.linalg.norm(d)  # -∂m/∂x = d × m / (2A)
        expected = np.multiply.outer(towards, np.sin(theta)) + np.multiply.outer([0, 0, 1], np.cos(theta))
        errors.append(np.abs(m - expected).max())
    assert order(sizes, errors) > 0.8
    assert errors[-1] < 0.02


def test_layers_of_other_normals_and_strengths_in_one_magnet():
    """Two films, one on the other with an empty layer between: each has the energy of its own spiral."""
    mesh = Mesh((24, 1, 3), (2e-9,) * 3, "xy")
    angle = 2 * np.pi * np.arange(24) / 24
    m = np.zeros((3, *mesh.shape))
    m[2], m[0] = np.cos(angle), np.sin(angle)
    regions = {
        "upper": np.broadcast_to(mesh.z > 1e-9, mesh.shape),
        "gap": np.broadcast_to(abs(mesh.z) < 1e-9, mesh.shape),
    }
    normal = {"default": (0, 0, 1), "gap": (0, 0, 1), "upper": (0, 0, -1)}
    term = InterfacialDMI(D={"default": 1e-3, "gap": 0.0, "upper": 3e-3}, A=A, normal=normal)
    Ms = {"default": MS, "gap": 0.0, "upper": 2 * MS}
    simulation = Simulation(mesh, [term], Ms=Ms, m=m, regions=regions)
    layers = simulation.energy_density("interfacial_dmi")[0].sum(axis=(1, 2)) / 24
    np.testing.assert_allclose(layers, np.array([1e-3, 0, -3e-3]) * np.sin(2 * np.pi / 24) / 2e-9, rtol=1e-12)
