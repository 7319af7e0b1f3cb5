"""A wall as a synapse: against the rigid wall, closed forms of its read-out and energy, and the laws of pinning."""

import numpy as np
import pytest

from fdmag.analytic.wall_model import WallModel
from fdmag.analytic.write_energy import spin_orbit_write_energy
from fdmag.constants import ELEMENTARY_CHARGE, HBAR
from fdmag.devices.current_drive import CurrentDrive
from fdmag.devices.junction_device import JunctionDevice
from fdmag.devices.mtj import TunnelJunction
from fdmag.devices.track_readout import TrackReadout
from fdmag.devices.wall_synapse import DomainWallSynapse, PulseTrain
from fdmag.errors import ParameterError
from fdmag.initial import wall
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, InterfacialDMI, SpinOrbitTorque, UniaxialAnisotropy, ZhangLi
from tests.closeness import close

MS, A, K, ALPHA, T, D = 7e5, 1e-11, 172e3, 0.3, 0.6e-9, 1.2e-3
WIDTH = np.sqrt(A / K)
MTJ = TunnelJunction(RA_P=10e-12, TMR=1.0)


def track(*, Ku1=K, drive=None, position=-10e-9, cells=64, inside=(-1, 0, 0)):
    mesh = Mesh((cells, 1, 1), (2.5e-9, 40e-9, T), "y")
    drive = drive or SpinOrbitTorque(J=0.0, xi_DL=0.07)
    m = wall(mesh, position=position, width=WIDTH, inside=inside)
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=Ku1), InterfacialDMI(D=D), drive]
    return Simulation(mesh, terms, Ms=MS, alpha=ALPHA, m=m)


def junction_on(simulation, half=50e-9):
    area = np.broadcast_to(np.abs(simulation.mesh.x) < half, simulation.mesh.shape)
    return JunctionDevice(simulation, MTJ, area=area)


def test_steps_are_those_of_the_rigid_wall_and_the_reading_that_of_the_profile(device):
    simulation = track()
    train = PulseTrain(J=0.2e12, width=0.1e-9, gap=0.15e-9, pulses=3)
    synapse = DomainWallSynapse(simulation, junction_on(simulation), train, resistivity=40e-8, thickness=3e-9)
    told = []
    synapse.operate(lambda done, total: told.append((done, total)))
    found = synapse.result()
    assert told == [(k, 6) for k in range(7)]

    a, period = HBAR * 0.07 * train.J / (2 * ELEMENTARY_CHARGE * MS * T), train.width + train.gap
    rigid = WallModel(width=WIDTH, alpha=ALPHA, Ms=MS, D=D, a=a).run(
        6 * period, phi=np.pi, samples=7, longest_step=1e-12,
        current_factor=lambda t: (1 if t < 3 * period else -1) * float(t % period < train.width),
    )  # fmt: skip
    # (h/Δ)²/4 of the narrower wall, 2.7 %, and domains that tilt by a/B_K, 2 %
    np.testing.assert_allclose(np.diff(found.position[0]), np.diff(rigid.q), rtol=0.05)
    readout = TrackReadout(MTJ, -50e-9, 50e-9, 40e-9, WIDTH)
    np.testing.assert_allclose(found.conductance[0], readout.conductance(found.position[0]), rtol=2e-3)
    energy = float(spin_orbit_write_energy(train.J, 40e-8, 3e-9, train.width, 64 * 2.5e-9 * 40e-9))
    assert found.energy_p == found.energy_d == close(energy, rel=1e-12)
    assert found.J.tolist() == [0.0, *[train.J] * 3, *[-train.J] * 3]


def test_sentence_of_the_signs():
    """A wall that moves towards +x enlarges the domain behind it: with that domain along the reference of the junction
    above, conductance rises. J > 0 does so by spin–orbit torque in Pt/Co, J < 0 by Zhang–Li with P > 0.
    """
    train = PulseTrain(J=0.3e12, width=80e-12, gap=0.0, pulses=2)
    sot, stt = track(), track(drive=ZhangLi(J=(0, 0, 0), P=0.7, xi=0.3))
    up = DomainWallSynapse(sot, junction_on(sot), train)
    down = DomainWallSynapse(
        stt, junction_on(stt), PulseTrain(J=-3e12, width=80e-12, gap=0.0, pulses=2), term="zhang_li"
    )
    for synapse in (up, down):
        synapse.operate()
        found = synapse.result()
        assert found.step_p[0] > 1e-9
        assert found.step_d[0] < -1e-9
        assert found.conductance[0, 2] > found.conductance[0, 0]


