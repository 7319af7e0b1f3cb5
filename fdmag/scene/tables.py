"""The tables of a scene: mesh, geometry, regions, stages, output, expectations."""

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Discriminator, Field, WithJsonSchema, model_validator

from fdmag.parameter import Parameter
from fdmag.scene.barrier_table import EnergyBarrier
from fdmag.scene.ensemble_tables import UntilTable
from fdmag.scene.modes_table import ModesTable, SpectrumTable
from fdmag.scene.parameters import parameter_value
from fdmag.scene.shape_tables import ShapeRef
from fdmag.scene.state_tables import DIRECTION
from fdmag.scene.values import (
    Entry,
    Flag,
    Table,
    count,
    one_of,
    problem,
    quantity,
    shown,
    three_counts,
    vector,
)
from fdmag.simulation import MAX_TORQUE, Simulation
from fdmag.solvers.tableau import METHODS
from fdmag.units import is_si

SMALLEST_CELL, LARGEST_CELL = 1e-13, 1e-2
MAX_OUTPUTS = 10_000_000
LONGEST_RUN = 0.01  # s: nobody waits for more, who forgets a unit asks for it


def _axes(value: Any) -> str:
    if not isinstance(value, str) or set(value) - set("xyz") or len(set(value)) != len(value):
        raise problem(f'came {shown(value)}; periodic names axes, each once: "x", "xy", "xyz", ...')
    return value


class MeshTable(Table):
    """Cells and periodicity. The mesh is centred on (0, 0, 0) unless origin says where its lower corner is."""

    cells: Annotated[list[int], three_counts("number of cells")]
    cell: Annotated[list[float], vector("m", "cell size", above=0)] | None = Field(
        None, description="edge lengths of a cell [m]; or give size"
    )
    size: Annotated[list[float], vector("m", "mesh size", above=0)] | None = Field(
        None, description="edge lengths of the mesh [m]; or give cell"
    )
    periodic: Annotated[str, Entry(_axes, {"type": "string", "pattern": "^[xyz]{0,3}$"})] = Field(
        "", description='periodic axes, such as "xy"'
    )
    origin: Annotated[list[float], vector("m", "lower corner")] | None = Field(
        None, description="lower corner of the mesh [m]; by default the mesh is centred on (0, 0, 0)"
    )

    @model_validator(mode="after")
    def _one_size(self) -> "MeshTable":
        if (self.cell is None) == (self.size is None):
            came = "neither" if self.cell is None else "both"
            raise problem(
                f'came {came} of cell and size; give exactly one, for example cell = ["5 nm", "5 nm", "3 nm"]'
            )
        if self.cell is None:
            self.cell = [edge / count for edge, count in zip(self.size or [], self.cells, strict=True)]
            self.size = None
        for edge in self.cell:
            if not SMALLEST_CELL <= edge <= LARGEST_CELL:
                raise problem(
                    f"cells of {' × '.join(f'{edge:g}' for edge in self.cell)} m are impossible; allowed: "
                    f'{SMALLEST_CELL:g} to {LARGEST_CELL:g} m. Plain numbers are metres: write "5 nm"'
                )
        return self


class GeometryTable(Table):
    """Where the magnet is; Ms is zero elsewhere. Without this table the mesh is full."""

    shape: ShapeRef = Field(description="a shape, or the name of one")
    smooth_edges: Annotated[int, count("sample points along each edge of a cell", 1, 32)] = Field(
        1, description="above 1: cells in part inside, by that many sample points along each edge, hold so much less"
    )


class GrainsTable(Table):
    """Grains: each cell belongs to the nearest of seeds laid at random (Voronoi)."""

    diameter: Annotated[float, quantity("m", "diameter of a circle or sphere of the mean size", above=0)]
    seed: Annotated[int, count("seed of the random numbers", 0, 2**63 - 1)]
    columns: Literal["x", "y", "z", "none"] = Field("z", description="axis of columnar grains; none: in 3 dimensions")


