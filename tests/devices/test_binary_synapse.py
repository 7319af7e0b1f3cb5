"""A binary synapse: counts against the Fokker–Planck equation, half turns, and what a binary weight must do."""

import numpy as np
import pytest

from fdmag.analytic.fokker_planck import write_error_rate
from fdmag.analytic.spin_torque import critical_current
from fdmag.constants import BOLTZMANN
from fdmag.devices.binary_synapse import BinarySynapse
from fdmag.devices.junction_device import JunctionDevice
from fdmag.devices.macrospin_limit import half_turn, pulse_probability
from fdmag.devices.mtj import TunnelJunction
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.statistics import clopper_pearson
from fdmag.terms import Exchange, InterfaceAnisotropy, Slonczewski, Thermal, UniaxialAnisotropy, Zeeman
from tests.closeness import close

MS, ALPHA, B_K, DELTA, P = 1e6, 0.1, 0.3, 30.0, 0.5
MESH = Mesh((1, 1, 1), (20e-9, 20e-9, 2e-9))
T = MS * B_K / 2 * MESH.cell_volume / BOLTZMANN / DELTA
J_C = float(critical_current(MS * B_K / 2 * 2e-9, ALPHA, P))  # E_b per area: a current density
MTJ = TunnelJunction(RA_P=5e-12, TMR=1.0)


def cell(
    batch, *, up=1, device="auto", p=(0, 0, 1), side=-1, B=None, alpha=ALPHA, further=(), T=T, mesh=MESH, **torque
):
    terms = [UniaxialAnisotropy(Ku1=MS * B_K / 2), Thermal(T=T, seed=5), *further]
    terms.append(Slonczewski(J=0.0, P=P, p=p, side=side, **torque))
    if B is not None:
        terms.append(Zeeman(B=(0, 0, B)))
    return Simulation(mesh, terms, Ms=MS, alpha=alpha, m=(0, 0, up), batch=batch, device=device)


def synapse_on(simulation, amplitude, duration, **options):
    return BinarySynapse(simulation, JunctionDevice(simulation, MTJ), amplitude, duration, **options)


def test_counted_probabilities_are_those_of_the_fokker_planck_equation(device):
    few = 60 if device == "numpy" else 200
    synapse = synapse_on(cell(4 * few, device=device), np.array([1.5, 2.0]) * J_C, [0.3e-9, 0.4e-9], rest=0.2e-9,
                         settle=0.5e-9, limit="fokker_planck")  # fmt: skip
    told = []
    synapse.operate(lambda done, total: told.append((done, total)), dt=2e-12)
    found = synapse.result()
    assert told == [(1, 1)]
    assert found.settings == 4 - (few == 60)  # of the weakest pulse 4 % switch
    assert np.nanmax(np.abs(found.deviation)) < 3.5
    low, high = clopper_pearson(np.round(found.probability * few), few)
    assert np.array_equal(found.low, low)
    assert np.array_equal(found.high, high)
    # by hand: a binary weight
    change = found.G_switched - found.G_start
    assert change < 0  # J > 0 favours the antiparallel state
    np.testing.assert_allclose(found.update, found.probability * change, atol=0.04 * abs(change))
    spread = np.sqrt(found.probability * (1 - found.probability)) * abs(change)
    np.testing.assert_allclose(found.spread_update, spread, atol=0.05 * abs(change))


def test_limit_is_the_write_error_rate():
    J, t = np.array([1.5, 3.0]) * J_C, np.array([1e-9, 0.5e-9])
    limit = pulse_probability(cell(1), "slonczewski.J", J, t, 0.0)
    np.testing.assert_allclose(1 - limit, write_error_rate(t, J / J_C, DELTA, ALPHA, B_K), rtol=2e-3)


@pytest.mark.parametrize(
    ("changes", "sign"),
    [({"up": -1}, -1), ({"p": (0, 0, -1)}, -1), ({"side": 1}, -1), ({"up": -1, "p": (0, 0, -1)}, 1)],
)
def test_sentences_of_the_sign(changes, sign):
    """J > 0 drives m away from p with the reference below, towards it with the reference above."""
    t = np.array([0.4e-9])
    usual = pulse_probability(cell(1), "slonczewski.J", np.array([2 * J_C]), t, 0.0)
    other = pulse_probability(cell(1, **changes), "slonczewski.J", np.array([2 * J_C * sign]), t, 0.0)
    assert other[0, 0] == close(usual[0, 0], rel=1e-9)
    synapse = synapse_on(cell(40, **changes), [-3 * J_C, 3 * J_C], [0.5e-9])
    synapse.operate(dt=4e-12)
    switched = synapse.result().probability[:, 0]
    assert switched[int(sign > 0)] == 1
    assert switched[int(sign < 0)] == 0


