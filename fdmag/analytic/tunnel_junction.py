"""Magnetic tunnel junctions in closed form: magnetoresistance, conductance, what bias and leads do to them.

The functions are plain arithmetic on arrays of any shape, so that terms use them cell by cell.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError

__all__ = [
    "apparent_tmr",
    "conductance_per_area",
    "intrinsic_tmr",
    "julliere_polarisation",
    "julliere_tmr",
    "polarisation_at_bias",
    "tmr_at_bias",
    "two_channel_polarisation",
    "voltage_across",
]

MOST_STEPS = 60
"""Of Newton's method; from ten times the solution it takes about twelve."""


def two_channel_polarisation(up: ArrayLike, down: ArrayLike) -> NDArray:
    """Return P = (up − down)/(up + down) of what two spin channels conduct, or of what they conduct with.

    Parameters
    ----------
    up, down : array_like
        Densities of states at the Fermi level, for tunnelling; conductivities of the channels, for diffusion, where
        also velocities and scattering times enter: σ ∝ N v² τ. Majority first, in any unit.

    Raises
    ------
    ParameterError
        A value is negative, or both are 0.

    Source: N. F. Mott, Proc. R. Soc. A 153, 699 (1936), for the two channels; I. I. Mazin, Phys. Rev. Lett. 83, 1427
    (1999), for what is meant by polarisation where.

    >>> two_channel_polarisation([0.8, 1.0], [0.2, 0.0])
    array([0.6, 1. ])
    """
    up, down = np.asarray(up, dtype=float), np.asarray(down, dtype=float)
    if np.any(up < 0) or np.any(down < 0) or np.any(up + down == 0):
        raise ParameterError("up, down: allowed: at least 0, and not both 0")
    return np.asarray((up - down) / (up + down))


def julliere_tmr(P1: ArrayLike, P2: ArrayLike) -> NDArray:
    """Return Jullière's TMR = (R_AP − R_P)/R_P = 2 P1 P2 / (1 − P1 P2) of electrodes with these polarisations.

    Source: M. Jullière, Phys. Lett. A 54, 225 (1975).

    Raises
    ------
    ParameterError
        A polarisation is outside −1 to 1, or the product is 1: the antiparallel state does not conduct at all.

    >>> print(f"{julliere_tmr(0.6, 0.4):.3f}")
    0.632
    """
    product = np.multiply(P1, P2, dtype=float)
    if np.any(np.abs(P1) > 1) or np.any(np.abs(P2) > 1) or np.any(product == 1):
        raise ParameterError("P1, P2: allowed: from -1 to 1, with a product below 1")
    return 2 * product / (1 - product)


def julliere_polarisation(TMR: ArrayLike) -> NDArray:
    """Return the polarisation P = sqrt[TMR/(2 + TMR)] of two like electrodes with this TMR ≥ 0.

    Raises
    ------
    ParameterError
        The TMR is negative: the electrodes are not alike.

    >>> float(julliere_polarisation(julliere_tmr(0.5, 0.5)).round(12))
    0.5
    """
    TMR = np.asarray(TMR, dtype=float)
    if np.any(TMR < 0):
        raise ParameterError("TMR is negative; allowed: at least 0")
    return np.sqrt(TMR / (2 + TMR))


def tmr_at_bias(TMR: Any, V: Any, V_h: Any = 0.0) -> Any:
    """Return TMR(V) = TMR/[1 + (V/V_h)²], which is halved at V = V_h [V]; V_h = 0 means that it does not fall.

    >>> tmr_at_bias(1.2, 0.5, 0.5).item()
    0.6
    """
    return TMR * _left(V, V_h)


def polarisation_at_bias(P: Any, TMR: Any, V: Any, V_h: Any = 0.0) -> Any:
    """Return P(V): the polarisation falls with the bias as that of Jullière's formula for like electrodes.

    P(V)/P = sqrt{[TMR(V)/(2 + TMR(V))] / [TMR/(2 + TMR)]}, written so that it holds for TMR = 0 too.

    Parameters
    ----------
    P : array_like
        At zero bias.
    TMR : array_like
        At zero bias, above −1.
    V, V_h : array_like [V]
        As in `tmr_at_bias`.

    >>> print(f"{polarisation_at_bias(0.6, 1.125, 0.5, 0.5):.4f}")
    0.4685
    """
    left = _left(V, V_h)
    return P * np.sqrt(left * (2 + TMR) / (2 + TMR * left))


