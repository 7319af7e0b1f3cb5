"""Minimum energy paths by the string method with climbing images.

A path is a row of images of the magnetisation, from one state to another. Each image goes down the part of the energy's
gradient that lies across the path, while the images are kept at equal distances along it. Once the path has settled,
the images at maxima climb along it to the saddles, and those at minima between them fall to the bottom.

Distances are those of ∫ Ms |δm|² dV, the metric in which steepest descent is dm/ds = −m × (m × B): the path is the one
of overwhelming damping. They are divided by the moment ∫ Ms dV, so that a coherent rotation is as long as its angle.

Sources: W. E, W. Ren and E. Vanden-Eijnden, J. Chem. Phys. 126, 164103 (2007), for the string; G. Henkelman,
B. P. Uberuaga and H. Jónsson, J. Chem. Phys. 113, 9901 (2000), for the climbing image; G. Henkelman and H. Jónsson,
J. Chem. Phys. 113, 9978 (2000), for the tangents; P. F. Bessarab, V. M. Uzdin and H. Jónsson, Comput. Phys. Commun.
196, 335 (2015), for spins.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.errors import SolverError
from fdmag.solvers.convergence import NEAR, PATIENCE, check_criterion
from fdmag.solvers.geodesic import between, tangents
from fdmag.solvers.quasi_newton import InverseHessian

UNEVEN = 0.05
"""Images are redistributed when the distances between them differ by more than this part."""
LARGEST_TURN = 0.3
"""No cell turns further in a step [rad]."""
LONGEST_STEP = 0.4
"""Nor does an image move further than this part of the distance between neighbours."""
SETTLED = 30.0
"""Images begin to climb when the force across the path is this many times what is asked for."""
PROMINENCE = 1e-3
"""A maximum or minimum counts if it stands out by this part of the highest energy above the lowest."""
CALM = 400
"""After so many steps without a new lowest force the steps are made shorter."""
MOST_CHOICES = 5
"""How often it is decided which images climb and fall."""
ASTRAY = 1.3
"""A path that becomes this many times longer while images climb has lost its way."""
TURN = 90.0
"""Where a cell turns further [°] to the next image, or from its neighbour, the path is anybody's guess."""


class Terrain(Protocol):
    """The energy of one magnet, for any number of images."""

    weights: NDArray[np.float64]
    """Share of each cell in the moment that can move, (nz, ny, nx); their sum is 1."""

    def evaluate(self, m: NDArray) -> tuple[NDArray, NDArray[np.float64]]:
        """Return m × (m × B) [T], (n, 3, nz, ny, nx), and the energies [J], (n,)."""

    def inner(self, a: NDArray, b: NDArray) -> NDArray[np.float64]:
        """Return the sum of weights times a·b, (n,), of vectors that vanish where the weights do."""

    def turned(self, m: NDArray, gradient: NDArray, steps: NDArray[np.float64]) -> NDArray:
        """Return m turned against a gradient, as `fdmag.solvers.llg.turned` does."""

    def largest(self, vectors: NDArray) -> NDArray[np.float64]:
        """Return the largest |v| over the cells of each row, (n,)."""


@dataclass
class Path:
    """A path and what is known of it; rows are images.

    Attributes
    ----------
    m : array (n, 3, nz, ny, nx)
    energy : array (n,) [J]
    distance : array (n,)
        Length of the path up to each image [rad].
    tangent : array (n, 3, nz, ny, nx)
        Along the path, of length 1 in the metric.
    slope : array (n,)
        Energy per distance, over the moment [T].
    force : array (n,)
        Largest force on a cell of each image [T]: across the path, or |m × B| of those that climb or fall.
    role : int array (n,)
        1 for images that climb, −1 for those that fall, 0 for the others.
    evaluations : int
        Evaluations of one image's field.
    steps : int
    """

    m: NDArray
    energy: NDArray[np.float64]
    distance: NDArray[np.float64]
    tangent: NDArray
    slope: NDArray[np.float64]
    force: NDArray[np.float64]
    role: NDArray[np.int64]
    evaluations: int
    steps: int


