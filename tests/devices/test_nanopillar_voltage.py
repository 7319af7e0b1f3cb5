"""A pillar that a voltage drives: where it turns unstable, what it costs, and that results are told in volts."""

import numpy as np
import pytest
from scipy.optimize import brentq

from fdmag.analytic.tunnel_junction import conductance_per_area, polarisation_at_bias
from fdmag.constants import ELEMENTARY_CHARGE, HBAR
from fdmag.devices.driven_result import VOLTAGE
from fdmag.devices.nanopillar import Channel, Nanopillar
from fdmag.devices.pillar_diagram import field_diagram, pulse_diagram
from fdmag.devices.pillar_switching import switching_times
from fdmag.devices.pillar_threshold import critical_current
from fdmag.devices.pillar_write_errors import write_errors
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import (
    InterfaceAnisotropy,
    Slonczewski,
    SpinOrbitTorque,
    Thermal,
    TunnelTorque,
    UniaxialAnisotropy,
    Zeeman,
)
from tests.closeness import close

EDGE = np.sqrt(np.pi / 4) * 40e-9
AREA, RA, P, THICKNESS, B_K = EDGE**2, 5e-12, 0.6, 1.3e-9, 0.3
GAMMA = 1.76085963023e11


@pytest.fixture(autouse=True)
def one_cell_needs_no_compiler(request, monkeypatch):
    """On numpy, but for tests that ask for each device."""
    if "device" not in request.fixturenames:
        monkeypatch.setenv("FDMAG_DEVICE", "numpy")


def critical_density(alpha):
    """2 α e Ms t B_K/(ħ P), at which a polariser along the axis makes a state unstable: J. Z. Sun (2000)."""
    return 2 * alpha * ELEMENTARY_CHARGE * 1e6 * THICKNESS * B_K / (HBAR * P)


def layer(batch=None, *, up=1, theta=0.1, alpha=0.1, T=0.0, B=None, further=(), **junction):
    """A macrospin of 40 nm under a voltage."""
    torque = TunnelTorque(**{"voltage": 0.0, "RA_P": RA, "TMR": 1.5, "P": P} | junction)
    terms = [UniaxialAnisotropy(Ku1=1.5e5), torque, *further]
    terms += [Thermal(T=T, seed=1)] if T else []
    terms += [Zeeman(B=B)] if B is not None else []
    m = (np.sin(theta), 0, up * np.cos(theta))
    return Simulation(Mesh((1, 1, 1), (EDGE, EDGE, THICKNESS)), terms, Ms=1e6, alpha=alpha, m=m, batch=batch)


def pillar_of(*args, dt=None, **options):
    return Nanopillar(layer(*args, **options), term="tunnel_torque", dt=dt)


@pytest.mark.parametrize(("up", "factor"), [(1, 1.0), (-1, -2.5)])
def test_the_critical_voltage_is_the_critical_current_density_times_the_resistance_of_the_start(up, factor):
    """Parallel RA_P, antiparallel 1 + TMR times that, by the limit and by bisection; and the current is the same."""
    pillar = pillar_of(5, up=up, theta=0.01)
    limit = pillar.limit()
    assert limit.V_c == close(factor * RA * critical_density(0.1), rel=1e-4)
    assert limit.I_c == close(up * AREA * critical_density(0.1), rel=1e-4)
    assert not limit.symmetric  # the current depends on the angle
    found = critical_current(pillar, 0.9 * limit.V_c, 1.1 * limit.V_c, 1e-9, criterion="growth", tolerance=2e-3)
    assert found.V_c[0] == close(limit.V_c, rel=2e-3)
    assert found.deviation[0] == pytest.approx(0, abs=2e-3)
    assert found.I_c[0] == close(limit.I_c, rel=2e-3)
    assert found.J_c[0] * AREA == close(found.I_c[0])
    assert found.sigma_I_c[0] / found.I_c[0] == close(up * found.sigma_V_c[0] / abs(found.V_c[0]), rel=1e-6)


