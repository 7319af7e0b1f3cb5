"""``kind = "nanopillar"``: a pillar that currents write, and what is measured of it."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from fdmag.devices.device import Device
from fdmag.devices.nanopillar import Channel, Nanopillar
from fdmag.devices.pillar_measurement import PillarMeasurement
from fdmag.devices.pillar_switching import SwitchingTimes
from fdmag.devices.result import Result
from fdmag.scene.device_kinds.device_table import DeviceTable, Found, without_current
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
    """A perpendicular pillar that currents write, and one thing that is measured of it."""

    kind: Literal["nanopillar"] = "nanopillar"
    measure: MeasureTable = Field(description='what is measured, such as { kind = "switching_times", ... }')
    term: str = Field(
        "slonczewski", description="term whose J is the current; give it J = 0, or a tunnel_torque current = 0"
    )
    assist: dict[str, Annotated[float, quantity("A/m^2", "current density")]] = Field(
        {}, description="current densities of other terms that flow with every pulse, by term [A/m^2]"
    )
    threshold: Annotated[float, quantity("1", "m_z, counted from the start, at which m has switched")] = 0.0
    RA: Annotated[float, quantity("ohm m^2", "resistance-area product, for the energy of a write", above=0)] | None = (
        Field(None, description="resistance-area product [ohm m^2], for the energy of a write")
    )
    channel: ChannelTable | None = Field(None, description="heavy metal below, for the energy of a write")

    column_units: ClassVar[Mapping[str, str]] = {"J": "A/m^2", "state": "1"}
    result: ClassVar[type[Result]] = SwitchingTimes
    operates: ClassVar[bool] = True

    def returns(self) -> type[Result]:
        """Return what the measurement returns."""
        return self.measure.result

    def replicas_wanted(self) -> int | None:
        """Return how many shots may be made at once."""
        return self.measure.shots()

    def check(self, scene: Any) -> Iterator[Found]:
        """Yield terms that have no current, and what the measurement misses."""
        yield from without_current(scene, self.term, junctions=True)
        for name in self.assist:
            yield from (("assist", message) for _, message in without_current(scene, name, junctions=True))
        if not -1 < self.threshold < 1:
            yield "threshold", f"came {self.threshold:g}; allowed: above -1 and below 1"
        yield from self.measure.check(scene)

    def build(self, builder: Any, simulation: Any, devices: Mapping[str, Device]) -> PillarMeasurement:
        """Return the measurement."""
        channel = None if self.channel is None else Channel(**self.channel.model_dump())
        pillar = Nanopillar(simulation, term=self.term, assist=self.assist, threshold=self.threshold, RA=self.RA,
                            channel=channel)  # fmt: skip
        self.measure.check_pillar(pillar)

        def finer() -> Simulation:
            scene = builder.scene
            name = next(name for name, table in scene.device.items() if table is self)
            index = next(i for i, stage in enumerate(scene.stages) if getattr(stage, "device", None) == name)
            return finer_simulation(builder.finer, scene.stages, index, simulation)

        return PillarMeasurement(pillar, self.measure.with_finer(finer))
