"""--set: replaces entries of tables, arrays and inline tables, and smuggles nothing."""

import copy
import tomllib

import pytest

from fdmag.scene.overrides import override

DATA = tomllib.loads("""
[mesh]
cells = [10, 10, 1]
[terms.exchange]
A = 1
[[terms.zeeman]]
B = [0, 0, 0]
[[terms.zeeman]]
B = [0, 0, 1]
[geometry]
shape = { kind = "union", shapes = ["a", { kind = "box" }] }
[[stages]]
kind = "set"
values = { "terms.zeeman.B" = [0, 0, 0] }
[[stages]]
kind = "run"
""")


def changed(text):
    data = copy.deepcopy(DATA)
    problem = override(data, text)
    assert problem is None, problem
    return data


@pytest.mark.parametrize(
    ("text", "place", "value"),
    [
        ("mesh.cells=[5, 5, 1]", ["mesh", "cells"], [5, 5, 1]),
        ("mesh.cells.0=7", ["mesh", "cells", 0], 7),
        ("terms.exchange.A=13 pJ/m", ["terms", "exchange", "A"], "13 pJ/m"),
        ('terms.exchange.A="13 pJ/m"', ["terms", "exchange", "A"], "13 pJ/m"),
        ("terms.zeeman.1.B=[1, 2, 3]", ["terms", "zeeman", 1, "B"], [1, 2, 3]),
        ("terms.demag={}", ["terms", "demag"], {}),
        ("stages.1.duration = 1 ns", ["stages", 1, "duration"], "1 ns"),
        ('stages.0.values."terms.zeeman.B"=[1, 0, 0]', ["stages", 0, "values", "terms.zeeman.B"], [1, 0, 0]),
        ('geometry.shape.shapes.1={ kind = "ellipse" }', ["geometry", "shape", "shapes", 1], {"kind": "ellipse"}),
        ("geometry.shape=a", ["geometry", "shape"], "a"),
        ("initial.kind=random", ["initial", "kind"], "random"),
        ("expect={}", ["expect"], {}),
        ("title=a = b", ["title"], "a = b"),
        ("title=", ["title"], ""),
    ],
)
def test_replaces_one_entry(text, place, value):
    data, before = changed(text), copy.deepcopy(DATA)
    found = data
    for part in place:
        found = found[part]
    assert found == value
    # nothing else changed: with that entry put back, the data are the old ones
    target, old = data, before
    for part in place[:-1]:
        target = target[part]
        old = old.get(part, {}) if isinstance(old, dict) else old[part]
    if isinstance(old, list) or place[-1] in old:
        target[place[-1]] = old[place[-1]]
    else:
        del target[place[-1]]
    assert {key: item for key, item in data.items() if item != {}} == before


@pytest.mark.parametrize(
    "text",
    [
        "mesh.cells=[1, 1, 1]\nmesh.periodic = 'x'",
        "mesh.cells=[1, 1, 1]\n[material]\nMs = 5",
        "mesh.cells",
        "=5",
        ".a=5",
        "mesh.=5",
        "a\nb=5",
        "[mesh]=5",
        "stages.2.kind=run",
        "stages.-1.kind=run",
        "stages.²=1",
        "stages.99999999999999999999=1",
        "mesh.cells.0.x=1",
        "mesh.cells.x=1",
        "terms.exchange.A.B.C=1",
        "title=\udcff",
    ],
)
def test_refuses_and_changes_nothing(text):
    data = copy.deepcopy(DATA)
    problem = override(data, text)
    assert problem is not None
    assert problem.message.startswith("--set ")
    assert data == DATA


def test_deep_value_is_no_toml():
    assert changed("title=" + "[" * 5000)["title"] == "[" * 5000


def test_errors_of_values_name_the_key(scenes):
    assert '[material] alpha: came "-1"' in scenes.errors(overrides=['material.alpha="-1"'])
    assert "--set stages.9.kind=run: " in scenes.errors(overrides=["stages.9.kind=run"])
    assert scenes.load(overrides=["material.alpha=0.5"]).simulation is not None
