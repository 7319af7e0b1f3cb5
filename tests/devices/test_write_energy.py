"""Scaling of the write energy: power laws, published orders of magnitude, limits."""

import numpy as np
import pytest

from fdmag.analytic.spin_torque import critical_current
from fdmag.analytic.tunnel_junction import julliere_polarisation
from fdmag.constants import BOLTZMANN
from fdmag.devices.disc_figures import disc_critical_current, disc_stability, disc_write_energy
from fdmag.devices.write_energy import write_energy_scaling
from fdmag.devices.write_mechanisms import (
    COFEB,
    TUNGSTEN,
    FreeLayer,
    SpinOrbitWrite,
    SpinTransferWrite,
    VoltageWrite,
)
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Slonczewski, UniaxialAnisotropy
from tests.closeness import close

D = np.array([10e-9, 20e-9, 40e-9, 80e-9])


def test_power_laws_at_fixed_stability():
    """Spin transfer: no dependence; voltage and spin–orbit without a field: 1/d²; the drives all like 1/d²."""
    scaling = write_energy_scaling(D, [SpinTransferWrite(), SpinOrbitWrite(B_x=0.0), VoltageWrite()])
    np.testing.assert_allclose(scaling.Delta, 60, rtol=1e-12)
    np.testing.assert_allclose(scaling.energy[0], scaling.energy[0, 0], rtol=1e-12)
    for k in (1, 2):
        np.testing.assert_allclose(scaling.energy[k] * D**2, scaling.energy[k, 0] * D[0] ** 2, rtol=1e-12)
    np.testing.assert_allclose(scaling.drive * D**2, np.repeat(scaling.drive[:, :1] * D[0] ** 2, 4, axis=1), rtol=1e-12)
    assert scaling.energy[2, -1] < 1e-3 * scaling.energy[0, -1]  # a charge costs orders of magnitude less than heat


def test_spin_transfer_energy_in_closed_form():
    """I² RA t/A with I = i I_c0 and t = τ Ms/(α γ 2 K): all from Δ, whatever the diameter."""
    layer = FreeLayer(Ms=1e6, thickness=1.3e-9, A=20e-12, alpha=0.01)
    scaling = write_energy_scaling([25e-9], [SpinTransferWrite(P=0.6, RA=5e-12, overdrive=2)], layer)
    barrier = 60 * BOLTZMANN * 300
    current = 2 * critical_current(barrier, 0.01, 0.6)
    time = 2.6262 * (1 + 0.01**2) * 1e6 * (np.pi / 4 * 25e-9**2 * 1.3e-9) / (0.01 * 1.76085963023e11 * 2 * barrier)
    assert scaling.duration[0, 0] == close(time, rel=1e-4)
    assert scaling.energy[0, 0] == close(current**2 * 5e-12 / (np.pi / 4 * 25e-9**2) * time, rel=1e-4)


def test_a_simulated_macrospin_switches_in_the_time_that_is_paid_for():
    """The current and anisotropy of the table, in a simulation: m passes the equator at the end of the pulse."""
    scaling = write_energy_scaling([30e-9], [SpinTransferWrite()])
    K, J, time = scaling.K_eff[0], scaling.drive[0, 0], scaling.duration[0, 0]
    tilt = 1 / np.sqrt(120)
    magnet = Simulation(Mesh((1, 1, 1), (2e-9, 2e-9, 1.3e-9)), [UniaxialAnisotropy(Ku1=K), Slonczewski(J=J, P=0.6)],
                        Ms=COFEB.Ms, alpha=COFEB.alpha, m=(np.sin(tilt), 0, np.cos(tilt)))  # fmt: skip
    magnet.run(time, tolerance=1e-8)
    assert abs(magnet.average_m()[0, 2]) < 1e-4


