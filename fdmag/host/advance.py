"""Steps that are chosen and taken in compiled code: the settings, and what is known of each replica."""

import ctypes

import numpy as np
from numpy.typing import NDArray

from fdmag.allocator import address
from fdmag.host.increments import StepNoise
from fdmag.kernels.step import PassTable, UnitStep
from fdmag.noise import MOST_DIVISIONS
from fdmag.solvers.step_control import Adaptive, Course, StepControl, StepHistory
from fdmag.solvers.stochastic import EAGER
from fdmag.solvers.tableau import Tableau
from fdmag.state import State

_POINTER, _INDEX = ctypes.c_void_p, ctypes.c_int64


class _Control(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_double) for name in ("tolerance", "rounding", "safety", "least", "most", "integral")),
        *((name, ctypes.c_double) for name in ("proportional", "below_rejected", "dt_min", "fixed_dt")),
        ("dt_max", _POINTER),
        *((name, _INDEX) for name in ("each_dt_max", "relative", "patience", "order", "known_after")),
        ("draw", _POINTER),
        ("noise", _POINTER),
    ]


class _Course(ctypes.Structure):
    _fields_ = [
        ("tolerance", ctypes.c_double),
        ("eager", ctypes.c_double),
        ("most_divisions", _INDEX),
        *((name, _POINTER) for name in ("start", "whole", "count", "done", "place", "divisions")),
    ]


class _Progress(ctypes.Structure):
    _fields_ = [
        *((name, _POINTER) for name in ("t", "dt", "previous_ratio", "ceiling", "good_dt")),
        *((name, _POINTER) for name in ("steps", "rejected", "evaluations", "held_until", "noise_steps", "known")),
    ]


class Advance:
    """What `UnitStep.advance` is told of.

    Parameters
    ----------
    state : State
    tableau : Tableau
    known : bool array (batch,)
        Whether the slope at the present state is in slot 0.
    choice : Adaptive or Course
    """

    def __init__(self, state: State, tableau: Tableau, known: NDArray[np.bool_], choice: Adaptive | Course) -> None:
        self.choice = choice
        control = StepControl() if isinstance(choice, Course) else choice.control
        history = StepHistory(0) if isinstance(choice, Course) else choice.history
        fixed_dt = None if isinstance(choice, Course) else choice.fixed_dt
        self._arrays = (
            state.t, state.dt, history.previous_ratio, history.ceiling, history.good_dt,
            state.steps, state.rejected, state.evaluations, history.held_until, state.noise_steps, known,
        )  # fmt: skip
        self._progress = _Progress(*map(address, self._arrays))
        self._dt_max = np.array(control.dt_max, dtype=np.float64, ndmin=1)
        self._control = _Control(
            control.tolerance, control.rounding, control.safety, control.least, control.most, control.integral,
            control.proportional, control.below_rejected, control.dt_min, fixed_dt or 0.0,
            address(self._dt_max), self._dt_max.size > 1, control.relative, control.patience,
            tableau.error_order or tableau.order, tableau.first_same_as_last,
        )  # fmt: skip
        self._course = None
        if isinstance(choice, Course):
            arrays = choice.start, choice.whole, choice.count, choice.done, choice.place, choice.divisions
            self._course = _Course(choice.tolerance, EAGER, MOST_DIVISIONS, *map(address, arrays))

    def run(
        self,
        step: UnitStep,
        passes: PassTable,
        attempt: slice,
        anew: slice,
        ends: NDArray[np.float64],
        room: NDArray[np.float64] | None,
        replicas: NDArray[np.int64] | None,
        most: int,
        noise: StepNoise | None,
    ) -> NDArray[np.uint8]:
        """Take up to ``most`` steps of each row, as `UnitStep.advance` does, and return how it went, (rows,)."""
        self._control.draw, self._control.noise = (None, None) if noise is None else (noise.draw, noise.noise)
        course = None if self._course is None else ctypes.addressof(self._course)
        control, progress = ctypes.addressof(self._control), ctypes.addressof(self._progress)
        return step.advance(passes, attempt, anew, control, course, progress, ends, room, replicas, most)
