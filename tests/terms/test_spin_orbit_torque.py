"""Spin–orbit torque: directions in words, the fixed point of a macrospin, what is refused."""

import numpy as np
import pytest

from fdmag.analytic.spin_torque import (
    spin_hall_efficiency,
    spin_orbit_fixed_point,
    spin_orbit_threshold,
    spin_torque_field,
)
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import SpinOrbitTorque, UniaxialAnisotropy

ONE = Mesh((1, 1, 1), (2e-9, 2e-9, 1e-9))


def field_at(m, **options):
    term = SpinOrbitTorque(**{"J": 1e11} | options)
    return Simulation(ONE, [term], Ms=1e6, m=m).effective_field()[0, :, 0, 0, 0]


def test_spin_direction_is_y_for_a_current_along_x_in_a_heavy_metal_below():
    """σ = z × x = y: B = −a m × y − b y; on top of the magnet, or with the current turned, the other way."""
    a = spin_torque_field(1e11, 0.2, 1e6, 1e-9)
    efficiencies = {"xi_DL": 0.2, "xi_FL": 0.1}
    m = np.array([0.6, 0, 0.8])
    expected = -a * np.cross(m, [0, 1, 0]) - a / 2 * np.array([0, 1, 0])
    np.testing.assert_allclose(field_at(m, **efficiencies), expected, rtol=1e-12, atol=1e-18)
    for options in ({"normal": (0, 0, -1)}, {"J": -1e11}, {"direction": (-1, 0, 0)}):
        np.testing.assert_allclose(field_at(m, **efficiencies, **options), -expected, rtol=1e-12, atol=1e-18)
    np.testing.assert_allclose(field_at(m, **efficiencies, sigma=(0, 7, 0), direction=(0, 1, 0)), expected, rtol=1e-12,
                               atol=1e-18)  # fmt: skip
    # a current along y: σ = z × y = −x
    np.testing.assert_allclose(field_at(m, direction=(0, 1, 0), xi_FL=0.2), [a, 0, 0], rtol=1e-12, atol=1e-18)


def test_with_positive_spin_hall_angle_and_current_along_x_the_magnetisation_is_pulled_towards_minus_y():
    magnet = Simulation(ONE, [SpinOrbitTorque(J=1e12, xi_DL=0.2)], Ms=1e6, alpha=0.01, m=(0.3, 0.5, 0.8))
    magnet.run(2e-9)
    np.testing.assert_allclose(magnet.average_m()[0], [0, -1, 0], atol=1e-3)


@pytest.mark.parametrize(("t_HM", "expected"), [(1.5e-9, 1 - 1 / np.cosh(1)), (6e-9, 1 - 1 / np.cosh(4))])
def test_spin_hall_angle_and_diffusion_length(t_HM, expected):
    """ξ = θ (1 − sech(t/λ)); a layer much thinner than λ gives nothing, a thick one θ itself."""
    assert spin_hall_efficiency(0.3, t_HM, 1.5e-9) == pytest.approx(0.3 * expected)
    options = {"theta_SH": 0.3, "t_HM": t_HM, "lambda_sf": 1.5e-9}
    np.testing.assert_allclose(field_at((1, 0, 0), **options), field_at((1, 0, 0), xi_DL=0.3 * expected), rtol=1e-12)
    assert spin_hall_efficiency(0.3, 100e-9, 1e-9) == pytest.approx(0.3)
    assert spin_hall_efficiency(0.3, 1e-12, 1e-9) < 1e-6


def test_fixed_point_of_a_perpendicular_macrospin():
    """Ms = 1.2 MA/m, Ku = 0.24 MJ/m³, 1 nm, 6.9e10 A/m², ξ = 0.1 and 0.3: (0.0047305, 0.0141930, 0.999888), my < 0."""
    magnet = Simulation(ONE, [UniaxialAnisotropy(Ku1=2.4e5), SpinOrbitTorque(J=6.9e10, xi_DL=0.1, xi_FL=0.3)], Ms=1.2e6,
                        alpha=0.1)  # fmt: skip
    magnet.relax(1e-9)
    np.testing.assert_allclose(magnet.average_m()[0], [0.0047305, -0.0141930, 0.999888], atol=6e-7)
    unit = spin_torque_field(6.9e10, 1, 1.2e6, 1e-9)
    assert unit * 1e3 == pytest.approx(18.9236, abs=5e-5)
    np.testing.assert_allclose(magnet.average_m()[0], spin_orbit_fixed_point(0.4, 0.1 * unit, 0.3 * unit), atol=1e-8)


def test_thresholds_of_the_worked_example():
    thresholds = spin_orbit_threshold(0.3, np.array([0, 0.02, 0.05]), 1e6, 1e-9, 0.3)
    np.testing.assert_allclose(thresholds / 1e12, [1.5193, 1.3778, 1.1724], atol=5e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"theta_SH": 0.1}, "spin_orbit_torque.t_HM = 0 m; theta_SH needs"),
        ({"theta_SH": 0.1, "t_HM": 5e-9}, "spin_orbit_torque.lambda_sf = 0 m"),
        ({"xi_DL": 0.1, "normal": (1, 0, 0), "thickness": 1e-9}, "normal and direction are parallel"),
        ({"xi_DL": 0.1, "normal": (0, 1, 1)}, r"give spin_orbit_torque\.thickness"),
        ({"xi_DL": 0.1, "t_HM": -1e-9}, "spin_orbit_torque.t_HM"),
    ],
)
def test_what_makes_no_sense_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        Simulation(ONE, [SpinOrbitTorque(J=1e11, **options)], Ms=1e6)
