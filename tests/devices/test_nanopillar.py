"""Pillars written by currents: against the macrospin while they are uniform, and away from it as they grow."""

import numpy as np
import pytest

from fdmag.barriers import WallSweep
from fdmag.constants import BOLTZMANN, ELEMENTARY_CHARGE, HBAR
from fdmag.devices.nanopillar import Channel, Nanopillar
from fdmag.devices.pillar_diagram import field_diagram, pulse_diagram
from fdmag.devices.pillar_stability import stability
from fdmag.devices.pillar_switching import switching_times
from fdmag.devices.pillar_threshold import critical_current
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.shapes import Cylinder
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, Slonczewski, SpinOrbitTorque, Thermal, UniaxialAnisotropy, Zeeman
from tests.closeness import close

EDGE = np.sqrt(np.pi / 4) * 40e-9
"""Of a square of the area of a circle 40 nm wide."""
TAU = 1.00011 / (0.01 * 1.76085963023e11 * 0.3)
"""(1 + α²)/(α γ B_K) [s]."""


def layer(batch=None, *, theta=0.02, alpha=0.01, up=1, T=0.0, Ku=1.5e5, B=(0, 0, 0), **options):
    """A macrospin of 40 nm with Δ = 59.16 at 300 K, I_c0 = 24.82 µA."""
    mesh = Mesh((1, 1, 1), (EDGE, EDGE, 1.3e-9))
    terms = [UniaxialAnisotropy(Ku1=Ku), Slonczewski(J=0, P=0.6), Zeeman(B=B), *([Thermal(T=T, seed=1)] if T else [])]
    m = (np.sin(theta), 0, up * np.cos(theta))
    return Simulation(mesh, terms, Ms=1e6, alpha=alpha, m=m, batch=batch, **options)


def disc(diameter, cells, *, theta=0.01, Ku=0.8e6, alpha=0.02, batch=1):
    """A disc with exchange and its own stray field."""
    edge = diameter / cells
    mesh = Mesh((cells, cells, 1), (edge, edge, 1.3e-9))
    terms = [Exchange(A=15e-12), Demag(), UniaxialAnisotropy(Ku1=Ku), Slonczewski(J=0, P=0.6)]
    m = (np.sin(theta), 0, np.cos(theta))
    return Simulation(mesh, terms, Ms=1e6, alpha=alpha, m=m, geometry=Cylinder(diameter=diameter), batch=batch)


def test_limit_is_the_macrospin_of_the_textbooks(device):
    found = Nanopillar(layer()).limit()
    assert found.I_c == close(24.82e-6, rel=2e-4)
    assert found.stability(300) == close(59.16, rel=2e-4)
    assert close(0.3) == found.B_K
    assert found.J_c == close(2 * ELEMENTARY_CHARGE * 1e6 * 1.3e-9 * 0.01 * 0.3 / (HBAR * 0.6))
    assert found.symmetric


def test_limit_knows_fields_and_the_demagnetising_factors_of_the_mesh():
    """A field along the start holds it: α (B_K + B); and a cube's own stray field does nothing to its barrier."""
    held = Nanopillar(layer(B=(0, 0, 0.06))).limit()
    assert held.J_c == close(1.2 * Nanopillar(layer()).limit().J_c, rel=1e-6)
    assert Nanopillar(layer(B=(0, 0, 0.06), up=-1)).limit().J_c == close(-0.8 * Nanopillar(layer()).limit().J_c)
    terms = [Demag(), UniaxialAnisotropy(Ku1=1e5), Slonczewski(J=0, P=1)]
    cube = Simulation(Mesh((3, 3, 3), (2e-9, 2e-9, 2e-9)), terms, Ms=1e6)
    assert Nanopillar(cube).limit().barrier == close(1e5 * 216e-27, rel=1e-6)


@pytest.mark.parametrize("changed", [Slonczewski(J=0, P=0.6, Lambda=1.5), UniaxialAnisotropy(Ku1=0, Ku2=1e4)])
def test_times_in_closed_form_are_told_only_where_they_hold(changed):
    """Not with a torque that depends on the angle, nor with a second anisotropy constant."""
    terms = {"slonczewski": Slonczewski(J=0, P=0.6), "Ku1": UniaxialAnisotropy(Ku1=1.5e5)}
    simple = Simulation(Mesh((1, 1, 1), (EDGE, EDGE, 1.3e-9)), [*terms.values()], Ms=1e6, alpha=0.01)
    terms["slonczewski" if isinstance(changed, Slonczewski) else "Ku2"] = changed
    other = Simulation(simple.mesh, [*terms.values()], Ms=1e6, alpha=0.01)
    for simulation, holds in ((simple, True), (other, False)):
        limit = Nanopillar(simulation).limit()
        assert np.isfinite(limit.J_c)
        assert np.isfinite(limit.switching_times(3 * limit.J_c, 0.1)) == holds


