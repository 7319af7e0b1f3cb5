"""The tables of shapes: solids, pictures, polygons, and what is made of them."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, Union

from pydantic import Discriminator, Field, Tag

from fdmag.scene.values import Flag, Table, count, quantity, three_counts, vector

Length = Annotated[float, quantity("m", "length", above=0)]
Angle = Annotated[float, quantity("rad", "angle")]
Corner = Annotated[list[float], vector("m", "corner", components=2)]


class _Placed(Table):
    center: Annotated[list[float], vector("m", "centre")] = [0.0, 0.0, 0.0]


class Box(_Placed):
    """A rectangular box."""

    kind: Literal["box"] = "box"
    size: Annotated[list[float], vector("m", "edge lengths", above=0)]


class Ellipse(_Placed):
    """An upright elliptic cylinder through the whole height, or of a given height."""

    kind: Literal["ellipse"] = "ellipse"
    diameters: Annotated[list[float], vector("m", "diameters along x and y", components=2, above=0)]
    height: Length | None = Field(None, description="height [m]; by default through the whole mesh")


class Cylinder(_Placed):
    """A circular cylinder along an axis, through the whole mesh or of a given height."""

    kind: Literal["cylinder"] = "cylinder"
    diameter: Annotated[float, quantity("m", "diameter", above=0)]
    height: Length | None = Field(None, description="height [m]; by default through the whole mesh")
    axis: Literal["x", "y", "z"] = Field("z", description="axis of the cylinder")


class Ellipsoid(_Placed):
    """An ellipsoid."""

    kind: Literal["ellipsoid"] = "ellipsoid"
    diameters: Annotated[list[float], vector("m", "diameters along x, y and z", above=0)]


class Polygon(_Placed):
    """A polygon in the x-y plane, by its corners relative to the centre; through the whole height by default."""

    kind: Literal["polygon"] = "polygon"
    points: list[Corner] = Field(min_length=3, description="corners [x, y], relative to the centre")
    height: Length | None = Field(None, description="height [m]; by default through the whole mesh")


class Image(_Placed):
    """The dark parts of a picture, stretched over size, by default over the mesh; its top is +y."""

    kind: Literal["image"] = "image"
    file: str = Field(description="path of a picture or .npy file beside the scene")
    size: Annotated[list[float], vector("m", "size of the picture", components=2, above=0)] | None = Field(
        None, description="extent of the picture along x and y [m]; by default the mesh's"
    )
    threshold: Annotated[float, quantity("1", "brightness from which a pixel is bright; 0 to 1 for pictures")] = 0.5
    invert: Flag = Field(False, description="take the bright parts")


class MeshFile(Table):
    """What a closed surface (.stl, .obj, .ply) encloses, or a volume mesh (.vtu, .vtk, .msh) fills."""

    kind: Literal["mesh"] = "mesh"
    file: str = Field(description="path of the file beside the scene")
    scale: Annotated[float, quantity("m", "length of one unit of the file", above=0)]
    center: Annotated[list[float], vector("m", "place of the middle of the file's bounding box")] | None = Field(
        None, description="where the middle of the file's bounding box comes to lie [m]; by default coordinates stay"
    )
    part: str | None = Field(None, description="one part of a volume mesh: a physical group, or a value of data")
    data: str | None = Field(
        None, description="integer cell data that tell parts apart; by default gmsh's physical groups, or the only ones"
    )


class Trapezoid(_Placed):
    """A track along x whose width changes from one end to the other; through the whole height by default."""

    kind: Literal["trapezoid"] = "trapezoid"
    length: Length
    widths: Annotated[list[float], vector("m", "widths at the lower and upper end of x", components=2, minimum=0)]
    height: Length | None = Field(None, description="height [m]; by default through the whole mesh")


class Notch(Table):
    """What a notch takes out of an edge: to be cut off a track by a difference."""

    kind: Literal["notch"] = "notch"
    form: Literal["triangle", "rectangle", "circle"] = Field(description="triangle, rectangle or circle")
    position: Annotated[list[float], vector("m", "middle of its mouth, on the edge", components=2)]
    width: Annotated[float, quantity("m", "width of the mouth", above=0)]
    depth: Annotated[float, quantity("m", "depth", above=0)]
    direction: Annotated[list[float], vector("1", "from the edge into the magnet", components=2)] = [0.0, -1.0]


class Rough(Table):
    """A shape with rough edges in the x-y plane: Gaussian displacements with the correlation exp(-r²/length²)."""

    kind: Literal["rough"] = "rough"
    shape: "ShapeRef" = Field(description="a shape, or the name of one")
    sigma: Annotated[float, quantity("m", "standard deviation of an edge", above=0)]
    length: Annotated[float, quantity("m", "correlation length, at least 2 sigma", above=0)]
    seed: Annotated[int, count("seed of the random numbers", 0, 2**63 - 1)]


class UnionOf(Table):
    """Everything in any of the shapes."""

    kind: Literal["union"] = "union"
    shapes: "list[ShapeRef]" = Field(min_length=1, description="shapes, or names of shapes")


class Intersection(Table):
    """What is in all of the shapes."""

    kind: Literal["intersection"] = "intersection"
    shapes: "list[ShapeRef]" = Field(min_length=1, description="shapes, or names of shapes")


class Difference(Table):
    """The first shape without the others."""

    kind: Literal["difference"] = "difference"
    shapes: "list[ShapeRef]" = Field(min_length=2, description="shapes, or names of shapes")


class Translate(Table):
    """A shape moved."""

    kind: Literal["translate"] = "translate"
    shape: "ShapeRef" = Field(description="a shape, or the name of one")
    by: Annotated[list[float], vector("m", "displacement")]


class Rotate(Table):
    """A shape turned about an axis through the origin, right-handed."""

    kind: Literal["rotate"] = "rotate"
    shape: "ShapeRef" = Field(description="a shape, or the name of one")
    angle: Angle
    axis: Literal["x", "y", "z"] = Field("z", description="axis through the origin")


class Repeat(Table):
    """Copies of a shape at multiples of a period, endless or counted from the shape itself upwards."""

    kind: Literal["repeat"] = "repeat"
    shape: "ShapeRef" = Field(description="a shape, or the name of one")
    period: Annotated[list[float], vector("m", "period", minimum=0)] = Field(
        description="period along x, y, z [m]; 0: not along this axis"
    )
    counts: Annotated[list[int], three_counts("number of copies")] | None = Field(
        None, description="number of copies along x, y, z; endless by default"
    )


SHAPES: tuple[type[Table], ...] = (
    Box,
    Ellipse,
    Cylinder,
    Ellipsoid,
    Polygon,
    Image,
    MeshFile,
    Trapezoid,
    Notch,
    UnionOf,
    Intersection,
    Difference,
    Translate,
    Rotate,
    Repeat,
    Rough,
)


def _shape_tag(value: Any) -> Any:
    if isinstance(value, str):
        return "a shape's name"
    return value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)


if TYPE_CHECKING:
    ShapeRef: TypeAlias = Any
else:
    _TAGGED = (
        Annotated[str, Tag("a shape's name")],
        *(Annotated[shape, Tag(shape.model_fields["kind"].default)] for shape in SHAPES),
    )
    ShapeRef = Annotated[Union[_TAGGED], Discriminator(_shape_tag)]  # noqa: UP007 - built from a tuple
for _shape in SHAPES:
    _shape.model_rebuild()
