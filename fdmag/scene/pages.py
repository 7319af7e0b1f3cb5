"""Pages of the documentation that follow from declarations: the interactions, quantities by name, kinds of devices."""

import inspect
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from fdmag.devices.result import quantities as declared_quantities
from fdmag.parameter import Declaration
from fdmag.quantities import Catalogue
from fdmag.scene.contents import table_fields
from fdmag.scene.device_kinds import DeviceTable, device_kinds
from fdmag.scene.schema import described
from fdmag.scene.values import Entry
from fdmag.terms import Demag, Material, TunnelTorque, registry
from fdmag.terms.term import Declared

WRITTEN = "<!-- Written by `{command}`: change the declarations, not this page. -->"
QUANTITY_NOTES = (
    "Every field is also a column: its mean over the magnet, or with `.REGION` over a region, such as "
    "`m.free` or `B.demag.free`. Of a vector all three components are columns, or the one that is named: `m.free.z`.",
    "`wall_…` takes the component a of m that changes sign, and the number of the wall from low x: `wall_position.z`, "
    "`wall_position.2`, `wall_position.z.2`. Where there is no wall the column is NaN.",
    "The columns of every table (t, stage, replica, m averaged, energies, `max_torque`) need not be named.",
)


def term_page() -> str:
    """Return the page of all interactions: text, formulas and sources of each, and its parameters."""
    owners: list[type[Declared]] = [Material, *registry().values()]
    parts = [
        "# Interactions",
        WRITTEN.format(command="fdmag terms --markdown"),
        "Each is a table of a scene, `[terms.NAME]`, and a class of `fdmag.terms`. A parameter with a unit may vary "
        "over regions, cells, replicas and time; signs in words are in conventions.md.",
    ]
    return "\n\n".join([*parts, *(section for owner in owners for section in _sections(owner))]) + "\n"


def quantity_page() -> str:
    """Return the page of the columns and fields that may be asked for by name."""
    columns, fields = quantity_rows()
    parts = [
        "# Quantities by name",
        WRITTEN.format(command="fdmag quantities --markdown"),
        'In a scene: `[output]` with `columns = ["topological_charge", "m.free"]` and `fields = ["B.demag"]`. From '
        'Python: `fdmag.quantities.evaluate(simulation, "topological_charge")`.',
        "## Columns",
        _table(("name", "unit", "meaning"), columns),
        *QUANTITY_NOTES,
        "## Fields",
        _table(("name", "unit", "meaning"), fields),
        "TERM stands for the name of a term, as in the column `E_TERM`.",
    ]
    return "\n\n".join(parts) + "\n"


def device_page() -> str:
    """Return the page of the kinds of devices: keys, columns and figures of each."""
    parts = [
        "# Kinds of devices",
        WRITTEN.format(command="fdmag devices --markdown"),
        "Each is a table of a scene, `[device.NAME]` with `kind`. Its columns, `NAME.column`, may be asked for in "
        "`[output]`; its figures, `NAME.figure`, may stand in `[expect]`. Kinds that can be operated drive the "
        'simulation in a stage `operate`; the others are read. "—" in the last column: the key must be given.',
    ]
    for kind, table in device_kinds().items():
        parts += [f"## {kind}", inspect.cleandoc(table.__doc__ or "")]
        parts += ["Driven by a stage `operate`." if table.operates else "Read, in any stage."]
        parts.append(_table(("key", "unit", "meaning", "default"), key_rows(table)))
        for key, inner in inner_tables(table).items():
            parts += [f"Each table of `{key}`:", _table(("key", "unit", "meaning", "default"), key_rows(inner))]
        columns, figures = device_outcome(table)
        parts += ["Columns: " + ", ".join(f"`{name}` [{unit}]" for name, unit in columns) + "."]
        parts += ["Figures:", _table(("figure", "unit", "meaning"), figures)]
    return "\n\n".join(parts) + "\n"


