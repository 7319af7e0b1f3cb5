"""Double-double arithmetic against mpmath."""

import mpmath
import numpy as np
import pytest

from fdmag.demag.double_double import DoubleDouble, arctan2, half_pi

EPS = 2.0**-104


def exact(numbers: DoubleDouble) -> list:
    return [mpmath.mpf(float(h)) + mpmath.mpf(float(low)) for h, low in zip(numbers.hi, numbers.lo, strict=True)]


@pytest.fixture(autouse=True)
def _digits():
    with mpmath.workdps(60):
        yield


@pytest.fixture
def a():
    return random_numbers(1)


@pytest.fixture
def b():
    return random_numbers(2)


def random_numbers(seed: int) -> DoubleDouble:
    rng = np.random.default_rng(seed)
    hi = 10.0 ** rng.uniform(-4, 9, 300)
    return DoubleDouble(hi) + DoubleDouble(hi * 1e-17 * rng.uniform(-1, 1, 300))


@pytest.mark.parametrize(
    "operation", [lambda a, b: a + b, lambda a, b: a - b * 0.125, lambda a, b: a * b, lambda a, b: a / b]
)
def test_arithmetic_has_31_digits(a, b, operation):
    for got, x, y in zip(exact(operation(a, b)), exact(a), exact(b), strict=True):
        want = operation(x, y)
        assert abs(got - want) <= 4 * EPS * max(abs(want), abs(x) if want < x else 0)


def test_square_root_has_31_digits(a):
    for got, x in zip(exact(a.sqrt()), exact(a), strict=True):
        assert abs(got / mpmath.sqrt(x) - 1) <= 4 * EPS


def test_square_root_of_zero_is_zero():
    assert DoubleDouble(np.zeros(2)).sqrt().to_float().tolist() == [0.0, 0.0]


def test_logarithm(a):
    for got, x in zip(exact(a.log()), exact(a), strict=True):
        assert abs(got - mpmath.log(x)) < 4e-26


def test_arctangent(a, b):
    for got, y, x in zip(exact(arctan2(a, b)), exact(a), exact(b), strict=True):
        assert abs(got - mpmath.atan2(y, x)) < 4e-26


def test_arctangent_on_the_axes():
    zero, one = DoubleDouble(np.zeros(1)), DoubleDouble(np.ones(1))
    assert arctan2(zero, one).to_float() == 0.0
    assert arctan2(zero, zero).to_float() == 0.0
    assert exact(arctan2(one, zero)) == [mpmath.mpf(float(half_pi().hi)) + mpmath.mpf(float(half_pi().lo))]
    assert abs(exact(arctan2(one, zero))[0] - mpmath.pi / 2) < 1e-31
