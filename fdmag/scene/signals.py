"""Signals of a scene: an expression in t, a table with a kind, or a list of these that are multiplied."""

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from fdmag.errors import did_you_mean
from fdmag.parameter import Declaration
from fdmag.scene.problems import shown
from fdmag.scene.values import TIME, constant_schema, number, parsed, problem
from fdmag.signals import Formula, Product, Signal, Table, signal_kinds
from fdmag.units import parse_quantity

KINDS = signal_kinds()
_PLAIN = {
    "file": {"type": "string", "description": "path of a .csv file of two columns, time and factor, beside the scene"},
    "interpolation": {"enum": ["linear", "previous"], "description": "straight lines, or each value held"},
    "time_unit": {"type": "string", "description": "unit of the times where the file does not say it; SI without"},
    "count": {"type": "integer", "minimum": 1, "description": "number of pulses; endless without"},
}
"""JSON Schema of entries that are no quantities."""


def read_signal(value: Any) -> Any:
    """Return a signal with its quantities in SI units and all defaults."""
    if isinstance(value, list):
        if not value:
            raise problem("signal is an empty list; it holds signals that are multiplied")
        if any(isinstance(item, list) for item in value):
            raise problem("signal is a list in a list; write one list")
        return [read_signal(item) for item in value]
    return _table(value) if isinstance(value, dict) else _formula(value)


def build_signal(value: Any, folder: Path) -> Signal:
    """Return the signal of a checked entry; files are below ``folder``."""
    if isinstance(value, list):
        return Product(tuple(build_signal(item, folder) for item in value))
    if not isinstance(value, dict):
        return Formula(str(value))
    options = {key: item for key, item in value.items() if key != "kind"}
    if value["kind"] == Table.kind:
        return Table.from_csv(folder / options.pop("file"), **options)
    return KINDS[value["kind"]](**options)


def signal_files(value: Any) -> list[tuple[tuple[str | int, ...], str]]:
    """Return the files a signal reads, with their places in it."""
    if isinstance(value, list):
        return [((index, *place), name) for index, item in enumerate(value) for place, name in signal_files(item)]
    return [(("file",), value["file"])] if isinstance(value, dict) and "file" in value else []


def _formula(value: Any) -> str:
    expression = parsed(value, TIME)
    if not expression.names:
        hint = (
            "T is tesla; did you mean t?" if "T" in expression.constants else "write a constant factor into the value"
        )
        raise problem(f"signal {shown(value)} does not depend on t; {hint}")
    return str(value)


def _table(value: dict[str, Any]) -> dict[str, Any]:
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        came = "has no kind" if kind is None else f"kind {shown(kind)} is unknown"
        near = did_you_mean(kind, KINDS) if isinstance(kind, str) else ""
        raise problem(f"signal {came}; allowed: {', '.join(KINDS)}{near}")
    quantities, plain, required = _keys(kind)
    allowed = (*quantities, *plain)
    for key in value:
        if key != "kind" and key not in allowed:
            raise problem(
                f"signal: unknown key {shown(key)}; allowed: {', '.join(allowed)}{did_you_mean(key, allowed)}"
            )
    for key in required:
        if key not in value:
            raise problem(f'signal: {key} is missing; a signal of kind "{kind}" needs {", ".join(required)}')
    result: dict[str, Any] = {"kind": kind}
    for key, (declaration, default) in quantities.items():
        result[key] = number(value[key], declaration) if key in value else default
    for key in plain:
        if key in value:
            result[key] = _plain(key, value[key])
    if kind != Table.kind:
        KINDS[kind](**{key: item for key, item in result.items() if key != "kind"})
    return result


def _plain(key: str, value: Any) -> Any:
    if key == "count":
        if isinstance(value, bool) or not isinstance(value, int):
            raise problem(f"signal: count = {shown(value)}; allowed: a whole number of at least 1")
    elif not isinstance(value, str):
        raise problem(f"signal: {key} = {shown(value)}; allowed: text")
    if key == "interpolation" and value not in ("linear", "previous"):
        raise problem(f"signal: interpolation = {shown(value)}; allowed: linear, previous")
    if key == "time_unit":
        parse_quantity(f"1 {value}", "s")
    return value


def _keys(kind: str) -> tuple[dict[str, tuple[Declaration, Any]], list[str], list[str]]:
    """Return the quantities of a kind with their defaults, its other keys, and those that must be given."""
    if kind == Table.kind:
        return {}, ["file", "interpolation", "time_unit"], ["file"]
    quantities, plain = {}, []
    for field in fields(KINDS[kind]):  # type: ignore[arg-type]
        if "unit" in field.metadata:
            told = field.metadata
            declaration = Declaration(told["unit"], told["meaning"], minimum=told["minimum"], above=told["above"])
            quantities[field.name] = declaration, field.default
        else:
            plain.append(field.name)
    return quantities, plain, [key for key, (_, default) in quantities.items() if default is MISSING]


def _kind_schema(kind: str) -> dict[str, Any]:
    quantities, plain, required = _keys(kind)
    properties: dict[str, Any] = {"kind": {"const": kind}}
    properties |= {key: constant_schema(declaration) for key, (declaration, _) in quantities.items()}
    properties |= {key: _PLAIN[key] for key in plain}
    meaning = (KINDS[kind].__doc__ or "").partition("\n")[0]
    return {
        "type": "object", "description": meaning, "properties": properties, "required": required,
        "additionalProperties": False,
    }  # fmt: skip


def _one() -> list[dict[str, Any]]:
    return [{"type": "string"}, {"type": "number"}, *map(_kind_schema, KINDS)]


SIGNAL_SCHEMA: dict[str, Any] = {
    "anyOf": [*_one(), {"type": "array", "items": {"anyOf": _one()}, "minItems": 1}],
    "description": "factor in time: an expression in t, a table with a kind, or a list of these to multiply",
}
"""JSON Schema of a signal."""
