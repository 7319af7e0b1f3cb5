"""Steps that compiled code chooses and takes by itself, against those chosen one by one in NumPy."""

import numpy as np
import pytest

from fdmag.backend import select_backend
from fdmag.errors import ParameterError, SolverError
from fdmag.host.magnet import magnet_for
from fdmag.kernels.compiler import find_compiler
from fdmag.mesh import Mesh
from fdmag.parameter import Driven, PerReplica
from fdmag.quantities import Above, Below
from fdmag.regions import Regions
from fdmag.signals import Pulse, Sine
from fdmag.simulation import Simulation
from fdmag.solvers.integrator import CALL, Integrator
from fdmag.solvers.stages import Stepper
from fdmag.solvers.step_control import StepControl
from fdmag.solvers.tableau import BOGACKI_SHAMPINE, DORMAND_PRINCE, HEUN, RK4
from fdmag.state import State
from fdmag.stopping import BoundedDistance
from fdmag.terms import Demag, Exchange, Material, Thermal, UniaxialAnisotropy, Zeeman

pytestmark = pytest.mark.skipif(find_compiler()[0] is None, reason="no C++ compiler")

MESH = Mesh((9, 6, 1), (3e-9, 4e-9, 2e-9))
BATCH = 3
ENDS = np.array([10e-12, 7e-12, 11.5e-12])
FIELD = PerReplica([(0.1, 0.0, 0.2), (0.3, 0.1, -0.4), (0.0, 0.5, 0.1)])
PER_CELL = 8e5 * np.random.default_rng(1).uniform(0.5, 1.5, MESH.shape)
CONTROLS = {
    "default": StepControl(),
    "relative": StepControl(tolerance=1e-4, relative=True, rounding=1e-9),
    "longest of each": StepControl(tolerance=1e-3, dt_max=np.array([0.1e-12, 0.3e-12, 0.05e-12])),
    "longest": StepControl(tolerance=1e-3, dt_max=0.2e-12),
    "rejecting": StepControl(tolerance=1e-4, patience=5),
}


def integrator(device, tableau, control=None, dt=None, Ms=8e5, dtype="float64", terms=()):
    rng = np.random.default_rng(3)
    m = rng.normal(size=(BATCH, 3, *MESH.shape)) * 0.2 + np.array([0, 0, 1])[:, None, None, None]
    m /= np.linalg.norm(m, axis=1, keepdims=True)
    local = [Exchange(A=1e-11), UniaxialAnisotropy(Ku1=PerReplica([1e5, 2e5, 3e5])), Zeeman(B=FIELD), Demag(), *terms]
    backend = select_backend(device, dtype)
    magnet = magnet_for(MESH, Regions(MESH, {}), backend, Material(Ms=Ms, alpha=0.05), local)
    made = Integrator(magnet.stepper(State.start(m.astype(dtype)), tableau), control, dt)
    if control is CONTROLS["rejecting"]:
        made.state.dt[:] = 5e-12, 3e-12, 7e-12  # far too long to begin with
    return made


def one_by_one(monkeypatch):
    """Let all devices take the way of those that cannot choose steps."""
    monkeypatch.setattr("fdmag.host.stepper.HostStepper.advance", Stepper.advance)


def known(made):
    state, history = made.state, made.history
    counts = [state.steps, state.rejected, state.evaluations, history.held_until]
    return counts, [state.t, state.dt, history.previous_ratio, history.good_dt, history.ceiling]


@pytest.mark.parametrize("tableau", [RK4, DORMAND_PRINCE, BOGACKI_SHAMPINE], ids=lambda tableau: tableau.name)
@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("Ms", [8e5, PER_CELL], ids=["Ms", "Ms per cell"])
def test_the_steps_are_those_of_the_reference(tableau, control, Ms):
    """Errors of 1e-6 are known to 1e-9 of them, steps therefore too, and m at the end to rounding."""
    together, reference = (integrator(device, tableau, CONTROLS[control], Ms=Ms) for device in ("host", "numpy"))
    together.advance(ENDS)
    reference.advance(ENDS)
    for have, want in zip(*(known(each)[0] for each in (together, reference)), strict=True):
        np.testing.assert_array_equal(have, want)
    for have, want in zip(*(known(each)[1] for each in (together, reference)), strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-5)
    np.testing.assert_array_equal(together.state.t, ENDS)
    np.testing.assert_allclose(together.state.m, reference.state.m, rtol=0, atol=1e-10)
    if control == "rejecting":
        assert np.all(together.state.rejected > 1)


