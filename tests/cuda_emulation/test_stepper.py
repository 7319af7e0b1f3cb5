"""Steps on the GPU, emulated: whole runs against the NumPy reference, graphs, drives, replicas, the state's m."""

import copy
import pickle

import numpy as np
import pytest

from fdmag.backend import select_backend
from fdmag.errors import ParameterError
from fdmag.initial import wall
from fdmag.mesh import Mesh
from fdmag.parameter import Driven, PerReplica
from fdmag.quantities import Below, MovingWindow
from fdmag.signals import Pulse, Sine
from fdmag.simulation import Simulation
from fdmag.solvers.integrator import Integrator
from fdmag.solvers.step_control import StepControl
from fdmag.solvers.tableau import DORMAND_PRINCE, METHODS, RK4_ADAMS, Tableau, runge_kutta_chebyshev
from fdmag.state import State
from fdmag.terms import Demag, Exchange, Thermal, TunnelTorque, UniaxialAnisotropy, Zeeman
from tests.cuda_emulation.fake_cupy import FakeCupy
from tests.cuda_emulation.test_magnet import Stirred

pytestmark = pytest.mark.usefixtures("gpu")
PRECISIONS = ["float64", "float32"]
MESH = Mesh((7, 5, 2), (3e-9, 3e-9, 3e-9))
RNG = np.random.default_rng(0)
STARTS = RNG.normal(size=(3, 3, *MESH.shape)) + np.array([1.0, 0.5, 2.0])[:, None, None, None, None]
PATTERN = RNG.normal(size=(3, *MESH.shape))
FIELDS = {
    "constant": (0.02, 0.0, 0.1),
    "in time": lambda t: (0.05 * np.sin(2e11 * t), 0 * t, 0.1),
    "driven": Driven(0.05 * PATTERN, lambda t: np.cos(2e11 * t)),
    "switched on": lambda t: (
        np.where(t < 1e-13, 0.0, 0.1)[:, None, None, None, None] * PATTERN[None]
        if t.max() > 1e-13
        else np.zeros((t.size, 3, 1, 1, 1))
    ),
    "per replica": PerReplica([(0, 0, 0.1), (0.3, 0, 0), (0, 0.02, 0)]),
    "signals per replica": Driven((0.1, 0.3, 0), PerReplica([Pulse(5e-14), Pulse(1e-13, rise=5e-14), Sine(5e12)])),
}


def simulation(device, dtype="float64", field="in time", demag=True, extra=(), start=STARTS, **options):
    terms = [Exchange(A=1e-11), UniaxialAnisotropy(Ku1=3e5), Zeeman(B=FIELDS[field]), *extra]
    settings = {"Ms": 8e5, "alpha": PerReplica([0.1, 0.05, 0.5])} | options
    return Simulation(MESH, [*terms, Demag()] if demag else terms, m=start, device=device, dtype=dtype, **settings)


def assert_same(cuda, numpy, dtype, factor=1):
    tolerance = {"float64": 1e-12, "float32": 3e-6}[dtype] * factor
    np.testing.assert_allclose(cuda.m, numpy.m, rtol=0, atol=tolerance)
    np.testing.assert_allclose(cuda.state.t, numpy.state.t, rtol=1e-15)
    np.testing.assert_array_equal(cuda.state.evaluations, numpy.state.evaluations)
    np.testing.assert_array_equal(cuda.state.steps, numpy.state.steps)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("solver", [name for name, tableau in METHODS.items() if not tableau.extrapolates])
def test_a_run_is_that_of_the_reference(solver, dtype, gpu):
    runs = [simulation(device, dtype) for device in ("cuda", "numpy")]
    for each in runs:
        each.run(2e-13, solver=solver, dt=4e-14, dt_max=1e-13)
    assert_same(*runs, dtype)
    assert METHODS[solver].implicit or gpu.graphs > 0


@pytest.mark.parametrize("field", FIELDS)
def test_drives_of_every_kind(field):
    runs = [simulation(device, field=field, demag=False) for device in ("cuda", "numpy")]
    for each in runs:
        each.run(2.4e-13, dt=3e-14)
    assert_same(*runs, "float64")


