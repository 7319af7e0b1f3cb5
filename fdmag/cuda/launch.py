"""The memory of Runge–Kutta steps on a CUDA device: what stays from step to step, and what one attempt reads."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.cuda.terms import CudaTerms
from fdmag.demag.cuda import CudaDemag
from fdmag.kernels.cuda import CudaDevice, DeviceArray
from fdmag.kernels.cuda_unit import STAGE_PLAN, CudaUnit
from fdmag.solvers.tableau import Tableau


class StepMemory:
    """m, slopes of all stages, arguments and fields of all replicas, on the device.

    Attributes
    ----------
    m, field : arrays (batch, 3, nz, ny, nx)
    slopes : array (stages, batch, 3, nz, ny, nx)
    past : array (points + 1, batch, 3, nz, ny, nx) or None
        Fields of the ends of the last steps, if ``points`` of them are needed.
    """

    def __init__(self, device: CudaDevice, m: NDArray, tableau: Tableau, points: int) -> None:
        self.m, self.field, *self._arguments = (device.empty(m.shape, m.dtype) for _ in range(4))
        self.slopes = device.empty((tableau.stages, *m.shape), m.dtype)
        self.past = device.empty((points + 1, *m.shape), m.dtype) if points else None

    def argument(self, stage: int) -> DeviceArray:
        """Return where the argument of a stage is; that of the next one is elsewhere."""
        return self.m if stage == 0 else self._arguments[stage % 2]


class Launch:
    """What the kernels of an attempt read and leave, for up to ``capacity`` rows; a captured graph points to it.

    Parameters
    ----------
    device : CudaDevice
    terms : CudaTerms
    capacity : int
    stages : sequence of dict
        The parameters that depend on time at each stage, (rows, ...), by place: only their shapes count here.
    demag : CudaDemag or None
    points : int
        From how many fields that of demag is extrapolated; 0: never.

    Attributes
    ----------
    rows : array
        Which replicas, see `fdmag.kernels.cuda.rows_table`.
    dt : array (capacity,), float64
    place : array (capacity,)
        Where the field that the work finds is kept.
    places, weights : arrays (capacity × points), (stages, capacity × points)
        From which fields demag is extrapolated at each stage.
    views : list of arrays
        The table of parameters at each stage.
    partial, sums : arrays
        Maxima of blocks, and sums that terms need over all cells.
    times : list of arrays (rows,)
        Time of each stage [s].
    chosen : int array (rows,)
    """

    def __init__(
        self, device: CudaDevice, terms: CudaTerms, capacity: int, stages: Sequence[Mapping[int, NDArray]],
        demag: CudaDemag | None, points: int,
    ) -> None:  # fmt: skip
        self.device, self.terms, self.capacity, self.demag = device, terms, capacity, demag
        dtype = terms.mesh.dtype
        widths = 2 + capacity, capacity, capacity, capacity * points, capacity * points * len(stages)
        self._control = device.empty(sum(widths), np.int64)
        self._control_here = device.pinned(sum(widths), np.int64)
        starts = np.cumsum([0, *widths]).tolist()
        parts = [self._control[start:end] for start, end in pairwise(starts)]
        self._parts_here = [self._control_here[start:end] for start, end in pairwise(starts)]
        self.rows, self.dt, self.place, self.places = parts[0], parts[1].view(np.float64), *parts[2:4]
        self.weights = parts[4].view(np.float64).reshape(len(stages), capacity * points)
        sizes = [capacity * (values.size // len(values)) for now in stages for values in now.values()]
        self._drive = device.empty(sum(sizes), dtype)
        self._drive_here = device.pinned(sum(sizes), dtype)
        self._places = np.cumsum([0, *sizes])
        self.units: list[CudaUnit] = []
        self.views: list[DeviceArray] = []
        count = 0
        for now in stages:
            arrays = {}
            for place, values in now.items():
                start, end = self._places[count : count + 2]
                arrays[place] = self._drive[start:end].reshape(capacity, *values.shape[1:])
                count += 1
            unit = terms.unit(now)
            if not self.units:
                self._totals, self.sums = terms.totals(unit, capacity), unit.partial_sums(capacity)
            self.units.append(unit)
            self.views.append(unit.views(terms.values(arrays | self._totals)))
        self.partial = device.empty(2 * capacity * terms.mesh.blocks, dtype)
        self.out = device.empty((capacity, 2), np.float64)
        self._out_here = device.pinned(2 * capacity, np.float64).reshape(capacity, 2)
        if demag is not None:
            self.waves, self.table = demag.prepare(capacity), demag.bind(terms.Ms)
        self.extrapolates = False
        self._graph: Any = None
        self._run_before = False

    def write(
        self, rows: NDArray[np.intp], dt: NDArray, times: list[NDArray], stages: Sequence[Mapping[int, NDArray]],
        past: tuple[NDArray, NDArray, NDArray] | None,
    ) -> None:  # fmt: skip
        """Give the replicas, their steps, and times and parameters of the stages.

        ``past`` is where the field that is found is kept, (n,), from which ones it is extrapolated, (n, points), and
        their weights at each stage, (stages, n, points); the latter two are empty if it is not.
        """
        n = len(rows)
        self.chosen, self.times = rows, times
        numbers, steps, place, places, weights = self._parts_here
        numbers[:2] = n, 0
        numbers[2 : 2 + n] = rows
        steps[:n].view(np.float64)[:] = dt
        if past is not None:
            place[:n] = past[0]
            places[: past[1].size] = past[1].ravel()
            for there, here in zip(weights.reshape(len(stages), -1).view(np.float64), past[2], strict=True):
                there[: here.size] = here.ravel()
        self.device.write(self._control, self._control_here)
        given = [values for now in stages for values in now.values()]
        for start, values in zip(self._places[:-1], given, strict=True):
            self._drive_here[start : start + values.size] = values.ravel()
        self.device.write(self._drive, self._drive_here)

    def run(self, work: Callable[[], None], *, capture: bool) -> None:
        """Do the work: at once the first time, captured the second time, replayed from then on."""
        if self._graph is None and capture and self._run_before:
            self._graph = self.device.capture(work)
        if self._graph is not None:
            self.device.replay(self._graph)
        else:
            work()
            self._run_before = True

    def found(self) -> NDArray[np.float64]:
        """Return what the attempt has found, (rows, 2), when it is done."""
        return self.device.fetch(self.out, self._out_here)[: len(self.chosen)].copy()


def stage_plans(tableau: Tableau) -> list[NDArray]:
    """Return ``StagePlan`` of the kernels: before the first stage, for each further one, and for a slope alone."""
    plans = np.zeros(tableau.stages + 1, STAGE_PLAN)
    for stage, plan in enumerate(plans[:-1]):
        last = stage == tableau.stages - 1
        following = tableau.a[stage + 1] if not last else () if tableau.first_same_as_last else tableau.b
        plan["slot"], plan["last"] = stage, last
        _weights(plan, "next", following)
        _weights(plan, "error", (tableau.error_weights or ()) if last else ())
    return [plans[k : k + 1] for k in range(len(plans))]


def _weights(plan: NDArray, name: str, weights: Sequence[float]) -> None:
    used = [slot for slot, weight in enumerate(weights) if weight != 0]
    plan[f"{name}_count"] = len(used)
    plan[f"{name}_slots"][: len(used)] = used
    plan[f"{name}_weights"][: len(used)] = [weights[slot] for slot in used]
