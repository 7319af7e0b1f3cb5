"""What stops replicas, and what an ensemble asks for, held against the rest of the scene."""

from collections.abc import Iterator
from typing import Any

from fdmag.errors import FdmagError
from fdmag.scene import tables
from fdmag.scene.contents import (
    counts_of_replicas,
    of_broken_device,
    quantities,
    splits,
    standard_columns,
    terms_in_use,
)
from fdmag.scene.problems import Problem
from fdmag.units import parse_quantity

UNTIL = 'until = { column = "mz", below = 0 }'


def ensemble_problems(scene: Any) -> Iterator[Problem]:
    """Yield what is wrong with criteria and the ensemble; the values of criteria are brought to the unit."""
    for index, stage in enumerate(scene.stages):
        if isinstance(stage, tables.Run) and stage.until is not None:
            yield from _criterion(scene, index, stage.until)
    ensemble = scene.ensemble
    if ensemble is None or not (ensemble.splits or ensemble.relative_error is not None):
        return
    key = "method" if ensemble.splits else "relative_error"
    wanted = ("ensemble", key)
    if not any(isinstance(stage, tables.Run) and stage.until is not None for stage in scene.stages):
        yield Problem(wanted, f"needs a run that replicas stop in: {UNTIL}")
    if not any(used.term.stochastic for used in terms_in_use(scene)):
        yield Problem(wanted, "needs noise, without which all replicas are the same; add [terms.thermal]")
    if any(place != ("ensemble", "replicas") for place, _ in counts_of_replicas(scene)):
        yield Problem(wanted, f"is for identical replicas; leave out lists per replica, or {key}")
    if splits(scene):
        yield from _splitting(scene)


def _criterion(scene: Any, index: int, until: Any) -> Iterator[Problem]:
    place = ("stages", index, "until")
    if of_broken_device(scene, until.column):
        return
    standard = {name: unit for name, unit in standard_columns(scene).items() if name not in ("t", "stage", "t_stop")}
    unit = standard.get(until.column)
    if unit is None:
        try:
            found = quantities(scene).columns([until.column])
        except FdmagError as error:
            yield Problem((*place, "column"), str(error))
            return
        if len(found) > 1:
            names = ", ".join(column.name for column in found)
            yield Problem((*place, "column"), f'"{until.column}" stands for {names}; name one of them')
            return
        unit = found[0].unit
    key = "below" if until.above is None else "above"
    try:
        setattr(until, key, parse_quantity(getattr(until, key), unit))
    except FdmagError as error:
        yield Problem((*place, key), str(error))
    if scene.ensemble is None or scene.ensemble.levels is None:
        return
    for number, level in enumerate(scene.ensemble.levels):
        try:
            scene.ensemble.levels[number] = parse_quantity(level, unit)
        except FdmagError as error:
            yield Problem(("ensemble", "levels", number), str(error))


def _splitting(scene: Any) -> Iterator[Problem]:
    """Check that trajectories may be divided in every stage."""
    last, every = len(scene.stages) - 1, scene.ensemble.every
    longest = max((stage.duration for stage in scene.stages if isinstance(stage, tables.Run)), default=0.0)
    if every is not None and every >= longest > 0:
        yield Problem(("ensemble", "every"), f"came {every:g} s; no run is longer, and nothing would be divided")
    for index, stage in enumerate(scene.stages):
        if stage is None:
            continue
        place = ("stages", index)
        if not isinstance(stage, tables.Run):
            if not isinstance(stage, tables.Set | tables.Relax | tables.Minimize):
                yield Problem(
                    (*place, "kind"),
                    f'"{stage.kind}" cannot be done with weights; in a splitting allowed: run, set, relax, minimize',
                )
            elif index == last:
                yield Problem((*place, "kind"), "a splitting ends with the run that has until; put this before it")
            continue
        for key in ("table_every", "fields_every", "window"):
            if getattr(stage, key) is not None:
                yield Problem(
                    (*place, key),
                    "a trajectory that is divided has no course of its own; leave it out: tables/splitting.csv has the "
                    "probabilities, at intervals of ensemble.every",
                )
        if (stage.until is not None) != (index == last):
            what = "only the last run" if stage.until is not None else "the last run"
            yield Problem((*place, "until"), f"of a splitting {what} has until, and nothing follows it: {UNTIL}")
        late = [time for time in scene.ensemble.times or () if time > stage.duration * (1 + 1e-9)]
        if stage.until is not None and late:
            yield Problem(("ensemble", "times"), f"came {late[0]:g} s; the run with until lasts {stage.duration:g} s")
