"""Double-double arithmetic on NumPy arrays: a number is an unevaluated sum of two float64.

About 31 significant digits for sums, products, quotients and square roots; ``log`` and ``arctan2`` are
good to an absolute error of about 1e-26, enough for Newell's formulas, whose second differences lose
up to eleven digits where they are used.

Sources: T. J. Dekker, Numer. Math. 18, 224 (1971) for the product; D. E. Knuth, The Art of Computer
Programming, vol. 2, section 4.2.2 for the sum; A. H. Karp and P. Markstein, ACM Trans. Math. Softw. 23,
561 (1997) for the square root.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SPLITTER = 2.0**27 + 1.0
_TABLE = 1024
_DIGITS = 45


class DoubleDouble:
    """Array of numbers ``hi + lo`` with ``|lo|`` at most half a unit in the last place of ``hi``.

    Parameters
    ----------
    hi, lo : float64 arrays of one shape
        Leading and trailing part; ``lo`` is zero when not given.

    Examples
    --------
    >>> third = DoubleDouble(np.array([1.0])) / DoubleDouble(np.array([3.0]))
    >>> (third * 3.0 - 1.0).to_float()
    array([0.])
    """

    __slots__ = ("hi", "lo")

    def __init__(self, hi: Array, lo: Array | None = None) -> None:
        self.hi = hi
        self.lo = np.zeros_like(hi) if lo is None else lo

    @classmethod
    def product(cls, a: Array | float, b: Array | float) -> DoubleDouble:
        """Exact product of two float64."""
        return cls(*_two_product(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)))

    def to_float(self) -> Array:
        """Nearest float64."""
        return self.hi + self.lo

    def __getitem__(self, index: Any) -> DoubleDouble:
        return DoubleDouble(self.hi[index], self.lo[index])

    def __neg__(self) -> DoubleDouble:
        return DoubleDouble(-self.hi, -self.lo)

    def __add__(self, other: DoubleDouble | Array | float) -> DoubleDouble:
        if isinstance(other, DoubleDouble):
            s, e = _two_sum(self.hi, other.hi)
            e += self.lo
            e += other.lo
        else:
            s, e = _two_sum(self.hi, other)
            e += self.lo
        return DoubleDouble(*_quick_two_sum(s, e))

    def __sub__(self, other: DoubleDouble | Array | float) -> DoubleDouble:
        return self + (-other)

    def __mul__(self, other: DoubleDouble | Array | float) -> DoubleDouble:
        if isinstance(other, DoubleDouble):
            p, e = _two_product(self.hi, other.hi)
            e += self.hi * other.lo
            e += self.lo * other.hi
        else:
            p, e = _two_product(self.hi, other)
            e += self.lo * other
        return DoubleDouble(*_quick_two_sum(p, e))

    def __truediv__(self, other: DoubleDouble) -> DoubleDouble:
        q1 = self.hi / other.hi
        remainder = self - other * q1
        q2 = remainder.hi / other.hi
        q3 = (remainder - other * q2).hi / other.hi
        return DoubleDouble(*_quick_two_sum(q1, q2)) + DoubleDouble(q3)

    def square(self) -> DoubleDouble:
        """Square."""
        return self * self

    def sqrt(self) -> DoubleDouble:
        """Square root of numbers >= 0."""
        root = np.sqrt(self.hi)
        inverse = 0.5 / np.where(root > 0.0, root, 1.0)
        return DoubleDouble(root) + DoubleDouble((self - DoubleDouble.product(root, root)).hi * inverse)

    def log(self) -> DoubleDouble:
        """Natural logarithm of numbers > 0, absolute error about 1e-26."""
        mantissa, exponent = np.frexp(self.hi)
        scale = np.ldexp(1.0, -exponent)
        nearest = np.rint(mantissa * _TABLE)
        point = nearest / _TABLE
        reduced = DoubleDouble(mantissa, self.lo * scale)
        s = (reduced - DoubleDouble(point)) / (reduced + DoubleDouble(point))
        # |s| < 2^-11: the odd series of 2 artanh(s) past its first term needs no second word.
        square = s.hi * s.hi
        tail = 2.0 * s.hi * square * (1 / 3 + square * (1 / 5 + square * (1 / 7)))
        table = _log_table()[nearest.astype(np.intp) - _TABLE // 2]
        two = _constant("ln 2")
        return DoubleDouble.product(exponent, two.hi) + DoubleDouble(exponent * two.lo) + table + s * 2.0 + tail


def arctan2(y: DoubleDouble, x: DoubleDouble) -> DoubleDouble:
    """Angle of (x, y) in the first quadrant, x, y >= 0, absolute error about 1e-26; the origin gives 0."""
    steep = y.hi > x.hi
    small = DoubleDouble(np.where(steep, x.hi, y.hi), np.where(steep, x.lo, y.lo))
    large = DoubleDouble(np.where(steep, y.hi, x.hi), np.where(steep, y.lo, x.lo))
    large.hi[large.hi == 0.0] = 1.0
    nearest = np.rint(small.hi / large.hi * _TABLE)
    tangent = nearest / _TABLE
    s = (small - large * tangent) / (large + small * tangent)
    square = s.hi * s.hi
    tail = -s.hi * square * (1 / 3 - square * (1 / 5 - square * (1 / 7)))
    angle = _arctan_table()[nearest.astype(np.intp)] + s + tail
    complement = half_pi() - angle
    return DoubleDouble(np.where(steep, complement.hi, angle.hi), np.where(steep, complement.lo, angle.lo))


def half_pi() -> DoubleDouble:
    """Return π/2, shape ()."""
    return _constant("pi/2")


def _two_sum(a: Array, b: Array | float) -> tuple[Array, Array]:
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


def _quick_two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    s = a + b
    return s, b - (s - a)


def _split(a: Array | float) -> tuple[Array, Array]:
    c = np.asarray(_SPLITTER * a)
    high = c - (c - a)
    return high, a - high


def _two_product(a: Array, b: Array | float) -> tuple[Array, Array]:
    p = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def _from_decimals(values: list[Decimal]) -> DoubleDouble:
    hi = [float(value) for value in values]
    lo = [float(value - Decimal(h)) for value, h in zip(values, hi, strict=True)]
    return DoubleDouble(np.array(hi), np.array(lo))


def _odd_series(t: Decimal, sign: int) -> Decimal:
    """artanh(t) for sign = +1, arctan(t) for sign = -1, for |t| well below 1."""
    total, power, k = Decimal(0), t, 1
    while abs(power) > Decimal(10) ** -_DIGITS:
        total += power / k
        power *= sign * t * t
        k += 2
    return total


@cache
def _log_table() -> DoubleDouble:
    """Table of ln(j / 1024) for j = 512 ... 1024."""
    with localcontext() as context:
        context.prec = _DIGITS
        logs = [Decimal(0)]
        for j in range(_TABLE, _TABLE // 2, -1):
            logs.append(logs[-1] - 2 * _odd_series(Decimal(1) / (2 * j - 1), +1))
        return _from_decimals(logs[::-1])


@cache
def _arctan_table() -> DoubleDouble:
    """Table of arctan(j / 1024) for j = 0 ... 1024."""
    with localcontext() as context:
        context.prec = _DIGITS
        angles = [Decimal(0)]
        for j in range(_TABLE):
            angles.append(angles[-1] + _odd_series(Decimal(_TABLE) / (_TABLE * _TABLE + j * (j + 1)), -1))
        return _from_decimals(angles)


@cache
def _constant(name: str) -> DoubleDouble:
    with localcontext() as context:
        context.prec = _DIGITS
        if name == "ln 2":
            value = 2 * _odd_series(Decimal(1) / 3, +1)
        else:  # Machin's formula for pi/4
            value = 2 * (4 * _odd_series(Decimal(1) / 5, -1) - _odd_series(Decimal(1) / 239, -1))
        return _from_decimals([value])[0]
