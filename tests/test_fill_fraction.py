"""Smooth edges: volumes, demag, fields of local terms, what is refused."""

import numpy as np
import pytest

from fdmag import Mesh, PerReplica, Simulation, initial
from fdmag.constants import MU_0
from fdmag.errors import ParameterError
from fdmag.parameter import Driven
from fdmag.shapes import Box, Cylinder, Sphere
from fdmag.shares import Shares
from fdmag.terms import Demag, Exchange, SpinOrbitTorque, UniaxialAnisotropy, Zeeman
from fdmag.terms.exchange import Between

NM = 1e-9
Ms, B0 = 8e5, 0.1


@pytest.mark.parametrize(
    ("shape", "cells", "exact", "order"),
    [(Cylinder(20 * NM), (1, 1, 0), np.pi * 100, 1.5), (Sphere(20 * NM), (1, 1, 1), np.pi / 6 * 20**3, 2.0)],
    ids=["disc", "ball"],
)
def test_the_size_of_a_round_shape_converges_with_the_order_of_lattice_points(shape, cells, exact, order):
    """The RMS error over random places is of the order (d + 1)/2: D. G. Kendall, Quart. J. Math. 19, 1 (1948)."""
    errors = []
    sizes = np.array([8, 16, 32])
    for n in sizes:
        edges = [24 / n if axis else 1.0 for axis in cells]
        mesh = Mesh([n if axis else 1 for axis in cells], [edge * NM for edge in edges])
        shifts = np.random.default_rng(n).uniform(-0.5, 0.5, (60, 3)) * edges * NM
        found = [shape.translate(shift).fill(mesh).sum() * np.prod(edges) / exact - 1 for shift in shifts]
        errors.append(np.sqrt(np.mean(np.square(found))))
    assert -np.polyfit(np.log(sizes), np.log(errors), 1)[0] == pytest.approx(order, abs=0.3)


@pytest.mark.parametrize("shape", [Sphere(9 * NM), Cylinder(9 * NM, 5 * NM).rotate(0.4, "x")])
def test_smooth_edges_have_the_volume_of_a_finer_mesh(shape):
    coarse, fine = (Mesh((12 * n,) * 3, (NM / n,) * 3) for n in (1, 4))
    smooth = Simulation(coarse, [Zeeman(B=(0, 0, B0))], Ms=Ms, geometry=shape, smooth_edges=4)
    volume = -smooth.energies()["zeeman"][0] / (Ms * B0)
    assert volume == pytest.approx(shape.fill(fine).sum() * fine.cell_volume, rel=1e-12)


def test_the_demag_energy_of_a_sphere_converges_to_one_third():
    """A layer of half-filled cells spreads the charge of the surface: the error is of first order."""
    errors = []
    for n in (10, 20, 30):
        mesh = Mesh((n,) * 3, (20 * NM / n,) * 3)
        simulation = Simulation(mesh, [Demag()], Ms=Ms, geometry=Sphere(15 * NM), smooth_edges=8)
        errors.append(simulation.energy()[0] / (MU_0 * Ms**2 / 6 * np.pi / 6 * (15 * NM) ** 3) - 1)
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.3)
    extrapolated = 0.5 * errors[0] - 4 * errors[1] + 4.5 * errors[2]  # what is left without terms in h and h²
    assert abs(extrapolated) < 0.005


def edge_of_half_cells(terms, samples=2, **options):
    """Six cells along x, of which the last is filled by half."""
    mesh = Mesh((6, 1, 1), (NM, NM, NM), origin=(0, 0, 0))
    shape = Box((5.5 * NM, None, None), center=(2.75 * NM, 0, 0))
    return Simulation(mesh, terms, Ms=Ms, geometry=shape, smooth_edges=samples, **options)


def test_local_fields_are_those_of_full_cells():
    torque = SpinOrbitTorque(J=1e12, xi_DL=0.1, direction=(1, 0, 0), normal=(0, 0, 1))
    terms = [UniaxialAnisotropy(Ku1=5e5, axis=(0, 0, 1)), torque]
    simulation = edge_of_half_cells(terms, m=(0.6, 0, 0.8))
    share = simulation.terms["uniaxial_anisotropy"].Ku1.base[0, 0, 0, 0] / 5e5
    np.testing.assert_allclose(share, [1, 1, 1, 1, 1, 0.5])
    for name in simulation.terms:
        field = simulation.effective_field(name)[0, :, 0, 0]
        assert np.abs(field).max() > 1e-3
        np.testing.assert_allclose(field, np.broadcast_to(field[:, :1], field.shape))
    energy = simulation.energies()["uniaxial_anisotropy"][0]
    assert energy == pytest.approx(-5e5 * 0.64 * 5.5 * NM**3)


