"""Types of scene entries: quantities with units, vectors, counts, names, expressions."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
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
LARGEST = {"A/m": 100 / MU_0, "J/m": 1e-6, "J/m^2": 0.1, "J/m^3": 1e10}
"""Beyond any material, by unit: values that only a wrong or a missing prefix gives."""
_USUAL = {"J/m": "13 pJ/m", "J/m^2": "1.3 mJ/m^2", "J/m^3": "1 MJ/m^3"}


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
    if np.any(declaration.outside(result)):
        raise problem(f"came {shown(value)}; impossible {declaration.meaning}; allowed: {declaration.allowed}")
    if message := impossible(result, declaration):
        raise problem(f"came {shown(value)}; {message}")
    return result


def impossible(result: float, declaration: Declaration) -> str:
    """Return a message if no material has that much of a quantity, else an empty text."""
    largest = LARGEST.get(declaration.unit)
    if largest is None or abs(result) <= largest:
        return ""
    if declaration.unit in _USUAL:
        return (
            f"impossible {declaration.meaning}; allowed: at most {largest:g} {declaration.unit}. Is the prefix missing "
            f'or the power of ten wrong? Usual is some "{_USUAL[declaration.unit]}"'
        )
    return (
        f"impossible {declaration.meaning}: {MU_0 * abs(result):.3g} T as µ0 M, and iron has 2.2 T; allowed: at most "
        f'{largest:.2g} {declaration.unit}. Is the prefix doubled or the power of ten wrong? Iron is "1700 kA/m"'
    )


@dataclass(frozen=True, eq=False)
class Entry:
    """Marks the type of a scene entry: how it is read and what an editor is told about it.

    ``declaration`` is there if it is a quantity, and ``whole`` says that it is a whole number.
    """

    read: Callable[[Any], Any]
    json_schema: dict[str, Any]
    declaration: Declaration | None = None
    whole: bool = False

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
    return Entry(lambda value: number(value, declaration), scalar_schema(declaration), declaration)


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
    return Entry(lambda value: constant(value, declaration), constant_schema(declaration), declaration)


def quantities(
    unit: str, meaning: str, *, minimum: float | None = None, above: float | None = None, least: int = 1
) -> Entry:
    """Mark a list of floats as any number of quantities with a unit, at least ``least``."""
    declaration = Declaration(unit, meaning, minimum=minimum, above=above)

    def read(value: Any) -> list[float]:
        if not isinstance(value, list) or len(value) < least:
            raise problem(f"came {shown(value)}; {meaning}: allowed: a list of at least {least}")
        return [number(item, declaration) for item in value]

    scalar = scalar_schema(declaration)
    schema = {"type": "array", "items": {"anyOf": scalar["anyOf"]}, "minItems": least}
    return Entry(read, schema | {"description": scalar["description"]})


def count(meaning: str, minimum: int = 0, maximum: int = 2**31) -> Entry:
    """Mark an integer in a range, both ends included."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise problem(f"came {shown(value)}; {meaning} is an integer from {minimum} to {maximum}")
        return value

    schema = {"type": "integer", "minimum": minimum, "maximum": maximum, "description": meaning}
    return Entry(read, schema, Declaration("1", meaning), whole=True)


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
    return Entry(read, schema, Declaration("1", meaning, components=3), whole=True)


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
        parsed(text, variables)
        return str(text)

    return Entry(read, {"anyOf": [{"type": "string"}, {"type": "number"}]})


def identifier(value: Any) -> Any:
    """Accept a name of letters, digits and underscores."""
    if isinstance(value, str) and not _NAME.match(value):
        raise problem(f"{shown(value)} is no name; allowed: letters, digits and underscores, starting with a letter")
    return value


Name = Annotated[str, BeforeValidator(identifier)]


def constant(value: Any, declaration: Declaration) -> Any:
    """Return one quantity, or a list of them for a vector, in SI units."""
    if declaration.components == 1:
        return number(value, declaration)
    n = declaration.components
    if not isinstance(value, list) or len(value) != n:
        unit = "" if declaration.unit == "1" else f" in {declaration.unit} or with units"
        axes = ", ".join("xyz"[:n])
        hint = ""
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            # A length is one along each axis; of a field or a direction, one component is not zero.
            same = declaration.ranged
            hint = f"; write [{', '.join([shown(value) if same else '0'] * (n - 1) + [shown(value)])}]"
        raise problem(f"came {shown(value)}; {declaration.meaning} is a list of {n} numbers{unit}: [{axes}]{hint}")
    one = replace(declaration, components=1, unit_vector=False)
    found = [number(item, one) for item in value]
    if declaration.unit_vector and not any(found):
        raise problem(f"{declaration.meaning} has zero length; give at least one non-zero component")
    return found


def parsed(text: Any, variables: tuple[str, ...]) -> Expression:
    """Return the expression of an entry; a number counts as one."""
    if isinstance(text, int | float) and not isinstance(text, bool) and abs(text) < 1e300:
        text = repr(text)
    if not isinstance(text, str):
        raise problem(f'came {shown(text)}; an expression is text such as "sin(2*pi*5e9*t)"')
    return Expression(text, variables)


# ---- JSON Schema -------------------------------------------------------------------------------------------


def scalar_schema(declaration: Declaration) -> dict[str, Any]:
    """Return the JSON Schema of one quantity."""
    plain: dict[str, Any] = {"type": "number"}
    if declaration.choices:
        plain["enum"] = list(declaration.choices)
    if declaration.minimum is not None:
        plain["minimum"] = declaration.minimum
    if declaration.above is not None:
        plain["exclusiveMinimum"] = declaration.above
    if declaration.maximum is not None:
        plain["maximum"] = declaration.maximum
    text = {"type": "string", "pattern": r"^\s*[-+0-9.]", "description": f"a number and a unit of {declaration.unit}"}
    unit = "" if declaration.unit == "1" else f" [{declaration.unit}]"
    return {"anyOf": [plain, text], "description": declaration.meaning + unit}


def constant_schema(declaration: Declaration) -> dict[str, Any]:
    """Return the JSON Schema of one quantity or a list of them."""
    scalar = scalar_schema(declaration)
    if declaration.components == 1:
        return scalar
    n = declaration.components
    items = {"anyOf": scalar["anyOf"]}
    return {"type": "array", "items": items, "minItems": n, "maxItems": n, "description": scalar["description"]}
