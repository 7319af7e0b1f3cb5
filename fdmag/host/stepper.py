"""A Runge–Kutta step on the host: one call of compiled code, in memory that is kept from step to step."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fdmag.demag import HostDemag
from fdmag.host.advance import Advance
from fdmag.host.drives import Drives
from fdmag.host.increments import Increments, StepNoise
from fdmag.host.terms import HostTerms
from fdmag.kernels.runtime import Runtime
from fdmag.kernels.step import PassTable, UnitStep
from fdmag.kernels.unit import Unit
from fdmag.solvers.passes import Passes
from fdmag.solvers.slow_field import Past, SlowField
from fdmag.solvers.stages import Stepper
from fdmag.solvers.step_control import Adaptive, Course
from fdmag.solvers.tableau import Tableau
from fdmag.state import State
from fdmag.terms.thermal import Draws


class Compiled(Protocol):
    """What the stepper asks of a magnet. Rows of m are the given replicas, or all."""

    def compiled_terms(self) -> HostTerms:
        """Return the compiled terms, another object after a parameter was set."""

    def convolution(self) -> HostDemag | None:
        """Return the compiled demag convolution if it gives all that the compiled terms do not."""

    def other_field(
        self, m: NDArray, t: NDArray[np.float64], replicas: NDArray | None, slow: NDArray | None = None
    ) -> NDArray:
        """Return the field [T] of the terms without a kernel, shape of m; ``slow``: that of the slow ones."""

    @property
    def slow(self) -> list[str]:
        """Names of the terms whose field may be extrapolated within a step."""

    def slow_field(self, m: NDArray, t: NDArray[np.float64], replicas: NDArray | None) -> NDArray:
        """Return the field [T] of these terms."""


class HostStepper(Stepper):
    """`Stepper` in compiled code.

    Terms written in Python are asked for their field between the passes; then a step is a call for each stage.

    Parameters
    ----------
    magnet : Compiled
    runtime : Runtime
    state : State
    tableau : Tableau
    still : array (batch,), optional
        Times [s] of a descent (see `fdmag.magnet.Magnet.stepper`).
    """

    def __init__(
        self,
        magnet: Compiled,
        runtime: Runtime,
        state: State,
        tableau: Tableau,
        still: NDArray[np.float64] | None = None,
    ) -> None:
        super().__init__(state, tableau)
        self._magnet, self._runtime, self._still = magnet, runtime, still
        self._extrapolates = tableau.extrapolates > 0 and still is None
        self._slow_field: SlowField | None = None
        if self._extrapolates and magnet.slow:
            self._slow_field = SlowField(tableau, state.batch, magnet.slow_field)
        self._passes = Passes(tableau)
        parts = [self._passes.begin, self._passes.attempt, self._passes.anew, self._passes.fastest]
        passes = [each for part in parts for each in part]
        ends = np.cumsum([len(part) for part in parts]).tolist()
        starts = [0, *ends]
        self._begun, self._tried_in, self._anew, self._found = map(slice, starts, ends)
        self._table = PassTable(passes)
        self._terms: HostTerms | None = None
        self._drives: Drives | None = None
        self._step: UnitStep | None = None
        self._advance: Advance | None = None
        self._parameters: list[object] = []

    def advance(
        self,
        rows: NDArray[np.intp],
        ends: NDArray[np.float64],
        attempts: int,
        choice: Adaptive | Course,
        room: NDArray[np.float64] | None = None,
    ) -> NDArray[np.uint8] | None:
        """Do so in one call of compiled code, unless a term is written in Python, or Python alone knows a parameter.

        Noise is drawn there too, if its steps are fixed or those of a course.
        """
        terms, replicas = self._magnet.compiled_terms(), self._replicas(rows)
        if terms.asked_beside_noise:
            return None
        whole = isinstance(choice, Course) or choice.fixed_dt is not None
        places = terms.noise() if self.noise is not None and whole else None
        if self.noise is not None and places is None:
            return None
        noise = None
        if terms.asked or terms is not self._terms:
            noise = self._give_to_all(terms, self.state.t[rows], replicas, places, divided=isinstance(choice, Course))
        step = self._ready_step
        if step.field == "given":
            return None
        if self._advance is None or self._advance.choice is not choice:
            self._advance = Advance(self.state, self.tableau, self._known, choice)
        return self._advance.run(
            step,
            self._table,
            self._tried_in,
            self._anew,
            np.ascontiguousarray(ends, np.float64),
            room,
            replicas,
            attempts,
            noise,
        )

    def _begin(self, rows: NDArray[np.intp]) -> None:
        self._run(self._begun, rows, None)

    def _fastest(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        return self._ready_step.run(self._table, self._found, rows.size, self._replicas(rows), None)[0]

    def _attempt_from_slopes(self, rows: NDArray[np.intp], dt: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        if self._known[rows].any():
            return super()._attempt_from_slopes(rows, dt)
        found = self._tried_by(self._anew, rows, dt)  # no slope is at hand: all in one call
        self._known[rows] = True
        self._tried = rows
        self.state.evaluations[rows] += self.tableau.stages
        return found

    def _attempt(self, rows: NDArray[np.intp], dt: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        return self._tried_by(self._tried_in, rows, dt)

    def _tried_by(self, chosen: slice, rows: NDArray[np.intp], dt: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        dt = np.ascontiguousarray(dt, dtype=np.float64)
        error, displacement = self._run(chosen, rows, dt)
        return error * dt, displacement

    def _accept(self, chosen: NDArray[np.intp], accepted: NDArray[np.bool_]) -> None:
        step = self._ready_step
        step.accept(np.flatnonzero(accepted), chosen.astype(np.int64, copy=False))
        if self._slow_field is not None and step.field == "given":
            self._slow_field.accept(chosen, accepted)

    @property
    def _ready_step(self) -> UnitStep:
        assert self._step is not None
        return self._step

    def _replicas(self, rows: NDArray[np.intp]) -> NDArray[np.int64] | None:
        return None if rows.size == self.state.batch else np.ascontiguousarray(rows, dtype=np.int64)

    def _run(self, chosen: slice, rows: NDArray[np.intp], dt: NDArray[np.float64] | None) -> NDArray[np.float64]:
        replicas = self._replicas(rows)
        terms = self._magnet.compiled_terms()
        if terms is not self._terms and not terms.asked:
            self._give_to_all(terms, self.state.t[rows], replicas)
        elif terms.asked:
            evaluated = [k for k in range(*chosen.indices(chosen.stop)) if self._table.stages[k] is not None]
            times = [self._time(self._table.stages[k] or 0, rows, dt) for k in evaluated]
            self._give_parameters(terms, evaluated, times, replicas)
        step = self._ready_step
        if step.field != "given":
            out = step.run(self._table, chosen, rows.size, replicas, dt)
            self._check()
            return out
        out = np.zeros((2, rows.size))
        for number in range(*chosen.indices(chosen.stop)):
            stage = self._table.stages[number]
            if stage is not None:
                argument, field = step.buffers[stage & 1], step.buffers[1 - stage & 1]
                m, t, slow = argument[: rows.size], self._time(stage, rows, dt), None
                if self._slow_field is not None:
                    slow = self._slow_field.at(stage, rows, dt, m, t)
                field[: rows.size] = self._magnet.other_field(m, t, replicas, slow)
            out = step.run(self._table, slice(number, number + 1), rows.size, replicas, dt)
            self._check()
        return out

    def _check(self) -> None:
        if self._drives is not None:
            self._drives.check()

    def _time(self, stage: int, rows: NDArray[np.intp], dt: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Return the times (n,) [s] at which a stage is evaluated."""
        if self._still is not None:
            return self._still[rows]
        t = self.state.t[rows]
        return t if dt is None or stage == 0 else t + self.tableau.c[stage] * dt

    def _give_parameters(
        self, terms: HostTerms, passes: Sequence[int], times: list[NDArray[np.float64]], replicas: NDArray | None
    ) -> None:
        """Give the passes with these numbers the parameters at times, (n,) [s] for each."""
        if not passes:
            return
        unit, tables = terms.units_at(times, replicas, self._drives_of(terms))
        self._use(unit, terms)
        views = [unit.views(table) for table in tables]
        for number, view in zip(passes, views, strict=bool(views)):
            self._table.give(number, view)
        self._parameters = [*views, *tables]

    def _give_to_all(
        self,
        terms: HostTerms,
        t: NDArray[np.float64],
        replicas: NDArray | None,
        places: tuple[int, int, Draws] | None = None,
        *,
        divided: bool = False,
    ) -> StepNoise | None:
        """Give all passes the parameters: those set by compiled code, the noise in ``places``, which is returned."""
        unit, tables = terms.units_at([t], replicas, self._drives_of(terms))
        self._use(unit, terms)
        if not tables:
            return None
        (table,), noise, drawn = tables, None, {}
        if places is not None:
            scale, numbers, draws = places
            drawing = draws.noise.drawing
            assert isinstance(drawing, Increments)
            noise = drawing.of_steps(draws.seeds, draws.numbers, draws.counted, draws.factor, self.state.batch, divided)
            table[scale], drawn = noise.scale, {numbers: noise.drawn}
        view = unit.views(table, drawn)
        for number, stage in enumerate(self._table.stages):
            if stage is not None:
                self._table.give(number, view)
        self._parameters = [view, table, noise]
        return noise

    def _drives_of(self, terms: HostTerms) -> Drives | None:
        if terms is not self._terms:
            self._drives = terms.drives(self.state.batch)
        return self._drives

    def _use(self, unit: Unit, terms: HostTerms) -> None:
        """Work with this unit, and with memory as these terms need it."""
        convolution = self._magnet.convolution()
        field = "none" if not terms.others else "given"
        if convolution is not None:
            field = "per unit Ms" if terms.uniform_Ms else "of Ms m"
        if self._step is not None and self._step.field == field:
            self._step.use(unit)
        else:
            self._known[:] = False
            past = None
            if self._extrapolates and convolution is not None:
                past = Past(self.tableau.extrapolates, self.state.batch)
            last_slot = -1 if self._passes.last_slot is None else self._passes.last_slot
            self._step = UnitStep(
                unit, self.state.m, self.tableau.stages, self._passes.slots, last_slot,
                descent=self._still is not None, field=field,
                past=past,
            )  # fmt: skip
        if terms is not self._terms:
            self._terms = terms
            self._table.forget()  # what passes read of other terms is freed
            lanes = self._ready_step.use_lanes(self._runtime.threads)
            if self._still is None:
                self._ready_step.drive_with(self._drives, self.state.t, np.array(self.tableau.c))
            else:
                self._ready_step.drive_with(self._drives, self._still, None)
            if convolution is not None:
                self._ready_step.convolve_with(convolution.function, convolution.handles(lanes), convolution.threads())
