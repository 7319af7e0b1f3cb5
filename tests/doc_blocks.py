"""The examples of the documentation, as they stand in its pages."""

import contextlib
import functools
import io
import os
import re
import tempfile
import tomllib
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from fdmag.scene.shipped import shipped_scenes

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^(?:<!-- (?P<note>[^\n]*) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.S | re.M)
CHEAPER = {  # what an example has, and what does for a test of it
    "cells=(200, 50, 1), cell_size=(2.5e-9, 2.5e-9, 3e-9)": "cells=(20, 5, 1), cell_size=(25e-9, 25e-9, 3e-9)",
    "batch=20 * 1000": "batch=20 * 40",
    "batch=10 * 100": "batch=10 * 10",
    "film.run(1e-9,": "film.run(0.1e-9,",
    "ring_down(square, 2e-9,": "ring_down(square, 1e-9,",
}


class Block(NamedTuple):
    """An example: its page, what the comment above it says, its language and its text."""

    page: str
    note: str
    language: str
    text: str

    @property
    def place(self) -> str:
        """Return page and line, for the name of a test."""
        return f"{self.page}:{page_text(self.page).split(self.text)[0].count(chr(10)) + 1}"


@functools.cache
def page_text(page: str) -> str:
    """Return a page by its path below the root of the repository."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(*languages: str) -> list[Block]:
    """Return all examples in one of the languages."""
    found = [
        Block(page, match["note"] or "", match["language"], match["text"])
        for page in PAGES
        for match in BLOCK.finditer(page_text(page))
    ]
    return [block for block in found if block.language in languages]


def scene_of(block: Block) -> dict[str, Any]:
    """Return the scene that a block of TOML is, or is part of: one that is shipped, else that of the guide.

    The comment ``<!-- part of: NAME -->`` above the block names a shipped one. Tables are joined, lists replaced.
    """
    if "[mesh]" in block.text:
        return tomllib.loads(block.text)
    if block.note.startswith("part of: "):
        whole = shipped_scenes()[block.note.removeprefix("part of: ")].read_text(encoding="utf-8")
    else:
        (whole,) = (each.text for each in blocks("toml") if each.page == "docs/guide.md" and "[mesh]" in each.text)
    return _joined(tomllib.loads(whole), tomllib.loads(block.text))


def _joined(whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    return whole | {
        key: _joined(whole[key], value) if isinstance(value, dict) and isinstance(whole.get(key), dict) else value
        for key, value in part.items()
    }


@functools.cache
def run_page(page: str) -> dict[str, Any]:
    """Run the Python of a page from top to bottom in an empty folder, by NumPy and with fewer cells; return its names.

    Kernels for these few cells would take longer to compile than the examples. Those below a comment
    ``<!-- not run: WHY -->`` are only checked for their syntax.
    """
    names: dict[str, Any] = {"__name__": page}
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        contextlib.redirect_stdout(io.StringIO()),
        mock.patch.dict(os.environ, {"FDMAG_DEVICE": "numpy"}),
    ):
        for block in blocks("python"):
            if block.page == page:
                text = block.text
                for shown, small in CHEAPER.items():
                    text = text.replace(shown, small)
                code = compile(text, block.place, "exec", dont_inherit=True)
                if not block.note.startswith("not run: "):
                    exec(code, names)
    return names
