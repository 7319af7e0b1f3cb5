import numpy as np
import pytest

from fdmag import Mesh, PerReplica, Simulation
from fdmag.analytic.macrospin import macrospin_trajectory
from fdmag.analytic.spin_torque import spin_orbit_fixed_point, switching_time
from fdmag.constants import BOLTZMANN, GAMMA_E, MU_0
from fdmag.errors import ParameterError
from fdmag.macrospin import MacrospinEnsemble, thermal_field
from fdmag.terms import Slonczewski, SpinOrbitTorque, Thermal, UniaxialAnisotropy, Zeeman
from tests.closeness import close

EVERYTHING = {
    "alpha": 0.1, "B_K": 0.3, "axis": (0.1, 0.2, 1), "demag": (0.05, 0.02, 0.1), "B": (0.01, 0.02, 0.03), "b": 0.004,
    "p": (0.2, 0, 1), "Lambda": 1.5, "a_so": 0.02, "b_so": 0.01, "thermal_field": 0.005, "seed": 2**40 + 7,
}  # fmt: skip


def directions(*shape, seed=3):
    return np.random.default_rng(seed).normal(size=(*shape, 3))


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 2e-5)])
@pytest.mark.parametrize("thermal", [0.005, 0.0])
@pytest.mark.parametrize("Lambda", [1.0, 1.5])
def test_compiled_is_the_reference(dtype, tolerance, thermal, Lambda):
    m = directions(3, 70)
    given = EVERYTHING | {
        "thermal_field": thermal, "Lambda": Lambda, "a": np.linspace(-0.05, 0.05, 70),
        "B": np.eye(3)[:, None] / 10, "alpha": np.linspace(0.01, 0.1, 210).reshape(3, 70),
    }  # fmt: skip
    runs = []
    for device in ("numpy", "host"):
        ensemble = MacrospinEnsemble(m, device=device, dtype=dtype, **given)
        assert ensemble.device == device
        ensemble.run(1e-11, 1e-12, threshold=0.5, along=(0, 1, 0))
        runs.append(ensemble.run(4e-11, 1e-12, every=1e-11, threshold=0.5, along=(0, 1, 0)))
    reference, compiled = runs
    np.testing.assert_allclose(compiled.m, reference.m, rtol=0, atol=tolerance)
    assert np.isfinite(reference.passage).any()
    assert np.isnan(reference.passage).any()
    np.testing.assert_allclose(compiled.passage, reference.passage, atol=1e-12 * max(tolerance * 10, 1e-9))
    np.testing.assert_allclose(compiled.mean, reference.mean, rtol=0, atol=tolerance)
    np.testing.assert_allclose(compiled.mean_square, reference.mean_square, rtol=0, atol=tolerance)
    np.testing.assert_allclose(compiled.beyond, reference.beyond, rtol=0, atol=1e-12)


def test_is_what_a_simulation_of_one_cell_does(device):
    """The same noise and the same method: the same motion, replica by replica, to rounding."""
    cell, Ms, T, alpha, count = (20e-9, 20e-9, 1e-9), 8e5, 300.0, 0.05, 5
    J = np.linspace(-2e11, 2e11, count)
    terms = [
        UniaxialAnisotropy(Ku1=2e5), Zeeman(B=(0.01, 0, -0.02)), Thermal(T=T, seed=9),
        Slonczewski(J=PerReplica(J), P=0.5, Lambda=1.4, p=(0.3, 0, 1), epsilon_prime=0.05),
        SpinOrbitTorque(J=1e11, xi_DL=0.2, xi_FL=0.1),
    ]  # fmt: skip
    simulation = Simulation(Mesh((1, 1, 1), cell), terms, Ms=Ms, alpha=alpha, m=(0.3, 0, 1), device="numpy")
    simulation.run(1e-11, dt=2e-13)
    unit = 1.054571817e-34 / (1.602176634e-19 * Ms * cell[2])
    ensemble = MacrospinEnsemble(
        np.tile([0.3, 0, 1.0], (count, 1)), alpha=alpha, B_K=2 * 2e5 / Ms, B=(0.01, 0, -0.02), p=(0.3, 0, 1),
        a=unit * 0.5 / 2 * J, b=unit * 0.05 * J, Lambda=1.4, a_so=unit / 2 * 0.2 * 1e11, b_so=unit / 2 * 0.1 * 1e11,
        thermal_field=thermal_field(T, Ms, np.prod(cell)), seed=9,
    )  # fmt: skip
    run = ensemble.run(1e-11, dt=2e-13)
    np.testing.assert_allclose(run.m, simulation.m[:, :, 0, 0, 0], rtol=0, atol=1e-9)
    assert np.abs(run.m[0] - run.m[-1]).max() > 1e-3


