"""Types of scene entries: quantities with units, names, and parameter values in all their forms."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictBool
from pydantic_core import PydanticCustomError, core_schema

from fdmag.constants import MU_0
from fdmag.errors import FdmagError, did_you_mean
from fdmag.expressions import Expression
from fdmag.parameter import Declaration
from fdmag.scene.problems import shown
from fdmag.units import parse_quantity

SPACE, SPACE_AND_TIME, TIME = ("x", "y", "z"), ("x", "y", "z", "t"), ("t",)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
LARGEST = {"A/m": 100 / MU_0}
"""Beyond any material, by unit: values that only a wrong prefix gives."""
_FORMS = ("value", "regions", "replicas", "expression", "file")


class Table(BaseModel):
    """A table that knows all its keys."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, validate_default=True)


Flag = StrictBool


def problem(message: str) -> PydanticCustomError:
    """Return an error with this message, for pydantic to collect."""
    return PydanticCustomError("scene", "{message}", {"message": message})


def number(value: Any, declaration: Declaration) -> float:
    """Return one quantity in SI units, checked against its range."""
    unit = "" if declaration.unit == "1" else f" {declaration.unit}"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        inside = f" in{unit}" if unit else ""
        raise problem(f"came {shown(value)}; {declaration.meaning} is one number{inside}, or text with a unit")
    result = parse_quantity(value, declaration.unit)
    if declaration.minimum is not None and result < declaration.minimum:
        raise problem(
            f"came {shown(value)}; impossible {declaration.meaning}; allowed: at least {declaration.minimum:g}{unit}"
        )
    if declaration.above is not None and result <= declaration.above:
        raise problem(
            f"came {shown(value)}; impossible {declaration.meaning}; allowed: above {declaration.above:g}{unit}"
        )
    if message := impossible(result, declaration):
        raise problem(f"came {shown(value)}; {message}")
    return result


def impossible(result: float, declaration: Declaration) -> str:
    """Return a message if no material has that much of a quantity, else an empty text."""
    largest = LARGEST.get(declaration.unit)
    if largest is None or abs(result) <= largest:
        return ""
    return (
        f"impossible {declaration.meaning}: {MU_0 * abs(result):.3g} T as µ0 M, and iron has 2.2 T; allowed: at most "
        f'{largest:.2g} {declaration.unit}. Is the prefix doubled or the power of ten wrong? Iron is "1700 kA/m"'
    )


@dataclass(frozen=True, eq=False)
class Entry:
    """Marks the type of a scene entry: how it is read and what an editor is told about it."""

    read: Callable[[Any], Any]
    json_schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        """Read the value with `read`, so that fdmag's own errors are collected like pydantic's."""

        def validate(value: Any) -> Any:
            try:
                return self.read(value)
            except FdmagError as error:
                raise problem(str(error)) from error

        return core_schema.no_info_plain_validator_function(validate)

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: Any) -> dict[str, Any]:
        """Return the JSON Schema of the entry."""
        return self.json_schema


def quantity(unit: str, meaning: str, *, minimum: float | None = None, above: float | None = None) -> Entry:
    """Mark a float as one quantity with a unit."""
    declaration = Declaration(unit, meaning, minimum=minimum, above=above)
    return Entry(lambda value: number(value, declaration), _scalar_schema(declaration))


def vector(
    unit: str,
    meaning: str,
    *,
    components: int = 3,
    minimum: float | None = None,
    above: float | None = None,
    unit_vector: bool = False,
) -> Entry:
    """Mark a list of floats as several quantities with a unit."""
    declaration = Declaration(unit, meaning, components, minimum, above, unit_vector)
    return Entry(lambda value: _constant(value, declaration), _constant_schema(declaration))


