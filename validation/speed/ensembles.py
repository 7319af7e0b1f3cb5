"""The cases of ensembles: stochastic trajectories of a pillar, many together against as many runs alone."""

from collections.abc import Iterator
from functools import partial

from validation.speed import problem
from validation.speed.bench import Bench, Times, in_turn
from validation.speed.cases import Case
from validation.speed.row import Row

TOGETHER, STEPS_TOGETHER, STEPS_ALONE, DT = 1000, 5, 500, 2e-14
NAME = f"{TOGETHER} trajectories of a 20 nm pillar at 300 K"


def ensembles(threads: int) -> Iterator[Case]:
    """Yield the cases on so many threads."""
    for precision in problem.PRECISIONS:
        yield Case(NAME, precision, threads, partial(trajectories, precision, threads))


def trajectories(precision: str, threads: int, bench: Bench) -> list[Row]:
    """Hold the time of a step of a trajectory among many against that of one alone, both on so many threads."""
    own = bench.own(threads)
    for name, count, steps in (("together", TOGETHER, STEPS_TOGETHER), ("alone", 1, STEPS_ALONE)):
        device = own.ask("prepare_pillars", name=name, dtype=precision, count=count, steps=steps, dt=DT)
    times = in_turn({name: (own, name) for name in ("together", "alone")}, bench.seconds, bench.rounds, bench.patience)
    own.ask("forget")
    together = Times([t / (TOGETHER * STEPS_TOGETHER) for t in times["together"].seconds])
    alone = Times([t / STEPS_ALONE for t in times["alone"].seconds])
    ratio = alone.best / together.best
    note = (
        f"{together.best * 1e6:.3g} µs a step and trajectory of 10 × 10 cells, against {alone.best * 1e6:.3g} µs alone"
    )
    return [
        Row(NAME, precision, device, threads, "speed of a trajectory / one alone", value=ratio, ratio=ratio,
            median_value=alone.median / together.median, peer="one trajectory alone", at_least=10, note=note)
    ]  # fmt: skip
