import numpy as np
import pytest
from scipy.integrate import quad, trapezoid

from fdmag.analytic.fokker_planck import PerpendicularFokkerPlanck, write_error_rate
from fdmag.analytic.spin_torque import (
    critical_current,
    critical_current_in_plane,
    high_current_write_error_rate,
    mean_switching_time,
    spin_torque_field,
    switching_time,
)
from fdmag.constants import BOLTZMANN, GAMMA_E
from fdmag.errors import ParameterError
from fdmag.macrospin import MacrospinEnsemble
from tests.closeness import close

ALPHA, B_K, MS, P = 0.01, 0.3, 1e6, 0.6
AREA, THICKNESS = np.pi / 4 * 40e-9**2, 1.3e-9
BARRIER = MS * B_K * AREA * THICKNESS / 2


def test_worked_pillar():
    stability = BARRIER / (BOLTZMANN * 300)
    assert stability == pytest.approx(59.16, abs=0.01)
    current = critical_current(BARRIER, ALPHA, P)
    assert current * 1e6 == pytest.approx(24.82, abs=0.01)
    assert spin_torque_field(current / AREA, P, MS, THICKNESS) == close(ALPHA * B_K, rel=1e-12)


def test_growth_changes_sign_at_the_critical_current_in_plane():
    """Easy axis x, film normal z, polariser along x."""
    B_K, B_d = 0.02, 0.3
    critical = critical_current_in_plane(BARRIER * 0.02 / 0.3, ALPHA, P, B_K, B_d)
    a = spin_torque_field(critical / AREA * np.array([0.95, 1.05]), P, MS, THICKNESS)
    start = np.tile([1, 1e-4, 0], (2, 1, 1))
    film = {"B_K": B_K, "axis": (1, 0, 0), "demag": (0, 0, B_d)}
    magnets = MacrospinEnsemble(start, alpha=ALPHA, a=a[:, None], p=(1, 0, 0), **film)
    m = magnets.run(20e-9, 2e-12, every=1e-11).mean_square[..., 1]
    early, late = m[:, : m.shape[1] // 4].max(axis=1), m[:, 3 * m.shape[1] // 4 :].max(axis=1)
    assert late[0] < early[0]
    assert late[1] > early[1]


@pytest.mark.parametrize("theta0", [1e-4, 0.3, 1.2])
def test_switching_time_is_the_integral_of_the_motion(theta0):
    unit = (1 + ALPHA**2) / (ALPHA * GAMMA_E * B_K)

    def slowness(y, i):  # with 1 − z = exp(−y)
        return 1 / ((2 - np.exp(-y)) * (i - 1 + np.exp(-y)))

    for i in (1.05, 2.0, 10.0):
        exact, _ = quad(slowness, 0, -np.log(2 * np.sin(theta0 / 2) ** 2), (i,), epsrel=1e-11)
        assert switching_time(i, theta0, ALPHA, B_K) == close(exact * unit, rel=1e-8)


def test_mean_switching_time_is_the_mean():
    delta, i = np.array([[20.0], [60.0]]), np.array([1.5, 3.0])
    found = mean_switching_time(i, delta, ALPHA, B_K)
    rng = np.random.default_rng(3)
    for k in range(2):
        # exact sampling: z from the inverse of ∫ exp(Δ z²), by its table in 1 − z
        x = np.geomspace(1e-12, 1, 200_001)
        density = np.exp(-delta[k, 0] * x * (2 - x))
        mass = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(x))])
        theta = 2 * np.arcsin(np.sqrt(np.interp(rng.uniform(size=200_000) * mass[-1], mass, x) / 2))
        for j in range(2):
            times = switching_time(i[j], theta, ALPHA, B_K)
            assert found[k, j] == pytest.approx(times.mean(), abs=4 * times.std() / np.sqrt(times.size))


def test_noise_during_the_pulse_matters_less_the_larger_the_current():
    """Against ∫ W dτ of the Fokker–Planck equation: noise adds to the initial spread what makes it i/(i − 1) fold."""
    delta, unit = 60.0, (1 + ALPHA**2) / (ALPHA * GAMMA_E * B_K)
    for i, most in ((3.0, 0.15), (20.0, 0.02)):
        magnet = PerpendicularFokkerPlanck(delta, i, absorbing=True)
        t = np.linspace(0, 8 / (i - 1), 801)
        alive = np.array([magnet.not_switched(p) for p in magnet.evolve(magnet.start(), t)])
        mean = trapezoid(alive, t) * unit
        ratio = mean_switching_time(i, delta, ALPHA, B_K) / mean
        assert 1 < ratio < 1 + most
        # Gaussians s → s i/(i − 1) grow sooner by ln[i/(i − 1)]/(2(i − 1))
        sooner = np.log(i / (i - 1)) / (2 * (i - 1)) * unit
        assert mean_switching_time(i, delta, ALPHA, B_K) - sooner == close(mean, rel=0.02)


def test_errors_far_above_the_critical_current():
    t = np.linspace(2e-9, 30e-9, 15)
    for i, most in ((2.0, 1.35), (3.0, 1.04), (5.0, 1.04)):
        exact = write_error_rate(t, i, 60.0, ALPHA, B_K)
        factor = (high_current_write_error_rate(t, i, 60.0, ALPHA, B_K) / exact)[exact > 1e-15]
        assert factor.size > 2
        assert np.all((factor < most) & (factor > 1 / most))
    assert high_current_write_error_rate(1e-15, 2.0, 60.0, ALPHA, B_K) == pytest.approx(1, abs=1e-9)


def test_refuses():
    with pytest.raises(ParameterError, match="i ="):
        high_current_write_error_rate(1e-9, 1.0, 60.0, ALPHA, B_K)
    with pytest.raises(ParameterError, match="stability"):
        mean_switching_time(2.0, 0.0, ALPHA, B_K)
