"""``kind = "write_energy"``: what it costs to write a bit as it shrinks at a fixed stability, in closed form."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from fdmag.devices.closed_form import ClosedForm
from fdmag.devices.device import Device
from fdmag.devices.write_limits import WriteLimits, write_limits
from fdmag.devices.write_mechanisms import COFEB, FreeLayer, Mechanism, SpinOrbitWrite, SpinTransferWrite, VoltageWrite
from fdmag.scene.device_kinds.device_table import DeviceTable
from fdmag.scene.values import Table, problem, quantities, quantity


class FreeLayerTable(Table):
    """The free layer; its anisotropy is chosen for the stability, or with Ks its thickness."""

    Ms: Annotated[float, quantity("A/m", "saturation magnetisation", above=0)] = COFEB.Ms
    thickness: Annotated[float, quantity("m", "thickness; does not count if Ks is given", above=0)] = COFEB.thickness
    A: Annotated[float, quantity("J/m", "exchange stiffness", above=0)] = COFEB.A
    alpha: Annotated[float, quantity("1", "Gilbert damping", above=0)] = COFEB.alpha
    temperature: Annotated[float, quantity("K", "temperature", above=0)] = COFEB.temperature
    Ks: Annotated[float, quantity("J/m^2", "interface anisotropy", above=0)] | None = Field(
        None, description="interface anisotropy [J/m^2]: the thickness is then chosen"
    )


class SpinTransferTable(Table):
    """Writing by a current through the junction."""

    P: Annotated[float, quantity("1", "spin polarisation", above=0)] = 0.6
    RA: Annotated[float, quantity("ohm m^2", "resistance-area product", above=0)] = 5e-12
    overdrive: Annotated[float, quantity("1", "current over the critical one", above=1)] = 2.0
    max_voltage: Annotated[float, quantity("V", "voltage that the barrier stands", above=0)] = 1.0


class SpinOrbitTable(Table):
    """Writing by a current along a heavy metal; by default β tungsten."""

    efficiency: Annotated[float, quantity("1", "damping-like efficiency", above=0)] = 0.33
    resistivity: Annotated[float, quantity("ohm m", "resistivity of the metal", above=0)] = 200e-8
    t_HM: Annotated[float, quantity("m", "thickness of the metal", above=0)] = 5e-9
    B_x: Annotated[float, quantity("T", "field along the current", minimum=0)] = 20e-3
    pulse: Annotated[float, quantity("s", "length of the pulse", above=0)] = 1e-9
    overdrive: Annotated[float, quantity("1", "current over the threshold", above=0)] = 1.2
    strip: Annotated[float, quantity("1", "area of the strip over the square of the diameter", above=0)] = 3.0
    max_current_density: Annotated[float, quantity("A/m^2", "current density that the metal stands", above=0)] = 5e12


class VoltageTable(Table):
    """Writing by a voltage that takes all anisotropy away."""

    coefficient: Annotated[float, quantity("J/(V m)", "magnetoelectric coefficient", above=0)] = 100e-15
    relative_permittivity: Annotated[float, quantity("1", "relative permittivity", above=0)] = 9.8
    t_ME: Annotated[float, quantity("m", "thickness of the dielectric", above=0)] = 2e-9
    pulse: Annotated[float, quantity("s", "length of the pulse", above=0)] = 0.5e-9
    max_field: Annotated[float, quantity("V/m", "field that the dielectric stands", above=0)] = 1.5e9


class WriteEnergyTable(DeviceTable):
    """Energy of writing over the diameter of a bit whose stability is kept: spin transfer, spin–orbit, voltage."""

    kind: Literal["write_energy"] = "write_energy"
    diameter: Annotated[list[float], quantities("m", "diameters, rising", above=0, least=2)]
    Delta: Annotated[float, quantity("1", "stability E_b/(k_B T) that is kept", above=0)] = 60.0
    layer: FreeLayerTable = Field(FreeLayerTable(), description="the free layer; by default CoFeB of 1.3 nm")
    spin_transfer: SpinTransferTable | None = Field(None, description="writing by spin transfer")
    spin_orbit: SpinOrbitTable | None = Field(None, description="writing by spin–orbit torque")
    voltage: VoltageTable | None = Field(None, description="writing by voltage")

    column_units: ClassVar[Mapping[str, str]] = {}
    result: ClassVar[type[WriteLimits]] = WriteLimits

    @model_validator(mode="after")
    def _one_at_least(self) -> "WriteEnergyTable":
        if self.spin_transfer is None and self.spin_orbit is None and self.voltage is None:
            raise problem("came no way of writing; give one of spin_transfer = {}, spin_orbit = {}, voltage = {}")
        if any(after <= before for before, after in zip(self.diameter, self.diameter[1:], strict=False)):
            raise problem("the diameters do not rise; give them in rising order")
        return self

    def build(self, builder: Any, simulation: Any, devices: Mapping[str, Device]) -> ClosedForm:
        """Return the energies."""
        given: list[tuple[type[Any], Table | None]] = [
            (SpinTransferWrite, self.spin_transfer), (SpinOrbitWrite, self.spin_orbit), (VoltageWrite, self.voltage),
        ]  # fmt: skip
        ways: list[Mechanism] = [kind(**table.model_dump()) for kind, table in given if table is not None]
        return ClosedForm(write_limits(self.diameter, ways, FreeLayer(**self.layer.model_dump()), self.Delta))
