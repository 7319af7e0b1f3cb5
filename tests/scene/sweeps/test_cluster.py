"""A sweep on a dask cluster of processes, one of which is killed in the middle."""

import json
import os
import signal
import sys
import threading
import time

import pytest

import fdmag
from fdmag.errors import ParameterError
from tests.scene.sweeps.conftest import FIELD, same_content
from tests.scene.sweeps.test_runs_of_their_own import DELTAS, WRITE
from tests.scene.sweeps.test_sweep_runs import SLOW

distributed = pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def cluster(monkeypatch):
    monkeypatch.setenv("FDMAG_THREADS", "1")
    monkeypatch.setenv("FDMAG_DEVICE", "numpy")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing_and_counts_nothing_twice(cluster, sweeps, tmp_path):
    sweeps.write(FIELD.replace("4]", "8]"), *SLOW)
    out, killed = tmp_path / "out", []

    def kill() -> None:
        while not killed:
            path = out / "members.jsonl"
            if path.exists() and path.read_bytes().count(b"\n") >= 2:
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)
            time.sleep(0.01)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    address = cluster.scheduler_address.removeprefix("tcp://")
    data = fdmag.sweep(sweeps.path, out, scheduler=f"dask://{address}", together=1)
    thread.join(timeout=10)
    assert killed
    assert (data.status == "finished").all()
    numbers = [json.loads(line)["member"] for line in (out / "members.jsonl").read_text().splitlines()]
    assert sorted(numbers) == list(range(8))
    assert same_content(data, fdmag.sweep(sweeps.path, tmp_path / "serial", together=8))


@pytest.mark.slow
def test_members_that_are_runs_of_their_own_come_out_as_here(cluster, tmp_path):
    (tmp_path / "scene.toml").write_text(WRITE + DELTAS, encoding="utf-8")
    address = cluster.scheduler_address.removeprefix("tcp://")
    data = fdmag.sweep(tmp_path / "scene.toml", tmp_path / "out", scheduler=f"dask://{address}")
    assert same_content(data, fdmag.sweep(tmp_path / "scene.toml", tmp_path / "here", workers=0))
    for name in ("table.csv", "device_write.json", "device_write.csv"):
        one, other = (tmp_path / out / "members" / "0002" / name for out in ("out", "here"))
        assert one.read_bytes() == other.read_bytes()


def test_a_scheduler_that_does_not_answer(sweeps, tmp_path, monkeypatch):
    monkeypatch.setattr("fdmag.scene.sweeps.executors.PATIENCE", 0.5)
    with pytest.raises(ParameterError, match="no dask scheduler answers"):
        fdmag.sweep(sweeps.write(), tmp_path / "out", scheduler="dask://127.0.0.1:9")
    assert not (tmp_path / "out").exists()
