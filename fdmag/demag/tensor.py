"""The demagnetising tensor at all offsets of a mesh: Newell near, multipoles far, images along periodic axes."""

from math import floor

import numpy as np
from numpy.typing import NDArray

from fdmag.demag.images import PeriodicImages
from fdmag.demag.multipole import MultipoleTensor
from fdmag.demag.newell import newell_tensor
from fdmag.mesh import Mesh

Array = NDArray[np.float64]


class LatticeTensor:
    """Tensor between two cells of an infinite lattice, error below 1e-12 of its norm at every offset.

    Parameters
    ----------
    counts : (nx, ny, nz)
        Offsets up to these will be asked for.
    cell_size : (dx, dy, dz) [any unit]
        Edge lengths; they should be of order 1.
    far : MultipoleTensor
        Series of the same cell, used beyond ``far.nearest``.
    """

    def __init__(self, counts: tuple[int, int, int], cell_size: tuple[float, float, float], far: MultipoleTensor):
        self._cell_size = cell_size
        self._far = far
        within = [min(n, floor(far.nearest / d) + 1) for n, d in zip(counts, cell_size, strict=True)]
        self._near = newell_tensor((within[0], within[1], within[2]), cell_size)

    def layer(self, nx: int, ny: int, k: int) -> Array:
        """Tensor at offsets (i dx, j dy, k dz) for all 0 <= i < nx, 0 <= j < ny: float64 array (6, ny, nx)."""
        dx, dy, dz = self._cell_size
        z = k * dz
        near = self._near[:, k, :ny, :nx] if k < self._near.shape[1] else np.empty((6, 0, 0))
        outside = np.ones((ny, nx), dtype=bool)
        outside[: near.shape[1], : near.shape[2]] = False
        j, i = np.nonzero(outside)
        tensor = np.empty((6, ny, nx))
        tensor[:, : near.shape[1], : near.shape[2]] = near
        tensor[:, j, i] = self._far(np.multiply(i, dx), np.multiply(j, dy), np.full(i.size, z))
        return tensor


def demag_tensor(mesh: Mesh) -> Array:
    """Demagnetising tensor N of a mesh at non-negative offsets: B = -mu0 N M.

    The tensor is even in every coordinate for xx, yy, zz; xy is odd in x and y, xz in x and z, yz in y and z.

    Parameters
    ----------
    mesh : Mesh
        Cells, cell size and periodic axes. Along a periodic axis the tensor is the converged sum over all
        images, its absolute error below 1e-11. With all three axes periodic that sum depends on the outer
        shape of the sample; what is returned is then defined up to one constant matrix (see `demag_spectrum`).

    Returns
    -------
    float64 array (6, oz, oy, ox) in the order xx, yy, zz, xy, xz, yz, with offsets 0 ... n - 1 along an open
    axis of n cells and 0 ... n // 2 along a periodic one.

    Examples
    --------
    >>> N = demag_tensor(Mesh(cells=(2, 1, 1), cell_size=(1e-9, 1e-9, 1e-9)))
    >>> N[:3, 0, 0].round(8)
    array([[ 0.33333333, -0.13501718],
           [ 0.33333333,  0.06750859],
           [ 0.33333333,  0.06750859]])
    """
    largest = max(mesh.cell_size)
    dx, dy, dz = (d / largest for d in mesh.cell_size)
    cell_size = (dx, dy, dz)
    far = MultipoleTensor(cell_size)
    images = PeriodicImages(mesh.cells, cell_size, mesh.periodic, far)
    nx, ny, nz = images.table_counts
    lattice = LatticeTensor((nx, ny, nz), cell_size, far)
    ox, oy, oz = images.offset_counts
    tensor = np.zeros((6, oz, oy, ox))
    for k in range(nz):
        images.fold_layer(lattice.layer(nx, ny, k), k, tensor)
    images.add_distant(tensor)
    return tensor
