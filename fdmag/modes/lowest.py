"""Eigenmodes of a simulation about the equilibrium it is in."""

from typing import Literal

import numpy as np

from fdmag.errors import ParameterError, did_you_mean
from fdmag.modes.linearised import Linearised
from fdmag.modes.near_field import near_stiffness
from fdmag.modes.result import Modes, in_phase
from fdmag.simulation import Simulation
from fdmag.solvers.eigenmodes import LinearMotion, dense_eigenpairs, eigenpairs

MAX_TORQUE = 1e-4
"""Largest |m × B| [T] of what counts as an equilibrium."""
DENSE = 600
"""Up to this many coordinates, two for each cell, the whole matrix is computed."""
METHODS = ("auto", "dense", "iterative")


def eigenmodes(
    simulation: Simulation,
    count: int = 10,
    *,
    replica: int = 0,
    max_torque: float = MAX_TORQUE,
    method: Literal["auto", "dense", "iterative"] = "auto",
) -> Modes:
    """Return the lowest modes of the Landau–Lifshitz–Gilbert equation linearised about the state.

    All terms take part with the parameters of now: the stray field of the deviation, spin torques, and damping, which
    is not approximated. The simulation is not changed.

    Parameters
    ----------
    simulation : Simulation
        In equilibrium: call ``minimize(1e-7)`` or ``relax(1e-7)`` before. In double precision.
    count : int
        How many: those whose eigenvalues are nearest to zero.
    replica : int
    max_torque : float [T]
        Refuse a state whose max |m × B| is larger. The error of frequencies is of the order of the torque, relative to
        the field that makes them.
    method : "auto", "dense" or "iterative"
        Dense: the whole matrix and all its eigenvalues, for some thousand cells at most. Iterative: ARPACK with
        matrix-free inner solutions. auto: dense up to 300 cells.

    Raises
    ------
    ParameterError
        For a count or replica out of range, or single precision.
    SolverError
        If the state is no equilibrium, or the iteration does not converge.

    Examples
    --------
    Kittel's frequency of a film, γ sqrt[B (B + µ0 Ms)]/2π:

    >>> import fdmag
    >>> from fdmag.terms import Demag, Zeeman
    >>> mesh = fdmag.Mesh((1, 1, 1), (5e-9, 5e-9, 2e-9), periodic=(True, True, False))
    >>> film = fdmag.Simulation(mesh, [Demag(), Zeeman(B=(0.1, 0, 0))], Ms=8e5, alpha=1e-3, m=(1, 0, 0))
    >>> modes = eigenmodes(film, count=1)
    >>> print(f"{modes.frequencies[0] / 1e9:.3f} GHz, 1/e after {1e9 / modes.damping_rates[0]:.2f} ns")
    9.317 GHz, 1/e after 9.42 ns
    """
    if method not in METHODS:
        raise ParameterError(f'method "{method}"; allowed: {", ".join(METHODS)}{did_you_mean(method, METHODS)}')
    if isinstance(count, bool) or count != int(count) or count < 1:
        raise ParameterError(f"count = {count!r}; allowed: a whole number of at least 1")
    linear = Linearised(simulation, replica, max_torque)
    dense = method == "dense" or (method == "auto" and linear.size <= DENSE)
    motion = LinearMotion(linear.stiffness, linear.alpha, linear.unit)
    if dense:
        values, vectors = dense_eigenpairs(motion, int(count))
    else:
        motion.near, motion.layers = near_stiffness(linear), min(linear.mesh.cells)
        values, vectors = eigenpairs(motion, int(count))
    profiles = np.stack([in_phase(linear.vectors(vector[None])[0]) for vector in vectors])
    return Modes(linear.mesh, linear.m, linear.moving, values, profiles, linear.torque, linear.evaluations)
