"""The tables of states: what m is at the start, or at the ends of a path."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field

from fdmag.parameter import Declaration
from fdmag.scene.parameters import parameter_value
from fdmag.scene.problems import shown
from fdmag.scene.texture_tables import Antivortex, Helix, Skyrmion, Vortex, Wall, Walls
from fdmag.scene.values import SPACE, Entry, Table, count, expression_text, problem

DIRECTION = Declaration("1", "direction", components=3, unit_vector=True, time_dependent=False)


class Uniform(Table):
    """One direction, or one per region, replica or cell."""

    kind: Literal["uniform"] = "uniform"
    direction: Annotated[Any, parameter_value(DIRECTION)] = Field(description="direction of m; normalised")


class Random(Table):
    """Directions spread evenly over the sphere, independent in every cell and replica."""

    kind: Literal["random"] = "random"
    seed: Annotated[int, count("seed of the random numbers", 0, 2**63 - 1)]


def _three_expressions(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) != 3:
        raise problem(f"came {shown(value)}; m is a list of 3 expressions in x, y and z: [mx, my, mz]")
    return [expression_text(SPACE).read(item) for item in value]


_THREE_TEXTS = {"type": "array", "items": expression_text(SPACE).json_schema, "minItems": 3, "maxItems": 3}


class Expressions(Table):
    """Three expressions in x, y and z [m], normalised."""

    kind: Literal["expression"] = "expression"
    m: Annotated[list[str], Entry(_three_expressions, _THREE_TEXTS)] = Field(description="mx, my, mz in x, y, z [m]")


class FromFile(Table):
    """An array from a .npy, .ovf or .vti file, of the same cells unless it is resampled."""

    kind: Literal["file"] = "file"
    file: str = Field(description="path of a .npy, .ovf or .vti file beside the scene")
    array: str | None = Field(None, description="which array of a .vti file; by default m, or the only one")
    resample: Literal["place", "stretch"] | None = Field(
        None,
        description="interpolate from another mesh: each cell where the file says it is (place), or the whole array "
        "over the whole mesh (stretch)",
    )


InitialTable = Annotated[
    Uniform | Random | Vortex | Antivortex | Skyrmion | Helix | Wall | Walls | Expressions | FromFile,
    Discriminator("kind"),
]
