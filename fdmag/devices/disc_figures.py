"""Figures of perpendicular discs and heavy metals as functions of what a wafer varies: arrays in, arrays out.

For `fdmag.devices.variability`, `tolerance` and `compact_model`: parameters by name, all in SI.
"""

from typing import Any

import numpy as np

from fdmag.analytic.disc_barrier import disc_barrier
from fdmag.analytic.spin_orbit import intrinsic_efficiency
from fdmag.analytic.spin_torque import critical_current, spin_torque_field, switching_time
from fdmag.analytic.write_energy import spin_transfer_write_energy
from fdmag.constants import BOLTZMANN, MU_0

__all__ = [
    "disc_anisotropy",
    "disc_critical_current",
    "disc_stability",
    "disc_write_energy",
    "spin_hall_figure",
    "spin_orbit_field",
]


def spin_hall_figure(rho: Any, lambda_sf: Any, t_HM: Any, spin_hall_conductivity: Any) -> Any:
    """Return ξ_DL = σ_SH ρ [1 − sech(t_HM/λ)], as `fdmag.analytic.spin_orbit.intrinsic_efficiency`.

    Parameters
    ----------
    rho : array_like [Ω m]
    lambda_sf, t_HM : array_like [m]
    spin_hall_conductivity : array_like [S/m]
        In units of ħ/(2e).

    >>> print(f"{spin_hall_figure(200e-8, 1.5e-9, 4e-9, 1.5e5):.4f}")
    0.2585
    """
    return intrinsic_efficiency(spin_hall_conductivity, rho, t_HM, lambda_sf)


def spin_orbit_field(rho: Any, lambda_sf: Any, t_HM: Any, spin_hall_conductivity: Any, Ms: Any, thickness: Any) -> Any:
    """Return the damping-like field per current density [T per A/m²], ħ ξ_DL/(2 e Ms t)."""
    return spin_torque_field(1.0, spin_hall_figure(rho, lambda_sf, t_HM, spin_hall_conductivity), Ms, thickness)


def disc_anisotropy(Ks: Any, Ms: Any, thickness: Any) -> Any:
    """Return K_eff = Ks/t − µ0 Ms²/2 [J/m³], the shape that of a film.

    Parameters
    ----------
    Ks : array_like [J/m²]
    Ms : array_like [A/m]
    thickness : array_like [m]
    """
    return np.divide(Ks, thickness) - MU_0 * np.square(Ms) / 2


def disc_stability(Ks: Any, Ms: Any, thickness: Any, diameter: Any, A: Any, T: Any = 300.0) -> Any:
    """Return Δ = E_b/(k_B T), E_b as `fdmag.analytic.disc_barrier.disc_barrier`; NaN where K_eff is not positive.

    Parameters
    ----------
    Ks, Ms, thickness
        As in `disc_anisotropy`.
    diameter : array_like [m]
    A : array_like [J/m]
    T : array_like [K]

    >>> print(f"{disc_stability(1.3e-3, 1.26e6, 1.0e-9, 30e-9, 20e-12):.1f}")
    51.6
    """
    K = disc_anisotropy(Ks, Ms, thickness)
    barrier = disc_barrier(diameter, thickness, A, np.where(K > 0, K, 1.0))
    return np.where(K > 0, barrier, np.nan) / (BOLTZMANN * np.asarray(T, dtype=float))


def disc_critical_current(Ks: Any, Ms: Any, thickness: Any, diameter: Any, alpha: Any, P: Any) -> Any:
    """Return I_c0 = 4 e α K_eff V/(ħ P) [A], as `fdmag.analytic.spin_torque.critical_current`.

    >>> print(f"{disc_critical_current(1.3e-3, 1.26e6, 1.0e-9, 30e-9, 0.01, 0.6) * 1e6:.1f} µA")
    21.7 µA
    """
    K = disc_anisotropy(Ks, Ms, thickness)
    return critical_current(K * np.pi / 4 * np.square(diameter) * thickness, alpha, P)


def disc_write_energy(
    Ks: Any, Ms: Any, thickness: Any, diameter: Any, alpha: float, P: Any, RA: Any, current: Any, T: float = 300.0
) -> Any:
    """Return I² RA t/A [J], the heat of a current that writes a disc in the macrospin's time; NaN if it cannot.

    The current is given, as a driver on a chip gives it to every device: one with a higher I_c0 switches more slowly.
    The time starts at θ0 = 1/sqrt(2Δ) with Δ = K_eff V/(k_B T).

    Parameters
    ----------
    Ks, Ms, thickness, diameter
        As in `disc_stability`.
    alpha, P
        Damping, and spin polarisation.
    RA : array_like [Ω m²]
    current : array_like [A]
    T : float [K]

    >>> energy = disc_write_energy(1.3e-3, 1.26e6, 1.0e-9, 30e-9, 0.01, 0.6, 5e-12, current=45e-6)
    >>> print(f"{energy * 1e15:.1f} fJ")
    40.5 fJ
    """
    K = np.asarray(disc_anisotropy(Ks, Ms, thickness))
    area = np.pi / 4 * np.square(diameter)
    overdrive = current / np.asarray(disc_critical_current(Ks, Ms, thickness, diameter, alpha, P))
    able = (K > 0) & (overdrive > 1)
    safe = np.where(able, K, 1e6)
    start = 1 / np.sqrt(2 * safe * area * thickness / (BOLTZMANN * T))
    able = able & (start < np.pi / 2)
    duration = switching_time(np.where(able, overdrive, 2.0), np.minimum(start, np.pi / 2), alpha, 1.0)
    duration = duration / (2 * safe / np.asarray(Ms, dtype=float))
    energy = spin_transfer_write_energy(np.asarray(current) / area, RA, duration, area)
    return np.where(able, energy, np.nan)
