"""Fixed steps that are too long are refused; what the refusal knows, against closed forms and against runs."""

import copy

import numpy as np
import pytest

from fdmag import Mesh, Simulation
from fdmag.constants import BOLTZMANN, GAMMA_E
from fdmag.errors import SolverError
from fdmag.parameter import PerReplica
from fdmag.solvers.fixed_step import WARMEST, calm_step, check_step, fastest_rate, growth, temperature
from fdmag.solvers.tableau import BOGACKI_SHAMPINE, DORMAND_PRINCE, HEUN, RK4
from fdmag.terms import Exchange, Thermal, Zeeman
from tests.closeness import close

MS, A, DX = 8e5, 13e-12, 4e-9


def chain(cells=8, batch=1, dtype=np.float64, **more):
    mesh = Mesh((cells, 1, 1), (DX, DX, DX))
    terms = [Exchange(A=more.pop("A", A)), Zeeman(B=(0, 0, 0.5)), *more.pop("terms", [])]
    return Simulation(mesh, terms, Ms=MS, alpha=more.pop("alpha", 0.05), batch=batch, dtype=dtype, **more)


def shortest_wave(cells=8, A=A, alpha=0.05):
    """|λ| of the shortest standing wave of the chain: γ/sqrt(1 + α²) (B + 2A/Ms (2 − 2 cos k dx)/dx²)."""
    k = np.pi * (cells - 1) / cells
    return GAMMA_E / np.sqrt(1 + alpha**2) * (0.5 + 2 * A / MS * (2 - 2 * np.cos(k)) / DX**2)


@pytest.mark.parametrize("method", [HEUN, BOGACKI_SHAMPINE, RK4, DORMAND_PRINCE], ids=lambda method: method.name)
def test_growth_is_that_of_the_exact_solution_to_the_order_of_the_method(method):
    z = np.array([0.1j - 0.02, 0.05j - 0.01])
    far, near = np.abs(growth(method, z) - np.exp(z))
    assert np.log2(far / near) == pytest.approx(method.order + 1, abs=0.2)


def test_the_classical_method_is_stable_to_its_limit_on_the_imaginary_axis():
    limit = np.sqrt(8)  # E. Hairer and G. Wanner, Solving ODEs II, section IV.2
    inside, outside = np.abs(growth(RK4, 1j * limit * np.array([0.999, 1.001])))
    assert inside < 1 < outside


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_fastest_rate_is_that_of_the_shortest_spin_wave(dtype):
    simulation = chain(dtype=dtype)
    found = simulation.magnet.fastest_rate(simulation.state.m, simulation.t)
    assert found == close(shortest_wave(), rel=0.02)


def test_the_fastest_rate_is_zero_where_nothing_moves():
    assert fastest_rate(np.zeros_like, np.ones((2, 3, 1, 1, 4))).tolist() == [0, 0]


def test_a_long_step_of_heun_heats_a_mode_as_told():
    """Equipartition of two small transverse components, ⟨mx² + my²⟩ = 2 kT/(Ms V B), times what `temperature` says."""
    alpha, B, replicas = 0.05, 1.0, 1500
    mesh = Mesh((1, 1, 1), (20e-9, 20e-9, 20e-9))
    dt = 0.6 / (GAMMA_E * B)
    simulation = Simulation(mesh, [Zeeman(B=(0, 0, B)), Thermal(T=30, seed=1)], Ms=MS, alpha=alpha, batch=replicas)
    z = np.array([GAMMA_E * B * dt * (1j - alpha) / (1 + alpha**2)])
    told = temperature(HEUN, z)[0]
    assert 1.7 < told < 2
    squares = []
    for _ in range(12):
        simulation.run(120 * dt, dt=dt)
        squares.append((simulation.average_m()[:, :2] ** 2).sum(axis=1).mean())
    expected = 2 * BOLTZMANN * 30 / (MS * 8e-24 * B)
    assert np.mean(squares[2:]) == close(
        told * expected, rel=0.04
    )  # three standard errors of 15000 squares, and a margin


def test_a_step_that_heats_is_refused_and_the_advised_one_is_not():
    simulation = chain(terms=[Thermal(T=300, seed=1)])
    dt = 1.2 / shortest_wave()
    with pytest.raises(
        SolverError, match=r"replica 0 needs a shorter step than dt = .* in each step of \"heun\""
    ) as error:
        simulation.run(1e-12, dt=dt)
    assert simulation.t[0] == 0
    advised = float(str(error.value).split("Give about dt = ")[1].split(" s")[0])
    simulation.run(10 * advised, dt=advised)
    assert dt / 5 < advised < dt


