"""The pulse response of synapses: limits, the published table of labels, and a maximum by search."""

import numpy as np
import pytest

from fdmag.analytic.pulse_response import (
    deviation_from_line,
    nonlinearity_label,
    pulse_constant_of_label,
    pulse_response,
)
from fdmag.errors import ParameterError
from tests.closeness import close

MANUAL = {0.01: 126.268958, 0.1: 12.625807, 0.5: 2.519877, 1.0: 1.251653, 1.51: 0.8195, 3.01: 0.3853, 4.51: 0.2266,
          6.01: 0.1351, 7.51: 0.0702}  # fmt: skip
"""Label and normalised A, of the table that comes with MLP+NeuroSim V3.0 (Nonlinearity-NormA)."""


@pytest.mark.parametrize("label", MANUAL)
def test_labels_are_those_of_the_published_table(label):
    digits = 5e-7 if label <= 1 else 5e-5
    assert pulse_constant_of_label(label, 1.0) == pytest.approx(MANUAL[label], abs=1.01 * digits)
    assert nonlinearity_label(MANUAL[label], 1.0) == pytest.approx(label, abs=0.01)


def test_response_by_the_formula_of_the_publication():
    n, N, low, high = np.arange(65), 64, 2e-6, 20e-6
    for A in (9.0, 64.0, 1e4, -20.0):
        B = (high - low) / (1 - np.exp(-N / A))
        up = B * (1 - np.exp(-n / A)) + low
        np.testing.assert_allclose(low + (high - low) * pulse_response(n, A, N), up, rtol=1e-10)
        # depression in the publication: P counts down from N
        down = -B * (1 - np.exp(((N - n) - N) / A)) + high
        np.testing.assert_allclose(high - (high - low) * pulse_response(n, A, N), down, rtol=1e-10)


def test_limits():
    n = np.arange(11)
    np.testing.assert_allclose(pulse_response(n, np.inf, 10), n / 10)
    np.testing.assert_allclose(pulse_response(n, 1e8, 10), n / 10, atol=1e-7)
    np.testing.assert_allclose(pulse_response(n, -3.0, 10), 1 - pulse_response(10 - n, 3.0, 10), rtol=1e-12, atol=1e-15)
    assert np.isfinite(pulse_response(n, 1e-3, 10)).all()
    assert np.isfinite(pulse_response(n, -1e-3, 10)).all()


@pytest.mark.parametrize("A", [0.05, 0.5, 3.0, 200.0, 2e4, -0.5])
def test_deviation_is_the_largest_one(A):
    x = np.linspace(0, 1, 200_001)
    off = pulse_response(x, A) - x
    assert deviation_from_line(A) == pytest.approx(off[np.argmax(np.abs(off))], rel=1e-6, abs=1e-15)


def test_labels_and_constants_are_inverse():
    for label in (-3.3, 0.2, 9.0):
        assert nonlinearity_label(pulse_constant_of_label(label, 32), 32) == close(label, rel=1e-9)
    assert pulse_constant_of_label(0.0, 32) == np.inf
    with pytest.raises(ParameterError, match="from -10 to 10"):
        pulse_constant_of_label(11, 32)
    with pytest.raises(ParameterError, match="would be a step"):
        pulse_response(1, 0.0, 10)
    with pytest.raises(ParameterError, match="A = 0"):
        nonlinearity_label(0.0, 10)
