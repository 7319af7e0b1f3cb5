"""What a run leaves behind, and that it repeats itself."""

import json
import logging
import math
import os
import threading
import tomllib
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from fdmag.backend import select_backend
from fdmag.errors import OutputError, SolverError
from fdmag.output import read_ovf, read_table
from fdmag.output.vtk_read import read_pvd
from fdmag.scene.directory import RunDirectory
from fdmag.scene.load import load_scene
from fdmag.scene.problems import SceneError
from fdmag.scene.run import _LogFile, run_scene
from tests.closeness import close

B, DURATION = '[0, 0, "10 mT"]', 'duration = "1 ps"'
EXPECT = '[expect.{name}]\ncolumn = "{column}"\nvalue = {value}\ntolerance = {tolerance}\nsource = "s"\n'


def status(folder: Path) -> dict:
    return json.loads((folder / "run.json").read_text())


def test_contents(scenes, tmp_path):
    path = scenes.write(
        (DURATION, 'duration = "1 ps"\ntable_every = "0.25 ps"\nfields_every = "0.5 ps"'),
        (B, '{ replicas = [[0, 0, "10 mT"], ["5 mT", 0, 0]] }'),
        add='title = "x"\n[initial]\nkind = "random"\nseed = 7\n'.replace('title = "x"\n', ""),
    )
    run_scene(path, tmp_path / "out")
    out = tmp_path / "out"
    assert sorted(entry.name for entry in out.iterdir()) == ["fields", "log.txt", "run.json", "scene.toml", "table.csv"]
    header = (out / "table.csv").read_text().splitlines()[0].split(",")
    wanted = [
        "t (s)",
        "stage (1)",
        "replica",
        "mx (1)",
        "my (1)",
        "mz (1)",
        "E_total (J)",
        "E_exchange (J)",
        "E_zeeman (J)",
    ]
    assert header == [*wanted, "max_torque (T)", "Bx (T)", "By (T)", "Bz (T)"]
    table = read_table(out / "table.csv")
    rows = table.replica(1)
    # one row after relax, then 0, 0.25, ... 1 ps
    assert rows["stage"].tolist() == [0, 1, 1, 1, 1, 1]
    assert rows["t"].tolist() == close([0, 0, 0.25e-12, 0.5e-12, 0.75e-12, 1e-12], rel=1e-14)
    assert table["replica"].tolist() == [0, 1] * 6
    record = status(out)
    assert record["status"] == "finished"
    assert record["seeds"] == {"initial.seed": 7}
    assert record["version"] == record["machine"]["fdmag"]
    assert record["precision"] == "float64"
    assert record["device"] == select_backend().name
    assert record["device_reason"] == select_backend().reason
    assert len(record["steps"]) == len(record["evaluations"]) == 2
    assert min(record["steps"]) > 0
    assert record["wall_time_s"] > 0
    assert record["expect_holds"]


def test_every_stage_has_its_final_frame_in_a_series(scenes, tmp_path):
    """Frames at the same time replace each other in m.pvd, but not in stages.pvd."""
    hysteresis = '[[stages]]\nkind = "hysteresis"\ndirection = [1, 0, 0]\nstart = 0\nstop = "1 mT"\nsteps = 1\n'
    path = scenes.write(
        (DURATION, DURATION + '\nfields_every = "0.5 ps"'),
        add='[[stages]]\nkind = "set"\nvalues = { "material.alpha" = 1 }\n' + hysteresis + "fields = true\n",
    )
    run_scene(path, tmp_path / "out")
    fields = tmp_path / "out" / "fields"
    # relax: 0; run: 1, 2, 3; hysteresis: 4, 5, 6 for its values, 7 at its end
    assert read_pvd(fields / "stages.pvd") == [(0.0, "m_000000.vti"), (1.0, "m_000003.vti"), (3.0, "m_000007.vti")]
    listed = {name for series in fields.glob("*.pvd") for _, name in read_pvd(series)}
    assert len(list(fields.glob("*.vti"))) == 8
    assert {entry.name for entry in fields.glob("*.vti")} == listed
    assert "optional entries not given are left out" in (tmp_path / "out" / "scene.toml").read_text()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_paraview_opens_the_time_series(scenes, tmp_path):
    pyvista = pytest.importorskip("pyvista")
    path = scenes.write((DURATION, 'duration = "1 ps"\nfields_every = "0.5 ps"'))
    run_scene(path, tmp_path / "out")
    reader = pyvista.get_reader(tmp_path / "out" / "fields" / "m.pvd")
    assert reader.time_values == close([0, 0.5e-12, 1e-12])
    reader.set_active_time_value(reader.time_values[-1])
    grid = reader.read()[0]
    rows = read_table(tmp_path / "out" / "table.csv")
    assert grid.cell_data["m"].shape == (100, 3)
    assert grid.cell_data["m"][:, 2].mean() == close(rows["mz"][-1], rel=1e-12)
    assert grid.bounds[1] - grid.bounds[0] == close(50e-9)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_hysteresis_has_a_series_of_its_own(scenes, tmp_path):
    pyvista = pytest.importorskip("pyvista")
    stage = 'kind = "hysteresis"\ndirection = [0, 0, 1]\nstart = "20 mT"\nstop = "-20 mT"\nsteps = 2\nfields = true\n'
    run_scene(scenes.write(('kind = "relax"', stage)), tmp_path / "out")
    reader = pyvista.get_reader(tmp_path / "out" / "fields" / "hysteresis_0.pvd")
    assert reader.time_values == [0, 1, 2, 3, 4]
    assert reader.read()[0].cell_data["m"].shape == (100, 3)
    rows = read_table(tmp_path / "out" / "table.csv")
    assert rows["Bz"][rows["stage"] == 0].tolist() == close([0.02, 0, -0.02, 0, 0.02])


