"""The lowest curvatures of the energy at a state: what tells a minimum from a saddle, and a saddle from a ridge."""

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.errors import SolverError
from fdmag.solvers.string import Terrain
from fdmag.state import normalise

SHIFT = 1.0
"""Added to the curvatures [T], so that those near zero converge to a part of this."""
DENSE = 60
"""Up to so many degrees of freedom the whole Hessian is built."""


def lowest_curvatures(
    m: NDArray, terrain: Terrain, count: int = 2, guess: NDArray | None = None, tolerance: float = 1e-4
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest eigenvalues [T] of the Hessian of the energy on the sphere, rising, and their directions.

    The metric is that of the moment, in which a small deviation along a direction of curvature λ decays as exp(−λ s)
    when dm/ds = −m × (m × B); a macrospin resonates at γ times the root of the product of its two. Products with the
    Hessian are central differences of the gradient.

    Parameters
    ----------
    m : array (3, nz, ny, nx)
    terrain : Terrain
    count : int
        At most the degrees of freedom, two per cell.
    guess : array (3, nz, ny, nx), optional
        A direction of low curvature.
    tolerance : float [T]

    Returns
    -------
    array (count,), array (count, 3, nz, ny, nx)
        The directions have the length 1 in the metric.

    Raises
    ------
    SolverError
        If the eigensolver does not converge.
    """
    hessian = _Hessian(m, terrain)
    size = hessian.size
    if size <= DENSE:
        matrix = np.stack([hessian.times(x) for x in np.eye(size)], axis=1)
        values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
        return values[:count] - SHIFT, hessian.directions(vectors[:, :count])
    start = np.random.default_rng(0).standard_normal(size)
    if guess is not None:
        along = hessian.coordinates(guess)
        start = along / np.linalg.norm(along) + 0.1 * start / np.linalg.norm(start)
    try:
        operator = scipy.sparse.linalg.LinearOperator((size, size), matvec=hessian.times, dtype=np.float64)
        values, vectors = scipy.sparse.linalg.eigsh(
            operator, k=count, which="SA", v0=start, ncv=min(size, 40), tol=tolerance / SHIFT, maxiter=500
        )
    except scipy.sparse.linalg.ArpackNoConvergence as error:
        raise SolverError(f"curvatures of the energy: {error}") from error
    order = np.argsort(values)
    return values[order] - SHIFT, hessian.directions(vectors[:, order])


class _Hessian:
    """The Hessian plus `SHIFT`, on vectors of two coordinates for each cell that can move; ``size`` is their number."""

    def __init__(self, m: NDArray, terrain: Terrain) -> None:
        self._m, self._terrain = m, terrain
        self._free = terrain.weights > 0
        self._root = np.sqrt(terrain.weights[self._free])
        self._frame = _frame(m[:, self._free].astype(np.float64))
        self._step = float(np.finfo(m.dtype).eps) ** (1 / 3)
        self.size = 2 * self._root.size

    def coordinates(self, vectors: NDArray) -> NDArray[np.float64]:
        """Return vectors (3, nz, ny, nx) in the coordinates."""
        return (np.einsum("fcp,cp->fp", self._frame, vectors[:, self._free]) * self._root).ravel()

    def directions(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return columns of coordinates as vectors (n, 3, nz, ny, nx)."""
        result = np.zeros((columns.shape[1], *self._m.shape))
        for row, column in zip(result, columns.T, strict=True):
            row[:, self._free] = self._vectors(column)
        return result

    def _vectors(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.einsum("fcp,fp->cp", self._frame, x.reshape(2, -1) / self._root)

    def times(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the product with a vector of coordinates."""
        vectors = self._vectors(x)
        step = self._step / np.sqrt(np.max(np.sum(vectors**2, axis=0)))
        pair = np.stack([self._m, self._m])
        pair[0][:, self._free] += step * vectors
        pair[1][:, self._free] -= step * vectors
        gradient, _ = self._terrain.evaluate(normalise(pair))
        change = (gradient[0].astype(np.float64) - gradient[1]) / (2 * step)
        return self.coordinates(change) + SHIFT * x.ravel()


def _frame(m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return two unit vectors across each m (3, cells) and each other: (2, 3, cells)."""
    axis = np.zeros_like(m)
    axis[np.argmin(np.abs(m), axis=0), np.arange(m.shape[1])] = 1
    first = np.cross(m, axis, axis=0)
    first /= np.linalg.norm(first, axis=0)
    return np.stack([first, np.cross(m, first, axis=0)])
