"""Energy barriers between two states of a magnet: minimum energy paths, saddles, and how sure they are."""

from fdmag.barriers.barrier import Barrier, Saddle
from fdmag.barriers.cells import ORDER, HalvedCells, halve_cells, halved
from fdmag.barriers.find import find_again, find_barrier
from fdmag.barriers.paths import InitialPath, Rotation, Switching, Through, WallSweep
from fdmag.barriers.uniform import uniform_barrier

__all__ = [
    "ORDER",
    "Barrier",
    "HalvedCells",
    "InitialPath",
    "Rotation",
    "Saddle",
    "Switching",
    "Through",
    "WallSweep",
    "find_again",
    "find_barrier",
    "halve_cells",
    "halved",
    "uniform_barrier",
]
