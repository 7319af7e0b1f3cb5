"""The command line: run, check, plot, scenes, terms, quantities, devices, schema, doctor."""

import json
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

import fdmag
from fdmag.errors import FdmagError, OutputError, ParameterError, did_you_mean

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Finite-difference micromagnetics: a scene file in, a checked simulation out.\n\n"
    "To begin: fdmag scenes bloch_wall; fdmag run bloch_wall.toml; the results are in runs/bloch_wall.",
)
NOT_AS_EXPECTED, INVALID, FAILED = 1, 2, 3

SceneFile = Annotated[Path, typer.Argument(help="scene file (TOML)", show_default=False)]
Overrides = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="replace an entry of the scene, may be repeated: --set material.alpha=0.1 --set stages.0.duration='1 ns'",
    ),
]


class Terminated(KeyboardInterrupt):
    """The process was asked to end by a signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def main() -> None:
    """Run the command line; expected errors end in one message, not in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except FdmagError as error:
        wrapped = getattr(error, "wrapped", None)
        _tell(wrapped() if wrapped is not None and sys.stderr.isatty() else str(error))
        sys.exit(INVALID if isinstance(error, ValueError | OutputError) else FAILED)
    except MemoryError:
        _tell("the memory does not suffice; use fewer cells or replicas")
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except Exception:
        traceback.print_exc()
        sys.exit(FAILED)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="print the version")] = False) -> None:
    if version:
        print(fdmag.__version__)
        raise typer.Exit


@app.command()
def run(
    scene: SceneFile,
    out: Annotated[
        Path | None, typer.Option(help="run directory (default: runs/<scene name>)", show_default=False)
    ] = None,
    device: Annotated[
        str, typer.Option(help="auto (the fastest that works), cuda (GPU), host (compiled) or numpy")
    ] = "auto",
    precision: Annotated[
        str | None,
        typer.Option(help="float64 or float32 (default: float32 on a GPU, else float64)", show_default=False),
    ] = None,
    overrides: Overrides = [],  # noqa: B006 - typer reads the default
    quiet: Annotated[bool, typer.Option("--quiet", help="print errors only")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace a finished run, or begin a sweep anew")
    ] = False,
    scheduler: Annotated[str, typer.Option(help="where a sweep is computed: local or dask://HOST:PORT")] = "local",
    workers: Annotated[
        int | None,
        typer.Option(min=0, help="processes of a sweep on this machine (default: processors)", show_default=False),
    ] = None,
    together: Annotated[
        int | None,
        typer.Option(min=1, help="members of a sweep that are one batch (default: measured)", show_default=False),
    ] = None,
    member: Annotated[
        int | None, typer.Option(min=0, help="run this member of a sweep alone", show_default=False)
    ] = None,
) -> None:
    """Run a scene, or all members of a sweep; an interrupted sweep goes on where it was.

    Scenes to start from are listed by: fdmag scenes

    Exit code: 0 finished and as expected, 1 an expectation fails, 2 invalid scene or directory, 3 the run, or a member
    of a sweep, failed, 130 interrupted (128 + signal).
    """
    from fdmag.allocator import keep_freed_memory
    from fdmag.scene.progress import Silent, progress_on
    from fdmag.scene.run import Request, SceneRun
    from fdmag.scene.sweeps.check import is_sweep
    from fdmag.scene.sweeps.run import SweepRun

    console = Console(quiet=quiet, soft_wrap=True)
    start = time.perf_counter()
    _end_orderly()
    keep_freed_memory()
    progress = Silent() if quiet else progress_on(console)
    try:
        request = Request(scene, out, device, precision, overrides, overwrite)
        prepared: SceneRun | SweepRun
        if member is None and is_sweep(scene, overrides):
            prepared = SweepRun(request, scheduler=scheduler, workers=workers, together=together, progress=progress)
        else:
            prepared = SceneRun(request, member)
        with prepared:
            folder = prepared.directory.path
            backend = prepared.loaded.simulation.backend
            told = f"device {backend.name}, {backend.dtype.name}: {backend.reason}"
            console.print(told, markup=False, highlight=False)
            if isinstance(prepared, SweepRun):
                console.print(str(prepared), markup=False, highlight=False)
            try:
                found = prepared.carry_out(progress)
            except FdmagError as error:
                _tell(f"{error}\nthe run failed; what was computed is in {folder}")
                raise typer.Exit(FAILED) from None
            except KeyboardInterrupt:
                _tell(f"interrupted; what was computed is in {folder}")
                raise
    except KeyboardInterrupt as interruption:
        number = interruption.number if isinstance(interruption, Terminated) else int(signal.SIGINT)
        raise typer.Exit(128 + number) from None
    for warning in prepared.warnings if isinstance(prepared, SceneRun) else ():
        console.print(f"warning: {warning}", style="yellow", markup=False, highlight=False)
    for outcome in found:
        if outcome.holds:
            console.print(str(outcome), style="green", markup=False, highlight=False)
        else:
            _tell(str(outcome))
    console.print(f"{folder} written in {time.perf_counter() - start:.1f} s", markup=False, highlight=False)
    failures = prepared.failures() if isinstance(prepared, SweepRun) else []
    for failure in failures[:10]:
        _tell(failure)
    if failures:
        _tell(f"{len(failures)} members failed; sweep.nc tells which: status and error")
        raise typer.Exit(FAILED)
    if not all(outcome.holds for outcome in found):
        raise typer.Exit(NOT_AS_EXPECTED)


