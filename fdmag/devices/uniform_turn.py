"""How long a uniform pillar takes to turn over, from its own dm/dt, whatever its torque depends on."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.simulation import Simulation

__all__ = ["turning_times"]

NODES = 40
"""Of Gauss and Legendre's quadrature."""
AZIMUTHS = (0.0, np.pi / 4, np.pi / 2)
ROUND = 1e-3
"""Part by which rates at these azimuths may differ before there is no one angle that tells the way."""


def turning_times(
    simulation: Simulation, drive_by: Callable[[ArrayLike], None], drive: ArrayLike, up: float, theta0: float,
    threshold: float = 0.0,
) -> NDArray[np.float64]:  # fmt: skip
    """Return the time [s] that a uniform m takes from θ0 to |m_z| = ``threshold`` at T = 0, (n,).

    If energies and torques are symmetric about z, dθ/dt depends on θ alone, and the time is the integral of
    du/(dθ/dt/sin θ) over u = ln tan(θ/2), in which the exponential way out of the start is a straight line. It is NaN
    where m stops before, and without that symmetry. m and drive are others afterwards.

    Parameters
    ----------
    simulation : Simulation
        Without noise; its replicas are alike.
    drive_by : callable
        Sets the drive, (batch,).
    drive : array_like (n,)
    up : float
        1 or −1: the end of the axis that m starts at.
    theta0 : float [rad]
        Tilt at the start, from that end.
    threshold : float
        m_z counted from the start.

    Examples
    --------
    As in closed form, `fdmag.analytic.spin_torque.switching_time`:

    >>> import fdmag
    >>> from fdmag.analytic.spin_torque import switching_time
    >>> from fdmag.terms import Slonczewski, UniaxialAnisotropy
    >>> mesh = fdmag.Mesh((1, 1, 1), (35.45e-9, 35.45e-9, 1.3e-9))
    >>> layer = fdmag.Simulation(mesh, [UniaxialAnisotropy(Ku1=1.5e5), Slonczewski(J=0, P=0.6)], Ms=1e6, alpha=0.01)
    >>> J = 3 * 1.97491e10
    >>> found = turning_times(layer, lambda J: layer.set("slonczewski.J", float(J[0])), [J], 1.0, 0.1)
    >>> print(f"{found[0] / switching_time(3.0, 0.1, 0.01, 0.3):.3f}")
    1.000
    """
    drive = np.asarray(drive, dtype=float)
    times = np.full(drive.size, np.nan)
    if not (0 < theta0 < np.pi / 2 and -1 < threshold < np.cos(theta0)):
        return times
    first, last = np.log(np.tan(theta0 / 2)), np.log(np.tan(np.arccos(threshold) / 2))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    angles = 2 * np.arctan(np.exp((last - first) / 2 * nodes + (last + first) / 2))
    batch = simulation.batch
    for begin in range(0, drive.size, batch):
        values = drive[begin : begin + batch]
        drive_by(np.concatenate([values, np.zeros(batch - values.size)]))
        turns, total = np.ones(batch, bool), np.zeros(batch)
        for theta, weight in zip(angles, weights, strict=True):
            rates = np.array([_rate(simulation, up, theta, phi) for phi in AZIMUTHS])
            mean = rates.mean(axis=0)
            turns &= (mean > 0) & (np.ptp(rates, axis=0) <= ROUND * np.abs(mean))
            if not turns.any():
                break
            total += (last - first) / 2 * weight / np.where(turns, mean, 1.0)
        times[begin : begin + batch] = np.where(turns, total, np.nan)[: values.size]
    return times


def _rate(simulation: Simulation, up: float, theta: float, phi: float) -> NDArray[np.float64]:
    """Return (dθ/dt)/sin θ [1/s] of a uniform m, (batch,): that of the whole moment."""
    s = np.sin(theta)
    simulation.m = (s * np.cos(phi), s * np.sin(phi), up * np.cos(theta))
    Ms = np.broadcast_to(simulation.magnet.material.Ms.base[:, 0], (simulation.batch, *simulation.mesh.shape))
    slope = np.array([(dm * M).sum() / M.sum() for dm, M in zip(simulation.dm_dt()[:, 2], Ms, strict=True)])
    return -up * slope / s**2
