"""A figure of a device as a table over its parameters, with a reference evaluation: two small files."""

import csv
import hashlib
import io
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import FileFormatError, ParameterError, did_you_mean
from fdmag.output.files import atomic_write
from fdmag.output.provenance import machine_info, write_json
from fdmag.output.table_data import header_cell, read_table

__all__ = ["Axis", "CompactModel", "Output", "tabulate"]

FORMAT, VERSION = "fdmag compact model", 1
INTERPOLATIONS = {"linear": 2, "pchip": 4}
"""Each with the least number of points on an axis."""


class Axis(NamedTuple):
    """A parameter: unit, and the values of the table, rising."""

    unit: str
    values: NDArray[np.float64]


class Output(NamedTuple):
    """A figure: unit, values on the grid, and their standard uncertainties, if known."""

    unit: str
    values: NDArray[np.float64]
    sigma: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class CompactModel:
    """Figures on a grid of parameters, interpolated between its points.

    Parameters
    ----------
    name : str
    axes : mapping of name to Axis
        In the order of the grid's axes.
    outputs : mapping of name to Output
    interpolation : "linear" or "pchip"
        Multilinear, or monotone cubic along each axis (at least 4 points).
    constants : mapping of name to (value, unit)
        What was held fixed; for the reader, the evaluation does not use it.
    source : str
        Where the figures come from.

    Raises
    ------
    ParameterError
        For axes that do not rise, or are too short, shapes that do not fit, or values that are not finite.

    Examples
    --------
    >>> model = CompactModel("resistor", {"V": Axis("V", np.array([0.0, 1.0]))},
    ...                      {"I": Output("A", np.array([0.0, 2e-3]))})
    >>> float(model(V=0.25)["I"])
    0.0005
    """

    name: str
    axes: Mapping[str, Axis]
    outputs: Mapping[str, Output]
    interpolation: str = "linear"
    constants: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        where = f"compact model {self.name!r}"
        if self.interpolation not in INTERPOLATIONS:
            hint = did_you_mean(self.interpolation, INTERPOLATIONS)
            raise ParameterError(f"{where}: interpolation = {self.interpolation!r}; allowed: linear, pchip{hint}")
        if not self.axes or not self.outputs:
            raise ParameterError(f"{where}: it has no axes, or no outputs; give at least one of each")
        axes = {name: Axis(axis.unit, np.asarray(axis.values, dtype=float)) for name, axis in self.axes.items()}
        least = INTERPOLATIONS[self.interpolation]
        for name, axis in axes.items():
            if axis.values.ndim != 1 or axis.values.size < least:
                raise ParameterError(f"{where}: axis {name} has shape {axis.values.shape}; allowed: (n,), n ≥ {least}")
            if not (np.isfinite(axis.values).all() and np.all(np.diff(axis.values) > 0)):
                raise ParameterError(f"{where}: axis {name} does not rise; allowed: finite values in rising order")
        shape = tuple(axis.values.size for axis in axes.values())
        outputs = {}
        for name, (unit, values, sigma) in self.outputs.items():
            arrays = [np.asarray(each, dtype=float) for each in (values, sigma) if each is not None]
            for array in arrays:
                if array.shape != shape:
                    raise ParameterError(f"{where}: output {name} has shape {array.shape}; the axes say {shape}")
                if not np.isfinite(array).all():
                    raise ParameterError(f"{where}: output {name} is not finite everywhere; narrow the axes")
            outputs[name] = Output(unit, arrays[0], arrays[1] if len(arrays) > 1 else None)
        if set(axes) & set(outputs):
            raise ParameterError(f"{where}: {sorted(set(axes) & set(outputs))} are both axes and outputs")
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "outputs", outputs)

    def __call__(self, *, outside: str = "error", **parameters: ArrayLike) -> dict[str, NDArray[np.float64]]:
        """Return each output, and ``sigma_…`` of those with uncertainties, at these parameters, arrays alike.

        Parameters
        ----------
        outside : "error", "nan" or "nearest"
            What happens beyond the table: an error that says where; NaN there; or the value at its edge.
        **parameters : array_like
            Every axis by name, in its unit.

        Raises
        ------
        ParameterError
            For a parameter that is missing or unknown, or outside the table.
        """
        where = f"compact model {self.name!r}"
        if outside not in ("error", "nan", "nearest"):
            hint = did_you_mean(outside, ["error", "nan", "nearest"])
            raise ParameterError(f"{where}: outside = {outside!r}; allowed: error, nan, nearest{hint}")
        for name in parameters:
            if name not in self.axes:
                raise ParameterError(f"{where}: no parameter {name!r}{did_you_mean(name, self.axes)}")
        missing = [name for name in self.axes if name not in parameters]
        if missing:
            raise ParameterError(f"{where}: give {', '.join(missing)} too")
        points = np.broadcast_arrays(*(np.asarray(parameters[name], dtype=float) for name in self.axes))
        beyond = np.zeros(points[0].shape, dtype=bool)
        for (name, axis), values in zip(self.axes.items(), points, strict=True):
            low, high = axis.values[0], axis.values[-1]
            wrong = np.logical_not((values >= low) & (values <= high))
            if outside == "error" and wrong.any():
                raise ParameterError(
                    f"{where}: {name} = {values[wrong].flat[0]:g} {axis.unit} is outside the table; allowed: {low:g} "
                    f"to {high:g}, or outside='nan' or 'nearest'"
                )
            beyond |= wrong
        inside = np.stack([np.clip(values, axis.values[0], axis.values[-1])
                           for axis, values in zip(self.axes.values(), points, strict=True)], axis=-1)  # fmt: skip
        inside = np.where(np.isnan(inside), [axis.values[0] for axis in self.axes.values()], inside)
        result = {}
        for name, (_, values, sigma) in self.outputs.items():
            for key, table in ((name, values), (f"sigma_{name}", sigma)):
                if table is not None:
                    grid = [axis.values for axis in self.axes.values()]
                    found = self._interpolator(grid, table)(inside).reshape(beyond.shape)
                    result[key] = np.where(beyond, np.nan, found) if outside == "nan" else np.asarray(found)
        return result

    def _interpolator(self, grid: list[NDArray], table: NDArray) -> Callable[[NDArray], NDArray]:
        method: Any = self.interpolation
        return scipy.interpolate.RegularGridInterpolator(grid, table, method=method)

    def interpolation_error(self, function: Callable[..., Any], samples: int = 200, seed: int = 0) -> dict[str, float]:
        """Return, for each output, the largest deviation from the function that was tabulated, at random points.

        Parameters
        ----------
        function : as given to `tabulate`
        samples, seed : int
        """
        random = np.random.default_rng(seed)
        points: dict[str, Any] = {
            name: random.uniform(axis.values[0], axis.values[-1], samples) for name, axis in self.axes.items()
        }
        exact, ours = _results(function, points, list(self.outputs)), self(outside="error", **points)
        return {name: float(np.max(np.abs(ours[name] - exact[name]))) for name in self.outputs}

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write ``path``.csv, the table, then ``path``.json, all about it with the table's hash; both atomically.

        Numbers have all their digits: what is read back is the same, bit for bit.
        """
        base = Path(path)
        table, description = base.with_name(base.name + ".csv"), base.with_name(base.name + ".json")
        content = self._table().encode()
        with atomic_write(table) as file:
            file.write(content)
        write_json(description, {
            "format": FORMAT,
            "version": VERSION,
            "name": self.name,
            "source": self.source,
            "table": {"file": table.name, "sha256": hashlib.sha256(content).hexdigest(), "order": "last axis fastest"},
            "interpolation": self.interpolation,
            "axes": [{"name": name, "unit": axis.unit, "values": axis.values} for name, axis in self.axes.items()],
            "outputs": [{"name": name, "unit": output.unit, "has_sigma": output.sigma is not None}
                        for name, output in self.outputs.items()],
            "constants": {name: {"value": value, "unit": unit} for name, (value, unit) in self.constants.items()},
            "made": date.today(),
            "made_with": machine_info(),
        })  # fmt: skip

    def _table(self) -> str:
        grid = np.meshgrid(*(axis.values for axis in self.axes.values()), indexing="ij")
        columns = dict(zip(((name, axis.unit) for name, axis in self.axes.items()), grid, strict=True))
        for name, (unit, values, sigma) in self.outputs.items():
            columns[name, unit] = values
            if sigma is not None:
                columns[f"sigma_{name}", unit] = sigma
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([header_cell(name, unit) for name, unit in columns])
        writer.writerows(zip(*(map(repr, column.ravel().tolist()) for column in columns.values()), strict=True))
        return text.getvalue()

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "CompactModel":
        """Return the model written to ``path``.json and ``path``.csv.

        Raises
        ------
        FileFormatError
            If a file is missing or damaged, of another kind, or the two do not belong together.
        """
        base = Path(path)
        description = base.with_name(base.name + ".json")
        try:
            about = json.loads(description.read_text(encoding="utf-8"))
            if about["format"] != FORMAT or about["version"] > VERSION:
                raise FileFormatError(f"{description}: {about['format']!r}, version {about['version']}; {FORMAT} up to "
                                      f"version {VERSION} can be read")  # fmt: skip
            # beside the description, whatever path its text may hold
            table = base.with_name(Path(about["table"]["file"]).name)
            if hashlib.sha256(table.read_bytes()).hexdigest() != about["table"]["sha256"]:
                raise FileFormatError(f"{table}: not the table that {description.name} describes (its hash differs)")
            data = read_table(table)
            axes = {axis["name"]: Axis(axis["unit"], np.array(axis["values"], dtype=float)) for axis in about["axes"]}
            shape = tuple(axis.values.size for axis in axes.values())
            outputs = {}
            for output in about["outputs"]:
                names = [output["name"], *([f"sigma_{output['name']}"] if output["has_sigma"] else [])]
                outputs[output["name"]] = Output(
                    output["unit"], *(np.asarray(data[name], dtype=float).reshape(shape) for name in names)
                )
            constants = {name: (item["value"], item["unit"]) for name, item in about["constants"].items()}
            return cls(about["name"], axes, outputs, about["interpolation"], constants, about["source"])
        except FileFormatError:
            raise
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FileFormatError(f"{description}: no compact model can be read from it ({error!r})") from error


def tabulate(
    function: Callable[..., Any],
    axes: Mapping[str, tuple[str, ArrayLike]],
    outputs: Mapping[str, str],
    *,
    name: str,
    interpolation: str = "linear",
    constants: Mapping[str, tuple[float, str]] | None = None,
    source: str = "",
) -> CompactModel:
    """Return a function of parameters as a compact model.

    Parameters
    ----------
    function : function
        Of the axes by name, arrays alike; returns one array, or a mapping with each output and, where known,
        ``sigma_…``.
    axes : mapping of name to (unit, values)
    outputs : mapping of name to unit
        One name if the function returns an array.
    name, interpolation, constants, source
        As in `CompactModel`.

    >>> axes = {"V": ("V", [0, 1]), "R": ("ohm", [1.0, 2.0])}
    >>> model = tabulate(lambda V, R: V / R, axes, {"I": "A"}, name="resistor")
    >>> float(model(V=0.5, R=1.0)["I"])
    0.5
    """
    values = {key: (unit, np.asarray(points, dtype=float)) for key, (unit, points) in axes.items()}
    grid = np.meshgrid(*(points for _, points in values.values()), indexing="ij")
    results = _results(function, dict(zip(values, grid, strict=True)), list(outputs))
    made = {key: Output(unit, results[key], results.get(f"sigma_{key}")) for key, unit in outputs.items()}
    return CompactModel(name, {key: Axis(*pair) for key, pair in values.items()}, made, interpolation,
                        dict(constants or {}), source)  # fmt: skip


def _results(function: Callable[..., Any], points: Mapping[str, NDArray], outputs: list[str]) -> dict[str, NDArray]:
    found = function(**points)
    if not isinstance(found, Mapping):
        if len(outputs) != 1:
            raise ParameterError(f"the function returns one array; outputs are {', '.join(outputs)}: return a mapping")
        found = {outputs[0]: found}
    missing = [name for name in outputs if name not in found]
    if missing:
        raise ParameterError(f"the function does not return {', '.join(missing)}; it has {', '.join(found)}")
    shape = next(iter(points.values())).shape
    return {name: np.broadcast_to(np.asarray(values, dtype=float), shape).copy() for name, values in found.items()}
