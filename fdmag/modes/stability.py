"""The current, or another parameter, at which an equilibrium turns unstable."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from fdmag.errors import ParameterError, SolverError
from fdmag.modes.linearised import moving_cells
from fdmag.modes.lowest import eigenmodes
from fdmag.modes.result import Modes
from fdmag.simulation import Simulation

EQUILIBRIUM = 1e-7
"""max |m × B| [T] of the equilibria."""
REST = 1e5
"""Modes with |λ| below this [1/s] are zero modes, such as the displacement of a wall, and have no threshold."""


@dataclass(frozen=True)
class Threshold:
    """Where the growth of the most unstable mode passes zero.

    Attributes
    ----------
    value : float
        The parameter there.
    frequency : float [Hz]
        Of the mode that starts to grow; 0 if it does not turn.
    mode : int
        Its number among ``modes``.
    modes : Modes
        At the threshold.
    """

    value: float
    frequency: float
    mode: int
    modes: Modes


def threshold(
    simulation: Simulation,
    parameter: str | Callable[[Simulation, float], None],
    lower: float,
    upper: float,
    *,
    count: int = 6,
    replica: int = 0,
    tolerance: float = 1e-6,
    max_torque: float = EQUILIBRIUM,
) -> Threshold:
    """Return where between ``lower`` and ``upper`` the equilibrium turns unstable: its largest growth rate is zero.

    At every value the simulation is relaxed from the state before, and its modes are found; spin torques and damping
    count in both. The simulation is left at the threshold.

    Parameters
    ----------
    simulation : Simulation
        In or near the equilibrium that is meant.
    parameter : str or callable
        A scalar such as "slonczewski.J", as in `Simulation.set`, or a function of the simulation and the value.
    lower, upper : float
        Stable at one of them, unstable at the other.
    count : int
        Number of modes that are looked at, those nearest to zero.
    tolerance : float
        Of the value, relative to upper − lower.
    max_torque : float [T]
        As of `Simulation.relax`.

    Raises
    ------
    ParameterError
        If the equilibrium is stable, or unstable, at both ends.
    SolverError
        If there is no equilibrium at a value, or the iteration for its modes does not converge.

    Examples
    --------
    A perpendicular macrospin, J = 2 α e Ms t B_K/(ħ P):

    >>> import fdmag
    >>> from fdmag.terms import Slonczewski, UniaxialAnisotropy
    >>> mesh = fdmag.Mesh((1, 1, 1), (2e-9, 2e-9, 1.3e-9))
    >>> spin = fdmag.Simulation(mesh, [UniaxialAnisotropy(Ku1=1.5e5), Slonczewski(J=0, P=0.6)], Ms=1e6, alpha=0.01)
    >>> found = threshold(spin, "slonczewski.J", 0, 1e11)
    >>> print(f"{found.value:.4g} A/m^2, {found.frequency / 1e9:.2f} GHz")
    1.975e+10 A/m^2, 8.41 GHz
    """
    if not np.isfinite(lower) or not np.isfinite(upper) or lower == upper:
        raise ParameterError(f"lower = {lower:g}, upper = {upper:g}; allowed: two finite numbers that differ")
    found: dict[float, Modes] = {}

    def growth(value: float) -> float:
        if isinstance(parameter, str):
            simulation.set(parameter, value)
        else:
            parameter(simulation, value)
        try:
            simulation.relax(max_torque)
        except SolverError as error:
            raise SolverError(f"threshold: no equilibrium at {value:g}: {error}") from error
        found[value] = eigenmodes(simulation, count=_allowed(simulation, count), replica=replica)
        return -float(found[value].damping_rates[_most_unstable(found[value])])

    first, last = growth(lower), growth(upper)
    if first * last > 0:
        state = "unstable" if first > 0 else "stable"
        raise ParameterError(
            f"threshold: the equilibrium is {state} at {lower:g} and at {upper:g} (growth {first:.3g} and {last:.3g} "
            "1/s); give an interval in which that changes, or a larger count"
        )
    value = scipy.optimize.brentq(growth, lower, upper, xtol=tolerance * abs(upper - lower), rtol=1e-12)
    if value not in found:
        growth(value)
    modes = found[value]
    mode = _most_unstable(modes)
    return Threshold(float(value), float(modes.frequencies[mode]), mode, modes)


def _allowed(simulation: Simulation, count: int) -> int:
    """Return the count, or the number of cells that move if there are fewer: each has a mode at least."""
    return min(count, max(1, moving_cells(simulation)))


def _most_unstable(modes: Modes) -> int:
    rates = np.where(np.abs(modes.eigenvalues) > REST, modes.damping_rates, np.inf)
    return int(rates.argmin())
