"""A tunnel junction in a simulation: read as columns, at a voltage, over the whole free layer or a part of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.devices.compact_model import CompactModel, tabulate
from fdmag.devices.device import Device
from fdmag.devices.mtj import TunnelJunction
from fdmag.devices.result import Result, quantity
from fdmag.errors import ParameterError
from fdmag.quantities import Column
from fdmag.simulation import Simulation

__all__ = ["JunctionDevice", "JunctionReading"]


@dataclass(frozen=True)
class JunctionReading(Result):
    """What a junction says of the state that a simulation is in."""

    area: float = quantity("m^2", "area that is read")
    R_P: float = quantity("ohm", "resistance, parallel, with leads, at the voltage of reading")
    R_AP: float = quantity("ohm", "resistance, antiparallel, with leads, at the voltage of reading")
    cosine: NDArray = quantity("1", "mean cosine to the reference", "replica")
    resistance: NDArray = quantity("ohm", "resistance with leads", "replica")
    conductance: NDArray = quantity("S", "conductance with leads", "replica")
    current: NDArray = quantity("A", "current at the voltage of reading", "replica")


class JunctionDevice(Device):
    """A `TunnelJunction` that reads a simulation whenever it is asked.

    Parameters
    ----------
    simulation : Simulation
    junction : TunnelJunction
    V : float [V]
        Over junction and leads; at 0 the resistance is that of small signals, and there is no current.
    reference : vector (3,) or str
        Direction of the reference layer, or the region that is it.
    free : str, optional
        Region that is read; by default all of the magnet.
    area : array of bool (nz, ny, nx), optional
        Cells below the junction; by default all of the free layer.

    Raises
    ------
    ParameterError
        If nothing is left to read.

    Examples
    --------
    >>> import fdmag
    >>> magnet = fdmag.Simulation(fdmag.Mesh((2, 1, 1), (50e-9, 50e-9, 1e-9)), [], Ms=8e5, m=(0, 0, -1))
    >>> JunctionDevice(magnet, TunnelJunction(RA_P=5e-12, TMR=1.5)).conductance() * 5e-12 * 2.5
    array([5.e-15])
    """

    def __init__(
        self,
        simulation: Simulation,
        junction: TunnelJunction,
        *,
        V: float = 0.0,
        reference: ArrayLike | str = (0.0, 0.0, 1.0),
        free: str | None = None,
        area: NDArray[np.bool_] | None = None,
    ) -> None:
        self.simulation = simulation
        self.junction = junction
        self.V = float(V)
        self.reference = reference
        shape = simulation.mesh.shape
        if area is not None and np.shape(area) != shape:
            raise ParameterError(f"area: array of shape {np.shape(area)}; allowed: {shape} (nz, ny, nx)")
        cells = np.ones(shape, dtype=bool) if area is None else np.asarray(area, dtype=bool)
        self.cells = cells if free is None else cells & simulation.regions.mask(free)
        _, self.area = junction.mean_cosine(simulation, reference, self.cells)

    def columns(self) -> list[Column]:
        """Return resistance, conductance, current and cosine."""
        return [
            Column("resistance", "ohm", lambda s: self.resistance(), "resistance with leads"),
            Column("conductance", "S", lambda s: self.conductance(), "conductance with leads"),
            Column("current", "A", lambda s: self.V * self.conductance(), "current at the voltage of reading"),
            Column("cosine", "1", lambda s: self.cosine(), "mean cosine to the reference"),
        ]

    def cosine(self) -> NDArray[np.float64]:
        """Return the mean cosine to the reference now, (batch,)."""
        return self.junction.mean_cosine(self.simulation, self.reference, self.cells)[0]

    def resistance(self) -> NDArray[np.float64]:
        """Return the resistance with leads now [Ω], (batch,)."""
        return self._with_leads(self.cosine())

    def conductance(self) -> NDArray[np.float64]:
        """Return the conductance with leads now [S], (batch,)."""
        return 1 / self.resistance()

    def conductance_of(self, cosine: ArrayLike) -> NDArray[np.float64]:
        """Return the conductance with leads [S] that mean cosines to the reference would have."""
        return 1 / self._with_leads(np.asarray(cosine, dtype=np.float64))

    def result(self) -> JunctionReading:
        """Return what is read now, and the resistances of both states."""
        cosine = self.cosine()
        R = self._with_leads(cosine)
        R_P, R_AP = self._with_leads(np.array([1.0, -1.0])).tolist()
        return JunctionReading(self.area, R_P, R_AP, cosine, R, 1 / R, self.V / R)

    def compact_model(self, name: str) -> CompactModel:
        """Return resistance and current over the voltage across junction and leads, to 1 V, and the mean cosine."""

        def figures(V: NDArray, cosine: NDArray) -> dict[str, NDArray]:
            R = self.junction.resistance(cosine, self.junction.across(cosine, V, area=self.area), area=self.area)
            return {"resistance": R, "current": V / R}

        axes = {"V": ("V", np.linspace(-1, 1, 41)), "cosine": ("1", np.linspace(-1, 1, 41))}
        given = {"RA_P": (self.junction.RA_P, "ohm m^2"), "area": (self.area, "m^2")}
        units = {"resistance": "ohm", "current": "A"}
        return tabulate(
            figures, axes, units, name=name, interpolation="pchip", constants=given, source="TunnelJunction"
        )

    def _with_leads(self, cosine: NDArray) -> NDArray[np.float64]:
        across = self.junction.across(cosine, self.V, area=self.area)
        return self.junction.resistance(cosine, across, area=self.area)
