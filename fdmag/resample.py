"""Magnetisation of one mesh on another, by trilinear interpolation."""

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import AXES, Mesh


def stretched(shape: tuple[int, int, int], mesh: Mesh) -> Mesh:
    """Return the mesh of an array (nz, ny, nx) that covers all of ``mesh``."""
    cells = shape[::-1]
    edges = [length / n for length, n in zip(mesh.size, cells, strict=True)]
    return Mesh(cells, edges, mesh.periodic, mesh.origin)


def resample(values: NDArray, source: Mesh, target: Mesh) -> NDArray[np.float64]:
    """Return a field on the cells of another mesh: trilinear between cell centres, exact for linear fields.

    Between the outermost centres and the faces of the source it goes on linearly; beyond the faces it stays constant.
    Along an axis that is periodic in the target, and over whose whole length the source goes, it is interpolated
    around. Axes of one source cell are constant.

    Parameters
    ----------
    values : array (ncomp, nz, ny, nx) on ``source``
    source, target : Mesh

    Returns
    -------
    array (ncomp, nz, ny, nx) on ``target``, float64

    Raises
    ------
    ParameterError
        If the array does not fit the source.

    Examples
    --------
    >>> coarse, fine = Mesh((2, 1, 1), (2e-9, 1e-9, 1e-9)), Mesh((4, 1, 1), (1e-9, 1e-9, 1e-9))
    >>> resample(np.array([[[[-1.0, 1.0]]]]), coarse, fine).ravel()
    array([-1.5, -0.5,  0.5,  1.5])
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 4 or values.shape[1:] != source.shape:
        raise ParameterError(f"array of shape {values.shape}; allowed: (ncomp, *{source.shape})")
    for axis in range(3):
        if source.cells[axis] > 1:
            lower, upper, share = _neighbours(source, target, axis)
            along = 3 - axis
            share = share.reshape(-1, *(1,) * axis)
            values = values.take(lower, axis=along) * (1 - share) + values.take(upper, axis=along) * share
    return np.array(np.broadcast_to(values, (values.shape[0], *target.shape)))


def resample_m(m: NDArray, source: Mesh, target: Mesh) -> NDArray[np.float64]:
    """Return unit vectors on another mesh; empty cells (zero length) take those of the nearest magnetic cell.

    Parameters
    ----------
    m : array (3, nz, ny, nx) on ``source``
    source, target : Mesh

    Returns
    -------
    array (3, nz, ny, nx) on ``target``

    Raises
    ------
    ParameterError
        If the array does not fit the source, or m is zero everywhere.
    """
    m = np.asarray(m, dtype=np.float64)
    length = np.linalg.norm(m, axis=0)
    if not length.any():
        raise ParameterError("m is zero in every cell; give a magnetisation")
    nearest = scipy.ndimage.distance_transform_edt(
        length == 0, sampling=source.cell_size[::-1], return_distances=False, return_indices=True
    )
    filled = (m / np.where(length > 0, length, 1))[:, *nearest]
    found = resample(filled, source, target)
    size = np.linalg.norm(found, axis=0)
    lost = size < 1e-6  # halfway between opposite vectors
    if lost.any():
        places = (_neighbours(source, target, axis) for axis in (2, 1, 0))
        chosen = [np.where(share < 0.5, lower, upper) for lower, upper, share in places]
        found = np.where(lost, [component[np.ix_(*chosen)] for component in filled], found)
        size = np.where(lost, 1.0, size)
    return found / size


def _neighbours(source: Mesh, target: Mesh, axis: int) -> tuple[NDArray, NDArray, NDArray]:
    """Return the source cells below and above each target cell along an axis, and the share of the upper one."""
    n, edge = source.cells[axis], source.cell_size[axis]
    centre = getattr(target, AXES[axis]).ravel()
    place = (centre - source.origin[axis]) / edge - 0.5
    if n == 1:
        zeros = np.zeros(place.size, dtype=np.intp)
        return zeros, zeros, np.zeros(place.size)
    if target.periodic[axis] and abs(source.size[axis] - target.size[axis]) < 1e-6 * target.size[axis]:
        lower = np.floor(place)
        return lower.astype(np.intp) % n, (lower.astype(np.intp) + 1) % n, place - lower
    place = np.clip(place, -0.5, n - 0.5)
    lower = np.clip(np.floor(place), 0, n - 2).astype(np.intp)
    return lower, lower + 1, place - lower
