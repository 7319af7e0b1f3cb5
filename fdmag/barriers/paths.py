"""Where a path begins: rotation, a wall swept through, given states, or what a thermal run does by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.barriers.terrain import ReplicaEnergy
from fdmag.errors import ParameterError, SolverError
from fdmag.solvers.geodesic import between
from fdmag.state import as_vectors, normalise

ASKEW = (0.8, 0.55, 0.25)
"""Side by which opposite vectors turn into each other unless one is given: no symmetry axis of usual magnets."""
OPPOSITE = np.cos(np.radians(160))
"""Vectors at a larger angle count as opposite: the great circle between them is an accident."""
ROUGH = 0.1
"""Local error of the thermal run per step: where a path begins need not be exact."""
LEG = 9
"""Images from one given state to the next."""


class InitialPath(Protocol):
    """Where the string begins."""

    def images(self, terrain: ReplicaEnergy, start: NDArray, end: NDArray) -> NDArray:
        """Return images (n, 3, nz, ny, nx) from ``start`` to ``end``, (3, nz, ny, nx), both included.

        Their distances may differ, and their number need not be that of the string.
        """


@dataclass(frozen=True)
class Rotation:
    """Every m turns along the great circle to where it ends; opposite ones by way of one side.

    Parameters
    ----------
    through : vector, optional
        That side. By default askew to the axes, so that no symmetry holds the path on a ridge.
    """

    through: Sequence[float] | None = None

    def images(self, terrain: ReplicaEnergy, start: NDArray, end: NDArray) -> NDArray:
        """Return the path; see `InitialPath`."""
        return _turned(start, end, _side(self.through), np.linspace(0, 1, 2 * LEG)[:, None, None, None])


@dataclass(frozen=True)
class WallSweep:
    """A wall comes in at one edge of the magnet, goes through it and leaves at the other; the end state is behind it.

    Parameters
    ----------
    direction : vector
        The way the wall goes.
    width : float [m]
        Δ in the profile tanh(x/Δ) of a wall between opposite domains.
    through : vector, optional
        m inside a wall between opposite domains; by default along the wall (Bloch).
    """

    direction: Sequence[float] = (1.0, 0.0, 0.0)
    width: float = 5e-9
    through: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if not self.width > 0:
            raise ParameterError(f"wall sweep: width = {self.width}; a length above 0 m is needed")
        _unit("direction", self.direction)

    def images(self, terrain: ReplicaEnergy, start: NDArray, end: NDArray) -> NDArray:
        """Return the path; see `InitialPath`."""
        mesh, way = terrain.simulation.mesh, _unit("direction", self.direction)
        place = np.broadcast_to(mesh.x * way[0] + mesh.y * way[1] + mesh.z * way[2], mesh.shape)
        inside = place[terrain.weights > 0]
        first, last = inside.min() - 4 * self.width, inside.max() + 4 * self.width
        count = max(20, int(2 * (last - first) / self.width))
        positions = np.linspace(first, last, count)[:, None, None, None]
        share = 2 / np.pi * np.arctan(np.exp(np.clip((positions - place) / self.width, -300, 300)))
        share[0], share[-1] = 0, 1
        side = _side(self.through)
        if self.through is None:
            domains = np.average((start - end).reshape(3, -1), axis=1, weights=terrain.weights.ravel())
            along = np.cross(way, domains)
            side = along / np.linalg.norm(along) if np.linalg.norm(along) > 1e-6 else side
        return _turned(start, end, side, share)


@dataclass(frozen=True)
class Through:
    """By way of given states, one after the other, and from each to the next along great circles.

    Parameters
    ----------
    states : sequence of vectors (3,) or arrays (3, nz, ny, nx)
        Those between the start and the end; normalised.
    through : vector, optional
        As of `Rotation`.
    """

    states: Sequence[ArrayLike]
    through: Sequence[float] | None = None

    def images(self, terrain: ReplicaEnergy, start: NDArray, end: NDArray) -> NDArray:
        """Return the path; see `InitialPath`."""
        mesh = terrain.simulation.mesh
        given = [start]
        for number, state in enumerate(self.states):
            m = np.broadcast_to(as_vectors(state, mesh)[:1], (1, 3, *mesh.shape)) * terrain.magnetic
            if np.any(np.all(m == 0, axis=1) & terrain.magnetic):
                raise ParameterError(f"state {number} of the path: a magnetic cell has a vector of zero length")
            m = normalise(m)[0].astype(start.dtype)
            given.append(np.where(terrain.weights > 0, m, start))
        given.append(end)
        share, side = np.linspace(0, 1, LEG)[:, None, None, None], _side(self.through)
        legs = [_turned(a, b, side, share) for a, b in pairwise(given)]
        return np.concatenate([legs[0], *(leg[1:] for leg in legs[1:])])


@dataclass(frozen=True)
class Switching:
    """What a thermal run does from one state to the other, hot enough that it gets there.

    The simulation needs a thermal term (T = 0 K in it will do) and one replica; its state and temperature are restored.

    Parameters
    ----------
    T : float [K]
        Temperature of the run.
    duration : float [s]
        Longest time to wait for the switching.
    every : float [s]
        Time between snapshots.
    """

    T: float
    duration: float
    every: float = 5e-12

    def __post_init__(self) -> None:
        for name in ("T", "duration", "every"):
            if not 0 < getattr(self, name) < np.inf:
                raise ParameterError(f"switching: {name} = {getattr(self, name)}; allowed: above 0")

    def images(self, terrain: ReplicaEnergy, start: NDArray, end: NDArray) -> NDArray:
        """Return the path: snapshots from when the start was last left until the end was reached; see `InitialPath`.

        Raises
        ------
        ParameterError
            Without a thermal term, or with several replicas.
        SolverError
            If nothing switches.
        """
        simulation = terrain.simulation
        thermal = next((name for name, term in simulation.terms.items() if term.name == "thermal"), None)
        if thermal is None or simulation.batch > 1:
            came = "no thermal term" if thermal is None else f"{simulation.batch} replicas"
            raise ParameterError(f"switching: came {came}; needed: a thermal term, T = 0 K will do, and one replica")
        before = simulation.m, simulation.t, simulation.terms[thermal].T.mapped(lambda values: values)  # type: ignore[attr-defined]
        snapshots = [start]
        try:
            simulation.set(f"{thermal}.T", self.T)
            simulation.m = start
            for _ in range(int(np.ceil(self.duration / self.every))):
                simulation.run(self.every, tolerance=ROUGH)
                snapshots.append(simulation.m[0])
                share = _progress(terrain, snapshots[-1], start, end)
                if share < 0.2:
                    snapshots = [start]
                if share > 0.8:
                    return np.stack([*snapshots, end])
        finally:
            simulation.m, simulation.t = before[:2]
            simulation.set(f"{thermal}.T", before[2])
        raise SolverError(
            f"switching: the end was not reached within {self.duration:g} s at {self.T:g} K; raise T or duration"
        )


def _progress(terrain: ReplicaEnergy, m: NDArray, start: NDArray, end: NDArray) -> float:
    """Return how far m has come from start to end, 0 to 1, along the line between them."""
    weights = terrain.weights
    way = end - start
    return float(np.sum((m - start) * way * weights) / np.sum(way * way * weights))


def _turned(start: NDArray, end: NDArray, side: NDArray[np.float64], share: NDArray) -> NDArray:
    """Return images (n, 3, nz, ny, nx), a share (n, nz | 1, ny | 1, nx | 1) of the way from start to end."""
    a, b = start[None], end[None]
    share = share[:, None].astype(start.dtype)
    opposite = np.sum(a * b, axis=1, keepdims=True) < OPPOSITE
    images = between(a, b, share)
    if opposite.any():
        middle = _middle(a - b, side).astype(start.dtype)
        bent = np.where(share < 0.5, between(a, middle, 2 * share), between(middle, b, 2 * share - 1))
        images = np.where(opposite, bent, images)
    images[0], images[-1] = np.where(share[0] == 0, start, images[0]), np.where(share[-1] == 1, end, images[-1])
    return images


def _middle(way: NDArray, side: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return unit vectors across ``way`` (1, 3, ...), on the given side; where that is along it, on another one."""
    length = np.linalg.norm(way, axis=1, keepdims=True)
    way = way / np.where(length > 0, length, 1)
    first, second = (_across(way, vector) for vector in (side, np.roll(side, 1)))
    length = np.linalg.norm(first, axis=1, keepdims=True)
    found = np.where(length < 1e-3, second, first)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def _across(way: NDArray[np.float64], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    vector = vector.reshape(1, 3, 1, 1, 1)
    return vector - way * np.sum(way * vector, axis=1, keepdims=True)


def _side(vector: Sequence[float] | None) -> NDArray[np.float64]:
    return _unit("through", ASKEW if vector is None else vector)


def _unit(name: str, vector: Sequence[float]) -> NDArray[np.float64]:
    array = np.asarray(vector, dtype=np.float64)
    if array.shape != (3,) or not np.all(np.isfinite(array)) or not array.any():
        raise ParameterError(f"path: {name} = {vector!r}; allowed: a vector of three numbers that is not zero")
    return array / np.linalg.norm(array)