def test_a_step_that_lets_rounding_errors_grow_is_refused():
    """The limit of RK4, sqrt(8), less what damping allows; with more than that the chain would be noise."""
    simulation = chain(alpha=0.01)
    simulation.run(2e-12, dt=2.5 / shortest_wave(alpha=0.01))
    with pytest.raises(SolverError, match=r'grows by a factor of .* in each step of "rk4"'):
        simulation.run(1e-9, dt=3.1 / shortest_wave(alpha=0.01))


def test_undamped_precession_may_grow_by_less_than_rounding_errors_do():
    check_step(HEUN, 1e-12, 1e-9, np.array([5e10]), np.array([0.0]), noisy=False)
    check_step(HEUN, 1e-12, 1e-9, np.array([5e10]), np.array([0.0]), noisy=True)  # noise does nothing without damping


def test_a_step_may_make_the_fastest_mode_twice_as_hot_as_the_noise():
    """With α = 0.05 that is about where 1 + z³/(8α) is 2, at z = 0.74 in lowest order; at 0.8 it grows outright."""
    rate, alpha = np.array([1e12]), np.array([0.05])
    check_step(HEUN, 0.6e-12, 1e-9, rate, alpha, noisy=True)
    with pytest.raises(SolverError, match=r"has [2-9]\S* times the temperature of the noise"):
        check_step(HEUN, 0.7e-12, 1e-9, rate, alpha, noisy=True)


def test_only_the_replicas_that_need_it_are_refused():
    simulation = chain(A=PerReplica([A, 100 * A, A / 2]), batch=3)
    with pytest.raises(SolverError) as error:
        simulation.run(1e-9, dt=2 / shortest_wave())
    assert list(error.value.failures) == [1]


def test_a_parameter_that_is_set_counts():
    simulation = chain(alpha=0.01)
    dt = 2.5 / shortest_wave(alpha=0.01)
    simulation.run(4 * dt, dt=dt)
    simulation.set("exchange.A", 4 * A)
    with pytest.raises(SolverError, match="shorter step"):
        simulation.run(200 * dt, dt=dt)


def test_a_calm_step_heats_the_fastest_mode_as_much_as_it_may():
    rate, alpha = np.array([1e12, 3e12, 1e12]), np.array([0.01, 0.1, 0.0])
    steps = calm_step(rate, alpha)
    modes = rate * (1j - alpha) / np.sqrt(1 + alpha**2)
    assert temperature(HEUN, modes * np.where(np.isfinite(steps), steps, 1))[:2] == close(WARMEST, rel=1e-6)
    assert np.isinf(steps[2])  # where there is no damping there is no noise


def test_adaptive_steps_in_noise_are_as_short_as_the_fastest_precession_asks_for():
    """Where the local error alone would allow 40 times longer ones: at 0.1 K m hardly turns in a step."""
    simulation = chain(terms=[Thermal(T=0.1, seed=1)])
    simulation.run(8e-12)
    assert simulation.state.dt == close(8e-12 / simulation.state.steps)
    calm = calm_step(np.array([shortest_wave()]), np.array([0.05]))
    assert 0.93 * calm < simulation.state.dt < 1.02 * calm


def test_a_parameter_that_is_set_during_a_run_changes_the_steps_in_noise():
    simulation = chain(terms=[Thermal(T=0.1, seed=1)])
    steps = []

    def stiffer(simulation):
        steps.append(simulation.state.steps[0])
        if len(steps) == 2:
            simulation.set("exchange.A", 4 * A)

    simulation.run(1e-12, at=[0.5e-12], callback=stiffer)
    assert 2.5 * steps[1] < steps[2] - steps[1] < 5 * steps[1]


def test_a_copy_goes_on_as_the_original_does():
    simulation = chain(terms=[Thermal(T=300, seed=1)])
    simulation.run(0.3e-12)
    copied = copy.deepcopy(simulation)
    for each in (simulation, copied):
        each.run(0.3e-12)
    np.testing.assert_array_equal(copied.m, simulation.m)


def test_damping_counts_where_something_moves():
    """Nothing there, or frozen: its alpha of 0 would let noise be taken for none."""
    halves = {"left": np.arange(8) < 4, "right": np.arange(8) >= 4}
    alpha = {"left": 0.05, "right": 0, "default": 0}
    for where, given in (
        ("Ms", {"left": MS, "right": 0, "default": 0}),
        ("frozen", {"left": 0, "right": 1, "default": 0}),
    ):
        options = {"Ms": MS, where: given}
        regions = {name: mask.reshape(1, 1, 8) for name, mask in halves.items()}
        mesh = Mesh((8, 1, 1), (DX, DX, DX))
        simulation = Simulation(mesh, [Exchange(A=A)], alpha=alpha, regions=regions, **options)
        assert simulation.magnet.smallest_alpha(simulation.t).tolist() == [0.05]
