"""Which integrator a run needs."""

from collections.abc import Callable

import numpy as np

from fdmag.errors import ParameterError, did_you_mean
from fdmag.solvers.integrator import Integrator
from fdmag.solvers.stages import Stepper
from fdmag.solvers.step_control import TOLERANCE, StepControl
from fdmag.solvers.stochastic import NOISE_TOLERANCE, DyadicIntegrator
from fdmag.solvers.tableau import DORMAND_PRINCE, HEUN, METHODS, Tableau


def integrator_for(
    stepper: Callable[[Tableau], Stepper],
    *,
    noisy: bool,
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
    solver : str, optional
        Name of the method.
    tolerance : float, optional
        Local error of m allowed per adaptive step; by default `TOLERANCE`, or `NOISE_TOLERANCE` with noise.
    dt, dt_max : float [s], optional
        Fixed step, and largest adaptive one.

    Raises
    ------
    ParameterError
        If the method is unknown, or has to adapt its step but cannot.
    """
    name = solver or (HEUN if noisy else DORMAND_PRINCE).name
    if name not in METHODS:
        raise ParameterError(f'solver "{name}" is unknown; allowed: {", ".join(METHODS)}{did_you_mean(name, METHODS)}')
    if noisy and dt is None and name != HEUN.name:
        raise ParameterError(f'solver "{name}" cannot adapt its step to thermal noise; use "heun", or give dt')
    kind = DyadicIntegrator if noisy and dt is None else Integrator
    usual = NOISE_TOLERANCE if noisy else TOLERANCE
    longest = np.inf if dt is not None else kind.longest
    control = StepControl(
        tolerance=usual if tolerance is None else tolerance, dt_max=longest if dt_max is None else dt_max
    )
    if kind is DyadicIntegrator:
        return DyadicIntegrator(stepper(METHODS[name]), control)
    return Integrator(stepper(METHODS[name]), control, dt)
