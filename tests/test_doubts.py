"""What is legal and hardly meant is told, and what is meant is not."""

import numpy as np
import pytest

import fdmag
from fdmag.constants import MU_0
from fdmag.doubts import doubts
from fdmag.shapes import Cylinder
from fdmag.terms import (
    Demag,
    Exchange,
    InterfaceAnisotropy,
    Slonczewski,
    SpinOrbitTorque,
    Thermal,
    UniaxialAnisotropy,
)
from fdmag.terms.exchange import Between


def disc(cell=2.5e-9, alpha=0.01, **changed):
    """A free layer of CoFeB, 30 nm wide and 1.3 nm thick."""
    cells = round(30e-9 / cell)
    mesh = fdmag.Mesh((cells, cells, 1), (cell, cell, 1.3e-9))
    usual = {"exchange": Exchange(A=15e-12), "demag": Demag(edges=True), "anisotropy": UniaxialAnisotropy(Ku1=0.9e6)}
    terms = usual | changed
    return fdmag.Simulation(mesh, terms.values(), Ms=1e6, alpha=alpha, geometry=Cylinder(diameter=30e-9),
                            smooth_edges=4)  # fmt: skip


def places(simulation):
    return [place for place, _ in doubts(simulation)]


def test_a_sound_pillar_raises_no_doubt():
    assert not doubts(disc(torque=Slonczewski(J=1e11, P=0.6), noise=Thermal(T=300)))


def test_noise_without_damping_does_nothing():
    assert places(disc(alpha=0.0, noise=Thermal(T=300))) == ["thermal.T"]
    assert not doubts(disc(alpha=0.0, noise=Thermal(T=0)))
    assert not doubts(disc(alpha=0.0))


def test_cells_are_compared_with_the_length_over_which_m_can_turn():
    """sqrt(2 A/(µ0 Ms²)) is 4.89 nm: cells of 10 nm are 2.05 of it, and those of 7.5 nm 1.5."""
    ((place, message),) = doubts(disc(cell=10e-9))
    assert place == "mesh.cell"
    assert "2 times sqrt(A/K) = 4.9 nm" in message
    assert not doubts(disc(cell=7.5e-9))


def test_a_hard_magnet_wants_smaller_cells():
    """FePt without demag, Ku1 = 5 MJ/m³: sqrt(A/K) = 1.7 nm."""
    hard = {"demag": Thermal(T=0), "anisotropy": UniaxialAnisotropy(Ku1=5e6)}
    assert places(disc(cell=5e-9, **hard)) == ["mesh.cell"]
    assert not doubts(disc(cell=2.5e-9, **hard))


def test_edges_of_a_small_disc_lack_stray_field():
    """The sum of f² over that of f; of 12 cells with 4³ points it is 0.94, and of 40 within 2 in 100 of 1."""
    smeared = disc(demag=Demag())
    ((place, message),) = doubts(smeared)
    f = smeared.weights[0]
    assert place == "demag.edges"
    assert f"sum to {(f**2).sum() / f.sum():.2f} and not to 1" in message
    energies = []
    for axis in np.eye(3):
        smeared.m = axis
        energies.append(smeared.energies()["demag"][0])
    factors = np.array(energies) / (MU_0 * 1e6**2 / 2 * f.sum() * smeared.mesh.cell_volume)
    assert factors.sum() == pytest.approx((f**2).sum() / f.sum(), abs=1e-9)
    assert 0.92 < factors.sum() < 0.96
    assert not doubts(disc(cell=0.75e-9, demag=Demag()))
    whole = fdmag.Simulation(smeared.mesh, [Demag()], Ms=1e6, geometry=Cylinder(diameter=30e-9))
    assert not doubts(whole)


def test_a_cell_alone_may_have_any_size():
    mesh = fdmag.Mesh((1, 1, 1), (50e-9, 50e-9, 1.3e-9))
    assert not doubts(fdmag.Simulation(mesh, [Exchange(A=15e-12), Demag()], Ms=1e6))


def test_grains_may_be_cells():
    """Where the coupling of cells is weakened by hand they are no pieces of one magnet."""
    mesh = fdmag.Mesh((4, 1, 1), (12e-9, 12e-9, 10e-9))
    grains = np.arange(4).reshape(1, 1, 4) % 2
    regions = {"a": grains == 0, "b": grains == 1}
    terms = [Exchange(A=10e-12, between=[Between(["a", "b"], scale=0.1)]), UniaxialAnisotropy(Ku1=1e6)]
    assert not doubts(fdmag.Simulation(mesh, terms, Ms=6e5, regions=regions))


@pytest.mark.parametrize(
    ("term", "key"),
    [
        (Slonczewski(J=1e11, P=0.6, thickness=0.4e-9), "slonczewski.thickness"),
        (SpinOrbitTorque(J=1e11, xi_DL=0.1, thickness=0.4e-9), "spin_orbit_torque.thickness"),
        (InterfaceAnisotropy(Ks=1e-3, thickness=0.4e-9), "interface_anisotropy.thickness"),
    ],
)
def test_a_thickness_that_is_not_that_of_the_mesh_is_told(term, key):
    ((place, message),) = doubts(disc(torque=term))
    assert place == key
    assert "3.25 times" in message


def test_a_thickness_that_is_that_of_the_mesh_is_not():
    assert not doubts(disc(torque=Slonczewski(J=1e11, P=0.6, thickness=1.3e-9)))


def test_the_thickness_of_the_free_layer_of_a_stack_counts():
    mesh = fdmag.Mesh((2, 2, 4), (2e-9, 2e-9, 1e-9))
    layers = {"pinned": mesh.z < -1e-9, "free": mesh.z > 0}
    layers = {name: np.broadcast_to(mask, mesh.shape) for name, mask in layers.items()}
    P = {"free": 0.6, "pinned": 0.0, "default": 0.0}
    for thickness, told in ((2e-9, []), (1e-9, ["slonczewski.thickness"])):
        torque = Slonczewski(J=1e11, P=P, reference="pinned", thickness=thickness)
        Ms = {"free": 1e6, "pinned": 1e6, "default": 0.0}
        stack = fdmag.Simulation(mesh, [torque], Ms=Ms, regions=layers)
        assert places(stack) == told


@pytest.mark.parametrize(
    ("options", "P", "told"),
    [
        ({}, 0.6, ["slonczewski.P"]),
        ({}, {"free": 0.6, "pinned": 0, "default": 0}, []),
        ({"frozen": {"free": 0, "pinned": 1, "default": 0}}, 0.6, []),  # what is frozen does not feel it
    ],
)
def test_a_torque_in_each_layer_of_a_stack_is_told(options, P, told):
    mesh = fdmag.Mesh((2, 2, 4), (2e-9, 2e-9, 1e-9))
    below, above = (np.broadcast_to(mesh.z < -1e-9, mesh.shape), np.broadcast_to(mesh.z > 0, mesh.shape))
    Ms = {"free": 1e6, "pinned": 1e6, "default": 0}
    torque = Slonczewski(J=1e11, P=P, thickness=0)
    stack = fdmag.Simulation(mesh, [torque], Ms=Ms, regions={"pinned": below, "free": above}, **options)
    assert places(stack) == told


def test_two_layers_that_touch_are_one():
    mesh = fdmag.Mesh((1, 1, 4), (2e-9, 2e-9, 1e-9))
    assert not doubts(fdmag.Simulation(mesh, [Slonczewski(J=1e11, P=0.6)], Ms=1e6))
