"""Orbits from samples of m: turns, their power, growth, and frequencies."""

import numpy as np
import pytest

from fdmag.devices.oscillator_orbit import Orbit, across
from fdmag.errors import ParameterError
from tests.closeness import close

Z = np.array([0.0, 0.0, 1.0])
T = np.arange(3000) * 2e-12


def loop(t, f=7e9, sense=1):
    """A large closed curve on the sphere that is no circle."""
    phase = sense * 2 * np.pi * f * t
    m = np.stack([0.7 * np.cos(phase) + 0.15 * np.cos(2 * phase) + 0.1, 0.35 * np.sin(phase)], axis=1)
    return np.column_stack([m, np.sqrt(1 - (m**2).sum(axis=1))])


def enclosed(m):
    """The solid angle of a polygon on the sphere, from triangles with its first corner (van Oosterom and Strackee)."""
    a, b, c = m[0], m[1:-1], m[2:]
    volume = np.einsum("i,ni->n", a, np.cross(b, c))
    return 2 * np.arctan2(volume, 1 + b @ a + c @ a + (b * c).sum(axis=1)).sum()


def test_axes_across_are_right_handed():
    n = np.array([[0.0, 0.0, 1.0], [0.6, 0.0, -0.8], [1.0, 0.0, 0.0]])
    e1, e2 = across(n)
    np.testing.assert_allclose(np.cross(e1, e2), n, atol=1e-15)


@pytest.mark.parametrize("axis", [(0, 0, 1), (0.3, 0.1, 1), (0.2, -0.1, 0.9)])
def test_power_is_the_solid_angle_inside_wherever_the_axis_is(axis):
    once = loop(np.linspace(0, 1 / 7e9, 20_000, endpoint=False))
    n = np.array(axis) / np.linalg.norm(axis)
    p, _ = Orbit.of(T, loop(T), n).power()
    assert p == close(enclosed(once) / (4 * np.pi), rel=2e-3)  # 71 samples in a turn


def test_power_of_a_small_ellipse():
    """An ellipse with the half axes a and b on the sphere: πab/4π, not the mean (a² + b²)/8 of (1 − m_n)/2."""
    a, b = 0.02, 0.005
    m = np.stack([a * np.cos(4e10 * T), b * np.sin(4e10 * T), np.ones_like(T)], axis=1)
    m /= np.linalg.norm(m, axis=1, keepdims=True)
    p, _ = Orbit.of(T, m, Z).power()
    assert p == close(a * b / 4, rel=1e-3)


def test_amplitude_is_the_other_power():
    m = np.stack([0.3 * np.cos(4e10 * T), 0.3 * np.sin(4e10 * T), np.zeros_like(T)], axis=1)  # |m| < 1: a vortex
    assert Orbit.of(T, m, Z, "amplitude").power()[0] == close(0.09)


@pytest.mark.parametrize("sense", [1, -1])
def test_frequency_from_turns_and_spectrum_agree(sense):
    orbit = Orbit.of(T, loop(T, 7.123e9, sense), Z)
    assert orbit.sense == sense
    f, sigma = orbit.frequency()
    line, _ = orbit.line()
    assert f == close(7.123e9, rel=1e-5)
    assert line == close(7.123e9, rel=1e-5)
    assert sigma < 1e-4 * f


def test_error_of_the_frequency_is_what_the_phase_diffuses():
    """After the time T the phase of noise of the width w has the variance 2π w T, and f the error sqrt(w/(2π T))."""
    rng, w = np.random.default_rng(4), 2e7
    found = []
    for _ in range(60):
        phase = 2 * np.pi * 7e9 * T + np.cumsum(rng.normal(0, np.sqrt(2 * np.pi * w * 2e-12), T.size))
        found.append(Orbit(T, np.exp(1j * phase), np.ones_like(T)).frequency())
    f, sigma = np.array(found).T
    expected = np.sqrt(w / (2 * np.pi * T[-1]))
    assert f.std() == close(expected, rel=0.3)  # three standard errors of 60
    assert np.sqrt((sigma**2).mean()) == close(expected, rel=0.3)
    assert abs(f.mean() - 7e9) < 4 * expected / np.sqrt(60)


def test_growth_is_that_of_the_amplitude():
    for rate in (3e8, -4e8):
        size = 0.01 * np.exp(rate * T)
        m = np.stack([size * np.cos(4e10 * T), 0.4 * size * np.sin(4e10 * T), np.sqrt(1 - size**2)], axis=1)
        powers, growth = Orbit.of(T, m, Z).growth(1e-3)
        assert len(powers) > 20
        assert powers.max() <= 1e-3
        np.testing.assert_allclose(growth, rate, rtol=0.01)


def test_spikes_are_turns_of_enough_amplitude():
    size = np.where(T < 3e-9, 0.05, 0.5)
    orbit = Orbit(T, size * np.exp(2j * np.pi * 5e9 * T), size**2)
    assert orbit.rate(0.1) == close(5e9, rel=1e-6)
    assert Orbit(T, 0.05 * np.exp(2j * np.pi * 5e9 * T), 0 * T).rate(0.1) == 0


def test_what_does_not_turn_has_neither_power_nor_rate():
    aside = np.tile([0.6, 0.01, 0.8], (T.size, 1)) + 1e-3 * np.sin(4e10 * T)[:, None]
    orbit = Orbit.of(T, aside, Z)  # it swings beside the axis
    assert orbit.frequency()[0] == 0
    assert orbit.power()[0] == 0
    assert orbit.rate(0.1) == 0
    assert np.isnan(orbit.line()[0])
    assert not Orbit.of(T, np.tile([1e-9, 0, 1.0], (T.size, 1)), Z).moves


def test_a_turn_and_a_half():
    t = np.arange(100) * 3e-12
    orbit = Orbit(t, 0.5 * np.exp(2j * np.pi * (5e9 * t + 0.4)), np.full(100, 0.25))
    assert orbit.frequency()[0] == close(5e9)
    assert orbit.power()[0] == close(0.25)


def test_too_few_samples_in_a_turn():
    t = np.arange(100) * 5e-11
    with pytest.raises(ParameterError, match=r"film: m turns by 126 degrees .* sample every 1.2e-11 s"):
        Orbit(t, np.exp(2j * np.pi * 7e9 * t), 0 * t).check("film")