@pytest.mark.parametrize("ovf", ["text", "binary4", "binary8"])
def test_ovf_on_request(scenes, tmp_path, ovf):
    path = scenes.write(
        (B, "{ replicas = [[0, 0, 1], [0, 1, 0]] }"), add=f'[output]\nformats = ["ovf"]\novf = "{ovf}"\n'
    )
    run_scene(path, tmp_path / "out")
    names = sorted(entry.name for entry in (tmp_path / "out" / "fields").iterdir())
    assert names == ["m_0000_000000.ovf", "m_0000_000001.ovf", "m_0001_000000.ovf", "m_0001_000001.ovf"]
    mean = read_ovf(tmp_path / "out" / "fields" / "m_0001_000001.ovf").values.mean(axis=(1, 2, 3))
    rows = read_table(tmp_path / "out" / "table.csv", replica=1)
    assert mean[2] == close(rows["mz"][-1], rel=1e-6 if ovf == "binary4" else 1e-13)


def test_no_fields(scenes, tmp_path):
    run_scene(scenes.write(add="[output]\nformats = []\n"), tmp_path / "out")
    assert not (tmp_path / "out" / "fields").exists()


RICH = """
title = "everything: \\"quotes\\", µ, 🧲 and \\u007f"
[mesh]
cells = [6, 4, 1]
cell = ["5 nm", "5 nm", "3 nm"]
[shapes."disc"]
kind = "ellipse"
diameters = ["25 nm", "18 nm"]
[geometry]
shape = { kind = "union", shapes = ["disc", { kind = "image", file = "pictures/p.npy" }] }
[regions.core]
shape = { kind = "box", size = ["10 nm", "10 nm", "10 nm"] }
[material]
Ms = { regions = { core = "800 kA/m", default = "700 kA/m" } }
alpha = { replicas = [0.5, 0.1] }
[terms.exchange]
A = { file = "a b µ.npy", unit = "pJ/m" }
[[terms.zeeman]]
B = { expression = ["10*sin(2*pi*t/ps)", "x/nm", 0], unit = "mT" }
[[terms.zeeman]]
B = { value = [0, 0, "0.1 T"], signal = "exp(-t/(5*ps))" }
[initial]
kind = "file"
file = "m.npy"
[[stages]]
kind = "run"
duration = "0.5 ps"
table_every = "0.1 ps"
[[stages]]
kind = "set"
values = { "material.alpha" = 0.3, "terms.zeeman_2.B" = { file = "b.npy" } }
[[stages]]
kind = "run"
duration = "0.5 ps"
solver = "rk4"
dt = "0.02 ps"
[expect.mz]
column = "mz"
replica = 1
measure = "at"
at = "0.3 ps"
stage = 0
value = 0
tolerance = 2
source = "any value"
"""


