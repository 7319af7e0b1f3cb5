"""First passages by splitting against the Fokker–Planck equation, and what a division may not change."""

import numpy as np
import pytest

from fdmag.analytic.fokker_planck import PerpendicularFokkerPlanck, write_error_rate
from fdmag.constants import BOLTZMANN, ELEMENTARY_CHARGE, GAMMA_E, HBAR
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.quantities import Above, Below
from fdmag.rare_events import FirstPassages
from fdmag.simulation import Simulation
from fdmag.terms import Slonczewski, Thermal, UniaxialAnisotropy

ALPHA, B_K, MS = 0.5, 0.6, 1e6
MESH = Mesh((1, 1, 1), (20e-9, 20e-9, 2e-9))
UNIT = ALPHA * GAMMA_E * B_K / (1 + ALPHA**2)  # of time, inverse
CRITICAL = ALPHA * B_K * 2 * ELEMENTARY_CHARGE * MS * MESH.size[2] / (HBAR * 0.5)


def cells(stability, batch, first_replica=0, device="auto"):
    """Single cells of a barrier in k_B T, all along +z."""
    T = MS * B_K / 2 * MESH.cell_volume / BOLTZMANN / stability
    terms = [Thermal(T=T, seed=2, first_replica=first_replica), UniaxialAnisotropy(Ku1=MS * B_K / 2),
             Slonczewski(J=0.0, p=(0, 0, 1), P=0.5)]  # fmt: skip
    return Simulation(MESH, terms, Ms=MS, alpha=ALPHA, batch=batch, device=device)


def written(stability, groups, n, duration, device="auto", first_group=0, **options):
    """What is not written by three times the critical current, after some relaxation times of equilibrium."""
    simulation = cells(stability, groups * n, first_group * n, device)
    passages = FirstPassages(simulation, Below("mz", 0.0), groups, first_group=first_group, **options)
    passages.run(0.06e-9, every=0.01e-9, dt=1e-12)
    simulation.set("slonczewski.J", 3 * CRITICAL)
    return passages, passages.until(duration, every=5e-12, dt=1e-12)


@pytest.mark.parametrize("levels", [None, (0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99)])
def test_write_errors_down_to_1e_7(levels):
    """First passage of a macrospin at Δ = 40: from 0.1 to 1e-7 within 3.5 σ each, σ at most 40 %."""
    _, found = written(40.0, 10, 400, 0.12e-9, levels=levels)
    exact = write_error_rate(found.t, 3.0, 40.0, ALPHA, B_K, absorbing=True)
    assert exact[-1] < 2e-7
    assert found.relative_error[-1] < 0.4
    far = np.abs(found.probability - exact)[exact < 0.3] / found.standard_error[exact < 0.3]
    assert far.max() < 3.5


def test_loss_of_retention():
    """Over a barrier of 20 k_B T to m_z = −0.5, behind its top, within 0.2 ns: some 1e-7.

    Steps of 0.5 ps see a passage late by 0.58 σ sqrt(dt) of the diffusion there, some 3 % of the rate.
    """
    stability, duration = 20.0, 0.2e-9
    passages = FirstPassages(cells(stability, 10 * 600), Below("mz", -0.5), 10, rare="reached", levels=None)
    found = passages.until(duration, every=5e-12, dt=0.5e-12)
    exact = PerpendicularFokkerPlanck(stability, threshold=-0.5, absorbing=True, cells=1200)
    start = np.zeros(exact.cosine.size)
    start[0] = 1
    (left,) = exact.evolve(start, [duration * UNIT])
    lost = 1 - left.sum()
    assert 1e-9 < lost < 1e-6
    assert found.relative_error[-1] < 0.3
    assert abs(found.probability[-1] - lost) < 3.5 * found.standard_error[-1] + 0.05 * lost


def test_weights_and_what_has_passed_sum_to_one(device):
    passages, found = written(20.0, 2, 20, 0.02e-9, device)
    assert 0 < found.probability[-1] < 1
    np.testing.assert_allclose(passages.weights.sum(axis=1) + passages.passed, 1, rtol=1e-12)
    np.testing.assert_allclose(passages.weights.sum(axis=1), found.estimates[:, -1], rtol=1e-12)


def test_who_takes_a_place_stands_at_the_time_of_who_goes_on(device):
    """Those that ended did so at other times: after a division all that go on stand at the same one."""
    simulation = cells(20.0, 40, device=device)
    simulation.set("slonczewski.J", 3 * CRITICAL)
    passages = FirstPassages(simulation, Below("mz", 0.0), 2)
    passages.until(0.03e-9, every=0.03e-9, dt=1e-12)
    assert np.unique(simulation.t).size > 2
    passages._divide()
    np.testing.assert_array_equal(simulation.t, 0.03e-9)
    assert np.all(simulation.average_m()[:, 2] > 0)


def test_a_group_does_not_depend_on_how_many_are_computed_together(device):
    """Groups 2 and 3 alone are those of four, bit for bit."""
    _, whole = written(20.0, 4, 12, 0.03e-9, device)
    _, part = written(20.0, 2, 12, 0.03e-9, device, first_group=2)
    np.testing.assert_array_equal(part.estimates, whole.estimates[2:])
    assert np.unique(whole.estimates[:, -1]).size == 4
    _, other = written(20.0, 2, 12, 0.03e-9, device, seed=1)
    assert not np.array_equal(other.estimates, whole.estimates[:2])


def test_below_the_floor_nothing_is_divided():
    """With a floor at 0.01 there are at most five strata of a third each: weights go no lower than about that."""
    light = {}
    for floor in (1e-2, 1e-9):
        passages, _ = written(40.0, 2, 200, 0.05e-9, floor=floor)
        light[floor] = passages.weights[passages.weights > 0].min()
    assert light[1e-2] > 1e-2 / 200 / 3
    assert light[1e-9] < light[1e-2] / 10


def test_a_group_that_dies_out_has_found_nothing_more():
    _, found = written(20.0, 2, 2, 0.2e-9, floor=0.5)
    assert np.all(found.estimates[:, -1] == 0)
    assert np.isinf(found.relative_error[-1])
    low, high = found.interval()
    assert low[-1] == 0
    assert np.isnan(high[-1])


def test_above_is_below_turned_over():
    """A column that has to rise: the score is the distance all the same."""
    simulation = cells(20.0, 40)
    simulation.m = (0, 0, -1)
    simulation.set("slonczewski.J", -3 * CRITICAL)
    passages = FirstPassages(simulation, Above("mz", 0.0), 2, levels=[-0.5, -0.9])
    found = passages.until(0.03e-9, every=5e-12, dt=1e-12)
    assert 0 < found.probability[-1] < 1
    np.testing.assert_allclose(passages._levels, [0.5, 0.9])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FirstPassages(cells(20, 8), Below("mz", 0), 2, rare="never"), "allowed: missed, reached"),
        (lambda: FirstPassages(cells(20, 8), Below("mz", 0), 1), "needed: two groups of two"),
        (lambda: FirstPassages(cells(20, 8), Below("mz", 0), 3), "a divisor of the 8 replicas"),
        (lambda: FirstPassages(cells(20, 8), Below("mq", 0), 2), "mq"),
        (lambda: FirstPassages(cells(20, 8), Below("mz", 0), 2, floor=0), "floor = 0"),
        (lambda: FirstPassages(cells(20, 8), Below("mz", 0), 2).until(0), "duration = 0 s"),
        (lambda: FirstPassages(cells(20, 8), Below("mz", 0), 2).until(1e-12, at=[2e-12]), "up to 1e-12 s"),
    ],
)
def test_wrong_arguments(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
