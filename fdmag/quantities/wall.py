"""Domain walls across x: position, width, angle and velocity, from the profile of m along x."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fdmag.mesh import Mesh

ACROSS = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}
"""The components that the angle of a wall is measured in, for each component that changes sign across it."""

SMALLEST_CHANGE = 0.5
"""Least variation of a component along x that is taken for a wall, not for ripple or noise."""


class Wall(NamedTuple):
    """One wall in each replica; NaN where there is none.

    Attributes
    ----------
    position : array (batch,) [m]
    width : array (batch,) [m]
        The parameter Δ of the profile tanh((x − position)/Δ).
    angle : array (batch,) [rad]
        Direction of m inside the wall, from −π to π.
    velocity : array (batch,) [m/s]
        d position/dt, given dm/dt; otherwise NaN.
    """

    position: NDArray[np.float64]
    width: NDArray[np.float64]
    angle: NDArray[np.float64]
    velocity: NDArray[np.float64]


def profile(values: NDArray, weights: NDArray) -> NDArray[np.float64]:
    """Return the mean over the magnet of each plane across x, (batch, 3, nx); NaN where a plane has none.

    Parameters
    ----------
    values : array (batch, 3, nz, ny, nx)
    weights : array (batch | 1, nz, ny, nx)
        How much of each cell is magnet.
    """
    volume = weights.sum(axis=(1, 2))[:, None]
    total = (values * weights[:, None]).sum(axis=(2, 3), dtype=np.float64)
    return np.where(volume > 0, total / np.where(volume > 0, volume, 1), np.nan)


def changing_component(along: NDArray) -> NDArray[np.intp]:
    """Return which component of a profile (batch, 3, nx) is that of domains, (batch,).

    It is the one whose range times mean square is largest. The range alone would take the ends of a film with DMI,
    where m tilts to either side, for the domains of a wall in the middle.
    """
    return np.argmax(np.maximum(_range(along), 0) * np.square(np.nan_to_num(along)).mean(axis=-1), axis=1)


def wall_count(along: NDArray, mesh: Mesh, component: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return how often the component of a profile (batch, 3, nx) changes sign along x, (batch,).

    Where it varies by less than `SMALLEST_CHANGE` along x there is no wall.
    """
    u = np.take_along_axis(along, component[:, None, None], axis=1)[:, 0]
    return _crossings(u, mesh).sum(axis=1)


def find_wall(
    along: NDArray, mesh: Mesh, component: NDArray[np.intp], number: int = 1, rate: NDArray | None = None
) -> Wall:
    """Return the wall number ``number``, counted from 1 at the lowest x.

    Between the two cells where the component m_a changes sign, atanh m_a is linear in x: position, width and velocity
    are exact for the profile ±tanh((x − position)/Δ), whatever the cell size. Where the wall is tilted or curved they
    are those of the mean over its cross-section.

    Parameters
    ----------
    along : array (batch, 3, nx)
        Profile of m.
    component : int array (batch,)
        a: 0, 1 or 2 for x, y, z. The angle is from y to z, from z to x, or from x to y, in this order of components.
    number : int
    rate : array (batch, 3, nx) [1/s], optional
        Profile of dm/dt.
    """
    batch, rows = along.shape[0], np.arange(along.shape[0])
    u = along[rows, component]
    crosses = _crossings(u, mesh)
    place = np.argmax(np.cumsum(crosses, axis=1) == number, axis=1)
    missing = crosses.sum(axis=1) < number
    following = (place + 1) % u.shape[1]

    edge = 1 - 1e-12
    low, high = (np.clip(u[rows, i], -edge, edge) for i in (place, following))
    before, after = np.arctanh(low), np.arctanh(high)
    step = np.where(missing, 1, after - before)
    dx = mesh.cell_size[0]
    fraction = -before / step
    found = {"position": mesh.x[0, 0][place] + dx * fraction, "width": np.abs(dx / step)}
    pairs = np.array(list(ACROSS.values()))[component]
    inside = [
        along[rows, pairs[:, k], place] * (1 - fraction) + along[rows, pairs[:, k], following] * fraction
        for k in (0, 1)
    ]
    found["angle"] = np.arctan2(inside[1], inside[0])
    if rate is None:
        found["velocity"] = np.full(batch, np.nan)
    else:
        d_before = rate[rows, component, place] / (1 - low**2)
        d_after = rate[rows, component, following] / (1 - high**2)
        found["velocity"] = dx * (before * d_after - d_before * after) / step**2
    return Wall(**{key: np.where(missing, np.nan, value) for key, value in found.items()})


def _range(u: NDArray) -> NDArray[np.float64]:
    """Return the range along the last axis, −∞ where all is NaN."""
    missing = np.isnan(u)
    return np.where(missing, -np.inf, u).max(axis=-1) - np.where(missing, np.inf, u).min(axis=-1)


def _crossings(u: NDArray, mesh: Mesh) -> NDArray[np.bool_]:
    """Return where the sign of u (batch, nx) changes to the next cell; the last cell's next is the first."""
    positive, there = u > 0, ~np.isnan(u)
    crosses = (positive != np.roll(positive, -1, axis=1)) & there & np.roll(there, -1, axis=1)
    crosses &= (_range(u) >= SMALLEST_CHANGE)[:, None]
    if not mesh.periodic[0]:
        crosses[:, -1] = False
    return crosses