def test_resolved_scene_gives_the_identical_table(tmp_path):
    folder = tmp_path / "a scene µ"
    (folder / "pictures").mkdir(parents=True)
    rng = np.random.default_rng(3)
    np.save(folder / "pictures" / "p.npy", np.eye(4, 6))
    np.save(folder / "a b µ.npy", rng.uniform(5, 15, (1, 4, 6)))
    np.save(folder / "m.npy", rng.standard_normal((3, 1, 4, 6)))
    np.save(folder / "b.npy", rng.standard_normal((3, 1, 4, 6)))
    path = folder / "film – ø.toml"
    path.write_text(RICH, encoding="utf-8")
    run_scene(path, tmp_path / "first")
    run_scene(tmp_path / "first" / "scene.toml", tmp_path / "second")
    first, second = (tmp_path / name / "table.csv" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()
    assert len(read_table(first)) == 2 * (6 + 2)
    assert len(list((tmp_path / "first" / "inputs").iterdir())) == 4
    resolved = tomllib.loads((tmp_path / "first" / "scene.toml").read_text(encoding="utf-8"))
    again = tomllib.loads((tmp_path / "second" / "scene.toml").read_text(encoding="utf-8"))
    assert resolved == again
    assert resolved["material"]["gamma"] > 0
    assert resolved["stages"][0]["tolerance"] == 1e-6  # of rk4, which is for cells that are coupled


def test_a_linked_scene_finds_the_files_beside_its_target(scenes, tmp_path):
    np.save(scenes.folder / "m.npy", np.ones((3, 1, 10, 10)))
    path = scenes.write(add='[initial]\nkind = "file"\nfile = "m.npy"\n')
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "link.toml").symlink_to(path)
    np.testing.assert_allclose(load_scene(elsewhere / "link.toml").simulation.m, 3**-0.5, rtol=1e-12)


@pytest.mark.parametrize(
    ("check", "holds"),
    [
        (EXPECT.format(name="a", column="mz", value="1", tolerance="1e-3"), True),
        (EXPECT.format(name="a", column="mz", value="0.99", tolerance="1e-3"), False),
        (EXPECT.format(name="a", column="mz", value="1", tolerance="1e-3") + 'measure = "zero_crossing"\n', False),
        (
            EXPECT.format(name="a", column="t", value='"0.5 ps"', tolerance='"1 as"')
            + 'measure = "at"\nat = "0.5 ps"\n',
            True,
        ),
        (EXPECT.format(name="a", column="t", value='"1 ps"', tolerance='"1 as"') + 'measure = "maximum"\n', True),
        (EXPECT.format(name="a", column="t", value="0", tolerance='"1 as"') + 'measure = "minimum"\n', True),
        (EXPECT.format(name="a", column="t", value="0", tolerance='"1 as"') + "stage = 0\n", True),
    ],
)
def test_expectations(scenes, tmp_path, check, holds):
    (outcome,) = run_scene(scenes.write(add=check), tmp_path / "out")
    assert outcome.holds is holds
    record = status(tmp_path / "out")
    assert record["expect_holds"] is holds
    assert record["expect"][0]["holds"] is holds
    assert record["expect"][0]["source"] == "s"
    if "zero_crossing" in check:
        assert math.isnan(float(record["expect"][0]["came"]))


def test_finished_runs_are_kept(scenes, tmp_path):
    path, out = scenes.write(), tmp_path / "out"
    run_scene(path, out)
    before = {entry.name: entry.stat().st_mtime_ns for entry in out.rglob("*")}
    with pytest.raises(OutputError, match="holds a finished run"):
        run_scene(path, out)
    assert {entry.name: entry.stat().st_mtime_ns for entry in out.rglob("*")} == before
    run_scene(path, out, overwrite=True)
    assert status(out)["status"] == "finished"


def test_unfinished_runs_are_replaced(scenes, tmp_path):
    path, out = scenes.write(), tmp_path / "out"
    run_scene(path, out)
    (out / "run.json").write_text(json.dumps({"status": "running"}))
    (out / ".run.json.123-abcd.tmp").write_text("left by a kill")
    (out / "fields" / "m_000099.vti").write_text("old")
    run_scene(path, out)
    assert status(out)["status"] == "finished"
    assert not (out / "fields" / "m_000099.vti").exists()
    assert not (out / ".run.json.123-abcd.tmp").exists()


@pytest.mark.parametrize("name", ["notes.txt", "scene.toml", "inputs", "run.json"])
def test_foreign_files_are_never_removed(scenes, tmp_path, name):
    """Also where they have the names of a run's own files, as in a folder with a scene.toml in it."""
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("mine")
    with pytest.raises(OutputError, match="which is not part of a run"):
        run_scene(scenes.write(), out, overwrite=True)
    assert (out / name).read_text() == "mine"
    assert [entry.name for entry in out.iterdir()] == [name]


def test_a_run_does_not_remove_what_it_reads(scenes, tmp_path):
    run_scene(scenes.write(), tmp_path / "out")
    with pytest.raises(OutputError, match=r"holds scene\.toml, which this run reads"):
        run_scene(tmp_path / "out" / "scene.toml", tmp_path / "out", overwrite=True)
    assert status(tmp_path / "out")["status"] == "finished"


