"""The tensor of a whole plane of image cells, seen from above or below, as a sum over its reciprocal lattice.

For |z| beyond the cell's height h_z, with G over the reciprocal lattice of the plane and A the area of its unit,

    φ(R) = (2π/A) Σ_{G≠0} F(G) exp(iG·R - |G||z|) / |G|,   N_ij = -(V/4π) ∂i ∂j φ,
    F(G) = sinc²(G_x h_x/2) sinc²(G_y h_y/2) [sinh(|G| h_z/2) / (|G| h_z/2)]²,

where F is the average over both cells (z stands for the direction across the plane).

Source: the potential of a charged lattice plane, D. E. Parry, Surf. Sci. 49, 433 (1975), with Poisson's formula.
"""

from math import ceil, pi, prod

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_EXPONENT = 32.0  # waves weaker than exp(-32) are left out
_ODD = {frozenset((0, 1)): 3, frozenset((0, 2)): 4, frozenset((1, 2)): 5}


def plane_tensor(
    point: Array, axes: tuple[int, int], periods: tuple[float, float], cell_size: tuple[float, float, float]
) -> Array:
    """Tensor summed over all images of a cell in a plane.

    Parameters
    ----------
    point : (3, n)
        Offsets; across the plane all farther from it than the cell is high.
    axes, periods : two axes and the lengths
        The plane's axes and its periods along them, in the unit of `point`.
    cell_size : (dx, dy, dz)
        Edge lengths of the cell in the same unit.

    Returns
    -------
    float64 array (6, n) in the order xx, yy, zz, xy, xz, yz, with an absolute error of about exp(-32).
    """
    a, b = axes
    c = 3 - a - b
    height = np.abs(point[c])
    clear = float(height.min()) - cell_size[c]
    waves = [2 * pi / p * np.arange(ceil(_EXPONENT / clear * p / (2 * pi)) + 1) for p in periods]
    Ga, Gb = (g.ravel()[1:] for g in np.meshgrid(*waves, indexing="ij"))
    G = np.hypot(Ga, Gb)
    kept = clear * G < _EXPONENT
    Ga, Gb, G = Ga[kept], Gb[kept], G[kept]
    # Waves ±G together: twice, or four times if both components differ from 0.
    weight = np.where(Ga > 0, 2.0, 1.0) * np.where(Gb > 0, 2.0, 1.0) * prod(cell_size) / (2 * prod(periods))
    weight *= (np.sinc(Ga * cell_size[a] / (2 * pi)) * np.sinc(Gb * cell_size[b] / (2 * pi))) ** 2
    weight *= (-np.expm1(-G * cell_size[c]) / (G * cell_size[c])) ** 2 / G
    # The growing half of the square of sinh is taken into the decay, so that nothing overflows.
    decay = np.exp(-G * (height[:, None] - cell_size[c]))
    cos_a, sin_a = np.cos(point[a][:, None] * Ga), np.sin(point[a][:, None] * Ga)
    cos_b, sin_b = np.cos(point[b][:, None] * Gb), np.sin(point[b][:, None] * Gb)
    both = decay * cos_a * cos_b
    tensor = np.empty((6, point.shape[1]))
    tensor[a] = both @ (weight * Ga**2)
    tensor[b] = both @ (weight * Gb**2)
    tensor[c] = -tensor[a] - tensor[b]
    side = np.sign(point[c])
    tensor[_ODD[frozenset((a, b))]] = -(decay * sin_a * sin_b) @ (weight * Ga * Gb)
    tensor[_ODD[frozenset((a, c))]] = -side * ((decay * sin_a * cos_b) @ (weight * Ga * G))
    tensor[_ODD[frozenset((b, c))]] = -side * ((decay * cos_a * sin_b) @ (weight * Gb * G))
    return tensor
