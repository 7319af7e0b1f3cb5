"""Runs that stop and ensembles that grow, by scene."""

import json

import numpy as np
import pytest

from fdmag.output import read_table
from fdmag.scene.ensemble import switching
from fdmag.scene.run import run_scene
from tests.closeness import close

ONE = ("cells = [10, 10, 1]", "cells = [1, 1, 1]")
QUARTER = np.pi / 2 / (1.76085963023e11 * 0.1)
TURNING = """
[mesh]
cells = [1, 1, 1]
cell = ["5 nm", "5 nm", "5 nm"]
[material]
Ms = "800 kA/m"
alpha = 0
[terms.zeeman]
B = { replicas = [[0, 0, "100 mT"], [0, 0, "50 mT"], [0, 0, 0]] }
[initial]
kind = "uniform"
direction = [1, 0, 0]
[[stages]]
kind = "run"
duration = "0.1 ns"
table_every = "0.04 ns"
tolerance = 1e-9
until = { column = "mx", below = 0 }
[expect.first]
column = "t_stop"
value = "89.2062 ps"
tolerance = "0.1 fs"
source = "a quarter turn, pi / (2 gamma B)"
[expect.share]
column = "t_stop"
measure = "share"
value = 0.333333
tolerance = 1e-5
source = "one of three"
[expect.mean]
column = "mz"
measure = "mean_of_replicas"
value = 0
tolerance = 1e-12
source = "m turns about z"
"""
HOT = """
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
B = [0, 0, "-50 mT"]
[initial]
kind = "random"
seed = 2
[ensemble]
replicas = CHUNK
[[stages]]
kind = "run"
duration = "10 ps"
dt = "0.5 ps"
until = { column = "mz", below = -0.5 }
[output]
formats = []
"""


def test_a_run_stops_and_says_when(tmp_path):
    path, out = tmp_path / "turning.toml", tmp_path / "out"
    path.write_text(TURNING)
    assert all(outcome.holds for outcome in run_scene(path, out))
    table = read_table(out / "table.csv")
    stopped = table.replica(0)
    assert stopped["t_stop"][-1] == stopped["t"][-1] == close(QUARTER, rel=1e-8)
    assert np.isnan(stopped["t_stop"][:-1]).all()
    np.testing.assert_allclose(table.replica(2)["t"], [0, 0.04e-9, 0.08e-9, 0.1e-9])
    figures = json.loads((out / "run.json").read_text())["switching"][0]
    assert (figures["replicas"], figures["stopped"]) == (3, 1)
    assert figures["probability"]["low"] < 1 / 3 < figures["probability"]["high"]
    assert "time_constant" not in figures  # of different devices there is none
    assert figures["differ"] == ["terms.zeeman.B"]
    lines = (out / "switching.csv").read_text().splitlines()
    assert lines[0].startswith("stage (1),t (s),not_stopped")
    assert [float(cell) for cell in lines[1].split(",")[:3]] == close([0, QUARTER, 2 / 3])


def test_a_run_ends_when_all_have_stopped(tmp_path):
    path = tmp_path / "turning.toml"
    path.write_text(
        TURNING.replace(', [0, 0, "50 mT"], [0, 0, 0]', "").replace("0.333333", "1").replace("0.1 ns", "9 ns")
    )
    assert all(outcome.holds for outcome in run_scene(path, tmp_path / "out"))
    times = read_table(tmp_path / "out" / "table.csv")["t"]
    np.testing.assert_allclose(times, [0, 0.04e-9, 0.08e-9, QUARTER], rtol=1e-8)


def test_replicas_do_not_depend_on_how_many_are_computed_at_a_time(tmp_path):
    """12 in one go, and 4 at a time until there are 12, as far as they are allowed: the same rows."""
    found, told = [], []
    for chunk, further in ((12, ""), (4, "relative_error = 1e-6\nmost = 13\n")):
        path, out = tmp_path / f"hot{chunk}.toml", tmp_path / f"out{chunk}"
        path.write_text(HOT.replace("CHUNK", f"{chunk}\n{further}"))
        run_scene(path, out)
        table = read_table(out / "table.csv")
        order = np.lexsort([table["t"], table["replica"]])
        found.append({name: table[name][order] for name in table.columns})
        told.append(json.loads((out / "run.json").read_text()))
        assert told[-1]["replicas"] == told[-1]["switching"][0]["replicas"] == 12
    for name, values in found[0].items():
        np.testing.assert_array_equal(found[1][name], values)
    assert np.unique(found[0]["mx"]).size > 20
    for figure in ("steps", "rejected_steps", "evaluations"):
        assert len(told[0][figure]) == 12
        assert told[1][figure] == told[0][figure]


