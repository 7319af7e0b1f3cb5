"""Compiled increments of Brownian motion: the reference's, whatever was drawn before and by however many threads."""

import copy
import pickle

import numpy as np
import pytest

from fdmag.backend import select_backend
from fdmag.host.increments import Increments
from fdmag.kernels.compiler import find_compiler
from fdmag.noise import increments

pytestmark = pytest.mark.skipif(find_compiler()[0] is None, reason="no C++ compiler works here, so nothing is compiled")
SEEDS = np.array([3, 2**63 + 1, 3, 9], np.uint64)
ROWS = np.arange(4)


def walk(rng, attempts):
    """Yield rows, steps and parts as an adaptive solver asks for them, halved at random, joined where it may be; some
    are far below the one before."""
    divisions, place, step = np.zeros(4, int), np.zeros(4, int), np.array([0, 7, 2**31, 5])
    for _ in range(attempts):
        rows = np.flatnonzero(rng.uniform(size=4) < 0.9)
        yield rows, step[rows], (1 << divisions[rows]) + place[rows]
        for row in rows:
            if divisions[row] < 9 and rng.uniform() < 0.3:
                divisions[row] += 1
                place[row] *= 2
                continue
            place[row] += 1
            while divisions[row] and place[row] % 2 == 0 and rng.uniform() < 0.6:
                divisions[row] -= 1
                place[row] //= 2
            if place[row] == 1 << divisions[row]:
                step[row], place[row] = step[row] + 1, 0
            elif divisions[row] < 9 and rng.uniform() < 0.2:
                divisions[row] += 5
                place[row] = 32 * place[row] + rng.integers(32)


def called(draw, rows, step, part, divided=True, seeds=SEEDS):
    place = rows.astype(np.uint64) + 70_000 | step.astype(np.uint64) << np.uint64(32)
    return draw(rows, seeds[rows], place, part, divided)


def reference(rows, step, part, cells):
    n = increments(SEEDS[rows][:, None], rows[:, None] + 70_000, step[:, None], part[:, None], np.arange(cells))
    return n.transpose(1, 0, 2)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 2e-14), ("float32", 5e-6)])
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 7), (1, 3, 11), (2, 1, 32)])
def test_a_walk_through_the_parts_of_steps_is_that_of_the_reference(shape, dtype, tolerance):
    draw, deepest = Increments(select_backend("host", dtype), shape), 0
    for rows, step, part in walk(np.random.default_rng(1), 300):
        have = called(draw, rows, step, part)
        assert have.dtype == dtype
        assert have.shape == (rows.size, 3, *shape)
        want = reference(rows, step, part, have[0, 0].size)
        assert np.abs(have.reshape(want.shape) - want).max(initial=0) < tolerance
        deepest = max(deepest, int(part.max(initial=0)))
    assert deepest >= 2**8


def test_bits_depend_neither_on_what_was_drawn_before_nor_on_the_mesh():
    backend = select_backend("host", "float64")
    walking, wide = Increments(backend, (1, 4, 10)), Increments(backend, (2, 50, 100))
    for rows, step, part in walk(np.random.default_rng(2), 60):
        have = called(walking, rows, step, part)
        np.testing.assert_array_equal(have, called(Increments(backend, (1, 4, 10)), rows, step, part))
        large = called(wide, rows, step, part).reshape(rows.size, 3, -1)
        np.testing.assert_array_equal(have.reshape(rows.size, 3, -1), large[:, :, :40])


def test_threads_draw_the_same(monkeypatch):
    found = []
    for threads in (1, 3):
        monkeypatch.setenv("FDMAG_THREADS", str(threads))
        backend = select_backend("host", "float32")
        draw = Increments(backend, (3, 50, 60))
        parts = [np.full(4, part) for part in (1, 2, 4, 9, 5, 3)]
        found.append([called(draw, ROWS, ROWS, part).copy() for part in parts])
    np.testing.assert_array_equal(*found)


def test_more_replicas_whole_steps_and_copies():
    draw = Increments(select_backend("host", "float64"), (1, 5, 5))
    few = called(draw, ROWS[:2], ROWS[:2], np.array([2, 3])).copy()
    all_of_them = called(draw, ROWS, ROWS, np.array([2, 3, 5, 5])).copy()
    np.testing.assert_array_equal(all_of_them[:2], few)
    for twin in (draw, copy.deepcopy(draw), pickle.loads(pickle.dumps(draw))):
        np.testing.assert_array_equal(called(twin, ROWS, ROWS, np.array([2, 3, 5, 5])), all_of_them)
        whole = called(twin, ROWS, ROWS, np.ones(4, int), divided=False).copy()
        np.testing.assert_allclose(whole.reshape(4, 3, -1), reference(ROWS, ROWS, np.ones(4, int), 25), atol=1e-13)
    other_seeds = called(draw, ROWS, ROWS, np.ones(4, int), seeds=SEEDS + np.uint64(1))
    assert (other_seeds != whole).all()
    assert not draw.nothing().any()
