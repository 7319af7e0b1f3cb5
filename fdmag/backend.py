"""The machine a simulation runs on. Only this module may import CuPy."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fdmag.errors import ParameterError, did_you_mean

DEVICES = ("auto", "numpy")
PRECISIONS = ("float32", "float64")


@dataclass(frozen=True)
class Backend:
    """An array module with the precision to compute in.

    Attributes
    ----------
    name : str
        Device name as the user gives it.
    xp : module
        Array module (NumPy).
    dtype : numpy.dtype
        float32 or float64; times are always float64.
    reason : str
        Why this device was chosen, for the log.
    """

    name: str
    xp: ModuleType
    dtype: np.dtype
    reason: str

    def asarray(self, values: Any) -> NDArray:
        """Return ``values`` on this device in the computing precision, contiguous."""
        return self.xp.ascontiguousarray(values, dtype=self.dtype)

    def to_numpy(self, values: Any) -> NDArray:
        """Return a float64 NumPy copy of an array of this device."""
        return np.array(values, dtype=np.float64)


def select_backend(device: str = "auto", dtype: DTypeLike | None = None) -> Backend:
    """Return the backend for ``device`` ("auto" or "numpy") and ``dtype`` (default float64).

    Raises
    ------
    ParameterError
        For an unknown device or a precision other than float32 and float64.

    >>> select_backend("numpy").dtype
    dtype('float64')
    """
    if device not in DEVICES:
        hint = did_you_mean(device, DEVICES)
        raise ParameterError(f'device "{device}" is unknown; allowed: {", ".join(DEVICES)}{hint}')
    try:
        resolved = np.dtype(np.float64 if dtype is None else dtype)
    except TypeError:
        resolved = None
    if resolved is None or resolved.name not in PRECISIONS:
        hint = did_you_mean(str(dtype), PRECISIONS)
        raise ParameterError(f"precision {dtype} is not available; allowed: {', '.join(PRECISIONS)}{hint}")
    reason = "asked for" if device == "numpy" else "the only device of this version"
    return Backend("numpy", np, resolved, reason)
