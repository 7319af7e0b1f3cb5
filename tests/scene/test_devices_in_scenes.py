"""Devices in scenes: columns, figures, files, and what is said of mistakes before anything is computed."""

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from fdmag.cli import app
from fdmag.devices.record import figure_units, figures_of
from fdmag.devices.result import quantities
from fdmag.errors import OutputError
from fdmag.output import read_table
from fdmag.scene.contents import table_columns
from fdmag.scene.device_kinds import device_kinds
from fdmag.scene.directory import RunDirectory
from fdmag.scene.load import load_scene
from fdmag.scene.problems import SceneError
from fdmag.scene.run import run_scene
from fdmag.scene.schema import json_schema
from tests.closeness import close
from tests.texts import replaced

TRACK = """
[mesh]
cells = [40, 1, 1]
cell = ["3 nm", "40 nm", "0.6 nm"]
periodic = "y"
[material]
Ms = "700 kA/m"
alpha = 0.3
[terms.exchange]
A = "10 pJ/m"
[terms.uniaxial_anisotropy]
Ku1 = "172 kJ/m^3"
[terms.interfacial_dmi]
D = "1.2 mJ/m^2"
[terms.spin_orbit_torque]
J = 0
xi_DL = { replicas = [0.07, 0.14] }
[initial]
kind = "wall"
width = "7.6 nm"
inside = [-1, 0, 0]
[[stages]]
kind = "operate"
device = "synapse"
[device.read]
kind = "mtj"
RA_P = "10 ohm um^2"
TMR = 1.0
V = "0.1 V"
area = { kind = "box", size = ["60 nm", "40 nm", "1 nm"] }
[device.synapse]
kind = "wall_synapse"
junction = "read"
J = "0.2 TA/m^2"
width = "20 ps"
gap = "5 ps"
pulses = 4
resistivity = "40 uohm cm"
thickness = "3 nm"
[output]
columns = ["read", "synapse.position"]
formats = []
[expect.energy]
column = "synapse.energy_p"
value = "4.608 aJ"
tolerance = "1e-6 aJ"
source = "J^2 rho t A t_pulse"
[expect.step]
column = "synapse.step_p"
replica = 1
value = "1.77 nm"
tolerance = "0.09 nm"
source = "(q, phi) model, integrated over the four pulses"
[expect.read]
column = "read.cosine"
value = 0
tolerance = 0.2
source = "a wall in the middle"
"""


@pytest.fixture
def scene(tmp_path):
    def write(*changes, add=""):
        path = tmp_path / "track.toml"
        path.write_text(replaced(TRACK, *changes) + add, encoding="utf-8")
        return path

    return write


