"""A shape repeated along the axes: arrays of dots, gratings, antidot lattices."""

from dataclasses import dataclass
from itertools import product
from math import isinf

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import AXES, Mesh
from fdmag.shapes.checks import optional_length
from fdmag.shapes.shape import Bounds, Mask, Shape

# Share of a period by which a copy is searched beyond its bounds, so that rounding never loses one.
MARGIN = 1e-6


@dataclass(frozen=True)
class Repeat(Shape):
    """Copies of a shape, shifted by multiples of a period; copies may overlap.

    Parameters
    ----------
    shape : Shape
        Must be bounded along the repeated axes.
    period : (x, y, z) [m]
        None for an axis without repetition.
    counts : (nx, ny, nz), optional
        Copies along each axis: the shape itself and ``n - 1`` more in positive direction. None for copies without end
        in both directions.

    Raises
    ------
    ParameterError
        If a period is not above 0, a count is not an integer of at least 1, or the shape is unbounded along a
        repeated axis.

    Examples
    --------
    >>> from fdmag.shapes import Box
    >>> lines = Box((1e-9, None, None)).repeat((3e-9, None, None))
    >>> lines.contains(np.arange(6) * 1e-9, 0, 0).astype(int)
    array([1, 0, 0, 1, 0, 0])
    """

    shape: Shape
    period: tuple[float | None, float | None, float | None]
    counts: tuple[int | None, int | None, int | None] = (None, None, None)

    def __post_init__(self) -> None:
        for name in ("period", "counts"):
            values = tuple(getattr(self, name))
            if len(values) != 3:
                raise ParameterError(f"Repeat: {name} = {values}; three values are needed, for x, y and z")
            object.__setattr__(self, name, values)
        period = tuple(optional_length(p, f"Repeat: period along {a}") for p, a in zip(self.period, AXES, strict=True))
        object.__setattr__(self, "period", period)
        for axis, p, n, lower in zip(AXES, self.period, self.counts, self.shape.bounds[0], strict=True):
            if n is not None and (isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1):
                raise ParameterError(f"Repeat: counts = {self.counts}; integers of at least 1 are needed, or None")
            if p is not None and isinf(lower):
                raise ParameterError(
                    f"Repeat: the shape is unbounded along {axis}; set its size or height, or period None along {axis}"
                )

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """Inside one of the copies whose bounds hold the point."""
        shifts = [self._shifts(axis, c) for axis, c in enumerate((x, y, z))]
        result = np.zeros((), dtype=bool)
        for (sx, okx), (sy, oky), (sz, okz) in product(*shifts):
            result = result | (self.shape.inside(x - sx, y - sy, z - sz) & okx & oky & okz)
        return result

    def _shifts(self, axis: int, c: NDArray) -> list[tuple[NDArray, NDArray]]:
        """Shifts of the copies that can hold each coordinate, and whether that copy exists."""
        period, count = self.period[axis], self.counts[axis]
        if period is None:
            return [(np.zeros(()), np.ones((), dtype=bool))]
        lower, upper = (corner[axis] for corner in self.shape.bounds)
        last = np.floor((c - lower) / period + MARGIN)
        copies = [last - j for j in range(int((upper - lower) / period + 2 * MARGIN) + 1)]
        return [(k * period, np.ones((), dtype=bool) if count is None else (k >= 0) & (k < count)) for k in copies]

    @property
    def bounds(self) -> Bounds:
        """Bounds of all copies."""
        lower, upper = (list(corner) for corner in self.shape.bounds)
        for axis, (period, count) in enumerate(zip(self.period, self.counts, strict=True)):
            if period is not None:
                lower[axis] = lower[axis] if count else -np.inf
                upper[axis] = upper[axis] + (count - 1) * period if count else np.inf
        return tuple(lower), tuple(upper)  # type: ignore[return-value]

    def fitted(self, mesh: Mesh) -> "Repeat":
        """Return copies of the fitted shape."""
        return Repeat(self.shape.fitted(mesh), self.period, self.counts)
