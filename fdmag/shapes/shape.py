"""The protocol of a shape, and shapes made of other shapes: union, difference, intersection, moved, turned."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import cos, inf, sin
from typing import TYPE_CHECKING, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import AXES, Mesh
from fdmag.shapes.checks import centre, numbers

if TYPE_CHECKING:
    from fdmag.shapes.repeat import Repeat
    from fdmag.shapes.rough import Rough

Mask = NDArray[np.bool_]
# Lower and upper corner [m]; infinite where the shape is unbounded.
Bounds = tuple[tuple[float, float, float], tuple[float, float, float]]


class Shape(ABC):
    """A set of points in space. Subclasses say which points are inside and between which corners they lie."""

    @abstractmethod
    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """Return which points are inside, in any shape that broadcasts to that of the coordinates."""

    @property
    @abstractmethod
    def bounds(self) -> Bounds:
        """A box (lower corner, upper corner) [m] that holds the shape; ±inf where it is unbounded."""

    def fitted(self, mesh: Mesh) -> "Shape":
        """Return the shape with sizes that were left open (an image's) taken from the mesh."""
        return self

    def contains(self, x: ArrayLike, y: ArrayLike, z: ArrayLike) -> Mask:
        """Return which points lie inside.

        Parameters
        ----------
        x, y, z : arrays [m]
            Coordinates; shapes must broadcast together.

        Returns
        -------
        array of bool, in the broadcast shape
        """
        x, y, z = (np.asarray(c, dtype=np.float64) for c in (x, y, z))
        shape = np.broadcast_shapes(x.shape, y.shape, z.shape)
        return np.array(np.broadcast_to(self.inside(x, y, z), shape))

    @overload
    def fill(self, mesh: Mesh, samples: Literal[1] = 1) -> Mask: ...
    @overload
    def fill(self, mesh: Mesh, samples: int) -> NDArray[np.float64] | Mask: ...
    def fill(self, mesh: Mesh, samples: int = 1) -> NDArray[np.float64] | Mask:
        """Return which cells the shape fills, or how far.

        Parameters
        ----------
        mesh : Mesh
            The cells.
        samples : int
            1: a cell is filled if its centre is inside. Above: share of samples³ points in each cell, on a regular
            grid, that are inside.

        Returns
        -------
        array (nz, ny, nx)
            bool for ``samples = 1``, else float64 between 0 and 1.

        Raises
        ------
        ParameterError
            If ``samples`` is not an integer of at least 1.
        """
        if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or samples < 1:
            raise ParameterError(f"fill: samples = {samples!r}; an integer of at least 1 is needed")
        shape = self.fitted(mesh)
        if samples == 1:
            return shape.contains(mesh.x, mesh.y, mesh.z)
        dx, dy, dz = mesh.cell_size
        offsets = (np.arange(samples) + 0.5) / samples - 0.5
        count = np.zeros(mesh.shape, dtype=np.int64)
        for u, v, w in product(offsets, repeat=3):
            count += shape.contains(mesh.x + u * dx, mesh.y + v * dy, mesh.z + w * dz)
        return count / samples**3

    def __or__(self, other: "Shape") -> "Union":
        return Union(self, other)

    def __sub__(self, other: "Shape") -> "Difference":
        return Difference(self, other)

    def __and__(self, other: "Shape") -> "Intersection":
        return Intersection(self, other)

    def translate(self, shift: Sequence[float]) -> "Translate":
        """Return the shape moved by (x, y, z) [m]."""
        return Translate(self, shift)  # type: ignore[arg-type]

    def rotate(
        self, angle: float, axis: str | Sequence[float] = "z", center: Sequence[float] = (0.0, 0.0, 0.0)
    ) -> "Rotate":
        """Return the shape turned by ``angle`` [rad], counterclockwise seen against ``axis``, about ``center`` [m]."""
        return Rotate(self, angle, axis, center)  # type: ignore[arg-type]

    def repeat(self, period: Sequence[float | None], counts: Sequence[int | None] = (None, None, None)) -> "Repeat":
        """Return copies of the shape every ``period`` [m]; see ``Repeat``."""
        from fdmag.shapes.repeat import Repeat

        return Repeat(self, period, counts)  # type: ignore[arg-type]

    def roughen(self, sigma: float, length: float, seed: int) -> "Rough":
        """Return the shape with rough edges in the xy plane; see ``Rough``."""
        from fdmag.shapes.rough import Rough

        return Rough(self, sigma, length, seed)


@dataclass(frozen=True, init=False)
class Combination(Shape):
    """Base of shapes made of several others."""

    shapes: tuple[Shape, ...]

    def __init__(self, *shapes: Shape) -> None:
        for shape in shapes:
            if not isinstance(shape, Shape):
                raise ParameterError(f"{type(self).__name__}: {shape!r} is a {type(shape).__name__}; a Shape is needed")
        if not shapes:
            raise ParameterError(f"{type(self).__name__}: at least one shape is needed")
        object.__setattr__(self, "shapes", shapes)

    def fitted(self, mesh: Mesh) -> Self:
        """Return the same combination with every part fitted to the mesh."""
        return type(self)(*(shape.fitted(mesh) for shape in self.shapes))

    def _corners(self) -> tuple[NDArray, NDArray]:
        """Lower and upper corners of all parts, each of shape (n, 3)."""
        corners = np.array([shape.bounds for shape in self.shapes])
        return corners[:, 0], corners[:, 1]


class Union(Combination):
    """Points in any of the shapes; also written ``a | b``."""

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """In at least one."""
        return reduce(np.logical_or, (shape.inside(x, y, z) for shape in self.shapes))

    @property
    def bounds(self) -> Bounds:
        """Hull of all parts' bounds."""
        lower, upper = self._corners()
        return _bounds(lower.min(axis=0), upper.max(axis=0))


class Intersection(Combination):
    """Points in all of the shapes; also written ``a & b``."""

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """In every one."""
        return reduce(np.logical_and, (shape.inside(x, y, z) for shape in self.shapes))

    @property
    def bounds(self) -> Bounds:
        """Overlap of all parts' bounds; of zero extent if there is none."""
        lower, upper = self._corners()
        return _bounds(lower.max(axis=0), np.maximum(upper.min(axis=0), lower.max(axis=0)))


class Difference(Combination):
    """Points in the first shape but in none of the others; also written ``a - b``."""

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """In the first only."""
        first, *others = (shape.inside(x, y, z) for shape in self.shapes)
        return reduce(lambda rest, other: rest & ~other, others, first)

    @property
    def bounds(self) -> Bounds:
        """Bounds of the first shape."""
        return self.shapes[0].bounds


@dataclass(frozen=True)
class Translate(Shape):
    """A shape moved by ``shift`` (x, y, z) [m]."""

    shape: Shape
    shift: tuple[float, float, float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "shift", centre(self.shift, "Translate: shift"))

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """Inside the original, moved back."""
        sx, sy, sz = self.shift
        return self.shape.inside(x - sx, y - sy, z - sz)

    @property
    def bounds(self) -> Bounds:
        """Bounds of the original, moved."""
        lower, upper = np.array(self.shape.bounds) + self.shift
        return _bounds(lower, upper)

    def fitted(self, mesh: Mesh) -> "Translate":
        """Return the moved fitted shape."""
        return Translate(self.shape.fitted(mesh), self.shift)


@dataclass(frozen=True)
class Rotate(Shape):
    """A shape turned about an axis through ``center``.

    Parameters
    ----------
    shape : Shape
    angle : float [rad]
        Counterclockwise when the axis points to the viewer.
    axis : "x", "y", "z" or a vector
        Vectors need not be of unit length.
    center : (x, y, z) [m]
        The point that stays where it is.

    Raises
    ------
    ParameterError
        If the angle is not finite or the axis is no direction.

    Examples
    --------
    >>> from math import pi
    >>> from fdmag.shapes import Box
    >>> bool(Box((4e-9, 1e-9, 1e-9)).rotate(pi / 2).contains(0, 1.8e-9, 0))
    True
    """

    shape: Shape
    angle: float
    axis: str | tuple[float, float, float] = "z"
    center: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "angle", numbers(self.angle, 1, "Rotate: angle")[0])
        object.__setattr__(self, "center", centre(self.center, "Rotate: center"))
        if isinstance(self.axis, str):
            if self.axis not in AXES or len(self.axis) != 1:
                raise ParameterError(f"Rotate: axis = {self.axis!r}; allowed are 'x', 'y', 'z' or a vector")
        else:
            object.__setattr__(self, "axis", numbers(self.axis, 3, "Rotate: axis"))
            if not any(self.axis):
                raise ParameterError(f"Rotate: axis = {self.axis}; a vector of non-zero length is needed")

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Rotation matrix (3, 3), by Rodrigues' formula."""
        u = np.array([float(a == self.axis) for a in AXES] if isinstance(self.axis, str) else self.axis)
        u = u / np.abs(u).max()  # first, so that the norm of a tiny vector does not underflow
        u = u / np.linalg.norm(u)
        cross = np.array([[0, -u[2], u[1]], [u[2], 0, -u[0]], [-u[1], u[0], 0]])
        return cos(self.angle) * np.eye(3) + sin(self.angle) * cross + (1 - cos(self.angle)) * np.outer(u, u)

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """Inside the original, turned back."""
        point = [c - c0 for c, c0 in zip((x, y, z), self.center, strict=True)]
        back = self.matrix.T
        # A term with factor 0 is left out: a turn about z then keeps z a small array.
        turned = (
            sum((row[j] * point[j] for j in range(3) if row[j] != 0), start=np.float64(c0))
            for row, c0 in zip(back, self.center, strict=True)
        )
        return self.shape.inside(*(np.asarray(c) for c in turned))

    @property
    def bounds(self) -> Bounds:
        """Bounds of the eight turned corners of the original's bounds."""
        ends = np.array(self.shape.bounds) - self.center
        # Entries such as cos(pi/2) = 6e-17 stand for zero, and zero times an unbounded side is zero.
        matrix = np.where(np.abs(self.matrix) < 1e-15, 0.0, self.matrix)
        factor = matrix[None, :, :]
        with np.errstate(invalid="ignore"):
            reach = np.where(factor == 0, 0.0, factor * ends[:, None, :])  # (end, row, column)
        return _bounds(reach.min(axis=0).sum(axis=1) + self.center, reach.max(axis=0).sum(axis=1) + self.center)

    def fitted(self, mesh: Mesh) -> "Rotate":
        """Return the turned fitted shape."""
        return Rotate(self.shape.fitted(mesh), self.angle, self.axis, self.center)


def _bounds(lower: NDArray, upper: NDArray) -> Bounds:
    return tuple(lower.tolist()), tuple(upper.tolist())


def interval(center: float, extent: float | None) -> tuple[float, float]:
    """Ends [m] of an interval around ``center``; without an extent it is the whole line."""
    return (-inf, inf) if extent is None else (center - extent / 2, center + extent / 2)
