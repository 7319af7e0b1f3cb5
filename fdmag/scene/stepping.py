"""Stages when their turn comes: whether there is noise by then, which tolerance is usual, what terms let be set."""

import copy
import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from fdmag.errors import ParameterError
from fdmag.modes.linearised import moving_cells
from fdmag.parameter import Parameter
from fdmag.quantities import MovingWindow
from fdmag.scene.build import Parts
from fdmag.scene.modes_table import ModesTable, SpectrumTable
from fdmag.scene.problems import Problem
from fdmag.scene.tables import Operate, Run, Set
from fdmag.simulation import Simulation
from fdmag.solvers.choice import method_for, usual_tolerance
from fdmag.solvers.tableau import HEUN
from fdmag.spectrum.samples import TOLERANCE


def with_tolerances(stages: list[Any], parts: Parts, simulation: Simulation) -> list[Any]:
    """Return the stages, the tolerance of those that step filled in: the usual one, with noise or without."""
    return [
        stage.model_copy(update={"tolerance": _usual(stage, simulation, noisy=noisy)})
        if isinstance(stage, Run | Operate | SpectrumTable) and stage.tolerance is None and _step(stage) is None
        else stage
        for stage, noisy in zip(stages, noise(parts, simulation), strict=True)
    ]


def stepping_problems(
    stages: list[Any], parts: Parts, simulation: Simulation, *, divided: bool = False
) -> Iterator[Problem]:
    """Yield what stages cannot do with the simulation as it is by then; ``divided`` says that trajectories are."""
    yield from _not_to_be_set(parts, simulation)
    changed = False  # whether a stage before has set something
    for index, (stage, noisy) in enumerate(zip(stages, noise(parts, simulation), strict=True)):
        place = ("stages", index)
        changed |= isinstance(stage, Set)
        solver = getattr(stage, "solver", None)
        if divided and isinstance(stage, Run) and not noisy:
            message = "without noise the copies of a trajectory stay together; give thermal.T above 0 K before this run"
            yield Problem((*place, "kind"), message)
        if noisy and solver not in (None, HEUN.name) and _step(stage) is None:
            yield Problem(
                (*place, "solver"), f'"{solver}" cannot adapt its step to thermal noise; use "heun", or give dt'
            )
        if isinstance(stage, ModesTable):
            if simulation.backend.dtype != np.float64:
                message = "modes need double precision, and this run has float32; add --precision float64"
                yield Problem((*place, "kind"), message)
            elif not changed and stage.count > 2 * (cells := moving_cells(simulation)):
                message = (
                    f"came {stage.count}; {cells} cells that move have {cells} modes that turn, and at most as many"
                )
                yield Problem((*place, "count"), f"{message} again that do not")
        if isinstance(stage, Run) and stage.window is not None and not changed:
            try:
                MovingWindow(stage.window).check(simulation)
            except ParameterError as error:
                yield Problem((*place, "window"), str(error).removeprefix("window: "))


def noise(parts: Parts, simulation: Simulation) -> list[bool]:
    """Return for each stage whether there is noise, by what the stages up to it have set."""
    terms = {name: copy.copy(term) for name, term in simulation.terms.items() if term.stochastic}
    found = []
    for settings in parts.settings:
        for path, value in settings.items():
            _, _, rest = path.partition("terms.")
            name, _, key = rest.partition(".")
            if name in terms:
                declaration = terms[name].parameters()[key]
                setattr(terms[name], key, Parameter(value, declaration, parts.mesh, parts.regions, path))
        found.append(any(term.noisy for term in terms.values()))
    return found


def _not_to_be_set(parts: Parts, simulation: Simulation) -> Iterator[Problem]:
    """Yield what terms refuse of what stages set, such as a current through a junction that has a voltage."""
    magnet = simulation.magnet
    terms = dict(magnet.terms)
    for index, settings in enumerate(parts.settings):
        for path, value in settings.items():
            kind, _, rest = path.partition(".")
            name, _, key = rest.partition(".")
            if kind == "material":
                return  # what terms then are is known when they are
            if kind != "terms" or name not in terms:
                continue
            quantity = Parameter(value, terms[name].parameters()[key], parts.mesh, parts.regions, rest)
            term = dataclasses.replace(terms[name], **{key: quantity})
            term.shares = magnet.shares
            try:
                term.complete(parts.mesh, parts.regions, magnet.material.Ms)
                term.check(parts.mesh)
            except ParameterError as error:
                yield Problem(("stages", index, "values", path), str(error).removeprefix(f"{rest}: "))
                return
            terms[name] = term


def _step(stage: Any) -> float | None:
    return getattr(stage, "dt", None)


def _usual(stage: Any, simulation: Simulation, *, noisy: bool) -> float:
    if isinstance(stage, SpectrumTable) and not noisy:
        return TOLERANCE
    solver = getattr(stage, "solver", None)
    return usual_tolerance(method_for(solver, noisy=noisy, single_cell=simulation.mesh.n_cells == 1), noisy=noisy)
