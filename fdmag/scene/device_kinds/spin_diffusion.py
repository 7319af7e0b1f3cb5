"""``kind = "spin_diffusion"``: spin accumulation and spin current through a stack of layers, in closed form."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from fdmag.devices.closed_form import ClosedForm
from fdmag.devices.device import Device
from fdmag.devices.spin_diffusion import SpinDiffusion, SpinProfile
from fdmag.devices.spin_layers import End, Interface, Layer
from fdmag.scene.device_kinds.device_table import DeviceTable
from fdmag.scene.values import Flag, Table, quantity


class LayerTable(Table):
    """A layer; the first and the last may have no thickness: they are much thicker than the spin diffusion length."""

    thickness: Annotated[float, quantity("m", "thickness", above=0)] | None = Field(
        None, description="thickness [m]; without it as good as infinite"
    )
    conductivity: Annotated[float, quantity("S/m", "conductivity of both spins together", above=0)]
    spin_diffusion_length: Annotated[float, quantity("m", "spin diffusion length", above=0)]
    polarisation: Annotated[float, quantity("1", "β of a ferromagnet; its sign is that of m along the spin axis")] = 0.0
    spin_hall_angle: Annotated[float, quantity("1", "spin Hall angle")] = 0.0

    def layer(self) -> Layer:
        """Return the layer."""
        given = self.model_dump()
        return Layer(**(given | {"thickness": math.inf if self.thickness is None else self.thickness}))


class InterfaceTable(Table):
    """What lies between two layers; transparent by default."""

    conductance: Annotated[float, quantity("S/m^2", "conductance", above=0)] | None = Field(
        None, description="conductance of both spins together [S/m^2]; without it the interface is transparent"
    )
    polarisation: Annotated[float, quantity("1", "γ, asymmetry of the conductance")] = 0.0
    memory_loss: Annotated[float, quantity("1", "δ, spin memory loss", minimum=0)] = 0.0

    def interface(self) -> Interface:
        """Return the interface."""
        conductance = math.inf if self.conductance is None else self.conductance
        return Interface(conductance, self.polarisation, self.memory_loss)


class EndTable(Table):
    """What lies beyond the first or the last layer; nothing by default."""

    absorption: Annotated[float, quantity("S/m^2", "spin conductance of a magnet across the spins", minimum=0)] = 0.0
    perfect_sink: Flag = Field(False, description="takes up all spin")

    def end(self) -> End:
        """Return the end."""
        return End(math.inf if self.perfect_sink else self.absorption)


class SpinDiffusionTable(DeviceTable):
    """Spin diffusion across a stack of layers: what a heavy metal sends into a magnet, what a spin valve resists."""

    kind: Literal["spin_diffusion"] = "spin_diffusion"
    layers: list[LayerTable] = Field(min_length=1, description="the layers, in their order along x")
    interfaces: list[InterfaceTable] | None = Field(None, description="between the layers; by default transparent")
    left: EndTable = Field(EndTable(), description="before the first layer; by default nothing")
    right: EndTable = Field(EndTable(), description="behind the last layer; by default nothing")
    current_along: Annotated[float, quantity("A/m^2", "current density along all layers")] = 0.0
    current_across: Annotated[float, quantity("A/m^2", "current density across the stack, along +x")] = 0.0

    column_units: ClassVar[Mapping[str, str]] = {}
    result: ClassVar[type[SpinProfile]] = SpinProfile

    def build(self, builder: Any, simulation: Any, devices: Mapping[str, Device]) -> ClosedForm:
        """Return the profile."""
        interfaces = None if self.interfaces is None else [each.interface() for each in self.interfaces]
        stack = SpinDiffusion([each.layer() for each in self.layers], interfaces, self.left.end(), self.right.end())
        return ClosedForm(stack.solve(self.current_across, self.current_along))
