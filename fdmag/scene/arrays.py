"""Arrays that a scene reads from files: .npy, .ovf, .vti."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import FileFormatError, ParameterError, did_you_mean
from fdmag.mesh import Mesh
from fdmag.output.ovf_read import read_ovf
from fdmag.output.vtk_read import read_vti
from fdmag.resample import resample_m, stretched


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
    values, source = _read(path, array)
    wanted = mesh.shape if components == 1 else (components, *mesh.shape)
    if values.shape not in (wanted, (1, *wanted)):
        raise ParameterError(f"{path.name} holds an array of shape {values.shape}; this mesh needs {wanted}")
    # As many cells of another size are another body. A file in single precision has seven digits.
    if source is not None and not np.allclose(source.cell_size, mesh.cell_size, rtol=1e-4, atol=0):
        theirs, ours = (" × ".join(f"{edge * 1e9:.6g}" for edge in each.cell_size) for each in (source, mesh))
        raise ParameterError(f"{path.name} holds cells of {theirs} nm; this mesh has {ours} nm")
    return np.asarray(values, dtype=np.float64).reshape(wanted)


def read_m(path: Path, mesh: Mesh, array: str | None, way: Literal["place", "stretch"] | None) -> NDArray[np.float64]:
    """Return the magnetisation of a file, (3, nz, ny, nx), interpolated from the mesh of the file if ``way`` says how.

    Parameters
    ----------
    path, mesh, array
        As for `read_array`.
    way : "place", "stretch" or None
        Take each cell where the file says it is, spread the whole array over the whole mesh, or do not interpolate.

    Raises
    ------
    FileFormatError, ParameterError
        As `read_array` does.
    """
    if way is None:
        try:
            return read_array(path, mesh, 3, array)
        except ParameterError as error:
            raise ParameterError(f'{error}; to interpolate, add resample = "place" or "stretch"') from error
    values, source = _read(path, array)
    values = values[0] if values.ndim == 5 and len(values) == 1 else values
    if values.ndim != 4 or len(values) != 3 or 0 in values.shape:
        raise ParameterError(f"{path.name} holds an array of shape {values.shape}; resample needs (3, nz, ny, nx)")
    if not np.all(np.isfinite(values)):
        raise ParameterError(f"{path.name} holds numbers that are not finite")
    if way == "stretch":
        source = stretched(values.shape[1:], mesh)
    if source is None:
        raise ParameterError(f'{path.name} does not tell where its cells are; use resample = "stretch"')
    if way == "place":
        _check_place(path, source, mesh)
    return resample_m(values, source, mesh)


def _check_place(path: Path, source: Mesh, mesh: Mesh) -> None:
    """Refuse a mesh that lies more than a cell beside that of the file, as where one is counted from another origin."""
    for axis in range(3):
        theirs, ours = (
            [each.origin[axis] * 1e9, (each.origin[axis] + each.cells[axis] * each.cell_size[axis]) * 1e9]
            for each in (source, mesh)
        )
        cell = max(source.cell_size[axis], mesh.cell_size[axis]) * 1e9
        if ours[0] < theirs[0] - cell or ours[1] > theirs[1] + cell:
            raise ParameterError(
                f"{path.name} ends at {theirs[0]:.6g} and {theirs[1]:.6g} nm along {'xyz'[axis]}, this mesh at "
                f'{ours[0]:.6g} and {ours[1]:.6g} nm; give [mesh] origin, or use resample = "stretch"'
            )


def _read(path: Path, array: str | None) -> tuple[NDArray, Mesh | None]:
    """Return the values of a file, and its mesh where it tells."""
    name = path.name
    if array is not None and path.suffix != ".vti":
        raise ParameterError(f"array is for .vti files; {name} has no named arrays")
    if path.suffix == ".npy":
        return _read_npy(path), None
    if path.suffix == ".vti":
        data = read_vti(path)
        return _of_vti(path, data.fields, array), data.mesh
    if path.suffix in (".ovf", ".omf", ".ohf"):
        found = read_ovf(path)
        return found.values, found.mesh
    raise FileFormatError(f"{name} cannot be read; allowed: .npy, .ovf, .omf, .ohf and .vti")


def _read_npy(path: Path) -> NDArray:
    try:
        # Mapped, so that a file of the wrong shape is refused before it is read.
        values = np.lib.format.open_memmap(path, mode="r")
    except (ValueError, EOFError, SyntaxError) as error:
        raise FileFormatError(f"{path.name} is not a NumPy array of numbers ({error})") from error
    if values.dtype.kind not in "fiub":
        raise FileFormatError(f"{path.name} holds values of type {values.dtype}; allowed: real numbers")
    return values


def _of_vti(path: Path, arrays: dict[str, NDArray], array: str | None) -> NDArray:
    if array is None:
        array = "m" if "m" in arrays or len(arrays) != 1 else next(iter(arrays))
    if array not in arrays:
        raise FileFormatError(
            f'{path.name} has no array "{array}"; it has {", ".join(arrays) or "none"}{did_you_mean(array, arrays)}'
        )
    return arrays[array]
