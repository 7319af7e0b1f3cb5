"""The cell-to-cell tensor at a distance: the exact multipole series of two equal rectangular cells.

The tensor between two cells is the second derivative of the Coulomb kernel averaged over both, and the
distribution of the difference of two points in equal boxes is a product of triangles,

    N_ij(R) = -(V/4π) ∂i ∂j φ(R),   φ(R) = ∫ w(r) / |R - r| d³r,   w = Π (h_a - |r_a|) / h_a²,

so with regular harmonics R_l^m = r^l P_l^m e^{imφ}/(l+m)! and irregular I_l^m = (l-m)! P_l^m e^{imφ}/r^{l+1},

    φ = Σ_lm <R_l^m>_w* I_l^m,   ∂z I_l^m = -I_{l+1}^m,   (∂x ± i∂y) I_l^m = ∓ I_{l+1}^{m±1}.

The series converges outside the cell's diagonal. How many orders a distance needs follows from the moments.

Source of the harmonics' expansion and derivatives: C. A. White, M. Head-Gordon, J. Chem. Phys. 101, 6593
(1994); the tensor as a double average: A. J. Newell et al., J. Geophys. Res. 98, 9551 (1993).
"""

from math import factorial, pi, sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_HIGHEST_ORDER = 24  # of φ; the nearest distance at which the series is used follows from it
_TOLERANCE = 1e-13  # bound on what is cut off, relative to the tensor's norm
_CHUNK = 4096  # points per pass: all intermediate arrays stay in the cache


class MultipoleTensor:
    """Demagnetising tensor between two equal cells at any offset beyond `nearest`.

    Parameters
    ----------
    cell_size : (dx, dy, dz) [any unit]
        Edge lengths; offsets are in the same unit. They should be of order 1.

    Attributes
    ----------
    nearest : float
        Smallest distance at which the series keeps its accuracy, about 3 diagonals of the cell.

    Examples
    --------
    >>> far = MultipoleTensor((1.0, 1.0, 1.0))
    >>> N = far(np.array([1000.0]), np.array([0.0]), np.array([0.0]))
    >>> (-4 * np.pi * 1000.0**3 * N[:3, 0]).round(9)
    array([ 2., -1., -1.])
    """

    def __init__(self, cell_size: tuple[float, float, float]) -> None:
        moments = _moments(cell_size)
        orders = range(0, _HIGHEST_ORDER + 1, 2)
        coefficients = {degree: _derivatives(degree, moments[degree]) for degree in moments}
        volume = cell_size[0] * cell_size[1] * cell_size[2]
        # Largest value each order can take at distance 1, relative to a dipole's norm sqrt(6) V / (4π).
        bounds = {degree: _bound(c) for degree, c in coefficients.items()}
        self._first_distances = np.array(
            [max((3 * bounds[k] / _TOLERANCE) ** (1 / k) for k in bounds if k > degree) for degree in orders]
        )
        self.nearest = float(self._first_distances[-1])
        self._coefficients = [
            [
                -volume
                / (4 * pi)
                * np.stack([coefficients[degree][:, m] for degree in range(0, top + 1, 2) if m <= degree + 2], axis=1)
                for m in range(top + 3)
            ]
            for top in orders
        ]

    def __call__(self, x: Array, y: Array, z: Array) -> Array:
        """Tensor at offsets (x, y, z), three arrays (n,).

        Returns
        -------
        float64 array (6, n): xx, yy, zz, xy, xz, yz. Nearer than `nearest` the series is cut too early.
        """
        r = np.sqrt(x * x + y * y + z * z)
        # Index of the lowest order that suffices; the distances fall with the order.
        order = np.searchsorted(-self._first_distances, -r)
        order = np.minimum(order, len(self._first_distances) - 1)
        tensor = np.empty((6, r.size))
        flat = not z.any()
        for index in np.unique(order):
            members = np.flatnonzero(order == index)
            for start in range(0, members.size, _CHUNK):
                part = members[start : start + _CHUNK]
                tensor[:, part] = self._series(index, x[part], y[part], z[part], flat)
        return tensor

    def _series(self, index: int, x: Array, y: Array, z: Array, flat: bool) -> Array:
        """Sum the series up to l = 2 index; `flat` says that all z are 0."""
        top = 2 * index + 2
        inverse_square = 1.0 / (x * x + y * y + z * z)
        slope = z * inverse_square
        sectoral = np.sqrt(inverse_square)  # I_m^m / (x + iy)^m
        cos_part, sin_part = np.ones_like(x), np.zeros_like(x)  # (x + iy)^m
        tensor = np.zeros((6, x.size))
        for m in range(top + 1):
            if not (flat and m % 2):
                even = [sectoral] if m % 2 == 0 and m > 0 else []
                before, last = np.zeros_like(x), sectoral
                for degree in range(m + 1, top + 1):
                    following = -((degree - 1) ** 2 - m * m) * inverse_square * before
                    if not flat:
                        following += (2 * degree - 1) * slope * last
                    before, last = last, following
                    if degree % 2 == 0:
                        even.append(following)
                sums = self._coefficients[index][m] @ np.stack(even)
                if m % 2 == 0:
                    tensor[:3] += sums[:3] * cos_part
                    tensor[3] += sums[3] * sin_part
                else:
                    tensor[4] += sums[4] * cos_part
                    tensor[5] += sums[5] * sin_part
            sectoral = (2 * m + 1) * inverse_square * sectoral
            cos_part, sin_part = x * cos_part - y * sin_part, x * sin_part + y * cos_part
        return tensor


