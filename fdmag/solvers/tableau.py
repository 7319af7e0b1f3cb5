"""Runge–Kutta methods as tables of numbers that check themselves."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fdmag.errors import ParameterError


@dataclass(frozen=True)
class Tableau:
    """A Runge–Kutta method.

    Attributes
    ----------
    name : str
    order : int
        Order of the solution.
    a : tuple of tuples
        Row i holds the weights of stages 0 … i−1 in the argument of stage i; of i, too, if the method is implicit.
    b : tuple
        Weights of the solution.
    b_error : tuple or None
        Weights of the embedded solution; the local error is Σ (b − b_error) k. None for a fixed step.
    error_order : int or None
        Power of the step that the estimated error goes with; that of the method by default.
    implicit : bool
        Whether a stage takes part in its own argument.
    tolerance : float
        Usual tolerance on the estimated local error. Where the estimate is of order 4 but the solution of order 5, the
        solution is so much better that more may be allowed.
    extrapolates : int
        From how many steps' ends stages within a step extrapolate the slow part of the field; 0: each stage finds it.
        See `fdmag.solvers.slow_field.SlowField`.

    Raises
    ------
    ParameterError
        If a weight row has the wrong length or the weights do not sum to 1.
    """

    name: str
    order: int
    a: tuple[tuple[float, ...], ...]
    b: tuple[float, ...]
    b_error: tuple[float, ...] | None = None
    error_order: int | None = None
    implicit: bool = False
    tolerance: float = 1e-6
    extrapolates: int = 0

    def __post_init__(self) -> None:
        if any(len(row) != i + self.implicit for i, row in enumerate(self.a)) or len(self.b) != self.stages:
            raise ParameterError(
                f"tableau {self.name}: row i of a must hold {'i + 1' if self.implicit else 'i'} weights, "
                "and b as many as a has rows"
            )
        for weights in (self.b, self.b_error):
            if weights is not None and (len(weights) != self.stages or abs(sum(weights) - 1) > 1e-12):
                raise ParameterError(f"tableau {self.name}: the weights {weights} must be one per stage and sum to 1")

    @property
    def stages(self) -> int:
        """Number of stages."""
        return len(self.a)

    @cached_property
    def c(self) -> tuple[float, ...]:
        """Times of the stages, as fractions of the step: the row sums of a."""
        return tuple(sum(row) for row in self.a)

    @cached_property
    def error_weights(self) -> tuple[float, ...] | None:
        """b − b_error, or None."""
        return None if self.b_error is None else tuple(b - e for b, e in zip(self.b, self.b_error, strict=True))

    @cached_property
    def first_same_as_last(self) -> bool:
        """Whether the last stage is the first of the next step."""
        return not self.implicit and (*self.a[-1], 0.0) == tuple(self.b)


DORMAND_PRINCE = Tableau(
    name="dormand_prince",
    order=5,
    a=(
        (),
        (1 / 5,),
        (3 / 40, 9 / 40),
        (44 / 45, -56 / 15, 32 / 9),
        (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
        (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
        (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
    ),
    b=(35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0.0),
    b_error=(5179 / 57600, 0.0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40),
    tolerance=1e-5,
)
"""J. R. Dormand and P. J. Prince, J. Comput. Appl. Math. 6, 19 (1980), table 2: RK5(4)7M."""

BOGACKI_SHAMPINE = Tableau(
    name="bogacki_shampine",
    order=3,
    a=((), (1 / 2,), (0.0, 3 / 4), (2 / 9, 1 / 3, 4 / 9)),
    b=(2 / 9, 1 / 3, 4 / 9, 0.0),
    b_error=(7 / 24, 1 / 4, 1 / 3, 1 / 8),
)
"""P. Bogacki and L. F. Shampine, Appl. Math. Lett. 2, 321 (1989)."""

RK4 = Tableau(
    name="rk4",
    order=4,
    a=((), (1 / 2,), (0.0, 1 / 2), (0.0, 0.0, 1.0), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
    b=(1 / 6, 1 / 3, 1 / 3, 1 / 6, 0.0),
    b_error=(1 / 6, 1 / 3, 1 / 3, 1 / 15, 1 / 10),
)
"""The classical method, with a solution of order 3 embedded that takes the first slope of the next step in.