def test_the_interval_written_has_the_confidence_asked_for(tmp_path):
    widths = {}
    for confidence in (0.5, 0.99):
        path, out = tmp_path / f"{confidence}.toml", tmp_path / f"{confidence}"
        path.write_text(HOT.replace("CHUNK", f"10\nconfidence = {confidence}"))
        run_scene(path, out)
        rows = np.loadtxt(out / "switching.csv", delimiter=",", skiprows=1)
        widths[confidence] = (rows[:, 4] - rows[:, 3]).max()
        assert json.loads((out / "run.json").read_text())["switching"][0]["confidence"] == confidence
    assert widths[0.99] > 2 * widths[0.5]


def test_an_ensemble_ends_when_the_figure_is_known(tmp_path):
    path, out = tmp_path / "hot.toml", tmp_path / "out"
    path.write_text(HOT.replace("CHUNK", "20\nrelative_error = 0.2"))
    run_scene(path, out)
    table = read_table(out / "table.csv")
    found = switching(table, 0, 10e-12)
    assert found.probability().relative_error <= 0.2
    assert found.n > 20
    earlier = table["replica"] < found.n - 20
    fewer = type(table)({name: column[earlier] for name, column in table.columns.items()}, table.units)
    assert switching(fewer, 0, 10e-12).probability().relative_error > 0.2


def test_tables_of_stages_number_replicas_through(tmp_path):
    """Of an ensemble that grows: no number comes twice."""
    stages = """
[[stages]]
kind = "spectrum"
duration = "16 ps"
sample_every = "1 ps"
peaks = 1
[[stages]]
kind = "set"
values = { "terms.thermal.T" = 0, "terms.zeeman.B" = [0, 0, "10 mT"] }
[[stages]]
kind = "barrier"
start = { kind = "uniform", direction = [0, 0, 1] }
end = { kind = "uniform", direction = [0, 0, -1] }
path = { kind = "rotation", through = [1, 0, 0] }
images = 5
[terms.uniaxial_anisotropy]
Ku1 = "400 kJ/m^3"
"""
    path, out = tmp_path / "hot.toml", tmp_path / "out"
    path.write_text(HOT.replace("CHUNK", "2\nrelative_error = 1e-6\nmost = 4") + stages)
    run_scene(path, out)
    for name, rows in (("spectrum", 9), ("barrier_3", 5)):
        replica = read_table(out / "tables" / f"{name}.csv")["replica"]
        np.testing.assert_array_equal(np.bincount(replica), [rows] * 4)


def test_t_stop_is_that_of_the_stage(tmp_path):
    """A relaxation that follows has none."""
    path, out = tmp_path / "turning.toml", tmp_path / "out"
    text = TURNING.replace("alpha = 0\n", "alpha = 0.01\n").replace("tolerance = 1e-9\n", "")
    path.write_text(text[: text.index("[expect.first]")] + '[[stages]]\nkind = "relax"\nmax_torque = 1\n')
    run_scene(path, out)
    table = read_table(out / "table.csv")
    assert np.isfinite(table["t_stop"][table["stage"] == 0]).any()
    assert np.isnan(table["t_stop"][table["stage"] == 1]).all()


def test_noise_is_left_out_of_a_minimisation(tmp_path):
    """As in Python: a thermal run may begin in the state of lowest energy."""
    path, out = tmp_path / "hot.toml", tmp_path / "out"
    text = HOT.replace("CHUNK", "2").replace("[[stages]]", '[[stages]]\nkind = "minimize"\n[[stages]]')
    path.write_text(text)
    run_scene(path, out)
    table = read_table(out / "table.csv")
    np.testing.assert_allclose(table["mz"][table["stage"] == 0], -1, rtol=1e-6)


RUN = 'duration = "1 ps"'


