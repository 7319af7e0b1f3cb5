"""The cases of a sweep: a phase diagram of a pillar, against single runs; on a cluster, two workers against one."""

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from unittest.mock import patch

from fdmag.backend import select_backend
from validation.speed.bench import Bench
from validation.speed.cases import Case
from validation.speed.peers.protocol import ROOT, PeerError
from validation.speed.row import Row

SCENE = """
[mesh]
cells = [32, 32, 1]
cell = ["2 nm", "2 nm", "1.3 nm"]
[geometry]
shape = {{ kind = "cylinder", diameter = "60 nm" }}
[material]
Ms = "1 MA/m"
alpha = 0.02
[terms.exchange]
A = "15 pJ/m"
[terms.demag]
[terms.uniaxial_anisotropy]
Ku1 = "0.8 MJ/m^3"
[terms.zeeman]
B = [0, 0, 0]
[terms.slonczewski]
P = 0.6
J = 0
[initial]
kind = "uniform"
direction = [0.035, 0, 1]
[[stages]]
kind = "run"
duration = "{duration}"
[sweep.quantities.current]
path = "terms.slonczewski.J"
linspace = ["10 GA/m^2", "200 GA/m^2", {points}]
[sweep.quantities.field]
path = "terms.zeeman.B.2"
linspace = ["-50 mT", "50 mT", {points}]
"""
TRIED = 3
"""Single members that are timed."""


def sweeps(threads: int) -> Iterator[Case]:
    """Yield the cases; the first on so many threads."""
    yield Case("sweep 32×32×1", "float64", threads, partial(phase_diagram, threads))
    yield Case("sweep on dask workers", "float64", 1, workers)


def phase_diagram(threads: int, bench: Bench) -> list[Row]:
    """Time ``fdmag run`` of the whole, and of single members, each from the start of its process to its end."""
    points, duration = (2, "1 ps") if bench.quick else (64, "0.1 ns")
    scene = bench.folder / "sweep.toml"
    scene.write_text(SCENE.format(points=points, duration=duration), encoding="utf-8")
    count = points**2
    members = [round(i * (count - 1) / (TRIED - 1)) for i in range(TRIED)]
    _timed(scene, bench.folder / "first", threads, "--member", "0")  # compiles, and makes the spectrum of demag
    single = min(_timed(scene, bench.folder / f"m{member}", threads, "--member", str(member)) for member in members)
    whole = _timed(scene, bench.folder / "whole", threads)
    ratio = count * single / whole
    note = f"{whole:.1f} s for {count} members of {duration}, {single:.2f} s for one alone"
    return [
        Row(f"sweep of {count} members, 32×32×1", "float64", select_backend().name, threads,
            "speed / as many single runs", ratio, ratio=ratio, peer="fdmag run --member", at_least=8, note=note)
    ]  # fmt: skip


def workers(bench: Bench) -> list[Row]:
    """Time ``fdmag run`` on a cluster of one worker, and of two, of one thread each; they run before it begins."""
    row = partial(Row, "sweep on dask workers", "float64", select_backend().name, 1, "speed of two workers / one",
                  peer="one worker", at_least=1.7)  # fmt: skip
    if importlib.util.find_spec("distributed") is None:
        return [row(value=None, note="not measured: pip install 'fdmag[cluster]'")]
    from distributed import LocalCluster

    points, duration = (2, "1 ps") if bench.quick else (16, "0.1 ns")
    warm, scene = bench.folder / "warm.toml", bench.folder / "cluster.toml"
    warm.write_text(SCENE.format(points=4, duration="1 ps"), encoding="utf-8")
    scene.write_text(SCENE.format(points=points, duration=duration), encoding="utf-8")
    took: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(1 if bench.quick else 2):
        for count, times in took.items():
            with (
                patch.dict(os.environ, {"FDMAG_THREADS": "1", "PYTHONPATH": str(ROOT)}),
                LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
            ):
                options = ("--scheduler", f"dask://{cluster.scheduler_address.removeprefix('tcp://')}")
                _timed(warm, bench.folder / "warm", 1, *options)  # workers import, and compile or load
                times.append(_timed(scene, bench.folder / f"on{count}", 1, *options))
    one, two = (min(times) for times in took.values())
    note = f"{two:.1f} s for {points**2} members of {duration} on two workers, {one:.1f} s on one"
    return [row(value=one / two, ratio=one / two, note=note)]


def _timed(scene: Path, out: Path, threads: int, *options: str) -> float:
    command = [sys.executable, "-m", "fdmag.cli", "run", str(scene), "--out", str(out), "--quiet", "--overwrite"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "FDMAG_THREADS": str(threads)}
    start = time.perf_counter()
    done = subprocess.run([*command, *options], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerError(f"fdmag run failed:\n{done.stderr[-2000:]}")
    return time.perf_counter() - start
