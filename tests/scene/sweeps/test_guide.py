"""What the user guide shows of sweeps must work."""

import re
from pathlib import Path
from typing import get_args

import pytest

from fdmag.scene.sweeps.check import load_sweep
from fdmag.scene.sweeps.tables import FORMS, SweepTable

GUIDE = (Path(__file__).parents[3] / "docs" / "guide.md").read_text(encoding="utf-8")
SECTION = GUIDE.split("\n## Sweeps\n")[1].split("\n## ")[0]


def test_the_sweep_of_the_guide_is_valid(tmp_path):
    (scene,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.S)
    sweep = re.findall(r"```\n(.*?)```", SECTION, re.S)[0]
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


@pytest.mark.parametrize(
    "block", [block for block in re.findall(r"```\n(.*?)```", SECTION, re.S) if "fdmag.sweep" in block]
)
def test_scripts_of_the_guide_are_python(block):
    compile(block, "guide", "exec")
