"""What the tables of a scene must agree on: names, files, replicas, stages, columns, memory."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any

from fdmag.errors import FdmagError, did_you_mean
from fdmag.quantities import Formula, MovingWindow
from fdmag.regions import DEFAULT
from fdmag.scene import tables
from fdmag.scene.barrier_table import NoisePath
from fdmag.scene.contents import (
    Given,
    asked_columns,
    counts_of_replicas,
    figure_columns,
    files,
    has_form,
    of_broken_device,
    parameters,
    quantities,
    replica_count,
    settable,
    shape_uses,
    stage_columns,
    standard_columns,
    terms_in_use,
)
from fdmag.scene.devices import device_problems
from fdmag.scene.ensemble_checks import ensemble_problems
from fdmag.scene.finer import halvings
from fdmag.scene.parameters import parameter_value
from fdmag.scene.problems import Problem, shown
from fdmag.scene.reading_checks import expectations
from fdmag.scene.sweeps.expansion import Expansion

NUMBERS_PER_CELL = 120
"""Peak memory of a run: numbers per cell and replica, in the precision of the run. Measured on 64 × 64 × 4 with
exchange, demag and Zeeman: relaxing took 104 by NumPy and 52 compiled, Dormand–Prince 74 and 21, the minimiser 74 and
30. The rest is for parameters that vary from cell to cell."""
NUMBERS_PER_IMAGE = 120
"""The same for each image of a path, in double precision; finding a barrier took 102 by NumPy and 80 compiled."""
MAX_SHAPES = 10_000
"""Most solids and operations a shape may have when every name in it is written out."""
MAX_SHAPE_DEPTH = 100


def consistency(
    scene: Any,
    folder: Path,
    precision: str | None = None,
    known: Sequence[Problem] = (),
    expansion: Expansion | None = None,
) -> list[Problem]:
    """Return where the tables of a scene do not agree; the values of set stages are normalised.

    ``known`` are the problems of single tables; None stands in the scene where those are, and what follows from them
    is not told. ``expansion`` are the members of a sweep, if it is one.
    """
    problems: list[Problem] = []
    terms_known = not any(problem.place[:1] == ("terms",) and len(problem.place) <= 2 for problem in known)
    if terms_known:
        problems += _set_values(scene)
    else:
        for stage in scene.stages:
            if isinstance(stage, tables.Set):
                stage.values = {}
    values = parameters(scene)
    problems += _shapes(scene)
    problems += _regions(scene, values)
    problems += _files(scene, folder)
    problems += _replicas(scene)
    if terms_known:
        problems += _stages(scene)
        problems += _barriers(scene)
        problems += device_problems(scene)
        problems += _quantities(scene)
        problems += ensemble_problems(scene)
        problems += expectations(scene, expansion, whole=not known)
    if scene.mesh is not None:
        problems += _memory(scene, 4 if precision == "float32" else 8)
    return problems


def _set_values(scene: Any) -> Iterator[Problem]:
    allowed = settable(scene)
    for index, stage in enumerate(scene.stages):
        if not isinstance(stage, tables.Set):
            continue
        values = dict(_flattened(stage.values, allowed, ""))
        stage.values = values
        for path, value in values.items():
            place = ("stages", index, "values", path)
            if path not in allowed:
                near = did_you_mean(path, allowed)
                yield Problem(place, f"is not there to be set; allowed: {', '.join(allowed)}{near}")
                continue
            try:
                values[path] = parameter_value(allowed[path]).read(value)
            except (FdmagError, ValueError) as error:
                values[path] = None
                yield Problem(place, str(error))


def _flattened(values: dict[str, Any], allowed: Any, above: str) -> Iterator[tuple[str, Any]]:
    """Yield paths and values, where ``terms.zeeman.B = ...`` may stand for ``"terms.zeeman.B" = ...``."""
    for key, value in values.items():
        path = above + key
        leads_on = any(name.startswith(f"{path}.") for name in allowed)
        if isinstance(value, dict) and path not in allowed and leads_on:
            yield from _flattened(value, allowed, f"{path}.")
        else:
            yield path, value


def _shapes(scene: Any) -> Iterator[Problem]:
    """Check names of shapes: known, in no circle, and not too many or too deep when written out."""
    uses: dict[str, list[str]] = {name: [] for name in scene.shapes}
    own = dict.fromkeys(scene.shapes, 0)
    complete = True
    for place, shape in shape_uses(scene):
        root = str(place[1]) if place[0] == "shapes" else None
        if root is not None:
            own[root] += 1
        if not isinstance(shape, str):
            continue
        if shape not in scene.shapes:
            complete = False
            known = ", ".join(scene.shapes) or "none; define it as [shapes.NAME]"
            near = did_you_mean(shape, scene.shapes)
            yield Problem(place, f"{shown(shape)} is not among the shapes: {known}{near}")
        elif root is not None:
            uses[root].append(shape)
    if complete:
        yield from _written_out(uses, own)


def _written_out(uses: dict[str, list[str]], own: dict[str, int]) -> Iterator[Problem]:
    waiting = {name: len(set(inner)) for name, inner in uses.items()}
    used_by: dict[str, list[str]] = {name: [] for name in uses}
    for name, inner in uses.items():
        for other in set(inner):
            used_by[other].append(name)
    ready = [name for name, number in waiting.items() if number == 0]
    size, depth = dict(own), dict.fromkeys(own, 1)
    for name in ready:  # grows while it is walked
        size[name] += sum(size[inner] for inner in uses[name])
        depth[name] += max((depth[inner] for inner in uses[name]), default=0)
        if size[name] > MAX_SHAPES or depth[name] > MAX_SHAPE_DEPTH:
            yield Problem(
                ("shapes", name),
                f"is made of {shown(size[name])} shapes, {depth[name]} deep, when every name is written out; "
                f"allowed: {MAX_SHAPES} and {MAX_SHAPE_DEPTH}; draw it as an image",
            )
            return
        for other in used_by[name]:
            waiting[other] -= 1
            if waiting[other] == 0:
                ready.append(other)
    if circular := sorted(set(uses) - set(ready)):
        yield Problem(("shapes", circular[0]), f"is made of itself, by way of {', '.join(circular)}; break the circle")


def _regions(scene: Any, values: list[Given]) -> Iterator[Problem]:
    known = [DEFAULT, *scene.regions]
    if DEFAULT in scene.regions:
        yield Problem(
            ("regions", DEFAULT), f'"{DEFAULT}" is the name of the cells that no region covers; choose another'
        )
    with_grains = [name for name, table in scene.regions.items() if table is None or table.grains is not None]
    for place, _, value in values:
        if has_form(value, "grains"):
            group = value["grains"].get("group")
            listed = ", ".join(with_grains) or "none; add [regions.NAME] with grains"
            if group is not None and group not in with_grains:
                near = did_you_mean(group, with_grains)
                yield Problem(
                    (*place, "grains", "group"), f"{shown(group)} has no grains; regions that do: {listed}{near}"
                )
            if group is None and len(with_grains) != 1:
                yield Problem((*place, "grains"), f"needs group, a region with grains; there are: {listed}")
        for name in value["regions"] if has_form(value, "regions") else ():
            if name not in known:
                near = did_you_mean(name, known)
                yield Problem((*place, "regions", name), f"no such region; allowed: {', '.join(known)}{near}")


def _files(scene: Any, folder: Path) -> Iterator[Problem]:
    for place, name in files(scene):
        try:
            message = file_problem(name, folder)
        except (OSError, RuntimeError, ValueError) as error:
            message = f"{shown(name)} cannot be read: {getattr(error, 'strerror', None) or error}"
        if message:
            yield Problem(place, message)


def file_problem(name: str, folder: Path) -> str | None:
    """Return what is wrong with the name of a file that a scene reads, if anything."""
    if "\0" in name or Path(name).is_absolute() or Path(name).drive:
        return f"{shown(name)} is not a path below the scene's folder; give a relative one"
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        return f"{shown(name)} leads out of the scene's folder; put the file beside the scene"
    if not path.is_file():
        siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        return f"{shown(name)} is no file in the scene's folder{did_you_mean(path.name, siblings)}"
    return None


def _replicas(scene: Any) -> Iterator[Problem]:
    counts = counts_of_replicas(scene)
    largest = max((count for _, count in counts), default=1)
    for place, count in counts:
        if count != largest:
            yield Problem(place, f"has {count} values, but another parameter has {largest}: give one per replica")


def _without_energy(scene: Any) -> list[str]:
    """Return the terms that no energy can be minimised with; noise is left out of a minimisation."""
    return [used.name for used in terms_in_use(scene) if not (used.term.has_energy() or used.term.stochastic)]


def _stages(scene: Any) -> Iterator[Problem]:
    without = _without_energy(scene)
    zeeman = [used.name for used in terms_in_use(scene) if used.term.name == "zeeman"]
    for index, stage in enumerate(scene.stages):
        if stage is None:
            continue
        method = getattr(stage, "method", stage.kind)
        if method == "minimize" and without:
            key = "method" if isinstance(stage, tables.Hysteresis) else "kind"
            yield Problem(
                ("stages", index, key),
                f'{", ".join(without)} derives from no energy; use "relax" instead of "minimize"',
            )
        if isinstance(stage, tables.Hysteresis) and stage.term not in zeeman:
            known = ", ".join(zeeman) or "none; add [terms.zeeman] with B = [0, 0, 0]"
            near = did_you_mean(stage.term, zeeman)
            yield Problem(
                ("stages", index, "term"), f"{shown(stage.term)} is not among the zeeman terms: {known}{near}"
            )


def _barriers(scene: Any) -> Iterator[Problem]:
    terms, without = terms_in_use(scene), _without_energy(scene)
    if not any(used.term.name == "exchange" for used in terms):
        for place in halvings(scene):
            yield Problem(place, "parts a cell into four that nothing holds together; needs [terms.exchange]")
    for index, stage in enumerate(scene.stages):
        if not isinstance(stage, tables.EnergyBarrier):
            continue
        if without:
            yield Problem(
                ("stages", index, "kind"),
                f"{', '.join(without)} derives from no energy, and there is no barrier without one; leave it out",
            )
        earlier = [each for each in scene.stages[:index] if isinstance(each, tables.Operate)]
        if stage.halve_cells and earlier:
            message = f"{shown(earlier[0].device)} is operated before, which is not repeated on finer cells"
            yield Problem(("stages", index, "halve_cells"), message)
        if isinstance(stage.path, NoisePath):
            if not any(used.term.name == "thermal" for used in terms):
                yield Problem(("stages", index, "path"), "needs a thermal term; add [terms.thermal] with T = 0")
            if replica_count(scene) > 1:
                yield Problem(("stages", index, "path"), 'kind "noise" is for one replica; use "rotation" or "sweep"')


def _quantities(scene: Any) -> Iterator[Problem]:
    """Check the names of further columns and fields, and what windows follow."""
    for index, stage in enumerate(scene.stages):
        if isinstance(stage, tables.Run) and stage.window is not None:
            try:
                MovingWindow(stage.window)
            except FdmagError as error:
                yield Problem(("stages", index, "window"), str(error).removeprefix("window: "))
    if scene.output is None:
        return
    known = quantities(scene)
    always = standard_columns(scene)
    kinds: tuple[tuple[str, Any], ...] = (("columns", known.columns), ("fields", known.fields))
    for key, resolve in kinds:
        names = getattr(scene.output, key)
        wrong = False
        for number, name in enumerate(names):
            if of_broken_device(scene, name):
                wrong = True
                continue
            try:
                resolve([name])
            except FdmagError as error:
                wrong = True
                message = f'"{name}" is in every table; leave it out' if name in always else str(error)
                yield Problem(("output", key, number), message)
        if not wrong:
            try:
                resolve(names if key == "columns" else ["m", *names])
            except FdmagError as error:
                yield Problem(("output", key), str(error))
    yield from _formulas(scene)


def _formulas(scene: Any) -> Iterator[Problem]:
    """Check the columns that are worked out from others."""
    known = {"t": "s", **standard_columns(scene), **asked_columns(scene)}
    taken = {"replica", *known, *stage_columns(scene), *figure_columns(scene)}
    for name, table in scene.output.formulas.items():
        place = ("output", "formulas", name)
        if name in taken or not name.isidentifier():
            why = "is the name of another column" if name in taken else "is no name: letters, digits and _ are allowed"
            yield Problem(place, f"{shown(name)} {why}; choose another")
        elif table is not None:
            try:
                Formula.of(name, table.expression, [key for key in known if key != "t_stop"])
            except FdmagError as error:
                yield Problem((*place, "expression"), str(error))


def _memory(scene: Any, itemsize: int) -> Iterator[Problem]:
    batch = replica_count(scene)
    images = max((stage.images for stage in scene.stages if isinstance(stage, tables.EnergyBarrier)), default=0)
    samples = max((stage.samples for stage in scene.stages if isinstance(stage, tables.SpectrumTable)), default=0)
    kept = samples * (batch + 1) * 3 * 4  # single precision, and those of one replica again when they are transformed
    finer = 4 if halvings(scene) else 0  # the coarse path is kept beside the finer one
    numbers = batch * NUMBERS_PER_CELL * itemsize + images * NUMBERS_PER_IMAGE * 8 + kept
    needed = (1 + finer) * prod(scene.mesh.cells) * numbers
    available = available_memory()
    if available is not None and needed > available:
        paths = f" and paths of {images} images" if images else ""
        paths += f" and {samples} samples of every cell, which cells = false does without" if samples else ""
        yield Problem(
            ("mesh", "cells"),
            f"came {shown(scene.mesh.cells)} with {batch} replica(s){paths}; that needs about {needed / 1e9:.3g} GB, "
            f"and {available / 1e9:.3g} GB are free; use fewer or larger cells",
        )


def available_memory() -> int | None:
    """Return the memory that can still be used [bytes], or None where the system does not tell."""
    found = []
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found.append(int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1]) * 1024)
    with suppress(OSError, ValueError):  # the limit of a container; "max" if there is none
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    if not found:
        with suppress(AttributeError, OSError, ValueError):
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found, default=None)
