"""Where a path such as ``terms.slonczewski.J`` leads in a scene: what stands there, and in which unit."""

import re
import types
import typing
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from fdmag.errors import ParameterError, did_you_mean
from fdmag.scene.overrides import path_of
from fdmag.scene.parameters import parameter_value
from fdmag.scene.problems import shown
from fdmag.scene.signals import KINDS
from fdmag.scene.values import Entry
from fdmag.terms import Material, registry
from fdmag.units import KINDS as KINDS_OF_UNITS
from fdmag.units import parse_quantity

SWEPT = ("mesh", "shapes", "geometry", "regions", "material", "terms", "initial", "stages", "ensemble", "device")
"""Tables of a scene whose entries may be swept."""
_FORMS = ("linspace", "logspace")
_PLAIN = ("expression", "file", "unit", "array", "group", "distribution", "kind", "interpolation", "time_unit")


@dataclass(frozen=True)
class Target:
    """An entry of a scene.

    Attributes
    ----------
    path : tuple of str
    unit : str or None
        None for what is no quantity: a name, a formula, true or false.
    components : int
        3 if it is a vector.
    whole : bool
        Whether it is a whole number.
    """

    path: tuple[str, ...]
    unit: str | None = None
    components: int = 1
    whole: bool = False


def target(raw: dict[str, Any], text: str, model: type[BaseModel]) -> Target:
    """Return where a path leads in the data of a scene.

    Raises
    ------
    ParameterError
        If it leads nowhere; the message tells what there is instead.
    """
    path = path_of(text)
    if not path:
        raise ParameterError(f'{shown(text)} is no path; allowed: keys with points, such as "terms.zeeman.B.2"')
    if path[0] not in SWEPT:
        near = did_you_mean(path[0], SWEPT)
        raise ParameterError(f"{shown(text)} leads to no table that can be swept: {', '.join(SWEPT)}{near}")
    here: Any = raw
    kinds: list[Any] = [model]
    for number, part in enumerate(path):
        entry = next((kind for kind in kinds if isinstance(kind, Entry)), None)
        if entry is not None:
            return _inside(entry, here, tuple(path), path[number:], text)
        if path[0] == "stages" and number == 3 and path[2] == "values":
            return _setting(here, path[:number], path[number:], text)
        kinds, here = _step(kinds, here, part, text)
    entry = next((kind for kind in kinds if isinstance(kind, Entry)), None)
    if entry is not None:
        return _inside(entry, here, tuple(path), [], text)
    if bool in kinds or int in kinds or float in kinds:
        return Target(tuple(path), None if bool in kinds else "1", whole=int in kinds)
    if str in kinds or any(get_origin(kind) is typing.Literal for kind in kinds):
        return Target(tuple(path))
    if Any in kinds and not isinstance(here, dict | list):
        return Target(tuple(path), _unit_written(here))
    raise ParameterError(f"{shown(text)} is a whole table; name one of its entries")


def _step(kinds: list[Any], here: Any, part: str, text: str) -> tuple[list[Any], Any]:
    """Return what may stand below, and what does, one part of a path on."""
    lists = [kind for kind in kinds if get_origin(kind) is list]
    if lists and isinstance(here, list):
        if not part.isdigit() or int(part) >= len(here):
            raise ParameterError(
                f"{shown(text)}: {shown(part)} is not the number of an entry; allowed: 0 to {len(here) - 1}"
            )
        return [member for kind in lists for member in _members(get_args(kind)[0])], here[int(part)]
    kinds = [member for kind in kinds for member in (_members(get_args(kind)[0]) if kind in lists else [kind])]
    mappings = [kind for kind in kinds if get_origin(kind) is dict]
    if mappings:
        known = list(here) if isinstance(here, dict) else []
        if part not in known:
            listed = ", ".join(known) or "none"
            raise ParameterError(f"{shown(text)}: there is no {shown(part)}; there is: {listed}"
                                 f"{did_you_mean(part, known)}")  # fmt: skip
        return [member for kind in mappings for member in _members(get_args(kind)[1])], here[part]
    tables = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
    if len(tables) > 1:
        tagged = here.get("kind") if isinstance(here, dict) else None
        tables = [table for table in tables if "kind" in table.model_fields] if tagged is not None else []
        tables = [table for table in tables if table.model_fields["kind"].default == tagged]
    if len(tables) != 1:
        above = "is not in the scene" if here is None else f"is {shown(here)}"
        raise ParameterError(f"{shown(text)}: what stands above {shown(part)} {above}; write the table into the scene")
    known = list(tables[0].model_fields)
    if part not in known:
        near = did_you_mean(part, known)
        raise ParameterError(f"{shown(text)}: there is no {shown(part)}; allowed: {', '.join(known)}{near}")
    field = tables[0].model_fields[part]
    entries = [entry for entry in field.metadata if isinstance(entry, Entry)]
    return entries or _members(field.annotation), here.get(part) if isinstance(here, dict) else None


