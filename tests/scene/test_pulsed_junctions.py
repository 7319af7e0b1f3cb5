"""Pulsed junctions in scenes: what is checked before anything is computed, and what is left behind."""

import csv

import pytest

from fdmag.devices.compact_model import CompactModel
from fdmag.scene.load import load_scene
from fdmag.scene.problems import SceneError
from fdmag.scene.run import run_scene
from tests.closeness import close
from tests.texts import replaced

SCENE = """
[mesh]
cells = [1, 1, 1]
cell = ["20 nm", "20 nm", "2 nm"]
[material]
Ms = "1 MA/m"
alpha = 0.1
[terms.uniaxial_anisotropy]
Ku1 = "150 kJ/m^3"
[terms.thermal]
T = "290 K"
seed = 1
[terms.slonczewski]
J = 0
P = 0.5
[ensemble]
replicas = 4
[[stages]]
kind = "operate"
device = "synapse"
dt = "5 ps"
[device.read]
kind = "mtj"
RA_P = "5 ohm um^2"
TMR = 1.0
[device.synapse]
kind = "binary_synapse"
junction = "read"
amplitude = ["2 TA/m^2", "0 A/m^2"]
duration = ["0.2 ns", "0.4 ns"]
settle = "50 ps"
limit = "fokker_planck"
[output]
columns = ["synapse"]
formats = []
"""


@pytest.fixture
def scene(tmp_path):
    def write(*changes):
        path = tmp_path / "scene.toml"
        path.write_text(replaced(SCENE, *changes), encoding="utf-8")
        return path

    return write


def test_settings_are_shared_out_over_the_replicas(scene, tmp_path):
    run_scene(scene(), tmp_path / "out")
    with (tmp_path / "out" / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["synapse.setting (1)"]) for row in rows] == [0, 1, 2, 3]
    assert [float(row["synapse.duration (s)"]) for row in rows] == close([2e-10, 4e-10] * 2, rel=1e-12)
    assert [float(row["synapse.switched (1)"]) for row in rows] == [1, 1, 0, 0]
    assert (tmp_path / "out" / "device_synapse.csv").exists()


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (("replicas = 4", "replicas = 5"), "5 replicas for 4 pulses, 2 amplitudes of 2 lengths; allowed: a multiple"),
        (('junction = "read"', 'junction = "red"'), 'did you mean "read"'),
        (('junction = "read"', 'junction = "read"\ndrive = "terms.slonczewski.K"'), 'mean "terms.slonczewski.J"'),
        (('["2 TA/m^2", "0 A/m^2"]', '["2 V"]'), "[device.synapse] amplitude: number 1: "),
        (('["2 TA/m^2", "0 A/m^2"]', "[]"), "[device.synapse] amplitude: "),
        (('["0.2 ns", "0.4 ns"]', '["0 ns"]'), "impossible lengths of pulses"),
        (('["0.2 ns", "0.4 ns"]', "0.2e-9"), "a list of at least 1"),
        (('limit = "fokker_planck"', 'limit = "half_turn"'), "there is no term zeeman"),
        (("P = 0.5", "P = 0.5\np = [1, 0, 0]"), "slonczewski.p has to be along z"),
    ],
)  # fmt: skip
def test_mistakes_are_told(scene, change, wanted):
    with pytest.raises(SceneError) as caught:
        load_scene(scene(change))
    assert wanted in str(caught.value)


def test_a_junction_is_pulsed_by_the_source_that_it_has(scene, tmp_path):
    """2 TA/m² over 400 nm² is 0.8 mA, whatever the junction's resistance; its voltage is none of its parameters."""
    changes = (
        ("[terms.slonczewski]\nJ = 0", '[terms.tunnel_torque]\ncurrent = 0\nRA_P = "5 ohm um^2"\nTMR = 1.0'),
        ('["2 TA/m^2", "0 A/m^2"]', '["0.8 mA", "0 A"]'),
        ('limit = "fokker_planck"', 'drive = "terms.tunnel_torque.current"'),
    )
    run_scene(scene(*changes), tmp_path / "out")
    with (tmp_path / "out" / "table.csv").open(encoding="utf-8", newline="") as file:
        assert [float(row["synapse.switched (1)"]) for row in csv.DictReader(file)] == [1, 1, 0, 0]
    with pytest.raises(SceneError, match=r'nothing that can be pulsed: .*did you mean "terms.tunnel_torque.current"'):
        load_scene(scene(*changes, ("torque.current", "torque.voltage")))


def test_compact_models_of_a_run(scene, tmp_path):
    """What is written is what was found: probabilities over amplitude and length, a junction over V and the cosine."""
    flag = "\ncompact_model = true"
    path = scene(('junction = "read"', f'junction = "read"{flag}'), ("TMR = 1.0", f"TMR = 1.0{flag}"))
    run_scene(path, tmp_path / "out")
    model = CompactModel.read(tmp_path / "out" / "device_synapse_model")
    assert model.axes["amplitude"].unit == "A/m^2"
    assert model.axes["amplitude"].values.tolist() == [0, 2e12]  # rising
    assert model(amplitude=[0, 2e12, 1e12], duration=2e-10)["probability"].tolist() == [0, 1, 0.5]
    read = CompactModel.read(tmp_path / "out" / "device_read_model")
    assert float(read(V=0.1, cosine=1)["resistance"]) == close(5e-12 / 4e-16, rel=1e-6)
    run_scene(path, tmp_path / "out", overwrite=True)


def test_compact_models_that_make_no_sense(scene):
    flag = "\ncompact_model = true"
    text = scene(('junction = "read"', f'junction = "read"{flag}')).read_text(encoding="utf-8")
    path = scene()
    path.write_text(text.replace("[output]", '[device.synapse_model]\nkind = "mtj"\nRA_P = 1e-12\nTMR = 1\n[output]'))
    with pytest.raises(SceneError, match='its files are named as those of "synapse_model"'):
        load_scene(path)
    tolerance = """[device.rho]
kind = "tolerance"
compact_model = true
figure = "disc_anisotropy"
values = { Ks = 1e-3, Ms = 1e6, thickness = 1e-9 }
parameter = "Ks"
limit = 0.1
[output]"""
    path.write_text(SCENE.replace("[output]", tolerance), encoding="utf-8")
    with pytest.raises(SceneError, match="a tolerance has numbers only, and no curves"):
        load_scene(path)


LEVELS = """kind = "multilevel_mtj"
amplitude = ["1 TA/m^2", "-1 TA/m^2"]
repeat = 2
width = "0.1 ns"
gap = "50 ps"
limit = "grains"
"""


def test_a_staircase_of_repeated_pulses(scene, tmp_path):
    path = scene()
    text = path.read_text(encoding="utf-8")
    start, end = text.index('kind = "binary_synapse"'), text.index("[output]")
    text = text[:start] + LEVELS + 'junction = "read"\n' + text[end:]
    path.write_text(text, encoding="utf-8")
    run_scene(path, tmp_path / "out")
    with (tmp_path / "out" / "device_synapse.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * 5  # replicas, and before the first pulse and after each of four
    assert [float(row["amplitude (A/m^2)"]) for row in rows[:5]] == [0, 1e12, 1e12, -1e12, -1e12]
    path.write_text(text.replace('"1 TA/m^2", ', '"1 T", '), encoding="utf-8")
    with pytest.raises(SceneError, match="amplitude: number 1: "):
        load_scene(path)
    path.write_text(text.replace("cells = [1, 1, 1]", "cells = [1, 1, 2]"), encoding="utf-8")
    with pytest.raises(SceneError, match="2 layers of cells"):
        load_scene(path)
