"""The cases of whole runs and processes: standard problem 4, steps, start, memory, a busy machine."""

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline

from fdmag.backend import select_backend
from validation.speed import problem
from validation.speed.bench import Bench, Times, in_turn
from validation.speed.cases import Case
from validation.speed.peers.protocol import PeerError, Process, run_json
from validation.speed.row import Row

LEAST = {"magnumnp": 20.0, "neuralmag": 6.0}
"""How many times as fast as each peer standard problem 4 shall be."""

BUSY = {"160²": (160, 160, 1)} | {mesh: problem.MESHES[mesh] for mesh in ("256²", "1024²")}
MANY = {mesh: problem.MESHES[mesh] for mesh in ("512²", "1024²")}
"""Cells beside busy loops, and with four threads for each processor: from about the smallest that is shared."""

_COUNTING = "import os; parent = os.getppid()\nwhile os.getppid() == parent: pass"  # ends with us, however that is
_SAME_CROSSING = 1e-14  # s, a fiftieth of the spread of the published solutions


def runs(threads: int) -> Iterator[Case]:
    """Yield the cases on so many threads."""
    for number in (1, 2):
        name = f"standard problem 4, field {number}"
        yield Case(name, "float64", threads, partial(standard_problem_4, name, number - 1, threads))
    yield Case("steps 32×32×1", "float64", threads, partial(steps, threads))
    yield Case("start", "float64", threads, partial(start, threads))
    yield Case("memory 1024²", "float32", threads, partial(memory, threads))
    if threads > 1:
        many = 4 * threads
        for mesh, cells in BUSY.items():
            name = f"busy machine, rhs {mesh}"
            yield Case(name, "float64", threads, partial(busy, name, cells, threads, threads))
        for mesh, cells in MANY.items():
            name = f"{many} threads, rhs {mesh}"
            yield Case(name, "float64", many, partial(busy, name, cells, many, 0))


def standard_problem_4(name: str, number: int, threads: int, bench: Bench) -> list[Row]:
    """Time 1 ns from the relaxed state, ours at the default tolerance and the peers at their defaults."""
    own, device = bench.own(threads), select_backend().name
    field, duration = problem.FILM_FIELDS[number], 1e-11 if bench.quick else 1e-9
    state = bench.folder / "s_state.npy"
    if not state.exists():
        own.ask("s_state", path=str(state))
    run = partial(own.ask, "standard_problem_4", start=str(state), field=field, duration=duration)
    turn = 1 if bench.quick else 3  # runs of ours before and after each of a peer, which takes as long as twenty
    ours = [run() for _ in range(turn)]
    exact = crossing(run(solver="dormand_prince", tolerance=1e-9))
    mine = crossing(ours[0])
    found: dict[str, dict[str, Any] | str] = {}
    labels = {}
    for peer_name in LEAST:
        process, labels[peer_name] = bench.peer(peer_name, threads)
        if process is None:
            found[peer_name] = labels[peer_name]
            continue
        try:
            scale = process.ask("gamma") / problem.FILM_GAMMA if peer_name == "magnumnp" else 1.0
            theirs = process.ask("standard_problem_4", start=str(state), field=field, duration=duration)
            found[peer_name] = theirs | {"crossing": crossing(theirs) * scale}
            ours += [run() for _ in range(turn)]
        except PeerError as error:
            found[peer_name] = f"not measured: {error}"
        bench.end([process])
    times = Times([result["seconds"] for result in ours])
    row = partial(Row, name, "float64", device, threads)
    what = f"{duration * 1e9:g} ns"
    rows = [row(quantity=f"wall time of {what}", value=times.best, unit="s", median_value=times.median)]
    for peer_name, result in found.items():
        quantity, least = f"speed / {peer_name}, {what}", LEAST[peer_name]
        if isinstance(result, str):
            rows.append(row(quantity=quantity, value=None, peer=peer_name, at_least=least, note=result))
            continue
        ratio, other = result["seconds"] / times.best, result["crossing"]
        note = (
            f"{times.best:.3g} s against {result['seconds']:.3g} s; ⟨mx⟩ = 0 at {mine * 1e9:.6f} ns against "
            f"{other * 1e9:.6f} ns; ours with a tolerance of 1e-9: {exact * 1e9:.6f} ns"
        )
        as_exact = bool(np.isnan(exact)) or abs(mine - exact) <= max(abs(other - exact), _SAME_CROSSING)
        rows.append(
            row(quantity=quantity, value=ratio, ratio=ratio, peer=labels[peer_name], at_least=least, valid=as_exact,
                median_value=result["seconds"] / times.median, note=note)
        )  # fmt: skip
    return rows


