"""Spin–orbit closed forms against simulations' units, published numbers, and each other."""

import numpy as np
import pytest

from fdmag.analytic.spin_orbit import (
    backflow_factor,
    efficiency_of_conductivity,
    efficiency_of_field,
    efficiency_per_field,
    elliott_yafet_length,
    field_per_current_density,
    intrinsic_efficiency,
    larmor_frequency,
    rashba_field,
    rashba_frequency,
    rashba_torque_field,
)
from fdmag.analytic.spin_torque import spin_hall_efficiency
from fdmag.constants import BOHR_MAGNETON, ELEMENTARY_CHARGE, GAMMA_E, HBAR
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import SpinOrbitTorque
from tests.closeness import close

EV_ANGSTROM = ELEMENTARY_CHARGE * 1e-10


def test_larmor_frequency_is_that_of_the_electron():
    """ω/B is CODATA's gyromagnetic ratio, whose digits are independent of g and µ_B here."""
    assert larmor_frequency(1.0) == close(GAMMA_E, rel=1e-9)


def test_rashba_splitting_of_the_hamiltonian():
    """Eigenvalues of α (σ × k)·z for k = (k, 0): ±α k, so the spin precesses at their difference over ħ."""
    k, alpha = 3e8, 0.1 * EV_ANGSTROM
    sigma_y = np.array([[0, -1j], [1j, 0]])
    energies = np.linalg.eigvalsh(-alpha * k * sigma_y)
    assert rashba_frequency(alpha, k) == close((energies[1] - energies[0]) / HBAR, rel=1e-12)
    assert larmor_frequency(rashba_field(alpha, k)) == close(rashba_frequency(alpha, k), rel=1e-12)


def test_rashba_torque_field_by_the_electron_mass():
    """2 m α P J/(ħ e Ms): the same in the form with the mass instead of µ_B."""
    mass, alpha = 9.1093837015e-31, 1e-10 * ELEMENTARY_CHARGE
    wanted = 2 * mass * alpha * 0.5 * 1e12 / (HBAR * ELEMENTARY_CHARGE * 1.09e6)
    assert rashba_torque_field(alpha, 0.5, 1e12, 1.09e6) == close(wanted, rel=1e-7)
    assert ELEMENTARY_CHARGE * HBAR / 2 / mass == close(BOHR_MAGNETON, rel=1e-8)
    # Miron et al.: 1 T per 1e8 A/cm² in Pt/Co/AlOx
    assert rashba_torque_field(alpha, 0.5, 1e12, 1.09e6) == pytest.approx(0.8, abs=0.3)


def test_field_per_current_density_is_that_of_the_term():
    magnet = Simulation(Mesh((1, 1, 1), (2e-9, 2e-9, 1e-9)), [SpinOrbitTorque(J=1e12, xi_DL=0.3)], Ms=1e6, m=(0, 0, 1))
    length = np.linalg.norm(magnet.effective_field()[0, :, 0, 0, 0])
    assert length == close(field_per_current_density(0.3, 1e6, 1e-9) * 1e12, rel=1e-12)
    assert efficiency_of_field(length / 1e12, 1e6, 1e-9) == close(0.3, rel=1e-12)


def test_conventions_of_spin_hall_conductivity():
    """Tungsten: |θ| = 0.33 at 260 µΩ cm is 1.27e5 S/m in ħ/2e, half of it in ħ/e."""
    xi_E = efficiency_per_field(0.33, 260e-8)
    assert xi_E == close(1.27e5, rel=2e-3)
    assert efficiency_of_conductivity(xi_E, 260e-8) == close(0.33)
    assert efficiency_of_conductivity(xi_E / 2, 260e-8, half=False) == close(0.33)


def test_platinum_by_elliott_and_yafet():
    """ρ λ = 0.77 fΩ m² and ξ/ρ rising with thickness until it saturates above 5 nm (Nguyen et al. 2016)."""
    rho = 25e-8
    assert elliott_yafet_length(rho) == close(3.08e-9)
    t = np.array([2e-9, 5e-9, 15e-9, 20e-9])
    xi = intrinsic_efficiency(2.95e5, 50e-8, t, elliott_yafet_length(50e-8))
    assert np.all(np.diff(xi) > 0)
    assert xi[3] / xi[2] == pytest.approx(1, abs=1e-3)
    assert xi[1] / xi[3] > 0.9
    assert intrinsic_efficiency(2e5, 50e-8, 3e-9, 1.5e-9) == close(spin_hall_efficiency(0.1, 3e-9, 1.5e-9))


def test_backflow_vanishes_at_a_perfect_sink_and_grows_with_thickness():
    assert backflow_factor(5e-9, 1.5e-9, 50e-8, 1e20) == close(1, rel=1e-4)
    # a thick metal passes on G/(G + σ/2λ): two conductances side by side
    G, g = 1e15, 1 / (2 * 1.5e-9 * 50e-8)
    assert backflow_factor(1e-6, 1.5e-9, 50e-8, G) == close(G / (G + g), rel=1e-12)
    with pytest.raises(ParameterError, match="above 0"):
        backflow_factor(5e-9, 1.5e-9, 50e-8, 0)
