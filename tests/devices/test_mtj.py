"""The junction: both states, bias, leads, and read-out from a state, by hand."""

import numpy as np
import pytest

from fdmag.analytic.tunnel_junction import (
    apparent_tmr,
    intrinsic_tmr,
    julliere_polarisation,
    julliere_tmr,
    polarisation_at_bias,
    two_channel_polarisation,
)
from fdmag.constants import ELEMENTARY_CHARGE, HBAR
from fdmag.devices.bias_table import BiasTable
from fdmag.devices.junction_curve import fit_bias
from fdmag.devices.mtj import TunnelJunction
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import TunnelTorque
from tests.closeness import close

AREA = 5e-15
JUNCTION = TunnelJunction(RA_P=5e-12, TMR=1.5, V_h=0.5)


def test_julliere():
    assert julliere_tmr(0.6, 0.4) == close(0.48 / 0.76)
    assert julliere_tmr(0.6, 0.4) == pytest.approx(0.632, abs=5e-4)
    assert julliere_polarisation(julliere_tmr(0.7, 0.7)) == close(0.7)
    with pytest.raises(ParameterError, match="from -1 to 1"):
        julliere_tmr(60, 0.4)


def test_parallel_antiparallel_and_between():
    """1 kΩ and 2.5 kΩ; at 90° the conductance is the mean of both."""
    R = JUNCTION.resistance([1, -1, 0], area=AREA)
    np.testing.assert_allclose(R, [1000, 2500, 2 / (1 / 1000 + 1 / 2500)])


def test_bias_halves_tmr_at_V_h_and_leaves_the_parallel_state():
    np.testing.assert_allclose(JUNCTION.resistance([1, -1], 0.5, area=AREA), [1000, 1750])
    np.testing.assert_allclose(JUNCTION.resistance([1, -1], -0.5, area=AREA), [1000, 1750])
    assert JUNCTION.tmr(0.5) == close(0.75)


def test_leads_compress_tmr_and_can_be_removed_again():
    through = TunnelJunction(RA_P=5e-12, TMR=1.5, R_series=500)
    R_P, R_AP = through.resistance([1, -1], area=AREA)
    assert (R_P, R_AP) == (1500, 3000)
    assert R_AP / R_P - 1 == close(apparent_tmr(1.5, 1000, 500)) == close(1.0)
    assert intrinsic_tmr(R_P, R_AP, 500) == close(1.5)
    with pytest.raises(ParameterError, match="not below the measured"):
        intrinsic_tmr(1500, 3000, 1500)


MESH = Mesh((4, 1, 3), (10e-9, 20e-9, 1e-9))
LAYER = np.broadcast_to(np.arange(3)[:, None, None], MESH.shape)
REGIONS = {"reference": LAYER == 0, "barrier": LAYER == 1, "free": LAYER == 2}


def stack(m_free, m_reference=(0, 0, 1)):
    m = np.zeros((3, *MESH.shape))
    m[:, 0, 0] = np.array(m_reference)[:, None]
    m[2, 1] = 1
    m[:, 2, 0] = np.transpose(m_free)
    return Simulation(MESH, [], Ms={"reference": 1e6, "barrier": 0, "free": 1e6}, m=m, regions=REGIONS)


def test_cells_conduct_in_parallel():
    """A quarter of the free layer up, the rest down, on a reference that is up; then on one that is down."""
    domain = [(0, 0, 1)] + 3 * [(0, 0, -1)]
    area = 4 * 10e-9 * 20e-9
    for sign in (1, -1):
        magnet = stack(domain, (0, 0, sign))
        up, down = (0.25, 0.75) if sign == 1 else (0.75, 0.25)
        G = area * (up / 5e-12 + down / 12.5e-12)
        R, current = TunnelJunction(RA_P=5e-12, TMR=1.5).read(magnet, 0.2, "reference", "free")
        np.testing.assert_allclose(R, 1 / G)
        np.testing.assert_allclose(current, 0.2 * G)
        R, _ = TunnelJunction(RA_P=5e-12, TMR=1.5).read(magnet, 0.2, (0, 0, 3 * sign), "free")
        np.testing.assert_allclose(R, 1 / G)


def test_read_out_over_part_of_a_track():
    magnet = stack([(0, 0, 1)] + 3 * [(0, 0, -1)])
    first = (LAYER == 2) & (np.arange(4) < 2)
    cosine, area = JUNCTION.mean_cosine(magnet, "reference", first)
    assert cosine == pytest.approx(0, abs=1e-12)
    assert area == close(2 * 200e-18)


