"""Periodic axes: the tensor summed over all images of a cell.

The images are counted in two parts. Those nearest, |n| <= K along each periodic axis, are added one by one on
the lattice. The sum over all others varies slowly over the mesh; it is found at Chebyshev nodes and interpolated.

At a node the sum is nested, longest period outermost. Each infinite sum of a function that falls as a power
series in 1/n is a finite part and a Gauss-like rule for the rest (`tail_rule`). A row of images seen from
five or more periods away is replaced by one with fewer, heavier images: by Poisson's summation formula that
changes the sum by exp(-10π) of itself only. A plane of images is summed over waves where it is seen from
above (`plane_waves`), and has no field at all five periods away.

With three periodic axes the sum runs over planes. Another order of summation adds the same matrix at every
offset, which is the field of the sample's outer surface.
"""

from itertools import product
from math import ceil, hypot, log

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.demag.multipole import MultipoleTensor
from fdmag.demag.plane_waves import plane_tensor

Array = NDArray[np.float64]
Triple = tuple[int, int, int]
Rule = list[tuple[float, float]]
"""Image numbers, not always whole, each with its weight."""

_SEEN_FROM = 5.0  # periods at which a row of images looks continuous to exp(-2π * 5)
_WAVES_FROM = 0.25  # periods above a plane of images from which its sum over waves is the shorter one
_SAFETY = 3.3  # distance of the last counted image, in distances to the point: the rest is a series in 1/3.3
_TAIL_POINTS = 12
_INTERPOLATION = 1e-14  # error of Chebyshev interpolation, relative to the sum over the distant images
# Components that change sign with x, y, z, in the order xx, yy, zz, xy, xz, yz.
_ODD = {0: np.array([3, 4]), 1: np.array([3, 5]), 2: np.array([4, 5])}


