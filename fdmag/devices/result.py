"""What a device calculation returns: fields that know their unit, as an xarray dataset and as a plot."""

import dataclasses
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fdmag.errors import ParameterError
from fdmag.output.plots import COLOURS, dressed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from xarray import Dataset
else:
    Axes = Any

__all__ = ["COLOURS", "DRIVE_UNIT", "Axes", "Quantity", "Result", "axes_for", "quantities", "quantity"]

DRIVE_UNIT = "unit of the drive"
"""A declared unit that is that of what drives the device; see `quantities`."""


@dataclass(frozen=True)
class Quantity:
    """What a field of a result is.

    Attributes
    ----------
    unit : str
        "1" for a pure number.
    meaning : str
    dims : tuple of str
        Name of each axis; empty for one number. An axis is named after the field that holds its values.
    """

    unit: str
    meaning: str
    dims: tuple[str, ...] = ()


def quantity(unit: str, meaning: str, *dims: str, default: Any = dataclasses.MISSING) -> Any:
    """Declare a dataclass field of a `Result` with its unit, meaning and axes."""
    return dataclasses.field(default=default, metadata={"quantity": Quantity(unit, meaning, dims)})


def quantities(result: Any, driven_by: Any = None) -> dict[str, Quantity]:
    """Return what is declared for a result, or its class, by name.

    The unit of the drive is the one that a result notes as ``drive_unit``. Names, units and meanings of a
    `fdmag.devices.driven_result.DrivenResult` are those of its drive, or of the `fdmag.devices.driven_result.DriveKind`
    that is given; all of them are attributes of the result.
    """
    declared = {f.name: f.metadata["quantity"] for f in dataclasses.fields(result) if "quantity" in f.metadata}
    driven_by = driven_by or getattr(result, "driven_by", None)
    if driven_by is not None:
        return driven_by.named(declared)
    unit = getattr(result, "drive_unit", DRIVE_UNIT)
    return {name: dataclasses.replace(what, unit=unit) if what.unit == DRIVE_UNIT else what
            for name, what in declared.items()}  # fmt: skip


class Result:
    """Base of results: frozen dataclasses whose fields are declared by `quantity`; others are notes.

    A field ``sigma_x`` is the standard uncertainty of ``x``, in its unit. ``str`` shows the numbers with both.

    Attributes
    ----------
    abscissa : str
        Name of the field that says what drives each replica, such as "J", over which the others make a compact model;
        empty if there is none.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Decay(Result):
    ...     x: np.ndarray = quantity("m", "position", "x")
    ...     mu: np.ndarray = quantity("V", "spin accumulation", "x")
    >>> quantities(Decay)["mu"].unit
    'V'
    """

    abscissa: ClassVar[str] = ""

    def to_xarray(self) -> "Dataset":
        """Return the fields as an xarray dataset, with ``units`` and ``long_name``; notes become attributes.

        Raises
        ------
        ParameterError
            If xarray is not installed: ``pip install fdmag[sweep]``.
        """
        try:
            import xarray
        except ModuleNotFoundError as error:
            raise ParameterError(f"datasets need xarray: pip install fdmag[sweep] ({error})") from error
        declared = quantities(self)
        variables = {}
        for name, what in declared.items():
            value = getattr(self, name)
            if value is not None:
                variables[name] = (what.dims, np.asarray(value), {"units": what.unit, "long_name": what.meaning})
        coordinates = {name: variables.pop(name) for name, what in declared.items() if what.dims == (name,)}
        plain = [f.name for f in dataclasses.fields(self) if "quantity" not in f.metadata]  # type: ignore[arg-type]
        notes = {name: getattr(self, name) for name in plain}
        attributes = {name: note for name, note in notes.items() if isinstance(note, str | int | float)}
        return xarray.Dataset(variables, coordinates, attributes)

    def __str__(self) -> str:
        lines = [type(self).__name__]
        for name, what in quantities(self).items():
            value = getattr(self, name)
            if what.dims or name.startswith("sigma_") or value is None or np.isnan(value):
                continue
            sigma = getattr(self, f"sigma_{name}", None)
            spread = "" if sigma is None else f" ± {sigma:.2g}"
            unit = "" if what.unit == "1" or what.unit.startswith("unit of") else f" {what.unit}"
            lines.append(f"  {what.meaning}: {value:.6g}{spread}{unit}")
        return "\n".join(lines)


def _pyplot() -> ModuleType:
    try:
        import matplotlib.pyplot
    except ModuleNotFoundError as error:
        raise ParameterError(f"plots need matplotlib: pip install fdmag[plot] ({error})") from error
    return matplotlib.pyplot


def axes_for(ax: Axes | None, x: str, y: str, title: str = "") -> Axes:
    """Return labelled axes, those given or those of a figure of their own.

    Parameters
    ----------
    ax : matplotlib axes, optional
    x, y : str
        Labels with units, such as ``"V [V]"``.

    Raises
    ------
    ParameterError
        If matplotlib is needed and not installed: ``pip install fdmag[plot]``.
    """
    axes = ax if ax is not None else _pyplot().subplots(layout="constrained")[1]
    axes.set_prop_cycle(color=COLOURS)
    return dressed(axes, x, y, title)
