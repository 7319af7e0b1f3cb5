"""Energy minimisation on the sphere with Barzilai–Borwein steps."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fdmag.solvers.convergence import Patience, check_criterion, not_converged
from fdmag.state import State


class Landscape(Protocol):
    """What the minimiser asks of a magnet; rows are the given replicas."""

    def total_energy(
        self, m: NDArray, t: NDArray, replicas: NDArray[np.intp] | None
    ) -> tuple[NDArray, NDArray[np.float64]]:
        """Return B [T], (n, 3, nz, ny, nx), and the total energy [J], (n,)."""

    def inner(self, a: NDArray, b: NDArray, replicas: NDArray[np.intp] | None) -> NDArray[np.float64]:
        """Return ∫ Ms a·b dV, (n,): −inner(B, δm) is the change of energy [J]."""

    def gradient(self, m: NDArray, B: NDArray) -> NDArray:
        """Return m × (m × B) [T]."""

    def turned(self, m: NDArray, gradient: NDArray, steps: NDArray[np.float64]) -> NDArray:
        """Return m turned towards the field, as `fdmag.solvers.llg.turned` does."""

    def largest(self, vectors: NDArray) -> NDArray[np.float64]:
        """Return the largest |v| over the cells of each row, (n,)."""


class _Point(NamedTuple):
    m: NDArray
    gradient: NDArray  # m × (m × B): minus the part of B across m
    energy: NDArray


def minimize(
    state: State,
    landscape: Landscape,
    max_torque: float,
    max_steps: int = 100_000,
    on_step: Callable[[NDArray, NDArray], None] | None = None,
) -> NDArray[np.float64]:
    """Minimise the energy until max |m × B| ≤ ``max_torque`` in every replica; time stands still.

    Each step turns every m in the plane of m and B, by the implicit midpoint rule
    m' = m − (τ/2) (m + m') × (m × B), which keeps |m| = 1. The step τ [1/T] alternates between the two
    Barzilai–Borwein lengths; a step that would raise the energy is not taken but shortened.

    Parameters
    ----------
    state : State
        Its m is changed in place.
    landscape : Landscape
    max_torque : float [T]
    max_steps : int
    on_step : callable, optional
        Called after each step with torque [T] and energy [J], (batch,).

    Returns
    -------
    array (batch,)
        max |m × B| reached [T].

    Raises
    ------
    SolverError
        If the criterion is not reached in ``max_steps``, or lies below the rounding error of the field.

    Source: L. Exl et al., J. Appl. Phys. 115, 17D118 (2014); the step lengths of J. Barzilai and J. M. Borwein,
    IMA J. Numer. Anal. 8, 141 (1988).
    """
    check_criterion(max_torque)
    everything = np.arange(state.batch)
    point = _evaluate(landscape, state.m.copy(), state.t, everything)
    torque = landscape.largest(point.gradient)
    tau = 0.01 / np.maximum(torque, 1e-3)
    patience = Patience(torque, state.m.dtype)
    lost = active = everything[:0]
    for count in range(max_steps + 1):
        active = np.flatnonzero(torque > max_torque)
        if not active.size:
            return torque
        lost = patience.lost(torque, active)
        if count == max_steps or lost.size:
            break
        now = _Point(*(values[active] for values in point))
        turned = landscape.turned(now.m, now.gradient, np.minimum(tau[active], 1 / torque[active]))
        tried = _evaluate(landscape, turned, state.t[active], active)
        state.evaluations[active] += 1
        lowered = _energy_change(landscape, now, tried, active) <= 0
        tau[active[~lowered]] *= 0.25
        taken = active[lowered]
        state.rejected[active[~lowered]] += 1
        if taken.size:
            tau[taken] = _next_length(landscape, now, tried, lowered, taken, tau[taken], even=count % 2 == 0)
            for values, tried_values in zip(point, tried, strict=True):
                values[taken] = tried_values[lowered]
            state.m[taken] = point.m[taken]
            torque[taken] = landscape.largest(point.gradient[taken])
            state.steps[taken] += 1
        if on_step is not None:
            on_step(torque, point.energy)
    raise not_converged("minimize", torque, count, max_torque, state, lost=lost, active=active)


def _evaluate(landscape: Landscape, m: NDArray, t: NDArray, replicas: NDArray[np.intp]) -> _Point:
    B, energy = landscape.total_energy(m, t, replicas)
    return _Point(m, landscape.gradient(m, B), energy)


def _energy_change(landscape: Landscape, old: _Point, new: _Point, replicas: NDArray[np.intp]) -> NDArray:
    """Return E(new) − E(old) [J], (n,), also where the difference drowns in the rounding of the energies.

    For small steps the trapezoidal rule on the part of B across m replaces the difference: ∫ Ms Δm·(g + g')/2 dV
    with g = m × (m × B). It is good to third order in Δm, and free of the field along m, whose rounding would hide
    the change near the minimum.
    """
    moved = new.m - old.m
    trapezoid = landscape.inner(moved, (old.gradient + new.gradient) / 2, replicas)
    return np.where(landscape.largest(moved) < 1e-3, trapezoid, new.energy - old.energy)


def _next_length(
    landscape: Landscape, old: _Point, new: _Point, rows: NDArray, replicas: NDArray, tau: NDArray, *, even: bool
) -> NDArray:
    """Return the next step [1/T] of the replicas that moved; four times the last where the energy curves down."""
    moved, change = (new.m - old.m)[rows], (new.gradient - old.gradient)[rows]
    curvature = landscape.inner(moved, change, replicas)
    convex = curvature > 0
    safe = np.where(convex, curvature, 1)
    if even:
        length = landscape.inner(moved, moved, replicas) / safe
    else:
        length = curvature / np.where(convex, landscape.inner(change, change, replicas), 1)
    return np.where(convex, length, 4 * tau)
