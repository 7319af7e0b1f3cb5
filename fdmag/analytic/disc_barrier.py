"""The energy barrier of a perpendicular disc: coherent while it is small, by a wall that crosses it when it is large.

K_eff is the anisotropy with the disc's shape in it; its stray field is counted nowhere else. No DMI, no field.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.constants import BOLTZMANN, MU_0
from fdmag.errors import ParameterError

__all__ = ["anisotropy_for_stability", "coherent_diameter", "disc_barrier", "thickness_for_stability"]


def _positive(**values: ArrayLike) -> list[NDArray]:
    arrays = [np.asarray(value, dtype=float) for value in values.values()]
    for name, array in zip(values, arrays, strict=True):
        if not np.all(array > 0):
            raise ParameterError(f"{name} = {np.min(array):g}; allowed: above 0")
    return arrays


def coherent_diameter(A: ArrayLike, K_eff: ArrayLike) -> NDArray:
    """Return (16/π) sqrt(A/K_eff) [m], above which a wall through the middle costs less than turning as a whole.

    Parameters
    ----------
    A : array_like [J/m]
    K_eff : array_like [J/m³]

    Source: 4 sqrt(A K) d t = K π d² t/4; G. D. Chaves-O'Flynn, E. Vanden-Eijnden, D. L. Stein, A. D. Kent, J. Appl.
    Phys. 113, 023912 (2013), has both regimes by the string method. In between the barrier lies below both.

    >>> print(f"{coherent_diameter(15e-12, 2.5e5) * 1e9:.1f} nm")
    39.4 nm
    """
    A, K_eff = _positive(A=A, K_eff=K_eff)
    return 16 / np.pi * np.sqrt(A / K_eff)


def disc_barrier(diameter: ArrayLike, thickness: ArrayLike, A: ArrayLike, K_eff: ArrayLike) -> NDArray:
    """Return the lower of K_eff V and 4 sqrt(A K_eff) d t [J].

    Parameters
    ----------
    diameter, thickness : array_like [m]
    A : array_like [J/m]
    K_eff : array_like [J/m³]

    Source and range: as `coherent_diameter`.

    >>> print(f"{disc_barrier(20e-9, 1.3e-9, 15e-12, 2.5e5) / (BOLTZMANN * 300):.2f} kT")
    24.65 kT
    """
    d, t, A, K_eff = _positive(diameter=diameter, thickness=thickness, A=A, K_eff=K_eff)
    return np.minimum(K_eff * np.pi / 4 * d**2 * t, 4 * np.sqrt(A * K_eff) * d * t)


def anisotropy_for_stability(
    Delta: ArrayLike, diameter: ArrayLike, thickness: ArrayLike, A: ArrayLike, T: ArrayLike = 300.0
) -> NDArray:
    """Return the K_eff [J/m³] with which `disc_barrier` is Δ k_B T.

    Parameters
    ----------
    Delta : array_like
        Stability factor Δ.
    diameter, thickness : array_like [m]
    A : array_like [J/m]
    T : array_like [K]

    Both limits give K_eff ∝ 1/d²: at a given stability and thickness a disc turns as a whole at every diameter if
    Δ k_B T < (64/π) A t, and by a wall at every diameter otherwise.

    >>> K = anisotropy_for_stability(60, 40e-9, 1.3e-9, 15e-12)
    >>> print(f"{disc_barrier(40e-9, 1.3e-9, 15e-12, K) / (BOLTZMANN * 300):.6f}")
    60.000000
    """
    Delta, d, t, A, T = _positive(Delta=Delta, diameter=diameter, thickness=thickness, A=A, T=T)
    barrier = Delta * BOLTZMANN * T
    return np.maximum(barrier / (np.pi / 4 * d**2 * t), (barrier / (4 * d * t)) ** 2 / A)


def thickness_for_stability(
    Delta: ArrayLike, diameter: ArrayLike, Ks: ArrayLike, Ms: ArrayLike, A: ArrayLike, T: ArrayLike = 300.0
) -> NDArray:
    """Return the largest thickness [m] with which a disc with interface anisotropy has this stability; NaN for none.

    K_eff = Ks/t − µ0 Ms²/2, the shape that of a film. The coherent barrier, (Ks − µ0 Ms² t/2) π d²/4, falls with the
    thickness: below d = sqrt[4 Δ k_B T/(π Ks)] no disc is stable enough. The barrier of a wall has a maximum over t.

    Parameters
    ----------
    Delta : array_like
    diameter : array_like [m]
    Ks : array_like [J/m²]
        Of all interfaces together.
    Ms : array_like [A/m]
    A : array_like [J/m]
    T : array_like [K]

    >>> t = thickness_for_stability(60, [14e-9, 30e-9], 1.3e-3, 1.26e6, 20e-12)
    >>> [f"{x * 1e9:.3f} nm" for x in t]
    ['nan nm', '0.951 nm']
    """
    Delta, d, Ks, Ms, A, T = _positive(Delta=Delta, diameter=diameter, Ks=Ks, Ms=Ms, A=A, T=T)
    barrier, Kd = Delta * BOLTZMANN * T, MU_0 * Ms**2 / 2
    coherent = (Ks - barrier / (np.pi / 4 * d**2)) / Kd
    # 16 A d² (Ks t − Kd t²) = barrier²: a wall is high enough between the two roots
    square = Ks**2 - Kd * barrier**2 / (4 * d**2 * A)
    root = np.sqrt(np.where(square >= 0, square, np.nan))
    lowest, highest = (Ks - root) / (2 * Kd), (Ks + root) / (2 * Kd)
    t = np.minimum(coherent, highest)
    return np.where((t > 0) & (t >= lowest), t, np.nan)
