"""The plan of a step: whatever is overwritten is no longer needed."""

import numpy as np
import pytest

from fdmag.solvers.passes import Passes, Sum
from fdmag.solvers.tableau import BOGACKI_SHAMPINE, DORMAND_PRINCE, RK4, Tableau, runge_kutta_chebyshev

EULER = Tableau("euler", 1, ((),), (1.0,))
HEUN = Tableau("heun", 2, ((), (1.0,)), (0.5, 0.5), (1.0, 0.0))
MIDPOINT = Tableau("midpoint", 2, ((), (0.5,)), (0.0, 1.0))
TWO = Tableau("two", 1, ((), (1.0,)), (1.0, 0.0), (0.5, 0.5))  # the last stage is the first of the next step


def sparse(seed):
    """A tableau whose weights are zero here and there."""
    rng = np.random.default_rng(seed)
    stages = int(rng.integers(1, 8))

    def weights(n, total=None):
        row = np.where(rng.uniform(size=n) < 0.5, rng.normal(size=n), 0)
        if total is not None:
            row[-1 if n < 2 else int(rng.integers(n))] += total - row.sum()
        return tuple(row.tolist())

    a = tuple(weights(i) for i in range(stages))
    return Tableau(f"sparse_{seed}", 1, a, weights(stages, 1.0), weights(stages, 1.0))


def slope(m, t):
    return np.sin(m) + t * np.roll(m, 1)


def by_definition(tableau, m, t, dt):
    """Solution, local error and last slope as the tableau is written."""
    slopes = []
    for row, c in zip(tableau.a, tableau.c, strict=True):
        slopes.append(
            slope(m + dt * sum((a * k for a, k in zip(row, slopes, strict=True)), np.zeros_like(m)), t + c * dt)
        )
    solution = m + dt * sum(b * k for b, k in zip(tableau.b, slopes, strict=True))
    error = None
    if tableau.error_weights is not None:
        error = sum(e * k for e, k in zip(tableau.error_weights, slopes, strict=True))
    return solution, error, slopes[-1]


def by_passes(tableau, m, t, dt, anew):
    """The same, in the memory that the plan allows."""
    plan = Passes(tableau)
    slots = [np.full_like(m, np.nan) for _ in range(plan.slots)]
    arguments, error = {}, None

    def total(each: Sum, own):
        kept = sum((w * slots[s] for s, w in zip(each.slots, each.weights, strict=True)), np.zeros_like(m))
        return kept if each.own == 0 else kept + each.own * own

    for each in plan.anew if anew else (*plan.begin, *plan.attempt):
        own, writes = None, {}
        if each.stage is not None:
            own = slope(arguments[each.stage], t + tableau.c[each.stage] * dt)
        if each.error is not None and each.error_slot is not None:
            writes[each.error_slot] = total(each.error, own)
        elif each.error is not None:
            error = total(each.error, own)
        if each.target is not None:
            arguments[each.target] = arguments[each.stage] if each.step is None else m + dt * total(each.step, own)
        if each.slot is not None:
            assert each.slot not in writes
            writes[each.slot] = own
        for place, values in writes.items():
            slots[place] = values
    np.testing.assert_array_equal(slots[0], slope(m, t))  # a rejected step starts from it again
    return arguments[tableau.stages], error, None if plan.last_slot is None else slots[plan.last_slot]


@pytest.mark.parametrize(
    "tableau",
    [
        DORMAND_PRINCE,
        BOGACKI_SHAMPINE,
        RK4,
        EULER,
        HEUN,
        MIDPOINT,
        TWO,
        runge_kutta_chebyshev(7),
        *map(sparse, range(60)),
    ],
    ids=lambda tableau: tableau.name,
)
@pytest.mark.parametrize("anew", [False, True], ids=["in two parts", "anew"])
def test_passes_are_the_tableau(tableau, anew):
    m, t, dt = np.random.default_rng(0).normal(size=5), 0.3, 0.1
    solution, error, last = by_passes(tableau, m, t, dt, anew)
    expected = by_definition(tableau, m, t, dt)
    np.testing.assert_allclose(solution, expected[0], rtol=1e-12, atol=1e-12)
    if expected[1] is None:
        assert error is None
    else:
        np.testing.assert_allclose(error, expected[1], rtol=1e-12, atol=1e-12)
    if tableau.first_same_as_last:
        np.testing.assert_allclose(last, expected[2], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("tableau", "slots"), [(DORMAND_PRINCE, 4), (BOGACKI_SHAMPINE, 2), (RK4, 3), (EULER, 1)])
def test_zeros_of_the_tableau_save_memory(tableau, slots):
    """Dormand–Prince: the second slope is not needed after the sixth argument, nor the sixth after its own pass."""
    assert Passes(tableau).slots == slots
