"""The size of a skyrmion."""

import numpy as np
from numpy.typing import NDArray

from fdmag.mesh import Mesh
from fdmag.quantities.texture import TRIANGLES, square_corners, topological_center, topological_charge


def skyrmion_radius(m: NDArray, mesh: Mesh) -> NDArray[np.float64]:
    """Return the radius [m] of a circle as large as the core of a skyrmion, inside which m_z keeps its sign, (batch,).

    The area is that where m_z has the sign it has at the `topological_center`, with m_z linear on the triangles of
    `topological_density`: of second order in the cell size, as is the radius at which m_z = 0. Of several layers the
    mean of m counts. NaN where the charge is not 1 or −1 to within a half: where there is no skyrmion, or several.

    Parameters
    ----------
    m : array (batch, 3, nz, ny, nx)
        Unit vectors; zero where there is no magnet.
    """
    dx, dy, _ = mesh.cell_size
    charge, center = topological_charge(m, mesh), topological_center(m, mesh)
    one = (np.abs(charge) > 0.5) & (np.abs(charge) < 1.5)
    there = m.any(axis=1).sum(axis=1)
    mz = m[:, 2].sum(axis=1) / np.maximum(there, 1)
    at = []
    for axis, (edge, n) in enumerate(zip((dx, dy), mesh.cells[:2], strict=True)):
        place = np.nan_to_num(center[:, axis], nan=mesh.origin[axis]) - mesh.origin[axis]
        at.append(np.clip((place / edge).astype(int), 0, n - 1))
    sign = np.sign(mz[np.arange(len(m)), at[1], at[0]])
    u = (mz * sign[:, None, None])[:, None]
    whole = (there > 0)[:, None]
    (height, inside), (magnetic, _) = square_corners(u, mesh), square_corners(whole, mesh)
    area = np.zeros(len(m))
    for triangle in TRIANGLES:
        full = np.logical_and.reduce([magnetic[corner] for corner in triangle]) & inside[:1]
        area += (_positive_part(*(height[corner] for corner in triangle)) * full).sum(axis=(1, 2, 3))
    return np.where(one, np.sqrt(area * dx * dy / (2 * np.pi)), np.nan)


def _positive_part(a: NDArray, b: NDArray, c: NDArray) -> NDArray[np.float64]:
    """Return the share of each triangle in which what is linear between its corners is above 0."""
    low, middle, high = np.sort(np.stack([a, b, c]), axis=0)
    of_top, of_bottom = (high - low) * (high - middle), (high - low) * (middle - low)
    top = high**2 / np.where(of_top > 0, of_top, 1)
    bottom = low**2 / np.where(of_bottom > 0, of_bottom, 1)
    return np.where(low > 0, 1, np.where(high <= 0, 0, np.where(middle > 0, 1 - bottom, top)))