def test_the_field_like_part_of_a_torque_is_a_field_along_the_axis():
    """−b p holds or helps m as an applied field does: a = α (B_K − up b); ε' = P/2 makes b as large as a."""
    terms = [UniaxialAnisotropy(Ku1=1.5e5), Slonczewski(J=0, P=0.6, epsilon_prime=0.3)]
    m = (np.sin(0.01), 0, np.cos(0.01))
    layer = Simulation(Mesh((1, 1, 1), (EDGE, EDGE, 1.3e-9)), terms, Ms=1e6, alpha=0.2, m=m, batch=7)
    pillar = Nanopillar(layer)
    without = 2 * ELEMENTARY_CHARGE * 1e6 * 1.3e-9 * 0.2 * 0.3 / (HBAR * 0.6)
    assert pillar.limit().J_c == close(without / 1.2, rel=1e-4)
    found = critical_current(pillar, without / 1.4, without / 1.05, 0.5e-9, criterion="growth", tolerance=4e-3)
    assert found.deviation[0] == pytest.approx(0, abs=4e-3)


def test_an_in_plane_easy_axis_adds_half_of_the_difference():
    """α (B_x + B_y)/2 of two anisotropy fields: J. Z. Sun (2000), as `critical_current_in_plane`."""
    terms = [UniaxialAnisotropy(Ku1=1e5), UniaxialAnisotropy(Ku1=-4e5, axis=(0, 1, 0)), Slonczewski(J=0, P=0.5)]
    pillar = Nanopillar(Simulation(Mesh((1, 1, 1), (5e-9, 5e-9, 1e-9)), terms, Ms=1e6, alpha=0.1))
    a_c = 0.1 * (0.2 + 0.8 / 2)
    assert pillar.limit().J_c == close(a_c * 2 * ELEMENTARY_CHARGE * 1e6 * 1e-9 / (HBAR * 0.5))
    assert not pillar.limit().symmetric
    assert pillar.limit().barrier == close(1e5 * 25e-27)


def test_switching_times_are_exact_for_a_macrospin(device):
    """2.6262 and 1.4063 (1 + α²)/(α γ B_K) from 1/sqrt(120) at i = 2 and 3."""
    pillar = Nanopillar(layer(2, theta=1 / np.sqrt(120)))
    J_c = pillar.limit().J_c
    found = switching_times(pillar, [2 * J_c, 3 * J_c], 12e-9)
    np.testing.assert_allclose(found.time / TAU, [2.6262, 1.4063], rtol=1e-3)
    np.testing.assert_allclose(found.limit, found.time, rtol=1e-3)
    assert found.deviation < 1e-3


def test_extrapolation_of_rates_near_the_axis_is_the_critical_current():
    pillar = Nanopillar(layer(4), threshold=0.99)
    J_c = pillar.limit().J_c
    found = switching_times(pillar, np.array([1.5, 2, 3, 5]) * J_c, 40e-9)
    assert found.J_c == close(J_c, rel=5e-3)
    assert found.sigma_J_c < 1e-3 * J_c
    to_the_equator = switching_times(Nanopillar(layer(4)), np.array([1.5, 2, 3, 5]) * J_c, 40e-9)
    assert 0.75 * J_c < to_the_equator.J_c < 0.95 * J_c  # as it is measured, it ends below


def test_electrons_into_the_free_layer_favour_parallel_the_others_antiparallel():
    """With the reference below and up: J > 0 turns m from up (P) to down (AP), J < 0 from down to up, and neither
    the other way.
    """
    for up, sign in ((1, 1), (-1, -1)):
        pillar = Nanopillar(layer(2, up=up, theta=0.1))
        J = sign * 3 * abs(pillar.limit().J_c)
        assert np.sign(pillar.limit().J_c) == sign
        found = switching_times(pillar, [J, -J], 10e-9)
        assert found.switched.tolist() == [1, 0]
        assert found.time[0] == close(found.limit[0], rel=2e-3)


