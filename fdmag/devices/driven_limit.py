"""The critical drive of a uniform pillar where torques and fields are not proportional to the drive."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import scipy

from fdmag.devices.driven_result import DriveKind
from fdmag.devices.pillar_limit import MacrospinLimit, macrospin_limit
from fdmag.quantities.junction import conductance
from fdmag.simulation import Simulation
from fdmag.terms import TunnelTorque

__all__ = ["driven_limit"]

UNIT_CURRENT, UNIT_VOLTAGE = 1e10, 1e-3
"""Current density [A/m²] and voltage [V] at which torques are read off that are proportional to it."""
TOO_MUCH = 1e3
"""Multiple of the critical drive without bias from where on none is looked for."""
STEP = 1.3
"""Ratio of the drives at which it is looked for."""


def driven_limit(
    simulation: Simulation, term: str, area: float, driven_by: DriveKind, drive: Callable[..., None], follows: bool,
    replica: int,
) -> MacrospinLimit:  # fmt: skip
    """Return the macrospin that a replica would be if its m were uniform, now, with its critical drive.

    Parameters
    ----------
    simulation, term, area, replica
        As of `fdmag.devices.pillar_limit.macrospin_limit`; nothing drives it now. Afterwards m and drive are others.
    driven_by : DriveKind
    drive : callable
        Sets the drive, with what follows it, or with ``alone=True`` without.
    follows : bool
        Whether anything follows it, so that fields depend on the drive too.

    The polarisation of a junction with V_h falls with the bias, its conductance rises, and a voltage may change the
    anisotropy, or with b2 add a field along the axis. The critical drive is then where a(drive) = α [B_K(drive) +
    B(drive)] along the start, all read off at this drive, and is looked for from below: the torque may fall behind
    again. It is NaN if none writes; fields over the drive are NaN.
    """
    unit = {"J": UNIT_CURRENT, "I": UNIT_CURRENT * area, "V": UNIT_VOLTAGE}[driven_by.symbol]
    start = simulation.m
    torque: Any = simulation.terms[term]
    junction = isinstance(torque, TunnelTorque)
    drive(unit, alone=True)
    found = macrospin_limit(simulation, term, area, unit, replica, driven_by)
    if follows or (junction and (torque.V_h.base.any() or torque.b2.base.any())):
        nothing, critical = float("nan"), found.drive_c

        def excess(value: float) -> float:
            drive(value)
            return macrospin_limit(simulation, term, area, value, replica, driven_by).excess(value)

        if np.isfinite(critical):
            critical = _first_crossing(excess, critical)
        current = critical * {"J": area, "I": 1.0}.get(driven_by.symbol, nothing)
        unknown: dict[str, Any] = dict.fromkeys(("axial", "equatorial", "across", "along"), nothing)
        found = replace(found, **unknown, drive_c=critical, I_c=current)
    if junction and driven_by.symbol == "V" and np.isfinite(found.drive_c):
        simulation.m = (0, 0, found.up)
        drive(found.drive_c)
        G, V = conductance(simulation, term)
        found = replace(found, I_c=float((G * V)[replica]))
        simulation.m = start
    return found


def _first_crossing(excess: Callable[[float], float], scale: float) -> float:
    """Return where a function of the drive that begins below 0 first passes it, of the sign of a scale; else NaN."""
    low = scale / 3
    while abs(low) > 1e-3 * abs(scale) and excess(low) > 0:
        low /= 2
    high = low * STEP
    while abs(high) < TOO_MUCH * abs(scale) and excess(high) <= 0:
        low, high = high, high * STEP
    if excess(low) <= 0 < excess(high):
        return float(scipy.optimize.brentq(excess, low, high, rtol=1e-7))
    return float("nan")
