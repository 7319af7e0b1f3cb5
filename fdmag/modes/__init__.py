"""Small oscillations about an equilibrium: frequencies, damping, profiles, and where a current makes them grow."""

from fdmag.modes.lowest import eigenmodes
from fdmag.modes.result import Modes
from fdmag.modes.stability import Threshold, threshold

__all__ = ["Modes", "Threshold", "eigenmodes", "threshold"]
