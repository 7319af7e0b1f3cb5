"""What it costs to write a pillar: the power that its sources deliver, and the heat of a pulse."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.analytic.write_energy import spin_orbit_write_energy, spin_transfer_write_energy
from fdmag.devices.checks import checked
from fdmag.quantities.junction import conductance
from fdmag.simulation import Simulation
from fdmag.terms import TunnelTorque

__all__ = ["Channel", "Heat", "Meter", "junction_power"]

SAMPLES = 400
"""Of the power in a run, at most: it changes with m, not with the precession of it alone."""


@dataclass(frozen=True)
class Channel:
    """The heavy metal below a pillar that carries the current of a spin–orbit torque.

    Parameters
    ----------
    resistivity : float [Ω m]
    thickness, length, width : float [m]
    """

    resistivity: float
    thickness: float
    length: float
    width: float

    def __post_init__(self) -> None:
        checked("channel", self, resistivity="positive ohm m", thickness="positive m", length="positive m",
                width="positive m")  # fmt: skip


def junction_power(simulation: Simulation, name: str) -> NDArray[np.float64]:
    """Return the power [W] that the source of a tunnel torque delivers now, (batch,): I V, and I² R_series with it."""
    G, V = conductance(simulation, name)
    term: Any = simulation.terms[name]
    R = np.broadcast_to(term.R_series.base[:, 0, 0, 0, 0], V.shape)
    current = G * V
    return current * (V + R * current)


class Heat:
    """The heat of the currents of some terms.

    Parameters
    ----------
    simulation : Simulation
    area : float [m²]
        That a current along z crosses.
    RA : float [Ω m²], optional
        Of a junction whose resistance no term knows.
    channel : Channel, optional
    """

    def __init__(self, simulation: Simulation, area: float, RA: float | None, channel: Channel | None) -> None:
        self.simulation, self.area, self.RA, self.channel = simulation, area, RA, channel

    def junctions(self, names: Mapping[str, Any]) -> list[str]:
        """Return those of the terms that are tunnel junctions, whose power follows m."""
        return [name for name in names if isinstance(self.simulation.terms[name], TunnelTorque)]

    def known(self, names: Mapping[str, Any]) -> bool:
        """Return whether any of the terms has a current: an anisotropy alone takes no heat that is known."""
        return any("J" in self.simulation.terms[name].parameters() for name in names)

    def constant(self, densities: Mapping[str, ArrayLike], duration: ArrayLike) -> NDArray[np.float64] | None:
        """Return the heat [J] of current densities [A/m²] by term through resistances that do not change, broadcast.

        A term without a current, such as an anisotropy under a voltage, takes none, and a junction counts apart; None
        if a resistance is not known.
        """
        total: Any = 0.0
        for name, J in densities.items():
            term = self.simulation.terms[name]
            if isinstance(term, TunnelTorque) or "J" not in term.parameters():
                continue
            if term.name == "spin_orbit_torque":
                if self.channel is None:
                    return None
                metal = self.channel
                total = total + spin_orbit_write_energy(
                    np.abs(J), metal.resistivity, metal.thickness, duration, metal.length * metal.width
                )
            elif self.RA is None:
                return None
            else:
                total = total + spin_transfer_write_energy(J, self.RA, duration, self.area)
        return np.asarray(total)


class Meter:
    """∫ P dt of the junctions of some terms over a run, each replica by its own time, with the trapezoidal rule.

    Parameters
    ----------
    simulation : Simulation
    names : sequence of str
        Terms that are `fdmag.terms.TunnelTorque`.
    duration : float [s]
        Of the run.
    """

    def __init__(self, simulation: Simulation, names: list[str], duration: float) -> None:
        self.simulation, self.names, self.interval = simulation, names, duration / SAMPLES
        self.t, self.power = simulation.t.copy(), self._power()
        self.energy = np.zeros(simulation.batch)
        self._begun, self._read = self.t, [(self.t, self.energy)]

    def _power(self) -> NDArray[np.float64]:
        return sum((junction_power(self.simulation, name) for name in self.names), np.zeros(self.simulation.batch))

    def read(self) -> None:
        """Add what has been delivered since the last time."""
        t, power = self.simulation.t.copy(), self._power()
        self.energy = self.energy + (t - self.t) * (power + self.power) / 2
        self.t, self.power = t, power
        self._read.append((t, self.energy))

    def step(self) -> None:
        """Read, if enough time has passed."""
        if np.max(self.simulation.t - self.t) >= self.interval:
            self.read()

    def at(self, time: float) -> NDArray[np.float64]:
        """Return what had been delivered a time [s] after the start, (batch,); a replica that stopped stays as it is.

        Between readings on a straight line, afterwards with the last power.
        """
        times = np.array([t - self._begun for t, _ in self._read])
        energies = np.array([energy for _, energy in self._read])
        found = np.array([np.interp(time, *each) for each in zip(times.T, energies.T, strict=True)])
        return found + self.power * np.maximum(time - times[-1], 0)
