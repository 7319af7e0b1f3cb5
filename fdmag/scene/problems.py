"""What is wrong with a scene: file, table and key, what came, what is allowed, the nearest name."""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fdmag.errors import FdmagError

Place = tuple[str | int, ...]
WIDTH = 100
_BARE = re.compile(r"[A-Za-z0-9_-]{1,60}\Z")
_TABLES_OF_TABLES = ("terms", "shapes", "regions", "device", "expect")


@dataclass(frozen=True)
class Problem:
    """One thing wrong, and the keys that lead to it."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{where(self.place)}: {self.message}" if self.place else self.message


class SceneError(FdmagError, ValueError):
    """A scene that cannot be run, with everything found wrong with it.

    The message has one entry per problem, each beginning with the file's name, on one line; a formula with its mark
    follows on two more.

    Attributes
    ----------
    path : Path
        The scene file.
    problems : list of Problem
    """

    def __init__(self, path: Path, problems: Sequence[Problem], stage_kinds: Sequence[str] = ()) -> None:
        self.path = path
        self.problems = list(dict.fromkeys(problems))
        name = path.name or str(path)
        lines: list[str] = []
        for problem in self.problems:
            place = f"{where(problem.place, stage_kinds)}: " if problem.place else ""
            lines.append(f"{name}: {place}{problem.message}")
        if len(self.problems) > 1:
            lines.append(f"{name}: {len(self.problems)} problems")
        self._entries = [printable(line) for line in lines]
        super().__init__("\n".join(self._entries))

    def wrapped(self) -> str:
        """Return the message in lines of at most 100 characters, for a terminal."""
        return "\n".join(line for entry in self._entries for line in _wrapped(entry))


def where(place: Place, stage_kinds: Sequence[str] = ()) -> str:
    """Return a place as it looks in the file.

    >>> where(("terms", "exchange", "A"))
    '[terms.exchange] A'
    >>> where(("stages", 1, "duration"), ["relax", "run"])
    '[[stages]] 2nd (run) duration'
    """
    rest = list(place)
    count = 2 if rest[0] in _TABLES_OF_TABLES and len(rest) > 1 else 1
    table, rest = ".".join(_key(part) for part in rest[:count]), rest[count:]
    head = f"[{table}]"
    if rest and isinstance(rest[0], int) and place[0] in ("stages", "terms"):
        number = int(rest.pop(0))
        head = f"[[{table}]] {_ordinal(number)}"
        if place[0] == "stages" and number < len(stage_kinds) and stage_kinds[number]:
            head += f" ({stage_kinds[number]})"
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{_key(part)}" for part in rest).removeprefix(".")
    return f"{head} {key}".strip()


def shown(value: Any, at_most: int = 60) -> str:
    """Return a value of a scene for a message: as TOML would write it, short, on one line.

    >>> shown("-800 kA/m"), shown([True, 1.5]), shown({"a": 1}), shown(10**50)
    ('"-800 kA/m"', '[true, 1.5]', 'a table', 'an integer of about 50 digits')
    """
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        inner = [shown(item, at_most) for item in value[:4]]
        return "[" + ", ".join(inner + ["..."] * (len(value) > 4)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= 10**20:
        # Not str: Python refuses to write out integers of thousands of digits.
        return f"an integer of about {round(value.bit_length() * 0.30103)} digits"
    text = str(value)
    if len(text) > at_most:
        text = text[:at_most] + "..."
    return '"' + text.replace("\n", "\\n") + '"' if isinstance(value, str) else text


def printable(text: str) -> str:
    """Return text without characters that could steer a terminal; line ends stay.

    >>> printable("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    return "".join(
        character
        if character.isprintable() or character == "\n"
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


def _key(part: str | int) -> str:
    return str(part) if _BARE.match(str(part)) else shown(str(part))


def _ordinal(number: int) -> str:
    count = number + 1
    ending = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{ending}"


def _wrapped(text: str) -> list[str]:
    """Return the first line broken at spaces outside quotes; lines that follow (a formula and its mark) as they are."""
    first, *rest = text.split("\n")
    held = re.sub(r'"[^"]*"', lambda quoted: quoted[0].replace(" ", "\0"), first)
    lines = textwrap.wrap(held, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return [*(line.replace("\0", " ") for line in lines), *rest]
