"""Probability that hops between neighbouring cells of a line: its motion in time, and its slowest relaxation.

A chain is given by what leaves each cell downwards, to the next, and upwards, per time; what the last cell loses
downwards is lost. All is written without subtractions, so that tiny probabilities and rates keep their digits.
"""

from math import factorial

import numpy as np
import scipy
from numpy.typing import NDArray

__all__ = ["ChainStep", "slowest_rate"]

Floats = NDArray[np.float64]
_TINY = 1e-4  # below, the common algorithm has too few digits


class ChainStep:
    """exp(k A) of the generators A of chains, by Padé(4, 5) in partial fractions: of order 9, and damps what is fast.

    Parameters
    ----------
    down, back : array (chains, cells)
        What leaves a cell downwards and upwards, per time.

    >>> step = ChainStep(np.array([[1.0, 1.0, 0.0]]), np.array([[0.0, 1.0, 1.0]]))
    >>> state = step(np.array([1.0, 0.0, 0.0]), 0.5)
    >>> print(f"{state[0]:.6f}, exact {1 / 3 + np.exp(-0.5) / 2 + np.exp(-1.5) / 6:.6f}")
    0.673787, exact 0.673787
    """

    def __init__(self, down: Floats, back: Floats) -> None:
        self._down, self._back = down, back
        # What leaves the last cell of a chain downwards, or its first upwards, does not enter another.
        self._into_next, self._into_last = down.copy(), back.copy()
        self._into_next[:, -1] = self._into_last[:, 0] = 0
        self._rows = np.arange(1, down.size + 1, dtype=np.int32)
        self._k, self._factors = 0.0, []  # type: float, list[tuple]

    def __call__(self, state: Floats, k: float) -> Floats:
        """Return the probabilities, (chains × cells,), a time k later."""
        if abs(k - self._k) > 1e-12 * k:
            self._k, self._factors = k, [self._factorised(pole, k) for pole in _POLES]
        result = np.zeros_like(state)
        for residue, factor in zip(_RESIDUES, self._factors, strict=True):
            solve = scipy.linalg.lapack.zgttrs if np.iscomplexobj(factor[1]) else scipy.linalg.lapack.dgttrs
            solution, _ = solve(*factor, state.astype(factor[1].dtype))
            result += (residue * solution).real
        return result

    def _factorised(self, pole: complex | float, k: float) -> tuple:
        """Return the factors of pole − k A as `gttrs` takes them.

        A pivot is what leaves the cell downwards plus the pole's share of all above it: no subtraction, so that
        probability is kept to rounding however large k A is.
        """
        down, back = k * self._down.T, k * self._back.T
        pivot = np.empty(down.shape, dtype=np.asarray(pole).dtype)
        share = np.full(down.shape[1], pole) + back[0]
        for cell in range(len(down)):
            if cell:
                share = pole + back[cell] * (share / pivot[cell - 1])
            pivot[cell] = down[cell] + share
        pivots = pivot.T.ravel()
        lower = -k * self._into_next.ravel()[:-1] / pivots[:-1]
        upper = (-k * self._into_last.ravel()[1:]).astype(pivots.dtype)
        return lower, pivots, upper, np.zeros(max(pivots.size - 2, 0), pivots.dtype), self._rows


def slowest_rate(down: Floats, back: Floats, open_end: bool) -> Floats:
    """Return the smallest eigenvalue but 0 of each chain's relaxation, (chains,), to full relative accuracy.

    With ``open_end`` the last cell loses probability and 0 is none. The equation of the fluxes between cells has the
    same eigenvalues but 0 and is a chain, too, that loses probability at its ends (S. Karlin, J. McGregor, Trans. Am.
    Math. Soc. 85, 489 (1957)).

    >>> slowest_rate(np.array([[1.0, 0.0]]), np.array([[0.0, 1e-30]]), False)
    array([1.])
    """
    end = None if open_end else -1
    ahead = down[:, :end]
    behind = np.concatenate([back[:, 1:], np.zeros((len(back), 1))], axis=1) if open_end else back[:, 1:]
    rates = np.empty(len(down))
    for k, (a, b) in enumerate(zip(ahead, behind, strict=True)):
        off = -np.sqrt(a[1:] * b[:-1])
        lowest = scipy.linalg.eigvalsh_tridiagonal(a + b, off, select="i", select_range=(0, 0)) if off.size else a + b
        rates[k] = lowest[0]
    tiny = np.flatnonzero(rates < _TINY)
    if tiny.size:
        rates[tiny] = _smallest_dual(ahead[tiny], behind[tiny])
    return rates


def _partial_fractions(m: int, n: int) -> tuple[list, list]:
    """Return p_j and r_j with Padé(m, n)(x) = Re Σ r_j/(p_j − x): one of each conjugate pair, counted twice."""

    def coefficients(mine: int) -> list[float]:
        return [
            factorial(m + n - j) * factorial(mine) / (factorial(m + n) * factorial(j) * factorial(mine - j))
            for j in range(mine + 1)
        ]

    numerator = np.polynomial.Polynomial(coefficients(m))
    denominator = np.polynomial.Polynomial([c * (-1) ** j for j, c in enumerate(coefficients(n))])
    slope = denominator.deriv()
    poles: list[complex | float] = []
    residues: list[complex | float] = []
    for start in denominator.roots().tolist():
        root = complex(start)
        for _ in range(3):
            root -= complex(denominator(root) / slope(root))
        residue = -complex(numerator(root) / slope(root))
        if abs(root.imag) < 1e-9:
            poles.append(root.real)
            residues.append(residue.real)
        elif root.imag > 0:
            poles.append(root)
            residues.append(2 * residue)
    total = sum((r / p).real for r, p in zip(residues, poles, strict=True))  # 1, but for rounding
    return poles, [residue / total for residue in residues]


_POLES, _RESIDUES = _partial_fractions(4, 5)


def _smallest_dual(ahead: Floats, behind: Floats) -> Floats:
    """Return the smallest eigenvalue of each row's matrix of fluxes, by inverse iteration without subtractions.

    The matrix has the diagonal ahead_e + behind_e, −behind_e above and −ahead_{e+1} below it.
    """
    a, b = ahead.T, behind.T
    count = len(a)
    excess, pivot = np.empty_like(a), np.empty_like(a)
    excess[0] = a[0]
    for e in range(count):
        if e:
            excess[e] = a[e] * (excess[e - 1] / pivot[e - 1])
        pivot[e] = b[e] + excess[e]
    x = np.ones_like(a)
    rate = np.zeros(a.shape[1])
    for _ in range(400):
        y = x.copy()
        for e in range(1, count):
            y[e] += a[e] / pivot[e - 1] * y[e - 1]
        y[-1] /= pivot[-1]
        for e in range(count - 2, -1, -1):
            y[e] = (y[e] + b[e] * y[e + 1]) / pivot[e]
        before, rate = rate, 1 / y.max(axis=0)
        x = y * rate
        if np.all(np.abs(rate - before) <= 1e-13 * rate):
            break
    return rate
