"""Arrays that a scene reads from files: .npy, .ovf, .vti."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import FileFormatError, ParameterError, did_you_mean
from fdmag.mesh import Mesh
from fdmag.output.ovf_read import read_ovf
from fdmag.output.vtk_read import read_vti


def read_array(path: Path, mesh: Mesh, components: int, array: str | None = None) -> NDArray[np.float64]:
    """Return the values of a file on a mesh, (components, nz, ny, nx), or (nz, ny, nx) for one component.

    Parameters
    ----------
    path : Path
    mesh : Mesh
    components : int
    array : str, optional
        Which array of a .vti file; by default "m", or the only one.

    Raises
    ------
    FileFormatError
        If the file is of another kind or damaged.
    ParameterError
        If the array does not fit.
    """
    name = path.name
    if array is not None and path.suffix != ".vti":
        raise ParameterError(f"array is for .vti files; {name} has no named arrays")
    if path.suffix == ".npy":
        values = _read_npy(path)
    elif path.suffix == ".vti":
        values = _of_vti(path, array)
    elif path.suffix in (".ovf", ".omf", ".ohf"):
        values = read_ovf(path).values
    else:
        raise FileFormatError(f"{name} cannot be read; allowed: .npy, .ovf, .omf, .ohf and .vti")
    wanted = mesh.shape if components == 1 else (components, *mesh.shape)
    if values.shape not in (wanted, (1, *wanted)):
        raise ParameterError(f"{name} holds an array of shape {values.shape}; this mesh needs {wanted}")
    return np.asarray(values, dtype=np.float64).reshape(wanted)


def _read_npy(path: Path) -> NDArray:
    try:
        # Mapped, so that a file of the wrong shape is refused before it is read.
        values = np.lib.format.open_memmap(path, mode="r")
    except (ValueError, EOFError, SyntaxError) as error:
        raise FileFormatError(f"{path.name} is not a NumPy array of numbers ({error})") from error
    if values.dtype.kind not in "fiub":
        raise FileFormatError(f"{path.name} holds values of type {values.dtype}; allowed: real numbers")
    return values


def _of_vti(path: Path, array: str | None) -> NDArray:
    arrays = read_vti(path).fields
    if array is None:
        array = "m" if "m" in arrays or len(arrays) != 1 else next(iter(arrays))
    if array not in arrays:
        raise FileFormatError(
            f'{path.name} has no array "{array}"; it has {", ".join(arrays) or "none"}{did_you_mean(array, arrays)}'
        )
    return arrays[array]