@pytest.mark.parametrize("up", [1, -1])
def test_the_critical_voltage_under_bias_is_where_the_fallen_polarisation_still_writes(up):
    """J(V) P(V)/P = J_c with J(V) = V g(cos θ, V), solved by hand."""
    TMR, V_h = 1.5, 0.6
    pillar = pillar_of(5, up=up, theta=0.01, alpha=0.03, V_h=V_h)
    J_c = up * critical_density(0.03)

    def excess(V):
        return V * conductance_per_area(up, V, RA, TMR, V_h) * polarisation_at_bias(1, TMR, V, V_h) - J_c

    V_c = brentq(excess, 0, 5 * RA * J_c)
    limit = pillar.limit()
    assert limit.V_c == close(V_c, rel=2e-4)
    assert abs(V_c / pillar_of(up=up, alpha=0.03).limit().V_c - 1) > 0.02
    found = critical_current(pillar, 0.9 * V_c, 1.1 * V_c, 3e-9, criterion="growth", tolerance=4e-3)
    assert found.V_c[0] == close(V_c, rel=5e-3)
    assert found.I_c[0] == close(AREA * V_c * conductance_per_area(up, V_c, RA, TMR, V_h), rel=5e-3)


@pytest.mark.parametrize("up", [1, -1])
def test_a_field_that_goes_as_the_voltage_squared_moves_the_critical_voltage(up):
    """a V = α (B_K − up b2 V²): it points against the reference, away from P and towards AP."""
    b2 = 0.1 * up
    pillar = pillar_of(5, up=up, theta=0.01, b2=b2, TMR=0.0)
    slope = 0.1 * B_K / (RA * critical_density(0.1))
    V_c = up * brentq(lambda V: slope * V - 0.1 * (B_K - up * b2 * V**2), 0, 2)
    assert abs(V_c) < 0.85 * RA * critical_density(0.1)
    assert pillar.limit().V_c == close(V_c, rel=1e-4)
    found = critical_current(pillar, 0.9 * V_c, 1.1 * V_c, 1e-9, criterion="growth", tolerance=4e-3)
    assert found.V_c[0] == close(V_c, rel=4e-3)


@pytest.mark.parametrize(
    ("up", "options"), [(1, {}), (-1, {}), (1, {"V_h": 2.0}), (-1, {"R_series": 2e3}), (1, {"b2": 0.05})]
)
def test_the_uniform_pillar_knows_its_switching_times_without_a_closed_form(up, options):
    """Where the torque follows the conductance over the angle: by its own dm/dt, and as simulated."""
    pillar = pillar_of(2, up=up, **options)
    V = pillar.limit().V_c * np.array([2.0, 3.0])
    found = switching_times(pillar, V, 6e-9)
    assert not pillar.limit().symmetric
    np.testing.assert_allclose(found.limit, found.time, rtol=2e-3)
    assert found.deviation < 2e-3
    assert np.isnan(pillar.uniform_times(V * 0.45)[0])
    assert np.isfinite(pillar.uniform_times(V * 0.45)[1])


def test_the_pulse_that_writes_is_that_of_the_uniform_pillar_without_a_closed_form():
    """Its limit between the voltages of the diagram has the switching times."""
    pillar = pillar_of(14)
    V = pillar.limit().V_c * np.array([3.0, 2.0])
    times = switching_times(pillar, V, 2e-9).time
    found = pulse_diagram(pillar, np.linspace(1.6, 3.4, 7) * pillar.limit().V_c, times)
    np.testing.assert_allclose(found.limit, V, rtol=0.01)
    np.testing.assert_allclose(found.V_half, V, rtol=0.08)  # half a step


def test_a_voltage_over_leads_too_has_to_be_larger_by_theirs():
    """V_c = J_c RA_P + I_c R_series from P; its current is the critical one."""
    R = 2e3
    limit = pillar_of(R_series=R).limit()
    assert limit.V_c == close(critical_density(0.1) * (RA + AREA * R), rel=2e-4)
    assert limit.I_c == close(AREA * critical_density(0.1), rel=2e-4)
    found = critical_current(pillar_of(5, theta=0.01, R_series=R), 0.9 * limit.V_c, 1.1 * limit.V_c, 1e-9,
                             criterion="growth", tolerance=5e-3)  # fmt: skip
    assert found.V_c[0] == close(limit.V_c, rel=5e-3)


def test_a_positive_voltage_favours_antiparallel_and_a_negative_one_parallel():
    """With the reference below, along +z: V > 0 turns m from up (P) to down (AP), V < 0 from down to up, and neither
    the other way.
    """
    for up, sign in ((1, 1), (-1, -1)):
        pillar = pillar_of(2, up=up)
        assert np.sign(pillar.limit().V_c) == sign
        V = sign * 4 * abs(pillar.limit().V_c)
        assert switching_times(pillar, [V, -V], 2e-9).switched.tolist() == [1, 0]


