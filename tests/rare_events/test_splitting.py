"""Splitting against exact tails: sums of normal numbers, and write errors of the Fokker–Planck equation."""

import numpy as np
import pytest
from scipy import stats

from fdmag.analytic.fokker_planck import PerpendicularFokkerPlanck, write_error_rate
from fdmag.constants import BOLTZMANN, ELEMENTARY_CHARGE, GAMMA_E, HBAR
from fdmag.errors import ParameterError
from fdmag.macrospin import MacrospinEnsemble
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.rare_events import MacrospinParticles, SimulationParticles, split
from fdmag.rare_events.splitting import divided
from fdmag.simulation import Simulation
from fdmag.terms import Slonczewski, Thermal, UniaxialAnisotropy

DELTA, CURRENT, ALPHA, B_K = 60.0, 3.0, 0.1, 0.3
MS, MESH = 1e6, Mesh((1, 1, 1), (20e-9, 20e-9, 2e-9))


class Walk:
    """Brownian motion from 0: its distribution at t is normal with the variance t."""

    def __init__(self, groups, n):
        self.shape = groups, n
        self._x, self._rng = np.zeros((groups, n)), np.random.default_rng(3)

    def advance(self, duration):
        self._x += np.sqrt(duration) * self._rng.normal(size=self.shape)

    def score(self):
        return self._x

    def copy(self, sources):
        self._x = np.take_along_axis(self._x, sources, axis=1)


def z_scores(found, exact):
    """Deviations in standard errors. Those of one run are correlated: each time is held to 3.5 on its own."""
    sigma = found.standard_error
    return np.divide(found.probability - exact, sigma, out=np.zeros_like(sigma), where=sigma > 0)


@pytest.mark.parametrize(("ratio", "count"), [(2.0, 20), (3.0, 40), (5.0, 40)])
def test_the_tail_of_brownian_motion(ratio, count):
    """P(X ≥ x) of a normal number, down to 1e-9, whatever ratio and times; σ is at most a third of it."""
    times = np.linspace(1 / count, 1, count)
    found = split(Walk(20, 1500), times, 6.0, ratio=ratio)
    exact = stats.norm.sf(6.0 / np.sqrt(times[-1]))
    assert exact < 1e-8
    assert found.relative_error[-1] < 0.3
    assert abs(z_scores(found, exact)[-1]) < 3.5


def test_a_ceiling_changes_nothing_but_the_scatter():
    times = np.linspace(0.1, 1, 10)
    found = split(Walk(20, 1500), times, 4.0, ceiling=4.0)
    assert abs(z_scores(found, stats.norm.sf(4.0))[-1]) < 3.5


def test_intervals_hold_what_they_promise():
    """Of 200 intervals of 90 % from 10 groups each, 180 ± 3 × 4.2 hold the exact value."""
    found = split(Walk(2000, 60), np.linspace(0.2, 1, 5), 3.0)
    holds = 0
    for first in range(0, 2000, 10):
        part = type(found)(found.t, found.estimates[first : first + 10], 0)
        low, high = part.interval(0.9)[:, -1]
        holds += low <= stats.norm.sf(3.0) <= high
    assert abs(holds - 180) < 3 * np.sqrt(200 * 0.9 * 0.1) + 4  # skew of the estimates: some 2 % less


def test_what_goes_on_is_expected_to_weigh_what_was_there():
    """The mean over u of the weight that goes on from each trajectory is its weight, for any weights and scores."""
    rng = np.random.default_rng(0)
    weights, scores = rng.exponential(size=40), np.round(rng.normal(size=40), 1)
    weights /= weights.sum()
    mean, draws = np.zeros(40), 4000
    for u in (np.arange(draws) + 0.5) / draws:
        sources, kept = divided(weights, scores, 2.5, 12, u)
        assert kept.sum() == pytest.approx(1, abs=1e-12)
        np.add.at(mean, sources, kept / draws)
    np.testing.assert_allclose(mean, weights, atol=0.5 / draws)


def test_strata_share_the_trajectories_evenly_and_the_best_are_many():
    weights, scores = np.full(1000, 1e-3), np.arange(1000.0)
    sources, kept = divided(weights, scores, 10.0, 60, 0.5)
    np.testing.assert_array_equal(np.unique(kept).size, 4)  # shares of 1 to 0.1, to 0.01, to 0.001, and 0.001
    assert np.sum(sources == 999) == 250
    assert np.sum(sources < 900) == 250


def boltzmann(shape, rng):
    """Directions of exp(Δ z²) with z > 0."""
    z = np.linspace(0, 1, 100_001)
    probability = np.cumsum(np.exp(DELTA * (z**2 - 1)))
    z = np.interp(rng.uniform(size=shape), probability / probability[-1], z)
    phi, across = rng.uniform(0, 2 * np.pi, shape), np.sqrt(1 - z**2)
    return np.stack([across * np.cos(phi), across * np.sin(phi), z], axis=-1)


def test_write_errors_of_a_macrospin_down_to_1e_10():
    """Against the Fokker–Planck equation, an independent solver; σ is up to 15 %."""
    m = boltzmann((20, 2000), np.random.default_rng(1))
    magnets = MacrospinEnsemble(m, alpha=ALPHA, B_K=B_K, a=CURRENT * ALPHA * B_K, thermal_field=B_K / 2 / DELTA, seed=3)
    times = np.linspace(0.05e-9, 1.3e-9, 26)
    found = split(MacrospinParticles(magnets, (0, 0, 1), 1e-12), times, 0.0)
    exact = write_error_rate(times, CURRENT, DELTA, ALPHA, B_K)
    assert exact[-1] < 2e-10
    assert found.relative_error.max() < 0.15
    assert np.abs(z_scores(found, exact)[5:]).max() < 3.5


