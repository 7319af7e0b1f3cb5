import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from fdmag.analytic.stoner_wohlfarth import (
    astroid,
    energy_barrier,
    equilibrium_angle,
    hysteresis_branch,
    stoner_wohlfarth_energy,
    switching_field,
)
from fdmag.errors import ParameterError


def slide(theta, h, psi):
    """Walk downhill from theta by Newton steps and small gradient steps, as a quasi-static experiment would."""
    for _ in range(20000):
        slope = np.sin(2 * theta) + 2 * h * np.sin(theta - psi)
        curvature = 2 * np.cos(2 * theta) + 2 * h * np.cos(theta - psi)
        step = -slope / curvature if curvature > 0.2 else -0.1 * slope
        theta += np.clip(step, -0.05, 0.05)
        if abs(step) < 1e-13:
            break
    return theta


@pytest.mark.parametrize("degrees", [0.5, 10, 30, 45, 70, 89])
def test_branch_against_following_the_minimum(degrees):
    psi, theta = np.radians(degrees), np.radians(degrees)
    threshold = switching_field(psi)
    for h in np.linspace(1.5, -1.5, 31):
        if abs(h + threshold) < 0.01:
            continue
        theta = slide(theta, h, psi)
        assert hysteresis_branch(h, psi) == pytest.approx(np.cos(theta - psi), abs=1e-9)


@pytest.mark.parametrize("degrees", [5, 20, 45, 60, 85])
def test_a_barrier_is_left_until_the_switching_field(degrees):
    psi = np.radians(degrees)
    theta = np.linspace(0, 2 * np.pi, 200_001)

    def minima(h):
        energy = stoner_wohlfarth_energy(theta[:-1], h, psi)
        return np.count_nonzero((energy < np.roll(energy, 1)) & (energy < np.roll(energy, -1)))

    threshold = switching_field(psi)
    assert minima(-0.999 * threshold) == 2
    assert minima(-1.001 * threshold) == 1


@given(st.floats(-3, 3), st.floats(0, np.pi / 2))
def test_is_a_stable_equilibrium(h, psi):
    theta = float(equilibrium_angle(h, psi))
    assert abs(np.sin(2 * theta) + 2 * h * np.sin(theta - psi)) < 1e-14 * (1 + abs(h)) * 10
    # curvature is zero at the jump and nowhere negative
    assert 2 * np.cos(2 * theta) + 2 * h * np.cos(theta - psi) > -1e-6


def test_saturated_branch_is_the_global_minimum():
    for h, psi in [(1.2, 0.4), (0.3, 1.2), (-1.3, 0.8)]:
        theta = float(equilibrium_angle(h, psi))
        found = minimize_scalar(lambda x, h=h, psi=psi: stoner_wohlfarth_energy(x, h, psi), (theta - 0.3, theta + 0.3))
        assert found.x == pytest.approx(theta, abs=1e-7)
        assert found.fun <= np.min(stoner_wohlfarth_energy(np.linspace(0, 7, 1001), h, psi)) + 1e-12


def test_switching_field_lies_on_the_astroid():
    psi = np.linspace(0, 2 * np.pi, 41)
    h = switching_field(psi)
    np.testing.assert_allclose(astroid(h * np.cos(psi), h * np.sin(psi)), 1, rtol=1e-14)
    assert switching_field(np.pi / 4) == pytest.approx(0.5, rel=1e-14)


def test_special_directions():
    # along the axis a square loop, across it a straight line
    h = np.array([-1.2, -1.0, -0.5, 0.0, 0.5, 1.0, 1.2])
    np.testing.assert_array_equal(hysteresis_branch(h, 0.0), [-1, 1, 1, 1, 1, 1, 1])
    np.testing.assert_allclose(hysteresis_branch(h, np.pi / 2), np.clip(h, -1, 1), atol=1e-7)
    # remanence cos ψ
    np.testing.assert_allclose(hysteresis_branch(0.0, [0.3, 1.0]), np.cos([0.3, 1.0]), rtol=1e-15)
    np.testing.assert_allclose(hysteresis_branch(h, 0.7, ascending=True), -hysteresis_branch(-h, 0.7))


def test_refuses_angles_outside_the_quadrant():
    with pytest.raises(ParameterError, match="psi"):
        equilibrium_angle(0.1, 2.0)


@pytest.mark.parametrize("degrees", [1, 20, 45, 70, 89])
@pytest.mark.parametrize("h", [-0.9, -0.3, 0.0, 0.4])
def test_barrier_against_a_search_on_a_fine_grid(degrees, h):
    psi = np.radians(degrees)
    start = float(equilibrium_angle(h, psi))
    if start > np.pi / 2:
        assert energy_barrier(h, psi) == 0
        return
    other = np.pi + float(equilibrium_angle(-h, psi))  # the state on the other side, for which the field is reversed
    ways = [
        stoner_wohlfarth_energy(np.linspace(start, end, 200_001), h, psi).max() for end in (other, other - 2 * np.pi)
    ]
    wanted = min(ways) - stoner_wohlfarth_energy(start, h, psi)
    assert energy_barrier(h, psi) == pytest.approx(wanted, abs=1e-8)


def test_barrier_near_the_switching_field_falls_with_the_power_three_halves():
    """At an angle the barrier vanishes as (h_sw − h)^(3/2); R. H. Victora, Phys. Rev. Lett. 63, 457 (1989)."""
    psi = np.radians(30)
    gaps = np.array([1e-3, 1e-4])
    barriers = energy_barrier(-switching_field(psi) * (1 - gaps), psi)
    assert np.log(barriers[0] / barriers[1]) / np.log(10) == pytest.approx(1.5, abs=0.01)