@pytest.mark.parametrize("V", [0.4, -0.4])
def test_the_voltage_divides_between_junction_and_leads(V):
    junction = TunnelJunction(RA_P=5e-12, TMR=1.5, V_h=0.3, R_series=2000)
    magnet = stack(4 * [(0, 0, -1)])
    R, current = junction.read(magnet, V, "reference", "free")
    across = V - 2000 * current[0]
    assert R[0] * current[0] == close(V)
    assert junction.current(-1, across, area=800e-18) == close(current[0])


def test_polarisations_of_two_channels():
    """Densities of states 4 : 1 and 7 : 3: Jullière's product of channels gives the same as his formula."""
    (u1, d1), (u2, d2) = (4, 1), (7, 3)
    channels = (u1 * u2 + d1 * d2) / (u1 * d2 + d1 * u2) - 1
    P1, P2 = two_channel_polarisation([u1, u2], [d1, d2])
    assert close((0.6, 0.4)) == (P1, P2)
    assert close(channels, rel=1e-12) == TunnelJunction.of_polarisations(5e-12, P1, P2).TMR
    with pytest.raises(ParameterError, match="not both 0"):
        two_channel_polarisation(0, 0)


@pytest.mark.parametrize("R_series", [0.0, 10.0, 500.0, 1e5])
def test_leads_are_removed_to_rounding(R_series):
    """Resistances with leads, made into a junction again: RA and TMR to 1e-12, as far as the digits allow."""
    junction = TunnelJunction(RA_P=5e-12, TMR=1.5, R_series=R_series)
    again = TunnelJunction.of_resistances(*junction.resistance([1, -1], area=AREA), area=AREA, R_series=R_series)
    assert close(1.5, rel=1e-12) == again.TMR
    assert close(5e-12, rel=1e-12) == again.RA_P


def test_a_table_of_the_same_form_gives_the_same_junction():
    V = np.linspace(0, 0.8, 81)
    table = TunnelJunction(RA_P=5e-12, TMR=BiasTable(V, 1.5 / (1 + (V / 0.5) ** 2)), R_series=300)
    form = TunnelJunction(RA_P=5e-12, TMR=1.5, V_h=0.5, R_series=300)
    bias = [-0.637, -0.31, 0.123, 0.5, 0.777]
    np.testing.assert_allclose(table.tmr(bias), form.tmr(bias), rtol=1e-4)
    np.testing.assert_allclose(table.across(-1, bias, area=AREA), form.across(-1, bias, area=AREA), rtol=1e-4)
    np.testing.assert_allclose(table.polarisation(bias), form.polarisation(bias), rtol=1e-4)
    with pytest.raises(ParameterError, match=r"V = 0\.9 V is outside the TMR table; allowed: -0\.8 to 0\.8 V"):
        table.tmr(0.9)


def test_a_table_may_depend_on_the_sign_and_comes_from_a_file(tmp_path):
    (tmp_path / "tmr.csv").write_text("V (mV),TMR (1)\n-400,0.4\n0,1.0\n200,0.8\n", encoding="utf-8")
    table = BiasTable.read(tmp_path / "tmr.csv")
    assert table == BiasTable([-0.4, 0.0, 0.2], [0.4, 1.0, 0.8])
    np.testing.assert_allclose(table.at([-0.4, 0, 0.2]), [0.4, 1.0, 0.8])
    values = table.at(np.linspace(-0.4, 0.2, 201))
    assert 0.999 < values.max() <= 1  # no overshoot between the points
    with pytest.raises(ParameterError, match=r"no column .tmr.*did you mean"):
        BiasTable.read(tmp_path / "tmr.csv", TMR="tmr")


def test_divider_with_a_load():
    """Junction 1 or 2.5 kΩ below 1 kΩ: a half and 5/7 of 0.2 V; leads belong to the lower arm."""
    junction = TunnelJunction(RA_P=5e-12, TMR=1.5)
    np.testing.assert_allclose(junction.node_voltage([1, -1], 0.2, area=AREA, load=1000), [0.1, 0.2 * 2.5 / 3.5])
    leads = TunnelJunction(RA_P=5e-12, TMR=1.5, R_series=1000)
    np.testing.assert_allclose(leads.node_voltage(1, 0.3, area=AREA, load=1000), 0.2)
    # by bias the antiparallel state loses signal: the divider satisfies Kirchhoff's law at the bias it has itself
    falling = TunnelJunction(RA_P=5e-12, TMR=1.5, V_h=0.1)
    node = falling.node_voltage(-1, 0.5, area=AREA, load=2000)
    assert node / falling.resistance(-1, node, area=AREA) == close((0.5 - node) / 2000, rel=1e-12)


