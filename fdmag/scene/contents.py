"""What a scene holds: its parameters, terms, shapes, files, columns and replicas."""

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fdmag.devices.record import figures_among
from fdmag.errors import ParameterError
from fdmag.parameter import Declaration
from fdmag.quantities import Catalogue, Column, Formula
from fdmag.regions import DEFAULT
from fdmag.scene import state_tables, tables
from fdmag.scene.problems import Place
from fdmag.scene.shape_tables import Image, MeshFile
from fdmag.scene.signals import signal_files
from fdmag.scene.splitting import splitting_columns
from fdmag.simulation import Simulation
from fdmag.terms import Material, Term, registry
from fdmag.terms.term import Declared


class Given(NamedTuple):
    """A parameter value of the scene, its place and what is declared of it."""

    place: Place
    declaration: Declaration
    value: Any


class TermInUse(NamedTuple):
    """A term of the scene: its name in the simulation, its place, its class and its table."""

    name: str
    place: Place
    term: type[Term]
    table: Any


def terms_in_use(scene: Any) -> list[TermInUse]:
    """Return the terms of the scene, in the order they have in the simulation."""
    found = []
    for key, term in registry().items():
        entries = getattr(scene.terms, key)
        for index, table in enumerate(entries):
            place: Place = ("terms", key, index) if len(entries) > 1 else ("terms", key)
            found.append(TermInUse(key if index == 0 else f"{key}_{index + 1}", place, term, table))
    return found


def parameters(scene: Any) -> list[Given]:
    """Return every parameter value of the scene, of the start and of its stages, and of a sum its items.

    None stands where a value is not valid.
    """
    owners: list[tuple[Place, type[Declared], Any]] = [(("material",), Material, scene.material)]
    owners += [(used.place, used.term, used.table) for used in terms_in_use(scene)]
    found = [
        Given((*place, key), declaration, getattr(table, key, None))
        for outer in owners
        for place, owner, table in (outer, *_inner_tables(*outer))
        for key, declaration in owner.parameters().items()
    ]
    found += [
        Given((*place, "direction"), state_tables.DIRECTION, table.direction)
        for place, table in states(scene)
        if isinstance(table, state_tables.Uniform)
    ]
    found += [
        Given(("device", name, *place), declaration, value)
        for name, table in scene.device.items()
        if table is not None
        for place, declaration, value in table.parameters()
    ]
    found += [given for _, given in stage_parameters(scene)]
    return [item for given in found for item in _items(given)]


def _items(given: Given) -> list[Given]:
    """Return the items of a sum, or the value itself."""
    if not has_form(given.value, "sum"):
        return [given]
    items = enumerate(given.value["sum"])
    return [Given((*given.place, "sum", index), given.declaration, item) for index, item in items]


def table_fields(owner: type[Declared]) -> dict[str, type[Declared]]:
    """Return the fields of a dataclass that hold tables of another one, with that one."""
    return {each.name: each.metadata["tables"] for each in dataclasses.fields(owner) if "tables" in each.metadata}


def _inner_tables(place: Place, owner: type[Declared], table: Any) -> Iterator[tuple[Place, type[Declared], Any]]:
    for key, inner in table_fields(owner).items():
        for index, entry in enumerate(getattr(table, key, None) or ()):
            yield (*place, key, index), inner, entry


def stage_parameters(scene: Any) -> Iterator[tuple[str, Given]]:
    """Yield the parameter values of the stages, with what they set; "" for a direction."""
    allowed = settable(scene)
    for index, stage in enumerate(scene.stages):
        if isinstance(stage, tables.Hysteresis):
            yield "", Given(("stages", index, "direction"), state_tables.DIRECTION, stage.direction)
        if isinstance(stage, tables.Set):
            for path, value in stage.values.items():
                if path in allowed:
                    yield path, Given(("stages", index, "values", path), allowed[path], value)


def stage_states(scene: Any) -> Iterator[tuple[Place, Any]]:
    """Yield the tables of states in stages, with their places."""
    for index, stage in enumerate(scene.stages):
        if isinstance(stage, tables.EnergyBarrier):
            for place, table in stage.states():
                yield ("stages", index, *place), table


