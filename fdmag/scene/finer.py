"""A scene on cells half as large in x and y: what of it is built again, and how a stage comes by its simulation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fdmag.barriers import ORDER
from fdmag.scene import tables
from fdmag.scene.problems import Place
from fdmag.scene.state_tables import Uniform
from fdmag.simulation import Simulation

if TYPE_CHECKING:
    from fdmag.scene.build import Parts


def halvings(scene: Any) -> list[Place]:
    """Return the places that ask for cells half as large."""
    found: list[Place] = [
        ("stages", index, "halve_cells")
        for index, stage in enumerate(scene.stages)
        if getattr(stage, "halve_cells", False)
    ]
    devices = {name: table for name, table in scene.device.items() if table is not None}
    return found + [
        ("device", name, "measure", "halve_cells")
        for name, table in devices.items()
        if getattr(getattr(table, "measure", None), "halve_cells", False)
    ]


def finer_scene(scene: Any) -> Any:
    """Return the scene on cells half as large, with the stages that set parameters; states come from the coarse one."""
    nx, ny, nz = scene.mesh.cells
    dx, dy, dz = scene.mesh.cell
    mesh = scene.mesh.model_copy(update={"cells": [2 * nx, 2 * ny, nz], "cell": [dx / 2, dy / 2, dz]})
    stages = [
        stage if isinstance(stage, tables.Set | tables.Hysteresis) else tables.Relax() for stage in scene.stages
    ]  # fmt: skip
    update = {"mesh": mesh, "initial": Uniform(direction=[0.0, 0.0, 1.0]), "stages": stages, "device": {}}
    return scene.model_copy(update=update)


def finer_simulation(finer: "Parts", stages: Sequence[Any], index: int, simulation: Simulation) -> Simulation:
    """Return the simulation of the finer parts, with what the stages before ``index`` have set, at the same time."""
    fine = finer.simulation(simulation.backend.name, simulation.backend.dtype.name)
    for stage, settings in zip(stages[:index], finer.settings, strict=False):
        if isinstance(stage, tables.Set):
            for path, value in settings.items():
                fine.set(path.removeprefix("terms."), value)
        if isinstance(stage, tables.Hysteresis):
            # the field it ends with, in the form it has in a scene: one direction, or one for each region or cell
            direction = tables.direction_of(settings["direction"], fine)
            fine.set(f"{stage.term}.B", (stage.start if stage.back else stage.stop) * direction)
    fine.t = simulation.t
    return fine


def order_of(simulation: Simulation) -> int | None:
    """Return the order of the error in the size of the cells: known if no edge of anything runs through the mesh."""
    whole = bool(simulation.magnetic.all()) and np.all(simulation.weights == 1)
    alike = np.unique(simulation.regions.numbers).size == 1
    return ORDER if whole and alike else None
