"""Distributions of parameters over devices, and correlated draws from them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.checks import checked
from fdmag.errors import ParameterError, did_you_mean

__all__ = ["DISTRIBUTIONS", "Spread", "correlation_matrix", "draw"]

DISTRIBUTIONS = ("normal", "lognormal", "uniform")


@dataclass(frozen=True)
class Spread:
    """How a parameter is distributed over devices.

    Parameters
    ----------
    mean, sigma : float
        Mean and standard deviation of the values themselves, also of a lognormal or uniform distribution, in the
        parameter's unit.
    distribution : "normal", "lognormal" or "uniform"

    >>> Spread.relative(200e-8, 0.03)
    Spread(mean=2e-06, sigma=6e-08, distribution='normal')
    """

    mean: float
    sigma: float
    distribution: str = "normal"

    def __post_init__(self) -> None:
        if self.distribution not in DISTRIBUTIONS:
            hint = did_you_mean(self.distribution, DISTRIBUTIONS)
            raise ParameterError(
                f"spread: distribution = {self.distribution!r}; allowed: {', '.join(DISTRIBUTIONS)}{hint}"
            )
        checked("spread", self, mean="positive" if self.distribution == "lognormal" else "finite", sigma="at least 0")

    @classmethod
    def relative(cls, mean: float, CV: float, distribution: str = "normal") -> "Spread":
        """Return the spread with standard deviation CV |mean|."""
        return cls(mean, CV * abs(mean), distribution)

    def values(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Return the values at the same quantiles as those of a standard normal distribution.

        >>> Spread(1.0, 0.1).values([-1.0, 0.0, 2.0])
        array([0.9, 1. , 1.2])
        """
        z = np.asarray(scores, dtype=float)
        if self.distribution == "normal":
            return self.mean + self.sigma * z
        if self.distribution == "uniform":
            return self.mean + self.sigma * np.sqrt(3) * (2 * scipy.special.ndtr(z) - 1)
        width = np.sqrt(np.log1p((self.sigma / self.mean) ** 2))
        return self.mean * np.exp(width * z - width**2 / 2)


def correlation_matrix(names: list[str], given: Mapping[tuple[str, str], float] | None) -> NDArray[np.float64]:
    """Return the matrix of correlations of these parameters.

    Parameters
    ----------
    given : mapping of pairs of names to correlation, optional
        0 for pairs that are not named.

    Raises
    ------
    ParameterError
        For an unknown name, a value outside −1 to 1, or correlations that contradict each other.
    """
    matrix = np.eye(len(names))
    for pair, value in (given or {}).items():
        if len(pair) != 2 or pair[0] == pair[1]:
            raise ParameterError(f"correlation of {pair!r}; allowed: pairs of two different parameters")
        for name in pair:
            if name not in names:
                raise ParameterError(f"correlation: no parameter {name!r}{did_you_mean(name, names)}")
        if not -1 <= value <= 1:
            raise ParameterError(f"correlation of {pair[0]} and {pair[1]} = {value:g}; allowed: from -1 to 1")
        i, j = (names.index(name) for name in pair)
        matrix[i, j] = matrix[j, i] = value
    if np.linalg.eigvalsh(matrix)[0] < -1e-12:
        raise ParameterError("correlations contradict each other: their matrix is not positive semidefinite")
    return matrix


def draw(matrix: NDArray, samples: int, seed: int) -> NDArray[np.float64]:
    """Return normal scores with these correlations, (parameters, samples); the same for the same seed.

    The correlation is that of the scores (a Gaussian copula): of normal values it is theirs, of others nearly so.
    """
    if samples < 2:
        raise ParameterError(f"samples = {samples}; allowed: at least 2")
    values, vectors = np.linalg.eigh(matrix)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    return root @ vectors.T @ np.random.default_rng(seed).standard_normal((len(matrix), samples))
