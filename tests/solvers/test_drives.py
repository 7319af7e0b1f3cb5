"""Runs with drives: no edge is stepped over, none costs accuracy, and steps are as long as the drives allow."""

import numpy as np
import pytest

from fdmag.mesh import Mesh
from fdmag.parameter import Driven, PerReplica, Sum
from fdmag.signals import Constant, Formula, Pulse, PulseTrain, Sine, Step, Table
from fdmag.simulation import Simulation
from fdmag.terms import UniaxialAnisotropy, Zeeman

ONE = Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9))
GAMMA = 1.76085963023e11


def precessing(signal, B=(0, 0, 0.05), **options):
    """m along x in a field along z without damping turns by γ ∫ B dt."""
    return Simulation(ONE, [Zeeman(B=Driven(B, signal))], Ms=8e5, alpha=0, m=(1, 0, 0), **options)


def angle(simulation):
    m = simulation.average_m()[0]
    return np.arctan2(m[1], m[0])


@pytest.mark.parametrize(
    ("signal", "area"),
    [
        (Pulse(0.2e-9, start=1e-9), 0.2e-9),
        (Pulse(1e-15, start=1e-9), 1e-15),
        (Pulse(0.2e-9, start=1e-9, rise=0.1e-9, fall=0.1e-9), 0.2e-9),
        (PulseTrain(0.1e-9, period=0.3e-9, start=0.05e-9, count=3), 0.3e-9),
        (Step(start=2.9e-9), 0.1e-9),
        (Formula("pulse(t, 1*ns, 0.2*ns)"), 0.2e-9),
        (Table((1e-9, 1.1e-9, 1.2e-9), (0, 2, 0)), 0.2e-9),
        (Table((1e-9, 1.2e-9), (1, 0), "previous") * Step(start=1e-9), 0.2e-9),
    ],
)
@pytest.mark.parametrize("every", [None, 0.1e-9])
def test_the_angle_of_precession_is_the_area_of_the_signal(signal, area, every):
    """To the tolerance per step times the number of steps, however short the pulse, with output at edges or without."""
    simulation = precessing(signal)
    simulation.run(3e-9, every=every, tolerance=1e-8)
    assert angle(simulation) == pytest.approx(GAMMA * 0.05 * area, abs=1e-8 * simulation.state.steps[0])
    assert simulation.t[0] == 3e-9


def test_no_step_is_rejected_at_an_edge():
    simulation = precessing(PulseTrain(0.1e-9, period=0.3e-9, start=0.05e-9))
    simulation.run(3e-9)
    assert simulation.state.rejected[0] == 0


def test_a_fixed_step_keeps_its_order_across_a_jump():
    """The error of rk4 falls as the fourth power of the step although the field jumps at odd times."""

    def error(dt):
        simulation = precessing(Pulse(0.123456e-9, start=0.0371e-9), B=(0, 0, 1.0))
        simulation.run(0.3e-9, solver="rk4", dt=dt)
        return abs(np.exp(1j * angle(simulation)) - np.exp(1j * GAMMA * 0.123456e-9))

    errors = [error(dt) for dt in (2e-12, 1e-12, 0.5e-12)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert np.all(orders > 3.7)


def test_a_callback_at_an_edge_sees_the_value_behind_it():
    seen = []
    simulation = precessing(Step(start=0.3e-9))
    simulation.run(0.6e-9, every=0.1e-9, callback=lambda s: seen.append(s.effective_field()[0, 2, 0, 0, 0]))
    np.testing.assert_array_equal(seen, [0, 0, 0, 0.05, 0.05, 0.05, 0.05])


def test_runs_may_begin_and_end_at_an_edge():
    """Cut at its edges, a run is the same as in one piece, to the rounding of m and the error of its steps."""
    whole, pieces = (precessing(Pulse(0.2e-9, start=0.1e-9)) for _ in range(2))
    whole.run(0.5e-9, tolerance=1e-9)
    for duration in (0.1e-9, 0.2e-9, 0.2e-9):
        pieces.run(duration, tolerance=1e-9)
    assert angle(whole) == pytest.approx(GAMMA * 0.05 * 0.2e-9, abs=1e-6)
    assert angle(pieces) == pytest.approx(angle(whole), abs=1e-6)


def test_time_may_begin_before_zero():
    simulation = precessing(Pulse(0.2e-9))
    simulation.t = -1e-9
    simulation.run(2e-9, tolerance=1e-8)
    assert angle(simulation) == pytest.approx(GAMMA * 0.05 * 0.2e-9, abs=1e-6)
    assert simulation.state.rejected[0] == 0


def test_a_rest_between_pulses_is_crossed_in_long_steps():
    """A magnet at rest with a pulse every 10 ns; caution would take a step at least every 10 ps."""
    magnet = Simulation(
        ONE,
        [UniaxialAnisotropy(Ku1=2e5), Zeeman(B=Driven((0, 0, 0.1), PulseTrain(1e-12, period=10e-9, start=5e-9)))],
        Ms=8e5,
    )
    magnet.run(100e-9)
    assert magnet.state.steps[0] < 500


def test_a_fast_sine_is_followed_by_a_magnet_at_rest():
    """m ∥ B at the start; the average of the torque's first period would be zero for steps of whole periods."""
    wave, still = Driven((1e-3, 0, 0), Sine(20e9)), (0, 0, 0.1)
    simulation = Simulation(ONE, [Zeeman(B=Sum(still, wave))], Ms=8e5, alpha=0.01, m=(0, 0, 1))
    simulation.run(0.5e-9)
    reference = Simulation(ONE, [Zeeman(B=Sum(still, wave))], Ms=8e5, alpha=0.01, m=(0, 0, 1))
    reference.run(0.5e-9, dt_max=0.25e-12)
    assert np.abs(reference.average_m()[0, :2]).max() > 1e-4
    np.testing.assert_allclose(simulation.average_m(), reference.average_m(), atol=1e-6)


def test_a_drive_set_by_a_callback_is_not_stepped_over_either():
    def arm(simulation):
        if simulation.t[0] == 0:
            simulation.set("zeeman.B", Driven((0, 0, 0.05), Pulse(0.2e-9, start=1e-9)))

    simulation = precessing(Constant())
    simulation.run(3e-9, callback=arm, tolerance=1e-8)
    assert angle(simulation) == pytest.approx(GAMMA * 0.05 * 0.2e-9, abs=1e-6)


def test_replicas_at_the_same_edges_are_what_each_would_be_alone():
    signal = PulseTrain(0.1e-9, period=0.25e-9, rise=0.02e-9)
    patterns = [(0, 0, 0.1), (0.02, 0, 0.3)]
    together = precessing(signal, PerReplica(patterns))
    together.run(1e-9)
    for replica, pattern in enumerate(patterns):
        alone = precessing(signal, pattern)
        alone.run(1e-9)
        np.testing.assert_array_equal(together.m[replica], alone.m[0])
