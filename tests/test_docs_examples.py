"""Every example of the documentation works, every link leads somewhere, and every name and command exists."""

import importlib
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer

from fdmag.cli import app
from fdmag.scene.load import load_scene
from fdmag.scene.shipped import shipped_scenes
from fdmag.scene.sweeps.check import load_sweep
from fdmag.scene.toml import dump_toml
from tests.doc_blocks import BLOCK, CHEAPER, PAGES, ROOT, blocks, page_text, run_page, scene_of

LINKED = sorted(path for path in ROOT.glob("**/*.md") if not {".venv", "node_modules"} & set(path.parts))
COMMANDS = typer.main.get_command(app).commands
LOOKED_AT = {"docs/ensembles.md", "docs/python.md"}
"""Pages whose Python `test_docs` runs, because it looks at what comes out."""
LINES = [line for block in blocks("sh") for line in block.text.splitlines()]
LINES += [text for page in PAGES for text in re.findall(r"`(fdmag [a-z][^`]*)`", BLOCK.sub("", page_text(page)))]


@pytest.mark.parametrize("block", blocks("toml"), ids=lambda block: block.place)
def test_scenes_and_parts_of_scenes_are_valid(block, tmp_path):
    path = tmp_path / "example.toml"
    data = scene_of(block)
    path.write_text(block.text if data == tomllib.loads(block.text) else dump_toml(data), encoding="utf-8")
    assert (load_sweep if "sweep" in data else load_scene)(path)


@pytest.mark.parametrize("page", sorted({block.page for block in blocks("python")} - LOOKED_AT))
def test_the_python_of_a_page_runs(page):
    assert run_page(page)


def test_what_is_made_cheaper_for_the_tests_is_in_the_pages():
    shown = "".join(block.text for block in blocks("python"))
    assert [text for text in CHEAPER if text not in shown] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page != "docs/architecture.md"])
def test_every_example_has_a_language_so_that_it_is_checked(page):
    languages = {match["language"] for match in BLOCK.finditer(page_text(page))}
    assert languages <= {"toml", "python", "pycon", "sh"}
    assert page_text(page).count("```") == 2 * len(BLOCK.findall(page_text(page)))


@pytest.mark.parametrize("line", [line for line in LINES if re.search(r"\bfdmag [a-z]", line)])
def test_commands_and_their_options_exist(line):
    for part in re.split(r"&&|>", line):
        words = shlex.split(part, comments=True)
        while words and Path(words[0]).name != "fdmag":
            words.pop(0)
        if words:
            allowed = {option for parameter in COMMANDS[words[1]].params for option in parameter.opts}
            assert {word for word in words[2:] if word.startswith("--")} <= allowed
            if words[1] == "scenes":
                assert set(words[2:]) <= {*shipped_scenes(), "NAME"}


@pytest.mark.parametrize("page", PAGES)
def test_names_of_fdmag_exist(page):
    text = page_text(page)
    for name in set(re.findall(r"`(fdmag(?:\.\w+)+)", text)):
        module, *rest = name.split(".")
        found = importlib.import_module(module)
        for place, part in enumerate(rest):
            if not hasattr(found, part):
                found = importlib.import_module(".".join([module, *rest[: place + 1]]))
            else:
                found = getattr(found, part)


def test_extras_that_are_named_exist():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = [name for page in PAGES for name in re.findall(r"(?:fdmag|'\.)\[([a-z0-9,]+)\]", page_text(page))]
    assert len(named) > 5
    assert {extra for name in named for extra in name.split(",")} <= extras.keys()


@pytest.mark.parametrize("path", LINKED, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_anchors_lead_somewhere(path):
    text = BLOCK.sub("", path.read_text(encoding="utf-8"))
    for target in re.findall(r"(?<!`)\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def anchors(page):
    """Return the anchors that GitHub makes of the headings of a page."""
    found = []
    for heading in re.findall(r"^#+ (.+)$", BLOCK.sub("", page.read_text(encoding="utf-8")), re.M):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        found.append(
            f"{slug}-{count}"
            if (count := sum(re.fullmatch(rf"{slug}(-\d+)?", each) is not None for each in found))
            else slug
        )
    return found


def test_every_page_is_reached_from_the_readme():
    seen, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        targets = re.findall(r"\]\(([^):#\s]+)", BLOCK.sub("", page.read_text(encoding="utf-8")))
        todo += [(page.parent / target).resolve() for target in targets]
    assert {path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "adr"} <= seen
