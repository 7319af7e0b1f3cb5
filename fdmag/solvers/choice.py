"""Which integrator a run needs."""

from collections.abc import Callable

import numpy as np

from fdmag.errors import ParameterError, did_you_mean
from fdmag.solvers.integrator import Integrator
from fdmag.solvers.stages import Stepper
from fdmag.solvers.step_control import StepControl
from fdmag.solvers.stochastic import NOISE_TOLERANCE, DyadicIntegrator
from fdmag.solvers.tableau import DORMAND_PRINCE, HEUN, METHODS, RK4, RK4_ADAMS, Tableau


def method_for(solver: str | None, *, noisy: bool, single_cell: bool, slow: bool = False) -> Tableau:
    """Return the method of this name, or the usual one.

    Coupled cells oscillate fast, which limits the step of any explicit method, and least that of RK4; where a part of
    the field is ``slow``, that need not be found as often. A single cell is followed with the fewest steps by
    Dormand–Prince; noise needs Heun.

    Raises
    ------
    ParameterError
        If the name is unknown.
    """
    if solver is None:
        return HEUN if noisy else DORMAND_PRINCE if single_cell else RK4_ADAMS if slow else RK4
    if solver not in METHODS:
        near = did_you_mean(solver, METHODS)
        raise ParameterError(f'solver "{solver}" is unknown; allowed: {", ".join(METHODS)}{near}')
    return METHODS[solver]


def usual_tolerance(method: Tableau, *, noisy: bool) -> float:
    """Return the local error of m that is allowed per adaptive step unless something else is asked for."""
    return NOISE_TOLERANCE if noisy else method.tolerance


def integrator_for(
    stepper: Callable[[Tableau], Stepper],
    *,
    noisy: bool,
    single_cell: bool = False,
    slow: bool = False,
    solver: str | None = None,
    tolerance: float | None = None,
    dt: float | None = None,
    dt_max: float | None = None,
) -> Integrator | DyadicIntegrator:
    """Return the integrator.

    Parameters
    ----------
    stepper : callable
        Returns the stepper of a method.
    noisy : bool
        Whether the right-hand side has noise.
    single_cell : bool
        Whether the mesh has one cell.
    slow : bool
        Whether a part of the field is slow: see `fdmag.terms.Term`. In fixed steps, whose error is not looked at, every
        stage finds it.
    solver : str, optional
        Name of the method; see `method_for`.
    tolerance : float, optional
        Local error of m allowed per adaptive step; by default `usual_tolerance`.
    dt, dt_max : float [s], optional
        Fixed step, and largest adaptive one.

    Raises
    ------
    ParameterError
        If the method is unknown, or has to adapt its step but cannot.
    """
    method = method_for(solver, noisy=noisy, single_cell=single_cell, slow=slow and dt is None)
    if noisy and dt is None and method is not HEUN:
        raise ParameterError(f'solver "{method.name}" cannot adapt its step to thermal noise; use "heun", or give dt')
    if dt is not None and method.extrapolates:
        raise ParameterError(
            f'solver "{method.name}" adapts its step, by the error of what it extrapolates; with dt use "rk4"'
        )
    kind = DyadicIntegrator if noisy and dt is None else Integrator
    longest = np.inf if dt is not None else kind.longest
    control = StepControl(
        tolerance=usual_tolerance(method, noisy=noisy) if tolerance is None else tolerance,
        dt_max=longest if dt_max is None else dt_max,
    )
    if kind is DyadicIntegrator:
        return DyadicIntegrator(stepper(method), control)
    return Integrator(stepper(method), control, dt)
