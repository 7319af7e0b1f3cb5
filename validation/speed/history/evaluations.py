"""The convolution and the whole right-hand side, and both beside the padded convolution of `scipy.fft`, in turns."""

import sys
from pathlib import Path

# At the end: a commit that asv has installed goes before the package in this tree.
sys.path.append(str(Path(__file__).resolve().parents[3]))

from validation.speed import problem
from validation.speed.peers.own import Own

_SECONDS, _TURNS = 0.2, 5


class Evaluations:
    """Cells × evaluations per second by the best times, on as many threads as ``$FDMAG_THREADS`` says."""

    params = (tuple(problem.MESHES), problem.PRECISIONS)
    param_names = ("mesh", "precision")
    timeout = 300.0

    def setup(self, mesh: str, precision: str) -> None:
        """Make the three calls that are timed."""
        self._own, cells = Own(), list(problem.MESHES[mesh])
        self._own.prepare_demag(cells, precision, peer=True)
        self._own.prepare_slope(cells, precision, "rhs")

    def _best(self, mesh: str, *names: str) -> list[float]:
        """Return cells per second of each."""
        turns = [[min(self._own.time(name, _SECONDS)) for name in names] for _ in range(_TURNS)]
        return [problem.n_cells(problem.MESHES[mesh]) / min(times) for times in zip(*turns, strict=True)]

    def track_demag(self, mesh: str, precision: str) -> float:
        """Return the rate of the convolution alone."""
        return self._best(mesh, "demag")[0]

    def track_rhs(self, mesh: str, precision: str) -> float:
        """Return the rate of dm/dt."""
        return self._best(mesh, "rhs")[0]

    def track_demag_over_scipy(self, mesh: str, precision: str) -> float:
        """Return how many times as fast as the padded convolution ours is."""
        ours, theirs = self._best(mesh, "demag", "padded scipy.fft")
        return ours / theirs

    def track_rhs_over_scipy(self, mesh: str, precision: str) -> float:
        """Return how many times as fast as the padded convolution the whole right-hand side is."""
        ours, theirs = self._best(mesh, "rhs", "padded scipy.fft")
        return ours / theirs


for _rate in (Evaluations.track_demag, Evaluations.track_rhs):
    _rate.unit = "cells/s"  # type: ignore[attr-defined]
