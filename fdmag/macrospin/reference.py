"""Steps of an ensemble of macrospins in NumPy: the specification of `kernels/host/macrospin.h`."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fdmag.noise import normals

PARAMETERS = (
    "rate", "alpha", "kick", "Sxx", "Syy", "Szz", "Sxy", "Sxz", "Syz", "Bx", "By", "Bz", "Ax", "Ay", "Az",
    "px", "py", "pz", "a", "q",
)  # fmt: skip
"""In the order of the kernel: γ dt/(1 + α²) [1/T]; α; standard deviation of a component of the thermal field [T]; the
symmetric tensor S [T]; the constant field [T]; the damping-like torques that do not depend on the angle, Σ a p [T]; and
direction, strength [T] and q of the one that does, a/(1 + q m·p)."""
SUMS = 7
"""Of m, of the squares of its components, and how many are at or below the level."""


@dataclass
class Advance:
    """Steps to be made.

    Attributes
    ----------
    values : list of array (rows | 1, trajectories | 1)
        `PARAMETERS`.
    m : array (3, rows, trajectories)
        Changed in place.
    passage : float64 array (rows, trajectories)
        Time [s] at which m·along first was at or below the level, NaN before; changed in place.
    start, dt : float [s]
        Time of the first step, length of each.
    steps, first_step : int
        How many, and the number of the first for the noise.
    along : tuple of three floats
    level : float or None
        None where nothing is watched.
    stops : bool
        Whether a trajectory ends with the step in which it passes the level.
    noisy, asymmetric, fourth_order : bool
        Whether there is a thermal field; whether the torque depends on the angle; RK4 instead of Heun's method.
    seed, first_trajectory : int
    """

    values: list[NDArray]
    m: NDArray
    passage: NDArray[np.float64]
    start: float
    dt: float
    steps: int
    first_step: int
    along: tuple[float, float, float]
    level: float | None
    stops: bool
    noisy: bool
    asymmetric: bool
    fourth_order: bool
    seed: int
    first_trajectory: int


class Stepping(Protocol):
    """What makes steps."""

    def __call__(self, work: Advance) -> NDArray[np.float64]:
        """Make the steps and return the sums over the trajectories of each row, (rows, `SUMS`)."""


def advance(work: Advance) -> NDArray[np.float64]:
    """Make the steps; see `Stepping`."""
    m, rows, trajectories = work.m, *work.m.shape[1:]
    number = work.first_trajectory + np.arange(rows * trajectories).reshape(rows, trajectories)
    before = above(work, m)
    if work.level is not None:
        work.passage[(before <= 0) & np.isnan(work.passage)] = work.start
    moving = np.isnan(work.passage) if work.stops else np.ones(work.passage.shape, dtype=bool)
    for n in range(work.steps):
        if not moving.any():
            break
        noise: NDArray | float = 0.0
        if work.noisy:
            drawn = normals(work.seed, number, work.first_step + n, 0, 0)
            noise = work.values[PARAMETERS.index("kick")] * drawn.astype(m.dtype)
        end = _step(work, m, noise)
        if work.level is not None:
            after = above(work, end)
            passed = (after <= 0) & np.isnan(work.passage)
            fraction = before[passed].astype(float) / (before[passed].astype(float) - after[passed].astype(float))
            work.passage[passed] = work.start + work.dt * (n + fraction)
            before = after
        if work.stops:  # the step that passes is still made
            end = np.where(moving, end, m)
            moving &= np.isnan(work.passage)
        m[...] = end
    wide = m.astype(np.float64)
    return np.stack([*wide.sum(axis=2), *(wide**2).sum(axis=2), (above(work, m) <= 0).sum(axis=1)], axis=1)


def above(work: Advance, m: NDArray) -> NDArray:
    """Return m·along − level, (rows, trajectories)."""
    x, y, z = work.along
    return (x * m[0] + y * m[1] + z * m[2] - (work.level or 0.0)).astype(m.dtype)


def _step(work: Advance, m: NDArray, noise: NDArray | float) -> NDArray:
    k1 = _slope(work, m, noise)
    if work.fourth_order:
        k2 = _slope(work, m + k1 / 2, noise)
        k3 = _slope(work, m + k2 / 2, noise)
        change = (k1 + 2 * (k2 + k3) + _slope(work, m + k3, noise)) / 6
    else:
        change = (k1 + _slope(work, m + k1, noise)) / 2
    end = m + change
    return end / np.sqrt((end**2).sum(axis=0))


def _slope(work: Advance, m: NDArray, noise: NDArray | float) -> NDArray:
    """Return dt dm/dt = −γ dt/(1 + α²) [m × B + α m × (m × B)]."""
    given = dict(zip(PARAMETERS, work.values, strict=True))
    source = [given["Ax"], given["Ay"], given["Az"]]
    if work.asymmetric:
        p = [given["px"], given["py"], given["pz"]]
        strength = given["a"] / (1 + given["q"] * (m[0] * p[0] + m[1] * p[1] + m[2] * p[2]))
        source = [one + strength * component for one, component in zip(source, p, strict=True)]
    x, y, z = m
    S = {axes: given[f"S{axes}"] for axes in ("xx", "yy", "zz", "xy", "xz", "yz")}
    linear = np.stack([
        S["xx"] * x + S["xy"] * y + S["xz"] * z,
        S["xy"] * x + S["yy"] * y + S["yz"] * z,
        S["xz"] * x + S["yz"] * y + S["zz"] * z,
    ])  # fmt: skip
    constant = [given[f"B{axis}"] + 0 * x for axis in "xyz"]
    B = linear + np.stack(constant) + noise - _cross(m, source)
    torque = _cross(m, B)
    return -given["rate"] * (torque + given["alpha"] * _cross(m, torque))


def _cross(a: NDArray, b: NDArray | list[NDArray]) -> NDArray:
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])
