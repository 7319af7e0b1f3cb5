"""Uniaxial, cubic and interface anisotropy against closed forms."""

import numpy as np
import pytest

from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Driven, PerReplica
from fdmag.shapes import Box
from fdmag.signals import Pulse
from fdmag.simulation import Simulation
from fdmag.terms import CubicAnisotropy, InterfaceAnisotropy, UniaxialAnisotropy, Zeeman
from tests.closeness import close

ONE = Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9))
MS = 1e6
EDGE, FACE, SPACE = (1, 0, 0), (1, 1, 0), (1, 1, 1)  # of a cube


def density(terms, m):
    simulation = Simulation(ONE, terms, Ms=MS, m=m)
    return simulation.energy()[0] / ONE.cell_volume


@pytest.mark.parametrize(
    ("m", "expected"),
    [(EDGE, 0), (FACE, 4e4 / 4 + 2e4 / 16), (SPACE, 4e4 / 3 + 3e4 / 27 + 2e4 / 27), ((1, 2, 2), 4e4 * 24 / 81 +
      3e4 * 16 / 729 + 2e4 * (16 + 16 + 256) / 6561)],
)  # fmt: skip
def test_cubic_energy_of_directions(m, expected):
    assert density([CubicAnisotropy(Kc1=4e4, Kc2=3e4, Kc3=2e4)], m) == close(expected, rel=1e-12)


@pytest.mark.parametrize(("Kc1", "easy"), [(4e4, EDGE), (-4e4, SPACE)])
def test_easy_directions_of_iron_and_nickel(Kc1, easy):
    """With Kc1 > 0 m comes to rest along an edge of the cube, with Kc1 < 0 along a space diagonal."""
    rng = np.random.default_rng(1)
    start = rng.normal(size=(8, 3, 1, 1, 1))
    simulation = Simulation(ONE, [CubicAnisotropy(Kc1=Kc1)], Ms=MS, m=start)
    simulation.minimize(1e-8)
    found = np.sort(np.abs(simulation.average_m()), axis=1)
    np.testing.assert_allclose(found, np.broadcast_to(np.sort(easy) / np.linalg.norm(easy), (8, 3)), atol=1e-6)


def test_the_cube_may_be_turned():
    """With axes (1, 1, 0) and (−1, 1, 0) the direction (1, 1, 0) is an edge, and (1, 0, 0) a face diagonal."""
    turned = CubicAnisotropy(Kc1=4e4, axis1=(1, 1, 0), axis2=(-3, 3, 0))
    assert density([turned], FACE) == pytest.approx(0, abs=1e-9)
    assert density([turned], EDGE) == close(1e4)


@pytest.mark.parametrize("axis2", [(1, 1, 0), (1, 0, 0), (1e-5, 1, 0)])
def test_axes_that_are_not_perpendicular_are_refused(axis2):
    with pytest.raises(ParameterError, match=r"cubic_anisotropy.axis2: encloses .* degrees with axis1; allowed: 90"):
        Simulation(ONE, [CubicAnisotropy(Kc1=4e4, axis2=axis2)], Ms=MS)


def curvature(terms, rest, B):
    """Minus ∂²e/∂m² across m at rest, by fields: the stiffness matrix [T] of small deflections, less B·m."""
    rest = np.array(rest) / np.linalg.norm(rest)
    one = np.cross(rest, (0.3, 0.5, -0.8))
    one /= np.linalg.norm(one)
    axes = np.stack([one, np.cross(rest, one)])
    h = 1e-4
    simulation = Simulation(ONE, [*terms, Zeeman(B=tuple(B * rest))], Ms=MS)
    matrix = np.empty((2, 2))
    for k, axis in enumerate(axes):
        fields = []
        for sign in (1, -1):
            simulation.m = np.cos(h) * rest + sign * np.sin(h) * axis
            fields.append(simulation.effective_field()[0, :, 0, 0, 0])
        along = rest @ (fields[0] + fields[1]) / 2
        matrix[:, k] = -axes @ (fields[0] - fields[1]) / (2 * h)
        matrix[k, k] += along
    return matrix