@app.command()
def check(scene: SceneFile, overrides: Overrides = []) -> None:  # noqa: B006
    """Check a scene completely, without computing anything."""
    from fdmag.scene.load import load_scene
    from fdmag.scene.sweeps.check import is_sweep, load_sweep

    if is_sweep(scene, overrides):
        sweep = load_sweep(scene, overrides)
        simulation, count = sweep.first.simulation, f"a sweep of {sweep}"
    else:
        simulation = load_scene(scene, overrides).simulation
        count = f"{simulation.batch} replica(s)"
    cells = " × ".join(map(str, simulation.mesh.cells))
    terms = ", ".join(simulation.terms) or "none"
    print(f"{scene}: valid; {cells} cells, {count}, terms: {terms}")


@app.command()
def plot(
    path: Annotated[Path, typer.Argument(help="run directory, table (.csv), or results of a sweep (.nc)")],
    names: Annotated[
        list[str] | None, typer.Argument(help="columns or results to draw (default: mx my mz, or the named results)")
    ] = None,
    x: Annotated[str | None, typer.Option(help="what to draw it over (default: t, or what was swept)")] = None,
    at: Annotated[list[str], typer.Option(metavar="NAME=VALUE", help="cut a sweep there: --at 'B=10 mT'")] = [],  # noqa: B006
    lines: Annotated[bool, typer.Option("--lines", help="curves where a map would be drawn")] = False,
    together: Annotated[bool, typer.Option("--together", help="results of a sweep in one panel per unit")] = False,
    out: Annotated[Path, typer.Option(help="figure to write: .png, .pdf or .svg")] = Path("plot.png"),
) -> None:
    """Draw columns of a run over time, or results of a sweep as curves or maps.

    Example: fdmag plot runs/standard_problem_4 E_total --out energy.pdf
    """
    from fdmag.output.plots import save_figure
    from fdmag.plot import plot as figure_of

    if wrong := [text for text in at if "=" not in text]:
        raise ParameterError(f'--at "{wrong[0]}": write NAME=VALUE, for example --at "B=10 mT"')
    cuts = {name.strip(): value.strip() for name, _, value in (text.partition("=") for text in at)}
    print(f"{save_figure(figure_of(path, names or (), x=x, at=cuts, lines=lines, together=together), out)} written")


@app.command()
def scenes(name: Annotated[str | None, typer.Argument(help="copy this scene here", show_default=False)] = None) -> None:
    """List the shipped scenes, or copy one into this directory to start from."""
    import tomllib

    from fdmag.scene.shipped import copy_scene, shipped_scenes

    if name is not None:
        copied = copy_scene(name, Path())
        print(f"{', '.join(map(str, copied))} copied; run it with: fdmag run {copied[0]}")
        return
    table = Table("scene", "title", box=None)
    for stem, path in shipped_scenes().items():
        table.add_row(stem, escape(tomllib.loads(path.read_text(encoding="utf-8")).get("title", "")))
    Console().print(table)


@app.command()
def terms(
    names: Annotated[list[str] | None, typer.Argument(help="only these (default: all)", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="print docs/terms.md")] = False,
) -> None:
    """List the interactions with their parameters, units and defaults."""
    from fdmag.scene.schema import term_catalogue

    if markdown:
        from fdmag.scene.pages import term_page

        print(term_page(), end="")
        return
    catalogue = term_catalogue()
    _check_names(names, [entry["name"] for entry in catalogue], "interaction")
    catalogue = [entry for entry in catalogue if not names or entry["name"] in names]
    if as_json:
        _print_json(catalogue)
        return
    console = Console()
    for entry in catalogue:
        name = "[material]" if entry["name"] == "material" else f"[terms.{entry['name']}]"
        console.print(name, style="bold", markup=False, highlight=False)
        console.print(f"  {entry['summary']}", markup=False, highlight=False)
        table = Table(*(Column(no_wrap=True) for _ in range(4)), Column(), show_header=False, box=None, pad_edge=True)
        for item in entry["parameters"]:
            default = list(item["default"]) if isinstance(item["default"], tuple) else item["default"]
            shown = "" if default in (None, "", []) else f"default {default}"
            if item["required"] or "unless" in item:
                shown = f"or {item['unless']}" if "unless" in item else "required"
            table.add_row("", item["name"], item["unit"] or "", escape(shown), escape(item["meaning"]))
        console.print(table)