def _setting(here: Any, above: list[str], rest: list[str], text: str) -> Target:
    """Return what a path leads to in the values of a set stage, written ``"terms.zeeman.B"`` or in nested tables."""
    told: list[str] = []
    path = [*above]
    owners: dict[str, Any] = {"material": Material, **{f"terms.{name}": term for name, term in registry().items()}}
    while isinstance(here, dict):
        # A key with points may be written with quotes, or without.
        count = next((n for n in range(1, len(rest) + 1) if ".".join(rest[:n]) in here), None)
        if count is None:
            break
        part, rest = ".".join(rest[:count]), rest[count:]
        here = here[part]
        path.append(part)
        told += part.split(".")
        owner, key = re.sub(r"_[0-9]+$", "", ".".join(told[:-1])), told[-1]
        if owner in owners and key in owners[owner].parameters():
            return _inside(parameter_value(owners[owner].parameters()[key]), here, (*path, *rest), rest, text)
    raise ParameterError(f"{shown(text)} leads to nothing that the stage sets; write it into the values of the stage")


def _members(annotation: Any) -> list[Any]:
    """Return the members of a union; of what an `Entry` marks, the entry."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        entries = [mark for mark in marks if isinstance(mark, Entry)]
        return entries or _members(inner)
    if get_origin(annotation) in (typing.Union, types.UnionType):
        return [member for part in get_args(annotation) for member in _members(part)]
    return [annotation]


def _inside(entry: Entry, here: Any, path: tuple[str, ...], rest: list[str], text: str) -> Target:
    """Return what a path leads to inside an entry: a component, a region's value, a number of a signal."""
    declared = entry.declaration
    if not rest:
        if declared is None:
            return Target(path, _unit_written(here))
        return Target(path, declared.unit, declared.components, entry.whole)
    for number, part in enumerate(rest):
        if part == "signal":
            signal = here.get(part) if isinstance(here, dict) else None
            return _of_signal(signal, path, rest[number + 1 :], text)
        known = (
            list(here) if isinstance(here, dict) else list(map(str, range(len(here) if isinstance(here, list) else 0)))
        )
        if part not in known:
            listed = ", ".join(known) or f"only {shown(here)}"
            raise ParameterError(f"{shown(text)}: there is no {shown(part)}; there is: {listed}"
                                 f"{did_you_mean(part, known)}")  # fmt: skip
        here = here[part] if isinstance(here, dict) else here[int(part)]
    last = next((part for part in reversed(rest) if not part.isdigit()), "")
    if last in _FORMS and rest[-1] == "2":
        return Target(path, "1", whole=True)
    if declared is None or last in _PLAIN:
        return Target(path, _unit_written(here) if declared is None else None)
    if last in ("seed", "cone"):
        return Target(path, "1" if last == "seed" else "rad", whole=last == "seed")
    vector = declared.components if isinstance(here, list) else 1
    return Target(path, declared.unit, vector, entry.whole)


def _unit_written(value: Any) -> str | None:
    """Return the unit of a quantity that is declared without one, as it is written in the scene: 2 nm is a length."""
    if isinstance(value, str):
        for unit in KINDS_OF_UNITS:
            with suppress(ParameterError):
                parse_quantity(value, unit)
                return unit
    return None


def _of_signal(signal: Any, path: tuple[str, ...], rest: list[str], text: str) -> Target:
    if isinstance(signal, list) and rest and rest[0].isdigit() and int(rest[0]) < len(signal):
        return _of_signal(signal[int(rest[0])], path, rest[1:], text)
    if not rest and isinstance(signal, str):
        return Target(path)
    if not isinstance(signal, dict) or signal.get("kind") not in KINDS or len(rest) != 1:
        raise ParameterError(f"{shown(text)} leads to no number of a signal; the signal is {shown(signal)}")
    declared = {field.name: field for field in KINDS[signal["kind"]].__dataclass_fields__.values()}  # type: ignore[attr-defined]
    if rest[0] not in declared:
        near = did_you_mean(rest[0], declared)
        raise ParameterError(f"{shown(text)}: there is no {shown(rest[0])}; allowed: {', '.join(declared)}{near}")
    unit = declared[rest[0]].metadata.get("unit")
    return Target(path, unit or ("1" if rest[0] == "count" else None), whole=rest[0] == "count")
