"""The thermal field: its kernel, its variance, and what it depends on."""

import numpy as np
import pytest

from fdmag.backend import select_backend
from fdmag.constants import BOLTZMANN, GAMMA_E
from fdmag.errors import ParameterError, SolverError
from fdmag.host.magnet import magnet_for
from fdmag.mesh import Mesh
from fdmag.parameter import Driven, PerReplica
from fdmag.regions import Regions
from fdmag.signals import Sine
from fdmag.simulation import Simulation
from fdmag.terms import Material, Thermal, UniaxialAnisotropy, Zeeman

MESH = Mesh((11, 4, 3), (2e-9, 3e-9, 5e-9))
ONE = Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9))
ROWS, STEPS = np.array([2, 0, 1]), np.array([7, 100_000, 2**31])
PARTS, DT = np.array([5, 1, 1_000_003]), np.array([1e-14, 2e-14, 1e-15])


def field_of(magnet, rows=ROWS, steps=STEPS, parts=PARTS, dt=DT, divided=True):
    m = np.zeros((len(rows), 3, *magnet.mesh.shape), magnet.backend.dtype)
    m[:, 2] = 1
    with magnet.noise.during(rows, steps, parts, dt, divided):
        return magnet.field(m, magnet.context(np.full(len(rows), 1e-10), rows))


def magnet_of(term, device="auto", dtype="float64", mesh=MESH, **material):
    material = {"Ms": 8e5, "alpha": 0.1} | material
    return magnet_for(mesh, Regions(mesh, {}), select_backend(device, dtype), Material(**material), [term])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("divided", [False, True], ids=["steps", "parts"])
@pytest.mark.parametrize("mesh", [MESH, ONE], ids=["cells", "one cell"])
def test_every_device_draws_the_same_numbers(mesh, divided, dtype, device):
    """Equal to rounding: other random bits would be other numbers altogether."""
    rng = np.random.default_rng(0)
    T = Driven(300 * rng.uniform(0, 1, mesh.shape), Sine(1e9, phase=1.0))
    material = {"Ms": np.where(rng.uniform(size=mesh.shape) < 0.2, 0, 8e5) + 1e5, "alpha": PerReplica([0.1, 0.02, 1])}
    term = Thermal(T=T, seed=2**63 + 12345, first_replica=70_000)
    parts = PARTS if divided else np.ones(3, np.int64)
    have = field_of(magnet_of(term, device, dtype, mesh, **material), parts=parts, divided=divided)
    want = field_of(magnet_of(term, "numpy", "float64", mesh, **material), parts=parts, divided=divided)
    tolerance = 1e-13 if dtype == "float64" else 2e-6
    scale = np.abs(want).max(axis=(1, 2, 3, 4), keepdims=True)
    assert np.abs((have - want) / scale).max() < tolerance


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_variance_is_that_of_brown(dtype):
    """<B²> = 2 α k_B T / (γ Ms V Δt); a mean of n squares has the relative deviation sqrt(2/n), 5 are allowed."""
    mesh = Mesh((100, 100, 10), (2e-9, 3e-9, 4e-9))
    magnet = magnet_of(Thermal(T=350), dtype=dtype, mesh=mesh, alpha=0.3)
    B = field_of(magnet, np.array([0]), np.array([3]), np.array([1]), np.array([5e-14]), divided=False)[0]
    variance = 2 * 0.3 * BOLTZMANN * 350 / (GAMMA_E * 8e5 * 24e-27 * 5e-14)
    ratio = (B.astype(float) ** 2).mean(axis=(1, 2, 3)) / variance
    assert np.abs(ratio - 1).max() < 5 * np.sqrt(2 / mesh.n_cells)
    assert np.abs(B.astype(float).mean(axis=(1, 2, 3))).max() < 5 * np.sqrt(variance / mesh.n_cells)


def test_a_half_of_a_step_has_twice_the_variance():
    magnet = magnet_of(Thermal(T=300), mesh=Mesh((100, 100, 1), (2e-9, 3e-9, 4e-9)))
    halves = [
        field_of(magnet, ROWS[:1], STEPS[:1], np.array([part]), np.array([0.5e-14]))
        for part in (2, 3)
    ]  # fmt: skip
    whole = field_of(magnet, ROWS[:1], STEPS[:1], np.array([1]), np.array([1e-14]))
    np.testing.assert_allclose((halves[0] + halves[1]) / 2, whole, atol=1e-12 * np.abs(whole).max())


def hot(batch=1, T=300.0, m=(0, 0, 1), mesh=MESH, **thermal):
    return Simulation(mesh, [Thermal(T=T, **thermal), Zeeman(B=(0.1, 0, 0.3))], Ms=8e5, alpha=0.1, m=m, batch=batch)


@pytest.mark.parametrize("options", [{"dt": 1e-14}, {"dt": 1e-14, "solver": "implicit_midpoint"}, {"dt_max": 1e-13}])
def test_a_replica_does_not_depend_on_its_batch(options):
    together = hot(4, PerReplica([100.0, 300.0, 200.0, 400.0]), seed=9)
    together.run(3e-13, **options)
    assert np.abs(together.m[0] - together.m[3]).max() > 1e-3
    for replica, T in ((1, 300.0), (3, 400.0)):
        alone = hot(1, T, seed=9, first_replica=replica)
        alone.run(3e-13, **options)
        np.testing.assert_array_equal(alone.m[0], together.m[replica])


