"""Carrying out a stage that finds energy barriers, one for each replica."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fdmag.barriers import (
    Barrier,
    InitialPath,
    Rotation,
    Switching,
    Through,
    WallSweep,
    find_again,
    find_barrier,
    uniform_barrier,
)
from fdmag.constants import BOLTZMANN
from fdmag.scene import barrier_table

if TYPE_CHECKING:
    from fdmag.scene.stages import Stage


def find_barriers(stage: "Stage") -> None:
    """Find the barrier of every replica; write paths, images and the saddle, and leave m at the start."""
    table, simulation = stage.table, stage.simulation
    stage.progress.start(stage.index, "barrier", simulation.batch)
    start = None if table.start is None else _of_replicas(stage, "start")
    end = _of_replicas(stage, "end")
    found, halved, uniform = [], [], []
    frozen = bool(np.any(simulation.magnet.material.frozen.base))
    for replica in range(simulation.batch):

        def tell(force: NDArray, energy: NDArray, replica: int = replica) -> None:
            stage.progress.advance(replica, lambda: f"replica {replica}, force across the path {force.max():.2e} T")

        options = {"max_torque": table.max_torque, "max_steps": table.max_steps, "replica": replica, "on_step": tell}
        barrier = find_barrier(
            simulation, None if start is None else start[replica], end[replica], path=_path(stage, replica),
            images=table.images, **options,
        )  # fmt: skip
        found.append(barrier)
        if table.halve_images:
            fewer = max(3, (table.images + 1) // 2)
            halved.append(find_again(barrier, simulation, images=fewer, **options))
        ends = barrier.m[0], barrier.m[-1]
        uniform.append(np.nan if frozen else uniform_barrier(simulation, *ends, replica=replica))
        simulation.state.evaluations[replica] += barrier.evaluations
        simulation.state.steps[replica] += barrier.steps
    _write(stage, found)
    _put(stage, [barrier.m[barrier.top] for barrier in found])
    stage.recorder.row(stage.index, _columns(found, halved, np.array(uniform), table.temperature))
    stage.recorder.fields()
    _put(stage, [barrier.m[0] for barrier in found])


def _of_replicas(stage: "Stage", state: str) -> NDArray[np.float64]:
    """Return a state for every replica, (batch, 3, nz, ny, nx)."""
    simulation = stage.simulation
    return np.broadcast_to(stage.settings[state], (simulation.batch, 3, *simulation.mesh.shape))


def _path(stage: "Stage", replica: int) -> InitialPath:
    match stage.table.path:
        case barrier_table.SweepPath() as path:
            return WallSweep(path.direction, path.width, path.through)
        case barrier_table.StatesPath() as path:
            states = [_of_replicas(stage, f"path.states.{number}")[replica] for number in range(len(path.states))]
            return Through(states, path.through)
        case barrier_table.NoisePath() as path:
            return Switching(path.T, path.duration, path.every)
        case barrier_table.RotationPath() as path:
            return Rotation(path.through)
    return Rotation()


def _put(stage: "Stage", states: list[NDArray]) -> None:
    stage.simulation.m = np.stack(states)


def _write(stage: "Stage", found: list[Barrier]) -> None:
    """Write the paths as a table, with what is told of every state, and their images as a series."""
    simulation, recorder = stage.simulation, stage.recorder
    own = {"image": None, "replica": None, "distance": "rad", "force": "T"}
    units = own | {name: unit for name, (unit, _) in simulation.summary().items()}
    table, series = recorder.further_table(f"barrier_{stage.index}", units), recorder.series(f"barrier_{stage.index}")
    for image in range(found[0].images):
        _put(stage, [barrier.m[image] for barrier in found])
        values = {name: column for name, (_, column) in simulation.summary().items()}
        distance, force = (np.array([getattr(each, key)[image] for each in found]) for key in ("distance", "force"))
        number = np.full(len(found), image)
        table.append({"image": number, "replica": recorder.replicas, "distance": distance, "force": force, **values})
        recorder.fields(series, image)


def _columns(found: list[Barrier], halved: list[Barrier], uniform: NDArray, T: float) -> dict[str, NDArray]:
    kT = np.array([barrier.in_kT(T) for barrier in found])
    fewer = [barrier.forward for barrier in halved] or np.full(len(found), np.nan)
    descents = [np.nan if barrier.saddle is None else barrier.saddle.descents for barrier in found]
    return {
        "barrier": np.array([barrier.forward for barrier in found]),
        "barrier_back": np.array([barrier.backward for barrier in found]),
        "barrier_kT": kT[:, 0],
        "barrier_back_kT": kT[:, 1],
        "barrier_spline": np.array([barrier.spline for barrier in found]),
        "barrier_halved": np.array(fewer),
        "barrier_uniform": uniform,
        "barrier_uniform_kT": uniform / (BOLTZMANN * T),
        "path_length": np.array([barrier.distance[-1] for barrier in found]),
        "saddles": np.array([len(barrier.saddles) for barrier in found]),
        "saddle_image": np.array([barrier.top for barrier in found]),
        "saddle_descents": np.array(descents),
    }
