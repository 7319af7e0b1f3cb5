"""The cases of macrospins at a temperature: trajectories, against a program made for them."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from validation.speed import problem
from validation.speed.bench import Bench, Times, in_turn
from validation.speed.cases import Case
from validation.speed.peers.protocol import PeerError
from validation.speed.row import Row

OURS, THEIRS, STEPS, DT = 4096, 50, 1000, 1e-12
_CHECKED_STEPS, _CHECKED_DT = 500, 1e-13
_EQUAL = 1e-3  # largest difference of m without noise, after 50 ps
NAME = "macrospins with noise"


def macrospins(threads: int) -> Iterator[Case]:
    """Yield the cases on so many threads."""
    for precision in problem.PRECISIONS:
        yield Case(NAME, precision, threads, partial(trajectories, precision, threads))


def trajectories(precision: str, threads: int, bench: Bench) -> list[Row]:
    """Hold the trajectories per second of Heun's method with noise against those of CMTJ, which uses one thread."""
    own = bench.own(threads)
    device = own.ask("prepare_macrospins", name="macrospins", dtype=precision, count=OURS, steps=STEPS, dt=DT)
    contenders = {"macrospins": (own, "macrospins")}
    peer, label = bench.peer("cmtj", 1)
    if peer is not None:
        try:
            paths = [str(bench.folder / f"macrospin_{k}.npy") for k in range(2)]
            for process, path in zip((own, peer), paths, strict=True):
                process.ask("save_motion", steps=_CHECKED_STEPS, dt=_CHECKED_DT, path=path)
            difference = float(np.abs(np.load(paths[0]) - np.load(paths[1])).max())
            if not difference < _EQUAL:
                raise PeerError(f"cmtj moves m without noise elsewhere, by {difference:.1g}: not equal work")
            peer.ask("prepare_macrospins", name="macrospins", count=THEIRS, steps=STEPS, dt=DT)
            contenders["cmtj"] = (peer, "macrospins")
        except PeerError as error:
            label = f"not measured: {error}"
    times = in_turn(contenders, bench.seconds, bench.rounds, bench.patience)
    own.ask("forget")
    ours = Times([t / OURS for t in times["macrospins"].seconds])
    speed = f"{1e-6 * STEPS / ours.best:.3g} million steps of a trajectory per second"
    row = partial(Row, NAME, precision, device, threads, "trajectories per second / cmtj", at_least=5)
    if "cmtj" not in times:
        return [row(value=None, peer="cmtj", note=f"{label}; ours alone: {speed}")]
    peer.ask("forget")  # type: ignore[union-attr]
    theirs = Times([t / THEIRS for t in times["cmtj"].seconds])
    note = f"{speed} against {1e-6 * STEPS / theirs.best:.3g} of CMTJ on one thread"
    ratio = theirs.best / ours.best
    return [row(value=ratio, ratio=ratio, median_value=theirs.median / ours.median, peer=label, note=note)]
