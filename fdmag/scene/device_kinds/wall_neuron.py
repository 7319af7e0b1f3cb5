"""``kind = "wall_neuron"``: a wall that integrates, leaks, fires and is reset."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fdmag.devices.device import Device
from fdmag.devices.junction_device import JunctionDevice
from fdmag.devices.wall_neuron_track import DomainWallNeuron, NeuronRun
from fdmag.parameter import Declaration
from fdmag.scene.contents import has_form
from fdmag.scene.device_kinds.device_table import DeviceTable, Found, without_current
from fdmag.scene.parameters import parameter_value
from fdmag.scene.problems import Place
from fdmag.scene.values import Table, count, quantity

CURRENT = Declaration("A/m^2", "current density", time_dependent=False)


class InputTable(Table):
    """A current for some time, once or as a train of pulses."""

    J: Annotated[Any, parameter_value(CURRENT)] = Field(description="current density [A/m^2]; { replicas = [...] } too")
    duration: Annotated[float, quantity("s", "length", above=0)]
    gap: Annotated[float, quantity("s", "time without current after it", minimum=0)] = 0.0
    times: Annotated[int, count("how often, one after the other", 1, 1_000_000)] = 1


class WallNeuronTable(DeviceTable):
    """A domain wall as a neuron: current moves it, a gradient pulls it back, a junction at the end sees it."""

    kind: Literal["wall_neuron"] = "wall_neuron"
    junction: str = Field(description="device of kind mtj at the end of the track")
    term: str = Field("spin_orbit_torque", description="term whose J the input is; give it J = 0")
    input: list[InputTable] = Field(min_length=1, description="what flows, one after the other")
    every: Annotated[float, quantity("s", "how often the junction is looked at", above=0)]
    threshold: Annotated[float, quantity("S", "conductance at which it fires", above=0)] | None = Field(
        None, description="conductance at which it fires [S]; by default midway between both states"
    )
    reset_J: Annotated[float, quantity("A/m^2", "current density of the reset")] = 0.0
    reset_time: Annotated[float, quantity("s", "length of the reset, in which the input waits", minimum=0)] = 0.0

    column_units: ClassVar[Mapping[str, str]] = {"position": "m", "conductance": "S", "spikes": "1"}
    result: ClassVar[type[NeuronRun]] = NeuronRun
    operates: ClassVar[bool] = True

    def partners(self) -> dict[str, str]:
        """Return the junction."""
        return {"junction": self.junction}

    def parameters(self) -> Iterator[tuple[Place, Declaration, Any]]:
        """Yield the current densities."""
        for index, each in enumerate(self.input):
            yield ("input", index, "J"), CURRENT, each.J

    def check(self, scene: Any) -> Iterator[Found]:
        """Yield a term that has no current, and currents that differ between more than replicas."""
        yield from without_current(scene, self.term)
        for index, each in enumerate(self.input):
            if isinstance(each.J, dict) and not has_form(each.J, "replicas"):
                yield f"input[{index}].J", "allowed: a number, or { replicas = [...] }"

    def build(self, builder: Any, simulation: Any, devices: Mapping[str, Device]) -> DomainWallNeuron:
        """Return the neuron."""
        junction = devices[self.junction]
        assert isinstance(junction, JunctionDevice)
        durations: list[float] = []
        drive: list[NDArray] = []
        for each in self.input:
            J = np.asarray(each.J["replicas"] if isinstance(each.J, dict) else each.J, dtype=np.float64)
            pause = [each.gap] if each.gap > 0 else []
            durations += [each.duration, *pause] * each.times
            rest = [np.zeros(simulation.batch)] if pause else []
            drive += [np.broadcast_to(J, (simulation.batch,)), *rest] * each.times
        return DomainWallNeuron(
            simulation,
            junction,
            durations,
            np.stack(drive, axis=1),
            every=self.every,
            term=self.term,
            threshold=self.threshold,
            reset_J=self.reset_J,
            reset_time=self.reset_time,
        )
