"""A slow part of the field that stages within a step extrapolate: orders, counts, and when it is found anew."""

import numpy as np
import pytest

from fdmag import Driven, Mesh, PerReplica, Simulation
from fdmag.errors import ParameterError
from fdmag.kernels.compiler import find_compiler
from fdmag.quantities import Above
from fdmag.signals import Pulse
from fdmag.solvers.choice import method_for
from fdmag.solvers.integrator import Integrator
from fdmag.solvers.slow_field import Past, extrapolation
from fdmag.solvers.tableau import DORMAND_PRINCE, HEUN, RK4, RK4_ADAMS
from fdmag.terms import Demag, Exchange, Term, Zeeman

DEVICES = ["numpy", pytest.param("host", marks=pytest.mark.skipif(find_compiler()[0] is None, reason="no compiler"))]
MESH = Mesh((12, 5, 1), (6e-9, 6e-9, 4e-9))
COARSE = Mesh((6, 4, 2), (20e-9, 20e-9, 15e-9))  # where demag turns m faster than exchange


def magnet(device="numpy", mesh=MESH, terms=(), *, alpha=0.02, Ms=8e5, m=None, **options):
    if m is None:
        z, y, x = np.indices(mesh.shape)
        m = np.stack([np.cos(0.3 * x), np.sin(0.3 * x + 0.2 * y), 0.3 * np.cos(0.5 * y + z)])
        m /= np.linalg.norm(m, axis=0)
    return Simulation(mesh, [Exchange(A=1e-11), Demag(), *terms], Ms=Ms, alpha=alpha, m=m, device=device, **options)


def fixed_steps(made, tableau, dt, duration):
    """Runs refuse this for methods that extrapolate: nobody would look at the error."""
    Integrator(made.magnet.stepper(made.state, tableau), dt=dt).advance(duration)


@pytest.mark.parametrize("c", [0.5, 1.0])
def test_a_cubic_is_extrapolated_exactly_from_uneven_steps(c):
    cubic = np.polynomial.Polynomial([0.3, -2.0, 1.5, 0.7])
    steps = np.array([[0.5, 1.0], [2.0, 0.3], [0.9, 1.1]])  # of two replicas
    times = -np.cumsum([[0, 0], *steps], axis=0)
    np.testing.assert_allclose((extrapolation(steps, c) * cubic(times)).sum(axis=0), cubic(c), rtol=1e-12)


def test_the_fields_of_each_replica_go_round():
    """Six steps of replica 0 and two of replica 2: places 0 ... 4 in turn, the newest step first."""
    past, rows = Past(4, 3), np.array([0, 2])
    past.begin(rows)
    for k in range(6):
        chosen = rows if k < 2 else rows[:1]
        past.accept(chosen, np.full(chosen.size, 1.0 + k))
    np.testing.assert_array_equal(past.suffices(np.arange(3)), [True, False, False])
    np.testing.assert_array_equal([past.places(rows, age) for age in (-1, 0, 1)], [[2, 3], [1, 2], [0, 1]])
    np.testing.assert_array_equal(past.steps[0], [6, 5, 4])


@pytest.mark.parametrize("mesh", [MESH, COARSE], ids=["exchange", "demag"])
@pytest.mark.parametrize("device", DEVICES)
def test_the_error_falls_as_the_fourth_power_of_the_step(device, mesh):
    """Against Dormand–Prince in steps that are far shorter; the first steps find every field."""
    duration, coarsest = (6e-12, 0.15e-12) if mesh is MESH else (40e-12, 1e-12)
    exact, errors = magnet("numpy", mesh, alpha=0.1), []
    exact.run(duration, solver="dormand_prince", dt=coarsest / 8)
    for dt in coarsest / np.array([1, 2, 4]):
        made = magnet(device, mesh, alpha=0.1)
        fixed_steps(made, RK4_ADAMS, dt, duration)
        errors.append(np.abs(made.m - exact.m).max())
    np.testing.assert_allclose(np.log2(np.array(errors[:-1]) / errors[1:]), 4, atol=0.4)
    assert errors[-1] > 1e-11


@pytest.mark.parametrize("mesh", [MESH, COARSE], ids=["exchange", "demag"])
@pytest.mark.parametrize("device", DEVICES)
def test_the_error_is_below_the_tolerance_of_all_steps_and_falls_with_it(device, mesh):
    exact = magnet("numpy", mesh)
    exact.run(0.1e-9, solver="dormand_prince", tolerance=1e-10)
    errors = []
    for tolerance in (1e-5, 1e-6, 1e-7):
        made = magnet(device, mesh)
        made.run(0.1e-9, tolerance=tolerance)
        errors.append(np.abs(made.m - exact.m).max())
        assert errors[-1] < tolerance * made.state.steps[0]
    assert errors[0] > 4 * errors[1] > 16 * errors[2]