def test_however_divided_the_trajectories_are_the_same(device, monkeypatch):
    m, a = directions(130), np.linspace(0, 0.05, 130)
    whole = MacrospinEnsemble(m, a=a, **EVERYTHING).run(3e-11, 1e-12, threshold=0.0)
    monkeypatch.setenv("FDMAG_THREADS", "2")
    part = MacrospinEnsemble(m[37:100], a=a[37:100], first_trajectory=37, **EVERYTHING)
    part.run(1e-11, 1e-12, threshold=0.0)
    parted = part.run(2e-11, 1e-12, threshold=0.0)
    np.testing.assert_array_equal(parted.m, whole.m[37:100])
    np.testing.assert_allclose(parted.passage, whole.passage[37:100], rtol=1e-12)
    rows = MacrospinEnsemble(m.reshape(2, 65, 3), a=a.reshape(2, 65), **EVERYTHING).run(3e-11, 1e-12, threshold=0.0)
    np.testing.assert_array_equal(rows.m.reshape(130, 3), whole.m)
    np.testing.assert_array_equal(rows.passage.ravel(), whole.passage)
    np.testing.assert_allclose(rows.mean.mean(axis=0), whole.mean, rtol=1e-12)


def test_fourth_order_without_noise_and_second_by_heun(device):
    start, B, alpha, duration = np.array([[1, 0.2, -0.3]]), (0.1, 0.2, 0.4), 0.1, 1e-10
    exact = macrospin_trajectory(duration, start, B, alpha)
    for solver, order, coarsest in (("rk4", 4, 8e-12), ("heun", 2, 2e-12)):
        errors = [
            np.abs(MacrospinEnsemble(start, alpha=alpha, B=B).run(duration, dt, solver=solver).m - exact).max()
            for dt in (coarsest, coarsest / 2, coarsest / 4)
        ]
        np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), order, atol=0.3)


def test_precession_in_the_demagnetising_field(device):
    """A film along z has µ0 Ms along its normal, and m at 45° turns clockwise seen from +z, with γ µ0 Ms/sqrt 2."""
    B = MU_0 * 8e5
    time = 2 * np.pi / (GAMMA_E * B * np.sqrt(0.5)) / 4
    film = MacrospinEnsemble([[1.0, 0, 1]], alpha=0.0, demag=(0, 0, B))
    np.testing.assert_allclose(film.run(time, 1e-14).m, [[0, -np.sqrt(0.5), np.sqrt(0.5)]], atol=1e-6)
    tensor = np.diag([0, 0, B])
    again = MacrospinEnsemble([[1.0, 0, 1]], alpha=0.0, demag=tensor).run(time, 1e-14)
    np.testing.assert_array_equal(again.m, film.m)


def test_times_of_passage_are_the_closed_form(device):
    """a > 0 drives m away from p, the faster the more."""
    i, alpha, B_K, theta = np.array([1.5, 2.0, 3.0]), 0.1, 0.3, 1 / np.sqrt(120)
    start = np.tile([np.sin(theta), 0, np.cos(theta)], (3, 1))
    magnets = MacrospinEnsemble(start, alpha=alpha, B_K=B_K, a=i * alpha * B_K)
    run = magnets.run(1.5e-9, 1.5e-12, threshold=0.0)
    np.testing.assert_allclose(run.passage, switching_time(i, theta, alpha, B_K), rtol=1e-5)
    assert np.all(run.m[:, 2] < 0)
    assert np.all(run.beyond == 1)


def test_stops_with_the_step_that_passes(device):
    start = np.tile([0.3, 0, 1.0], (3, 1))
    going = {"alpha": 0.5, "B_K": 0.1, "B": [(0, 0, -0.2), (0, 0, -0.15), (0, 0, 0.1)]}
    stopped = MacrospinEnsemble(start, **going)
    run = stopped.run(1e-9, 2e-12, threshold=0.5, stop=True)
    free = MacrospinEnsemble(start, **going).run(1e-9, 2e-12, threshold=0.5)
    np.testing.assert_array_equal(run.passage, free.passage)
    np.testing.assert_allclose(run.m[:2, 2], 0.5, atol=2e-2)
    assert np.all(run.m[:2, 2] <= 0.5)
    assert np.isnan(run.passage[2])
    np.testing.assert_array_equal(stopped.run(1e-10, 2e-12, threshold=0.5, stop=True).m[:2], run.m[:2])
    begun = MacrospinEnsemble([[0.0, 0, -1]], alpha=0.1).run(1e-12, 1e-12, threshold=0.0)
    assert begun.passage[0] == 0


