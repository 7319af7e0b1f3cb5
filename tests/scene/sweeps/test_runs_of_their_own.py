"""Members that are runs of their own: devices, modes, replicas and ensembles, and what sweep.nc holds of them."""

import json
import pickle

import numpy as np
import pytest

import fdmag
from fdmag.constants import GAMMA_E
from fdmag.devices.write_limits import write_limits
from fdmag.devices.write_mechanisms import SpinTransferWrite, VoltageWrite
from fdmag.output import read_table
from fdmag.scene.problems import SceneError
from fdmag.scene.progress import Silent
from fdmag.scene.run import Request, SceneRun, run_scene
from fdmag.scene.sweeps import driver
from fdmag.scene.sweeps.alone import compute_alone
from fdmag.scene.sweeps.check import load_sweep
from tests.closeness import close
from tests.scene.sweeps.conftest import same_content

xarray = pytest.importorskip("xarray")

CELL = """
[mesh]
cells = [{cells}, 1, 1]
cell = ["5 nm", "5 nm", "5 nm"]
[material]
Ms = "800 kA/m"
alpha = 0.01
[terms.exchange]
A = "13 pJ/m"
[terms.zeeman]
B = [0, 0, "0.2 T"]
[initial]
kind = "uniform"
direction = [0, 0, 1]
"""
FIELDS = """
[sweep.quantities.field]
path = "terms.zeeman.B.2"
values = ["0.1 T", "0.2 T", "0.3 T"]
"""
MODES = CELL.format(cells=3) + '[[stages]]\nkind = "modes"\ncount = 2\n' + FIELDS
READ = """
[[stages]]
kind = "run"
duration = "1 ps"
"""
WRITE = (
    CELL.format(cells=1)
    + READ
    + """
[device.write]
kind = "write_energy"
diameter = ["20 nm", "40 nm"]
spin_transfer = {}
voltage = {}
"""
)
DELTAS = '[sweep.quantities.Delta]\npath = "device.write.Delta"\nvalues = [40, 60, 80]\n'


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch):
    monkeypatch.setenv("FDMAG_THREADS", "1")
    monkeypatch.setenv("FDMAG_DEVICE", "numpy")


@pytest.fixture
def swept(tmp_path):
    def run(text, out="out", **options):
        (tmp_path / "scene.toml").write_text(text, encoding="utf-8")
        return fdmag.sweep(tmp_path / "scene.toml", tmp_path / out, **{"workers": 0} | options)

    return run


def test_modes_over_a_field_are_kittels_and_lie_along_field_and_mode(swept, tmp_path):
    """γB and γ(B + b), b = (2A/Ms)(2/dx)² sin²(π/6), of a chain of three cells with free ends, over 1 + α²."""
    data = swept(MODES)
    frequency = data["modes.frequency"]
    assert frequency.dims == ("field", "mode")
    assert frequency.attrs["units"] == "Hz"
    b = 2 * 13e-12 / 8e5 * (2 / 5e-9) ** 2 * np.sin(np.pi / 6) ** 2
    wanted = GAMMA_E / (2 * np.pi) * (data.field.values[:, None] + [[0, b]]) / (1 + 0.01**2)
    np.testing.assert_allclose(frequency, wanted, rtol=1e-9)
    np.testing.assert_array_equal(data.mode, [0, 1])
    with xarray.open_dataset(tmp_path / "out/sweep.nc", engine="h5netcdf") as written:
        assert same_content(written.load(), data)


def test_a_member_leaves_what_a_run_of_its_own_leaves(swept, tmp_path):
    """To the last byte, whoever computes it."""
    data = swept(MODES + "[device.read]\nkind = 'mtj'\nRA_P = '10 ohm um^2'\nTMR = 1\n", workers=1)
    with SceneRun(Request(tmp_path / "scene.toml", tmp_path / "alone"), member=1) as run:
        run.carry_out(Silent())
    for name in ("table.csv", "tables/modes.csv", "device_read.json"):
        member = tmp_path / "out" / "members" / "0001" / name
        assert (tmp_path / "alone" / name).read_bytes() == member.read_bytes(), name
    told = json.loads((tmp_path / "alone" / "device_read.json").read_text(encoding="utf-8"))
    assert float(data["read.R_P"][1]) == told["figures"]["R_P"]["value"]


