"""``kind = "multilevel_mtj"``: a junction whose free layer pulses switch in part."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from fdmag.devices.device import Device
from fdmag.devices.junction_device import JunctionDevice
from fdmag.devices.multilevel_mtj import ConductanceLevels, MultilevelMTJ
from fdmag.scene.device_kinds.binary_synapse import amplitudes
from fdmag.scene.device_kinds.device_table import DeviceTable, Found
from fdmag.scene.values import count, quantity


class MultilevelMtjTable(DeviceTable):
    """Pulses switch part of a granular or multidomain free layer, and a junction reads it after each."""

    kind: Literal["multilevel_mtj"] = "multilevel_mtj"
    junction: str = Field(description="device of kind mtj that is read")
    drive: str = Field(
        "terms.slonczewski.J", description="what is pulsed: a J, voltage, current or B; give it 0, or a pattern"
    )
    amplitude: list[Any] = Field(min_length=1, description="amplitude of each pulse, in the unit of what is pulsed")
    repeat: Annotated[int, count("pulses of each amplitude in turn", 1, 100_000)] = 1
    width: Annotated[float, quantity("s", "length of a pulse", above=0)]
    gap: Annotated[float, quantity("s", "time after each pulse, before it is read", minimum=0)]
    rest: Annotated[float, quantity("s", "time before the first pulse, in which noise spreads m", minimum=0)] = 0.0
    cycles: Annotated[int, count("how often all is repeated from the start", 1, 100_000)] = 1
    limit: Literal["none", "grains"] = Field(
        "none", description="what it is held against: cells that are grains and know nothing of each other"
    )

    column_units: ClassVar[Mapping[str, str]] = {"conductance": "S", "share": "1", "pulses": "1"}
    result: ClassVar[type[ConductanceLevels]] = ConductanceLevels
    operates: ClassVar[bool] = True

    def partners(self) -> dict[str, str]:
        """Return the junction."""
        return {"junction": self.junction}

    def check(self, scene: Any) -> Iterator[Found]:
        """Yield what cannot be pulsed, and amplitudes in other units."""
        yield from amplitudes(scene, self.drive, self.amplitude)

    def build(self, builder: Any, simulation: Any, devices: Mapping[str, Device]) -> MultilevelMTJ:
        """Return the junction that is written."""
        junction = devices[self.junction]
        assert isinstance(junction, JunctionDevice)
        pulses = [value for value in self.amplitude for _ in range(self.repeat)]
        return MultilevelMTJ(
            simulation, junction, pulses, width=self.width, gap=self.gap, drive=self.drive.removeprefix("terms."),
            rest=self.rest, cycles=self.cycles, limit=self.limit,
        )  # fmt: skip
