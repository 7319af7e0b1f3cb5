"""Spin–orbit coupling in closed form: Larmor and Rashba precession, efficiencies of torques, and their conventions.

A spin–orbit torque is given in the literature by three numbers that differ by factors: the efficiency ξ per current
density (a pure number), the efficiency per electric field ξ/ρ [S/m], which is the effective spin Hall conductivity in
units of ħ/(2e), and the effective field per current density [T per A/m²]. The functions here lead from each to the
others; `fdmag.analytic.spin_torque.spin_hall_efficiency` has the dependence on the thickness.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.analytic.spin_torque import spin_hall_efficiency, spin_torque_field
from fdmag.constants import BOHR_MAGNETON, ELEMENTARY_CHARGE, HBAR
from fdmag.errors import ParameterError

__all__ = [
    "backflow_factor",
    "efficiency_of_conductivity",
    "efficiency_of_field",
    "efficiency_per_field",
    "elliott_yafet_length",
    "field_per_current_density",
    "intrinsic_efficiency",
    "larmor_frequency",
    "rashba_field",
    "rashba_frequency",
    "rashba_torque_field",
]

G_ELECTRON = 2.00231930436256
"""|g| of the electron, CODATA 2018."""


def larmor_frequency(B: ArrayLike, g: float = G_ELECTRON) -> NDArray:
    """Return the angular frequency ω = g µ_B B/ħ [rad/s] of a spin in a field B [T].

    >>> print(f"{larmor_frequency(1.0):.5e} rad/s")
    1.76086e+11 rad/s
    """
    return g * BOHR_MAGNETON / HBAR * np.asarray(B, dtype=float)


def rashba_frequency(alpha_R: ArrayLike, k: ArrayLike) -> NDArray:
    """Return ω_R = 2 α_R k/ħ [rad/s], at which the spin of an electron precesses about the Rashba field.

    Parameters
    ----------
    alpha_R : array_like [J m]
        Rashba constant; 1 eV Å is 1.602e-29 J m.
    k : array_like [1/m]
        Wave number in the plane.

    Source: Yu. A. Bychkov, E. I. Rashba, J. Phys. C 17, 6039 (1984): the branches are 2 α_R k apart.

    >>> print(f"{rashba_frequency(1e-11 * ELEMENTARY_CHARGE, 1e8):.4e} rad/s")
    3.0385e+12 rad/s
    """
    return 2 * np.multiply(alpha_R, k, dtype=float) / HBAR


def rashba_field(alpha_R: ArrayLike, k: ArrayLike, g: float = G_ELECTRON) -> NDArray:
    """Return B_R = 2 α_R k/(g µ_B) [T], the field in which a spin would precess as fast as by the Rashba coupling.

    >>> field = rashba_field(1e-11 * ELEMENTARY_CHARGE, 1e8)
    >>> bool(np.isclose(larmor_frequency(field), rashba_frequency(1e-11 * ELEMENTARY_CHARGE, 1e8)))
    True
    """
    return 2 * np.multiply(alpha_R, k, dtype=float) / (g * BOHR_MAGNETON)


def rashba_torque_field(alpha_R: ArrayLike, P: ArrayLike, J: ArrayLike, Ms: ArrayLike) -> NDArray:
    """Return the field α_R P J/(µ_B Ms) [T] that a current in a Rashba ferromagnet exerts on its magnetisation.

    Field-like, along z × J up to the sign of α_R. In T per A/m² for J = 1.

    Parameters
    ----------
    alpha_R : array_like [J m]
    P : array_like
        Spin polarisation of the carriers.
    J : array_like [A/m²]
        Current density in the ferromagnet.
    Ms : array_like [A/m]

    Source: A. Manchon, S. Zhang, Phys. Rev. B 78, 212405 (2008), for strong exchange splitting; the form with µ_B is
    that of I. M. Miron et al., Nature Mater. 9, 230 (2010).

    >>> print(f"{rashba_torque_field(1e-11 * ELEMENTARY_CHARGE, 0.5, 1e12, 1.09e6):.4f} T")
    0.0792 T
    """
    alpha_R, P, J, Ms = (np.asarray(v, dtype=float) for v in (alpha_R, P, J, Ms))
    return alpha_R * P * J / (BOHR_MAGNETON * Ms)


def field_per_current_density(efficiency: Any, Ms: Any, thickness: Any) -> Any:
    """Return ħ ξ/(2 e Ms t) [T per A/m²], the effective field of a torque with efficiency ξ per current density.

    >>> print(f"{field_per_current_density(0.3, 1e6, 1e-9) * 1e15:.2f} fT per A/m^2")
    98.73 fT per A/m^2
    """
    return spin_torque_field(1.0, efficiency, Ms, thickness)


def efficiency_of_field(field_per_J: Any, Ms: Any, thickness: Any) -> Any:
    """Return ξ = (2 e Ms t/ħ) B/J from a measured field per current density [T per A/m²].

    >>> round(efficiency_of_field(field_per_current_density(0.3, 1e6, 1e-9), 1e6, 1e-9), 12)
    0.3
    """
    return 2 * ELEMENTARY_CHARGE * Ms * thickness / HBAR * field_per_J


def efficiency_per_field(efficiency: Any, resistivity: Any) -> Any:
    """Return ξ^E = ξ/ρ [S/m], the efficiency per electric field: a spin Hall conductivity in units of ħ/(2e).

    >>> print(f"{efficiency_per_field(0.12, 50e-8):.1e} S/m")
    2.4e+05 S/m
    """
    return efficiency / resistivity


def efficiency_of_conductivity(spin_hall_conductivity: Any, resistivity: Any, half: bool = True) -> Any:
    """Return θ = σ_SH ρ from a spin Hall conductivity [S/m].

    Parameters
    ----------
    half : bool
        Whether the conductivity is in units of ħ/(2e), as torques are measured; False for units of ħ/e, in which
        calculations often give it: θ is then 2 σ_SH ρ.

    >>> efficiency_of_conductivity(1.6e5, 50e-8), efficiency_of_conductivity(0.8e5, 50e-8, half=False)
    (0.08, 0.08)
    """
    return (1 if half else 2) * spin_hall_conductivity * resistivity


def elliott_yafet_length(resistivity: ArrayLike, product: float = 0.77e-15) -> NDArray:
    """Return λ = (ρ λ)/ρ [m]: by the Elliott–Yafet mechanism each collision flips a spin with the same probability.

    Parameters
    ----------
    resistivity : array_like [Ω m]
    product : float [Ω m²]
        ρ λ, by default that of platinum, (0.77 ± 0.08) fΩ m²: M.-H. Nguyen, D. C. Ralph, R. A. Buhrman, Phys. Rev.
        Lett. 116, 126601 (2016).

    Source: R. J. Elliott, Phys. Rev. 96, 266 (1954); Y. Yafet, Solid State Phys. 14, 1 (1963). λ² = D τ_sf with D and
    τ_sf both in proportion to 1/ρ.

    >>> print(f"{elliott_yafet_length(50e-8) * 1e9:.2f} nm")
    1.54 nm
    """
    return product / np.asarray(resistivity, dtype=float)


def intrinsic_efficiency(
    spin_hall_conductivity: ArrayLike, resistivity: ArrayLike, t_HM: ArrayLike, lambda_sf: ArrayLike
) -> NDArray:
    """Return ξ_DL = σ_SH ρ [1 − sech(t_HM/λ)] of a heavy metal whose spin Hall conductivity does not depend on ρ.

    The efficiency of the intrinsic spin Hall effect: it rises with the resistivity.

    Parameters
    ----------
    spin_hall_conductivity : array_like [S/m]
        In units of ħ/(2e).
    resistivity : array_like [Ω m]
    t_HM, lambda_sf : array_like [m]

    Source: M.-H. Nguyen, D. C. Ralph, R. A. Buhrman, Phys. Rev. Lett. 116, 126601 (2016).

    >>> print(f"{intrinsic_efficiency(3e5, 40e-8, 4e-9, 1.5e-9):.4f}")
    0.1034
    """
    return spin_hall_efficiency(np.multiply(spin_hall_conductivity, resistivity), t_HM, lambda_sf)


def backflow_factor(t_HM: ArrayLike, lambda_sf: ArrayLike, resistivity: ArrayLike, mixing: ArrayLike) -> NDArray:
    """Return the share 1/[1 + tanh(t/λ)/(2 λ ρ G)] of the spin current that enters the magnet; the rest flows back.

    It multiplies θ_SH [1 − sech(t/λ)], which is the limit of an interface that takes up all spin (G → ∞).

    Parameters
    ----------
    t_HM, lambda_sf : array_like [m]
    resistivity : array_like [Ω m]
    mixing : array_like [S/m²]
        Real part of the spin-mixing conductance per area and spin.

    Raises
    ------
    ParameterError
        A value is not positive.

    Source: P. M. Haney et al., Phys. Rev. B 87, 174411 (2013); C.-F. Pai et al., Phys. Rev. B 92, 064426 (2015).

    >>> print(f"{backflow_factor(5e-9, 1.5e-9, 50e-8, 1e15):.3f}")
    0.601
    """
    arrays = [np.asarray(v, dtype=float) for v in (t_HM, lambda_sf, resistivity, mixing)]
    if not all(np.all(values > 0) for values in arrays):
        raise ParameterError("t_HM, lambda_sf, resistivity, mixing: allowed: above 0")
    t, length, rho, G = arrays
    return 1 / (1 + np.tanh(t / length) / (2 * length * rho * G))
