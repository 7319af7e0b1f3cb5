"""Runs of sweeps: what they leave, that they go on after a kill, and that one bad member stops no other."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import fdmag
from fdmag.errors import OutputError, ParameterError
from fdmag.output import read_table
from fdmag.scene.run import run_scene
from fdmag.scene.sweeps import dataset, driver, executors
from fdmag.scene.sweeps.chunk import compute
from tests.scene.sweeps.conftest import FIELD, same_content

xarray = pytest.importorskip("xarray")
SLOW = [('duration = "20 ps"', 'duration = "1 ns"'), ('table_every = "10 ps"', 'table_every = "0.5 ns"')]


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch):
    monkeypatch.setenv("FDMAG_THREADS", "1")
    monkeypatch.setenv("FDMAG_DEVICE", "numpy")


def opened(folder):
    with xarray.open_dataset(folder / "sweep.nc", engine="h5netcdf") as data:
        return data.load()


def test_what_a_sweep_leaves(sweeps, tmp_path):
    add = FIELD + (
        '[sweep.quantities.alpha]\npath = "material.alpha"\nvalues = [0.1, 0.3]\n'
        '[sweep.results.early]\ncolumn = "mx"\nmeasure = "at"\nat = "5 ps"\n'
        '[sweep.results.mean_energy]\ncolumn = "E_total"\nmeasure = "mean"\n'
    )
    data = fdmag.sweep(sweeps.write(add), tmp_path / "out")
    assert data.sizes == {"field": 4, "alpha": 2, "row": 3}
    assert data.field.attrs == {"units": "T", "path": "terms.zeeman.B.2"}
    np.testing.assert_allclose(data.field, np.linspace(-0.02, 0.02, 4))
    assert data.E_total.attrs["units"] == "J"
    assert (data.status == "finished").all()
    assert same_content(opened(tmp_path / "out"), data)
    for member in range(8):
        table = read_table(tmp_path / "out" / "members" / f"{member:04d}" / "table.csv")
        place = {"field": member // 2, "alpha": member % 2}
        at = data.isel(place)
        assert int(at.member) == member
        assert float(at.mz) == table["mz"][-1]
        np.testing.assert_array_equal(at.row_mz, table["mz"])
        assert float(at.early) == pytest.approx((table["mx"][0] + table["mx"][1]) / 2)
        assert float(at.mean_energy) == pytest.approx(table["E_total"].mean())
    np.testing.assert_array_equal(data.row_t, [0, 1e-11, 2e-11])
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["status"] == "finished"
    assert record["finished_members"] == 8
    assert record["evaluations"] == int(data.evaluations.sum())


def test_a_finished_sweep_is_read_again_and_takes_new_readings(sweeps, tmp_path, monkeypatch):
    fdmag.sweep(sweeps.write(), tmp_path / "out")
    monkeypatch.setattr("fdmag.scene.sweeps.driver.compute", None)  # nothing may be computed
    again = fdmag.sweep(
        sweeps.write(FIELD + '[sweep.results.top]\ncolumn = "mz"\nmeasure = "maximum"\n'), tmp_path / "out"
    )
    assert again.top.values == pytest.approx(again.row_mz.max("row").values, abs=0)


def test_partial_results_are_readable_while_it_runs(sweeps, tmp_path, monkeypatch):
    monkeypatch.setattr(driver, "WRITE_EVERY", 0.0)
    monkeypatch.setattr(driver, "WRITE_SHARE", 1e9)
    seen = []

    def write(path, data) -> None:
        dataset.write_dataset(path, data)
        seen.append(int((opened(path.parent).status == "finished").sum()))

    monkeypatch.setattr(driver, "write_dataset", write)
    fdmag.sweep(sweeps.write(), tmp_path / "out", together=1)
    assert seen == [1, 2, 3, 4]


def test_random_members_can_be_added(sweeps, tmp_path):
    random = (
        '[sweep]\nkind = "monte_carlo"\nmembers = {}\nseed = 1\n'
        '[sweep.quantities.alpha]\npath = "material.alpha"\nuniform = {{ lowest = 0.1, highest = 0.3 }}\n'
    )
    few = fdmag.sweep(sweeps.write(random.format(3)), tmp_path / "out")
    many = fdmag.sweep(sweeps.write(random.format(5)), tmp_path / "out")
    assert json.loads((tmp_path / "out" / "run.json").read_text())["recovered"] == 3
    assert same_content(few, many.isel(member=slice(3)))


def test_another_scene_does_not_go_into_the_directory_of_a_sweep(sweeps, tmp_path):
    fdmag.sweep(sweeps.write(), tmp_path / "out")
    with pytest.raises(OutputError, match="of another scene"):
        fdmag.sweep(sweeps.write(FIELD, ("alpha = 0.1", "alpha = 0.2")), tmp_path / "out")
    with pytest.raises(OutputError, match="--overwrite"):
        run_scene(sweeps.write(""), tmp_path / "out")
    data = fdmag.sweep(sweeps.write(FIELD, ("alpha = 0.1", "alpha = 0.2")), tmp_path / "out", overwrite=True)
    assert (data.status == "finished").all()


def test_an_unfinished_sweep_is_not_replaced_by_a_run(sweeps, tmp_path):
    fdmag.sweep(sweeps.write(), tmp_path / "out")
    record = json.loads((tmp_path / "out" / "run.json").read_text()) | {"status": "interrupted"}
    (tmp_path / "out" / "run.json").write_text(json.dumps(record))
    with pytest.raises(OutputError, match="an unfinished sweep"):
        run_scene(sweeps.write(""), tmp_path / "out")


def test_only_what_is_missing_is_computed(sweeps, tmp_path):
    """A table that is damaged, a line that is cut short and a member that never ran are missing; others are not."""
    out = tmp_path / "out"
    whole = fdmag.sweep(sweeps.write(FIELD.replace("4]", "6]")), out, together=1)
    lines = (out / "members.jsonl").read_bytes().splitlines(keepends=True)
    (out / "members.jsonl").write_bytes(b"".join(lines[:4]) + lines[4][:20])
    (out / "members" / "0001" / "table.csv").write_text("t (s)\n")
    times = {k: (out / "members" / f"{k:04d}" / "table.csv").stat().st_mtime_ns for k in range(6)}
    again = fdmag.sweep(sweeps.path, out, together=1)
    assert same_content(whole, again)
    changed = {k for k in range(6) if (out / "members" / f"{k:04d}" / "table.csv").stat().st_mtime_ns != times[k]}
    assert changed == {1, 4, 5}
    numbers = [json.loads(line)["member"] for line in (out / "members.jsonl").read_text().splitlines()]
    assert sorted(numbers) == [0, 1, 1, 2, 3, 4, 5]


def test_one_member_that_fails_is_told_and_stops_no_other(sweeps, tmp_path):
    """A step of 1 ns at 5 T leads nowhere; its neighbours come out as without it, in chunks of any size."""
    add = '[sweep.quantities.B]\npath = "terms.zeeman.B.2"\nvalues = [0.01, 0.02, 1e12, 0.03]\n'
    failing = ('table_every = "10 ps"', 'table_every = "10 ps"\ntolerance = 1e-5')
    data = fdmag.sweep(sweeps.write(add, failing), tmp_path / "out", together=4)
    assert list(data.status.values) == ["finished", "finished", "failed", "finished"]
    assert "needs a step below 1e-21 s" in str(data.error.values[2])
    assert np.isnan(data.mz.values).tolist() == [False, False, True, False]
    assert same_content(data, fdmag.sweep(sweeps.path, tmp_path / "single", together=1))
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert list(record["failed_members"]) == ["2"]


def test_descents_that_do_not_end_fail_alone(sweeps, tmp_path):
    relax = ('kind = "run"\nduration = "20 ps"\ntable_every = "10 ps"', 'kind = "minimize"\nmax_steps = 5')
    add = FIELD.replace('"-20 mT", "20 mT", 4', '"1 mT", "3 T", 5')
    data = fdmag.sweep(sweeps.write(add, relax), tmp_path / "out", together=5)
    assert set(data.status.values) == {"finished", "failed"}
    assert same_content(data, fdmag.sweep(sweeps.path, tmp_path / "single", together=1))


def test_errors_that_name_no_replica_are_found_by_halving(sweeps, monkeypatch):
    """A drive that leaves the range of its parameter in one member."""
    drive = (
        "alpha = 0.1",
        'alpha = { value = 0.1, signal = { kind = "ramp", length = "10 ps", before = 1, after = 0.5 } }',
    )
    add = '[sweep.quantities.after]\npath = "material.alpha.signal.after"\nvalues = [0.5, -1, 2]\n'
    sweep = sweeps.load(add, drive)
    results = [result for group in sweep.groups for result in compute(sweep.chunk(group, group.members))]
    assert [bool(result.error) for result in sorted(results, key=lambda each: each.member)] == [False, True, False]


COMMAND = [sys.executable, "-m", "fdmag.cli", "run"]


def started(sweeps, out, *options):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [*COMMAND, str(sweeps.path), "--out", str(out), "--quiet", *options], env=environment, stderr=subprocess.PIPE
    )


def wait_for(path, lines, process, seconds=120):
    """Wait until a file has so many lines."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.02)
    raise AssertionError(f"{path} did not grow: {process.poll()}, {process.stderr.read() if process.poll() else ''}")


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_killed_sweep_goes_on_where_it_was(workers, sweeps, tmp_path):
    sweeps.write(FIELD.replace("4]", "8]"), *SLOW)
    out = tmp_path / "out"
    process = started(sweeps, out, "--together", "1", "--workers", workers)
    wait_for(out / "members.jsonl", 2, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    done = (out / "members.jsonl").read_bytes().count(b"\n")
    assert 2 <= done < 8
    data = fdmag.sweep(sweeps.path, out, together=1)
    record = json.loads((out / "run.json").read_text())
    assert record["recovered"] >= done
    numbers = [json.loads(line)["member"] for line in (out / "members.jsonl").read_text().splitlines()]
    assert sorted(numbers) == list(range(8))  # each once
    assert same_content(data, fdmag.sweep(sweeps.path, tmp_path / "whole", together=8))


@pytest.mark.slow
def test_an_interrupted_sweep_leaves_what_is_done(sweeps, tmp_path):
    sweeps.write(FIELD.replace("4]", "8]"), *SLOW)
    out = tmp_path / "out"
    process = started(sweeps, out, "--together", "1", "--workers", "2")
    wait_for(out / "members.jsonl", 1, process)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert b"interrupted; what was computed is in" in told
    data = opened(out)
    assert json.loads((out / "run.json").read_text())["status"] == "interrupted"
    done = set((data.status == "finished").values.tolist())
    assert done == {True, False}
    assert set(data.status.values) == {"finished", "missing"}


@pytest.mark.slow
def test_a_chunk_whose_process_is_killed_is_computed_by_another(sweeps, tmp_path, monkeypatch):
    """Nothing is lost and nothing counted twice."""
    local: list[executors.LocalProcesses] = []
    original = executors.LocalProcesses
    monkeypatch.setattr(executors, "LocalProcesses", lambda *given: local.append(original(*given)) or local[-1])
    sweeps.write(FIELD.replace("4]", "6]"), *SLOW)
    out, killed = tmp_path / "out", []

    def kill() -> None:
        while not killed:
            path = out / "members.jsonl"
            if local and path.exists() and path.read_bytes().count(b"\n") >= 1:
                process = next(iter(local[0]._processes.values()))
                process.kill()
                killed.append(process.pid)
            time.sleep(0.01)

    threading.Thread(target=kill, daemon=True).start()
    data = fdmag.sweep(sweeps.path, out, workers=2, together=1)
    assert killed
    assert "ended (signal 9)" in (out / "log.txt").read_text()
    numbers = [json.loads(line)["member"] for line in (out / "members.jsonl").read_text().splitlines()]
    assert sorted(numbers) == list(range(6))
    assert same_content(data, fdmag.sweep(sweeps.path, tmp_path / "whole", together=3))


def test_final_fields_are_written_where_asked(sweeps, tmp_path):
    from fdmag.output import read_vti

    add = FIELD.replace("4]", "2]") + '[sweep]\nfields = "final"\n[output]\nfields = ["B.exchange"]\n'
    data = fdmag.sweep(sweeps.write(add), tmp_path / "out")
    for member in range(2):
        fields = read_vti(tmp_path / "out" / "members" / f"{member:04d}" / "m.vti").fields
        assert set(fields) == {"m", "B.exchange"}
        assert fields["m"][2].mean() == pytest.approx(float(data.mz[member]), rel=1e-6)


EXPECT = """
[expect.{name}]
column = "mz"
value = {value}
tolerance = 1e-6
source = "the table of the members"
{add}
"""


def test_expectations_of_a_sweep(sweeps, tmp_path):
    data = fdmag.sweep(sweeps.write(), tmp_path / "first")
    mz, field = data.mz.values, data.field.values
    cases = {
        "one": (mz[1], 'member = { field = "-6.666666666666667 mT" }'),
        "mean": (mz.mean(), 'statistic = "mean"'),
        "largest": (mz.max(), 'statistic = "maximum"'),
        "spread": (mz.std(), 'statistic = "standard_deviation"'),
        "along": (np.interp(0.001, field, mz), 'measure = "at"\nalong = "field"\nat = "1 mT"'),
        "wrong": (mz[0], ""),  # not every member
    }
    add = "".join(EXPECT.format(name=name, value=value, add=more) for name, (value, more) in cases.items())
    found = {each.name: each for each in run_scene(sweeps.write(FIELD + add), tmp_path / "second")}
    assert {name for name, outcome in found.items() if not outcome.holds} == {"wrong"}
    assert found["wrong"].came == mz[np.argmax(abs(mz - mz[0]))]


def test_command_line(sweeps, tmp_path):
    from typer.testing import CliRunner

    from fdmag.cli import app

    path = str(sweeps.write())
    told = CliRunner().invoke(app, ["check", path])
    assert "a sweep of 4 members: 4 (field); 1 batch" in told.output
    told = CliRunner().invoke(app, ["run", path, "--out", str(tmp_path / "out")])
    assert told.exit_code == 0, told.output
    assert "4 members: 4 (field); 1 batch" in told.output
    told = CliRunner().invoke(app, ["run", path, "--out", str(tmp_path / "out")])
    assert "4 done before" in told.output
    told = CliRunner().invoke(app, ["run", path, "--out", str(tmp_path / "two"), "--member", "2"])
    assert told.exit_code == 0
    alone = (tmp_path / "two" / "table.csv").read_bytes()
    assert alone == (tmp_path / "out" / "members" / "0002" / "table.csv").read_bytes()
    path = str(sweeps.write('[sweep.quantities.B]\npath = "terms.zeeman.B.2"\nvalues = [0.01, 1e12]\n'))
    told = CliRunner().invoke(app, ["run", path, "--out", str(tmp_path / "three")])
    assert told.exit_code == 3


def test_what_is_missing_to_sweep_is_told_before_anything_is_computed(sweeps, tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "find_spec", lambda name: None)
    with pytest.raises(ParameterError, match=r"pip install 'fdmag\[sweep\]'"):
        fdmag.sweep(sweeps.write(), tmp_path / "out")
    monkeypatch.undo()
    with pytest.raises(ParameterError, match="allowed: local, dask://HOST:PORT"):
        fdmag.sweep(sweeps.write(), tmp_path / "out", scheduler="slurm")
    monkeypatch.setattr(executors, "find_spec", lambda name: None)
    with pytest.raises(ParameterError, match=r"pip install 'fdmag\[cluster\]'"):
        fdmag.sweep(sweeps.write(), tmp_path / "out", scheduler="dask://localhost:1")
    assert not (tmp_path / "out").exists()
