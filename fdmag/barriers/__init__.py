"""Energy barriers between two states of a magnet: minimum energy paths, saddles, and how sure they are."""

from fdmag.barriers.barrier import Barrier, Saddle
from fdmag.barriers.find import find_again, find_barrier
from fdmag.barriers.paths import InitialPath, Rotation, Switching, Through, WallSweep
from fdmag.barriers.uniform import uniform_barrier

__all__ = [
    "Barrier",
    "InitialPath",
    "Rotation",
    "Saddle",
    "Switching",
    "Through",
    "WallSweep",
    "find_again",
    "find_barrier",
    "uniform_barrier",
]
