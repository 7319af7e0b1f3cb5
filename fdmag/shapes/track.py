"""Parts of tracks: a tapered track, and notches to cut out of an edge."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.shapes.checks import length, numbers
from fdmag.shapes.shape import Bounds, Mask, Shape
from fdmag.shapes.solids import TOLERANCE, Polygon

FORMS = ("triangle", "rectangle", "circle")


class Trapezoid(Polygon):
    """A track along x whose width changes linearly from one end to the other.

    Parameters
    ----------
    length : float [m]
        Along x.
    widths : (left, right) [m]
        Along y, at the lower and the upper end of x; one of them may be 0.
    center, height
        As for `Polygon`.

    Raises
    ------
    ParameterError
        If the length is not above 0, a width is below 0, or both are 0.

    Examples
    --------
    >>> Trapezoid(8e-9, (4e-9, 2e-9)).contains([-3e-9, 3e-9], 1.5e-9, 0)
    array([ True, False])
    """

    def __init__(
        self,
        length: float,
        widths: tuple[float, float],
        center: tuple[float, float, float] = (0.0, 0.0, 0.0),
        height: float | None = None,
    ) -> None:
        half = _length(length, "Trapezoid: length") / 2
        left, right = (width / 2 for width in numbers(widths, 2, "Trapezoid: widths"))
        if min(left, right) < 0 or max(left, right) == 0:
            raise ParameterError(f"Trapezoid: widths = {widths}; at least 0 m are allowed, above 0 m for one of them")
        super().__init__(((-half, -left), (half, -right), (half, right), (-half, left)), center, height)


_length = length  # the name is that of an argument above


@dataclass(frozen=True)
class Notch(Shape):
    """What a notch takes out of an edge: ``track - Notch("triangle", (0, 25e-9), width=20e-9, depth=10e-9)``.

    It begins at ``position`` on the edge and reaches to ``depth`` in the sense of ``direction``. Outside the edge it
    goes on with its full width, over another depth, so that nothing stays of an edge that is not quite straight.

    Parameters
    ----------
    form : "triangle", "rectangle" or "circle"
        A circle's arc goes through both ends of the mouth and the deepest point.
    position : (x, y) [m]
        Middle of the mouth, on the edge.
    width, depth : float [m]
        Of the mouth, and from it to the deepest point; the depth of a circle is at most half of its width.
    direction : (x, y)
        From the edge into the magnet; by default -y, for an upper edge.

    Raises
    ------
    ParameterError
        If the form is unknown, a length is not above 0, the direction is zero, or a circle is too deep.

    Examples
    --------
    >>> Notch("triangle", (0, 0), width=4e-9, depth=2e-9).contains([0, 1.5e-9], [-1.5e-9, -1.5e-9], 0)
    array([ True, False])
    """

    form: Literal["triangle", "rectangle", "circle"]
    position: tuple[float, float]
    width: float
    depth: float
    direction: tuple[float, float] = (0.0, -1.0)

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise ParameterError(f"Notch: form = {self.form!r}; allowed are {', '.join(map(repr, FORMS))}")
        for name in ("width", "depth"):
            object.__setattr__(self, name, length(getattr(self, name), f"Notch: {name}"))
        object.__setattr__(self, "position", numbers(self.position, 2, "Notch: position"))
        x, y = numbers(self.direction, 2, "Notch: direction")
        norm = float(np.hypot(x, y))
        if norm == 0:
            raise ParameterError("Notch: direction = (0, 0); a vector of non-zero length is needed")
        object.__setattr__(self, "direction", (x / norm, y / norm))
        if self.form == "circle" and self.depth > self.width / 2 * (1 + TOLERANCE):
            raise ParameterError(
                f"Notch: depth = {self.depth:g} m of a circle {self.width:g} m wide; allowed: at most half the width"
            )

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """Near enough to the middle line, by the depth."""
        (x0, y0), (nx, ny) = self.position, self.direction
        deep, aside = (x - x0) * nx + (y - y0) * ny, np.abs((y - y0) * nx - (x - x0) * ny)
        edge = TOLERANCE * max(self.width, self.depth)
        outside = (deep >= -self.depth - edge) & (deep < 0)
        half = self.width / 2
        reach: NDArray | float = half
        if self.form == "triangle":
            reach = half * (1 - np.clip(deep, 0, self.depth) / self.depth)
        elif self.form == "circle":
            radius = (half**2 + self.depth**2) / (2 * self.depth)
            reach = np.sqrt(np.clip(radius**2 - (deep - self.depth + radius) ** 2, 0, None))
        return np.where(outside, aside < half - edge, (deep >= 0) & (deep < self.depth - edge) & (aside < reach - edge))

    @property
    def bounds(self) -> Bounds:
        """Those of a square around the mouth that holds the notch, however it is turned."""
        reach = float(np.hypot(self.width / 2, self.depth)) * (1 + 2 * TOLERANCE)
        (x, y) = self.position
        return (x - reach, y - reach, -np.inf), (x + reach, y + reach, np.inf)
