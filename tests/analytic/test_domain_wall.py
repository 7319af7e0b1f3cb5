import mpmath
import numpy as np
import pytest
from scipy.integrate import quad, simpson, solve_ivp
from scipy.optimize import brentq, minimize

from fdmag.analytic.domain_wall import (
    bar_reversal_barrier,
    bloch_wall_energy,
    bloch_wall_profile,
    neel_wall_energy,
    wall_width,
    wall_width_parameter,
)
from fdmag.errors import ParameterError
from tests.closeness import close

A, KU1 = 13e-12, 0.6e6
KU2 = [0.0, 3e5, 6e6, -1e5, -2.9e5, 1.0, -1.0, 1e-3]


@pytest.mark.parametrize("Ku2", KU2)
def test_energy_against_quadrature(Ku2):
    def density(theta):
        c = np.cos(theta)
        return 2 * np.sqrt(A * ((-KU1 * c**2 - Ku2 * c**4) - (-KU1 - Ku2)))

    assert bloch_wall_energy(A, KU1, Ku2) == close(quad(density, 0, np.pi, epsabs=0, epsrel=1e-11)[0], rel=1e-9)


@pytest.mark.parametrize("Ku2", KU2)
def test_profile_has_that_energy(Ku2):
    x = np.linspace(-600e-9, 600e-9, 400_001) + 5e-9
    along, across = bloch_wall_profile(x, A, KU1, Ku2, center=5e-9)
    np.testing.assert_allclose(along**2 + across**2, 1, rtol=1e-13)
    exchange = A * (np.gradient(along, x, edge_order=2) ** 2 + np.gradient(across, x, edge_order=2) ** 2)
    density = exchange + KU1 * (1 - along**2) + Ku2 * (1 - along**4)
    assert simpson(density, x=x) == close(bloch_wall_energy(A, KU1, Ku2), rel=1e-6)


def test_no_other_profile_has_less_energy():
    x = np.linspace(-40e-9, 40e-9, 161)
    h = x[1] - x[0]

    def energy_and_gradient(inner, Ku2):
        theta = np.concatenate([[np.pi], inner, [0.0]])
        middle, step = 0.5 * (theta[1:] + theta[:-1]), np.diff(theta)
        c, s = np.cos(middle), np.sin(middle)
        energy = np.sum(A * step**2 / h + (KU1 * (1 - c**2) + Ku2 * (1 - c**4)) * h)
        exchange, anisotropy = 2 * A * step / h, (KU1 * c * s + 2 * Ku2 * c**3 * s) * h
        return energy * 1e3, (exchange[:-1] - exchange[1:] + anisotropy[:-1] + anisotropy[1:]) * 1e3

    for Ku2 in (0.0, 3e5):
        start = np.pi * (0.5 - np.arctan(x[1:-1] / 3e-9) / np.pi)
        found = minimize(energy_and_gradient, start, args=(Ku2,), jac=True, method="L-BFGS-B")
        assert found.fun / 1e3 == close(bloch_wall_energy(A, KU1, Ku2), rel=2e-3)
        along, _ = bloch_wall_profile(x[1:-1], A, KU1, Ku2)
        np.testing.assert_allclose(np.cos(found.x), along, atol=5e-3)


def test_width_is_that_of_the_tangent_at_the_centre():
    for Ku2 in (0.0, 3e5, -2e5):
        step = 1e-13
        slope = bloch_wall_profile(step, A, KU1, Ku2)[0] / step  # -dθ/dx at θ = π/2
        assert wall_width(A, KU1, Ku2) == close(np.pi / slope, rel=1e-8)
    assert wall_width_parameter(A, KU1) == close(np.sqrt(13 / 0.6) * 1e-9, rel=1e-14)


