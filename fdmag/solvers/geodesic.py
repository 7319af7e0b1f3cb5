"""Great circles, cell by cell: from one magnetisation to another on the product of spheres.

All arrays are (n, 3, nz, ny, nx), unit vectors or zero where Ms = 0.

Source: P. F. Bessarab, V. M. Uzdin and H. Jónsson, Comput. Phys. Commun. 196, 335 (2015), section 3.
"""

import numpy as np
from numpy.typing import NDArray

NEARLY_ANTIPODAL = 1e-6
"""Sine of the angle of opposite vectors below which no great circle between them is told from another."""


def tangents(a: NDArray, b: NDArray) -> tuple[NDArray, NDArray]:
    """Return the great circles from a to b: their tangents at a and at b, both as long as the angle between them.

    Where a = −b the direction is not determined, and the tangents are zero.

    >>> a, b = np.zeros((2, 1, 3, 1, 1, 1))
    >>> a[0, 0], b[0, 2] = 1, 1
    >>> leaving, arriving = tangents(a, b)
    >>> leaving.ravel().round(3), arriving.ravel().round(3)
    (array([0.   , 0.   , 1.571]), array([-1.571,  0.   ,  0.   ]))
    """
    cosine = _dot(a, b)
    leaving = b - a * cosine
    sine = np.sqrt(_dot(leaving, leaving))
    factor = np.where(sine > NEARLY_ANTIPODAL, np.arctan2(sine, cosine) / np.where(sine > 0, sine, 1), 1)
    leaving *= factor
    arriving = b * cosine
    arriving -= a
    arriving *= factor
    return leaving, arriving


def between(a: NDArray, b: NDArray, share: NDArray) -> NDArray:
    """Return the vectors that lie the given share of the way from a to b, along great circles.

    ``share`` broadcasts to (n, 1, nz, ny, nx), and a and b to n. Where a = −b, the result is a up to one half, then b.

    >>> a, b = np.zeros((2, 1, 3, 1, 1, 1))
    >>> a[0, 0], b[0, 2] = 1, 1
    >>> between(a, b, np.full((1, 1, 1, 1, 1), 1 / 3)).ravel().round(6)
    array([0.866025, 0.      , 0.5     ])
    """
    cosine = _dot(a, b)
    across = b - a * cosine
    sine = np.sqrt(_dot(across, across))
    turn = share * np.arctan2(sine, cosine)
    defined = sine > NEARLY_ANTIPODAL
    across = across * np.where(defined, np.sin(turn) / np.where(sine > 0, sine, 1), share)
    result = a * np.where(defined, np.cos(turn), 1) + across
    opposite = ~defined & (cosine < 0)
    if opposite.any():
        result = np.where(opposite, np.where(share > 0.5, b, a), result)
    length = np.sqrt(_dot(result, result))
    result /= np.where(length > 0, length, 1)
    return result


def _dot(a: NDArray, b: NDArray) -> NDArray:
    return (a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2])[:, None]
