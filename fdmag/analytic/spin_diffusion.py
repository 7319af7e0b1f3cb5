"""Diffusion of spin along one direction in closed form: decay, spin valves, non-local signals.

All of it follows from D μ_s'' = μ_s/τ_sf with μ_s = μ↑ − μ↓; `fdmag.devices.spin_diffusion` solves it for any stack of
layers. Resistances here are those of a whole contact [Ω], or of an area [Ω m²], alike: only ratios and sums enter.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.constants import ELEMENTARY_CHARGE
from fdmag.errors import ParameterError

__all__ = [
    "diffusivity_of_conductivity",
    "nonlocal_spin_signal",
    "spin_accumulation",
    "spin_diffusion_length",
    "spin_valve_resistance_change",
]


def spin_diffusion_length(D: ArrayLike, tau_sf: ArrayLike) -> NDArray:
    """Return λ = sqrt(D τ_sf) [m].

    Parameters
    ----------
    D : array_like [m²/s]
        Diffusivity of spins.
    tau_sf : array_like [s]
        Time in which μ_s relaxes.

    >>> print(f"{spin_diffusion_length(1e-2, 25e-12) * 1e9:.0f} nm")
    500 nm
    """
    D, tau_sf = np.asarray(D, dtype=float), np.asarray(tau_sf, dtype=float)
    if not (np.all(D > 0) and np.all(tau_sf > 0)):
        raise ParameterError("D, tau_sf: allowed: above 0")
    return np.sqrt(D * tau_sf)


def diffusivity_of_conductivity(conductivity: ArrayLike, density_of_states: ArrayLike) -> NDArray:
    """Return D = σ/(e² N) [m²/s], Einstein's relation.

    Parameters
    ----------
    conductivity : array_like [S/m]
    density_of_states : array_like [1/(J m³)]
        At the Fermi level, both spins together.

    >>> print(f"{diffusivity_of_conductivity(5e7, 1.8e28 / ELEMENTARY_CHARGE):.4f} m^2/s")
    0.0173 m^2/s
    """
    return np.asarray(conductivity, dtype=float) / (ELEMENTARY_CHARGE**2 * np.asarray(density_of_states, dtype=float))


def spin_accumulation(x: ArrayLike, mu_0: ArrayLike, lambda_sf: ArrayLike) -> NDArray:
    """Return μ_s(x) = μ_0 exp(−x/λ) in a normal metal that fills x ≥ 0, in the unit of μ_0.

    >>> spin_accumulation([0, 500e-9], 1e-6, 500e-9).round(9)
    array([1.00e-06, 3.68e-07])
    """
    return np.asarray(mu_0) * np.exp(-np.divide(x, lambda_sf))


def spin_valve_resistance_change(
    t_N: ArrayLike, rho_N: ArrayLike, lambda_N: ArrayLike, rho_F: ArrayLike, lambda_F: ArrayLike, beta: ArrayLike
) -> NDArray:
    """Return (R_AP − R_P) A [Ω m²] of two thick like ferromagnets with a normal spacer, current across the layers.

    ΔR A = β² [1/(g_F + g_N tanh(t/2λ_N)) − 1/(g_F + g_N coth(t/2λ_N))] with g_F = (1 − β²)/(2 ρ_F λ_F) and
    g_N = 1/(2 ρ_N λ_N). Parallel magnets make μ_s odd about the middle of the spacer, antiparallel ones even: hence
    coth and tanh.

    Parameters
    ----------
    t_N : array_like [m]
        Thickness of the spacer; interfaces are transparent, the ferromagnets thicker than a few λ_F.
    rho_N, rho_F : array_like [Ω m]
        Resistivities, ρ_F = 1/(σ↑ + σ↓).
    lambda_N, lambda_F : array_like [m]
        Spin diffusion lengths.
    beta : array_like
        (σ↑ − σ↓)/(σ↑ + σ↓) of the ferromagnets.

    Source: T. Valet, A. Fert, Phys. Rev. B 48, 7099 (1993), solved for this stack.

    >>> print(f"{spin_valve_resistance_change(5e-9, 6e-9, 450e-9, 75e-9, 60e-9, 0.46) * 1e15:.3f} fOhm m^2")
    2.381 fOhm m^2
    """
    half = np.divide(t_N, 2 * np.asarray(lambda_N, dtype=float))
    g_F = (1 - np.square(beta)) / (2 * np.multiply(rho_F, lambda_F))
    g_N = 1 / (2 * np.multiply(rho_N, lambda_N))
    even, odd = np.tanh(half), 1 / np.tanh(half)
    return np.square(beta) * (1 / (g_F + g_N * even) - 1 / (g_F + g_N * odd))


def nonlocal_spin_signal(
    length: ArrayLike,
    lambda_N: ArrayLike,
    R_N: ArrayLike,
    contacts: tuple[tuple[float, float, float, float], tuple[float, float, float, float]],
) -> NDArray:
    """Return R_s = (V_P − V_AP)/I [Ω] of a lateral spin valve: injector and detector on a long normal wire.

    R_s = 4 R_N e^{−L/λ} Q1 Q2/[S1 S2 − e^{−2L/λ}] with, for each contact,
    Q = (P R_i/R_N)/(1 − P²) + (p R_F/R_N)/(1 − p²) and S = 1 + 2 (R_i/R_N)/(1 − P²) + 2 (R_F/R_N)/(1 − p²).
    Tunnel contacts give P1 P2 R_N e^{−L/λ}.

    Parameters
    ----------
    length : array_like [m]
        From injector to detector.
    lambda_N : array_like [m]
    R_N : array_like [Ω]
        ρ_N λ_N over the cross-section of the wire.
    contacts : two of (R_i, P, R_F, p)
        Injector and detector: resistance of the interface [Ω] and its polarisation, R_F = ρ_F λ_F over the contact's
        area [Ω] and the polarisation of the ferromagnet.

    Source: S. Takahashi, S. Maekawa, Phys. Rev. B 67, 052409 (2003).

    >>> tunnel = (1e5, 0.3, 1.0, 0.5)
    >>> print(f"{nonlocal_spin_signal(500e-9, 500e-9, 2.0, (tunnel, tunnel)):.4f} Ohm")
    0.0662 Ohm
    """
    decay = np.exp(-np.divide(length, lambda_N))
    R_N = np.asarray(R_N, dtype=float)
    drive, leak = np.ones_like(R_N), np.ones_like(R_N)
    for R_i, P, R_F, p in contacts:
        interface, magnet = R_i / R_N / (1 - P**2), R_F / R_N / (1 - p**2)
        drive = drive * (P * interface + p * magnet)
        leak = leak * (1 + 2 * interface + 2 * magnet)
    return 4 * R_N * decay * drive / (leak - decay**2)