def test_field_pulses_against_their_equation():
    """B against m lowers the barrier to Δ (1 − B/B_K)²; a positive amplitude is along the field that the term has."""
    simulation = cell(200, B=-1e-30)
    with pytest.raises(ParameterError, match="a field reaches B_K"):
        pulse_probability(simulation, "zeeman.B", np.array([0.42]), np.array([0.4e-9]), 0.0)
    synapse = synapse_on(simulation, [0.28, -0.28], [1e-9], drive="zeeman.B", rest=0.2e-9, settle=0.1e-9,
                         limit="fokker_planck")  # fmt: skip
    synapse.operate(dt=2e-12)
    found = synapse.result()
    assert 0.1 < found.limit[0, 0] < 0.9
    assert abs(found.deviation[0, 0]) < 3.5
    assert found.limit[1, 0] < 1e-6
    assert found.probability[1, 0] == 0


def test_best_pulse_of_a_voltage_is_half_a_turn():
    """Read at its end, the pulse has switched m between a quarter and three quarters of a turn."""
    t = np.concatenate([np.linspace(0.30e-9, 0.42e-9, 9), [0.7e-9], np.linspace(0.99e-9, 1.15e-9, 9)])
    terms = [
        InterfaceAnisotropy(Ks=0.15e-3, xi=1e-13, t_ox=1e-9, voltage=0.0),
        Zeeman(B=(25e-3, 0, 0)),
        Thermal(T=300.0, seed=1),
    ]
    mesh = Mesh((1, 1, 1), (50e-9, 50e-9, 1.1e-9))
    simulation = Simulation(mesh, terms, Ms=MS, alpha=0.02, batch=19 * 40)
    simulation.relax()
    synapse = synapse_on(simulation, [-1.5], t, drive="interface_anisotropy.voltage", rest=0.2e-9, limit="half_turn")
    synapse.operate(dt=2e-12)
    found = synapse.result()
    assert found.best_duration == close(found.half_turn, rel=0.01)
    assert found.half_turn == close(np.pi * (1 + 0.02**2) / (1.76085963023e11 * 25e-3), rel=1e-12)
    at = found.probability[0]
    assert at[9] == 1
    assert np.all(at[[0, -1]] < 0.05)


def test_cycles_add_up():
    one, two = (synapse_on(cell(50), [1.5 * J_C], [0.4e-9], cycles=n) for n in (1, 2))
    for each in (one, two):
        each.operate(dt=4e-12)
    assert two.result().trials == 2 * one.result().trials == 100
    twice = two.result().probability[0, 0] * 100 - one.result().probability[0, 0] * 50
    assert 0 <= round(twice) <= 50  # the first cycle is the same


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"further": [Exchange(A=1e-11)]}, "here is the term exchange"),
        ({"mesh": Mesh((2, 1, 1), (20e-9, 20e-9, 2e-9))}, "here is 2 cells"),
        ({"p": (1, 0, 0)}, r"slonczewski\.p has to be along z"),
        ({"Lambda": 1.5, "up": -1}, "with Lambda other than 1 m has to start along p"),
        ({"B": 0.31}, "a field reaches B_K"),
    ],
)
def test_limits_that_are_not_those_of_this_magnet(changes, message):
    with pytest.raises(ParameterError, match=message):
        synapse_on(cell(1, **changes), [J_C], [1e-9], limit="fokker_planck")


def test_half_turn_needs_a_field():
    with pytest.raises(ParameterError, match="there is no term zeeman"):
        half_turn(cell(1))
    with pytest.raises(ParameterError, match="there is none"):
        half_turn(cell(1, B=0.0))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"drive": "zeeman.B"}, 'term = "zeeman" has no parameter "B"'),
        ({"duration": [0.0]}, "duration = 0 s; allowed: above 0"),
        ({"limit": "brown"}, 'limit = "brown"; allowed: none, fokker_planck, half_turn'),
        ({"cycles": 0}, "cycles = 0"),
        ({"amplitude": [1.0, 2.0, 3.0]}, "4 replicas for 3 pulses, 3 amplitudes of 1 lengths; .* such as 6"),
    ],
)
def test_wrong_arguments(wrong, message):
    given = {"amplitude": [J_C], "duration": [1e-9]} | wrong
    with pytest.raises(ParameterError, match=message):
        synapse_on(cell(4), given.pop("amplitude"), given.pop("duration"), **given)


def test_nothing_to_tell_before():
    with pytest.raises(ParameterError, match="no pulse yet"):
        synapse_on(cell(1), [J_C], [1e-9]).result()
