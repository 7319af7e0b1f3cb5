import numpy as np
import pytest

from fdmag import initial
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
    np.testing.assert_allclose(m[:, 0, 15, 0], (1, 0, 0), rtol=0, atol=1e-12)
    assert m[2, 0, 0, 0] > 0.99
    assert m[2, 0, -1, 0] < -0.99
    s = (MESH.y.ravel() - 0.5e-9) / 2e-9
    np.testing.assert_allclose(m[2, 0, :, 0], -np.tanh(s), rtol=0, atol=1e-14)


def test_a_right_angled_wall_stays_normalised_and_finite():
    m = initial.wall(MESH, width=1e-12, before=(1, 0, 0), inside=(1, 1, 0), after=(0, 1, 0))
    np.testing.assert_allclose(lengths(m), 1)
