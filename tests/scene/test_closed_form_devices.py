"""Devices of a scene that no simulation is part of, and spreads of its parameters: mistakes, and what is recorded."""

import json

import numpy as np
import pytest

from fdmag.devices.disc_figures import spin_hall_figure
from fdmag.devices.spin_diffusion import SpinDiffusion
from fdmag.devices.spin_layers import Interface, Layer
from fdmag.devices.spread import Spread
from fdmag.devices.tolerance import tolerable_spread
from fdmag.scene.device_kinds.tolerance import FIGURES, UNITS
from fdmag.scene.load import load_scene
from fdmag.scene.problems import SceneError
from fdmag.scene.run import run_scene
from tests.closeness import close
from tests.texts import replaced

SCENE = """
[mesh]
cells = [1, 1, 1]
cell = ["2 nm", "2 nm", "1 nm"]
[material]
Ms = "1 MA/m"
[terms.spin_orbit_torque]
J = 0
xi_DL = 0.2
[ensemble]
replicas = 13
[[stages]]
kind = "run"
duration = "1 ps"
[device.write]
kind = "write_energy"
diameter = ["20 nm", "40 nm"]
voltage = { coefficient = 300e-15 }
[device.rho]
kind = "tolerance"
figure = "spin_hall_efficiency"
values = { rho = "200 uohm cm", lambda_sf = "2 nm", t_HM = "4 nm", spin_hall_conductivity = 1.5e5 }
spreads = { lambda_sf = { CV = 0.05 } }
parameter = "rho"
limit = 0.04
samples = 1000
[output]
formats = []
"""
SPREAD = """
[[stages]]
kind = "operate"
device = "wafer"
[device.wafer]
kind = "threshold_spread"
low = "1 TA/m^2"
high = "2 TA/m^2"
rise = "1 ns"
hold = "1 ns"
[device.wafer.spreads]
"material.Ms" = { CV = 0.01 }
"""


@pytest.fixture
def scene(tmp_path):
    def write(*changes, add=""):
        path = tmp_path / "scene.toml"
        path.write_text(replaced(SCENE + add, *changes), encoding="utf-8")
        return path

    return write


def test_figures_are_those_of_python(scene, tmp_path):
    run_scene(scene(), tmp_path / "out")
    told = json.loads((tmp_path / "out" / "device_rho.json").read_text(encoding="utf-8"))["figures"]

    def figure(rho, lambda_sf):
        return spin_hall_figure(rho, lambda_sf, 4e-9, 1.5e5)

    spreads = {"lambda_sf": Spread.relative(2e-9, 0.05), "rho": Spread(2e-6, 0.0)}
    assert told["CV"]["value"] == close(tolerable_spread(figure, spreads, "rho", 0.04, samples=1000).CV, rel=1e-12)
    told = json.loads((tmp_path / "out" / "device_write.json").read_text(encoding="utf-8"))
    assert told["figures"]["smallest_spin_transfer"]["value"] == "NaN"  # not asked for
    assert told["figures"]["smallest_voltage"]["value"] == close(26.52e-9, rel=1e-3)  # 45.93 nm/sqrt(3)
    assert len((tmp_path / "out" / "device_write.csv").read_text(encoding="utf-8").splitlines()) == 3


STACK = """
[device.stack]
kind = "spin_diffusion"
current_along = "-2 TA/m^2"
layers = [{ thickness = "4 nm", conductivity = "0.5 MS/m", spin_diffusion_length = "1.5 nm", spin_hall_angle = 0.3 }]
right = { absorption = "1e15 S/m^2" }
[device.valve]
kind = "spin_diffusion"
current_across = "10 GA/m^2"
layers = [
    { conductivity = "17 MS/m", spin_diffusion_length = "60 nm", polarisation = 0.46 },
    { thickness = "10 nm", conductivity = "170 MS/m", spin_diffusion_length = "450 nm" },
    { conductivity = "17 MS/m", spin_diffusion_length = "60 nm", polarisation = -0.46 },
]
interfaces = [
    { conductance = "2e15 S/m^2", polarisation = 0.77, memory_loss = 0.25 },
    { conductance = "2e15 S/m^2", polarisation = -0.77, memory_loss = 0.25 },
]
"""


