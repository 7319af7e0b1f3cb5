"""What is legal in a scene and still hardly meant: numbers whose unit was forgotten, shapes the mesh does not hold."""

from collections.abc import Iterator
from math import inf, pi
from typing import Any

import numpy as np

from fdmag.constants import MU_0
from fdmag.devices.junction_device import JunctionDevice
from fdmag.doubts import doubts, layers
from fdmag.mesh import AXES, Mesh
from fdmag.scene.contents import parameters, terms_in_use
from fdmag.scene.load import LoadedScene
from fdmag.scene.problems import Place, Problem, shown
from fdmag.scene.stepping import noise
from fdmag.scene.sweeps.check import Sweep
from fdmag.scene.tables import Operate, Set
from fdmag.shapes import Cylinder, Ellipse, Ellipsoid, Shape

UNUSUAL = {"A/m": 5e3, "A/m^2": 1e4, "J/m^3": 1.0}
"""What is below that, and not 0, is hardly meant where no unit is written: 1000 emu/cm³, 50 µA, 0.9 MJ/m³."""
HINTS = {
    "A/m": 'µ0 M is then {0:.2g} T; 1000 emu/cm^3 is "1000 kA/m"',
    "A/m^2": "wanted is a current over the area that it crosses, such as 1e11",
    "J/m^3": 'is it "{1} MJ/m^3"?',
}
ABOVE: dict[str, tuple[float, str, str]] = {
    "angle": (2 * pi, "{0} rad", "{0} deg"),
    "cone": (2 * pi, "{0} rad", "{0} deg"),
    "TMR": (12.0, "{0} times, not per cent", "{0} %"),
    "RA_P": (1e-5, "{0} ohm m^2", "{0} ohm um^2"),
    "RA": (1e-5, "{0} ohm m^2", "{0} ohm um^2"),
    "t_ox": (1e-6, "{0} m", "{0} nm"),
    "t_HM": (1e-6, "{0} m", "{0} nm"),
    "lambda_sf": (1e-3, "{0} m", "{0} nm"),
}
"""By key, what no number without a unit is above, what it is, and what is meant."""
POINTS = 256
"""In each cell, to find the volume of a shape."""
UNLIKE = 0.2
"""Part by which the cells may be off the shape, in volume, and the mesh may be shorter."""
THROUGH = 3.0
"""Height over that of the mesh, from which on a shape is meant to go through all layers."""
MOST_CELLS = 4000
"""Above that the volume of a shape is not found: it takes time, and so many cells follow a shape well."""


def scene_doubts(loaded: LoadedScene) -> list[Problem]:
    """Return what is hardly meant in a scene that is valid."""
    scene = loaded.scene
    places = {used.name: used.place for used in terms_in_use(scene)}
    later = {path for stage in scene.stages if isinstance(stage, Set) for path in stage.values}
    found = [*_without_units(loaded), *_by_key(loaded.raw, ()), *_alike(loaded), *_geometry(loaded)]
    if layers(loaded.simulation.magnetic) > 1:
        for key, device in loaded.devices.items():
            if isinstance(device, JunctionDevice) and not isinstance(device.reference, str) and device.cells.all():
                message = "the lowest of several layers is read; name the free one, or the region that is the reference"
                found.append(Problem(("device", key, "free"), message))
    for where, message in doubts(loaded.simulation):
        name, _, key = where.rpartition(".")
        if not (key == "T" and "material.alpha" in later):
            found.append(Problem((*places.get(name, (name,)), key), message))
    return found


def sweep_doubts(sweep: Sweep) -> list[Problem]:
    """Return what is hardly meant in the first member of a sweep, and what is in the last one beside: its far end."""
    found, last = scene_doubts(sweep.first), sweep.expansion.count - 1
    if last == 0:
        return found
    places = {doubt.place for doubt in found}
    further = scene_doubts(sweep.reader.load(sweep.expansion.scene(last)))
    told = sweep.expansion.told(last)
    return found + [Problem(doubt.place, f"{doubt.message} ({told})") for doubt in further if doubt.place not in places]


def _without_units(loaded: LoadedScene) -> Iterator[Problem]:
    for place, declaration, _ in parameters(loaded.scene):
        least = UNUSUAL.get(declaration.unit)
        if least is None:
            continue
        for number in _plain_numbers(_at(loaded.raw, place)):
            if 0 < abs(number) < least:
                hint = HINTS[declaration.unit].format(MU_0 * abs(number), shown(number))
                yield Problem(place, f"came {shown(number)}, which is {number:g} {declaration.unit}: {hint}")
                break