def states(scene: Any) -> Iterator[tuple[Place, Any]]:
    """Yield all tables of states, with their places."""
    yield ("initial",), scene.initial
    yield from stage_states(scene)


def replica_count(scene: Any) -> int:
    """Return the number of replicas that the ensemble, lists per replica, and grains with values for each ask for."""
    return max((count for _, count in counts_of_replicas(scene)), default=1)


def counts_of_replicas(scene: Any) -> list[tuple[Place, int]]:
    """Return for how many replicas values are given, with the places that say so."""
    found: list[tuple[Place, int]] = []
    for place, _, value in parameters(scene):
        if has_form(value, "replicas"):
            found.append(((*place, "replicas"), len(value["replicas"])))
        if has_form(value, "grains") and "replicas" in value["grains"]:
            found.append(((*place, "grains", "replicas"), value["grains"]["replicas"]))
    if getattr(scene, "ensemble", None) is not None:
        found.append((("ensemble", "replicas"), scene.ensemble.replicas))
    wanted = [table.replicas_wanted() or 1 for table in scene.device.values() if table is not None]
    if not found and max(wanted, default=1) > 1:
        found.append((("device",), max(wanted)))
    return found


def has_form(value: Any, form: str) -> bool:
    """Return whether a parameter value is a table of this form."""
    return isinstance(value, dict) and form in value


def files(scene: Any) -> list[tuple[Place, str]]:
    """Return the files a scene reads, with their places."""
    found: list[tuple[Place, str]] = [
        ((*place, "file"), value["file"]) for place, _, value in parameters(scene) if has_form(value, "file")
    ]
    for place, _, value in parameters(scene):
        if has_form(value, "signal"):
            found += [((*place, "signal", *inner), name) for inner, name in signal_files(value["signal"])]
    found += [
        ((*place, "file"), shape.file) for place, shape in shape_uses(scene) if isinstance(shape, Image | MeshFile)
    ]
    found += [
        ((*place, "file"), table.file) for place, table in states(scene) if isinstance(table, state_tables.FromFile)
    ]
    if getattr(scene, "sweep", None) is not None and scene.sweep.file is not None:
        found.append((("sweep", "file"), scene.sweep.file))
    return found


def standard_columns(scene: Any) -> dict[str, str]:
    """Return the numeric columns that every result table of these terms has, and their units."""
    columns = {"t": "s", "stage": "1", "mx": "1", "my": "1", "mz": "1", "E_total": "J"}
    terms = terms_in_use(scene)
    columns |= {f"E_{used.name}": "J" for used in terms if used.term.has_energy()}
    columns["max_torque"] = "T"
    for used in terms:
        suffix = used.name.removeprefix(used.term.name)
        columns |= {key + suffix: unit for key, unit in used.term.summary_units.items()}
    if stops(scene):
        columns["t_stop"] = "s"
    return columns


def stops(scene: Any) -> bool:
    """Return whether replicas may stop in a run; the table then says when."""
    may = any(isinstance(stage, tables.Run) and stage.until is not None for stage in scene.stages)
    return may and not splits(scene)


def splits(scene: Any) -> bool:
    """Return whether replicas are weighted trajectories that are divided on their way."""
    return getattr(scene, "ensemble", None) is not None and scene.ensemble.splits


def further_columns(scene: Any) -> list[str | Column]:
    """Return what the table holds beside the columns of every run: what is asked for, and when replicas stopped."""
    return [*scene.output.columns, *formulas(scene), *([T_STOP] if stops(scene) else [])]


def formulas(scene: Any) -> list[Formula]:
    """Return the columns that are formulas of others."""
    known = {"t": "s", **standard_columns(scene), **asked_columns(scene)}
    return [
        Formula.of(name, table.expression, [key for key in known if key != "t_stop"], table.unit)
        for name, table in scene.output.formulas.items()
    ]


def _stop_times(simulation: Simulation) -> NDArray[np.float64]:
    return simulation.stop_times


T_STOP = Column("t_stop", "s", _stop_times, "when the replica stopped in this stage")


