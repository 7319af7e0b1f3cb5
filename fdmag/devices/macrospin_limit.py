"""What a simulated cell should do as a macrospin: its switching probability by Fokker–Planck, and half turns."""

from dataclasses import dataclass
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

__all__ = ["PulsedMacrospin", "half_turn", "pulse_probability", "pulsed_cell"]

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
    simulation, path, amplitude
        As of `pulsed_cell`.
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
    magnet, Ku1 = pulsed_cell(simulation, path, amplitude)
    return magnet.probability(Ku1, duration, settle)


def pulsed_cell(simulation: Simulation, path: str, amplitude: NDArray[np.float64]) -> tuple["PulsedMacrospin", float]:
    """Return the macrospin that a simulation of one cell is, and its anisotropy Ku1 [J/m³].

    Parameters
    ----------
    simulation : Simulation
        One cell, up or down, with anisotropy along z, a torque by a layer along z, a field along z, and noise.
    path : "slonczewski.J" or "zeeman.B"
        What the pulses are; the field is along z, and positive amplitudes along the B that the term has.
    amplitude : array (n,) [A/m² or T]

    Raises
    ------
    ParameterError
        If the cell is not such a macrospin.
    """
    magnet = PulsedMacrospin.of(simulation, path, amplitude)
    Ku1 = float(_single(simulation, "uniaxial_anisotropy", "Ku1")[0])
    magnet.check(Ku1)
    return magnet, Ku1