def test_bisection_of_growth_is_the_instability(device):
    pillar = Nanopillar(layer(6, alpha=0.1))
    J_c = pillar.limit().J_c
    found = critical_current(pillar, 0.5 * J_c, 2.1 * J_c, 1e-9, criterion="growth", tolerance=1e-4)
    assert found.J_c[0] == close(J_c, rel=1e-3)  # m at the tilt θ is turned away by i > cos θ already: 2e-4
    assert found.low[0] < found.J_c[0] < found.high[0]
    assert found.I_c[0] == close(found.J_c[0] * EDGE**2)
    assert found.written[np.argsort(found.tried)].tolist() == sorted(found.written)


def test_each_replica_that_differs_has_its_own_bracket():
    """α of 0.02, 0.04 and 0.08: I_c0 in proportion."""
    simulation = layer(alpha=PerReplica([0.02, 0.04, 0.08]))
    found = critical_current(Nanopillar(simulation), 3e10, 4e11, 1e-9, criterion="growth", tolerance=5e-3)
    np.testing.assert_allclose(found.deviation, 0, atol=6e-3)
    assert found.J_c[2] / found.J_c[0] == close(4, rel=0.01)


def test_spin_orbit_threshold_with_fields_along_the_current():
    """1.5193, 1.3778, 1.1724·10¹² A/m² at 0, 20, 50 mT."""
    B = PerReplica([[0, 0, 0], [0.02, 0, 0], [0.05, 0, 0]])
    terms = [UniaxialAnisotropy(Ku1=1.5e5), Zeeman(B=B), SpinOrbitTorque(J=0, xi_DL=0.3)]
    simulation = Simulation(Mesh((1, 1, 1), (2e-9, 2e-9, 1e-9)), terms, Ms=1e6, alpha=0.5)
    pillar = Nanopillar(simulation, term="spin_orbit_torque", threshold=0.5)
    exact = [1.5193e12, 1.3778e12, 1.1724e12]
    np.testing.assert_allclose([pillar.limit(k).J_c for k in range(3)], exact, rtol=1e-4)
    found = critical_current(pillar, 1e12, 1.7e12, 1e-9, rise=2e-9, tolerance=5e-3)
    np.testing.assert_allclose(found.J_c, exact, rtol=0.01)


def test_field_diagram_follows_the_critical_currents_in_both_directions():
    pillar = Nanopillar(layer(160, alpha=0.1))
    J_c = pillar.limit().J_c
    found = field_diagram(pillar, np.linspace(-2, 2, 33) * J_c, [-0.1, 0, 0.1], 4e-9)
    half = np.diff(found.J)[0] / 2
    assert np.all(np.abs(found.J_down - found.limit_down) <= half * 1.001)
    assert np.all(np.abs(found.J_up - found.limit_up) <= half * 1.001)
    # a field along +z holds up and helps down to be left: its slope is α/a
    assert found.limit_down[2] - found.limit_down[0] == close(0.2 / 0.3 * J_c, rel=1e-6)
    assert found.state[0, 1, 0] > 0.99
    assert found.state[1, 1, 0] > 0.99  # J < 0 turns down to up
    assert np.all(pillar.simulation.terms["zeeman"].B.base == 0)


def test_spin_orbit_torque_writes_by_the_sign_of_current_times_field():
    """J > 0 along x in a metal below of positive angle pulls m from up to +x and from down to −x. With a field along
    +x J > 0 therefore turns up to down, J < 0 down to up; with one along −x the other way round.
    """
    terms = [UniaxialAnisotropy(Ku1=1.5e5), Zeeman(B=(0, 0, 0)), SpinOrbitTorque(J=0, xi_DL=0.3)]
    layer = Simulation(Mesh((1, 1, 1), (2e-9, 2e-9, 1e-9)), terms, Ms=1e6, alpha=0.5, batch=52)
    pillar = Nanopillar(layer, term="spin_orbit_torque")
    found = field_diagram(pillar, np.linspace(-1.8e12, 1.8e12, 13), [-0.05, 0.05], 0.5e-9, direction=(1, 0, 0),
                          relax=0.5e-9)  # fmt: skip
    np.testing.assert_allclose(np.abs([found.limit_down, found.limit_up]), 1.1724e12, rtol=1e-3)
    np.testing.assert_allclose(found.J_down, [-1.1724e12, 1.1724e12], rtol=0.15)  # half a step, 0.13
    np.testing.assert_allclose(found.J_up, [1.1724e12, -1.1724e12], rtol=0.15)
    assert found.deviation < 0.15


