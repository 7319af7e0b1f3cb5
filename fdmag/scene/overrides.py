"""Overrides of a scene's entries: ``--set mesh.cells="[10, 10, 1]"``."""

import tomllib
from collections.abc import Sequence
from typing import Any

from fdmag.scene.problems import Problem, shown


def override(raw: dict[str, Any], text: str) -> Problem | None:
    """Replace one entry of a scene's data; return what is wrong with the override, if anything.

    Parameters
    ----------
    raw : dict
        The data of the scene, changed in place.
    text : str
        ``key=value``. The key is a TOML key, with the numbers of array entries counted from 0: ``stages.1.duration``.
        The value is TOML, or else text.

    >>> data = {"stages": [{"kind": "run", "duration": 1e-9}]}
    >>> override(data, "stages.0.duration=2 ns"), data
    (None, {'stages': [{'kind': 'run', 'duration': '2 ns'}]})
    """
    key, separator, value = text.partition("=")
    path = path_of(key)
    if not separator or not path or not _encodable(text):
        return _problem(text, 'the form is key=value, such as --set mesh.cells="[10, 10, 1]"')
    try:
        parsed = tomllib.loads(f"value = {value}")
    except (ValueError, RecursionError):
        parsed = {"value": value.strip()}
    if list(parsed) != ["value"]:
        return _problem(text, f"the value holds {len(parsed)} entries; give one --set for each")
    message = replace(raw, path, parsed["value"])
    return None if message is None else _problem(text, message)


def replace(raw: dict[str, Any], path: Sequence[str], value: Any) -> str | None:
    """Replace one entry of a scene's data in place; return what is wrong with its path, if anything."""
    target: Any = raw
    for part in path[:-1]:
        if isinstance(target, dict):
            target = target.setdefault(part, {})
        elif (index := _index(target, part)) is not None:
            target = target[index]
        else:
            return _missing(target, part)
    last = path[-1]
    if isinstance(target, dict):
        target[last] = value
    elif (index := _index(target, last)) is not None:
        target[index] = value
    else:
        return _missing(target, last)
    return None


def path_of(key: str) -> list[str]:
    """Return the parts of a dotted TOML key; none if it is not one."""
    try:
        data: Any = tomllib.loads(f"{key} = 0")
    except (ValueError, RecursionError):
        return []
    path = []
    while isinstance(data, dict):
        if len(data) != 1:
            return []
        ((part, data),) = data.items()
        path.append(part)
    return path


def _index(target: Any, part: str) -> int | None:
    known = isinstance(target, list) and part.isascii() and part.isdigit() and len(part) < 9
    return int(part) if known and int(part) < len(target) else None


def _missing(target: Any, part: str) -> str:
    if isinstance(target, list):
        return f"{shown(part)} is not the number of an entry; allowed: 0 to {len(target) - 1}"
    return f"{shown(part)} is not there: what stands above it is {shown(target)}, not a table"


def _problem(text: str, message: str) -> Problem:
    return Problem((), f"--set {shown(text, 100)[1:-1]}: {message}")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
