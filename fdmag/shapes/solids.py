"""Solids with closed forms: box, cylinders, ellipsoids, and prisms over polygons."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import AXES
from fdmag.shapes.checks import centre, length, numbers, optional_length
from fdmag.shapes.shape import Bounds, Mask, Shape, interval

# Distance, relative to the size of a shape, below which a point counts as lying on its boundary.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Box(Shape):
    """A box with faces across x, y, z; lower faces belong to it, upper ones do not.

    Parameters
    ----------
    size : (x, y, z) [m]
        Edge lengths; None for an axis along which the box is unbounded.
    center : (x, y, z) or (x, y) [m]

    Raises
    ------
    ParameterError
        If a length is not positive and finite.

    Examples
    --------
    >>> Box((2e-9, 2e-9, None)).contains([-1e-9, 0, 1e-9], 0, 5.0)
    array([ True,  True, False])
    """

    size: tuple[float | None, float | None, float | None]
    center: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        size = tuple(self.size)
        if len(size) != 3:
            raise ParameterError(f"Box: size = {size}; three lengths are needed, for x, y and z")
        checked = tuple(optional_length(s, f"Box: size along {a}") for s, a in zip(size, AXES, strict=True))
        object.__setattr__(self, "size", checked)
        object.__setattr__(self, "center", centre(self.center, "Box: center"))

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """Within the interval of every axis."""
        x_inside, y_inside, z_inside = (
            _in_interval(c - c0, s) for c, c0, s in zip((x, y, z), self.center, self.size, strict=True)
        )
        return x_inside & y_inside & z_inside

    @property
    def bounds(self) -> Bounds:
        """Lower and upper corner [m]."""
        return _pack([interval(c, s) for c, s in zip(self.center, self.size, strict=True)])


@dataclass(frozen=True)
class Ellipse(Shape):
    """An elliptic cylinder along z.

    Parameters
    ----------
    diameters : (dx, dy) [m]
        Full axes of the ellipse in the xy plane.
    center : (x, y, z) or (x, y) [m]
    height : float [m], optional
        Extent along z around the centre; unbounded by default.

    Raises
    ------
    ParameterError
        If a length is not positive and finite.

    Examples
    --------
    >>> Ellipse((4e-9, 2e-9)).contains([0, 2e-9, 0], [0, 0, 1.1e-9], 0)
    array([ True,  True, False])
    """

    diameters: tuple[float, float]
    center: tuple[float, float, float] = (0.0, 0.0, 0.0)
    height: float | None = None

    def __post_init__(self) -> None:
        dx, dy = _lengths(self.diameters, 2, "Ellipse: diameters")
        object.__setattr__(self, "diameters", (dx, dy))
        object.__setattr__(self, "center", centre(self.center, "Ellipse: center"))
        object.__setattr__(self, "height", optional_length(self.height, "Ellipse: height"))

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """Inside the ellipse, and between the end faces."""
        (cx, cy, cz), (dx, dy) = self.center, self.diameters
        return _in_ball((x - cx) / dx, (y - cy) / dy) & _in_interval(z - cz, self.height)

    @property
    def bounds(self) -> Bounds:
        """Lower and upper corner [m]."""
        return _pack([interval(c, s) for c, s in zip(self.center, (*self.diameters, self.height), strict=True)])


@dataclass(frozen=True)
class Cylinder(Shape):
    """A circular cylinder along x, y or z.

    Parameters
    ----------
    diameter : float [m]
    height : float [m], optional
        Extent along the axis around the centre; unbounded by default.
    center : (x, y, z) or (x, y) [m]
    axis : "x", "y" or "z"

    Raises
    ------
    ParameterError
        If a length is not positive and finite, or the axis is unknown.

    Examples
    --------
    >>> Cylinder(2e-9, height=6e-9, axis="x").contains([2.9e-9, 0], 0, [0, 1.1e-9])
    array([ True, False])
    """

    diameter: float
    height: float | None = None
    center: tuple[float, float, float] = (0.0, 0.0, 0.0)
    axis: str = "z"

    def __post_init__(self) -> None:
        object.__setattr__(self, "diameter", length(self.diameter, "Cylinder: diameter"))
        object.__setattr__(self, "height", optional_length(self.height, "Cylinder: height"))
        object.__setattr__(self, "center", centre(self.center, "Cylinder: center"))
        if self.axis not in ("x", "y", "z"):
            raise ParameterError(f"Cylinder: axis = {self.axis!r}; allowed are 'x', 'y', 'z' (turn it for others)")

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """Near enough to the axis, and between the end faces."""
        point = [c - c0 for c, c0 in zip((x, y, z), self.center, strict=True)]
        along = point.pop(AXES.index(self.axis))
        return _in_ball(*(c / self.diameter for c in point)) & _in_interval(along, self.height)

    @property
    def bounds(self) -> Bounds:
        """Lower and upper corner [m]."""
        extents = [self.height if axis == self.axis else self.diameter for axis in AXES]
        return _pack([interval(c, s) for c, s in zip(self.center, extents, strict=True)])


@dataclass(frozen=True)
class Ellipsoid(Shape):
    """An ellipsoid with axes along x, y, z.

    Parameters
    ----------
    diameters : (dx, dy, dz) [m]
    center : (x, y, z) or (x, y) [m]

    Raises
    ------
    ParameterError
        If a length is not positive and finite.

    Examples
    --------
    >>> Ellipsoid((6e-9, 4e-9, 2e-9)).contains(0, 0, [1e-9, 1.1e-9])
    array([ True, False])
    """

    diameters: tuple[float, float, float]
    center: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "diameters", _lengths(self.diameters, 3, "Ellipsoid: diameters"))
        object.__setattr__(self, "center", centre(self.center, "Ellipsoid: center"))

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """Inside the unit ball, after scaling."""
        point = zip((x, y, z), self.center, self.diameters, strict=True)
        return _in_ball(*((c - c0) / d for c, c0, d in point))

    @property
    def bounds(self) -> Bounds:
        """Lower and upper corner [m]."""
        return _pack([interval(c, d) for c, d in zip(self.center, self.diameters, strict=True)])


class Sphere(Ellipsoid):
    """A sphere of a ``diameter`` [m] around ``center`` [m].

    Examples
    --------
    >>> Sphere(2e-9).contains([1e-9, 1.1e-9], 0, 0)
    array([ True, False])
    """

    def __init__(self, diameter: float, center: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> None:
        super().__init__((length(diameter, "Sphere: diameter"),) * 3, center)


@dataclass(frozen=True)
class Polygon(Shape):
    """A prism along z over a polygon in the xy plane.

    A point is inside if a ray from it crosses the outline an odd number of times (even-odd rule): the sense of the
    outline does not matter, and where it overlaps itself there is a hole. Points on the outline belong to the polygon
    on its lower left side only, as in Box.

    Parameters
    ----------
    points : sequence of (x, y) [m], at least three
        Corners, relative to ``center``; the outline is closed by itself.
    center : (x, y, z) or (x, y) [m]
    height : float [m], optional
        Extent along z around the centre; unbounded by default.

    Raises
    ------
    ParameterError
        If there are fewer than three corners, a number is not finite, or all corners lie on a line.

    Examples
    --------
    >>> triangle = Polygon([(0, 0), (4e-9, 0), (0, 4e-9)])
    >>> triangle.contains([1e-9, 3e-9], [1e-9, 3e-9], 0)
    array([ True, False])
    """

    points: tuple[tuple[float, float], ...]
    center: tuple[float, float, float] = (0.0, 0.0, 0.0)
    height: float | None = None

    def __post_init__(self) -> None:
        points = tuple(numbers(point, 2, f"Polygon: point {i}") for i, point in enumerate(self.points))
        if len(points) < 3:
            raise ParameterError(f"Polygon: {len(points)} point(s); at least three are needed")
        edges = np.array(points)[1:] - points[0]
        scale = np.abs(edges).max()
        if scale == 0 or np.linalg.matrix_rank(edges / scale, tol=1e-12) < 2:
            raise ParameterError("Polygon: all points lie on one line; an area is needed")
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "center", centre(self.center, "Polygon: center"))
        object.__setattr__(self, "height", optional_length(self.height, "Polygon: height"))

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """Odd number of crossings, and between the end faces."""
        cx, cy, cz = self.center
        corners = np.array(self.points)
        # Points on the outline are moved off it by less than matters and more than rounding, up and right. The two
        # shifts differ so that no common edge, at 0, 45 or 90 degrees, runs along them.
        shift = TOLERANCE * np.ptp(corners, axis=0).max()
        x, y = x - cx + shift, y - cy + 0.6180339887 * shift
        odd = np.zeros((), dtype=bool)
        for (xa, ya), (xb, yb) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if ya == yb:
                continue
            # Each edge holds its lower end but not its upper one, so that a corner is crossed once.
            crosses = (ya > y) != (yb > y)
            odd = odd ^ (crosses & (x < xa + (y - ya) * ((xb - xa) / (yb - ya))))
        return odd & _in_interval(z - cz, self.height)

    @property
    def bounds(self) -> Bounds:
        """Lower and upper corner [m]."""
        cx, cy, cz = self.center
        (x0, y0), (x1, y1) = np.min(self.points, axis=0).tolist(), np.max(self.points, axis=0).tolist()
        return _pack([(cx + x0, cx + x1), (cy + y0, cy + y1), interval(cz, self.height)])


def _in_interval(c: NDArray, extent: float | None) -> Mask:
    """-extent/2 <= c < extent/2, both ends shifted by the tolerance."""
    if extent is None:
        return np.ones((), dtype=bool)
    return (c >= -extent * (0.5 + TOLERANCE)) & (c < extent * (0.5 - TOLERANCE))


def _in_ball(*scaled: NDArray) -> Mask:
    """Whether coordinates, in units of the diameters, lie in the closed ball of radius 1/2."""
    return np.asarray(sum(c * c for c in scaled)) <= 0.25 * (1 + TOLERANCE)


def _lengths(values: object, count: int, where: str) -> tuple[float, ...]:
    return tuple(length(value, where) for value in numbers(values, count, where))


def _pack(ends: list[tuple[float, float]]) -> Bounds:
    (x0, x1), (y0, y1), (z0, z1) = ends
    return (x0, y0, z0), (x1, y1, z1)
