"""The devices of a scene: what they must agree on, their columns and figures, and what they leave behind."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from fdmag.devices.device import Device
from fdmag.devices.record import figures_of, write_record
from fdmag.devices.result import quantities as quantities_of
from fdmag.errors import did_you_mean
from fdmag.quantities import Column
from fdmag.scene import tables
from fdmag.scene.contents import quantities, standard_columns
from fdmag.scene.problems import Problem, shown


def device_problems(scene: Any) -> Iterator[Problem]:
    """Yield where devices do not agree with the rest of the scene."""
    known_columns = quantities(scene)
    names = {*standard_columns(scene), *known_columns.column_names()} - known_columns.further.keys()
    taken = {name.partition(".")[0] for name in names}
    operated = [stage.device for stage in scene.stages if isinstance(stage, tables.Operate)]
    for name, table in scene.device.items():
        if table is None:
            continue
        place = ("device", name)
        if name in taken:
            yield Problem(place, f'"{name}" is the name of columns already; choose another')
        for key, message in table.check(scene):
            yield Problem((*place, key), message)
        for key, partner in table.partners().items():
            able = [other for other, each in scene.device.items() if each is None or each.kind == "mtj"]
            if partner not in able:
                known = ", ".join(able) or 'none; add [device.NAME] with kind = "mtj"'
                near = did_you_mean(partner, able)
                yield Problem((*place, key), f"{shown(partner)} is not among the junctions: {known}{near}")
        if table.operates and operated.count(name) != 1:
            times = "never" if name not in operated else f"{operated.count(name)} times"
            yield Problem(place, f'is operated {times}; add one stage with kind = "operate", device = "{name}"')
    able = [name for name, table in scene.device.items() if table is None or table.operates]
    for index, stage in enumerate(scene.stages):
        if isinstance(stage, tables.Operate) and stage.device not in able:
            known = ", ".join(able) or "none"
            near = did_you_mean(stage.device, able)
            yield Problem(
                ("stages", index, "device"),
                f"{shown(stage.device)} is not among the devices that can be operated: {known}{near}",
            )


def columns_of_devices(devices: Mapping[str, Device]) -> dict[str, Column]:
    """Return the columns of devices that are built, by NAME.column."""
    return {
        f"{name}.{column.name}": Column(f"{name}.{column.name}", column.unit, column.compute, column.meaning)
        for name, device in devices.items()
        for column in device.columns()
    }


def device_rows(
    scene: Any, devices: Mapping[str, Device]
) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """Return name, unit and meaning of the columns of all devices, and of their figures."""
    columns = [(column.name, column.unit, column.meaning) for column in columns_of_devices(devices).values()]
    figures = []
    for name, table in scene.device.items():
        declared = quantities_of(table.result)
        figures += [(f"{name}.{key}", unit, declared[key].meaning) for key, unit in table.figures().items()]
    return columns, figures


def record_devices(folder: Path, devices: Mapping[str, Device], batch: int) -> dict[str, NDArray]:
    """Write what the devices found into a run directory; return the figures, (batch,) each, by NAME.figure."""
    figures: dict[str, NDArray] = {}
    for name, device in devices.items():
        result = device.result()
        write_record(folder, name, result)
        figures |= {f"{name}.{figure}": values for figure, values in figures_of(result, batch).items()}
    return figures
