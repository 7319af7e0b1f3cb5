"""``kind = "wall_velocity"``: how fast the wall of each replica runs."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from fdmag.devices.device import Device
from fdmag.devices.wall_velocity import WallVelocities, WallVelocityMeasurement
from fdmag.errors import FdmagError
from fdmag.quantities import MovingWindow
from fdmag.scene.device_kinds.device_table import DeviceTable, Found, without_current
from fdmag.scene.values import quantity


class WallVelocityTable(DeviceTable):
    """Walls that run, followed by a moving window; each replica with what drives it."""

    kind: Literal["wall_velocity"] = "wall_velocity"
    duration: Annotated[float, quantity("s", "time that is measured over", above=0)]
    settle: Annotated[float, quantity("s", "time before it", minimum=0)] = 0.0
    term: str | None = Field(None, description="term whose J is told as what drives the wall")
    follow: str = Field("wall_position.z", description="column that the window keeps at its middle")

    column_units: ClassVar[Mapping[str, str]] = {"position": "m", "velocity": "m/s"}
    result: ClassVar[type[WallVelocities]] = WallVelocities
    operates: ClassVar[bool] = True

    def check(self, scene: Any) -> Iterator[Found]:
        """Yield a term that has no current, and what no window follows."""
        if self.term is not None:
            yield from without_current(scene, self.term)
        try:
            MovingWindow(self.follow)
            if not self.follow.startswith("wall_position"):
                yield "follow", f'"{self.follow}" is no wall; allowed: wall_position, with a component and a number'
        except FdmagError as error:
            yield "follow", str(error).removeprefix("window: ")

    def build(self, builder: Any, simulation: Any, devices: Mapping[str, Device]) -> WallVelocityMeasurement:
        """Return the measurement."""
        return WallVelocityMeasurement(simulation, self.duration, self.settle, term=self.term, follow=self.follow)
