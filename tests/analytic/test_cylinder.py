"""The demagnetising factor of a cylinder against the integral that it is, its limits, and a published number."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import j1

from fdmag.analytic.cylinder import cylinder_demagnetising_factor
from fdmag.errors import ParameterError
from tests.closeness import close


@pytest.mark.parametrize("aspect", [0.05, 0.3, 2.0])
def test_factor_is_the_energy_of_two_charged_discs(aspect):
    """N = (1/τ) ∫ J1²(q)/q² (1 − exp(−2τq)) dq, the charges of both faces with themselves and each other."""
    edges = np.arange(201) * np.pi
    total = sum(
        quad(lambda q: j1(q) ** 2 / q**2 * -np.expm1(-2 * aspect * q) if q else 0.0, a, b)[0]
        for a, b in pairwise(edges)
    )
    rest = 1 / (2 * np.pi * edges[-1] ** 2)  # of J1² about cos²/(π q/2), beyond
    assert cylinder_demagnetising_factor(1.0, aspect) == close((total + rest) / aspect, rel=1e-5)


def test_limits():
    assert cylinder_demagnetising_factor(1.0, 1e-4) == close(1, rel=1e-3)
    assert cylinder_demagnetising_factor(1.0, 1e3) == close(4 / (3 * np.pi * 1e3), rel=1e-3)
    # a height of 0.9065 of the diameter has equal factors: Joseph (1966)
    assert cylinder_demagnetising_factor(1.0, 0.9065) == close(1 / 3, rel=1e-3)


def test_lengths_are_above_zero():
    with pytest.raises(ParameterError, match=r"height = 0 m; allowed: above 0"):
        cylinder_demagnetising_factor(1e-9, 0.0)
