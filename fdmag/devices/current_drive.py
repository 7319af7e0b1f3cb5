"""What drives a device: the J of a spin torque, or another parameter, changed while the simulation runs."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError, did_you_mean
from fdmag.simulation import Simulation

__all__ = ["CurrentDrive"]


class CurrentDrive:
    """Sets the current density of a term, or its voltage or field, along +x or in the pattern that it has at the start.

    A term whose J is 0 everywhere is given a uniform current, for a vector along x. One whose J varies over cells,
    around notches for example, keeps this pattern; the amplitude is then that of its largest value, and its sign that
    of J as it was given.

    Parameters
    ----------
    simulation : Simulation
    term : str
        Name of a term with the parameter J, such as "spin_orbit_torque" or "zhang_li".
    parameter : str
        Another one than J: "voltage" of interface_anisotropy or tunnel_torque, "current" of tunnel_torque, "B" of
        zeeman.
    factor : float
        What an amplitude is multiplied by: an area, where it is a current density and the parameter a current, or the
        inverse.

    Raises
    ------
    ParameterError
        If there is no such term, or its J depends on time.
    """

    def __init__(self, simulation: Simulation, term: str, parameter: str = "J", factor: float = 1.0) -> None:
        able = [name for name, each in simulation.terms.items() if parameter in each.parameters()]
        if term not in able:
            known = ", ".join(able) or "none"
            what = "current" if parameter == "J" else f'parameter "{parameter}"'
            raise ParameterError(f'term = "{term}" has no {what}; terms that have: {known}{did_you_mean(term, able)}')
        bound: Any = simulation.terms[term]
        J = getattr(bound, parameter)
        if not J.constant:
            raise ParameterError(f"{J.where} depends on time; a device sets it by itself: write 0")
        self.simulation = simulation
        self.term = term
        self.path = f"{term}.{parameter}"
        self.unit: str = J.declaration.unit
        largest = float(np.abs(J.base).max())
        self._factor = factor
        self._uniform = largest == 0
        shape = (1, J.declaration.components, 1, 1, 1)
        self._pattern: NDArray[np.float64] = np.zeros(shape) if self._uniform else J.base / largest
        if self._uniform:
            self._pattern[:, 0] = 1.0

    def set(self, amplitude: ArrayLike) -> None:
        """Let so much current flow from now on [A/m², or the unit of the parameter]: one number, or one per replica."""
        values = self._factor * np.asarray(amplitude, dtype=np.float64)
        self.simulation.set(self.path, values.reshape((-1, 1, 1, 1, 1)) * self._pattern)
