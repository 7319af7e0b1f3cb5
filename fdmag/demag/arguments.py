"""Checks of what a demag convolution is given."""

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh


def checked_precision(dtype: DTypeLike) -> np.dtype:
    """Return the dtype if it is float64 or float32.

    Raises
    ------
    ParameterError
        If it is another.
    """
    dtype = np.dtype(dtype)
    if dtype not in (np.float64, np.float32):
        raise ParameterError(f"demag: dtype = {dtype}; allowed are float64 and float32")
    return dtype


def check_workers(workers: int | None) -> None:
    """Raise a `ParameterError` if a number of threads is given and below 1."""
    if workers is not None and workers < 1:
        raise ParameterError(f"demag: workers = {workers}; allowed are whole numbers of at least 1")


def check_magnetisation(magnetisation: NDArray, mesh: Mesh) -> None:
    """Raise a `ParameterError` if the array is not (batch, 3, nz, ny, nx)."""
    if magnetisation.ndim != 5 or magnetisation.shape[1:] != (3, *mesh.shape):
        raise ParameterError(
            f"demag: magnetisation has shape {magnetisation.shape}; needed is (batch, 3, nz, ny, nx) = "
            f"(batch, 3, {', '.join(map(str, mesh.shape))})"
        )
