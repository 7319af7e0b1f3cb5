"""A part of the field that is dear and changes slowly: found once a step, and extrapolated in between."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fdmag.solvers.tableau import Tableau

FieldAt = Callable[[NDArray, NDArray[np.float64], NDArray[np.intp] | None], NDArray]
"""Field [T] of (m, t, replicas), as a right-hand side takes them."""


class Past:
    """Which fields of the ends of the last steps are kept, of each replica.

    They go round in ``points`` + 1 places: there is one more for that of an attempt.

    Attributes
    ----------
    points : int
        From how many the field is extrapolated.
    newest, known : int arrays (batch,)
        Place of the newest, and how many there are.
    steps : array (batch, points − 1)
        Lengths of the steps between them [s], the newest first.
    """

    def __init__(self, points: int, batch: int) -> None:
        self.points = points
        self.newest, self.known = np.zeros((2, batch), np.int64)
        self.steps = np.ones((batch, points - 1))

    def begin(self, rows: NDArray[np.intp]) -> None:
        """Know of the present field only."""
        self.known[rows] = 1

    def accept(self, rows: NDArray[np.intp], dt: NDArray[np.float64]) -> None:
        """Take the field of the last attempt, of length ``dt``, as the newest."""
        self.steps[rows] = np.concatenate([dt[:, None], self.steps[rows, :-1]], axis=1)
        self.newest[rows] = self.places(rows, -1)
        self.known[rows] = np.minimum(self.known[rows] + 1, self.points)

    def suffices(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return whether there are as many fields as needed, (n,)."""
        return self.known[rows] == self.points

    def places(self, rows: NDArray[np.intp], age: int) -> NDArray[np.int64]:
        """Return the place of the newest field but ``age``, (n,); −1: that of an attempt."""
        return (self.newest[rows] - age) % (self.points + 1)

    def weights(self, rows: NDArray[np.intp], dt: NDArray[np.float64], c: float) -> NDArray[np.float64]:
        """Return the weights, (points, n), of the fields, the newest first, in the extrapolated one after c dt."""
        return extrapolation(self.steps[rows].T / dt, c)


class SlowField:
    """The slow part of the field of some replicas, in the steps of a method that extrapolates it.

    Stages within a step take the polynomial through the field at the ends of as many last steps as the method says: for
    that part of the field it is an Adams–Bashforth method. The last stage, which is the first of the next step, finds
    the field itself; the difference goes into the error of the step. Where fewer fields are known, in the first steps
    and after a change from outside, every stage finds it.

    Parameters
    ----------
    tableau : Tableau
        A method that ``extrapolates``.
    batch : int
        Replicas of the simulation.
    evaluate : callable
        Returns the field, a new array.

    Sources: E. Hairer, S. P. Nørsett and G. Wanner, Solving ODEs I (Springer, 1993), section III.1; for a dear and slow
    force found less often than a cheap and fast one, M. Tuckerman, B. J. Berne and G. J. Martyna, J. Chem. Phys. 97,
    1990 (1992).
    """

    def __init__(self, tableau: Tableau, batch: int, evaluate: FieldAt) -> None:
        self._c, self._batch, self._evaluate = tableau.c, batch, evaluate
        self._past = Past(tableau.extrapolates, batch)
        self._fields: NDArray | None = None  # (points + 1, batch, 3, nz, ny, nx)

    def at(
        self,
        stage: int,
        rows: NDArray[np.intp],
        dt: NDArray[np.float64] | None,
        m: NDArray,
        t: NDArray[np.float64],
    ) -> NDArray:
        """Return the field [T] at a stage of an attempt, shape of m.

        Parameters
        ----------
        stage : int
            Stage 0 is the present state, and begins anew.
        rows : int array (n,)
            Which replicas.
        dt : array (n,) [s]
            Steps that are tried; None for stage 0.
        m, t : arrays (n, 3, nz, ny, nx), (n,) [s]
            Argument and time of the stage.
        """
        past, last = self._past, len(self._c) - 1
        if stage == 0:
            past.begin(rows)
        if stage in (0, last):
            field = self._found(rows, m, t)
            if self._fields is None:
                self._fields = np.empty((past.points + 1, self._batch, *m.shape[1:]), m.dtype)
            self._fields[past.places(rows, -1 if stage else 0), rows] = field
            self._dt = dt
            return field
        assert dt is not None
        known = past.suffices(rows)
        if not known.any():
            return self._found(rows, m, t)
        field = np.empty_like(m)
        field[known] = self._ahead(rows[known], dt[known], stage)
        if not known.all():
            field[~known] = self._found(rows[~known], m[~known], t[~known])
        return field

    def accept(self, chosen: NDArray[np.intp], accepted: NDArray[np.bool_]) -> None:
        """Keep what the last attempt has found at the end of its step, of the replicas ``chosen``, its ``accepted``."""
        assert self._dt is not None
        self._past.accept(chosen, self._dt[accepted])

    def _found(self, rows: NDArray[np.intp], m: NDArray, t: NDArray[np.float64]) -> NDArray:
        return self._evaluate(m, t, None if rows.size == self._batch else rows)

    def _ahead(self, rows: NDArray[np.intp], dt: NDArray[np.float64], stage: int) -> NDArray:
        assert self._fields is not None
        total = np.zeros_like(self._fields[0, rows])
        for age, weights in enumerate(self._past.weights(rows, dt, self._c[stage])):
            field = self._fields[self._past.places(rows, age), rows]
            total += weights.astype(total.dtype)[:, None, None, None, None] * field
        return total


def extrapolation(steps: NDArray[np.float64], c: float) -> NDArray[np.float64]:
    """Return the weights, (points, n), of values at 0 and at the beginnings of the steps before, (points − 1, n).

    The weighted sum is the polynomial through these values at c. The newest step comes first; lengths are in units of
    the present step.

    >>> extrapolation(np.ones((3, 1)), 1.0)[:, 0]
    array([ 4., -6.,  4., -1.])
    """
    nodes = -np.cumsum(np.concatenate([np.zeros_like(steps[:1]), steps]), axis=0)
    weights = np.ones_like(nodes)
    for j, node in enumerate(nodes):
        for other in np.delete(nodes, j, axis=0):
            weights[j] *= (c - other) / (node - other)
    return weights
