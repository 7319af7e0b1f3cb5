"""What pydantic finds wrong, told as problems of the scene."""

import types
import typing
from difflib import SequenceMatcher
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from fdmag.errors import did_you_mean
from fdmag.scene.problems import Place, Problem, shown
from fdmag.scene.values import Entry

_KINDS = {
    "list_type": "an array",
    "tuple_type": "an array",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "an integer",
}


def from_validation(error: ValidationError, model: Any, raw: Any, start: Place = ()) -> list[Problem]:
    """Return pydantic's errors as problems; ``raw`` is the data and ``model`` the type it was checked against.

    A key that is missing because its name is misspelt counts once.
    """
    found = [(item["type"], _translated(item, model, raw, start)) for item in error.errors(include_url=False)]
    return without_misspelt(found)


def without_misspelt(found: list[tuple[str, Problem]]) -> list[Problem]:
    """Return the problems, leaving out keys that are missing where an unknown key looks like them.

    ``found`` has each problem with its kind, "missing" and "extra_forbidden" among them.
    """
    unknown = [problem for kind, problem in found if kind == "extra_forbidden"]

    def misspelt(problem: Problem) -> bool:
        *table, key = problem.place
        return any(list(other.place[:-1]) == table and _same_word(str(other.place[-1]), str(key)) for other in unknown)

    return [problem for kind, problem in found if kind != "missing" or not misspelt(problem)]


def _same_word(came: str, key: str) -> bool:
    """Return whether one is a slip of the other; "direction" is none of "duration", though similar."""
    return SequenceMatcher(None, came.lower()[:100], key.lower()).ratio() > 0.84


def _translated(item: Any, model: Any, raw: Any, start: Place) -> Problem:
    kind, context = item["type"], item.get("ctx", {})
    place, came, tables = _follow(item["loc"], model, raw, keyed=kind in ("missing", "extra_forbidden"))
    key = str((*start, *place)[-1])
    if kind == "extra_forbidden":
        allowed = [name for table in tables for name in table.model_fields]
        message = f"unknown key; allowed: {', '.join(allowed)}{did_you_mean(key, allowed)}"
    elif kind == "missing":
        field = next((table.model_fields[key] for table in tables if key in table.model_fields), None)
        told = None if field is None else field.description or _meaning(field.metadata)
        message = f"missing: {told}" if told else "missing"
    elif kind in ("union_tag_not_found", "union_tag_invalid"):
        allowed = _tags(model, item["loc"])
        given = came.get("kind") if isinstance(came, dict) else came
        near = did_you_mean(given, allowed) if isinstance(given, str) else ""
        if not isinstance(came, dict):
            message = f"came {shown(given)}; allowed: a table with kind = {', '.join(allowed)}"
        elif given is None:
            message = f"has no kind; allowed: {', '.join(allowed)}"
        else:
            message = f"kind {shown(given)} is unknown; allowed: {', '.join(allowed)}{near}"
    elif kind == "literal_error":
        allowed = [word.strip(" '\"") for word in context["expected"].replace(" or ", ", ").split(", ")]
        message = f"came {shown(came)}; allowed: {', '.join(allowed)}{did_you_mean(str(came)[:100], allowed)}"
    elif kind == "scene":
        message = item["msg"]
    elif kind in _KINDS:
        hint = "; begin each stage with [[stages]], in double brackets" if (*start, *place) == ("stages",) else ""
        if kind in ("list_type", "tuple_type") and isinstance(came, str):
            hint = f"; write [{shown(came)}]"
        message = f"came {shown(came)}; allowed: {_KINDS[kind]}{hint}"
    elif kind in ("too_short", "too_long"):
        side, bound = ("at least", "min_length") if kind == "too_short" else ("at most", "max_length")
        message = f"has {context['actual_length']} entries; allowed: {side} {context[bound]}"
    else:
        message = f"came {shown(came)}; {item['msg'].replace('Input should be', 'allowed:')}"
    return Problem((*start, *place), message)


def _meaning(metadata: list[Any]) -> str | None:
    """Return what an entry says of itself to editors."""
    return next((each.json_schema.get("description") for each in metadata if isinstance(each, Entry)), None)


def _tags(model: Any, location: tuple) -> list[str]:
    """Return the kinds allowed where a union is, by walking the types alone."""
    here = _members(model)
    for item in location:
        fields = [table.model_fields[item].annotation for table in _tables(here) if item in table.model_fields]
        tagged = [table for table in _tables(here) if _tag(table) == item]
        here = [member for field in fields for member in _members(field)] or tagged or _inner(here)
    return [str(_tag(table)) for table in _tables(here) if _tag(table)]


def _follow(location: Place, model: Any, raw: Any, *, keyed: bool) -> tuple[Place, Any, list[type[BaseModel]]]:
    """Walk pydantic's location through data and types.

    ``keyed`` says that the last item is a key even where the data has none of that name. Returns the place in the
    file (without the tags of unions and the index of a table that stands for a list of one), what stands there, and
    the tables the last key may belong to.
    """
    place: list[str | int] = []
    types_here = _members(model)
    tables = types_here
    for step, item in enumerate(location):
        tables = _tables(types_here)
        is_key = keyed and step == len(location) - 1
        if isinstance(item, str) and not is_key and not (isinstance(raw, dict) and item in raw):
            tagged = [table for table in tables if _tag(table) == item]
            if tagged:
                types_here = tagged
                continue
            if not any(item in table.model_fields for table in tables) and not isinstance(raw, dict):
                continue
        if isinstance(item, int) and not isinstance(raw, list):
            types_here = _inner(types_here)
            continue
        place.append(item)
        if isinstance(raw, dict):
            raw = raw.get(item)
        elif isinstance(raw, list) and isinstance(item, int) and item < len(raw):
            raw = raw[item]
        fields = [table.model_fields[item].annotation for table in tables if item in table.model_fields]
        types_here = [member for field in fields for member in _members(field)] or _inner(types_here)
    return tuple(place), raw, _tables(types_here) if not keyed else tables


def _tables(members: list[Any]) -> list[type[BaseModel]]:
    return [member for member in members if isinstance(member, type) and issubclass(member, BaseModel)]


def _tag(table: type[BaseModel]) -> Any:
    return table.model_fields["kind"].default if "kind" in table.model_fields else None


def _members(annotation: Any) -> list[Any]:
    """Return the members of a union, without annotations."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (typing.Union, types.UnionType):
        return [member for part in get_args(annotation) for member in _members(part)]
    return [annotation]


def _inner(members: list[Any]) -> list[Any]:
    """Return what lists and mappings among the types hold."""
    arguments = [get_args(member) for member in members if get_origin(member) in (list, dict, tuple)]
    return [part for found in arguments if found for part in _members(found[-1])]
