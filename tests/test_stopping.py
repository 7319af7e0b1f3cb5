"""Runs in which replicas stop: when, where, and that the others do not notice."""

import numpy as np
import pytest

from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError
from fdmag.initial import walls
from fdmag.mesh import Mesh
from fdmag.parameter import Driven, PerReplica
from fdmag.quantities import Above, Below, MovingWindow
from fdmag.signals import Pulse, Sine
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, Thermal, UniaxialAnisotropy, Zeeman
from tests.closeness import close

ONE = Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9))
FIELDS = [0.1, 0.25, 0.03, 0.0]


def precessing(**options):
    """m turns from x towards y by γ B t: mx is 0 after a quarter turn; without a field never."""
    return Simulation(ONE, [Zeeman(B=PerReplica([(0, 0, B) for B in FIELDS]))], Ms=8e5, alpha=0, m=(1, 0, 0), **options)


def quarter(B):
    return np.pi / 2 / (GAMMA_E * B)


@pytest.mark.parametrize("until", [Below("mx", 0.0), lambda s: s.average_m()[:, 0] <= 0], ids=["below", "function"])
@pytest.mark.parametrize("options", [{"tolerance": 1e-9}, {"solver": "rk4", "dt": 5e-13}], ids=["adaptive", "fixed"])
def test_a_precessing_moment_stops_after_a_quarter_turn(until, options, device):
    """To the error of the integration, far within a step; a replica that never does runs to the end."""
    simulation = precessing(device=device)
    simulation.run(0.5e-9, until=until, **options)
    wanted = np.array([quarter(B) if 0 < quarter(B) < 0.5e-9 else np.nan for B in (0.1, 0.25, 0.03, 1e-9)])
    np.testing.assert_allclose(simulation.stop_times, wanted, rtol=2e-8)
    np.testing.assert_array_equal(simulation.t, np.where(np.isnan(wanted), 0.5e-9, simulation.stop_times))
    met = ~np.isnan(wanted)
    np.testing.assert_allclose(simulation.average_m()[met], [[0, 1, 0]] * met.sum(), atol=2e-8)
    assert np.all(simulation.average_m()[met, 0] <= 0)


@pytest.mark.parametrize("column", ["mx", "m.x", "m.default.x"])
def test_cells_count_by_how_far_they_are_filled(column, device):
    """One full cell turns, one that is a quarter full does not: the mean is 0 where cos φ = -1/4."""
    B = np.zeros((3, 1, 1, 2))
    B[2, ..., 0] = 0.1
    simulation = Simulation(
        Mesh((2, 1, 1), (5e-9, 5e-9, 5e-9)), [Zeeman(B=B)], Ms=8e5, alpha=0, m=(1, 0, 0), device=device,
        geometry=np.array([[[1, 0.25]]]),
    )  # fmt: skip
    simulation.run(1e-9, until=Below(column, 0.0), tolerance=1e-9)
    assert simulation.stop_times[0] == close(np.arccos(-0.25) / (GAMMA_E * 0.1), rel=1e-7)


def test_a_damped_moment_crosses_where_the_closed_form_says(device):
    """tan(θ/2) = tan(θ0/2) exp(−α γ B t/(1 + α²)) at θ = 60°."""
    alpha, B, theta = 0.1, 0.2, 2.5
    simulation = Simulation(
        ONE, [Zeeman(B=(0, 0, B))], Ms=8e5, alpha=alpha, m=(np.sin(theta), 0, np.cos(theta)), device=device
    )
    simulation.run(3e-9, until=Above("mz", 0.5), tolerance=1e-8)
    wanted = np.log(np.tan(theta / 2) / np.tan(np.pi / 6)) * (1 + alpha**2) / (alpha * GAMMA_E * B)
    assert simulation.stop_times[0] == close(wanted, rel=1e-7)


def test_the_start_counts():
    simulation = precessing()
    simulation.run(1e-10, until=Above("mx", 1.0))
    np.testing.assert_array_equal(simulation.stop_times, 0)
    np.testing.assert_array_equal(simulation.state.steps, 0)


def hot(replicas, until, device, **options):
    terms = [
        Thermal(T=300, seed=4, first_replica=PerReplica(replicas)),
        UniaxialAnisotropy(Ku1=1e5),
        Zeeman(B=(0.05, 0, -0.6)),
    ]
    mesh = Mesh((3, 2, 1), (3e-9, 3e-9, 3e-9))
    simulation = Simulation(mesh, [Exchange(A=1e-11), *terms], Ms=8e5, alpha=1, m=(0.2, 0, 1), device=device)
    rows = []
    simulation.run(36e-12, every=12e-12, callback=lambda s: rows.append(s.m), until=until, **options)
    return simulation, rows