class RegionTable(Table):
    """A named part of the mesh, or a group of grains in it; later regions take cells from earlier ones."""

    shape: ShapeRef | None = Field(
        None, description="a shape, or the name of one; with grains the whole mesh by default"
    )
    grains: GrainsTable | None = Field(None, description="grains in the shape, each a region of the group")

    @model_validator(mode="after")
    def _something(self) -> "RegionTable":
        if self.shape is None and self.grains is None:
            raise problem("came neither shape nor grains; give one of them, or both")
        return self


# ---- stages ------------------------------------------------------------------------------------------------

Torque = Annotated[float, quantity("T", "torque", above=0)]
LARGEST_STEP = (
    "largest adaptive step [s]; by default what the signals need, a twentieth of a period for example, and where an "
    "expression depends on time a thousandth of the duration, at most 10 ps"
)
Duration = Annotated[float, quantity("s", "time", above=0)]


class _Descent(Table):
    max_torque: Torque = Field(MAX_TORQUE, description="stop when max |m × B| is at most this [T]")
    max_steps: Annotated[int, count("number of steps after which to give up", 1)] = 100_000


class Relax(_Descent):
    """Follow the damped path to equilibrium; time stands still."""

    kind: Literal["relax"] = "relax"


class Minimize(_Descent):
    """Minimise the energy; time stands still."""

    kind: Literal["minimize"] = "minimize"


class _Stepping(Table):
    solver: Annotated[str, one_of(METHODS)] | None = Field(
        None,
        description="time integrator; by default rk4_adams, rk4 without demag or with dt, dormand_prince in a mesh of "
        "one cell, heun with thermal noise",
    )
    tolerance: Annotated[float, quantity("1", "local error of m", above=0)] | None = Field(
        None,
        description="local error of m allowed per adaptive step, below 1; by default 1e-6, of dormand_prince 1e-5, "
        "with noise 1e-2",
    )
    dt: Duration | None = Field(None, description="fixed step [s]; by default the step adapts itself")
    dt_max: Duration | None = Field(None, description=LARGEST_STEP)

    @model_validator(mode="after")
    def _step(self) -> "_Stepping":
        if self.dt is None and self.solver is not None and METHODS[self.solver].b_error is None:
            raise problem(f'solver "{self.solver}" has a fixed step; give dt, for example dt = "0.1 ps"')
        if self.dt is not None and self.solver is not None and METHODS[self.solver].extrapolates:
            raise problem(f'solver "{self.solver}" adapts its step; with dt use "rk4"')
        if self.dt is not None and (self.tolerance is not None or self.dt_max is not None):
            raise problem("came dt, a fixed step, with tolerance or dt_max, which are for adaptive ones; remove either")
        if self.tolerance is not None and self.tolerance >= 1:
            raise problem(f"came tolerance = {self.tolerance:g}; allowed: above 0 and below 1")
        return self


class Run(_Stepping):
    """Integrate the Landau–Lifshitz–Gilbert equation."""

    kind: Literal["run"] = "run"
    duration: Duration = Field(description="time to integrate over [s]")
    table_every: Duration | None = Field(None, description="interval of table rows [s]; by default start and end")
    fields_every: Duration | None = Field(None, description="interval of field files [s]; by default the end")
    window: str | None = Field(None, description="column that a window moving along x keeps at its middle: "
                               "wall_position, vortex_core.x or topological_center.x")  # fmt: skip
    until: UntilTable | None = Field(None, description="stop each replica where it meets this; t_stop says when")

    @model_validator(mode="after")
    def _parts(self) -> "Run":
        for key in ("table_every", "fields_every", "dt"):
            interval = getattr(self, key)
            if interval is not None and self.duration / interval > MAX_OUTPUTS * (100 if key == "dt" else 1):
                raise problem(
                    f"{key} = {interval:g} s divides {self.duration:g} s into {self.duration / interval:.2g} parts"
                )
        if self.duration > LONGEST_RUN:
            raise problem(
                f"duration = {self.duration:g} s is more than {LONGEST_RUN:g} s, which takes some 10¹¹ steps. A plain "
                'number is in s: write "1 ns"'
            )
        return self


