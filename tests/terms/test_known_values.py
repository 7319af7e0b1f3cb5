"""Each term against numbers worked out by hand."""

import numpy as np
import pytest

from fdmag.constants import MU_0
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Driven
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, Slonczewski, TunnelTorque, UniaxialAnisotropy, Zeeman, ZhangLi

ONE = Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9))


def test_zeeman_energy_is_lowest_along_the_field():
    along = Simulation(ONE, [Zeeman(B=(0, 0, 0.1))], Ms=8e5, m=(0, 0, 1)).energy()[0]
    against = Simulation(ONE, [Zeeman(B=(0, 0, 0.1))], Ms=8e5, m=(0, 0, -1)).energy()[0]
    assert along == pytest.approx(-8e5 * 0.1 * 125e-27)
    assert against == pytest.approx(-along)


def test_uniaxial_energy_at_tilted_angles():
    """e = −Ku1 cos²θ − Ku2 cos⁴θ."""
    theta = np.radians([0, 30, 45, 60, 90])
    m = np.zeros((5, 3, 1, 1, 1))
    m[:, 0, 0, 0, 0], m[:, 2, 0, 0, 0] = np.sin(theta), np.cos(theta)
    simulation = Simulation(ONE, [UniaxialAnisotropy(Ku1=5e5, Ku2=2e5)], Ms=8e5, m=m)
    expected = -5e5 * np.cos(theta) ** 2 - 2e5 * np.cos(theta) ** 4
    np.testing.assert_allclose(simulation.energy_density("uniaxial_anisotropy").ravel(), expected, atol=1e-9)


def test_the_axis_need_not_have_length_one_and_its_sign_does_not_matter():
    m = (0.6, 0.0, 0.8)
    fields = [
        Simulation(ONE, [UniaxialAnisotropy(Ku1=5e5, axis=axis)], Ms=8e5, m=m).effective_field()
        for axis in [(1, 1, 0), (-7, -7, 0)]
    ]
    np.testing.assert_allclose(fields[0], fields[1])


def test_several_anisotropies_add_up():
    m = (0.6, 0.0, 0.8)
    terms = [UniaxialAnisotropy(Ku1=5e5), UniaxialAnisotropy(Ku1=3e5, axis=(1, 0, 0))]
    both = Simulation(ONE, terms, Ms=8e5, m=m)
    assert list(both.energies()) == ["uniaxial_anisotropy", "uniaxial_anisotropy_2"]
    assert both.energy()[0] == pytest.approx(-(5e5 * 0.64 + 3e5 * 0.36) * 125e-27)


def test_exchange_of_a_spiral():
    """m turning by φ per cell along x: e = A |∇m|² in the six-neighbour form is 2 A (1 − cos φ) / Δ²."""
    n, delta, A = 16, 3e-9, 1.3e-11
    angle = 2 * np.pi * np.arange(n) / n
    m = np.zeros((3, 1, 1, n))
    m[0, 0, 0], m[1, 0, 0] = np.cos(angle), np.sin(angle)
    mesh = Mesh((n, 1, 1), (delta, delta, delta), periodic="x")
    energy = Simulation(mesh, [Exchange(A=A)], Ms=8e5, m=m).energy()[0]
    assert energy == pytest.approx(2 * A * (1 - np.cos(2 * np.pi / n)) / delta**2 * n * delta**3)


def test_exchange_across_an_open_edge_is_nothing_and_across_a_periodic_one_is_something():
    m = np.zeros((3, 1, 1, 4))
    m[2, 0, 0] = (1, 1, -1, -1)
    size = (1e-9, 1e-9, 1e-9)
    one_wall = Simulation(Mesh((4, 1, 1), size), [Exchange(A=1e-11)], Ms=8e5, m=m).energy()[0]
    two_walls = Simulation(Mesh((4, 1, 1), size, "x"), [Exchange(A=1e-11)], Ms=8e5, m=m).energy()[0]
    assert one_wall == pytest.approx(4 * 1e-11 / 1e-18 * 1e-27)
    assert two_walls == pytest.approx(2 * one_wall)