def test_spin_orbit_fixed_point(device):
    a, b, B_K = 0.1 * 18.9236e-3, 0.3 * 18.9236e-3, 0.4
    late = MacrospinEnsemble([[0, 0, 1.0]], alpha=0.5, B_K=B_K, a_so=a, b_so=b).run(1e-9, 2e-12)
    np.testing.assert_allclose(late.m[0], spin_orbit_fixed_point(B_K, a, b), atol=1e-7)


def test_equilibrium_is_boltzmanns(device):
    """Coth x − 1/x in a field, and of m_z² with an easy axis; two settings at once."""
    count, theta = 2500, 0.1
    magnets = MacrospinEnsemble(
        directions(2, count), alpha=0.5, B_K=[[0.0], [6 * theta]], B=[[(0, 0, 2 * theta)], [(0, 0, 0)]],
        thermal_field=theta, seed=4,
    )  # fmt: skip
    run = magnets.run(6e-10, 1.5e-12)
    z = np.linspace(-1, 1, 20_001)
    weight = np.exp(3 * z**2)
    square = (z**2 * weight).sum() / weight.sum()
    fourth = (z**4 * weight).sum() / weight.sum()
    langevin = 1 / np.tanh(2) - 0.5
    spread = 1 - langevin**2 - 2 * langevin / 2
    assert run.mean[0, -1, 2] == pytest.approx(langevin, abs=4 * np.sqrt(spread / count))
    assert run.mean_square[1, -1, 2] == pytest.approx(square, abs=4 * np.sqrt((fourth - square**2) / count))


def test_thermal_field_of_a_stability():
    Ms, volume, B_K, T = 1e6, 1.6e-24, 0.3, 300.0
    stability = Ms * volume * B_K / 2 / (BOLTZMANN * T)
    assert thermal_field(T, Ms, volume) == close(B_K / (2 * stability), rel=1e-12)


UP = ((0.0, 0.0, 1.0),)


@pytest.mark.parametrize(
    ("m", "given", "message"),
    [
        ((0, 0, 1), {"alpha": 0.1}, "m has shape"),
        (((0, 0, 0),), {"alpha": 0.1}, "m is zero"),
        (UP, {}, "alpha is missing"),
        (UP, {"alpha": -0.1}, "alpha = -0.1"),
        (UP, {"alpha": 0.1, "B_k": 1}, 'did you mean "B_K"'),
        (UP, {"alpha": 0.1, "B": (1, 2)}, "B has shape"),
        (UP, {"alpha": [0.1, 0.2]}, "alpha has shape"),
        (UP, {"alpha": 0.1, "p": (0, 0, 0)}, "p is a zero vector"),
        (UP, {"alpha": 0.1, "Lambda": 0}, "Lambda = 0"),
        (UP, {"alpha": 0.1, "B": (0, 0, np.nan)}, "B is not a finite"),
        (UP, {"alpha": 0.1, "demag": [[0, 1, 0], [0, 0, 0], [0, 0, 0]]}, "not symmetric"),
        (UP, {"alpha": 0.1, "seed": -1}, "seed"),
        (UP, {"alpha": 0.1, "gamma": 0.0}, "gamma"),
        (UP, {"alpha": 0.1, "device": "cuda"}, "no kernels"),
    ],
)
def test_refuses_parameters(m, given, message):
    with pytest.raises(ParameterError, match=message):
        MacrospinEnsemble(m, **({"device": "numpy"} | given))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"duration": 0.0, "dt": 1e-12}, "duration"),
        ({"duration": 1e-9, "dt": -1e-12}, "dt"),
        ({"duration": 1e-9, "dt": 1e-12, "every": 3e-10}, "every"),
        ({"duration": 1e-9, "dt": 1e-12, "stop": True}, "threshold"),
        ({"duration": 1e-9, "dt": 1e-12, "solver": "euler"}, "solver"),
        ({"duration": 1e-9, "dt": 1e-12, "solver": "rk4"}, "rk4"),
        ({"duration": 1e-9, "dt": 1e-12, "along": (1, 2)}, "along"),
        ({"duration": 1e-3, "dt": 1e-15}, "steps"),
    ],
)
def test_refuses_runs(options, message):
    magnets = MacrospinEnsemble(UP, alpha=0.1, thermal_field=0.01, device="numpy")
    with pytest.raises(ParameterError, match=message):
        magnets.run(**options)
