"""The junction: both states, bias, leads, and read-out from a state, by hand."""

import numpy as np
import pytest

from fdmag.analytic.tunnel_junction import apparent_tmr, intrinsic_tmr, julliere_polarisation, julliere_tmr
from fdmag.devices.mtj import TunnelJunction
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import TunnelTorque

AREA = 5e-15
JUNCTION = TunnelJunction(RA_P=5e-12, TMR=1.5, V_h=0.5)


def test_julliere():
    assert julliere_tmr(0.6, 0.4) == pytest.approx(0.48 / 0.76)
    assert julliere_tmr(0.6, 0.4) == pytest.approx(0.632, abs=5e-4)
    assert julliere_polarisation(julliere_tmr(0.7, 0.7)) == pytest.approx(0.7)
    with pytest.raises(ParameterError, match="from -1 to 1"):
        julliere_tmr(60, 0.4)


def test_parallel_antiparallel_and_between():
    """1 kΩ and 2.5 kΩ; at 90° the conductance is the mean of both."""
    R = JUNCTION.resistance([1, -1, 0], area=AREA)
    np.testing.assert_allclose(R, [1000, 2500, 2 / (1 / 1000 + 1 / 2500)])


def test_bias_halves_tmr_at_V_h_and_leaves_the_parallel_state():
    np.testing.assert_allclose(JUNCTION.resistance([1, -1], 0.5, area=AREA), [1000, 1750])
    np.testing.assert_allclose(JUNCTION.resistance([1, -1], -0.5, area=AREA), [1000, 1750])
    assert JUNCTION.tmr(0.5) == pytest.approx(0.75)


def test_leads_compress_tmr_and_can_be_removed_again():
    through = TunnelJunction(RA_P=5e-12, TMR=1.5, R_series=500)
    R_P, R_AP = through.resistance([1, -1], area=AREA)
    assert (R_P, R_AP) == (1500, 3000)
    assert R_AP / R_P - 1 == pytest.approx(apparent_tmr(1.5, 1000, 500)) == pytest.approx(1.0)
    assert intrinsic_tmr(R_P, R_AP, 500) == pytest.approx(1.5)
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
    assert cosine == pytest.approx(0)
    assert area == pytest.approx(2 * 200e-18)


@pytest.mark.parametrize("V", [0.4, -0.4])
def test_the_voltage_divides_between_junction_and_leads(V):
    junction = TunnelJunction(RA_P=5e-12, TMR=1.5, V_h=0.3, R_series=2000)
    magnet = stack(4 * [(0, 0, -1)])
    R, current = junction.read(magnet, V, "reference", "free")
    across = V - 2000 * current[0]
    assert R[0] * current[0] == pytest.approx(V)
    assert junction.current(-1, across, area=800e-18) == pytest.approx(current[0])


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
        (lambda: JUNCTION.read(stack(4 * [(0, 0, 1)]), 0.1, "pinned"), "no region 'pinned'"),
        (lambda: JUNCTION.read(stack(4 * [(0, 0, 1)]), 0.1, (0, 0, 0)), "a direction"),
        (lambda: JUNCTION.read(stack(4 * [(0, 0, 1)]), 0.1, (0, 0, 1), "barrier"), "no magnetic cell"),
        (lambda: JUNCTION.read(stack(4 * [(0, 0, 1)]), 0.1, (0, 0, 1), np.ones(3, bool)), "array of shape"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