def test_columns_figures_and_files(scene, tmp_path):
    outcomes = run_scene(scene(), tmp_path / "out")
    assert [each.name for each in outcomes if not each.holds] == []
    table = read_table(tmp_path / "out" / "table.csv")
    asked = {"read.resistance": "ohm", "read.conductance": "S", "read.current": "A", "read.cosine": "1"}
    assert {name: unit for name, unit in table.units.items() if "." in name} == asked | {"synapse.position": "m"}
    np.testing.assert_allclose(table["read.current"], 0.1 * table["read.conductance"])
    assert len(table) == 2 * 9  # before the first pulse and after each of eight

    told = json.loads((tmp_path / "out" / "device_synapse.json").read_text(encoding="utf-8"))
    assert told["figures"]["energy_p"]["unit"] == "J"
    assert len(told["figures"]["step_p"]["value"]) == 2
    with (tmp_path / "out" / "device_synapse.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 9
    position = [float(row["position (m)"]) for row in rows if row["replica"] == "1"]
    np.testing.assert_array_equal(position, table.replica(1)["synapse.position"])
    assert [float(row["pulse (1)"]) for row in rows[:9]] == list(range(9))
    assert (tmp_path / "out" / "device_read.json").exists()
    pytest.importorskip("matplotlib")
    assert (tmp_path / "out" / "device_synapse.png").read_bytes().startswith(b"\x89PNG")


def test_a_finished_run_with_devices_may_be_replaced_and_no_other_file(scene, tmp_path):
    path = scene(("pulses = 4", "pulses = 2"), ('width = "20 ps"', 'width = "1 ps"'))
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("[expect.energy]")], encoding="utf-8")
    run_scene(path, tmp_path / "out")
    run_scene(path, tmp_path / "out", overwrite=True)
    (tmp_path / "out" / "device_list.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"holds device_list\.txt, which is not part of a run"):
        RunDirectory(tmp_path / "out", overwrite=True)


def test_resolved_scene_gives_the_same_table(scene, tmp_path):
    run_scene(scene(("pulses = 4", "pulses = 2")), tmp_path / "first")
    run_scene(tmp_path / "first" / "scene.toml", tmp_path / "second")
    for name in ("table.csv", "device_synapse.csv", "device_synapse.json", "device_read.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (('junction = "read"', 'junction = "reed"'), 'junction: "reed" is not among the junctions: read'),
        (('junction = "read"', 'junction = "reed"'), 'did you mean "read"?'),
        (('kind = "mtj"', 'kind = "mtk"'), 'kind "mtk" is unknown; allowed: '),
        (('RA_P = "10 ohm um^2"\n', ""), "[device.read] RA_P: missing: resistance-area product"),
        (('V = "0.1 V"', 'V = "0.1 A"'), "[device.read] V: "),
        (('TMR = 1.0', "TMR = -1"), "[device.read] TMR: came -1; impossible"),
        (('gap = "5 ps"', 'gap = "-5 ps"'), "[device.synapse] gap: came "),
        (('gap = "5 ps"', 'gap = "5 ps"\nterm = "spin_orbit"'), "is not among the terms with a current density"),
        (('gap = "5 ps"', 'gap = "5 ps"\nterm = "spin_orbit"'), 'did you mean "spin_orbit_torque"?'),
        (('gap = "5 ps"', 'gap = "5 ps"\nJ_depression = 1e11'), "give currents of opposite signs"),
        (('thickness = "3 nm"\n', ""), "needs both resistivity and thickness"),
        (('V = "0.1 V"', 'V = "0.1 V"\nfree = "layer"'), '[device.read] free: "layer" is no region; allowed: default'),
        (('size = ["60 nm", "40 nm", "1 nm"] }', 'size = ["60 nm", "40 nm", "1 nm"], center = [1, 0, 0] }'),
         "[device.read]: area: the shape covers no centre of a cell"),
        (('area = { kind = "box", size = ["60 nm", "40 nm", "1 nm"] }', 'area = "pad"'),
         '[device.read] area: "pad" is not among the shapes'),
        (('device = "synapse"', 'device = "synaps"'), "is not among the devices that can be operated: synapse"),
        (('device = "synapse"', 'device = "read"'), "is not among the devices that can be operated: synapse"),
        (('device = "synapse"', 'device = "read"'), "[device.synapse]: is operated never"),
        (("[device.read]", "[device.m]"), '"m" is the name of columns already; choose another'),
        (('columns = ["read", "s', 'columns = ["read.resistence", "s'), 'did you mean "read.resistance"?'),
        (('column = "synapse.energy_p"', 'column = "synapse.energy_q"'), 'did you mean "synapse.energy_p"?'),
        (('column = "synapse.energy_p"', 'column = "synapse.energy_p"\nmeasure = "maximum"'),
         "is a figure of a device, one number: leave measure out"),
        (('value = "4.608 aJ"', 'value = "4.608 aV"'), "[expect.energy] value: "),
        (("J = 0\n", 'J = { expression = "1e11*t/ns" }\n'), "depends on time; a device sets it by itself"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_place(scene, scenes, change, wanted):
    with pytest.raises(SceneError) as caught:
        load_scene(scene(change))
    assert wanted in str(caught.value)


def test_several_mistakes_at_once(scene):
    changes = ('junction = "read"', 'junction = "reed"'), ('V = "0.1 V"', 'V = "0.1 V"\nfree = "layer"')
    with pytest.raises(SceneError) as caught:
        load_scene(scene(*changes))
    assert len(caught.value.problems) == 2


def test_a_run_may_stop_by_what_a_device_reads(scene, tmp_path):
    """The resistance of a junction above a wall that is driven to one side: halfway between P and AP at the start."""
    run = 'kind = "run"\nduration = "0.2 ns"\nuntil = { column = "read.cosine", VALUE }'
    text = scene(('kind = "operate"\ndevice = "synapse"', run), ("J = 0\n", 'J = "0.3 TA/m^2"\n')).read_text("utf-8")
    text = text.replace('columns = ["read", "synapse.position"]', 'columns = ["read"]')
    text = text[: text.index("[device.synapse]")] + text[text.index("[output]") : text.index("[expect.energy]")]
    for number, value in enumerate(("below = -0.2", "above = 0.2")):
        path = tmp_path / f"{number}.toml"
        path.write_text(text.replace("VALUE", value), encoding="utf-8")
        run_scene(path, tmp_path / f"out{number}")
    tables = [read_table(tmp_path / f"out{number}" / "table.csv").replica(1) for number in range(2)]
    (stopped,) = [table for table in tables if np.isfinite(table["t_stop"][-1])]
    assert abs(stopped["read.cosine"][-1]) == close(0.2, rel=1e-6)


def test_a_criterion_of_a_broken_device_is_told_once(scene):
    run = '[[stages]]\nkind = "run"\nduration = "1 ps"\nuntil = { column = "read.cosine", below = 0 }\n[[stages]]\n'
    with pytest.raises(SceneError) as caught:
        load_scene(scene(("[[stages]]\n", run), ("TMR = 1.0\n", "")))
    assert len(caught.value.problems) == 1


def test_a_window_carries_the_track_away(scene):
    stage = '[[stages]]\nkind = "run"\nduration = "1 ps"\nwindow = "wall_position"\n'
    with pytest.raises(SceneError, match="would carry the track away from below the junction"):
        load_scene(scene(('[[stages]]\nkind = "operate"', stage + '[[stages]]\nkind = "operate"')))


def test_inputs_of_a_neuron_may_differ_between_replicas(scene):
    text = scene().read_text(encoding="utf-8")
    start = text.index("[device.synapse]")
    neuron = """[device.neuron]
kind = "wall_neuron"
junction = "read"
every = "5 ps"
input = [{ J = { replicas = [1e11, 3e11] }, duration = "10 ps", gap = "5 ps", times = 2 }, { J = 0, duration = "5 ps" }]
"""
    text = text[:start] + neuron + '[output]\ncolumns = ["neuron"]\n' + '[expect.none]\ncolumn = "neuron.count"\n'
    text = (
        text.replace('device = "synapse"', 'device = "neuron"') + 'value = 0\ntolerance = 0.5\nsource = "too short"\n'
    )
    path = scene()
    path.write_text(text, encoding="utf-8")
    loaded = load_scene(path)
    neuron = loaded.devices["neuron"]
    assert neuron.drive.tolist() == [[1e11, 0, 1e11, 0, 0], [3e11, 0, 3e11, 0, 0]]
    assert neuron.durations.tolist() == close([1e-11, 5e-12, 1e-11, 5e-12, 5e-12])
    path.write_text(text.replace("[1e11, 3e11]", "[1e11, 3e11, 4e11]"), encoding="utf-8")
    with pytest.raises(SceneError, match="give one per replica"):
        load_scene(path)


@pytest.mark.parametrize("kind", device_kinds())
def test_every_kind_declares_what_its_device_gives(kind):
    table = device_kinds()[kind]
    assert table.__doc__
    assert set(table.figures()) == set(figure_units(table.result))
    assert set(table.figures()) <= set(quantities(table.result))
    definitions = json_schema()["definitions"]
    assert table.__name__ in definitions
    assert all("description" in entry for entry in definitions[table.__name__]["properties"].values())


def test_declared_columns_are_those_of_the_built_devices(scene):
    loaded = load_scene(scene())
    for name, device in loaded.devices.items():
        declared = loaded.scene.device[name].columns()
        assert {column.name: column.unit for column in device.columns()} == dict(declared)
        if not device.operates:
            assert figures_of(device.result(), 2).keys() == loaded.scene.device[name].figures().keys()
    assert {"synapse.levels", "read.R_P"} <= table_columns(loaded.scene).keys()


def test_columns_and_figures_are_listed(scene):
    told = CliRunner().invoke(app, ["quantities", str(scene())], env={"COLUMNS": "200"}).output
    assert "read.resistance" in told
    assert "figures of devices, for [expect]" in told
    assert "nonlinearity of potentiation" in told


def test_devices_do_not_go_with_an_ensemble_that_grows(scene):
    with pytest.raises(SceneError, match="adds replicas while it runs, which devices do not see"):
        load_scene(scene(add="[ensemble]\nreplicas = 2\nrelative_error = 0.1\n"))
