"""Eigenmodes as a result: numbers, profiles, pictures, files."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.output.table import Table
from fdmag.output.vtk import PvdSeries, write_vti
from fdmag.pictures import draw_maps, semi_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = {"mode": "1", "frequency": "Hz", "damping_rate": "1/s", "linewidth": "Hz", "average.x": "1", "average.y": "1",
           "average.z": "1", "ellipticity": "1"}  # fmt: skip
"""Columns of the table of modes, with their units."""


@dataclass(frozen=True)
class Modes:
    """Modes m(t) = m + Re[v exp(λ t)], λ = 2πi f − Γ, about an equilibrium m, by rising frequency.

    A pair of conjugate eigenvalues is one mode, with f > 0. A real eigenvalue is a mode with f = 0, which decays or
    grows without turning.

    Attributes
    ----------
    mesh : Mesh
    m : array (3, nz, ny, nx)
        The equilibrium.
    moving : bool array (nz, ny, nx)
        Cells with Ms > 0 and no frozen spin.
    eigenvalues : complex array (count,) [1/s]
        λ.
    profiles : complex array (count, 3, nz, ny, nx)
        v, across m. The largest semi-axis of its ellipses is 1, and is passed at t = 0.
    torque : float [T]
        max |m × B| of the equilibrium.
    evaluations : int
        How many times the field was computed.
    """

    mesh: Mesh
    m: NDArray[np.float64]
    moving: NDArray[np.bool_]
    eigenvalues: NDArray[np.complex128]
    profiles: NDArray[np.complex128]
    torque: float
    evaluations: int

    def __len__(self) -> int:
        return len(self.eigenvalues)

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """f [Hz], (count,)."""
        return self.eigenvalues.imag / (2 * np.pi)

    @property
    def damping_rates(self) -> NDArray[np.float64]:
        """Γ [1/s], (count,): the amplitude decays as exp(−Γ t); below 0 it grows."""
        return -self.eigenvalues.real

    @property
    def linewidths(self) -> NDArray[np.float64]:
        """Full width at half maximum Γ/π [Hz] of the line in a power spectrum, (count,)."""
        return self.damping_rates / np.pi

    @property
    def averages(self) -> NDArray[np.complex128]:
        """Mean of v over the cells that move, (count, 3): what a uniform field can drive and a coil can see."""
        return self.profiles[:, :, self.moving].mean(axis=2)

    def semi_axes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the semi-axes a ≥ b of the ellipse on which each cell's m turns, (count, nz, ny, nx) each."""
        return semi_axes(self.profiles)

    def ellipticities(self) -> NDArray[np.float64]:
        """Return b/a over the cells, weighted by a², (count,): 1 for a circle, 0 for a line."""
        a, b = self.semi_axes()
        return (a * b).sum(axis=(1, 2, 3)) / (a**2).sum(axis=(1, 2, 3))

    def rows(self) -> dict[str, NDArray]:
        """Return the columns of the table of modes; of the averages their magnitude."""
        averages = np.abs(self.averages)
        return {
            "mode": np.arange(len(self)),
            "frequency": self.frequencies,
            "damping_rate": self.damping_rates,
            "linewidth": self.linewidths,
            **{f"average.{axis}": averages[:, k] for k, axis in enumerate("xyz")},
            "ellipticity": self.ellipticities(),
        }

    def fields(self, mode: int) -> dict[str, NDArray[np.float64]]:
        """Return what is written of a mode, by name: v at t = 0 and a quarter of a period before, its semi-axis a."""
        profile = self.profiles[mode]
        return {"real": profile.real.copy(), "imag": profile.imag.copy(), "amplitude": self.semi_axes()[0][mode]}

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write ``modes.csv``, and ``modes.pvd`` with a ``mode_NNN.vti`` of each, into a folder that is made if needed.

        The place of a mode in the series is its number.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with Table(folder / "modes.csv", COLUMNS, overwrite=True) as table:
            table.append(self.rows())
        with PvdSeries(folder / "modes.pvd") as series:
            for mode in range(len(self)):
                path = folder / f"mode_{mode:03d}.vti"
                write_vti(path, self.mesh, {"m": self.m, **self.fields(mode)})
                series.add(path, mode)

    def plot(self, modes: Sequence[int] | None = None, *, component: str | None = None, layer: int = 0) -> "Figure":
        """Return a matplotlib figure with amplitude and phase of modes, by default of the first four.

        Parameters
        ----------
        modes : sequence of int, optional
        component : "x", "y" or "z", optional
            Of v; by default for each mode the largest one.
        layer : int
            Number of the layer along z.

        Raises
        ------
        ParameterError
            If matplotlib is missing, or a mode, component or layer is not there.
        """
        chosen = list(range(min(4, len(self))) if modes is None else modes)
        if wrong := [mode for mode in chosen if not 0 <= mode < len(self)]:
            raise ParameterError(f"mode {wrong[0]}; there are 0 to {len(self) - 1}")
        titles = [
            f"{self.frequencies[mode] / 1e9:.3f} GHz, width {self.linewidths[mode] / 1e6:.0f} MHz" for mode in chosen
        ]
        return draw_maps(self.mesh, self.moving, self.profiles[chosen], titles, component, layer)


def in_phase(profile: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Return v scaled to a largest semi-axis of 1, which is passed at t = 0, towards + along its largest component."""
    squared, product = (np.abs(profile) ** 2).sum(axis=0), (profile**2).sum(axis=0)
    a = np.sqrt((squared + np.abs(product)) / 2)
    place = np.unravel_index(a.argmax(), a.shape)
    turned = profile * np.exp(-0.5j * np.angle(product[place])) / a[place]
    axis = turned[(slice(None), *place)].real
    return turned * np.sign(axis[np.abs(axis).argmax()])
