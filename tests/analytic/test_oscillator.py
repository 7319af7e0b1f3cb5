import numpy as np
import pytest

from fdmag.analytic.oscillator import (
    AutoOscillator,
    fit_frequency,
    fit_power,
    perpendicular_polariser_oscillator,
    power_of_balance,
)
from fdmag.constants import BOLTZMANN, GAMMA_E
from fdmag.errors import ParameterError
from fdmag.macrospin import MacrospinEnsemble
from tests.closeness import close

OSCILLATOR = AutoOscillator(f0=1e9, damping_rate=3e8, shift=1.5e8, nonlinear_damping=1.0, energy=1.0)


def test_film_with_a_perpendicular_polariser():
    """m goes below the plane for a > 0 and turns counter-clockwise seen from +z."""
    alpha, B_k, a = 0.05, 0.8, np.array([-0.02, 0.01, 0.03])
    cosine, f = perpendicular_polariser_oscillator(a, alpha, B_k)
    film = MacrospinEnsemble(np.tile([1.0, 0, 0.1], (3, 1)), alpha=alpha, demag=(0, 0, B_k), a=a)
    film.run(6e-9, 1e-12)
    np.testing.assert_allclose(film.m[:, 2], cosine, atol=1e-6)
    begin = film.m
    time = 0.2 / np.abs(f).max()
    end = film.run(time, 2e-13).m
    angle = np.angle((end[:, 0] + 1j * end[:, 1]) / (begin[:, 0] + 1j * begin[:, 1]))
    np.testing.assert_allclose(angle, 2 * np.pi * f * time, rtol=1e-4)
    with pytest.raises(ParameterError, match="comes to rest"):
        perpendicular_polariser_oscillator(0.05, alpha, B_k)


def motion(ratio, T, duration, steps, count, seed=2):
    """Integrate the equation of the amplitude; return c, (steps + 1, count), in the frame that turns with ω0."""
    rng, dt = np.random.default_rng(seed), duration / steps
    G, Q, N = OSCILLATOR.damping_rate, OSCILLATOR.nonlinear_damping, 2 * np.pi * OSCILLATOR.shift
    c = np.full(count, np.sqrt(max(OSCILLATOR.power(ratio), 1e-30)), complex)
    path = [c]
    for _ in range(steps):
        p = np.abs(c) ** 2
        loss = G * (1 + Q * p)
        kick = np.sqrt(loss * BOLTZMANN * T / OSCILLATOR.energy * dt) * (
            rng.normal(size=count) + 1j * rng.normal(size=count)
        )
        c = c * np.exp((-1j * N * p - loss + G * ratio * (1 - p)) * dt) + kick
        path.append(c)
    return np.array(path)


def test_power_and_frequency_without_noise():
    for ratio in (1.2, 2.0):
        late = motion(ratio, 0.0, 2e-7 / 3, 4000, 1)[:, 0]
        assert np.abs(late[-1]) ** 2 == close(float(OSCILLATOR.power(ratio)), rel=1e-6)
        turn = -np.angle(late[-1] / late[-2]) / (2e-7 / 3 / 4000) / 2 / np.pi
        assert turn + OSCILLATOR.f0 == close(float(OSCILLATOR.frequency(ratio)), rel=1e-6)
    assert OSCILLATOR.power(0.7) == 0
    assert OSCILLATOR.frequency(0.7) == OSCILLATOR.f0


def test_phase_diffuses_as_told():
    """10,000 oscillators far above the threshold, with noise that shifts the power by 1 %."""
    ratio, count, steps, duration = 2.0, 10_000, 600, 1e-8
    T = 1e-4 * OSCILLATOR.power(ratio) * OSCILLATOR.energy / BOLTZMANN
    c = motion(ratio, T, duration, steps, count)
    begin = 300  # the power has its noise by then
    phase = np.unwrap(np.angle(c[begin:] / c[begin]), axis=0)
    variance = phase.var(axis=1)
    t = duration / steps * np.arange(variance.size)
    expected = OSCILLATOR.phase_variance(t, ratio, T)
    np.testing.assert_allclose(variance[[50, 150, 300]], expected[[50, 150, 300]], rtol=4 * np.sqrt(2 / count) + 0.01)
    assert OSCILLATOR.amplification(ratio) ** 2 > 1  # else nothing of it was seen


