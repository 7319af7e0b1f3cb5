"""What the page on sweeps shows must work."""

import re
from typing import get_args

from fdmag.scene.sweeps.check import load_sweep
from fdmag.scene.sweeps.tables import FORMS, SweepTable
from tests.doc_blocks import blocks, page_text

SECTION = page_text("docs/sweeps.md")


def test_the_sweep_of_the_guide_is_valid(tmp_path):
    (scene,) = (block.text for block in blocks("toml") if block.page == "docs/guide.md")
    (sweep,) = (block.text for block in blocks("toml") if block.page == "docs/sweeps.md" and not block.note)
    scene = scene.replace("[64, 64, 1]", "[16, 16, 1]").replace('["4 nm", "4 nm"', '["16 nm", "16 nm"')
    (tmp_path / "guide.toml").write_text(scene + sweep, encoding="utf-8")
    found = load_sweep(tmp_path / "guide.toml")
    assert found.expansion.dimensions == {"frequency": 5, "diameter": 2}
    assert [len(group.members) for group in found.groups] == [10]


def test_the_guide_names_every_form_key_and_kind():
    for form in FORMS:
        assert f"`{form} = " in SECTION
    keys = set(SweepTable.model_fields) - {"quantities", "results"}
    assert keys <= set(re.findall(r"^\| `(\w+)` \|", SECTION, re.M))
    for kind in get_args(SweepTable.model_fields["kind"].annotation):
        assert f'"{kind}"' in SECTION
