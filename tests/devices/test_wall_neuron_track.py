"""A wall as a neuron: against leaky integrate and fire in closed form."""

import numpy as np
import pytest

from fdmag.analytic.wall_model import WallModel
from fdmag.constants import ELEMENTARY_CHARGE, GAMMA_E, HBAR
from fdmag.devices.junction_device import JunctionDevice
from fdmag.devices.mtj import TunnelJunction
from fdmag.devices.wall_neuron import WallNeuron
from fdmag.devices.wall_neuron_track import DomainWallNeuron
from fdmag.errors import ParameterError
from fdmag.initial import wall
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.quantities import evaluate
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, InterfacialDMI, SpinOrbitTorque, UniaxialAnisotropy, Zeeman
from tests.closeness import close

MS, A, K, ALPHA, T, D, XI = 7e5, 1e-11, 172e3, 0.3, 0.6e-9, 1.2e-3, 0.07
WIDTH = np.sqrt(A / K)
MTJ = TunnelJunction(RA_P=10e-12, TMR=1.0)
START, END = -30e-9, 30e-9


def track(*terms, Ku1=K, cells=72):
    mesh = Mesh((cells, 1, 1), (2.5e-9, 40e-9, T), "y")
    m = wall(mesh, position=START, width=WIDTH, inside=(-1, 0, 0))
    torque = SpinOrbitTorque(J=0.0, xi_DL=XI)
    return Simulation(
        mesh, [Exchange(A=A), UniaxialAnisotropy(Ku1=Ku1), InterfacialDMI(D=D), torque, *terms], Ms=MS, alpha=ALPHA, m=m
    )


def junction_on(simulation):
    area = np.broadcast_to(np.abs(simulation.mesh.x - END) < 20e-9, simulation.mesh.shape)
    return JunctionDevice(simulation, MTJ, area=area)


def speed(J, B_z=0.0):
    a = HBAR * XI * np.asarray(J) / (2 * ELEMENTARY_CHARGE * MS * T)
    return WallModel(width=WIDTH, alpha=ALPHA, Ms=MS, D=D, a=a, B_z=B_z).mean_velocity(phi=np.pi)


def test_rate_is_that_of_integrate_and_fire_with_a_constant_leak():
    """The leak is a field along −z, v_leak = γ Δ B/α: up to it nothing fires, then at 1/(t_reset + L/(v − v_leak))."""
    leak = 2e-3
    v_leak = GAMMA_E * WIDTH * leak / ALPHA
    J = np.array([0.01e12, 0.15e12, 0.3e12])
    field = Zeeman(B=PerReplica([(0.0, 0.0, -leak)] * 3))
    simulation = track(field)
    reset_J, reset_time = -0.3e12, 0.48e-9
    neuron = DomainWallNeuron(
        simulation, junction_on(simulation), [2.6e-9], J[:, None], every=10e-12, reset_J=reset_J, reset_time=reset_time
    )
    neuron.operate()
    found = neuron.result()
    closed = WallNeuron(length=END - START, leak_velocity=v_leak, reset_time=reset_time)
    v = speed(J)
    expected = closed.rate(v)
    assert expected[0] == 0 == found.count[0]
    assert found.position[0, -1] < START  # it has leaked away
    # the wall follows its drive after (1 + α²)/(α γ (π/2) B_D), B_D = D/(Ms Δ); on cells of 2.5 nm it is 3 % narrower
    inertia = (1 + ALPHA**2) * MS * WIDTH / (ALPHA * GAMMA_E * np.pi / 2 * D)
    np.testing.assert_allclose(found.first_spike[1:], inertia + closed.length / (v - v_leak)[1:], rtol=0.04)
    assert found.rate[2] == close(expected[2], rel=0.08)
    assert found.count[2] > found.count[1] >= 1


def test_leak_of_a_gradient_of_the_anisotropy():
    """v_leak = γ Δ² K'/(α Ms), towards weaker anisotropy, where the wall has less energy."""
    slope = 3e11
    x = (np.arange(112) - 55.5) * 2.5e-9  # its ends, tilted by D, repel a wall within some 8 Δ
    simulation = track(Ku1=(K + slope * (x - START))[None, None, :], cells=112)
    junction = junction_on(simulation)
    neuron = DomainWallNeuron(simulation, junction, [0.1e-9, 0.4e-9], [0.0, 0.0], every=0.1e-9)
    neuron.operate()
    found = neuron.result()
    v = np.diff(found.position[0])[-2:] / 0.1e-9  # settled
    width = evaluate(simulation, "wall_width.z")[0]
    assert width == close(WIDTH, rel=0.03)  # (h/Δ)²/4
    np.testing.assert_allclose(v, -GAMMA_E * width**2 * slope / (ALPHA * MS), rtol=0.04)


def test_replicas_are_as_if_alone():
    J = np.array([[0.2e12], [0.3e12]])
    both, alone = [], []
    for drive in (J, J[:1], J[1:]):
        simulation = track(Zeeman(B=PerReplica([(0.0, 0.0, 0.0)] * len(drive))))
        neuron = DomainWallNeuron(
            simulation, junction_on(simulation), [0.9e-9], drive, every=30e-12, reset_J=-2e11, reset_time=0.1e-9
        )
        neuron.operate()
        (both if len(drive) == 2 else alone).append(neuron.result())
    for replica, one in enumerate(alone):
        assert np.array_equal(both[0].position[replica], one.position[0])
        assert np.array_equal(both[0].spikes[replica], one.spikes[0])
    assert both[0].count[1] == 1


def test_pulses_add_up_and_the_input_waits_during_a_reset():
    simulation = track()
    neuron = DomainWallNeuron(
        simulation, junction_on(simulation), [0.3e-9, 0.1e-9] * 4, [0.2e12, 0.0] * 4, every=50e-12, reset_J=-2.5e11,
        reset_time=0.2e-9,
    )  # fmt: skip
    told = []
    neuron.operate(lambda done, total: told.append((done, total)))
    found = neuron.result()
    assert told[0] == (0, 32)
    assert told[-1] == (32, 32)
    assert found.count[0] >= 1
    spike = found.spikes[0][0]
    start = found.t[np.searchsorted(found.t, spike)]
    during = (found.t > start - 1e-15) & (found.t < start + 0.2e-9 - 1e-15)
    assert np.all(found.J[0, during] == -2.5e11)
    assert found.J[0, np.flatnonzero(during)[-1] + 1] != -2.5e11
    before = found.t < spike
    assert np.all(np.diff(found.position[0, before]) > -0.3e-9)  # no leak: it keeps what it has added up


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"drive": [1e11, 2e11]}, r"1 durations, drive of shape \(1, 2\); allowed"),
        ({"every": 0.0}, "every = 0 s; allowed: above 0"),
        ({"every": 1e-16}, "divides the input into 1e\\+07 parts"),
        ({"threshold": 1.0}, "threshold = 1 S; allowed: between"),
        ({"term": "zeeman"}, 'term = "zeeman" has no current'),
    ],
)
def test_wrong_arguments(wrong, message):
    simulation = track()
    given = {"durations": [1e-9], "drive": [1e11], "every": 1e-11} | wrong
    with pytest.raises(ParameterError, match=message):
        DomainWallNeuron(simulation, junction_on(simulation), **given)
