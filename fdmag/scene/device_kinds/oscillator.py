"""``kind = "oscillator"``: a current makes m turn, each replica with its own."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from fdmag.devices.device import Device
from fdmag.devices.oscillator import SpinTorqueOscillator
from fdmag.devices.oscillator_curve import OscillatorCurve
from fdmag.errors import did_you_mean
from fdmag.parameter import Declaration
from fdmag.regions import DEFAULT
from fdmag.scene.contents import has_form
from fdmag.scene.device_kinds.device_table import DeviceTable, Found, without_current
from fdmag.scene.parameters import parameter_value
from fdmag.scene.problems import Place, shown
from fdmag.scene.tables import DIRECTION
from fdmag.scene.values import Entry, Flag, Table, constant, constant_schema, problem, quantity

CURRENT = Declaration("A/m^2", "current density", time_dependent=False)
AXIS = Entry(lambda value: constant(value, DIRECTION), constant_schema(DIRECTION))


class BetweenTable(Table):
    """Two current densities, the equilibrium stable at one and unstable at the other."""

    lower: Annotated[float, quantity("A/m^2", "current density")] = 0.0
    upper: Annotated[float, quantity("A/m^2", "current density")]


class OscillatorTable(DeviceTable):
    """A spin-torque oscillator: frequency, power, linewidth and rate of spikes over the current, and its threshold."""

    kind: Literal["oscillator"] = "oscillator"
    duration: Annotated[float, quantity("s", "time that is measured over", above=0)]
    settle: Annotated[float, quantity("s", "time before it, in which orbits grow", minimum=0)] = 0.0
    sample_every: Annotated[float, quantity("s", "interval of samples, a thirtieth of a turn or so", above=0)]
    J: Annotated[Any, parameter_value(CURRENT)] | None = Field(
        None, description="current density [A/m^2], { replicas = [...] } too; by default the J of the term"
    )
    term: str = Field("slonczewski", description="term whose J the current is; give it J = 0 where J is given here")
    region: str | None = Field(None, description="region that oscillates; by default all of the magnet")
    axis: Annotated[Any, AXIS] | None = Field(
        None, description="direction that m turns about; by default that of the mean m of each replica"
    )
    power: Literal["solid_angle", "amplitude"] = Field(
        "solid_angle", description="what p is: (1 - m.n)/2 over a turn, or the square of the part across the axis"
    )
    tilt: Annotated[float, quantity("rad", "angle by which m is turned at the start")] = 0.0
    threshold: BetweenTable | None = Field(None, description="find the threshold of eigenmodes in this interval")
    fires_at: Annotated[float, quantity("1", "amplitude from which a turn is a spike", minimum=0)] = 0.1
    fit_power: Annotated[float, quantity("1", "highest power of what the model is fitted to", above=0)] = 0.1
    repetitions: Flag = Field(
        False, description="replicas with the same current are repetitions that noise tells apart"
    )

    column_units: ClassVar[Mapping[str, str]] = {"p": "1", "phase": "rad"}
    result: ClassVar[type[OscillatorCurve]] = OscillatorCurve
    operates: ClassVar[bool] = True

    @model_validator(mode="after")
    def _agrees(self) -> "OscillatorTable":
        if self.duration < 64 * self.sample_every * (1 - 1e-9):
            raise problem(
                f"sample_every = {self.sample_every:g} s in {self.duration:g} s gives fewer than 64 samples; "
                f"allowed: at most {self.duration / 64:g} s"
            )
        if self.threshold is not None and self.J is None:
            raise problem("threshold needs the currents here: give J, and J = 0 in the term")
        return self

    def parameters(self) -> Iterator[tuple[Place, Declaration, Any]]:
        """Yield the current densities."""
        if self.J is not None:
            yield ("J",), CURRENT, self.J

    def check(self, scene: Any) -> Iterator[Found]:
        """Yield a term that has no current, an unknown region, and currents that differ between more than replicas."""
        yield from without_current(scene, self.term)
        known = [DEFAULT, *scene.regions]
        if self.region is not None and self.region not in known:
            near = did_you_mean(self.region, known)
            yield "region", f"{shown(self.region)} is no region; allowed: {', '.join(known)}{near}"
        if isinstance(self.J, dict) and not has_form(self.J, "replicas"):
            yield "J", "allowed: a number, or { replicas = [...] }"

    def build(self, builder: Any, simulation: Any, devices: Mapping[str, Device]) -> SpinTorqueOscillator:
        """Return the oscillator."""
        J = self.J["replicas"] if isinstance(self.J, dict) else self.J
        return SpinTorqueOscillator(
            simulation,
            self.duration,
            self.settle,
            sample_every=self.sample_every,
            J=None if J is None else np.asarray(J, dtype=np.float64),
            term=self.term,
            region=self.region,
            axis=self.axis,
            power=self.power,
            tilt=self.tilt,
            threshold_between=None if self.threshold is None else (self.threshold.lower, self.threshold.upper),
            fires_at=self.fires_at,
            fit_power=self.fit_power,
            repetitions=self.repetitions,
        )
