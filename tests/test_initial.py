import numpy as np
import pytest

from fdmag import initial
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh

MESH = Mesh((40, 30, 2), (1e-9, 1e-9, 1e-9))


def lengths(m):
    return np.linalg.norm(m, axis=1)


def test_random_directions_are_even_and_repeatable():
    m = initial.random(MESH, seed=7, batch=3)
    np.testing.assert_allclose(lengths(m), 1)
    # of 2400 vectors, each component has mean 0 ± 1 / sqrt(3 · 2400) and mean square 1/3
    mean = m.reshape(3, 3, -1).mean(axis=2)
    assert np.abs(mean).max() < 5 / np.sqrt(3 * 2400)
    assert (m.reshape(3, 3, -1) ** 2).mean(axis=2) == pytest.approx(np.full((3, 3), 1 / 3), abs=0.05)
    np.testing.assert_array_equal(m[:2], initial.random(MESH, seed=7, batch=2))
    assert (m[0] != m[1]).any()
    assert (initial.random(MESH, seed=8)[0] != m[0]).any()


@pytest.mark.parametrize("circulation", [1, -1])
@pytest.mark.parametrize("polarity", [1, -1])
def test_a_vortex_turns_counter_clockwise_and_points_up_unless_told(circulation, polarity):
    m = initial.vortex(MESH, circulation=circulation, polarity=polarity, core_radius=5e-9)[0]
    np.testing.assert_allclose(np.linalg.norm(m, axis=0), 1)
    right = m[:, 0, 15, -1]
    assert circulation * right[1] > 0.9
    assert polarity * m[2, 0, 15, 20] > 0.9
    assert not m[2, 0, 0, 0]


def test_a_wall_passes_through_its_middle_direction():
    m = initial.wall(MESH, axis="y", position=0.5e-9, width=2e-9, inside=(1, 0, 0))[0]
    np.testing.assert_allclose(np.linalg.norm(m, axis=0), 1)
    np.testing.assert_allclose(m[:, 0, 15, 0], (1, 0, 0), atol=1e-12)
    assert m[2, 0, 0, 0] > 0.99
    assert m[2, 0, -1, 0] < -0.99
    s = (MESH.y.ravel() - 0.5e-9) / 2e-9
    np.testing.assert_allclose(m[2, 0, :, 0], -np.tanh(s), atol=1e-14)


def test_a_right_angled_wall_stays_normalised_and_finite():
    m = initial.wall(MESH, width=1e-12, before=(1, 0, 0), inside=(1, 1, 0), after=(0, 1, 0))
    np.testing.assert_allclose(lengths(m), 1)


NAN = float("nan")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: initial.random(MESH, seed=-1), "random: seed = -1; an integer from 0"),
        (lambda: initial.random(MESH, seed=1.5), "random: seed = 1.5"),
        (lambda: initial.random(MESH, seed=1, batch=0), "random: batch = 0; an integer from 1"),
        (lambda: initial.vortex(MESH, circulation=2), "vortex: circulation = 2; allowed: 1, -1"),
        (lambda: initial.vortex(MESH, polarity=0), "vortex: polarity = 0; allowed: 1, -1"),
        (lambda: initial.vortex(MESH, polarity=True), "vortex: polarity = True"),
        (lambda: initial.vortex(MESH, core_radius=0), "vortex: core_radius = 0; a length above 0 m"),
        (lambda: initial.vortex(MESH, center=(0, 0, 0)), r"vortex: center = \(0, 0, 0\); 2 finite"),
        (lambda: initial.vortex(MESH, center=(NAN, 0)), "vortex: center"),
        (lambda: initial.antivortex(MESH, angle=NAN), "antivortex: angle = nan; one finite number"),
        (lambda: initial.antivortex(MESH, polarity=-2), "antivortex: polarity = -2"),
        (lambda: initial.skyrmion(MESH, radius=0), "skyrmion: radius = 0"),
        (lambda: initial.skyrmion(MESH, radius=5e-9, width=-1e-9), "skyrmion: width"),
        (lambda: initial.skyrmion(MESH, radius=5e-9, polarity=0.5), "skyrmion: polarity = 0.5"),
        (lambda: initial.skyrmion(MESH, radius=5e-9, chirality=0), "skyrmion: chirality = 0"),
        (lambda: initial.skyrmion(MESH, radius=5e-9, charge=0), "skyrmion: charge = 0; an integer other than 0"),
        (lambda: initial.skyrmion(MESH, radius=5e-9, charge=1.5), "skyrmion: charge = 1.5"),
        (lambda: initial.skyrmion(MESH, radius=5e-9, style="nel"), 'skyrmion: style = .*did you mean "neel"'),
        (lambda: initial.helix(MESH, period=0), "helix: period = 0"),
        (lambda: initial.helix(MESH, period=5e-9, chirality=3), "helix: chirality = 3"),
        (lambda: initial.helix(MESH, period=5e-9, phase=NAN), "helix: phase"),
        (lambda: initial.helix(MESH, period=5e-9, direction=(0, 0, 0)), "helix: direction = .*zero length"),
        (lambda: initial.helix(MESH, period=5e-9, normal=(2, 0, 0)), "helix: direction = .*are parallel"),
        (lambda: initial.walls(MESH, [0], axis="q"), "walls: axis = 'q'; allowed: x, y, z"),
        (lambda: initial.walls(MESH, [0], width=0), "walls: width = 0"),
        (lambda: initial.walls(MESH, []), r"walls: 0 position\(s\)"),
        (lambda: initial.walls(MESH, [NAN]), "walls: positions"),
        (lambda: initial.walls(MESH, [0], chirality=2), "walls: chirality = 2; allowed: 1, -1"),
        (lambda: initial.walls(MESH, [0, 1e-9], chirality=[1]), r"walls: 2 position\(s\), chirality = \[1\]"),
        (lambda: initial.wall(MESH, axis="q"), "wall: axis = 'q'; allowed: x, y, z"),
        (lambda: initial.wall(MESH, axis=0), "wall: axis = 0; allowed: x, y, z"),
        (lambda: initial.wall(MESH, width=0), "wall: width = 0; a length above 0 m"),
        (lambda: initial.wall(MESH, position=NAN), "wall: position = nan"),
        (lambda: initial.wall(MESH, inside=(0, 0, 0)), "wall: inside = .*zero length"),
        (lambda: initial.wall(MESH, before=(0, 1)), r"wall: before = \(0, 1\); 3 finite"),
        (lambda: initial.wall(MESH, inside=(0, 0, -3)), "wall: before = .*cancel each other; give an inside across"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
