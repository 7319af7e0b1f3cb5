"""Columns, fields and windows asked for in a scene, and the pages of the documentation that list them."""

from pathlib import Path

import numpy as np
import pytest

from fdmag.output import read_ovf, read_table
from fdmag.output.recorder import Recorder
from fdmag.output.vtk_read import read_vti
from fdmag.quantities import Column, evaluate
from fdmag.scene.device_kinds import device_kinds
from fdmag.scene.load import load_scene
from fdmag.scene.pages import markdown_pages, quantity_page
from fdmag.scene.run import run_scene
from fdmag.terms import registry

REGION = '[regions.left]\nshape = { kind = "box", size = ["25 nm", 1, 1], center = ["-12.5 nm", 0, 0] }\n'
ASKED = '[output]\ncolumns = {columns}\nfields = {fields}\nformats = ["vti", "ovf"]\n'


def asked(columns="[]", fields="[]"):
    return REGION + ASKED.format(columns=columns, fields=fields)


def test_columns_and_fields_are_written(scenes, tmp_path):
    path = scenes.write(
        ('B = [0, 0, "10 mT"]', 'B = { replicas = [[0, 0, "10 mT"], ["5 mT", 0, 0]] }'),
        add=asked('["topological_charge", "m.left", "B.exchange.z"]', '["B.zeeman", "energy_density.exchange"]')
        + '[expect.x]\ncolumn = "m.left.x"\nreplica = 1\nvalue = 1\ntolerance = 0.001\nsource = "along the field"\n',
    )
    (outcome,) = run_scene(path, tmp_path / "out")
    table = read_table(tmp_path / "out" / "table.csv")
    assert list(table.units.items())[-5:] == [
        ("topological_charge", "1"), ("m.left.x", "1"), ("m.left.y", "1"), ("m.left.z", "1"), ("B.exchange.z", "T"),
    ]  # fmt: skip
    assert outcome.came == table["m.left.x"][-1]
    np.testing.assert_allclose(table["m.left.x"], table["mx"], atol=1e-6)
    last = sorted((tmp_path / "out" / "fields").glob("m_*.vti"))[-1]
    arrays = read_vti(last).fields
    assert set(arrays) == {f"{name}_000{r}" for name in ("m", "B.zeeman", "energy_density.exchange") for r in (0, 1)}
    np.testing.assert_allclose(arrays["B.zeeman_0001"][0], 5e-3)
    assert arrays["energy_density.exchange_0000"].squeeze().shape == (10, 10)
    (ovf,) = (tmp_path / "out" / "fields").glob("B.zeeman_0001_000001.ovf")
    np.testing.assert_allclose(read_ovf(ovf).values[0], 5e-3)
    again = load_scene(tmp_path / "out" / "scene.toml").scene.output
    assert again.columns == ["topological_charge", "m.left", "B.exchange.z"]


@pytest.mark.parametrize(
    ("columns", "fields", "wanted"),
    [
        ('["m.lft"]', "[]", '[output] columns[0]: "m.lft" is no column'),
        ('["m.lft"]', "[]", 'did you mean "m.left"?'),
        ('["m.left", "m.left.x"]', "[]", 'the column "m.left.x" comes twice'),
        ('["mx"]', "[]", "is in every table; leave it out"),
        ("[]", '["B.demag"]', '"B.demag" is no field'),
        ("[]", '["m"]', 'the field "m" comes twice'),
        ("[3]", "[]", "[output] columns[0]: came 3"),
    ],
)
def test_wrong_names_are_told_with_their_place(scenes, columns, fields, wanted):
    assert wanted in scenes.errors(add=asked(columns, fields))


def test_a_scene_with_a_window(scenes, tmp_path):
    path = scenes.write(
        ("cells = [10, 10, 1]", "cells = [60, 1, 1]"),
        ('A = "13 pJ/m"', 'A = "13 pJ/m"\n[terms.uniaxial_anisotropy]\nKu1 = "100 kJ/m^3"'),
        ('B = [0, 0, "10 mT"]', 'B = [0, 0, "50 mT"]'),
        ("alpha = 0.02", "alpha = 1"),
        ('[[stages]]\nkind = "relax"\n', ""),
        ('duration = "1 ps"', 'duration = "0.3 ns"\ntable_every = "0.1 ns"\nwindow = "wall_position"'),
        add='[initial]\nkind = "wall"\nwidth = "11 nm"\n'
        '[output]\ncolumns = ["wall_position", "window_displacement", "wall_velocity"]\n',
    )
    run_scene(path, tmp_path / "out")
    table = read_table(tmp_path / "out" / "table.csv")
    assert table["window_displacement"][-1] > 5e-9
    assert np.all(np.abs(table["wall_position"] - table["window_displacement"]) < 10e-9)
    assert table["wall_velocity"][-1] > 0  # the domain along the field grows


def test_a_wrong_window_is_told(scenes):
    message = scenes.errors(('duration = "1 ps"', 'duration = "1 ps"\nwindow = "wal_position"'))
    assert '"wal_position" cannot be followed; allowed: wall_position' in message


def test_a_recorder_takes_columns_of_ones_own(scenes, tmp_path):
    simulation = scenes.load().simulation
    recorder = Recorder(tmp_path, simulation, columns=[Column("twice", "1", lambda s: 2 * s.average_m()[:, 2])])
    recorder.row(0)
    recorder.close()
    assert read_table(tmp_path / "table.csv")["twice"][0] == 2 * evaluate(simulation, "m.z")[0]


@pytest.mark.parametrize("name", markdown_pages())
def test_the_pages_made_of_declarations_are_up_to_date(name):
    path = Path(__file__).parents[2] / "docs" / name
    page = markdown_pages()[name]
    assert path.read_text(encoding="utf-8") == page, f"write it anew: {page.splitlines()[2]}"


def test_the_page_of_terms_has_every_parameter():
    page = markdown_pages()["terms.md"]
    for name, term in registry().items():
        section = page.split(f"## [terms.{name}]\n")[1].split("\n## ")[0]
        for key, declared in term.parameters().items():
            assert f"| `{key}` | {declared.unit} |" in section
    assert "Source:" in page


def test_the_page_of_quantities_has_units():
    assert "| wall_velocity | m/s |" in quantity_page()


def test_the_page_of_devices_has_every_key_and_figure():
    page = markdown_pages()["device_kinds.md"]
    for kind, table in device_kinds().items():
        section = page.split(f"## {kind}\n")[1].split("\n## ")[0]
        assert all(f"| `{key}` | " in section for key in table.model_fields if key != "kind")
        assert all(f"| {name} | {unit} | " in section for name, unit in table.figures().items())
    assert "| `threshold` | S | conductance at which it fires; by default midway between both states |" in page
    assert "| `times` |  | how often, one after the other | 1 |" in page