@pytest.mark.parametrize(
    ("terms", "rest", "first", "second"),
    [
        # Smit and Beljers: ω = γ sqrt(first × second), with B added to each; B_1 = Kc1/Ms and so on.
        ([UniaxialAnisotropy(Ku1=3e4, Ku2=2e4)], (0, 0, 1), 2 * (3e4 + 2 * 2e4), 2 * (3e4 + 2 * 2e4)),
        ([UniaxialAnisotropy(Ku1=-3e4, Ku2=2e4)], (1, 0, 0), 0, 6e4),
        ([CubicAnisotropy(Kc1=4e4, Kc2=3e4)], EDGE, 8e4, 8e4),
        ([CubicAnisotropy(Kc1=4e4, Kc2=3e4)], FACE, -8e4, 4e4 + 3e4 / 2),
        ([CubicAnisotropy(Kc1=-4e4, Kc2=3e4)], SPACE, 4 / 3 * 4e4 - 4 / 9 * 3e4, 4 / 3 * 4e4 - 4 / 9 * 3e4),
    ],
)
def test_stiffness_of_resonance(terms, rest, first, second):
    """Closed forms of Smit and Beljers, Philips Res. Rep. 10, 113 (1955), for the directions of highest symmetry."""
    found = np.linalg.eigvalsh(curvature(terms, rest, B=0.5))
    np.testing.assert_allclose(found, np.sort([0.5 + first / MS, 0.5 + second / MS]), atol=1e-6)


def test_frequency_of_precession_about_a_face_diagonal():
    """ω = γ sqrt[(B − 2 Kc1/Ms)(B + Kc1/Ms + Kc2/2Ms)]."""
    B, Kc1, Kc2 = 0.5, 4e4, 3e4
    expected = GAMMA_E * np.sqrt((B - 2 * Kc1 / MS) * (B + (Kc1 + Kc2 / 2) / MS))
    rest = np.array(FACE) / np.sqrt(2)
    simulation = Simulation(
        ONE,
        [CubicAnisotropy(Kc1=Kc1, Kc2=Kc2), Zeeman(B=tuple(B * rest))],
        Ms=MS,
        alpha=0,
        m=rest + np.array((0, 0, 1e-4)),
    )
    simulation.run(np.pi / 2 / expected, tolerance=1e-10)
    assert simulation.average_m()[0, 2] == pytest.approx(0, abs=1e-8)  # a quarter of the period


def test_angle_of_the_easy_cone():
    """Easy cone: e = −Ku1 c² − Ku2 c⁴ with Ku1 > 0 and Ku2 < −Ku1/2 is lowest at c² = −Ku1/(2 Ku2)."""
    simulation = Simulation(ONE, [UniaxialAnisotropy(Ku1=3e4, Ku2=-3e4)], Ms=MS, m=(0.3, 0.1, 1))
    simulation.minimize(1e-9)
    assert simulation.average_m()[0, 2] == pytest.approx(np.sqrt(0.5), abs=1e-7)


# ---- interface anisotropy --------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 2, 5])
def test_a_film_has_the_same_energy_per_area_whatever_its_thickness(layers):
    mesh = Mesh((2, 2, layers), (5e-9, 5e-9, 0.4e-9))
    simulation = Simulation(mesh, [InterfaceAnisotropy(Ks=1.5e-3)], Ms=MS, m=(0, 0, 1))
    assert simulation.energy()[0] == close(-1.5e-3 * (10e-9) ** 2)
    equivalent = UniaxialAnisotropy(Ku1=1.5e-3 / (layers * 0.4e-9))
    np.testing.assert_allclose(
        simulation.effective_field(), Simulation(mesh, [equivalent], Ms=MS).effective_field(), rtol=1e-12
    )


