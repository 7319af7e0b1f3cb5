"""The Landau–Lifshitz–Gilbert equation linearised about a state, in the planes across m, one operator for all terms."""

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError, SolverError
from fdmag.simulation import Simulation
from fdmag.terms import Context

STENCIL = ((1, 45 / 60), (2, -9 / 60), (3, 1 / 60))
STEP = 1 / 128
"""Of the differences for terms not linear in m: exact for polynomials up to degree 6; for others the error of order
STEP⁶ and the rounding, 1e-16/STEP, are both near 1e-13."""
LINEAR = 1e-12
"""Largest deviation from additivity, relative to the field, of a term that counts as linear."""


def moving_cells(simulation: Simulation) -> int:
    """Return how many cells have Ms > 0 and no frozen spin, in the replica that has the fewest."""
    free = simulation.magnet.material.frozen.base[:, 0] == 0
    return int((simulation.magnetic & free).sum(axis=(1, 2, 3)).min())


class Linearised:
    """The motion of small deviations from the state of one replica.

    With m = m0 + v, v across m0, and B(m0) = b0 m0, the equation of motion is to first order ::

        dv/dt = γ/(1+α²) (m0 × Hv − α Hv),   Hv = b0 v − P (dB/dm) v,

    P projecting on the plane across m0. In coordinates along e1 and e2, m0 = e1 × e2, scaled by sqrt(Ms/G) with
    G = γ/(1+α²), this is ``dy/dt = (J − α) K y``: J turns every cell's y by a right angle, and K [rad/s] is symmetric
    if all terms derive from an energy, positive where it has a minimum. A current makes K unsymmetric.

    Cells without magnetisation or with frozen spins have no coordinates.

    Parameters
    ----------
    simulation : Simulation
        In double precision.
    replica : int
    max_torque : float [T]
        Largest |m × B| of what counts as an equilibrium.

    Raises
    ------
    ParameterError
        For a replica that is not there, single precision, or no cell that can move.
    SolverError
        If the state is no equilibrium.

    Source: M. d'Aquino et al., J. Comput. Phys. 228, 6130 (2009), whose A0 is the H here.
    """

    def __init__(self, simulation: Simulation, replica: int = 0, max_torque: float = 1e-4) -> None:
        if not 0 <= replica < simulation.batch:
            raise ParameterError(f"replica = {replica}; allowed: 0 to {simulation.batch - 1}")
        if simulation.backend.dtype != np.float64:
            raise ParameterError("eigenmodes need double precision; came float32: give precision float64")
        self.magnet, self.mesh, self.replica = simulation.magnet, simulation.mesh, replica
        self.evaluations = 0
        self._t = float(simulation.t[replica])
        self.m = simulation.m[replica]
        context = self._context(1)
        Ms, rate, alpha = (
            np.array(np.broadcast_to(context.value(given), (1, 1, *self.mesh.shape))[0, 0])
            for given in (self.magnet.material.Ms, self.magnet.material.rate, self.magnet.material.alpha)
        )
        self.moving = (Ms > 0) & (rate > 0)
        self._everywhere = bool(self.moving.all())
        if not self.moving.any():
            raise ParameterError("eigenmodes: no cell has Ms > 0 and is free to move")
        B = self._evaluate(self.m[None])[0]
        self.torque = float(np.sqrt((np.cross(self.m, B, axis=0) ** 2).sum(axis=0))[self.moving].max())
        if not self.torque <= max_torque:
            raise SolverError(
                f"eigenmodes: max |m × B| is {self.torque:.3g} T, and {max_torque:.3g} T at most is allowed: the state "
                "is no equilibrium. Relax or minimize before, with a max_torque of 1e-7 T for accurate frequencies"
            )
        m = self.m[:, self.moving]
        self.e1, self.e2 = tangents(m)
        self.alpha = alpha[self.moving]
        self.unit = float(rate[self.moving].mean())
        self.rate = rate[self.moving] / (1 + self.alpha**2)
        self.along = self.rate * (m * B[:, self.moving]).sum(axis=0)
        self._to_v = np.stack([self.e1, self.e2]) * np.sqrt(self.rate / Ms[self.moving])
        self._from_B = np.stack([self.e1, self.e2]) * np.sqrt(self.rate * Ms[self.moving])
        self._split_terms()

    @property
    def size(self) -> int:
        """Number of coordinates, two for each cell that moves."""
        return 2 * self.e1.shape[1]

    def stiffness(self, y: NDArray[np.float64], names: list[str] | None = None) -> NDArray[np.float64]:
        """Return K y [rad/s] of each row; with ``names`` only what the fields of these terms change."""
        dB = self._moved(self._response(self.vectors(y), names))
        K = -np.stack([(axis * dB).sum(axis=1) for axis in self._from_B], axis=1)
        if names is None:
            K += self.along * y.reshape(K.shape)
        return K.reshape(y.shape)

    def field_of(self, m: NDArray[np.float64], names: list[str]) -> NDArray[np.float64]:
        """Return the fields [T] of some terms, for m (n, 3, nz, ny, nx), in the cells that move, (n, 3, size / 2)."""
        return self._moved(self._evaluate(m, names))

    def vectors(self, y: NDArray) -> NDArray:
        """Return v, (n, 3, nz, ny, nx), of coordinates (n, size), real or complex; zero in cells that do not move."""
        parts = y.reshape(len(y), 2, 1, -1)
        moved = self._to_v[0] * parts[:, 0]
        moved += self._to_v[1] * parts[:, 1]
        if self._everywhere:
            return moved.reshape(len(y), 3, *self.mesh.shape)
        v = np.zeros((len(y), 3, *self.mesh.shape), y.dtype)
        v[:, :, self.moving] = moved
        return v

    def _moved(self, B: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values in the cells that move, (n, 3, size / 2)."""
        return B.reshape(len(B), 3, -1) if self._everywhere else B[:, :, self.moving]

    def local_names(self) -> tuple[list[str], list[str]]:
        """Return the names of the terms whose field depends on near cells, and of those where it does on all."""
        far = [name for name, term in self.magnet.terms.items() if term.name == "demag"]
        return [name for name in self.magnet.terms if name not in far], far

    def _response(self, v: NDArray[np.float64], names: list[str] | None) -> NDArray[np.float64]:
        """Return (dB/dm) v [T]; v is scaled to length 1, that of m, so that constant fields cost no digits."""
        length = np.sqrt(np.square(v).sum(axis=1).max(axis=(1, 2, 3)))[:, None, None, None, None]
        length[length == 0] = 1
        v = v / length
        if names is None and not self._curved:
            total = self._evaluate(v)
            total -= self._constant
            total *= length
            return total
        chosen = list(self.magnet.terms) if names is None else names
        straight, curved = ([name for name in chosen if (name in self._curved) == bent] for bent in (False, True))
        total = np.zeros_like(v)
        if straight:
            total += self._evaluate(v, straight) - self._evaluate(np.zeros_like(v[:1]), straight)
        for distance, weight in STENCIL if curved else ():
            change = distance * STEP * v
            difference = self._evaluate(self.m + change, curved) - self._evaluate(self.m - change, curved)
            total += weight / STEP * difference
        return total * length

    def _split_terms(self) -> None:
        """Find the terms that are not linear in m."""
        self._curved = {name for name, term in self.magnet.terms.items() if not self._linear(name, term.degree)}
        self._constant = self._evaluate(np.zeros_like(self.m)[None])

    def _linear(self, name: str, degree: int | None) -> bool:
        if degree in (1, 2):
            return True
        rng = np.random.default_rng(0)
        a, b = (rng.uniform(-0.3, 0.3, self.m.shape) * self.moving for _ in range(2))
        whole, one, other, none = self._evaluate(np.stack([a + b, a, b, np.zeros_like(a)]), [name])
        return bool(np.abs(whole - one - other + none).max() <= LINEAR * np.abs(whole).max())

    def _evaluate(self, m: NDArray[np.float64], names: list[str] | None = None) -> NDArray[np.float64]:
        self.evaluations += len(m)
        return self.magnet.field(np.ascontiguousarray(m), self._context(len(m)), names)

    def _context(self, rows: int) -> Context:
        return self.magnet.context(np.full(rows, self._t), np.full(rows, self.replica))


def tangents(m: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return unit vectors e1 and e2, each (3, n), with e1 × e2 = m for unit vectors m (3, n)."""
    least = np.eye(3)[np.abs(m).argmin(axis=0)].T
    e1 = np.cross(least, m, axis=0)
    e1 /= np.sqrt((e1**2).sum(axis=0))
    return e1, np.cross(m, e1, axis=0)
