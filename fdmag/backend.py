"""The machine a simulation runs on. Only this module may import CuPy."""

import importlib
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fdmag.errors import ParameterError, did_you_mean
from fdmag.kernels.cuda import CudaDevice
from fdmag.kernels.runtime import Runtime, host_runtime

DEVICES = ("auto", "cuda", "host", "numpy")
PRECISIONS = ("float32", "float64")
DEFAULT_PRECISION = {"cuda": "float32", "host": "float64", "numpy": "float64"}


@dataclass(frozen=True)
class Backend:
    """An array module with the precision to compute in.

    Attributes
    ----------
    name : str
        "cuda" (compiled kernels on a GPU), "host" (compiled kernels on NumPy arrays) or "numpy".
    xp : module
        Array module of terms and states: NumPy. On a GPU only what is compiled sees the device's own arrays.
    dtype : numpy.dtype
        float32 or float64; times are always float64.
    reason : str
        Why this device was chosen, for the log.
    runtime : Runtime or None
        Compiled functions of the host.
    cuda : CudaDevice or None
        The GPU.
    """

    name: str
    xp: ModuleType
    dtype: np.dtype
    reason: str
    runtime: Runtime | None = None
    cuda: CudaDevice | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by name: the device is found again where it is needed."""
        return select_backend, (self.name, self.dtype.name)

    def asarray(self, values: Any) -> NDArray:
        """Return ``values`` on this device in the computing precision, contiguous."""
        return self.xp.ascontiguousarray(values, dtype=self.dtype)

    def to_numpy(self, values: Any) -> NDArray:
        """Return a float64 NumPy copy of an array of this device."""
        return np.array(values, dtype=np.float64)


def select_backend(
    device: str = "auto", dtype: DTypeLike | None = None, ahead: Callable[[np.dtype], None] | None = None
) -> Backend:
    """Return the backend for a device and a precision.

    Parameters
    ----------
    device : "auto", "cuda", "host" or "numpy"
        "auto" is ``$FDMAG_DEVICE`` if that is set; otherwise "cuda" if CuPy is installed and finds a GPU, else "host"
        if a C++ compiler is found, else "numpy".
    dtype : float64 or float32
        By default float32 on a GPU and float64 elsewhere.
    ahead : callable, optional
        Is given the precision before kernels of the host are waited for: what to compile beside them.

    Raises
    ------
    ParameterError
        For an unknown device or a precision other than float32 and float64, for a wrong ``$FDMAG_THREADS``, if
        "host" is asked for and there is no compiler that works, and if "cuda" is and CuPy or the GPU is missing.

    >>> select_backend("numpy").dtype
    dtype('float64')
    """
    reason = "asked for"
    if device == "auto" and (wish := os.environ.get("FDMAG_DEVICE", "")):
        device, reason = wish, "$FDMAG_DEVICE"
    if device not in DEVICES:
        hint = did_you_mean(device, DEVICES)
        raise ParameterError(f'device "{device}" is unknown; allowed: {", ".join(DEVICES)}{hint}')
    if dtype is not None:
        _check_precision(dtype)

    def resolved(name: str) -> np.dtype:
        return np.dtype(DEFAULT_PRECISION[name] if dtype is None else dtype)

    gpu, no_gpu = cuda_device() if device in ("auto", "cuda") else (None, "")
    if gpu is not None:
        explained = f"{reason}: {gpu.name}" if device == "cuda" else gpu.name
        return Backend("cuda", np, resolved("cuda"), explained, cuda=gpu)
    if device == "cuda":
        raise ParameterError(
            f'device "cuda" cannot be used: {no_gpu}. It needs an NVIDIA GPU with its driver, and CuPy: '
            "pip install 'fdmag[cuda12]' or 'fdmag[cuda13]'; else use device host or numpy"
        )
    if device == "numpy":
        return Backend("numpy", np, resolved("numpy"), reason)
    if ahead is not None:
        ahead(resolved("host"))
    runtime, found = host_runtime(notice=device == "auto")
    if device == "auto" and _has_cupy():
        found = f"{found}; {no_gpu}"
    if runtime is not None:
        explained = f"{reason}: {found}" if device == "host" else found
        return Backend("host", np, resolved("host"), explained, runtime)
    if device == "host":
        raise ParameterError(
            f'device "host" needs a C++ compiler: {found}. Install one, or the Python package ziglang '
            "(pip install 'fdmag[cpu]'), or use device numpy"
        )
    return Backend("numpy", np, resolved("numpy"), f"no compiled kernels: {found}")


def _check_precision(dtype: DTypeLike) -> None:
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in PRECISIONS:
        hint = did_you_mean(str(dtype), PRECISIONS)
        raise ParameterError(f"precision {dtype} is not available; allowed: {', '.join(PRECISIONS)}{hint}")


def cuda_device() -> tuple[CudaDevice | None, str]:
    """Return the GPU that CuPy uses, or None, and a phrase that says which or why there is none."""
    return _cuda_device() if _has_cupy() else (None, "CuPy is not installed")


def _has_cupy() -> bool:
    return importlib.util.find_spec("cupy") is not None


@cache
def _cuda_device() -> tuple[CudaDevice | None, str]:
    try:
        cupy = importlib.import_module("cupy")
        if cupy.cuda.runtime.getDeviceCount() == 0:
            return None, "CuPy finds no GPU"
        device = CudaDevice(cupy)
        device.kernel('extern "C" __global__ void fd_trial() {}', "fd_trial")  # NVRTC may be missing, too
    except Exception as error:  # CuPy's own kinds of error cannot be named before it is imported
        return None, f"CuPy finds no GPU that works ({type(error).__name__}: {error})"
    return device, device.name
