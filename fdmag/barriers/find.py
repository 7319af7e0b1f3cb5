"""Finding the energy barrier between two states of a simulation."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.barriers.barrier import Barrier, Saddle
from fdmag.barriers.paths import InitialPath, Rotation, Through
from fdmag.barriers.terrain import ReplicaEnergy
from fdmag.errors import ParameterError, SolverError
from fdmag.resample import resample_m
from fdmag.simulation import Simulation
from fdmag.solvers.curvature import lowest_curvatures
from fdmag.solvers.geodesic import tangents
from fdmag.solvers.minimize import minimize
from fdmag.solvers.string import Path, find_path, spaced
from fdmag.state import State, as_vectors, normalise

MAX_TORQUE = 1e-4
"""Default criterion [T]: what is left of the barrier's error is of second order in it."""
ENDS = 0.01
"""The ends are brought to this part of the criterion, and at least to `ENDS_AT_MOST`."""
ENDS_AT_MOST = 1e-6
UNSTABLE = -1e-3
"""A state with a lower curvature [T] is no minimum."""
SAME = 0.02
"""Ends nearer to each other [rad] are one state."""
SHOVE = 0.3
"""Largest turn of a cell when a path is shoved off a ridge [rad]."""
SHOVED = 0.15
"""Part of the path's length about the ridge over which it is shoved."""

OnStep = Callable[[NDArray, NDArray], None]


def find_barrier(
    simulation: Simulation,
    start: ArrayLike | None = None,
    end: ArrayLike = (0.0, 0.0, -1.0),
    *,
    path: InitialPath | None = None,
    images: int = 21,
    max_torque: float = MAX_TORQUE,
    max_steps: int = 5000,
    replica: int = 0,
    ridges: int = 4,
    on_step: OnStep | None = None,
) -> Barrier:
    """Find the minimum energy path between two states, and its saddles.

    Both states are relaxed first. The path settles by the string method, then the images at its maxima climb to the
    saddles: `fdmag.solvers.string`. A saddle from which the energy falls in more than one direction is one of a ridge,
    where a symmetry of the initial path may hold it: the path is then shoved off sideways and settles again.

    Parameters
    ----------
    simulation : Simulation
        Its parameters at its time count; it is not changed.
    start, end : vector (3,) or array (3, nz, ny, nx)
        In the valleys of two minima; ``start`` is by default the simulation's m.
    path : InitialPath, optional
        Where the path begins; by default `Rotation`. The path that is found may depend on it where there are several.
    images : int
        Both ends included.
    max_torque : float [T]
        Largest force across the path that is left in any cell, and largest |m × B| in the saddles.
    max_steps : int
        Of the string, each time it settles.
    replica : int
        Which one's parameters count.
    ridges : int
        How many ridges are left, at most.
    on_step : callable, optional
        Called after each step of the string with forces [T] and energies [J], (images,).

    Raises
    ------
    ParameterError
        For a state or number that is not allowed.
    SolverError
        If a term has no energy, the ends are no minima or the same one, or the path does not settle.

    Examples
    --------
    >>> from fdmag.mesh import Mesh
    >>> from fdmag.terms import UniaxialAnisotropy
    >>> particle = Simulation(Mesh((1, 1, 1), (1e-8, 1e-8, 1e-8)), [UniaxialAnisotropy(Ku1=2e5)], Ms=8e5)
    >>> barrier = find_barrier(particle, end=(0, 0, -1), images=11)
    >>> print(f"{barrier.forward:.3e} J, {barrier.in_kT(300)[0]:.2f} k_B T")
    2.000e-19 J, 48.29 k_B T
    """
    if isinstance(images, bool) or not isinstance(images, int | np.integer) or not 3 <= images <= 10_000:
        raise ParameterError(f"barrier: images = {images!r}; allowed: 3 to 10000, both ends included")
    terrain = ReplicaEnergy(simulation, replica)
    given = simulation.m[replica] if start is None else start
    ends = np.stack([_state("start", given, terrain), _state("end", end, terrain)])
    if np.any(np.abs(ends[1] - ends[0]).max(axis=0)[terrain.magnetic & (terrain.weights == 0)] > 1e-6):
        raise ParameterError("barrier: start and end differ where m is frozen; give the same direction there")
    ends = _relaxed(terrain, ends, min(ENDS * max_torque, ENDS_AT_MOST))
    rough = (path or Rotation()).images(terrain, *ends)
    m = spaced(_continuous(rough), terrain, images)
    return _settled(terrain, m, max_torque, max_steps, ridges, on_step)


