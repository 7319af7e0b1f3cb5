"""The table of results on the terminal, as Markdown and as data."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from fdmag.backend import select_backend
from fdmag.output.files import atomic_write
from fdmag.output.provenance import machine_info, write_json
from validation.problem import Outcome, Row

HEADINGS = ("problem", "quantity", "published", "ours", "tolerance", "verdict")


def cells(outcome: Outcome, row: Row) -> tuple[str, ...]:
    """Return one line of the table; values with as many digits as the tolerance tells apart."""
    unit = "" if row.unit == "1" else f" [{row.unit}]"
    return (
        outcome.problem.name,
        row.quantity + unit,
        digits(row.published, row),
        digits(row.ours, row),
        f"{row.tolerance:.2g}",
        row.verdict,
    )


def digits(value: float, row: Row) -> str:
    """Return a value with two digits beyond the tolerance.

    >>> row = Row("frequency", 9.3170021, 9.317, 1e-4, "Kittel", "integration", "GHz")
    >>> digits(row.ours, row), digits(0.0, row)
    ('9.317', '0')
    """
    if row.published == 0 or value == 0 or not math.isfinite(value):
        return f"{value:.2g}"
    needed = math.ceil(math.log10(abs(row.published) / row.tolerance)) + 2
    return f"{value:.{min(max(needed, 3), 16)}g}"


def print_table(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print the table, and the errors of problems that did not finish."""
    table = Table(*HEADINGS)
    for outcome in outcomes:
        if outcome.error:
            table.add_row(outcome.problem.name, "ends with an error", "", "", "", "FAILS", style="red")
        for row in outcome.result.rows:
            table.add_row(*(text.replace("[", r"\[") for text in cells(outcome, row)), style="" if row.holds else "red")
        table.add_section()
    console.print(table)
    for outcome in outcomes:
        if outcome.error:
            console.print(f"{outcome.problem.name}: {outcome.error}", style="red", markup=False)
    console.print(summary(outcomes), markup=False)


def summary(outcomes: Sequence[Outcome]) -> str:
    """Return one sentence on how many verdicts hold."""
    rows = [row for outcome in outcomes for row in outcome.result.rows]
    failed = [f"{outcome.problem.name} (error)" for outcome in outcomes if outcome.error]
    failed += [f"{o.problem.name}: {row.quantity}" for o in outcomes for row in o.result.rows if not row.holds]
    seconds = sum(outcome.seconds for outcome in outcomes)
    text = f"{sum(row.holds for row in rows)} of {len(rows)} verdicts hold, in {seconds:.0f} s."
    return text + (f" Not so: {'; '.join(failed)}." if failed else "")


def as_data(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return everything as mappings and lists, for JSON."""
    return {
        "date": datetime.now(UTC).date(),
        "machine": machine_info(),
        "holds": all(outcome.holds for outcome in outcomes),
        "rows": [
            {
                "problem": outcome.problem.name,
                "quantity": row.quantity,
                "unit": row.unit,
                "published": row.published,
                "ours": row.ours,
                "tolerance": row.tolerance,
                "verdict": row.verdict,
                "source": row.source,
                "basis": row.basis,
            }
            for outcome in outcomes
            for row in outcome.result.rows
        ],
        "problems": [
            {
                "problem": outcome.problem.name,
                "title": outcome.problem.title,
                "seconds": round(outcome.seconds, 2),
                "holds": outcome.holds,
                "error": outcome.error,
            }
            for outcome in outcomes
        ],
    }


def markdown(outcomes: Sequence[Outcome], figures: str) -> str:
    """Return the report as Markdown; ``figures`` is the folder of the plots as seen from the file."""
    info = machine_info()
    lines = [
        f"{summary(outcomes)} On {datetime.now(UTC).date()}, with fdmag {info['fdmag']}, Python {info['python']}, "
        f"NumPy {info['numpy']}, SciPy {info['scipy']}, on {info['cpu']} ({info['cores']} cores, "
        f"{info['machine']}), device {select_backend().name}.",
        "",
        *_line(HEADINGS),
        *_line(["---"] * len(HEADINGS)),
    ]
    for outcome in outcomes:
        if outcome.error:
            lines += _line([outcome.problem.name, outcome.error.replace("\n", " "), "", "", "", "**FAILS**"])
        for row in outcome.result.rows:
            *values, verdict = cells(outcome, row)
            lines += _line([*values, verdict if row.holds else f"**{verdict}**"])
    for outcome in outcomes:
        lines += ["", f"## {outcome.problem.name}", "", f"{outcome.problem.title} ({outcome.seconds:.1f} s)", ""]
        notes: dict[tuple[str, str], list[str]] = {}
        for row in outcome.result.rows:
            notes.setdefault((row.source, row.basis), []).append(row.quantity)
        for (source, basis), quantities in notes.items():
            lines.append(f"- {'; '.join(quantities)}. *Published*: {source}. *Tolerance*: {basis}.")
        for name in outcome.figures:
            lines += ["", f"![{outcome.problem.title}]({figures}/{name}.png)"]
    return "\n".join(lines) + "\n"


def write_report(outcomes: Sequence[Outcome], folder: Path) -> None:
    """Write ``report.md``, ``report.json`` and the plots into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_plots(outcomes, folder)
    write_json(folder / "report.json", as_data(outcomes))
    _write(folder / "report.md", "# Validation\n\n" + markdown(outcomes, "."))


def write_readme(outcomes: Sequence[Outcome], folder: Path) -> None:
    """Write ``README.md`` and ``figures/`` of the validation folder."""
    (folder / "figures").mkdir(exist_ok=True)
    _write_plots(outcomes, folder / "figures")
    intro = (folder / "introduction.md").read_text(encoding="utf-8")
    _write(folder / "README.md", f"{intro.rstrip()}\n\n{markdown(outcomes, 'figures')}")


def _write(path: Path, text: str) -> None:
    with atomic_write(path, text=True) as file:
        file.write(text)


def _write_plots(outcomes: Sequence[Outcome], folder: Path) -> None:
    for outcome in outcomes:
        for name, content in outcome.figures.items():
            with atomic_write(folder / f"{name}.png") as file:
                file.write(content)


def _line(texts: Sequence[str]) -> list[str]:
    return ["| " + " | ".join(text.replace("|", r"\|") for text in texts) + " |"]
