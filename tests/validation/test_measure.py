import numpy as np
import pytest

from tests.closeness import close
from validation.measure import angular_frequency, order


@pytest.mark.parametrize("power", [1, 2, 5])
def test_order_of_a_power_law(power):
    steps = np.array([0.1, 0.05, 0.02])
    assert order(steps, 3 * steps**power) == close(power)


@pytest.mark.parametrize("periods", [3.0, 5.37, 20.8])
def test_frequency_with_offset_and_phase(periods):
    t = np.linspace(0, 2e-9, 400)
    omega = 2 * np.pi * periods / 2e-9
    assert angular_frequency(t, 0.3 + 1e-3 * np.cos(omega * t + 0.7)) == close(omega, rel=1e-9)