def test_density_current_and_voltage_switch_alike_where_the_resistance_does_not_change(device):
    """TMR = 0 and P without bias: V = J RA, I = J A; a Slonczewski torque of that J too, and the closed form."""
    J = np.array([2.0, 3.0]) * critical_density(0.1)
    by_voltage = pillar_of(2, TMR=0.0)
    times = [switching_times(by_voltage, J * RA, 3e-9)]
    for drive, values in (("J", J), ("I", J * AREA)):
        junction = layer(2, TMR=0.0, voltage=None, current=0.0)
        times.append(switching_times(Nanopillar(junction, term="tunnel_torque", drive=drive), values, 3e-9))
    terms = [UniaxialAnisotropy(Ku1=1.5e5), Slonczewski(J=0, P=P)]
    plain = Simulation(by_voltage.simulation.mesh, terms, Ms=1e6, alpha=0.1, m=by_voltage.simulation.m[0], batch=2)
    times.append(switching_times(Nanopillar(plain, drive="I"), J * AREA, 3e-9))
    for each in times:
        np.testing.assert_allclose(each.time, times[0].time, rtol=1e-6)
        np.testing.assert_allclose(each.limit, each.time, rtol=2e-3)
    assert [each.driven_by.symbol for each in times] == ["V", "J", "I", "I"]
    np.testing.assert_allclose(times[0].energy, J**2 * RA * AREA * times[0].time, rtol=1e-6)
    np.testing.assert_allclose(times[2].energy, times[0].energy, rtol=1e-6)
    assert times[0].I_c == close(times[2].I_c, rel=1e-5)


def test_the_heat_of_a_pulse_is_the_integral_of_voltage_times_current():
    """Over junction and leads, as the junction turns from P to AP: summed up by hand from m_z at many times."""
    R, V, end = 1e3, 4.0, 0.6e-9
    found = switching_times(pillar_of(1, R_series=R, TMR=1.5), [V], end)
    pulsed = pulse_diagram(pillar_of(4, R_series=R, TMR=1.5), [V / 2, V], [0.1e-9, end])
    by_hand = layer(1, R_series=R, TMR=1.5)
    by_hand.set("tunnel_torque.voltage", V)
    t, cosine = [], []

    def note(simulation):
        t.append(float(simulation.t[0]))
        cosine.append(float(simulation.average_m()[0, 2]))

    by_hand.run(end, every=end / 400, callback=note)
    power = V**2 / (R + 1 / (AREA * conductance_per_area(np.array(cosine), 0.0, RA, 1.5)))
    spent = np.concatenate([[0], np.cumsum(np.diff(t) * (power[1:] + power[:-1]) / 2)])
    assert power[0] > 1.3 * power[-1]  # it has switched
    assert found.energy[0] == close(np.interp(found.time[0], t, spent), rel=1e-3)
    assert pulsed.energy[0, 1] == close(np.interp(0.1e-9, t, spent), rel=1e-3)
    assert pulsed.energy[1, 1] == close(spent[-1], rel=1e-3)
    assert pulsed.energy.shape == pulsed.written.shape == (2, 2)


def test_a_diagram_over_voltage_and_field_has_a_boundary_for_each_resistance():
    """Down at J_c RA_P, up at −(1 + TMR) as much; a field along +z raises one by α B and lowers the other."""
    pillar = pillar_of(80, theta=0.05, B=(0, 0, 0))
    V_c = RA * critical_density(0.1)
    found = field_diagram(pillar, np.linspace(-3.4, 1.4, 20) * V_c, [-0.06, 0.06], 6e-9)
    np.testing.assert_allclose(found.limit_down, V_c * np.array([0.8, 1.2]), rtol=1e-4)
    np.testing.assert_allclose(found.limit_up, -2.5 * V_c * np.array([1.2, 0.8]), rtol=2e-4)
    # half a step, 0.13, and what a pulse of 6 ns needs more
    np.testing.assert_allclose(found.V_down, found.limit_down, atol=0.2 * V_c)
    np.testing.assert_allclose(found.V_up, found.limit_up, atol=0.2 * V_c)


