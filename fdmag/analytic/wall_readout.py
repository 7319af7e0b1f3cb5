"""What a junction above part of a track sees of a domain wall."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError

__all__ = ["mean_over_wall"]


def mean_over_wall(q: ArrayLike, x1: ArrayLike, x2: ArrayLike, width: ArrayLike) -> NDArray:
    """Return the mean of tanh((q − x)/Δ) over x from x1 to x2, for a wall at q between an up and a down domain.

    Δ/(x2 − x1) ln{cosh[(q − x1)/Δ]/cosh[(q − x2)/Δ]}: from −1 over 0 in the middle to 1, and (2q − x1 − x2)/(x2 − x1)
    while the wall is well inside.

    Parameters
    ----------
    q, x1, x2 : array_like [m]
        Centre of the wall, and ends of the interval, x1 < x2.
    width : array_like [m]
        Δ, `fdmag.analytic.domain_wall.wall_width_parameter`.

    Raises
    ------
    ParameterError
        ``width`` or ``x2 − x1`` is not positive.

    Source: the profile is that of A. Hubert, R. Schäfer, Magnetic Domains (Springer, 1998), section 3.6; integrated.

    >>> mean_over_wall([-1e-6, 0, 20e-9], -50e-9, 50e-9, 5e-9).round(6)
    array([-1. ,  0. ,  0.4])
    """
    q, x1, x2, width = (np.asarray(v, dtype=float) for v in (q, x1, x2, width))
    for name, value in (("width", width), ("x2 - x1", x2 - x1)):
        if not np.all(value > 0):
            raise ParameterError(f"{name} = {np.min(value):g} m; allowed: above 0")
    first, second = np.abs(q - x1) / width, np.abs(q - x2) / width
    # ln cosh y = |y| + ln(1 + e^{−2|y|}) − ln 2, which cannot overflow
    difference = (first - second) + np.log1p(np.exp(-2 * first)) - np.log1p(np.exp(-2 * second))
    return width / (x2 - x1) * difference
