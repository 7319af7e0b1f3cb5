"""The part of a magnet that oscillates: its mean m, its moment, and where a torque balances its damping."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.devices.oscillator_orbit import across
from fdmag.simulation import Simulation

__all__ = ["FreeLayer"]

DIRECTIONS = 16
"""Points of an orbit at which its torque is worked out."""


class FreeLayer:
    """The cells of a simulation that oscillate.

    Parameters
    ----------
    simulation : Simulation
    region : str, optional
        By default all of the magnet.
    """

    def __init__(self, simulation: Simulation, region: str | None = None) -> None:
        self.simulation = simulation
        self.cells = None if region is None else simulation.regions.mask(region)
        moment = simulation.magnet.material.Ms.base[:, 0] * self._only(simulation.weights)
        self.moment = moment / moment.sum(axis=(1, 2, 3), keepdims=True)
        """Share of the moment that is in each cell, (batch | 1, nz, ny, nx)."""

    def _only(self, weights: NDArray) -> NDArray[np.float64]:
        return weights if self.cells is None else weights * self.cells

    def mean_m(self) -> NDArray[np.float64]:
        """Return the mean of m, (batch, 3)."""
        if self.cells is None:
            return self.simulation.average_m()
        weights = self._only(self.simulation.weights)[:, None]
        return (self.simulation.m * weights).sum(axis=(2, 3, 4)) / weights.sum(axis=(2, 3, 4))

    def area(self) -> NDArray[np.float64]:
        """Return the area seen along z [m²], (batch | 1,)."""
        dx, dy, _ = self.simulation.mesh.cell_size
        return self._only(self.simulation.covered(2)).max(axis=1).sum(axis=(1, 2)) * dx * dy

    def tilt(self, axes: NDArray, angle: float) -> None:
        """Turn m by an angle [rad], about a direction across the axis (batch, 3) of each replica."""
        m = self.simulation.m
        k = across(axes)[1].reshape(*axes.shape, 1, 1, 1)
        along = (k * m).sum(axis=1, keepdims=True)
        turned = m * np.cos(angle) + np.cross(k, m, axis=1) * np.sin(angle) + k * along * (1 - np.cos(angle))
        self.simulation.m = turned if self.cells is None else np.where(self.cells, turned, m)

    def mean(self, parameter: Any) -> NDArray[np.float64]:
        """Return the mean of a parameter of one component, weighted by the moment, (batch,)."""
        shape = (self.simulation.batch, *self.simulation.mesh.shape)
        return (np.broadcast_to(parameter.at(self.simulation.t)[:, 0], shape) * self.moment).sum(axis=(1, 2, 3))

    def balance(self, term: str, axes: NDArray, cosine: NDArray) -> NDArray[np.float64]:
        """Return the frequency [Hz] at which the torque of a term puts in what damping takes out, (batch,).

        γ ⟨B · φ⟩/(2π α sin θ) of a rigid m on the circle at the angle θ from the axis, φ along the circle: damping
        takes out α (2π f sin θ)²/γ, and the torque puts in 2π f sin θ ⟨B · φ⟩. Exact for a system that is symmetric
        about the axis.

        Parameters
        ----------
        term : str
        axes : array (batch, 3)
        cosine : array (batch,)
            cos θ.
        """
        simulation, magnet = self.simulation, self.simulation.magnet
        backend, context = simulation.backend, magnet.context(simulation.t)
        cosine = np.clip(cosine, -1 + 1e-12, 1 - 1e-12)
        sine = np.sqrt(1 - cosine**2)
        e1, e2 = across(axes)
        shape = (simulation.batch, 3, *simulation.mesh.shape)
        now = simulation.m
        cells = simulation.magnetic[:, None] if self.cells is None else simulation.magnetic[:, None] & self.cells
        total = np.zeros(simulation.batch)
        for angle in 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS:
            m = cosine[:, None] * axes + sine[:, None] * (np.cos(angle) * e1 + np.sin(angle) * e2)
            rigid = np.where(cells, np.broadcast_to(m[:, :, None, None, None], shape), now)
            B = backend.to_numpy(magnet.field(backend.xp.asarray(rigid, dtype=backend.dtype), context, [term]))
            mean = (B * self.moment[:, None]).sum(axis=(2, 3, 4))
            total += (mean * (np.cos(angle) * e2 - np.sin(angle) * e1)).sum(axis=1)
        gamma, alpha = self.mean(magnet.material.gamma), self.mean(magnet.material.alpha)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.abs(gamma * total / DIRECTIONS / (2 * np.pi * alpha * sine))
