"""A junction in a simulation: what it reads, over what, and with which leads."""

import numpy as np
import pytest

import fdmag
from fdmag.devices.junction_device import JunctionDevice
from fdmag.devices.mtj import TunnelJunction
from fdmag.errors import ParameterError
from tests.closeness import close

MTJ = TunnelJunction(RA_P=5e-12, TMR=1.5, V_h=0.5, R_series=200.0)
AREA = 100e-9 * 50e-9


def magnet(mz=(1.0, -1.0)):
    mesh = fdmag.Mesh((2, 1, 1), (50e-9, 50e-9, 1e-9))
    m = np.zeros((1, 3, 1, 1, 2))
    m[0, 2, 0, 0] = mz
    m[0, 0, 0, 0] = np.sqrt(1 - np.square(mz))
    return fdmag.Simulation(mesh, [], Ms=8e5, m=m)


def test_states_and_halves():
    """Half of the area parallel, half antiparallel: two conductors side by side, in series with the leads."""
    reader = JunctionDevice(magnet(), TunnelJunction(RA_P=5e-12, TMR=1.5, R_series=200.0))
    R_P, R_AP = 5e-12 / AREA + 200, 2.5 * 5e-12 / AREA + 200
    found = reader.result()
    assert close((R_P, R_AP)) == (found.R_P, found.R_AP)
    assert found.area == close(AREA)
    parallel = 1 / (2 * 5e-12 / AREA) + 1 / (2 * 2.5 * 5e-12 / AREA)
    assert found.resistance[0] == close(1 / parallel + 200)
    assert found.current[0] == 0


def test_bias_divides_between_junction_and_leads():
    reader = JunctionDevice(magnet((-1.0, -1.0)), MTJ, V=0.4)
    (R,) = reader.resistance()
    (current,) = reader.result().current
    across = 0.4 - 200 * current
    expected = 5e-12 / AREA * (1 + 1.5 / (1 + (across / 0.5) ** 2))
    # conductance linear in the cosine: R_AP is that of TMR at the voltage left for the junction
    assert close(expected + 200, rel=1e-9) == R
    assert close(0.4 / R) == current


def test_area_reads_a_part():
    reader = JunctionDevice(magnet(), MTJ, area=np.array([[[True, False]]]))
    assert reader.cosine()[0] == 1
    assert reader.area == close(AREA / 2)
    with pytest.raises(ParameterError, match="holds no magnetic cell"):
        JunctionDevice(magnet(), MTJ, area=np.zeros((1, 1, 2), dtype=bool))
    with pytest.raises(ParameterError, match=r"array of shape \(2,\); allowed: \(1, 1, 2\)"):
        JunctionDevice(magnet(), MTJ, area=np.ones(2, dtype=bool))


def test_columns_are_those_of_the_result():
    reader = JunctionDevice(magnet((0.5, 0.5)), MTJ, V=0.1)
    found = reader.result()
    for column in reader.columns():
        assert np.array_equal(column.evaluate(reader.simulation), getattr(found, column.name))
