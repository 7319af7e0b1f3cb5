"""Time integration: order, tolerance, output times, replicas, conservation."""

from math import factorial

import numpy as np
import pytest

from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError, SolverError
from fdmag.mesh import Mesh
from fdmag.parameter import Driven, PerReplica
from fdmag.simulation import Simulation
from fdmag.solvers.integrator import Integrator
from fdmag.solvers.stages import ArrayStepper, Stepper
from fdmag.solvers.step_control import StepControl
from fdmag.solvers.tableau import BOGACKI_SHAMPINE, DORMAND_PRINCE, METHODS, RK4, Tableau, runge_kutta_chebyshev
from fdmag.state import State
from fdmag.terms import Exchange, UniaxialAnisotropy, Zeeman
from fdmag.time_integration import merged_times
from tests.closeness import close

ONE = Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9))


def precession(t, B=0.1, alpha=0.1):
    """m(t) from +x in a field B along z: the polar angle obeys tan(θ/2) = exp(−αγBt/(1+α²)), the azimuth γBt/(1+α²)."""
    rate = GAMMA_E * B / (1 + alpha**2)
    theta, phi = 2 * np.arctan(np.exp(-alpha * rate * t)), rate * t
    return np.array([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])


@pytest.mark.parametrize("tableau", METHODS.values(), ids=METHODS)
def test_order_conditions(tableau):
    """Σ b c^(q−1) = 1/q up to the order, and Σ b a c^(q−2) … for trees of order 3."""
    a = np.zeros((tableau.stages, tableau.stages))
    for i, row in enumerate(tableau.a):
        a[i, : len(row)] = row
    b, c = np.array(tableau.b), np.array(tableau.c)
    for q in range(1, tableau.order + 1):
        assert b @ c ** (q - 1) == close(1 / q)
    if tableau.order > 2:
        assert b @ a @ c == close(1 / 6)
    if tableau.order > 3:
        assert b @ (c * (a @ c)) == close(1 / 8)
        assert b @ a @ a @ c == close(1 / 24)
    if tableau.b_error is not None:
        embedded = np.array(tableau.b_error)
        for q in range(1, tableau.order):
            assert embedded @ c ** (q - 1) == close(1 / q)
        # Of a precession, which is linear in m, it is one order less: its estimate sees the error.
        chain = embedded @ np.linalg.matrix_power(a, tableau.order - 1) @ np.ones(tableau.stages)
        assert chain != pytest.approx(1 / factorial(tableau.order), abs=1e-4)