@pytest.mark.parametrize(
    ("change", "add", "message"),
    [
        (f'{RUN}\nuntil = {{ column = "mz" }}', "", "came neither of below and above"),
        (f'{RUN}\nuntil = {{ column = "mz", below = 0, above = 1 }}', "", "came both of below and above"),
        (f'{RUN}\nuntil = {{ column = "mq", below = 0 }}', "", '"mq" is no column'),
        (f'{RUN}\nuntil = {{ column = "t", below = 0 }}', "", '"t" is no column'),
        (f'{RUN}\nuntil = {{ column = "vortex_core", below = 0 }}', "", "stands for vortex_core.x"),
        (f'{RUN}\nuntil = {{ column = "wall_position", above = "3 mT" }}', "", "3 mT"),
        (RUN, "[ensemble]\nreplicas = 0", "number of replicas is an integer from 1"),
        (RUN, "[ensemble]\nreplicas = 2\nrelative_error = 0.1", "needs a run that replicas stop in"),
        (
            f'{RUN}\nuntil = {{ column = "mz", below = 0 }}',
            "[ensemble]\nreplicas = 2\nrelative_error = 0.1",
            "needs noise",
        ),
        (RUN, "[ensemble]\nreplicas = 2\nconfidence = 1.5", "above 0 and below 1"),
        (RUN, "[ensemble]\nreplicas = 9\nrelative_error = 0.1\nmost = 8", "came most = 8, but 9 replicas are computed"),
        (
            f'{RUN}\nuntil = {{ column = "mz", below = 0 }}\n[[stages]]\nkind = "relax"',
            '[expect.a]\ncolumn = "t_stop"\nmeasure = "share"\nvalue = 0\nsigmas = 3\nsource = "x"',
            "in stage 2 no replica may stop; stages with until, counted from 0: 1",
        ),
        (RUN, '[expect.a]\ncolumn = "mz"\nvalue = 0\nsource = "x"', "came neither of tolerance and sigmas"),
        (RUN, '[expect.a]\ncolumn = "mz"\nvalue = 0\nsigmas = 3\nsource = "x"', "has no standard error"),
        (
            RUN,
            '[expect.a]\ncolumn = "mz"\nmeasure = "share"\nvalue = 0\nsigmas = 3\nsource = "x"',
            "of the column t_stop",
        ),
        (RUN, '[expect.a]\ncolumn = "t_stop"\nmeasure = "share"\nvalue = 0\nsigmas = 3\nsource = "x"', "is no column"),
    ],
)
def test_what_is_wrong_is_told(scenes, change, add, message):
    assert message in scenes.errors((RUN, change), add=add)


def lot(folder, J):
    """Two fields, four times each, in noise: two devices of four replicas."""
    path = folder / "lot.toml"
    text = HOT.replace("CHUNK", "8").replace('B = [0, 0, "-50 mT"]', f"B = {{ replicas = {J} }}")
    path.write_text(text.replace("seed = 2", "seed = 4"), encoding="utf-8")
    return path


def test_replicas_that_differ_are_a_lot_of_devices(tmp_path):
    """Figures of the lot are of a device drawn like these; those of each device are of its own replicas."""
    up, down = '[0, 0, "5 T"]', '[0, 0, "-5 T"]'
    run_scene(lot(tmp_path, f"[{', '.join([up, down] * 4)}]"), tmp_path / "out")
    (figures,) = json.loads((tmp_path / "out" / "run.json").read_text())["switching"]
    assert figures["differ"] == ["terms.zeeman.B"]
    assert "devices drawn at random" in figures["of"]
    assert "time_constant" not in figures
    first, second = figures["devices"]
    assert (first["replica"], second["replica"], first["replicas"], second["replicas"]) == (0, 1, 4, 4)
    assert second["stopped"] == 4
    assert first["stopped"] + second["stopped"] == figures["stopped"]
    assert second["probability"]["low"] == close(0.025**0.25)  # Clopper and Pearson of 4 of 4
    assert figures["probability"]["high"] < 1
    assert "time_constant" in second


def test_replicas_with_the_same_values_are_one_device(tmp_path):
    run_scene(lot(tmp_path, f"[{', '.join(['[0, 0, -1]'] * 8)}]"), tmp_path / "out")
    (figures,) = json.loads((tmp_path / "out" / "run.json").read_text())["switching"]
    assert "differ" not in figures
    assert "time_constant" in figures


def test_devices_that_all_differ_are_not_told_one_by_one(tmp_path):
    """One replica each says nothing of a device."""
    values = [f"[0, 0, {-0.1 * k}]" for k in range(8)]
    run_scene(lot(tmp_path, f"[{', '.join(values)}]"), tmp_path / "out")
    (figures,) = json.loads((tmp_path / "out" / "run.json").read_text())["switching"]
    assert figures["differ"] == ["terms.zeeman.B"]
    assert "devices" not in figures
