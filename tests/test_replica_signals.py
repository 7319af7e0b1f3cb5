"""Signals that differ from replica to replica."""

import numpy as np
import pytest

from fdmag import Driven, Mesh, PerReplica, Simulation
from fdmag.break_points import edges_of_replicas, jumps, step_limit
from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError
from fdmag.replica_signals import ReplicaSignals
from fdmag.signals import Formula, Gaussian, Product, Pulse, PulseTrain, Ramp, Sinc, Sine, Step, Table
from fdmag.terms import Exchange, Zeeman

NS = 1e-9
KINDS = {
    "pulses": [Pulse(1 * NS), Pulse(2 * NS, rise=0.5 * NS), Pulse(1 * NS, start=1 * NS, fall=0.3 * NS)],
    "trains": [PulseTrain(1 * NS, 2 * NS), PulseTrain(1 * NS, 3 * NS, rise=0.1 * NS), PulseTrain(2 * NS, 3 * NS)],
    "endless and not": [PulseTrain(1 * NS, 2 * NS), PulseTrain(1 * NS, 2 * NS, count=2), PulseTrain(1 * NS, 3 * NS)],
    "ramps": [Ramp(1 * NS), Ramp(2 * NS, before=3), Ramp(1 * NS, start=0.3 * NS, after=-1)],
    "steps": [Step(), Step(0.5 * NS, 1, 2), Step(3 * NS)],
    "waves": [Sine(1e9), Sine(3e9, phase=1), Sine(2e9)],
    "sincs": [Sinc(1e9, 1 * NS), Sinc(3e9, 2 * NS), Sinc(2e9, 3 * NS)],
    "bells": [Gaussian(1 * NS, 0.2 * NS), Gaussian(2 * NS, 0.3 * NS), Gaussian(0.0, 1 * NS)],
    "products": [Sine(1e9) * Pulse(1 * NS), Sine(2e9) * Pulse(2 * NS), Sine(3e9) * Pulse(3 * NS)],
    "tables": [Table((0, NS), (0, 1)), Table((0, NS), (1, 2)), Table((0, 2 * NS), (1, 0))],
    "of several kinds": [Sine(1e9), Formula("exp(-t/ns)"), Product((Pulse(1 * NS), Step()))],
}


@pytest.mark.parametrize("name", KINDS)
def test_each_replica_has_its_own_signal_bit_for_bit(name):
    signals = KINDS[name]
    together = ReplicaSignals(tuple(signals))
    for t in np.linspace(-0.5 * NS, 6 * NS, 40):
        times = np.array([t, t + 0.1 * NS, 1 * NS])
        wanted = np.array([signal(times[i : i + 1])[0] for i, signal in enumerate(signals)])
        np.testing.assert_array_equal(together(times), wanted)
        np.testing.assert_array_equal(together.of(times[[2, 0]], np.array([2, 0])), wanted[[2, 0]])


def test_edges_limits_and_jumps_are_those_of_each_replica():
    drives = [ReplicaSignals((Pulse(1 * NS), Pulse(2 * NS), Sine(5e9, phase=1))), Step(0.5 * NS)]
    found = edges_of_replicas(drives, np.zeros(3), np.full(3, 1.5 * NS))
    np.testing.assert_allclose(found, np.array([[0.5, 1], [0.5, np.inf], [0.5, np.inf]]) * NS)
    np.testing.assert_allclose(step_limit(drives, 1e-6), [np.inf, np.inf, 1e-11])
    after = np.full(3, 1 * NS)
    np.testing.assert_array_equal(jumps(drives[:1], after - 1e-20, after, np.arange(3)), [True, False, False])


def simulation(signal, device, batch=None):
    mesh = Mesh((3, 2, 1), (5e-9, 5e-9, 5e-9))
    terms = [Exchange(A=13e-12), Zeeman(B=Driven((0.0, 0.2, 0.01), signal))]
    return Simulation(mesh, terms, Ms=8e5, alpha=0.1, m=(1, 0.1, 0), batch=batch, device=device)


@pytest.mark.parametrize("name", ["pulses", "waves", "of several kinds"])
def test_replicas_take_the_steps_that_they_take_alone(name, device):
    together = simulation(PerReplica(KINDS[name]), device)
    assert together.batch == 3
    together.run(2 * NS, every=0.7 * NS)
    for replica, signal in enumerate(KINDS[name]):
        alone = simulation(signal, device)
        alone.run(2 * NS, every=0.7 * NS)
        np.testing.assert_array_equal(together.m[replica], alone.m[0])
        assert together.state.steps[replica] == alone.state.steps[0]
        assert together.state.evaluations[replica] == alone.state.evaluations[0]


def test_pulses_that_end_earlier_turn_m_less(device):
    """In a field along z alone m turns by γ B times the length of the pulse: each replica by its own."""
    mesh, lengths = Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9)), np.array([0.1, 0.25, 0.3]) * NS
    pulses = PerReplica([Pulse(length) for length in lengths])
    magnet = Simulation(mesh, [Zeeman(B=Driven((0, 0, 0.05), pulses))], Ms=8e5, alpha=0, m=(1, 0, 0), device=device)
    magnet.run(0.5 * NS, tolerance=1e-9)
    m = magnet.average_m()
    np.testing.assert_allclose(np.arctan2(m[:, 1], m[:, 0]), GAMMA_E * 0.05 * lengths, rtol=1e-6)


def test_wrong_signals_are_told():
    mesh = Mesh((1, 1, 1), (1e-9, 1e-9, 1e-9))
    with pytest.raises(ParameterError, match="one signal of"):
        Simulation(mesh, [Zeeman(B=Driven((0, 0, 1), PerReplica([np.sin])))], Ms=1e5)
    pattern = PerReplica([(0, 0, 1)] * 3)
    with pytest.raises(ParameterError, match="2 signals for 3 replicas"):
        Simulation(mesh, [Zeeman(B=Driven(pattern, PerReplica([Sine(1e9), Sine(2e9)])))], Ms=1e5)
    with pytest.raises(ParameterError, match="the batch has 4 replicas"):
        simulation(PerReplica([Sine(1e9), Sine(2e9)]), "numpy", batch=4)
