"""Carrying out the stages of a scene."""

import logging
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from fdmag.devices.device import Device
from fdmag.output.recorder import Recorder
from fdmag.output.rows import RowsInMemory
from fdmag.quantities import Above, Below, MovingWindow
from fdmag.scene import tables
from fdmag.scene.barrier_stage import find_barriers
from fdmag.scene.devices import columns_of_devices
from fdmag.scene.ensemble_tables import UntilTable
from fdmag.scene.finer import finer_simulation
from fdmag.scene.modes_stages import find_modes, measure_spectrum
from fdmag.scene.progress import Progress
from fdmag.scene.sharpness import sharpness_told
from fdmag.scene.splitting import EnsembleSplitting
from fdmag.simulation import Simulation
from fdmag.time_integration import merged_times, output_times

if TYPE_CHECKING:
    from fdmag.scene.build import Parts

LOG = logging.getLogger("fdmag")


def run_stages(
    simulation: Simulation,
    stages: Sequence[Any],
    settings: Sequence[dict[str, Any]],
    recorder: Recorder | RowsInMemory,
    progress: Progress,
    devices: Mapping[str, Device] | None = None,
    splitting: EnsembleSplitting | None = None,
    finer: "Parts | None" = None,
) -> None:
    """Carry out every stage in turn, with its rows and field files.

    Parameters
    ----------
    simulation : Simulation
    stages : sequence of tables of stages
    settings : sequence of dict
        For each stage the values it sets, as `fdmag.scene.build.Parts` has them.
    recorder : Recorder or RowsInMemory
    progress : Progress
    devices : mapping of name to Device, optional
        What stages ``operate`` are for.
    splitting : EnsembleSplitting, optional
        What carries out the runs if trajectories are divided.
    finer : Parts, optional
        The same on cells half as large, for stages that ask for it.
    """
    if splitting is not None:
        criterion = _criterion(stages[-1].until, devices or {})
    for index, stage in enumerate(stages):
        LOG.info("stage %d: %s", index, stage.kind)
        simulation.stop_times[:] = np.nan  # in this stage none has stopped yet
        begun = Stage(index, stage, settings[index], simulation, recorder, progress, devices or {})
        if finer is not None:
            begun.finer = partial(finer_simulation, finer, stages, index, simulation)
        if splitting is not None and isinstance(stage, tables.Run):
            splitting.run(begun, criterion)
        else:
            _STAGES[type(stage)](begun)
        _warn(begun)
        recorder.end_stage(index)
        progress.finish()


def _warn(stage: "Stage") -> None:
    """Tell, once for each stage that moves m, if its end is too sharp for the cells, or its device has doubts."""
    if isinstance(stage.recorder, RowsInMemory) or isinstance(stage.table, tables.Set):
        return
    if any(each["stage"] == stage.index for each in stage.recorder.told.get("warnings", ())):
        return
    if sharp := sharpness_told(stage.simulation, stage.index, stage.table.kind):
        stage.recorder.tell("warnings", sharp)
    if isinstance(stage.table, tables.Operate):
        for doubt in stage.devices[stage.table.device].doubts():
            text = f"stage {stage.index} (operate {stage.table.device}): {doubt}"
            stage.recorder.tell("warnings", {"stage": stage.index, "device": stage.table.device, "text": text})


class Stage:
    """A stage with what it works on."""

    def __init__(
        self,
        index: int,
        table: Any,
        settings: dict[str, Any],
        simulation: Simulation,
        recorder: Recorder | RowsInMemory,
        progress: Progress,
        devices: Mapping[str, Device],
    ) -> None:
        self.index = index
        self.table = table
        self.settings = settings
        self.simulation = simulation
        self.recorder = recorder
        self.progress = progress
        self.devices = devices
        self.finer: Callable[[], Simulation] | None = None
        """Returns the simulation on cells half as large, as it is by this stage."""

    def descend(self, method: str, done: float = 0, prefix: str = "") -> None:
        """Relax or minimise by the criterion of the table."""

        def tell(torque: np.ndarray, *_: Any) -> None:
            self.progress.advance(done, lambda: f"{prefix}max torque {torque.max():.2e} T")

        descend = getattr(self.simulation, method)
        descend(self.table.max_torque, max_steps=self.table.max_steps, on_step=tell)