@pytest.mark.parametrize("stages", [5, 16])
def test_the_chebyshev_method_has_order_two_and_a_long_interval_of_stability(stages):
    """For dm/dt = λ m a step multiplies m by R(z), z = λ dt: |R| < 1 for −0.65 s² < z < 0, and R = exp(z) + O(z³)."""
    tableau = runge_kutta_chebyshev(stages)
    assert tableau.first_same_as_last

    def growth(z):
        slopes = []
        for row in tableau.a:
            slopes.append(z * (1 + sum(a * k for a, k in zip(row, slopes, strict=True))))
        return 1 + sum(b * k for b, k in zip(tableau.b, slopes, strict=True))

    assert all(abs(growth(z)) < 1 for z in np.linspace(-0.65 * stages**2, -1e-3, 500))
    assert abs(growth(-0.7 * stages**2)) > 1
    errors = [abs(growth(z) - np.exp(z)) for z in (-0.02, -0.01)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(3, abs=0.1)


def test_a_wrong_tableau_is_refused():
    with pytest.raises(ParameterError, match="sum to 1"):
        Tableau("wrong", 1, ((),), (0.9,))
    with pytest.raises(ParameterError, match="row i of a"):
        Tableau("wrong", 2, ((), (0.5, 0.5)), (0.5, 0.5))


@pytest.mark.parametrize(("tableau", "steps"), [(DORMAND_PRINCE, 40), (RK4, 80), (BOGACKI_SHAMPINE, 160)])
def test_measured_order_in_time(tableau, steps):
    errors = []
    for n in (steps, 2 * steps):
        simulation = Simulation(ONE, [Zeeman(B=(0, 0, 0.1))], Ms=8e5, alpha=0.1, m=(1, 0, 0))
        simulation.run(1e-9, solver=tableau.name, dt=1e-9 / n)
        errors.append(np.abs(simulation.average_m()[0] - precession(1e-9)).max())
    assert np.log2(errors[0] / errors[1]) == pytest.approx(tableau.order, abs=0.35)


def test_precession_is_counter_clockwise_seen_from_the_tip_of_the_field():
    """With B along +z, an m along +x first moves towards +y."""
    simulation = Simulation(ONE, [Zeeman(B=(0, 0, 0.1))], Ms=8e5, alpha=0.0, m=(1, 0, 0))
    simulation.run(1e-12)
    assert simulation.average_m()[0, 1] > 0


def test_damping_turns_m_into_the_field():
    simulation = Simulation(ONE, [Zeeman(B=(0, 0, 0.1))], Ms=8e5, alpha=0.1, m=(1, 0, 0))
    simulation.run(1e-10)
    assert simulation.average_m()[0, 2] > 0


def test_the_error_follows_the_tolerance():
    errors = []
    for tolerance in (1e-4, 1e-6, 1e-8):
        simulation = Simulation(ONE, [Zeeman(B=(0, 0, 0.1))], Ms=8e5, alpha=0.1, m=(1, 0, 0))
        simulation.run(1e-9, tolerance=tolerance)
        errors.append(np.abs(simulation.average_m()[0] - precession(1e-9)).max())
        assert errors[-1] < tolerance
    assert errors[0] / errors[1] > 20
    assert errors[1] / errors[2] > 20


def test_m_keeps_length_one_and_energy_is_conserved_without_damping():
    """The drift of the energy is at most the local error allowed, added up over the steps, and falls with it."""
    mesh = Mesh((8, 8, 1), (3e-9, 3e-9, 3e-9))
    m = 0.3 * np.random.default_rng(0).normal(size=(3, *mesh.shape))
    m[2] += 1
    terms = [Exchange(A=1.3e-11), UniaxialAnisotropy(Ku1=5e5), Zeeman(B=(0.02, 0, 0.05))]
    drifts = []
    for tolerance in (1e-5, 1e-7):
        simulation = Simulation(mesh, terms, Ms=8e5, alpha=0, m=m)
        start = simulation.energy()[0]
        scale = simulation.energies()["exchange"][0]
        simulation.run(50e-12, tolerance=tolerance)
        drifts.append(abs(simulation.energy()[0] - start) / scale)
        assert drifts[-1] < tolerance * simulation.state.steps[0]
        np.testing.assert_allclose(np.linalg.norm(simulation.m, axis=1), 1, rtol=1e-14)
    assert drifts[1] < drifts[0] / 20


def test_energy_falls_with_damping_in_a_constant_field():
    rng = np.random.default_rng(1)
    mesh = Mesh((6, 6, 1), (3e-9, 3e-9, 3e-9))
    terms = [Exchange(A=1.3e-11), UniaxialAnisotropy(Ku1=5e5)]
    simulation = Simulation(mesh, terms, Ms=8e5, alpha=0.2, m=rng.normal(size=(3, *mesh.shape)))
    energies = []
    simulation.run(20e-12, every=0.2e-12, callback=lambda s: energies.append(s.energy()[0]))
    assert np.all(np.diff(energies) < 0)


def test_output_times_are_hit_exactly():
    times = []
    simulation = Simulation(ONE, [Zeeman(B=(0, 0, 0.1))], Ms=8e5, m=(1, 0, 0))
    simulation.run(1e-10, every=7e-12, callback=lambda s: times.append(s.t[0]))
    assert times == [0.0, *(7e-12 * np.arange(1, 15)), 1e-10]
    simulation.run(1e-10, at=[3e-11], callback=lambda s: times.append(s.t[0]))
    assert times[-3:] == [1e-10, 1e-10 + 3e-11, 1e-10 + 1e-10]


class Pretending(Stepper):
    """Steps with an error far below the tolerance, or a given one, up to a longest step; of 1 beyond it."""

    def __init__(self, longest, error=lambda dt: 1e-12):
        super().__init__(State.start(np.ones((1, 3, 1, 1, 1))), RK4)
        self.longest, self.error, self.log = longest, error, []

    def _attempt(self, rows, dt):
        good = dt[0] <= self.longest(self.state.t[0])
        self.log.append((self.state.t[0], dt[0], good))
        return np.full(1, self.error(dt[0]) if good else 1.0), np.zeros(1)

    def _begin(self, rows):
        pass

    def _fastest(self, rows):
        return np.full(1, 1e11)

    def _accept(self, chosen, accepted):
        pass


def test_an_interval_is_divided_into_equal_steps():
    stepper = Pretending(lambda t: 1.0)
    stepper.state.dt[:] = 3e-12
    Integrator(stepper, StepControl(dt_max=3e-12)).advance(1e-11)
    np.testing.assert_allclose([dt for _, dt, _ in stepper.log], 2.5e-12)


def test_steps_that_end_at_outputs_grow_as_others_do():
    """An error of tolerance × (dt / ps)⁴ allows 0.7 ps by a good margin: one step for each output 0.65 ps apart."""
    stepper = Pretending(lambda t: 1.0, error=lambda dt: 1e-6 * (dt / 1e-12) ** 4)
    integrator = Integrator(stepper, StepControl(tolerance=1e-6))
    for k in range(200):
        integrator.advance(0.65e-12 * (k + 1))
    np.testing.assert_allclose([dt for _, dt, _ in stepper.log[-50:]], 0.65e-12)


def test_what_does_not_move_takes_one_step_for_each_output():
    simulation = Simulation(ONE, [Zeeman(B=(0, 0, 0.1))], Ms=8e5, alpha=0.1, m=(0, 0, 1))
    simulation.run(1e-6, every=1e-9, callback=lambda s: None)
    assert simulation.state.steps == [1000]


def test_steps_keep_below_a_rejected_one_for_a_while():
    stepper = Pretending(lambda t: 1e-12)
    Integrator(stepper, StepControl()).advance(1e-9)
    tried = np.array([dt for _, dt, _ in stepper.log])
    rejected = [n for n, (_, _, good) in enumerate(stepper.log) if not good]
    for n in rejected:
        assert tried[n + 1 : n + 100].max() <= 0.95 * tried[n]
    assert 1 <= len(rejected) < 0.06 * len(tried)
    assert np.median(tried) > 0.7e-12


def test_steps_grow_back_after_what_lasted_shortly():
    stepper = Pretending(lambda t: 1e-14 if 1e-10 < t < 1.001e-10 else 1e-12)
    Integrator(stepper, StepControl(dt_max=0.9e-12)).advance(2e-10)
    after = [dt for t, dt, _ in stepper.log if t > 1.001e-10]
    assert max(after[:130]) == close(0.9e-12, rel=0.03)


def test_of_several_rejections_in_a_row_the_first_counts():
    stepper = Pretending(lambda t: 1e-14 if len(stepper.log) in (200, 201, 202) else 1e-12)
    Integrator(stepper, StepControl(dt_max=0.9e-12)).advance(3e-10)
    assert [good for _, _, good in stepper.log[199:204]] == [True, False, False, False, True]
    assert max(dt for _, dt, _ in stepper.log[203:220]) == close(0.95 * 0.9e-12)


def test_an_accepted_step_is_not_followed_by_a_shorter_one():
    stepper = Pretending(lambda t: 1.0, error=lambda dt: 1e-6 * (dt / 1e-12) ** 4)
    stepper.state.dt[:] = 0.9e-12
    Integrator(stepper, StepControl(tolerance=1e-6)).advance(0.9e-10)
    np.testing.assert_allclose([dt for _, dt, _ in stepper.log], 0.9e-12)


def test_steps_of_a_fine_mesh_are_as_long_as_stability_allows():
    """RK4 is stable up to |λ| dt = √8, where |λ| = γ (B + 2A/Ms Σ (2 − 2 cos k dx)/dx²) of the shortest wave."""
    mesh = Mesh((12, 12, 1), (2e-9, 2e-9, 2e-9))
    m = 0.1 * np.random.default_rng(0).normal(size=(3, *mesh.shape))
    m[2] += 1
    simulation = Simulation(mesh, [Exchange(A=1.3e-11), Zeeman(B=(0, 0, 0.1))], Ms=8e5, alpha=0.02, m=m)
    simulation.run(0.2e-9)  # the noise of the start has gone
    state, begun = simulation.state, simulation.state.steps[0]
    rejected = state.rejected[0]
    simulation.run(0.3e-9)
    steps = state.steps[0] - begun
    k = np.pi * 11 / 12
    rate = GAMMA_E * (0.1 + 2 * 1.3e-11 / 8e5 * 2 * (2 - 2 * np.cos(k)) / 4e-18)
    assert 0.3e-9 / steps == close(np.sqrt(8) / rate, rel=0.05)
    assert state.rejected[0] - rejected < 0.03 * steps


def test_times_that_differ_by_rounding_are_one():
    assert len(merged_times(0.1 * np.arange(1, 11), [0.3, 0.6, 0.7, 1.0])) == 10


@pytest.mark.parametrize(
    "options", [{}, {"solver": "rk4", "dt": 0.7e-12}, {"solver": "dormand_prince"}, {"solver": "bogacki_shampine"}]
)
def test_replicas_of_different_stiffness_equal_separate_runs_bit_for_bit(options):
    """Each replica has its own step size and error: company does not change a bit of it, nor its number of steps."""
    fields = [(0, 0, 0.05), (0, 0, 0.4), (0.1, 0, 1.5)]
    mesh = Mesh((4, 3, 1), (3e-9, 3e-9, 3e-9))
    rng = np.random.default_rng(2)
    m = rng.normal(size=(3, 3, *mesh.shape))

    def build(B, m):
        terms = [Exchange(A=1e-11), Zeeman(B=B)]
        return Simulation(mesh, terms, Ms=8e5, alpha=0.1, m=m)

    together = build(PerReplica(fields), m)
    together.run(20e-12, every=5e-12, **options)
    for replica, B in enumerate(fields):
        alone = build(B, m[replica])
        alone.run(20e-12, every=5e-12, **options)
        np.testing.assert_array_equal(together.m[replica], alone.m[0])
        assert together.state.steps[replica] == alone.state.steps[0]
        assert together.state.evaluations[replica] == alone.state.evaluations[0]
    if not options:
        assert len(set(together.state.steps)) == 3


def test_time_dependent_drives():
    """A field along z that grows linearly turns m by γ ∫ B dt."""
    rate = 0.1e9
    for B in (lambda t: (0 * t, 0 * t, rate * t), Driven((0, 0, rate), lambda t: t)):
        simulation = Simulation(ONE, [Zeeman(B=B)], Ms=8e5, alpha=0, m=(1, 0, 0))
        simulation.run(2e-9, tolerance=1e-9)
        angle = GAMMA_E * rate * 2e-9**2 / 2
        np.testing.assert_allclose(simulation.average_m()[0], [np.cos(angle), np.sin(angle), 0], atol=1e-6)


def test_each_replica_sees_its_own_time():
    """A drive of a batch is called with the times of the replicas that are being stepped."""
    seen = []

    def drive(t):
        seen.append(t.shape)
        return (0 * t, 0 * t, 0.1 + 0 * t)

    simulation = Simulation(ONE, [Zeeman(B=drive)], Ms=8e5, m=(1, 0, 0), batch=3)
    simulation.run(1e-12)
    assert {(3,)} <= set(seen)


def test_a_step_that_cannot_succeed_is_an_error_that_names_the_replica():
    def jump(m, t, replicas):
        return np.where(t[:, None, None, None, None] > 3e-10, np.nan, 1e9) * m

    state = State.start(np.ones((2, 3, 1, 1, 1)))
    with pytest.raises(SolverError, match=r"replica 0 at t = (2.99|3).*e-10 s needs a step below 1e-15 s"):
        Integrator(ArrayStepper(jump, state, DORMAND_PRINCE), StepControl(dt_min=1e-15)).advance(1e-9)


def test_a_slope_that_is_not_finite_is_an_error():
    state = State.start(np.ones((2, 3, 1, 1, 1)))
    with pytest.raises(SolverError, match="replica 0 at t = 0 s: dm/dt is not finite"):
        Integrator(ArrayStepper(lambda m, t, replicas: m * np.nan, state, DORMAND_PRINCE)).advance(1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"duration": 0}, "duration"),
        ({"duration": 1e-9, "every": -1e-12}, "every"),
        ({"duration": 1e-9, "solver": "dormand_price"}, 'did you mean "dormand_prince"'),
        ({"duration": 1e-9, "solver": "implicit_midpoint"}, "give a fixed step"),
        ({"duration": 1e-9, "tolerance": 0}, "tolerance"),
        ({"duration": 1e-9, "dt": -1}, "dt"),
    ],
)
def test_wrong_options_are_refused(options, message):
    simulation = Simulation(ONE, [Zeeman(B=(0, 0, 0.1))], Ms=8e5)
    with pytest.raises(ParameterError, match=message):
        simulation.run(**options)


