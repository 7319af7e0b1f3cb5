"""The schema follows from what the terms declare, and tells an editor all it needs."""

import dataclasses
import json
import sys
import tomllib
from typing import Any

import numpy as np
import pytest

from fdmag.mesh import Mesh
from fdmag.scene.schema import declared_table, json_schema, term_catalogue
from fdmag.scene.shipped import shipped_scenes
from fdmag.scene.values import LARGEST
from fdmag.simulation import Simulation
from fdmag.terms import registry
from tests.closeness import close

SCHEMA = json_schema()


@pytest.mark.parametrize("name", registry())
def test_term_with_only_its_required_parameters(scenes, name):
    """A value of 1 SI, or half of the largest there is, or the direction z, is possible for all that must be given."""
    entry = next(entry for entry in term_catalogue() if entry["name"] == name)
    names = [item["name"] for item in entry["parameters"]]
    first_of_two = [
        item["name"] for item in entry["parameters"] if item.get("unless") in names[names.index(item["name"]) :]
    ]
    required = [item for item in entry["parameters"] if item["required"] or item["name"] in first_of_two]
    ones = [min(1, LARGEST.get(item["unit"], np.inf) / 2) for item in required]
    lines = [
        f"{item['name']} = {one if item['components'] == 1 else [0, 0, one]}"
        for item, one in zip(required, ones, strict=True)
    ]
    followed = {declared.follows for declared in registry()[name].parameters().values()} - {None}
    removed = [] if followed else [('[terms.exchange]\nA = "13 pJ/m"\n', "")]
    base = scenes.text(*removed, ('[terms.zeeman]\nB = [0, 0, "10 mT"]\n', ""))
    path = scenes.folder / "film.toml"
    path.write_text(base + f"[terms.{name}]\n" + "\n".join(lines) + "\n")
    from fdmag.scene.load import load_scene

    simulation = load_scene(path, device="numpy").simulation
    assert {*simulation.terms} == {name, *(path.partition(".")[0] for path in followed)}
    assert np.isfinite(simulation.effective_field(name)).all()


@pytest.mark.parametrize("name", registry())
def test_catalogue_names_every_parameter(name):
    entry = next(entry for entry in json.loads(json.dumps(term_catalogue())) if entry["name"] == name)
    assert entry["summary"].rstrip(".")
    assert [item["name"] for item in entry["parameters"]] == [
        field.name for field in dataclasses.fields(registry()[name]) if field.init
    ]
    for item in entry["parameters"]:
        declared = registry()[name].parameters().get(item["name"])
        assert item["meaning"]
        assert item["unit"] == (declared.unit if declared else None)


NEW_TERM = '''
import dataclasses
from typing import Any, ClassVar
from fdmag.parameter import parameter
from fdmag.terms.term import Term

@dataclasses.dataclass
class Pull(Term):
    """A constant pull along x."""

    name: ClassVar[str] = "pull"
    degree: ClassVar[int] = 1
    strength: Any = parameter("T", "strength of the pull", minimum=0)
    order: int = 1
    names: list[str] = dataclasses.field(default_factory=list)

    def field(self, m, context):
        import numpy as np
        return context.value(self.strength) * np.array([1.0, 0, 0]).reshape(1, 3, 1, 1, 1)
'''


def test_a_term_of_ones_own_needs_no_other_file(tmp_path, monkeypatch):
    (tmp_path / "pull_term.py").write_text(NEW_TERM)
    monkeypatch.syspath_prepend(tmp_path)
    import pull_term

    mesh = Mesh((2, 1, 1), (5e-9, 5e-9, 5e-9))
    simulation = Simulation(mesh, [pull_term.Pull(strength=0.25)], Ms=1e6, m=(1, 0, 0))
    assert np.array_equal(simulation.effective_field("pull")[0, :, 0, 0, 0], [0.25, 0, 0])
    assert simulation.energies()["pull"][0] == close(-1e6 * 0.25 * 2 * 125e-27)
    table = declared_table(pull_term.Pull)
    assert table(strength="250 mT").model_dump() == {"strength": 0.25, "order": 1, "names": []}
    for wrong in ({"strength": -1}, {"strength": 1, "order": True}, {"strength": 1, "other": 1}, {}):
        with pytest.raises(ValueError, match=r"Pull"):
            table(**wrong)
    sys.modules.pop("pull_term")


def properties(schema: Any, path: str = ""):
    """Yield every property of a schema with its place."""
    if isinstance(schema, dict):
        for key, value in schema.get("properties", {}).items():
            yield f"{path}.{key}", value
        for key, value in schema.items():
            yield from properties(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from properties(value, f"{path}/{index}")


def test_every_key_has_a_description():
    lacking = [place for place, schema in properties(SCHEMA) if not schema.get("description")]
    assert len(list(properties(SCHEMA))) > 100
    assert lacking == []


def test_draft_7_only():
    text = json.dumps(SCHEMA)
    for word in ("prefixItems", "$defs", "discriminator", "unevaluated"):
        assert f'"{word}"' not in text


BROKEN = {
    "unknown table": ("[mesh]", "[msh]"),
    "unknown key": ("A = ", "a = "),
    "negative": ("alpha = 0.02", "alpha = -0.02"),
    "shape of a vector": ('[0, 0, "10 mT"]', "[0, 0]"),
    "kind": ('kind = "relax"', 'kind = "relx"'),
    "no cells": ("[10, 10, 1]", "[10, 0, 1]"),
    "two cells": ("[10, 10, 1]", "[10, 10]"),
    "missing": ('duration = "1 ps"', ""),
    "no number": ('"13 pJ/m"', '"pJ/m"'),
}


@pytest.fixture(scope="module")
def validator():
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    return jsonschema.Draft7Validator(SCHEMA)


@pytest.mark.parametrize("name", shipped_scenes())
def test_shipped_scenes_fit_the_json_schema(validator, name):
    data = tomllib.loads(shipped_scenes()[name].read_text(encoding="utf-8"))
    assert [error.message for error in validator.iter_errors(data)] == []


@pytest.mark.parametrize("name", BROKEN)
def test_broken_scenes_do_not_fit_the_json_schema(validator, scenes, name):
    assert validator.is_valid(tomllib.loads(scenes.text()))
    assert not validator.is_valid(tomllib.loads(scenes.text(BROKEN[name])))


def test_ranges_of_parameters_are_in_the_json_schema():
    """An editor learns the bounds of a polarisation and the choices of a side."""
    text = json.dumps(json_schema())
    assert '{"maximum": 1, "minimum": -1, "type": "number"}' in text
    assert '"enum": [-1, 1]' in text