def test_the_figure_of_one_disc_is_that_of_the_table():
    """At twice its I_c0 a disc with these parameters costs what the table says for its K_eff."""
    layer = FreeLayer(Ms=1.26e6, thickness=1.0, A=20e-12, alpha=0.01, Ks=1.3e-3)
    scaling = write_energy_scaling([40e-9], [SpinTransferWrite()], layer)
    disc = {"Ks": 1.3e-3, "Ms": 1.26e6, "thickness": scaling.thickness[0], "diameter": 40e-9, "alpha": 0.01, "P": 0.6}
    current = 2 * disc_critical_current(**disc)
    stability = disc_stability(1.3e-3, 1.26e6, scaling.thickness[0], 40e-9, 20e-12)
    assert stability == close(60, rel=1e-9)
    exact = disc_write_energy(**disc, RA=5e-12, current=current)
    # the disc's time starts from the coherent barrier, the table's from Δ: equal where that is the lower one
    coherent = scaling.K_eff[0] * np.pi / 4 * 40e-9**2 * scaling.thickness[0] / (BOLTZMANN * 300)
    assert coherent == close(60, rel=1e-9)
    assert exact == close(scaling.energy[0, 0], rel=1e-9)
    too_little = disc_write_energy(**disc, RA=5e-12, current=np.array([0.4, 1.0]) * current)
    np.testing.assert_array_equal(np.isnan(too_little), [True, False])


def test_a_published_junction():
    """S. Ikeda et al. (2010): 40 nm, Δ = 43, α = 0.027, TMR of 120 % and more: I_c0 = 49 µA."""
    current = critical_current(43 * BOLTZMANN * 300, 0.027, julliere_polarisation(1.24))
    assert abs(current - 49e-6) < 0.1 * 49e-6  # digits of Δ and α, and P from Jullière's formula


def test_order_of_magnitude_of_published_devices():
    """Spin transfer: 0.1 to 1 pJ at 40 nm and below; voltage: 6.3 fJ with leakage (Kanai et al. 2016) at 70 nm."""
    scaling = write_energy_scaling([40e-9, 70e-9])
    assert 0.05e-12 < scaling.energy[0, 0] < 1e-12
    assert scaling.energy[2, 1] < 6.3e-15


def test_with_an_interface_anisotropy_the_thickness_is_chosen():
    layer = FreeLayer(Ms=1.26e6, thickness=1.0, A=20e-12, alpha=0.027, Ks=1.3e-3)
    scaling = write_energy_scaling([12e-9, 25e-9, 40e-9], [SpinTransferWrite(), TUNGSTEN], layer)
    assert np.isnan(scaling.energy[:, 0]).all()
    assert not scaling.feasible[:, 0].any()
    np.testing.assert_allclose(scaling.Delta[1:], 60, rtol=1e-12)
    assert 0 < scaling.thickness[1] < scaling.thickness[2] < 1.3e-3 / (0.63 * 1.26e6**2 * 1e-6)
    with pytest.raises(ParameterError, match="no thickness gives"):
        write_energy_scaling([5e-9], layer=layer)


def test_limits_of_the_drives_are_marked():
    scaling = write_energy_scaling(D, [SpinTransferWrite(max_voltage=0.5), VoltageWrite(), SpinOrbitWrite(B_x=1.0)])
    np.testing.assert_array_equal(scaling.feasible[0], scaling.drive[0] * 5e-12 <= 0.5)
    assert scaling.feasible[0].tolist() == sorted(scaling.feasible[0].tolist())
    assert not scaling.feasible[2, -1]  # 1 T is more than the anisotropy field of a large disc


def test_plot_and_dataset():
    scaling = write_energy_scaling(D, [SpinTransferWrite(), SpinTransferWrite(overdrive=3)])
    assert scaling.mechanism.tolist() == ["spin transfer 1", "spin transfer 2"]
    assert scaling.plot().get_ylabel() == "write energy [fJ]"
    xarray = pytest.importorskip("xarray")
    data = scaling.to_xarray()
    assert isinstance(data, xarray.Dataset)
    assert data["energy"].sel(mechanism="spin transfer 2").sizes == {"diameter": 4}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: write_energy_scaling([0.0]), "diameter = 0 m; allowed: above 0"),
        (lambda: write_energy_scaling([1e-8], []), "no mechanism"),
        (lambda: write_energy_scaling([1e-8], Delta=0), "Delta = 0; allowed: above 0"),
        (lambda: SpinTransferWrite(overdrive=1), "overdrive = 1; allowed: above 1"),
        (lambda: FreeLayer(1e6, 1e-9, 0, 0.01), "A = 0 J/m; allowed: above 0"),
        (lambda: VoltageWrite(coefficient=-1e-13), "coefficient = -1e-13"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