def test_polarisation_falls_as_in_the_torque():
    """The term's field for m across p is a/2 P(V) g V of Slonczewski: the junction's numbers give the same."""
    junction = TunnelJunction(RA_P=5e-12, TMR=1.5, V_h=0.4)
    thickness, Ms = 1e-9, 1e6
    for V in (-0.3, 0.1, 0.6):
        magnet = Simulation(MESH, [junction.torque(V, thickness=thickness)], Ms=Ms, m=(1, 0, 0))
        J = junction.current(0, V, area=1.0)
        wanted = HBAR * junction.polarisation(V) * abs(J) / (2 * ELEMENTARY_CHARGE * Ms * thickness)
        field = magnet.effective_field()[0, :, 0, 0, 0]
        assert np.linalg.norm(field) == close(wanted, rel=1e-12)
        assert junction.polarisation(V) == close(polarisation_at_bias(junction.polarisation(0), 1.5, V, 0.4), rel=1e-12)
    assert TunnelJunction.of(magnet.terms["tunnel_torque"]) == junction


def test_fit_of_the_bias_recovers_what_was_put_in():
    """200 noisy curves: the errors over the stated uncertainties have variance 1, and no bias."""
    rng = np.random.default_rng(1)
    V = np.linspace(-0.7, 0.7, 29)
    exact = 1.5 / (1 + (V / 0.5) ** 2)
    pulls = []
    for _ in range(200):
        fit = fit_bias(V, exact + 0.02 * rng.normal(size=V.size), sigma=0.02)
        pulls.append([(fit.TMR - 1.5) / fit.sigma_TMR, (fit.V_h - 0.5) / fit.sigma_V_h, fit.chi2])
    pulls = np.array(pulls)
    np.testing.assert_allclose(pulls[:, :2].std(axis=0), 1, atol=4 / np.sqrt(400))
    np.testing.assert_allclose(pulls[:, :2].mean(axis=0), 0, atol=4 / np.sqrt(200))
    assert pulls[:, 2].mean() == pytest.approx(1, abs=4 * np.sqrt(2 / 27 / 200))


def test_curve_with_leads():
    junction = TunnelJunction(RA_P=5e-12, TMR=1.5, V_h=0.3, R_series=500)
    curve = junction.curve(np.linspace(-0.5, 0.5, 11), area=AREA)
    np.testing.assert_allclose(curve.TMR[5], apparent_tmr(1.5, 1000, 500), rtol=1e-9)
    np.testing.assert_allclose(curve.TMR, curve.TMR_junction * 1000 / 1500, rtol=1e-12)
    assert curve.plot().get_ylabel() == "R [Ω]"


def test_the_junction_of_a_torque():
    magnet = Simulation(MESH, [TunnelTorque(voltage=0.1, RA_P=5e-12, TMR=1.5, P=0.6, V_h=0.5)], Ms=1e6)
    assert TunnelJunction.of(magnet.terms["tunnel_torque"]) == JUNCTION
    magnet.set("tunnel_torque.TMR", np.full(MESH.shape, 1.5))
    with pytest.raises(ParameterError, match=r"tunnel_torque\.TMR is not one number"):
        TunnelJunction.of(magnet.terms["tunnel_torque"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TunnelJunction(RA_P=0, TMR=1), "RA_P = 0; allowed: above 0"),
        (lambda: TunnelJunction(RA_P=5e-12, TMR=-1), "TMR = -1"),
        (lambda: TunnelJunction(5e-12, BiasTable([0, 1], [1, 0.5]), V_h=0.5), "leave V_h out"),
        (lambda: TunnelJunction(5e-12, BiasTable([0, 1], [1, 0.5])).torque(0.1), "no table of TMR"),
        (lambda: TunnelJunction.of_resistances(1e3, 2e3, area=-1), "area = -1 m"),
        (lambda: BiasTable([0, 0.2, 0.1], [1, 1, 1]), "V does not rise"),
        (lambda: BiasTable([0.1, 0.2], [1, 1]), "from 0.1 to 0.2 V"),
        (lambda: BiasTable([0, 0.2], [1, -1]), "TMR = -1"),
        (lambda: BiasTable([0], [1]), "at least 2"),
        (lambda: fit_bias([0, 0.1], [1, 0.9]), "at least 3 entries"),
        (lambda: fit_bias([0.1, -0.1, 0.1], [1, 1, 1]), "same magnitude"),
        (lambda: JUNCTION.read(stack(4 * [(0, 0, 1)]), 0.1, "pinned"), "no region 'pinned'"),
        (lambda: JUNCTION.read(stack(4 * [(0, 0, 1)]), 0.1, (0, 0, 0)), "a direction"),
        (lambda: JUNCTION.read(stack(4 * [(0, 0, 1)]), 0.1, (0, 0, 1), "barrier"), "no magnetic cell"),
        (lambda: JUNCTION.read(stack(4 * [(0, 0, 1)]), 0.1, (0, 0, 1), np.ones(3, bool)), "array of shape"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