def written(groups, n, device="auto", **options):
    """One cell in which a current of three times the critical one flows, from thermal equilibrium along +z."""
    T = DELTA**-1 * MS * B_K / 2 * MESH.cell_volume / BOLTZMANN
    J = CURRENT * ALPHA * B_K * 2 * ELEMENTARY_CHARGE * MS * MESH.size[2] / (HBAR * 0.5)
    m = boltzmann((groups * n,), np.random.default_rng(1))[:, :, None, None, None]
    terms = [Thermal(T=T, seed=2), UniaxialAnisotropy(Ku1=MS * B_K / 2), Slonczewski(J=J, p=(0, 0, 1), P=0.5)]
    return Simulation(MESH, terms, Ms=MS, alpha=ALPHA, m=m, device=device, **options)


def test_a_simulation_of_one_cell_is_a_macrospin_to_splitting():
    """The same trajectories, hence the same estimates: what is shown for macrospins holds for simulations."""
    m = boltzmann((4, 60), np.random.default_rng(1))
    magnets = MacrospinEnsemble(m, alpha=ALPHA, B_K=B_K, a=CURRENT * ALPHA * B_K, thermal_field=B_K / 2 / DELTA, seed=2)
    times = np.linspace(0.05e-9, 0.4e-9, 8)
    ours = split(SimulationParticles(written(4, 60, dtype="float64"), "m.z", 4, dt=1e-12), times, 0.0)
    theirs = split(MacrospinParticles(magnets, (0, 0, 1), 1e-12), times, 0.0)
    np.testing.assert_allclose(ours.estimates, theirs.estimates, rtol=1e-9)
    assert 0 < ours.probability[-1] < 0.1


def test_write_errors_of_a_simulation_down_to_1e_6():
    """A simulation of one cell is a macrospin, which is split to 1e-8 by validation: 1e-4 and 1e-6 within 3.5σ."""
    times = np.linspace(0.05e-9, 0.85e-9, 17)
    found = split(SimulationParticles(written(10, 500, dtype="float32"), "m.z", 10, dt=1e-12), times, 0.0)
    exact = write_error_rate(times, CURRENT, DELTA, ALPHA, B_K)
    for wanted in (1e-4, 1e-6):
        place = np.argmin(np.abs(np.log(exact / wanted)))
        assert 0.5 < exact[place] / wanted < 2
        assert found.relative_error[place] < 0.35
        assert abs(z_scores(found, exact)[place]) < 3.5


def test_copies_part_with_the_next_step(device):
    simulation = written(2, 3, device)
    particles = SimulationParticles(simulation, lambda s: s.average_m()[:, 2], 2, sign=-1, dt=1e-12)
    particles.copy(np.array([[1, 1, 0], [2, 2, 2]]))
    before = simulation.m.reshape(6, 3)
    np.testing.assert_array_equal(before[0], before[1])
    np.testing.assert_array_equal(before[3:], before[[5, 5, 5]])
    particles.advance(2e-12)
    assert np.unique(simulation.m[:, 2].ravel()).size == 6
    np.testing.assert_allclose(particles.score().ravel(), -simulation.average_m()[:, 2])


def test_loss_of_retention_is_split_over_the_barrier():
    """A jump over a barrier of 20 k_B T within 0.6 ns, P = 2.5e-8, from m along +z: Fokker–Planck."""
    delta, alpha = 20.0, 0.3
    magnets = MacrospinEnsemble(
        np.tile([0.0, 0.0, 1.0], (20, 2000, 1)), alpha=alpha, B_K=B_K, thermal_field=B_K / 2 / delta, seed=2
    )
    times = np.linspace(0.025e-9, 0.6e-9, 24)
    found = split(MacrospinParticles(magnets, (0, 0, -1), 1e-12), times, 0.0, ceiling=0.5)
    exact = PerpendicularFokkerPlanck(delta, cells=1200)
    reduced = times * alpha * GAMMA_E * B_K / (1 + alpha**2)
    start = np.zeros(exact.cosine.size)
    start[0] = 1
    lost = np.array([p[exact.cosine < 0].sum() for p in exact.evolve(start, reduced)])
    assert 1e-9 < lost[-1] < 1e-7
    assert found.relative_error[-1] < 0.25
    assert abs(z_scores(found, lost)[-1]) < 3.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SimulationParticles(written(2, 3), "m.z", 4), "a divisor of the 6 replicas"),
        (lambda: SimulationParticles(written(2, 3), "m.zz", 2), "is no column"),
        (lambda: split(Walk(2, 10), [0.1, 0.1], 1.0), "each later"),
        (lambda: split(Walk(1, 10), [0.1], 1.0), "an error needs several groups"),
        (lambda: split(Walk(2, 10), [0.1], 1.0, ratio=1.0), "ratio = 1"),
        (lambda: split(Walk(2, 10), [0.1], 1.0, ceiling=0.5), "at least the threshold 1"),
        (lambda: written(2, 3).take_over([0, 1, 2, 3, 4, 6]), "6 numbers of replicas"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_replicas_that_differ_are_refused():
    simulation = written(2, 2)
    simulation.set("slonczewski.J", PerReplica([1e11, 2e11, 3e11, 4e11]))
    with pytest.raises(ParameterError, match=r"slonczewski\.J differs between replicas"):
        SimulationParticles(simulation, "m.z", 2)
    simulation = written(2, 2)
    simulation.set("thermal.T", 0.0)
    with pytest.raises(ParameterError, match="without noise"):
        SimulationParticles(simulation, "m.z", 2)
