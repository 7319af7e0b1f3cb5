"""Runge–Kutta steps on a CUDA device: an attempt is a captured graph, replayed with new numbers in its memory."""

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

    def field_of_others(self, m: NDArray, context: Context) -> NDArray | None:
        """Return the field [T] of the terms that are not compiled."""

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
        launch.run(lambda: self._evaluate(launch, 0), capture=self._capturable(launch))

    def _fastest(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        mesh, device, memory = self._terms.mesh, self._device, self._memory()
        table = device.upload(rows_table(rows, compact=False))
        partial, out = device.empty(rows.size * mesh.blocks, mesh.dtype), device.empty((rows.size, 1), np.float64)
        mesh.launch("fd_length", rows.size, table, memory.slopes, partial)
        mesh.gather("fd_largest", table, rows.size, partial, 1, out)
        return device.fetch(out)[:, 0]

    def _attempt(self, rows: NDArray[np.intp], dt: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        launch = self._launch("attempt", rows, self.tableau.c[1:], dt)
        launch.run(lambda: self._stages(launch), capture=self._capturable(launch))
        error, displacement = launch.found().T
        return error * dt, displacement

    def _accept(self, chosen: NDArray[np.intp], accepted: NDArray[np.bool_]) -> None:
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
            launch.demag.apply(launch.waves, launch.table, launch.rows, launch.capacity, argument, field)
        elif self._terms.others:
            field = self._field_of_others(launch, place, argument)
        unit, views = launch.units[place], launch.views[place]
        unit.find_totals(views, launch.rows, launch.capacity, argument, launch.sums)
        unit.launch(
            "fd_stage", launch.capacity, views, launch.rows, self._plans[stage if stage else -1],
            launch.dt, memory.m, argument, field, memory.slopes, memory.m.size, memory.argument(stage + 1),
            launch.partial, self._kind,
        )  # fmt: skip

    def _field_of_others(self, launch: Launch, place: int, argument: DeviceArray) -> DeviceArray:
        """Return the field of terms that there are in Python only, by way of the host."""
        m, chosen = self._device.fetch(argument), launch.chosen
        B = np.zeros_like(m)
        B[chosen] = self._magnet.field_of_others(m[chosen], self._magnet.context(launch.times[place], chosen))
        return self._device.upload(B)

    def _capturable(self, launch: Launch) -> bool:
        """Return whether all work is done by our own kernels."""
        return not self._terms.others or (launch.demag is not None and launch.demag.in_shared_memory)

    def _memory(self) -> StepMemory:
        """Return the arrays on the device, with the present m."""
        if self._kept is None:
            self._kept = StepMemory(self._device, self.state.m, self.tableau)
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
            self._launches[key] = Launch(self._device, terms, capacity, stages, self._magnet.convolution())
        self._launches[key].write(rows, dt, times, stages)
        return self._launches[key]
