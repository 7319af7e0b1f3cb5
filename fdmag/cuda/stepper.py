"""Runge–Kutta steps on a CUDA device: an attempt is a captured graph, replayed with new numbers in its memory."""

from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fdmag.backend import Backend
from fdmag.cuda.launch import Launch, StepMemory, stage_plans
from fdmag.cuda.terms import CudaTerms
from fdmag.demag.cuda import CudaDemag
from fdmag.errors import ParameterError
from fdmag.kernels.cuda import DeviceArray, rows_table
from fdmag.kernels.cuda_unit import MOST_STAGES
from fdmag.kernels.unit import DESCENT, SLOPE
from fdmag.solvers.slow_field import Past, SlowField
from fdmag.solvers.stages import Stepper
from fdmag.solvers.tableau import Tableau
from fdmag.state import State
from fdmag.terms import Context


class MagnetOnDevice(Protocol):
    """What a stepper asks of a magnet."""

    backend: Backend

    def compiled(self) -> CudaTerms:
        """Return the compiled terms, new ones after a parameter was set."""

    def convolution(self) -> CudaDemag | None:
        """Return the convolution, if demag is all there is beside the compiled terms."""

    def field_of_others(self, m: NDArray, context: Context, slow: NDArray | None = None) -> NDArray | None:
        """Return the field [T] of the terms that are not compiled; ``slow`` is that of the slow ones, if known."""

    @property
    def slow(self) -> list[str]:
        """Names of the terms whose field may be extrapolated within a step."""

    def slow_field(self, m: NDArray, t: NDArray[np.float64], replicas: NDArray | None) -> NDArray:
        """Return the field [T] of these terms."""

    def context(self, t: NDArray[np.float64], replicas: NDArray[np.intp] | None = None) -> Context:
        """Return what terms need to know."""


