"""The implicit midpoint rule: keeps |m| exactly, and without damping every quadratic energy."""

from contextlib import nullcontext

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import SolverError
from fdmag.solvers.llg import max_length
from fdmag.solvers.stages import RightHandSide, Stepper
from fdmag.solvers.tableau import Tableau
from fdmag.state import State, normalise

MOST_ITERATIONS = 100


class ImplicitStepper(Stepper):
    """Solves m' = m + dt f((m + m') / 2, t + dt/2) by iteration, each replica until it stands still.

    f is normal to its argument, so |m'| = |m|; without damping it is normal to the field as well, and an energy whose
    field is linear in m does not change. Both hold as well as the equation is solved: here to a few roundings.

    Raises
    ------
    SolverError
        If the iteration does not converge: dt times the largest angular frequency must stay below about 2.

    Source: M. d'Aquino, C. Serpico and G. Miano, J. Comput. Phys. 209, 730 (2005).
    """

    def __init__(self, rhs: RightHandSide, state: State, tableau: Tableau) -> None:
        super().__init__(state, tableau)
        self.rhs = rhs
        self._solution = state.m

    def _find_slopes(self, rows: NDArray[np.intp]) -> None:
        """Need no slope at the present state."""

    def _begin(self, rows: NDArray[np.intp]) -> None:
        raise NotImplementedError("an implicit method begins with no slope")

    def _fastest(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        raise NotImplementedError("an implicit method has a fixed step")

    def _attempt(self, rows: NDArray[np.intp], dt: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        state = self.state
        start = state.m[rows]
        enough = 8 * float(np.finfo(start.dtype).eps)
        half_time, half = state.t[rows] + dt / 2, (dt / 2).astype(start.dtype)[:, None, None, None, None]
        middle, active = start.copy(), np.arange(rows.size)
        last = np.full(rows.size, np.inf)
        for _ in range(MOST_ITERATIONS):
            with nullcontext() if self.noise is None else self.noise.narrowed(active):
                slope = self.rhs(middle[active], half_time[active], rows[active])
            state.evaluations[rows[active]] += 1
            improved = start[active] + half[active] * slope
            change = max_length(improved - middle[active])
            middle[active] = improved
            # Rounding may keep the last bits moving: what is small and shrinks no more is solved, too.
            done = (change <= enough) | ((change <= 16 * enough) & (change >= last[active]))
            last[active] = change
            lost = active[~(change < 10)]
            active = active[~done]
            if lost.size or not active.size:
                break
        if lost.size or active.size:
            raise SolverError.of_replicas({
                int(rows[i]): f"at t = {state.t[rows[i]]:g} s: the implicit midpoint rule does not converge with "
                f"dt = {dt[i]:g} s; give a smaller dt"
                for i in (lost if lost.size else active)
            })  # fmt: skip
        self._solution = 2 * middle - start
        return np.zeros(rows.size), max_length(self._solution - start)

    def _accept(self, chosen: NDArray[np.intp], accepted: NDArray[np.bool_]) -> None:
        self.state.m[chosen] = normalise(self._solution[accepted])