@pytest.mark.parametrize("options", [{"dt": 4e-13}, {"dt_max": 2e-12, "tolerance": 3e-2}], ids=["fixed", "adaptive"])
def test_replicas_that_stop_leave_the_others_as_if_alone(options, device):
    """Bit for bit; and what has stopped stays."""
    together, rows = hot(list(range(6)), Below("mz", 0.0), device, **options)
    stopped = ~np.isnan(together.stop_times)
    assert stopped.any()
    assert not stopped.all()
    assert np.all(np.isnan(together.stop_times) | (together.stop_times <= together.t))
    assert np.all(together.t[~stopped] == 36e-12)
    for replica in (np.argmax(stopped), np.argmin(stopped)):
        alone, _ = hot([replica], Below("mz", 0.0), device, **options)
        np.testing.assert_array_equal(together.m[replica], alone.m[0])
        np.testing.assert_array_equal(together.stop_times[replica], alone.stop_times[0])
        np.testing.assert_array_equal(together.t[replica], alone.t[0])
        assert together.state.steps[replica] == alone.state.steps[0]
    for replica in np.flatnonzero(stopped):
        for time, m in zip((12e-12, 24e-12, 36e-12), rows[1:], strict=False):
            if together.t[replica] <= time:
                np.testing.assert_array_equal(m[replica], together.m[replica])


def test_with_noise_the_time_is_interpolated_within_the_step():
    simulation, _ = hot(list(range(6)), Below("mz", 0.0), "auto", dt=4e-13)
    met = ~np.isnan(simulation.stop_times)
    behind = (simulation.t - simulation.stop_times)[met]
    assert np.all((behind >= 0) & (behind <= 4e-13 * (1 + 1e-9)))
    assert np.all(simulation.average_m()[met, 2] <= 0)


def test_a_run_ends_when_all_have_stopped():
    simulation = precessing()
    simulation.set("zeeman.B", (0, 0, 0.2))
    times = []
    simulation.run(1e-6, every=2e-11, callback=lambda s: times.append(s.t[0]), until=Below("mx", 0.0))
    assert times[-1] == simulation.stop_times[0]
    assert len(times) == 2 + int(quarter(0.2) / 2e-11)


def test_a_later_run_goes_on_from_where_each_stands():
    """Two quarter turns by field and by the time that is left make a half turn."""
    simulation = precessing()
    simulation.set("zeeman.B", PerReplica([(0, 0, B) for B in (0.1, 0.25, 0.2, 0.15)]))
    simulation.run(1e-9, until=Below("mx", 0.0), tolerance=1e-9)
    first = simulation.t
    simulation.run(1e-9, until=Below("my", 0.0), tolerance=1e-9)
    np.testing.assert_allclose(simulation.t, 2 * first, rtol=1e-7)
    np.testing.assert_array_equal(simulation.t, simulation.stop_times)
    assert np.ptp(first) > 0


@pytest.mark.parametrize("signal", [Sine(1e9), Pulse(0.3e-9, start=0.2e-9)], ids=["sine", "pulse"])
def test_a_drive_goes_on_at_the_time_of_each(signal, device):
    """Bit for bit as if alone, though the edges of a pulse are at other times from the start of the run."""

    def driven(fields):
        simulation = Simulation(
            ONE, [Zeeman(B=PerReplica([(0, 0, B) for B in fields]))], Ms=8e5, alpha=0, m=(1, 0, 0), device=device
        )
        simulation.run(1e-9, until=Below("mx", 0.0))
        simulation.set("zeeman.B", Driven((0, 0, 0.1), signal))
        simulation.run(0.5e-9)
        return simulation

    fields = [0.1, 0.25, 0.02, 0.15]
    together = driven(fields)
    assert np.ptp(together.t) > 0
    for replica, B in enumerate(fields):
        alone = driven([B])
        np.testing.assert_array_equal(together.m[replica], alone.m[0])
        assert together.t[replica] == alone.t[0]
    if isinstance(signal, Pulse):
        m, start = together.average_m(), together.t - 0.5e-9
        turn = GAMMA_E * 0.1 * np.clip(0.5e-9 - np.maximum(start, 0.2e-9), 0, 0.5e-9)
        np.testing.assert_allclose(np.mod(np.arctan2(-m[:, 0], m[:, 1]), 2 * np.pi), turn, rtol=1e-4)


@pytest.mark.parametrize("angle", [1e-4, 1e-3, 1e-2])
def test_a_moment_stops_in_the_first_step_after_an_edge(angle, device):
    """m turns by γ B t from the edge on, however little of it: no part of a repeated step is without the field."""
    B = Driven((0, 0, 0.1), Pulse(1e-9, start=1e-9))
    simulation = Simulation(ONE, [Zeeman(B=B)], Ms=8e5, alpha=0, m=(0, 1, 0), device=device)
    simulation.run(2e-9, until=Below("mx", -np.sin(angle)))
    assert simulation.stop_times[0] - 1e-9 == close(angle / (GAMMA_E * 0.1), rel=1e-5)