@dataclass(frozen=True)
class PulsedMacrospin:
    """Perpendicular macrospins, alike but for their anisotropy, in pulses along their axis.

    Attributes
    ----------
    Ms, alpha, gamma : float
    moment : float [J/T]
        Ms V.
    kT : float [J]
    B : float [T]
        Field along m at the start, before and after the pulse.
    a, b : array (n,) [T]
        Of each pulse: damping-like torque that drives m away from where it starts, and field along that.
    Lambda : float
    """

    Ms: float
    alpha: float
    gamma: float
    moment: float
    kT: float
    B: float
    a: NDArray[np.float64]
    b: NDArray[np.float64]
    Lambda: float = 1.0

    @classmethod
    def of(
        cls, simulation: Simulation, path: str, amplitude: NDArray[np.float64], beside: tuple[str, ...] = ()
    ) -> "PulsedMacrospin":
        """Return what the cells of a simulation would be if none knew of the others.

        ``beside`` names terms that may be there and are left out: interactions of cells. Without them there is to be
        one cell.

        Raises
        ------
        ParameterError
            If the cells are not such macrospins.
        """
        wrong = [name for name in simulation.terms if name not in (*ALLOWED, *beside)]
        if wrong or (simulation.mesh.n_cells != 1 and not beside):
            what = f"the term {wrong[0]}" if wrong else f"{simulation.mesh.n_cells} cells"
            one = "" if beside else "one cell with "
            raise ParameterError(
                f"limit: the Fokker–Planck equation is for {one}{', '.join((*ALLOWED, *beside))}; here is {what}"
            )
        if path not in DRIVES:
            raise ParameterError(
                f'limit: pulses of "{path}"; the Fokker–Planck equation has those of {", ".join(DRIVES)}'
            )
        material = simulation.magnet.material
        Ms, alpha, gamma = (float(_numbers(getattr(material, key), key)[0]) for key in ("Ms", "alpha", "gamma"))
        axis = _single(simulation, "uniaxial_anisotropy", "axis")
        if abs(axis[2]) < 1 - 1e-12 or _single(simulation, "uniaxial_anisotropy", "Ku2")[0] != 0:
            raise ParameterError("limit: the anisotropy has to be Ku1 above 0 along z, without Ku2")
        up = float(np.sign(simulation.m[:, 2].mean()))
        B = _along_z(simulation, "zeeman", "B") * up if "zeeman" in simulation.terms else 0.0
        a, b, Lambda = np.zeros_like(amplitude), np.full_like(amplitude, B), 1.0
        if path == "zeeman.B":  # which is a pattern: there is no field between pulses
            b, B = np.sign(B) * amplitude, 0.0
        else:
            P, p, side, Lambda, thickness = (
                _along_z(simulation, "slonczewski", key) for key in ("P", "p", "side", "Lambda", "thickness")
            )
            along = -side * p * up  # of the reference layer, seen from the start; J > 0 drives m away from it
            a = along * spin_torque_field(amplitude, P, Ms, thickness)
            if Lambda != 1 and along < 0:
                raise ParameterError("limit: with Lambda other than 1 m has to start along p")
        kT = BOLTZMANN * _along_z(simulation, "thermal", "T")
        return cls(Ms, alpha, gamma, Ms * simulation.mesh.cell_volume, kT, B, a, b, Lambda)

    def check(self, Ku1: float) -> None:
        """Raise what `probability` would raise, without solving anything."""
        _Well(self, Ku1)

    def probability(self, Ku1: float, duration: NDArray[np.float64], settle: float) -> NDArray[np.float64]:
        """Return the probability that each pulse switches, (n, durations), for an anisotropy [J/m³].

        Raises
        ------
        ParameterError
            If the anisotropy is not above 0, or a field reaches B_K.
        """
        cell = _Well(self, Ku1)
        Delta = np.full(self.a.shape, cell.Delta)
        rest = PerpendicularFokkerPlanck(Delta, 0.0, cell.rest_h, self.Lambda, cells=2 * cell.cells)
        pulsed = PerpendicularFokkerPlanck(Delta, cell.i, cell.h, self.Lambda, cells=2 * cell.cells)
        order = np.argsort(duration)
        found = np.empty((self.a.size, duration.size))
        for place, state in zip(order, pulsed.evolve(rest.start(), duration[order] * cell.unit), strict=True):
            (settled,) = rest.evolve(state, [settle * cell.unit])
            found[:, place] = 1 - rest.not_switched(settled)
        return np.clip(found, 0, 1)

    def sequence(self, Ku1: float, width: float, gap: float) -> NDArray[np.float64]:
        """Return the probability to be switched after each pulse and its gap, one pulse after the other, (n,).

        What a pulse leaves of the distribution is what the next one begins with: nothing is taken to have come to rest.
        Parameters and errors as of `probability`.
        """
        cell = _Well(self, Ku1)
        rest = PerpendicularFokkerPlanck(cell.Delta, 0.0, cell.rest_h, self.Lambda, cells=cell.cells)
        state = rest.start()
        found = []
        for i, h in zip(cell.i.tolist(), cell.h.tolist(), strict=True):
            pulsed = PerpendicularFokkerPlanck(cell.Delta, i, h, self.Lambda, cells=cell.cells)
            (state,) = pulsed.evolve(state, [width * cell.unit])
            (state,) = rest.evolve(state, [gap * cell.unit])
            found.append(float(1 - rest.not_switched(state)))
        return np.clip(found, 0, 1)


class _Well:
    """A pulsed macrospin of this anisotropy in the units of its Fokker–Planck equation."""

    def __init__(self, magnet: PulsedMacrospin, Ku1: float) -> None:
        if not Ku1 > 0:
            raise ParameterError(f"limit: Ku1 = {Ku1:g} J/m³; allowed: above 0")
        B_K = 2 * Ku1 / magnet.Ms
        self.Delta = magnet.moment * B_K / 2 / magnet.kT
        self.i, self.h, self.rest_h = magnet.a / (magnet.alpha * B_K), magnet.b / B_K, magnet.B / B_K
        if np.any(np.abs(self.h) >= 1) or abs(self.rest_h) >= 1:
            raise ParameterError("limit: a field reaches B_K = 2 Ku1/Ms; there are no two wells to begin in")
        self.cells = cells_wanted(self.Delta, self.i, self.h)
        self.unit = magnet.alpha * magnet.gamma * B_K / (1 + magnet.alpha**2)


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


def _along_z(simulation: Simulation, term: str, key: str) -> float:
    """Return a parameter; of a direction its component along z, which has to be all of it."""
    values = _single(simulation, term, key)
    if values.size == 3 and np.any(np.abs(values[:2]) > 1e-12):
        raise ParameterError(f"limit: {term}.{key} has to be along z")
    return float(values[-1])


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
