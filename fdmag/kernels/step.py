"""Passes of a Runge–Kutta step as compiled code reads them."""

import ctypes
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fdmag.allocator import address
from fdmag.kernels.library import load
from fdmag.kernels.source import step_source
from fdmag.kernels.unit import Unit

_POINTER, _INDEX = ctypes.c_void_p, ctypes.c_int64
_ALIGNED = 64  # bytes
_LARGE = 32768  # cells, from which on the cells of a row are shared out to threads; before, the rows
_POINTS = 4  # of the fields kept from which one is extrapolated, see `kPoints` of `kernels/host/step.h`
_STAGGER = 320  # bytes between arrays, so that equal cells of all of them do not fall on the same cache lines


class Sum(Protocol):
    """Σ weights × the vectors in slots, plus ``own`` times the present one."""

    slots: tuple[int, ...]
    weights: tuple[float, ...]
    own: float


class Setter(Protocol):
    """A C function that sets parameters, its first argument, and where it notes impossible values: when, by replica."""

    function: int
    drives: int
    refused: NDArray[np.float64]


class Kept(Protocol):
    """Which fields of the ends of the last steps there are: see `fdmag.solvers.slow_field.Past`."""

    points: int
    newest: NDArray[np.int64]
    known: NDArray[np.int64]
    steps: NDArray[np.float64]


class _Sum(ctypes.Structure):
    _fields_ = [("count", _INDEX), ("slots", _POINTER), ("weights", _POINTER), ("own", ctypes.c_double)]


class _Pass(ctypes.Structure):
    _fields_ = [
        *((name, _INDEX) for name in ("stage", "target", "sums_step", "sums_error", "error_slot", "slot")),
        ("step", _Sum),
        ("error", _Sum),
        ("views", _POINTER),
    ]


class _Past(ctypes.Structure):
    _fields_ = [(name, _POINTER) for name in ("fields", "steps", "tried", "weights", "newest", "known")]


class _Step(ctypes.Structure):
    _fields_ = [
        ("problem", _POINTER),
        ("slopes", _POINTER),
        ("totals", _POINTER),
        *((name, _INDEX) for name in ("batch", "stages", "descent", "moments", "scaled", "has_field")),
        *((name, _INDEX) for name in ("slot_size", "buffer_size", "last_slot")),
        *((name, _POINTER) for name in ("m", "slots", "buffers", "swapped", "convolve", "handles")),
        ("lanes", _INDEX),
        ("threads", _INDEX),
        *((name, _POINTER) for name in ("drive", "drives", "refused", "t", "c")),
        ("past", _Past),
    ]


class PassTable:
    """Passes in the memory layout of `kernels/host/step.h`."""

    def __init__(self, passes: Sequence[Any]) -> None:
        self.stages: list[int | None] = [each.stage for each in passes]
        self._kept: list[NDArray] = []
        self._table = (_Pass * len(passes))(*(self._packed(each) for each in passes))
        self.addresses = [ctypes.addressof(each) for each in self._table]

    def give(self, number: int, views: ctypes.Array) -> None:
        """Let a pass read its parameters from ``views`` (see `Unit.views`), which the caller keeps alive."""
        self._table[number].views = ctypes.addressof(views)

    def forget(self) -> None:
        """Let every pass read the parameters of the problem."""
        for each in self._table:
            each.views = None

    def _packed(self, each: Any) -> _Pass:
        numbers = (-1 if value is None else value for value in (each.stage, each.target))
        places = (-1 if value is None else value for value in (each.error_slot, each.slot))
        wanted = each.step is not None, each.error is not None
        return _Pass(*numbers, *wanted, *places, self._sum(each.step), self._sum(each.error), None)

    def _sum(self, each: Sum | None) -> _Sum:
        if each is None:
            return _Sum()
        slots, weights = np.array(each.slots, dtype=np.int64), np.array(each.weights, dtype=np.float64)
        self._kept += [slots, weights]
        return _Sum(len(slots), slots.ctypes.data, weights.ctypes.data, each.own)