def test_figures_and_curves_of_a_device_lie_over_the_sweep_and_their_own_axes(swept):
    data = swept(WRITE + DELTAS)
    assert data["write.energy"].dims == ("Delta", "write.mechanism", "write.diameter")
    assert data["write.energy_spin_transfer"].dims == ("Delta",)
    assert data["write.energy_spin_transfer"].attrs["units"] == "J"
    for k, Delta in enumerate((40, 60, 80)):
        one = write_limits([20e-9, 40e-9], [SpinTransferWrite(), VoltageWrite()], Delta=Delta)
        np.testing.assert_array_equal(data["write.energy"][k], one.energy)
        assert float(data["write.energy_spin_transfer"][k]) == one.energy_spin_transfer
    np.testing.assert_array_equal(data["write.diameter"], [20e-9, 40e-9])


def test_axes_that_differ_between_members_count_and_their_values_are_a_variable(swept):
    data = swept(WRITE + '[sweep.quantities.d]\npath = "device.write.diameter.1"\nvalues = ["30 nm", "50 nm"]\n')
    assert data["write.B_K"].dims == ("d", "write.diameter_number")
    np.testing.assert_array_equal(data["write.diameter"], [[20e-9, 30e-9], [20e-9, 50e-9]])
    wanted = write_limits([20e-9, 50e-9], [SpinTransferWrite(), VoltageWrite()])
    np.testing.assert_array_equal(data["write.B_K"][1], wanted.B_K)


REPLICAS = CELL.format(cells=1).replace('"0.2 T"]', "0.2]") + "[[stages]]\nkind = 'modes'\ncount = 1\n"


def test_replicas_of_members_are_a_dimension(swept):
    text = REPLICAS.replace("B = [0, 0, 0.2]", "B = { replicas = [[0, 0, 0.1], [0, 0, 0.3]] }")
    data = swept(text + '[sweep.quantities.Ms]\npath = "material.Ms"\nvalues = ["600 kA/m", "800 kA/m"]\n')
    assert data["modes.frequency"].dims == ("Ms", "replica", "mode")
    wanted = GAMMA_E / (2 * np.pi) * np.array([0.1, 0.3]) / (1 + 0.01**2)
    np.testing.assert_allclose(data["modes.frequency"][:, :, 0], [wanted, wanted], rtol=1e-9)
    moment = data.Ms.values[:, None] * 125e-27
    np.testing.assert_allclose(data.E_zeeman, -moment * [[0.1, 0.3]], rtol=1e-12)


SWITCHING = """
[mesh]
cells = [1, 1, 1]
cell = ["5 nm", "5 nm", "5 nm"]
[material]
Ms = "800 kA/m"
alpha = 0.5
[terms.thermal]
T = "300 K"
seed = 3
[terms.zeeman]
B = [0, 0, 0]
[initial]
kind = "uniform"
direction = [0, 0, 1]
[ensemble]
replicas = 12
[[stages]]
kind = "run"
duration = "40 ps"
dt = "1 ps"
until = { column = "mz", below = 0.6 }
[sweep.quantities.field]
path = "terms.zeeman.B.2"
values = ["-1 T", 0]
[expect.share]
column = "t_stop"
measure = "share"
member = { field = 0 }
value = 0.5
sigmas = 40
source = "at 300 K the moment of a cell of 5 nm turns by a radian or so in 40 ps"
"""


def test_an_ensemble_for_each_value_and_no_noise_twice(swept, tmp_path):
    data = swept(SWITCHING)
    table = read_table(tmp_path / "out" / "members" / "0001" / "table.csv")
    last = [np.isfinite(table.replica(k)["t_stop"][-1]) for k in range(12)]
    assert float(data["switching.probability"][1]) == close(np.mean(last))
    assert float(data["switching.stopped"][1]) == sum(last)
    assert float(data["switching.probability_low"][1]) <= np.mean(last) <= float(data["switching.probability_high"][1])
    assert data.t_stop.dims == ("field", "replica")
    same = SWITCHING.replace('values = ["-1 T", 0]', 'values = [0, "1e-300 T"]')
    mx = swept(same, "same").mx.values
    assert np.unique(mx).size == mx.size


