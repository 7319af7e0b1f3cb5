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
from fdmag.solvers.integrator import Integrator
from fdmag.solvers.stages import Stepper
from fdmag.solvers.step_control import CALL, StepControl
from fdmag.solvers.stochastic import DyadicIntegrator
from fdmag.solvers.tableau import BOGACKI_SHAMPINE, DORMAND_PRINCE, HEUN, RK4, RK4_ADAMS
from fdmag.state import State
from fdmag.stopping import BoundedDistance
from fdmag.terms import Demag, Exchange, Material, Thermal, UniaxialAnisotropy, Zeeman

pytestmark = pytest.mark.skipif(find_compiler()[0] is None, reason="no C++ compiler")

MESH = Mesh((9, 6, 1), (3e-9, 4e-9, 2e-9))
BATCH = 3
ENDS = np.array([5e-12, 3.5e-12, 5.75e-12])
FIELD = PerReplica([(0.1, 0.0, 0.2), (0.3, 0.1, -0.4), (0.0, 0.5, 0.1)])
PER_CELL = 8e5 * np.random.default_rng(1).uniform(0.5, 1.5, MESH.shape)
CONTROLS = {
    "default": StepControl(),
    "relative": StepControl(tolerance=1e-4, relative=True, rounding=1e-9),
    "longest of each": StepControl(tolerance=1e-3, dt_max=np.array([0.1e-12, 0.3e-12, 0.05e-12])),
    "longest": StepControl(tolerance=1e-3, dt_max=0.2e-12),
    "rejecting": StepControl(tolerance=1e-4, patience=5),
}


def integrator(device, tableau, control=None, dt=None, Ms=8e5, dtype="float64", terms=(), divided=False):
    rng = np.random.default_rng(3)
    m = rng.normal(size=(BATCH, 3, *MESH.shape)) * 0.2 + np.array([0, 0, 1])[:, None, None, None]
    m /= np.linalg.norm(m, axis=1, keepdims=True)
    local = [Exchange(A=1e-11), UniaxialAnisotropy(Ku1=PerReplica([1e5, 2e5, 3e5])), Zeeman(B=FIELD), Demag(), *terms]
    backend = select_backend(device, dtype)
    magnet = magnet_for(MESH, Regions(MESH, {}), backend, Material(Ms=Ms, alpha=0.05), local)
    stepper = magnet.stepper(State.start(m.astype(dtype)), tableau)
    if divided:
        return DyadicIntegrator(stepper, StepControl(tolerance=1e-2, dt_max=1e-12) if control is None else control)
    made = Integrator(stepper, control, dt)
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


@pytest.mark.parametrize(
    "tableau", [RK4, RK4_ADAMS, DORMAND_PRINCE, BOGACKI_SHAMPINE], ids=lambda tableau: tableau.name
)
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
        assert together.state.rejected.min() > 0
        assert together.state.rejected.max() > 1


def test_after_several_rejections_steps_grow_up_to_the_first_of_them():
    """A cell that falls into its field: what was too long while it turned fast is not when it hardly moves."""
    mesh, ends = Mesh((1, 1, 1), (3e-9, 3e-9, 3e-9)), []
    for device in ("host", "numpy"):
        simulation = Simulation(mesh, [Zeeman(B=(0, 0, 1))], Ms=8e5, alpha=1, m=(1, 0, 0), device=device)
        magnet, state = simulation._magnet, simulation.state
        made = Integrator(magnet.stepper(state, DORMAND_PRINCE), StepControl(tolerance=1e-6))
        state.dt[:] = 20e-12
        made.advance(150e-12)
        assert state.rejected[0] > 1
        assert 5e-12 < made.history.good_dt[0] < 20e-12
        ends.append([*(array.copy() for array in known(made)[0]), state.dt])
    for have, want in zip(*ends, strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-6)


@pytest.mark.parametrize("tableau", [RK4, RK4_ADAMS, DORMAND_PRINCE], ids=lambda tableau: tableau.name)
def test_fixed_steps_divide_the_time_evenly(tableau):
    """5 ps are 16.7 steps of 0.3 ps: 17 steps of 0.294 ps."""
    together, reference = (integrator(device, tableau, dt=0.3e-12) for device in ("host", "numpy"))
    for each in (together, reference):
        each.advance(ENDS)
    np.testing.assert_array_equal(together.state.steps, [17, 12, 20])
    np.testing.assert_array_equal(together.state.evaluations, reference.state.evaluations)
    np.testing.assert_allclose(together.state.m, reference.state.m, rtol=0, atol=1e-12)


