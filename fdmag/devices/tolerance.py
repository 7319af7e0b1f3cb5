"""The inverse question: how much may one parameter vary, so that a figure varies by no more than this."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.devices.checks import checked
from fdmag.devices.result import Result, quantity
from fdmag.devices.spread import Spread, correlation_matrix, draw
from fdmag.devices.variability import Correlation, Figure, Sample, figures_of, sensitivities, statistics_of
from fdmag.errors import ParameterError, did_you_mean

__all__ = ["Tolerance", "tolerable_spread"]


@dataclass(frozen=True)
class Tolerance(Result):
    """The widest spread of one parameter, as CV = sigma/|mean|, with which a figure keeps within a limit.

    Attributes
    ----------
    parameter
        Its name.
    limit
        Of the figure's coefficient of variation.
    possible
        Whether any spread does; False: the other parameters alone vary too much. By Monte Carlo.
    CV_others
        The figure's coefficient of variation with this parameter held, by Monte Carlo.
    CV_linear
        The answer of the linearised problem; NaN if it has none.
    CV_linear_lowest
        With a negative covariance of their effects some spread of this parameter can be needed: from this on.
    CV, sigma_CV
        The answer by Monte Carlo, and what the number of devices drawn leaves uncertain; NaN if there is none.
    """

    parameter: str
    limit: float = quantity("1", "limit of the figure's coefficient of variation")
    possible: bool = quantity("1", "whether there is an answer")
    CV_others: float = quantity("1", "coefficient of variation of the figure with this parameter held")
    CV_linear: float = quantity("1", "widest spread, linearised")
    CV_linear_lowest: float = quantity("1", "narrowest spread, linearised")
    CV: float = quantity("1", "widest spread")
    sigma_CV: float = quantity("1", "standard error of the widest spread")

    @property
    def verdict(self) -> str:
        """The answer as a sentence."""
        if self.possible:
            return f"{self.parameter} may vary by {self.CV:.2%} ± {self.sigma_CV:.2%} for a CV of {self.limit:.2%}"
        return (f"impossible: without any spread of {self.parameter} the CV is {self.CV_others:.2%} already, "
                f"above {self.limit:.2%}")  # fmt: skip


def tolerable_spread(
    figure: Figure,
    spreads: Mapping[str, Spread],
    parameter: str,
    limit: float,
    correlation: Correlation | None = None,
    *,
    samples: int = 50_000,
    seed: int = 0,
) -> Tolerance:
    """Return the widest spread of one parameter with which CV of the figure is at most ``limit``.

    Parameters
    ----------
    figure, correlation, samples, seed
        As in `fdmag.devices.variability.variability`.
    spreads : mapping of name to Spread
        The sigma of ``parameter`` does not count; its mean must not be 0.
    parameter : str
    limit : float
        Such as 0.04.

    Raises
    ------
    ParameterError
        For an unknown parameter, one with mean 0, or a limit that is not positive.

    Notes
    -----
    Linearised, CV² = (e s)² + 2 e s c + CV_others² with the elasticity e of the parameter, its spread s and the
    covariance c of the rest with its normal score: a quadratic equation. By Monte Carlo the same scores are used for
    every s, so that CV(s) is smooth and its root well defined.

    ξ ∝ ρ [1 − sech(t/λ)] at t = 2 λ has elasticities 1 and −0.698; with 5 % of λ and 4 % allowed, 1.95 % of ρ remain:

    >>> xi = lambda rho, lambda_sf: rho * (1 - 1 / np.cosh(2.0 / lambda_sf))
    >>> spreads = {"rho": Spread(1.0, 0.0), "lambda_sf": Spread(1.0, 0.05)}
    >>> print(f"{tolerable_spread(xi, spreads, 'rho', 0.04).CV_linear:.4f}")
    0.0195
    """
    checked("tolerable spread", {"limit": limit}, limit="positive")
    if parameter not in spreads:
        raise ParameterError(f"tolerable spread: no parameter {parameter!r}{did_you_mean(parameter, spreads)}")
    mean = abs(spreads[parameter].mean)
    if mean == 0:
        raise ParameterError(f"tolerable spread: the mean of {parameter} is 0, a relative spread has no meaning")
    names = list(spreads)
    matrix = correlation_matrix(names, correlation)
    lowest, widest = _linear(figure, spreads, names.index(parameter), limit, matrix)
    scores = draw(matrix, samples, seed)

    def excess(s: float) -> float:
        return sample(s).CV - limit

    def sample(s: float) -> Sample:
        varied = {**spreads, parameter: replace(spreads[parameter], sigma=s * mean)}
        return statistics_of(figures_of(figure, varied, scores))

    others = sample(0.0).CV
    start = 0.0 if others <= limit else (lowest + widest) / 2
    if not np.isfinite(start) or excess(start) > 0:
        return Tolerance(parameter, limit, False, others, widest, lowest, np.nan, np.nan)
    end = widest if np.isfinite(widest) and widest > start else max(2 * start, limit)
    while excess(end) <= 0:
        if end > 10:
            raise ParameterError(f"tolerable spread: the figure hardly depends on {parameter}: any spread will do")
        end = 1.2 * end
    found = float(scipy.optimize.brentq(excess, start, end, xtol=1e-12, rtol=1e-10))
    step = max(found * 1e-3, 1e-9)
    slope = (excess(found + step) - excess(max(found - step, 0.0))) / (found + step - max(found - step, 0.0))
    error = sample(found).sigma_CV / abs(slope) if slope else np.inf
    return Tolerance(parameter, limit, True, others, widest, lowest, found, float(error))


def _linear(
    figure: Figure, spreads: Mapping[str, Spread], index: int, limit: float, matrix: NDArray
) -> tuple[float, float]:
    """Return the lowest and the widest relative spread that keep the limit; NaN if none does."""
    nominal, slopes, _ = sensitivities(figure, spreads)
    sigma = np.array([spread.sigma for spread in spreads.values()])
    means = np.array([abs(spread.mean) for spread in spreads.values()])
    effects = slopes * sigma / abs(nominal)
    effects[index] = 0
    elasticity = slopes[index] * means[index] / abs(nominal)
    a, b, c = elasticity**2, 2 * elasticity * float(matrix[index] @ effects), float(effects @ matrix @ effects)
    if a == 0:
        return (0.0, np.inf) if c <= limit**2 else (np.nan, np.nan)
    inside = b**2 - 4 * a * (c - limit**2)
    if inside < 0:
        return np.nan, np.nan
    low, high = (-b - np.sqrt(inside)) / (2 * a), (-b + np.sqrt(inside)) / (2 * a)
    return (np.nan, np.nan) if high < 0 else (max(low, 0.0), high)
