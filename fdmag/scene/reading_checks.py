"""What [expect], and the results of a sweep, must agree on with the columns of the table."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from fdmag.errors import FdmagError, did_you_mean
from fdmag.scene import tables
from fdmag.scene.contents import asked_columns, figure_columns, of_broken_device, replica_count, result_tables, splits
from fdmag.scene.problems import Place, Problem, shown
from fdmag.scene.readings import OF_ALL, Reading
from fdmag.scene.sweeps.expansion import RESERVED, Expansion, Quantity
from fdmag.scene.sweeps.findings import counters
from fdmag.units import parse_quantity


def expectations(scene: Any, expansion: Expansion | None, *, whole: bool) -> Iterator[Problem]:
    """Yield what is wrong with the readings of a scene; their quantities become numbers in the unit of the column."""
    known = result_tables(scene)
    with_rows = [index for index, stage in enumerate(scene.stages) if not isinstance(stage, tables.Set)]
    swept = {quantity.name: quantity for quantity in expansion.quantities} if expansion is not None else {}
    batch = replica_count(scene)
    figures = figure_columns(scene).keys() - asked_columns(scene).keys()
    for name, check in scene.expect.items():
        if check is None:
            continue
        place = ("expect", name)
        if check.table not in known:
            yield _unknown_table(place, check, known)
            continue
        columns = known[check.table]
        across = check.along in swept and check.measure in ("at", "zero_crossing")
        along = columns | {quantity.name: quantity.unit or "1" for quantity in swept.values()}
        if of_broken_device(scene, check.column):
            continue
        yield from _reading(place, check, columns, with_rows, along, ("value", "tolerance"))
        if not across:
            yield from _of_figure(place, check, figures)
        if isinstance(check.tolerance, int | float) and check.tolerance <= 0:
            yield Problem((*place, "tolerance"), f"came {check.tolerance:g}; allowed: above 0")
        if check.replica >= batch and whole:
            yield Problem((*place, "replica"), f"came {check.replica}; the run has replicas 0 to {batch - 1}")
        if check.measure in OF_ALL and splits(scene):
            message = 'trajectories of a splitting have weights; expect a probability of table = "splitting"'
            yield Problem((*place, "measure"), message)
        elif check.sigmas is not None and check.table == "splitting":
            if check.column != scene.ensemble.figure or check.measure not in ("final", "at"):
                message = (
                    f"are the standard errors of {scene.ensemble.figure} at one time; give tolerance, or this column "
                    "and measure final or at"
                )
                yield Problem((*place, "sigmas"), message)
        elif check.measure in ("share", "time_constant") and with_rows:
            stage = with_rows[-1] if check.stage is None else check.stage
            if stage in with_rows and getattr(scene.stages[stage], "until", None) is None:
                could = [i for i, each in enumerate(scene.stages) if getattr(each, "until", None) is not None]
                listed = ", ".join(map(str, could)) or "none"
                yield Problem(
                    (*place, "stage"),
                    f"in stage {stage} no replica may stop; stages with until, counted from 0: {listed}",
                )
        if scene.sweep is None:
            for key in ("member", "statistic"):
                if getattr(check, key) is not None:
                    yield Problem((*place, key), "is for sweeps; add [sweep], or remove it")
        elif check.measure in OF_ALL and batch == 1 and whole:
            message = f'"{check.measure}" is of the replicas of each member, of which there is one; give statistic'
            yield Problem((*place, "measure"), message)
        elif whole and expansion is not None:
            yield from _members(place, check, expansion, swept, across=across)
    if scene.sweep is not None and expansion is not None and whole:
        yield from _results(scene, known, with_rows, swept)
    if scene.expect and not with_rows:
        yield Problem(("stages",), "no stage writes rows that [expect] could be held against; add a run, for example")


def _reading(
    place: Place,
    reading: Reading,
    columns: Mapping[str, str],
    with_rows: list[int],
    along: Mapping[str, str],
    more: tuple[str, ...] = (),
) -> Iterator[Problem]:
    """Check columns and stage; turn quantities into numbers. Columns, and what may stand in along, have their units."""
    for key, known in (("column", columns), ("along", along)):
        came = getattr(reading, key)
        if came is not None and came not in known:
            near = did_you_mean(came, known)
            yield Problem((*place, key), f"{shown(came)} is no column; allowed: {', '.join(known)}{near}")
    crosses = reading.measure == "zero_crossing"
    result = along.get(reading.along or "") if crosses else columns.get(reading.column)
    if reading.measure == "share" and result is not None:
        result = "1"
    given = {key: (getattr(reading, key), result) for key in more}
    given["at"] = reading.at, along.get(reading.along or "")
    for key, (value, unit) in given.items():
        if unit is None or value is None:
            continue
        try:
            setattr(reading, key, parse_quantity(value, unit))
        except FdmagError as error:
            yield Problem((*place, key), str(error))
    if reading.stage is not None and reading.stage not in with_rows:
        allowed = ", ".join(map(str, with_rows))
        yield Problem(
            (*place, "stage"),
            f"came {reading.stage}; stages that write rows, counted from 0: {allowed or 'none'}",
        )


def _members(
    place: Place, check: Any, expansion: Expansion, swept: Mapping[str, Quantity], *, across: bool
) -> Iterator[Problem]:
    """Check which members an expectation is about."""
    chosen = {}
    for name, value in (check.member or {}).items():
        if name not in swept:
            near = did_you_mean(name, swept)
            yield Problem((*place, "member", name), f"is no swept quantity: {', '.join(swept) or 'none'}{near}")
            continue
        quantity = swept[name]
        try:
            chosen[name] = value if quantity.unit is None else parse_quantity(value, quantity.unit)
        except FdmagError as error:
            yield Problem((*place, "member", name), str(error))
            continue
        if quantity.dimension is not None and not any(same(chosen[name], other) for other in quantity.values):
            listed = ", ".join(quantity.told(other).partition("= ")[2] for other in quantity.values[:10])
            more = ", ..." if len(quantity.values) > 10 else ""
            yield Problem((*place, "member", name), f"no member has {shown(value)}; there are: {listed}{more}")
    if check.member is not None:
        check.member = chosen
    if across:
        quantity = swept[check.along]
        if quantity.dimension != quantity.name:
            yield Problem((*place, "along"), f'{check.along} is no dimension of a grid; use kind = "grid"')
            return
        if check.statistic not in (None, "each"):
            yield Problem((*place, "statistic"), f"does not go with a reading along {check.along}; remove it")
        if missing := [name for name in expansion.dimensions if name not in (check.along, *chosen)]:
            yield Problem(
                (*place, "member"), f"a reading along {check.along} needs one value of each other: {', '.join(missing)}"
            )


def _results(
    scene: Any, tables_known: Mapping[str, Mapping[str, str]], with_rows: list[int], swept: Mapping[str, Quantity]
) -> Iterator[Problem]:
    columns = tables_known["table"]
    figures = figure_columns(scene).keys() - asked_columns(scene).keys()
    axes = counters(scene)
    for name in swept:
        if name in columns or name in scene.sweep.results or name in axes:
            what = "a column of the table" if name in columns else "a result" if name not in axes else "a dimension"
            yield Problem(("sweep", "quantities", name), f"{what} has this name too; choose another")
    for name, reading in scene.sweep.results.items():
        place = ("sweep", "results", name)
        if name in columns or name in RESERVED or name in axes:
            yield Problem(place, "the name is taken, by a column or by sweep.nc; choose another")
        if reading.table not in tables_known:
            yield _unknown_table(place, reading, tables_known)
            continue
        yield from _reading(place, reading, tables_known[reading.table], with_rows, tables_known[reading.table])
        yield from _of_figure(place, reading, figures)


def _unknown_table(place: Place, reading: Reading, known: Collection[str]) -> Problem:
    near = did_you_mean(reading.table, known)
    return Problem((*place, "table"), f"{shown(reading.table)} is no table of this run: {', '.join(known)}{near}")


def _of_figure(place: Place, reading: Reading, figures: Collection[str]) -> Iterator[Problem]:
    """Check that a figure of a device is read as the one number that it is."""
    if reading.table == "table" and reading.column in figures:
        for key in ("measure", "stage"):
            if getattr(reading, key) not in (None, "final"):
                yield Problem((*place, key), f"{reading.column} is a figure of a device, one number: leave {key} out")
    if reading.table == "table" and reading.along in figures:
        yield Problem((*place, "along"), f"{reading.along} is a figure of a device, and no column of the table")


def same(one: Any, other: Any) -> bool:
    """Return whether two values of a swept quantity are the same, but for rounding."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= 1e-9 * max(abs(one), abs(other))
    return bool(one == other)