class UnitStep:
    """Memory of a stepper, and the calls of compiled code that work in it.

    Parameters
    ----------
    unit : Unit
    m : array (batch, 3, nz, ny, nx)
        The state, stepped in place.
    stages, slots, last_slot : int
        Of the method; ``last_slot`` is -1 if there is none.
    descent : bool
        Step along −m × (m × B) instead of the Landau–Lifshitz–Gilbert equation.
    field : "none", "given", "per unit Ms" or "of Ms m"
        Whether there is a field besides that of the unit's terms; if so whether the caller writes it into `field`,
        or a convolution computes it from m, to be multiplied by Ms, or from Ms m.
    past : Kept or None
        Which fields of the ends of the last steps are kept, four of them, if stages within a step extrapolate the
        convolution's field.

    Raises
    ------
    MemoryError
    """

    def __init__(
        self,
        unit: Unit,
        m: NDArray,
        stages: int,
        slots: int,
        last_slot: int,
        *,
        descent: bool,
        field: str,
        past: Kept | None = None,
    ) -> None:
        unit.reserve(len(m))
        self.unit = unit
        self.m = m
        self.field = field
        moments = field == "of Ms m"
        size = -(-m.nbytes // _ALIGNED) * _ALIGNED + _STAGGER
        assert past is None or past.points == _POINTS
        kept = 0 if past is None else past.points + 1
        count = slots + 2 + moments + kept
        total = count * size
        try:
            memory = np.empty(total + _ALIGNED, np.uint8)
        except MemoryError:
            raise MemoryError(
                f"{count} slopes, stages and fields of {m.shape[0]} replicas with {m[0, 0].size} cells in "
                f"{m.dtype} need {total / 2**30:.1f} GiB"
            ) from None
        start = -address(memory) % _ALIGNED
        at = [memory[start + k * size :][: m.nbytes].view(m.dtype).reshape(m.shape) for k in range(count)]
        self.slots, self.buffers, fields = at[:slots], at[slots : count - kept], at[count - kept :]
        self.swapped = np.zeros(len(m), np.uint8)
        self._kept: Any = None
        self._driven: Any = None
        numbers = size // m.dtype.itemsize
        self._step = _Step(
            unit.problem, unit.slopes, unit.totals,
            len(m), stages, descent, moments, field == "per unit Ms", field != "none",
            numbers, numbers, last_slot,
            address(m), address(self.slots[0]), address(self.buffers[0]), address(self.swapped), None, None, 1, 1,
        )  # fmt: skip
        if past is not None:
            tried, weights = np.empty(len(m)), np.empty((len(m), stages, past.points))
            self._past = past, tried, weights
            arrays = fields[0], past.steps, tried, weights, past.newest, past.known
            self._step.past = _Past(*map(address, arrays))
        self._address = ctypes.addressof(self._step)
        library = load(step_source(m.dtype), unit.compiler)
        arguments = (_POINTER, _POINTER, _INDEX, _INDEX, _POINTER, _POINTER, _POINTER)
        self._passes = ctypes.CFUNCTYPE(None, *arguments)(("fdmag_passes", library))
        self._accept = ctypes.CFUNCTYPE(None, _POINTER, _INDEX, _POINTER, _POINTER)(("fdmag_accept", library))
        passes, choice, rows = [_POINTER, _INDEX] * 2, [_POINTER] * 3, [_INDEX, *[_POINTER] * 3]
        self._advance = ctypes.CFUNCTYPE(None, _POINTER, *passes, *choice, *rows, _INDEX, _POINTER)(
            ("fdmag_advance", library)
        )

    def use(self, unit: Unit) -> None:
        """Work with another unit of the same mesh and precision."""
        self.unit = unit
        unit.reserve(len(self.m))
        self._step.problem, self._step.slopes, self._step.totals = unit.problem, unit.slopes, unit.totals

    def convolve_with(self, function: int, handles: Sequence[int], threads: int) -> None:
        """Let a C function give the field: of a large row in ``threads`` threads, of small ones by a handle each."""
        self._kept = (_POINTER * len(handles))(*handles)
        self._step.convolve, self._step.handles, self._step.threads = function, ctypes.addressof(self._kept), threads

    def drive_with(self, drives: Setter | None, t: NDArray[np.float64], c: NDArray[np.float64] | None) -> None:
        """Have parameters set for each stage of a row, at t + c dt of its replica, or at t without c; None: not."""
        self._driven = drives, t, c
        step = self._step
        step.drive, step.drives, step.refused, step.t, step.c = None, None, None, address(t), None
        if drives is not None:
            step.drive, step.drives, step.refused = drives.function, drives.drives, address(drives.refused)
        if c is not None:
            step.c = address(c)

    def use_lanes(self, threads: int) -> int:
        """Use so many threads; return how many rows are done at the same time: one, if rows are large."""
        lanes = min(threads, len(self.m)) if self.m[0, 0].size < _LARGE else 1
        self._step.lanes, self._step.threads = lanes, threads
        return lanes

    def run(
        self, passes: PassTable, chosen: slice, rows: int, replicas: NDArray | None, dt: NDArray | None
    ) -> NDArray[np.float64]:
        """Do some of the passes; return largest error over dt and largest displacement, (2, rows), if they find them.

        ``replicas`` (int64) says which replicas the rows are; None: all.
        """
        out = np.empty((2, rows))
        first, last, _ = chosen.indices(len(passes.addresses))
        self._passes(
            self._address, passes.addresses[first], last - first, rows,
            None if replicas is None else address(replicas), None if dt is None else address(dt), address(out),
        )  # fmt: skip
        return out

    def advance(
        self,
        passes: PassTable,
        attempt: slice,
        anew: slice,
        control: int,
        course: int | None,
        progress: int,
        ends: NDArray[np.float64],
        room: NDArray[np.float64] | None,
        replicas: NDArray | None,
        most: int,
    ) -> NDArray[np.uint8]:
        """Try up to ``most`` steps of each row towards ``ends``, (rows,) [s], as `Stepper.advance`; return how it went.

        ``attempt`` are the passes of a step from a slope that is known, ``anew`` those from the state alone;
        ``control``, ``course`` and ``progress`` are addresses of what `fdmag.host.advance.Advance` has.
        """
        outcomes = np.empty(ends.size, np.uint8)
        table, count = passes.addresses, len(passes.addresses)
        (first, end, _), (begin, last, _) = attempt.indices(count), anew.indices(count)
        self._advance(
            self._address, table[first], end - first, table[begin], last - begin, control, course, progress,
            ends.size,
            None if replicas is None else address(replicas), address(ends),
            None if room is None else address(room), most, address(outcomes),
        )  # fmt: skip
        return outcomes

    def accept(self, rows: NDArray[np.int64], replicas: NDArray[np.int64]) -> None:
        """Copy the solutions in some rows of the last call to these replicas of the state."""
        self._accept(self._address, rows.size, address(rows), address(replicas))
