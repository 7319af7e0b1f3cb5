"""Pillars in scenes: figures, files, replicas that come by themselves, mistakes told before anything is computed."""

import json

import numpy as np
import pytest

import fdmag
from fdmag.barriers import uniform_barrier
from fdmag.mesh import Mesh
from fdmag.output import read_table
from fdmag.scene.contents import table_columns
from fdmag.scene.load import load_scene
from fdmag.scene.problems import SceneError
from fdmag.scene.run import run_scene
from fdmag.shapes import Cylinder
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, UniaxialAnisotropy
from tests.closeness import close
from tests.texts import replaced

PILLAR = """
[mesh]
cells = [1, 1, 1]
cell = ["20 nm", "20 nm", "1 nm"]
[material]
Ms = "1 MA/m"
alpha = 0.1
[terms.uniaxial_anisotropy]
Ku1 = "150 kJ/m^3"
[terms.slonczewski]
J = 0
P = 0.6
[terms.zeeman]
B = [0, 0, 0]
[initial]
kind = "uniform"
direction = [0.1, 0, 1]
[[stages]]
kind = "operate"
device = "pillar"
[device.pillar]
kind = "nanopillar"
RA = "5 ohm um^2"
measure = MEASURE
[output]
formats = []
columns = ["pillar"]
"""
TIMES = '{ kind = "switching_times", J = { linspace = ["0.2 TA/m^2", "0.4 TA/m^2", 3] }, duration = "3 ns" }'
OTHERS = {
    "critical_current": '{ kind = "critical_current", low = 1e11, high = 4e11, duration = "2 ns", tolerance = 0.1 }',
    "field_diagram": '{ kind = "field_diagram", J = [1e11, 3e11], B = ["-10 mT", 0], duration = "20 ps" }',
    "pulse_diagram": '{ kind = "pulse_diagram", J = { logspace = [2e11, 4e11, 3] }, t_pulse = ["10 ps", "20 ps"] }',
    "write_errors": '{ kind = "write_errors", J = [3e11], t_pulse = ["5 ps"], settle = "5 ps", samples = 4 }',
    "split": '{ kind = "write_errors", J = [3e11], t_pulse = ["5 ps"], settle = "5 ps", samples = 4, '
             'method = "split", groups = 2 }',
    "stability": '{ kind = "stability", images = 7 }',
    "escape_rates": '{ kind = "escape_rates", T = [1500, 2500], duration = "1 ns", samples = 40 }',
}  # fmt: skip
NOISE = '[terms.thermal]\nT = "300 K"\n'


@pytest.fixture
def scene(tmp_path):
    def write(measure=TIMES, *changes, noise=False):
        changes += (("[initial]", NOISE + "[initial]"),) if noise else ()
        path = tmp_path / "pillar.toml"
        path.write_text(replaced(PILLAR.replace("MEASURE", measure), *changes), encoding="utf-8")
        return path

    return write


def test_times_figures_and_files(scene, tmp_path):
    path = scene()
    path.write_text(
        path.read_text(encoding="utf-8")
        + '[expect.like_a_macrospin]\ncolumn = "pillar.deviation"\nvalue = 0\ntolerance = 0.01\n'
        'source = "closed form"\n',
        encoding="utf-8",
    )
    assert [each.name for each in run_scene(path, tmp_path / "out") if not each.holds] == []
    told = json.loads((tmp_path / "out" / "device_pillar.json").read_text(encoding="utf-8"))
    assert told["result"] == "SwitchingTimes"
    assert told["figures"]["J_c_limit"]["unit"] == "A/m^2"
    assert told["curves"]["time"]["axes"] == ["J"]
    table = read_table(tmp_path / "out" / "table.csv")
    np.testing.assert_allclose(table["pillar.J"], [2e11, 3e11, 4e11])
    assert len(np.unique(table["replica"])) == 3
    pytest.importorskip("matplotlib")
    assert (tmp_path / "out" / "device_pillar.png").exists()


