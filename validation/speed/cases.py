"""The cases of evaluations: what is measured for each mesh, precision and number of threads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from fdmag.constants import GAMMA_E
from validation.speed import counts, machine, problem
from validation.speed.bench import Bench, Times, in_turn
from validation.speed.peers.protocol import PeerError, Process
from validation.speed.row import Row

OOMMF = dict(zip(problem.MESHES, (8.1e6, 14.1e6, 12.9e6, 11.9e6, 9.8e6, 9.3e6), strict=True))
"""Cells per second of OOMMF, whole effective field, float64 on two threads of a like machine at rest."""

REPLICAS, REPLICA_CELLS = 1000, (16, 16, 1)
_EQUAL = 1e-3  # largest relative difference of results that are called equal work


@dataclass(frozen=True)
class Case:
    """Something to measure.

    Attributes
    ----------
    name, precision : str
    threads : int
    measure : function of Bench that returns rows
    """

    name: str
    precision: str
    threads: int
    measure: Callable[[Bench], list[Row]]


def evaluations(threads: int) -> Iterator[Case]:
    """Yield the cases of demag, right-hand side, replicas and scaling on so many threads."""
    for kind, measure in (("demag", demag), ("rhs", slope)):
        for name in problem.MESHES:
            for precision in problem.PRECISIONS:
                yield Case(f"{kind} {name}", precision, threads, partial(measure, name, precision, threads))
    for more in problem.MORE:
        for precision in problem.PRECISIONS:
            yield Case(f"rhs 256² with {more}", precision, threads, partial(with_more, more, precision, threads))
    yield Case("replicas", "float32", threads, partial(replicas, threads))
    for precision in problem.PRECISIONS:
        yield Case("scaling", precision, threads, partial(scaling, precision, threads))


def demag(name: str, precision: str, threads: int, bench: Bench) -> list[Row]:
    """Hold the convolution against the padded one of `scipy.fft`."""
    cells, own, peer = problem.MESHES[name], bench.own(threads), "padded scipy.fft"
    own.ask("prepare_demag", cells=cells, dtype=precision, peer=True)
    _check(bench.difference((own, "demag"), (own, peer)), peer)
    times = in_turn({key: (own, key) for key in (peer, "demag")}, bench.seconds, bench.rounds, bench.patience)
    own.ask("forget")
    ours, theirs = times["demag"], times[peer]
    size = np.dtype(precision).itemsize
    facts = _facts(cells, ours, counts.demag_bytes(cells, size), counts.demag_flops(cells), threads, precision)
    return [
        Row(f"demag {name}", precision, own.ask("device"), threads, "speed / padded scipy.fft", **facts,
            **_against(peer, ours, theirs), at_least=5, aim=8)
    ]  # fmt: skip


def slope(name: str, precision: str, threads: int, bench: Bench) -> list[Row]:
    """Hold the right-hand side against the convolution alone, magnum.np, and OOMMF's figures."""
    cells, own = problem.MESHES[name], bench.own(threads)
    own.ask("prepare_demag", cells=cells, dtype=precision, peer=False)
    device = own.ask("prepare_slope", cells=cells, dtype=precision, name="rhs")
    contenders = {"demag": (own, "demag"), "rhs": (own, "rhs")}
    peer, peer_name = bench.peer("magnumnp", threads)
    if peer is not None:
        try:
            _prepare_magnumnp(bench, peer, own, cells, precision, threads)
            contenders["magnumnp"] = (peer, "rhs")
        except PeerError as error:
            peer_name = f"not measured: {error}"
    times = in_turn(contenders, bench.seconds, bench.rounds, bench.patience)
    own.ask("forget")
    ours = times["rhs"]
    size = np.dtype(precision).itemsize
    facts = _facts(cells, ours, counts.slope_bytes(cells, size), counts.slope_flops(cells), threads, precision)
    row = partial(Row, f"rhs {name}", precision, device, threads, **facts)
    rows = [
        row(quantity="time / demag alone", **_against("demag alone", ours, times["demag"], inverse=True), at_most=1.25)
    ]  # fmt: skip
    bound = 14 if cells[2] > 1 else 7
    if "magnumnp" in times:
        peer.ask("forget")  # type: ignore[union-attr]
        rows.append(row(quantity="speed / magnumnp", **_against(peer_name, ours, times["magnumnp"]), at_least=bound))
    else:
        rows.append(row(quantity="speed / magnumnp", value=None, peer="magnumnp", at_least=bound, note=peer_name))
    if threads == 2:
        least, aim = (3.5, 5) if precision == "float64" else (7, 10)
        speed = problem.n_cells(cells) / ours.best / OOMMF[name]
        median = problem.n_cells(cells) / ours.median / OOMMF[name]
        rows.append(
            row(quantity="speed / OOMMF (float64)", value=speed, ratio=speed, median_value=median, at_least=least,
                aim=aim, peer="OOMMF, float64, measured elsewhere at rest")
        )  # fmt: skip
    return rows


