"""Conductance of a synapse over the number of pulses: the saturating exponential that network simulators use.

From G_min, potentiation gives G(n) = G_min + B (1 − exp(−n/A)); from G_max, depression G_max − B (1 − exp(−n/A)), both
with B = (G_max − G_min)/(1 − exp(−N/A)) for a full sweep of N pulses. A > 0 saturates, A < 0 runs away, and large |A|
is linear. Depression counts its own pulses from G_max; the publication counts them downwards.

Source: P.-Y. Chen, X. Peng, S. Yu, IEDM 2017, 6.1.1, and IEEE Trans. Comput.-Aided Des. 37, 3067 (2018).
"""

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError

__all__ = ["deviation_from_line", "nonlinearity_label", "pulse_constant_of_label", "pulse_response"]

LABEL_UNIT = 0.07 * np.sqrt(2)
"""Largest deviation from the straight line that NeuroSim calls a nonlinearity of 1: a distance of 0.07 from the
diagonal of the unit square. Found from its table of A over the label, which it reproduces to all of its digits."""


def pulse_response(n: ArrayLike, A: ArrayLike, N: ArrayLike = 1.0) -> NDArray:
    """Return (1 − e^{−n/A})/(1 − e^{−N/A}), the share of the range that n of N pulses pass through.

    Parameters
    ----------
    n, N : array_like
        Pulses so far, and of a full sweep.
    A : array_like
        Pulses over which the response saturates; not 0. ±inf: linear.

    >>> pulse_response([0, 1, 5, 10], A=5.0, N=10).round(4)
    array([0.    , 0.2096, 0.7311, 1.    ])
    """
    n, A, N = (np.asarray(v, dtype=float) for v in (n, A, N))
    if np.any(A == 0):
        raise ParameterError("A = 0 pulses: the response would be a step; allowed: any other number, inf for linear")
    linear = np.abs(A) > 1e9 * np.abs(N)
    safe = np.where(linear, N, A)
    # written with decaying exponentials for both signs
    up = np.expm1(-n / np.abs(safe)) / np.expm1(-N / np.abs(safe))
    down = np.exp((n - N) / np.abs(safe)) * np.expm1(-n / np.abs(safe)) / np.expm1(-N / np.abs(safe))
    return np.where(linear, n / N, np.where(safe > 0, up, down))


def deviation_from_line(A: ArrayLike, N: ArrayLike = 1.0) -> NDArray:
    """Return the largest difference between `pulse_response` and n/N, with the sign of A: from −1 to 1.

    With a = A/N and s = 1 − e^{−1/a} it is at n/N = −a ln(a s), and (1 − a s)/s + a ln(a s).

    >>> print(f"{deviation_from_line(0.5):.4f}")
    0.2372
    """
    a = np.abs(np.divide(A, N, dtype=float))
    if np.any(a == 0):
        raise ParameterError("A = 0 pulses; allowed: any other number")
    flat = a > 1e4  # the leading term of the expansion, 1/(8 a), is then exact to rounding
    a_safe = np.where(flat, 1.0, a)
    s = -np.expm1(-1 / a_safe)
    steep = (1 - a_safe * s) / s + a_safe * np.log(a_safe * s)
    return np.sign(A) * np.where(flat, 1 / (8 * a), steep)


def nonlinearity_label(A: ArrayLike, N: ArrayLike) -> NDArray:
    """Return the nonlinearity of NeuroSim's manual, the deviation from the line over 0.07 sqrt(2); 10.1 is a step.

    Its sign is that of A; NeuroSim gives that of depression a minus sign.

    >>> print(f"{nonlinearity_label(1.251653, 1):.4f}")  # listed there with 1
    1.0000
    """
    return deviation_from_line(A, N) / LABEL_UNIT


def pulse_constant_of_label(label: float, N: float) -> float:
    """Return A in pulses for a nonlinearity label and a full sweep of N pulses; inf for a label of 0.

    Raises
    ------
    ParameterError
        The label is beyond ±10.

    >>> print(f"{pulse_constant_of_label(1.0, 1):.6f}")
    1.251653
    """
    if not abs(label) <= 10:
        raise ParameterError(f"nonlinearity label = {label:g}; allowed: from -10 to 10")
    if abs(label) < 1e-8:
        return float(np.inf)

    def excess(logarithm: float) -> float:
        return float(nonlinearity_label(np.exp(logarithm), 1.0)) - abs(label)

    return float(np.sign(label) * np.exp(scipy.optimize.brentq(excess, np.log(1e-4), np.log(1e8), xtol=1e-14)) * N)
