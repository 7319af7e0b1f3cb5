"""Barriers of discs and write energies: limits, inverses, and an integral over a wall."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from fdmag.analytic.disc_barrier import (
    anisotropy_for_stability,
    coherent_diameter,
    disc_barrier,
    thickness_for_stability,
)
from fdmag.analytic.write_energy import (
    capacitive_write_energy,
    critical_electric_field,
    spin_orbit_write_energy,
    spin_transfer_write_energy,
)
from fdmag.constants import BOLTZMANN, MU_0
from fdmag.errors import ParameterError
from tests.closeness import close

KT = BOLTZMANN * 300


def test_both_barriers_meet_at_the_coherent_diameter():
    A, K, t = 15e-12, 3e5, 1.2e-9
    d = float(coherent_diameter(A, K))
    assert disc_barrier(d, t, A, K) == close(K * np.pi / 4 * d**2 * t, rel=1e-12)
    assert disc_barrier(d / 2, t, A, K) == close(disc_barrier(d, t, A, K) / 4, rel=1e-12)
    assert disc_barrier(2 * d, t, A, K) == close(2 * disc_barrier(d, t, A, K), rel=1e-12)


def test_a_wall_through_the_middle_of_a_large_disc():
    """The energy of a straight tanh wall, integrated over the disc: 4 sqrt(A K) d t up to its curved ends."""
    A, K, t, d = 15e-12, 3e5, 1.2e-9, 400e-9
    width = np.sqrt(A / K)
    energy, _ = quad(lambda x: 2 * K * t / np.cosh(x / width) ** 2 * 2 * np.sqrt((d / 2) ** 2 - x**2), -d / 2, d / 2)
    assert disc_barrier(d, t, A, K) == close(energy, rel=2e-3)


@pytest.mark.parametrize("t", [0.3e-9, 1.3e-9])
@pytest.mark.parametrize("d", [10e-9, 35e-9, 90e-9])
def test_anisotropy_for_stability_is_the_inverse(t, d):
    K = anisotropy_for_stability(60, d, t, 20e-12)
    assert disc_barrier(d, t, 20e-12, K) / KT == close(60, rel=1e-12)
    turns_as_a_whole = d < coherent_diameter(20e-12, K)
    assert turns_as_a_whole == (64 / np.pi * 20e-12 * t > 60 * KT)


@pytest.mark.parametrize("A", [3e-12, 20e-12])
def test_thickness_for_stability_is_the_largest_root(A):
    Ks, Ms = 1.3e-3, 1.26e6
    Kd = MU_0 * Ms**2 / 2
    for d in (18e-9, 30e-9, 60e-9):
        t = float(thickness_for_stability(60, d, Ks, Ms, A))

        def excess(t, d=d):
            return disc_barrier(d, t, A, Ks / t - Kd) / KT - 60

        grid = np.linspace(1e-12, Ks / Kd * (1 - 1e-9), 20001)
        enough = np.flatnonzero(excess(grid) > 0)
        if enough.size == 0:
            assert np.isnan(t)
        else:
            last = enough[-1]
            assert t == close(brentq(excess, grid[last], grid[last + 1], xtol=1e-22), rel=1e-9)


def test_no_thickness_is_enough_below_the_smallest_diameter():
    smallest = np.sqrt(4 * 60 * KT / np.pi / 1.3e-3)
    t = thickness_for_stability(60, [0.99 * smallest, 1.05 * smallest], 1.3e-3, 1.26e6, 1e-9)
    assert np.isnan(t[0])
    assert t[1] > 0


def test_energies_are_those_of_a_resistor_and_a_capacitor():
    area, RA, J, time = 2e-15, 5e-12, 3e10, 4e-9
    assert spin_transfer_write_energy(-J, RA, time, area) == close((J * area) ** 2 * (RA / area) * time)
    length, width, t, rho = 100e-9, 60e-9, 4e-9, 2e-6
    R = rho * length / (width * t)
    assert spin_orbit_write_energy(1e12, rho, t, time, length * width) == close((1e12 * width * t) ** 2 * R * time)
    C, V = 8.8541878128e-12 * 9.8 * area / 2e-9, 1.1
    assert capacitive_write_energy(V / 2e-9, 9.8, 2e-9, area) == close(C * V**2 / 2)
    # 1 mJ/m² taken away with 100 fJ/(V m): 10 V/nm
    assert critical_electric_field(1e6, 1e-9, 100e-15) == close(1e10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: disc_barrier(0, 1e-9, 1e-11, 1e5), "diameter = 0; allowed: above 0"),
        (lambda: spin_transfer_write_energy(1e10, -1, 1, 1), "RA = -1; allowed: at least 0"),
        (lambda: critical_electric_field(1e5, 1e-9, 0), r"coefficient = 0 J/\(V m\)"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