def crossing(run: dict[str, Any]) -> float:
    """Return the first time [s] at which ⟨mx⟩ = 0, between the outputs by a cubic spline; NaN if there is none.

    >>> t = np.linspace(0, 2, 21)
    >>> round(crossing({"t": t, "mx": np.cos(t)}), 5) == round(np.pi / 2, 5)
    True
    """
    roots = CubicSpline(run["t"], run["mx"]).roots(extrapolate=False)
    return float(np.min(roots)) if roots.size else float("nan")


def steps(threads: int, bench: Bench) -> list[Row]:
    """Count complete steps of one small pillar."""
    own = bench.own(threads)
    rates = own.ask("steps", cells=(32, 32, 1), dtype="float64", duration=1e-9, repeats=bench.rounds)
    return [
        Row("steps 32×32×1", "float64", own.ask("device"), threads, "accepted adaptive Dormand–Prince steps",
            value=max(rates), unit="1/s", at_least=2500, median_value=float(np.median(rates)))
    ]  # fmt: skip


def start(threads: int, bench: Bench) -> list[Row]:
    """Time a fresh process with an empty cache of compiled kernels, and with a full one."""
    first, cached = [], []
    for _ in range(1 if bench.quick else 3):
        with TemporaryDirectory() as cache:
            ask = partial(run_json, ["-m", "validation.speed.fresh", "start"])
            environment = {"FDMAG_CACHE": cache, "FDMAG_THREADS": str(threads)}
            first.append(ask(environment)["start"])
            cached += [ask(environment)["start"] for _ in range(3)]
    row = partial(Row, precision="float64", device=select_backend().name, threads=threads, unit="s")
    what = "import done to first steps, 32×32×1"
    return [
        row("first compile", quantity=what, value=min(first), at_most=3, median_value=float(np.median(first))),
        row("cached start", quantity=what, value=min(cached), at_most=0.15, median_value=float(np.median(cached))),
    ]


def memory(threads: int, bench: Bench) -> list[Row]:
    """Take the peak memory of a fresh process, with the demagnetising spectrum to be computed and to be read."""
    rows = []
    with TemporaryDirectory() as cache:
        for case in ("spectrum computed", "spectrum cached"):
            row = partial(
                Row, f"memory 1024², {case}", "float32", select_backend().name, threads, "peak above the start"
            )
            try:
                environment = {"FDMAG_CACHE": cache, "FDMAG_THREADS": str(threads)}
                found = run_json(["-m", "validation.speed.fresh", "memory"], environment)
            except PeerError as error:
                rows.append(row(value=None, unit="B/cell", at_most=260, note=f"not measured: {error}"))
                continue
            note = f"peak {found['peak'] / 1e6:.0f} MB, of which {found['before'] / 1e6:.0f} MB were there before"
            rows.append(row(value=found["bytes_per_cell"], unit="B/cell", at_most=260, note=note))
    return rows


def busy(name: str, cells: tuple[int, int, int], threads: int, loops: int, bench: Bench) -> list[Row]:
    """Hold threads against one, by mean times, beside so many busy loops, or with more threads than processors."""
    one, several = bench.own(1), bench.own(threads)
    contenders: dict[str, tuple[Process, str]] = {"several": (several, "rhs"), "one": (one, "rhs")}
    for process, _ in contenders.values():
        device = process.ask("prepare_slope", cells=cells, dtype="float64", name="rhs")
    running = [subprocess.Popen([sys.executable, "-c", _COUNTING]) for _ in range(loops)]
    try:
        times = in_turn(contenders, 12 * bench.seconds, 8 * bench.rounds)
    finally:
        for loop in running:
            loop.kill()
            loop.wait()
    for process, _ in contenders.values():
        process.ask("forget")
    ratio = times["one"].mean / times["several"].mean
    beside = f"a busy loop for each of {loops} processors" if loops else "four for each processor"
    return [
        Row(name, "float64", device, threads, "speed / one thread, by mean times", value=ratio,
            ratio=ratio, peer="one thread", at_least=1, median_value=times["one"].median / times["several"].median,
            cells_per_second=problem.n_cells(cells) / times["several"].mean,
            note=beside)
    ]  # fmt: skip
