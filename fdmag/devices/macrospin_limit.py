"""What a simulated cell should do as a macrospin: its switching probability by Fokker–Planck, and half turns."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.analytic.fokker_planck import PerpendicularFokkerPlanck, cells_wanted
from fdmag.analytic.macrospin import precession_frequency
from fdmag.analytic.spin_torque import spin_torque_field
from fdmag.constants import BOLTZMANN
from fdmag.errors import ParameterError
from fdmag.parameter import Parameter
from fdmag.simulation import Simulation

__all__ = ["half_turn", "pulse_probability"]

ALLOWED = ("uniaxial_anisotropy", "slonczewski", "thermal", "zeeman")
DRIVES = ("slonczewski.J", "zeeman.B")


def pulse_probability(
    simulation: Simulation,
    path: str,
    amplitude: NDArray[np.float64],
    duration: NDArray[np.float64],
    settle: float,
) -> NDArray[np.float64]:
    """Return the probability that pulses switch a simulated perpendicular macrospin, (amplitudes, durations).

    It begins in Boltzmann's distribution of the well it is in; switched is what is on the other side of the equator
    when it has settled after the pulse.

    Parameters
    ----------
    simulation : Simulation
        One cell, up or down, with anisotropy along z, a torque by a layer along z, a field along z, and noise.
    path : "slonczewski.J" or "zeeman.B"
        What the pulses are; the field is along z, and positive amplitudes along the B that the term has.
    amplitude : array (n,) [A/m² or T]
    duration : array (k,) [s]
        In any order.
    settle : float [s]
        After the pulse.

    Raises
    ------
    ParameterError
        If the cell is not such a macrospin.

    Source: W. F. Brown, Phys. Rev. 130, 1677 (1963); W. H. Butler et al., IEEE Trans. Magn. 48, 4684 (2012).
    """
    cell = _Cell(simulation)
    if path not in DRIVES:
        raise ParameterError(f'limit: pulses of "{path}"; the Fokker–Planck equation has those of {", ".join(DRIVES)}')
    up = np.sign(float(np.mean(simulation.m[:, 2])))
    B = cell.field() * up
    i, h, Lambda = np.zeros_like(amplitude), np.full_like(amplitude, B / cell.B_K), 1.0
    if path == "zeeman.B":  # which is a pattern: there is no field between pulses
        h, B = np.sign(B) * amplitude / cell.B_K, 0.0
    else:
        P, p, side, Lambda = (cell.number("slonczewski", key) for key in ("P", "p", "side", "Lambda"))
        a = spin_torque_field(amplitude, P, cell.Ms, cell.number("slonczewski", "thickness"))
        along = -side * p * up  # of the reference layer, seen from the well it starts in; J > 0 drives m away from p
        if Lambda != 1 and along < 0:
            raise ParameterError("limit: with Lambda other than 1 m has to start along p")
        i = along * a / (cell.alpha * cell.B_K)
    if np.any(np.abs(h) >= 1):
        raise ParameterError("limit: a field reaches B_K = 2 Ku1/Ms; there are no two wells to begin in")
    cells = 2 * cells_wanted(cell.Delta, i, h)
    rest = PerpendicularFokkerPlanck(np.full_like(i, cell.Delta), 0.0, B / cell.B_K, Lambda, cells=cells)
    pulsed = PerpendicularFokkerPlanck(np.full_like(i, cell.Delta), i, h, Lambda, cells=cells)
    unit = cell.alpha * cell.gamma * cell.B_K / (1 + cell.alpha**2)
    order = np.argsort(duration)
    found = np.empty((amplitude.size, duration.size))
    for place, state in zip(order, pulsed.evolve(rest.start(), duration[order] * unit), strict=True):
        (settled,) = rest.evolve(state, [settle * unit])
        found[:, place] = 1 - rest.not_switched(settled)
    return np.clip(found, 0, 1)


def half_turn(simulation: Simulation) -> float:
    """Return π (1 + α²)/(γ B) [s], half a turn of a free m about the applied field.

    With the anisotropy taken away by a voltage, a perpendicular m precesses about the field in the plane, and is
    farthest down after half a turn: the pulse that switches best. Damping makes the turn slower by 1 + α², exactly.

    Raises
    ------
    ParameterError
        If there is no field, or more than one value of it.

    Source: Y. Shiota et al., Nature Mater. 11, 39 (2012); the damped turn is R. Kikuchi's, J. Appl. Phys. 27, 1352
    (1956).
    """
    material = simulation.magnet.material
    B = _single(simulation, "zeeman", "B")
    strength = float(np.linalg.norm(B))
    if strength == 0:
        raise ParameterError("limit: m turns about an applied field; there is none")
    alpha, gamma = (float(_numbers(getattr(material, key), key)[0]) for key in ("alpha", "gamma"))
    return float(np.pi / precession_frequency(strength, alpha, gamma))


class _Cell:
    """The numbers of a simulated perpendicular macrospin."""

    def __init__(self, simulation: Simulation) -> None:
        wrong = [name for name in simulation.terms if name not in ALLOWED]
        if simulation.mesh.n_cells != 1 or wrong:
            what = f"the term {wrong[0]}" if wrong else f"{simulation.mesh.n_cells} cells"
            raise ParameterError(
                f"limit: the Fokker–Planck equation is for one cell with {', '.join(ALLOWED)}; here is {what}"
            )
        self._simulation = simulation
        material = simulation.magnet.material
        self.Ms, self.alpha, self.gamma = (
            float(_numbers(getattr(material, key), key)[0]) for key in ("Ms", "alpha", "gamma")
        )
        axis = _single(simulation, "uniaxial_anisotropy", "axis")
        K, further = (self.number("uniaxial_anisotropy", key) for key in ("Ku1", "Ku2"))
        if abs(axis[2]) < 1 - 1e-12 or K <= 0 or further != 0:
            raise ParameterError("limit: the anisotropy has to be Ku1 above 0 along z, without Ku2")
        self.B_K = 2 * K / self.Ms
        self.Delta = K * simulation.mesh.cell_volume / (BOLTZMANN * self.number("thermal", "T"))

    def number(self, term: str, key: str) -> float:
        """Return a parameter; of a direction its component along z, which has to be all of it."""
        values = _single(self._simulation, term, key)
        if values.size == 3 and np.any(np.abs(values[:2]) > 1e-12):
            raise ParameterError(f"limit: {term}.{key} has to be along z")
        return float(values[-1])

    def field(self) -> float:
        """Return the applied field along z, 0 without one."""
        return self.number("zeeman", "B") if "zeeman" in self._simulation.terms else 0.0


def _single(simulation: Simulation, term: str, key: str) -> NDArray[np.float64]:
    if term not in simulation.terms:
        raise ParameterError(f"limit: there is no term {term}")
    bound: Any = simulation.terms[term]
    return _numbers(getattr(bound, key), f"{term}.{key}")


def _numbers(value: Parameter, where: str) -> NDArray[np.float64]:
    """Return the components of a parameter that is the same everywhere and at all times."""
    if not value.constant or value.base.shape[0] != 1 or value.base.shape[2:] != (1, 1, 1):
        raise ParameterError(f"limit: {where} differs between replicas, cells or times; the limit is for one number")
    return np.asarray(value.base[0, :, 0, 0, 0])