def _at(raw: Any, place: Place) -> Any:
    """Return what is written at a place, None if nothing is; a table that stands alone has the number 0."""
    for key in place:
        if isinstance(raw, dict) and key == 0:
            continue
        try:
            raw = raw[key]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def _plain_numbers(value: Any) -> Iterator[float]:
    """Yield the numbers without a unit in a value of any form that has its numbers in the scene."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)
    elif isinstance(value, list):
        for item in value:
            yield from _plain_numbers(item)
    elif isinstance(value, dict):
        for key in ("value", "regions", "replicas", "sum"):
            inner = value.get(key)
            yield from _plain_numbers(list(inner.values()) if isinstance(inner, dict) else inner)


def _by_key(raw: Any, place: Place) -> Iterator[Problem]:
    """Yield numbers that are written without a unit and too large for SI."""
    items = enumerate(raw) if isinstance(raw, list) else raw.items() if isinstance(raw, dict) else ()
    for key, value in items:
        inner = (*place, key)
        most, what, meant = ABOVE.get(str(key), (inf, "", ""))
        for number in _plain_numbers(value):
            if abs(number) > most:
                told = what.format(f"{number:g}"), meant.format(f"{number:g}")
                yield Problem(inner, f'came {shown(number)}, which is {told[0]}; is it "{told[1]}"?')
                break
        yield from _by_key(value, inner)


def _alike(loaded: LoadedScene) -> Iterator[Problem]:
    """Yield an ensemble in which no replica differs from any other."""
    simulation, scene = loaded.simulation, loaded.scene
    operated = any(isinstance(stage, Operate) for stage in scene.stages)
    if scene.ensemble is None or operated or simulation.batch == 1 or any(noise(loaded.parts, simulation)):
        return
    if all(each.batch == 1 for each in simulation.parameters()) and np.all(simulation.m == simulation.m[:1]):
        yield Problem(("ensemble", "replicas"), "all are the same, as nothing differs: add [terms.thermal] for noise")


def _geometry(loaded: LoadedScene) -> Iterator[Problem]:
    table, mesh = loaded.scene.geometry, loaded.simulation.mesh
    if table is None:
        return
    place = ("geometry", "shape")
    shape: Shape = loaded.builder.shape(table.shape).fitted(mesh)
    if axes := _cut(shape, mesh):
        sizes = [high - low for low, high in zip(*shape.bounds, strict=True)]
        told = " and ".join(f"{sizes[k] * 1e9:.4g} nm along {AXES[k]}, of {mesh.size[k] * 1e9:.4g} nm" for k in axes)
        yield Problem(place, f"the mesh ends before the shape and cuts it: {told}")
        return
    if table.smooth_edges > 1 or mesh.n_cells > MOST_CELLS:
        return
    cells, held = float(shape.fill(mesh).sum()), _held(shape, mesh)
    if abs(cells - held) > UNLIKE * held:
        yield Problem(
            place,
            f"the cells whose centres are inside have {cells / held:.2g} times the volume of the shape; fit the cells "
            "to it, or let smooth_edges = 8 of [geometry] fill them in part",
        )


def _held(shape: Shape, mesh: Mesh) -> float:
    """Return the volume of a shape within the mesh, in cells, from points that fill each cell evenly.

    Source: the sequence R3 of M. Roberts (2018), which generalises the golden ratio g: g⁴ = g + 1 in three dimensions.
    """
    g = 1.2207440846057596
    count = 0
    for k in range(POINTS):
        x, y, z = (
            centre + ((0.5 + k / g ** (axis + 1)) % 1 - 0.5) * edge
            for axis, (centre, edge) in enumerate(zip((mesh.x, mesh.y, mesh.z), mesh.cell_size, strict=True))
        )
        count += int(shape.contains(x, y, z).sum())
    return count / POINTS


def _cut(shape: Shape, mesh: Mesh) -> list[int]:
    """Return the axes along which the mesh cuts a shape that is hardly meant to go on.

    A track that ends outside is: it may be cut along x or y, but not along both. Nor may a round shape, except for a
    wire along its axis. Of a layer the thickness may not be cut, while what is several times as high goes through all.
    """
    axes = [
        k
        for k, (low, high, origin, size) in enumerate(zip(*shape.bounds, mesh.origin, mesh.size, strict=True))
        if -inf < low and high < inf and not mesh.periodic[k]
        and max(origin - low, 0) + max(high - origin - size, 0) > UNLIKE * min(high - low, size)
    ]  # fmt: skip
    whole = isinstance(shape, Cylinder | Ellipse | Ellipsoid)
    along = AXES.index(shape.axis) if isinstance(shape, Cylinder) else None
    across = [k for k in axes if k not in (along, 2)]
    layer = 2 in axes and shape.bounds[1][2] - shape.bounds[0][2] < THROUGH * mesh.size[2]
    return axes if layer or len(across) > (0 if whole else 1) else []
