"""From a table [sweep] to its members: the values of each, and the scene of each."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from fdmag.errors import FdmagError, ParameterError
from fdmag.expressions import Expression
from fdmag.scene.overrides import replace
from fdmag.scene.problems import Problem, shown
from fdmag.scene.sweeps.columns import column_values, read_columns
from fdmag.scene.sweeps.draws import Distribution, chances, draw
from fdmag.scene.sweeps.paths import Target, target
from fdmag.scene.sweeps.tables import MAX_MEMBERS, RANDOM, QuantityTable, SweepTable
from fdmag.units import format_quantity, parse_quantity

MEMBER, SAMPLE = "member", "sample"
RESERVED = (MEMBER, SAMPLE, "row", "replica", "status", "error", "device", "evaluations")
"""Names of dimensions and variables of ``sweep.nc`` that no quantity may have."""
SEEDS = 2**63
NEXT_SEED = 0x1E3779B97F4A7C15
"""Seeds of members are so far apart that no two are the same, nor near each other."""


@dataclass(frozen=True)
class Quantity:
    """A swept quantity.

    Attributes
    ----------
    name : str
    targets : tuple of Target
        Where it stands in the scene.
    unit : str or None
        SI unit of its values; None if they are no quantities.
    dimension : str or None
        Along which its values lie; None if it is worked out from others.
    values : list
        One for each place along the dimension: numbers in SI, or what stands in the scene.
    expression : Expression, optional
    """

    name: str
    targets: tuple[Target, ...]
    unit: str | None
    dimension: str | None
    values: list[Any]
    expression: Expression | None = None

    def told(self, value: Any) -> str:
        """Return a value for a message."""
        if self.unit is None or not isinstance(value, float):
            return f"{self.name} = {shown(value)}"
        return f"{self.name} = {format_quantity(value, self.unit)}"


class Expansion:
    """The members of a sweep, in the order of the dimensions, the last one fastest.

    Parameters
    ----------
    table : SweepTable
    raw : dict
        Data of the scene, with its ``sweep``.
    folder : Path
        Where its files are.
    model : type
        The model of a scene.

    Attributes
    ----------
    quantities : list of Quantity
    dimensions : dict
        Length of each, by name.
    problems : list of Problem
        What is wrong with the sweep; there are no members then.
    """

    def __init__(self, table: SweepTable, raw: dict[str, Any], folder: Path, model: type[BaseModel]) -> None:
        self.table = table
        self.problems: list[Problem] = []
        self.quantities: list[Quantity] = []
        self.dimensions: dict[str, int] = {}
        self._raw = raw
        self._columns = self._file(folder)
        for name, entry in table.quantities.items():
            self._add(name, entry, model)
        self._find_dimensions()
        self._same_place()

    @property
    def count(self) -> int:
        """Number of members."""
        return prod(self.dimensions.values())

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the dimensions."""
        return tuple(self.dimensions.values())

    def values(self, member: int) -> dict[str, Any]:
        """Return the values of a member's quantities, by name."""
        place = dict(zip(self.dimensions, np.unravel_index(member, self.shape), strict=True))
        found = {q.name: q.values[place[q.dimension]] for q in self.quantities if q.dimension is not None}
        worked_out = {
            q.name: float(q.expression(**{name: found[name] for name in q.expression.names}))
            for q in self.quantities
            if q.expression is not None
        }
        return {q.name: found.get(q.name, worked_out.get(q.name)) for q in self.quantities}

    def told(self, member: int) -> str:
        """Return a member and its values for a message."""
        values = self.values(member)
        listed = ", ".join(quantity.told(values[quantity.name]) for quantity in self.quantities)
        return f"member {member}: {listed}" if listed else f"member {member}"

    def coordinate(self, quantity: Quantity) -> tuple[tuple[str, ...], NDArray]:
        """Return the dimensions of a quantity's values, and these."""
        if quantity.dimension is not None:
            return (quantity.dimension,), _as_array(quantity.values)
        values = [self.values(member)[quantity.name] for member in range(self.count)]
        return tuple(self.dimensions), np.array(values).reshape(self.shape)

    def scene(self, member: int) -> dict[str, Any]:
        """Return the data of a member's scene; tables that no quantity is in are those of the sweep itself.

        Members differ in their thermal noise: that of member k has the number ``first_replica`` + k; where members
        have replicas of their own, whose numbers these are, it has a ``seed`` of its own instead, and that of member 0
        is the scene's. Unless the sweep says what ``seed`` or ``first_replica`` are.

        Raises
        ------
        ParameterError
            If an expression gives no number.
        """
        raw = {key: value for key, value in self._raw.items() if key not in ("sweep", "expect")}
        touched = {target.path[0] for quantity in self.quantities for target in quantity.targets}
        noise = self._noise_tables()
        for key in touched | ({"terms"} if noise else set()):
            raw[key] = copy.deepcopy(raw.get(key, {}))
        values = self.values(member)
        for quantity in self.quantities:
            value = values[quantity.name]
            if isinstance(value, float) and not np.isfinite(value):
                raise ParameterError(f"{quantity.name} is not finite ({self.told(member)})")
            for aim in quantity.targets:
                fits = aim.whole and isinstance(value, float) and value.is_integer()
                replace(raw, aim.path, int(value) if fits else copy.deepcopy(value))
        for table in noise:
            entry = raw["terms"]["thermal"] if table is None else raw["terms"]["thermal"][table]
            key = "seed" if has_replicas(self._raw) else "first_replica"
            first = entry.get(key, 0)
            if isinstance(first, int) and not isinstance(first, bool):
                entry[key] = (first + member * NEXT_SEED) % SEEDS if key == "seed" else first + member
        return raw

    def _noise_tables(self) -> list[int | None]:
        """Return the numbers of the thermal tables whose noise is that of the member; None is the only one."""
        terms = self._raw.get("terms")
        thermal = terms.get("thermal") if isinstance(terms, dict) else None
        own = [(("terms", "thermal"), None, thermal)]
        if isinstance(thermal, list):
            own = [(("terms", "thermal", str(i)), i, table) for i, table in enumerate(thermal)]  # type: ignore[misc]
        given = {aim.path for quantity in self.quantities for aim in quantity.targets}
        return [
            number for path, number, table in own
            if isinstance(table, dict) and not {(*path, "seed"), (*path, "first_replica")} & given
        ]  # fmt: skip

    def _file(self, folder: Path) -> Mapping[str, tuple[str | None, list[str]]]:
        from fdmag.scene.checks import file_problem

        name = self.table.file
        if name is None:
            return {}
        try:
            message = file_problem(name, folder)
            if message is None:
                return read_columns(folder / name)
        except (OSError, RuntimeError, ValueError) as error:
            message = str(error)
        self.problems.append(Problem(("sweep", "file"), message))
        return {}

    def _add(self, name: str, entry: QuantityTable, model: type[BaseModel]) -> None:
        place = ("sweep", "quantities", name)
        if name in RESERVED:
            self.problems.append(Problem(place, f"the name is taken, by sweep.nc itself: {', '.join(RESERVED)}"))
        key = "path"
        try:
            targets = tuple(target(self._raw, path, model) for path in entry.places())
            unit = targets[0].unit
            if differ := {str(aim.unit) for aim in targets} - {str(unit)}:
                raise ParameterError(f"the paths have different units: {unit}, {', '.join(differ)}; use an expression")
            key = entry.form
            dimension, values, expression = self._values(name, entry, targets[0])
        except FdmagError as error:
            self.problems.append(Problem((*place, key), str(error)))
            return
        self.quantities.append(Quantity(name, targets, unit, dimension, values, expression))

    def _values(self, name: str, entry: QuantityTable, aim: Target) -> tuple[str | None, list[Any], Expression | None]:
        """Return the dimension of a quantity, its values, and the expression they come from."""
        table, unit, form = self.table, aim.unit, entry.form
        if form == "expression":
            if unit is None or aim.components != 1:
                raise ParameterError('an expression gives a number; name a component of the vector: path = "….2"')
            names = tuple(other for other, each in table.quantities.items() if each.form != "expression")
            return None, [], Expression(str(entry.expression), names)
        own = MEMBER if table.kind in ("zip", "monte_carlo") else name
        if form == "values":
            return own, [_value(item, aim) for item in entry.values or ()], None
        if form == "column":
            return own, column_values(dict(self._columns), str(entry.column), unit) if self._columns else [], None
        if unit is None or aim.components != 1:
            what = "is no number" if unit is None else 'is a vector; name one of its components, path = "….2"'
            raise ParameterError(f"{entry.places()[0]} {what}; allowed here: values = [...]")
        if form in RANDOM:
            given = getattr(entry, form).model_dump(exclude_none=True)
            options = {key: parse_quantity(value, unit) for key, value in given.items()}
            sampled = SAMPLE if table.kind == "grid" else MEMBER
            count = table.members or self._zipped()
            drawn = draw(cast(Distribution, form), options, chances(table.seed or 0, name, count))
            return sampled, drawn.tolist(), None
        return own, _line(form, getattr(entry, form), unit), None

    def _zipped(self) -> int:
        """Return the number of members of a zip, as one of its lists tells."""
        for entry in self.table.quantities.values():
            if entry.form == "column":
                return max((len(cells) for _, cells in self._columns.values()), default=1)
            if entry.form == "values":
                return len(entry.values or ())
            if entry.form in ("linspace", "logspace"):
                return _count(getattr(entry, entry.form)[2])
        return 1

    def _find_dimensions(self) -> None:
        for quantity in self.quantities:
            if quantity.dimension is None:
                continue
            before = self.dimensions.setdefault(quantity.dimension, len(quantity.values))
            if before != len(quantity.values):
                self.problems.append(
                    Problem(
                        ("sweep", "quantities", quantity.name),
                        f"has {len(quantity.values)} values, others have {before}; with zip all have as many",
                    )
                )
            alone = quantity.dimension == quantity.name
            if alone and len({repr(value) for value in quantity.values}) < len(quantity.values):
                self.problems.append(Problem(("sweep", "quantities", quantity.name), "a value comes twice"))
        if self.table.kind == "monte_carlo":
            self.dimensions.setdefault(MEMBER, self.table.members or 1)
        if not self.problems and self.count > MAX_MEMBERS:
            self.problems.append(
                Problem(("sweep",), f"has {self.count} members; allowed: at most {MAX_MEMBERS}; sweep fewer values")
            )

    def _same_place(self) -> None:
        taken: dict[tuple[str, ...], str] = {}
        for quantity in self.quantities:
            for aim in quantity.targets:
                for path, other in taken.items():
                    shorter = min(len(path), len(aim.path))
                    if path[:shorter] == aim.path[:shorter]:
                        self.problems.append(
                            Problem(("sweep", "quantities", quantity.name, "path"), f"{other} is there, too")
                        )
                taken[aim.path] = quantity.name


