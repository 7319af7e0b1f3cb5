"""Eigenvalues nearest to zero of dy/dt = (J − α) K y, the equation of motion linearised about an equilibrium."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.errors import ParameterError, SolverError

Stiffness = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Returns K y [1/s] of each row of y, (n, size)."""

ROWS = 64
"""Vectors given to the stiffness at once where many are known."""
SHIFT = 0.0137
"""Distance of the shift from zero, in the unit of rates: small against common eigenvalues, and no round number, which
could be an eigenvalue."""
SOLVED, ROUGHLY_SOLVED = 1e-10, 1e-5
"""Residuals of the inner solutions, relative to the right-hand side."""
CONVERGED, RESTARTS = 1e-10, 100
"""Relative residual of the eigenvalues, and how often Arnoldi's method may start anew for it."""
ROUGH = 2e-2
"""How far below the weakest eigenvalue wanted, relatively, the estimate of the rest must be to rule out others."""
RESIDUAL = 1e-7
"""Largest |L y − λ y| relative to (|λ| + SHIFT unit) |y| of what counts as an eigenvector."""
LARGEST_FACTOR = 1e8
"""Most nonzero numbers of an exact factorisation that is tried; an incomplete one takes its place beyond."""


@dataclass
class LinearMotion:
    """The operator (J − α) K with what is known of it.

    Attributes
    ----------
    stiffness : Stiffness
    alpha : array (size / 2,)
        Damping of each cell.
    unit : float [1/s]
        The common size of rates.
    near : sparse matrix, optional
        What is near to K and can be factorised; the solutions do not depend on it, their cost does. `eigenpairs` alone
        needs it.
    layers : int
        Cells along the shortest side of the mesh, for the size of the factors.
    """

    stiffness: Stiffness
    alpha: NDArray[np.float64]
    unit: float
    near: "scipy.sparse.csc_array | None" = None
    layers: int = 1

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return 2 * self.alpha.size

    def rate(self, y: NDArray) -> NDArray:
        """Return (J − α) K y of each row, real or complex."""
        if np.iscomplexobj(y):
            parts = self.rate(np.concatenate([y.real, y.imag]))
            return parts[: len(y)] + 1j * parts[len(y) :]
        K = np.concatenate([self.stiffness(y[first : first + ROWS]) for first in range(0, len(y), ROWS)])
        return quarter_turn(K) - np.tile(self.alpha, 2) * K


def quarter_turn(y: NDArray) -> NDArray:
    """Return J y: (y1, y2) of each cell becomes (−y2, y1).

    >>> quarter_turn(np.array([1.0, 0.0]))
    array([-0.,  1.])
    """
    first, second = np.split(y, 2, axis=-1)
    return np.concatenate([-second, first], axis=-1)


def dense_eigenpairs(motion: LinearMotion, count: int) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Return the ``count`` modes nearest to zero from the full matrix; see `eigenpairs`. Its cost grows as size³."""
    columns = motion.rate(np.eye(motion.size))
    values, vectors = scipy.linalg.eig(columns.T)
    return _chosen(values, vectors.T, count, SHIFT * motion.unit)


def eigenpairs(motion: LinearMotion, count: int) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Return the ``count`` modes nearest to zero.

    Arnoldi's method (ARPACK) on the inverse of L − σ, L = (J − α) K and σ > 0 small. With (J − α)⁻¹ = −(J + α)/(1 + α²)
    in each cell that is a solution of ::

        [K + σ (J + α)/(1 + α²)] x = −(J + α)/(1 + α²) b

    which is regular also where K has zero modes, found by GMRES with a factorisation of what is near to K. A second
    run on the complement of what was found looks for members of degenerate eigenvalues that the first one missed.

    Returns
    -------
    values : complex array (count,) [1/s]
        By rising frequency, Im λ ≥ 0. A pair of conjugate eigenvalues is one mode; so is each real eigenvalue.
    vectors : complex array (count, size)

    Raises
    ------
    ParameterError
        If there are not so many modes.
    SolverError
        If an iteration does not converge.

    Source: R. B. Lehoucq, D. C. Sorensen and C. Yang, ARPACK Users' Guide, SIAM (1998), ch. 3, for the shifted inverse;
    Y. Saad, Numerical Methods for Large Eigenvalue Problems, SIAM (2011), ch. 4.2, for the deflation.
    """
    wanted = 2 * count + 2
    if wanted + 2 >= motion.size:
        return dense_eigenpairs(motion, count)
    try:
        values, vectors = _complete(motion, count, wanted)
    except scipy.sparse.linalg.ArpackError as error:
        raise SolverError(f"eigenmodes: the iteration for eigenvalues does not converge ({error})") from error
    residual = np.linalg.norm(motion.rate(vectors) - values[:, None] * vectors, axis=1)
    relative = residual / ((np.abs(values) + SHIFT * motion.unit) * np.linalg.norm(vectors, axis=1))
    if not relative.max() < RESIDUAL:
        raise SolverError(f"eigenmodes: a residual is {relative.max():.1g}, {RESIDUAL:.0g} at most is accepted")
    return values, vectors


