"""What a kind of device declares to a scene."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from fdmag.devices.device import Device
from fdmag.devices.pillar_drive import symbols_of
from fdmag.devices.record import figure_units
from fdmag.devices.result import Quantity, Result, quantities
from fdmag.errors import did_you_mean
from fdmag.parameter import Declaration
from fdmag.scene.contents import terms_in_use
from fdmag.scene.problems import Place, shown
from fdmag.scene.values import Flag, Table

Found = tuple[str, str]
"""A key of the table, and what is wrong with it."""


class DeviceTable(Table):
    """Base of the tables ``[device.NAME]``; a kind has ``kind: Literal["..."] = "..."`` and the members below.

    Attributes
    ----------
    column_units : dict of name to unit
        The columns of its `Device`.
    result : type
        What its device returns; its numbers are the figures of ``[expect]``.
    operates : bool
        Whether a stage "operate" is for it.
    """

    compact_model: Flag = Field(False, description="write what it found as a compact model, device_NAME_model")

    column_units: ClassVar[Mapping[str, str]]
    result: ClassVar[type[Result]]
    operates: ClassVar[bool] = False

    @classmethod
    def figures(cls) -> dict[str, str]:
        """Return the units of its figures by name."""
        return figure_units(cls.result)

    def returns(self) -> type[Result]:
        """Return what its device returns, where that depends on its entries; by default ``result``."""
        return self.result

    def declared(self) -> dict[str, Quantity]:
        """Return what its result declares, with the names and units that it has with these entries."""
        return quantities(self.returns())

    def columns(self) -> Mapping[str, str]:
        """Return the units of its columns with these entries; by default ``column_units``."""
        return self.column_units

    def replicas_wanted(self) -> int | None:
        """Return how many replicas it would use at once, if nothing else in the scene says how many there are."""
        return None

    def shapes(self) -> dict[str, Any]:
        """Return the shapes that it holds, or names of them, by key."""
        return {}

    def partners(self) -> dict[str, str]:
        """Return the other devices that it needs, by key: the junction that reads it, for example."""
        return {}

    def parameters(self) -> Iterator[tuple[Place, Declaration, Any]]:
        """Yield the parameter values that it holds, which may differ between replicas: place, declaration, value."""
        yield from ()

    def check(self, scene: Any) -> Iterator[Found]:
        """Yield what does not agree with the rest of the scene."""
        yield from ()

    def build(self, builder: Any, simulation: Any, devices: Mapping[str, Device]) -> Device:
        """Return the device.

        Parameters
        ----------
        builder : fdmag.scene.build.Builder
            Its ``shape`` makes shapes of entries.
        simulation : fdmag.Simulation
            In its initial state.
        devices : mapping of name to Device
            Those built before it, its partners among them.

        Raises
        ------
        ParameterError
            If it cannot be made.
        """
        raise NotImplementedError


def without_current(scene: Any, term: str) -> Iterator[Found]:
    """Yield a problem if a term is not in the scene, or has no current density."""
    able = [used.name for used in terms_in_use(scene) if "J" in used.term.parameters()]
    if term not in able:
        known = ", ".join(able) or "none; add [terms.spin_orbit_torque] with J = 0, for example"
        yield "term", f"{shown(term)} is not among the terms with a current density: {known}{did_you_mean(term, able)}"


def without_drive(scene: Any, term: str, symbol: str | None = None) -> Iterator[Found]:
    """Yield a problem if a term is not in the scene, or cannot be driven by "J", "I" or "V"; None: by any of them."""
    able = {
        used.name: symbols_of(used.term, by_voltage=getattr(used.table, "current", None) is None)
        for used in terms_in_use(scene)
    }
    able = {name: symbols for name, symbols in able.items() if symbols}
    if term not in able:
        known = ", ".join(able) or "none; add [terms.slonczewski] with J = 0, for example"
        yield "term", f"{shown(term)} is not among the terms that can be driven: {known}{did_you_mean(term, able)}"
    elif symbol is not None and symbol not in able[term]:
        current = "; or give it a current in place of its voltage, such as current = 0" if "V" in able[term] else ""
        junction = current if any(used.name == term and "current" in used.term.parameters() for used in
                                  terms_in_use(scene)) else ""  # fmt: skip
        yield "term", f"{shown(term)} is driven by {' or '.join(able[term])}, not {symbol}: give that{junction}"
