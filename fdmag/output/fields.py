"""Check that an array fits a mesh before it is written to a file."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh


def component_array(mesh: Mesh, field: ArrayLike, name: str) -> NDArray:
    """Return a field as an array (ncomp, nz, ny, nx) of real numbers; a scalar field gets ncomp = 1.

    Parameters
    ----------
    mesh : Mesh
        Mesh that the field lives on.
    field : array, shape (nz, ny, nx) or (ncomp, nz, ny, nx)
        Real, integer or bool values, one or ncomp per cell.
    name : str
        How error messages call the field.

    Raises
    ------
    ParameterError
        If the shape does not fit the mesh or the values are not real numbers.

    Examples
    --------
    >>> component_array(Mesh((4, 2, 1), (1e-9, 1e-9, 1e-9)), np.ones((1, 2, 4)), "Ms").shape
    (1, 1, 2, 4)
    """
    array = np.asarray(field)
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise ParameterError(f"field {name!r} holds values of type {array.dtype}; allowed are real numbers and bools")
    if array.shape == mesh.shape:
        return array[None]
    if array.ndim == 4 and array.shape[1:] == mesh.shape and array.shape[0] > 0:
        return array
    hint = "; write one replica at a time, as field[replica]" if array.ndim == 5 else ""
    raise ParameterError(
        f"field {name!r} has shape {array.shape}; this mesh allows {mesh.shape} and (ncomp, *{mesh.shape}){hint}"
    )


def lower_corner(mesh: Mesh) -> tuple[float, float, float]:
    """Lower corner (x, y, z) of a mesh [m]."""
    assert mesh.origin is not None  # Mesh fills in a default
    return mesh.origin
