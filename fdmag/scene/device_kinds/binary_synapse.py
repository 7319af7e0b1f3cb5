"""``kind = "binary_synapse"``: how often pulses of several amplitudes and lengths switch a junction."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from fdmag.devices.binary_synapse import BinarySynapse, SwitchingProbabilities
from fdmag.devices.device import Device
from fdmag.devices.junction_device import JunctionDevice
from fdmag.errors import FdmagError, did_you_mean
from fdmag.scene.contents import terms_in_use
from fdmag.scene.device_kinds.device_table import DeviceTable, Found
from fdmag.scene.problems import shown
from fdmag.scene.values import count, quantities, quantity
from fdmag.units import parse_quantity

PULSED = ("J", "voltage", "current", "B")
"""Parameters that can be pulsed."""


def drives(scene: Any) -> dict[str, str]:
    """Return what can be pulsed in a scene, by its place, with its unit."""
    return {
        f"terms.{used.name}.{key}": declared.unit
        for used in terms_in_use(scene)
        for key, declared in used.term.parameters().items()
        if key in PULSED and (declared.unless is None or getattr(used.table, key, None) is not None)
    }


def amplitudes(scene: Any, drive: str, values: list[Any]) -> Iterator[Found]:
    """Yield a drive that is not there; bring the amplitudes to its unit, in place."""
    known = drives(scene)
    if drive not in known:
        near = did_you_mean(drive, known)
        yield "drive", f"{shown(drive)} is nothing that can be pulsed: {', '.join(known) or 'none'}{near}"
        return
    for index, value in enumerate(values):
        try:
            values[index] = parse_quantity(value, known[drive])
        except FdmagError as error:
            yield "amplitude", f"number {index + 1}: {error}"


class BinarySynapseTable(DeviceTable):
    """Pulses switch a junction with a probability, counted over replicas that differ in their noise."""

    kind: Literal["binary_synapse"] = "binary_synapse"
    junction: str = Field(description="device of kind mtj that is read")
    drive: str = Field(
        "terms.slonczewski.J", description="what is pulsed: a J, voltage, current or B; give it 0, or a pattern"
    )
    amplitude: list[Any] = Field(min_length=1, description="amplitudes of pulses, in the unit of what is pulsed")
    duration: Annotated[list[float], quantities("s", "lengths of pulses", above=0)]
    rest: Annotated[float, quantity("s", "time before a pulse, in which noise spreads m", minimum=0)] = 0.0
    settle: Annotated[float, quantity("s", "time after it, before it is read", minimum=0)] = 0.0
    cycles: Annotated[int, count("how often all is repeated", 1, 1_000_000)] = 1
    limit: Literal["none", "fokker_planck", "half_turn"] = Field(
        "none", description="what it is held against: the Fokker-Planck equation, or half a turn about the field"
    )

    column_units: ClassVar[Mapping[str, str]] = {
        "setting": "1", "duration": "s", "switched": "1", "conductance": "S",
    }  # fmt: skip
    result: ClassVar[type[SwitchingProbabilities]] = SwitchingProbabilities
    operates: ClassVar[bool] = True

    def partners(self) -> dict[str, str]:
        """Return the junction."""
        return {"junction": self.junction}

    def check(self, scene: Any) -> Iterator[Found]:
        """Yield what cannot be pulsed, and amplitudes in other units."""
        yield from amplitudes(scene, self.drive, self.amplitude)

    def build(self, builder: Any, simulation: Any, devices: Mapping[str, Device]) -> BinarySynapse:
        """Return the synapse."""
        junction = devices[self.junction]
        assert isinstance(junction, JunctionDevice)
        return BinarySynapse(
            simulation, junction, self.amplitude, self.duration, drive=self.drive.removeprefix("terms."),
            rest=self.rest, settle=self.settle, cycles=self.cycles, limit=self.limit,
        )  # fmt: skip