def count(meaning: str, minimum: int = 0, maximum: int = 2**31) -> Entry:
    """Mark an integer in a range, both ends included."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise problem(f"came {shown(value)}; {meaning} is an integer from {minimum} to {maximum}")
        return value

    return Entry(read, {"type": "integer", "minimum": minimum, "maximum": maximum, "description": meaning})


def three_counts(meaning: str) -> Entry:
    """Mark a list of three integers of at least 1, for x, y and z."""
    one = count(meaning, 1)

    def read(value: Any) -> list[int]:
        if not isinstance(value, list) or len(value) != 3:
            raise problem(f"came {shown(value)}; allowed: a list of 3 integers of at least 1: [x, y, z]")
        for item in value:
            if isinstance(item, bool) or not isinstance(item, int) or not 1 <= item <= 2**31:
                raise problem(f"came {shown(value)}; allowed: 3 integers of at least 1 (and at most 2147483648)")
        return value

    items = {key: one.json_schema[key] for key in ("type", "minimum", "maximum")}
    schema = {"type": "array", "items": items, "minItems": 3, "maxItems": 3, "description": f"{meaning} along x, y, z"}
    return Entry(read, schema)


def parameter_value(declaration: Declaration) -> Entry:
    """Mark a parameter: a quantity, a vector, or a table of one of the forms.

    The value is normalised to SI numbers: a float, a list, or a table whose quantities are floats.
    """
    return Entry(lambda value: _parameter(value, declaration), _parameter_schema(declaration))


def one_of(names: Iterable[str]) -> Entry:
    """Mark a text as one of some names."""
    allowed = tuple(names)

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            near = did_you_mean(value, allowed) if isinstance(value, str) else ""
            raise problem(f"came {shown(value)}; allowed: {', '.join(allowed)}{near}")
        return str(value)

    return Entry(read, {"type": "string", "enum": list(allowed)})


def expression_text(variables: tuple[str, ...]) -> Entry:
    """Mark a text as an expression in the given variables."""

    def read(text: Any) -> str:
        _expression(text, variables)
        return str(text)

    return Entry(read, {"anyOf": [{"type": "string"}, {"type": "number"}]})


def identifier(value: Any) -> Any:
    """Accept a name of letters, digits and underscores."""
    if isinstance(value, str) and not _NAME.match(value):
        raise problem(f"{shown(value)} is no name; allowed: letters, digits and underscores, starting with a letter")
    return value


Name = Annotated[str, BeforeValidator(identifier)]


def _parameter(value: Any, declaration: Declaration) -> Any:
    if not isinstance(value, dict):
        return _constant(value, declaration)
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
        result["signal"] = expression_text(TIME).read(value["signal"])
        signal = _expression(value["signal"], TIME)
        if not signal.names:
            hint = (
                "T is tesla; did you mean t?" if "T" in signal.constants else "write a constant factor into the value"
            )
            raise problem(f"signal {shown(value['signal'])} does not depend on t; {hint}")
    if "unit" in value:
        if form not in ("expression", "file"):
            raise problem(f"unit belongs to expression and file; write the unit into the text of {form} instead")
        if not isinstance(value["unit"], str):
            raise problem(f'came unit = {shown(value["unit"])}; allowed: text such as "{declaration.unit}"')
        parse_quantity(f"1 {value['unit']}", declaration.unit)
    if "array" in value and (form != "file" or not isinstance(value["array"], str)):
        raise problem("array names an array of a .vti file; it goes with file")
    return result


def _constant(value: Any, declaration: Declaration) -> Any:
    if declaration.components == 1:
        return number(value, declaration)
    n = declaration.components
    if not isinstance(value, list) or len(value) != n:
        unit = "" if declaration.unit == "1" else f" in {declaration.unit} or with units"
        axes = ", ".join("xyz"[:n])
        hint = ""
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            # A length is one along each axis; of a field or a direction, one component is not zero.
            same = declaration.above is not None or declaration.minimum is not None
            hint = f"; write [{', '.join([shown(value) if same else '0'] * (n - 1) + [shown(value)])}]"
        raise problem(f"came {shown(value)}; {declaration.meaning} is a list of {n} numbers{unit}: [{axes}]{hint}")
    one = Declaration(declaration.unit, declaration.meaning, minimum=declaration.minimum, above=declaration.above)
    found = [number(item, one) for item in value]
    if declaration.unit_vector and not any(found):
        raise problem(f"{declaration.meaning} has zero length; give at least one non-zero component")
    return found


def _regions(value: Any, declaration: Declaration) -> Any:
    if not isinstance(value, dict) or not value:
        raise problem("regions is a table of region names and values: { free = 1, default = 0 }")
    return {identifier(name): _constant(item, declaration) for name, item in value.items()}


def _replicas(value: Any, declaration: Declaration) -> Any:
    if not isinstance(value, list) or not value:
        raise problem("replicas is a list with one value per replica")
    return [_constant(item, declaration) for item in value]


def _expressions(value: Any, declaration: Declaration) -> Any:
    items = value if isinstance(value, list) else [value]
    if len(items) != declaration.components or isinstance(value, list) != (declaration.components == 3):
        form = "one text" if declaration.components == 1 else "a list of three texts, for x, y and z"
        raise problem(f"came {shown(value)}; expression of {declaration.meaning} is {form}")
    texts = [expression_text(SPACE_AND_TIME).read(item) for item in items]
    return texts if isinstance(value, list) else texts[0]


def _expression(text: Any, variables: tuple[str, ...]) -> Expression:
    if isinstance(text, int | float) and not isinstance(text, bool) and abs(text) < 1e300:
        text = repr(text)
    if not isinstance(text, str):
        raise problem(f'came {shown(text)}; an expression is text such as "sin(2*pi*5e9*t)"')
    return Expression(text, variables)


def _uses_time(value: Any) -> bool:
    return any(
        "t" in _expression(item, SPACE_AND_TIME).names for item in (value if isinstance(value, list) else [value])
    )


def _file(value: Any, declaration: Declaration) -> Any:
    if not isinstance(value, str):
        raise problem(f"came {shown(value)}; file is the path of a .npy, .ovf or .vti file beside the scene")
    return value


_READERS: dict[str, Callable[[Any, Declaration], Any]] = {
    "value": _constant,
    "regions": _regions,
    "replicas": _replicas,
    "expression": _expressions,
    "file": _file,
}


# ---- JSON Schema -------------------------------------------------------------------------------------------


def _scalar_schema(declaration: Declaration) -> dict[str, Any]:
    plain: dict[str, Any] = {"type": "number"}
    if declaration.minimum is not None:
        plain["minimum"] = declaration.minimum
    if declaration.above is not None:
        plain["exclusiveMinimum"] = declaration.above
    text = {"type": "string", "pattern": r"^\s*[-+0-9.]", "description": f"a number and a unit of {declaration.unit}"}
    unit = "" if declaration.unit == "1" else f" [{declaration.unit}]"
    return {"anyOf": [plain, text], "description": declaration.meaning + unit}


def _constant_schema(declaration: Declaration) -> dict[str, Any]:
    scalar = _scalar_schema(declaration)
    if declaration.components == 1:
        return scalar
    n = declaration.components
    items = {"anyOf": scalar["anyOf"]}
    return {"type": "array", "items": items, "minItems": n, "maxItems": n, "description": scalar["description"]}


def _parameter_schema(declaration: Declaration) -> dict[str, Any]:
    constant = _constant_schema(declaration)
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
        "replicas": {"type": "array", "items": constant, "minItems": 1, "description": "one value for each replica"},
        "expression": {**text, "description": "in x, y, z and t"},
        "file": {"type": "string", "description": "path of a .npy, .ovf or .vti file beside the scene"},
        "unit": {"type": "string", "description": "unit of expression or file; SI without"},
        "array": {"type": "string", "description": "which array of a .vti file; by default m, or the only one"},
        "signal": {
            "anyOf": [{"type": "string"}, {"type": "number"}],
            "description": "factor in time: an expression in t",
        },
    }
    table = {
        "type": "object",
        "properties": forms,
        "additionalProperties": False,
        "oneOf": [{"required": [form]} for form in _FORMS],
    }
    return {"anyOf": [constant, table], "description": constant["description"]}