def test_replicas_come_by_themselves_or_are_those_of_the_scene(scene):
    assert load_scene(scene()).simulation.batch == 3
    few = load_scene(scene(TIMES, ("[[stages]]", "[ensemble]\nreplicas = 2\n[[stages]]")))
    assert few.simulation.batch == 2
    diagram = OTHERS["field_diagram"]
    assert load_scene(scene(diagram)).simulation.batch == 8


@pytest.mark.parametrize("measure", OTHERS)
def test_every_measurement_can_be_asked_for(scene, tmp_path, measure):
    path = scene(OTHERS[measure], noise=measure in ("write_errors", "split", "escape_rates"))
    loaded = load_scene(path)
    run_scene(path, tmp_path / "out")
    told = json.loads((tmp_path / "out" / "device_pillar.json").read_text(encoding="utf-8"))
    asked = {name.partition(".")[2] for name in table_columns(loaded.scene) if name.startswith("pillar.")}
    assert set(told["figures"]) <= asked | {"J", "state"}
    assert told["figures"]


def test_stability_on_cells_half_as_large(scene, tmp_path):
    """A disc of 12 nm turns as one: on finer cells with their demagnetising factor, and what a stage before has set."""
    ku = '[[stages]]\nkind = "set"\nvalues = { "terms.uniaxial_anisotropy.Ku1" = "0.8 MJ/m^3" }\n[[stages]]'
    path = scene(
        '{ kind = "stability", images = 7, halve_cells = true }',
        ("cells = [1, 1, 1]", "cells = [4, 4, 1]"),
        ('["20 nm", "20 nm", "1 nm"]', '["3 nm", "3 nm", "1.3 nm"]'),
        ("[terms.zeeman]\nB = [0, 0, 0]", '[terms.exchange]\nA = "15 pJ/m"\n[terms.demag]'),
        ('"150 kJ/m^3"', '"0.4 MJ/m^3"'),
        ("[initial]", '[geometry]\nshape = { kind = "cylinder", diameter = "12 nm" }\n[initial]'),
        ("[[stages]]", ku),
    )
    run_scene(path, tmp_path / "out")
    told = json.loads((tmp_path / "out" / "device_pillar.json").read_text(encoding="utf-8"))["figures"]
    coarse, fine = told["path"]["value"], told["path_fine"]["value"]
    assert coarse == close(told["uniform"]["value"], rel=0.01)
    mesh = Mesh((8, 8, 1), (1.5e-9, 1.5e-9, 1.3e-9))
    terms = [Exchange(A=15e-12), Demag(), UniaxialAnisotropy(Ku1=0.8e6)]
    disc = Simulation(mesh, terms, Ms=1e6, geometry=Cylinder(diameter=12e-9))
    assert fine == close(uniform_barrier(disc, disc.m[0], -disc.m[0]) / (1.380649e-23 * 300), rel=0.01)
    assert told["sigma_path_fine"]["value"] == close(abs(coarse - fine))
    assert told["retention"]["value"] == close(1e-9 * np.exp(fine))
    assert load_scene(scene(OTHERS["stability"])).parts.finer is None