def key_rows(table: type[BaseModel]) -> list[tuple[str, str, str, str]]:
    """Return key, unit, meaning and default of the entries of a table, but for its kind."""
    rows = []
    for key, field in table.model_fields.items():
        if key == "kind":
            continue
        entry = next((each for each in field.metadata if isinstance(each, Entry) and each.declaration), None)
        declared = entry.declaration if entry is not None else None
        meaning = field.description or (declared.meaning if declared is not None else "")
        told = re.search(r" \[(\S+|ohm m)\]", meaning)
        unit = declared.unit if declared is not None else told[1] if told else ""
        if get_origin(field.annotation) is Literal:
            meaning += f"; {' or '.join(get_args(field.annotation))}"
        default = "—" if field.is_required() else _shown(field.default)
        rows.append((f"`{key}`", "" if unit == "1" else unit, meaning.replace(f" [{unit}]", ""), default))
    return rows


def inner_tables(table: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return by key the tables of which a key holds a list."""
    found = {}
    for key, field in table.model_fields.items():
        for inner in get_args(field.annotation):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                found[key] = inner
    return found


def device_outcome(table: type[DeviceTable]) -> tuple[list[tuple[str, str]], list[tuple[str, str, str]]]:
    """Return the columns of a kind of device by name and unit, and its figures with their meaning."""
    declared = declared_quantities(table.result)
    figures = [(name, unit, declared[name].meaning) for name, unit in table.figures().items()]
    return list(table.column_units.items()), figures


def quantity_rows() -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """Return name, unit and meaning of columns and of fields of any simulation; TERM stands for a term."""
    return Catalogue({"tunnel_torque": TunnelTorque}, ()).listed()[0], Catalogue({"TERM": Demag}, ()).listed()[1]


def _sections(owner: type[Declared]) -> Iterable[str]:
    entry = described(owner)
    title = "material" if owner is Material else f"terms.{owner.name}"
    yield f"## [{title}]"
    yield re.sub(r"``(.+?)``", r"`\1`", inspect.cleandoc(owner.__doc__ or ""))
    if entry["parameters"]:
        yield _parameters(owner, entry)
    for key, inner in table_fields(owner).items():
        yield f"Each table of `{key}`:"
        yield _parameters(inner, described(inner))
    if isinstance(entry.get("columns"), dict) and entry["columns"]:
        yield "Columns: " + ", ".join(f"`{name}` [{unit}]" for name, unit in entry["columns"].items()) + "."
    if entry.get("energy") is False:
        yield "Derives from no energy: `minimize` refuses it."


def _parameters(owner: type[Declared], entry: dict[str, Any]) -> str:
    declared, rows = owner.parameters(), []
    for item in entry["parameters"]:
        default = "—" if item["required"] else _shown(item["default"])
        if item["name"] in declared and (other := declared[item["name"]].unless):
            default = f"— or `{other}`"
        allowed = _allowed(declared[item["name"]]) if item["name"] in declared else ""
        rows.append((f"`{item['name']}`", item["unit"] or "", item["meaning"], allowed, default))
    return _table(("parameter", "unit", "meaning", "allowed", "default"), rows)


def _allowed(declared: Declaration) -> str:
    """Return the range of a parameter and what it must not depend on, in words."""
    found = ["a direction" if declared.unit_vector else "a vector"] if declared.components == 3 else []
    found += [replace(declared, unit="1").allowed] if declared.ranged else []
    found += [] if declared.time_dependent else ["constant in time"]
    return ", ".join(found)


def _shown(default: Any) -> str:
    if default is None or default in ("", (), []):
        return ""
    if isinstance(default, tuple):
        return str(list(default))
    return f"{default:.12g}" if isinstance(default, float) else str(default)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def markdown_pages() -> dict[str, str]:
    """Return the pages by file name below ``docs/``."""
    return {"terms.md": term_page(), "quantities.md": quantity_page(), "device_kinds.md": device_page()}