def has_replicas(raw: Mapping[str, Any]) -> bool:
    """Return whether the data of a scene asks for replicas, or has devices, which may.

    >>> has_replicas({"material": {"alpha": {"replicas": [0.1, 0.2]}}}), has_replicas({"stages": []})
    (True, False)
    """
    parts = [value for key, value in raw.items() if key not in ("sweep", "expect")]
    return "ensemble" in raw or "device" in raw or any(map(_names_replicas, parts))


def _names_replicas(data: Any) -> bool:
    if isinstance(data, list):
        return any(map(_names_replicas, data))
    return isinstance(data, dict) and ("replicas" in data or any(map(_names_replicas, data.values())))


def _value(item: Any, aim: Target) -> Any:
    """Return an item of a list in SI, as far as it is a quantity."""
    if aim.unit is None or isinstance(item, dict | bool) or (aim.whole and isinstance(item, int)):
        return item  # large seeds are no floats
    if isinstance(item, list):
        return [_value(part, aim) for part in item]
    return parse_quantity(item, aim.unit)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_MEMBERS:
        raise ParameterError(f"came {shown(value)} values; allowed: an integer from 1 to {MAX_MEMBERS}")
    return value


def _line(form: str, given: list[Any], unit: str) -> list[float]:
    first, last = (parse_quantity(item, unit) for item in given[:2])
    count = _count(given[2])
    if form == "linspace":
        return np.linspace(first, last, count).tolist()
    if first * last <= 0:
        raise ParameterError(f"came {first:g} to {last:g} {unit}; a constant ratio needs both above 0, or both below")
    return np.geomspace(first, last, count).tolist()


def _as_array(values: list[Any]) -> NDArray:
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return np.array(values)
    return np.array([value if isinstance(value, str) else shown(value) for value in values], dtype=object)
