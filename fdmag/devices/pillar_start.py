"""Whether a current has anything to begin with: exactly along the axis a spin-transfer torque is zero."""

import numpy as np

from fdmag.devices.driven_limit import small_drive
from fdmag.devices.nanopillar import Nanopillar
from fdmag.errors import ParameterError

__all__ = ["check_start"]

STILL = 1e-12
"""Torque max |m × B| [T] that is nothing but rounding."""


def check_start(pillar: Nanopillar, where: str) -> None:
    """Raise an error if m, without noise, stays where it starts whatever current flows.

    Parameters
    ----------
    pillar : Nanopillar
    where : str
        The measurement, for the message.

    Raises
    ------
    ParameterError
        If it does in any replica.
    """
    if pillar.noisy:
        return
    with pillar.restored():
        pillar.reset()
        pillar.on(small_drive(pillar.driven_by, pillar.area))
        torque = pillar.simulation.max_torque()
    if np.any(torque <= STILL):
        raise ParameterError(
            f"{where}: at the start m lies exactly along the axis, where the torque of {pillar.term} is zero: without "
            "noise it stays there whatever drives it. Tilt it a little, such as [0.1, 0, 1], or add a thermal term"
        )