def test_expectations_of_figures_tables_and_ensembles(swept, tmp_path):
    figure = (
        '[expect.{}]\ncolumn = "write.energy_spin_transfer"\nvalue = {}\ntolerance = 1e-22\n'
        'source = "the closed form"\n{}\n'
    )
    limits = [write_limits([20e-9, 40e-9], [SpinTransferWrite()], Delta=Delta) for Delta in (40, 60, 80)]
    wanted = [limit.energy_spin_transfer for limit in limits]
    cases = {
        "one": (wanted[1], "member = { Delta = 60 }"),
        "mean": (np.mean(wanted), 'statistic = "mean"'),
        "along": (np.mean(wanted[:2]), 'measure = "at"\nalong = "Delta"\nat = 50'),
        "wrong": (wanted[0], ""),
    }
    text = WRITE + DELTAS + "".join(figure.format(name, *case) for name, case in cases.items())
    (tmp_path / "scene.toml").write_text(text, encoding="utf-8")
    found = {each.name: each for each in run_scene(tmp_path / "scene.toml", tmp_path / "out")}
    assert {name for name, each in found.items() if not each.holds} == {"wrong"}
    assert found["wrong"].came == wanted[2]
    (tmp_path / "scene.toml").write_text(SWITCHING, encoding="utf-8")
    (share,) = run_scene(tmp_path / "scene.toml", tmp_path / "ensemble")
    assert share.tolerance == close(40 * np.sqrt(0.25 / 12))


def test_named_results_are_read_off_further_tables_and_devices(swept):
    add = (
        '[sweep.results.second]\ntable = "modes"\ncolumn = "frequency"\nmeasure = "at"\nalong = "mode"\nat = 1\n'
        '[sweep.results.R]\ncolumn = "read.R_P"\n'
        "[device.read]\nkind = 'mtj'\nRA_P = '10 ohm um^2'\nTMR = 1\n"
    )
    data = swept(MODES + add)
    np.testing.assert_array_equal(data.second, data["modes.frequency"][:, 1])
    np.testing.assert_array_equal(data.R, data["read.R_P"])


PILLAR = CELL.format(cells=1).replace("[terms.zeeman]", """
[terms.uniaxial_anisotropy]
Ku1 = "0.3 MJ/m^3"
[terms.slonczewski]
P = 0.5
J = 0
[terms.zeeman]""").replace("[0, 0, 1]", "[0.02, 0, 1]").replace('B = [0, 0, "0.2 T"]', "B = [0, 0, 0]") + """
[[stages]]
kind = "operate"
device = "bit"
[device.bit]
kind = "nanopillar"
[device.bit.measure]
kind = "critical_current"
criterion = "growth"
low = "10 GA/m^2"
high = "900 GA/m^2"
duration = "0.5 ns"
currents = 4
tolerance = 0.1
[sweep.quantities.Ku]
path = "terms.uniaxial_anisotropy.Ku1"
values = ["0.1 MJ/m^3", "0.001 MJ/m^3", "0.2 MJ/m^3"]
"""  # fmt: skip


