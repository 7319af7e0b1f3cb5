"""A layer that switches in part: grains against their own thresholds, chances and variances, and what levels are."""

import numpy as np
import pytest

from fdmag.constants import BOLTZMANN
from fdmag.devices.grain_limit import grain_chances, independent_grains, switched_share
from fdmag.devices.junction_device import JunctionDevice
from fdmag.devices.macrospin_limit import PulsedMacrospin
from fdmag.devices.mtj import TunnelJunction
from fdmag.devices.multilevel_mtj import MultilevelMTJ
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, InterfaceAnisotropy, Slonczewski, Thermal, UniaxialAnisotropy, Zeeman
from tests.closeness import close

MS, KU, P, ALPHA = 1e6, 250e3, 0.5, 0.1
MTJ = TunnelJunction(RA_P=10e-12, TMR=1.0)
SIZE = (15e-9, 15e-9, 2e-9)


def layer(cells=8, Ku1=KU, *, batch=1, further=(), device="auto", first=0, nz=1):
    terms = [UniaxialAnisotropy(Ku1=Ku1), Thermal(T=300.0, seed=4, first_replica=first), Slonczewski(J=0.0, P=P)]
    return Simulation(
        Mesh((cells, cells, nz), SIZE), [*terms, *further], Ms=MS, alpha=ALPHA, batch=batch, device=device
    )


def junction_on(simulation, area=None):
    return JunctionDevice(simulation, MTJ, area=area)


def test_without_heat_a_grain_switches_where_the_field_exceeds_its_own(device):
    """Stoner and Wohlfarth's astroid: with B_x across the axis at B_K [1 − (B_x/B_K)^(2/3)]^(3/2), B_K = 2 Ku/Ms."""
    K = np.random.default_rng(3).uniform(150e3, 350e3, (1, 6, 6))
    fields, B_x = np.array([0.35, 0.45, 0.55, 0.65]), 1e-3
    own = 2 * K / MS * (1 - (B_x * MS / (2 * K)) ** (2 / 3)) ** 1.5
    clear = np.abs(own - fields.reshape(-1, 1, 1, 1)).min(axis=0) > 0.01  # none is close to a pulse
    K, own = np.where(clear, K, 400e3), np.where(clear, own, 0.78)
    terms = [UniaxialAnisotropy(Ku1=K), Zeeman(B=(0, 0, -1e-9)), Zeeman(B=(B_x, 0, 0))]
    simulation = Simulation(Mesh((6, 6, 1), SIZE), terms, Ms=MS, alpha=0.5, m=(0, 0, 1), device=device)
    simulation.relax()
    written = MultilevelMTJ(simulation, junction_on(simulation), fields, width=3e-9, gap=1e-9, drive="zeeman.B")
    told = []
    written.operate(lambda done, total: told.append((done, total)), tolerance=1e-5)
    found = written.result()
    assert told == [(k, 5) for k in range(1, 6)]
    exact = np.array([0.0, *[(own < B).mean() for B in fields]])
    assert found.share[0, 0] == close(exact, rel=1e-12)
    G_P = 36 * SIZE[0] * SIZE[1] / 10e-12
    np.testing.assert_allclose(found.mean, G_P * (1 - exact / 2), rtol=2e-3)
    assert np.isnan(found.cycle_to_cycle).all()
    assert np.isnan(found.levels)  # one cycle of one device tells no spread


def test_independent_grains_are_counted_as_their_equation_says():
    random = np.random.default_rng(1)
    K = KU * (1 + 0.12 * random.standard_normal((2, 1, 1, 10, 10)))
    simulation = layer(10, K, batch=2)
    written = MultilevelMTJ(simulation, junction_on(simulation), [0.9e12] * 3, width=0.3e-9, gap=0.2e-9, rest=0.2e-9,
                            cycles=2, limit="grains")  # fmt: skip
    written.operate(dt=1e-12)
    found = written.result()
    assert found.readings >= 8
    assert found.chi2 < 2.5
    assert 0.2 < found.limit_share[1] < found.limit_share[3] < 0.98
    np.testing.assert_allclose(found.share.mean(axis=(0, 1)), found.limit_share, atol=3.5 * 0.05 / 2)
    # by hand, over the cycles and the devices
    pooled = np.sqrt(found.conductance.var(axis=1, ddof=1).mean(axis=0))
    np.testing.assert_allclose(found.cycle_to_cycle, pooled, rtol=1e-12)
    span = abs(found.mean[-1] - found.mean[0])
    assert found.levels == min(4, 1 + np.floor(span / (6 * found.spread)))


def test_chances_of_a_sequence(device):
    """With long gaps, in which what is left comes to rest, 1 − (1 − p)^n; with short ones more."""
    simulation = layer(1, device=device)
    magnet, K = independent_grains(simulation, "slonczewski.J", np.full(3, 0.8e12))
    assert K.shape == (1, 1)
    single = magnet.probability(KU, np.array([0.3e-9]), 3e-9)[0, 0]
    long = magnet.sequence(KU, 0.3e-9, 3e-9)
    np.testing.assert_allclose(long, 1 - (1 - single) ** np.arange(1, 4), rtol=3e-3)
    short = magnet.sequence(KU, 0.3e-9, 0.1e-9)
    assert np.all(short[1:] > long[1:] * 1.05)
    chances = grain_chances(magnet, np.array([[KU, KU]]), 0.3e-9, 3e-9)
    np.testing.assert_allclose(chances[:, 0, 1], [0, *long], rtol=1e-12)