def find_path(
    m: NDArray,
    terrain: Terrain,
    max_torque: float,
    max_steps: int = 5000,
    *,
    climb: bool = True,
    on_step: Callable[[NDArray, NDArray], None] | None = None,
) -> Path:
    """Move the images of a path until the force across it is at most ``max_torque`` in every cell.

    Each image makes quasi-Newton steps by its own history, limited in length. The first and the last stay.

    Parameters
    ----------
    m : array (n, 3, nz, ny, nx)
        The images, at least three; neighbours differ, and by less than half a turn in every cell.
    terrain : Terrain
    max_torque : float [T]
        Also of |m × B| in the images that climb or fall.
    max_steps : int
    climb : bool
        Without, no image climbs or falls.
    on_step : callable, optional
        Called after each step with the forces [T] and energies [J] of the images, (n,).

    Raises
    ------
    SolverError
        If ``max_steps`` do not suffice, or the criterion lies below the rounding error of the field.
    """
    check_criterion(max_torque)
    string = _String(m, terrain)
    near = NEAR * float(np.finfo(m.dtype).eps)
    best, since, choices = np.inf, 0, 0
    settled, length, astray = string.m, np.inf, 0
    alone: Path | None = None  # with the highest image on its saddle, when others had led the path astray
    while True:
        force = float(string.size.max())
        reached = force <= max_torque
        early = choices == 0 and force <= SETTLED * max_torque and not astray
        if climb and choices < MOST_CHOICES and (reached or early):
            choices += 1
            role, top = extrema(string.energy), np.argmax(string.energy)
            if astray and string.role[top] != 1:
                role[np.arange(role.size) != top] = 0
            if np.any(role != string.role):
                if not string.role.any():
                    settled, length = string.m, string.length
                if astray and string.role[top] == 1:
                    alone = string.path()
                string.appoint(role)
                best, since = np.inf, 0
                continue
        lost = string.role.any() and string.length > ASTRAY * length
        if lost and alone is not None:
            return alone
        if lost and astray < 2:
            # Back to where it was; now it settles fully before its highest image climbs, alone, and then the others.
            steps, evaluations = string.steps, string.evaluations
            string = _String(settled, terrain)
            string.steps, string.evaluations = steps, evaluations + string.evaluations
            best, since, choices, astray = np.inf, 0, 0, astray + 1
            continue
        if reached:
            return string.path()
        since = 0 if force < best else since + 1
        best = min(best, force)
        if since and since % CALM == 0:
            string.calm()
        stalled = since > PATIENCE and force < near
        if stalled or string.steps == max_steps or not np.isfinite(force):
            if alone is not None:
                return alone
            break
        string.move()
        if on_step is not None:
            on_step(np.concatenate([[0.0], string.size, [0.0]]), string.energy)
    reason = f"The rounding of {m.dtype} allows no less: raise max_torque" if stalled else string.hint()
    raise SolverError(
        f"path: the force across it is {force:.3g} T after {string.steps} steps, {max_torque:.3g} T was asked for. "
        f"{reason}"
    )