def test_a_member_that_fails_stops_no_other_and_what_is_damaged_is_computed_again(swept, tmp_path):
    """Of the second the bracket holds no critical current: its lower end writes already."""
    data = swept(PILLAR)
    assert list(data.status.values) == ["finished", "failed", "finished"]
    assert "low writes already" in str(data.error.values[1])
    current, sigma = data["bit.J_c"], data["bit.sigma_J_c"]
    assert current.attrs["ancillary_variables"] == "bit.sigma_J_c"
    assert np.isnan(current.values).tolist() == [False, True, False]
    wanted = 4 * 1.602176634e-19 * 0.01 / (1.054571817e-34 * 0.5) * data.Ku * 5e-9
    assert (abs(current - wanted)[::2] < 2 * sigma[::2]).all()
    assert data.mz.dims == ("Ku", "replica")
    lines = (tmp_path / "out" / "members.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "out" / "members.jsonl").write_bytes(b"".join(lines[:2]) + lines[2][:30])
    (tmp_path / "out" / "members" / "0000" / "device_bit.json").write_text("{}")
    assert same_content(swept(PILLAR), data)
    numbers = [json.loads(line)["member"] for line in (tmp_path / "out" / "members.jsonl").read_text().splitlines()]
    assert sorted(numbers) == [0, 0, 1, 2]


def test_a_figure_goes_before_a_column_of_the_same_name(swept):
    """J of a nanopillar is a column, the current now, and the axis of its switching times."""
    i, j = PILLAR.index("[device.bit.measure]"), PILLAR.index("[sweep")
    measure = 'kind = "switching_times"\nJ = ["400 GA/m^2"]\nduration = "0.05 ns"\n'
    data = swept(PILLAR[:i] + f"[device.bit.measure]\n{measure}[output]\ncolumns = ['bit']\n" + PILLAR[j:])
    assert data["bit.time"].dims == ("Ku", "bit.J")
    np.testing.assert_array_equal(data["bit.J"], [4e11])
    assert data["bit.state"].dims == ("Ku",)


def test_partial_results_are_readable_while_it_runs(swept, monkeypatch):
    monkeypatch.setattr(driver, "WRITE_EVERY", 0.0)
    monkeypatch.setattr(driver, "WRITE_SHARE", 1e9)
    seen = []
    original = driver.write_dataset
    monkeypatch.setattr(driver, "write_dataset", lambda path, data: seen.append(data) or original(path, data))
    whole = swept(WRITE + DELTAS)
    assert [int(np.isfinite(data["write.energy_spin_transfer"]).sum()) for data in seen] == [1, 2, 3]
    assert same_content(seen[-1], whole)


def test_what_a_member_reads_goes_with_it(tmp_path):
    """To a worker that has no such files."""
    np.savetxt(tmp_path / "drive.csv", [[0, 0], [1e-12, 1]], delimiter=",", header="t (s),value", comments="")
    text = WRITE.replace(
        'B = [0, 0, "0.2 T"]', 'B = { value = [0, 0, 0.2], signal = { kind = "table", file = "drive.csv" } }'
    )
    (tmp_path / "scene.toml").write_text(text + DELTAS, encoding="utf-8")
    sweep = load_sweep(tmp_path / "scene.toml")
    task = pickle.loads(pickle.dumps(sweep.chunk(sweep.groups[0], sweep.groups[0].members)))
    (tmp_path / "drive.csv").unlink()
    (result,) = pickle.loads(pickle.dumps(compute_alone(task)))
    assert not result.error
    assert result.devices["write"]["result"] == "WriteLimits"


def test_fields_of_the_end(swept, tmp_path):
    from fdmag.output import read_vti

    swept(MODES + '[sweep]\nfields = "final"\n')
    assert set(read_vti(tmp_path / "out" / "members" / "0002" / "m.vti").fields) == {"m"}


def test_a_name_that_an_axis_has_is_told(swept):
    with pytest.raises(SceneError, match="a dimension has this name too"):
        swept(MODES.replace("quantities.field", "quantities.mode"))


def test_two_stages_with_a_table_have_variables_of_their_own(swept):
    again = "[[stages]]\nkind = 'set'\nvalues = { 'terms.zeeman.B' = [0, 0, 0.5] }\n"
    again += "[[stages]]\nkind = 'modes'\ncount = 1\n"
    data = swept(MODES.replace("[sweep", again + "[sweep", 1))
    assert data["modes_0.frequency"].shape == (3, 2)
    np.testing.assert_allclose(data["modes_2.frequency"][:, 0], GAMMA_E * 0.5 / (2 * np.pi) / (1 + 1e-4), rtol=1e-9)