class CudaStepper(Stepper):
    """`Stepper` whose m, slopes and arguments stay on the device from one step to the next.

    The state's m is brought up to date when it is next read.

    Parameters
    ----------
    magnet : MagnetOnDevice
    state, tableau, still
        As of `fdmag.magnet.Magnet.stepper`.

    Raises
    ------
    ParameterError
        If the tableau has more stages than the kernels take, or one only.
    """

    def __init__(self, magnet: MagnetOnDevice, state: State, tableau: Tableau, still: NDArray | None = None) -> None:
        super().__init__(state, tableau)
        if not 2 <= tableau.stages <= MOST_STAGES:
            raise ParameterError(
                f'solver "{tableau.name}" has {tableau.stages} stages; on a GPU 2 to {MOST_STAGES} are allowed'
            )
        assert magnet.backend.cuda is not None
        self._magnet = magnet
        self._device = magnet.backend.cuda
        self._still = still
        self._kind = SLOPE if still is None else DESCENT
        self._plans = [self._device.upload(plan.view(np.int64)) for plan in stage_plans(tableau)]
        self._terms = magnet.compiled()
        points = tableau.extrapolates if still is None and magnet.slow else 0
        self._past = Past(points, state.batch) if points and self._terms.demag else None
        self._slow_field: SlowField | None = None
        if points and self._past is None:
            self._slow_field = SlowField(tableau, state.batch, magnet.slow_field)
        self._kept: StepMemory | None = None
        self._on_device = False  # whether the device has the present m
        self._launches: dict[tuple, Launch] = {}

    def forget(self, rows: NDArray[np.intp] | slice = slice(None)) -> None:
        """Begin anew from the present state of all or some replicas: m, t or a parameter was changed from outside."""
        super().forget(rows)
        self.state.held.read()
        self._on_device = False
        if self._terms is not self._magnet.compiled():
            self._terms, self._launches = self._magnet.compiled(), {}

    def _begin(self, rows: NDArray[np.intp]) -> None:
        launch = self._launch("slope", rows, (0.0,), np.zeros(rows.size))
        if self._past is not None:
            self._past.begin(rows)
        launch.run(lambda: self._evaluate(launch, 0), capture=self._capturable(launch))

    def _fastest(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        mesh, device, memory = self._terms.mesh, self._device, self._memory()
        table = device.upload(rows_table(rows, compact=False))
        partial, out = device.empty(rows.size * mesh.blocks, mesh.dtype), device.empty((rows.size, 1), np.float64)
        mesh.launch("fd_length", rows.size, table, memory.slopes, partial)
        mesh.gather("fd_largest", table, rows.size, partial, 1, out)
        return device.fetch(out)[:, 0]

    def _attempt(self, rows: NDArray[np.intp], dt: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        self._dt, found, launches = dt, np.empty((rows.size, 2)), []
        ahead = np.zeros(rows.size, bool) if self._past is None else self._past.suffices(rows)
        for work, chosen in (("attempt", ~ahead), ("extrapolate", ahead)):
            if chosen.any():
                launch = self._launch(work, rows[chosen], self.tableau.c[1:], dt[chosen])
                launch.run(partial(self._stages, launch), capture=self._capturable(launch))
                launches.append((launch, chosen))
        for launch, chosen in launches:
            found[chosen] = launch.found()
        error, displacement = found.T
        return error * dt, displacement

    def _accept(self, chosen: NDArray[np.intp], accepted: NDArray[np.bool_]) -> None:
        if self._past is not None:
            self._past.accept(chosen, self._dt[accepted])
        if self._slow_field is not None:
            self._slow_field.accept(chosen, accepted)
        memory, keep = self._memory(), self.tableau.first_same_as_last
        last = self.tableau.stages - 1
        table = self._device.upload(rows_table(chosen, compact=False))
        solution = memory.argument(last if keep else last + 1)
        self._terms.mesh.launch("fd_accept", chosen.size, table, solution, memory.m, memory.slopes, memory.m.size,
                                last, int(keep))  # fmt: skip
        device, m = self._device, memory.m  # alone: what waits to be read must not hold the rest of the memory
        self.state.held.left_behind(lambda values: np.copyto(values, device.fetch(m)))

    def _stages(self, launch: Launch) -> None:
        """Launch the kernels of one attempt."""
        mesh, memory = self._terms.mesh, self._memory()
        mesh.launch("fd_begin", launch.capacity, launch.rows, self._plans[0], launch.dt, memory.m, memory.slopes,
                    memory.m.size, memory.argument(1))  # fmt: skip
        for stage in range(1, self.tableau.stages):
            self._evaluate(launch, stage)
        mesh.gather("fd_largest", launch.rows, launch.capacity, launch.partial, 2, launch.out)

    def _evaluate(self, launch: Launch, stage: int) -> None:
        """Launch what computes the slope of a stage, and what follows from it; of the present m for stage 0."""
        memory, place = self._memory(), max(stage - 1, 0)
        argument, field = memory.argument(stage), None
        if launch.demag is not None:
            field = memory.field
            self._find_demag(launch, stage, argument, field)
        elif self._terms.others:
            field = self._field_of_others(launch, stage, argument)
        unit, views = launch.units[place], launch.views[place]
        unit.find_totals(views, launch.rows, launch.capacity, argument, launch.sums)
        unit.launch(
            "fd_stage", launch.capacity, views, launch.rows, self._plans[stage if stage else -1],
            launch.dt, memory.m, argument, field, memory.slopes, memory.m.size, memory.argument(stage + 1),
            launch.partial, self._kind,
        )  # fmt: skip

    def _find_demag(self, launch: Launch, stage: int, argument: DeviceArray, field: DeviceArray) -> None:
        """Launch what finds the field of demag at a stage, or extrapolates it."""
        mesh, past, at_end = self._terms.mesh, self._memory().past, stage in (0, self.tableau.stages - 1)
        if launch.extrapolates and not at_end:
            mesh.launch("fd_extrapolate", launch.capacity, launch.rows, launch.places, launch.weights[stage - 1],
                        self.tableau.extrapolates, past, field.size, field)  # fmt: skip
            return
        assert launch.demag is not None
        launch.demag.apply(launch.waves, launch.table, launch.rows, launch.capacity, argument, field)
        if past is not None and at_end:
            mesh.launch("fd_keep", launch.capacity, launch.rows, launch.place, field, past, field.size)

    def _field_of_others(self, launch: Launch, stage: int, argument: DeviceArray) -> DeviceArray:
        """Return the field of terms that there are in Python only, by way of the host."""
        everything, chosen, slow = self._device.fetch(argument), launch.chosen, None
        m, t = everything[chosen], launch.times[max(stage - 1, 0)]
        if self._slow_field is not None:
            slow = self._slow_field.at(stage, chosen, self._dt if stage else None, m, t)
        B = np.zeros_like(everything)
        B[chosen] = self._magnet.field_of_others(m, self._magnet.context(t, chosen), slow)
        return self._device.upload(B)

    def _capturable(self, launch: Launch) -> bool:
        """Return whether all work is done by our own kernels."""
        return not self._terms.others or (launch.demag is not None and launch.demag.in_shared_memory)

    def _memory(self) -> StepMemory:
        """Return the arrays on the device, with the present m."""
        if self._kept is None:
            points = 0 if self._past is None else self._past.points
            self._kept = StepMemory(self._device, self.state.m, self.tableau, points)
        if not self._on_device:
            self._device.write(self._kept.m, self.state.m)
            self._on_device = True
        return self._kept

    def _launch(self, work: str, rows: NDArray[np.intp], c: tuple[float, ...], dt: NDArray) -> Launch:
        """Return the launch of some work for so many rows, with steps, and parameters at t + c dt, in its memory."""
        self._memory()
        state, terms = self.state, self._terms
        times = [state.t[rows] + each * dt if self._still is None else self._still[rows] for each in c]
        stages = [terms.now(t, rows) for t in times]
        capacity = min(state.batch, 2 ** int(np.ceil(np.log2(rows.size))))
        key = (work, capacity, *((place, values.shape[1:]) for now in stages for place, values in now.items()))
        if key not in self._launches:
            points = 0 if self._past is None else self._past.points
            self._launches[key] = Launch(self._device, terms, capacity, stages, self._magnet.convolution(), points)
            self._launches[key].extrapolates = work == "extrapolate"
        self._launches[key].write(rows, dt, times, stages, self._fields_of(work, rows, c, dt))
        return self._launches[key]

    def _fields_of(
        self, work: str, rows: NDArray[np.intp], c: tuple[float, ...], dt: NDArray
    ) -> tuple[NDArray, NDArray, NDArray] | None:
        """Return which fields of demag some work keeps and reads, and with which weights: see `Launch.write`."""
        if self._past is None:
            return None
        past, none = self._past, np.zeros(0)
        place = past.places(rows, 0 if work == "slope" else -1)
        if work != "extrapolate":
            return place, none, np.zeros((len(c), 0))
        places = np.stack([past.places(rows, age) for age in range(past.points)], axis=1)
        return place, places, np.stack([past.weights(rows, dt, each).T for each in c])