def _descent(stage: Stage) -> None:
    stage.progress.start(stage.index, stage.table.kind, None)
    stage.descend(stage.table.kind)
    stage.recorder.row(stage.index)
    stage.recorder.fields()


def _run(stage: Stage) -> None:
    table, simulation, recorder = stage.table, stage.simulation, stage.recorder
    start = simulation.t
    stage.progress.start(stage.index, f"run {table.duration * 1e9:g} ns", table.duration)

    def tell() -> None:
        done = float((simulation.t - start)[np.isnan(simulation.stop_times)].min(initial=table.duration))
        stage.progress.advance(done, lambda: f"t = {(start.max() + done) * 1e9:.4f} ns")

    rows = output_times(table.duration, table.table_every).tolist()
    frames = output_times(table.duration, table.fields_every).tolist()
    close = 1e-9 * table.duration

    def due(times: list[float], elapsed: float) -> bool:
        place = bisect_left(times, elapsed - close)
        return place < len(times) and times[place] <= elapsed + close

    outputs = iter([0.0, *(times := merged_times(rows, frames))])
    going = np.ones(simulation.batch, bool)

    def output(_: Simulation) -> None:
        nonlocal going
        elapsed = next(outputs)
        ended = table.until is not None and not np.isnan(simulation.stop_times).any()
        if elapsed == 0 or due(rows, elapsed) or ended:
            recorder.row(stage.index, of=going)
            going = np.isnan(simulation.stop_times)  # the rows of a replica end when it stops, as if it were alone
        if (elapsed == 0 and table.fields_every is not None) or due(frames, elapsed) or (elapsed > 0 and ended):
            recorder.fields()

    given = {} if table.dt_max is None else {"dt_max": table.dt_max}
    window = None if table.window is None else MovingWindow(table.window)
    simulation.run(
        table.duration,
        at=times,
        callback=output,
        solver=table.solver,
        tolerance=table.tolerance,
        dt=table.dt,
        window=window,
        until=None if table.until is None else _criterion(table.until, stage.devices),
        on_step=tell,
        **given,
    )


def _criterion(until: UntilTable, devices: Mapping[str, Device]) -> Below:
    kind, value = (Below, until.below) if until.above is None else (Above, until.above)
    assert value is not None  # one of the two is given
    return kind(columns_of_devices(devices).get(until.column, until.column), value)


def _operate(stage: Stage) -> None:
    table, recorder = stage.table, stage.recorder
    device = stage.devices[table.device]
    stage.progress.start(stage.index, f"operate {table.device}", None)

    def told(done: int, total: int) -> None:
        stage.progress.advance(done, lambda: f"{done} of {total}")
        recorder.row(stage.index)
        if table.fields:
            recorder.fields()

    device.operate(told, **table.options())
    if not table.fields:
        recorder.fields()


def _hysteresis(stage: Stage) -> None:
    table, simulation, recorder = stage.table, stage.simulation, stage.recorder
    direction = tables.direction_of(stage.settings["direction"], simulation)
    amplitudes = list(_amplitudes(table))
    series = recorder.series(f"hysteresis_{stage.index}") if table.fields else None
    stage.progress.start(stage.index, "hysteresis", len(amplitudes))
    for point, amplitude in enumerate(amplitudes):
        simulation.set(f"{table.term}.B", amplitude * direction)
        stage.descend(table.method, point, f"{amplitude * 1e3:g} mT, ")
        recorder.row(stage.index)
        if series is not None:
            recorder.fields(series, point)
    recorder.fields()


def _amplitudes(table: tables.Hysteresis) -> Iterator[float]:
    down = np.linspace(table.start, table.stop, table.steps + 1)
    yield from down.tolist()
    if table.back:
        yield from down[-2::-1].tolist()


def _set(stage: Stage) -> None:
    for path, value in stage.settings.items():
        stage.simulation.set(path.removeprefix("terms."), value)


_STAGES: dict[type, Callable[[Stage], None]] = {
    tables.Relax: _descent,
    tables.Minimize: _descent,
    tables.Run: _run,
    tables.Operate: _operate,
    tables.Hysteresis: _hysteresis,
    tables.Set: _set,
    tables.ModesTable: find_modes,
    tables.SpectrumTable: measure_spectrum,
    tables.EnergyBarrier: find_barriers,
}