@app.command()
def quantities(
    scene: Annotated[Path | None, typer.Argument(help="list the names in this scene", show_default=False)] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="print docs/quantities.md")] = False,
) -> None:
    """List the columns and fields that a scene can ask for by name, with their units."""
    from fdmag.scene.pages import QUANTITY_NOTES, quantity_page, quantity_rows

    if markdown:
        print(quantity_page(), end="")
        return
    if scene is not None:
        from fdmag.quantities import Catalogue
        from fdmag.scene.devices import device_rows
        from fdmag.scene.load import load_scene

        loaded = load_scene(scene)
        columns, fields = Catalogue.of(loaded.simulation).listed()
        of_devices, figures = device_rows(loaded.scene, loaded.devices)
        listed = [("columns", [*columns, *of_devices]), ("fields", fields)]
        listed += [("figures of devices, for [expect]", figures)] if figures else []
    else:
        listed = list(zip(("columns", "fields"), quantity_rows(), strict=True))
    console = Console()
    for title, rows in listed:
        _print_rows(console, title, rows)
    for note in QUANTITY_NOTES:
        console.print(note.replace("`", ""), markup=False, highlight=False)


@app.command()
def devices(
    kinds: Annotated[list[str] | None, typer.Argument(help="only these (default: all)", show_default=False)] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="print docs/device_kinds.md")] = False,
) -> None:
    """List the kinds of devices that a scene may hold, with their keys, columns and figures."""
    from fdmag.scene.device_kinds import device_kinds
    from fdmag.scene.pages import device_outcome, device_page, inner_tables, key_rows

    if markdown:
        print(device_page(), end="")
        return
    known = device_kinds()
    _check_names(kinds, list(known), "kind of device")
    console = Console()
    for kind in kinds or known:
        table = known[kind]
        columns, figures = device_outcome(table)
        parts = {
            f'[device.NAME], kind = "{kind}"': table,
            **{f"each of {k}": it for k, it in inner_tables(table).items()},
        }
        for title, part in parts.items():
            _print_rows(console, title, [(key.strip("`"), *cells) for key, *cells in key_rows(part)])
        _print_rows(console, "columns", columns)
        _print_rows(console, "figures, for [expect]", figures)
    console.print("— in the last column: the key must be given", markup=False, highlight=False)


def _print_rows(console: Console, title: str, rows: Sequence[Sequence[str]]) -> None:
    console.print(title, style="bold", markup=False, highlight=False)
    table = Table(Column(no_wrap=True), Column(no_wrap=True), show_header=False, box=None)
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)


def _check_names(names: list[str] | None, known: list[str], what: str) -> None:
    for name in names or ():
        if name not in known:
            raise ParameterError(f'"{name}" is no {what}; there are {", ".join(known)}{did_you_mean(name, known)}')


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """Tell what fdmag finds on this machine (compiler, GPU, threads, cache), and test each device.

    Exit code: 0 every device that is available computes right, 1 one does not.
    """
    from fdmag.doctor import examine, show

    report = examine()
    if as_json:
        _print_json(report)
    else:
        show(report, Console())
    if not report["healthy"]:
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenes, with which an editor completes and checks them while you type.

    Write fdmag schema > scene.schema.json, and begin the scene with the line #:schema ./scene.schema.json
    """
    from fdmag.scene.schema import json_schema

    _print_json(json_schema())


def _print_json(data: Any) -> None:
    # Plain ASCII, so that no terminal or pipe can spoil it.
    print(json.dumps(data, indent=2))


def _tell(message: str) -> None:
    Console(stderr=True, soft_wrap=True).print(message, style="red", markup=False, highlight=False)


def _end_orderly() -> None:
    """Let SIGTERM and SIGHUP end a run like Ctrl-C does, with files closed; unless someone has chosen otherwise."""

    def end(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise Terminated(number)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, end)


if __name__ == "__main__":
    main()