class Everywhere(Term):
    """A slow term of a user's: a field along the mean of m."""

    name = "everywhere"
    degree = 2
    slow = True
    asked = 0

    def field(self, m, context):
        type(self).asked += len(m)
        return (0.3 * m.mean(axis=(2, 3, 4), keepdims=True)).astype(m.dtype)


@pytest.mark.parametrize("device", DEVICES)
def test_a_slow_term_in_python_is_asked_once_a_step_and_followed(device):
    start = magnet().m
    runs = {}
    for solver in ("rk4_adams", "rk4"):
        made = Simulation(MESH, [Exchange(A=1e-11), Everywhere()], Ms=8e5, alpha=0.02, m=start, device=device)
        Everywhere.asked = 0
        made.run(20e-12, solver=solver)
        runs[solver] = made, Everywhere.asked
    attempts = [made.state.steps[0] + made.state.rejected[0] for made, _ in runs.values()]
    assert [asked for _, asked in runs.values()] == [1 + attempts[0] + 3 * 3, 1 + 4 * attempts[1]]
    np.testing.assert_allclose(runs["rk4_adams"][0].m, runs["rk4"][0].m, rtol=0, atol=1e-5)


class Counted(Demag):
    """Demag that says how often it was asked, in rows; it has no compiled way."""

    asked = 0

    def field(self, m, context):
        type(self).asked += len(m)
        return super().field(m, context)


def counted(device, run):
    Counted.asked = 0
    z = Simulation(MESH, [Exchange(A=1e-11), Counted()], Ms=8e5, alpha=0.02, m=magnet().m, device=device)
    run(z)
    return Counted.asked, z.state


@pytest.mark.parametrize("device", DEVICES)
def test_a_step_finds_the_slow_field_once(device):
    """The present one, four in each of the first three steps, then one for each step, accepted or not."""
    asked, state = counted(device, lambda each: each.run(20e-12))
    attempts = state.steps[0] + state.rejected[0]
    assert attempts > 20
    # The length of the first step takes the field at its beginning.
    assert asked == 1 + attempts + 3 * 3
    assert state.evaluations[0] == 1 + 4 * attempts


@pytest.mark.parametrize("device", DEVICES)
def test_what_is_changed_from_outside_begins_anew(device):
    """A callback turns m around: from there on it is as if a run had begun."""

    def turn(simulation):
        if 0 < simulation.t[0] < 15e-12:
            simulation.m = simulation.m[:, :, :, ::-1]

    runs = [magnet(device) for _ in range(2)]
    runs[0].run(20e-12, every=10e-12, callback=turn)
    runs[1].run(10e-12)
    turn(runs[1])
    runs[1].run(10e-12)
    np.testing.assert_allclose(runs[0].m, runs[1].m, rtol=0, atol=1e-13)


@pytest.mark.parametrize("device", DEVICES)
def test_a_pulse_with_sharp_edges_is_followed(device):
    """m has a kink where the field jumps, and the demag field with it."""
    pulse = Zeeman(B=Driven((0, 0.2, 0.1), Pulse(11e-12, start=7e-12)))
    made, exact = magnet(device, terms=[pulse]), magnet("numpy", terms=[pulse])
    made.run(40e-12)
    exact.run(40e-12, solver="dormand_prince", tolerance=1e-10)
    np.testing.assert_allclose(made.m, exact.m, rtol=0, atol=3e-5)


@pytest.mark.parametrize("mesh", [MESH, COARSE], ids=["exchange", "demag"])
@pytest.mark.parametrize("device", DEVICES)
def test_without_damping_energy_is_kept_and_none_is_gained(device, mesh):
    """Waves of all lengths, which extrapolation could amplify: what is lost is a matter of the tolerance."""
    m = magnet(mesh=mesh).m[0] + 0.05 * np.random.default_rng(0).normal(size=(3, *mesh.shape))
    m /= np.linalg.norm(m, axis=0)
    lost = []
    for tolerance in (1e-6, 1e-7):
        made = magnet(device, mesh, alpha=0, m=m)
        before = made.energy()[0]
        made.run(0.2e-9, tolerance=tolerance)
        lost.append(1 - made.energy()[0] / before)
    assert 0 < lost[0] < 3e-5
    assert 0 < lost[1] < lost[0] / 5


