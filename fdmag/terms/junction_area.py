"""Which cells a tunnel junction is read in, and the area that each of them conducts through."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.mesh import Mesh


def junction_area(term: Any, mesh: Mesh, magnetic: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the area [m²] by which a cell's 1/RA_P counts in the junction, (batch | 1, 1, nz, ny, nx); 0 outside.

    In each column of cells it is the magnetic one of the free layer that is nearest to the reference layer. The free
    layer is where P is not 0, and all of the magnet in a replica where P is 0 everywhere.

    Parameters
    ----------
    term : TunnelTorque
        Bound and complete.
    mesh : Mesh
    magnetic : array of bool (batch | 1, 1, nz | 1, ny | 1, nx | 1)
        Where Ms > 0.
    """
    polarised = term.P.base != 0
    free = magnetic & (polarised | ~polarised.any(axis=(1, 2, 3, 4), keepdims=True))
    distance = np.where(free, _distance(term, mesh), np.inf)
    distance = np.broadcast_to(distance, (*distance.shape[:2], *mesh.shape))
    nearest = np.argmin(distance, axis=2)[:, :, None]
    read = np.isfinite(distance) & (np.arange(mesh.shape[0])[:, None, None] == nearest)
    dx, dy, _ = mesh.cell_size
    area: NDArray[np.float64] = read * (dx * dy)
    if term.shares is not None:
        # Smooth edges divide RA_P by the share of the volume; what conducts is that of the cross-section.
        volume, covered = term.shares.volume, term.shares.area(2)
        area = area * np.where(volume > 0, covered / np.where(volume > 0, volume, 1), 0)[..., None, :, :, :]
    return area


def has_two_references(term: Any, magnetic: NDArray[np.bool_]) -> bool:
    """Return whether a column holds cells of the free layer with the reference below, and with the reference above."""
    free = magnetic & (term.P.base != 0)
    below, above = (np.any(free & (steps.base > 0), axis=2) for steps in (term.below, term.above))
    return bool(np.any(below & above))


def _distance(term: Any, mesh: Mesh) -> NDArray[np.float64]:
    """Return how many cells away the reference layer is; infinite where there is none."""
    if hasattr(term, "below"):
        down, up = term.below.base, term.above.base
        return np.where(down > 0, down, np.where(up > 0, up, np.inf))
    height = np.arange(1.0, mesh.shape[0] + 1)[:, None, None]
    return np.where(term.side.base < 0, height, mesh.shape[0] + 1 - height)
