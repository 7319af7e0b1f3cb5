"""A magnetic tunnel junction above or below a free layer: its resistance, cell by cell in parallel."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.analytic.tunnel_junction import conductance_per_area, tmr_at_bias
from fdmag.errors import ParameterError
from fdmag.simulation import Simulation
from fdmag.terms import TunnelTorque

__all__ = ["TunnelJunction"]


@dataclass(frozen=True)
class TunnelJunction:
    """A junction whose cells conduct in parallel, each with the angle of its own m to the reference.

    Parameters
    ----------
    RA_P : float [Ω m²]
        Resistance-area product of the parallel state.
    TMR : float
        (R_AP − R_P)/R_P at zero bias.
    V_h : float [V]
        Bias that halves TMR; 0: none does.
    R_series : float [Ω]
        Of the leads, which take their share of the voltage.

    Raises
    ------
    ParameterError
        For a resistance that is not positive, or a TMR of −1 or less.

    Examples
    --------
    >>> junction = TunnelJunction(RA_P=5e-12, TMR=1.5)
    >>> [float(junction.resistance(c, area=5e-15)) for c in (1, -1)]
    [1000.0, 2500.0]
    """

    RA_P: float
    TMR: float
    V_h: float = 0.0
    R_series: float = 0.0

    def __post_init__(self) -> None:
        for name, allowed in (("RA_P", "above 0 Ω m²"), ("TMR", "above -1"), ("V_h", "at least 0 V"),
                              ("R_series", "at least 0 Ω")):  # fmt: skip
            value = getattr(self, name)
            good = {"RA_P": value > 0, "TMR": value > -1}.get(name, value >= 0)
            if not (good and np.isfinite(value)):
                raise ParameterError(f"tunnel junction: {name} = {value:g}; allowed: {allowed}")

    @classmethod
    def of(cls, term: TunnelTorque, R_series: float = 0.0) -> "TunnelJunction":
        """Return the junction of a bound `fdmag.terms.TunnelTorque` whose RA_P, TMR and V_h are the same everywhere.

        Raises
        ------
        ParameterError
            If one differs between cells or replicas, or depends on time.
        """
        values = []
        for quantity in (term.RA_P, term.TMR, term.V_h):
            if not quantity.constant or quantity.base.size != 1:
                raise ParameterError(
                    f"{quantity.where} is not one number; make a TunnelJunction for each of its values"
                )
            values.append(float(quantity.base.item()))
        return cls(values[0], values[1], values[2], R_series)

    def tmr(self, V: ArrayLike = 0.0) -> NDArray:
        """Return TMR at a bias [V], without the leads."""
        return np.asarray(tmr_at_bias(self.TMR, np.asarray(V, dtype=float), self.V_h))

    def conductance(self, cosine: ArrayLike, V: ArrayLike = 0.0, *, area: ArrayLike) -> NDArray:
        """Return the conductance [S] of the junction without leads; areas [m²] of several cells are not summed."""
        per_area = conductance_per_area(np.asarray(cosine, dtype=float), np.asarray(V, dtype=float), self.RA_P,
                                        self.TMR, self.V_h)  # fmt: skip
        return np.asarray(area * per_area)

    def resistance(self, cosine: ArrayLike, V: ArrayLike = 0.0, *, area: ArrayLike) -> NDArray:
        """Return the resistance [Ω] with the leads, V [V] being the voltage across the junction alone."""
        return 1 / self.conductance(cosine, V, area=area) + self.R_series

    def current(self, cosine: ArrayLike, V: ArrayLike, *, area: ArrayLike) -> NDArray:
        """Return the current [A] at the voltage V [V] across the junction alone."""
        return self.conductance(cosine, V, area=area) * V

    def mean_cosine(
        self, simulation: Simulation, reference: ArrayLike | str, free: Any = None
    ) -> tuple[NDArray, float]:
        """Return the mean cosine to the reference over the read-out area, (batch,), and that area [m²].

        As the conductance is linear in it, the mean is all that the cells in parallel need. Cells that smooth edges
        fill in part count by the area they cover.

        Parameters
        ----------
        simulation : Simulation
        reference : vector (3,) or str
            Fixed direction; or the region whose cells facing along z are the other electrode.
        free : str or array of bool (nz, ny, nx), optional
            Region, or cells, of the electrode that is read; by default all magnetic cells. In each column the cell
            nearest to the reference counts: the lowest one above it, or else the highest below; the lowest for a fixed
            direction.

        Raises
        ------
        ParameterError
            If there is no such region, or no magnetic cell to read.
        """
        regions = simulation.regions
        cells = np.asarray(simulation.magnetic.all(axis=0), dtype=np.bool_)
        if free is not None:
            chosen = regions.mask(free) if isinstance(free, str) else np.asarray(free, dtype=bool)
            if chosen.shape != simulation.mesh.shape:
                shape = simulation.mesh.shape
                raise ParameterError(f"free: array of shape {chosen.shape}; allowed: {shape} (nz, ny, nx)")
            cells = np.logical_and(cells, chosen)
        m = simulation.m
        if isinstance(reference, str):
            electrode = regions.mask(reference)
            upper, partner = _interface(cells & ~electrode, electrode)
            found = upper >= 0
            p = _at(m, partner)
        else:
            found, upper = np.asarray(cells.any(axis=0), dtype=np.bool_), np.argmax(cells, axis=0)
            direction = np.asarray(reference, dtype=float)
            if direction.shape != (3,) or not np.linalg.norm(direction) > 0:
                raise ParameterError(f"reference = {reference!r}; allowed: a direction (3,), or the name of a region")
            p = (direction / np.linalg.norm(direction))[None, :, None, None]
        if not found.any():
            raise ParameterError("the read-out area holds no magnetic cell that faces the reference")
        cosine = np.sum(_at(m, np.maximum(upper, 0)) * p, axis=1)
        dx, dy, _ = simulation.mesh.cell_size
        covered = np.take_along_axis(simulation.covered(2).min(axis=0), np.maximum(upper, 0)[None], axis=0)[0][found]
        return (cosine[:, found] * covered).sum(axis=1) / covered.sum(), float(covered.sum() * dx * dy)

    def read(
        self, simulation: Simulation, V: ArrayLike, reference: ArrayLike | str, free: Any = None
    ) -> tuple[NDArray, NDArray]:
        """Return resistance [Ω] and current [A] of each replica, (batch,), at the voltage V over junction and leads.

        Parameters
        ----------
        simulation, reference, free
            As in `mean_cosine`.
        V : float or array (batch,) [V]
            Not 0 for a current; at 0 the resistance is that of small signals.
        """
        cosine, area = self.mean_cosine(simulation, reference, free)
        total = np.broadcast_to(np.asarray(V, dtype=float), cosine.shape)
        low, high = np.minimum(total, 0), np.maximum(total, 0)
        for _ in range(80 if self.R_series else 0):  # halve the interval of the voltage across the junction
            middle = (low + high) / 2
            too_much = middle + self.R_series * self.current(cosine, middle, area=area) > total
            low, high = np.where(too_much, low, middle), np.where(too_much, middle, high)
        across = (low + high) / 2 if self.R_series else total
        resistance = self.resistance(cosine, across, area=area)
        return resistance, total / resistance


def _interface(cells: NDArray[np.bool_], electrode: NDArray[np.bool_]) -> tuple[NDArray, NDArray]:
    """Return, per column, z of the cell read (−1: none) and of the electrode's cell that faces it."""
    layers = np.arange(len(cells))[:, None, None]
    top = np.where(electrode, layers, -1).max(axis=0)
    bottom = np.where(electrode, layers, len(cells)).min(axis=0)
    above = np.where(cells & (layers > top), layers, len(cells)).min(axis=0)
    below = np.where(cells & (layers < bottom), layers, -1).max(axis=0)
    has_above = (above < len(cells)) & (top >= 0)
    has_below = (below >= 0) & (bottom < len(cells))
    read = np.where(has_above, above, np.where(has_below, below, -1))
    return read, np.where(has_above, top, np.where(has_below, bottom, 0))


def _at(m: NDArray, z: NDArray) -> NDArray:
    """Return m (batch, 3, ny, nx) of the cells z (ny, nx) of each column."""
    return np.take_along_axis(m, z[None, None, None], axis=2)[:, :, 0]
