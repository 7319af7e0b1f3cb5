"""What thermal spin waves take of a magnet that is cut into cells: its moment, its anisotropy, its barrier."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fdmag.constants import BOLTZMANN, MU_0
from fdmag.errors import ParameterError

__all__ = ["CellParameters", "cell_parameters", "warm_length"]

ITERATIONS = 50


def warm_length(
    cells: Sequence[int], cell_size: Sequence[float], *, Ms: float, A: float, B_K: float, T: float
) -> float:
    """Return |⟨m⟩|, the length of the mean of m over a box of cells with noise, magnetised along its easy axis.

    Every spin wave but the uniform one shortens the mean by k_B T/(Ms V B_k), V the volume of the box and
    B_k = B_K + (8 A/Ms) Σ sin²(π n_i/2N_i)/Δ_i² its stiffness on the cells, with free surfaces. With s the sum of these
    the mean is 1 − s for small s; as each wave runs among spins that the others have shortened, it is the solution of
    l = 1 − s/l, which is right to some (1 − l)²/2. In a film one cell thick s grows with the logarithm of the cells, as
    k_B T/(4π A t) ln(L/Δ): it has no limit of small cells.

    Parameters
    ----------
    cells : sequence of int
        Along x, y, z. For a disc take a square of the same area.
    cell_size : sequence of float [m]
    Ms, A : float [A/m], [J/m]
        Of the cells.
    B_K : float [T]
        Anisotropy field, the stray field counted.
    T : float [K]

    Raises
    ------
    ParameterError
        If there are no spins left that are parallel: s above 1/4.

    Source: equipartition; H. B. Callen, Phys. Rev. 130, 890 (1963), for spin waves of shortened spins.

    >>> l = warm_length((7, 7, 1), (2.5e-9, 2.5e-9, 1.3e-9), Ms=1e6, A=15e-12, B_K=0.83, T=300)
    >>> round(l, 3)
    0.948
    """
    B = np.full((1, 1, 1), float(B_K))
    for axis, (n, edge) in enumerate(zip(cells, cell_size, strict=True)):
        stiffness = 8 * A / Ms / edge**2 * np.sin(np.pi * np.arange(n) / (2 * n)) ** 2
        B = B + stiffness.reshape([-1 if k == axis else 1 for k in range(3)])
    moment = Ms * np.prod([n * edge for n, edge in zip(cells, cell_size, strict=True)])
    s = BOLTZMANN * T / moment * float(np.sum(1 / B.ravel()[1:]))
    if not s < 0.25:
        raise ParameterError(f"warm length: at {T:g} K spin waves take {s:.2g} of m; allowed: less than a quarter")
    return (1 + float(np.sqrt(1 - 4 * s))) / 2


class CellParameters(NamedTuple):
    """What cells are given so that the magnet has, with noise, the parameters that were measured.

    ``length`` is |⟨m⟩|.
    """

    Ms: float
    A: float
    Ku1: float
    length: float


def cell_parameters(
    cells: Sequence[int],
    cell_size: Sequence[float],
    *,
    Ms: float,
    A: float,
    Ku1: float,
    T: float,
    factor: float = 1.0,
) -> CellParameters:
    """Return the parameters for cells with noise, from those measured at the temperature T.

    What is measured at T has all spin waves in it. In cells with noise those longer than two cells act once more, so
    that the cells are given more: Ms/l, A/l² and Ku1/l³ with l = |⟨m⟩|. The mean then has the measured moment and its
    stray field, and the measured anisotropy: of a term in (m·u)² is left l to the power n(n + 1)/2 with n = 2.

    Parameters
    ----------
    cells, cell_size
        As of `warm_length`.
    Ms, A, Ku1 : float [A/m], [J/m], [J/m³]
        As measured.
    T : float [K]
    factor : float
        Demagnetising factor along the easy axis less that across it: 1 for a film, less for a pillar.

    Raises
    ------
    ParameterError
        If the easy axis is none, or too little is left of it.

    Source: H. B. Callen and E. Callen, J. Phys. Chem. Solids 27, 1271 (1966), for the power; G. Grinstein and
    R. H. Koch, Phys. Rev. Lett. 90, 207201 (2003), for parameters that belong to a size of cells.

    >>> found = cell_parameters((7, 7, 1), (2.5e-9, 2.5e-9, 1.3e-9), Ms=1e6, A=15e-12, Ku1=0.9e6, T=300, factor=0.77)
    >>> f"{found.Ms:.3g} {found.A:.3g} {found.Ku1:.3g} {found.length:.3f}"
    '1.05e+06 1.65e-11 1.04e+06 0.954'
    """
    length = 1.0
    for _ in range(ITERATIONS):
        found = CellParameters(Ms / length, A / length**2, Ku1 / length**3, length)
        B_K = 2 * found.Ku1 / found.Ms - MU_0 * factor * found.Ms
        if not B_K > 0:
            raise ParameterError(f"cell parameters: the anisotropy field is {B_K:.3g} T; allowed: above 0")
        before, length = length, warm_length(cells, cell_size, Ms=found.Ms, A=found.A, B_K=B_K, T=T)
        if abs(length - before) < 1e-12:
            break
    return found
