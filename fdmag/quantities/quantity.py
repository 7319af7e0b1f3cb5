"""What a simulation can be asked for by name: columns of the result table, and fields."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError, did_you_mean
from fdmag.quantities.builtin import COMPONENTS, columns_of, fields_of
from fdmag.quantities.named import Column, Field
from fdmag.simulation import Simulation
from fdmag.terms import Term

MAX_WALLS = 100
"""Highest number of a wall that may be asked for."""


@dataclass(frozen=True)
class Catalogue:
    """The names that terms and regions give rise to.

    A field's name is also that of a column: its mean over the magnet, or, with ``.REGION`` after it, over that of a
    region or group; each cell counts by the share of it that is filled. Of a vector each component is a column, ``.x``,
    ``.y`` and ``.z``; the name without them stands for all three.

    Parameters
    ----------
    terms : mapping of name to class of the term
    regions : collection of str
        Regions and groups.
    further : mapping of name to Column
        Columns of devices, NAME.column; NAME stands for all of them.

    Examples
    --------
    >>> from fdmag.terms import Demag
    >>> catalogue = Catalogue({"demag": Demag}, ["default", "free"])
    >>> [column.name for column in catalogue.columns(["m.free", "B.demag.z", "topological_charge"])]
    ['m.free.x', 'm.free.y', 'm.free.z', 'B.demag.z', 'topological_charge']
    """

    terms: Mapping[str, type[Term]]
    regions: Collection[str]
    further: Mapping[str, Column] = field(default_factory=dict)

    @classmethod
    def of(cls, simulation: Simulation) -> "Catalogue":
        """Return the catalogue of a simulation."""
        return cls({name: type(term) for name, term in simulation.terms.items()}, simulation.regions.all_names)

    def column_names(self) -> list[str]:
        """Return every name that may stand for columns, without components."""
        averages = [
            name for field in fields_of(self.terms) for name in (field, *(f"{field}.{each}" for each in self.regions))
        ]
        return [*columns_of(self.terms), *averages, *self.further]

    def listed(self) -> tuple[list[tuple[str, str, str]], list[tuple[str, str, str]]]:
        """Return name, unit and meaning of the columns that are no averages of fields, and of the fields.

        Columns of walls are listed once, without component and number.
        """
        columns, fields = columns_of(self.terms).values(), fields_of(self.terms).values()
        return (
            [(each.name, each.unit, each.meaning) for each in columns if each.of_wall is None or "." not in each.name],
            [(each.name, each.unit, f"{each.meaning} (vector)" if each.vector else each.meaning) for each in fields],
        )

    def columns(self, names: Iterable[str | Column]) -> list[Column]:
        """Return the columns of these names, one for each component; a `Column` stands for itself.

        Raises
        ------
        ParameterError
            If a name is unknown or a column comes twice.
        """
        found = [column for name in names for column in ([name] if isinstance(name, Column) else self._named(name))]
        _once([column.name for column in found], "column")
        return found

    def fields(self, names: Iterable[str | Field]) -> list[Field]:
        """Return the fields of these names; a `Field` stands for itself.

        Raises
        ------
        ParameterError
            If a name is unknown or comes twice.
        """
        known = fields_of(self.terms)
        found = []
        for name in names:
            if isinstance(name, str) and name not in known:
                raise ParameterError(f'"{name}" is no field; allowed: {", ".join(known)}{did_you_mean(name, known)}')
            found.append(known[name] if isinstance(name, str) else name)
        _once([field.name for field in found], "field")
        return found

    def _named(self, name: str) -> list[Column]:
        columns = columns_of(self.terms)
        if name in self.further:
            return [self.further[name]]
        if of_device := [column for key, column in self.further.items() if key.startswith(f"{name}.")]:
            return of_device
        if name in columns:
            return [columns[name]]
        if parts := [columns[f"{name}.{axis}"] for axis in "xy" if f"{name}.{axis}" in columns]:
            return parts
        if wall := _numbered_wall(name, columns):
            return [wall]
        stem, _, last = name.rpartition(".")
        for whole, wanted in ((name, tuple(COMPONENTS)), (stem, (last,))):
            if (average := self._average(whole, wanted)) is not None:
                return average
        allowed = self.column_names()
        shown = ", ".join(allowed[:60]) + (", ..." if len(allowed) > 60 else "")
        raise ParameterError(f'"{name}" is no column; allowed: {shown}{did_you_mean(name, allowed)}')

    def _average(self, name: str, wanted: tuple[str, ...]) -> list[Column] | None:
        """Return columns for the mean of a field over all cells or a region, or None if it is not the name of one."""
        fields = fields_of(self.terms)
        for key in sorted(fields, key=len, reverse=True):
            region = name.removeprefix(f"{key}.")
            if name != key and (region == name or region not in self.regions):
                continue
            field = fields[key]
            place = None if name == key else region
            if not field.vector:
                return [Column(name, field.unit, _mean(field, place, 0))] if wanted == tuple(COMPONENTS) else None
            if not set(wanted) <= set(COMPONENTS):
                return None
            return [
                Column(f"{name}.{axis}", field.unit, _mean(field, place, COMPONENTS.index(axis)), field.meaning)
                for axis in wanted
            ]
        return None


def evaluate(simulation: Simulation, name: str) -> NDArray[np.float64]:
    """Return a column by name: (batch,), or (batch, components) where the name stands for several.

    >>> import fdmag
    >>> magnet = fdmag.Simulation(fdmag.Mesh((2, 1, 1), (1e-9, 1e-9, 1e-9)), [], Ms=8e5, m=(0.6, 0, 0.8))
    >>> evaluate(magnet, "m.default.z")
    array([0.8])
    """
    values = [column.evaluate(simulation) for column in Catalogue.of(simulation).columns([name])]
    return values[0] if len(values) == 1 else np.stack(values, axis=1)


def _mean(field: Field, region: str | None, component: int) -> Callable[[Simulation], NDArray]:
    def mean(simulation: Simulation) -> NDArray:
        weights = simulation.weights if region is None else simulation.weights * simulation.regions.mask(region)
        values = field.evaluate(simulation)
        chosen = values[:, component] if field.vector else values
        total = np.where(weights > 0, chosen * weights, 0).reshape(simulation.batch, -1).sum(axis=1)
        volume = weights.reshape(weights.shape[0], -1).sum(axis=1)
        return np.where(volume > 0, total / np.where(volume > 0, volume, 1), np.nan)

    return mean


def _numbered_wall(name: str, columns: Mapping[str, Column]) -> Column | None:
    """Return the column of a further wall, such as wall_position.2."""
    stem, _, number = name.rpartition(".")
    column = columns.get(stem)
    if column is None or column.of_wall is None or number not in map(str, range(1, MAX_WALLS + 1)):
        return None
    return Column(name, column.unit, column.of_wall(int(number)), column.meaning)


def _once(names: list[str], what: str) -> None:
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise ParameterError(f'the {what} "{twice[0]}" comes twice; name it once')