def test_exchange_flows_through_the_mean_of_the_shares_and_conserves():
    simulation = edge_of_half_cells([Exchange(A=1e-11)])
    m = np.zeros((3, 1, 1, 6))
    m[0, 0, 0], m[2, 0, 0] = np.sin(0.1 * np.arange(6)), np.cos(0.1 * np.arange(6))
    simulation.m = m
    field = simulation.effective_field()[0, :, 0, 0] * np.array([1, 1, 1, 1, 1, 0.5]) * Ms
    pull = 2 * 1e-11 / NM**2 * (m[:, 0, 0, 5] - m[:, 0, 0, 4])
    # harmonic mean of 1 and 1/2: 2/3
    np.testing.assert_allclose(field[:, 5], -2 / 3 * pull)
    np.testing.assert_allclose(field.sum(axis=1), 0, atol=1e-6 * np.abs(field).max())


@pytest.mark.parametrize(("scale", "A"), [(0.3, None), (None, 3e-12), (None, -3e-12)])
def test_a_border_of_given_stiffness_has_the_mean_of_the_shares_too(scale, A):
    """Energy of the link |m' − m|² A_link 2 f f'/(f + f') V / Δ², given as a factor or as a stiffness."""
    regions = {"end": np.arange(6).reshape(1, 1, 6) == 5}
    border = [Between(["end", "default"], scale=scale, A=A)]
    m = np.zeros((3, 1, 1, 6))
    m[0], m[2, 0, 0, 5], m[0, 0, 0, 5] = 1, 0.6, 0.8
    simulation = edge_of_half_cells([Exchange(A=1e-11, between=border)], regions=regions, m=m)
    link = 3e-12 if A is None else A
    assert simulation.energy()[0] == pytest.approx(0.4 * link * 2 / 3 * NM, rel=1e-12)


def test_set_scales_as_the_start_did():
    simulation = edge_of_half_cells([UniaxialAnisotropy(Ku1=1e5), Zeeman(B=(0, 0, B0))])
    simulation.set("uniaxial_anisotropy.Ku1", PerReplica([3e5]))
    simulation.set("material.Ms", 4e5)
    simulation.set("zeeman.B", (0, 0, 0.2))
    assert simulation.terms["uniaxial_anisotropy"].Ku1.base[0, 0, 0, 0, -1] == 1.5e5
    assert simulation.energies()["zeeman"][0] == pytest.approx(-4e5 * 0.2 * 5.5 * NM**3)
    driven = Driven(1e5, lambda t: 2.0 + 0 * t)
    simulation.set("uniaxial_anisotropy.Ku1", driven)
    np.testing.assert_allclose(simulation.effective_field("uniaxial_anisotropy")[0, 2, 0, 0], 2 * 2e5 / 4e5)


def test_without_smooth_edges_only_ms_changes():
    simulation = edge_of_half_cells([UniaxialAnisotropy(Ku1=1e5)], samples=1)
    assert simulation.terms["uniaxial_anisotropy"].Ku1.base.shape == (1, 1, 1, 1, 1)
    assert simulation.magnetic[0, 0, 0].tolist() == [True] * 5 + [False]


def test_it_runs_and_keeps_its_energy_without_damping():
    mesh = Mesh((10, 10, 1), (2 * NM, 2 * NM, 2 * NM))
    simulation = Simulation(
        mesh, [Exchange(A=1e-11), Demag(), UniaxialAnisotropy(Ku1=4e5)], Ms=Ms, alpha=0.0,
        m=initial.random(mesh, 1)[0] * 0.1 + np.array([0, 0, 1.0])[:, None, None, None],
        geometry=Cylinder(17 * NM), smooth_edges=5,
    )  # fmt: skip
    before = simulation.energy()[0]
    simulation.run(5e-12, tolerance=1e-8)
    assert simulation.energy()[0] == pytest.approx(before, rel=1e-5)


def test_refusals():
    mesh = Mesh((4, 4, 1), (NM, NM, NM))
    with pytest.raises(ParameterError, match="outside 0 to 1"):
        Shares(np.full(mesh.shape, 1.5), mesh)
    with pytest.raises(ParameterError, match=r"of shape \(1, 4, 4\)"):
        Shares(np.ones((4, 4)), mesh)
    with pytest.raises(ParameterError, match="covers no cell"):
        Shares(np.zeros(mesh.shape), mesh)
    with pytest.raises(ParameterError, match="samples = 0"):
        Shares(Cylinder(NM), mesh, 0)