def test_an_edge_by_which_the_criterion_is_met_stops_there():
    """The Zeeman energy jumps with the field."""
    B = Driven((0, 0, 0.1), Pulse(1e-9, start=1e-9))
    simulation = Simulation(ONE, [Zeeman(B=B)], Ms=8e5, alpha=0, m=(0, 0, 1))
    simulation.run(3e-9, until=Below("E_zeeman", -1e-21))
    assert simulation.stop_times[0] == 1e-9


def test_noise_that_a_stopped_replica_has_seen_does_not_come_again(device):
    """It stops within a divided step; a later run begins with the next step of the noise."""
    terms = [Zeeman(B=(0, 0, -20)), Thermal(T=300, seed=1)]
    simulation = Simulation(ONE, terms, Ms=8e5, alpha=0.3, m=(0.3, 0, 1), batch=4, device=device)
    simulation.run(20e-12, until=Below("mz", 0.0), dt_max=1e-12)
    steps = simulation.stop_times / 1e-12
    assert np.all(steps % 1 > 0)
    np.testing.assert_array_equal(simulation.state.noise_steps, np.ceil(simulation.t / 1e-12))


def test_a_pulse_ends_while_some_have_stopped():
    """Edges are met by those that still run: γ ∫ B dt over a pulse of 0.2 ns."""
    simulation = precessing()
    simulation.set("zeeman.B", Driven(PerReplica([(0, 0, B) for B in FIELDS]), Pulse(0.2e-9, start=0.1e-9)))
    simulation.run(0.5e-9, until=Below("mx", 0.0), tolerance=1e-9)
    np.testing.assert_allclose(simulation.stop_times[:2], [0.1e-9 + quarter(B) for B in FIELDS[:2]], rtol=1e-7)
    m = simulation.average_m()[2]
    assert np.arctan2(m[1], m[0]) == close(GAMMA_E * FIELDS[2] * 0.2e-9, rel=1e-6)
    assert simulation.t[2] == 0.5e-9


def test_a_mean_over_a_region_is_that_of_its_cells(device):
    mesh = Mesh((6, 1, 1), (5e-9, 5e-9, 5e-9))
    left = np.arange(6).reshape(mesh.shape) < 2
    B = np.zeros((3, *mesh.shape))
    B[2] = np.where(left, 0.2, 0.1)
    simulation = Simulation(
        mesh, [Zeeman(B=B)], Ms=8e5, alpha=0, m=(1, 0, 0), regions={"left": left, "right": ~left}, device=device
    )
    simulation.run(1e-9, until=Below("m.right.x", 0.0), tolerance=1e-9)
    assert simulation.stop_times[0] == close(quarter(0.1), rel=1e-7)


def test_a_wall_stops_at_its_place_with_a_window_too():
    """A wall in a field: the position at which it stops includes the displacement of the window."""
    mesh = Mesh((64, 1, 1), (2e-9, 20e-9, 2e-9), periodic="y")
    ends = []
    for window in (None, MovingWindow("wall_position")):
        simulation = Simulation(
            mesh, [Exchange(A=1.5e-11), UniaxialAnisotropy(Ku1=8e5), Zeeman(B=(0, 0, 0.1))], Ms=8e5, alpha=0.5,
            m=walls(mesh, [0.0], width=4e-9),
        )  # fmt: skip
        simulation.run(3e-9, until=Above("wall_position", 15e-9), window=window)
        ends.append((simulation.stop_times[0], simulation.window_displacement[0]))
    assert ends[0][0] == close(ends[1][0], rel=0.02)
    assert ends[0][1] == 0 < ends[1][1]


def test_work_is_done_for_those_that_run(device):
    """Evaluations of the field are counted for each replica: none after it has stopped."""
    simulation = precessing(device=device)
    simulation.run(3e-9, until=Below("mx", 0.0), solver="rk4", dt=1e-12)
    expected = np.ceil(np.array([quarter(B) for B in FIELDS[:3]]) / 1e-12)
    np.testing.assert_array_equal(simulation.state.steps, [*expected, 3000])


@pytest.mark.parametrize(
    ("until", "message"),
    [
        (Below("mx ", 0.0), '"mx " is no column'),
        (Below("m.lft.x", 0.0), "is no column"),
        (Below("vortex_core", 0.0), "stands for vortex_core.x, vortex_core.y; name one"),
        (lambda s: s.average_m()[:, 0], "until returned float64"),
        (lambda s: True, "one bool for each of 4 replicas"),
    ],
)
def test_wrong_criteria(until, message):
    with pytest.raises(ParameterError, match=message):
        precessing().run(1e-10, until=until)


def test_a_criterion_needs_a_number():
    with pytest.raises(ParameterError, match="finite number"):
        Below("mx", np.nan)
