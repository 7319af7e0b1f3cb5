"""``kind = "threshold_spread"``: how much the switching current varies over devices."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from fdmag.devices.device import Device
from fdmag.devices.spread import Spread
from fdmag.devices.threshold_spread import SwitchingThresholds, ThresholdSpread
from fdmag.errors import ParameterError, did_you_mean
from fdmag.scene.contents import settable, standard_columns
from fdmag.scene.device_kinds.device_table import DeviceTable, Found, without_current
from fdmag.scene.problems import shown
from fdmag.scene.values import Table, count, problem, quantity


class RelativeSpreadTable(Table):
    """How much a parameter varies about the value that it has in the scene."""

    CV: Annotated[float, quantity("1", "standard deviation over mean", above=0)]
    distribution: Literal["normal", "lognormal", "uniform"] = Field("normal", description="of the values")


class ThresholdSpreadTable(DeviceTable):
    """Switching current of replicas with parameters of their own: its spread by sensitivities and by Monte Carlo."""

    kind: Literal["threshold_spread"] = "threshold_spread"
    spreads: dict[str, RelativeSpreadTable] = Field(
        min_length=1, description='how much parameters vary, by their place, such as "terms.spin_orbit_torque.xi_DL"'
    )
    term: str = Field("spin_orbit_torque", description="term whose J it is; give it J = 0")
    low: Annotated[float, quantity("A/m^2", "current density that switches no replica", minimum=0)]
    high: Annotated[float, quantity("A/m^2", "current density that switches every replica", above=0)]
    rise: Annotated[float, quantity("s", "time in which the current rises", above=0)]
    hold: Annotated[float, quantity("s", "time that it stays", above=0)]
    column: str = Field("mz", description="column that tells whether a replica has switched")
    below: Annotated[float, quantity("1", "value of the column, in its unit, below which it has")] = 0.0
    halvings: Annotated[int, count("halvings of the range from low to high", 1, 40)] = 14
    seed: Annotated[int, count("seed of the random numbers", 0, 2**63 - 1)] = 0
    limit: Annotated[float, quantity("1", "largest CV of the threshold, for the inverse question", above=0)] | None = (
        Field(None, description="largest CV of the threshold: how much may parameter vary? Needs parameter")
    )
    parameter: str | None = Field(None, description="one of spreads, of which limit asks how much it may vary")

    column_units: ClassVar[Mapping[str, str]] = {"low": "A/m^2", "high": "A/m^2"}
    result: ClassVar[type[SwitchingThresholds]] = SwitchingThresholds
    operates: ClassVar[bool] = True

    @model_validator(mode="after")
    def _agrees(self) -> "ThresholdSpreadTable":
        if not self.low < self.high:
            raise problem(f"low = {self.low:g} and high = {self.high:g} A/m^2; give low below high")
        if (self.limit is None) != (self.parameter is None):
            raise problem("the inverse question needs both limit and parameter; give both or neither")
        return self

    def check(self, scene: Any) -> Iterator[Found]:
        """Yield a term that has no current, and places that are no parameters."""
        yield from without_current(scene, self.term)
        known = settable(scene)
        for path in self.spreads:
            if path not in known:
                yield "spreads", f"{shown(path)} is no parameter of this scene{did_you_mean(path, known)}"
        if self.parameter is not None and self.parameter not in self.spreads:
            near = did_you_mean(self.parameter, self.spreads)
            yield "parameter", f"{shown(self.parameter)} has no spread: {', '.join(self.spreads)}{near}"
        columns = standard_columns(scene)
        if self.column not in columns:
            yield "column", f"{shown(self.column)} is no column of every run{did_you_mean(self.column, columns)}"

    def build(self, builder: Any, simulation: Any, devices: Mapping[str, Device]) -> ThresholdSpread:
        """Return the measurement, the means being the values of the scene."""
        spreads = {}
        for place, table in self.spreads.items():
            owner, _, key = place.removeprefix("terms.").rpartition(".")
            held = simulation.magnet.material if owner == "material" else simulation.terms[owner]
            base = getattr(held, key).base
            if base.size != 1:
                raise ParameterError(f"{place} is not one number; only numbers can vary")
            spreads[place.removeprefix("terms.")] = Spread.relative(float(base.item()), table.CV, table.distribution)
        asked = None if self.parameter is None else self.parameter.removeprefix("terms.")
        return ThresholdSpread(
            simulation, spreads, term=self.term, low=self.low, high=self.high, rise=self.rise, hold=self.hold,
            column=self.column, below=self.below, halvings=self.halvings, seed=self.seed, limit=self.limit,
            parameter=asked,
        )  # fmt: skip
