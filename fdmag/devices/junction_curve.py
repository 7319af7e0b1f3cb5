"""A junction over its bias: the curves, and the fit of TMR(V) to measured ones."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.analytic.tunnel_junction import tmr_at_bias
from fdmag.devices.checks import array_of
from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.errors import ParameterError

__all__ = ["BiasFit", "JunctionCurve", "fit_bias"]


@dataclass(frozen=True)
class JunctionCurve(Result):
    """Both states of a junction over the voltage across junction and leads.

    Attributes
    ----------
    V, R_P, R_AP, TMR, TMR_junction
        ``TMR`` is R_AP/R_P − 1 as measured, ``TMR_junction`` that of the junction alone at the bias that it has in
        the antiparallel state.
    """

    V: NDArray = quantity("V", "voltage across junction and leads", "V")
    R_P: NDArray = quantity("ohm", "resistance, parallel", "V")
    R_AP: NDArray = quantity("ohm", "resistance, antiparallel", "V")
    TMR: NDArray = quantity("1", "magnetoresistance with leads", "V")
    TMR_junction: NDArray = quantity("1", "magnetoresistance of the junction", "V")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw both resistances over the voltage."""
        ax = axes_for(ax, "V [V]", "R [Ω]", "tunnel junction")
        ax.plot(self.V, self.R_P, color=COLOURS[0], label="parallel")
        ax.plot(self.V, self.R_AP, color=COLOURS[1], linestyle="--", label="antiparallel")
        ax.legend()
        return ax


@dataclass(frozen=True)
class BiasFit(Result):
    """TMR(V) = TMR/[1 + (V/V_h)²] through measured values, with standard uncertainties.

    ``chi2`` is the sum of squared residuals over σ², divided by the degrees of freedom: far above 1 the form does not
    describe the data. NaN without σ.
    """

    TMR: float = quantity("1", "magnetoresistance at zero bias")
    sigma_TMR: float = quantity("1", "standard uncertainty of TMR")
    V_h: float = quantity("V", "bias that halves TMR")
    sigma_V_h: float = quantity("V", "standard uncertainty of V_h")
    chi2: float = quantity("1", "reduced chi squared")


def fit_bias(V: ArrayLike, TMR: ArrayLike, sigma: ArrayLike | None = None) -> BiasFit:
    """Fit TMR/[1 + (V/V_h)²] to values measured at several biases, leads already removed.

    Parameters
    ----------
    V : array_like (n,) [V]
        At least three, of which some are not 0.
    TMR : array_like (n,)
    sigma : array_like (n,), optional
        Standard uncertainties; without them they are taken as alike, and estimated from the scatter.

    Raises
    ------
    ParameterError
        For too few values, or if no fit is found: TMR does not fall with the bias.

    The form is the empirical one of compact models. Inelastic tunnelling by magnons makes TMR fall with |V| at small
    bias (S. Zhang et al., Phys. Rev. Lett. 79, 3744 (1997)), a cusp that this form has not: look at ``chi2``.

    >>> V = np.linspace(-0.6, 0.6, 7)
    >>> fit = fit_bias(V, 1.2 / (1 + (V / 0.5) ** 2))
    >>> print(f"{fit.TMR:.6f} {fit.V_h:.6f} V")
    1.200000 0.500000 V
    """
    V, TMR = array_of("fit of TMR(V)", "V", V, least=3), array_of("fit of TMR(V)", "TMR", TMR, least=3)
    if V.shape != TMR.shape:
        raise ParameterError(f"fit of TMR(V): {V.size} biases and {TMR.size} values; allowed: as many")
    if np.unique(np.abs(V)).size < 2:
        raise ParameterError("fit of TMR(V): all biases have the same magnitude; allowed: at least two")
    start = (TMR[np.argmin(np.abs(V))], np.abs(V).max())
    spread = None if sigma is None else np.broadcast_to(np.asarray(sigma, dtype=float), V.shape)
    try:
        found, covariance = scipy.optimize.curve_fit(
            _falling, V, TMR, p0=start, sigma=spread, absolute_sigma=spread is not None
        )
    except RuntimeError as error:
        raise ParameterError(f"fit of TMR(V): {error}; does TMR fall with the bias?") from error
    uncertainty = np.sqrt(np.diag(covariance))
    half = abs(found[1])
    residual = TMR - tmr_at_bias(found[0], V, half)
    chi2 = np.nan if spread is None else float(np.sum((residual / spread) ** 2) / max(V.size - 2, 1))
    return BiasFit(float(found[0]), float(uncertainty[0]), float(half), float(uncertainty[1]), chi2)


def _falling(V: NDArray, TMR: float, V_h: float) -> NDArray:
    return np.asarray(tmr_at_bias(TMR, V, abs(V_h)))