def test_the_voltage_across_a_junction_follows_m_from_stage_to_stage(gpu):
    """In time, in each replica its own: the reference within rounding, and the bits that each has alone."""
    rising = [1e-5, -2e-5, 4e-5]

    def torque(current):
        return TunnelTorque(current=Driven(current, lambda t: 1 + 1e12 * t), RA_P=5e-12, TMR=2.0, P=0.6, V_h=0.5)

    runs = [simulation(device, extra=[torque(PerReplica(rising))]) for device in ("cuda", "numpy")]
    runs[0].magnet.fastest_rate(runs[0].state.m, runs[0].t)  # what a run with a fixed step begins with
    before = dict(gpu.launches)
    for each in runs:
        each.run(2.4e-13, dt=3e-14)
    assert_same(*runs, "float64")
    assert gpu.graphs > 0
    assert gpu.launches["fd_settle"] - before["fd_settle"] == gpu.launches["fd_stage"] > 0
    alone = simulation("cuda", start=STARTS[1], alpha=0.05, extra=[torque(rising[1])])
    alone.run(2.4e-13, dt=3e-14)
    np.testing.assert_array_equal(alone.m[0], runs[0].m[1])


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_adaptive_steps_of_replicas_that_finish_at_different_times(dtype, gpu):
    runs = [simulation(device, dtype, field="per replica", demag=False) for device in ("cuda", "numpy")]
    for each in runs:
        each.run(1e-12, tolerance=1e-4, dt_max=1e-12)
    assert_same(*runs, dtype, factor=100)
    assert np.ptp(runs[0].state.steps) > 0
    assert gpu.graphs > 0


def test_a_replica_is_the_same_bits_alone_and_in_a_batch_and_for_any_order_of_threads(gpu):
    alpha = [0.1, 0.05, 0.5]
    together = simulation("cuda", "float32", field="constant")
    together.run(6e-13, tolerance=1e-4)
    for replica, gpu.backwards in ((0, False), (1, True), (2, True)):
        alone = simulation("cuda", "float32", field="constant", start=STARTS[replica], alpha=alpha[replica])
        alone.run(6e-13, tolerance=1e-4)
        np.testing.assert_array_equal(alone.m[0], together.m[replica])


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("extra", [(), (Stirred(),)], ids=["demag", "beside Python"])
def test_demag_is_extrapolated_within_steps_as_in_the_reference(dtype, extra, gpu):
    """Those that have been rejected know fewer fields than the others, which go on in a launch of their own."""
    runs = [simulation(device, dtype, field="per replica", extra=extra) for device in ("cuda", "numpy")]
    for each in runs:
        each.state.dt[:] = 2e-12, 2e-14, 2e-14
        stepper = each._magnet.stepper(each.state, RK4_ADAMS)
        Integrator(stepper, StepControl(tolerance=1e-4)).advance(np.array([0.9e-12, 0.9e-12, 0.4e-12]))
    assert_same(*runs, dtype, factor=100)
    assert runs[0].state.rejected[0] > 0
    if not extra:
        inner = 3 * int(max(runs[0].state.steps + runs[0].state.rejected) - 3)
        assert gpu.launches["fd_extrapolate"] >= inner > 0
        assert gpu.graphs > 0


def test_an_attempt_is_one_graph_and_one_copy_back(gpu):
    runs = simulation("cuda", field="in time")
    runs.magnet.fastest_rate(runs.state.m, runs.t)  # what a run with a fixed step begins with
    before, fetched = dict(gpu.launches), []
    runs.backend.cuda.fetch, fetch = lambda *a: fetched.append(1) or fetch(*a), runs.backend.cuda.fetch
    try:
        runs.run(10e-14, dt=1e-14, solver="dormand_prince")
    finally:
        del runs.backend.cuda.fetch
    assert len(fetched) == 10
    assert gpu.graphs == 9
    assert gpu.launches["fd_stage"] == 1 + 10 * 6  # the last slope of a step is the first of the next
    assert gpu.launches["fd_rows"] - before.get("fd_rows", 0) == gpu.launches["fd_stage"]


