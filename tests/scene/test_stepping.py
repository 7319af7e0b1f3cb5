"""Stages step by what the simulation is when their turn comes; what they cannot do is told before."""

import numpy as np
import pytest

from fdmag.constants import GAMMA_E
from fdmag.output import read_table
from fdmag.scene import checks
from fdmag.scene.run import run_scene
from tests.closeness import close

HOT = '[terms.thermal]\nT = "300 K"\nseed = 1\n'
COLD = HOT.replace('"300 K"', "0")
BEFORE, RUN = 'kind = "relax"', 'duration = "1 ps"'
PRECESSING = """
[mesh]
cells = [1, 1, 1]
cell = ["20 nm", "20 nm", "20 nm"]
[material]
Ms = "800 kA/m"
alpha = 0
[terms.zeeman]
B = [0, 0, "0.5 T"]
[terms.thermal]
T = "300 K"
seed = 1
[initial]
kind = "uniform"
direction = [1, 0, 1]
[[stages]]
kind = "set"
values = { "terms.thermal.T" = 0 }
[[stages]]
kind = "run"
duration = "1 ns"
[output]
formats = []
"""


def setting(T):
    return f'kind = "set"\nvalues = {{ "terms.thermal.T" = {T} }}'


@pytest.mark.parametrize(
    ("term", "before", "wanted"),
    [
        (HOT, BEFORE, 1e-2),
        (HOT, setting(0), 1e-6),
        (COLD, BEFORE, 1e-6),
        (COLD, setting('"10 K"'), 1e-2),
        (HOT, setting('{ regions = { default = "10 K" } }'), 1e-2),
    ],
)
def test_the_tolerance_is_that_of_a_run_with_or_without_noise_then(scenes, term, before, wanted):
    assert scenes.load((BEFORE, before), add=term).scene.stages[1].tolerance == wanted


def test_a_run_after_the_noise_is_as_precise_as_one_that_never_had_it(tmp_path):
    """m turns by γ B t, to the tolerance of a run without noise."""
    path = tmp_path / "precessing.toml"
    path.write_text(PRECESSING)
    run_scene(path, tmp_path / "out")
    table = read_table(tmp_path / "out" / "table.csv")
    turn = np.arctan2(table["my"][-1], table["mx"][-1]) % (2 * np.pi)
    assert turn == close(GAMMA_E * 0.5 * 1e-9 % (2 * np.pi), rel=1e-3)
    run_scene(tmp_path / "out" / "scene.toml", tmp_path / "again")
    assert (tmp_path / "again" / "table.csv").read_bytes() == (tmp_path / "out" / "table.csv").read_bytes()


SPECTRUM = 'kind = "spectrum"\nduration = "16 ps"\nsample_every = "1 ps"'


def test_a_spectrum_of_noise_has_the_tolerance_of_noise(scenes):
    assert scenes.load((BEFORE, SPECTRUM), add=HOT).scene.stages[0].tolerance == 1e-2
    assert scenes.load((BEFORE, SPECTRUM)).scene.stages[0].tolerance == 1e-8


@pytest.mark.parametrize(
    ("old", "new", "add", "message"),
    [
        (RUN, f'{RUN}\nsolver = "rk4"', HOT, '2nd (run) solver: "rk4" cannot adapt its step to thermal noise'),
        (BEFORE, 'kind = "modes"\ncount = 201', "", "count: came 201; 100 cells that move have 100 modes"),
        (BEFORE, f'{SPECTRUM}\nwindow = "hanning2"', "", 'came window = "hanning2"; allowed: hann'),
        (BEFORE, SPECTRUM.replace('"1 ps"', '"1e-20 s"'), "", "divides 1.6e-11 s into 1.6e+09 parts"),
        (BEFORE, f"{SPECTRUM}\ntolerance = 2", "", "came tolerance = 2; allowed: above 0 and below 1"),
        (RUN, f'{RUN}\nwindow = "wall_position"', '[terms.uniaxial_anisotropy]\nKu1 = { expression = "1e5*x/nm" }',
         "window: uniaxial_anisotropy.Ku1 varies along x"),
    ],
)  # fmt: skip
def test_what_a_stage_cannot_do_is_told_before(scenes, old, new, add, message):
    assert message in scenes.errors((old, new), add=add)


def test_the_memory_for_samples_of_cells_is_counted(scenes, monkeypatch):
    """12 bytes for each cell and sample, and as much again."""
    monkeypatch.setattr(checks, "available_memory", lambda: 20_000_000)
    long = SPECTRUM.replace('"16 ps"', '"10 ns"')
    assert "10000 samples of every cell, which cells = false does without" in scenes.errors((BEFORE, long))
    scenes.load((BEFORE, f"{long}\ncells = false"))


@pytest.mark.parametrize(
    ("change", "add"),
    [(f'{RUN}\nsolver = "rk4"', COLD), (f'{RUN}\nsolver = "rk4"\ndt = "1 fs"', HOT), (f'{RUN}\nsolver = "heun"', HOT)],
)
def test_what_a_stage_can_do_is_let_through(scenes, change, add):
    scenes.load((RUN, change), add=add)
