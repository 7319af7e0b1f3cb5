"""The command line: ``python -m validation``."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from fdmag.errors import did_you_mean
from fdmag.output.provenance import write_json
from validation.problem import Problem, problems, solve_all
from validation.report import as_data, print_table, write_readme, write_report

HERE = Path(__file__).parent
FAILED, WRONG_USE = 1, 2


def main(arguments: Sequence[str] | None = None, known: Mapping[str, Problem] | None = None) -> int:
    """Run problems and report.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line.
    known : mapping of Problem by name, optional
        The problems to choose from; those in ``validation/problems`` by default.

    Returns
    -------
    int
        0 if every verdict holds, 1 if one does not, 2 for a wrong command line.
    """
    known = problems() if known is None else known
    parser = _parser()
    options = parser.parse_args(arguments)
    console, log = Console(width=None if sys.stdout.isatty() else 160), Console(stderr=True)
    if options.list:
        for name, problem in known.items():
            console.print(f"{name}: {problem.title}{' (slow)' if problem.slow else ''}", markup=False, highlight=False)
        return 0
    if wrong := [name for name in options.only or () if name not in known]:
        log.print(f'no problem "{wrong[0]}"; there are {", ".join(known)}{did_you_mean(wrong[0], known)}', markup=False)
        return WRONG_USE
    if options.update_readme and (options.only or options.fast):
        log.print("--update-readme takes every problem: leave out --only and --fast", markup=False)
        return WRONG_USE
    chosen = [known[name] for name in options.only or known]
    chosen = [problem for problem in chosen if not (options.fast and problem.slow)]
    found = {}
    for place, outcome in solve_all(chosen, options.jobs):
        found[place] = outcome
        log.print(f"{outcome.problem.name}: {outcome.seconds:.1f} s", highlight=False)
    outcomes = [found[place] for place in range(len(chosen))]
    print_table(outcomes, console)
    if options.json:
        write_json(options.json, as_data(outcomes))
    if not options.no_report:
        write_report(outcomes, options.report)
        log.print(f"{options.report / 'report.md'} written", highlight=False)
    if options.update_readme:
        write_readme(outcomes, HERE)
    return 0 if outcomes and all(outcome.holds for outcome in outcomes) else FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m validation",
        description="Hold fdmag against published and exact answers. Exit code 0 only if every verdict holds.",
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="run these problems")
    parser.add_argument("--fast", action="store_true", help="leave out the problems that take more than 10 s")
    parser.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        default=os.cpu_count() or 1,
        help="problems at the same time (default: %(default)s)",
    )
    parser.add_argument("--list", action="store_true", help="list the problems and stop")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as data")
    parser.add_argument(
        "--report", type=Path, metavar="DIR", default=HERE / "report", help="folder of report and plots"
    )
    parser.add_argument("--no-report", action="store_true", help="print only")
    parser.add_argument("--update-readme", action="store_true", help="make this run the one that README.md shows")
    return parser


if __name__ == "__main__":
    sys.exit(main())