def test_write_errors_by_voltage_are_those_by_current_and_cost_V_squared_over_R():
    V = 2 * RA * critical_density(0.1)
    t = [0.1e-9, 0.3e-9]
    options = {"theta": 0.0, "T": 300.0, "TMR": 0.0}
    by_voltage = write_errors(pillar_of(60, dt=2e-12, **options), [V], t, settle=0.1e-9, samples=60)
    by_current = write_errors(
        Nanopillar(layer(60, voltage=None, current=0.0, **options), term="tunnel_torque", dt=2e-12),
        [V / RA], t, settle=0.1e-9, samples=60,
    )  # fmt: skip
    np.testing.assert_array_equal(by_voltage.error, by_current.error)
    assert 0.05 < by_voltage.error[0, 1] < by_voltage.error[0, 0]
    np.testing.assert_allclose(by_voltage.limit, by_current.limit, rtol=1e-4)
    np.testing.assert_allclose(by_voltage.energy[0], V**2 * AREA / RA * np.array(t), rtol=1e-9)
    split = write_errors(
        pillar_of(8, dt=2e-12, **options), [V], t[:1], settle=0.1e-9, samples=8, method="split", groups=2
    )
    assert split.energy is None


def voltage_controlled(xi):
    """Half of the anisotropy from an interface, which V > 0 takes away for xi < 0."""
    interface = InterfaceAnisotropy(Ks=0.75e5 * THICKNESS, xi=xi, t_ox=1e-9)
    terms = [UniaxialAnisotropy(Ku1=0.75e5), TunnelTorque(voltage=0.0, RA_P=RA, TMR=1.0, P=P), interface]
    m = (np.sin(0.01), 0, np.cos(0.01))
    return Simulation(Mesh((1, 1, 1), (EDGE, EDGE, THICKNESS)), terms, Ms=1e6, alpha=0.1, m=m, batch=5)


@pytest.mark.parametrize("xi", [-30e-15, 30e-15])
def test_an_anisotropy_that_follows_the_voltage_moves_the_threshold(xi):
    """α (B_K + b V) = a V with b = 2 ξ/(Ms t t_ox), solved by hand."""
    V_0 = RA * critical_density(0.1)
    b = 2 * xi / (1e6 * THICKNESS * 1e-9)
    V_c = 1 / (1 / V_0 - b / B_K)
    pillar = Nanopillar(voltage_controlled(xi), term="tunnel_torque", follow=["interface_anisotropy"])
    limit = pillar.limit()
    assert limit.V_c == close(V_c, rel=1e-4)
    assert close(B_K) == limit.B_K  # without voltage
    assert abs(V_c / V_0 - 1) > 0.1
    found = critical_current(pillar, 0.9 * V_c, 1.1 * V_c, 1e-9, criterion="growth", tolerance=5e-3)
    assert found.V_c[0] == close(V_c, rel=5e-3)
    assert not pillar.simulation.terms["interface_anisotropy"].voltage.base.any()


def test_a_voltage_that_takes_the_anisotropy_away_writes_by_half_a_turn():
    """About a field in the plane: written after half a turn, not after a whole one; no torque, no critical voltage."""
    B = 0.03
    interface = InterfaceAnisotropy(Ks=1.5e5 * THICKNESS, xi=-1.5e5 * THICKNESS * 1e-9, t_ox=1e-9)
    tilt = np.arcsin(B / B_K)
    simulation = Simulation(Mesh((1, 1, 1), (EDGE, EDGE, THICKNESS)), [interface, Zeeman(B=(B, 0, 0))], Ms=1e6,
                            alpha=0.02, m=(np.sin(tilt), 0, np.cos(tilt)), batch=4)  # fmt: skip
    pillar = Nanopillar(simulation, term="interface_anisotropy")
    assert np.isnan(pillar.limit().V_c)
    half = np.pi / (GAMMA * B)
    found = pulse_diagram(pillar, [0.1, 1.0], np.array([1, 2]) * half, relax=1e-9)
    np.testing.assert_array_equal(found.written, [[0, 1], [0, 0]])
    assert found.energy is None


