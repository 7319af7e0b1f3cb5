"""The rows as lines of a table, as data, and in the README."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fdmag.errors import ParameterError
from fdmag.output.files import atomic_write
from fdmag.output.provenance import write_json
from validation.speed.row import Row

HEADINGS = (
    "case", "precision", "threads", "figure", "value", "by medians", "target", "met", "10⁶ cells/s", "B/cell",
    "flop/cell", "time/floor",
)  # fmt: skip
MARKS = ("<!-- table -->", "<!-- end of table -->")


def heading() -> str:
    """Return the first two lines of the table."""
    return f"{line(HEADINGS)}\n{line(['---'] * len(HEADINGS))}"


def line(texts: Sequence[str]) -> str:
    """Return a line of a Markdown table.

    >>> line(["demag 64²", "5"])
    '| demag 64² | 5 |'
    """
    return "| " + " | ".join(text.replace("|", r"\|").replace("\n", " ") for text in texts) + " |"


def cells(row: Row) -> tuple[str, ...]:
    """Return the texts of one line."""
    unit = "" if row.unit == "1" else f" {row.unit}"
    rate = None if row.cells_per_second is None else row.cells_per_second / 1e6
    return (
        row.case,
        row.precision,
        str(row.threads),
        row.quantity,
        "not measured" if row.value is None else number(row.value) + unit,
        number(row.median_value),
        row.target + unit if row.target else "",
        {True: "yes", False: "**no**", None: ""}[row.met],
        number(rate),
        number(row.bytes_per_cell),
        number(row.flops_per_cell),
        number(row.floor_ratio),
    )


def number(value: float | None) -> str:
    """Return a value with three digits, nothing for None.

    >>> number(1234.5), number(0.012345), number(None)
    ('1234', '0.0123', '')
    """
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def summary(rows: Sequence[Row]) -> str:
    """Return one sentence on how many targets are met.

    >>> summary([Row("start", "float64", "host", 2, "time", 0.1, "s", at_most=0.15)])
    '1 of 1 targets measured are met.'
    """
    judged = [row for row in rows if row.met is not None]
    text = f"{sum(bool(row.met) for row in judged)} of {len(judged)} targets measured are met."
    missing = sum(row.value is None for row in rows)
    return text + (f" {missing} rows were not measured." if missing else "")


def as_data(rows: Sequence[Row], machine: Mapping[str, Any], loads: Sequence[float]) -> dict[str, Any]:
    """Return everything as mappings and lists; ``loads`` are the load averages seen at each case."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": dict(machine),
        "load_average": {"least": min(loads, default=None), "most": max(loads, default=None)},
        "summary": summary(rows),
        "rows": [row.as_data() for row in rows],
    }


def write_data(path: Path, data: Mapping[str, Any]) -> None:
    """Write the data as JSON."""
    write_json(path, data)


def markdown(rows: Sequence[Row], data: Mapping[str, Any]) -> str:
    """Return the table with the machine it was measured on, and the notes of the rows."""
    machine, load = data["machine"], data["load_average"]
    seen = "unknown" if load["most"] is None else f"{load['least']:.1f} to {load['most']:.1f}"
    lines = [
        f"{summary(rows)} On {data['date'][:16].replace('T', ' ')} UTC, {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['compiler']}, fdmag {machine['fdmag']}, Python {machine['python']}, NumPy {machine['numpy']}, "
        f"SciPy {machine['scipy']}; load average of other work and our own {seen}.",
        "",
    ]
    for rate in machine["rates"]:
        if rate["copy_bytes_per_second"] is not None:
            flops = rate["flops_per_second"]
            lines.append(
                f"- {rate['threads']} thread(s): copying {rate['copy_bytes_per_second'] / 1e9:.0f} GB/s between arrays "
                f"beyond the caches; multiply-adding {flops['float64'] / 1e9:.0f} Gflop/s in float64, "
                f"{flops['float32'] / 1e9:.0f} in float32."
            )
    lines += ["", heading(), *(line(cells(row)) for row in rows), ""]
    notes: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            notes.setdefault(row.note, []).append(f"{row.case}, {row.quantity}")
    lines += [f"- {'; '.join(dict.fromkeys(where))}: {note}." for note, where in notes.items()]
    peers = dict.fromkeys(row.peer for row in rows if row.peer is not None and row.value is not None)
    return "\n".join([*lines, "", f"Measured against: {', '.join(peers)}."]) + "\n"


def write_readme(path: Path, text: str) -> None:
    """Put ``text`` between the marks of the README.

    Raises
    ------
    ParameterError
        If it has no such marks.
    """
    old = path.read_text(encoding="utf-8")
    before, begin, rest = old.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not begin or not end:
        raise ParameterError(f"{path} lacks the marks {MARKS[0]} and {MARKS[1]}")
    with atomic_write(path, text=True) as file:
        file.write(f"{before}{begin}\n\n{text}\n{end}{after}")
