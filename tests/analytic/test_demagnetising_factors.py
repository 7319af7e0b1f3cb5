import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from fdmag.analytic.ellipsoid import ellipsoid_demagnetising_factors
from fdmag.analytic.prism import prism_demagnetising_factors
from fdmag.errors import ParameterError
from tests.closeness import close

BOTH = [prism_demagnetising_factors, ellipsoid_demagnetising_factors]


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        # Aharoni's formula to the digits shown; a cube by symmetry
        ((1, 1, 1), (1 / 3, 1 / 3, 1 / 3)),
        ((1, 1, 0.01), (0.0169802, 0.0169802, 0.9660396)),
        ((500, 125, 3), (0.00917967, 0.0381761, 0.9526442)),
        ((160, 80, 5), (0.0372152, 0.0764711, 0.8863136)),
    ],
)
def test_prism_reference_values(edges, expected):
    np.testing.assert_allclose(prism_demagnetising_factors(*edges), expected, atol=6e-8)


def nz_by_quadrature(a, b, c):
    """Energy of the two charged faces: (1/2πV) [I(0) − I(c)], I the mutual 1/r integral of the faces, in polar form."""

    def face(d):
        def radial(angle):
            cosine, sine = np.cos(angle), np.sin(angle)
            end = min(a / cosine if cosine > 1e-300 else np.inf, b / sine if sine > 1e-300 else np.inf)

            def integrand(rho):
                return (a - rho * cosine) * (b - rho * sine) * (rho / np.hypot(rho, d) if d else 1.0)

            return quad(integrand, 0, end, epsabs=0, epsrel=1e-11, limit=200)[0]

        corner = np.arctan2(b, a)
        options = {"epsabs": 0, "epsrel": 1e-10, "limit": 200}
        return 4 * (quad(radial, 0, corner, **options)[0] + quad(radial, corner, np.pi / 2, **options)[0])

    return (face(0.0) - face(c)) / (2 * np.pi * a * b * c)


@pytest.mark.parametrize("edges", [(1, 1, 1), (3, 2, 1), (1, 0.7, 0.2), (1, 2, 5)])
def test_prism_against_quadrature(edges):
    a, b, c = edges
    expected = [nz_by_quadrature(b, c, a), nz_by_quadrature(c, a, b), nz_by_quadrature(a, b, c)]
    np.testing.assert_allclose(prism_demagnetising_factors(a, b, c), expected, rtol=1e-7)


def aharoni(a, b, c):
    """Eq. (1) of Aharoni (1998) as printed, with enough digits to survive its cancellations."""
    with mpmath.workdps(120):
        a, b, c = mpmath.mpf(a), mpmath.mpf(b), mpmath.mpf(c)
        log, sqrt = mpmath.log, mpmath.sqrt
        r, ab, bc, ca = sqrt(a**2 + b**2 + c**2), sqrt(a**2 + b**2), sqrt(b**2 + c**2), sqrt(c**2 + a**2)
        total = (
            (b**2 - c**2) / (2 * b * c) * log((r - a) / (r + a))
            + (a**2 - c**2) / (2 * a * c) * log((r - b) / (r + b))
            + b / (2 * c) * log((ab + a) / (ab - a))
            + a / (2 * c) * log((ab + b) / (ab - b))
            + c / (2 * a) * log((bc - b) / (bc + b))
            + c / (2 * b) * log((ca - a) / (ca + a))
            + 2 * mpmath.atan(a * b / (c * r))
            + (a**3 + b**3 - 2 * c**3) / (3 * a * b * c)
            + (a**2 + b**2 - 2 * c**2) / (3 * a * b * c) * r
            + c / (a * b) * (ca + bc)
            - (ab**3 + bc**3 + ca**3) / (3 * a * b * c)
        )
        return float(total / mpmath.pi)


@given(st.lists(st.floats(-8, 0), min_size=3, max_size=3))
@settings(max_examples=100)
def test_prism_keeps_relative_precision(exponents):
    a, b, c = (10.0**exponent for exponent in exponents)
    expected = [aharoni(b, c, a), aharoni(c, a, b), aharoni(a, b, c)]
    np.testing.assert_allclose(prism_demagnetising_factors(a, b, c), expected, rtol=2e-14)


@pytest.mark.parametrize("factors", BOTH)
@given(edges=st.lists(st.floats(1e-9, 1e3), min_size=3, max_size=3))
@settings(max_examples=60)
def test_sum_order_and_symmetry(factors, edges):
    N = factors(*edges)
    assert N.sum() == pytest.approx(1, abs=1e-13)
    assert np.all(N >= 0)
    assert N[np.argmin(edges)] >= N.max() * (1 - 1e-12)
    np.testing.assert_allclose(factors(edges[2], edges[0], edges[1]), N[[2, 0, 1]], rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("factors", BOTH)
def test_longer_edges_have_smaller_factors(factors):
    N = factors(3.0, 1.0, 2.0)
    assert N[0] < N[2] < N[1]


def test_wire_limit():
    # a square wire: 1/2 across; a film: 1 across
    np.testing.assert_allclose(prism_demagnetising_factors(1, 1, 1e9), [0.5, 0.5, 0], atol=1e-8)
    np.testing.assert_allclose(ellipsoid_demagnetising_factors(1, 2, 1e9), [2 / 3, 1 / 3, 0], atol=1e-8)
    np.testing.assert_allclose(prism_demagnetising_factors(1, 1, 1e-9), [0, 0, 1], atol=1e-7)


@pytest.mark.parametrize("ratio", [1.001, 2.0, 10.0, 500.0])
def test_spheroids_by_elementary_functions(ratio):
    # Osborn's prolate and oblate spheroids
    root = np.sqrt(ratio**2 - 1)
    prolate = (ratio / root * np.log(ratio + root) - 1) / root**2
    assert ellipsoid_demagnetising_factors(1, 1, ratio)[2] == close(prolate, rel=1e-8)
    oblate = ratio**2 / root**2 * (1 - np.arcsin(root / ratio) / root)
    assert ellipsoid_demagnetising_factors(ratio, ratio, 1)[2] == close(oblate, rel=1e-8)


def test_ellipsoid_against_quadrature():
    a, b, c = 3.0, 2.0, 0.5

    def integrand(s):
        return a * b * c / 2 / ((b**2 + s) * np.sqrt((a**2 + s) * (b**2 + s) * (c**2 + s)))

    expected = quad(integrand, 0, np.inf, epsabs=0, epsrel=1e-10)[0]
    assert ellipsoid_demagnetising_factors(a, b, c)[1] == close(expected, rel=1e-8)


@pytest.mark.parametrize("factors", BOTH)
def test_broadcasts(factors):
    N = factors([[1.0], [2.0]], [1.0, 2.0, 3.0], 0.5)
    assert N.shape == (2, 3, 3)
    np.testing.assert_array_equal(N[1, 2], factors(2.0, 3.0, 0.5))


@pytest.mark.parametrize("factors", BOTH)
@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_refuses_impossible_lengths(factors, bad):
    with pytest.raises(ParameterError, match="positive and finite"):
        factors(1.0, bad, 1.0)