@pytest.mark.parametrize("Ku2", [-7e-3, -5e-3, 1e-4, 5e-3, 7e-3])
def test_energy_is_precise_where_the_closed_form_is_a_quotient_of_small_numbers(Ku2):
    with mpmath.workdps(30):
        root = mpmath.quad(lambda c: mpmath.sqrt(mpmath.mpf(KU1) + Ku2 + Ku2 * c**2), [0, 1])
        expected = float(4 * mpmath.sqrt(A) * root)
    assert bloch_wall_energy(A, KU1, Ku2) == close(expected, rel=1e-15)


def test_limits():
    assert bloch_wall_energy(A, KU1) == close(4 * np.sqrt(A * KU1), rel=1e-15)
    # Ku1 = 0: 2 sqrt(A Ku2) [sqrt(2) + asinh(1)]
    expected = 2 * np.sqrt(A * KU1) * (np.sqrt(2) + np.arcsinh(1))
    assert bloch_wall_energy(A, 0.0, KU1) == close(expected, rel=1e-14)
    along, across = bloch_wall_profile([-1.0, 1.0], A, KU1, 3e5)  # a metre away
    np.testing.assert_allclose(along, [-1, 1], rtol=2e-16)
    np.testing.assert_array_equal(across, [0, 0])


def test_neel_wall_with_dmi_against_quadrature():
    x = np.linspace(-80e-9, 80e-9, 20001)
    D, K = 2e-3, 0.8e6
    along, across = bloch_wall_profile(x, A, K)
    # interfacial DMI D [mz ∂mx/∂x − mx ∂mz/∂x]; the chirality that lowers the energy
    dmi = D * (along * np.gradient(across, x) - across * np.gradient(along, x))
    exchange = A * (np.gradient(along, x) ** 2 + np.gradient(across, x) ** 2)
    total = simpson(exchange + K * across**2 + dmi, x=x)
    assert neel_wall_energy(A, K, D) == close(total, rel=1e-4)
    assert neel_wall_energy(A, K, -D) == neel_wall_energy(A, K, D)


def test_broadcasts():
    energies = bloch_wall_energy(A, [[KU1], [2 * KU1]], [0.0, 1e5, -1e5])
    assert energies.shape == (2, 3)
    assert energies[1, 2] == bloch_wall_energy(A, 2 * KU1, -1e5)


@pytest.mark.parametrize(
    "constants", [(0.0, KU1, 0.0), (A, -1.0, 0.0), (A, KU1, -0.6 * KU1), (A, -KU1, 0.9 * KU1), (A, np.nan, 0.0)]
)
def test_refuses_when_there_is_no_such_wall(constants):
    with pytest.raises(ParameterError, match="no wall exists"):
        bloch_wall_energy(*constants)
    with pytest.raises(ParameterError, match="no wall exists"):
        bloch_wall_profile(0.0, *constants)


@pytest.mark.parametrize("ratio", [3.2, 4.0, 6.0, 9.0])
def test_barrier_of_a_bar_against_shooting(ratio):
    """The saddle from θ'' = sin θ cos θ, integrated from the middle so that θ' vanishes at the end."""

    def end_slope(slope):
        return shot(slope).y[1, -1]

    def shot(slope):
        return solve_ivp(lambda x, y: [y[1], np.sin(y[0]) * np.cos(y[0]), y[1] ** 2 + np.sin(y[0]) ** 2],
                         (0, ratio / 2), [np.pi / 2, slope, 0], rtol=1e-12, atol=1e-14)  # fmt: skip

    energy = 2 * shot(brentq(end_slope, 1e-3, 1, xtol=1e-15)).y[2, -1]
    assert bar_reversal_barrier(4.0, 1.0, 2 * ratio) == close(2 * energy, rel=1e-8)


def test_barrier_of_a_bar_is_continuous_where_coherent_rotation_ends():
    lengths = np.pi + np.array([-1e-4, 1e-4])
    np.testing.assert_allclose(bar_reversal_barrier(1.0, 1.0, lengths), lengths, rtol=1e-8)
