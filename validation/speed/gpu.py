"""The cases of a GPU: evaluations per second within complete steps, as a run makes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from fdmag.backend import select_backend
from validation.speed import counts, problem
from validation.speed.bench import Bench
from validation.speed.cases import Case
from validation.speed.row import Row


@dataclass(frozen=True)
class Work:
    """What is stepped, and the rates [cells × evaluations/s] wanted, hoped for, and allowed by the memory."""

    cells: tuple[int, int, int]
    replicas: int
    at_least: float
    aim: float
    floor: float


WORK = {
    "1024²": Work((1024, 1024, 1), 1, 6e9, 15e9, 19e9),
    "2048²": Work((2048, 2048, 1), 1, 6e9, 15e9, 19e9),
    "128³": Work((128, 128, 128), 1, 3e9, 8e9, 9.8e9),
    "4096 × 32²": Work((32, 32, 1), 4096, 6e9, 15e9, 19e9),
}
"""By name; the floors are those of an H200's memory (4.8 TB/s) in float32."""


def gpu() -> Iterator[Case]:
    """Yield the cases of the GPU that is the device chosen by itself; none where there is no GPU."""
    if select_backend().name == "cuda":
        for name in WORK:
            for precision in reversed(problem.PRECISIONS):
                yield Case(f"gpu {name}", precision, 1, partial(evaluations, name, precision))


def evaluations(name: str, precision: str, bench: Bench) -> list[Row]:
    """Count the evaluations of complete steps of a fixed length."""
    own, work = bench.own(1), WORK[name]
    rates = own.ask("evaluations", cells=work.cells, dtype=precision, replicas=work.replicas, steps=20,
                    repeats=bench.rounds)  # fmt: skip
    single = precision == "float32"
    size = 4 if single else 8
    return [
        Row(f"gpu {name}", precision, own.ask("device"), 1, "cell-evaluations in complete steps", value=max(rates),
            unit="1/s", median_value=sorted(rates)[len(rates) // 2], cells_per_second=max(rates),
            at_least=work.at_least if single else None, aim=work.aim if single else None,
            floor_ratio=work.floor / max(rates) if single else None,
            bytes_per_cell=counts.slope_bytes(work.cells, size), flops_per_cell=counts.slope_flops(work.cells))
    ]  # fmt: skip
