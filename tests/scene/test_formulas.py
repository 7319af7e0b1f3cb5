"""Columns that are formulas of others: what they hold, where they may stand, and what is refused."""

import numpy as np
import pytest

from fdmag.output import read_table
from fdmag.output.recorder import Recorder
from fdmag.quantities import Formula
from fdmag.scene.load import load_scene
from fdmag.scene.run import run_scene

FORMULAS = """
[output]
columns = ["B.exchange"]
[output.formulas]
diagonal = "(mx + my + mz)/sqrt(3)"
work = { expression = "-E_zeeman + 0*B_exchange_x + (1 if t > 0.5*ps else 0)*0", unit = "J" }
[expect.work]
column = "work"
value = "48e-18 J"
tolerance = "1e-21 J"
source = "Ms V B, m along the field of 10 mT"
"""
SMALL = ("cells = [10, 10, 1]", "cells = [8, 10, 1]")


def test_formulas_are_columns_like_others(scenes):
    """The energy of 8 × 10 × 1 cells of 75 nm³, 800 kA/m, in 10 mT: 8e5 × 80 × 75e-27 × 0.01 J."""
    path = scenes.write(SMALL, add=FORMULAS)
    (outcome,) = run_scene(path, scenes.folder / "run", device="numpy")
    table = read_table(scenes.folder / "run" / "table.csv")
    assert (table.units["diagonal"], table.units["work"]) == ("1", "J")
    np.testing.assert_array_equal(table["diagonal"], (table["mx"] + table["my"] + table["mz"]) / np.sqrt(3))
    np.testing.assert_allclose(table["work"], 8e5 * 80 * 75e-27 * 0.01, rtol=1e-12)
    assert outcome.came == table["work"][-1]
    again = load_scene(scenes.folder / "run" / "scene.toml").scene.output.formulas
    assert again["diagonal"].expression == "(mx + my + mz)/sqrt(3)"
    assert again["work"].unit == "J"


def test_formulas_of_the_members_of_a_sweep(scenes):
    xr = pytest.importorskip("xarray")
    add = (
        '[output]\nformats = []\n[output.formulas]\nratio = { expression = "E_zeeman/Bz", unit = "J/T" }\n'
        '[sweep.quantities.field]\npath = "terms.zeeman.B"\nvalues = [[0, 0, "10 mT"], [0, 0, "20 mT"]]\n'
    )
    run_scene(scenes.write(SMALL, add=add), scenes.folder / "sweep", device="numpy")
    with xr.open_dataset(scenes.folder / "sweep" / "sweep.nc") as found:
        np.testing.assert_allclose(found["ratio"].values, -8e5 * 80 * 75e-27, rtol=1e-6)


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ('mx = "my"', '"mx" is the name of another column'),
        ('"a-b" = "my"', '"a-b" is no name'),
        ('a = "mq"', 'formulas.a.expression: unknown name "mq"'),
        ('a = "mx"\nb = "a"', 'formulas.b.expression: unknown name "a"'),
        ('a = { expression = "mx", unit = "mT" }', "a formula gives SI"),
        ('a = { expression = "mx", unit = "x" }', 'unknown unit "x"'),
        ('a = "__import__(1)"', "unknown function"),
    ],
)
def test_what_is_no_formula_is_refused(scenes, formula, wanted):
    assert wanted in scenes.errors(add=f"[output.formulas]\n{formula}\n")


def test_formulas_from_python(scenes, tmp_path):
    simulation = scenes.load(SMALL, device="numpy").simulation
    columns = ["torque", Formula.of("largest", "max(torque_x, torque_y, 3)", ["torque.x", "torque.y"])]
    recorder = Recorder(tmp_path, simulation, (), columns=columns)
    recorder.row(0)
    recorder.close()
    assert read_table(tmp_path / "table.csv")["largest"][0] == 3