def test_line_is_the_slope_of_the_variance():
    """The correlation of a Lorentzian line of the width Δf decays as exp(−π Δf t)."""
    ratio, T = 1.7, 100.0 / BOLTZMANN * 1e-6
    late = np.array([1e-6, 2e-6])
    slope = np.diff(OSCILLATOR.phase_variance(late, ratio, T))[0] / 1e-6
    assert OSCILLATOR.linewidth(ratio, T) == close(slope / 2 / np.pi, rel=1e-9)


def test_below_the_threshold_the_amplitude_decays():
    ratio, T = 0.5, 1e-4 / BOLTZMANN
    c = motion(ratio, T, 6e-8, 1500, 2000)
    lag = 50
    later, now = c[1000 + lag], c[1000]
    correlation = np.abs(np.mean(later * now.conj())) / np.mean(np.abs(now) ** 2)
    width = OSCILLATOR.linewidth(ratio, T)
    assert correlation == pytest.approx(np.exp(-np.pi * width * 6e-8 / 1500 * lag), abs=0.04)
    # without current the mode has the energy k_B T
    rest = motion(0.0, T, 2e-8, 1000, 6000)[-1]
    assert OSCILLATOR.energy * np.mean(np.abs(rest) ** 2) == close(BOLTZMANN * T, rel=0.05)


def test_fits_return_what_made_the_data():
    current = np.array([1.1, 1.5, 2.5, 4.0]) * -3e-3
    p = OSCILLATOR.power(current / -3e-3)
    assert fit_power(current, p) == close((-3e-3, 1.0), rel=1e-6)
    assert fit_frequency(p, OSCILLATOR.frequency(current / -3e-3)) == close((1e9, 1.5e8), rel=1e-9)
    rng = np.random.default_rng(1)
    many = np.linspace(1.05, 3, 400)
    threshold, Q = fit_power(many, OSCILLATOR.power(many) + 2e-3 * rng.normal(size=400))
    assert threshold == pytest.approx(1.0, abs=0.01)
    assert abs(Q - 1) < 0.05


def test_balance_of_gain_and_loss():
    p = np.linspace(0, 0.9, 10)
    excess = 3e8 * (2.0 * (1 - p) - (1 + p))
    assert power_of_balance(p, excess) == close(float(OSCILLATOR.power(2.0)), rel=1e-12)
    assert power_of_balance(p, excess - 1e9) == 0
    with pytest.raises(ParameterError, match="larger"):
        power_of_balance(p, excess + 1e10)


def test_refuses():
    with pytest.raises(ParameterError, match="damping_rate"):
        AutoOscillator(1e9, 0.0, 0.0, 0.0, 1.0)
    with pytest.raises(ParameterError, match="nonlinear_damping"):
        AutoOscillator(1e9, 1e8, 0.0, -2.0, 1.0)
    with pytest.raises(ParameterError, match="current"):
        OSCILLATOR.phase_variance(1e-9, 0.5, 300.0)
    with pytest.raises(ParameterError, match="powers"):
        fit_frequency([0.1], [1e9])
    with pytest.raises(ParameterError, match="currents"):
        fit_power([1.0, 1.0], [0.1, 0.1])


def test_gamma_sets_the_frequency():
    _, f = perpendicular_polariser_oscillator(0.01, 0.05, 0.8, gamma=2 * GAMMA_E)
    assert f == close(2 * GAMMA_E * 0.01 / (2 * np.pi * 0.05))
