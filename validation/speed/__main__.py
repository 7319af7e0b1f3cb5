"""The command line: ``python -m validation.speed``."""

import argparse
import os
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from validation.speed import machine
from validation.speed.bench import Bench
from validation.speed.cases import Case, evaluations
from validation.speed.ensembles import ensembles
from validation.speed.gpu import gpu
from validation.speed.macrospins import macrospins
from validation.speed.peers.environment import PEERS
from validation.speed.peers.protocol import PeerError
from validation.speed.report import as_data, cells, heading, line, markdown, summary, write_data, write_readme
from validation.speed.row import Row
from validation.speed.runs import runs
from validation.speed.sweeps import sweeps

README = Path(__file__).parent / "README.md"
FAILED = 1


def all_cases(threads: Sequence[int]) -> list[Case]:
    """Return every case: evaluations for each number of threads; runs and sweeps for the largest; those of a GPU."""
    numbers = list(dict.fromkeys(threads))
    most = max(numbers)
    evaluated = (case for count in numbers for case in (*evaluations(count), *macrospins(count), *ensembles(count)))
    return [*evaluated, *runs(most), *sweeps(most), *gpu()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report; return 0, or 1 if a program failed. A missed target is a result, not a failure."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if min(options.threads) < 1:
        parser.error(f"--threads {min(options.threads)}: at least 1")
    if options.update_readme and (options.only or options.quick):
        parser.error("--update-readme takes everything: leave out --only and --quick")
    known = all_cases(options.threads)
    chosen = [case for case in known if not options.only or any(_matches(case, pattern) for pattern in options.only)]
    if not chosen:
        names = ", ".join(dict.fromkeys(case.name for case in known))
        parser.error(f"--only {' '.join(options.only)}: no such case; there are {names}")
    if options.list:
        print("\n".join(f"{case.name} ({case.precision}, {case.threads} threads)" for case in chosen))
        return 0
    if machine.busy():
        _tell(f"the load average is {machine.load_average():.1f}: other work disturbs the times")
    failed, data = False, {}
    rows: list[Row] = []
    loads: list[float] = []
    print(heading())
    with Bench(frozenset(options.peer), options.quick) as bench:
        for case in chosen:
            _tell(f"{case.name}, {case.precision}, {case.threads} thread(s)")
            try:
                new = case.measure(bench)
            except PeerError as error:
                _tell(f"FAILS: {error}")
                failed = True
                continue
            rows += new
            load = machine.load_average()
            loads += [] if load is None else [load]
            for row in new:
                print(line(cells(row)), flush=True)
            data = as_data(rows, machine.description(sorted({case.threads for case in chosen})), loads)
            if options.json:
                write_data(options.json, data)
    for row in rows:
        if row.note:
            print(f"{row.case}, {row.quantity}: {row.note}")
    print(summary(rows))
    if options.update_readme and not failed:
        write_readme(README, markdown(rows, data))
    return FAILED if failed else 0


def _matches(case: Case, pattern: str) -> bool:
    return fnmatchcase(f"{case.name} {case.precision}", f"*{pattern}*")


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parser = argparse.ArgumentParser(
        prog="python -m validation.speed", description="Measure the speed of fdmag beside peers and against targets."
    )
    parser.add_argument(
        "--only", nargs="+", metavar="PATTERN",
        help='cases whose name and precision contain it, with * and ?: "demag", "rhs 64*", "standard*", "256²*float32"',
    )  # fmt: skip
    parser.add_argument(
        "--threads", nargs="+", type=int, metavar="N", default=sorted({1, cores}),
        help="numbers of threads (default: 1 and all); runs take the largest",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="a tenth of the time: to see that all works")
    parser.add_argument(
        "--peer", action="append", default=[], choices=sorted(PEERS),
        help="measure this peer too; it is installed from PyPI into validation/speed/.peers",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as data")
    parser.add_argument("--update-readme", action="store_true", help="make this run the one that README.md shows")
    parser.add_argument("--list", action="store_true", help="list the cases and stop")
    return parser


if __name__ == "__main__":
    sys.exit(main())
