"""How small a stable bit may be: against the drive's limit solved by hand, and against the table of energies."""

import numpy as np
import pytest

from fdmag.constants import BOLTZMANN, ELEMENTARY_CHARGE, HBAR
from fdmag.devices.write_energy import write_energy_scaling
from fdmag.devices.write_limits import smallest_writable, write_limits
from fdmag.devices.write_mechanisms import COFEB, TUNGSTEN, FreeLayer, SpinTransferWrite, VoltageWrite
from fdmag.errors import ParameterError
from tests.closeness import close

D = np.geomspace(10e-9, 100e-9, 19)


@pytest.mark.parametrize("Delta", [40.0, 60.0, 80.0])
def test_limits_of_voltage_and_of_the_barrier_by_hand(Delta):
    """Both go like sqrt(Δ): J RA = V, and 4 Δ k_B T/(π d² ξ) = E."""
    found = write_limits(D, [SpinTransferWrite(), VoltageWrite()], Delta=Delta)
    E_b = Delta * BOLTZMANN * 300
    current = 2 * 4 * ELEMENTARY_CHARGE * COFEB.alpha * E_b / (HBAR * 0.6)
    assert found.smallest_spin_transfer == close(np.sqrt(current * 5e-12 / (np.pi / 4)), rel=1e-9)
    assert found.smallest_voltage == close(np.sqrt(4 * E_b / (np.pi * 100e-15 * 1.5e9)), rel=1e-9)
    assert np.isnan(found.smallest_spin_orbit)


def test_between_grid_points_that_fail_and_do_not():
    table = write_energy_scaling(D, [TUNGSTEN])
    first = int(np.argmax(table.feasible[0]))
    smallest, energy = smallest_writable(TUNGSTEN, D)
    assert D[first - 1] < smallest <= D[first]
    assert table.energy[0, first] < energy < table.energy[0, first - 1]
    at_edge = write_energy_scaling([smallest, smallest * (1 - 1e-9)], [TUNGSTEN])
    assert at_edge.feasible[0].tolist() == [True, False]


def test_no_smallest_bit_and_one_at_the_first_diameter():
    weak = VoltageWrite(coefficient=1e-15)
    assert np.isnan(smallest_writable(weak, D)).all()
    assert smallest_writable(VoltageWrite(coefficient=1e-11), D)[0] == D[0]


def test_thickness_chosen_where_none_is_stable():
    """Below sqrt[4 Δ k_B T/(π Ks)] no thickness is stable, and nothing is written."""
    layer = FreeLayer(Ms=1.26e6, thickness=1e-9, A=20e-12, alpha=0.01, Ks=1.4e-3)
    smallest, _ = smallest_writable(SpinTransferWrite(max_voltage=1e3), np.geomspace(5e-9, 100e-9, 9), layer)
    assert smallest > np.sqrt(4 * 60 * BOLTZMANN * 300 / (np.pi * 1.4e-3))


def test_wrong_arguments():
    with pytest.raises(ParameterError, match="do not rise"):
        write_limits(D[::-1])
    with pytest.raises(ParameterError, match="at most one of each"):
        write_limits(D, [SpinTransferWrite(), SpinTransferWrite()])


def test_picture_has_a_dot_at_each_limit():
    pytest.importorskip("matplotlib")
    from fdmag.output.plots import new_figure

    ax = write_limits(D).plot(new_figure().subplots())
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert len(dots) == 3
