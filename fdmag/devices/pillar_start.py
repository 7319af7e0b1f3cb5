"""Whether a current has anything to begin with: exactly along the axis a spin-transfer torque is zero."""

import numpy as np
from numpy.typing import ArrayLike

from fdmag.devices.nanopillar import Nanopillar
from fdmag.errors import ParameterError

__all__ = ["check_start"]

STILL = 1e-12
"""Torque max |m × B| [T] that is nothing but rounding."""


def check_start(pillar: Nanopillar, where: str, drives: ArrayLike) -> None:
    """Raise an error if m, without noise, stays where it starts whatever drives it.

    Parameters
    ----------
    pillar : Nanopillar
    where : str
        The measurement, for the message.
    drives : array_like
        What it is to be driven by, of which the largest is tried.

    Raises
    ------
    ParameterError
        If it does in any replica.
    """
    largest = float(np.max(np.abs(drives), initial=0.0))
    if pillar.noisy or largest == 0:
        return
    with pillar.restored():
        pillar.reset()
        pillar.on(largest)
        torque = pillar.simulation.max_torque()
    if np.any(torque <= STILL):
        raise ParameterError(
            f"{where}: at the start m lies exactly along the axis, where the torque of {pillar.term} is zero: without "
            "noise it stays there whatever drives it. Tilt it a little, such as [0.1, 0, 1], or add a thermal term"
        )
