"""The machine a simulation runs on. Only this module may import CuPy."""

import os
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fdmag.errors import ParameterError, did_you_mean
from fdmag.kernels.runtime import Runtime, host_runtime

DEVICES = ("auto", "host", "numpy")
PRECISIONS = ("float32", "float64")


@dataclass(frozen=True)
class Backend:
    """An array module with the precision to compute in.

    Attributes
    ----------
    name : str
        "host" (compiled kernels on NumPy arrays) or "numpy".
    xp : module
        Array module (NumPy).
    dtype : numpy.dtype
        float32 or float64; times are always float64.
    reason : str
        Why this device was chosen, for the log.
    runtime : Runtime or None
        Compiled functions of the host.
    """

    name: str
    xp: ModuleType
    dtype: np.dtype
    reason: str
    runtime: Runtime | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by name: the device is found again where it is needed."""
        return select_backend, (self.name, self.dtype.name)

    def asarray(self, values: Any) -> NDArray:
        """Return ``values`` on this device in the computing precision, contiguous."""
        return self.xp.ascontiguousarray(values, dtype=self.dtype)

    def to_numpy(self, values: Any) -> NDArray:
        """Return a float64 NumPy copy of an array of this device."""
        return np.array(values, dtype=np.float64)


def select_backend(device: str = "auto", dtype: DTypeLike | None = None) -> Backend:
    """Return the backend for a device and a precision.

    Parameters
    ----------
    device : "auto", "host" or "numpy"
        "auto" is ``$FDMAG_DEVICE`` if that is set; otherwise "host" if a C++ compiler is found, else "numpy".
    dtype : float64 (default) or float32

    Raises
    ------
    ParameterError
        For an unknown device or a precision other than float32 and float64, for a wrong ``$FDMAG_THREADS``, and if
        "host" is asked for and there is no compiler that works.

    >>> select_backend("numpy").dtype
    dtype('float64')
    """
    reason = "asked for"
    if device == "auto" and (wish := os.environ.get("FDMAG_DEVICE", "")):
        device, reason = wish, "$FDMAG_DEVICE"
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
    if device == "numpy":
        return Backend("numpy", np, resolved, reason)
    runtime, found = host_runtime(notice=device == "auto")
    if runtime is not None:
        return Backend("host", np, resolved, f"{reason}: {found}" if device == "host" else found, runtime)
    if device == "host":
        raise ParameterError(
            f'device "host" needs a C++ compiler: {found}. Install one, or the Python package ziglang '
            "(pip install 'fdmag[cpu]'), or use device numpy"
        )
    return Backend("numpy", np, resolved, f"no compiled kernels: {found}")
