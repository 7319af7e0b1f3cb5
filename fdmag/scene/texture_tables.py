"""The tables of textures to start from: vortices, skyrmions, helices, walls."""

from typing import Annotated, Any, Literal

from pydantic import Field

from fdmag.scene.problems import shown
from fdmag.scene.values import Entry, Table, problem, quantity, vector


def _sign(value: Any) -> int:
    if isinstance(value, bool) or value not in (-1, 1):
        raise problem(f"came {shown(value)}; allowed: 1, -1")
    return int(value)


Sign = Annotated[int, Entry(_sign, {"enum": [-1, 1]})]


class Vortex(Table):
    """A vortex about the z axis."""

    kind: Literal["vortex"] = "vortex"
    center: Annotated[list[float], vector("m", "centre of the core", components=2)] = [0.0, 0.0]
    circulation: Sign = Field(1, description="1: counter-clockwise seen from +z")
    polarity: Sign = Field(1, description="sign of mz in the core")
    core_radius: Annotated[float, quantity("m", "radius at which mz is 0", above=0)] = 10e-9


class Antivortex(Table):
    """An antivortex about the z axis: m turns against the way around it."""

    kind: Literal["antivortex"] = "antivortex"
    center: Annotated[list[float], vector("m", "centre of the core", components=2)] = [0.0, 0.0]
    angle: Annotated[float, quantity("rad", "direction of m on the +x side of the core, from +x towards +y")] = 0.0
    polarity: Sign = Field(1, description="sign of mz in the core")
    core_radius: Annotated[float, quantity("m", "radius at which mz is 0", above=0)] = 10e-9


Style = Literal["neel", "bloch"]
CHIRALITY = "1: as a positive D favours, of the interfacial DMI for neel, of the bulk DMI for bloch"


def _charge(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= abs(value) <= 100:
        raise problem(f"came {shown(value)}; allowed: an integer from -100 to 100, but not 0")
    return value


class Skyrmion(Table):
    """A skyrmion in a domain along z."""

    kind: Literal["skyrmion"] = "skyrmion"
    radius: Annotated[float, quantity("m", "radius at which mz is 0", above=0)]
    width: Annotated[float, quantity("m", "width parameter of its wall", above=0)] = 5e-9
    style: Style = Field("neel", description="m in its wall: radial (neel) or tangential (bloch)")
    center: Annotated[list[float], vector("m", "centre", components=2)] = [0.0, 0.0]
    polarity: Sign = Field(1, description="sign of mz in the core; outside it is the opposite")
    chirality: Sign = Field(1, description=CHIRALITY)
    charge: Annotated[int, Entry(_charge, {"type": "integer"})] | None = Field(
        None, description="topological charge; by default the polarity, its opposite for an antiskyrmion"
    )


class Helix(Table):
    """A helix (bloch) or a cycloid (neel)."""

    kind: Literal["helix"] = "helix"
    period: Annotated[float, quantity("m", "length of one turn", above=0)]
    direction: Annotated[list[float], vector("1", "direction of the wave vector", unit_vector=True)] = [1.0, 0.0, 0.0]
    style: Style = Field("bloch", description="m turns about the wave vector (bloch) or towards it (neel)")
    normal: Annotated[list[float], vector("1", "m where the phase is 0", unit_vector=True)] = [0.0, 0.0, 1.0]
    chirality: Sign = Field(1, description=CHIRALITY)
    phase: Annotated[float, quantity("rad", "phase at the origin")] = 0.0


def _chiralities(value: Any) -> int | list[int]:
    return [_sign(item) for item in value] if isinstance(value, list) else _sign(value)


_SIGNS = {"anyOf": [{"enum": [-1, 1]}, {"type": "array", "items": {"enum": [-1, 1]}}]}


class Walls(Table):
    """Domains along normal and against it in turn, with 180 degree walls between them."""

    kind: Literal["walls"] = "walls"
    positions: list[Annotated[float, quantity("m", "place of a wall")]] = Field(
        min_length=1, description="places of the walls [m]; an even number along a periodic axis"
    )
    axis: Literal["x", "y", "z"] = Field("x", description="axis across the walls")
    width: Annotated[float, quantity("m", "wall width Δ, as in tanh((x - position) / Δ)", above=0)] = 5e-9
    style: Style = Field("bloch", description="m inside a wall lies in its plane (bloch) or across it (neel)")
    normal: Annotated[list[float], vector("1", "m of the first domain", unit_vector=True)] = [0.0, 0.0, 1.0]
    chirality: Annotated[Any, Entry(_chiralities, _SIGNS)] = Field(1, description=f"{CHIRALITY}; one for all or each")


class Wall(Table):
    """A wall across an axis, from one direction to another through a third."""

    kind: Literal["wall"] = "wall"
    axis: Literal["x", "y", "z"] = Field("x", description="axis across the wall")
    position: Annotated[float, quantity("m", "wall position")] = 0.0
    width: Annotated[float, quantity("m", "wall width Δ, as in tanh((x - position) / Δ)", above=0)] = 5e-9
    before: Annotated[list[float], vector("1", "direction below the position", unit_vector=True)] = [0.0, 0.0, 1.0]
    inside: Annotated[list[float], vector("1", "direction at the position", unit_vector=True)] = [0.0, 1.0, 0.0]
    after: Annotated[list[float], vector("1", "direction above the position", unit_vector=True)] = [0.0, 0.0, -1.0]
