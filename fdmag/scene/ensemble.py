"""Running an ensemble: as many replicas as a figure needs, and what became of them."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.output.files import atomic_write
from fdmag.output.recorder import Recorder
from fdmag.output.table import TableData
from fdmag.scene import tables
from fdmag.scene.load import LoadedScene
from fdmag.scene.progress import Progress
from fdmag.scene.stages import run_stages
from fdmag.simulation import Simulation
from fdmag.statistics import Estimate, SwitchingStatistics

LOG = logging.getLogger("fdmag")

FIGURES: dict[str, Callable[[SwitchingStatistics, float], Estimate]] = {
    "probability": lambda found, confidence: found.probability(None, confidence),
    "error_rate": lambda found, confidence: found.error_rate(None, confidence),
    "time_constant": lambda found, confidence: found.exponential_time(confidence),
    "mean_time": lambda found, confidence: found.mean_time(confidence),
}


def run_ensemble(
    loaded: LoadedScene, recorder: Recorder, progress: Progress, past: list[dict[str, NDArray[np.int64]]]
) -> list[dict[str, Any]]:
    """Carry out the stages, again with further replicas until the figure asked for is known; return the figures.

    Replica r of all is the same whatever the number that is computed together. What all but the last of the batches
    took is appended to ``past``.
    """
    _carry_out(loaded, recorder, progress)
    ensemble = loaded.scene.ensemble
    if ensemble is not None and ensemble.relative_error is not None:
        builder, batch = loaded.builder, loaded.simulation.batch
        simulation = loaded.simulation
        stage = _until(loaded)[-1]
        while not _known(loaded, recorder.table.data, stage):
            done = builder.first_replica + batch
            if done + batch > ensemble.most:
                LOG.warning("ensemble: %s is not known to %g with %d replicas, and %d are the most",
                            ensemble.figure, ensemble.relative_error, done, ensemble.most)  # fmt: skip
                break
            builder.first_replica = done
            again = builder.simulation(simulation.backend.name, simulation.backend.dtype.name)
            assert again is not None  # the scene was checked with the first replicas
            past.append(effort(simulation))
            loaded.parts, simulation = again
            loaded.simulation = simulation
            recorder.go_on_with(simulation, done)
            _carry_out(loaded, recorder, progress)
    return list(_figures(loaded, recorder.table.data))


def effort(simulation: Simulation) -> dict[str, NDArray[np.int64]]:
    """Return what each replica took: steps, rejected ones, evaluations of the field."""
    state = simulation.state
    return {"steps": state.steps, "rejected_steps": state.rejected, "evaluations": state.evaluations}


def _confidence(loaded: LoadedScene) -> float:
    return 0.95 if loaded.scene.ensemble is None else loaded.scene.ensemble.confidence


def _carry_out(loaded: LoadedScene, recorder: Recorder, progress: Progress) -> None:
    run_stages(loaded.simulation, loaded.scene.stages, loaded.parts.settings, recorder, progress, loaded.devices)


def _until(loaded: LoadedScene) -> list[int]:
    """Return the numbers of the stages in which replicas may stop."""
    return [i for i, stage in enumerate(loaded.scene.stages) if isinstance(stage, tables.Run) and stage.until]


def switching(table: TableData, stage: int, duration: float) -> SwitchingStatistics:
    """Return when the replicas stopped in a stage, by the result table; times count from the start of the stage."""
    rows = table["stage"] == stage
    replica, t, stopped = table["replica"][rows], table["t"][rows], table["t_stop"][rows]
    first = np.unique(replica, return_index=True)[1]
    last = replica.size - 1 - np.unique(replica[::-1], return_index=True)[1]
    return SwitchingStatistics(stopped[last] - t[first], duration)


def _known(loaded: LoadedScene, table: TableData, stage: int) -> bool:
    ensemble = loaded.scene.ensemble
    try:
        found = FIGURES[ensemble.figure](_switching(loaded, table, stage), ensemble.confidence)
    except ParameterError:  # a mean of which some are missing
        return False
    LOG.info("ensemble: %s %s", ensemble.figure, found)
    return bool(found.relative_error <= ensemble.relative_error)


def _switching(loaded: LoadedScene, table: TableData, stage: int) -> SwitchingStatistics:
    return switching(table, stage, loaded.scene.stages[stage].duration)


def _figures(loaded: LoadedScene, table: TableData) -> Iterator[dict[str, Any]]:
    confidence = _confidence(loaded)
    for stage in _until(loaded):
        found = _switching(loaded, table, stage)
        figures: dict[str, Any] = {"stage": stage, "replicas": found.n, "stopped": found.switched}
        for name, figure in FIGURES.items():
            try:
                value = figure(found, confidence)
            except ParameterError:
                continue
            figures[name] = {"value": value.value, "low": value.low, "high": value.high}
        yield figures | {"confidence": confidence}


def write_switching(loaded: LoadedScene, recorder: Recorder) -> None:
    """Write ``switching.csv``: by stage, the times [s] at which replicas stopped, and the probability not to have."""
    stages = _until(loaded)
    if not stages:
        return
    with atomic_write(recorder.folder / "switching.csv", text=True) as file:
        file.write("stage (1),t (s),not_stopped (1),low (1),high (1)\n")
        for stage in stages:
            times, left = _switching(loaded, recorder.table.data, stage).survival(_confidence(loaded))
            for row in zip(times.tolist(), left.value.tolist(), left.low.tolist(), left.high.tolist(), strict=True):
                file.write(f"{stage},{','.join(map(repr, row))}\n")