def test_pulse_diagram_follows_the_switching_time():
    pillar = Nanopillar(layer(80, alpha=0.1, theta=0.1), RA=5e-12)
    J = np.geomspace(1.2, 8, 20) * pillar.limit().J_c
    t = np.array([0.15e-9, 0.3e-9, 0.6e-9, 1.2e-9])
    found = pulse_diagram(pillar, J, t)
    np.testing.assert_allclose(found.J_half, found.limit, rtol=found.step / 2 * 1.05)
    np.testing.assert_allclose(switching_times(pillar, found.limit, 3e-9).time, t, rtol=2e-3)
    assert found.energy.shape == (4, 20)
    assert found.energy[1, 3] == close(J[3] ** 2 * 5e-12 * t[1] * pillar.area)


def test_shots_do_not_depend_on_how_many_replicas_there_are():
    """Three shots in one round of four, in two of two, and in three of one: the same, but for the rounding of t."""
    J = np.array([6e10, 8e10, 1e11])
    times = [switching_times(Nanopillar(layer(n)), J, 20e-9).times for n in (4, 2, 1)]
    np.testing.assert_allclose(times[1], times[0], rtol=1e-12)
    np.testing.assert_allclose(times[2], times[0], rtol=1e-12)


def test_everything_is_as_it_was_afterwards():
    simulation = layer(2, T=300.0)
    before = simulation.m
    pillar = Nanopillar(simulation, dt=1e-12)
    field_diagram(pillar, [1e10, 2e10], [0.0, 0.01], 5e-12, samples=2)
    np.testing.assert_array_equal(simulation.m, before)
    assert not simulation.terms["slonczewski"].J.base.any()
    assert not simulation.terms["zeeman"].B.base.any()


def test_assist_flows_with_the_pulse_and_costs_its_heat():
    """A spin–orbit torque along with a current below the critical one of spin transfer tips m over."""
    mesh = Mesh((1, 1, 1), (20e-9, 20e-9, 1e-9))
    terms = [UniaxialAnisotropy(Ku1=1.5e5), Slonczewski(J=0, P=0.6), SpinOrbitTorque(J=0, xi_DL=0.3)]
    channel = Channel(200e-8, 4e-9, 60e-9, 40e-9)

    def pillar(assist):
        simulation = Simulation(mesh, terms, Ms=1e6, alpha=0.05, m=(0.02, 0, 1))
        return Nanopillar(simulation, assist=assist, RA=5e-12, channel=channel)

    J = 3 * pillar({}).limit().J_c
    alone, helped = (switching_times(pillar(each), [J], 3e-9) for each in ({}, {"spin_orbit_torque": 1.2e12}))
    assert helped.time[0] < alone.time[0] / 2
    joule = J**2 * 5e-12 * 400e-18 + 1.2e12**2 * 200e-8 * 4e-9 * 60e-9 * 40e-9
    assert helped.energy[0] == close(joule * helped.time[0])
    assert Nanopillar(layer()).energy(1e10, 1e-9) is None


def test_a_small_disc_is_a_macrospin_and_a_large_one_is_not():
    """The instability within 1 % at 12 nm; a wall crosses below the uniform barrier at 60 nm (K_eff d² against d)."""
    small = Nanopillar(disc(12e-9, 4, batch=8))
    J_c = small.limit().J_c
    found = critical_current(small, 0.7 * J_c, 1.3 * J_c, 1.5e-9, criterion="growth", tolerance=2e-3)
    assert found.deviation[0] == pytest.approx(0, abs=0.01)
    barrier = stability(small, images=9)
    assert barrier.path == close(barrier.uniform, rel=0.01)
    assert barrier.uniform > 0
    wide = stability(Nanopillar(disc(60e-9, 16)), path=WallSweep((1, 0.4, 0)), images=13)
    assert wide.path < 0.8 * wide.uniform
    assert wide.sigma_path < 0.05 * wide.path


