"""``kind = "mtj"``: a tunnel junction that is read."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from fdmag.devices.device import Device
from fdmag.devices.junction_device import JunctionDevice, JunctionReading
from fdmag.devices.mtj import TunnelJunction
from fdmag.errors import ParameterError, did_you_mean
from fdmag.regions import DEFAULT
from fdmag.scene.device_kinds.device_table import DeviceTable, Found
from fdmag.scene.problems import shown
from fdmag.scene.shape_tables import ShapeRef
from fdmag.scene.tables import DIRECTION
from fdmag.scene.values import Entry, constant, constant_schema, quantity


def _reference(value: Any) -> Any:
    return value if isinstance(value, str) else constant(value, DIRECTION)


REFERENCE = Entry(_reference, {"anyOf": [{"type": "string"}, constant_schema(DIRECTION)]})


class MtjTable(DeviceTable):
    """A tunnel junction above or below the magnet, or a part of it: read, never driven."""

    kind: Literal["mtj"] = "mtj"
    RA_P: Annotated[float, quantity("ohm m^2", "resistance-area product of the parallel state", above=0)]
    TMR: Annotated[float, quantity("1", "(R_AP - R_P)/R_P at zero bias", above=-1)]
    V_h: Annotated[float, quantity("V", "bias that halves TMR; 0: none does", minimum=0)] = 0.0
    R_series: Annotated[float, quantity("ohm", "resistance of the leads", minimum=0)] = 0.0
    V: Annotated[float, quantity("V", "voltage of reading, over junction and leads; 0: small signals")] = 0.0
    reference: Annotated[Any, REFERENCE] = Field(
        [0.0, 0.0, 1.0], description="direction of the reference layer, or the region that is it"
    )
    free: str | None = Field(None, description="region that is read; by default all of the magnet")
    area: ShapeRef | None = Field(None, description="a shape, or the name of one: what lies below the junction")

    column_units: ClassVar[Mapping[str, str]] = {
        "resistance": "ohm", "conductance": "S", "current": "A", "cosine": "1",
    }  # fmt: skip
    result: ClassVar[type[JunctionReading]] = JunctionReading

    def shapes(self) -> dict[str, Any]:
        """Return the shape below the junction."""
        return {} if self.area is None else {"area": self.area}

    def check(self, scene: Any) -> Iterator[Found]:
        """Yield names that are no regions, and a window that would carry the magnet away from under the junction."""
        known = [DEFAULT, *scene.regions]
        for key in ("free", "reference"):
            name = getattr(self, key)
            if isinstance(name, str) and name not in known:
                yield key, f"{shown(name)} is no region; allowed: {', '.join(known)}{did_you_mean(name, known)}"
        if self.area is not None and any(getattr(stage, "window", None) for stage in scene.stages):
            yield "area", "a moving window would carry the track away from below the junction; leave either out"

    def build(self, builder: Any, simulation: Any, devices: Mapping[str, Device]) -> JunctionDevice:
        """Return the junction."""
        area = None if self.area is None else builder.shape(self.area).fill(simulation.mesh)
        if area is not None and not area.any():
            raise ParameterError("area: the shape covers no centre of a cell")
        junction = TunnelJunction(self.RA_P, self.TMR, self.V_h, self.R_series)
        return JunctionDevice(simulation, junction, V=self.V, reference=self.reference, free=self.free, area=area)
