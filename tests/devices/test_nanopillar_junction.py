"""A pillar that a current through its junction writes: the current goes where the cells conduct."""

import numpy as np
import pytest
from scipy.optimize import brentq

from fdmag.analytic.tunnel_junction import conductance_per_area, polarisation_at_bias
from fdmag.devices.nanopillar import Nanopillar
from fdmag.devices.pillar_limit import NEAR
from fdmag.devices.pillar_switching import switching_times
from fdmag.devices.pillar_threshold import critical_current
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import TunnelTorque, UniaxialAnisotropy
from tests.closeness import close

EDGE = np.sqrt(np.pi / 4) * 40e-9


def layer(batch=None, *, up=1, theta=0.1, alpha=0.01, junction=None):
    """A macrospin of 40 nm with I_c0 = 24.82 µA."""
    terms = [UniaxialAnisotropy(Ku1=1.5e5),
             TunnelTorque(**{"current": 0.0, "RA_P": 5e-12, "TMR": 1.5, "P": 0.6} | (junction or {}))]  # fmt: skip
    m = (np.sin(theta), 0, up * np.cos(theta))
    return Simulation(Mesh((1, 1, 1), (EDGE, EDGE, 1.3e-9)), terms, Ms=1e6, alpha=alpha, m=m, batch=batch)


@pytest.mark.parametrize("up", [1, -1])
@pytest.mark.parametrize("TMR", [0.0, 3.0])
def test_the_limit_is_the_macrospin_of_the_textbooks_whatever_the_magnetoresistance(up, TMR):
    found = Nanopillar(layer(up=up, junction={"TMR": TMR}), term="tunnel_torque").limit()
    assert found.I_c == close(up * 24.82e-6, rel=2e-4)
    assert found.symmetric


@pytest.mark.parametrize("up", [1, -1])
def test_switching_times_are_those_of_a_current_source(up):
    """Of the closed form, which knows no resistance; and the current is off afterwards."""
    pillar = Nanopillar(layer(2, up=up), term="tunnel_torque", tolerance=1e-6)
    J = pillar.limit().J_c * np.array([2.0, 3.0])
    found = switching_times(pillar, J, 8e-9)
    np.testing.assert_allclose(found.time, pillar.limit().switching_times(J, 0.1), rtol=1e-3)
    assert not pillar.simulation.terms["tunnel_torque"].current.base.any()


def test_the_threshold_is_the_same_from_both_states_and_the_voltage_at_it_is_not():
    """By current; the voltages differ by 1 + TMR."""
    voltages = []
    for up in (1, -1):
        pillar = Nanopillar(layer(5, up=up, theta=0.01, alpha=0.1), term="tunnel_torque", dt_max=5e-12)
        J_c = pillar.limit().J_c
        found = critical_current(pillar, 0.9 * J_c, 1.1 * J_c, 1e-9, criterion="growth", tolerance=0.005)
        assert found.I_c[0] == close(up * 24.82e-5, rel=5e-3)
        voltages.append(found.V_c[0])
    assert voltages[0] == close(24.82e-5 * 5e-12 / EDGE**2, rel=5e-3)
    assert voltages[1] / voltages[0] == close(-2.5, rel=1e-3)


@pytest.mark.parametrize("up", [1, -1])
def test_the_limit_of_a_junction_under_bias_is_where_its_fallen_polarisation_still_writes(up):
    """J P(V)/P is that of a junction without V_h, and bisection finds the same; nothing is proportional to J."""
    TMR, V_h, RA = 1.5, 2.0, 5e-12
    unbiased = Nanopillar(layer(up=up, alpha=0.1), term="tunnel_torque").limit()
    pillar = Nanopillar(
        layer(5, up=up, theta=0.01, alpha=0.1, junction={"V_h": V_h}), term="tunnel_torque", dt_max=5e-12
    )
    limit = pillar.limit()

    def excess(J):
        cosine = up * np.cos(NEAR)  # where torques are read off
        V = brentq(lambda V: conductance_per_area(cosine, V, RA, TMR, V_h) * V - J, -20, 20)
        return J * polarisation_at_bias(1, TMR, V, V_h) - unbiased.J_c

    assert limit.J_c == close(brentq(excess, 0, 5 * unbiased.J_c), rel=1e-5)
    assert limit.J_c / unbiased.J_c > 1.02
    assert not limit.symmetric
    assert np.isnan(limit.switching_times([3 * limit.J_c], 0.1)).all()
    found = critical_current(pillar, 0.9 * limit.J_c, 1.1 * limit.J_c, 1e-9, criterion="growth", tolerance=0.005)
    assert abs(found.deviation[0]) < 0.005


def test_there_is_no_limit_where_no_current_writes():
    limit = Nanopillar(layer(alpha=0.1, junction={"V_h": 0.1}), term="tunnel_torque").limit()
    assert np.isnan([limit.J_c, limit.I_c, limit.axial]).all()


def test_a_junction_on_part_of_the_pillar_is_refused():
    mesh = Mesh((2, 1, 1), (EDGE, EDGE, 1.3e-9))
    P = np.array([0.6, 0.0]).reshape(1, 1, 2)
    part = Simulation(mesh, [TunnelTorque(current=0.0, RA_P=5e-12, TMR=1.0, P=P)], Ms=1e6)
    with pytest.raises(ParameterError, match="smaller than the magnet"):
        Nanopillar(part, term="tunnel_torque")