@pytest.mark.parametrize("options", [{"solver": "rk4", "dt": 3e-14}, {"dt_max": 1e-13}], ids=["fixed", "adaptive"])
def test_replicas_stop_where_those_of_the_reference_do(options):
    runs = [simulation(device, field="per replica", demag=False) for device in ("cuda", "numpy")]
    my = np.sort(runs[0].average_m()[:, 1])
    for each in runs:
        each.run(6e-13, until=Below("my", float(my[1]) - 0.002), **options)
    assert 0 < np.isnan(runs[1].stop_times).sum() < 3
    assert_same(*runs, "float64", factor=100)
    np.testing.assert_allclose(runs[0].stop_times, runs[1].stop_times, rtol=1e-8)


def test_replicas_with_noise_stop_and_take_over_m():
    runs = [
        simulation(device, demag=False, extra=[Thermal(T=300, first_replica=PerReplica([4, 1, 9]))])
        for device in ("cuda", "numpy")
    ]
    middle = float(np.median(runs[0].average_m()[:, 1]))
    for each in runs:
        each.run(3e-13, dt=3e-14, until=Below("my", middle))
        each.t = 0
        each.take_over([1, 1, 0])
        each.run(6e-14, dt=3e-14)
    assert_same(*runs, "float64", factor=100)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_relaxation_and_minimisation(dtype):
    runs = [simulation(device, dtype, field="constant") for device in ("cuda", "numpy")]
    for each in runs:
        assert (each.relax(2e-2) < 2e-2).all()
    np.testing.assert_allclose(runs[0].m, runs[1].m, rtol=0, atol={"float64": 1e-9, "float32": 1e-3}[dtype])
    for each in runs:
        assert (each.minimize(1e-3) < 1e-3).all()
    np.testing.assert_allclose(runs[0].energy(), runs[1].energy(), rtol=1e-5)


def test_a_term_in_python_only(gpu):
    runs = [simulation(device, extra=[Stirred()]) for device in ("cuda", "numpy")]
    for each in runs:
        each.run(1e-13, dt=2e-14)
    assert_same(*runs, "float64")
    assert gpu.graphs == 0


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_transforms_too_long_for_shared_memory(dtype, install):
    gpu = install(FakeCupy(shared_bytes=100))
    runs = [simulation(device, dtype) for device in ("cuda", "numpy")]
    for each in runs:
        each.run(1e-13, dt=2e-14)
    assert_same(*runs, dtype)
    assert gpu.graphs == 0
    assert "fd_multiply" in gpu.launches


def test_holes():
    Ms = np.where(np.random.default_rng(1).uniform(size=MESH.shape) < 0.4, 0, 8e5)
    runs = [simulation(device, Ms=Ms) for device in ("cuda", "numpy")]
    for each in runs:
        each.run(1e-13, dt=2e-14)
    assert_same(*runs, "float64")
    assert not runs[0].m[:, :, Ms == 0].any()


def test_what_a_callback_changes_counts_and_what_it_reads_is_up_to_date():
    def change(simulation):
        seen.append(simulation.average_m())
        if len(seen) == 2:
            simulation.set("zeeman.B", (0.3, 0, 0))
        if len(seen) == 3:
            simulation.m = -simulation.m

    runs, all_seen = [simulation(device, field="in time") for device in ("cuda", "numpy")], []
    for each in runs:
        seen = []
        each.run(2e-13, every=5e-14, callback=change, dt=2.5e-14)
        all_seen.append(seen)
    assert_same(*runs, "float64")
    np.testing.assert_allclose(*all_seen, rtol=0, atol=1e-12)


def test_runs_one_after_another_and_copies():
    runs = [simulation(device, field="constant") for device in ("cuda", "numpy")]
    for each in runs:
        each.run(5e-14, dt=2.5e-14)
        each.run(5e-14, dt=2.5e-14)
    assert_same(*runs, "float64")
    for twin in (copy.deepcopy(runs[0]), pickle.loads(pickle.dumps(runs[0]))):
        np.testing.assert_array_equal(twin.m, runs[0].m)
        twin.run(2.5e-14, dt=2.5e-14)
        assert twin.t[0] > runs[0].t[0]


def test_a_copy_made_in_the_middle_has_the_present_m():
    def look(each):
        copies.append(pickle.loads(pickle.dumps(each.state)))
        present.append(each.m)

    copies, present = [], []
    simulation("cuda", field="constant").run(5e-14, every=2.5e-14, callback=look, dt=2.5e-14)
    for have, want in zip(copies, present, strict=True):
        np.testing.assert_array_equal(have.m, want)
    assert np.abs(present[2] - present[0]).max() > 0


