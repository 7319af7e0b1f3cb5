"""Parameter values of a scene in all their forms: constant, by region or replica, in space, in time, summed."""

from collections.abc import Callable
from typing import Any

from fdmag.errors import did_you_mean
from fdmag.parameter import Declaration
from fdmag.scene.grain_values import grains_schema, read_grains
from fdmag.scene.problems import shown
from fdmag.scene.signals import SIGNAL_SCHEMA, read_signal
from fdmag.scene.values import (
    SPACE_AND_TIME,
    Entry,
    constant,
    constant_schema,
    expression_text,
    identifier,
    parsed,
    problem,
)
from fdmag.units import parse_quantity

_FORMS = ("value", "regions", "grains", "replicas", "expression", "file", "sum")


def parameter_value(declaration: Declaration) -> Entry:
    """Mark a parameter: a quantity, a vector, or a table of one of the forms.

    The value is normalised to SI numbers: a float, a list, or a table whose quantities are floats.
    """
    return Entry(lambda value: _parameter(value, declaration), _parameter_schema(declaration), declaration)


def _parameter(value: Any, declaration: Declaration) -> Any:
    if value is None:  # only a default is: the term says what it then is
        return None
    if not isinstance(value, dict):
        return constant(value, declaration)
    allowed = (*_FORMS, "unit", "array", "signal")
    for key in value:
        if key not in allowed:
            raise problem(f"unknown key {shown(key)}; allowed: {', '.join(allowed)}{did_you_mean(key, allowed)}")
    given = [form for form in _FORMS if form in value]
    if len(given) != 1:
        came = " and ".join(given) or "none"
        raise problem(f"came {came} of {', '.join(_FORMS)}; give exactly one")
    form = given[0]
    result = {**value, form: _READERS[form](value[form], declaration)}
    in_time = form == "expression" and _uses_time(value[form])
    if (in_time or "signal" in value) and not declaration.time_dependent:
        what = "use x, y and z only" if in_time else "remove signal"
        raise problem(f"{declaration.meaning} cannot depend on time; {what}")
    if "signal" in value:
        if in_time:
            raise problem("the expression depends on t already; multiply the signal into it")
        if form == "sum":
            raise problem("signal does not go with sum; give each item of the sum its own")
        result["signal"] = read_signal(value["signal"])
    if "unit" in value:
        if form not in ("expression", "file"):
            raise problem(f"unit belongs to expression and file; write the unit into the text of {form} instead")
        if not isinstance(value["unit"], str):
            raise problem(f'came unit = {shown(value["unit"])}; allowed: text such as "{declaration.unit}"')
        parse_quantity(f"1 {value['unit']}", declaration.unit)
    if "array" in value and (form != "file" or not isinstance(value["array"], str)):
        raise problem("array names an array of a .vti file; it goes with file")
    return result


def _value(value: Any, declaration: Declaration) -> Any:
    if isinstance(value, dict) and (form := next((key for key in value if key in _FORMS), None)):
        raise problem(
            f"value is a constant; write {form} in its place, beside signal: {{ {form} = ..., signal = ... }}"
        )
    return constant(value, declaration)


def _regions(value: Any, declaration: Declaration) -> Any:
    if not isinstance(value, dict) or not value:
        raise problem("regions is a table of region names and values: { free = 1, default = 0 }")
    return {identifier(name): constant(item, declaration) for name, item in value.items()}


def _replicas(value: Any, declaration: Declaration) -> Any:
    if not isinstance(value, list) or not value:
        raise problem("replicas is a list with one value per replica")
    return [constant(item, declaration) for item in value]


def _expressions(value: Any, declaration: Declaration) -> Any:
    items = value if isinstance(value, list) else [value]
    if len(items) != declaration.components or isinstance(value, list) != (declaration.components == 3):
        form = "one text" if declaration.components == 1 else "a list of three texts, for x, y and z"
        raise problem(f"came {shown(value)}; expression of {declaration.meaning} is {form}")
    texts = [expression_text(SPACE_AND_TIME).read(item) for item in items]
    return texts if isinstance(value, list) else texts[0]


def _uses_time(value: Any) -> bool:
    return any("t" in parsed(item, SPACE_AND_TIME).names for item in (value if isinstance(value, list) else [value]))


def _file(value: Any, declaration: Declaration) -> Any:
    if not isinstance(value, str):
        raise problem(f"came {shown(value)}; file is the path of a .npy, .ovf or .vti file beside the scene")
    return value


def _sum(value: Any, declaration: Declaration) -> Any:
    if declaration.unit_vector:
        raise problem(f"{declaration.meaning} cannot be a sum; give one value")
    if not isinstance(value, list) or not value:
        raise problem("sum is a list of values, each in any other form: [[0, 0, 1], { value = ..., signal = ... }]")
    if any(isinstance(item, dict) and "sum" in item for item in value):
        raise problem("a sum in a sum; write all items into one")
    return [_parameter(item, declaration.without_range()) for item in value]


_READERS: dict[str, Callable[[Any, Declaration], Any]] = {
    "value": _value,
    "regions": _regions,
    "grains": read_grains,
    "replicas": _replicas,
    "expression": _expressions,
    "file": _file,
    "sum": _sum,
}


def _parameter_schema(declaration: Declaration) -> dict[str, Any]:
    constant = constant_schema(declaration)
    text: dict[str, Any] = expression_text(SPACE_AND_TIME).json_schema
    if declaration.components == 3:
        text = {"type": "array", "items": text, "minItems": 3, "maxItems": 3}
    forms = {
        "value": constant,
        "regions": {
            "type": "object",
            "additionalProperties": constant,
            "minProperties": 1,
            "description": "a value for each region; default is where no region is",
        },
        "grains": grains_schema(declaration),
        "replicas": {"type": "array", "items": constant, "minItems": 1, "description": "one value for each replica"},
        "expression": {**text, "description": "in x, y, z and t"},
        "file": {"type": "string", "description": "path of a .npy, .ovf or .vti file beside the scene"},
        "unit": {"type": "string", "description": "unit of expression or file; SI without"},
        "array": {"type": "string", "description": "which array of a .vti file; by default m, or the only one"},
        "signal": {"defined": "Signal", "description": SIGNAL_SCHEMA["description"]},
    }
    single = [form for form in _FORMS if form != "sum"]
    table = {
        "type": "object",
        "properties": forms,
        "additionalProperties": False,
        "oneOf": [{"required": [form]} for form in single],
    }
    tables = [table]
    if not declaration.unit_vector:
        items = {"type": "array", "items": {"anyOf": [constant, table]}, "minItems": 1}
        description = "values that are added, each in any other form"
        tables.append({
            "type": "object", "properties": {"sum": {**items, "description": description}}, "required": ["sum"],
            "additionalProperties": False,
        })  # fmt: skip
    return {"anyOf": [constant, *tables], "description": constant["description"]}
