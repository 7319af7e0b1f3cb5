"""A pillar exactly on its axis is not measured in vain."""

import re

import pytest

from fdmag.devices.nanopillar import Nanopillar
from fdmag.devices.pillar_diagram import pulse_diagram
from fdmag.devices.pillar_start import check_start
from fdmag.devices.pillar_switching import switching_times
from fdmag.devices.pillar_threshold import critical_current
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.shapes import Cylinder
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, Slonczewski, SpinOrbitTorque, Thermal, UniaxialAnisotropy


def disc(*terms, m=(0, 0, 1)):
    mesh = Mesh((4, 4, 1), (4e-9, 4e-9, 1.3e-9))
    terms = [Exchange(A=15e-12), Demag(), UniaxialAnisotropy(Ku1=0.9e6), *terms]
    return Simulation(mesh, terms, Ms=1e6, alpha=0.1, m=m, geometry=Cylinder(diameter=16e-9), batch=2)


MEASUREMENTS = {
    "switching times": lambda pillar: switching_times(pillar, [2e12], 20e-12),
    "critical current": lambda pillar: critical_current(pillar, 1e10, 4e12, 20e-12),
    "pulse diagram": lambda pillar: pulse_diagram(pillar, [1e12, 2e12], [20e-12]),
}


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_exactly_on_the_axis_a_torque_has_nothing_to_begin_with(name, device):
    pillar = Nanopillar(disc(Slonczewski(J=0, P=0.6)))
    with pytest.raises(ParameterError, match=f"{name}: at the start m lies exactly along the axis"):
        MEASUREMENTS[name](pillar)
    assert not pillar.simulation.terms["slonczewski"].J.base.any()  # no current is left on


def test_across_the_axis_or_with_noise_it_has():
    """A spin–orbit torque turns m at once, and noise tilts it."""
    for torque, noise in ((SpinOrbitTorque(J=0, xi_DL=0.3), []), (Slonczewski(J=0, P=0.6), [Thermal(T=300, seed=1)])):
        pillar = Nanopillar(disc(torque, *noise), term=torque.name)
        check_start(pillar, "here", 2e12)
        pillar.first_passages(2e12, 2e-12)
        assert (pillar.along() < 1).all()


def test_a_current_of_the_wrong_sign_is_told_where_the_right_one_is():
    """From up, with the reference below, it takes J > 0: 2 α e Ms t B_K/(ħ P) of the uniform pillar."""
    pillar = Nanopillar(disc(Slonczewski(J=0, P=0.6), m=(0.1, 0, 1)))
    uniform = pillar.limit().J_c
    assert uniform > 0
    with pytest.raises(ParameterError, match=re.escape(f"{uniform:.3g} A/m^2 for a uniform pillar")):
        critical_current(pillar, -1e10, -4e12, 20e-12)
