"""Which parameter of a term drives a pillar, as a current density, a current or a voltage."""

import numpy as np

from fdmag.devices.current_drive import CurrentDrive
from fdmag.devices.driven_result import DRIVES, DriveKind
from fdmag.errors import ParameterError
from fdmag.simulation import Simulation
from fdmag.terms.junction_area import junction_area
from fdmag.terms.term import Term
from fdmag.terms.tunnel_circuit import InCircuit

__all__ = ["drive_of", "symbols_of"]


def symbols_of(term: type[Term] | Term, by_voltage: bool) -> dict[str, str]:
    """Return what a term can be driven by, the usual first, with the parameter that then changes.

    Parameters
    ----------
    term : Term
    by_voltage : bool
        Of a tunnel junction: whether its source is a voltage, not a current.

    >>> from fdmag.terms import InterfaceAnisotropy, Slonczewski, TunnelTorque
    >>> symbols_of(Slonczewski, False), symbols_of(InterfaceAnisotropy, False)
    ({'J': 'J', 'I': 'J'}, {'V': 'voltage'})
    >>> symbols_of(TunnelTorque, False), symbols_of(TunnelTorque, True)
    ({'J': 'current', 'I': 'current'}, {'V': 'voltage'})
    """
    parameters = term.parameters()
    if "J" in parameters:
        # a vector is a current in the plane, of which the area of the pillar says nothing
        return {"J": "J", "I": "J"} if parameters["J"].components == 1 else {"J": "J"}
    if "current" in parameters and not by_voltage:
        return {"J": "current", "I": "current"}
    return {"V": "voltage"} if "voltage" in parameters else {}


def drive_of(
    simulation: Simulation, name: str, area: float, symbol: str | None = None
) -> tuple[CurrentDrive, DriveKind]:
    """Return what sets the drive of a term, and what kind it is.

    Parameters
    ----------
    simulation : Simulation
    name : str
        Of the term.
    area : float [m²]
        That a current along z crosses.
    symbol : "J", "I" or "V", optional
        By default the first of `symbols_of`.

    Raises
    ------
    ParameterError
        If there is no such term, it cannot be driven so, or its junction is smaller than the magnet and the drive is
        a current density.
    """
    if symbol is not None and symbol not in DRIVES:
        raise ParameterError(f'pillar: drive = "{symbol}"; allowed: {", ".join(DRIVES)}')
    term = simulation.terms.get(name)
    circuit = isinstance(term, InCircuit) and bool(term.by_current.base.any())
    able = {} if term is None else symbols_of(term, by_voltage=not circuit)
    if term is None or not able:
        return CurrentDrive(simulation, name, "voltage" if symbol == "V" else "J"), DRIVES[symbol or "J"]
    symbol = symbol or next(iter(able))
    if symbol not in able:
        by_voltage = "; give it a current, such as current = 0, for J or I" if "current" in term.parameters() else ""
        raise ParameterError(
            f"pillar: drive = {symbol}; {name} is driven by {' or '.join(able)}{by_voltage if 'V' in able else ''}"
        )
    key = able[symbol]
    if key == "current" and symbol == "J":
        magnetic = simulation.magnetic[:, None]
        conducts = junction_area(term, simulation.mesh, magnetic) > 0
        if np.any(np.any(conducts, axis=2) != np.any(magnetic, axis=2)):
            raise ParameterError(f"pillar: the junction of {name} is smaller than the magnet; P = 0 in some columns")
    factor = {("current", "J"): area, ("J", "I"): 1 / area}.get((key, symbol), 1.0)
    return CurrentDrive(simulation, name, key, factor), DRIVES[symbol]