EULER = Tableau("euler", 1, ((),), (1.0,))


@pytest.mark.parametrize("tableau", [EULER, runge_kutta_chebyshev(40)])
def test_methods_of_too_few_or_too_many_stages(tableau):
    one = simulation("cuda")
    with pytest.raises(ParameterError, match="stages; on a GPU 2 to 32 are allowed"):
        one._magnet.stepper(one.state, tableau)


@pytest.mark.parametrize("tableau", [DORMAND_PRINCE, METHODS["rk4"], runge_kutta_chebyshev(5)])
def test_error_and_displacement_of_one_attempt(tableau):
    """Against the reference's own arithmetic, for the torque of one replica and of two."""
    found = []
    for device in ("cuda", "numpy"):
        magnet = simulation(device)._magnet
        stepper = magnet.stepper(State.start(STARTS / np.linalg.norm(STARTS, axis=1, keepdims=True)), tableau)
        one = stepper.attempt(np.array([1]), np.array([3e-14]))
        two = stepper.attempt(np.array([0, 2]), np.array([3e-14, 5e-14]))
        found.append(np.hstack([one, two, [stepper.fastest(np.arange(3))[:2]] * 2]))
    np.testing.assert_allclose(*found, rtol=1e-7, atol=1e-12)
    assert (found[0][1, :3] > 0).all()


def test_not_a_number_is_seen():
    magnet = simulation("cuda", field="constant")._magnet
    m = STARTS / np.linalg.norm(STARTS, axis=1, keepdims=True)
    m[1, 0, 1, 4, 6] = np.nan
    stepper = magnet.stepper(State.start(m), DORMAND_PRINCE)
    assert list(np.isnan(stepper.fastest(np.arange(3)))) == [False, True, False]
    error, displacement = stepper.attempt(np.arange(3), np.full(3, 1e-14))
    assert list(np.isnan(error)) == list(np.isnan(displacement)) == [False, True, False]


def test_a_gpu_is_found_again_where_a_backend_is_unpickled(gpu):
    backend = pickle.loads(pickle.dumps(select_backend("cuda")))
    assert (backend.name, backend.dtype) == ("cuda", np.float32)
    assert backend.cuda is select_backend("cuda").cuda


def test_a_window_shifts_the_replicas_on_the_device_as_on_the_host():
    mesh = Mesh((24, 1, 1), (2e-9, 4e-9, 4e-9))
    runs = []
    for device in ("cuda", "numpy"):
        B = PerReplica([(0, 0, 0.2), (0, 0, -0.3), (0, 0, 0)])
        terms = [Exchange(A=16e-12), UniaxialAnisotropy(Ku1=8e5), Zeeman(B=B)]
        track = Simulation(mesh, terms, Ms=1e6, alpha=1, m=wall(mesh, width=4.4e-9), device=device, dtype="float64")
        track.run(40e-12, window=MovingWindow("wall_position.z"))
        runs.append(track)
    np.testing.assert_array_equal(runs[0].window_displacement, runs[1].window_displacement)
    assert runs[0].window_displacement[0] > 0 > runs[0].window_displacement[1]
    assert_same(*runs, "float64", 100)


OWN = {"seed": PerReplica([5, 2**63]), "first_replica": PerReplica([7, 3])}


@pytest.mark.parametrize(("dt", "noise"), [(5e-14, {}), (None, {}), (5e-14, OWN)], ids=["fixed", "adaptive", "own"])
def test_noise_is_that_of_the_reference(dt, noise):
    """Also where an adaptive step goes through parts of the Brownian path, and where each replica has its own seed."""
    mesh = Mesh((3, 2, 1), (2e-9, 2e-9, 2e-9))
    runs = [
        Simulation(
            mesh,
            [Thermal(T=3e3, **noise), Exchange(A=1e-11)],
            Ms=8e5,
            alpha=0.5,
            batch=2,
            device=device,
            dtype="float64",
        )
        for device in ("cuda", "numpy")
    ]
    for each in runs:
        each.run(4e-14 if dt is None else 4e-13, dt=dt)
    assert np.abs(runs[0].m[0] - runs[0].m[1]).max() > 1e-3
    assert_same(*runs, "float64")
