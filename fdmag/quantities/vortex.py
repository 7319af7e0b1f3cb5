"""The core of a vortex: where it is and where it points."""

import numpy as np
from numpy.typing import NDArray

from fdmag.mesh import Mesh


def vortex_core(m: NDArray, weights: NDArray, mesh: Mesh) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the position (x, y) [m] of the core, (batch, 2), and its polarity, the sign of mz there, (batch,).

    The core is where the mean of mz over the layers is largest in size of those cells around which m in the plane turns
    once, in either sense, along their eight neighbours. Next to the border, where some of these are missing, a cell
    counts where |mz| is above 1/2 if it is below 1/2 on the average. NaN where there is no such cell: a vortex that was
    driven out, or another state. Between cells it is the minimum of a parabola
    through tan²(θ/2) = (1 − |mz|)/(1 + |mz|) of that cell and its neighbours, along x and y: exact for a core with
    tan(θ/2) = r/a, the profile of N. A. Usov and S. E. Peschany, J. Magn. Magn. Mater. 118, L290 (1993). At the border
    of the magnet it is the cell's centre.

    Parameters
    ----------
    m : array (batch, 3, nz, ny, nx)
    weights : array (batch | 1, nz, ny, nx)
        How much of each cell is magnet.
    """
    count = np.broadcast_to(weights.sum(axis=1), (m.shape[0], *mesh.shape[1:]))
    mz = (m[:, 2] * weights).sum(axis=1, dtype=np.float64) / np.where(count > 0, count, 1)
    _, _, nx = mesh.shape
    batch = np.arange(m.shape[0])
    average = (np.abs(m[:, 2]) * weights).sum(axis=(1, 2, 3)) / weights.sum(axis=(1, 2, 3))
    turns, complete = _turns(m, weights, mesh)
    possible = np.where(complete, turns, (np.abs(mz) > 0.5) & (average < 0.5)[:, None, None]) & (count > 0)
    row, column = np.divmod(np.argmax((np.abs(mz) * possible).reshape(m.shape[0], -1), axis=1), nx)
    polarity = np.sign(mz[batch, row, column])
    height = np.clip(polarity[:, None, None] * mz, -1 + 1e-12, None)
    opening = np.where(count > 0, (1 - height) / (1 + height), np.nan)
    position = []
    for axis, place in ((0, column), (1, row)):
        n, around = mesh.cells[axis], []
        for step in (-1, 0, 1):
            near = place + step
            at = near % n
            value = opening[batch, row, at] if axis == 0 else opening[batch, at, column]
            inside = mesh.periodic[axis] | ((near >= 0) & (near < n))
            around.append(np.where(inside & (n > 2), value, np.nan))
        below, here, above = around
        bend = below - 2 * here + above
        shift = np.where(bend > 0, (below - above) / (2 * np.where(bend > 0, bend, 1)), 0)
        centres = (mesh.x if axis == 0 else mesh.y).ravel()
        position.append(centres[place] + mesh.cell_size[axis] * np.nan_to_num(shift))
    there = np.asarray(possible.any(axis=(1, 2)))
    return np.where(there[:, None], np.stack(position, axis=1), np.nan), np.where(there, polarity, np.nan)


def _turns(m: NDArray, weights: NDArray, mesh: Mesh) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return around which cells m in the plane turns, and which have all their eight neighbours, (batch, ny, nx)."""
    magnetic = np.broadcast_to(weights.sum(axis=1) > 0, (m.shape[0], *mesh.shape[1:]))
    angle = np.arctan2(*((m[:, k] * weights).sum(axis=1, dtype=np.float64) for k in (1, 0)))
    inside = np.ones(mesh.shape[1:], dtype=bool)
    if not mesh.periodic[0]:
        inside[:, [0, -1]] = False
    if not mesh.periodic[1]:
        inside[[0, -1]] = False
    ring = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))  # steps along y and x
    around = np.stack([np.roll(angle, (-dy, -dx), axis=(1, 2)) for dy, dx in ring])
    complete = (
        np.logical_and.reduce([np.roll(magnetic, (-dy, -dx), axis=(1, 2)) for dy, dx in ring]) & magnetic & inside
    )
    steps = np.roll(around, -1, axis=0) - around
    turned = (np.mod(steps + np.pi, 2 * np.pi) - np.pi).sum(axis=0)
    return complete & (np.abs(turned) > np.pi), complete