def extrema(energy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return 1 for maxima and −1 for minima between the ends that stand out, 0 for other images.

    >>> extrema(np.array([0.0, 3.0, 1.0, 2.0, 0.0]))
    array([ 0,  1, -1,  1,  0])
    """
    role = np.zeros(energy.size, np.int64)
    least = max(PROMINENCE * np.ptp(energy), 1e-12 * np.abs(energy).max())
    for sign in (1, -1):
        role[scipy.signal.find_peaks(sign * energy, prominence=least)[0]] = sign
    return role


def shares(energy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much of the ways to the next and from the last image the tangent at each free image is made of.

    On a slope it is the way to the neighbour that is higher, which keeps the path from forming kinks; at a maximum or
    minimum both, weighted by the differences of energy: Henkelman and Jónsson (2000), eqs. 8 to 11.

    >>> shares(np.array([0.0, 1.0, 3.0, 2.0, 0.0]))
    (array([1.        , 0.66666667, 0.        ]), array([0.        , 0.33333333, 1.        ]))
    """
    ahead, behind = energy[2:] - energy[1:-1], energy[1:-1] - energy[:-2]
    larger, smaller = np.maximum(np.abs(ahead), np.abs(behind)), np.minimum(np.abs(ahead), np.abs(behind))
    total = larger + smaller
    flat = total == 0
    part = np.where(energy[2:] > energy[:-2], larger, smaller) / np.where(flat, 1, total)
    forward = np.where((ahead > 0) & (behind > 0), 1.0, np.where((ahead < 0) & (behind < 0), 0.0, part))
    forward[flat] = 0.5
    return forward, 1 - forward


def spaced(m: NDArray, terrain: Terrain, count: int) -> NDArray:
    """Return so many images at equal distances along the great circles that join those of a path."""
    leaving, _ = tangents(m[:-1], m[1:])
    place = np.concatenate([[0.0], np.cumsum(np.sqrt(terrain.inner(leaving, leaving)))])
    result = _at(m, place, np.linspace(0, place[-1], count))
    result[0], result[-1] = m[0], m[-1]
    return result


class _String:
    """The images on their way; those between the ends are free.

    Attributes
    ----------
    m, energy, role, steps, evaluations
        As of `Path`.
    size : array (n − 2,)
        Force of the free images, as of `Path`.
    """

    def __init__(self, m: NDArray, terrain: Terrain) -> None:
        self.terrain = terrain
        self.m = np.array(m)
        self.role = np.zeros(len(m), np.int64)
        self.steps, self.evaluations = 0, len(m)
        self._root = np.sqrt(terrain.weights).astype(np.float32)
        self._per_root = np.where(self._root > 0, 1 / np.where(self._root > 0, self._root, 1), 0)
        self._longest = LARGEST_TURN
        self._radius = np.full(len(m) - 2, LARGEST_TURN)
        self._distribute()
        gradient, self.energy = terrain.evaluate(self.m)
        self._gradient, self._ends = gradient[1:-1], gradient[[0, -1]]
        self._find_force()
        self._begin()

    @property
    def length(self) -> float:
        """Length of the path [rad]."""
        return float(self._lengths.sum())

    def hint(self) -> str:
        """Say what may help a path that does not settle."""
        turn = np.degrees(self.terrain.largest(self._leaving).max())
        if turn > TURN:
            return f"A cell turns by {turn:.0f}° from one image to the next: take more images, or smaller cells"
        least = 1.0
        for axis in (3, 4):
            along = np.moveaxis(self.m, axis, 0)
            here, there = along[:-1], along[1:]
            least = min(least, np.sum(here * there, axis=2).min(initial=1))
        angle = np.degrees(np.arccos(max(least, -1)))
        return f"Neighbouring cells differ by {angle:.0f}°: take smaller ones" if angle > TURN else "Raise max_steps"

    def path(self) -> Path:
        """Return the path as it is."""
        terrain = self.terrain
        ends = np.stack([self._leaving[0] / self._lengths[0], self._arriving[-1] / self._lengths[-1]])
        slopes = terrain.inner(self._ends, ends)
        return Path(
            self.m,
            self.energy,
            np.concatenate([[0.0], np.cumsum(self._lengths)]),
            np.concatenate([ends[:1], self._tangent, ends[1:]]),
            np.concatenate([slopes[:1], self._along, slopes[1:]]),
            np.concatenate([[0.0], self.size, [0.0]]),
            self.role,
            self.evaluations,
            self.steps,
        )

    def appoint(self, role: NDArray[np.int64]) -> None:
        """Let other images climb and fall."""
        self.role = role
        self._find_force()
        self._begin()

    def calm(self) -> None:
        """Make shorter steps from now on, and forget what was learnt."""
        self._longest /= 2
        self._radius = np.minimum(self._radius, self._longest)
        self._begin()

    def move(self) -> None:
        """Make a step."""
        terrain, before, force, size = self.terrain, self.m[1:-1], self._force, self._norm
        turn = self._inverse.step(self._flat(force)).reshape(force.shape)
        turn = (turn * self._per_root).astype(before.dtype, copy=False)
        turn -= _column(np.where(self.role[1:-1] == 0, terrain.inner(turn, self._tangent), 0), turn) * self._tangent
        limited = np.minimum(1, self._radius / np.maximum(terrain.largest(turn), 1e-300))
        far = np.sqrt(terrain.inner(turn, turn)) / (LONGEST_STEP * self._lengths.mean())
        limited = np.minimum(limited, 1 / np.maximum(far, 1e-300))
        self.m = self.m.copy()
        self.m[1:-1] = terrain.turned(before, turn, limited)
        self._distribute()
        self.energy = self.energy.copy()
        self._gradient, self.energy[1:-1] = terrain.evaluate(self.m[1:-1])
        self.evaluations += len(before)
        self.steps += 1
        self._find_force()
        moved = self.m[1:-1] - before
        along = np.where(self.role[1:-1] == 0, terrain.inner(moved, self._tangent), 0)
        moved -= _column(along, moved) * self._tangent  # what redistribution did along the path teaches nothing
        self._inverse.learn(self._flat(moved), self._flat(self._force - force))
        worse = self._norm > 1.5 * size
        self._radius = np.where(worse, self._radius / 2, np.minimum(1.2 * self._radius, self._longest))

    def _begin(self) -> None:
        first = 0.01 / np.maximum(self.size, 1e-3)
        self._inverse = InverseHessian(len(self._force), self._force[0].size, first)

    def _flat(self, vectors: NDArray) -> NDArray:
        """Return vectors as rows whose scalar product is the inner product."""
        return (vectors * self._root).reshape(len(vectors), -1)

    def _survey(self) -> None:
        """Find the ways between neighbours and their lengths."""
        self._leaving, self._arriving = tangents(self.m[:-1], self.m[1:])
        self._lengths = np.sqrt(self.terrain.inner(self._leaving, self._leaving))

    def _distribute(self) -> None:
        """Put the images at equal distances between those that climb or fall, unless they are almost."""
        self._survey()
        place = np.concatenate([[0.0], np.cumsum(self._lengths)])
        knots = [0, *(np.flatnonzero(self.role[1:-1]) + 1), len(self.m) - 1]
        wanted = place.copy()
        for first, last in pairwise(knots):
            part = self._lengths[first:last]
            if np.ptp(part) > UNEVEN * part.mean():
                wanted[first : last + 1] = np.linspace(place[first], place[last], last - first + 1)
        moving = np.flatnonzero(wanted[1:-1] != place[1:-1]) + 1
        if moving.size:
            m = self.m.copy()
            m[moving] = _at(self.m, place, wanted[moving])
            self.m = m
            self._survey()

    def _find_force(self) -> None:
        """Work out tangents t and forces: g − (t·g) t across the path, g − 2 (t·g) t climbing, g falling."""
        terrain, role = self.terrain, self.role[1:-1]
        ahead, behind = shares(self.energy)
        tangent = _column(ahead, self.m) * self._leaving[1:]
        tangent += _column(behind, self.m) * self._arriving[:-1]
        tangent /= _column(np.sqrt(terrain.inner(tangent, tangent)), tangent)
        self._tangent, self._along = tangent, terrain.inner(self._gradient, tangent)
        self._force = self._gradient - _column((1 + role) * self._along, tangent) * tangent
        self.size = terrain.largest(self._force)
        if role.any():
            self.size[role != 0] = terrain.largest(self._gradient[role != 0])
        self._norm = np.sqrt(terrain.inner(self._force, self._force))


def _at(m: NDArray, place: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray:
    """Return images at some distances along a path whose images are at ``place``."""
    left = np.clip(np.searchsorted(place, wanted, side="right") - 1, 0, len(m) - 2)
    length = place[left + 1] - place[left]
    share = (wanted - place[left]) / np.where(length > 0, length, 1)
    return between(m[left], m[left + 1], _column(share, m))


def _column(values: NDArray[np.float64], like: NDArray) -> NDArray:
    return values.astype(like.dtype)[:, None, None, None, None]
