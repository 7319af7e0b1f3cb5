"""Writing TOML: the little that a resolved scene needs."""

import json
import re
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def dump_toml(data: dict[str, Any]) -> str:
    """Return ``data`` (tables, lists, text, numbers, booleans) as TOML that reads back equal.

    >>> print(dump_toml({"title": "a", "mesh": {"cells": [2, 1, 1]}, "stages": [{"kind": "relax"}]}))
    title = "a"
    <BLANKLINE>
    [mesh]
    cells = [2, 1, 1]
    <BLANKLINE>
    [[stages]]
    kind = "relax"
    <BLANKLINE>
    """
    lines: list[str] = []
    _write_table(data, (), lines)
    return "\n".join(lines).lstrip("\n") + "\n"


def _write_table(table: dict[str, Any], path: tuple[str, ...], lines: list[str]) -> None:
    nested = {key: value for key, value in table.items() if _is_section(value, path)}
    lines += [f"{_key(key)} = {_value(value)}" for key, value in table.items() if key not in nested]
    for key, value in nested.items():
        inner = (*path, key)
        name = ".".join(_key(part) for part in inner)
        for item in value if isinstance(value, list) else [value]:
            scalars = (
                isinstance(value, list) or not item or not all(_is_section(entry, inner) for entry in item.values())
            )
            if scalars:
                lines += ["", f"[[{name}]]" if isinstance(value, list) else f"[{name}]"]
            _write_table(item, inner, lines)


def _is_section(value: Any, path: tuple[str, ...]) -> bool:
    """Tables get a header down to the second level; deeper ones stay inline."""
    if len(path) >= 2:
        return False
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, dict) for item in value)
    return isinstance(value, dict)


def _key(key: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"TOML has no keys such as {key!r}; texts are allowed")
    return key if _BARE.match(key) else _text(key)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    raise TypeError(f"TOML cannot hold {value!r}; texts, numbers, booleans, lists and tables are allowed")
