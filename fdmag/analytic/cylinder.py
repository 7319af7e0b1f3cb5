"""Demagnetising factors of cylinders, averaged over their volume."""

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError

__all__ = ["cylinder_demagnetising_factor"]


def cylinder_demagnetising_factor(diameter: ArrayLike, height: ArrayLike) -> NDArray:
    """Return the factor N along the axis of a uniformly magnetised cylinder; that across it is (1 − N)/2.

    N = 1 + 4/(3πτ) − F(−1/τ²), τ = height/diameter, F(x) = ₂F₁(−1/2, 1/2; 2; x): the average over the volume, which is
    what the energy of uniform states depends on.

    Parameters
    ----------
    diameter, height : array_like [m]

    Raises
    ------
    ParameterError
        If a length is not above 0.

    Source: R. I. Joseph, J. Appl. Phys. 37, 4639 (1966); in this form M. Beleggia, M. De Graef, Y. T. Millev, D. A.
    Goode, G. Rowlands, J. Phys. D 38, 3333 (2005).

    >>> cylinder_demagnetising_factor(20e-9, [1.3e-9, 20e-9]).round(4)
    array([0.8501, 0.3116])
    """
    diameter, height = np.asarray(diameter, dtype=float), np.asarray(height, dtype=float)
    if not (np.all(diameter > 0) and np.all(height > 0)):
        raise ParameterError(f"diameter = {diameter.min():g}, height = {height.min():g} m; allowed: above 0")
    aspect = height / diameter
    return np.asarray(1 + 4 / (3 * np.pi * aspect) - scipy.special.hyp2f1(-0.5, 0.5, 2.0, -1 / aspect**2))
