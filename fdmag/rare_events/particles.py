"""What splitting works on: trajectories that can go on, be scored, and be copied."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError
from fdmag.macrospin import MacrospinEnsemble
from fdmag.parameter import PerReplica
from fdmag.quantities import Catalogue, Column
from fdmag.simulation import Simulation

Score = Callable[[Any], ArrayLike]


class Particles(Protocol):
    """Trajectories in independent groups of equal size.

    Attributes
    ----------
    shape : (groups, n)
    """

    shape: tuple[int, int]

    def advance(self, duration: float) -> None:
        """Let all go on for ``duration`` [s], each with noise that no other has, nor itself had before."""

    def score(self) -> NDArray[np.float64]:
        """Return how far each has come on its way to the rare event, (groups, n)."""

    def copy(self, sources: NDArray[np.intp]) -> None:
        """Let each go on from where another of its group is, (groups, n)."""


class SimulationParticles:
    """The replicas of a `fdmag.Simulation` with a thermal term, in ``groups``; replica g n + k is the kth of group g.

    Each replica keeps its own noise, whomever's m it takes over: a copy parts from its original with the next step.

    Parameters
    ----------
    simulation : Simulation
        Its replicas must not differ in any parameter, nor have equal streams of noise, and stand at one time.
    score : str, Column or callable
        A column by name, or a function of the simulation that returns (batch,); higher is nearer to the rare event.
    groups : int
        The batch is a multiple of it.
    sign : 1 or -1
        What the score is multiplied by: -1 where lower is nearer.
    **options
        Of `Simulation.run`, such as ``dt``.

    Raises
    ------
    ParameterError
    """

    def __init__(
        self, simulation: Simulation, score: str | Column | Score, groups: int, *, sign: int = 1, **options: Any
    ) -> None:
        if groups < 1 or simulation.batch % groups:
            raise ParameterError(f"groups = {groups}; allowed: a divisor of the {simulation.batch} replicas")
        if varying := [each.where for each in simulation.parameters() if each.batch > 1 and _given(each.where)]:
            raise ParameterError(
                f"splitting: {varying[0]} differs between replicas, but a replica goes on from another's state; "
                "give one value for all"
            )
        for name, term in simulation.terms.items():
            numbers = getattr(term, "first_replica", 0)
            if isinstance(numbers, PerReplica) and len(set(numbers.values)) < numbers.count:
                raise ParameterError(f"splitting: {name}.first_replica has a number twice; copies would stay together")
        if not any(term.noisy for term in simulation.terms.values()):
            raise ParameterError("splitting: without noise copies would stay together; add a thermal term with T > 0 K")
        self.shape = groups, simulation.batch // groups
        self.simulation, self._options, self._sign = simulation, options, sign
        self._score: Score
        if callable(score) and not isinstance(score, Column):
            self._score = score
        else:
            (column,) = Catalogue.of(simulation).columns([score])
            self._score = column.evaluate

    def advance(self, duration: float) -> None:
        """Let all replicas go on for ``duration`` [s]."""
        self.simulation.run(duration, **self._options)

    def score(self) -> NDArray[np.float64]:
        """Return the scores, (groups, n)."""
        values = np.asarray(self._score(self.simulation), dtype=np.float64)
        if values.shape != (self.simulation.batch,):
            raise ParameterError(f"score: came an array of shape {values.shape}; needed: ({self.simulation.batch},)")
        return self._sign * values.reshape(self.shape)

    def copy(self, sources: NDArray[np.intp]) -> None:
        """Let each replica take over the m of another of its group, (groups, n)."""
        groups, n = self.shape
        self.simulation.take_over((sources + n * np.arange(groups)[:, None]).ravel())


class MacrospinParticles:
    """The trajectories of a `fdmag.macrospin.MacrospinEnsemble` with m of shape (groups, n, 3).

    Parameters
    ----------
    ensemble : MacrospinEnsemble
        Its parameters must not differ within a group.
    score : array_like (3,) or callable
        A direction: the score is m along it; or a function of m (groups, n, 3) that returns (groups, n).
    dt : float [s]
        Step.
    """

    def __init__(self, ensemble: MacrospinEnsemble, score: ArrayLike | Score, dt: float) -> None:
        if len(ensemble.shape) != 2:
            raise ParameterError(f"m has shape {(*ensemble.shape, 3)}; needed: (groups, n, 3)")
        self.shape = ensemble.shape[0], ensemble.shape[1]
        self.ensemble, self._dt = ensemble, dt
        if callable(score):
            self._score = score
        else:
            along = np.asarray(score, dtype=np.float64)
            self._score = lambda m: m @ along

    def advance(self, duration: float) -> None:
        """Let all trajectories go on for ``duration`` [s]."""
        self.ensemble.run(duration, self._dt)

    def score(self) -> NDArray[np.float64]:
        """Return the scores, (groups, n)."""
        return np.asarray(self._score(self.ensemble.m), dtype=np.float64)

    def copy(self, sources: NDArray[np.intp]) -> None:
        """Let each trajectory take over the m of another of its group, (groups, n)."""
        self.ensemble.take_over(sources)


def _given(where: str) -> bool:
    """Return whether a parameter is one that a user gives, not what the thermal term derives from the step."""
    return not where.startswith("thermal.") or where == "thermal.T"
