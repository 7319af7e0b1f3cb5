"""Grains: Voronoi tessellations of the mesh, and parameter values that differ from grain to grain."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import pi
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError, did_you_mean
from fdmag.mesh import AXES, Mesh
from fdmag.regions import Regions
from fdmag.shapes import checks

MARGIN = 3
"""How far, in mean diameters, seeds are laid beyond an open face, so that grains at the face are cut, not larger."""
MAX_GRAINS = 10_000_000
VALUES, TILTS = 0x6EA105, 0x711ED5
"""Streams of random numbers, beside the seed: that of values and that of directions."""


def voronoi_grains(mesh: Mesh, diameter: float, seed: int, columns: str | None = "z") -> NDArray[np.intp]:
    """Return grain numbers for `Regions`: each cell belongs to the nearest of seeds laid at random.

    Seeds are uniform and independent (a Poisson–Voronoi tessellation, but with a fixed number of seeds). They depend on
    the seed number, the diameter and the size of the mesh, not on its cells. Periodic axes are closed exactly; grains
    at open faces are cut by the face.

    Parameters
    ----------
    mesh : Mesh
    diameter : float [m]
        That of a circle of the mean area, or of a sphere of the mean volume.
    seed : int, from 0
    columns : "x", "y", "z" or None
        Columnar grains along an axis, or grains in three dimensions.

    Returns
    -------
    array (nz, ny, nx) of int, from 1; a seed that is nearest to no cell leaves its number out

    Raises
    ------
    ParameterError
        If the diameter is not above 0, the seed is no integer from 0, or there would be too many grains.

    Examples
    --------
    >>> mesh = Mesh((64, 64, 1), (2e-9, 2e-9, 1e-9), periodic="xy")
    >>> regions = Regions(mesh, {"grain": voronoi_grains(mesh, 20e-9, seed=1)})
    >>> len(regions.members("grain"))  # 128² / (π 20² / 4)
    52
    """
    checks.length(diameter, "voronoi_grains: diameter")
    checks.integer(seed, "voronoi_grains: seed", 0)
    if columns not in (*AXES, None):
        raise ParameterError(f"voronoi_grains: columns = {columns!r}; allowed are 'x', 'y', 'z', None")
    axes = [axis for axis in range(3) if AXES[axis] != columns]
    # A thin open axis of grains in three dimensions is no different: its margins hold seeds too.
    sizes = np.array([mesh.size[axis] for axis in axes])
    wraps = np.array([mesh.periodic[axis] for axis in axes])
    spans = np.where(wraps, sizes, sizes + 2 * MARGIN * diameter)
    mean = pi / 4 * diameter**2 if len(axes) == 2 else pi / 6 * diameter**3
    count = max(1, round(float(np.prod(spans / diameter)) * diameter ** len(axes) / mean))
    if count > MAX_GRAINS:
        raise ParameterError(f"voronoi_grains: {count:.3g} grains of {diameter:g} m; allowed: at most {MAX_GRAINS:g}")
    random = np.random.default_rng([seed, 0x0612A1])
    seeds = random.random((count, len(axes))) * spans - np.where(wraps, 0, MARGIN * diameter)
    centres = [(getattr(mesh, AXES[axis]) - mesh.origin[axis]).ravel() for axis in axes]
    grid = np.stack(np.meshgrid(*centres, indexing="ij"), axis=-1)
    tree = scipy.spatial.cKDTree(np.where(wraps, seeds % spans, seeds), boxsize=np.where(wraps, spans, 0))
    _, nearest = tree.query(grid)
    numbers = nearest.T + 1  # axes in the order z, y, x
    if columns is not None:
        numbers = np.expand_dims(numbers, 2 - AXES.index(columns))
    return np.array(np.broadcast_to(numbers, mesh.shape))


@dataclass(frozen=True, kw_only=True)
class GrainValues(ABC):
    """Values that differ from grain to grain: what `fdmag.parameter.Parameter` takes for a value.

    Parameters
    ----------
    replicas : int, optional
        Number of replicas that have values of their own, as the devices of an array have, drawn anew for each; by
        default one draw serves all. The grains themselves are the same in all.
    first_replica : int
        Number of the first of them: a replica alone with its number here has the values it has among others.
    """

    replicas: int | None = None
    first_replica: int = 0

    @abstractmethod
    def spread(self, regions: Regions, components: int, replica: int = 0) -> NDArray[np.float64]:
        """Return the values of a replica over the cells, (components, nz, ny, nx)."""

    def over_cells(self, regions: Regions, components: int) -> NDArray[np.float64]:
        """Return the values of all replicas over the cells, (replicas | 1, components, nz, ny, nx)."""
        numbers = range(self.first_replica, self.first_replica + (self.replicas or 1))
        return np.stack([self.spread(regions, components, replica) for replica in numbers])

    def _check(self, where: str, seed: object) -> None:
        checks.integer(seed, f"{where}: seed", 0)
        checks.integer(self.first_replica, f"{where}: first_replica", 0)
        if self.replicas is not None:
            checks.integer(self.replicas, f"{where}: replicas", 1)


@dataclass(frozen=True)
class PerGrain(GrainValues):
    """A value for each grain, drawn from a distribution; outside the grains the mean.

    The value of a grain is the quantile of one number per grain, uniform in 0 ... 1, that depends on ``seed`` and the
    numbers of the grain and the replica alone: parameters with the same seed vary together, with different seeds
    independently. Directions (`TiltedPerGrain`) are independent of them with any seed.

    Parameters
    ----------
    mean : number, or vector for a vector parameter
        Mean of the distribution before it is truncated, in the unit of the parameter. Of a vector, the length varies
        and the direction stays.
    sigma : float
        Standard deviation before truncation, in the same unit; not of the logarithm for "lognormal".
    seed : int, from 0
    distribution : "normal", "lognormal" or "uniform"
    lowest, highest : float, optional
        Bounds of the truncated distribution.
    grains : str, optional
        The group of regions; by default the only one there is.

    Raises
    ------
    ParameterError
        If the distribution is unknown, a number is out of range, or the bounds leave nothing of the distribution.

    Examples
    --------
    >>> anisotropy = PerGrain(mean=400e3, sigma=40e3, seed=2, lowest=0)
    """

    mean: ArrayLike
    sigma: float
    seed: int
    distribution: Literal["normal", "lognormal", "uniform"] = "normal"
    lowest: float | None = None
    highest: float | None = None
    grains: str | None = None

    def __post_init__(self) -> None:
        self._check("PerGrain", self.seed)
        if self.distribution not in _DISTRIBUTIONS:
            near = did_you_mean(str(self.distribution), _DISTRIBUTIONS)
            raise ParameterError(
                f"PerGrain: distribution = {self.distribution!r}; allowed: {', '.join(_DISTRIBUTIONS)}{near}"
            )
        mean = np.asarray(self.mean, dtype=np.float64)
        if not np.isfinite(mean).all() or not 0 <= self.sigma < np.inf:
            raise ParameterError(f"PerGrain: mean = {self.mean!r}, sigma = {self.sigma}; allowed: finite, sigma from 0")
        if mean.ndim and not mean.any():
            raise ParameterError("PerGrain: a mean vector of zero length has no direction; give another")
        if self.distribution == "lognormal" and not np.linalg.norm(mean) * (mean if mean.ndim == 0 else 1) > 0:
            raise ParameterError(f"PerGrain: mean = {self.mean!r}; a lognormal distribution needs a mean above 0")
        low, high = self._bounds()
        if not low < high:
            raise ParameterError(f"PerGrain: lowest = {self.lowest}, highest = {self.highest}; give lowest < highest")
        centre = float(np.linalg.norm(mean)) if mean.ndim else float(mean)
        below, above = self._probabilities(centre)
        if self.sigma > 0 and not above - below > 1e-6:
            raise ParameterError(
                f"PerGrain: between {low:g} and {high:g} lies a share of {max(above - below, 0):.1g} of the "
                f"distribution with mean {centre:g} and sigma {self.sigma:g}; widen the bounds"
            )

    def draw(self, uniform: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the quantiles of numbers between 0 and 1: (n,) for (n,), or (n, 3) for a mean vector."""
        mean = np.asarray(self.mean, dtype=np.float64)
        centre = float(np.linalg.norm(mean)) if mean.ndim else float(mean)
        values = np.full(uniform.shape, centre)
        if self.sigma > 0:
            below, above = self._probabilities(centre)
            _, quantile = _DISTRIBUTIONS[self.distribution]
            # Rounding may step over a bound.
            values = np.clip(quantile(below + uniform * (above - below), centre, self.sigma), *self._bounds())
        return values if mean.ndim == 0 else values[:, None] * (mean / centre)

    def spread(self, regions: Regions, components: int, replica: int = 0) -> NDArray[np.float64]:
        """Return the values of a replica over the cells, (components, nz, ny, nx)."""
        mean = np.asarray(self.mean, dtype=np.float64)
        if mean.shape != (() if components == 1 else (components,)):
            raise ParameterError(f"PerGrain: mean = {self.mean!r}; {components} number(s) are needed")
        uniform = _chances(regions, self.grains, [self.seed, VALUES], replica, 1)[:, 0]
        return _spread(regions, self.grains, mean, self.draw(uniform), components)

    def _bounds(self) -> tuple[float, float]:
        low = -np.inf if self.lowest is None else self.lowest
        return low, np.inf if self.highest is None else self.highest

    def _probabilities(self, centre: float) -> tuple[float, float]:
        """Return how much of the distribution lies below each bound."""
        if self.sigma == 0:
            return 0.0, 1.0
        probability, _ = _DISTRIBUTIONS[self.distribution]
        below, above = (float(probability(bound, centre, self.sigma)) for bound in self._bounds())
        return below, above


