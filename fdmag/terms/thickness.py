"""The thickness of a layer, where it is not given: the height of the column of cells that each one is part of."""

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import AXES, Mesh
from fdmag.parameter import Parameter
from fdmag.shares import Shares, heights


def column_height(active: NDArray[np.bool_], axis: int, mesh: Mesh, shares: Shares | None) -> NDArray[np.float64]:
    """Return the height [m] along x, y or z (axis 0, 1, 2) of the active cells in a row without a gap.

    Where smooth edges fill cells in part it is that of what they hold: volume over covered cross-section.

    Parameters
    ----------
    active : array of bool (batch | 1, 1, nz | 1, ny | 1, nx | 1)

    Returns
    -------
    array (batch | 1, 1, nz, ny, nx), or all of length 1 where every cell has the same; a cell's edge where inactive
    """
    cells = np.broadcast_to(active, (*active.shape[:2], *mesh.shape))
    count = heights(cells, axis, periodic=mesh.periodic[axis]) if shares is None else shares.heights(cells, axis)
    found = count * mesh.cell_size[axis]
    return found if np.ptp(found) else found[:1, :, :1, :1, :1]


def along_mesh(normal: Parameter, thickness: Parameter) -> int:
    """Return the axis of the mesh that a normal lies along.

    Raises
    ------
    ParameterError
        If it lies along none, so that the thickness does not follow from the mesh.
    """
    along = np.abs(normal.base) > 1 - 1e-12
    axis = int(np.argmax(np.all(along, axis=(0, 2, 3, 4))))
    if not np.all(along[:, axis]):
        raise ParameterError(
            f"{normal.where}: the normal is not along one of {', '.join(AXES)}, so the thickness of the film "
            f"does not follow from the mesh; give {thickness.where}"
        )
    return axis
