"""``kind = "nanopillar"``: a pillar that currents or a voltage write, and what is measured of it."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from fdmag.devices.device import Device
from fdmag.devices.driven_result import DRIVES
from fdmag.devices.nanopillar import Channel, Nanopillar
from fdmag.devices.pillar_measurement import PillarMeasurement
from fdmag.devices.pillar_switching import SwitchingTimes
from fdmag.devices.result import Quantity, Result, quantities
from fdmag.scene.device_kinds.device_table import DeviceTable, Found, without_drive
from fdmag.scene.device_kinds.pillar_measures import MeasureTable
from fdmag.scene.finer import finer_simulation
from fdmag.scene.values import Table, quantity
from fdmag.simulation import Simulation


class ChannelTable(Table):
    """The heavy metal that carries the current of a spin-orbit torque, for the energy of a write."""

    resistivity: Annotated[float, quantity("ohm m", "resistivity", above=0)]
    thickness: Annotated[float, quantity("m", "thickness", above=0)]
    length: Annotated[float, quantity("m", "length along the current", above=0)]
    width: Annotated[float, quantity("m", "width", above=0)]


class NanopillarTable(DeviceTable):
    """A perpendicular pillar that a current or voltage writes, and one thing that is measured of it."""

    kind: Literal["nanopillar"] = "nanopillar"
    measure: MeasureTable = Field(description='what is measured, such as { kind = "switching_times", ... }')
    term: str = Field(
        "slonczewski", description="term that is driven; give it J = 0, or a tunnel_torque current = 0 or voltage = 0"
    )
    follow: list[str] = Field(
        [], description="further terms whose voltage is that of the drive, such as interface_anisotropy"
    )
    assist: dict[str, Annotated[float, quantity("A/m^2", "current density")]] = Field(
        {}, description="current densities of other terms that flow with every pulse, by term [A/m^2]"
    )
    gate: dict[str, Annotated[float, quantity("V", "voltage")]] = Field(
        {}, description="voltages of other terms during every pulse, by term [V], such as interface_anisotropy"
    )
    threshold: Annotated[float, quantity("1", "m_z, counted from the start, at which m has switched")] = 0.0
    RA: Annotated[float, quantity("ohm m^2", "resistance-area product, for the energy of a write", above=0)] | None = (
        Field(None, description="resistance-area product [ohm m^2], for the energy of a write")
    )
    channel: ChannelTable | None = Field(None, description="heavy metal below, for the energy of a write")

    column_units: ClassVar[Mapping[str, str]] = {"J": "A/m^2", "state": "1"}  # or I [A], V [V]: of the drive
    result: ClassVar[type[Result]] = SwitchingTimes
    operates: ClassVar[bool] = True

    def returns(self) -> type[Result]:
        """Return what the measurement returns."""
        return self.measure.result

    def declared(self) -> dict[str, Quantity]:
        """Return what the measurement declares, by the names of its drive."""
        return quantities(self.measure.result, DRIVES.get(self.measure.symbol() or ""))

    def columns(self) -> Mapping[str, str]:
        """Return the drive, if there is one, and the state."""
        kind = DRIVES.get(self.measure.symbol() or "")
        return ({} if kind is None else {kind.symbol: kind.unit}) | {"state": "1"}

    def replicas_wanted(self) -> int | None:
        """Return how many shots may be made at once."""
        return self.measure.shots()

    def check(self, scene: Any) -> Iterator[Found]:
        """Yield terms that cannot be driven so, and what the measurement misses."""
        yield from without_drive(scene, self.term, self.measure.symbol())
        for name in self.assist:
            yield from (("assist", message) for _, message in without_drive(scene, name, "J"))
        for key in ("follow", "gate"):
            for name in getattr(self, key):
                yield from ((key, message) for _, message in without_drive(scene, name, "V"))
        if not -1 < self.threshold < 1:
            yield "threshold", f"came {self.threshold:g}; allowed: above -1 and below 1"
        yield from self.measure.check(scene)

    def build(self, builder: Any, simulation: Any, devices: Mapping[str, Device]) -> PillarMeasurement:
        """Return the measurement."""
        channel = None if self.channel is None else Channel(**self.channel.model_dump())
        pillar = Nanopillar(
            simulation, term=self.term, drive=self.measure.symbol(), follow=self.follow,
            assist=self.assist | self.gate,            threshold=self.threshold, RA=self.RA, channel=channel,
        )  # fmt: skip
        self.measure.check_pillar(pillar)

        def finer() -> Simulation:
            scene = builder.scene
            name = next(name for name, table in scene.device.items() if table is self)
            index = next(i for i, stage in enumerate(scene.stages) if getattr(stage, "device", None) == name)
            return finer_simulation(builder.finer, scene.stages, index, simulation)

        return PillarMeasurement(pillar, self.measure.with_finer(finer), driven=self.measure.symbol() is not None)
