"""What it costs to write a bit: Joule's heat of a current, and the charge of a capacitor."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError

__all__ = [
    "capacitive_write_energy",
    "critical_electric_field",
    "spin_orbit_write_energy",
    "spin_transfer_write_energy",
]

VACUUM_PERMITTIVITY = 8.8541878128e-12
"""ε0 [F/m], CODATA 2018."""


def _product(**factors: ArrayLike) -> NDArray:
    result = np.ones(())
    for name, factor in factors.items():
        factor = np.asarray(factor, dtype=float)
        if np.any(factor < 0):
            raise ParameterError(f"{name} = {np.min(factor):g}; allowed: at least 0")
        result = result * factor
    return result


def spin_transfer_write_energy(J: ArrayLike, RA: ArrayLike, duration: ArrayLike, area: ArrayLike) -> NDArray:
    """Return J² RA t A [J], the heat of a current through a junction.

    Parameters
    ----------
    J : array_like [A/m²]
    RA : array_like [Ω m²]
        Of the state that is left, at the bias of writing.
    duration : array_like [s]
    area : array_like [m²]

    >>> print(f"{spin_transfer_write_energy(4e10, 5e-12, 5e-9, 1.26e-15) * 1e15:.1f} fJ")
    50.4 fJ
    """
    return _product(J=np.abs(J), J_again=np.abs(J), RA=RA, duration=duration, area=area)


def spin_orbit_write_energy(
    J: ArrayLike, resistivity: ArrayLike, t_HM: ArrayLike, duration: ArrayLike, area: ArrayLike
) -> NDArray:
    """Return J² ρ t_HM t A [J], the heat of a current along a heavy metal.

    Parameters
    ----------
    J : array_like [A/m²]
        In the heavy metal.
    resistivity : array_like [Ω m]
    t_HM : array_like [m]
        Thickness of the metal.
    duration : array_like [s]
    area : array_like [m²]
        Of the strip that carries the current, its length times its width: more than the magnet's.

    >>> print(f"{spin_orbit_write_energy(1e12, 200e-8, 4e-9, 1e-9, 5e-15) * 1e15:.1f} fJ")
    40.0 fJ
    """
    return _product(J=np.abs(J), J_again=np.abs(J), resistivity=resistivity, t_HM=t_HM, duration=duration, area=area)


def capacitive_write_energy(
    E: ArrayLike, relative_permittivity: ArrayLike, thickness: ArrayLike, area: ArrayLike
) -> NDArray:
    """Return ½ ε A E² t [J], the energy of the field E in a dielectric; leakage comes on top.

    Parameters
    ----------
    E : array_like [V/m]
    relative_permittivity : array_like
    thickness : array_like [m]
        Of the dielectric: V = E t.
    area : array_like [m²]

    The same as C V²/2 with C = ε A/t:

    >>> energy = capacitive_write_energy(1e9, 9.8, 2e-9, 1e-16)
    >>> C, V = 9.8 * VACUUM_PERMITTIVITY * 1e-16 / 2e-9, 1e9 * 2e-9
    >>> print(f"{energy * 1e18:.3f} aJ, {C * V**2 / 2 * 1e18:.3f} aJ")
    8.677 aJ, 8.677 aJ
    """
    field = np.abs(E)
    return (
        VACUUM_PERMITTIVITY
        / 2
        * _product(E=field, E_again=field, relative_permittivity=relative_permittivity, thickness=thickness, area=area)
    )


def critical_electric_field(K_eff: ArrayLike, thickness: ArrayLike, coefficient: ArrayLike) -> NDArray:
    """Return E = K_eff t/ξ [V/m], with which a voltage takes away all of the anisotropy.

    Parameters
    ----------
    K_eff : array_like [J/m³]
    thickness : array_like [m]
        Of the free layer.
    coefficient : array_like [J/(V m)]
        Magnetoelectric coefficient ξ: change of the anisotropy energy per area and electric field. Interfaces with MgO
        have some 30–100 fJ/(V m), and targets are ten times that.

    Source: T. Nozaki et al., Micromachines 10, 327 (2019).

    >>> print(f"{critical_electric_field(2e5, 1.3e-9, 100e-15) / 1e9:.1f} V/nm")
    2.6 V/nm
    """
    coefficient = np.asarray(coefficient, dtype=float)
    if not np.all(coefficient > 0):
        raise ParameterError(f"coefficient = {np.min(coefficient):g} J/(V m); allowed: above 0")
    return _product(K_eff=K_eff, thickness=thickness) / coefficient
