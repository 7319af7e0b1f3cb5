"""The eigenvalue solver on matrices whose eigenvalues are known or found by LAPACK."""

import numpy as np
import pytest
import scipy.sparse

from fdmag.errors import ParameterError, SolverError
from fdmag.solvers.eigenmodes import LinearMotion, dense_eigenpairs, eigenpairs, quarter_turn

CELLS = 400


@pytest.fixture(autouse=True)
def _every_device():
    """Nothing here runs on a device."""


def motion(K, alpha=0.0):
    """The problem of a sparse stiffness, of unit 1."""
    K = scipy.sparse.csc_array(K)
    return LinearMotion(lambda y: (K @ y.T).T, np.full(K.shape[0] // 2, alpha), 1.0, K)


def chain(offset=0.1, pull=1.0, cells=CELLS):
    """A ring of cells that pull on their neighbours, held with ``offset``."""
    ones = np.ones(cells)
    ring = scipy.sparse.diags_array(
        [2 * ones, -ones[1:], -ones[1:], [-1.0], [-1.0]], offsets=[0, 1, -1, cells - 1, 1 - cells]
    )
    one = pull * ring + offset * scipy.sparse.eye_array(cells)
    return scipy.sparse.block_diag([one, one])


def exact(offset, alpha, count):
    """Eigenvalues of the ring: stiffness k of both coordinates makes λ = (i − α) k, each twice but for one wave."""
    k = offset + 4 * np.sin(np.pi * np.arange(CELLS) / CELLS) ** 2
    return np.sort(k)[:count] * (1j - alpha)


@pytest.mark.parametrize("alpha", [0.0, 0.05])
def test_degenerate_pairs_are_complete(alpha):
    """Waves that run left and right have the same eigenvalue; Arnoldi from one vector has no right to find both."""
    values, vectors = eigenpairs(motion(chain(), alpha), 9)
    np.testing.assert_allclose(values, exact(0.1, alpha, 9), rtol=1e-9, atol=1e-10)
    gram = np.linalg.svd(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), compute_uv=False)
    assert gram.min() > 1e-3  # the vectors of a pair differ


def test_an_even_count_cuts_a_pair_in_two():
    values, _ = eigenpairs(motion(chain()), 8)
    np.testing.assert_allclose(values, exact(0.1, 0.0, 8), rtol=1e-9, atol=1e-10)


def test_zero_modes_are_found_beside_others():
    """Nothing holds the ring: the uniform motion has the eigenvalue 0, twice; rounding may make a pair of the two.

    The others, from 2.5e-4 on, lie far below where the search begins.
    """
    values, _ = eigenpairs(motion(chain(offset=0.0)), 6)
    zeros = int((np.abs(values) < 1e-10).sum())
    assert zeros in (1, 2)
    np.testing.assert_allclose(values[zeros:], exact(0.0, 0.0, 7 - zeros)[1:], rtol=1e-7, atol=1e-10)


def test_a_free_particle_is_a_double_zero():
    """Where one of two coordinates is free and the other is held, J K has a Jordan block: x' = −p, p' = 0."""
    K = scipy.sparse.lil_array(chain())
    K[0, :CELLS] = 0
    K[:CELLS, 0] = 0
    values, _ = eigenpairs(motion(K.tocsc()), 4)
    assert np.abs(values[0]) < 1e-5  # the root of rounding


@pytest.mark.parametrize("alpha", [0.0, 0.1])
def test_unstable_equilibria_grow_without_turning(alpha):
    """Stiffness of opposite signs: λ² + α (a + b) λ + a b (1 + α²) = 0 has a positive root."""
    K = scipy.sparse.lil_array(chain(offset=1.0))
    for place, value in ((0, -0.02), (CELLS, 0.05)):
        K[place] = 0
        K[:, [place]] = 0
        K[place, place] = value
    values, _ = eigenpairs(motion(K.tocsc(), alpha), 4)
    roots = np.roots([1, alpha * 0.03, -0.001 * (1 + alpha**2)])
    for root in roots:
        assert np.abs(values - root).min() < 1e-9


def test_unsymmetric_stiffness_like_lapack():
    rng = np.random.default_rng(4)
    cells = 150
    K = chain(cells=cells) + scipy.sparse.random_array((2 * cells, 2 * cells), density=0.005, rng=rng) * 0.1
    problem = motion(K, 0.02)
    values, vectors = eigenpairs(problem, 7)
    expected, _ = dense_eigenpairs(problem, 7)
    np.testing.assert_allclose(values, expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(problem.rate(vectors), values[:, None] * vectors, atol=1e-8)


def test_more_modes_than_there_are():
    small = motion(scipy.sparse.eye_array(4))
    assert len(eigenpairs(small, 2)[0]) == 2
    with pytest.raises(ParameterError, match="count = 3; the magnet has 2 modes"):
        eigenpairs(small, 3)


def test_what_cannot_be_solved_is_told():
    """A stiffness that is no linear function has no eigenvalues."""
    rng = np.random.default_rng(0)
    noisy = LinearMotion(lambda y: y + rng.normal(size=y.shape), np.zeros(CELLS), 1.0)
    with pytest.raises(SolverError, match="inner linear system"):
        eigenpairs(noisy, 2)


def test_a_quarter_turn_four_times_is_none():
    y = np.arange(6.0)
    turned = y
    for _ in range(4):
        turned = quarter_turn(turned)
    np.testing.assert_array_equal(turned, y)
