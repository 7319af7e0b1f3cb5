"""Relaxation and minimisation: where they end, that energy only falls, and what they refuse."""

import numpy as np
import pytest

from fdmag import initial
from fdmag.errors import ParameterError, SolverError
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, Term, UniaxialAnisotropy, Zeeman, ZhangLi
from tests.closeness import close

METHODS = ["relax", "minimize"]


def magnet(**options):
    mesh = Mesh((20, 10, 1), (5e-9, 5e-9, 3e-9))
    options = {"m": initial.random(mesh, seed=1), **options}
    return Simulation(mesh, [Exchange(A=1.3e-11), Demag(), Zeeman(B=(0.01, 0.02, 0))], Ms=8e5, **options)


@pytest.mark.parametrize("method", METHODS)
def test_the_criterion_is_met_and_time_stands_still(method):
    simulation = magnet()
    reached = getattr(simulation, method)(max_torque=1e-5)
    assert simulation.max_torque()[0] <= 1e-5
    assert reached[0] == close(simulation.max_torque()[0], rel=1e-3)
    assert simulation.t[0] == 0
    np.testing.assert_allclose(np.linalg.norm(simulation.m, axis=1), 1, rtol=1e-14)


def test_both_ways_lead_to_the_same_minimum():
    """From a state near one minimum the path cannot matter."""
    ends = []
    for method in METHODS:
        simulation = magnet(m=(1, 0.1, 0))
        getattr(simulation, method)(max_torque=1e-7)
        ends.append(simulation.m)
    np.testing.assert_allclose(ends[0], ends[1], atol=2e-6)


@pytest.mark.parametrize("seed", range(5))
def test_the_minimiser_never_accepts_a_rise_in_energy(seed):
    energies = []
    simulation = magnet(m=initial.random(Mesh((20, 10, 1), (5e-9, 5e-9, 3e-9)), seed))
    simulation.minimize(1e-6, on_step=lambda torque, energy: energies.append(energy[0]))
    energies = np.array(energies)
    assert np.all(np.diff(energies) <= 1e-14 * np.abs(energies).max())  # rounding of a sum of 200 cells
    assert energies[-1] < energies[0]


@pytest.mark.parametrize("method", METHODS)
def test_replicas_equal_separate_descents_bit_for_bit(method):
    """Replicas that are done early wait untouched."""
    fields = [(0.5, 0, 0), (0.01, 0.02, 0), (0, 0, 0.3)]
    mesh = Mesh((8, 4, 1), (5e-9, 5e-9, 3e-9))
    starts = initial.random(mesh, seed=3, batch=3)

    def build(B, m):
        return Simulation(mesh, [Exchange(A=1.3e-11), Demag(), Zeeman(B=B)], Ms=8e5, m=m)

    together = build(PerReplica(fields), starts)
    getattr(together, method)(1e-5)
    assert len(set(together.state.steps)) > 1
    for replica, B in enumerate(fields):
        alone = build(B, starts[replica])
        getattr(alone, method)(1e-5)
        np.testing.assert_array_equal(together.m[replica], alone.m[0])


@pytest.mark.parametrize("method", METHODS)
def test_single_precision_reaches_the_default_criterion(method):
    simulation = magnet(dtype="float32")
    getattr(simulation, method)(max_torque=1e-4)
    assert simulation.max_torque()[0] < 2e-4


@pytest.mark.parametrize("method", METHODS)
def test_an_equilibrium_is_left_alone(method):
    mesh = Mesh((4, 1, 1), (5e-9, 5e-9, 5e-9))
    simulation = Simulation(mesh, [UniaxialAnisotropy(Ku1=1e5)], Ms=8e5, m=(0, 0, 1))
    getattr(simulation, method)()
    np.testing.assert_array_equal(simulation.m[0, :, 0, 0, 0], (0, 0, 1))
    assert simulation.state.steps[0] == 0


class Swirl(Term):
    """A torque without energy."""

    name = "swirl"

    def field(self, m, context):
        return 0.01 * np.roll(m, 1, axis=1)


def test_a_torque_can_be_relaxed_but_not_minimised():
    mesh = Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9))
    simulation = Simulation(mesh, [Swirl(), UniaxialAnisotropy(Ku1=1e5)], Ms=8e5, m=(0.1, 0, 1))
    with pytest.raises(SolverError, match="swirl derives from no energy; use relax"):
        simulation.minimize()
    simulation.relax(1e-6)
    assert simulation.max_torque()[0] <= 1e-6
    assert simulation.energies().keys() == {"uniaxial_anisotropy"}


@pytest.mark.parametrize("method", METHODS)
def test_too_few_steps_are_an_error_that_tells_how_far_it_came(method):
    with pytest.raises(SolverError, match=r"max \|m × B\| is .* T after 3 steps, 1e-09 T was asked for"):
        getattr(magnet(), method)(1e-9, max_steps=3)


def test_a_wall_that_a_current_moves_on_for_good_is_told_to_have_no_equilibrium():
    mesh = Mesh((60, 1, 1), (3e-9, 4e-9, 4e-9))
    terms = [Exchange(A=1e-11), UniaxialAnisotropy(Ku1=2e5), ZhangLi(J=(1e13, 0, 0), P=0.5, xi=0.5)]
    track = Simulation(mesh, terms, Ms=8e5, m=initial.wall(mesh, width=7e-9))
    with pytest.raises(SolverError, match="there is no equilibrium: relax first, then set it"):
        track.relax(max_steps=100)


def test_a_criterion_below_the_rounding_error_is_an_error():
    with pytest.raises(SolverError, match="rounding of float32"):
        magnet(dtype="float32").minimize(1e-12)


def test_a_wall_is_minimised_down_to_a_nanotesla():
    """The energy change near the minimum is not hidden by the rounding of the field along m."""
    mesh = Mesh((128, 1, 1), (1e-9, 1e-9, 1e-9))
    start = initial.wall(mesh, width=2.8e-9)
    wall = Simulation(mesh, [Exchange(A=16e-12), UniaxialAnisotropy(Ku1=1e6)], Ms=1.1e6, m=start)
    wall.minimize(1e-9, max_steps=1000)
    assert wall.max_torque()[0] < 1.1e-9


def test_a_wall_relaxes_in_single_precision():
    """Where a step moves m by less than its rounding, the step is not mistaken for a wrong one."""
    mesh = Mesh((100, 1, 1), (2e-9, 2e-9, 2e-9))
    terms = [Exchange(A=13e-12), UniaxialAnisotropy(Ku1=5e5)]
    wall = Simulation(mesh, terms, Ms=8e5, m=initial.wall(mesh, width=10e-9), dtype="float32")
    wall.relax()
    assert wall.max_torque()[0] < 2e-5


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf])
def test_a_criterion_that_means_nothing_is_refused(method, value):
    with pytest.raises(ParameterError, match=r"max_torque = .* T; allowed: above 0 T"):
        getattr(magnet(), method)(value)
