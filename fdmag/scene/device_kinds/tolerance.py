"""``kind = "tolerance"``: how much one parameter may vary, so that a figure in closed form stays within a limit."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from fdmag.devices import disc_figures
from fdmag.devices.closed_form import ClosedForm
from fdmag.devices.device import Device
from fdmag.devices.spread import Spread
from fdmag.devices.tolerance import Tolerance, tolerable_spread
from fdmag.errors import FdmagError, did_you_mean
from fdmag.scene.device_kinds.device_table import DeviceTable
from fdmag.scene.device_kinds.threshold_spread import RelativeSpreadTable
from fdmag.scene.values import count, one_of, problem, quantity
from fdmag.units import parse_quantity

FIGURES: dict[str, Callable[..., Any]] = {
    "spin_hall_efficiency": disc_figures.spin_hall_figure,
    "spin_orbit_field": disc_figures.spin_orbit_field,
    "disc_anisotropy": disc_figures.disc_anisotropy,
    "disc_stability": disc_figures.disc_stability,
    "disc_critical_current": disc_figures.disc_critical_current,
    "disc_write_energy": disc_figures.disc_write_energy,
}
UNITS = {
    "rho": "ohm m", "lambda_sf": "m", "t_HM": "m", "spin_hall_conductivity": "S/m", "Ms": "A/m", "thickness": "m",
    "Ks": "J/m^2", "diameter": "m", "A": "J/m", "T": "K", "alpha": "1", "P": "1", "RA": "ohm m^2", "current": "A",
}  # fmt: skip
"""Of the parameters of these figures."""


class ToleranceTable(DeviceTable):
    """The inverse question of variability: the widest spread of one parameter for a spread of a figure."""

    kind: Literal["tolerance"] = "tolerance"
    figure: Annotated[str, one_of(FIGURES)] = Field(description="the figure in closed form")
    values: dict[str, Any] = Field(min_length=1, description='all its parameters, such as rho = "200 uohm cm"')
    spreads: dict[str, RelativeSpreadTable] = Field({}, description="how much the other parameters vary")
    parameter: str = Field(description="the one that is asked for")
    limit: Annotated[float, quantity("1", "largest CV of the figure", above=0)]
    samples: Annotated[int, count("devices that are drawn", 100, 10_000_000)] = 50_000
    seed: Annotated[int, count("seed of the random numbers", 0, 2**63 - 1)] = 0

    column_units: ClassVar[Mapping[str, str]] = {}
    result: ClassVar[type[Tolerance]] = Tolerance

    @model_validator(mode="after")
    def _goes_together(self) -> "ToleranceTable":
        needed = inspect.signature(FIGURES[self.figure]).parameters
        for name, value in self.values.items():
            if name not in needed:
                raise problem(f"values: {name} is no parameter of {self.figure}; allowed: {', '.join(needed)}"
                              f"{did_you_mean(name, needed)}")  # fmt: skip
            try:
                self.values[name] = parse_quantity(value, UNITS[name])
            except FdmagError as error:
                raise problem(f"values: {name}: {error}") from error
        missing = [name for name, each in needed.items() if each.default is each.empty and name not in self.values]
        if missing:
            raise problem(f"values: {', '.join(missing)} missing; {self.figure} needs {', '.join(needed)}")
        for name in (self.parameter, *self.spreads):
            if name not in self.values:
                raise problem(f"{name} is none of values: {', '.join(self.values)}{did_you_mean(name, self.values)}")
        return self

    def build(self, builder: Any, simulation: Any, devices: Mapping[str, Device]) -> ClosedForm:
        """Return the answer."""
        varied = {name: Spread.relative(self.values[name], each.CV, each.distribution)
                  for name, each in self.spreads.items()}  # fmt: skip
        varied.setdefault(self.parameter, Spread(self.values[self.parameter], 0.0))
        held = {name: value for name, value in self.values.items() if name not in varied}
        figure = partial(FIGURES[self.figure], **held)
        return ClosedForm(
            tolerable_spread(figure, varied, self.parameter, self.limit, samples=self.samples, seed=self.seed)
        )
