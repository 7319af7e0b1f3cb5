"""A magnetic tunnel junction above or below a free layer: its resistance, cell by cell in parallel."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.analytic.tunnel_junction import (
    conductance_per_area,
    intrinsic_tmr,
    julliere_polarisation,
    julliere_tmr,
    tmr_at_bias,
)
from fdmag.devices.bias_table import BiasTable
from fdmag.devices.checks import array_of, checked
from fdmag.devices.junction_curve import JunctionCurve
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
    TMR : float or BiasTable
        (R_AP − R_P)/R_P at zero bias, or over the bias.
    V_h : float [V]
        Bias that halves TMR, as TMR/[1 + (V/V_h)²]; 0: none does.
    R_series : float [Ω]
        Of the leads, which take their share of the voltage.

    Raises
    ------
    ParameterError
        For a resistance that is not positive, a TMR of −1 or less, or V_h beside a table.

    Source: J. C. Slonczewski, Phys. Rev. B 39, 6995 (1989): the conductance is linear in the cosine of the angle.
    Valid for a barrier that is uniform over the area, and at biases small against its height.

    Examples
    --------
    >>> junction = TunnelJunction(RA_P=5e-12, TMR=1.5)
    >>> [float(junction.resistance(c, area=5e-15)) for c in (1, -1)]
    [1000.0, 2500.0]
    """

    RA_P: float
    TMR: float | BiasTable
    V_h: float = 0.0
    R_series: float = 0.0

    def __post_init__(self) -> None:
        table = isinstance(self.TMR, BiasTable)
        for name, allowed in (("RA_P", "above 0 Ω m²"), ("TMR", "above -1"), ("V_h", "at least 0 V"),
                              ("R_series", "at least 0 Ω")):  # fmt: skip
            value = getattr(self, name)
            if name == "TMR" and table:
                continue
            good = {"RA_P": value > 0, "TMR": value > -1}.get(name, value >= 0)
            if not (good and np.isfinite(value)):
                raise ParameterError(f"tunnel junction: {name} = {value:g}; allowed: {allowed}")
        if table and self.V_h:
            raise ParameterError(f"tunnel junction: V_h = {self.V_h:g} V beside a table of TMR; leave V_h out")

    @classmethod
    def of_polarisations(
        cls, RA_P: float, P1: float, P2: float, V_h: float = 0.0, R_series: float = 0.0
    ) -> "TunnelJunction":
        """Return the junction of electrodes with these polarisations, by Jullière's formula.

        >>> print(f"{TunnelJunction.of_polarisations(5e-12, 0.6, 0.4).TMR:.4f}")
        0.6316
        """
        return cls(RA_P, float(julliere_tmr(P1, P2)), V_h, R_series)

    @classmethod
    def of_resistances(cls, R_P: float, R_AP: float, *, area: float, R_series: float = 0.0) -> "TunnelJunction":
        """Return the junction whose two resistances [Ω], measured with the leads, are these at small bias.

        Raises
        ------
        ParameterError
            If the leads alone have as much resistance.

        >>> junction = TunnelJunction.of_resistances(1500, 3000, area=5e-15, R_series=500)
        >>> junction.RA_P, junction.TMR
        (5e-12, 1.5)
        """
        checked("tunnel junction", {"area": area, "R_series": R_series}, area="positive m^2", R_series="at least 0 Ω")
        TMR = float(intrinsic_tmr(R_P, R_AP, R_series))
        return cls((R_P - R_series) * area, TMR, R_series=R_series)

    @classmethod
    def of(cls, term: TunnelTorque, R_series: float | None = None) -> "TunnelJunction":
        """Return the junction of a bound `fdmag.terms.TunnelTorque` whose RA_P, TMR and V_h are the same everywhere.

        With ``R_series`` [Ω] in series; by default that of the term.

        Raises
        ------
        ParameterError
            If one differs between cells or replicas, or depends on time.
        """
        values = []
        for quantity in (term.RA_P, term.TMR, term.V_h, term.R_series):
            if not quantity.constant or quantity.base.size != 1:
                raise ParameterError(
                    f"{quantity.where} is not one number; make a TunnelJunction for each of its values"
                )
            values.append(float(quantity.base.item()))
        return cls(values[0], values[1], values[2], values[3] if R_series is None else R_series)

    def tmr(self, V: ArrayLike = 0.0) -> NDArray:
        """Return TMR at a bias [V], without the leads."""
        if isinstance(self.TMR, BiasTable):
            return self.TMR.at(V)
        return np.asarray(tmr_at_bias(self.TMR, np.asarray(V, dtype=float), self.V_h))

    def polarisation(self, V: ArrayLike = 0.0) -> NDArray:
        """Return the polarisation P(V) that like electrodes have for TMR(V), by Jullière's formula.

        A `fdmag.terms.TunnelTorque` with P = ``polarisation(0)`` and the same TMR and V_h has this at the bias V.

        Raises
        ------
        ParameterError
            If TMR is negative: the electrodes are not alike.
        """
        return julliere_polarisation(self.tmr(V))

    def torque(self, voltage: Any = None, P: Any = None, **others: Any) -> TunnelTorque:
        """Return the spin torque of this junction under a voltage across it alone, or driven as ``others`` say.

        Parameters
        ----------
        voltage : as the parameter of `fdmag.terms.TunnelTorque` [V], optional
            Left out where ``others`` give a *current*; over junction and leads with ``R_series=junction.R_series``.
        P : optional
            By default ``polarisation(0)``.
        **others
            Further parameters of the term.

        Raises
        ------
        ParameterError
            For a table of TMR, which the term does not know; fit V_h by `fdmag.devices.junction_curve.fit_bias`.
        """
        if isinstance(self.TMR, BiasTable):
            raise ParameterError("the term tunnel_torque has no table of TMR; give TMR and V_h, as fit_bias finds")
        P = float(self.polarisation()) if P is None else P
        return TunnelTorque(voltage=voltage, RA_P=self.RA_P, TMR=self.TMR, V_h=self.V_h, P=P, **others)

    def conductance(self, cosine: ArrayLike, V: ArrayLike = 0.0, *, area: ArrayLike) -> NDArray:
        """Return the conductance [S] of the junction without leads; areas [m²] of several cells are not summed."""
        return np.asarray(area * conductance_per_area(np.asarray(cosine, dtype=float), 0.0, self.RA_P, self.tmr(V)))

    def resistance(self, cosine: ArrayLike, V: ArrayLike = 0.0, *, area: ArrayLike) -> NDArray:
        """Return the resistance [Ω] with the leads, V [V] being the voltage across the junction alone."""
        return 1 / self.conductance(cosine, V, area=area) + self.R_series

    def current(self, cosine: ArrayLike, V: ArrayLike, *, area: ArrayLike) -> NDArray:
        """Return the current [A] at the voltage V [V] across the junction alone."""
        return self.conductance(cosine, V, area=area) * V

    def across(self, cosine: ArrayLike, V: ArrayLike, *, area: ArrayLike, load: float = 0.0) -> NDArray:
        """Return the voltage [V] across the junction alone when V drives it, its leads and a load in series.

        Parameters
        ----------
        cosine, area
            As in `conductance`.
        V : array_like [V]
            Over junction, leads and load.
        load : float [Ω]
            A transistor, for example.
        """
        checked("voltage divider", {"load": load}, load="at least 0 Ω")
        cosine, total, area = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (cosine, V, area)))
        outside = self.R_series + load
        if outside == 0:
            return total.copy()
        low, high = np.minimum(total, 0), np.maximum(total, 0)
        for _ in range(80):  # halve the interval
            middle = (low + high) / 2
            too_much = middle + outside * self.current(cosine, middle, area=area) > total
            low, high = np.where(too_much, low, middle), np.where(too_much, middle, high)
        return (low + high) / 2

    def node_voltage(self, cosine: ArrayLike, V: ArrayLike, *, area: ArrayLike, load: float) -> NDArray:
        """Return the voltage [V] between load and ground of a divider: V over a load, then junction with leads.

        The difference between antiparallel and parallel is what a sense amplifier sees.

        >>> junction = TunnelJunction(RA_P=5e-12, TMR=1.5)
        >>> junction.node_voltage([1, -1], 0.2, area=5e-15, load=1000).round(6)
        array([0.1     , 0.142857])
        """
        across = self.across(cosine, V, area=area, load=load)
        return across + self.R_series * self.current(cosine, across, area=area)

    def curve(self, V: ArrayLike, *, area: float) -> JunctionCurve:
        """Return both states over the voltage [V] across junction and leads, of the whole area [m²].

        At 0 V the resistances are those of small signals.
        """
        V = array_of("curve", "V", V, least=2)
        checked("curve", {"area": area}, area="positive m^2")
        across = [self.across(c, V, area=area) for c in (1, -1)]
        R_P, R_AP = (self.resistance(c, at, area=area) for c, at in zip((1, -1), across, strict=True))
        return JunctionCurve(V, R_P, R_AP, R_AP / R_P - 1, self.tmr(across[1]))

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
            electrode = regions.mask(reference) & simulation.magnetic.all(axis=0)
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
        # one by one: the order of a sum over an axis depends on how many replicas there are
        mean = np.array([(each[found] * covered).sum() for each in cosine]) / covered.sum()
        return mean, float(covered.sum() * dx * dy)

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
        across = self.across(cosine, np.broadcast_to(np.asarray(V, dtype=float), cosine.shape), area=area)
        resistance = self.resistance(cosine, across, area=area)
        return resistance, np.asarray(V, dtype=float) / resistance


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