def test_one_run_at_a_time(scenes, tmp_path):
    path, out = scenes.write(), tmp_path / "out"
    with RunDirectory(out) as directory:
        directory.log.write("kept\n")
        directory.log.flush()
        with pytest.raises(OutputError, match="another process is writing a run here"):
            run_scene(path, out, overwrite=True)
        assert status(out)["status"] == "running"
        assert (out / "log.txt").read_text() == "kept\n"
    run_scene(path, out)
    assert "kept" not in (out / "log.txt").read_text()


def test_only_one_of_many_gets_the_directory(tmp_path):
    gate, got, refused = threading.Barrier(4), [], []

    def take():
        gate.wait()
        try:
            got.append(RunDirectory(tmp_path / "out"))
        except OutputError:
            refused.append(1)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 3)
    got[0].close()


def test_a_failed_run_says_so(scenes, tmp_path):
    path = scenes.write(('kind = "relax"', 'kind = "relax"\nmax_steps = 1'), (B, '["1 T", 0, 0]'))
    with pytest.raises(RuntimeError, match="relax"):
        run_scene(path, tmp_path / "out")
    record = status(tmp_path / "out")
    assert record["status"] == "failed"
    assert "SolverError" in record["error"]
    assert record["expect_holds"] is False
    assert "ERROR failed" in (tmp_path / "out" / "log.txt").read_text()


@pytest.mark.parametrize(("precision", "itemsize"), [("float64", 8), ("float32", 4)])
def test_memory_is_counted_for_cells_replicas_and_precision(scenes, monkeypatch, precision, itemsize):
    from fdmag.scene import checks

    need = 100 * 2 * checks.NUMBERS_PER_CELL * itemsize
    replicas = (B, "{ replicas = [[0, 0, 1], [0, 1, 0]] }")
    monkeypatch.setattr(checks, "available_memory", lambda: need)
    assert scenes.load(replicas, precision=precision).simulation.batch == 2
    monkeypatch.setattr(checks, "available_memory", lambda: need - 1)
    assert "[mesh] cells: came [10, 10, 1] with 2 replica(s)" in scenes.errors(replicas, precision=precision)


def test_memory_of_a_run_is_what_the_check_counts(scenes, tmp_path):
    """Traced peak of a run, also in float64 and with demag, stays below the count, and within a factor of four."""
    import tracemalloc

    from fdmag.scene.checks import NUMBERS_PER_CELL

    path = scenes.write(
        ("[10, 10, 1]", "[64, 64, 4]"), ('kind = "relax"', 'kind = "relax"\nmax_torque = 1'), add="[terms.demag]\n"
    )
    loaded = load_scene(path)
    tracemalloc.start()
    with pytest.raises(SolverError):
        loaded.simulation.relax(1e-9, max_steps=2)  # of all solvers the one that needs most
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    counted = 64 * 64 * 4 * NUMBERS_PER_CELL * 8
    assert counted / 4 < peak < counted


def test_warnings_do_not_reach_the_user(scenes):
    """Absurd numbers end in a problem, not in warnings of NumPy."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(SceneError):
            scenes.load(
                (B, "[1e300, 1e300, 1e300]"), add="[initial]\nkind = 'uniform'\ndirection = [1e300, 1e300, 0]\n"
            )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_that_the_disk_does_not_take_is_no_error(tmp_path, capsys):
    directory = RunDirectory(tmp_path / "out")
    directory.log.close()
    directory.log = Path("/dev/full").open("w", buffering=1)  # noqa: SIM115
    handler = _LogFile(directory.log)
    handler.handle(logging.LogRecord("fdmag", logging.INFO, "", 0, "a line", (), None))
    directory.close()
    assert capsys.readouterr().err == ""


def test_hours_of_an_unfinished_run_are_replaced_on_request_only(scenes, tmp_path):
    """What a kill left of a long run is not lost by starting the same command again."""
    scene, out = scenes.write(), tmp_path / "out"
    run_scene(scene, out, device="numpy")
    told = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps(told | {"status": "running"}))
    ended = datetime.fromisoformat(told["started"]).timestamp() + 9000
    os.utime(out / "table.csv", (ended, ended))
    before = (out / "table.csv").read_bytes()
    with pytest.raises(OutputError, match=r"holds 2\.5 h of a run that was not finished; go on from its last field"):
        run_scene(scene, out, device="numpy")
    assert (out / "table.csv").read_bytes() == before
    assert json.loads((out / "run.json").read_text())["status"] == "running"
    run_scene(scene, out, device="numpy", overwrite=True)
