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
from fdmag.scene.contents import has_form, parameters, splits
from fdmag.scene.load import LoadedScene
from fdmag.scene.progress import Progress
from fdmag.scene.splitting import EnsembleSplitting
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
OF_ONE_DEVICE = ("time_constant",)
"""Figures that replicas which differ in more than noise do not have together: a mixture of rates is no rate."""
MOST_DEVICES = 1000
"""Devices whose figures are told one by one."""


class Ensemble:
    """The replicas of a scene, as many as its figure needs.

    Parameters
    ----------
    loaded : LoadedScene
    recorder : Recorder
    progress : Progress
    past : list
        Is given what all but the last of several batches took, as `effort` tells it.
    """

    def __init__(
        self, loaded: LoadedScene, recorder: Recorder, progress: Progress, past: list[dict[str, NDArray[np.int64]]]
    ) -> None:
        self.loaded, self.recorder, self.progress, self.past = loaded, recorder, progress, past
        self._until = [
            i for i, stage in enumerate(loaded.scene.stages) if isinstance(stage, tables.Run) and stage.until
        ]
        self._splitting = None
        if splits(loaded.scene):
            self._splitting = EnsembleSplitting(loaded.scene.ensemble, self._duration(self._until[-1]))

    def run(self) -> list[dict[str, Any]]:
        """Carry out the stages, again with further replicas until the figure asked for is known; return the figures.

        Replica r of all is the same whatever the number that is computed together.
        """
        loaded = self.loaded
        self._carry_out()
        ensemble = loaded.scene.ensemble
        if ensemble is not None and ensemble.relative_error is not None:
            builder, batch = loaded.builder, loaded.simulation.batch
            simulation = loaded.simulation
            while not self._known():
                done = builder.first_replica + batch
                if done + batch > ensemble.most:
                    LOG.warning("ensemble: %s is not known to %g with %d replicas, and %d are the most",
                                ensemble.figure, ensemble.relative_error, done, ensemble.most)  # fmt: skip
                    break
                builder.first_replica = done
                again = builder.simulation(simulation.backend.name, simulation.backend.dtype.name)
                assert again is not None  # the scene was checked with the first replicas
                self.past.append(effort(simulation))
                loaded.parts, simulation = again
                loaded.simulation = simulation
                self.recorder.go_on_with(simulation, done)
                self._carry_out()
        return list(self._figures())

    def write(self) -> None:
        """Write ``switching.csv``: by stage, the times [s] at which replicas stopped, and the probability not to have.

        Of a splitting they are those of its divisions, and there is ``tables/splitting.csv``.
        """
        if not self._until:
            return
        with atomic_write(self.recorder.folder / "switching.csv", text=True) as file:
            file.write("stage (1),t (s),not_stopped (1),low (1),high (1)\n")
            for stage in self._until:
                for row in self._not_stopped(stage).tolist():
                    file.write(f"{stage},{','.join(map(repr, row))}\n")
        if self._splitting is not None:
            self._splitting.write(self.recorder, self._until[-1])

    def _carry_out(self) -> None:
        loaded, splitting = self.loaded, self._splitting
        if splitting is not None:
            splitting.begin()
        run_stages(loaded.simulation, loaded.scene.stages, loaded.parts.settings, self.recorder, self.progress,
                   loaded.devices, splitting, loaded.parts.finer)  # fmt: skip

    def _duration(self, stage: int) -> float:
        return float(self.loaded.scene.stages[stage].duration)

    @property
    def _confidence(self) -> float:
        return 0.95 if self.loaded.scene.ensemble is None else float(self.loaded.scene.ensemble.confidence)

    def _switching(self, stage: int) -> SwitchingStatistics:
        return switching(self.recorder.table.data, stage, self._duration(stage))

    def _not_stopped(self, stage: int) -> NDArray[np.float64]:
        """Return times [s], the probability not to have stopped, and its bounds, (times, 4)."""
        if self._splitting is not None:
            return self._splitting.not_stopped()
        times, left = self._switching(stage).survival(self._confidence)
        return np.stack([times, left.value, left.low, left.high], axis=1)

    def _known(self) -> bool:
        ensemble, stage = self.loaded.scene.ensemble, self._until[-1]
        if self._splitting is not None:
            LOG.info("ensemble: %s %s", ensemble.figure, self._splitting.estimate())
            return self._splitting.known()
        try:
            found = FIGURES[ensemble.figure](self._switching(stage), ensemble.confidence)
        except ParameterError:  # a mean of which some are missing
            return False
        LOG.info("ensemble: %s %s", ensemble.figure, found)
        return bool(found.relative_error <= ensemble.relative_error)

    def _figures(self) -> Iterator[dict[str, Any]]:
        if self._splitting is not None:
            figures = self._splitting.figures(self._until[-1])
            if figures[self.loaded.scene.ensemble.figure]["value"] == 0:
                LOG.warning("ensemble: no trajectory came to the rare event; give more replicas, or shorter every")
            yield figures
            return
        differ, devices = devices_of(self.loaded.scene, self.loaded.simulation.batch)
        for stage in self._until:
            found = self._switching(stage)
            told: dict[str, Any] = {"stage": stage, "replicas": found.n, "stopped": found.switched}
            told |= figures_of(found, self._confidence, () if devices is None else OF_ONE_DEVICE)
            told["confidence"] = self._confidence
            if devices is not None:
                told |= {"of": "devices drawn at random, of which the replicas are a sample", "differ": differ}
                if 1 < devices.max() + 1 < found.n and devices.max() < MOST_DEVICES:
                    told["devices"] = list(_of_each(found, devices, self._confidence))
            yield told


