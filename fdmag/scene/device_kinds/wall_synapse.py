"""``kind = "wall_synapse"``: a wall that pulses move below a junction."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from fdmag.devices.device import Device
from fdmag.devices.junction_device import JunctionDevice
from fdmag.devices.wall_synapse import DomainWallSynapse, PulseTrain, WallSynapseCurves
from fdmag.scene.device_kinds.device_table import DeviceTable, Found, without_current
from fdmag.scene.values import count, problem, quantity


class WallSynapseTable(DeviceTable):
    """A domain wall as a synapse: pulses of potentiation, then as many of depression, and a junction that reads it."""

    kind: Literal["wall_synapse"] = "wall_synapse"
    junction: str = Field(description="device of kind mtj that reads the wall")
    term: str = Field("spin_orbit_torque", description="term whose J the pulses are; give it J = 0")
    J: Annotated[float, quantity("A/m^2", "current density of a pulse of potentiation")]
    J_depression: Annotated[float, quantity("A/m^2", "current density of a pulse of depression")] | None = Field(
        None, description="current density of a pulse of depression [A/m^2]; by default -J"
    )
    width: Annotated[float, quantity("s", "length of a pulse", above=0)]
    gap: Annotated[float, quantity("s", "time without current after each pulse", minimum=0)]
    pulses: Annotated[int, count("pulses in each direction", 2, 100_000)]
    cycles: Annotated[int, count("potentiations, each with its depression", 1, 10_000)] = 1
    replicas: Literal["devices", "cycles"] = Field(
        "devices", description="what the replicas are: different tracks, or repetitions that noise tells apart"
    )
    noise: Literal["read", "update"] = Field("read", description="what the scatter is, of readings or of updates")
    resistivity: Annotated[float, quantity("ohm m", "resistivity of the conductor", above=0)] | None = Field(
        None, description="resistivity of the conductor [ohm m], for the energy of a pulse"
    )
    thickness: Annotated[float, quantity("m", "thickness of the conductor", above=0)] | None = Field(
        None, description="thickness of the conductor [m], as long and wide as the mesh"
    )

    column_units: ClassVar[Mapping[str, str]] = {"position": "m", "conductance": "S", "pulses": "1"}
    result: ClassVar[type[WallSynapseCurves]] = WallSynapseCurves
    operates: ClassVar[bool] = True

    @model_validator(mode="after")
    def _agrees(self) -> "WallSynapseTable":
        down = -self.J if self.J_depression is None else self.J_depression
        if not self.J * down < 0:
            raise problem(f"J = {self.J:g} and J_depression = {down:g} A/m^2; give currents of opposite signs")
        if (self.resistivity is None) != (self.thickness is None):
            raise problem("the energy of a pulse needs both resistivity and thickness; give both or neither")
        return self

    def partners(self) -> dict[str, str]:
        """Return the junction."""
        return {"junction": self.junction}

    def check(self, scene: Any) -> Iterator[Found]:
        """Yield a term that has no current."""
        yield from without_current(scene, self.term)

    def build(self, builder: Any, simulation: Any, devices: Mapping[str, Device]) -> DomainWallSynapse:
        """Return the synapse."""
        junction = devices[self.junction]
        assert isinstance(junction, JunctionDevice)
        train = PulseTrain(self.J, self.width, self.gap, self.pulses, self.cycles, self.J_depression)
        return DomainWallSynapse(
            simulation, junction, train, term=self.term, replicas=self.replicas, noise=self.noise,
            resistivity=self.resistivity, thickness=self.thickness,
        )  # fmt: skip