def test_a_stack_of_layers_stands_beside_a_simulation(scene, tmp_path):
    """The efficiency is that of Haney et al., whichever way the current flows; the valve that of Python."""
    run_scene(scene(add=STACK), tmp_path / "out")
    told = json.loads((tmp_path / "out" / "device_stack.json").read_text(encoding="utf-8"))["figures"]
    G, Re_G, t = 0.5e6 / 1.5e-9, 1e15, 4 / 1.5
    backflow = (1 - 1 / np.cosh(t)) / (1 + G * np.tanh(t) / (2 * Re_G))
    assert told["efficiency"]["value"] == close(0.3 * backflow)
    assert told["resistance_area"]["value"] == "NaN"
    Co, Cu = Layer(np.inf, 17e6, 60e-9, 0.46), Layer(10e-9, 170e6, 450e-9)
    valve = SpinDiffusion([Co, Cu, Co], [Interface(2e15, 0.77, 0.25)] * 2).reversed(2)
    told = json.loads((tmp_path / "out" / "device_valve.json").read_text(encoding="utf-8"))["figures"]
    assert told["resistance_area"]["value"] == close(valve.solve(current_across=1e10).resistance_area)
    assert (tmp_path / "out" / "device_stack.csv").is_file()


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (("voltage = { coefficient = 300e-15 }", ""), "came no way of writing"),
        (('["20 nm", "40 nm"]', '["40 nm", "20 nm"]'), "the diameters do not rise"),
        (('["20 nm", "40 nm"]', '["20 nm"]'), "a list of at least 2"),
        (('["20 nm", "40 nm"]', '["20 nm", "-4 nm"]'), "impossible diameters"),
        (('rho = "200 uohm cm"', 'rho = "200 nm"'), "[device.rho]: values: rho: "),
        (('rho = "200 uohm cm"', 'rh = "200 uohm cm"'), 'did you mean "rho"'),
        (('lambda_sf = "2 nm", ', ""), "lambda_sf missing"),
        (("spreads = { lambda_sf", "spreads = { lambda"), "lambda is none of values"),
        (('"spin_hall_efficiency"', '"spin_hall"'), 'did you mean "spin_hall_efficiency"'),
        (('conductivity = "0.5 MS/m", ', ""), "conductivity"),
        (('thickness = "10 nm", ', ""), "only the first and last of several layers may be infinitely thick"),
        (("right = { absorption", "right = { absorbtion"), 'did you mean "absorption"'),
        (('"material.Ms" =', '"material.M" ='), '"material.M" is no parameter of this scene'),
        (('"material.Ms" =', '"terms.spin_orbit_torque.direction" ='), "is not one number"),
        (('hold = "1 ns"', 'hold = "1 ns"\nlimit = 0.1'), "needs both limit and parameter"),
        (('hold = "1 ns"', 'hold = "1 ns"\nlimit = 0.1\nparameter = "Ms"'), 'parameter: "Ms" has no spread'),
        (('hold = "1 ns"', 'hold = "1 ns"\nterm = "spin_orbit"'), "is not among the terms with a current density"),
        (('hold = "1 ns"', 'hold = "1 ns"\ncolumn = "mx_"'), '"mx_" is no column of every run'),
        (('low = "1 TA/m^2"', 'low = "3 TA/m^2"'), "give low below high"),
        (("replicas = 13", "replicas = 12"), "give at least 13"),
    ],
)
def test_mistakes_are_told(scene, change, wanted):
    with pytest.raises(SceneError) as caught:
        load_scene(scene(change, add=SPREAD + STACK))
    assert wanted in str(caught.value)


def test_every_parameter_of_the_figures_has_a_unit():
    import inspect

    assert {name for figure in FIGURES.values() for name in inspect.signature(figure).parameters} == set(UNITS)