def find_again(
    barrier: Barrier,
    simulation: Simulation,
    *,
    images: int | None = None,
    max_torque: float = MAX_TORQUE,
    max_steps: int = 5000,
    replica: int = 0,
    on_step: OnStep | None = None,
) -> Barrier:
    """Find a barrier again, beginning from its path: with more or fewer images, other parameters, or another mesh.

    The difference tells how sure it is: with half of the images, or on cells twice as large.

    Parameters
    ----------
    barrier : Barrier
    simulation : Simulation
        On another mesh, the images are interpolated (`fdmag.resample.resample_m`).
    images : int, optional
        By default as many as before.
    max_torque, max_steps, replica, on_step
        As of `find_barrier`.

    Raises
    ------
    ParameterError, SolverError
        As of `find_barrier`.
    """
    m = [*barrier.m]
    if simulation.mesh != barrier.mesh:
        m = [resample_m(state, barrier.mesh, simulation.mesh) for state in m]
    return find_barrier(
        simulation, m[0], m[-1], path=Through(m[1:-1]), images=images or barrier.images, max_torque=max_torque,
        max_steps=max_steps, replica=replica, on_step=on_step,
    )  # fmt: skip


def _state(name: str, values: ArrayLike, terrain: ReplicaEnergy) -> NDArray:
    simulation = terrain.simulation
    try:
        m = as_vectors(values, simulation.mesh)
    except ParameterError as error:
        raise ParameterError(f"barrier: {name}, {error}") from error
    if len(m) != 1:
        raise ParameterError(f"barrier: {name} holds {len(m)} states; one is needed, (3,) or (3, nz, ny, nx)")
    m = np.broadcast_to(m, (1, 3, *simulation.mesh.shape)) * terrain.magnetic
    if np.any(np.all(m == 0, axis=1) & terrain.magnetic):
        raise ParameterError(f"barrier: {name} has a vector of zero length in a magnetic cell")
    return normalise(m)[0].astype(simulation.backend.dtype)


def _relaxed(terrain: ReplicaEnergy, ends: NDArray, max_torque: float) -> NDArray:
    """Return both ends at the bottom of their valleys."""
    floor = 300 * float(np.finfo(ends.dtype).eps)  # fields of some tesla are not known better
    state = State.start(ends)
    state.t[:] = terrain.simulation.t[terrain.replica]
    minimize(state, terrain, max(max_torque, floor))
    leaving, _ = tangents(state.m[:1], state.m[1:])
    apart = float(np.sqrt(terrain.inner(leaving, leaving))[0])
    opposite = np.any(np.sum(state.m[0] * state.m[1], axis=0) < -0.99)
    if apart < SAME and not opposite:
        raise SolverError(
            f"barrier: start and end relax to the same state ({apart:.2g} rad apart); give an end in another valley"
        )
    return state.m


def _continuous(m: NDArray) -> NDArray:
    """Return the images without those that equal the one before."""
    moved = np.abs(np.diff(m, axis=0)).reshape(len(m) - 1, -1).max(axis=1) > 1e-6
    moved[-1] = True
    return m[np.concatenate([[True], moved])]


def _settled(
    terrain: ReplicaEnergy, m: NDArray, max_torque: float, max_steps: int, ridges: int, on_step: OnStep | None
) -> Barrier:
    """Let the string settle, shove it off ridges, and gather what is known."""
    curvatures = np.stack([_curvatures(terrain, state)[0] for state in (m[0], m[-1])])
    for name, lowest in zip(("start", "end"), curvatures[:, 0], strict=True):
        if lowest < UNSTABLE * _unit_of(m):
            raise SolverError(
                f"barrier: the {name} is no minimum of the energy: it has the curvature {lowest:.3g} T along a "
                "direction, and nothing holds m there; give another state, or this one tilted a little"
            )
    steps, left = 0, 0
    while True:
        path = find_path(m, terrain, max_torque, max_steps, on_step=on_step)
        steps += path.steps
        saddles, shoved = [], False
        for image in np.flatnonzero(path.role == 1):
            values, directions = _curvatures(terrain, path.m[image], path.tangent[image])
            saddles.append(Saddle(int(image), float(path.energy[image] - path.energy[0]), values))
            if saddles[-1].descents > 1 and left < ridges and not shoved:
                m, shoved = _shoved(path, int(image), directions[1]), True
        if not shoved:
            break
        left += 1
    return Barrier(
        terrain.simulation.mesh, path.m, terrain.energies(path.m), path.energy, path.distance,
        path.slope * terrain.moment, path.force, tuple(saddles), curvatures, steps, terrain.evaluations, left,
    )  # fmt: skip


def _curvatures(terrain: ReplicaEnergy, m: NDArray, guess: NDArray | None = None) -> tuple[NDArray, NDArray]:
    return lowest_curvatures(m, terrain, 2, guess, tolerance=1e-4 * _unit_of(m))


def _unit_of(m: NDArray) -> float:
    """Return by how much less is known of curvatures in the precision of m than in double precision."""
    return 1.0 if m.dtype == np.float64 else 30.0


def _shoved(path: Path, image: int, direction: NDArray[np.float64]) -> NDArray:
    """Return the images, those about one of them turned aside."""
    near = np.exp(-(((path.distance - path.distance[image]) / (SHOVED * path.distance[-1])) ** 2))
    near[[0, -1]] = 0
    aside = direction * (SHOVE / np.sqrt(np.max(np.sum(direction**2, axis=0))))
    m = path.m + near[:, None, None, None, None] * aside
    return normalise(m).astype(path.m.dtype)
