"""Whether m turns too fast from cell to cell to be told apart from the lattice of cells."""

from typing import Any

import numpy as np

from fdmag.quantities.texture import neighbour_angles
from fdmag.simulation import Simulation
from fdmag.terms import Exchange

SHARP = np.radians(40)
"""Angle between exchange-coupled neighbours from which the lattice holds what is so sharp.

A wall with D = 0 on cells of 0.5, 0.7, 0.8 and 1 times its Δ has at most 30, 45, 54 and 84 degrees, and is held by
1e-5, 0.0016, 0.007 and 0.06 of the anisotropy field. The core of a vortex in permalloy has 50 degrees on cells of
5 nm, and its frequency there is 0.6 to 1.3 times that on fine cells, depending on where between the cells it is; with
24 degrees, on cells of 2.5 nm, it is the same within 1 %.
"""


def sharp_texture(simulation: Simulation) -> tuple[int, float] | None:
    """Return the replica with the largest angle [rad] between neighbours, and this angle, if it is above `SHARP`.

    Neighbours count that have exchange, and are on no border for which an entry of ``between`` says something else.
    With a thermal field there is nothing to tell: its noise turns neighbours by as much as they are small.

    >>> from fdmag import Mesh
    >>> from fdmag.initial import wall
    >>> mesh = Mesh((20, 1, 1), (5e-9, 5e-9, 1e-9))
    >>> track = Simulation(mesh, [Exchange(A=1e-11)], Ms=8e5, m=wall(mesh, width=5e-9))
    >>> replica, angle = sharp_texture(track)
    >>> print(replica, f"{np.degrees(angle):.0f} deg")
    0 55 deg
    >>> track.m = wall(mesh, width=15e-9)
    >>> print(sharp_texture(track))
    None
    """
    terms: dict[str, Any] = simulation.terms
    exchanges = [term for term in terms.values() if isinstance(term, Exchange)]
    if not exchanges or any(term.stochastic for term in terms.values()):
        return None
    numbers = simulation.regions.numbers
    largest = np.zeros(simulation.batch)
    for axis, angle in neighbour_angles(simulation.m, simulation.mesh):
        coupled = np.zeros((1, *simulation.mesh.shape), dtype=bool)
        for exchange in exchanges:
            A = np.broadcast_to(exchange.A.base[:, 0] > 0, (len(exchange.A.base), *simulation.mesh.shape))
            pairs = A & np.roll(A, -1, axis=3 - axis)
            if exchange.between:
                pairs = pairs & (numbers == np.roll(numbers, -1, axis=2 - axis))
            coupled = coupled | pairs
        np.maximum(largest, (angle * coupled).max(axis=(1, 2, 3)), out=largest)
    replica = int(np.argmax(largest))
    return (replica, float(largest[replica])) if largest[replica] > SHARP else None


def sharpness_told(simulation: Simulation) -> str:
    """Return a warning if m is sharp, or ""."""
    found = sharp_texture(simulation)
    if found is None:
        return ""
    replica, angle = found
    where = f"m of replica {replica}" if simulation.batch > 1 else "m"
    return (
        f"{where} turns by up to {np.degrees(angle):.0f} degrees from cell to cell: the lattice of cells pins what "
        "is so sharp, and changes its frequencies and its energy; take smaller cells (docs/results.md, How fine the "
        "cells must be)"
    )
