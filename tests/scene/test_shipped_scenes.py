"""Every scene that ships with fdmag is valid, repeats itself, and comes out as it says."""

import json
import tomllib

import pytest

from fdmag.scene.doubts import scene_doubts
from fdmag.scene.load import load_scene
from fdmag.scene.run import run_scene
from fdmag.scene.shipped import copy_scene, shipped_scenes
from fdmag.scene.toml import dump_toml

SHIPPED = shipped_scenes()
SHORTENED = {
    "notched_track": ["mesh.cells=[125, 50, 1]", "mesh.cell=['1.6 nm', '1.6 nm', '2 nm']"],
    "pillar_thermal_stability": ["sweep.quantities.diameter.values=['20 nm', '60 nm']"],
    "standard_problem_4": ["stages.2.duration=0.15 ns"],
}
"""Scenes that take more than a few seconds, and what makes them short without touching what they expect."""


@pytest.mark.parametrize("name", SHIPPED)
def test_scene_is_checked_and_has_expectations_with_a_source(name):
    loaded = load_scene(SHIPPED[name])
    assert loaded.scene.title
    assert loaded.scene.expect
    assert all(len(check.source) > 10 for check in loaded.scene.expect.values())
    assert not scene_doubts(loaded)


@pytest.mark.parametrize("name", SHIPPED)
def test_resolved_scene_is_the_same_scene(name, tmp_path):
    first = load_scene(SHIPPED[name]).resolved()
    copy_scene(name, tmp_path)  # with the files it reads
    path = tmp_path / "scene.toml"
    path.write_text(dump_toml(first), encoding="utf-8")
    assert tomllib.loads(path.read_text(encoding="utf-8")) == first
    assert load_scene(path).resolved() == first


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_scene_comes_out_as_it_says(name, tmp_path):
    """Ten seconds for standard problem 4, five at most for each of the others."""
    found = run_scene(SHIPPED[name], tmp_path / name, overrides=SHORTENED.get(name, []))
    assert found
    assert all(outcome.holds for outcome in found), "\n".join(map(str, found))
    assert not json.loads((tmp_path / name / "run.json").read_text())["warnings"]


@pytest.mark.parametrize("name", SHIPPED)
def test_copied_scene_is_valid(name, tmp_path):
    copied = copy_scene(name, tmp_path)
    assert load_scene(copied[0]).resolved() == load_scene(SHIPPED[name]).resolved()
    with pytest.raises(OSError, match="exists already"):
        copy_scene(name, tmp_path)


def test_unknown_scene(tmp_path):
    with pytest.raises(OSError, match='did you mean "macrospin"'):
        copy_scene("macrospn.toml", tmp_path)