def disturbed(cell, device):
    """A film along x, periodic in its plane, with waves of all lengths 1e-4 high."""
    mesh = Mesh((24, 24, 1), (cell, cell, 3e-9), "xy")
    m = np.random.default_rng(0).normal(size=(3, *mesh.shape)) * 1e-4 + np.array([1, 0, 0])[:, None, None, None]
    return magnet(device, mesh, [Zeeman(B=(0.05, 0, 0))], alpha=0.002, m=m / np.linalg.norm(m, axis=0))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("cell", "longest"),
    [(2.5e-9, np.sqrt(8)), (5e-9, 1.6), (6.5e-9, 1.4)],
    ids=["half an exchange length", "an exchange length", "1.3 exchange lengths"],
)
def test_how_long_a_step_may_be(device, cell, longest):
    """Times the fastest precession, from the roots of the linearised recurrence: shorter ones let waves die out.

    A cell of an exchange length or more: 1.5 times as long, which the classical method endures, they grow.
    """
    heights = []
    for part in (0.93, 1.5) if cell > 4e-9 else (0.93,):
        made = disturbed(cell, device)
        dt = part * longest / made.magnet.fastest_rate(made.m, made.t)[0]
        fixed_steps(made, RK4_ADAMS, dt, 600 * dt)
        heights.append(np.abs(made.m[:, 1:]).max())
    assert heights[0] < 5e-4
    assert all(height > 5e-3 for height in heights[1:])


@pytest.mark.parametrize("device", DEVICES)
def test_adaptive_steps_let_no_wave_grow(device):
    made = disturbed(6.5e-9, device)
    made.run(0.5e-9)
    assert made.state.steps[0] > 200
    assert np.abs(made.m[:, 1:]).max() < 5e-4


@pytest.mark.parametrize("device", DEVICES)
def test_a_run_up_to_a_criterion_ends_where_the_classical_method_does(device):
    """The last step is found again from its start, where nothing is known of the fields before."""
    times = []
    for solver in ("rk4_adams", "rk4"):
        made = magnet(device, terms=[Zeeman(B=(0.2, 0.1, 0.05))])
        made.run(0.3e-9, solver=solver, until=Above("mx", 0.2))
        times.append(made.stop_times[0])
        assert abs(made.average_m()[0, 0] - 0.2) < 1e-6
    np.testing.assert_allclose(*times, rtol=1e-5)


class Twisted(Term):
    """A term in Python, beside a slow one."""

    name = "twisted"
    degree = 2

    def field(self, m, context):
        return (0.05 * m[:, [1, 0, 2]]).astype(m.dtype)


OTHERS = {
    "alone": ((), 8e5),
    "Ms per cell": ((), 8e5 * np.random.default_rng(1).uniform(0.5, 1.5, MESH.shape)),
    "beside Python": ((Twisted(),), 8e5),
}


@pytest.mark.skipif(find_compiler()[0] is None, reason="no C++ compiler")
@pytest.mark.parametrize("case", OTHERS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_compiled_steps_of_replicas_at_different_times_are_those_of_the_reference(case, dtype):
    """One is stopped early and set anew, so that those with and without known fields go together."""
    terms, Ms = OTHERS[case]
    runs = []
    for device in ("host", "numpy"):
        made = magnet(device, terms=terms, Ms=Ms, alpha=PerReplica([0.02, 0.5, 0.1]), dtype=dtype)
        stepper = made._magnet.stepper(made.state, RK4_ADAMS)
        rows, some = np.arange(3), np.array([0, 2])
        for k in range(12):
            chosen = some if k % 3 == 1 else rows
            dt = np.array([2e-13, 1e-13, 3e-13])[chosen] * (1 + 0.3 * np.sin(k))
            stepper.attempt(chosen, dt)
            good = np.array([k % 4 != 3, True, True])[chosen]
            stepper.accept(good)
            made.state.t[chosen[good]] += dt[good]
            if k == 7:
                stepper.forget(np.array([1]))
        runs.append(made)
    tolerance = 1e-13 if dtype == "float64" else 3e-6
    np.testing.assert_allclose(runs[0].state.m, runs[1].state.m, rtol=0, atol=tolerance)
    np.testing.assert_array_equal(runs[0].state.evaluations, runs[1].state.evaluations)


def test_which_method_is_taken():
    """Noise and one cell have their own; in fixed steps, whose error is not looked at, the classical one."""
    assert method_for(None, noisy=False, single_cell=False, slow=True) is RK4_ADAMS
    assert method_for(None, noisy=False, single_cell=False) is RK4
    assert method_for(None, noisy=True, single_cell=False, slow=True) is HEUN
    assert method_for(None, noisy=False, single_cell=True, slow=True) is DORMAND_PRINCE
    runs = {solver: magnet() for solver in (None, "rk4")}
    for solver, made in runs.items():
        made.run(3e-12, solver=solver, dt=1e-13)
    np.testing.assert_array_equal(runs[None].m, runs["rk4"].m)
    with pytest.raises(ParameterError, match='solver "rk4_adams" adapts its step'):
        magnet().run(3e-12, solver="rk4_adams", dt=1e-13)
