"""Values of a scene that differ from grain to grain: ``{ grains = { mean = ..., sigma = ..., seed = ... } }``."""

from dataclasses import replace
from math import pi
from typing import Any

from fdmag.errors import did_you_mean
from fdmag.grains import GrainValues, PerGrain, TiltedPerGrain
from fdmag.parameter import Declaration
from fdmag.scene.problems import shown
from fdmag.scene.values import constant, constant_schema, count, number, problem, scalar_schema

_CONE = Declaration("rad", "largest tilt", above=0, maximum=pi)
_SEED = count("seed of the random numbers", 0, 2**63 - 1)
_REPLICAS = count("number of replicas with values of their own", 1)
_FIRST = count("number of the first of them", 0)
_TEXTS = ("distribution", "group")
_BATCH = ("replicas", "first_replica")


def read_grains(value: Any, declaration: Declaration) -> dict[str, Any]:
    """Return the table in SI numbers, checked."""
    needed, optional = _keys(declaration)
    allowed = (*needed, *optional)
    if not isinstance(value, dict):
        raise problem(f"came {shown(value)}; grains is a table with {', '.join(needed)}")
    for key in value:
        if key not in allowed:
            raise problem(f"unknown key {shown(key)}; allowed: {', '.join(allowed)}{did_you_mean(key, allowed)}")
    if missing := [key for key in needed if key not in value]:
        raise problem(f"{', '.join(missing)} missing; grains is a table with {', '.join(needed)}")
    for key in _TEXTS:
        if key in value and not isinstance(value[key], str):
            raise problem(f"came {key} = {shown(value[key])}; a text is needed")
    width = Declaration(declaration.unit, "standard deviation", minimum=0)
    bound = Declaration(declaration.unit, "bound of the distribution")
    readers = {
        "mean": lambda item: constant(item, replace(declaration, unit_vector=declaration.components == 3)),
        "sigma": lambda item: number(item, width),
        "lowest": lambda item: number(item, bound),
        "highest": lambda item: number(item, bound),
        "cone": lambda item: number(item, _CONE),
        "seed": _SEED.read,
        "replicas": _REPLICAS.read,
        "first_replica": _FIRST.read,
    }
    result = {key: readers[key](item) if key in readers else item for key, item in value.items()}
    build_grains(result)
    return result


def build_grains(table: dict[str, Any]) -> GrainValues:
    """Return the value for the engine."""
    options = {key: item for key, item in table.items() if key != "group"}
    if "cone" in options:
        return TiltedPerGrain(axis=options.pop("mean"), grains=table.get("group"), **options)
    return PerGrain(grains=table.get("group"), **options)


def grains_schema(declaration: Declaration) -> dict[str, Any]:
    """Return the JSON Schema of the table."""
    scalar = scalar_schema(Declaration(declaration.unit, "bound of the distribution"))
    properties = {
        "mean": constant_schema(declaration),
        "sigma": scalar_schema(Declaration(declaration.unit, "standard deviation", minimum=0)),
        "cone": scalar_schema(_CONE),
        "seed": _SEED.json_schema,
        "replicas": _REPLICAS.json_schema,
        "first_replica": _FIRST.json_schema,
        "distribution": {
            "type": "string",
            "enum": ["normal", "lognormal", "uniform"],
            "description": "by default normal; mean and sigma are those before truncation",
        },
        "lowest": scalar,
        "highest": scalar,
        "group": {"type": "string", "description": "region of the grains; by default the only one there is"},
    }
    needed, optional = _keys(declaration)
    return {
        "type": "object",
        "properties": {key: properties[key] for key in (*needed, *optional)},
        "required": list(needed),
        "additionalProperties": False,
        "description": "a value for each grain, at random",
    }


def _keys(declaration: Declaration) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the keys that are needed and those that may be given."""
    if declaration.unit_vector:
        return ("mean", "cone", "seed"), ("group", *_BATCH)
    return ("mean", "sigma", "seed"), ("distribution", "lowest", "highest", "group", *_BATCH)
