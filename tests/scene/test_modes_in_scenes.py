"""Stages of modes and spectra: what they write, and what [expect] reads of it."""

import numpy as np
import pytest

from fdmag.constants import GAMMA_E
from fdmag.output import read_table, read_vti
from fdmag.output.vtk_read import read_pvd
from fdmag.scene.load import load_scene
from fdmag.scene.problems import SceneError
from fdmag.scene.run import run_scene
from tests.closeness import close

SCENE = """
[mesh]
cells = [2, 1, 1]
cell = ["5 nm", "5 nm", "5 nm"]
[material]
Ms = "800 kA/m"
alpha = 0.01
[terms.exchange]
A = "13 pJ/m"
[terms.zeeman]
B = { replicas = [[0, 0, 0.2], [0, 0, 0.3]] }
[[stages]]
kind = "modes"
count = 2
[[stages]]
kind = "set"
values = { "terms.zeeman.B" = { replicas = [[0.002, 0, 0.2], [0.003, 0, 0.3]] } }
[[stages]]
kind = "spectrum"
duration = "3 ns"
sample_every = "30 ps"
peaks = 1
[expect.mode]
table = "modes"
replica = 1
column = "frequency"
measure = "at"
along = "mode"
at = 0
value = "8.4074 GHz"
tolerance = "1 MHz"
source = "Larmor: gamma B / 2 pi (1 + alpha^2)"
[expect.peak]
table = "peaks"
column = "frequency"
value = "5.605 GHz"
tolerance = "1 MHz"
source = "Larmor: gamma B / 2 pi (1 + alpha^2)"
"""


@pytest.fixture
def scene(tmp_path):
    path = tmp_path / "scene.toml"
    path.write_text(SCENE)
    return path


def test_tables_and_fields_of_modes_and_peaks(scene, tmp_path, device):
    found = run_scene(scene, tmp_path / "run")
    assert [outcome.name for outcome in found] == ["mode", "peak"]
    assert found[0].came == close(GAMMA_E * 0.3 / (1 + 1e-4) / 2 / np.pi, rel=1e-9)
    assert found[0].holds
    assert found[1].holds, str(found[1])
    modes = read_table(tmp_path / "run" / "tables" / "modes.csv", replica=0)
    assert modes["mode"].tolist() == [0, 1]
    assert modes["linewidth"][0] == close(2 * 0.01 * modes["frequency"][0], rel=1e-9)
    frames = read_pvd(tmp_path / "run" / "fields" / "modes_0.pvd")
    assert [place for place, _ in frames] == [0, 1]
    arrays = read_vti(tmp_path / "run" / "fields" / frames[1][1]).fields
    assert {"m_0000", "real_0000", "imag_0001", "amplitude_0001"} <= arrays.keys()
    np.testing.assert_allclose(arrays["real_0000"][0].ravel() * [1, -1], arrays["real_0000"][0].ravel()[0], atol=1e-9)
    spectrum = read_table(tmp_path / "run" / "tables" / "spectrum.csv", replica=1)
    assert spectrum["frequency"][1] == close(1 / 3e-9)
    assert (tmp_path / "run" / "fields" / "peaks_2_replica_1_000.vti").exists()
    assert read_table(tmp_path / "run" / "table.csv")["stage"].tolist() == [0, 0, 2, 2, 2, 2]


def test_what_is_expected_of_a_replica_without_peaks_fails_and_the_run_does_not(scene, tmp_path):
    text = scene.read_text().replace("[0.003, 0, 0.3]", "[0, 0, 0.3]").replace('"peaks"\n', '"peaks"\nreplica = 1\n')
    scene.write_text(text)
    found = {outcome.name: outcome for outcome in run_scene(scene, tmp_path / "run")}
    assert np.isnan(found["peak"].came)
    assert not found["peak"].holds
    assert found["mode"].holds


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('table = "peaks"', 'table = "peak"'), r'expect.peak. table: .*no table of this run.*did you mean "peaks"'),
        (
            ('column = "frequency"\nvalue', 'column = "mx"\nvalue'),
            r"expect.peak. column: .*no column; allowed: t, stage, peak",
        ),
        (("count = 2", "count = 0"), "count"),
        (('sample_every = "30 ps"', 'sample_every = "1 ns"'), "fewer than 16 samples"),
        (('kind = "spectrum"', 'kind = "spectrun"'), "spectrum"),
    ],
)
def test_wrong_entries_are_told_before_anything_is_computed(scene, change, message):
    scene.write_text(SCENE.replace(*change))
    with pytest.raises(SceneError, match=rf"(?s){message}"):
        load_scene(scene)


def test_single_precision_is_refused_before_anything_is_computed(scene):
    with pytest.raises(SceneError, match=r"stages.*modes need double precision"):
        load_scene(scene, precision="float32")
