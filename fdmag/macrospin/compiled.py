"""Steps of an ensemble of macrospins, compiled (`kernels/host/macrospin.h`)."""

import ctypes

import numpy as np
from numpy.typing import NDArray

from fdmag.allocator import address
from fdmag.kernels.library import load
from fdmag.kernels.runtime import Runtime
from fdmag.kernels.source import macrospin_source
from fdmag.macrospin.reference import PARAMETERS, SUMS, Advance

BLOCK = 64
"""Trajectories of one piece of work; as in the kernel."""
# Every lane goes through the same code, so that fusing keeps bits repeatable.
_FLAGS = ("-ffp-contract=fast",)
_POINTER, _INDEX, _INT, _DOUBLE, _WORD = (
    ctypes.c_void_p, ctypes.c_int64, ctypes.c_int, ctypes.c_double, ctypes.c_uint32
)  # fmt: skip


class _Values(ctypes.Structure):
    _fields_ = [("data", _POINTER), ("per_row", _INDEX), ("per_trajectory", _INDEX)]


class _Ensemble(ctypes.Structure):
    _fields_ = [
        ("rows", _INDEX), ("trajectories", _INDEX), ("values", ctypes.POINTER(_Values)), ("m", _POINTER),
        ("passage", _POINTER), ("sums", _POINTER), ("parallel", _POINTER), ("start", _DOUBLE), ("dt", _DOUBLE),
        ("along", _DOUBLE * 3), ("level", _DOUBLE), ("steps", _INDEX), ("first_step", _WORD),
        ("first_trajectory", _WORD), ("key", _WORD * 2), ("noisy", _INT), ("asymmetric", _INT), ("fourth_order", _INT),
        ("watched", _INT), ("stops", _INT),
    ]  # fmt: skip


class CompiledAdvance:
    """`fdmag.macrospin.reference.advance` in compiled code, on the threads of the runtime.

    Raises
    ------
    CompilerError
        The kernel does not compile.
    """

    def __init__(self, runtime: Runtime, dtype: np.dtype) -> None:
        self._runtime, self._dtype = runtime, dtype
        library = load(macrospin_source(dtype), runtime.compiler, _FLAGS)
        self._function = ctypes.CFUNCTYPE(None, _POINTER)(("fdmag_macrospins", library))

    def __call__(self, work: Advance) -> NDArray[np.float64]:
        """Make the steps; see `fdmag.macrospin.reference.Stepping`."""
        rows, trajectories = work.passage.shape
        blocks = -(-trajectories // BLOCK)
        sums = np.empty((rows, blocks, SUMS))
        arrays = [np.ascontiguousarray(each, dtype=self._dtype) for each in work.values]
        views = (_Values * len(PARAMETERS))(*(_view(each) for each in arrays))
        call = _Ensemble(
            rows, trajectories, views, address(work.m), address(work.passage), address(sums), self._runtime.parallel,
            work.start, work.dt, (_DOUBLE * 3)(*work.along), 0.0 if work.level is None else work.level, work.steps,
            work.first_step, work.first_trajectory, (_WORD * 2)(work.seed & 0xFFFFFFFF, work.seed >> 32),
            work.noisy, work.asymmetric, work.fourth_order, work.level is not None, work.stops,
        )  # fmt: skip
        self._function(ctypes.addressof(call))
        return sums.sum(axis=1)


def _view(values: NDArray) -> _Values:
    rows, trajectories = values.shape
    return _Values(address(values), trajectories if rows > 1 else 0, 1 if trajectories > 1 else 0)