def test_a_gate_that_weakens_the_anisotropy_helps_a_spin_orbit_torque():
    """B_K from 0.3 T to 0.2 T while it lasts: the critical current falls as far."""
    found = []
    for volts in (0.0, 1.0):
        interface = InterfaceAnisotropy(Ks=1.5e5 * THICKNESS, xi=-0.5e5 * THICKNESS * 1e-9, t_ox=1e-9)
        terms = [interface, SpinOrbitTorque(J=0, xi_DL=0.3)]
        simulation = Simulation(Mesh((1, 1, 1), (EDGE, EDGE, THICKNESS)), terms, Ms=1e6, alpha=0.5, batch=5)
        pillar = Nanopillar(simulation, term="spin_orbit_torque", threshold=0.5, assist={"interface_anisotropy": volts})
        J_c = pillar.limit().J_c * (1 - volts / 3)
        found.append(critical_current(pillar, 0.9 * J_c, 1.1 * J_c, 0.6e-9, rise=1e-9, tolerance=0.02).J_c[0] / J_c)
    assert found == close([1, 1], rel=0.025)


def test_results_know_their_drive():
    pytest.importorskip("xarray")
    figure = pytest.importorskip("matplotlib.figure").Figure
    pillar = pillar_of(2)
    found = switching_times(pillar, np.array([3, 4]) * pillar.limit().V_c, 2e-9)
    assert found.driven_by is VOLTAGE
    np.testing.assert_array_equal(found.V, found.drive)
    assert found.V_c == found.drive_c
    assert {"V", "V_c", "sigma_V_c", "V_c_limit"} <= set(dir(found))
    with pytest.raises(AttributeError, match=r'SwitchingTimes has no J_c; it is driven by V \[V\]; did you mean "V_c"'):
        found.J_c  # noqa: B018
    assert "critical voltage by extrapolation of 1/time: " in str(found)
    data = found.to_xarray()
    assert data["time"].dims == ("V",)
    assert data["V"].attrs == {"units": "V", "long_name": "voltage"}
    assert data["V_c_limit"].attrs["units"] == "V"
    assert "drive_c" not in {*data.variables, *data.attrs}
    for draw in (found.plot, found.plot_rates):
        assert draw(figure().subplots()).get_xlabel() == "V [V]"
    assert (
        field_diagram(pillar_of(8, B=(0, 0, 0)), [-0.1, 0.1], [0.0, 0.01], 1e-11).plot(figure().subplots()).get_xlabel()
        == "V [mV]"
    )


@pytest.mark.parametrize(
    ("options", "junction", "message"),
    [
        ({"drive": "J"}, {}, r"drive = J; tunnel_torque is driven by V; give it a current, such as current = 0, for J"),
        ({"drive": "V"}, {"voltage": None, "current": 0.0}, "drive = V; tunnel_torque is driven by J or I"),
        ({"drive": "U"}, {}, 'drive = "U"; allowed: J, I, V'),
        ({"RA": 5e-12}, {}, "beside tunnel_torque, which has its own RA_P; leave RA out"),
        (
            {"follow": ["interface_anisotropy"]},
            {"R_series": 1e3},
            "driven by a voltage over R_series too, and that acr",
        ),
        ({"follow": ["interface_anisotropy"]}, {"voltage": None, "current": 0.0}, "is driven by a current density, an"),
        ({"follow": ["zeeman"]}, {}, 'term = "zeeman" has no parameter "voltage"; terms that have: '),
        ({"follow": ["tunnel_torque"]}, {}, '"tunnel_torque" is driven by itself and follows; name it once'),
    ],
)
def test_mistakes_of_a_drive(options, junction, message):
    interface = InterfaceAnisotropy(Ks=1e-4, xi=1e-14, t_ox=1e-9)
    simulation = layer(B=(0, 0, 0), further=[interface], **junction)
    with pytest.raises(ParameterError, match=message):
        Nanopillar(simulation, term="tunnel_torque", **options)


def test_a_spin_orbit_current_helps_a_voltage_and_its_heat_comes_on_top():
    channel = Channel(200e-8, 4e-9, 60e-9, 40e-9)
    V = 3 * RA * critical_density(0.1)

    def times(assist, metal):
        simulation = layer(1, TMR=0.0, further=[SpinOrbitTorque(J=0, xi_DL=0.3)])
        return switching_times(Nanopillar(simulation, term="tunnel_torque", assist=assist, channel=metal), [V], 3e-9)

    alone, helped = times({}, None), times({"spin_orbit_torque": 1.5e12}, channel)
    assert helped.time[0] < alone.time[0] / 2
    joule = V**2 * AREA / RA + 1.5e12**2 * 200e-8 * 4e-9 * 60e-9 * 40e-9
    assert helped.energy[0] == close(joule * helped.time[0], rel=1e-6)
    assert times({"spin_orbit_torque": 1.5e12}, None).energy is None