@pytest.mark.parametrize("tableau", [RK4, DORMAND_PRINCE], ids=lambda tableau: tableau.name)
def test_fixed_steps_divide_the_time_evenly(tableau):
    """10 ps are 33.3 steps of 0.3 ps: 34 steps of 0.294 ps."""
    together, reference = (integrator(device, tableau, dt=0.3e-12) for device in ("host", "numpy"))
    for each in (together, reference):
        each.advance(ENDS)
    np.testing.assert_array_equal(together.state.steps, [34, 24, 39])
    np.testing.assert_array_equal(together.state.evaluations, reference.state.evaluations)
    np.testing.assert_allclose(together.state.m, reference.state.m, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("threads", ["1", "3"])
def test_neither_calls_nor_company_nor_threads_change_a_bit(dtype, threads, monkeypatch):
    """All in calls of many attempts, of one or of seven, and each replica alone while the others rest."""
    monkeypatch.setenv("FDMAG_THREADS", threads)
    found = []
    for attempts in (None, 1, 7):
        made = integrator("host", RK4, CONTROLS["rejecting"], dtype=dtype)
        monkeypatch.setattr(made, "_attempts", attempts or 1)
        if attempts:
            monkeypatch.setattr("fdmag.solvers.integrator.CALL", 0.0)  # never more
        made.advance(ENDS)
        found.append(made.state)
    alone = integrator("host", RK4, CONTROLS["rejecting"], dtype=dtype)
    for replica in range(BATCH):
        alone.stopped[:] = np.arange(BATCH) != replica
        alone.advance(ENDS)
    for other in [*found[1:], alone.state]:
        np.testing.assert_array_equal(other.m, found[0].m)
        np.testing.assert_array_equal(other.dt, found[0].dt)
        np.testing.assert_array_equal(other.rejected, found[0].rejected)


def test_a_pulse_is_taken_as_it_is_and_a_wave_step_by_step(monkeypatch):
    """A field that keeps its value until the end is known to compiled code; both ways m is the same to rounding."""
    ends = {}
    for label, signal in {
        "pulse": PerReplica([Pulse(length=1e-9, start=-1e-12), Pulse(length=5e-9), Pulse(length=1e-9, start=1e-9)]),
        "wave": Sine(5e9),
    }.items():
        terms = [Zeeman(B=Driven((0.3, 0, 0), signal))]
        many, single = (integrator("host", RK4, terms=terms) for _ in range(2))
        calls = []
        attempt = many.stepper.attempt
        monkeypatch.setattr(many.stepper, "attempt", lambda *a, f=attempt, c=calls: (c.append(1), f(*a))[1])
        many.advance(ENDS)
        with monkeypatch.context() as patch:
            one_by_one(patch)
            single.advance(ENDS)
        np.testing.assert_allclose(many.state.m, single.state.m, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(many.state.steps, single.state.steps)
        assert bool(calls) == (label == "wave")
        ends[label] = many.state.m
    assert np.abs(ends["pulse"][0] - ends["wave"][0]).max() > 0.01
    still = integrator("host", RK4)  # the third replica's pulse comes later
    still.advance(ENDS)
    np.testing.assert_array_equal(ends["pulse"][2], still.state.m[2])
    assert np.abs(ends["pulse"][1] - still.state.m[1]).max() > 0.01


@pytest.mark.parametrize("device", ["host", "numpy"])
def test_a_replica_that_fails_is_named(device):
    """A step that may not be below 1 ps; an m that is no number in one cell of one replica."""
    made = integrator(device, RK4, StepControl(tolerance=1e-8, dt_min=1e-12))
    made.state.dt[:] = 2e-12
    with pytest.raises(SolverError, match=r"at t = 0 s needs a step below 1e-12 s"):
        made.advance(ENDS)
    np.testing.assert_array_equal(made.state.steps, 0)
    made = integrator(device, RK4, dt=1e-13)
    made.advance(1e-12)
    made.state.m[1, 0, 0, 2, 3] = np.nan
    made.forget()
    with pytest.raises(SolverError, match=r"replica 1.*m is not finite after a step"):
        made.advance(ENDS)
    np.testing.assert_array_equal(made.state.t[1], 1e-12)


THERMAL = {
    "one seed": Thermal(T=300, seed=5),
    "numbers from": Thermal(T=300, seed=2**40 + 5, first_replica=2**32 - 2),
    "seeds": Thermal(T=300, seed=PerReplica([7, 2**50 + 1, 3])),
    "numbers": Thermal(T=300, seed=5, first_replica=PerReplica([9, 2, 2])),
    "seeds and numbers": Thermal(T=300, seed=PerReplica([7, 7, 3]), first_replica=PerReplica([1, 2, 3])),
    "hot while a pulse lasts": Thermal(T=Driven(300, Pulse(length=1e-9, start=-1e-12)), seed=5),
    "T per cell": Thermal(T=np.linspace(0, 600, MESH.n_cells).reshape(MESH.shape), seed=5),
}


@pytest.mark.parametrize("case", THERMAL)
@pytest.mark.parametrize("tableau", [HEUN, RK4], ids=lambda tableau: tableau.name)
def test_noise_is_that_of_the_reference(case, tableau, monkeypatch):
    """The same numbers in the same steps, replica by replica; without them m would be elsewhere."""
    both = [integrator(device, tableau, dt=2e-14, terms=[THERMAL[case]]) for device in ("host", "numpy")]
    for made in both:
        made.state.noise_steps[:] = 0, 5, 2**31  # as after steps of another run
        made.advance(ENDS / 10)
    host, reference = (made.state for made in both)
    for name in ("steps", "evaluations", "noise_steps", "t"):
        np.testing.assert_array_equal(getattr(host, name), getattr(reference, name))
    np.testing.assert_allclose(host.m, reference.m, rtol=0, atol=1e-12)
    quiet = integrator("host", tableau, dt=2e-14)
    quiet.advance(ENDS / 10)
    assert np.abs(host.m - quiet.state.m).max() > 0.01
    one_by_one(monkeypatch)
    slow = integrator("host", tableau, dt=2e-14, terms=[THERMAL[case]])
    slow.state.noise_steps[:] = 0, 5, 2**31
    slow.advance(ENDS / 10)
    np.testing.assert_array_equal(host.m, slow.state.m)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("threads", ["1", "3"])
def test_noise_does_not_depend_on_calls_company_or_threads(dtype, threads, monkeypatch):
    monkeypatch.setenv("FDMAG_THREADS", threads)

    def make():
        return integrator("host", HEUN, dt=2e-14, dtype=dtype, terms=[Thermal(T=300, seed=5)])

    together, alone, stepwise = make(), make(), make()
    together.advance(ENDS / 10)
    for replica in (2, 0, 1):
        alone.stopped[:] = np.arange(BATCH) != replica
        alone.advance(ENDS / 10)
    stepwise.advance(ENDS / 10, on_step=lambda: None)
    for other in (alone, stepwise):
        np.testing.assert_array_equal(other.state.m, together.state.m)


def test_noise_of_whole_steps_is_known_where_steps_are_then_divided(monkeypatch):
    """Fixed steps, then adaptive ones, then fixed ones: what was drawn last is not taken for something else."""
    ends = []
    for slow in (False, True):
        if slow:
            one_by_one(monkeypatch)
        terms = [Exchange(A=1e-11), Thermal(T=300, seed=5)]
        simulation = Simulation(MESH, terms, Ms=8e5, alpha=0.1, m=(1, 0, 0), device="host")
        for dt in (1e-14, None, 2e-14, None):
            simulation.run(3e-13, dt=dt)
        ends.append(simulation.m)
    np.testing.assert_array_equal(*ends)


FALLING = [Zeeman(B=PerReplica([(0, 0, -0.5), (0.1, 0, -0.9), (0, 0.1, -0.7)]))]


@pytest.mark.parametrize("how", ["adaptive", "fixed", "noise"])
@pytest.mark.parametrize("criterion", [Below("mz", -0.3), Above("m.x", 0.35), Below("m.part.z", 0.0)], ids=str)
def test_a_criterion_is_met_where_it_is_if_one_looks_after_every_step(how, criterion, monkeypatch):
    """m that cannot have come to it is not looked at; to the last bit it ends where it ends otherwise."""
    found, looks = [], []
    distances = type(criterion).distances

    def counted(self, simulation):
        distance = distances(self, simulation)

        def look(rows):
            looks[-1] += 1
            return distance(rows)

        return BoundedDistance(look, distance.steepness)

    monkeypatch.setattr(Below, "distances", counted)
    for slow in (False, True):
        if slow:
            monkeypatch.setattr("fdmag.stopping.Stopping.bounded", False)
        terms = [Exchange(A=1e-11), *FALLING, *([Thermal(T=300, seed=1)] if how == "noise" else [])]
        simulation = Simulation(
            MESH,
            terms,
            Ms=8e5,
            alpha=0.3,
            m=(0.1, 0, 1),
            device="host",
            regions={"part": np.indices(MESH.shape)[2] < 3},
        )
        looks.append(0)
        simulation.run(0.2e-9, until=criterion, dt=None if how == "adaptive" else 1e-14)
        found.append(simulation)
    fast, slow = found
    assert not np.isnan(slow.stop_times).any()
    np.testing.assert_array_equal(fast.stop_times, slow.stop_times)
    np.testing.assert_array_equal(fast.m, slow.m)
    np.testing.assert_array_equal(fast.state.steps, slow.state.steps)
    np.testing.assert_array_equal(fast.state.evaluations, slow.state.evaluations)
    assert looks[0] < looks[1] / 2


def test_every_step_is_told_if_that_is_asked_for():
    made, seen = integrator("host", RK4, CONTROLS["rejecting"]), []
    made.advance(ENDS, on_step=lambda: seen.append((made.state.steps + made.state.rejected).copy()))
    steps = np.diff(seen, axis=0)
    assert steps.min() >= 0
    assert steps.max() == 1
    np.testing.assert_array_equal(seen[0], 1)


def test_a_long_run_can_be_broken_off_soon():
    """Calls of compiled code last for about a twentieth of a second, however far the end is."""
    made = integrator("host", RK4)
    made.advance(1e-9)  # how long calls are is known now

    def stop():
        raise KeyboardInterrupt

    before = made.state.steps.copy()
    with pytest.raises(KeyboardInterrupt):
        made.advance(1.0, progress=stop)
    taken = made.state.steps - before
    assert np.all(taken > 0)
    assert np.all(taken < 100 * CALL / 1e-5)  # a step takes far more than 0.1 µs


def test_progress_is_told_without_a_step_at_a_time():
    m = np.random.default_rng(1).normal(size=(3, *MESH.shape))
    simulation, told = Simulation(MESH, [Exchange(A=1e-11)], Ms=8e5, m=m, device="host"), []
    simulation.run(50e-12, progress=lambda: told.append(simulation.t[0]))
    assert told[-1] == 50e-12
    assert len(told) < simulation.state.steps[0] / 2


def test_a_method_without_an_error_still_needs_a_step():
    with pytest.raises(ParameterError, match="no error estimate"):
        integrator("host", BOGACKI_SHAMPINE.__class__("euler", 1, ((),), (1.0,)))
