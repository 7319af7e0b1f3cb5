"""Limited-memory BFGS for many rows at once, each with an inverse Hessian of its own."""

import numpy as np
from numpy.typing import NDArray

SMALLEST_COSINE = 1e-4
"""Pairs of step and change of gradient that are nearer to a right angle, or beyond it, teach nothing."""


class InverseHessian:
    """What the last steps of each row tell about the inverse Hessian.

    The two-loop recursion runs on inner products alone, so that the vectors are read twice per step, however many there
    are; they are kept in single precision, which the quotients of steps and gradients do not need more of.

    Parameters
    ----------
    rows, size : int
        Number of rows, and of components of each.
    first : array (rows,)
        Step per gradient before anything is known.
    memory : int
        Number of steps remembered.

    Sources: J. Nocedal, Math. Comput. 35, 773 (1980); W. Chen, Z. Wang and J. Zhou, Large-scale L-BFGS using MapReduce,
    NIPS 27 (2014), for the recursion on inner products.
    """

    def __init__(self, rows: int, size: int, first: NDArray[np.float64], memory: int = 10) -> None:
        self._memory = memory
        self._basis = np.zeros((rows, 2 * memory + 1, size), np.float32)  # steps, changes of gradient, gradient
        self._gram = np.zeros((rows, 2 * memory + 1, 2 * memory + 1))
        self._known = np.zeros((rows, memory), bool)
        self._scale = np.array(first, dtype=np.float64)
        self._newest = -1

    def learn(self, steps: NDArray, changes: NDArray) -> None:
        """Remember a step and the change of the gradient it made, both (rows, size)."""
        self._newest = k = (self._newest + 1) % self._memory
        self._basis[:, k] = steps
        self._basis[:, self._memory + k] = changes
        places = [k, self._memory + k]
        products = np.matmul(self._basis, self._basis[:, places].transpose(0, 2, 1)).astype(np.float64)
        self._gram[:, :, places] = products
        self._gram[:, places, :] = products.transpose(0, 2, 1)
        ss, sy, yy = (self._gram[:, i, j] for i, j in ((k, k), (k, places[1]), (places[1], places[1])))
        self._known[:, k] = good = sy > SMALLEST_COSINE * np.sqrt(ss * yy)
        self._scale[good] = (sy / np.where(yy > 0, yy, 1))[good]

    def forget(self, rows: NDArray) -> None:
        """Forget the steps of some rows; the scale of the last one stays."""
        self._known[rows] = False

    def step(self, gradient: NDArray) -> NDArray[np.float32]:
        """Return the inverse Hessian times the gradient, (rows, size): the way up, of about the length to the minimum.

        A row whose result would be almost at a right angle to its gradient forgets what it knows.
        """
        last = 2 * self._memory
        self._basis[:, last] = gradient
        products = np.matmul(self._basis, self._basis[:, last, :, None])[:, :, 0].astype(np.float64)
        self._gram[:, :, last] = self._gram[:, last, :] = products
        weights = self._recursion()
        along = np.einsum("rl,rl->r", weights, products)
        square = np.einsum("rk,rkl,rl->r", weights, self._gram, weights)
        lost = along < 0.02 * np.sqrt(np.maximum(square * products[:, last], 0))
        if lost.any():
            self.forget(lost)
            weights[lost] = 0
            weights[lost, last] = self._scale[lost]
        return np.matmul(weights.astype(np.float32)[:, None], self._basis)[:, 0]

    def _recursion(self) -> NDArray[np.float64]:
        """Return the weights of the basis, (rows, 2 memory + 1)."""
        size = self._memory
        order = [(self._newest - i) % size for i in range(size)]  # newest first
        curvature = self._gram[:, range(size), range(size, 2 * size)]
        inverse = np.where(self._known, 1 / np.where(self._known, curvature, 1), 0)
        weights = np.zeros(self._gram.shape[:2])
        weights[:, -1] = 1
        taken = np.zeros_like(inverse)
        for k in order:
            taken[:, k] = inverse[:, k] * np.einsum("rl,rl->r", weights, self._gram[:, k])
            weights[:, size + k] -= taken[:, k]
        weights *= self._scale[:, None]
        for k in reversed(order):
            given = inverse[:, k] * np.einsum("rl,rl->r", weights, self._gram[:, size + k])
            weights[:, k] += taken[:, k] - given
        return weights