Sources: E. Hairer, S. P. Nørsett and G. Wanner, Solving ODEs I (Springer, 1993), table II.1.2; S. Balac and F. Mahé,
Comput. Phys. Commun. 184, 1211 (2013).
"""


RK4_ADAMS = replace(
    RK4,
    name="rk4_adams",
    b_error=(1 / 6, 1 / 3, 1 / 3, 1 / 6 - 251 / 720, 251 / 720),
    extrapolates=4,
)
"""The classical method with the slow part of the field extrapolated, as in the Adams–Bashforth method of order 4.

The first slope of the next step differs from the last of this one by the error of the extrapolated field, of which a
step has 251/720.

Source: E. Hairer, S. P. Nørsett and G. Wanner, Solving ODEs I (Springer, 1993), tables II.1.2 and III.1.1.
"""

HEUN = Tableau(name="heun", order=2, a=((), (1.0,)), b=(1 / 2, 1 / 2), b_error=(1.0, 0.0))
"""Heun's method with Euler's embedded. With noise held over a step it solves the Stratonovich equation.

Sources: W. Rümelin, SIAM J. Numer. Anal. 19, 604 (1982); J. L. García-Palacios and F. J. Lázaro, Phys. Rev. B 58, 14937
(1998).
"""

IMPLICIT_MIDPOINT = Tableau(name="implicit_midpoint", order=2, a=((1 / 2,),), b=(1.0,), implicit=True)
"""E. Hairer, C. Lubich and G. Wanner, Geometric Numerical Integration (Springer, 2006), section II.1; for this equation
M. d'Aquino, C. Serpico and G. Miano, J. Comput. Phys. 209, 730 (2005)."""


def runge_kutta_chebyshev(stages: int) -> Tableau:
    """Return the method of order 2 that is stable for slopes λ m with −0.65 stages² < λ dt < 0.

    For descents: per evaluation it goes further than other explicit methods by a factor that grows with ``stages``.

    Source: B. P. Sommeijer, L. F. Shampine and J. G. Verwer, J. Comput. Appl. Math. 88, 315 (1998),
    with their error estimate 0.8 (y − y') + 0.4 dt (f + f').
    """
    w0 = 1 + 2 / 13 / stages**2
    T, dT, ddT = [1.0, w0], [0.0, 1.0], [0.0, 0.0]  # Chebyshev polynomials at w0, and derivatives
    for j in range(2, stages + 1):
        T.append(2 * w0 * T[j - 1] - T[j - 2])
        dT.append(2 * T[j - 1] + 2 * w0 * dT[j - 1] - dT[j - 2])
        ddT.append(4 * dT[j - 1] + 2 * w0 * ddT[j - 1] - ddT[j - 2])
    w1 = dT[stages] / ddT[stages]
    scale = [ddT[2] / dT[2] ** 2] * 2 + [ddT[j] / dT[j] ** 2 for j in range(2, stages + 1)]
    rows = np.zeros((stages + 1, stages + 1))
    rows[1, 0] = scale[1] * w1
    for j in range(2, stages + 1):
        ahead = 2 * scale[j] * w1 / scale[j - 1]
        rows[j] = 2 * scale[j] * w0 / scale[j - 1] * rows[j - 1] - scale[j] / scale[j - 2] * rows[j - 2]
        rows[j, j - 1] += ahead
        rows[j, 0] -= (1 - scale[j - 1] * T[j - 1]) * ahead
    solution = rows[stages]
    error = -0.8 * solution
    error[[0, -1]] += 0.4
    return Tableau(
        name=f"runge_kutta_chebyshev_{stages}",
        order=2,
        a=tuple(tuple(row[:i].tolist()) for i, row in enumerate(rows)),
        b=tuple(solution.tolist()),
        b_error=tuple((solution - error).tolist()),
        error_order=3,
    )


METHODS = {
    tableau.name: tableau for tableau in (RK4_ADAMS, RK4, DORMAND_PRINCE, BOGACKI_SHAMPINE, HEUN, IMPLICIT_MIDPOINT)
}
"""The methods by name."""