def _bound(coefficients: Array) -> float:
    """Largest value of Σ c_m I_l^m at distance 1, by |I_l^m| <= sqrt((l - m)! (l + m)!), relative to sqrt(6)."""
    degree = coefficients.shape[1] - 1
    largest = [sqrt(factorial(degree - m) * factorial(degree + m)) for m in range(degree + 1)]
    return float(2 * np.abs(coefficients).max(axis=0) @ largest / sqrt(6))


def _moments(cell_size: tuple[float, float, float]) -> dict[int, Array]:
    """Real moments <R_l^m>_w of even l, m (odd ones are zero), by a Gauss rule exact for these polynomials."""
    highest = _HIGHEST_ORDER + 6
    nodes, weights = np.polynomial.legendre.leggauss(highest // 2 + 1)
    nodes, weights = (nodes + 1) / 2, weights / 2
    weights = 2 * (1 - nodes) * weights  # triangle on half an axis; the other half is its mirror image
    z, y, x = (axis.ravel() for axis in np.meshgrid(*(h * nodes for h in reversed(cell_size)), indexing="ij"))
    weight = (weights[:, None, None] * weights[:, None] * weights).ravel()
    r2 = x * x + y * y + z * z
    moments = {degree: np.zeros(degree + 1) for degree in range(0, highest + 1, 2)}
    sectoral, position = np.ones(x.size, dtype=complex), x + 1j * y
    for m in range(highest + 1):
        before, last = np.zeros_like(sectoral), sectoral
        for degree in range(m, highest + 1):
            if degree > m:
                before, last = last, ((2 * degree - 1) * z * last - r2 * before) / ((degree - m) * (degree + m))
            if degree % 2 == 0 and m % 2 == 0:
                moments[degree][m] = weight @ last.real
        sectoral = sectoral * position / (2 * (m + 1))
    return moments


def _derivatives(degree: int, moments: Array) -> Array:
    """Coefficients (6, l + 3) of Re I_{l+2}^m (xx, yy, zz, xz) and Im I_{l+2}^m (xy, yz) in ∂i ∂j φ_l."""
    c = np.zeros((6, degree + 3))
    xx, yy, zz, xy, xz, yz = c
    for m in range(0, degree + 1, 2):
        a = moments[m] * (2 if m else 1)
        mirror = 1 if m else -1  # I_l^{-m} = (-1)^m conj(I_l^m) turns m - 1 and m - 2 around at m = 0
        for step in (m + 2, abs(m - 2)):
            xx[step] += a / 4
            yy[step] -= a / 4
        xx[m] -= a / 2
        yy[m] -= a / 2
        zz[m] += a
        xy[m + 2] += a / 4
        xy[abs(m - 2)] -= mirror * a / 4
        xz[m + 1] += a / 2
        xz[abs(m - 1)] -= mirror * a / 2
        yz[m + 1] += a / 2
        yz[abs(m - 1)] += a / 2
    return c