def stage_columns(scene: Any) -> dict[str, str]:
    """Return the columns that stages of the scene fill in, and their units."""
    found: dict[str, str] = {}
    for stage in scene.stages:
        found |= getattr(stage, "columns", {})
    return found | ({"weight": "1"} if splits(scene) else {})


def table_columns(scene: Any) -> dict[str, str]:
    """Return what can be expected, and its unit: the numeric columns of the result table, and figures of devices."""
    return figure_columns(scene) | standard_columns(scene) | stage_columns(scene) | written_columns(scene)


def written_columns(scene: Any) -> dict[str, str]:
    """Return the columns that the output asks for, formulas too, and their units."""
    given = {} if scene.output is None else scene.output.formulas
    return asked_columns(scene) | {name: table.unit for name, table in given.items() if table is not None}


def asked_columns(scene: Any) -> dict[str, str]:
    """Return the columns that the output asks for and their units."""
    columns: dict[str, str] = {}
    for name in () if scene.output is None else scene.output.columns:
        with suppress(ParameterError):  # told by the checks
            columns |= {column.name: column.unit for column in quantities(scene).columns([name])}
    return columns


def result_tables(scene: Any) -> dict[str, dict[str, str]]:
    """Return the tables that a run writes, by name, with their numeric columns and units."""
    found = {"table": table_columns(scene)}
    for stage in scene.stages:
        found |= getattr(type(stage), "tables", {})
    return found | ({"splitting": splitting_columns(scene.ensemble.figure)} if splits(scene) else {})


def quantities(scene: Any) -> Catalogue:
    """Return the columns and fields that a scene may ask for by name."""
    terms = {used.name: used.term for used in terms_in_use(scene)}
    return Catalogue(terms, [DEFAULT, *scene.regions], declared_columns(scene))


def figure_columns(scene: Any) -> dict[str, str]:
    """Return the units of the figures of all devices, by NAME.figure."""
    tables_known = {name: table for name, table in scene.device.items() if table is not None}
    return {f"{name}.{key}": what.unit for name, table in tables_known.items()
            for key, what in figures_among(table.declared()).items()}  # fmt: skip


def of_broken_device(scene: Any, name: str) -> bool:
    """Return whether a column would be that of a device whose table is not valid."""
    first = name.partition(".")[0]
    return first in scene.device and scene.device[first] is None


def declared_columns(scene: Any) -> dict[str, Column]:
    """Return the columns of all devices by NAME.column; they can be evaluated once the devices are built."""

    def unknown(simulation: Simulation) -> NDArray:
        raise NotImplementedError("the device is not built yet")

    return {
        f"{name}.{key}": Column(f"{name}.{key}", unit, unknown)
        for name, table in scene.device.items()
        if table is not None
        for key, unit in table.columns().items()
    }


def settable(scene: Any) -> dict[str, Declaration]:
    """Return the parameters a set stage may change, by their place in the scene."""
    found = {f"material.{key}": declaration for key, declaration in Material.parameters().items()}
    for used in terms_in_use(scene):
        found |= {f"terms.{used.name}.{key}": declared for key, declared in used.term.parameters().items()}
    return found


def shape_uses(scene: Any) -> Iterator[tuple[Place, Any]]:
    """Yield every shape and every name of a shape, with its place."""
    roots: list[tuple[Place, Any]] = [(("shapes", name), shape) for name, shape in scene.shapes.items()]
    roots += [
        (("regions", name, "shape"), table.shape) for name, table in scene.regions.items() if table and table.shape
    ]
    if scene.geometry is not None:
        roots.append((("geometry", "shape"), scene.geometry.shape))
    roots += [
        (("device", name, key), shape)
        for name, table in scene.device.items()
        if table is not None
        for key, shape in table.shapes().items()
    ]
    for place, root in roots:
        yield from _inner_shapes(place, root)


def _inner_shapes(place: Place, reference: Any) -> Iterator[tuple[Place, Any]]:
    yield place, reference
    if isinstance(reference, str):
        return
    for index, inner in enumerate(getattr(reference, "shapes", ())):
        yield from _inner_shapes((*place, "shapes", index), inner)
    if hasattr(reference, "shape"):
        yield from _inner_shapes((*place, "shape"), reference.shape)
