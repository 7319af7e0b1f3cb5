"""Resistance and current of the junctions that tunnel torques act in."""

import numpy as np
from numpy.typing import NDArray

from fdmag.analytic.tunnel_junction import conductance_per_area
from fdmag.simulation import Simulation
from fdmag.terms import TunnelTorque
from fdmag.terms.tunnel_torque import TunnelTorqueLayers


def conductance(simulation: Simulation, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return conductance [S] and voltage [V] of a tunnel torque's junction, (batch,), without leads.

    In each column of cells the one of the free layer (P not 0) that is nearest to the reference layer is read, with
    its own RA_P, TMR and V_h; the columns conduct in parallel. The voltage is the mean over them.

    Parameters
    ----------
    simulation : Simulation
    name : str
        Of a term that is a `fdmag.terms.TunnelTorque`.
    """
    term, mesh, m = simulation.terms[name], simulation.mesh, simulation.m
    assert isinstance(term, TunnelTorque)
    batch, cells = m.shape[0], mesh.shape

    def now(quantity: str) -> NDArray[np.float64]:
        """Return a parameter in every cell, (batch, components, nz, ny, nx)."""
        values = getattr(term, quantity).at(simulation.t)
        return np.broadcast_to(values, (batch, values.shape[1], *cells))

    free = (now("P")[:, 0] != 0) & simulation.magnetic
    if isinstance(term, TunnelTorqueLayers):
        down, up = now("below")[:, 0], now("above")[:, 0]
        distance = np.where(down > 0, down, np.where(up > 0, up, np.inf))
        partner = np.arange(cells[0])[:, None, None] + np.where(down > 0, -down, up)
        p = np.take_along_axis(m, partner[:, None].astype(int), axis=2)
    else:
        height = np.broadcast_to(np.arange(1.0, cells[0] + 1)[:, None, None], (batch, *cells))
        distance = np.where(now("side")[:, 0] < 0, height, cells[0] + 1 - height)
        p = now("p")
    distance = np.where(free, distance, np.inf)
    nearest = np.argmin(distance, axis=1)[:, None]
    read = np.isfinite(np.take_along_axis(distance, nearest, axis=1))
    V = now("voltage")[:, 0]
    per_area = conductance_per_area((m * p).sum(axis=1), V, *(now(key)[:, 0] for key in ("RA_P", "TMR", "V_h")))
    # Smooth edges divide RA_P by the share of the volume; what conducts is that of the cross-section.
    full = simulation.weights
    per_area = per_area * np.where(full > 0, simulation.covered(2) / np.where(full > 0, full, 1), 0)
    dx, dy, _ = mesh.cell_size
    total, voltage = (
        np.where(read, np.take_along_axis(values, nearest, axis=1), 0).sum(axis=(1, 2, 3)) for values in (per_area, V)
    )
    return total * dx * dy, voltage / np.maximum(read.sum(axis=(1, 2, 3)), 1)
