"""Carrying out a stage that finds energy barriers, one for each replica."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fdmag.barriers import (
    Barrier,
    HalvedCells,
    InitialPath,
    Rotation,
    Switching,
    Through,
    WallSweep,
    find_again,
    find_barrier,
    halve_cells,
    uniform_barrier,
)
from fdmag.constants import BOLTZMANN
from fdmag.scene import barrier_table
from fdmag.scene.finer import order_of

if TYPE_CHECKING:
    from fdmag.scene.stages import Stage


@dataclass
class _Found:
    """What is found of each replica."""

    barriers: list[Barrier] = field(default_factory=list)
    fewer: list[Barrier] = field(default_factory=list)
    finer: list[HalvedCells] = field(default_factory=list)
    uniform: list[float] = field(default_factory=list)


def find_barriers(stage: "Stage") -> None:
    """Find the barrier of every replica; write paths, images and the saddle, and leave m at the start."""
    table, simulation = stage.table, stage.simulation
    stage.progress.start(stage.index, "barrier", simulation.batch)
    start = None if table.start is None else _of_replicas(stage, "start")
    end = _of_replicas(stage, "end")
    found = _Found()
    fine = stage.finer() if table.halve_cells and stage.finer is not None else None
    frozen = bool(np.any(simulation.magnet.material.frozen.base))
    for replica in range(simulation.batch):

        def tell(force: NDArray, energy: NDArray, replica: int = replica) -> None:
            stage.progress.advance(replica, lambda: f"replica {replica}, force across the path {force.max():.2e} T")

        options = {"max_torque": table.max_torque, "max_steps": table.max_steps, "replica": replica, "on_step": tell}
        barrier = find_barrier(
            simulation, None if start is None else start[replica], end[replica], path=_path(stage, replica),
            images=table.images, **options,
        )  # fmt: skip
        found.barriers.append(barrier)
        if table.halve_images:
            fewer = max(3, (table.images + 1) // 2)
            found.fewer.append(find_again(barrier, simulation, images=fewer, **options))
        if fine is not None:
            found.finer.append(halve_cells(barrier, fine, order=order_of(fine), **options))
        ends = barrier.m[0], barrier.m[-1]
        found.uniform.append(np.nan if frozen else uniform_barrier(simulation, *ends, replica=replica))
        simulation.state.evaluations[replica] += barrier.evaluations
        simulation.state.steps[replica] += barrier.steps
    _write(stage, found.barriers)
    if found.finer:
        _write_finer(stage, found.finer)
    _put(stage, [barrier.m[barrier.top] for barrier in found.barriers])
    columns = _columns(found, table.temperature)
    stage.recorder.row(stage.index, columns)
    stage.recorder.fields()
    _put(stage, [barrier.m[0] for barrier in found.barriers])
    for replica in range(simulation.batch):
        told = {"stage": stage.index, "replica": int(stage.recorder.replicas[replica])}
        figures = {name: float(values[replica]) for name, values in columns.items()}
        stage.recorder.tell("barriers", told | figures)


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


def _write_finer(stage: "Stage", found: list[HalvedCells]) -> None:
    """Write the paths on cells half as large as a table, and a picture of both of the first replica."""
    first = found[0].fine
    units = {"image": None, "replica": None, "distance": "rad", "force": "T", "E_total": "J"}
    units |= {f"E_{name}": "J" for name in first.energies}
    table = stage.recorder.further_table(f"barrier_{stage.index}_fine", units)
    for image in range(first.images):
        fine = [each.fine for each in found]
        own = {"distance": "distance", "force": "force", "E_total": "energy"}
        row = {name: np.array([getattr(each, key)[image] for each in fine]) for name, key in own.items()}
        row |= {f"E_{name}": np.array([each.energies[name][image] for each in fine]) for name in first.energies}
        table.append({"image": np.full(len(fine), image), "replica": stage.recorder.replicas, **row})
    stage.recorder.picture(f"barrier_{stage.index}", lambda axes: found[0].plot(axes, stage.table.temperature))


def _columns(found: _Found, T: float) -> dict[str, NDArray]:
    barriers, unit = found.barriers, BOLTZMANN * T
    kT = np.array([barrier.in_kT(T) for barrier in barriers])
    nothing, uniform = np.full(len(barriers), np.nan), np.array(found.uniform)
    descents = [np.nan if barrier.saddle is None else barrier.saddle.descents for barrier in barriers]
    fine, limit, apart = (
        np.array([get(each) for each in found.finer]) if found.finer else nothing for get in _OF_FINER
    )  # fmt: skip
    return {
        "barrier": np.array([barrier.forward for barrier in barriers]),
        "barrier_back": np.array([barrier.backward for barrier in barriers]),
        "barrier_kT": kT[:, 0],
        "barrier_back_kT": kT[:, 1],
        "barrier_spline": np.array([barrier.spline for barrier in barriers]),
        "barrier_halved": np.array([barrier.forward for barrier in found.fewer]) if found.fewer else nothing,
        "barrier_fine": fine,
        "barrier_fine_kT": fine / unit,
        "barrier_extrapolated": limit,
        "barrier_extrapolated_kT": limit / unit,
        "barrier_uncertainty": apart,
        "barrier_uniform": uniform,
        "barrier_uniform_kT": uniform / unit,
        "path_length": np.array([barrier.distance[-1] for barrier in barriers]),
        "saddles": np.array([len(barrier.saddles) for barrier in barriers]),
        "saddle_image": np.array([barrier.top for barrier in barriers]),
        "saddle_descents": np.array(descents),
    }


_OF_FINER: tuple[Callable[[HalvedCells], float], ...] = (
    lambda each: each.fine.forward, lambda each: each.extrapolated, lambda each: each.uncertainty
)  # fmt: skip
