"""The numbers of the thermal field: published words of Philox, normality, independence, Brownian bridges."""

import numpy as np
import pytest
from scipy import stats

from fdmag.noise import increments, normals, philox

# Known-answer vectors of Philox4x32-10 that the authors publish with Random123 (file kat_vectors).
PUBLISHED = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


@pytest.mark.parametrize(("counter", "key", "words"), PUBLISHED)
def test_philox_gives_the_published_words(counter, key, words):
    result = philox([int(word, 16) for word in counter.split()], [int(word, 16) for word in key.split()])
    assert " ".join(f"{word:08x}" for word in result) == words


def test_the_normals_of_a_cell_come_from_its_words_as_stated():
    words = philox([5, 7, 11, 13], [0x89ABCDEF, 0x01234567])
    u = (words.astype(float) + 0.5) / 2**32
    pair = np.sqrt(-2 * np.log(u[0])) * np.exp(2j * np.pi * u[1])
    third = np.sqrt(-2 * np.log(u[2])) * np.cos(2 * np.pi * u[3])
    found = normals(0x0123456789ABCDEF, 7, 11, 13, 5)
    np.testing.assert_allclose(found, [pair.real, pair.imag, third], rtol=1e-14)


@pytest.mark.parametrize("component", [0, 1, 2])
def test_the_numbers_are_standard_normal(component):
    """Kolmogorov–Smirnov: p > 0.001 for 999 seeds of 1000; this one's outcome is fixed."""
    assert stats.kstest(normals(1, 0, 0, 0, np.arange(200_000))[component], "norm").pvalue > 1e-3


def test_numbers_of_other_cells_replicas_steps_parts_and_seeds_are_independent():
    """Correlations of n pairs are normal with the deviation 1/sqrt(n); 5 deviations are allowed."""
    n = 100_000
    cells = np.arange(n)
    first = normals(1, 0, 0, 0, cells)
    others = [
        np.roll(first, 1, axis=1), normals(2, 0, 0, 0, cells), normals(1 + 2**32, 0, 0, 0, cells),
        normals(1, 1, 0, 0, cells), normals(1, 0, 1, 0, cells), normals(1, 0, 0, 1, cells),
    ]  # fmt: skip
    for other in others:
        assert np.abs(first @ other.T / n).max() < 5 / np.sqrt(n)
    assert np.abs(first @ first.T / n - np.eye(3)).max() < 5 * np.sqrt(2 / n)


def test_the_parts_of_a_step_add_up_to_it():
    """ΔW of a part is the sum of those of its halves, at every depth: ΔW = sqrt(Δt) increments."""
    cells = np.arange(50)
    for part in (1, 2, 3, 6, 13, 2**22 + 5):
        whole, first, second = (increments(4, 3, 2, each, cells) for each in (part, 2 * part, 2 * part + 1))
        np.testing.assert_allclose(first + second, np.sqrt(2) * whole, rtol=0, atol=1e-12)


def test_parts_of_a_step_are_independent_and_of_the_right_variance():
    n = 100_000
    parts = np.concatenate([increments(5, 0, 0, part, np.arange(n)) for part in (4, 5, 6, 14, 15)])
    assert np.abs(parts @ parts.T / n - np.eye(15)).max() < 5 * np.sqrt(2 / n)


def test_parts_of_different_depth_may_be_asked_for_at_once():
    parts = np.array([1, 2, 7, 1000])
    together = increments(6, 0, 9, parts[:, None], np.arange(4))
    for row, part in enumerate(parts):
        np.testing.assert_array_equal(together[:, row], increments(6, 0, 9, part, np.arange(4)))
