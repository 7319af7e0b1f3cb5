"""The wall neuron: its rate in closed form, its spikes against a general integrator, and limits."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from fdmag.analytic.spin_torque import spin_drift_velocity, wall_velocity_of_current
from fdmag.devices.wall_neuron import WallNeuron
from fdmag.errors import ParameterError
from tests.closeness import close

LEAKY = WallNeuron(length=200e-9, leak_velocity=3.0, leak_time=20e-9, reset_time=2e-9)


@pytest.mark.parametrize("neuron", [LEAKY, WallNeuron(150e-9, 2.0, reset_time=1e-9), WallNeuron(1e-7)])
def test_rate_is_that_of_the_spikes_under_a_constant_drive(neuron):
    for factor in (1.05, 2.0, 6.0):
        v = factor * neuron.threshold if neuron.threshold else 10 * factor
        spikes = neuron.run([2e-6], [v]).spikes
        np.testing.assert_allclose(np.diff(spikes), 1 / neuron.rate(v), rtol=1e-9)
    below = 0.99 * neuron.threshold
    assert neuron.rate(below) == 0
    assert neuron.run([1e-5], [below]).spikes.size == 0


def test_spikes_against_a_general_integrator():
    """Fifty intervals with random drives, some backwards: the same spikes, to the integrator's tolerance."""
    rng = np.random.default_rng(3)
    durations, drive = rng.uniform(1e-9, 10e-9, 50), rng.uniform(-10, 45, 50)
    ours = LEAKY.run(durations, drive)
    spikes, q, silent, now = [], 0.0, 0.0, 0.0

    def end_reached(t, y):
        return y[0] - LEAKY.length * 1e9

    end_reached.terminal = True
    for duration, v in zip(durations, drive, strict=True):
        end = now + duration
        while now < end - 1e-18:
            if silent > now:
                q, now = 0.0, min(silent, end)
                continue

            def speed(t, y, v=v):
                pull = v - LEAKY.leak_velocity - max(y[0], 0) * 1e-9 / LEAKY.leak_time
                return [pull if y[0] > 0 or pull > 0 else 0.0]  # nm per ns

            found = solve_ivp(
                speed, (0, (end - now) * 1e9), [q], events=end_reached, rtol=1e-10, atol=1e-10, max_step=0.05
            )
            q, now = max(found.y[0, -1], 0.0), now + found.t[-1] * 1e-9
            if found.status == 1:
                spikes.append(now)
                q, silent = 0.0, now + LEAKY.reset_time
    assert len(ours.spikes) == len(spikes) > 3
    np.testing.assert_allclose(ours.spikes, spikes, atol=1e-13)
    assert np.all((ours.position >= 0) & (ours.position < LEAKY.length))


def test_a_spring_that_is_very_weak_is_none():
    weak, none = WallNeuron(1e-7, 2.0, 1.0), WallNeuron(1e-7, 2.0)
    np.testing.assert_allclose(weak.rate([3.0, 30.0]), none.rate([3.0, 30.0]), rtol=1e-6)


def test_integration_and_leak_without_a_spike():
    """A pulse moves the wall by (v − v_leak) t, and it creeps back to 0 and no further."""
    neuron = WallNeuron(1e-6, leak_velocity=4.0)
    train = neuron.run([5e-9, 5e-9, 1e-6], [24.0, 0.0, 0.0])
    np.testing.assert_allclose(train.position, [100e-9, 80e-9, 0.0], atol=1e-20)


def test_a_current_moves_the_wall():
    """v(J) of a wall that keeps its angle: electrons drive it along −J, and the rate is linear in J."""

    def velocity(J):
        return wall_velocity_of_current(spin_drift_velocity(J, 0.5, 8e5), 0.02, 0.02, precessing=False)

    neuron = WallNeuron(100e-9)
    J = np.array([-1e11, -2e11])
    np.testing.assert_allclose(neuron.rate(velocity(J)), -0.5 * 72.44e-12 * J / 100e-9, rtol=1e-3)
    assert neuron.run([1e-6], [1e11], velocity).spikes.size == 0
    assert len(neuron.run([1e-6], [-1e11], velocity).spikes) == 36


def test_curve():
    curve = LEAKY.curve(np.linspace(0, 40, 41))
    assert curve.threshold == close(3 + 200e-9 / 20e-9)
    assert np.all((curve.rate > 0) == (curve.velocity > curve.threshold))
    assert np.all(np.diff(curve.rate[curve.rate > 0]) > 0)
    assert curve.plot().get_xlabel() == "v [m/s]"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: WallNeuron(0), "length = 0 m; allowed: above 0"),
        (lambda: LEAKY.run([1e-9, 1e-9], [1.0]), "2 durations and 1 drives"),
        (lambda: LEAKY.run([0.0], [1.0]), "durations = 0 s; allowed: above 0"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
