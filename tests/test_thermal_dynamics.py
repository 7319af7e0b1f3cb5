"""Dynamics with noise: equilibrium distributions, bias and step, and the adaptive scheme against the fixed one.

A macrospin's distribution in equilibrium does not depend on damping and time scale, so that of free cells is known:
exp(x cos θ) in a field, exp(x cos² θ) with an easy axis, x in units of k_B T. Ensembles start in it and are observed
after several relaxation times; what is wrong by a factor in noise or damping moves them away by far more than the
statistical error. This σ is that of the mean over cells, each of which is independent of the others.
"""

import numpy as np
import pytest

from fdmag.constants import BOLTZMANN
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Thermal, UniaxialAnisotropy, Zeeman

MS, THERMAL_FIELD = 8e5, 0.5  # k_B T / (Ms V) = 0.5 T
CELL = (3e-9, 3e-9, 3e-9)
T = THERMAL_FIELD * MS * np.prod(CELL) / BOLTZMANN
POWER = {"field": 1, "easy axis": 2}


def distribution(kind, x):
    """Return m_z and its cumulative probability."""
    z = np.linspace(-1, 1, 20_001)
    density = np.exp(x * z ** POWER[kind])
    return z, np.cumsum(density) / density.sum()


def expected(kind, x):
    """Return <m_z> = coth x − 1/x (Langevin), or <m_z²> by the integral of Boltzmann's distribution."""
    z = np.linspace(-1, 1, 20_001)
    density = np.exp(x * z ** POWER[kind])
    return (z ** POWER[kind] * density).sum() / density.sum()


def ensemble(kind, x, alpha, *, cells=512, replicas=16, dtype="float64"):
    """Return cells in equilibrium."""
    rng = np.random.default_rng(1)
    z, probability = distribution(kind, x)
    m_z = np.interp(rng.uniform(size=(replicas, cells)), probability, z)
    phi, across = rng.uniform(0, 2 * np.pi, m_z.shape), np.sqrt(1 - m_z**2)
    m = np.stack([across * np.cos(phi), across * np.sin(phi), m_z], axis=1)[:, :, None, None, :]
    field = Zeeman(B=(0, 0, x * THERMAL_FIELD))
    acting = field if kind == "field" else UniaxialAnisotropy(Ku1=x * THERMAL_FIELD * MS, axis=(0, 0, 1))
    return Simulation(Mesh((cells, 1, 1), CELL), [Thermal(T=T, seed=3), acting], Ms=MS, alpha=alpha, m=m, dtype=dtype)


def observed(simulation, kind, duration, samples=10, **options):
    """Return the mean of m_z or m_z² over ten times in the second half of a run, and its standard error."""
    seen = []

    def look(current):
        seen.append(current.m[:, 2].ravel() ** POWER[kind])

    simulation.run(duration / 2, **options)
    simulation.run(duration / 2, every=duration / 2 / samples, callback=look, **options)
    means = np.mean(seen, axis=0)
    return means.mean(), means.std() / np.sqrt(means.size)


def test_the_langevin_function_is_the_mean_in_a_field():
    assert expected("field", 2.0) == pytest.approx(1 / np.tanh(2) - 1 / 2, abs=1e-4)


@pytest.mark.parametrize("kind", POWER)
@pytest.mark.parametrize(("alpha", "duration"), [(0.1, 2e-10), (1.0, 4e-11)])
def test_cells_stay_in_thermal_equilibrium(kind, alpha, duration):
    """Within 4σ, σ ≤ 0.003; a factor 1 + α² in the variance would move them by 0.2 at α = 1."""
    mean, sigma = observed(ensemble(kind, 2.0, alpha, replicas=20), kind, duration, dt=2e-13)
    assert sigma < 0.003
    assert abs(mean - expected(kind, 2.0)) < 4 * sigma


@pytest.mark.parametrize("kind", POWER)
def test_a_batch_of_macrospins_comes_to_thermal_equilibrium(kind):
    """From m along +z, in thousands of replicas of one cell and single precision."""
    simulation = ensemble(kind, 2.0, 0.5, cells=1, replicas=3000, dtype="float32")
    simulation.m = (0, 0, 1)
    mean, sigma = observed(simulation, kind, 1.2e-10, dt=4e-13)
    assert abs(mean - expected(kind, 2.0)) < 4 * sigma


def test_the_midpoint_rule_keeps_equilibrium():
    mean, sigma = observed(ensemble("field", 2.0, 1.0), "field", 4e-11, dt=4e-13, solver="implicit_midpoint")
    assert abs(mean - expected("field", 2.0)) < 4 * sigma


def test_the_bias_of_heun_falls_with_the_step():
    """Weak order 1: half the step, half the bias, within 4σ of the difference."""
    bias, sigma = [], []
    for dt in (1.6e-12, 0.8e-12, 0.4e-12):
        mean, error = observed(ensemble("easy axis", 2.0, 1.0, replicas=64), "easy axis", 6.4e-11, dt=dt)
        bias.append(mean - expected("easy axis", 2.0))
        sigma.append(error)
    assert bias[0] > 15 * sigma[0]
    for k in (0, 1):
        assert bias[k + 1] < 0.5 * bias[k] + 4 * np.hypot(sigma[k + 1], sigma[k] / 2)


def test_adaptive_steps_follow_the_brownian_path_that_is_given():
    """Two tolerances take other steps along the same path: the closer they are, the nearer are their ends."""
    ends, rejected = [], []
    for tolerance in (3e-2, 3e-3, 3e-4):
        simulation = ensemble("field", 2.0, 0.5, cells=1, replicas=20)
        simulation.run(2e-12, dt_max=1e-12, tolerance=tolerance)
        ends.append(simulation.m)
        rejected.append(simulation.state.rejected.sum())
    distances = [np.sqrt(np.mean((end - ends[-1]) ** 2)) for end in ends[:-1]]
    assert min(rejected) > 20
    assert distances[1] < 0.5 * distances[0]
    assert distances[1] < 0.02


def test_adaptive_steps_leave_the_ensemble_as_fixed_ones_do():
    """With many rejections, the equilibrium is still that of Langevin, and that of fixed steps."""
    adaptive, fixed = (ensemble("field", 2.0, 1.0, cells=1, replicas=2000) for _ in range(2))
    mean, sigma = observed(adaptive, "field", 2.4e-11, samples=4, tolerance=3e-2, dt_max=2e-12)
    other, error = observed(fixed, "field", 2.4e-11, samples=4, dt=2e-13)
    assert adaptive.state.rejected.sum() > 0.05 * adaptive.state.steps.sum()
    assert abs(mean - expected("field", 2.0)) < 4 * sigma
    assert abs(mean - other) < 4 * np.hypot(sigma, error)


def test_output_times_are_hit_exactly():
    times = []
    simulation = ensemble("field", 2.0, 1.0, cells=1, replicas=3)
    simulation.run(1e-12, every=3e-13, callback=lambda current: times.append(current.t.copy()))
    np.testing.assert_array_equal(times, np.array([0, 3e-13, 6e-13, 3 * 3e-13, 1e-12])[:, None] * np.ones(3))
