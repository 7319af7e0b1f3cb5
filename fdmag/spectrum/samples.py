"""Magnetisation sampled in time, for a spectrum."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.output.table_data import read_table
from fdmag.simulation import Simulation
from fdmag.spectrum.analysis import Spectrum

FEWEST = 16
"""Samples that a spectrum needs."""
TOLERANCE = 1e-8
"""Local error of m per step: a ring-down has small amplitudes."""


@dataclass(frozen=True)
class Samples:
    """m at equal intervals of time.

    Attributes
    ----------
    t : array (n,) [s]
    average : array (n, batch, 3)
        Mean over the magnetic cells.
    cells : array (n, batch, 3, nz, ny, nx), float32, or None
        What m changed in each cell since the first sample.
    mesh : Mesh or None
    """

    t: NDArray[np.float64]
    average: NDArray[np.float64]
    cells: NDArray[np.float32] | None = None
    mesh: Mesh | None = None
    magnetic: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, t: ArrayLike, average: ArrayLike) -> "Samples":
        """Return samples from arrays: t (n,) [s] and the mean of m, (n, 3) or (n, batch, 3).

        Raises
        ------
        ParameterError
            If the shapes do not fit, there are too few samples, or they are not equally spaced.
        """
        t, average = np.asarray(t, dtype=np.float64), np.asarray(average, dtype=np.float64)
        if average.ndim == 2:
            average = average[:, None]
        if t.ndim != 1 or average.shape != (t.size, average.shape[1] if average.ndim == 3 else 1, 3):
            raise ParameterError(
                f"samples: t {t.shape} and m {average.shape}; allowed: (n,) and (n, 3) or (n, batch, 3)"
            )
        if t.size < FEWEST:
            raise ParameterError(f"samples: {t.size}; allowed: {FEWEST} or more")
        steps = np.diff(t)
        if not np.allclose(steps, steps.mean(), rtol=1e-6, atol=0) or steps[0] <= 0:
            raise ParameterError("samples: the times are not at equal, rising intervals")
        return cls(t, average)

    @classmethod
    def from_table(cls, path: str | os.PathLike[str], stage: int | None = None, of: str = "m") -> "Samples":
        """Return the samples that ``table.csv`` of a run holds, by default of its last stage.

        ``of`` is what is sampled, a vector whose components are columns: m, or with a region "m.left" of one magnet of
        several, if `[output]` asks for its columns.

        Raises
        ------
        ParameterError
            If the columns are not there, or there are too few samples or they are not equally spaced.
        """
        table = read_table(path)
        names = [f"m{axis}" if of == "m" else f"{of}.{axis}" for axis in "xyz"]
        chosen = table["stage"] == (table["stage"].max() if stage is None else stage)
        replicas = np.unique(table["replica"])
        rows = [chosen & (table["replica"] == replica) for replica in replicas]
        if len({int(row.sum()) for row in rows}) > 1:
            raise ParameterError(f"{path}: replicas have unequal numbers of rows, as where they stop; take one of them")
        average = [np.stack([table[name][row] for name in names], axis=1) for row in rows]
        return cls.of(table["t"][rows[0]], np.stack(average, axis=1))

    def spectrum(self, window: str = "hann", replica: int = 0) -> Spectrum:
        """Return the spectrum of one replica; ``window`` as `scipy.signal.get_window` knows it.

        Raises
        ------
        ParameterError
            For an unknown window or replica.
        """
        if not 0 <= replica < self.average.shape[1]:
            raise ParameterError(f"replica = {replica}; allowed: 0 to {self.average.shape[1] - 1}")
        cells = None if self.cells is None else self.cells[:, replica]
        magnetic = None if self.magnetic is None else self.magnetic[replica % len(self.magnetic)]
        return Spectrum(self.t, self.average[:, replica], cells, self.mesh, magnetic, window)


def ring_down(
    simulation: Simulation,
    duration: float,
    every: float,
    *,
    cells: bool = True,
    tolerance: float | None = None,
    on_step: Callable[[], None] | None = None,
    **options: Any,
) -> Samples:
    """Run the simulation and return m at multiples of ``every``.

    What rings is for the user to say: a field that was changed, a pulse, a tilted start.

    Parameters
    ----------
    simulation : Simulation
    duration, every : float [s]
        The spectrum has steps of 1/duration up to 1/(2 every).
    cells : bool
        Keep m of every cell too, for maps of modes: 12 bytes for each cell and sample.
    tolerance : float, optional
        Allowed local error of m per adaptive step; by default `TOLERANCE`, or with noise that of `Simulation.run`.
    on_step, options
        As in `Simulation.run`.

    Raises
    ------
    ParameterError
        If ``every`` does not divide the duration into 16 parts or more.

    Examples
    --------
    A perpendicular field turns m counter-clockwise with γ B/2π, and the line is α f wide on either side:

    >>> import fdmag
    >>> from fdmag.terms import Zeeman
    >>> mesh = fdmag.Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9))
    >>> spin = fdmag.Simulation(mesh, [Zeeman(B=(0, 0, 0.3))], Ms=8e5, alpha=0.02, m=(0.01, 0, 1))
    >>> (peak,) = ring_down(spin, 4e-9, every=20e-12).spectrum().peaks(1)
    >>> print(f"{peak.frequency / 1e9:.3f} GHz, {peak.linewidth / 1e6:.1f} MHz")
    8.404 GHz, 336.2 MHz
    """
    count = round(duration / every) if every > 0 and np.isfinite(duration) else 0
    if count < FEWEST:
        raise ParameterError(f"every = {every:g} s in {duration:g} s; allowed: at most {duration / FEWEST:g} s")
    start, first = float(simulation.t[0]), simulation.m
    t = np.arange(count, dtype=np.float64) * every
    average = np.empty((count, simulation.batch, 3))
    changes = np.empty((count, *first.shape), np.float32) if cells else None
    taken = 0

    def sample(current: Simulation) -> None:
        nonlocal taken
        if taken < count and abs(float(current.t[0]) - start - t[taken]) <= 1e-6 * every:
            average[taken] = current.average_m()
            if changes is not None:
                changes[taken] = current.m - first
            taken += 1

    if tolerance is None and "dt" not in options and not simulation.magnet.noisy:
        tolerance = TOLERANCE
    simulation.run(count * every, every=every, callback=sample, tolerance=tolerance, on_step=on_step, **options)
    return Samples(t, average, changes, simulation.mesh, simulation.magnetic)
