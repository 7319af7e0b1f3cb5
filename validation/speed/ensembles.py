"""The cases of ensembles: stochastic trajectories of a pillar, many together against as many runs alone."""

from collections.abc import Iterator
from functools import partial

from validation.speed import problem
from validation.speed.bench import Bench, Times, in_turn
from validation.speed.cases import Case
from validation.speed.row import Row

TOGETHER, DT = 1000, 2e-14
NAME = f"{TOGETHER} trajectories of a 20 nm pillar at 300 K"


def ensembles(threads: int) -> Iterator[Case]:
    """Yield the cases on so many threads."""
    for precision in problem.PRECISIONS:
        yield Case(NAME, precision, threads, partial(trajectories, precision, threads))


def trajectories(precision: str, threads: int, bench: Bench) -> list[Row]:
    """Hold the time of a step of a trajectory among many against that of one alone, in compiled code and in NumPy."""
    own, device = bench.own(threads), ""
    taken = {"together": (TOGETHER, 5, "auto"), "alone": (1, 2000, "auto"), "NumPy": (1, 50, "numpy")}
    for name, (count, steps, wanted) in taken.items():
        made = own.ask("prepare_pillars", name=name, dtype=precision, count=count, steps=steps, dt=DT, device=wanted)
        device = made if name == "together" else device
    times = in_turn({name: (own, name) for name in taken}, bench.seconds, bench.rounds, bench.patience)
    own.ask("forget")
    each = {
        name: Times([t / (count * steps) for t in times[name].seconds]) for name, (count, steps, _) in taken.items()
    }
    told = "µs, ".join(f"{name} {each[name].best * 1e6:.3g} " for name in taken)
    note = f"a step and trajectory of 10 × 10 cells: {told}µs"

    def row(name: str, peer: str, at_least: float | None) -> Row:
        ratio = each[name].best / each["together"].best
        return Row(
            NAME, precision, device, threads, f"speed of a trajectory / {peer}", value=ratio, ratio=ratio,
            median_value=each[name].median / each["together"].median, peer=peer, at_least=at_least, note=note,
        )  # fmt: skip

    return [row("NumPy", "one alone in NumPy", 20), row("alone", "one alone", None)]
