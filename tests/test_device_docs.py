"""The examples on the pages about devices run, and print what the pages say."""

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[1] / "docs" / "devices"
EXAMPLE = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.S)


@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.glob("*.md") if path.name != "README.md"))
def test_examples_print_what_the_page_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (PAGES / page).read_text(encoding="utf-8")
    examples = EXAMPLE.findall(text)
    assert len(examples) == text.count("```python") > 0
    names = {}
    for code, said in examples:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        assert printed.getvalue() == said


def test_the_overview_names_every_page():
    overview = (PAGES / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\((\w+\.md)\)", overview)) == {path.name for path in PAGES.glob("*.md")} - {"README.md"}
