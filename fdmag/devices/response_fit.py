"""Fit of a saturating exponential to the conductance over pulses, with what the noise leaves uncertain."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.analytic.pulse_response import nonlinearity_label, pulse_response
from fdmag.devices.result import Result, quantity
from fdmag.errors import ParameterError, did_you_mean

__all__ = ["NOISES", "ResponseFit", "fit_response", "of_curvature"]

NOISES = ("read", "update")


@dataclass(frozen=True)
class ResponseFit(Result):
    """G(n) = start + (end − start) (1 − e^{−k n/N})/(1 − e^{−k}) through a sweep of N pulses.

    Attributes
    ----------
    curvature
        k = N/A, 0 for a linear response: well defined and nearly normal where A is not.
    A
        Pulses; ±inf for a linear response. Its standard error means something where it is small against A.
    nonlinearity
        The label of NeuroSim, `fdmag.analytic.pulse_response.nonlinearity_label`.
    noise
        Standard deviation of one reading, or of one update, according to the noise that was assumed.
    """

    pulses: int = quantity("1", "pulses in a full sweep")
    start: float = quantity("S", "conductance before the first pulse")
    sigma_start: float = quantity("S", "standard error")
    end: float = quantity("S", "conductance after the last pulse")
    sigma_end: float = quantity("S", "standard error")
    curvature: float = quantity("1", "curvature N/A")
    sigma_curvature: float = quantity("1", "standard error")
    A: float = quantity("1", "pulses over which the response saturates")
    sigma_A: float = quantity("1", "standard error")
    nonlinearity: float = quantity("1", "nonlinearity label")
    sigma_nonlinearity: float = quantity("1", "standard error")
    noise: float = quantity("S", "standard deviation of a reading or of an update")
    assumed: str = "read"

    def at(self, n: NDArray) -> NDArray:
        """Return the fitted conductance [S] after n pulses."""
        return self.start + (self.end - self.start) * of_curvature(np.asarray(n) / self.pulses, self.curvature)


def of_curvature(x: NDArray, k: float) -> NDArray:
    """Return (1 − e^{−k x})/(1 − e^{−k}), x for k = 0."""
    return pulse_response(x, np.inf if abs(k) < 1e-9 else 1 / k)


def fit_response(G: NDArray, noise: str = "read") -> ResponseFit:
    """Fit sweeps of the same number of pulses, potentiation or depression.

    Parameters
    ----------
    G : array (sweeps, N + 1) [S]
        Before the first pulse, and after each.
    noise : "read" or "update"
        Independent errors of readings, the state itself being smooth: least squares on G(n). Or errors of the updates,
        which add up: then each step depends on the state it starts from, ΔG = (1 − e^{−1/A}) (G_∞ − G) + error, and the
        fit is least squares on ΔG over G, the likelihood of a first-order autoregression.

    Raises
    ------
    ParameterError
        For less than four pulses, an unknown noise, or a response that does not go from one side to the other.
    """
    if noise not in NOISES:
        raise ParameterError(f"noise = {noise!r}; allowed: {', '.join(NOISES)}{did_you_mean(noise, NOISES)}")
    N = G.shape[1] - 1
    if N < 4:
        raise ParameterError(f"fit of a pulse response: {N} pulses; allowed: at least 4")
    change = float(np.mean(G[:, -1] - G[:, 0]))
    if change == 0:
        raise ParameterError("fit of a pulse response: the conductance ends where it starts; nothing to fit")
    return _fit_readings(G, N, change) if noise == "read" else _fit_updates(G, N)


def _fit_readings(G: NDArray, N: int, change: float) -> ResponseFit:
    x = np.tile(np.arange(N + 1) / N, len(G))

    def model(x: NDArray, start: float, end: float, k: float) -> NDArray:
        return start + (end - start) * of_curvature(x, k)

    def slopes(x: NDArray, start: float, end: float, k: float) -> NDArray:
        share, h = of_curvature(x, k), 1e-4
        by_k = (of_curvature(x, k + h) - of_curvature(x, k - h)) / (2 * h)
        return np.stack([1 - share, share, (end - start) * by_k], axis=1)

    # in units of the change, so that the tolerances of the solver mean the same for every device
    middle = float(np.mean(G[:, N // 2] - G[:, 0])) / change
    guess = (float(np.mean(G[:, 0])) / change, float(np.mean(G[:, -1])) / change, 4 * (2 * middle - 1))
    try:
        found, covariance = scipy.optimize.curve_fit(model, x, G.ravel() / change, p0=guess, jac=slopes)
    except RuntimeError as error:
        raise ParameterError(f"fit of a pulse response: {error}") from error
    residual = G.ravel() / change - model(x, *found)
    spread = np.sqrt(float(residual @ residual) / max(x.size - 3, 1)) * abs(change)
    sigma = np.sqrt(np.diag(covariance))
    return _response(N, found[0] * change, sigma[0] * abs(change), found[1] * change, sigma[1] * abs(change),
                     float(found[2]), float(sigma[2]), float(spread), "read")  # fmt: skip


def _fit_updates(G: NDArray, N: int) -> ResponseFit:
    state, step = G[:, :-1].ravel(), np.diff(G, axis=1).ravel()
    centre = state.mean()
    off = state - centre
    square = float(off @ off)
    pull = -float(off @ step) / square  # 1 − e^{−1/A}
    level = step.mean()
    residual = step - level + pull * off
    variance = float(residual @ residual) / max(step.size - 2, 1)
    sigma_pull = np.sqrt(variance / square)
    if pull >= 1:
        raise ParameterError("fit of a pulse response: it saturates with the first pulse; use fewer, weaker pulses")
    k, sigma_k = -N * np.log1p(-pull), N * sigma_pull / (1 - pull)
    start = float(G[:, 0].mean())
    sigma_start = float(G[:, 0].std(ddof=1) / np.sqrt(len(G))) if len(G) > 1 else 0.0

    def end_of(level: float, pull: float) -> float:
        """Follow the mean of all updates from the start."""
        ratio = -np.expm1(N * np.log1p(-pull)) / pull if abs(pull) > 1e-12 else float(N)
        return start + (level - pull * (start - centre)) * ratio

    end = end_of(level, pull)
    h = max(abs(pull), 1 / N) * 1e-4
    by_pull = (end_of(level, pull + h) - end_of(level, pull - h)) / (2 * h)
    by_level = end_of(level + 1, pull) - end_of(level, pull)
    sigma_end = np.hypot(np.hypot(by_pull * sigma_pull, by_level * np.sqrt(variance / step.size)), sigma_start)
    return _response(N, start, sigma_start, end, float(sigma_end), float(k), float(sigma_k), float(np.sqrt(variance)),
                     "update")  # fmt: skip


def _response(N: int, start: float, sigma_start: float, end: float, sigma_end: float, k: float, sigma_k: float,
              noise: float, assumed: str) -> ResponseFit:  # fmt: skip
    A = N / k if abs(k) > 1e-9 else np.inf
    label = _label(k)
    h = 1e-4
    slope = (_label(k + h) - _label(k - h)) / (2 * h)
    return ResponseFit(N, float(start), float(sigma_start), float(end), float(sigma_end), k, sigma_k, float(A),
                       float(N * sigma_k / k**2) if np.isfinite(A) else np.inf, label, float(slope * sigma_k), noise,
                       assumed)  # fmt: skip


def _label(k: float) -> float:
    return 0.0 if k == 0 else float(nonlinearity_label(1 / k, 1.0))