@pytest.mark.usefixtures("shared_out")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("tableau", [RK4, RK4_ADAMS], ids=lambda tableau: tableau.name)
def test_neither_calls_nor_company_nor_threads_change_a_bit(dtype, threads, tableau, monkeypatch):
    """All in calls of many attempts, of one or of seven, and each replica alone while the others rest."""
    monkeypatch.setenv("FDMAG_THREADS", threads)
    found = []
    for attempts in (None, 1, 7):
        made = integrator("host", tableau, CONTROLS["rejecting"], dtype=dtype)
        if attempts:
            monkeypatch.setattr(made._pace, "attempts", attempts)
            monkeypatch.setattr(made._pace, "measure", lambda *_: None)
        made.advance(ENDS)
        found.append(made.state)
    alone = integrator("host", tableau, CONTROLS["rejecting"], dtype=dtype)
    for replica in range(BATCH):
        alone.stopped[:] = np.arange(BATCH) != replica
        alone.advance(ENDS)
    for other in [*found[1:], alone.state]:
        np.testing.assert_array_equal(other.m, found[0].m)
        np.testing.assert_array_equal(other.dt, found[0].dt)
        np.testing.assert_array_equal(other.rejected, found[0].rejected)


def test_signals_are_followed_and_functions_asked_step_by_step(monkeypatch):
    """Compiled code knows pulses and waves, and of a function nothing; both ways m is the same to rounding."""
    ends = {}
    for label, signal in {
        "pulse": PerReplica([Pulse(length=1e-9, start=-1e-12), Pulse(length=5e-9), Pulse(length=1e-9, start=1e-9)]),
        "wave": Sine(5e9),
        "function": lambda t: np.sin(2 * np.pi * 5e9 * t),
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
        assert bool(calls) == (label == "function")
        ends[label] = many.state.m
    assert np.abs(ends["pulse"][0] - ends["wave"][0]).max() > 0.01
    np.testing.assert_allclose(ends["function"], ends["wave"], rtol=0, atol=1e-12)
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
@pytest.mark.parametrize("how", ["heun", "rk4", "divided"])
def test_noise_is_that_of_the_reference(case, how, monkeypatch):
    """The same numbers in the same steps, replica by replica; without them m would be elsewhere."""
    tableau = RK4 if how == "rk4" else HEUN
    kind = {"divided": True} if how == "divided" else {"dt": 2e-14}

    def end(device):
        made = integrator(device, tableau, terms=[THERMAL[case]], **kind)
        made.state.noise_steps[:] = 0, 5, 2**31  # as after steps of another run
        made.advance(ENDS / 5)
        return made.state

    host, reference = end("host"), end("numpy")
    for name in ("steps", "rejected", "evaluations", "noise_steps"):
        np.testing.assert_array_equal(getattr(host, name), getattr(reference, name))
    np.testing.assert_array_equal(host.t, ENDS / 5)
    np.testing.assert_allclose(host.dt, reference.dt, rtol=1e-12)
    np.testing.assert_allclose(host.m, reference.m, rtol=0, atol=1e-12)
    if how == "divided":
        assert np.all(host.rejected > 0)
        assert np.all(host.steps > 2 * (host.noise_steps - [0, 5, 2**31]))
    quiet = integrator("host", tableau, dt=2e-14)
    quiet.advance(ENDS / 5)
    assert np.abs(host.m - quiet.state.m).max() > 0.01
    one_by_one(monkeypatch)
    np.testing.assert_array_equal(host.m, end("host").m)


@pytest.mark.usefixtures("shared_out")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("kind", [{"dt": 2e-14}, {"divided": True}], ids=["fixed", "divided"])
def test_noise_does_not_depend_on_calls_company_or_threads(kind, dtype, threads, monkeypatch):
    monkeypatch.setenv("FDMAG_THREADS", threads)

    def make():
        return integrator("host", HEUN, dtype=dtype, terms=[Thermal(T=300, seed=5)], **kind)

    together, alone, stepwise = make(), make(), make()
    together.advance(ENDS / 5)
    for replica in (2, 0, 1):
        alone.stopped[:] = np.arange(BATCH) != replica
        alone.advance(np.where(alone.stopped, 0, ENDS / 5))
    stepwise.advance(ENDS / 5, on_step=lambda: None)
    for other in (alone, stepwise):
        np.testing.assert_array_equal(other.state.m, together.state.m)
        np.testing.assert_array_equal(other.state.noise_steps, together.state.noise_steps)


@pytest.mark.parametrize("device", ["host", "numpy"])
def test_parts_that_would_be_too_short_are_told(device):
    made = integrator(
        device, HEUN, StepControl(tolerance=1e-13, dt_max=1e-12), terms=[Thermal(T=300, seed=5)], divided=True
    )
    with pytest.raises(SolverError, match=r"at t = 0 s needs a step below dt_max / 2\^23"):
        made.advance(ENDS)
    np.testing.assert_array_equal(made.state.steps, 0)


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


@pytest.mark.usefixtures("shared_out")
def test_numbers_drawn_meanwhile_are_not_taken_for_those_before(monkeypatch):
    """A step drawn for Python, the next one in a call, by threads with a replica each, and the first one again."""
    monkeypatch.setenv("FDMAG_THREADS", "2")
    simulation = Simulation(MESH, [Thermal(T=300, seed=5)], Ms=8e5, alpha=0.1, m=(1, 0, 0), batch=2, device="host")
    ends = []
    for slow, step in ((True, 0), (False, 1), (True, 0)):
        with monkeypatch.context() as patch:
            if slow:
                one_by_one(patch)
            simulation.m = (1, 0, 0)
            simulation.state.noise_steps[:] = step
            simulation.run(1e-14, dt=1e-14)
        ends.append(simulation.m.copy())
    np.testing.assert_allclose(ends[2], ends[0], rtol=0, atol=1e-12)  # t has another rounding
    assert np.abs(ends[1] - ends[0]).max() > 1e-3


FALLING = [Zeeman(B=PerReplica([(0, 0, -0.5), (0.1, 0, -0.9), (0, 0.1, -0.7)]))]


@pytest.mark.parametrize("how", ["adaptive", "fixed", "noise", "noise, divided"])
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
        terms = [Exchange(A=1e-11), *FALLING, *([Thermal(T=300, seed=1)] if "noise" in how else [])]
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
        simulation.run(0.2e-9, until=criterion, dt=1e-14 if how in ("fixed", "noise") else None)
        found.append(simulation)
    fast, slow = found
    assert not np.isnan(slow.stop_times).any()
    np.testing.assert_array_equal(fast.stop_times, slow.stop_times)
    np.testing.assert_array_equal(fast.m, slow.m)
    np.testing.assert_array_equal(fast.state.steps, slow.state.steps)
    np.testing.assert_array_equal(fast.state.evaluations, slow.state.evaluations)
    assert looks[0] < looks[1] * (0.7 if "noise" in how else 0.5)


@pytest.mark.parametrize("value", [0.03, 0.045, 0.05, 0.055, 0.1, 0.2, 0.3, 0.5])
def test_steps_that_grow_do_not_pass_over_a_criterion(value, monkeypatch):
    """After m was set steps begin short, the second five times as long as the first: it may come too far in a call."""
    mesh, found = Mesh((1, 1, 1), (3e-9, 3e-9, 3e-9)), []
    for slow in (False, True):
        if slow:
            monkeypatch.setattr("fdmag.stopping.Stopping.bounded", False)
        simulation = Simulation(mesh, [Zeeman(B=(0, 0.5, 0))], Ms=8e5, alpha=0.1, m=(0, 1, 0), device="host")

        def turn(simulation):
            if simulation.t[0] == 1e-12:
                simulation.m = (0, 0, 1)

        simulation.run(0.1e-9, every=1e-12, callback=turn, until=Above("mx", value))
        found.append(simulation)
    fast, slow = found
    np.testing.assert_array_equal(fast.stop_times, slow.stop_times)
    np.testing.assert_array_equal(fast.m, slow.m)
    np.testing.assert_allclose(fast.m[0, 0], value, rtol=1e-8)


def test_every_step_is_told_if_that_is_asked_for():
    made, seen = integrator("host", RK4, CONTROLS["rejecting"]), []
    made.advance(ENDS, on_step=lambda: seen.append((made.state.steps + made.state.rejected).copy()))
    steps = np.diff(seen, axis=0)
    assert steps.min() >= 0
    assert steps.max() == 1
    np.testing.assert_array_equal(seen[0], 1)


class Still:
    """A window that never moves, and counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    def start(self, simulation):
        pass

    def cells(self, simulation):
        self.asked += 1
        return np.zeros(simulation.batch, np.int64)


@pytest.mark.parametrize("until", [None, Below("mz", -2.0)], ids=["no criterion", "criterion"])
def test_what_may_change_m_is_asked_after_every_step(until):
    m, window, told = np.random.default_rng(1).normal(size=(3, *MESH.shape)), Still(), []
    simulation = Simulation(MESH, [Exchange(A=1e-11)], Ms=8e5, m=m, device="host")
    simulation.run(5e-12, until=until, window=window)
    tried = simulation.state.steps[0] + simulation.state.rejected[0]
    assert window.asked == tried > 5
    simulation.run(5e-12, until=until, on_step=lambda: told.append(1))
    assert len(told) == simulation.state.steps[0] + simulation.state.rejected[0] - tried


def test_a_long_run_can_be_broken_off_soon():
    """Calls of compiled code last for about a twentieth of a second, however far the end is."""
    made = integrator("host", RK4)
    made.advance(1e-9)  # how long calls are is known now

    def stop():
        raise KeyboardInterrupt

    before = made.state.steps.copy()
    with pytest.raises(KeyboardInterrupt):
        made.advance(1, progress=stop)  # a whole number, too
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