def test_pulses_back_bring_grains_back():
    magnet, _ = independent_grains(layer(1), "slonczewski.J", np.array([2e12, -2e12]))
    up, back = magnet.sequence(KU, 0.5e-9, 0.5e-9)
    assert up > 0.999
    assert back < 1e-3


def test_interpolation_over_the_anisotropy():
    magnet, _ = independent_grains(layer(1), "slonczewski.J", np.array([0.7e12, 0.9e12]))
    K = np.array([[150e3, 187e3, 222e3, 271e3, 318e3, 350e3]])
    chances = grain_chances(magnet, K, 0.3e-9, 0.2e-9)
    exact = np.array([magnet.sequence(each, 0.3e-9, 0.2e-9) for each in K[0].tolist()]).T
    np.testing.assert_allclose(chances[1:, 0], exact, atol=3e-3)


def test_unequal_grains_have_the_variance_of_their_areas():
    weights = np.array([0.5, 0.3, 0.2])
    mean, variance = switched_share(np.array([[[0.2, 0.5, 1.0]]]), weights)
    assert mean[0, 0] == close(0.45, rel=1e-12)
    assert variance[0, 0] == close(0.25 * 0.16 + 0.09 * 0.25, rel=1e-12)


def test_replicas_are_as_if_alone():
    K = np.stack([np.full((1, 1, 4, 4), KU), np.full((1, 1, 4, 4), 0.8 * KU)])
    results = []
    for given, first, batch in ((K, 0, 2), (K[:1], 0, 1), (K[1:], 1, 1)):
        simulation = layer(4, given, batch=batch, first=first)
        written = MultilevelMTJ(simulation, junction_on(simulation), [0.8e12] * 2, width=0.2e-9, gap=0.1e-9, cycles=2)
        written.operate(dt=2e-12)
        results.append(written.result())
    both, *alone = results
    for number, one in enumerate(alone):
        assert np.array_equal(both.conductance[number], one.conductance[0])
        assert np.array_equal(both.share[number], one.share[0])


def test_exchange_makes_grains_switch_together():
    """Neighbours hold each other: as one magnet of 16 grains they stay up where grains alone would have switched."""
    shares = []
    for A in (0.0, 2e-11):
        simulation = layer(4, further=[Exchange(A=A)])
        written = MultilevelMTJ(simulation, junction_on(simulation), [0.8e12], width=0.3e-9, gap=0.2e-9, rest=0.1e-9,
                                limit="grains")  # fmt: skip
        written.operate(dt=1.5e-12)
        shares.append(written.result().share_end)
        assert written.result().limit_share_end == close(0.4, rel=0.4)
    assert shares[0] > 0.1
    assert shares[1] == 0


def test_part_of_the_layer_is_read():
    simulation = layer(4)
    area = np.zeros((1, 4, 4), dtype=bool)
    area[0, :2] = True
    written = MultilevelMTJ(simulation, junction_on(simulation, area), [1.0], width=1e-12, gap=0.0)
    m = simulation.m
    m[:, 2, 0, 0] = -1
    m[:, 2, 0, 3] = -1  # not below the junction
    simulation.m = m
    share = written.columns()[1]
    assert share.compute(simulation).tolist() == [0.5]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"limit": "grain"}, 'limit = "grain"; allowed: none, grains'),
        ({"width": 0.0}, "width = 0 s; allowed: above 0"),
        ({"cycles": 0}, "cycles = 0; allowed: at least 1"),
        ({"drive": "slonczewski.K"}, 'has no parameter "K"'),
        ({"amplitude": []}, "amplitude has shape"),
    ],
)
def test_wrong_arguments(wrong, message):
    simulation = layer(2)
    given = {"amplitude": [1e12], "width": 1e-10, "gap": 0.0} | wrong
    with pytest.raises(ParameterError, match=message):
        MultilevelMTJ(simulation, junction_on(simulation), given.pop("amplitude"), **given)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nz": 2}, "2 layers of cells"),
        ({"Ku1": np.array([KU, -KU, KU, KU]).reshape(1, 2, 2)}, "Ku1 = -250000 J/m³; allowed: above 0"),
        ({"further": [InterfaceAnisotropy(Ks=1e-3)]}, "here is the term interface_anisotropy"),
    ],
)
def test_layers_that_have_no_such_limit(changes, message):
    with pytest.raises(ParameterError, match=message):
        independent_grains(layer(2, **changes), "slonczewski.J", np.array([1e12]))


def test_units_of_the_limit():
    magnet, _ = independent_grains(layer(1), "slonczewski.J", np.array([1e12]))
    assert isinstance(magnet, PulsedMacrospin)
    assert KU * np.prod(SIZE) / magnet.kT == close(KU * np.prod(SIZE) / (BOLTZMANN * 300), rel=1e-12)
    assert magnet.moment == close(MS * np.prod(SIZE), rel=1e-12)


def test_nothing_to_tell_before():
    simulation = layer(2)
    with pytest.raises(ParameterError, match="no pulse yet"):
        MultilevelMTJ(simulation, junction_on(simulation), [1e12], width=1e-10, gap=0.0).result()