def test_stability_of_the_worked_bit():
    found = stability(Nanopillar(layer(theta=0.0)), images=9)
    assert found.uniform == close(59.16, rel=2e-4)
    assert found.path == close(found.uniform, rel=1e-4)
    assert found.barrier == close(59.16 * BOLTZMANN * 300, rel=2e-4)
    assert found.retention == close(1e-9 * np.exp(found.path))
    assert found.required == close(63.4, rel=1e-3)  # 1 Mb, ten years, 1e-4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"term": "spin_orbit"}, 'term = "spin_orbit" has no current; terms that have: slonczewski'),
        ({"threshold": 1.5}, "threshold = 1.5; allowed: above -1 and below 1"),
        ({"RA": -1.0}, "RA = -1 ohm m\\^2; allowed: above 0"),
        ({"assist": {"slonczewski": 1e10}}, "is both term and assist"),
        ({"assist": {"spin_orbit_torque": 1e10}}, 'term = "spin_orbit_torque" has no current'),
    ],
)
def test_mistakes_of_a_pillar(options, message):
    with pytest.raises(ParameterError, match=message):
        Nanopillar(layer(), **options)


def test_mistakes_of_measurements():
    pillar = Nanopillar(layer(2))
    with pytest.raises(ParameterError, match=r"m_z = 0\.01 at the start; allowed: below"):
        Nanopillar(layer(theta=np.pi / 2 - 0.01))
    with pytest.raises(ParameterError, match="high does not write; give a bracket"):
        critical_current(pillar, 1e9, 2e9, 1e-10)
    with pytest.raises(ParameterError, match=r"\|low\| < \|high\|"):
        critical_current(pillar, 2e10, -1e10, 1e-10)
    with pytest.raises(ParameterError, match='criterion = "half"; allowed: passage, growth'):
        critical_current(pillar, 1e9, 2e11, 1e-10, criterion="half")
    with pytest.raises(ParameterError, match="duration = -1 s; allowed: above 0"):
        switching_times(pillar, [1e10], -1)
    with pytest.raises(ParameterError, match="B does not rise"):
        field_diagram(pillar, [1e10, 2e10], [0.1, 0.0], 1e-9)
    with pytest.raises(ParameterError, match='"zeman" is no zeeman term; there is zeeman; did you mean "zeeman"'):
        field_diagram(pillar, [1e10, 2e10], [0.0, 0.1], 1e-9, term="zeman")
    cell, alpha = Mesh((1, 1, 1), (5e-9, 5e-9, 1e-9)), PerReplica([0.1, 0.2])
    different = Nanopillar(Simulation(cell, [Slonczewski(J=0, P=0.5)], Ms=1e6, alpha=alpha, m=(0.1, 0, 1)))
    with pytest.raises(ParameterError, match="3 shots, and 2 replicas that differ"):
        switching_times(different, [1e10, 2e10, 3e10], 1e-12)


def test_results_are_datasets_and_figures():
    pytest.importorskip("xarray")
    figure = pytest.importorskip("matplotlib.figure").Figure
    pillar = Nanopillar(layer(12, alpha=0.1, theta=0.1), RA=5e-12)
    J_c = pillar.limit().J_c
    times = switching_times(pillar, np.array([0.5, 2, 3]) * J_c, 0.6e-9)
    results = [
        times,
        critical_current(pillar, 0.5 * J_c, 2 * J_c, 0.4e-9, criterion="growth", tolerance=0.1),
        field_diagram(pillar, np.array([-2, 2]) * J_c, [-0.01, 0.0, 0.01], 0.1e-9),
        pulse_diagram(pillar, np.array([2, 4]) * J_c, [0.1e-9, 0.4e-9]),
        stability(pillar, images=7),
        pillar.limit(),
    ]
    for result in results:
        data = result.to_xarray()
        assert all("units" in each.attrs for each in data.variables.values())
        assert type(result).__name__ in str(result)
        if hasattr(result, "plot"):
            axes = figure().subplots()
            assert result.plot(axes) is axes
            assert "[" in axes.get_xlabel() + axes.get_ylabel()
    assert results[2].to_xarray()["state"].dims == ("start", "B", "J")
    assert np.isnan(times.time[0])
    assert times.switched.tolist() == [0, 1, 1]
    assert times.statistics(1).switched == 1
    assert times.plot_rates(figure().subplots()).get_lines()
    assert times.plot_distribution(figure().subplots()).get_lines()
