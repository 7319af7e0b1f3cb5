"""What the user guide shows must work."""

import doctest
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

import fdmag
from fdmag.scene import ensemble_tables, readings, shape_tables, state_tables, tables
from fdmag.scene.load import load_scene
from fdmag.scene.shipped import shipped_scenes
from fdmag.units import parse_quantity

PARSER = doctest.DocTestParser()
GUIDE = (Path(__file__).parents[1] / "docs" / "guide.md").read_text(encoding="utf-8")


def test_the_scene_of_the_guide_is_valid(tmp_path):
    (text,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.S)
    (tmp_path / "guide.toml").write_text(text, encoding="utf-8")
    simulation = load_scene(tmp_path / "guide.toml").simulation
    assert list(simulation.terms) == ["demag", "exchange", "zeeman"]
    assert 0.7 < simulation.magnetic.mean() * 256**2 / 250**2 < 0.8  # π/4


@pytest.mark.parametrize("form", re.findall(r"\| `((?:Ku1|A|alpha|B) = .*?)` ?[,|]", GUIDE))
def test_every_form_of_a_parameter_in_the_guide_is_valid(form, tmp_path):
    text = """
    [mesh]
    cells = [4, 4, 1]
    cell = ["5 nm", "5 nm", "5 nm"]
    [regions.soft]
    shape = { kind = "box", size = ["10 nm", "10 nm", "10 nm"], center = ["-5 nm", 0, 0] }
    [[stages]]
    kind = "relax"
    """
    if "grains" in form:
        text += "[regions.grain]\ngrains = { diameter = '10 nm', seed = 1 }\n"
    tables = {"A": "terms.exchange", "B": "terms.zeeman", "Ku1": "terms.uniaxial_anisotropy", "alpha": "material"}
    entries = {"material": ['Ms = "800 kA/m"']}
    entries.setdefault(tables[form.split(" ")[0]], []).append(form)
    entries.setdefault("terms.demag", [])
    for table, lines in entries.items():
        text += "\n".join([f"\n[{table}]", *lines])
    (tmp_path / "form.toml").write_text(text, encoding="utf-8")
    assert load_scene(tmp_path / "form.toml").simulation.batch in (1, 3)


def test_the_term_of_the_guide_works():
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    names = {}
    exec(code, names)
    mesh = fdmag.Mesh((2, 1, 1), (1e-9, 1e-9, 1e-9))
    magnet = fdmag.Simulation(mesh, [names["Easy"](K=1e5)], Ms=8e5, m=(0.6, 0, 0.8))
    assert magnet.effective_field()[0, 0, 0, 0, 0] == pytest.approx(2 * 1e5 * 0.6 / 8e5)
    assert magnet.energy()[0] == pytest.approx(-1e5 * 0.36 * 2e-27)


def test_the_sessions_of_the_guide_print_what_it_shows():
    examples = [each for block in re.findall(r"```pycon\n(.*?)```", GUIDE, re.S) for each in PARSER.get_examples(block)]
    session = doctest.DocTest(examples, {}, "guide", "docs/guide.md", 0, None)
    told = []
    failed, tried = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(session, out=told.append)
    assert tried > 5
    assert not failed, "".join(told)


def test_the_splitting_of_the_guide_works():
    """With fewer trajectories than it has: it falls with time, as a write error does."""
    (code,) = re.findall(r"```\n(import numpy as np\nimport fdmag\nfrom fdmag.rare_events.*?)```", GUIDE, re.S)
    names = {}
    exec(code.replace("20 * 1000", "20 * 40"), names)
    found = names["found"].probability
    assert found[0] == 1
    assert 0 < found[5] < found[3] < 0.1


def rows(heading):
    """Return the rows of the tables of a section of the guide, as lists of cells; the first cell is never empty."""
    section = re.split(r"\n##+ ", GUIDE.split(f"### {heading}\n")[1])[0]
    found = []
    for line in section.splitlines():
        if line.startswith("|") and "---" not in line:
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            found.append([cells[0] or found[-1][0], *cells[1:]])
    return found[1:]


KINDS = {
    "Shapes": shape_tables.SHAPES,
    "Initial states": get_args(get_args(state_tables.InitialTable)[0]),
    "Stages": get_args(get_args(tables.StageTable)[0]),
}


@pytest.mark.parametrize("heading", KINDS)
def test_the_guide_lists_every_kind_and_key(heading):
    listed = [(row[0].strip("`"), row[1].strip("`"), row[4] == "—") for row in rows(heading)]
    wanted = [
        (table.model_fields["kind"].default, key, field.is_required())
        for table in KINDS[heading]
        for key, field in table.model_fields.items()
        if key != "kind"
    ]
    assert sorted(listed) == sorted(wanted)


def test_the_guide_lists_every_key_of_mesh_output_and_expect():
    assert {row[0].strip("`") for row in rows("Mesh")} == set(tables.MeshTable.model_fields)
    listed = [(row[0], row[1].strip("`"), row[3] == "—") for row in rows("Output and expectations")]
    wanted = [
        (name, key, field.is_required())
        for name, table in (("`[output]`", tables.OutputTable), ("`[expect.NAME]`", readings.Check))
        for key, field in table.model_fields.items()
    ]
    assert sorted(listed) == sorted(wanted)


@pytest.mark.parametrize("heading", KINDS)
def test_defaults_in_the_guide_are_those_of_the_schema(heading):
    by_kind = {table.model_fields["kind"].default: table for table in KINDS[heading]}
    for kind, key, unit, _, default in rows(heading):
        table = by_kind[kind.strip("`")]
        field = table.model_fields[key.strip("`")]
        if field.is_required() or field.default is None:
            continue
        (told,) = tomllib.loads(f"a = {default.split(', a ')[0]}").values()
        if isinstance(told, str) and unit:
            told = parse_quantity(told, unit)
        assert told == field.default, (kind, key)


def test_every_scene_that_the_guide_names_is_shipped():
    table = GUIDE[GUIDE.index("## Scenes to start from") :].split("\n## ")[0]
    named = set(re.findall(r"`([a-z0-9_]+)`", table))
    assert len(named) > 20
    assert named <= set(shipped_scenes())


def test_the_guide_lists_every_key_of_ensembles():
    listed = [(row[1].strip("`"), row[3] == "—") for row in rows("Ensembles")]
    assert listed == [(key, field.is_required()) for key, field in ensemble_tables.EnsembleTable.model_fields.items()]
