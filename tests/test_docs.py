"""What the reference of scenes lists is what there is, and its forms work; further examples: test_docs_examples."""

import doctest
import re
import tomllib
from typing import get_args

import pytest

import fdmag
from fdmag.analytic.fokker_planck import write_error_rate
from fdmag.constants import BOLTZMANN, ELEMENTARY_CHARGE, HBAR
from fdmag.scene import ensemble_tables, readings, shape_tables, state_tables, tables
from fdmag.scene.load import load_scene
from fdmag.scene.shipped import shipped_scenes
from fdmag.units import parse_quantity
from tests.closeness import close
from tests.doc_blocks import blocks, page_text, run_page, scene_of

PARSER = doctest.DocTestParser()
GUIDE, SCENES = page_text("docs/guide.md"), page_text("docs/scenes.md")


def test_the_scene_of_the_guide_is_a_disc(tmp_path):
    (block,) = (block for block in blocks("toml") if block.page == "docs/guide.md")
    (tmp_path / "guide.toml").write_text(block.text, encoding="utf-8")
    simulation = load_scene(tmp_path / "guide.toml").simulation
    assert list(simulation.terms) == ["demag", "exchange", "zeeman"]
    assert 0.7 < simulation.magnetic.mean() * 256**2 / 250**2 < 0.8  # π/4


def test_a_part_of_a_scene_is_joined_to_that_of_the_guide():
    (grains,) = (block for block in blocks("toml") if "cone" in block.text)
    terms = scene_of(grains)["terms"]
    assert terms["exchange"]["A"] == "10 pJ/m"
    assert terms["zeeman"]["B"]["value"] == ["5 mT", 0, 0]


@pytest.mark.parametrize("form", re.findall(r"\| `((?:Ku1|A|alpha|B) = .*?)` ?[,|]", SCENES))
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
    easy = run_page("docs/python.md")["Easy"]
    mesh = fdmag.Mesh((2, 1, 1), (1e-9, 1e-9, 1e-9))
    magnet = fdmag.Simulation(mesh, [easy(K=1e5)], Ms=8e5, m=(0.6, 0, 0.8))
    assert magnet.effective_field()[0, 0, 0, 0, 0] == close(2 * 1e5 * 0.6 / 8e5)
    assert magnet.energy()[0] == close(-1e5 * 0.36 * 2e-27)


def test_sessions_print_what_the_pages_show():
    examples = [each for block in blocks("pycon") for each in PARSER.get_examples(block.text)]
    session = doctest.DocTest(examples, {}, "docs", "docs", 0, None)
    told = []
    failed, tried = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(session, out=told.append)
    assert tried > 5
    assert not failed, "".join(told)


def test_the_examples_of_ensembles_are_right():
    """Of the ensemble the rate that the Fokker-Planck equation gives; of the splitting one that falls, as errors do."""
    names = run_page("docs/ensembles.md")
    critical = 2 * ELEMENTARY_CHARGE * 1e6 * 2e-9 * 0.1 * 0.3 / (HBAR * 0.5)
    volume = 20e-9 * 20e-9 * 2e-9
    (wanted,) = write_error_rate(
        [0.5e-9], 7.3e11 / critical, 1.5e5 * volume / (BOLTZMANN * 300), alpha=0.1, B_K=0.3, absorbing=True
    )
    told = names["switched"].error_rate(confidence=0.9999)
    assert 0.05 < told.low < wanted < told.high < 0.3
    found = names["found"].probability
    assert found[0] == 1
    assert 0 < found[5] < found[3] < 0.1


def rows(heading):
    """Return the rows of the tables of a section of the reference, as lists of cells; the first cell is never empty."""
    section = re.split(r"\n##+ ", SCENES.split(f"### {heading}\n")[1])[0]
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


def test_the_guide_names_every_scene_that_is_shipped():
    table = GUIDE[GUIDE.index("## Scenes to start from") :].split("\n## ")[0]
    named = set(re.findall(r"`([a-z0-9_]+)`", table))
    assert named == set(shipped_scenes())


def test_the_guide_lists_every_key_of_ensembles():
    listed = [(row[1].strip("`"), row[3] == "—") for row in rows("Ensembles")]
    assert listed == [(key, field.is_required()) for key, field in ensemble_tables.EnsembleTable.model_fields.items()]
