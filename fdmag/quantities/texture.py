"""Topology and roughness of a magnetisation: the lattice's topological charge, angles between neighbours."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fdmag.mesh import Mesh

CORNERS = ((0, 0), (0, 1), (1, 1), (1, 0))
"""Of a square of four cells: steps along y and x, counter-clockwise seen from +z."""
TRIANGLES = ((0, 1, 2), (0, 2, 3))
"""The two triangles that a square is cut into, by corners."""


def square_corners(values: NDArray, mesh: Mesh) -> tuple[list[NDArray], NDArray[np.bool_]]:
    """Return values (..., nz, ny, nx) at the four corners of the square that begins at each cell, and whether it is
    inside the mesh, (nz, ny, nx).
    """
    inside = np.ones(mesh.shape, dtype=bool)
    if not mesh.periodic[0]:
        inside[:, :, -1] = False
    if not mesh.periodic[1]:
        inside[:, -1] = False
    return [np.roll(values, (-dy, -dx), axis=(-2, -1)) for dy, dx in CORNERS], inside


def topological_density(m: NDArray, mesh: Mesh) -> NDArray[np.float64]:
    """Return the topological charge per area of each cell in its layer [1/m²], (batch, nz, ny, nx).

    Every square of four cells in the xy plane is cut into two triangles. The solid angle Ω of a triangle,
    tan(Ω/2) = m1·(m2 × m3) / (1 + m1·m2 + m2·m3 + m3·m1), over 4π is its charge, a third of which goes to each of its
    cells. Triangles with an empty cell have none; those across a periodic border count. In a layer without border, or
    with m uniform along it, the charges add up to an integer.

    Sign: that of (1/4π) m·(∂x m × ∂y m). *A skyrmion whose core points along +z, in a film magnetised along −z, has
    the charge +1*, one with its core along −z the charge −1.

    Parameters
    ----------
    m : array (batch, 3, nz, ny, nx)
        Unit vectors; zero where there is no magnet.

    Source: B. Berg, M. Lüscher, Nucl. Phys. B 190, 412 (1981); A. Van Oosterom, J. Strackee, IEEE Trans. Biomed. Eng.
    30, 125 (1983), for the solid angle.
    """
    charge = np.zeros((m.shape[0], *mesh.shape))
    if min(mesh.cells[:2]) == 1:
        return charge
    at, inside = square_corners(m, mesh)
    for triangle in TRIANGLES:
        angle = _solid_angle(*(at[corner] for corner in triangle)) * inside
        for corner in triangle:
            charge += np.roll(angle, CORNERS[corner], axis=(2, 3))
    dx, dy, _ = mesh.cell_size
    return charge / (12 * np.pi * dx * dy)


def topological_charge(m: NDArray, mesh: Mesh) -> NDArray[np.float64]:
    """Return the topological charge, (batch,): of several layers the mean; see `topological_density`.

    >>> mesh = Mesh((3, 3, 1), (1e-9, 1e-9, 1e-9))
    >>> topological_charge(np.broadcast_to([[0.0], [0.0], [1.0]], (3, 9)).reshape(1, 3, 1, 3, 3), mesh)
    array([0.])
    """
    dx, dy, _ = mesh.cell_size
    return topological_density(m, mesh).sum(axis=(1, 2, 3)) * dx * dy / _layers(m)


def topological_center(m: NDArray, mesh: Mesh) -> NDArray[np.float64]:
    """Return the centre (x, y) [m] of the topological charge, (batch, 2): where a skyrmion is.

    NaN where the charge is below 1/2. Along a periodic axis each cell counts at its image nearest to the middle of the
    charge as it lies on a circle, and the centre is inside the mesh.

    Parameters
    ----------
    m : array (batch, 3, nz, ny, nx)
        Unit vectors; zero where there is no magnet.
    """
    density = topological_density(m, mesh)
    total = density.sum(axis=(1, 2, 3))
    dx, dy, _ = mesh.cell_size
    clear = np.abs(total) * dx * dy / _layers(m) >= 0.5
    weights = density / np.where(clear, total, 1)[:, None, None, None]
    center = []
    for axis, place in enumerate((mesh.x, mesh.y)):
        low, length = mesh.origin[axis], mesh.size[axis]
        if mesh.periodic[axis]:
            turn = 2 * np.pi / length
            around = (weights * np.exp(1j * turn * place)).sum(axis=(1, 2, 3))
            middle = np.angle(around)[:, None, None, None] / turn
            away = np.mod(place - middle + length / 2, length) - length / 2
            found = low + np.mod((weights * (middle + away)).sum(axis=(1, 2, 3)) - low, length)
        else:
            found = (weights * place).sum(axis=(1, 2, 3))
        center.append(np.where(clear, found, np.nan))
    return np.stack(center, axis=1)


def _layers(m: NDArray) -> NDArray[np.int64]:
    """Return the number of layers with magnetic cells, at least 1, (batch,)."""
    return np.maximum(m.any(axis=(1, 3, 4)).sum(axis=1), 1)


def spin_angle(m: NDArray, mesh: Mesh) -> NDArray[np.float64]:
    """Return the largest angle [rad] of m to that of a magnetic neighbour, (batch, nz, ny, nx).

    Neighbours are the nearest cells along x, y and z, across periodic borders too. 0 where there is none.
    """
    largest = np.zeros((m.shape[0], *mesh.shape))
    for axis, angle in neighbour_angles(m, mesh):
        np.maximum(largest, angle, out=largest)
        np.maximum(largest, np.roll(angle, 1, axis=3 - axis), out=largest)
    return largest


def neighbour_angles(m: NDArray, mesh: Mesh) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield each axis (0, 1, 2) with the angles [rad] of m to that of the next cell along it, (batch, nz, ny, nx).

    They are 0 where that has no magnet, and at the end of an axis that is not periodic.
    """
    for axis in range(3):
        if mesh.cells[axis] == 1:
            continue
        place = 4 - axis
        angle = _angle(m, np.roll(m, -1, axis=place))
        if not mesh.periodic[axis]:
            last = [slice(None)] * angle.ndim
            last[place - 1] = slice(-1, None)
            angle[tuple(last)] = 0
        yield axis, angle


def _angle(a: NDArray, b: NDArray) -> NDArray[np.float64]:
    cross = np.cross(a, b, axis=1)
    return np.arctan2(np.sqrt((cross * cross).sum(axis=1)), (a * b).sum(axis=1))


def _solid_angle(a: NDArray, b: NDArray, c: NDArray) -> NDArray[np.float64]:
    """Return the solid angle of each triangle of unit vectors, 0 where one of them is zero."""
    volume = (a * np.cross(b, c, axis=1)).sum(axis=1)
    sum_of_cosines = (a * b).sum(axis=1) + (b * c).sum(axis=1) + (c * a).sum(axis=1)
    whole = a.any(axis=1) & b.any(axis=1) & c.any(axis=1)
    return np.where(whole, 2 * np.arctan2(volume, 1 + sum_of_cosines), 0)
