"""Oersted fields: signs in words, Ampère's law, and the terms against each other."""

import numpy as np
import pytest

from fdmag.constants import MU_0
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Driven, PerReplica, Sum
from fdmag.shapes import Cylinder
from fdmag.signals import Pulse, Sine
from fdmag.simulation import Simulation
from fdmag.terms import Oersted, OerstedCylinder, OerstedWire
from tests.closeness import close

MESH = Mesh((33, 33, 1), (4e-9, 4e-9, 2e-9))
RIGHT = (0, slice(None), 0, 16, 28)  # 48 nm from the centre towards +x


def field(*terms, mesh=MESH, **options):
    return Simulation(mesh, terms, Ms=8e5, **options).effective_field()


def test_current_along_z_makes_a_field_counter_clockwise_seen_against_it():
    """At a place towards +x from the axis B points along +y, inside and outside."""
    B = field(OerstedCylinder(J=1e12, radius=40e-9))
    np.testing.assert_allclose(B[RIGHT], [0, MU_0 * 1e12 * (40e-9) ** 2 / (2 * 48e-9), 0], rtol=1e-12, atol=1e-18)
    np.testing.assert_allclose(B[0, :, 0, 16, 20], [0, MU_0 * 1e12 * 16e-9 / 2, 0], rtol=1e-12, atol=1e-18)
    np.testing.assert_allclose(B[0, :, 0, 20, 16], [-MU_0 * 1e12 * 16e-9 / 2, 0, 0], rtol=1e-12, atol=1e-18)
    assert not B[0, :, 0, 16, 16].any()


def test_current_along_x_makes_a_field_along_minus_y_above_the_wire():
    mesh = Mesh((3, 3, 21), (4e-9, 4e-9, 4e-9))
    B = field(OerstedWire(J=1e12, width=20e-9, height=4e-9, center=(0, 0, -60e-9)), mesh=mesh)
    assert np.all(B[0, 1] < 0)
    assert np.abs(B[0, 1, -1, 1, 1]) == close(MU_0 * 1e12 * 80e-18 / (2 * np.pi * 100e-9), rel=5e-3)


@pytest.mark.parametrize("direction", [(0, 0, 1), (0, 1, 0), (-1, 0, 0), (1, 2, -2)])
def test_circulation_around_any_direction_is_the_current(direction):
    """∮ B·dl = µ0 J π R² for a circle about the axis, by the field of a unit of J at the places of the circle."""
    d = np.array(direction) / np.linalg.norm(direction)
    one = np.cross(d, (0.3, 0.5, 0.8))
    one /= np.linalg.norm(one)
    other = np.cross(d, one)
    angles = 2 * np.pi * np.arange(400) / 400
    circle = np.outer(one, np.cos(angles)) + np.outer(other, np.sin(angles))
    tangent = np.cross(d, circle, axis=0)
    cylinder = OerstedCylinder(J=1, radius=20e-9, direction=direction)
    wire = OerstedWire(J=1, width=30e-9, height=12e-9, direction=direction, up=other)
    for term, area in ((cylinder, np.pi * 400e-18), (wire, 360e-18)):
        bound = Simulation(MESH, [term], Ms=8e5).terms[term.name]
        B = bound.field_of_one(50e-9 * circle.reshape(1, 3, 1, 1, -1)).reshape(3, -1)
        loop = np.mean(np.sum(B * tangent, axis=0)) * 2 * np.pi * 50e-9
        assert loop / MU_0 == close(area, rel=1e-9)


def test_a_pillar_by_its_closed_form_and_by_its_current_map():
    """To the staircase of its surface, a cell of 4 nm in a radius of 40 nm; six cells outside to 0.5 %."""
    regions = {"pillar": Cylinder(diameter=80e-9)}
    J = {"pillar": (0, 0, 1e12), "default": (0, 0, 0)}
    by_map = field(Oersted(J=J, endless="z"), regions=regions)
    exact = field(OerstedCylinder(J=1e12, radius=40e-9))
    area = Simulation(MESH, [], Ms=8e5, regions=regions).regions.mask("pillar").sum() * 16e-18
    same_current = by_map * (np.pi * 1600e-18 / area)
    assert np.abs(same_current - exact).max() < 0.1 * np.abs(exact).max()
    outside = (0, slice(None), 0, 16, 32)
    np.testing.assert_allclose(same_current[outside], exact[outside], atol=5e-3 * exact[outside][1])


def test_current_inside_the_mesh_alone_has_a_weaker_field_than_with_its_leads():
    J = np.zeros((3, *MESH.shape))
    J[2, :, 14:19, 14:19] = 1e12
    alone, with_leads = (field(Oersted(J=J, endless=endless)) for endless in ("", "z"))
    assert 0 < alone[RIGHT][1] < 0.1 * with_leads[RIGHT][1]


def test_a_signal_multiplies_the_field_and_a_sum_adds_it_up():
    x, y = np.zeros((2, 3, *MESH.shape))
    x[2, 0, 10, 10], y[0, 0, 20, 20] = 1e12, 2e12
    drives = Driven(x, Pulse(length=1e-9)), Driven(y, Sine(1e9))
    fixed = [field(Oersted(J=J)) for J in (x, y)]
    function = lambda t: (1e9 * t)[:, None, None, None, None] * x  # noqa: E731
    magnet = Simulation(MESH, [Oersted(J=Sum(*drives)), Oersted(J=function)], Ms=8e5)
    for t in (0.1e-9, 1.2e-9):
        magnet.t = t
        expected = drives[0].signal(np.array(t)) * fixed[0] + drives[1].signal(np.array(t)) * fixed[1]
        np.testing.assert_allclose(magnet.effective_field("oersted"), expected, rtol=1e-12, atol=1e-18)
        np.testing.assert_allclose(magnet.effective_field("oersted_2"), 1e9 * t * fixed[0], rtol=1e-12, atol=1e-18)


def test_a_current_may_be_set_and_differ_between_replicas():
    magnet = Simulation(
        MESH, [OerstedCylinder(J=PerReplica([1e12, -2e12]), radius=40e-9), Oersted(J=(0, 0, 0))], Ms=8e5
    )
    before = magnet.effective_field("oersted_cylinder")
    np.testing.assert_allclose(before[1], -2 * before[0])
    assert not magnet.effective_field("oersted").any()
    magnet.set("oersted_cylinder.radius", 20e-9)
    np.testing.assert_allclose(
        magnet.effective_field("oersted_cylinder")[RIGHT], before[RIGHT] / 4, rtol=1e-12, atol=1e-18
    )
    magnet.set("oersted.J", (0, 0, 1e12))
    assert magnet.effective_field("oersted").any()


def test_impossible_conductors_are_refused():
    with pytest.raises(ParameterError, match=r"oersted_wire.up: lies along the wire"):
        Simulation(MESH, [OerstedWire(J=1, width=1e-8, height=1e-8, direction=(0, 0, 1))], Ms=8e5)
    J = np.zeros((3, *MESH.shape))
    J[0, 0, 0, 3] = 1
    with pytest.raises(ParameterError, match=r"oersted.J: the current density varies along x"):
        Simulation(MESH, [Oersted(J=J, endless="x")], Ms=8e5)
    with pytest.raises(ParameterError, match=r"radius of the wire = 0 m is impossible"):
        Simulation(MESH, [OerstedCylinder(J=1, radius=0)], Ms=8e5)
