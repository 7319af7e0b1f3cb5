import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from fdmag.analytic.macrospin import macrospin_trajectory, precession_frequency
from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError
from tests.closeness import close


def integrate(t, m0, B, alpha, gamma=GAMMA_E):
    """Solve the implicit Gilbert equation as it stands: (1 - α m×) dm/dt = -γ m × B."""

    def cross(v):
        return np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])

    def rate(_, m):
        return np.linalg.solve(np.eye(3) - alpha * cross(m), -gamma * np.cross(m, B))

    return solve_ivp(rate, (0, t[-1]), m0, t_eval=t, rtol=1e-11, atol=1e-12, method="DOP853").y.T


@pytest.mark.parametrize("alpha", [0.0, 0.02, 0.5, 2.0])
def test_against_numerical_integration(alpha):
    rng = np.random.default_rng(7)
    m0, B = rng.normal(size=3), 0.1 * rng.normal(size=3)
    m0 /= np.linalg.norm(m0)
    t = np.linspace(0, 2e-9, 12)
    np.testing.assert_allclose(macrospin_trajectory(t, m0, B, alpha), integrate(t, m0, B, alpha), rtol=0, atol=2e-9)


def test_turns_counter_clockwise_seen_from_the_tip_of_the_field():
    B = np.array([0.0, 0.0, 0.3])
    m = macrospin_trajectory([0, 1e-12], [1, 0, 0], B, 0.01)
    # counter-clockwise about +z: x goes towards +y, so m × dm points along B
    assert np.cross(m[0], m[1]) @ B > 0
    assert m[1, 1] == close(GAMMA_E * 0.3 * 1e-12, rel=2e-3)


def test_gyromagnetic_ratio_is_passed_on():
    t, gamma = np.linspace(0, 1e-9, 5), 1.7595e11
    expected = integrate(t, [0.6, 0, 0.8], np.array([0.1, 0.2, 0]), 0.1, gamma)
    np.testing.assert_allclose(
        macrospin_trajectory(t, [0.6, 0, 0.8], [0.1, 0.2, 0], 0.1, gamma), expected, rtol=0, atol=1e-9
    )


@given(st.floats(0, 1), st.floats(1e-13, 1e-8), st.floats(-1, 1), st.floats(0, 6.3))
@settings(max_examples=60)
def test_two_steps_are_one(alpha, t, cosine, angle):
    sine = np.sqrt(1 - cosine**2)
    m0, B = np.array([sine * np.cos(angle), sine * np.sin(angle), cosine]), [0.05, -0.02, 0.1]
    middle = macrospin_trajectory(0.3 * t, m0, B, alpha)
    np.testing.assert_allclose(
        macrospin_trajectory(0.7 * t, middle, B, alpha), macrospin_trajectory(t, m0, B, alpha), rtol=0, atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.norm(middle), 1, rtol=1e-14)


def test_limits():
    B = [0, 0, 0.1]
    np.testing.assert_array_equal(macrospin_trajectory(1e-3, [0, 0, 1], B, 0.1), [0, 0, 1])
    # the unstable pole is an equilibrium too
    np.testing.assert_array_equal(macrospin_trajectory([0, 1e-3], [0, 0, -2], B, 0.1), [[0, 0, -1], [0, 0, -1]])
    np.testing.assert_allclose(macrospin_trajectory(1e-3, [1, 0, -1e-3], B, 0.1), [0, 0, 1], rtol=0, atol=1e-15)
    np.testing.assert_allclose(macrospin_trajectory(1.0, [0.6, 0.8, 0], [0, 0, 0]), [0.6, 0.8, 0], rtol=1e-15)
    # near the unstable pole the deviation first grows as exp(α γ B t / (1 + α²))
    t, deviation = 1e-9, 1e-9
    grown = macrospin_trajectory(t, [deviation, 0, -1], B, 0.1)
    growth = np.exp(0.1 * GAMMA_E * 0.1 * t / 1.01)
    assert np.hypot(grown[0], grown[1]) == close(deviation * growth, rel=1e-12)


def test_broadcasts():
    t, alpha = np.linspace(0, 1e-9, 4), np.array([[0.0], [0.1]])
    m = macrospin_trajectory(t, [1, 0, 0], [0, 0, 0.1], alpha)
    assert m.shape == (2, 4, 3)
    np.testing.assert_allclose(m[1, 2], macrospin_trajectory(t[2], [1, 0, 0], [0, 0, 0.1], 0.1), rtol=1e-13)
    assert precession_frequency([1.0, 2.0], 1.0) == close([GAMMA_E / 2, GAMMA_E])


@pytest.mark.parametrize("m0", [[1, 0], 1.0, [0, 0, 0], [np.nan, 0, 1]])
def test_refuses_what_is_no_direction(m0):
    with pytest.raises(ParameterError, match="m0"):
        macrospin_trajectory(0.0, m0, [0, 0, 1])
