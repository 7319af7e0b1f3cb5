"""What a nanopillar can be asked for in a scene: one table for each measurement."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Discriminator, Field, model_validator

from fdmag.barriers import Rotation, WallSweep
from fdmag.devices.device import Told
from fdmag.devices.driven_result import DRIVES
from fdmag.devices.nanopillar import Nanopillar
from fdmag.devices.pillar_diagram import FieldDiagram, PulseDiagram, field_diagram, pulse_diagram
from fdmag.devices.pillar_stability import EscapeRates, Stability, escape_rates, stability
from fdmag.devices.pillar_switching import SwitchingTimes, switching_times
from fdmag.devices.pillar_threshold import CriticalCurrent, critical_current
from fdmag.devices.pillar_write_errors import WriteErrors, write_errors
from fdmag.devices.result import Result
from fdmag.errors import ParameterError, did_you_mean
from fdmag.parameter import Declaration
from fdmag.scene.barrier_table import RotationPath, SweepPath
from fdmag.scene.contents import terms_in_use
from fdmag.scene.device_kinds.device_table import Found
from fdmag.scene.problems import shown
from fdmag.scene.values import Entry, Flag, Table, count, number, problem, quantity, scalar_schema, vector
from fdmag.simulation import Simulation

MOST_SHOTS = 10_000_000
FORMS = {
    "linspace": "first value, last value, number of values, evenly spaced",
    "logspace": "first value, last value, number of values, at a constant ratio",
}


def several(unit: str, meaning: str, *, above: float | None = None) -> Entry:
    """Mark a list of quantities, or ``{ linspace = [first, last, number] }``, or ``logspace`` at a constant ratio."""
    declaration = Declaration(unit, meaning, above=above)

    def read(value: Any) -> list[float]:
        if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in FORMS:
            ((form, line),) = value.items()
            if isinstance(line, list) and len(line) == 3 and isinstance(line[2], int) and 2 <= line[2] <= 10_000:
                first, last = number(line[0], declaration), number(line[1], declaration)
                if form == "linspace":
                    return np.linspace(first, last, line[2]).tolist()
                if first * last > 0:
                    return (first * np.geomspace(1.0, last / first, line[2])).tolist()
        elif isinstance(value, list) and value:
            return [number(each, declaration) for each in value]
        raise problem(
            f"came {shown(value)}; {meaning}: a list of values, {{ linspace = [first, last, number] }}, or logspace"
        )

    one = scalar_schema(declaration)
    line = {"type": "array", "items": one, "minItems": 3, "maxItems": 3}
    forms = [
        {"type": "object", "properties": {form: line | {"description": text}}, "required": [form]}
        for form, text in FORMS.items()
    ]
    return Entry(read, {"anyOf": [{"type": "array", "items": one}, *forms]}, declaration)


Duration = Annotated[float, quantity("s", "time", above=0)]
Wait = Annotated[float, quantity("s", "time", minimum=0)]
Samples = Annotated[int, count("shots for each point", 1, 10_000_000)]


class Measure(Table):
    """Base of measurements."""

    result: ClassVar[type[Result]]

    def symbol(self) -> str | None:
        """Return what drives the pillar, "J", "I" or "V"; None if that does not matter."""
        return None

    def shots(self) -> int | None:
        """Return how many shots it takes that may be made at once; None for one, or one per replica."""
        return None

    def check(self, scene: Any) -> Iterator[Found]:
        """Yield what does not agree with the rest of the scene."""
        shots = self.shots()
        if shots is not None and shots > MOST_SHOTS:
            yield "measure", f"makes {shots} shots; allowed: at most {MOST_SHOTS}"

    def check_pillar(self, pillar: Nanopillar) -> None:
        """Raise `ParameterError` for a pillar that it cannot be done with."""
        shots = self.shots()
        if shots is not None:
            next(iter(pillar.rounds(shots)))

    @abstractmethod
    def run(self, pillar: Nanopillar, told: Told | None) -> Result:
        """Carry it out."""

    def with_finer(self, finer: Callable[[], Simulation]) -> "Callable[[Nanopillar, Told | None], Result]":
        """Return what carries it out; ``finer`` returns the simulation on cells half as large where it is asked for."""
        return self.run


class DrivenMeasure(Measure):
    """Base of measurements over J, I or V: which of them is given is what drives the pillar."""

    J: Annotated[list[float], several("A/m^2", "current densities")] | None = Field(
        None, description="current densities [A/m^2]: a list, { linspace } or { logspace }"
    )
    I: Annotated[list[float], several("A", "currents")] | None = Field(  # noqa: E741
        None, description="in place of J: currents through the pillar [A]"
    )
    V: Annotated[list[float], several("V", "voltages")] | None = Field(
        None, description="in place of J: voltages [V], of a junction whose source is a voltage"
    )

    def given(self) -> list[str]:
        """Return which of J, I and V are given."""
        return [symbol for symbol in DRIVES if getattr(self, symbol) is not None]

    def symbol(self) -> str:
        """Return what drives the pillar."""
        return self.given()[0]

    def drive(self) -> list[float]:
        """Return its values."""
        return list(getattr(self, self.symbol()))

    @model_validator(mode="after")
    def _one_drive(self) -> Self:
        if len(self.given()) != 1:
            came = " and ".join(self.given()) or "none of them"
            raise problem(f"came {came}; {self.kind} is over one of J [A/m^2], I [A] and V [V]")  # type: ignore[attr-defined]
        return self


class SwitchingTable(DrivenMeasure):
    """Times until m has switched, for each current or voltage, with their extrapolation to the critical one."""

    kind: Literal["switching_times"] = "switching_times"
    duration: Duration = Field(description="longest time to wait [s]")
    settle: Wait = Field(0.0, description="time without current before each shot [s]")
    samples: Samples = 1
    result: ClassVar[type[Result]] = SwitchingTimes

    def shots(self) -> int:
        """Return the number of shots."""
        return len(self.drive()) * self.samples

    def run(self, pillar: Nanopillar, told: Told | None) -> Result:
        """Carry it out."""
        return switching_times(
            pillar, self.drive(), self.duration, settle=self.settle, samples=self.samples, told=told
        )  # fmt: skip


class ThresholdTable(DrivenMeasure):
    """The critical current or voltage by bisection, between the two values of J, I or V."""

    kind: Literal["critical_current"] = "critical_current"
    low: Annotated[float, quantity("A/m^2", "current density that does not write")] | None = Field(
        None, description="current density that does not write [A/m^2]; with high in place of J = [low, high]"
    )
    high: Annotated[float, quantity("A/m^2", "current density that writes")] | None = Field(
        None, description="current density that writes [A/m^2]"
    )
    duration: Duration = Field(description="length of the pulse [s]")
    criterion: Literal["passage", "growth"] = Field(
        "passage", description="m passes the threshold within the pulse, or the tilt grows in its second half"
    )
    rise: Wait = Field(0.0, description="time in which the current rises before the pulse [s]")
    settle: Wait = Field(0.0, description="time without current before each pulse [s]")
    samples: Samples = 1
    currents: Annotated[int, count("currents or voltages that are tried at once", 1, 10_000)] = 7
    tolerance: Annotated[float, quantity("1", "relative width of the bracket at the end", above=0)] = 0.01
    result: ClassVar[type[Result]] = CriticalCurrent

    def shots(self) -> int | None:
        """Return the number of shots of one round."""
        return self.currents * self.samples

    def check_pillar(self, pillar: Nanopillar) -> None:
        """Raise `ParameterError` for samples of replicas that differ."""
        if self.samples > 1 and not pillar.alike:
            raise ParameterError("samples are for replicas that differ in nothing but noise; give 1")

    def given(self) -> list[str]:
        """Return which of J, I and V are given; low and high count as J."""
        return [*(["J"] if self.low is not None or self.high is not None else []), *super().given()]

    def drive(self) -> list[float]:
        """Return what does not write, and what does."""
        return super().drive() if self.low is None or self.high is None else [self.low, self.high]

    @model_validator(mode="after")
    def _rises(self) -> "ThresholdTable":
        if (self.low is None) != (self.high is None):
            raise problem("low and high belong together; give both, or J, I or V = [low, high]")
        unit, bracket = DRIVES[self.symbol()].unit, self.drive()
        if len(bracket) != 2:
            raise problem(f"{self.symbol()} has {len(bracket)} values; allowed: two, what does not write and what does")
        if abs(bracket[0]) >= abs(bracket[1]):
            raise problem(f"low = {bracket[0]:g}, high = {bracket[1]:g} {unit}; allowed: |low| < |high|")
        return self

    def run(self, pillar: Nanopillar, told: Told | None) -> Result:
        """Carry it out."""
        low, high = self.drive()
        return critical_current(
            pillar, low, high, self.duration, criterion=self.criterion, rise=self.rise, settle=self.settle,
            samples=self.samples, tolerance=self.tolerance, told=told,
        )  # fmt: skip


class FieldDiagramTable(DrivenMeasure):
    """Where m is after a current or voltage in a field along an axis, from both states."""

    kind: Literal["field_diagram"] = "field_diagram"
    B: Annotated[list[float], several("T", "fields")] = Field(description="fields [T] in rising order, likewise")
    field: str = Field("zeeman", description="zeeman term that the field adds to")
    direction: Annotated[list[float], vector("1", "direction of the field", unit_vector=True)] = [0.0, 0.0, 1.0]
    duration: Duration = Field(description="how long it is driven [s]")
    settle: Wait = Field(0.0, description="time in the field before that [s]")
    relax: Wait = Field(0.0, description="time in the field after that [s]; 0: its end decides")
    samples: Samples = 1
    result: ClassVar[type[Result]] = FieldDiagram

    def shots(self) -> int:
        """Return the number of shots."""
        return 2 * len(self.drive()) * len(self.B) * self.samples

    def check(self, scene: Any) -> Iterator[Found]:
        """Yield a field that is not there as well."""
        yield from super().check(scene)
        able = [used.name for used in terms_in_use(scene) if used.term.name == "zeeman"]
        if self.field not in able:
            known = ", ".join(able) or "none; add [terms.zeeman] with B = [0, 0, 0]"
            near = did_you_mean(self.field, able)
            yield "measure", f"field: {shown(self.field)} is not among the zeeman terms: {known}{near}"

    def run(self, pillar: Nanopillar, told: Told | None) -> Result:
        """Carry it out."""
        return field_diagram(
            pillar, self.drive(), self.B, self.duration, term=self.field, direction=self.direction, settle=self.settle,
            relax=self.relax, samples=self.samples, told=told,
        )  # fmt: skip


class PulseDiagramTable(DrivenMeasure):
    """Which share is written by pulses of currents or voltages and lengths."""

    kind: Literal["pulse_diagram"] = "pulse_diagram"
    t_pulse: Annotated[list[float], several("s", "lengths of pulses", above=0)] = Field(
        description="lengths of pulses [s], rising, likewise"
    )
    settle: Wait = Field(0.0, description="time without current before each pulse [s]")
    relax: Wait = Field(0.0, description="time without current after it [s]; 0: its end decides")
    samples: Samples = 1
    result: ClassVar[type[Result]] = PulseDiagram

    def shots(self) -> int:
        """Return the number of shots."""
        return len(self.drive()) * len(self.t_pulse) * self.samples

    def run(self, pillar: Nanopillar, told: Told | None) -> Result:
        """Carry it out."""
        return pulse_diagram(
            pillar, self.drive(), self.t_pulse, settle=self.settle, relax=self.relax, samples=self.samples, told=told
        )  # fmt: skip


class WriteErrorsTable(DrivenMeasure):
    """Write error rates at the ends of pulses."""

    kind: Literal["write_errors"] = "write_errors"
    t_pulse: Annotated[list[float], several("s", "lengths of pulses", above=0)] = Field(
        description="lengths of pulses [s], rising, likewise"
    )
    settle: Duration = Field(description="time without current, in which m comes to equilibrium [s]")
    samples: Samples = Field(description="trajectories for each drive; of a splitting, in all of its groups")
    method: Literal["count", "split"] = Field("count", description="count, or split trajectories for rare errors")
    groups: Annotated[int, count("independent groups of a splitting", 2, 10_000)] = 20
    seed: Annotated[int, count("seed of the draws of a splitting", 0, 2**63 - 1)] = 0
    result: ClassVar[type[Result]] = WriteErrors

    def shots(self) -> int:
        """Return the number of shots that are made at once."""
        return self.samples * (len(self.drive()) if self.method == "count" else 1)

    def check(self, scene: Any) -> Iterator[Found]:
        """Yield groups that do not fit as well."""
        yield from super().check(scene)
        if self.method == "split" and (self.samples % self.groups or self.samples < 2 * self.groups):
            yield (
                "measure",
                f"samples = {self.samples}: a multiple of groups = {self.groups} is needed, two each at least",
            )

    def check_pillar(self, pillar: Nanopillar) -> None:
        """Raise `ParameterError` for a pillar without noise."""
        super().check_pillar(pillar)
        if not pillar.noisy:
            raise ParameterError("nothing fails by chance without noise; add [terms.thermal] with T > 0 K")
        if self.method == "split" and pillar.batch != self.samples:
            raise ParameterError(
                f"samples = {self.samples}, and {pillar.batch} replicas; a splitting takes all at once"
            )

    def run(self, pillar: Nanopillar, told: Told | None) -> Result:
        """Carry it out."""
        return write_errors(
            pillar, self.drive(), self.t_pulse, settle=self.settle, samples=self.samples, method=self.method,
            groups=self.groups, seed=self.seed, told=told,
        )  # fmt: skip


class StabilityTable(Measure):
    """Thermal stability of a uniform rotation and by the string method, retention, and what an array makes of it."""

    kind: Literal["stability"] = "stability"
    T: Annotated[float, quantity("K", "temperature", above=0)] = 300.0
    path: Annotated[RotationPath | SweepPath, Discriminator("kind")] | None = Field(
        None, description="where the path begins; by default a rotation"
    )
    images: Annotated[int, count("number of images, both ends included", 5, 1000)] = 15
    bits: Annotated[float, quantity("1", "bits of an array", above=0)] = 2.0**20
    time: Annotated[float, quantity("s", "time that the array must keep its bits", above=0)] = 10 * 365.25 * 86400.0
    attempt_time: Annotated[float, quantity("s", "inverse of the attempt rate", above=0)] = 1e-9
    halve_cells: Flag = Field(False, description="find it again on cells half as large in x and y, for comparison")
    result: ClassVar[type[Result]] = Stability

    def with_finer(self, finer: Callable[[], Simulation]) -> Callable[[Nanopillar, Told | None], Result]:
        """Return what carries it out on both meshes."""
        return lambda pillar, told: self.run(pillar, told, finer() if self.halve_cells else None)

    def run(self, pillar: Nanopillar, told: Told | None, finer: Simulation | None = None) -> Result:
        """Carry it out."""
        path: Any = None
        if isinstance(self.path, SweepPath):
            path = WallSweep(self.path.direction, self.path.width, self.path.through)
        elif self.path is not None:
            path = Rotation(self.path.through)
        return stability(
            pillar, self.T, path=path, images=self.images, bits=self.bits, time=self.time,
            attempt_time=self.attempt_time, finer=finer, told=told,
        )  # fmt: skip


class EscapeTable(Measure):
    """Rates of escape by noise alone at raised temperatures, and the barrier by Arrhenius' law."""

    kind: Literal["escape_rates"] = "escape_rates"
    T: Annotated[list[float], several("K", "temperatures", above=0)] = Field(description="temperatures [K]: a list")
    duration: Duration = Field(description="how long each is watched [s]")
    samples: Samples = Field(description="shots at each temperature")
    settle: Wait = Field(0.0, description="what happens before is not counted [s]")
    prefactor: Literal["axial", "constant"] = Field("axial", description="how the attempt rate depends on T")
    T_0: Annotated[float, quantity("K", "temperature of the stability that is told", above=0)] = 300.0
    result: ClassVar[type[Result]] = EscapeRates

    def shots(self) -> int:
        """Return the number of shots."""
        return len(self.T) * self.samples

    def run(self, pillar: Nanopillar, told: Told | None) -> Result:
        """Carry it out."""
        return escape_rates(
            pillar, self.T, self.duration, samples=self.samples, settle=self.settle, prefactor=self.prefactor,
            T_0=self.T_0, told=told,
        )  # fmt: skip


MeasureTable = Annotated[
    SwitchingTable | ThresholdTable | FieldDiagramTable | PulseDiagramTable | WriteErrorsTable | StabilityTable
    | EscapeTable,
    Discriminator("kind"),
]  # fmt: skip
