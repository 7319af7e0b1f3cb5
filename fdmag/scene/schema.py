"""The schema of a scene, assembled from its tables and from what the terms declare."""

import dataclasses
from copy import deepcopy
from functools import cache
from typing import Annotated, Any, Literal, Union, get_origin, get_type_hints

from pydantic import BeforeValidator, Discriminator, Field, create_model

from fdmag.parameter import declarations
from fdmag.scene.device_kinds import device_kinds
from fdmag.scene.ensemble_tables import EnsembleTable
from fdmag.scene.parameters import parameter_value
from fdmag.scene.readings import Check
from fdmag.scene.shape_tables import ShapeRef
from fdmag.scene.signals import SIGNAL_SCHEMA
from fdmag.scene.state_tables import InitialTable, Uniform
from fdmag.scene.sweeps.tables import SweepTable
from fdmag.scene.tables import (
    GeometryTable,
    MeshTable,
    OutputTable,
    RegionTable,
    StageTable,
)
from fdmag.scene.values import Name, Table
from fdmag.terms import Material, Term, registry
from fdmag.terms.term import Declared


def declared_table(owner: type[Declared]) -> type[Table]:
    """Return the table of a dataclass: its declared parameters, and its other fields as they are typed."""
    found = declarations(owner)
    hints = get_type_hints(owner)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(owner):
        default = _default(field)
        if field.name in found:
            entry = parameter_value(found[field.name])
            default = list(default) if isinstance(default, tuple) else default
            fields[field.name] = Annotated[Any, entry], Field(default, description=entry.json_schema["description"])
        elif field.init:
            description = field.metadata.get("description", field.name.replace("_", " "))
            if inner := field.metadata.get("tables"):
                listed: Any = Field(default_factory=list, description=description)
                fields[field.name] = list[declared_table(inner)], listed  # type: ignore[misc]
                continue
            strict = None if get_origin(hints[field.name]) is Literal else True
            fields[field.name] = hints[field.name], Field(default, description=description, strict=strict)
    return create_model(f"{owner.__name__}Table", __base__=Table, __doc__=owner.__doc__, **fields)


def _default(field: Any) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return ... if field.default is dataclasses.MISSING else field.default


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _terms_table() -> type[Table]:
    """Return the table of tables: for each term one table, or several as an array of tables."""
    fields: dict[str, Any] = {}
    for name, term in registry().items():
        table = declared_table(term)
        listed: Any = Field(default_factory=list, description=summary(term))
        fields[name] = Annotated[list[table], BeforeValidator(_as_list)], listed  # type: ignore[valid-type]
    return create_model("TermsTable", __base__=Table, __doc__="The interactions.", **fields)


def summary(owner: type[Declared]) -> str:
    """Return the first line of a dataclass's text."""
    return (owner.__doc__ or "").strip().partition("\n")[0]


def _devices() -> Any:
    """Return the type of the devices: tables of any kind, by name."""
    kinds: Any = tuple(device_kinds().values())
    return dict[Name, Annotated[Union[kinds], Discriminator("kind")]]  # noqa: UP007


@cache
def scene_model() -> type[Table]:
    """Return the pydantic model of a whole scene."""
    return create_model(
        "Scene",
        __base__=Table,
        __doc__="A scene of fdmag: a magnet, what is done with it, and what must come out.",
        title=(str, Field("", description="what the scene is about, in one line")),
        mesh=(MeshTable, Field(description="cells and periodicity")),
        shapes=(dict[Name, ShapeRef], Field(default_factory=dict, description="shapes by name, for use elsewhere")),
        geometry=(GeometryTable | None, Field(None, description="where the magnet is; by default everywhere")),
        regions=(dict[Name, RegionTable], Field(default_factory=dict, description="named parts of the mesh")),
        material=(
            declared_table(Material),
            Field(description="constants of the magnet itself: Ms, alpha, gamma, frozen"),
        ),
        terms=(_terms_table(), Field(description="the interactions")),
        initial=(InitialTable, Field(Uniform(direction=[0.0, 0.0, 1.0]), description="m of the start; by default +z")),
        ensemble=(EnsembleTable | None, Field(None, description="how many replicas, identical but for their noise")),
        stages=(list[StageTable], Field(min_length=1, description="what is done, one after the other")),
        device=(_devices(), Field(default_factory=dict, description="devices by name")),
        sweep=(SweepTable | None, Field(None, description="quantities that differ from run to run of a whole sweep")),
        output=(OutputTable, Field(OutputTable(), description="what is written")),
        expect=(dict[Name, Check], Field(default_factory=dict, description="what must come out, by name")),
    )


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of a scene, with which an editor completes and checks it.

    Draft 7, because the TOML plug-ins of editors (taplo, Even Better TOML) know no later one.
    """
    schema = scene_model().model_json_schema(mode="validation", ref_template="#/definitions/{model}")
    schema["definitions"] = {**schema.pop("$defs"), "Signal": deepcopy(SIGNAL_SCHEMA)}
    for single in schema["definitions"]["TermsTable"]["properties"].values():
        # A single table stands for a list of one.
        items = {key: single.pop(key) for key in ("type", "items")}
        single["anyOf"] = [items["items"], items]
    _simplify(schema)
    return {"$schema": "http://json-schema.org/draft-07/schema#", **schema}


def _simplify(schema: Any) -> None:
    """Remove what draft 7 does not know, refer to what is defined once, and say what each ``kind`` is."""
    for item in schema if isinstance(schema, list) else schema.values() if isinstance(schema, dict) else ():
        _simplify(item)
    if isinstance(schema, dict):
        schema.pop("discriminator", None)
        if "defined" in schema:
            schema["$ref"] = f"#/definitions/{schema.pop('defined')}"
        kind = schema.get("properties", {}).get("kind")
        if isinstance(kind, dict) and "const" in kind:
            kind["description"] = schema.get("description", "")
            schema["required"] = [*schema.get("required", []), "kind"]


def term_catalogue() -> list[dict[str, Any]]:
    """Return what each term declares, as plain data: name, formula, parameters with unit, default and meaning."""
    owners: list[type[Declared]] = [Material, *registry().values()]
    return [described(owner) for owner in owners]


def described(owner: type[Declared]) -> dict[str, Any]:
    """Return what a term, or a table inside it, declares, as plain data."""
    found = declarations(owner)
    parameters = []
    for field in dataclasses.fields(owner):
        if not field.init:
            continue
        default = _default(field)
        entry: dict[str, Any] = {
            "name": field.name,
            "required": default is ...,
            "default": None if default is ... else default,
        }
        if field.name in found:
            declared = found[field.name]
            entry |= {"unit": declared.unit, "meaning": declared.meaning, "components": declared.components}
            entry |= {"unless": declared.unless} if declared.unless else {}
        else:
            meaning = field.metadata.get("description", field.name.replace("_", " "))
            entry |= {"unit": None, "meaning": meaning, "components": 1}
        parameters.append(entry)
    told: dict[str, Any] = {"name": owner.name, "summary": summary(owner), "parameters": parameters}
    if issubclass(owner, Term):
        told |= {"energy": owner.has_energy(), "columns": dict(owner.summary_units)}
    return told
