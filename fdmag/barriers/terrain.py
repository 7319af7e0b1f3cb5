"""The energy of one replica of a simulation, for any number of states at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError, SolverError
from fdmag.simulation import Simulation


class ReplicaEnergy:
    """Energies and gradients of many states of one replica; what `find_path` and `minimize` ask of a magnet.

    Parameters
    ----------
    simulation : Simulation
        Its parameters count as they are now, at its time; its m does not.
    replica : int

    Attributes
    ----------
    weights : array (nz, ny, nx)
        Share of each cell in the moment that can move.
    moment : float
        ∫ Ms dV over the cells that can move [J/T].
    evaluations : int
        States whose field was worked out.

    Raises
    ------
    ParameterError
        If there is no such replica, or nothing that can move.
    SolverError
        If a term has no energy, and is no torque whose current is 0.
    """

    def __init__(self, simulation: Simulation, replica: int = 0) -> None:
        if not 0 <= replica < simulation.batch:
            raise ParameterError(f"replica = {replica}; the simulation has 0 to {simulation.batch - 1}")
        terms = simulation.terms
        if without := [
            name for name, term in terms.items() if not (term.has_energy() or term.stochastic or _idle(term))
        ]:
            raise SolverError(
                f"barrier: {', '.join(without)} derives from no energy, and there is no barrier without one; let no "
                "current flow in it, or leave it out, and use run with a thermal term for rates under a current"
            )
        self.simulation = simulation
        self.replica = replica
        self._magnet = magnet = simulation.magnet
        self._t = float(simulation.t[replica])
        self.evaluations = 0
        Ms, frozen = (
            np.broadcast_to(value[replica if len(value) > 1 else 0, 0], simulation.mesh.shape)
            for value in (magnet.material.Ms.base, magnet.material.frozen.base)
        )
        moving = np.where(frozen == 0, Ms, 0.0)
        if not moving.any():
            raise ParameterError("barrier: no cell has Ms > 0 and is not frozen; nothing can move")
        self.weights = moving / moving.sum()
        self.moment = float(moving.sum()) * simulation.mesh.cell_volume

    @property
    def magnetic(self) -> NDArray[np.bool_]:
        """Where Ms > 0, (nz, ny, nx)."""
        magnetic = self.simulation.magnetic
        return magnetic[self.replica if len(magnetic) > 1 else 0]

    def evaluate(self, m: NDArray) -> tuple[NDArray, NDArray[np.float64]]:
        """Return m × (m × B) [T] and the energies [J], (n,), of states (n, 3, nz, ny, nx)."""
        B, energy = self.total_energy(m, np.full(len(m), self._t))
        return self.gradient(m, B), energy

    def energies(self, m: NDArray) -> dict[str, NDArray[np.float64]]:
        """Return the energies [J] of every term that has one, (n,), by name."""
        context = self._magnet.context(np.full(len(m), self._t), self._rows(m))
        return self._magnet.field_and_energies(m, context)[1]

    def total_energy(
        self, m: NDArray, t: NDArray, replicas: NDArray[np.intp] | None = None
    ) -> tuple[NDArray, NDArray[np.float64]]:
        """Return B [T] and the total energies [J], (n,)."""
        self.evaluations += len(m)
        return self._magnet.total_energy(m, t, self._rows(m))

    def inner(self, a: NDArray, b: NDArray, replicas: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Return the mean of a·b over the moment that can move, (n,), of vectors that vanish elsewhere."""
        a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
        return self._magnet.inner(a, b, self._rows(a)) / self.moment

    def gradient(self, m: NDArray, B: NDArray) -> NDArray:
        """Return m × (m × B) [T]."""
        return self._magnet.gradient(m, B)

    def turned(self, m: NDArray, gradient: NDArray, steps: NDArray[np.float64]) -> NDArray:
        """Return m turned against a gradient: see `fdmag.solvers.llg.turned`."""
        return self._magnet.turned(m, gradient, steps)

    def largest(self, vectors: NDArray) -> NDArray[np.float64]:
        """Return the largest |v| over the cells of each row, (n,)."""
        return self._magnet.largest(np.ascontiguousarray(vectors))

    def _rows(self, m: NDArray) -> NDArray[np.intp]:
        return np.full(len(m), self.replica, np.intp)


def _idle(term: Any) -> bool:
    """Return whether a torque has no current, and so no field."""
    J = getattr(term, "J", None)
    return J is not None and J.constant and not J.base.any()
