"""Carrying out the stages of a scene."""

import logging
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fdmag.output.recorder import Recorder
from fdmag.parameter import Parameter
from fdmag.quantities import MovingWindow
from fdmag.scene import tables
from fdmag.scene.contents import settable
from fdmag.scene.load import LoadedScene
from fdmag.scene.progress import Progress
from fdmag.simulation import Simulation, merged_times, output_times

LOG = logging.getLogger("fdmag")


def run_stages(loaded: LoadedScene, recorder: Recorder, progress: Progress) -> None:
    """Carry out every stage in turn, with its rows and field files."""
    for index, stage in enumerate(loaded.scene.stages):
        LOG.info("stage %d: %s", index, stage.kind)
        _STAGES[type(stage)](Stage(index, stage, loaded, recorder, progress))
        recorder.end_stage(index)
        progress.finish()


class Stage:
    """A stage with what it works on."""

    def __init__(self, index: int, table: Any, loaded: LoadedScene, recorder: Recorder, progress: Progress) -> None:
        self.index = index
        self.table = table
        self.loaded = loaded
        self.simulation: Simulation = loaded.simulation
        self.recorder = recorder
        self.progress = progress

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
    start = float(simulation.t[0])
    stage.progress.start(stage.index, f"run {table.duration * 1e9:g} ns", table.duration)

    def tell() -> None:
        done = float(simulation.t.min()) - start
        stage.progress.advance(done, lambda: f"t = {(start + done) * 1e9:.4f} ns")

    rows = output_times(table.duration, table.table_every).tolist()
    frames = output_times(table.duration, table.fields_every).tolist()
    close = 1e-9 * table.duration

    def due(times: list[float], elapsed: float) -> bool:
        place = bisect_left(times, elapsed - close)
        return place < len(times) and times[place] <= elapsed + close

    def output(_: Simulation) -> None:
        elapsed = float(simulation.t[0]) - start
        if elapsed == 0 or due(rows, elapsed):
            recorder.row(stage.index)
        if (elapsed == 0 and table.fields_every is not None) or due(frames, elapsed):
            recorder.fields()

    given = {} if table.dt_max is None else {"dt_max": table.dt_max}
    window = None if table.window is None else MovingWindow(table.window)
    simulation.run(
        table.duration,
        at=merged_times(rows, frames),
        callback=output,
        solver=table.solver,
        tolerance=table.tolerance,
        dt=table.dt,
        window=window,
        on_step=tell,
        **given,
    )


def _operate(stage: Stage) -> None:
    table, recorder = stage.table, stage.recorder
    device = stage.loaded.devices[table.device]
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
    builder = stage.loaded.builder
    direction = Parameter(builder.value(table.direction, tables.DIRECTION), tables.DIRECTION, simulation.mesh,
                          simulation.regions, "direction").base  # fmt: skip
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
    declarations = settable(stage.loaded.scene)
    for path, value in stage.table.values.items():
        built = stage.loaded.builder.setting(path, value, declarations[path])
        stage.simulation.set(path.removeprefix("terms."), built)


_STAGES: dict[type, Callable[[Stage], None]] = {
    tables.Relax: _descent,
    tables.Minimize: _descent,
    tables.Run: _run,
    tables.Operate: _operate,
    tables.Hysteresis: _hysteresis,
    tables.Set: _set,
}
