"""Adaptive steps through noise: parts of steps of a Brownian path that is fixed beforehand."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import SolverError
from fdmag.noise import MOST_DIVISIONS
from fdmag.solvers.stages import Room, Stepper
from fdmag.solvers.step_control import FAILED, Course, Pace, StepControl

NOISE_TOLERANCE = 1e-2
"""Default of the local error of m allowed per step: m then turns by about 0.15 in a step."""
EAGER = 0.2
"""A step is doubled where the local error is below this fraction of the tolerance; the error goes with dt."""


class DyadicIntegrator:
    """Advances the state of a `Stepper` in place, in steps that are halved and doubled.

    The time to go is divided evenly into steps of the noise of at most ``dt_max``; each is halved as often as the local
    error asks for. A rejected attempt is repeated in two halves of the same Brownian path, so that what was seen of the
    path stays part of it: rejection selects no paths and there is no bias. Parts only ever join to the part they came
    from, hence no step passes over a time at which the path was seen, which convergence to the Stratonovich solution
    needs.

    Parameters
    ----------
    stepper : Stepper
        Of a method with an error estimate; its right-hand side has noise.
    control : StepControl
        ``tolerance`` and ``dt_max`` count, and dt_max has to be finite.

    Attributes
    ----------
    stopped : bool array (batch,)
        Replicas that do not take part in `advance`; others may set it.

    Sources: J. G. Gaines and T. J. Lyons, SIAM J. Appl. Math. 57, 1455 (1997); J. Foster and A. Jelinčič, On the
    convergence of adaptive approximations for stochastic differential equations, arXiv:2311.14201 (2023).
    """

    longest = 1e-12
    """Default of the longest step [s]."""

    def __init__(self, stepper: Stepper, control: StepControl) -> None:
        self.stepper = stepper
        self.state = stepper.state
        self.control = control
        self.stopped = np.zeros(self.state.batch, bool)
        self._divisions = np.zeros(self.state.batch, np.int64)  # how often the present step is halved
        self._pace = Pace()

    def forget(self, rows: NDArray[np.intp] | slice = slice(None)) -> None:
        """Begin anew from the present state of all or some replicas: m, a parameter or a field was changed."""
        self.stepper.forget(rows)

    def advance(
        self,
        t_end: float | NDArray[np.float64],
        on_step: Callable[[], None] | None = None,
        progress: Callable[[], None] | None = None,
        room: Room | None = None,
    ) -> None:
        """Integrate every replica to exactly ``t_end`` [s], (batch,) or one time.

        ``on_step``, ``progress`` and ``room`` are those of `fdmag.solvers.integrator.Integrator`.

        Raises
        ------
        SolverError
            If a step would have to be halved more than `MOST_DIVISIONS` times.
        """
        state, stepper = self.state, self.stepper
        start, ends = state.t.copy(), np.ascontiguousarray(np.broadcast_to(t_end, state.batch))
        count = np.maximum(np.ceil((ends - start) / self.control.dt_max * (1 - 1e-12)), 1).astype(np.int64)
        none = np.zeros(state.batch, np.int64)
        course = Course(
            self.control.tolerance, start, (ends - start) / count, count, none, self._divisions, none.copy()
        )
        pace = None if on_step is not None and room is None else self._pace
        while (active := np.flatnonzero((state.t < ends) & ~self.stopped)).size:
            outcomes = stepper.advance_at_pace(pace, active, ends[active], course, room)
            if outcomes is None:
                self._try_part(active, course, ends)
            elif (failed := outcomes == FAILED).any():  # once more, to say what is wrong
                self._try_part(active[failed], course, ends)
            for call in (on_step, progress):
                if call is not None:
                    call()
        state.noise_steps[course.place > 0] += 1  # of one who stopped within a step: what it has seen is not seen again

    def _try_part(self, active: NDArray[np.intp], course: Course, ends: NDArray[np.float64]) -> None:
        """Try one part of a step of each of these replicas."""
        state, done, place, divisions = self.state, course.done, course.place, course.divisions
        parts = np.left_shift(1, divisions[active])
        error, _ = self.stepper.attempt(active, course.whole[active] / parts, parts + place[active])
        ratio = error / course.tolerance
        accepted = ratio <= 1  # not if it is NaN
        self.stepper.accept(accepted)
        self._divide(active[~accepted], place)
        chosen = active[accepted]
        place[chosen] += 1
        state.steps[chosen] += 1
        self._join(chosen, ratio[accepted], place)
        ended = chosen[place[chosen] == np.left_shift(1, divisions[chosen])]
        done[ended] += 1
        place[ended] = 0
        state.noise_steps[ended] += 1
        gone = done[chosen] + place[chosen] / np.left_shift(1, divisions[chosen])
        arrived = done[chosen] == course.count[chosen]
        state.t[chosen] = np.where(arrived, ends[chosen], course.start[chosen] + course.whole[chosen] * gone)
        state.dt[chosen] = course.whole[chosen] / np.left_shift(1, divisions[chosen])

    def _divide(self, rejected: NDArray[np.intp], place: NDArray[np.int64]) -> None:
        self.state.rejected[rejected] += 1
        self._divisions[rejected] += 1
        place[rejected] *= 2
        if np.any(failed := self._divisions[rejected] > MOST_DIVISIONS):
            raise SolverError.of_replicas({
                int(replica): f"at t = {self.state.t[replica]:g} s needs a step below dt_max / 2^{MOST_DIVISIONS}. "
                "Check the fields for jumps and the parameters for unphysical values, or give a larger tolerance"
                for replica in rejected[failed]
            })  # fmt: skip

    def _join(self, chosen: NDArray[np.intp], ratio: NDArray[np.float64], place: NDArray[np.int64]) -> None:
        """Double the next step where the error allows it and the next part is the first half of one."""
        divisions = self._divisions
        wide = chosen[(ratio < EAGER) & (divisions[chosen] > 0) & (place[chosen] % 2 == 0)]
        divisions[wide] -= 1
        place[wide] //= 2
