"""A shape with rough edges: displacements at random, correlated along the edge."""

from dataclasses import dataclass, field
from math import pi

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.shapes.checks import length
from fdmag.shapes.shape import Bounds, Mask, Shape

MODES = 400
"""Plane waves in each component of the displacement; its fourth moment differs from a Gaussian's by 1/(2 · 400)."""
REACH = 6.0
"""Largest displacement in units of sigma; beyond it, by chance one in 10⁹, it is cut off."""


@dataclass(frozen=True)
class Rough(Shape):
    """A shape whose edges in the xy plane are displaced at random; side walls stay upright.

    Both components of the displacement are Gaussian fields with the autocorrelation σ² exp(-r²/ξ²), the sum of plane
    waves with random phases and wave vectors; the power spectrum along a straight edge is
    σ² ξ √π exp(-k² ξ²/4) per wave number k. Edges further apart than some ξ move independently, and the seed alone,
    not the mesh, decides how. Along periodic axes of the mesh the roughness is periodic.

    Parameters
    ----------
    shape : Shape
    sigma : float [m]
        Standard deviation σ of an edge across itself.
    length : float [m]
        Correlation length ξ, at least 2 σ: a steeper edge would fold over itself.
    seed : int, from 0

    Raises
    ------
    ParameterError
        If a length is not above 0, ξ is below 2 σ, or the seed is no integer from 0.

    Examples
    --------
    >>> from fdmag.shapes import Box
    >>> track = Box((100e-9, 40e-9, None)).roughen(sigma=1e-9, length=10e-9, seed=1)
    >>> track.contains(0, [0, 30e-9], 0)
    array([ True, False])
    """

    shape: Shape
    sigma: float
    length: float
    seed: int
    periods: tuple[float | None, float | None] = field(default=(None, None), kw_only=True)

    def __post_init__(self) -> None:
        for name in ("sigma", "length"):
            object.__setattr__(self, name, length(getattr(self, name), f"Rough: {name}"))
        if self.length < 2 * self.sigma:
            raise ParameterError(
                f"Rough: length = {self.length:g} m with sigma = {self.sigma:g} m; allowed: at least 2 sigma"
            )
        if isinstance(self.seed, bool) or not isinstance(self.seed, int | np.integer) or self.seed < 0:
            raise ParameterError(f"Rough: seed = {self.seed!r}; an integer from 0 is needed")

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """Inside the original, at the displaced point."""
        dx, dy = self.displacement(x, y)
        return self.shape.inside(x + dx, y + dy, z)

    def displacement(self, x: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
        """Return how far [m] along x and y from each point the original is looked up."""
        random = np.random.default_rng([self.seed, 0x0ED6E])
        found = []
        for _ in range(2):
            waves = random.standard_normal((2, MODES)) * np.sqrt(2) / self.length
            phases = random.uniform(0, 2 * pi, MODES)
            kx, ky = (
                k if period is None else np.round(k * period / (2 * pi)) * (2 * pi / period)
                for k, period in zip(waves, self.periods, strict=True)
            )
            total = _plane_waves(kx, ky, phases, x, y)
            found.append(self.sigma * np.clip(np.sqrt(2 / MODES) * total, -REACH, REACH))
        return found[0], found[1]

    @property
    def bounds(self) -> Bounds:
        """Bounds of the original, wider by the largest displacement."""
        reach = np.array([REACH * self.sigma, REACH * self.sigma, 0.0])
        lower, upper = np.array(self.shape.bounds)
        return tuple((lower - reach).tolist()), tuple((upper + reach).tolist())

    def fitted(self, mesh: Mesh) -> "Rough":
        """Return the fitted shape, with a roughness as periodic as the mesh."""
        along_x, along_y, _ = (size if wraps else None for size, wraps in zip(mesh.size, mesh.periodic, strict=True))
        return Rough(self.shape.fitted(mesh), self.sigma, self.length, self.seed, periods=(along_x, along_y))


def _plane_waves(kx: NDArray, ky: NDArray, phases: NDArray, x: NDArray, y: NDArray) -> NDArray[np.float64]:
    """Return Σ cos(kx x + ky y + phase), in the broadcast shape of x and y."""
    if x.ndim == y.ndim and _is_row(x) and _is_row(y) and np.argmax(y.shape) < np.argmax(x.shape):
        across = np.exp(1j * np.multiply.outer(x.ravel(), kx))
        upwards = np.exp(1j * (np.multiply.outer(y.ravel(), ky) + phases))
        return np.real(upwards @ across.T).reshape(np.broadcast_shapes(x.shape, y.shape))
    total = np.zeros(np.broadcast_shapes(x.shape, y.shape))
    for a, b, phase in zip(kx, ky, phases, strict=True):
        total += np.cos(a * x + b * y + phase)
    return total


def _is_row(values: NDArray) -> bool:
    """Return whether values vary along one axis only, and are few enough for a matrix with all waves."""
    return 1 < values.size == max(values.shape) <= 100_000
