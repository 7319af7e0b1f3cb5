"""How far the cells matter to a barrier: found again on cells half as large, and what cells of no size would have."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from fdmag.barriers.barrier import Barrier
from fdmag.barriers.find import find_again
from fdmag.constants import BOLTZMANN
from fdmag.errors import ParameterError, SolverError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation

FEW_STEPS = 1000
"""Of a path with few images, before all are taken."""
ORDER = 2
"""Of the six-neighbour exchange, and of all else where no edge of the magnet runs through cells."""


@dataclass(frozen=True)
class HalvedCells:
    """A barrier on two meshes, the second of cells half as large in x and y.

    Attributes
    ----------
    coarse, fine : Barrier
    order : int or None
        By which power of the cells the error falls; None where nobody knows, as at edges that run through cells.
    """

    coarse: Barrier
    fine: Barrier
    order: int | None = None

    @property
    def uncertainty(self) -> float:
        """How far the barriers are apart [J]: more than the error of the finer one if it falls with the cells."""
        return abs(self.fine.forward - self.coarse.forward)

    @property
    def extrapolated(self) -> float:
        """Barrier of cells of no size [J], by Richardson's rule; NaN if the order is not known.

        Source: L. F. Richardson, Phil. Trans. R. Soc. A 210, 307 (1911): what an error c h^p leaves of two values.
        """
        if self.order is None:
            return float("nan")
        return self.fine.forward + (self.fine.forward - self.coarse.forward) / (2**self.order - 1)

    def plot(self, axes: Any = None, T: float = 300.0) -> Any:
        """Draw both paths over k_B T, with T [K], on matplotlib axes, and how far the barriers are apart; return them.

        Raises
        ------
        ParameterError
            If matplotlib is not installed, or T is not above 0 K.
        """
        from fdmag.barriers.picture import VERMILION, draw

        axes = draw(self.fine, axes, T)
        coarse, unit = self.coarse, BOLTZMANN * T
        energy = (coarse.energy - coarse.energy[0]) / unit
        label = "cells twice as large"  # fewer images cut corners: their path is told as shorter
        along = coarse.distance * (self.fine.distance[-1] / coarse.distance[-1])
        axes.plot(along, energy, "s:", label=label, color="grey", markersize=3, linewidth=0.8)
        axes.axhspan((self.fine.forward - self.uncertainty) / unit, (self.fine.forward + self.uncertainty) / unit,
                     color=VERMILION, alpha=0.15, linewidth=0, label=f"± {self.uncertainty / unit:.2g}")  # fmt: skip
        if np.isfinite(self.extrapolated):
            label = f"extrapolated, {self.extrapolated / unit:.2f}"
            axes.axhline(self.extrapolated / unit, color=VERMILION, linewidth=0.8, linestyle="--", label=label)
        axes.legend(fontsize="small")
        return axes


def halved(mesh: Mesh) -> Mesh:
    """Return the mesh with cells half as large in x and y.

    >>> halved(Mesh((4, 1, 2), (2e-9, 4e-9, 1e-9))).cells
    (8, 2, 2)
    """
    nx, ny, nz = mesh.cells
    dx, dy, dz = mesh.cell_size
    return Mesh((2 * nx, 2 * ny, nz), (dx / 2, dy / 2, dz), mesh.periodic, mesh.origin)


def halve_cells(
    barrier: Barrier, simulation: Simulation, *, order: int | None = None, images: int | None = None, **options: Any
) -> HalvedCells:
    """Find a barrier again on cells half as large, beginning from its path.

    The image at the top climbs to the saddle, whatever the number of the others: a third of them does, which saves most
    of the work.

    Parameters
    ----------
    barrier : Barrier
    simulation : Simulation
        The same magnet on the mesh `halved`.
    order : int, optional
        Of the error in the size of the cells, where it is known: 2 if no edge of the magnet runs through cells.
    images : int, optional
        By default a third of the barrier's, 5 at least; all of them if it has several saddles, or these few do not
        settle.
    **options
        Of `find_again`.

    Raises
    ------
    ParameterError
        If the mesh is another one.
    SolverError
        As of `find_barrier`.

    Examples
    --------
    >>> from fdmag.barriers import find_barrier
    >>> from fdmag.terms import Exchange, UniaxialAnisotropy
    >>> def particle(mesh):
    ...     return Simulation(mesh, [Exchange(A=1e-11), UniaxialAnisotropy(Ku1=2e5)], Ms=8e5)
    >>> mesh = Mesh((1, 1, 1), (1e-8, 1e-8, 1e-8))
    >>> found = halve_cells(find_barrier(particle(mesh), images=7), particle(halved(mesh)), order=2)
    >>> print(f"{found.extrapolated:.3e} J")  # it turns as one, Ku1 V whatever the cells
    2.000e-19 J
    """
    wanted, came = halved(barrier.mesh), simulation.mesh
    alike = came.cells == wanted.cells and came.periodic == wanted.periodic
    if not alike or not np.allclose(
        [*came.cell_size, *came.origin], [*wanted.cell_size, *wanted.origin], rtol=1e-9, atol=1e-9 * min(came.cell_size)
    ):
        raise ParameterError(
            f"halve_cells: a mesh of {came.cells} cells of {came.cell_size} m; needed: {wanted.cells} of "
            f"{wanted.cell_size} m, which fdmag.barriers.halved(mesh) returns"
        )
    few = min(barrier.images, max(5, (barrier.images + 2) // 3))
    if images is None and len(barrier.saddles) == 1 and few < barrier.images:
        steps = {"max_steps": min(FEW_STEPS, options.get("max_steps", FEW_STEPS))}
        # Few images may not follow a path with sharp turns; then all of them are needed.
        with suppress(SolverError):
            return HalvedCells(barrier, find_again(barrier, simulation, images=few, **options | steps), order)
    return HalvedCells(barrier, find_again(barrier, simulation, images=images, **options), order)