@pytest.mark.parametrize("options", [{"dt": 1e-14}, {"dt_max": 1e-13}])
def test_replicas_may_have_seeds_and_numbers_of_their_own(options, device):
    """Each as alone, in any order; they imply the batch; equal ones see equal noise."""
    numbers, seeds = [7, 3, 7], [1, 2**64 - 1, 2]
    together = hot(None, seed=PerReplica(seeds), first_replica=PerReplica(numbers))
    assert together.batch == 3
    together.run(2e-13, **options)
    for replica in range(3):
        alone = hot(1, seed=seeds[replica], first_replica=numbers[replica])
        alone.run(2e-13, **options)
        np.testing.assert_array_equal(alone.m[0], together.m[replica])
    with pytest.raises(ParameterError, match="seed is given for 2 replicas, first_replica for 3"):
        hot(3, seed=PerReplica([1, 2]), first_replica=PerReplica(numbers))
    twins = hot(None, seed=3, first_replica=PerReplica([5, 2, 2]))
    twins.run(1e-13, **options)
    np.testing.assert_array_equal(twins.m[1], twins.m[2])
    assert np.any(twins.m[0] != twins.m[1])


def test_runs_repeat_and_seeds_differ():
    results = []
    for seed in (1, 1, 2):
        simulation = hot(seed=seed)
        simulation.run(1e-13, dt=1e-14)
        results.append(simulation.m)
    np.testing.assert_array_equal(results[0], results[1])
    assert np.abs(results[0] - results[2]).max() > 1e-3


def test_a_run_in_pieces_goes_on_with_new_numbers():
    once, twice = hot(), hot()
    once.run(2e-13, dt=1e-14)
    twice.run(1e-13, dt=1e-14)
    twice.run(1e-13, dt=1e-14)
    np.testing.assert_allclose(twice.m, once.m, atol=1e-12)  # the times of the steps differ by rounding


def test_without_temperature_nothing_is_drawn_and_the_default_solver_stays():
    cold, plain = hot(T=0.0), Simulation(MESH, [Zeeman(B=(0.1, 0, 0.3))], Ms=8e5, alpha=0.1)
    for simulation in (cold, plain):
        simulation.run(1e-11)
    np.testing.assert_array_equal(cold.m, plain.m)


def test_a_temperature_set_during_a_run_is_felt():
    simulation = hot(T=0.0, m=(0.1, 0, 0.3))

    def heat(current):
        current.set("thermal.T", 300)

    simulation.run(2e-13, every=1e-13, callback=heat)
    assert np.ptp(simulation.m[0, 2]) > 1e-3


def test_equilibria_and_fields_are_without_noise():
    simulation = hot(m=(1, 0.2, 0))
    assert not simulation.effective_field("thermal").any()
    assert "thermal" not in simulation.energies()
    simulation.minimize()
    np.testing.assert_allclose(simulation.average_m()[0], np.array([0.1, 0, 0.3]) / np.sqrt(0.1), atol=1e-4)
    simulation.relax()


def test_frozen_spins_stay():
    frozen = np.zeros(MESH.shape)
    frozen[..., :3] = 1
    simulation = Simulation(MESH, [Thermal(T=300)], Ms=8e5, alpha=0.1, frozen=frozen)
    simulation.run(1e-13, dt=1e-14)
    assert np.all(simulation.m[0, 2][frozen > 0] == 1)
    assert np.all(simulation.m[0, 2][frozen == 0] < 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"T": -1.0}, "at least 0 K"),
        ({"T": 1.0, "seed": -1}, r"seed = -1; allowed: whole numbers from 0"),
        ({"T": 1.0, "seed": 1.5}, r"seed = 1.5; allowed"),
        ({"T": 1.0, "first_replica": 2**32}, "first_replica"),
        ({"T": 1.0, "first_replica": PerReplica([1, -1])}, "first_replica = -1; allowed: whole numbers"),
        ({"T": PerReplica([1.0, 2.0]), "first_replica": PerReplica([1, 2, 3])}, "3 replicas.*thermal.T.: 2"),
    ],
)
def test_wrong_parameters(given, message):
    with pytest.raises(ParameterError, match=message):
        Simulation(ONE, [Thermal(**given)], Ms=8e5)


def test_two_thermal_fields_would_be_the_same_numbers():
    with pytest.raises(ParameterError, match="thermal, thermal_2: two of them"):
        Simulation(ONE, [Thermal(T=1.0), Thermal(T=2.0)], Ms=8e5)


def test_solvers_that_cannot_adapt_to_noise_say_so():
    with pytest.raises(ParameterError, match='use "heun", or give dt'):
        hot().run(1e-12, solver="dormand_prince")
    with pytest.raises(SolverError, match="does not converge"):
        Simulation(ONE, [UniaxialAnisotropy(Ku1=4e6)], Ms=8e5, m=(1, 0, 1)).run(
            1e-9, solver="implicit_midpoint", dt=1e-11
        )