class Operate(_Stepping):
    """Let a device drive the simulation: the pulses of a synapse, the input of a neuron; a row after each."""

    kind: Literal["operate"] = "operate"
    device: str = Field(description="name of the device")
    fields: Flag = Field(False, description="write field files with every row; by default at the end")

    def options(self) -> dict[str, Any]:
        """Return how to step, as `fdmag.Simulation.run` takes it."""
        given = {key: getattr(self, key) for key in ("solver", "tolerance", "dt", "dt_max")}
        return {key: value for key, value in given.items() if value is not None}


class Hysteresis(_Descent):
    """Step a uniform applied field along a line, and back; find the equilibrium at each value."""

    kind: Literal["hysteresis"] = "hysteresis"
    term: str = Field("zeeman", description="the zeeman term to set")
    direction: Annotated[Any, parameter_value(DIRECTION)] = Field(description="direction of the field")
    start: Annotated[float, quantity("T", "first field")]
    stop: Annotated[float, quantity("T", "last field")]
    steps: Annotated[int, count("number of steps from start to stop", 1, 1_000_000)]
    back: Flag = Field(True, description="return to start")
    method: Literal["minimize", "relax"] = Field("minimize", description="how the equilibrium is found")
    fields: Flag = Field(False, description="write m at every field value")

    @model_validator(mode="after")
    def _moves(self) -> "Hysteresis":
        if self.start == self.stop:
            raise problem(f"start and stop are both {self.start:g} T; give two different fields")
        return self


def direction_of(given: Any, simulation: Simulation) -> NDArray[np.float64]:
    """Return the direction of a hysteresis on the cells of a simulation, as `Parameter.base`."""
    return Parameter(given, DIRECTION, simulation.mesh, simulation.regions, "direction").base


class Set(Table):
    """Change parameters, by their place in the scene."""

    kind: Literal["set"] = "set"
    values: dict[str, Any] = Field({}, description='such as "terms.zeeman.B" = ["1 mT", 0, 0]')
    time: Annotated[float, quantity("s", "time from which on stages count", minimum=0)] | None = Field(
        None, description="time [s] at which the next stage begins, such as that of the file m comes from"
    )

    @model_validator(mode="after")
    def _something(self) -> "Set":
        if not self.values and self.time is None:
            raise problem('sets nothing; give values, such as { "terms.zeeman.B" = [0, 0, "1 mT"] }, or time')
        return self


StageTable = Annotated[
    Relax | Minimize | Run | Operate | Hysteresis | Set | ModesTable | SpectrumTable | EnergyBarrier,
    Discriminator("kind"),
]

# ---- output ------------------------------------------------------------------------------------------------


def _si(value: Any) -> str:
    if not isinstance(value, str) or not is_si(value):
        raise problem(f'came {shown(value)}; a formula gives SI: a unit without prefix, such as "T", or "1"')
    return value


class FormulaTable(Table):
    """A column that is worked out from the others; the expression alone may stand for the table."""

    expression: str = Field(description="formula in the columns of the table, a point in a name written as _")
    unit: Annotated[str, Entry(_si, {"type": "string"})] = Field("1", description="its unit, of SI without prefix")


Formula = Annotated[
    FormulaTable,
    BeforeValidator(lambda value: {"expression": value} if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"type": "string"}, FormulaTable.model_json_schema()]}),
]
"""The table, or its expression alone."""


class OutputTable(Table):
    """What is written, and how."""

    columns: list[str] = Field([], description="further columns of the table; fdmag quantities lists them")
    formulas: dict[str, Formula] = Field({}, description="further columns by name, worked out from the others")
    fields: list[str] = Field([], description="fields written beside m; fdmag quantities lists them")
    formats: list[Literal["vti", "ovf"]] = Field(["vti"], description="formats of field files; [] writes none")
    ovf: Literal["text", "binary4", "binary8"] | None = Field(
        None, description="data format of OVF 2 files; by default binary8, which is exact"
    )

    @model_validator(mode="after")
    def _used(self) -> "OutputTable":
        if "ovf" in self.formats:
            self.ovf = self.ovf or "binary8"
        elif self.ovf is not None:
            raise problem(f'came ovf = "{self.ovf}", but formats has no "ovf"; write formats = ["vti", "ovf"]')
        return self
