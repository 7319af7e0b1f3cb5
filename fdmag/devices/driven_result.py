"""Results of a device that a current density, a current or a voltage drives: their names and units follow it."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fdmag.devices.result import DRIVE_UNIT, Quantity, Result, quantities
from fdmag.errors import did_you_mean
from fdmag.output.plots import axis_label, scaled

__all__ = ["CURRENT", "DENSITY", "DRIVES", "PER_DRIVE", "VOLTAGE", "DriveKind", "DrivenResult"]

WORD = "drive"
"""What stands for the symbol in names of fields, and for the name in meanings."""
PER_DRIVE = "T per unit of the drive"
"""Unit of a field [T] over the drive."""


@dataclass(frozen=True)
class DriveKind:
    """What drives a device.

    Attributes
    ----------
    symbol : str
        "J", "I" or "V".
    unit : str
    name : str
    per : str
        Unit of a field in tesla over it.
    """

    symbol: str
    unit: str
    name: str
    per: str

    def named(self, declared: Mapping[str, Quantity]) -> dict[str, Quantity]:
        """Return what is declared under the names that it has with this drive.

        "drive" between underscores in a name or an axis is the symbol: ``drive_c`` is V_c; "drive" in a meaning is the
        name. Where that is the name of another field too, such as I_c, the drive's counts: they are the same number.

        >>> VOLTAGE.named({"sigma_drive_c": Quantity(DRIVE_UNIT, "error of the critical drive")})
        {'sigma_V_c': Quantity(unit='V', meaning='error of the critical voltage', dims=())}
        """
        units = {DRIVE_UNIT: self.unit, PER_DRIVE: self.per}
        found: dict[str, Quantity] = {}
        own = {self.spelt(name) for name in declared if self.spelt(name) != name}
        for name, what in declared.items():
            spelt = self.spelt(name)
            if spelt != name or name not in own:
                meaning = re.sub(rf"\b{WORD}\b", self.name, what.meaning)
                found[spelt] = Quantity(units.get(what.unit, what.unit), meaning, tuple(map(self.spelt, what.dims)))
        return found

    def spelt(self, name: str) -> str:
        """Return the name that a field has with this drive."""
        return "_".join(self.symbol if part == WORD else part for part in name.split("_"))

    def told(self, values: ArrayLike) -> tuple[float, str]:
        """Return what values are divided by in a figure, and the unit that they then have.

        >>> VOLTAGE.told([0.1, -0.4])
        (0.001, 'mV')
        """
        array = np.asarray(values, dtype=float)
        largest = np.abs(array[np.isfinite(array)]).max(initial=0.0)
        shown, unit = scaled([largest], self.unit)
        return (float(largest / shown[0]) if largest > 0 else 1.0), unit

    def label(self, unit: str) -> str:
        """Return the label of an axis in a unit of `told`."""
        return axis_label(self.symbol, unit)


DENSITY = DriveKind("J", "A/m^2", "current density", "T m^2/A")
CURRENT = DriveKind("I", "A", "current", "T/A")
VOLTAGE = DriveKind("V", "V", "voltage", "T/V")
DRIVES = {kind.symbol: kind for kind in (DENSITY, CURRENT, VOLTAGE)}


@dataclass(frozen=True)
class DrivenResult(Result):
    """Base of results with fields that are those of a drive: ``drive_c`` is declared once, and is J_c, I_c or V_c.

    As an attribute a field has both names, its own, and that of its drive; in files, datasets and figures that of its
    drive. The name of another drive is an error, not a number in another unit.

    Examples
    --------
    >>> from fdmag.devices.result import quantity
    >>> @dataclass(frozen=True)
    ... class Threshold(DrivenResult):
    ...     drive_c: float = quantity(DRIVE_UNIT, "critical drive")
    >>> Threshold(0.25, driven_by=VOLTAGE).V_c
    0.25
    >>> print(Threshold(2e10))
    Threshold
      critical current density: 2e+10 A/m^2
    """

    driven_by: DriveKind = field(default=DENSITY, kw_only=True)

    def __getattr__(self, name: str) -> Any:
        """Return the field that has this name with the drive of the result."""
        if not name.startswith("_") and name != "driven_by":
            for each in dataclasses.fields(self):
                if WORD in each.name and self.driven_by.spelt(each.name) == name:
                    return getattr(self, each.name)
            known = quantities(self)
            raise AttributeError(
                f"{type(self).__name__} has no {name}; it is driven by {self.driven_by.symbol} "
                f"[{self.driven_by.unit}]{did_you_mean(name, known)}"
            )
        raise AttributeError(name)

    def __dir__(self) -> list[str]:
        """Return the names of fields with the drive too."""
        return sorted({*super().__dir__(), *quantities(self)})