def test_layers_apart_are_films_of_their_own():
    """Two, none and one layer of cells: each film has −Ks (m·n)² per area, also after Ms was set."""
    mesh = Mesh((1, 1, 5), (5e-9, 5e-9, 0.5e-9))
    Ms = np.array([MS, MS, 0, MS, MS]).reshape(mesh.shape)
    simulation = Simulation(mesh, [InterfaceAnisotropy(Ks=1e-3)], Ms=Ms)
    per_film = -1e-3 * 25e-18
    assert simulation.energy()[0] == close(2 * per_film)
    simulation.set("material.Ms", np.array([MS, MS, 0, MS, 0]).reshape(mesh.shape))
    assert simulation.energy()[0] == close(2 * per_film)
    np.testing.assert_allclose(simulation.effective_field()[0, 2, :, 0, 0], np.array([2, 2, 0, 4, 0]))


def test_a_region_chooses_the_layer_and_a_thickness_goes_before_the_mesh():
    mesh = Mesh((1, 1, 4), (5e-9, 5e-9, 0.5e-9))
    regions = {"free": Box((1, 1, 1e-9), center=(0, 0, 0.5e-9))}
    term = InterfaceAnisotropy(Ks={"free": 1e-3, "default": 0})
    simulation = Simulation(mesh, [term], Ms=MS, regions=regions)
    np.testing.assert_allclose(simulation.effective_field()[0, 2, :, 0, 0], [0, 0, 2, 2])
    given = Simulation(mesh, [InterfaceAnisotropy(Ks=1e-3, thickness=4e-9)], Ms=MS)
    np.testing.assert_allclose(given.effective_field()[0, 2], 0.5)


def test_the_normal_may_be_another_axis_and_else_needs_a_thickness():
    mesh = Mesh((4, 1, 1), (0.5e-9, 5e-9, 5e-9))
    simulation = Simulation(mesh, [InterfaceAnisotropy(Ks=1e-3, normal=(-1, 0, 0))], Ms=MS, m=(1, 0, 0))
    np.testing.assert_allclose(simulation.effective_field()[0, 0], 1.0)
    with pytest.raises(ParameterError, match=r"give interface_anisotropy\.thickness"):
        Simulation(mesh, [InterfaceAnisotropy(Ks=1e-3, normal=(1, 1, 0))], Ms=MS)
    Simulation(mesh, [InterfaceAnisotropy(Ks=1e-3, normal=(1, 1, 0), thickness=2e-9)], Ms=MS)


def test_a_voltage_shifts_the_anisotropy_field():
    """B_K grows by 2 ξ V/(Ms t t_ox): here 2 × 60 fJ/(V m) × 1 V/(1 MA/m × 1 nm × 1.2 nm) = 0.1 T."""
    mesh = Mesh((1, 1, 1), (5e-9, 5e-9, 1e-9))
    term = InterfaceAnisotropy(Ks=1e-3, xi=60e-15, voltage=PerReplica([-1, 0, 1]), t_ox=1.2e-9)
    simulation = Simulation(mesh, [term], Ms=MS, m=(0, 0, 1))
    np.testing.assert_allclose(simulation.effective_field()[:, 2].ravel(), [1.9, 2.0, 2.1], rtol=1e-12)


def test_a_positive_voltage_strengthens_the_perpendicular_anisotropy_while_it_is_on():
    pulse = Driven(1.0, Pulse(length=1e-9, start=1e-9))
    mesh = Mesh((1, 1, 1), (5e-9, 5e-9, 1e-9))
    simulation = Simulation(mesh, [InterfaceAnisotropy(xi=60e-15, voltage=pulse, t_ox=1.2e-9)], Ms=MS, m=(0, 0, 1))
    fields = []
    for t in (0.5e-9, 1.5e-9, 2.5e-9):
        simulation.t = t
        fields.append(simulation.effective_field()[0, 2, 0, 0, 0])
    np.testing.assert_allclose(fields, [0, 0.1, 0], rtol=0, atol=1e-15)


def test_a_coefficient_without_an_oxide_is_refused():
    with pytest.raises(ParameterError, match=r"interface_anisotropy.t_ox = 0 m; with xi allowed: above 0 m"):
        Simulation(ONE, [InterfaceAnisotropy(xi=1e-13, voltage=1)], Ms=MS)
