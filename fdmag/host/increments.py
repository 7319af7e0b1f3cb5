"""Increments of Brownian motion in all cells, compiled (`kernels/host/noise.cpp`)."""

import ctypes
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.allocator import address
from fdmag.backend import Backend
from fdmag.kernels.library import load, prepare
from fdmag.kernels.source import noise_source

PARENTS = 3
"""How many of the parts that were divided on the way to the present one are kept; as in the kernel."""
_POINTER, _INDEX = ctypes.c_void_p, ctypes.c_int64
_KEPT = np.dtype([("seed", np.uint64), ("place", np.uint64), ("part", np.int64), ("parents", np.int64, PARENTS)])


class _Drawing(ctypes.Structure):
    _fields_ = [
        *((name, _INDEX) for name in ("cells", "rows", "replicas")),
        *((name, _POINTER) for name in ("replica", "seed", "place", "part", "kept", "now", "parents", "parallel")),
        ("chunks", _INDEX),
    ]


class _Steps(ctypes.Structure):
    _fields_ = [
        *((name, _POINTER) for name in ("drawing", "seeds", "numbers")),
        ("each_seed", _INDEX),
        ("each_number", _INDEX),
        ("factor", ctypes.c_double),
        ("scale", _POINTER),
    ]


class StepNoise:
    """What compiled code needs to have the noise of steps drawn.

    Attributes
    ----------
    draw : int
        Address of ``void draw(void* noise, Index row, Index replica, Index number, Index part, double dt,
        int alone)``.
    noise : int
        Address of its first argument, valid as long as this object lives.
    scale : array (rows, 1)
        Where the scale of each row's step will be.
    drawn : array (replicas, 3, nz, ny, nx)
        Where each replica's numbers will be.
    """

    def __init__(self, draw: int, steps: _Steps, scale: NDArray, drawn: NDArray, kept: Any) -> None:
        self.draw, self.noise = draw, ctypes.addressof(steps)
        self.scale, self.drawn = scale, drawn
        self._kept = steps, kept


class Increments:
    """`fdmag.noise.increments` for whole replicas: a `fdmag.noise.Drawing`.

    The increments of each replica are kept, and where steps are divided those of the parts before it was divided
    last: a step that goes through its parts in order, or repeats one in halves, draws about two numbers for each
    instead of one for each division. What is kept is found by seed, replica, step and part, so that no result depends
    on it.

    Parameters
    ----------
    backend : Backend
        With a runtime.
    shape : (nz, ny, nx)
        Of the mesh.
    """

    def __init__(self, backend: Backend, shape: tuple[int, int, int]) -> None:
        self._backend, self._shape = backend, shape
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out memory and what lives in this process alone."""
        return {"_backend": self._backend, "_shape": self._shape}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin with nothing drawn."""
        self.__dict__.update(state)
        self._forget()

    def _forget(self) -> None:
        self._function: Any = None
        self._library: Any = None
        self._kept = np.zeros(0, _KEPT)
        self._now = self._parents = np.empty(0)
        self._everyone = np.arange(0)
        self._call = _Drawing()
        self._zeros: NDArray | None = None

    def prepare(self) -> None:
        """Begin to compile in the background what a call will need."""
        assert self._backend.runtime is not None
        prepare(noise_source(self._backend.dtype), self._backend.runtime.compiler)

    def __call__(
        self,
        rows: NDArray[np.intp],
        seed: NDArray[np.uint64],
        place: NDArray[np.uint64],
        part: NDArray[np.int64],
        divided: bool,
    ) -> NDArray:
        """Return the increments, see `fdmag.noise.Drawing`."""
        if self._function is None:
            self._function = self._compiled()
        replicas = int(rows.max(initial=-1)) + 1
        if replicas > len(self._kept) or (divided and not len(self._parents)):
            self._make_room(max(replicas, len(self._kept)), divided)
        given = [
            np.ascontiguousarray(each, np.int64) for each in (rows, seed.view(np.int64), place.view(np.int64), part)
        ]
        call = self._call
        call.rows = rows.size
        call.replica, call.seed, call.place, call.part = map(address, given)
        self._function(ctypes.addressof(call))
        return self._now if np.array_equal(rows, self._everyone) else self._now[rows]

    def of_steps(
        self,
        seeds: NDArray[np.uint64],
        numbers: NDArray[np.uint64],
        counted: bool,
        factor: float,
        replicas: int,
        divided: bool,
    ) -> StepNoise:
        """Return what draws steps, ``divided`` or not, for up to so many rows and replicas, until the next call.

        Seeds and numbers are one or as many as replicas; if ``counted``, the first replica has the one number, the next
        one the next. ``factor`` is the scale of the noise times the length of the step.
        """
        if self._function is None:
            self._function = self._compiled()
        if replicas > len(self._kept) or (divided and not len(self._parents)):
            self._make_room(max(replicas, len(self._kept)), divided)
        given = [np.ascontiguousarray(each, np.uint64) for each in (seeds, numbers)]
        scale = np.zeros((replicas, 1), self._backend.dtype)
        steps = _Steps(
            ctypes.addressof(self._call), *map(address, given), seeds.size > 1, not counted, factor, address(scale)
        )
        draw = ctypes.cast(self._library.fdmag_draw_step, _POINTER).value
        assert draw is not None
        return StepNoise(draw, steps, scale, self._now, given)

    def nothing(self) -> NDArray:
        """Return zeros for every replica, (1, 3, nz, ny, nx)."""
        if self._zeros is None:
            self._zeros = np.zeros((1, 3, *self._shape), self._backend.dtype)
        return self._zeros

    def _compiled(self) -> Any:
        assert self._backend.runtime is not None
        self._library = load(noise_source(self._backend.dtype), self._backend.runtime.compiler)
        return ctypes.CFUNCTYPE(None, _POINTER)(("fdmag_increments", self._library))

    def _make_room(self, replicas: int, divided: bool) -> None:
        runtime, dtype = self._backend.runtime, self._backend.dtype
        assert runtime is not None
        self._everyone = np.arange(replicas)
        self._kept = np.zeros(replicas, _KEPT)
        self._now = np.empty((replicas, 3, *self._shape), dtype)
        self._parents = np.empty((PARENTS if divided else len(self._parents), *self._now.shape), dtype)
        self._call = _Drawing(
            cells=prod(self._shape), replicas=replicas, kept=address(self._kept), now=address(self._now),
            parents=address(self._parents) if len(self._parents) else None, parallel=runtime.parallel,
        )  # fmt: skip
