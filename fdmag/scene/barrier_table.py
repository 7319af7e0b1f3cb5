"""The table of a stage that finds an energy barrier."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field

from fdmag.barriers.find import MAX_TORQUE
from fdmag.scene.problems import Place
from fdmag.scene.state_tables import InitialTable
from fdmag.scene.values import Flag, Table, count, quantity, vector

Side = Annotated[list[float], vector("1", "side by which opposite vectors turn", unit_vector=True)]


class RotationPath(Table):
    """Every m turns along the great circle to where it ends."""

    kind: Literal["rotation"] = "rotation"
    through: Side | None = Field(
        None, description="side by which opposite vectors turn into each other; by default askew to the axes"
    )


class SweepPath(Table):
    """A wall is swept through the magnet."""

    kind: Literal["sweep"] = "sweep"
    direction: Annotated[list[float], vector("1", "the way the wall goes", unit_vector=True)] = [1.0, 0.0, 0.0]
    width: Annotated[float, quantity("m", "wall width Δ, as in tanh(x / Δ)", above=0)] = 5e-9
    through: Side | None = Field(
        None, description="m inside a wall between opposite domains; by default along the wall"
    )


class StatesPath(Table):
    """By way of given states."""

    kind: Literal["states"] = "states"
    states: list[InitialTable] = Field(min_length=1, description="states between start and end, in their order")
    through: Side | None = Field(None, description="side by which opposite vectors turn into each other")


class NoisePath(Table):
    """What a thermal run does by itself."""

    kind: Literal["noise"] = "noise"
    T: Annotated[float, quantity("K", "temperature of the run", above=0)]
    duration: Annotated[float, quantity("s", "longest time to wait for the switching", above=0)]
    every: Annotated[float, quantity("s", "time between snapshots", above=0)] = 5e-12


PathTable = Annotated[RotationPath | SweepPath | StatesPath | NoisePath, Discriminator("kind")]


class EnergyBarrier(Table):
    """Find the minimum energy path between two states, and the barrier on it; m is then the start, relaxed."""

    columns: ClassVar[dict[str, str]] = {
        "barrier": "J",
        "barrier_back": "J",
        "barrier_kT": "1",
        "barrier_back_kT": "1",
        "barrier_spline": "J",
        "barrier_halved": "J",
        "barrier_fine": "J",
        "barrier_fine_kT": "1",
        "barrier_extrapolated": "J",
        "barrier_extrapolated_kT": "1",
        "barrier_uncertainty": "J",
        "barrier_uniform": "J",
        "barrier_uniform_kT": "1",
        "path_length": "rad",
        "saddles": "1",
        "saddle_image": "1",
        "saddle_descents": "1",
    }
    axes: ClassVar[dict[str, str]] = {"barrier": "image"}

    kind: Literal["barrier"] = "barrier"
    start: InitialTable | None = Field(None, description="a state in the first valley; by default m as it is")
    end: InitialTable = Field(description="a state in the other valley")
    path: PathTable | None = Field(None, description="where the path begins; by default a rotation")
    images: Annotated[int, count("number of images, both ends included", 3, 1000)] = 21
    max_torque: Annotated[float, quantity("T", "torque", above=0)] = Field(
        MAX_TORQUE, description="largest force across the path, and largest |m × B| in the saddles [T]"
    )
    max_steps: Annotated[int, count("number of steps after which to give up", 1)] = 5000
    temperature: Annotated[float, quantity("K", "temperature of the columns in k_B T", above=0)] = 300.0
    halve_images: Flag = Field(False, description="find the barrier again with half of the images, for comparison")
    halve_cells: Flag = Field(
        False, description="find it again on cells half as large in x and y, from the path on these, for comparison"
    )

    def states(self) -> Iterator[tuple[Place, Any]]:
        """Yield the tables of states, with their places in this one."""
        if self.start is not None:
            yield ("start",), self.start
        if self.end is not None:
            yield ("end",), self.end
        if isinstance(self.path, StatesPath):
            for number, table in enumerate(self.path.states):
                yield ("path", "states", number), table
