"""What a scene holds: its parameters, terms, shapes, files, columns and replicas."""

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.parameter import Declaration
from fdmag.quantities import Catalogue, Column
from fdmag.regions import DEFAULT
from fdmag.scene import tables
from fdmag.scene.problems import Place
from fdmag.scene.shape_tables import Image, MeshFile
from fdmag.scene.signals import signal_files
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
    if isinstance(scene.initial, tables.Uniform):
        found.append(Given(("initial", "direction"), tables.DIRECTION, scene.initial.direction))
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
            yield "", Given(("stages", index, "direction"), tables.DIRECTION, stage.direction)
        if isinstance(stage, tables.Set):
            for path, value in stage.values.items():
                if path in allowed:
                    yield path, Given(("stages", index, "values", path), allowed[path], value)


def replica_count(scene: Any) -> int:
    """Return the number of replicas that the lists per replica ask for."""
    return max((len(value["replicas"]) for _, _, value in parameters(scene) if has_form(value, "replicas")), default=1)


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
    if isinstance(scene.initial, tables.FromFile):
        found.append((("initial", "file"), scene.initial.file))
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
    return columns


def table_columns(scene: Any) -> dict[str, str]:
    """Return what can be expected, and its unit: the numeric columns of the result table, and figures of devices."""
    return figure_columns(scene) | standard_columns(scene) | asked_columns(scene)


def asked_columns(scene: Any) -> dict[str, str]:
    """Return the columns that the output asks for and their units."""
    columns: dict[str, str] = {}
    for name in () if scene.output is None else scene.output.columns:
        with suppress(ParameterError):  # told by the checks
            columns |= {column.name: column.unit for column in quantities(scene).columns([name])}
    return columns


def quantities(scene: Any) -> Catalogue:
    """Return the columns and fields that a scene may ask for by name."""
    terms = {used.name: used.term for used in terms_in_use(scene)}
    return Catalogue(terms, [DEFAULT, *scene.regions], declared_columns(scene))


def figure_columns(scene: Any) -> dict[str, str]:
    """Return the units of the figures of all devices, by NAME.figure."""
    tables_known = {name: table for name, table in scene.device.items() if table is not None}
    return {f"{name}.{key}": unit for name, table in tables_known.items() for key, unit in table.figures().items()}


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
        for key, unit in table.column_units.items()
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