@dataclass(frozen=True)
class TiltedPerGrain(GrainValues):
    """A direction for each grain, spread evenly over the cap of directions within an angle of an axis.

    Outside the grains it is the axis itself.

    Parameters
    ----------
    axis : vector
        Middle of the cone.
    cone : float [rad]
        Largest tilt, above 0 and at most π, which means all directions alike.
    seed : int, from 0
    grains : str, optional
        The group of regions; by default the only one there is.

    Raises
    ------
    ParameterError
        If the axis is zero or the angle out of range.
    """

    axis: ArrayLike
    cone: float
    seed: int
    grains: str | None = None

    def __post_init__(self) -> None:
        self._check("TiltedPerGrain", self.seed)
        axis = np.asarray(self.axis, dtype=np.float64)
        if axis.shape != (3,) or not np.isfinite(axis).all() or not axis.any() or not 0 < self.cone <= pi:
            raise ParameterError(
                f"TiltedPerGrain: axis = {self.axis!r}, cone = {self.cone}; allowed: a vector of non-zero length, "
                "and an angle above 0 and at most pi"
            )

    def draw(self, uniform: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return unit vectors (n, 3) from numbers (n, 2) between 0 and 1."""
        axis = np.asarray(self.axis, dtype=np.float64)
        axis = axis / np.linalg.norm(axis)
        first = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
        first /= np.linalg.norm(first)
        cosine = 1 - uniform[:, 0] * (1 - np.cos(self.cone))
        sine, angle = np.sqrt(np.clip(1 - cosine**2, 0, None)), 2 * pi * uniform[:, 1]
        across = np.multiply.outer(np.cos(angle), first) + np.multiply.outer(np.sin(angle), np.cross(axis, first))
        return cosine[:, None] * axis + sine[:, None] * across

    def spread(self, regions: Regions, components: int, replica: int = 0) -> NDArray[np.float64]:
        """Return the directions of a replica over the cells, (3, nz, ny, nx)."""
        if components != 3:
            raise ParameterError("TiltedPerGrain is a direction; a number is needed, or PerGrain")
        uniform = _chances(regions, self.grains, [self.seed, TILTS], replica, 2)
        return _spread(regions, self.grains, np.asarray(self.axis, dtype=np.float64), self.draw(uniform), 3)


def _chances(regions: Regions, group: str | None, stream: list[int], replica: int, columns: int) -> NDArray[np.float64]:
    """Return uniform numbers between 0 and 1, (grains, columns), that depend on stream, replica and grain alone."""
    tails = [regions.names[member].rpartition(".")[2] for member in regions.members(group)]
    numbers = np.array([int(tail) if tail.isdecimal() else 0 for tail in tails])
    if numbers.max() > MAX_GRAINS:
        raise ParameterError(f"a grain has the number {numbers.max()}; allowed: at most {MAX_GRAINS}")
    random = np.random.default_rng([*stream, replica] if replica else stream)
    return random.random((numbers.max() + 1, columns))[numbers]


def _spread(
    regions: Regions, group: str | None, outside: NDArray, values: NDArray, components: int
) -> NDArray[np.float64]:
    members = regions.members(group)
    table = np.empty((len(regions), components))
    table[:] = outside
    table[members.start : members.stop] = values.reshape(len(members), components)
    return np.moveaxis(table[regions.numbers], -1, 0)


def _log_parameters(mean: float, sigma: float) -> tuple[float, float]:
    """Return mean and standard deviation of the logarithm."""
    variance = np.log1p((sigma / mean) ** 2)
    return float(np.log(mean) - variance / 2), float(np.sqrt(variance))


def _log_probability(value: float, mean: float, sigma: float) -> float:
    middle, width = _log_parameters(mean, sigma)
    return float(scipy.special.ndtr((np.log(value) - middle) / width)) if value > 0 else 0.0


def _log_quantile(share: NDArray, mean: float, sigma: float) -> NDArray:
    middle, width = _log_parameters(mean, sigma)
    return np.asarray(np.exp(middle + width * scipy.special.ndtri(share)))


_DISTRIBUTIONS = {
    "normal": (
        lambda x, mean, sigma: scipy.special.ndtr((x - mean) / sigma),
        lambda p, mean, sigma: mean + sigma * scipy.special.ndtri(p),
    ),
    "lognormal": (_log_probability, _log_quantile),
    "uniform": (
        lambda x, mean, sigma: np.clip((x - mean) / (np.sqrt(12) * sigma) + 0.5, 0, 1),
        lambda p, mean, sigma: mean + np.sqrt(12) * sigma * (p - 0.5),
    ),
}
"""Cumulative probability and quantile, by mean and standard deviation."""