def _complete(motion: LinearMotion, count: int, wanted: int) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Find eigenvalues until none is missed."""
    inverse, theta, vectors = _first(motion, wanted)
    basis = _orthonormal(vectors)
    while True:
        found = _chosen(inverse.shift + 1 / theta, vectors, count, inverse.shift)
        weakest = np.min(1 / np.abs(found[0] - inverse.shift))
        if len(basis) + 4 >= motion.size:
            return dense_eigenpairs(motion, count)
        if _estimate(inverse, basis) < weakest * (1 - ROUGH):
            break
        missed, more = _largest(inverse, basis, 2)
        if np.abs(missed).max() < weakest * (1 - 1e-8):
            break
        # Not from the vectors found: those of a double eigenvalue may be parallel, and the basis must hold both.
        basis = _orthonormal(np.concatenate([basis, more]))
        theta, vectors = _ritz(inverse, basis)
    return found


def _first(
    motion: LinearMotion, wanted: int
) -> "tuple[_ShiftedInverse, NDArray[np.complex128], NDArray[np.complex128]]":
    """Return an inverse whose shift suits the eigenvalues, its largest eigenvalues θ and their vectors.

    With a shift far beyond the eigenvalues all θ are alike, and Arnoldi's method is slow and inaccurate.
    """
    shift = SHIFT * motion.unit
    while True:
        inverse = _ShiftedInverse(motion, shift)
        last = shift <= 1e-4 * SHIFT * motion.unit
        try:
            theta, vectors = _largest(inverse, np.empty((0, motion.size)), wanted)
        except scipy.sparse.linalg.ArpackNoConvergence:
            if last:
                raise
            shift /= 10
            continue
        size = float(np.median(np.abs(shift + 1 / theta)))
        if last or size > shift / 2:
            return inverse, theta, vectors
        shift = max(size / 4, shift / 100)


class _ShiftedInverse:
    """Applies (L − σ)⁻¹."""

    def __init__(self, motion: LinearMotion, shift: float) -> None:
        self.motion = motion
        self.shift = shift
        self.size = motion.size
        self._alpha = np.tile(motion.alpha, 2)
        self._factor = 1 / (1 + self._alpha**2)
        self._solve = self._factorised(motion.near)

    def __call__(self, b: NDArray[np.float64], residual: float) -> NDArray[np.float64]:
        """Return (L − σ)⁻¹ b, (size,), to this residual relative to b."""
        # Preconditioned from the right, so that what GMRES makes small is the residual itself.
        right, solve = -self._turned(b), self._solve

        def apply(y: NDArray[np.float64]) -> NDArray[np.float64]:
            return self._shifted(solve(y.reshape(-1)))

        operator = scipy.sparse.linalg.LinearOperator((self.size, self.size), apply, dtype=np.float64)
        restart = min(80, self.size)
        y, info = scipy.sparse.linalg.gmres(operator, right, rtol=residual, atol=0.0, restart=restart, maxiter=20)
        if info:
            left = np.linalg.norm(apply(y) - right) / np.linalg.norm(right)
            raise SolverError(
                f"eigenmodes: the inner linear system is solved to {left:.1g} only, {residual:.0g} was asked for; "
                "fewer cells, or a state farther from instability, make it easier"
            )
        return solve(y)

    def _turned(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (J + α)/(1 + α²) y."""
        return self._factor * (quarter_turn(y) + self._alpha * y)

    def _shifted(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        y = np.ascontiguousarray(y.reshape(-1))
        return self.motion.stiffness(y[None])[0] + self.shift * self._turned(y)

    def _factorised(
        self, near: "scipy.sparse.csc_array | None"
    ) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        if near is None:
            return np.copy
        half = self.size // 2
        turn = scipy.sparse.block_array([[None, -scipy.sparse.eye_array(half)], [scipy.sparse.eye_array(half), None]])
        skew = scipy.sparse.diags_array(self._factor) @ (turn + scipy.sparse.diags_array(self._alpha))
        matrix = scipy.sparse.csc_matrix(near + self.shift * skew)
        if 100.0 * self.size * self.motion.layers <= LARGEST_FACTOR:
            return scipy.sparse.linalg.splu(
                matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.01, options={"SymmetricMode": True}
            ).solve
        return scipy.sparse.linalg.spilu(matrix, drop_tol=1e-3, fill_factor=10).solve


def _largest(
    inverse: _ShiftedInverse, basis: NDArray[np.float64], count: int
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Return the largest eigenvalues θ of (1 − QQᵀ)(L − σ)⁻¹(1 − QQᵀ), Q the rows of ``basis``, and their vectors."""

    def apply(b: NDArray[np.float64]) -> NDArray[np.float64]:
        return _across(basis, inverse(_across(basis, b.reshape(-1)), SOLVED))

    start = _across(basis, _random(inverse, basis))
    operator = scipy.sparse.linalg.LinearOperator((inverse.size, inverse.size), apply, dtype=np.float64)
    ncv = min(max(2 * count + 1, 30), inverse.size)
    theta, vectors = scipy.sparse.linalg.eigs(
        operator, count, which="LM", v0=start, tol=CONVERGED, ncv=ncv, maxiter=RESTARTS
    )
    return theta, vectors.T


def _estimate(inverse: _ShiftedInverse, basis: NDArray[np.float64], steps: int = 16) -> float:
    """Return what a few steps of Arnoldi's method tell of the largest |θ| of the same operator."""
    steps = min(steps, inverse.size - len(basis))
    known = np.empty((steps + 1, inverse.size))
    H = np.zeros((steps + 1, steps))
    known[0] = _across(basis, _random(inverse, basis))
    known[0] /= np.linalg.norm(known[0])
    for step in range(steps):
        image = _across(basis, inverse(known[step], ROUGHLY_SOLVED))
        for _ in range(2):
            parts = known[: step + 1] @ image
            H[: step + 1, step] += parts
            image -= known[: step + 1].T @ parts
        H[step + 1, step] = np.linalg.norm(image)
        known[step + 1] = image / max(H[step + 1, step], np.finfo(float).tiny)
    return float(np.abs(np.linalg.eigvals(H[:steps])).max())


def _random(inverse: _ShiftedInverse, basis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a vector that is not the same for another basis, and always the same for one."""
    return np.random.default_rng(len(basis)).standard_normal(inverse.size)


def _orthonormal(vectors: NDArray) -> NDArray[np.float64]:
    """Return an orthonormal basis, as rows, of the real and imaginary parts of vectors."""
    _, singular, rows = scipy.linalg.svd(np.concatenate([vectors.real, vectors.imag]), full_matrices=False)
    return rows[singular > 1e-7 * singular[0]]


def _across(basis: NDArray[np.float64], y: NDArray) -> NDArray:
    """Return y without its part in the span of the rows of ``basis``, projected twice against rounding."""
    for _ in range(2 if len(basis) else 0):
        y = y - basis.T @ (basis @ y)
    return y


def _ritz(
    inverse: _ShiftedInverse, basis: NDArray[np.float64]
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Return the eigenvalues of (L − σ)⁻¹ and their vectors in the span of the rows of ``basis``."""
    image = np.stack([inverse(row, SOLVED) for row in basis])
    theta, small = scipy.linalg.eig(basis @ image.T)
    return theta, small.T @ basis


def _chosen(
    values: NDArray[np.complex128], vectors: NDArray[np.complex128], count: int, shift: float
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Return the modes nearest to the shift, by rising frequency; of a conjugate pair the one with Im λ > 0."""
    modes = np.flatnonzero(values.imag >= 0)
    if count > modes.size:
        raise ParameterError(f"count = {count}; the magnet has {modes.size} modes")
    nearest = modes[np.argsort(np.abs(values[modes] - shift), kind="stable")[:count]]
    order = nearest[np.lexsort((values[nearest].real, values[nearest].imag))]
    return values[order], vectors[order]
