"""Oscillators in scenes: the same as from Python, what is written, and what is said of mistakes."""

import json

import numpy as np
import pytest

from fdmag.devices import SpinTorqueOscillator
from fdmag.mesh import Mesh
from fdmag.output import read_table
from fdmag.plot import plot
from fdmag.scene.load import load_scene
from fdmag.scene.problems import SceneError
from fdmag.scene.run import run_scene
from fdmag.simulation import Simulation
from fdmag.terms import Slonczewski, UniaxialAnisotropy, Zeeman

FILM = """
[mesh]
cells = [1, 1, 1]
cell = ["50 nm", "50 nm", "2 nm"]
[material]
Ms = "800 kA/m"
alpha = 0.15
[terms.uniaxial_anisotropy]
Ku1 = "-400 kJ/m^3"
[terms.zeeman]
B = [0, 0, "1.5 T"]
[terms.slonczewski]
J = 0
P = 0.4
[initial]
kind = "uniform"
direction = [0, 0, 1]
[[stages]]
kind = "operate"
device = "sto"
[device.sto]
kind = "oscillator"
J = { replicas = ["0.8 TA/m^2", "1 TA/m^2", "1.1 TA/m^2"] }
tilt = "6 deg"
settle = "1 ns"
duration = "0.3 ns"
sample_every = "3 ps"
threshold = { upper = "2 TA/m^2" }
[output]
columns = ["sto.p", "sto.phase"]
formats = []
[expect.threshold]
column = "sto.threshold"
value = "911.6 GA/m^2"
tolerance = "1 GA/m^2"
source = "a = alpha (B - B_k)"
"""


def write(tmp_path, text=FILM):
    path = tmp_path / "film.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_scene_is_what_python_does_and_leaves_figures_a_table_and_a_picture(tmp_path):
    outcome = run_scene(write(tmp_path), tmp_path / "run")
    assert [each.holds for each in outcome] == [True]
    figures = json.loads((tmp_path / "run" / "device_sto.json").read_text())["figures"]

    terms = [UniaxialAnisotropy(Ku1=-4e5), Zeeman(B=(0, 0, 1.5)), Slonczewski(J=0, P=0.4)]
    film = Simulation(Mesh((1, 1, 1), (50e-9, 50e-9, 2e-9)), terms, Ms=8e5, alpha=0.15, m=(0, 0, 1), batch=3)
    oscillator = SpinTorqueOscillator(
        film, 0.3e-9, 1e-9, sample_every=3e-12, J=[8e11, 1e12, 1.1e12], tilt=np.radians(6), threshold_between=(0, 2e12)
    )
    oscillator.operate()
    found = oscillator.result()
    for name in ("frequency", "power", "rate", "balance", "threshold", "threshold_frequency"):
        np.testing.assert_allclose(figures[name]["value"], getattr(found, name), rtol=1e-12)
    assert found.power[0] < 0.003 < found.power[1] < found.power[2]

    rows = read_table(tmp_path / "run" / "table.csv")
    assert len(rows) >= 3 * 11  # at the start of the operation, and after each tenth of it
    assert rows["sto.p"][-1] == pytest.approx(found.power[2], abs=0.01)
    curve = read_table(tmp_path / "run" / "device_sto.csv")
    np.testing.assert_allclose(curve["frequency"], found.frequency)
    assert (tmp_path / "run" / "device_sto.png").exists()
    panel = plot(tmp_path / "run" / "device_sto.csv", ["frequency", "balance"], x="J").axes[0]
    assert [len(line.get_xdata()) for line in panel.lines] == [3, 3]  # two curves over the current
    data = found.to_xarray()
    assert data["frequency"].attrs["units"] == "Hz"


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ('sample_every = "3 ps"', 'sample_every = "30 ps"', "fewer than 64 samples; allowed: at most 4.6875e-12 s"),
        ("J = { replicas = ", "term = 'exchang'\nJ = { replicas = ", "'exchang' is not among the terms with a current"),
        ("tilt =", 'region = "fre"\ntilt =', "is no region; allowed: default"),
        ('J = { replicas = ["0.8 TA/m^2", "1 TA/m^2", "1.1 TA/m^2"] }', "", "threshold needs the currents here"),
        ("tilt =", 'power = "angle"\ntilt =', "solid_angle"),
        ('[[stages]]\nkind = "operate"\ndevice = "sto"', '[[stages]]\nkind = "relax"', "is operated never"),
        ('upper = "2 TA/m^2"', "", "upper"),
    ],
)
def test_mistakes_are_told_before_anything_is_computed(tmp_path, old, new, wanted):
    assert old in FILM
    with pytest.raises(SceneError) as caught:
        load_scene(write(tmp_path, FILM.replace(old, new)))
    assert wanted.replace("'", '"') in str(caught.value).replace("'", '"')