def effort(simulation: Simulation) -> dict[str, NDArray[np.int64]]:
    """Return what each replica took: steps, rejected ones, evaluations of the field."""
    state = simulation.state
    return {"steps": state.steps, "rejected_steps": state.rejected, "evaluations": state.evaluations}


def switching(table: TableData, stage: int, duration: float) -> SwitchingStatistics:
    """Return when the replicas stopped in a stage, by the result table; times count from the start of the stage."""
    rows = table["stage"] == stage
    replica, t, stopped = table["replica"][rows], table["t"][rows], table["t_stop"][rows]
    first = np.unique(replica, return_index=True)[1]
    last = replica.size - 1 - np.unique(replica[::-1], return_index=True)[1]
    return SwitchingStatistics(stopped[last] - t[first], duration)


def figures_of(found: SwitchingStatistics, confidence: float, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the figures that there are, with their intervals, by name."""
    figures: dict[str, Any] = {}
    for name, figure in FIGURES.items():
        if name in without:
            continue
        try:
            value = figure(found, confidence)
        except ParameterError:
            continue
        figures[name] = {"value": value.value, "low": value.low, "high": value.high}
    return figures


def devices_of(scene: Any, batch: int) -> tuple[list[str], NDArray[np.intp] | None]:
    """Return where replicas are given different values, and which device each of them is, (batch,).

    Replicas are one device if all their values are the same; None if all replicas are.
    """
    values: dict[str, list[str]] = {}
    for place, _, value in parameters(scene):
        name = ".".join(map(str, place))
        if has_form(value, "replicas"):
            values[name] = [repr(each) for each in value["replicas"]]
        if has_form(value, "grains") and "replicas" in value["grains"]:
            values[name] = [str(number) for number in range(value["grains"]["replicas"])]
    differ = {name: each for name, each in values.items() if len(each) == batch and len(set(each)) > 1}
    if not differ:
        return [], None
    kinds: dict[tuple[str, ...], int] = {}
    numbers = [kinds.setdefault(kind, len(kinds)) for kind in zip(*differ.values(), strict=True)]
    return list(differ), np.array(numbers)


def _of_each(found: SwitchingStatistics, devices: NDArray[np.intp], confidence: float) -> Iterator[dict[str, Any]]:
    """Yield the figures of each device by its own replicas, the number of the first of which stands for it."""
    for device in range(int(devices.max()) + 1):
        of = np.flatnonzero(devices == device)
        own = SwitchingStatistics(found.times[of], found.end[of])
        yield {"replica": int(of[0]), "replicas": own.n, "stopped": own.switched} | figures_of(own, confidence)