def with_more(more: str, precision: str, threads: int, bench: Bench) -> list[Row]:
    """Hold the right-hand side with more terms, or with values per cell, against that without."""
    own, cells = bench.own(threads), problem.MESHES["256²"]
    for name in ("without", "with"):
        added = more if name == "with" else ""
        device = own.ask("prepare_slope", cells=cells, dtype=precision, name=name, more=added)
    times = in_turn({name: (own, name) for name in ("without", "with")}, bench.seconds, bench.rounds, bench.patience)
    own.ask("forget")
    return [
        Row(f"rhs 256² with {more}", precision, device, threads, "time / without",
            **_against("rhs 256²", times["with"], times["without"], inverse=True), at_most=problem.MORE[more],
            cells_per_second=problem.n_cells(cells) / times["with"].best)
    ]  # fmt: skip


def replicas(threads: int, bench: Bench) -> list[Row]:
    """Hold one of many replicas against one run alone by NumPy."""
    own = bench.own(threads)
    device = own.ask("prepare_slope", cells=REPLICA_CELLS, dtype="float32", name="many", replicas=REPLICAS)
    own.ask("prepare_slope", cells=REPLICA_CELLS, dtype="float32", name="alone", device="numpy")
    times = in_turn({key: (own, key) for key in ("alone", "many")}, bench.seconds, bench.rounds, bench.patience)
    own.ask("forget")
    ours = Times([t / REPLICAS for t in times["many"].seconds])
    cells = (REPLICA_CELLS[0], REPLICA_CELLS[1], 1)
    facts = _facts(
        cells, ours, counts.slope_bytes(cells, 4), counts.slope_flops(cells), threads, "float32", together=REPLICAS
    )
    return [
        Row(f"{REPLICAS} replicas of 16×16×1, rhs", "float32", device, threads, "speed of a replica / NumPy alone",
            **facts, **_against("NumPy, one replica", ours, times["alone"]), at_least=20)
    ]  # fmt: skip


def scaling(precision: str, threads: int, bench: Bench) -> list[Row]:
    """Hold the time per cell of a large film against that of a small one."""
    own, sizes = bench.own(threads), {"256²": (256, 256, 1), "2048²": (2048, 2048, 1)}
    for name, cells in sizes.items():
        device = own.ask("prepare_slope", cells=cells, dtype=precision, name=name)
    times = in_turn({name: (own, name) for name in sizes}, 2 * bench.seconds, bench.rounds, bench.patience)
    own.ask("forget")
    small, large = (Times([t / problem.n_cells(cells) for t in times[name].seconds]) for name, cells in sizes.items())
    cells, size = sizes["2048²"], np.dtype(precision).itemsize
    facts = _facts(
        cells, times["2048²"], counts.slope_bytes(cells, size), counts.slope_flops(cells), threads, precision
    )
    return [
        Row("rhs 2048²", precision, device, threads, "time per cell / that at 256²", **facts,
            **_against("256²", large, small, inverse=True), at_most=2)
    ]  # fmt: skip


def _prepare_magnumnp(
    bench: Bench, peer: Process, own: Process, cells: tuple[int, int, int], precision: str, threads: int
) -> None:
    peer.ask("threads", count=threads)
    peer.ask("prepare_slope", cells=cells, dtype=precision, name="rhs", m=bench.random_m(cells))
    scale = GAMMA_E / peer.ask("gamma")
    _check(bench.difference((own, "rhs"), (peer, "rhs"), scale), "magnumnp")


def _check(difference: float, peer: str) -> None:
    if not difference < _EQUAL:
        raise PeerError(f"{peer} gives another result, by {difference:.1g} of its largest value: not equal work")


def _against(peer: str, ours: Times, theirs: Times, inverse: bool = False) -> dict[str, Any]:
    """Return peer, ratio of speeds, and value: the same, or with ``inverse`` the ratio of times."""
    ratio, median = theirs.best / ours.best, theirs.median / ours.median
    value, median_value = (1 / ratio, 1 / median) if inverse else (ratio, median)
    return {"peer": peer, "ratio": ratio, "value": value, "median_value": median_value}


def _facts(
    cells: tuple[int, int, int],
    ours: Times,
    moved: float,
    flops: float,
    threads: int,
    precision: str,
    together: int = 1,
) -> dict[str, Any]:
    """Return speed, counts and distance from the floor; ``together`` such meshes are in memory at once."""
    count = problem.n_cells(cells)
    least = machine.floor_seconds(count * together, moved, flops, threads, precision) / together
    return {
        "cells_per_second": count / ours.best,
        "floor_ratio": None if np.isnan(least) else ours.best / least,
        "bytes_per_cell": moved,
        "flops_per_cell": flops,
    }
