"""Spread of the switching current over simulated devices, against the closed form of a macrospin and derivatives."""

import numpy as np
import pytest

from fdmag.analytic.spin_torque import spin_hall_efficiency, spin_orbit_threshold
from fdmag.devices.spread import Spread
from fdmag.devices.threshold_spread import ThresholdSpread
from fdmag.errors import ParameterError, SolverError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import SpinOrbitTorque, UniaxialAnisotropy, Zeeman
from tests.closeness import close

KU, MS, B_X, LAMBDA, T_HM = 150e3, 1e6, 20e-3, 2e-9, 4e-9
RANGE = {"low": 1.5e12, "high": 2.3e12, "rise": 2e-9, "hold": 3e-9, "below": 0.4}
SPREADS = {
    "spin_orbit_torque.theta_SH": Spread.relative(0.3, 0.01),
    "spin_orbit_torque.lambda_sf": Spread.relative(LAMBDA, 0.02),
    "uniaxial_anisotropy.Ku1": Spread.relative(KU, 0.01),
    "material.Ms": Spread.relative(MS, 0.01),
}


def magnet(batch, device="auto"):
    torque = SpinOrbitTorque(J=0.0, theta_SH=0.3, t_HM=T_HM, lambda_sf=LAMBDA)
    simulation = Simulation(Mesh((1, 1, 1), (2e-9, 2e-9, 1e-9)), [UniaxialAnisotropy(Ku1=KU), Zeeman(B=(B_X, 0, 0)),
                            torque], Ms=MS, alpha=0.5, batch=batch, device=device)  # fmt: skip
    simulation.relax()
    return simulation


def closed_form(theta=0.3, length=LAMBDA, Ku=KU, Ms=MS):
    efficiency = spin_hall_efficiency(theta, T_HM, length)
    return spin_orbit_threshold(2 * Ku / Ms, B_X, Ms, 1e-9, efficiency)


def test_every_simulated_device_has_the_threshold_of_the_closed_form():
    spread = ThresholdSpread(magnet(20), SPREADS, halvings=12, seed=3, **RANGE)
    told = []
    spread.operate(lambda done, total: told.append((done, total)), dt_max=20e-12)
    found = spread.result()
    assert told == [(k, 12) for k in range(13)]
    values = [each.values(row) for each, row in zip(SPREADS.values(), spread.scores, strict=True)]
    # 0.8e12/2^12 by halving, and 1e-4 by the time that the current takes
    np.testing.assert_allclose(found.threshold, closed_form(*values), rtol=3e-4)
    assert found.drawn.sum() == 11
    x = T_HM / LAMBDA
    exact = {"theta": -1.0, "length": x * np.sinh(x) / np.cosh(x) / (np.cosh(x) - 1)}
    step = 1e-4
    exact["Ku"] = (closed_form(Ku=KU * (1 + step)) / closed_form(Ku=KU * (1 - step)) - 1) / (2 * step)
    exact["Ms"] = 1 - exact["Ku"]  # J_c ∝ Ku f(Ms B_x/Ku)
    np.testing.assert_allclose(found.elasticity, list(exact.values()), atol=4e-3)
    assert found.share.sum() == close(1.0, rel=1e-12)


def test_bounds_hold_the_threshold_on_every_device(device):
    spreads = {"uniaxial_anisotropy.Ku1": Spread.relative(KU, 0.05)}
    spread = ThresholdSpread(magnet(13, device), spreads, halvings=3, **(RANGE | {"rise": 1e-9, "hold": 1e-9}))
    spread.operate(dt_max=20e-12)
    low, high = (column.compute(spread.simulation) for column in spread.columns())
    exact = closed_form(Ku=spreads["uniaxial_anisotropy.Ku1"].values(spread.scores[0]))
    np.testing.assert_allclose(high - low, 1e11, rtol=1e-9)
    assert np.all((exact > low * (1 - 5e-3)) & (exact < high))  # a short pulse needs a little more


def test_inverse_question_by_hand():
    pair = {path: SPREADS[path] for path in ("spin_orbit_torque.theta_SH", "spin_orbit_torque.lambda_sf")}
    spread = ThresholdSpread(magnet(15), pair, limit=0.02, parameter="spin_orbit_torque.theta_SH", halvings=12,
                             **RANGE)  # fmt: skip
    spread.operate(dt_max=20e-12)
    found = spread.result()
    assert found.CV_others == close(0.698 * 0.02, rel=5e-3)
    assert found.CV_tolerable == close(np.sqrt(0.02**2 - (0.698 * 0.02) ** 2), rel=1e-2)
    spread.limit = 0.01
    assert np.isnan(spread.result().CV_tolerable)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"low": 1.9e12}, r"low = 1\.9e\+12 A/m\^2 switches \d+ of 13 replicas; lower it"),
        ({"high": 1.8e12}, r"high = 1\.8e\+12 A/m\^2 does not switch \d+ of 13 replicas; raise it"),
    ],
)
def test_bounds_that_do_not_hold_the_threshold(bounds, message):
    spreads = {"uniaxial_anisotropy.Ku1": Spread.relative(KU, 0.01)}
    with pytest.raises(SolverError, match=message):
        ThresholdSpread(magnet(13), spreads, **(RANGE | bounds)).operate(dt_max=20e-12)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"term": "zeeman"}, "has no current density J"),
        ({"low": 3e12}, "allowed: low below high"),
        ({"halvings": 0}, "halvings = 0; allowed: 1 to 40"),
        ({"limit": 0.04}, "needs both limit and parameter"),
        ({"limit": 0.04, "parameter": "material.Ku"}, "has no spread"),
        ({"spreads": {"material.M": Spread(1.0, 0.1)}}, 'did you mean "material.Ms"'),
        ({"spreads": {"zeeman.B": Spread(1.0, 0.1)}}, "is not one number"),
        ({"spreads": {"material.Ms": Spread(1e6, 0.0)}}, "does not vary"),
        ({"batch": 12}, "give at least 13"),
    ],
)
def test_wrong_arguments(wrong, message):
    given = {"spreads": {"material.Ms": Spread(1e6, 1e4)}, "batch": 13} | RANGE | wrong
    with pytest.raises(ParameterError, match=message):
        ThresholdSpread(magnet(given.pop("batch")), given.pop("spreads"), **given)


def test_nothing_to_tell_before():
    with pytest.raises(ParameterError, match="call operate first"):
        ThresholdSpread(magnet(13), {"material.Ms": Spread(1e6, 1e4)}, **RANGE).result()
