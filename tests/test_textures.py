"""Skyrmions, vortices, helices and walls: topological charge, signs in words, profiles, periodic images."""

import numpy as np
import pytest

from fdmag import Simulation, initial
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.terms import BulkDMI, InterfacialDMI

NM = 1e-9
MESH = Mesh((101, 91, 1), (NM, NM, NM))


def topological_charge(m):
    """Sum of the solid angles of the triangles between cell centres, over 4π (van Oosterom and Strackee, 1983)."""

    def solid_angle(a, b, c):
        volume = np.einsum("i...,i...", a, np.cross(b, c, axis=0))

        def dot(u, v):
            return np.einsum("i...,i...", u, v)

        return 2 * np.arctan2(volume, 1 + dot(a, b) + dot(b, c) + dot(c, a))

    a, b, c, d = m[:, :-1, :-1], m[:, :-1, 1:], m[:, 1:, 1:], m[:, 1:, :-1]
    return (solid_angle(a, b, c) + solid_angle(a, c, d)).sum() / (4 * np.pi)


@pytest.mark.parametrize("style", ["neel", "bloch"])
@pytest.mark.parametrize("polarity", [1, -1])
@pytest.mark.parametrize("chirality", [1, -1])
@pytest.mark.parametrize("charge", [None, 1, -1, 2])
def test_the_charge_of_a_skyrmion_is_as_told(style, polarity, chirality, charge):
    m = initial.skyrmion(MESH, 15 * NM, 3 * NM, style, (2 * NM, -NM), polarity, chirality, charge)[0]
    np.testing.assert_allclose(np.linalg.norm(m, axis=0), 1, atol=1e-12)
    assert topological_charge(m[:, 0]) == pytest.approx(polarity if charge is None else charge, abs=2e-3)
    assert polarity * m[2, 0, 44, 52] > 0.99
    assert polarity * m[2, 0, 0, 0] < -0.99
    on_radius = m[:, 0, 44, 52 + 15]
    assert abs(on_radius[2]) < 1e-12


@pytest.mark.parametrize("polarity", [1, -1])
def test_a_vortex_has_half_a_charge(polarity):
    for texture, sign in ((initial.vortex, 1), (initial.antivortex, -1)):
        m = texture(MESH, polarity=polarity)[0, :, 0]
        # Outside the core m lies in the plane, so that the charge is the winding number times half the polarity.
        assert topological_charge(m) == pytest.approx(sign * polarity / 2, abs=1e-9)


def test_an_antivortex_points_out_along_x_and_in_along_y():
    m = initial.antivortex(MESH, core_radius=5 * NM)[0, :, 0]
    assert m[0, 45, -1] > 0.99
    assert m[0, 45, 0] < -0.99
    assert m[1, -1, 50] < -0.99
    assert m[1, 0, 50] > 0.99


@pytest.mark.parametrize(("style", "term"), [("neel", InterfacialDMI), ("bloch", BulkDMI)])
@pytest.mark.parametrize(
    "texture",
    [
        lambda style, c: initial.skyrmion(MESH, 20 * NM, 5 * NM, style, chirality=c),
        lambda style, c: initial.skyrmion(MESH, 20 * NM, 5 * NM, style, chirality=c, polarity=-1),
        lambda style, c: initial.helix(MESH, 30 * NM, style=style, chirality=c),
        lambda style, c: initial.helix(MESH, 30 * NM, (1, 2, 0), style, chirality=c, phase=1.0),
        lambda style, c: initial.walls(MESH, [-20 * NM, 10 * NM], style=style, chirality=c),
        lambda style, c: initial.walls(MESH, [0], "y", style=style, normal=(0, 0, -1), chirality=c),
    ],
    ids=["skyrmion up", "skyrmion down", "helix", "oblique helix", "walls", "wall across y"],
)
def test_positive_d_favours_chirality_1(style, term, texture):
    simulation = Simulation(MESH, [term(D=3e-3, A=1e-11, boundary="free")], Ms=8e5)
    energies = []
    for chirality in (1, -1):
        simulation.m = texture(style, chirality)
        energies.append(simulation.energy()[0])
    assert energies[0] < 0 < energies[1]
    assert energies[0] == pytest.approx(-energies[1], rel=1e-6)


def test_the_wall_of_a_neel_skyrmion_points_to_the_domain_along_z():
    for polarity in (1, -1):
        m = initial.skyrmion(MESH, 15 * NM, 3 * NM, polarity=polarity)[0, :, 0]
        assert polarity * m[0, 45, 50 + 15] < -0.99


def test_a_skyrmion_in_the_corner_of_a_periodic_mesh_is_whole():
    mesh = Mesh((60, 60, 1), (NM, NM, NM), periodic="xy")
    middle = initial.skyrmion(mesh, 10 * NM, 2 * NM)
    corner = initial.skyrmion(mesh, 10 * NM, 2 * NM, center=(30 * NM, 30 * NM))
    np.testing.assert_allclose(np.roll(corner, (30, 30), axis=(-2, -1)), middle, atol=1e-9)


def test_a_wide_and_a_tiny_wall_stay_finite():
    for radius, width in ((1e-6, 1e-12), (1e-12, 1e-6), (20e-9, 1e-15)):
        m = initial.skyrmion(MESH, radius, width)
        np.testing.assert_allclose(np.linalg.norm(m, axis=1), 1)


def test_a_bloch_helix_is_a_right_handed_screw():
    m = initial.helix(Mesh((8, 1, 1), (NM, NM, NM)), 8 * NM)[0, :, 0, 0]
    turns = np.cross(m[:, :-1], m[:, 1:], axis=0)
    np.testing.assert_allclose(turns[0], np.sin(np.pi / 4))
    np.testing.assert_allclose(turns[1:], 0, atol=1e-14)


@pytest.mark.parametrize("style", ["bloch", "neel"])
def test_one_wall_has_the_profile_of_the_exact_solution(style):
    m = initial.walls(MESH, [3 * NM], width=4 * NM, style=style)[0, :, 0, 0]
    s = (MESH.x.ravel() - 3 * NM) / (4 * NM)
    np.testing.assert_allclose(m[2], -np.tanh(s), atol=1e-12)
    across = m[0] if style == "neel" else m[1]
    np.testing.assert_allclose(across, -1 / np.cosh(s), atol=1e-12)  # D > 0: to the +z side; right-handed


def test_a_pair_of_walls_is_periodic_and_winds_if_the_chirality_is_the_same():
    mesh = Mesh((200, 1, 1), (NM, NM, NM), periodic="x")
    for chirality, turns in ((1, 1), ([1, -1], 0)):
        m = initial.walls(mesh, [-90 * NM, 20 * NM], "x", 4 * NM, chirality=chirality)[0, :, 0, 0]
        around = np.concatenate([m, m[:, :1]], axis=1)
        angle = np.unwrap(np.arctan2(-around[1], around[2]))
        assert (angle[-1] - angle[0]) / (2 * np.pi) == pytest.approx(turns, abs=1e-9)
        assert np.abs(np.diff(angle)).max() < 0.3
        shifted = initial.walls(mesh, [-60 * NM, 50 * NM], "x", 4 * NM, chirality=chirality)[0, :, 0, 0]
        np.testing.assert_allclose(np.roll(m, 30, axis=1), shifted, atol=1e-9)


def test_walls_across_a_periodic_axis_come_in_pairs():
    with pytest.raises(ParameterError, match="an even number"):
        initial.walls(Mesh((9, 1, 1), (NM, NM, NM), "x"), [0])