def conductance_per_area(cosine: Any, V: Any, RA_P: Any, TMR: Any, V_h: Any = 0.0) -> Any:
    """Return the conductance per area g(θ, V) [S/m²], linear in the cosine of the angle between the layers.

    g = (g_P + g_AP)/2 + (g_P − g_AP)/2 cos θ with g_P = 1/RA_P and g_AP = g_P/[1 + TMR(V)]: the parallel state
    conducts alike at every bias, the antiparallel one better with bias.

    Parameters
    ----------
    cosine : array_like
        cos θ.
    V, V_h : array_like [V]
        Bias, and the bias at which TMR is halved (0: never).
    RA_P : array_like [Ω m²]
        Resistance-area product of the parallel state.
    TMR : array_like
        (R_AP − R_P)/R_P at zero bias.

    Source: J. C. Slonczewski, Phys. Rev. B 39, 6995 (1989), for the dependence on the angle.

    >>> [float(1e12 / conductance_per_area(c, 0.0, 5e-12, 1.5)) for c in (1, -1)]
    [5.0, 12.5]
    """
    antiparallel = 1 / (1 + tmr_at_bias(TMR, V, V_h))
    return ((1 + antiparallel) + (1 - antiparallel) * cosine) / (2 * RA_P)


def voltage_across(
    drive: Any, line: Any, load: Any, parallel: Any, aligned: Any, TMR: Any, V_h: Any = 0.0
) -> NDArray[np.float64]:
    """Return the voltage V [V] across a junction in a circuit, which solves V [line + load G(V)] = drive.

    A source of current I has line = 0, load = 1 and drive = I; a source of voltage V_0 over the junction and a
    resistance R in series has line = 1, load = R and drive = V_0. The conductance of cells in parallel, each as
    `conductance_per_area`, is G(V) = (parallel + aligned)/2 + (parallel − aligned)/2 / [1 + TMR(V)].

    With v = V/V_h this is a cubic equation in v with one real solution, where TMR is at least −2/3: above it the cubic
    is convex, so that Newton's steps from the largest voltage that is possible, drive/(line + load G) with the least
    conductance, come down to the solution without passing it, and end where rounding stops them.

    Parameters
    ----------
    drive, line, load : array_like [A, 1 or V, Ω]
        In any shapes that go together, as all the others. The units of drive are those of line times V.
    parallel : array_like [S]
        The conductance if all cells were parallel, Σ A/RA_P.
    aligned : array_like [S]
        Σ A cos θ/RA_P.
    TMR, V_h : array_like [1, V]
        As in `conductance_per_area`; where V_h is above 0, TMR is at least −2/3.

    >>> R_P = 1e3
    >>> [float(voltage_across(1e-4, 0, 1, 1 / R_P, c / R_P, 1.5)) for c in (1, -1)]
    [0.1, 0.25]
    >>> float(voltage_across(0.35, 1, 1e3, 1 / R_P, -1 / R_P, 1.5))
    0.25
    """
    values = np.broadcast_arrays(
        *(np.asarray(v, dtype=float) for v in (drive, line, load, parallel, aligned, TMR, V_h))
    )
    drive, line, load, parallel, aligned, TMR, V_h = values
    always, rest = line + load * (parallel + aligned) / 2, load * (parallel - aligned) / 2
    full, least = always + rest, always + rest / (1 + TMR)
    falls = V_h > 0
    scale = np.where(falls, V_h, 1)
    s = np.abs(drive) / scale
    v = s / np.where(falls, np.minimum(full, least), least)
    slope = always * (1 + TMR) + rest
    for _ in range(MOST_STEPS if falls.any() else 0):
        excess = ((full * v - s) * v + slope) * v - s * (1 + TMR)
        following = v - excess / np.where(falls, (3 * full * v - 2 * s) * v + slope, 1)
        lower = falls & (following < v)
        if not lower.any():
            break
        v = np.where(lower, following, v)
    return np.copysign(v * scale, drive)


def apparent_tmr(TMR: ArrayLike, R_P: ArrayLike, R_series: ArrayLike) -> NDArray:
    """Return the TMR seen through leads of resistance R_series [Ω]: TMR R_P/(R_P + R_series).

    >>> apparent_tmr(1.0, 1e3, 1e3).item()
    0.5
    """
    return np.asarray(TMR, dtype=float) * R_P / np.add(R_P, R_series)


def intrinsic_tmr(R_P: ArrayLike, R_AP: ArrayLike, R_series: ArrayLike) -> NDArray:
    """Return the TMR of the junction itself from the two resistances measured with leads of R_series [Ω].

    Raises
    ------
    ParameterError
        The leads alone have as much resistance as was measured.

    >>> intrinsic_tmr(2e3, 3e3, 1e3).item()
    1.0
    """
    junction = np.subtract(R_P, R_series, dtype=float)
    if np.any(junction <= 0):
        raise ParameterError("R_series is not below the measured R_P: the leads alone have as much resistance")
    return np.subtract(R_AP, R_P, dtype=float) / junction


def _left(V: Any, V_h: Any) -> Any:
    """Return 1/[1 + (V/V_h)²], 1 for V_h = 0."""
    falls = np.asarray(V_h) > 0
    ratio = np.where(falls, V / np.where(falls, V_h, 1), 0)
    return 1 / (1 + ratio * ratio)