@pytest.mark.parametrize(("share", "passes"), [(0.85, False), (1.2, True)])
def test_a_step_of_the_anisotropy_holds_the_wall_up_to_its_pinning_field(share, passes):
    """V(q) = ∫ K sech²: behind a step of ΔK it rises by at most ΔK per length, H_p = ΔK/(2 Ms) as a field."""
    step = 20e3
    Ku1 = np.broadcast_to(np.where(np.arange(64) < 32, K - step / 2, K + step / 2), (1, 1, 64))
    J = share * step / (2 * MS) / (np.pi / 2) / (HBAR * 0.07 / (2 * ELEMENTARY_CHARGE * MS * T))
    simulation = track(Ku1=Ku1)
    train = PulseTrain(J=J, width=0.9e-9, gap=0.0, pulses=2)
    synapse = DomainWallSynapse(simulation, junction_on(simulation, 70e-9), train)
    synapse.operate()
    position = synapse.result().position[0, 1:3]
    assert (position[0] > 2 * WIDTH) == passes
    if not passes:  # and it stands where K's step balances the torque: sech²(q/Δ) = share
        balance = -np.arccosh(share**-0.5) * WIDTH
        np.testing.assert_allclose(position[1], balance, atol=0.12 * WIDTH)


def test_replicas_are_as_if_alone_and_are_devices_or_cycles():
    train = PulseTrain(J=0.3e12, width=40e-12, gap=10e-12, pulses=4, cycles=2)
    Ku1 = np.array([K, 1.1 * K]).reshape(2, 1, 1, 1, 1)
    results = []
    for given in (Ku1, Ku1[:1], Ku1[1:]):
        simulation = track(Ku1=given)
        synapse = DomainWallSynapse(simulation, junction_on(simulation), train)
        synapse.operate()
        results.append(synapse.result())
    both, *alone = results
    for number, one in enumerate(alone):
        assert np.array_equal(both.position[number], one.position[0])
        assert np.array_equal(both.conductance[number], one.conductance[0])
    assert np.isfinite(both.device_to_device)
    assert np.isnan(alone[0].device_to_device)
    assert alone[0].cycle_to_cycle >= 0  # two cycles
    synapse.replicas = "cycles"
    assert np.isnan(synapse.result().device_to_device)


def test_a_wall_that_does_not_move_has_no_figures():
    simulation = track()
    synapse = DomainWallSynapse(simulation, junction_on(simulation), PulseTrain(1e3, 1e-12, 0.0, 2))
    synapse.operate()
    found = synapse.result()
    assert found.figures is None or found.G_max - found.G_min < 1e-9
    assert np.all(np.abs(found.step_p) < 1e-11)


def test_current_keeps_the_pattern_of_the_term():
    J = np.zeros((3, 1, 1, 64))
    J[0] = np.where(np.arange(64) < 32, 2e11, 1e11)
    simulation = track(drive=ZhangLi(J=J, P=0.5))
    CurrentDrive(simulation, "zhang_li").set(-6e11)
    now = simulation.terms["zhang_li"].J.base
    np.testing.assert_allclose(now[0, 0, 0, 0, [0, 63]], [-6e11, -3e11])
    assert not now[:, 1:].any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"term": "exchange"}, 'term = "exchange" has no current; terms that have: spin_orbit_torque'),
        ({"replicas": "cells"}, 'replicas = "cells"; allowed: devices, cycles'),
        ({"resistivity": 1e-7}, "needs both resistivity and thickness"),
    ],
)
def test_wrong_arguments(wrong, message):
    simulation = track()
    with pytest.raises(ParameterError, match=message):
        DomainWallSynapse(simulation, junction_on(simulation), PulseTrain(1e11, 1e-9, 0.0, 2), **wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"J_depression": 1e11}, "allowed: opposite signs"),
        ({"width": 0.0}, "width = 0 s; allowed: above 0"),
        ({"pulses": 1}, "pulses = 1; allowed: at least 2"),
    ],
)
def test_wrong_trains(wrong, message):
    with pytest.raises(ParameterError, match=message):
        PulseTrain(**({"J": 1e11, "width": 1e-9, "gap": 0.0, "pulses": 4} | wrong))


def test_nothing_to_tell_before_the_first_pulse():
    simulation = track()
    with pytest.raises(ParameterError, match="no pulse yet"):
        DomainWallSynapse(simulation, junction_on(simulation), PulseTrain(1e11, 1e-9, 0.0, 2)).result()
