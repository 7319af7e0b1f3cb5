"""The devices of a scene: what they must agree on, their columns and figures, and what they leave behind."""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from fdmag.devices.device import Device
from fdmag.devices.record import figures_among, figures_of, write_record
from fdmag.errors import did_you_mean
from fdmag.quantities import Column
from fdmag.scene import tables
from fdmag.scene.contents import further_columns, quantities, standard_columns
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
        if table.compact_model and f"{name}_model" in scene.device:
            yield Problem((*place, "compact_model"), f'its files are named as those of "{name}_model"; rename that one')
        if table.compact_model and not any(what.dims for what in table.declared().values()):
            yield Problem((*place, "compact_model"), f"a {table.kind} has numbers only, and no curves; leave it out")
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
    if scene.device and scene.ensemble is not None and scene.ensemble.relative_error is not None:
        yield Problem(
            ("ensemble", "relative_error"), "adds replicas while it runs, which devices do not see; give replicas"
        )
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
        declared = figures_among(table.declared())
        figures += [(f"{name}.{key}", what.unit, what.meaning) for key, what in declared.items()]
    return columns, figures


def build_devices(builder: Any, simulation: Any, guard: Callable[..., Device | None]) -> dict[str, Device]:
    """Return the devices of a builder's scene by name, those that others need first.

    ``guard(place, function, *args)`` calls the function, and keeps an error as a problem with its place.
    """
    devices: dict[str, Device] = {}
    for name, table in sorted(builder.scene.device.items(), key=lambda item: bool(item[1].partners())):
        if devices.keys() >= set(table.partners().values()):
            built = guard(("device", name), table.build, builder, simulation, devices)
            if built is not None:
                devices[name] = built
    return devices


def resolved_columns(loaded: Any) -> list[str | Column]:
    """Return what the table holds beside the columns of every run; columns of devices as they are computed.

    ``loaded`` is the `fdmag.scene.load.LoadedScene`, whose devices are others once further replicas are run.
    """

    def of_device(name: str, column: str) -> Callable[[Any], NDArray]:
        def compute(simulation: Any) -> NDArray:
            found = {each.name: each for each in loaded.devices[name].columns()}
            return found[column].compute(simulation)

        return compute

    ours = {
        f"{name}.{column}": Column(f"{name}.{column}", unit, of_device(name, column))
        for name, table in loaded.scene.device.items()
        for column, unit in table.columns().items()
    }
    listed = quantities(loaded.scene).columns(further_columns(loaded.scene))
    return [ours.get(column.name, column) for column in listed]


def record_devices(
    folder: Path, devices: Mapping[str, Device], batch: int, modelled: Collection[str] = (), *, pictures: bool = True
) -> dict[str, NDArray]:
    """Write what the devices found into a run directory; return the figures, (batch,) each, by NAME.figure.

    Of those ``modelled`` compact models are written too; ``pictures`` tells whether results are drawn.
    """
    figures: dict[str, NDArray] = {}
    for name, device in devices.items():
        result = device.result()
        write_record(folder, name, result, picture=pictures)
        if name in modelled:
            device.compact_model(name).write(folder / f"device_{name}_model")
        figures |= {f"{name}.{figure}": values for figure, values in figures_of(result, batch).items()}
    return figures
