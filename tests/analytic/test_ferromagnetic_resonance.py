import numpy as np
import pytest

from fdmag.analytic.ferromagnetic_resonance import (
    kittel_ellipsoid,
    kittel_film_in_plane,
    kittel_film_out_of_plane,
    kittel_sphere,
)
from fdmag.constants import GAMMA_E, MU_0
from fdmag.errors import ParameterError
from tests.closeness import close

MS = 8e5


def linearised_frequency(B, N, axes=()):
    """Numerical Jacobian of dm/dt = -γ m × B(m) about m = z; ``axes`` holds (direction, B_K) pairs."""

    def rate(m):
        total = np.array([0, 0, B]) - MU_0 * MS * np.asarray(N) * m
        for direction, strength in axes:
            u = np.asarray(direction, dtype=float)
            total = total + strength * (m @ u) * u
        return -GAMMA_E * np.cross(m, total)

    z, step = np.array([0.0, 0.0, 1.0]), 1e-6
    jacobian = np.array([(rate(z + step * e) - rate(z - step * e))[:2] for e in np.eye(3)[:2]]).T / (2 * step)
    values = np.linalg.eigvals(jacobian)
    assert np.max(np.abs(values.real)) < 1e-6 * np.max(np.abs(values))
    return np.max(values.imag)


@pytest.mark.parametrize("N", [(1 / 3, 1 / 3, 1 / 3), (0.2, 0.5, 0.3), (1, 0, 0), (0, 1, 0)])
def test_ellipsoid(N):
    assert kittel_ellipsoid(0.6, MS, N) == close(linearised_frequency(0.6, N), rel=1e-8)


@pytest.mark.parametrize(
    ("direction", "transverse"), [((0, 0, 1), (0.3, 0.3)), ((1, 0, 0), (-0.3, 0)), ((0, 1, 0), (0, -0.3))]
)
def test_anisotropy(direction, transverse):
    N = (0.2, 0.5, 0.3)
    expected = linearised_frequency(0.6, N, [(direction, 0.3)])
    assert kittel_ellipsoid(0.6, MS, N, transverse) == close(expected, rel=1e-8)


def test_films_and_sphere():
    in_plane = linearised_frequency(0.2, (1, 0, 0), [((1, 0, 0), 0.4), ((0, 0, 1), 0.05)])
    assert kittel_film_in_plane(0.2, MS, 0.4, 0.05) == close(in_plane, rel=1e-8)
    out_of_plane = linearised_frequency(0.9, (0, 0, 1), [((0, 0, 1), 0.4)])
    assert kittel_film_out_of_plane(0.9, MS, 0.4) == close(out_of_plane, rel=1e-8)
    sphere = linearised_frequency(0.2, (1 / 3, 1 / 3, 1 / 3), [((0, 0, 1), 0.1)])
    assert kittel_sphere(0.2, 0.1) == close(sphere, rel=1e-8)


def test_permalloy_in_plane_by_hand():
    # µ0 Ms = 1.0053 T: f = 28.02495 GHz/T · sqrt(0.1 · 1.1053) T
    assert kittel_film_in_plane(0.1, MS) / (2 * np.pi) == close(28.02495e9 * np.sqrt(0.1 * 1.10531), rel=1e-5)


def test_broadcasts():
    B = np.array([0.1, 0.2, 0.3])
    frequencies = kittel_film_in_plane(B, [[MS], [2 * MS]], B_perpendicular=0.1)
    assert frequencies.shape == (2, 3)
    assert frequencies[1, 2] == kittel_film_in_plane(0.3, 2 * MS, 0.1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: kittel_film_out_of_plane(0.5, MS),
        lambda: kittel_film_in_plane(0.1, MS, B_perpendicular=1.5),
        lambda: kittel_film_in_plane([0.1, -0.1], MS),
        lambda: kittel_sphere(-0.2, 0.1),
        lambda: kittel_sphere(-2, 0.1),
        lambda: kittel_sphere(np.nan),
    ],
)
def test_no_frequency_for_an_unstable_state(call):
    with pytest.raises(ParameterError, match="unstable"):
        call()


def test_factors_have_sum_one():
    with pytest.raises(ParameterError, match="sum 1"):
        kittel_ellipsoid(0.1, MS, [1, 1, 1])
