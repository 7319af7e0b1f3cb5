"""What is known of an energy barrier: path, saddles, heights, and how well the images resolve it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.constants import BOLTZMANN
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RIDGE = 0.01
"""A second direction in which the energy falls counts if it does by this part of how it falls along the path."""


@dataclass(frozen=True)
class Saddle:
    """A maximum of the energy along a path.

    Attributes
    ----------
    image : int
        Its number on the path.
    energy : float
        Above that of the start [J].
    curvatures : array
        The lowest curvatures of the energy there, rising [T]; see `fdmag.solvers.curvature.lowest_curvatures`.
    """

    image: int
    energy: float
    curvatures: NDArray[np.float64]

    @property
    def descents(self) -> int:
        """In how many directions the energy falls: 1 at a true saddle, more on a ridge between lower ones."""
        return int(np.sum(self.curvatures < RIDGE * min(self.curvatures[0], 0)))


@dataclass(frozen=True)
class Barrier:
    """A path from one minimum of the energy to another, and the barrier on it.

    Attributes
    ----------
    mesh : Mesh
    m : array (n, 3, nz, ny, nx)
        The images, the first in the one minimum, the last in the other.
    energies : mapping of name to array (n,)
        Energy of every term [J].
    energy : array (n,)
        Total energy [J].
    distance : array (n,)
        Length of the path up to each image [rad]; a coherent rotation is as long as its angle.
    slope : array (n,)
        Energy per distance [J/rad].
    force : array (n,)
        Largest force across the path [T].
    saddles : tuple of Saddle
        All maxima along the path, in its order.
    curvatures : array (2, k)
        Lowest curvatures at the start and at the end [T]; none is below zero.
    steps, evaluations : int
        Steps of the string, and evaluations of one state's field in all.
    ridges : int
        How often a ridge was left for a lower path.
    """

    mesh: Mesh
    m: NDArray
    energies: Mapping[str, NDArray[np.float64]]
    energy: NDArray[np.float64]
    distance: NDArray[np.float64]
    slope: NDArray[np.float64]
    force: NDArray[np.float64]
    saddles: tuple[Saddle, ...]
    curvatures: NDArray[np.float64]
    steps: int
    evaluations: int
    ridges: int

    @property
    def images(self) -> int:
        """Number of images, both ends included."""
        return len(self.m)

    @property
    def top(self) -> int:
        """Number of the highest image."""
        return int(np.argmax(self.energy))

    @property
    def saddle(self) -> Saddle | None:
        """The highest saddle; None if the energy is highest at an end."""
        return next((saddle for saddle in self.saddles if saddle.image == self.top), None)

    @property
    def forward(self) -> float:
        """Barrier from the start to the end [J]."""
        return float(self.energy[self.top] - self.energy[0])

    @property
    def backward(self) -> float:
        """Barrier from the end to the start [J]."""
        return float(self.energy[self.top] - self.energy[-1])

    def in_kT(self, T: float = 300.0) -> tuple[float, float]:
        """Return the barriers forward and backward over k_B T, with T [K]: the thermal stability factor Δ.

        Raises
        ------
        ParameterError
            If T is not above 0 K.
        """
        if not T > 0:
            raise ParameterError(f"T = {T} K; allowed: above 0 K")
        return self.forward / (BOLTZMANN * T), self.backward / (BOLTZMANN * T)

    @cached_property
    def _others(self) -> "scipy.interpolate.CubicHermiteSpline":
        keep = np.ones(self.images, bool)
        keep[[saddle.image for saddle in self.saddles]] = False
        return scipy.interpolate.CubicHermiteSpline(self.distance[keep], self.energy[keep], self.slope[keep])

    def along(self, distance: ArrayLike) -> NDArray[np.float64]:
        """Return the energy [J] at distances along the path [rad]: cubic between images, with their slopes."""
        return scipy.interpolate.CubicHermiteSpline(self.distance, self.energy, self.slope)(
            np.asarray(distance, dtype=float)
        )

    @property
    def spline(self) -> float:
        """Barrier forward by the images that did not climb [J]: the highest point of the cubics through them.

        The nearer it is to `forward`, the better the images resolve the path.
        """
        turning = self._others.derivative().roots(extrapolate=False)
        turning = turning[np.isfinite(turning)]
        return float(max(self._others(turning).max(initial=-np.inf), self._others.c[3].max(), self.energy[-1])
                     - self.energy[0])  # fmt: skip

    def plot(self, axes: "Axes | None" = None, T: float = 300.0) -> "Axes":
        """Draw the energy along the path over k_B T, with T [K], on matplotlib axes; return them.

        Raises
        ------
        ParameterError
            If matplotlib is not installed, or T is not above 0 K.
        """
        from fdmag.barriers.picture import draw

        return draw(self, axes, T)
