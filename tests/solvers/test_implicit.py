"""The implicit midpoint rule: order, and what it conserves."""

import numpy as np
import pytest

from fdmag.analytic.macrospin import macrospin_trajectory
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.solvers.tableau import IMPLICIT_MIDPOINT
from fdmag.terms import Demag, Exchange, UniaxialAnisotropy, Zeeman

MESH = Mesh((5, 4, 2), (4e-9, 4e-9, 4e-9))


def magnet(alpha=0.0):
    m = np.random.default_rng(2).normal(size=(3, *MESH.shape))
    terms = [Exchange(A=1e-11), UniaxialAnisotropy(Ku1=1e5), Demag(), Zeeman(B=(0.1, 0.2, 0.05))]
    return Simulation(MESH, terms, Ms=8e5, alpha=alpha, m=m)


def test_the_energy_stays_without_damping():
    """In 200 steps of the size of a thirtieth of the fastest period; Heun's method loses it in the same steps."""
    simulation, other = magnet(), magnet()
    before, scale = simulation.energy()[0], sum(abs(each[0]) for each in simulation.energies().values())
    simulation.run(4e-11, solver="implicit_midpoint", dt=2e-13)
    other.run(4e-11, solver="heun", dt=2e-13)
    assert abs(simulation.energy()[0] - before) < 1e-12 * scale
    assert abs(other.energy()[0] - before) > 1e-6 * scale
    assert np.abs(simulation.m - magnet().m).max() > 0.5


def test_the_length_of_m_stays_before_it_is_made_one():
    simulation = magnet(alpha=0.3)
    stepper = simulation._magnet.stepper(simulation.state, IMPLICIT_MIDPOINT)
    stepper.attempt(np.array([0]), np.array([3e-13]))
    assert np.abs(np.linalg.norm(stepper._solution, axis=1) - 1).max() < 1e-14


def test_the_order_is_two():
    B, alpha = np.array([0.1, 0.2, 0.4]), 0.2
    exact = macrospin_trajectory(1e-10, (1, 0, 0), B, alpha)
    errors = []
    for dt in (2e-12, 1e-12, 5e-13):
        simulation = Simulation(Mesh((1, 1, 1), (5e-9,) * 3), [Zeeman(B=B)], Ms=8e5, alpha=alpha, m=(1, 0, 0))
        simulation.run(1e-10, solver="implicit_midpoint", dt=dt)
        errors.append(np.abs(simulation.average_m()[0] - exact).max())
    np.testing.assert_allclose(np.log2(errors[:-1]) - np.log2(errors[1:]), 2, atol=0.1)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_batch_equals_its_replicas(dtype):
    mesh, fields = Mesh((3, 1, 1), (5e-9,) * 3), [(0.1, 0, 0.3), (2.0, 0, 1.0), (0, 0, 0)]
    terms = [Exchange(A=1e-11)]
    together = Simulation(mesh, [*terms, Zeeman(B=PerReplica(fields))], Ms=8e5, m=(1, 1, 0), dtype=dtype)
    together.run(1e-11, solver="implicit_midpoint", dt=5e-13)
    for replica, B in enumerate(fields):
        alone = Simulation(mesh, [*terms, Zeeman(B=B)], Ms=8e5, m=(1, 1, 0), dtype=dtype)
        alone.run(1e-11, solver="implicit_midpoint", dt=5e-13)
        np.testing.assert_array_equal(alone.m[0], together.m[replica])


def test_the_step_has_to_be_given():
    with pytest.raises(ParameterError, match='solver "implicit_midpoint" has no error estimate: give a fixed step dt'):
        magnet().run(1e-12, solver="implicit_midpoint")