class PeriodicImages:
    """Sum over the images of a cell along the periodic axes of a mesh.

    Parameters
    ----------
    cells : (nx, ny, nz)
        Number of cells, which for a periodic axis is its period.
    cell_size : (dx, dy, dz) [unit of `far`]
        Edge lengths.
    periodic : three bools
        Periodic axes; with none every method is a plain copy.
    far : MultipoleTensor
        Tensor of the same cell beyond ``far.nearest``.

    Attributes
    ----------
    offset_counts : (ox, oy, oz)
        Offsets at which the sum is wanted: n along an open axis, n // 2 + 1 along a periodic one.
    table_counts : (nx, ny, nz)
        Offsets at which `fold_layer` needs the tensor of a single cell.
    """

    def __init__(
        self,
        cells: Triple,
        cell_size: tuple[float, float, float],
        periodic: tuple[bool, bool, bool],
        far: MultipoleTensor,
    ) -> None:
        self._cells, self._cell_size, self._far = cells, cell_size, far
        period = {a: cells[a] * cell_size[a] for a in range(3) if periodic[a]}
        self._period = period
        self._nested = sorted(period, key=lambda a: -period[a])
        self._nearest_images = {a: max(1, ceil(far.nearest / period[a] - 0.5)) for a in period}
        counts = [cells[a] // 2 + 1 if a in period else cells[a] for a in range(3)]
        self.offset_counts: Triple = (counts[0], counts[1], counts[2])
        for a, images in self._nearest_images.items():
            counts[a] += images * cells[a]
        if len(period) == 2:
            across = 3 - sum(period)
            reach = self._invisible_from(self._nested[0], across)
            counts[across] = min(counts[across], ceil(reach / cell_size[across]))
        self.table_counts: Triple = (counts[0], counts[1], counts[2])

    def fold_layer(self, layer: Array, k: int, tensor: Array) -> None:
        """Add the images found in one layer of the lattice to the sum.

        Parameters
        ----------
        layer : (6, ny, nx)
            Tensor at offsets (i dx, j dy, k dz), counts as in `table_counts`.
        k : int
            Index of the layer along z.
        tensor : (6, oz, oy, ox), changed in place
            The sum, counts as in `offset_counts`.
        """
        for axis, array_axis in ((0, 2), (1, 1)):
            if axis in self._period:
                layer = self._fold(layer, axis, array_axis)
        part = tensor[:, :, : layer.shape[1], : layer.shape[2]]
        if 2 not in self._period:
            part[:, k] += layer
            return
        n = self._cells[2]
        mirrored = layer.copy()
        mirrored[_ODD[2]] *= -1
        for target in range(self.offset_counts[2]):
            if k >= target and (k - target) % n == 0:
                part[:, target] += layer
            image, remainder = divmod(k + target, n)
            if remainder == 0 and 1 <= image <= self._nearest_images[2]:
                part[:, target] += mirrored

    def _fold(self, layer: Array, axis: int, array_axis: int) -> Array:
        n, images, size = self._cells[axis], self._nearest_images[axis], self.offset_counts[axis]
        source = np.moveaxis(layer, array_axis, -1)
        total = np.zeros((*source.shape[:-1], size))
        for m in range(images + 1):
            total += source[..., m * n : m * n + size]
        for m in range(1, images + 1):
            mirrored = source[..., m * n - size + 1 : m * n + 1][..., ::-1].copy()
            mirrored[_ODD[axis]] *= -1
            total += mirrored
        return np.moveaxis(total, -1, array_axis)

    def add_distant(self, tensor: Array) -> None:
        """Add all images beyond the nearest to the sum `tensor` (6, oz, oy, ox), in place."""
        if not self._period:
            return
        scale = min((self._nearest_images[a] + 0.5) * self._period[a] - self._cell_size[a] for a in self._period)
        counts = [min(self.offset_counts[a], self.table_counts[a]) for a in range(3)]
        blocks = [list(_blocks(counts[a], self._cell_size[a], scale)) for a in range(3)]
        for (px, mx, sx), (py, my, sy), (pz, mz, sz) in product(*blocks):
            z, y, x = (g.ravel() for g in np.meshgrid(pz, py, px, indexing="ij"))
            values = self._distant(x, y, z).reshape(6, pz.size, py.size, px.size)
            tensor[:, sz, sy, sx] += np.einsum("czyx,iz,jy,kx->cijk", values, mz, my, mx, optimize=True)

    def _distant(self, x: Array, y: Array, z: Array) -> Array:
        """Sum over all images but the nearest at any offsets within the mesh, (6, n)."""
        point = np.stack([x, y, z])
        if len(self._nested) == 1:
            return self._row(point, self._nested[0], without_nearest=True)
        if len(self._nested) == 2:
            return self._plane(point, self._nested[0], self._nested[1], without_nearest=True)
        axis, outer, inner = self._nested
        period, nearest = self._period[axis], self._nearest_images[axis]
        counted = max(nearest, ceil(self._invisible_from(outer, axis) / period + 0.5))
        total = np.zeros((6, x.size))
        for n in range(-counted, counted + 1):
            total += self._plane(_moved(point, axis, n * period), outer, inner, without_nearest=abs(n) <= nearest)
        return total

    def _invisible_from(self, outer: int, across: int) -> float:
        """Distance along `across` from which a plane of images with longest period along `outer` has no field."""
        return max(_SEEN_FROM * self._period[outer] + self._cell_size[across], self._far.nearest)

    def _plane(self, point: Array, outer: int, inner: int, without_nearest: bool) -> Array:
        """Sum over a plane of images, of which `inner` is the shorter period."""
        across = 3 - outer - inner
        period, nearest = self._period[outer], self._nearest_images[outer]
        reach = max(_WAVES_FROM * period + self._cell_size[across], self._far.nearest)
        total = np.empty((6, point.shape[1]))
        above = np.abs(point[across]) >= reach
        if above.any():
            seen = point[:, above]
            sum_ = plane_tensor(seen, (outer, inner), (period, self._period[inner]), self._cell_size)
            if without_nearest:
                few = _counted(self._nearest_images[inner])
                for n in range(-nearest, nearest + 1):
                    sum_ -= self._weighted(_moved(seen, outer, n * period), inner, few, self._period[inner])
            total[:, above] = sum_
        if not above.all():
            seen = point[:, ~above]
            sum_ = np.zeros((6, seen.shape[1]))
            # Rows past the last one counted must look continuous: their sum is then a series in 1/n.
            continuous = _SEEN_FROM * self._period[inner] + hypot(self._cell_size[outer], self._cell_size[across])
            counted = max(nearest, ceil(_SAFETY * (reach / period + 0.5)), ceil(continuous / period + 0.5))
            for n in range(-counted, counted + 1):
                sum_ += self._row(_moved(seen, outer, n * period), inner, without_nearest and abs(n) <= nearest)
            for position, weight in _both_sides(tail_rule(counted)):
                sum_ += weight * self._row(_moved(seen, outer, position * period), inner, without_nearest=False)
            total[:, ~above] = sum_
        return total

    def _row(self, point: Array, axis: int, without_nearest: bool) -> Array:
        """Sum over the images along the innermost axis."""
        period, nearest = self._period[axis], self._nearest_images[axis]
        across = [a for a in range(3) if a != axis]
        distance = np.hypot(point[across[0]], point[across[1]])
        clear = distance - hypot(self._cell_size[across[0]], self._cell_size[across[1]])
        from_afar = (clear >= _SEEN_FROM * period) & (distance >= self._far.nearest)
        total = np.empty((6, point.shape[1]))
        if from_afar.any():
            seen, spacing = point[:, from_afar], clear[from_afar] / _SEEN_FROM
            ratio = float((distance[from_afar] / spacing).max())
            counted = ceil(_SAFETY * (ratio + 0.5))
            images = _counted(counted) + _both_sides(tail_rule(counted))
            sum_ = self._weighted(seen, axis, images, spacing) * (spacing / period)
            if without_nearest:
                sum_ -= self._weighted(seen, axis, _counted(nearest), period)
            total[:, from_afar] = sum_
        if not from_afar.all():
            close = ~from_afar
            reach = float(distance[close].max()) / period + 0.5
            counted = max(nearest + 1, ceil(_SAFETY * reach))
            images = _counted(counted, nearest if without_nearest else -1) + _both_sides(tail_rule(counted))
            total[:, close] = self._weighted(point[:, close], axis, images, period)
        return total

    def _weighted(self, point: Array, axis: int, images: Rule, spacing: Array | float) -> Array:
        """Weighted sum of the single cell's tensor at point + n spacing along `axis`."""
        total = np.zeros((6, point.shape[1]))
        at_once = max(1, 200_000 // point.shape[1])
        for start in range(0, len(images), at_once):
            n, weight = np.array(images[start : start + at_once]).T
            moved = np.repeat(point[:, None, :], n.size, axis=1)
            moved[axis] += n[:, None] * spacing
            values = self._far(*(coordinate.ravel() for coordinate in moved))
            total += np.einsum("cnp,n->cp", values.reshape(6, n.size, -1), weight)
        return total


def tail_rule(counted: int) -> Rule:
    """Nodes n_j and weights w_j with Σ_{n > counted} F(n) = Σ_j w_j F(n_j).

    Exact for F = n^-2, n^-3 ... n^-13, and for series in 1/n that converge from n = counted / 2 on close to
    rounding: the sum is an integral over 1/n with a discrete measure, whose moments are Hurwitz zeta values.

    Examples
    --------
    >>> n, w = np.array(tail_rule(10)).T
    >>> bool(abs(sum(1.0 / np.arange(1, 11) ** 2) + w @ n**-2 - np.pi**2 / 6) < 1e-14)
    True
    """
    first = counted + 1
    nodes = (np.polynomial.legendre.leggauss(_TAIL_POINTS)[0] + 1) / 2
    powers = np.arange(_TAIL_POINTS)
    moments = scipy.special.zeta(powers + 2, first) * float(first) ** (powers + 2)
    weights = np.linalg.solve(nodes ** powers[:, None], moments) / nodes**2
    return [(first / float(v), float(w)) for v, w in zip(nodes, weights, strict=True)]


def _counted(last: int, excluded: int = -1) -> Rule:
    return [(float(n), 1.0) for n in range(-last, last + 1) if abs(n) > excluded]


def _both_sides(rule: Rule) -> Rule:
    return [(sign * n, weight) for n, weight in rule for sign in (1, -1)]


def _moved(point: Array, axis: int, shift: float) -> Array:
    moved = point.copy()
    moved[axis] += shift
    return moved


def _blocks(count: int, step: float, scale: float) -> list[tuple[Array, Array, slice]]:
    """Cut offsets 0 ... count - 1 at scale, 2 scale, 4 scale ...; per block nodes, interpolation matrix, indices.

    `scale` is the distance of the nearest image left out, whose singularity sets the rate of convergence.
    """
    blocks: list[tuple[Array, Array, slice]] = []
    start, edge = 0, scale
    while start < count:
        stop = min(count, max(start + 1, int(edge / step) + 1))
        offsets: Array = np.arange(start, stop, dtype=np.float64) * step
        middle, half = float(offsets[0] + offsets[-1]) / 2, max(float(offsets[-1] - offsets[0]) / 2, step)
        singular = complex(-middle, scale) / half
        root = (singular * singular - 1) ** 0.5
        n = ceil(log(1 / _INTERPOLATION) / log(max(abs(singular + root), abs(singular - root))))
        if offsets.size <= n:
            blocks.append((offsets, np.eye(offsets.size), slice(start, stop)))
        else:
            nodes = np.polynomial.chebyshev.chebpts1(n)
            basis = np.polynomial.chebyshev.chebvander
            matrix = np.linalg.solve(basis(nodes, n - 1).T, basis((offsets - middle) / half, n - 1).T).T
            blocks.append(
                (np.asarray(middle + half * nodes, np.float64), np.asarray(matrix, np.float64), slice(start, stop))
            )
        start, edge = stop, 2 * edge
    return blocks