def test_resolved_scene_gives_the_same_result(scene, tmp_path):
    run_scene(scene(), tmp_path / "first")
    run_scene(tmp_path / "first" / "scene.toml", tmp_path / "second")
    for name in ("table.csv", "device_pillar.csv"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name


def test_lists_may_be_given_as_lines(scene):
    measure = load_scene(scene(OTHERS["pulse_diagram"])).scene.device["pillar"].measure
    assert close([2e11, 2e11 * 2**0.5, 4e11]) == measure.J
    assert measure.t_pulse == close([10e-12, 20e-12])


BY_VOLTAGE = [
    ("[terms.slonczewski]\nJ = 0", "[terms.tunnel_torque]\nvoltage = 0\nRA_P = 5e-12\nTMR = 1"),
    ('RA = "5 ohm um^2"', 'term = "tunnel_torque"'),
]
VOLTS = '{ kind = "switching_times", V = ["1.5 V", "2 V"], duration = "3 ns" }'


def test_a_voltage_is_told_in_volts_in_every_file(scene, tmp_path):
    path = scene(VOLTS, *BY_VOLTAGE)
    expected = (
        '[expect.V_c]\ncolumn = "pillar.V_c_limit"\nvalue = "759.64 mV"\ntolerance = "0.1 mV"\n'
        'source = "2 alpha e Ms t B_K RA_P/(hbar P)"\n'
    )
    path.write_text(path.read_text(encoding="utf-8") + expected, encoding="utf-8")
    assert [each.name for each in run_scene(path, tmp_path / "out") if not each.holds] == []
    told = json.loads((tmp_path / "out" / "device_pillar.json").read_text(encoding="utf-8"))
    assert told["result"] == "SwitchingTimes"
    assert told["figures"]["V_c_limit"]["unit"] == "V"
    assert told["figures"]["V_c_limit"]["meaning"] == "critical voltage of the uniform pillar"
    assert told["curves"]["time"]["axes"] == ["V"]
    assert told["curves"]["energy"]["axes"] == ["V"]
    header = (tmp_path / "out" / "device_pillar.csv").read_text(encoding="utf-8").splitlines()[0]
    assert "V (V)" in header.split(",")
    table = read_table(tmp_path / "out" / "table.csv")
    assert table.units["pillar.V"] == "V"
    np.testing.assert_allclose(table["pillar.V"], [1.5, 2.0])
    run_scene(tmp_path / "out" / "scene.toml", tmp_path / "again")
    assert (tmp_path / "again" / "table.csv").read_bytes() == (tmp_path / "out" / "table.csv").read_bytes()


def test_a_bracket_may_be_given_in_any_drive(scene):
    """Between two of J, I or V; low and high are those of J."""
    ask = '{ kind = "critical_current", BRACKET, duration = "2 ns", tolerance = 0.1 }'
    for bracket, symbol, values, changes in (
        ("low = 1e11, high = 4e11", "J", [1e11, 4e11], []), ("J = [1e11, 4e11]", "J", [1e11, 4e11], []),
        ('I = ["40 uA", "160 uA"]', "I", [40e-6, 160e-6], []), ('V = ["0.1 V", 1]', "V", [0.1, 1.0], BY_VOLTAGE),
    ):  # fmt: skip
        loaded = load_scene(scene(ask.replace("BRACKET", bracket), *changes))
        measure = loaded.scene.device["pillar"].measure
        assert (measure.symbol(), measure.drive()) == (symbol, close(values))
        assert loaded.devices["pillar"].pillar.driven_by.symbol == symbol
        assert f"pillar.{symbol}_c" in table_columns(loaded.scene)


def test_what_is_not_driven_has_no_column_of_a_drive(scene):
    loaded = load_scene(scene(OTHERS["stability"], *BY_VOLTAGE))
    assert [column.name for column in loaded.devices["pillar"].columns()] == ["state"]
    assert "pillar.J" not in table_columns(loaded.scene)


def test_a_swept_pillar_has_an_axis_of_volts(scene, tmp_path):
    pytest.importorskip("xarray")
    path = scene(VOLTS, *BY_VOLTAGE, ('columns = ["pillar"]\n', ""))
    sweep = '[sweep.quantities.RA]\npath = "terms.tunnel_torque.RA_P"\nvalues = [5e-12, 6e-12]\n'
    path.write_text(path.read_text(encoding="utf-8") + sweep, encoding="utf-8")
    data = fdmag.sweep(path, tmp_path / "out", workers=0)
    assert data["pillar.time"].dims == ("RA", "pillar.V")
    assert data["pillar.V"].attrs["units"] == data["pillar.V_c_limit"].attrs["units"] == "V"
    np.testing.assert_allclose(data["pillar.V"], [1.5, 2.0])
    np.testing.assert_allclose(data["pillar.V_c_limit"][1] / data["pillar.V_c_limit"][0], 1.2)


JUNCTION = "[terms.tunnel_torque]\nvoltage = 0\nRA_P = 5e-12\nTMR = 1\nP = 0.6\n[initial]"


@pytest.mark.parametrize(
    ("measure", "changes", "wanted"),
    [
        (TIMES.replace("switching_times", "switching"), [], "allowed: switching_times, critical_current, "),
        (TIMES.replace('"0.2 TA/m^2"', '"0.2 TA/m"'), [], "A/m^2"),
        (TIMES.replace(", 3]", "]"), [], "{ linspace = [first, last, number] }"),
        (TIMES.replace('"3 ns"', '"-3 ns"'), [], "duration: "),
        (TIMES, [("RA =", 'term = "spin_orbit"\nRA =')], "is not among the terms that can be driven: slonczewski"),
        (TIMES, [("[initial]", JUNCTION), ("RA =", 'term = "tunnel_torque"\nRA =')], "give it a current in place"),
        (VOLTS, [], '"slonczewski" is driven by J or I, not V: give that'),
        (
            TIMES.replace('J = { linspace = ["0.2 TA/m^2", "0.4 TA/m^2", 3] }, ', ""),
            [],
            "came none of them; switching_times is over one of J [A/m^2], I [A] and V [V]",
        ),
        (VOLTS.replace("V =", "J = [1e11], V ="), BY_VOLTAGE, "came J and V; switching_times is over one of"),
        (VOLTS.replace('"1.5 V"', '"1.5 A"'), BY_VOLTAGE, "1.5 A"),
        (VOLTS, [*BY_VOLTAGE, ("measure =", "RA = 5e-12\nmeasure =")], "which has its own RA_P; leave RA out"),
        (VOLTS, [*BY_VOLTAGE, ("measure =", 'follow = ["zeeman"]\nmeasure =')], '"zeeman" is not among the terms that'),
        (TIMES, [("RA =", "gate = { slonczewski = 1 }\nRA =")], '"slonczewski" is driven by J or I, not V'),
        (OTHERS["critical_current"].replace("high = 4e11, ", ""), [], "low and high belong together"),
        (
            OTHERS["critical_current"].replace("low = 1e11, high = 4e11", "J = [1e11]"),
            [],
            "allowed: two, what does not",
        ),
        (TIMES, [("RA =", "assist = { slonczewsky = 1e10 }\nRA =")], 'did you mean "slonczewski"?'),
        (TIMES, [("RA =", "threshold = 2\nRA =")], "threshold: came 2; allowed: above -1 and below 1"),
        (TIMES, [("[0.1, 0, 1]", "[1, 0, 0.1]")], "m_z = 0.0995 at the start; allowed: below"),
        (TIMES, [("alpha = 0.1", "alpha = { replicas = [0.1, 0.2] }")], "3 shots, and 2 replicas that differ"),
        (OTHERS["field_diagram"].replace("duration", 'field = "zeman", duration'), [], 'did you mean "zeeman"?'),
        (OTHERS["write_errors"], [], "nothing fails by chance without noise"),
        (OTHERS["split"].replace("groups = 2", "groups = 3"), [], "a multiple of groups = 3 is needed"),
        (
            OTHERS["split"],
            [("[initial]", NOISE + "[ensemble]\nreplicas = 6\n[initial]")],
            "a splitting takes all at once",
        ),
        (OTHERS["critical_current"].replace("low = 1e11", "low = 5e11"), [], "allowed: |low| < |high|"),
    ],
)
def test_mistakes_are_told_with_their_place(scene, measure, changes, wanted):
    with pytest.raises(SceneError) as caught:
        load_scene(scene(measure, *changes))
    assert wanted in str(caught.value)
    assert "device.pillar" in str(caught.value)
