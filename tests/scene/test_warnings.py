"""What a run warns of, and what it does not: states held by symmetry, fields that a loop takes away."""

import json

import pytest
from typer.testing import CliRunner

from fdmag.cli import app
from fdmag.scene.run import run_scene
from fdmag.scene.sweeps import driver

LOOP = """
[terms.uniaxial_anisotropy]
Ku1 = "40 kJ/m^3"
axis = [1, 0, 0]
[initial]
kind = "uniform"
direction = [1, 0, 0]
"""
STAGES = """
kind = "hysteresis"
direction = [1, {tilt}, 0]
start = "150 mT"
stop = "-150 mT"
steps = 6
back = false
"""
CELL = ("cells = [10, 10, 1]", "cells = [1, 1, 1]")


def warnings_of(scenes, *changes, add=""):
    path = scenes.write(*changes, add=add)
    run_scene(path, scenes.folder / "run", overwrite=True, device="numpy")
    return json.loads((scenes.folder / "run" / "run.json").read_text())["warnings"]


def test_a_loop_that_symmetry_holds_is_told(scenes):
    """B_K = 100 mT: at -150 mT alone m is against the field where it cannot stay."""
    no_run = ('kind = "relax"\n[[stages]]\nkind = "run"\nduration = "1 ps"\n',)
    zero = ('B = [0, 0, "10 mT"]', "B = [0, 0, 0]")
    (told,) = warnings_of(scenes, CELL, zero, (no_run[0], STAGES.format(tilt=0)), add=LOOP)
    assert "stage 0 (hysteresis): at 1 of 7 field values, first -150 mT, m is at rest but not stable" in told
    assert "tilt the field" in told
    assert warnings_of(scenes, CELL, zero, (no_run[0], STAGES.format(tilt=0.02)), add=LOOP) == []


def test_a_film_that_stays_along_its_normal_is_told_on_the_console(scenes):
    path = scenes.write(('B = [0, 0, "10 mT"]', "B = [0, 0, 0]"), add="[terms.demag]\n")
    printed = (
        CliRunner().invoke(app, ["run", str(path), "--out", str(scenes.folder / "run"), "--device", "numpy"]).output
    )
    assert "warning: stage 0 (relax): m is at rest but not stable: turned about (" in printed
    quiet = (
        CliRunner()
        .invoke(app, ["run", str(path), "--out", str(scenes.folder / "quiet"), "--quiet", "--device", "numpy"])
        .output
    )
    assert "warning" not in quiet


def test_a_field_that_a_hysteresis_takes_away_is_told(scenes):
    no_run = 'kind = "relax"\n[[stages]]\nkind = "run"\nduration = "1 ps"\n'
    loop = (no_run, STAGES.format(tilt=0.02).replace("steps = 6", "steps = 1"))
    bias = ('B = [0, 0, "10 mT"]', 'B = ["1 mT", "20 mT", 0]')
    (told,) = warnings_of(scenes, CELL, loop, bias, add=LOOP)
    assert "stage 0 (hysteresis): it takes the place of the field that is there, which has 19.97 mT across" in told
    drive = ('B = [0, 0, "10 mT"]', 'B = { value = [1, 0.02, 0], signal = "1 + t/ns" }')
    assert "which varies in time" in warnings_of(scenes, CELL, loop, drive, add=LOOP)[0]
    along = ('B = [0, 0, "10 mT"]', 'B = ["10 mT", "0.2 mT", 0]')
    assert warnings_of(scenes, CELL, loop, along, add=LOOP) == []
    twice = (loop[0], f"{loop[1]}[[stages]]{loop[1].replace('1, 0.02, 0', '0.02, 1, 0')}")
    assert not any("takes the place" in each for each in warnings_of(scenes, CELL, twice, along, add=LOOP))
    two = (
        '[terms.zeeman]\nB = [0, 0, "10 mT"]',
        '[[terms.zeeman]]\nB = [0, 0, 0]\n[[terms.zeeman]]\nB = [0, "5 mT", 0]',
    )
    assert warnings_of(scenes, CELL, loop, two, add=LOOP) == []


@pytest.mark.parametrize(("threads", "which"), [("1", "m in 2 of 2 replicas is"), ("2", "m is")])
def test_a_sweep_warns_too(scenes, monkeypatch, threads, which):
    """By the processes that compute its members too, and once of what they have in common."""
    pytest.importorskip("xarray")
    monkeypatch.setenv("FDMAG_THREADS", threads)  # with 1 both members are computed in this process
    monkeypatch.setattr(driver, "step_times", lambda *_: {1: 2.0, 2: 1.0})  # and together, however busy it is
    long = ('cell = ["5 nm", "5 nm", "3 nm"]', 'cell = ["12 nm", "5 nm", "30 nm"]')
    still = ('kind = "relax"\n[[stages]]\nkind = "run"\nduration = "1 ps"\n', 'kind = "minimize"\n')
    add = (
        "[terms.demag]\n[output]\nformats = []\n"
        '[sweep.quantities.B]\npath = "terms.zeeman.B"\nvalues = [[0, 0, "-10 mT"], [0, 0, "-20 mT"]]\n'
    )
    coarse, unstable = warnings_of(scenes, long, still, add=add)
    assert coarse.startswith("[mesh] cell: 12 nm along x is 2.1 times sqrt(A/K)")
    assert f"stage 0 (minimize): {which} at rest but not stable" in unstable