def test_exchange_between_different_cells_uses_the_harmonic_mean():
    """Two cells with A and 3 A: 2·A·3A / (4A) = 1.5 A; the pair energy is A |Δm|² V / Δ²."""
    A = np.array([1e-11, 3e-11]).reshape(1, 1, 2)
    m = np.zeros((3, 1, 1, 2))
    m[0, 0, 0] = (1, 0)
    m[1, 0, 0] = (0, 1)
    energy = Simulation(Mesh((2, 1, 1), (1e-9,) * 3), [Exchange(A=A)], Ms=8e5, m=m).energy()[0]
    assert energy == pytest.approx(1.5e-11 * 2 * 1e-27 / 1e-18)


def test_no_exchange_through_an_empty_cell():
    m = np.zeros((3, 1, 1, 3))
    m[2, 0, 0] = (1, 1, -1)
    Ms = np.array([8e5, 0, 8e5]).reshape(1, 1, 3)
    simulation = Simulation(Mesh((3, 1, 1), (1e-9,) * 3), [Exchange(A=1e-11)], Ms=Ms, m=m)
    assert simulation.energy()[0] == 0
    assert not simulation.effective_field().any()


def test_demag_of_a_cube_and_of_a_film():
    """A cube's own field is −µ0 Ms / 3; a film periodic in its plane has −µ0 Ms along its normal and none in it."""
    cube = Simulation(ONE, [Demag()], Ms=8e5, m=(0, 0, 1)).effective_field()[0, 2]
    assert cube == pytest.approx(-MU_0 * 8e5 / 3, rel=1e-12)
    film = Mesh((4, 4, 1), (2e-9, 2e-9, 1e-9), "xy")
    out = Simulation(film, [Demag()], Ms=8e5, m=(0, 0, 1)).effective_field()[0]
    inside = Simulation(film, [Demag()], Ms=8e5, m=(1, 0, 0)).effective_field()[0]
    np.testing.assert_allclose(out[2], -MU_0 * 8e5, rtol=1e-8)
    np.testing.assert_allclose(inside, 0, atol=1e-8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Exchange(A=-1e-11), "at least 0 J/m"),
        (lambda: Zeeman(B=0.1), r"allowed: \(3,\)"),
        (lambda: Zeeman(B=(0, 0, np.nan)), "not finite"),
        (lambda: UniaxialAnisotropy(Ku1=1e5, axis=(0, 0, 0)), "zero length"),
        (lambda: Exchange(A={"nowhere": 1e-11}), "exchange.A.*nowhere"),
        (lambda: Exchange(A="1e-11 J"), "not a number"),
        (lambda: Slonczewski(J=1e11, P=1.5), "slonczewski.P: spin polarisation = 1.5 is impossible; .*from -1 to 1"),
        (lambda: Slonczewski(J=1e11, P=0.5, side=0), "slonczewski.side: .* = 0 is impossible; allowed: -1 or 1"),
        (lambda: Slonczewski(J=1e11, P=Driven(0.8, lambda t: 2.0 + 0 * t)), r"P at t .* = 1\.6 is impossible"),
        (lambda: TunnelTorque(voltage=0.1, RA_P=1e-12, TMR=1, P=-1.01), "tunnel_torque.P: .*from -1 to 1"),
        (lambda: TunnelTorque(voltage=0.1, RA_P=1e-12, TMR=1, P=0.5, side=2), "allowed: -1 or 1"),
        (lambda: ZhangLi(J=(1e11, 0, 0), P=2), "zhang_li.P"),
    ],
)
def test_impossible_values_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        Simulation(ONE, [make()], Ms=8e5).effective_field()


def test_a_cell_is_frozen_or_not():
    with pytest.raises(ParameterError, match=r"material.frozen: .* = 0\.5 is impossible; allowed: 0 or 1"):
        Simulation(ONE, [], Ms=8e5, frozen=0.5)
