"""A Runge–Kutta step as passes over memory, in as few arrays as the method's zeros allow."""

from dataclasses import dataclass, field, replace

from fdmag.solvers.tableau import Tableau


@dataclass(frozen=True)
class Sum:
    """Σ weights × slopes kept in ``slots``, plus ``own`` times the slope that the pass itself computes."""

    slots: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()
    own: float = 0.0


@dataclass(frozen=True)
class Pass:
    """What is done in one visit to every cell, in this order.

    Attributes
    ----------
    stage : int or None
        Evaluate the slope at the argument of this stage.
    target : int or None
        Write m + dt × ``step`` as the argument of this stage; the solution is that of stage number ``stages``.
        With ``step`` None the solution is the argument of the stage evaluated.
    error : Sum or None
        Local error over dt: kept in ``error_slot``, or, where that is None, its largest length is found.
    slot : int or None
        Where the slope is kept. Slots whose slopes this pass is the last to use may be those it writes.
    """

    stage: int | None = None
    target: int | None = None
    step: Sum | None = None
    error: Sum | None = None
    error_slot: int | None = None
    slot: int | None = None


@dataclass
class Passes:
    """The passes of a method.

    Attributes
    ----------
    slots : int
        Number of arrays for slopes. Slot 0 has the slope at the present state.
    last_slot : int or None
        Where the slope of the last stage is, if it is the first of the next step.
    begin, attempt, anew, fastest : sequences of Pass
        Evaluate the slope at the present state; try a step; do both; find the largest slope at the present state.
    """

    tableau: Tableau
    slots: int = 1
    last_slot: int | None = None
    begin: tuple[Pass, ...] = (Pass(target=0, step=Sum()), Pass(stage=0, slot=0))
    attempt: tuple[Pass, ...] = ()
    anew: tuple[Pass, ...] = ()
    fastest: tuple[Pass, ...] = (Pass(error=Sum((0,), (1.0,))),)
    _slot_of: dict[int, int] = field(default_factory=lambda: {0: 0}, repr=False)

    def __post_init__(self) -> None:
        tableau, last = self.tableau, self.tableau.stages - 1
        rows = [*tableau.a[1:], () if tableau.first_same_as_last else tableau.b]
        errors: list[tuple[float, ...]] = [()] * (last + 1)
        if tableau.error_weights is not None:
            errors[last] = tableau.error_weights
            if tableau.first_same_as_last:  # all but the last slope are summed up before it is known
                errors[last - 1], errors[last] = tableau.error_weights[:-1], (0.0,) * last + tableau.error_weights[-1:]
        last_use = {
            j: max(
                (i for i in range(j, last + 1) for row in (rows[i], errors[i]) if len(row) > j and row[j]), default=j
            )
            for j in range(1, last + 1)
        }
        error_slot = None
        passes = []
        for i in range(last + 1):
            own_pass = i if i else None
            kept = {self._slot_of[j] for j in self._slot_of if j == 0 or last_use[j] > i}
            step = self._sum(rows[i], own_pass) if rows[i] else None
            error = self._sum(errors[i], own_pass) if errors[i] else None
            if error is not None and error_slot is not None:
                error = Sum((error_slot, *error.slots), (1.0, *error.weights), error.own)
            partial = error is not None and i < last
            if partial:
                error_slot = self._free(kept)
                kept.add(error_slot)
            if i and (last_use[i] > i or (i == last and tableau.first_same_as_last)):
                self._slot_of[i] = self._free(kept)
            passes.append(
                Pass(own_pass, i + 1, step, error, error_slot if partial else None, self._slot_of.get(i) if i else None)
            )
        self.attempt = tuple(passes)
        first = replace(passes[0], stage=0, slot=0, step=_fresh(passes[0].step), error=_fresh(passes[0].error))
        self.anew = (self.begin[0], first, *passes[1:])
        if tableau.first_same_as_last:
            self.last_slot = self._slot_of[last]

    def _sum(self, weights: tuple[float, ...], own: int | None) -> Sum:
        used = [j for j, weight in enumerate(weights) if weight and j != own]
        last = weights[own] if own is not None and own < len(weights) else 0.0
        return Sum(tuple(self._slot_of[j] for j in used), tuple(weights[j] for j in used), last)

    def _free(self, kept: set[int]) -> int:
        """Return the lowest slot that is not kept, a further one if there is none."""
        slot = next(number for number in range(self.slots + 1) if number not in kept)
        self.slots = max(self.slots, slot + 1)
        return slot


def _fresh(of_first: Sum | None) -> Sum | None:
    """Return a weighted first slope in a pass that computes it."""
    return None if of_first is None else Sum(own=sum(of_first.weights))
