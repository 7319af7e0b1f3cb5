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
from fdmag.scene.warnings import Resting, lost_field
from fdmag.simulation import Simulation
from fdmag.time_integration import merged_times, output_times

if TYPE_CHECKING:
    from fdmag.scene.build import Parts

LOG = logging.getLogger("fdmag")
STILL = 1e-12
"""Change of m that is nothing but rounding."""


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
    stepped: set[str] = set()
    for index, stage in enumerate(stages):
        LOG.info("stage %d: %s", index, stage.kind)
        simulation.stop_times[:] = np.nan  # in this stage none has stopped yet
        begun = Stage(index, stage, settings[index], simulation, recorder, progress, devices or {})
        begun.stepped = stepped
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
    recorder = stage.recorder
    if isinstance(recorder, RowsInMemory) or isinstance(stage.table, tables.Set) or stage.index in recorder.warned:
        return
    told = [*filter(None, [sharpness_told(stage.simulation)])]
    if isinstance(stage.table, tables.Operate):
        told += [f"{stage.table.device}: {doubt}" for doubt in stage.devices[stage.table.device].doubts()]
    for warning in told:
        LOG.warning("stage %d (%s): %s", stage.index, stage.table.kind, warning)
        recorder.warned.add(stage.index)


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
        self.stepped: set[str] = set()
        """Zeeman terms whose field a hysteresis has stepped before."""

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
    resting = Resting(stage.simulation)
    resting.look()
    resting.warn(stage.index, stage.table.kind)


def _run(stage: Stage) -> None:
    table, simulation, recorder = stage.table, stage.simulation, stage.recorder
    start, m, steps = simulation.t, simulation.m, simulation.state.steps.sum()
    stage.progress.start(stage.index, f"run {table.duration * 1e9:g} ns", table.duration)

    def tell() -> None:
        done = float((simulation.t - start)[np.isnan(simulation.stop_times)].min(initial=table.duration))
        taken = (simulation.state.steps.sum() - steps) / simulation.batch
        stage.progress.advance(done, lambda: f"t = {(start.max() + done) * 1e9:.4f} ns", taken)

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
        progress=tell,
        **given,
    )
    if np.all(simulation.stop_times == start):
        LOG.warning("stage %d: until is met at the start already, and no time has passed", stage.index)
    elif _driven(simulation) and np.abs(simulation.m - m).max() <= STILL:
        LOG.warning(
            "stage %d: m has not moved at all: it lies exactly along its field, where a spin torque has nothing to "
            "begin with. Tilt the initial state, such as direction = [0.01, 0, 1], or add [terms.thermal]",
            stage.index,
        )


def _driven(simulation: Simulation) -> bool:
    """Return whether a current or a voltage makes a torque somewhere at some time."""
    torques = [term for term in simulation.terms.values() if not (term.has_energy() or term.stochastic)]
    drives: list[Any] = [getattr(term, key, None) for term in torques for key in ("J", "current", "voltage")]
    return any(drive is not None and (not drive.constant or drive.base.any()) for drive in drives)


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
    resting = Resting(simulation)
    zeeman: Any = simulation.terms[table.term]
    if table.term not in stage.stepped and (lost := lost_field(zeeman.B, direction)) is not None:
        LOG.warning("stage %d (hysteresis): %s", stage.index, lost)
    stage.stepped.add(table.term)
    for point, amplitude in enumerate(amplitudes):
        simulation.set(f"{table.term}.B", amplitude * direction)
        stage.descend(table.method, point, f"{amplitude * 1e3:g} mT, ")
        recorder.row(stage.index)
        resting.look(f"{amplitude * 1e3:.6g} mT")
        if series is not None:
            recorder.fields(series, point)
    recorder.fields()
    resting.warn(stage.index, "hysteresis")


def _amplitudes(table: tables.Hysteresis) -> Iterator[float]:
    down = np.linspace(table.start, table.stop, table.steps + 1)
    yield from down.tolist()
    if table.back:
        yield from down[-2::-1].tolist()


def _set(stage: Stage) -> None:
    if stage.table.time is not None:
        stage.simulation.t = stage.table.time
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
