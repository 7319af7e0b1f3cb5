"""Currents at which equilibria turn unstable, beside closed forms."""

import numpy as np
import pytest

from fdmag.constants import ELEMENTARY_CHARGE, GAMMA_E, HBAR, MU_0
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.modes import threshold
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, Slonczewski, UniaxialAnisotropy, Zeeman
from tests.closeness import close

MESH = Mesh((1, 1, 1), (2e-9, 2e-9, 1.3e-9))


def current(a, Ms, P, thickness):
    """Current density [A/m²] of the damping-like field a [T], for Lambda = 1."""
    return a * 2 * ELEMENTARY_CHARGE * Ms * thickness / (HBAR * P)


def test_perpendicular_macrospin():
    """a = α B_K, that is I_c0 = 4 e α E_b/(ħ P): 24.82 µA for the pillar of 40 nm."""
    spin = Simulation(MESH, [UniaxialAnisotropy(Ku1=1.5e5), Slonczewski(J=0, P=0.6)], Ms=1e6, alpha=0.01)
    found = threshold(spin, "slonczewski.J", 0, 5e10)
    assert found.value == close(current(0.01 * 0.3, 1e6, 0.6, 1.3e-9), rel=1e-6)
    assert found.value * np.pi * (20e-9) ** 2 == close(24.82e-6, rel=1e-3)
    assert found.frequency == close(GAMMA_E * 0.3 / 2 / np.pi, rel=1e-6)


def test_cells_that_are_frozen_have_no_modes():
    """Of two spins one is free: the threshold is its own, with as many modes asked for as there are cells."""
    mesh = Mesh((2, 1, 1), (2e-9, 2e-9, 1.3e-9))
    terms = [UniaxialAnisotropy(Ku1=1.5e5), Slonczewski(J=0, P=0.6)]
    frozen = np.array([0.0, 1.0]).reshape(1, 1, 2)
    found = threshold(Simulation(mesh, terms, Ms=1e6, alpha=0.01, frozen=frozen), "slonczewski.J", 0, 5e10)
    assert found.value == close(current(0.01 * 0.3, 1e6, 0.6, 1.3e-9), rel=1e-6)


def test_film_in_its_plane():
    """a = α (B + B_K + µ0 Ms/2): the mean of the two stiffnesses, of J. Z. Sun, Phys. Rev. B 62, 570 (2000)."""
    mesh = Mesh((2, 2, 1), (5e-9, 5e-9, 2e-9), (True, True, False))
    easy = UniaxialAnisotropy(Ku1=8e3, axis=(1, 0, 0))
    terms = [Exchange(A=1.3e-11), Demag(), easy, Zeeman(B=(0.05, 0, 0)), Slonczewski(J=0, P=0.4, p=(1, 0, 0))]
    magnet = Simulation(mesh, terms, Ms=8e5, alpha=0.02, m=(1, 0, 0))
    found = threshold(magnet, "slonczewski.J", 0, 1e12)
    field = 0.02 * (0.05 + 2 * 8e3 / 8e5 + MU_0 * 8e5 / 2)
    assert found.value == close(current(field, 8e5, 0.4, 2e-9), rel=1e-5)
    assert found.frequency > 0
    assert found.modes.damping_rates[found.mode] == pytest.approx(0, abs=1e5)


def test_a_field_turns_a_spin_without_precession():
    """Stoner–Wohlfarth along the axis: the stiffness B_K − B vanishes, and without damping λ = ±i γ (B_K − B)."""
    spin = Simulation(MESH, [UniaxialAnisotropy(Ku1=1.5e5), Zeeman(B=(0, 0, 0))], Ms=1e6, alpha=0.1)
    found = threshold(spin, lambda magnet, B: magnet.set("zeeman.B", (0, 0, -B)), 0.1, 0.45)
    assert found.value == close(0.3, rel=1e-5)


def test_what_has_no_threshold_is_told():
    spin = Simulation(MESH, [UniaxialAnisotropy(Ku1=1.5e5), Slonczewski(J=0, P=0.6)], Ms=1e6, alpha=0.01)
    with pytest.raises(ParameterError, match="stable at 0 and at 1e"):
        threshold(spin, "slonczewski.J", 0, 1e10)
    with pytest.raises(ParameterError, match="two finite numbers that differ"):
        threshold(spin, "slonczewski.J", 1, 1)
