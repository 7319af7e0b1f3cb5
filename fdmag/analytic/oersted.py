"""Oersted fields of straight conductors without end, in closed form: current density along +z, field in x and y."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.constants import MU_0

__all__ = ["cylinder_field", "rectangle_field"]


def cylinder_field(x: ArrayLike, y: ArrayLike, J: ArrayLike, radius: ArrayLike) -> NDArray[np.float64]:
    """Return (Bx, By) [T] of a round wire about the z axis: µ0 J ρ/2 inside, µ0 J R²/(2ρ) outside, right-handed.

    Parameters
    ----------
    x, y : array_like
        Place relative to the axis [m].
    J : array_like
        Current density along +z [A/m²]; the current is π R² J.
    radius : array_like
        Radius R [m].

    Returns
    -------
    array (2, ...)

    Notes
    -----
    Ampère's law; J. D. Jackson, Classical Electrodynamics (Wiley, 1999), section 5.3.

    >>> print(f"{cylinder_field(50e-9, 0, 1e12, 50e-9)[1] * 1e3:.4f} mT")
    31.4159 mT
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    factor = MU_0 * np.asarray(J) / 2 * np.square(radius) / np.maximum(x**2 + y**2, np.square(radius))
    return np.stack(np.broadcast_arrays(-factor * y, factor * x))


def rectangle_field(x: ArrayLike, y: ArrayLike, J: ArrayLike, width: ArrayLike, height: ArrayLike) -> NDArray:
    """Return (Bx, By) [T] of a wire about the z axis with rectangular cross-section.

    Parameters
    ----------
    x, y : array_like
        Place relative to the axis [m].
    J : array_like
        Current density along +z [A/m²]; the current is width × height × J.
    width, height : array_like
        Edges along x and y [m].

    Returns
    -------
    array (2, ...)

    Notes
    -----
    The field of a line current, µ0 I/(2πρ), integrated over the cross-section: By = (µ0 J/2π) Σ ± F(u, v) over the
    corners at distances u and v along x and y, F = (v/2) ln(u² + v²) + u arctan(v/u), and −Bx likewise with x and y
    exchanged.

    >>> at_1_um = rectangle_field(1e-6, 0, 1e12, 20e-9, 20e-9)[1]
    >>> print(f"{at_1_um * 1e6:.4f} µT, {MU_0 * 0.4e-3 / (2 * np.pi * 1e-6) * 1e6:.4f} µT as a line")
    80.0000 µT, 80.0000 µT as a line
    """
    x, y, J = np.asarray(x, dtype=float), np.asarray(y, dtype=float), np.asarray(J, dtype=float)
    a, b = np.asarray(width) / 2, np.asarray(height) / 2
    Bx = -_over_corners(y, x, b, a)
    By = _over_corners(x, y, a, b)
    return MU_0 * J / (2 * np.pi) * np.stack(np.broadcast_arrays(Bx, By))


def _over_corners(x: NDArray, y: NDArray, a: NDArray, b: NDArray) -> NDArray:
    """Return ∫∫ (x − x')/ρ² dx' dy' over |x'| < a and |y'| < b."""
    return (
        _antiderivative(x + a, y + b) - _antiderivative(x + a, y - b)
        - _antiderivative(x - a, y + b) + _antiderivative(x - a, y - b)
    )  # fmt: skip


def _antiderivative(u: NDArray, v: NDArray) -> NDArray:
    square = u**2 + v**2
    angle = np.arctan(v / np.where(u == 0, 1, u))  # its factor is 0 at u = 0
    return v / 2 * np.log(np.where(square > 0, square, 1)) + u * angle