def test_a_short_pulse_is_not_stepped_over():
    """A magnet at rest would take one step of any length; a pulse that switches it must not depend on the output."""
    pulse = Driven((0.05, 0, -1.2), lambda t: (t > 2e-9) & (t < 2.2e-9))
    for every in (None, 0.5e-9):
        pillar = Simulation(ONE, [UniaxialAnisotropy(Ku1=2e5), Zeeman(B=pulse)], Ms=8e5, alpha=0.5, m=(0, 0, 1))
        pillar.run(5e-9, every=every)
        assert pillar.average_m()[0, 2] == pytest.approx(-1, abs=1e-3)


def test_what_a_callback_changes_counts_at_once():
    """No slope from before the change is used after it."""

    def turn(magnet):
        if magnet.t[0] == 0.5e-9:
            magnet.m = (0, 0, 1)

    def switch_off(magnet):
        if magnet.t[0] == 0.5e-9:
            magnet.set("zeeman.B", (0, 0, 0))
            at_change.append(magnet.m)

    at_change = []
    magnet = Simulation(ONE, [Zeeman(B=(0, 0, 0.1))], Ms=8e5, m=(1, 0, 0))
    magnet.run(1e-9, every=0.5e-9, callback=turn)
    np.testing.assert_array_equal(magnet.average_m(), [[0, 0, 1]])
    magnet = Simulation(ONE, [Zeeman(B=(0, 0, 0.1))], Ms=8e5, m=(1, 0, 0))
    magnet.run(1e-9, every=0.5e-9, callback=switch_off)
    np.testing.assert_allclose(magnet.m, at_change[0], rtol=0, atol=1e-15)
