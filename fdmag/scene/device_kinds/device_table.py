"""What a kind of device declares to a scene."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field

from fdmag.devices.device import Device
from fdmag.devices.record import figure_units
from fdmag.devices.result import Result
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


def without_current(scene: Any, term: str, *, junctions: bool = False) -> Iterator[Found]:
    """Yield a problem if a term is not in the scene, or has no current density; or, of ``junctions``, no current."""
    able = [
        used.name for used in terms_in_use(scene)
        if "J" in used.term.parameters() or (junctions and getattr(used.table, "current", None) is not None)
    ]  # fmt: skip
    by_voltage = [used.name for used in terms_in_use(scene) if "current" in used.term.parameters()]
    if junctions and term in by_voltage and term not in able:
        yield "term", f"{shown(term)} is driven by a voltage; give it a current in place of it, such as current = 0"
    elif term not in able:
        known = ", ".join(able) or "none; add [terms.spin_orbit_torque] with J = 0, for example"
        yield "term", f"{shown(term)} is not among the terms with a current density: {known}{did_you_mean(term, able)}"
