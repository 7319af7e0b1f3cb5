"""The arithmetic of a Runge–Kutta step on whole arrays: the reference that compiled code is measured by."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fdmag.solvers.llg import max_length
from fdmag.state import normalise


class StageArithmetic(Protocol):
    """What the integrator asks of an array library. Arrays are (rows, 3, nz, ny, nx), dt is (rows,)."""

    def moved(self, m: NDArray, dt: NDArray, weights: Sequence[float], slopes: Sequence[NDArray]) -> NDArray:
        """Return m + dt Σ weights × slopes."""

    def largest(self, weights: Sequence[float], vectors: Sequence[NDArray]) -> NDArray[np.float64]:
        """Return the largest |Σ weights × vectors| over the cells of each row, (rows,); NaN if one is."""

    def normalise(self, m: NDArray) -> None:
        """Scale the vectors of ``m`` to length 1 in place; zero vectors stay zero."""


class ArrayStages:
    """`StageArithmetic` in NumPy."""

    def moved(self, m: NDArray, dt: NDArray, weights: Sequence[float], slopes: Sequence[NDArray]) -> NDArray:
        """Return m + dt Σ weights × slopes."""
        moved = _weighted_sum(weights, slopes)
        moved *= dt.astype(m.dtype)[:, None, None, None, None]
        moved += m
        return moved

    def largest(self, weights: Sequence[float], vectors: Sequence[NDArray]) -> NDArray[np.float64]:
        """Return the largest |Σ weights × vectors| over the cells of each row, (rows,); NaN if one is."""
        return max_length(_weighted_sum(weights, vectors))

    def normalise(self, m: NDArray) -> None:
        """Scale the vectors of ``m`` to length 1 in place; zero vectors stay zero."""
        normalise(m)


def _weighted_sum(weights: Sequence[float], slopes: Sequence[NDArray]) -> NDArray:
    used = [(weight, slope) for weight, slope in zip(weights, slopes, strict=True) if weight != 0]
    total = used[0][1] * used[0][0]
    scratch = np.empty_like(total)
    for weight, slope in used[1:]:
        np.multiply(slope, weight, out=scratch)
        total += scratch
    return total
