"""How much a figure of a device varies: by its sensitivities, and by drawing devices at random."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.devices.spread import Spread, correlation_matrix, draw
from fdmag.errors import ParameterError

__all__ = ["Figure", "Sample", "Variability", "sensitivities", "statistics_of", "variability", "with_elliott_yafet"]

Figure = Callable[..., Any]
"""A function of parameters by name, arrays alike, that returns the figure of each device."""
Correlation = Mapping[tuple[str, str], float]


@dataclass(frozen=True)
class Sample(Result):
    """Mean, standard deviation and their ratio over devices drawn at random, with standard errors."""

    mean: float = quantity("unit of the figure", "mean over devices")
    sigma_mean: float = quantity("unit of the figure", "standard error of the mean")
    spread: float = quantity("unit of the figure", "standard deviation over devices")
    sigma_spread: float = quantity("unit of the figure", "standard error of the standard deviation")
    CV: float = quantity("1", "standard deviation over |mean|")
    sigma_CV: float = quantity("1", "standard error of CV")


@dataclass(frozen=True)
class Variability(Result):
    """Spread of a figure: linearised, and by Monte Carlo.

    Attributes
    ----------
    parameter
        Names.
    sensitivity, sigma_sensitivity
        Derivative of the figure by each parameter at the means, and its numerical uncertainty.
    elasticity
        Relative change of the figure over that of the parameter.
    share
        Of each parameter in the linearised variance, correlations split evenly; they sum to 1.
    nominal
        The figure at the means.
    spread_linear, CV_linear
        sqrt(gᵀ C g) with the gradient g and the covariances C, and over |nominal|.
    mean, spread, CV
        Over the devices drawn, with standard errors sigma_….
    deviation
        (spread − spread_linear) over its standard error: beyond ±3 the figure is not linear over the spreads.
    figures
        The figure of each device drawn.
    """

    parameter: NDArray = quantity("1", "parameter", "parameter")
    sensitivity: NDArray = quantity("figure over parameter", "derivative at the means", "parameter")
    sigma_sensitivity: NDArray = quantity("figure over parameter", "uncertainty of the derivative", "parameter")
    elasticity: NDArray = quantity("1", "relative change over relative change", "parameter")
    share: NDArray = quantity("1", "share in the variance", "parameter")
    nominal: float = quantity("unit of the figure", "figure at the means")
    spread_linear: float = quantity("unit of the figure", "standard deviation, linearised")
    CV_linear: float = quantity("1", "coefficient of variation, linearised")
    mean: float = quantity("unit of the figure", "mean over devices")
    sigma_mean: float = quantity("unit of the figure", "standard error of the mean")
    spread: float = quantity("unit of the figure", "standard deviation over devices")
    sigma_spread: float = quantity("unit of the figure", "standard error of the standard deviation")
    CV: float = quantity("1", "coefficient of variation")
    sigma_CV: float = quantity("1", "standard error of the coefficient of variation")
    deviation: float = quantity("1", "Monte Carlo less linearised, in standard errors")
    figures: NDArray = quantity("unit of the figure", "figure of each device", "device")

    def plot(self, ax: Axes | None = None, name: str = "figure", unit: str = "") -> Axes:
        """Draw the distribution over devices and the normal one of the linearised spread."""
        label = f"{name} [{unit}]" if unit else name
        ax = axes_for(ax, label, "probability density", f"CV = {self.CV * 100:.2f} %")
        ax.hist(self.figures, bins="auto", density=True, color=COLOURS[0], alpha=0.5, label="Monte Carlo")
        if self.spread_linear > 0:
            x = self.nominal + self.spread_linear * np.linspace(-4, 4, 201)
            z = (x - self.nominal) / self.spread_linear
            ax.plot(
                x, np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / self.spread_linear, color=COLOURS[1], label="linearised"
            )
        ax.legend()
        return ax


def sensitivities(figure: Figure, spreads: Mapping[str, Spread]) -> tuple[float, NDArray, NDArray]:
    """Return the figure at the means, its derivative by each parameter, and the uncertainty of each derivative.

    By central differences over h and h/2, extrapolated (error of order h⁴); the uncertainty is what the extrapolation
    changes, and rounding. h is a hundredth of the mean, or of sigma for a mean of 0.

    Raises
    ------
    ParameterError
        If the figure is not finite near the means.
    """
    means = {name: np.asarray(spread.mean, dtype=float) for name, spread in spreads.items()}
    nominal = float(_evaluate(figure, means).item())
    slopes, errors = np.zeros(len(spreads)), np.zeros(len(spreads))
    for k, (name, spread) in enumerate(spreads.items()):
        h = 0.01 * (abs(spread.mean) or spread.sigma or 1.0)
        offsets = np.array([h, -h, h / 2, -h / 2])
        moved = {key: mean + (offsets if key == name else 0) for key, mean in means.items()}
        values = np.broadcast_to(_evaluate(figure, moved), offsets.shape)
        coarse, fine = (values[0] - values[1]) / (2 * h), (values[2] - values[3]) / h
        slopes[k] = (4 * fine - coarse) / 3
        errors[k] = abs(slopes[k] - fine) + np.finfo(float).eps * np.abs(values).max() / h
    return nominal, slopes, errors


def statistics_of(figures: NDArray) -> Sample:
    """Return mean, standard deviation and CV of independent draws, with standard errors.

    Source: errors of moments by their own moments of up to fourth order, M. G. Kendall, A. Stuart, The Advanced Theory
    of Statistics, vol. 1, chapter 10; that of CV by first-order propagation.

    >>> statistics = statistics_of(np.array([1.0, 2.0, 3.0, 4.0]))
    >>> statistics.mean, round(statistics.spread, 4)
    (2.5, 1.291)
    """
    n, mean, variance = figures.size, float(figures.mean()), float(figures.var(ddof=1))
    spread = variance**0.5
    off = figures - mean
    third, fourth = float((off**3).mean()), float((off**4).mean())
    of_variance = max(fourth - variance**2 * (n - 3) / (n - 1), 0) / n
    if mean == 0 or np.ptp(figures) == 0:
        spread = spread if np.ptp(figures) else 0.0
        return Sample(mean, spread / n**0.5, spread, 0.0, 0.0 if mean else np.inf, 0.0 if mean else np.inf)
    of_CV = of_variance / (4 * variance * mean**2) + variance**2 / (n * mean**4) - third / (n * mean**3)
    of_spread = of_variance**0.5 / (2 * spread)
    return Sample(mean, spread / n**0.5, spread, of_spread, spread / abs(mean), max(of_CV, 0.0) ** 0.5)


def variability(
    figure: Figure,
    spreads: Mapping[str, Spread],
    correlation: Correlation | None = None,
    *,
    samples: int = 20_000,
    seed: int = 0,
) -> Variability:
    """Return how a figure varies with its parameters, linearised and by Monte Carlo.

    Parameters
    ----------
    figure : function
        Of the parameters by name, arrays of devices; fix others by `functools.partial`.
    spreads : mapping of name to Spread
    correlation : mapping of pairs of names to correlation, optional
    samples, seed : int
        Devices drawn; the same seed gives the same devices.

    Raises
    ------
    ParameterError
        For correlations that make no sense, or a figure that is not finite for a device drawn.

    Source: propagation of uncertainty, JCGM 100:2008 (GUM), equation 13; by Monte Carlo, JCGM 101:2008.

    A product of two parameters, each with 3 %: 4.24 % in all.

    >>> result = variability(lambda rho, length: rho * length, {"rho": Spread(1, 0.03), "length": Spread(2, 0.06)})
    >>> print(f"{result.CV_linear:.4f}, {result.CV:.4f} ± {result.sigma_CV:.4f}")
    0.0424, 0.0426 ± 0.0002
    """
    if not spreads:
        raise ParameterError("variability: no parameter varies; give at least one")
    names = list(spreads)
    matrix = correlation_matrix(names, correlation)
    nominal, slopes, errors = sensitivities(figure, spreads)
    sigma = np.array([spread.sigma for spread in spreads.values()])
    means = np.array([spread.mean for spread in spreads.values()])
    covariance = matrix * np.outer(sigma, sigma)
    parts = slopes * (covariance @ slopes)
    variance = float(parts.sum())
    linear = float(np.sqrt(max(variance, 0.0)))
    figures = figures_of(figure, spreads, draw(matrix, samples, seed))
    drawn = statistics_of(figures)
    deviation = (drawn.spread - linear) / drawn.sigma_spread if drawn.sigma_spread else 0.0
    scale = nominal if nominal else np.nan
    return Variability(np.array(names), slopes, errors, slopes * means / scale,
                       parts / variance if variance > 0 else np.zeros_like(parts), nominal, linear, linear / abs(scale),
                       drawn.mean, drawn.sigma_mean, drawn.spread, drawn.sigma_spread, drawn.CV, drawn.sigma_CV,
                       deviation, figures)  # fmt: skip


def figures_of(figure: Figure, spreads: Mapping[str, Spread], scores: NDArray) -> NDArray[np.float64]:
    """Return the figure of each device whose parameters lie at these normal scores, (parameters, devices)."""
    devices = {name: spread.values(row) for (name, spread), row in zip(spreads.items(), scores, strict=True)}
    return np.broadcast_to(_evaluate(figure, devices), scores.shape[1:])


def with_elliott_yafet(
    figure: Figure, resistivity: str = "rho", length: str = "lambda_sf", product: str = "rho_lambda"
) -> Figure:
    """Return the figure with the spin diffusion length bound to the resistivity: λ = ``product``/ρ.

    ρ and λ then do not vary by themselves: a device with higher resistivity has a shorter λ. What remains of a spread
    of λ at the same ρ is that of the product.

    Source: as `fdmag.analytic.spin_orbit.elliott_yafet_length`; E. Sagasta et al., Phys. Rev. B 94, 060412 (2016),
    measured it on platinum over a decade of resistivity.

    >>> bound = with_elliott_yafet(lambda rho, lambda_sf: lambda_sf)
    >>> bound(rho=2.0, rho_lambda=6.0)
    3.0
    """

    def bound(**parameters: Any) -> Any:
        parameters[length] = parameters.pop(product) / parameters[resistivity]
        return figure(**parameters)

    return bound


def _evaluate(figure: Figure, parameters: Mapping[str, NDArray]) -> NDArray[np.float64]:
    try:
        values = np.asarray(figure(**parameters), dtype=float)
    except TypeError as error:
        raise ParameterError(f"figure({', '.join(parameters)}): {error}") from error
    wrong = int(np.count_nonzero(~np.isfinite(values)))
    if wrong:
        raise ParameterError(
            f"figure({', '.join(parameters)}) is not finite for {wrong} of {values.size} devices; "
            "narrow the spreads, or use a lognormal distribution for what must stay positive"
        )
    return values
