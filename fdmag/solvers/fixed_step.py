"""Which steps are short enough for the fastest precession: fixed ones, and those in noise, which hides their error."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import SolverError
from fdmag.solvers.llg import cross
from fdmag.solvers.tableau import HEUN, Tableau

ITERATIONS = 16
"""Of the power method; the last ones differ by a percent or two."""
SMALL = 1e-3
"""Largest change of m from which slopes are differences."""
HOTTEST = 2.0
"""Temperature of the fastest mode over that of the noise, from which on a step is refused."""
WARMEST = 1.05
"""The same where a step adapts itself."""
MOST_GROWTH = 30.0
"""Logarithm of the growth in a run, from which on a step is refused: rounding errors have then become as large as m."""
NOTHING = 1e-6
"""Angle by which what turns less in a step does not count."""
MARGIN = 1.5
"""A step that is advised could be longer by this factor."""


def fastest_rate(slope: Callable[[NDArray], NDArray], m: NDArray) -> NDArray[np.float64]:
    """Return the largest |λ| [1/s] of small deviations from m, (batch,), as exp(λt), by the power method.

    Parameters
    ----------
    slope : callable
        Returns dm/dt [1/s] of an m, without noise.
    m : array (batch, 3, nz, ny, nx)
        Unit vectors, or zero where there is no magnet.

    Notes
    -----
    The start is a checkerboard, the shortest spin wave there is, and something of every other.
    """
    batch, _, *cells = m.shape
    rng = np.random.default_rng(0)
    checkerboard = (-1.0) ** np.indices(cells).sum(axis=0)
    tilt = cross(m.astype(np.float64), checkerboard + rng.uniform(-0.5, 0.5, (1, 3, *cells)))
    start = slope(m)
    rate = np.zeros((ITERATIONS, batch))
    for number in range(ITERATIONS):
        length = np.abs(tilt).reshape(batch, -1).max(axis=1)
        tilt *= (SMALL / np.where(length > 0, length, 1))[:, None, None, None, None]
        changed = (m + tilt).astype(m.dtype)
        turned = (slope(changed) - start).astype(np.float64)
        turned -= m * (m * turned).sum(axis=1, keepdims=True)  # what is left across m
        before, after = (np.sqrt((each**2).reshape(batch, -1).sum(axis=1)) for each in (tilt, turned))
        rate[number] = after / np.where(before > 0, before, 1)
        tilt = turned
    return rate[ITERATIONS // 2 :].max(axis=0)


def growth(tableau: Tableau, z: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Return by what an explicit method multiplies the solution of dx/dt = λx in a step with z = λ dt.

    >>> from fdmag.solvers.tableau import HEUN
    >>> growth(HEUN, np.array([0.1j])).round(4)
    array([0.995+0.1j])

    Source: E. Hairer and G. Wanner, Solving ODEs II (Springer, 1996), section IV.2.
    """
    z = np.asarray(z, dtype=np.complex128)
    values: list[NDArray[np.complex128]] = []
    for row in tableau.a:
        values.append(1 + z * sum((a * k for a, k in zip(row, values, strict=True)), np.zeros_like(z)))
    return 1 + z * sum((b * k for b, k in zip(tableau.b, values, strict=True)), np.zeros_like(z))


def temperature(tableau: Tableau, z: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Return how hot noise makes a mode with z = λ dt, over the temperature that the noise stands for; inf if it grows.

    The noise is constant in a step: x' = R x + (R − 1)/z ξ with ⟨|ξ|²⟩ = −2 Re z for ⟨|x|²⟩ = 1, hence
    ⟨|x|²⟩ = −2 Re z |(R − 1)/z|²/(1 − |R|²).

    >>> from fdmag.solvers.tableau import HEUN
    >>> temperature(HEUN, np.array([0.01, 0.5, 1.2]) * (1j - 0.1)).round(3)
    array([1.   , 1.105,   inf])
    """
    R = growth(tableau, z)
    left = 1 - np.abs(R) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(left > 0, -2 * z.real * np.abs((R - 1) / z) ** 2 / left, np.inf)


def calm_step(rate: NDArray[np.float64], alpha: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the longest step [s] of Heun's method, (batch,), in which noise makes the fastest mode `WARMEST` at most.

    That is nearly 1 + z³/(8α) times as hot as it should be with z = rate dt.

    >>> calm_step(np.array([1e12]), np.array([0.02])).round(15)
    array([2.11e-13])
    """
    mode = (1j - alpha) / np.sqrt(1 + alpha**2)
    below, above = np.zeros(rate.size), np.full(rate.size, 2.0)
    for _ in range(40):
        middle = (below + above) / 2
        calm = temperature(HEUN, mode * middle) <= WARMEST
        below, above = np.where(calm, middle, below), np.where(calm, above, middle)
    with np.errstate(divide="ignore"):
        return np.where(alpha > 0, below / rate, np.inf)


def check_step(
    tableau: Tableau, dt: float, duration: float, rate: NDArray[np.float64], alpha: NDArray[np.float64], *, noisy: bool
) -> None:
    """Raise an error if a fixed step lets the fastest mode grow, or makes it much hotter than the noise is.

    Parameters
    ----------
    tableau : Tableau
        An explicit method.
    dt, duration : float [s]
    rate : array (batch,) [1/s]
        Of `fastest_rate`.
    alpha : array (batch,)
        Damping where it is smallest.
    noisy : bool
        Whether there is noise; it does nothing without damping.

    Raises
    ------
    SolverError
        Of the replicas that are refused.
    """
    modes = (rate * (1j - alpha) / np.sqrt(1 + alpha**2)).astype(np.complex128)
    hot = noisy & (alpha > 0) & (rate * dt > NOTHING)

    def refused(dt: float) -> NDArray[np.bool_]:
        z = modes * dt
        grown = np.log(np.abs(growth(tableau, z))) * (duration / dt) > MOST_GROWTH
        return np.where(hot, temperature(tableau, z) > HOTTEST, grown)

    failures = {}
    for replica in np.flatnonzero(refused(dt)):
        z = modes[replica : replica + 1] * dt
        advised = dt
        while refused(advised * MARGIN)[replica]:
            advised /= 1.1
        kT = temperature(tableau, z)[0] if hot[replica] else np.inf
        what = (
            f"has {kT:.2g} times the temperature of the noise with"
            if np.isfinite(kT)
            else f"grows by a factor of {np.abs(growth(tableau, z))[0]:.4g} in each step of"
        )
        failures[int(replica)] = (
            f"needs a shorter step than dt = {dt:.4g} s: its fastest precession, {rate[replica]:.3g} rad/s, {what} "
            f'"{tableau.name}". Give about dt = {_rounded(advised):g} s, or no dt: the step then adapts itself'
        )
    if failures:
        raise SolverError.of_replicas(failures)


def _rounded(value: float) -> float:
    """Return a number down to two digits.

    >>> _rounded(0.0478)
    0.047
    """
    unit = 10.0 ** (np.floor(np.log10(value)) - 1)
    return float(f"{np.floor(value / unit) * unit:.2g}")
