"""What depends on how smooth edges cut a cell: column heights, overlaps of layers, areas, averages."""

import numpy as np
import pytest

from fdmag import Mesh, Simulation
from fdmag.constants import ELEMENTARY_CHARGE, HBAR
from fdmag.devices.mtj import TunnelJunction
from fdmag.errors import ParameterError
from fdmag.quantities import evaluate
from fdmag.shapes import Box, Cylinder, Sphere
from fdmag.shares import Shares
from fdmag.terms import (
    ExchangeBias,
    InterfaceAnisotropy,
    InterlayerExchange,
    Slonczewski,
    SpinOrbitTorque,
    TunnelTorque,
    Zeeman,
)

NM, MS = 1e-9, 8e5


def simulate(mesh, terms, geometry, device="numpy", **options):
    return Simulation(mesh, terms, Ms=MS, geometry=geometry, smooth_edges=4, device=device, **options)


def area_of(shape, size=24):
    """Area in the plane [m²] by the same points that smooth edges ask in cells of 1 nm."""
    fine = Mesh((4 * size, 4 * size, 1), (NM / 4, NM / 4, NM))
    return shape.fill(fine).sum() * fine.cell_size[0] * fine.cell_size[1]


TERMS = {
    "interface_anisotropy": lambda: InterfaceAnisotropy(Ks=1e-3),
    "exchange_bias": lambda: ExchangeBias(J=1e-3, direction=(0, 0, 1)),
}


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("height", [2.0, 2.5, 0.75])
def test_a_film_has_its_energy_per_area_wherever_its_surface_cuts_the_cells(name, height):
    """A disc of 1 mJ/m², cut by its edge in the plane and by its upper surface along its normal."""
    mesh = Mesh((24, 24, 4), (NM, NM, NM))
    disc = Cylinder(17.3 * NM, height * NM, center=(0, 0, (height / 2 - 2) * NM))
    energy = simulate(mesh, [TERMS[name]()], disc).energies()[name][0]
    assert energy == pytest.approx(-1e-3 * area_of(Cylinder(17.3 * NM)), rel=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_along_any_normal_and_in_stacks_of_two_films(axis):
    """Two films of 2.5 and 1.25 cells with a gap between them."""
    order = np.roll([0, 1, 2], axis + 1)  # the normal is where 2 goes
    cells, normal = np.array([6, 5, 7])[np.argsort(order)], np.eye(3)[axis]
    cells[axis] = 7
    mesh = Mesh(cells, (NM,) * 3, origin=(0, 0, 0))

    def film(low, high):
        size, center = [None] * 3, [0.0] * 3
        size[axis], center[axis] = (high - low) * NM, (low + high) / 2 * NM
        return Box(size, center)

    term = InterfaceAnisotropy(Ks=1e-3, normal=normal)
    simulation = simulate(mesh, [term], film(0, 2.5) | film(4, 5.25), m=normal)
    area = mesh.n_cells / 7 * NM**2
    assert simulation.energy()[0] == pytest.approx(-2e-3 * area, rel=1e-12)
    B = np.moveaxis(simulation.effective_field()[0, axis], 2 - axis, 0)[:, 0, 0]
    expected = 2e-3 / MS / (NM * np.array([2.5, 2.5, 2.5, np.inf, 1.25, 1.25, np.inf]))
    np.testing.assert_allclose(B, expected, rtol=1e-12, atol=1e-12)


def test_torques_act_on_the_thickness_that_is_there():
    mesh = Mesh((4, 4, 4), (NM, NM, NM), origin=(0, 0, 0))
    terms = [Slonczewski(J=1e11, P=0.5, p=(1, 0, 0)), SpinOrbitTorque(J=1e11, xi_DL=0.25, direction=(0, -1, 0))]
    simulation = simulate(mesh, terms, Box((None, None, 2.5 * NM), center=(0, 0, 1.25 * NM)))
    expected = HBAR * 0.5 * 1e11 / (2 * ELEMENTARY_CHARGE * MS * 2.5 * NM)
    for name, share in (("slonczewski", 1), ("spin_orbit_torque", 0.5)):
        size = np.linalg.norm(simulation.effective_field(name)[0, :, :3], axis=0)
        np.testing.assert_allclose(size, share * expected, rtol=1e-12)


def test_the_thickness_that_spin_orbit_torque_acts_on_is_that_along_its_normal():
    """A heavy metal at the side of a magnet 3 cells wide along x, above which lies another layer."""
    mesh = Mesh((3, 4, 2), (NM, 2 * NM, 4 * NM))
    torque = SpinOrbitTorque(J=1e11, xi_DL=0.25, normal=(-1, 0, 0), direction=(0, 1, 0))
    B = Simulation(mesh, [torque], Ms=MS, m=(1, 0, 0), device="numpy").effective_field()[0]
    expected = HBAR * 0.25 * 1e11 / (2 * ELEMENTARY_CHARGE * MS * 3 * NM)
    np.testing.assert_allclose(np.linalg.norm(B, axis=0), expected, rtol=1e-12)
    with pytest.raises(ParameterError, match=r"normal: .*give spin_orbit_torque\.thickness"):
        Simulation(mesh, [SpinOrbitTorque(J=1e11, xi_DL=0.25, normal=(1, 0, 1))], Ms=MS, device="numpy")


@pytest.mark.parametrize("device", ["numpy", "host"])
@pytest.mark.parametrize("gap", [1.0, 1.5])
def test_layers_of_unequal_outline_couple_where_they_overlap(device, gap):
    """Layers of unequal outline are coupled over the area where they overlap.

    Two discs, beside each other in part, and an upper one whose lower face may cut its cells in half.
    """
    mesh = Mesh((24, 24, 4), (NM, NM, NM), origin=(-12 * NM, -12 * NM, 0))
    lower, upper = Cylinder(17.3 * NM), Cylinder(11.7 * NM, center=(5.2 * NM, 1.1 * NM, 0))
    layers = (lower & Box((None, None, NM), center=(0, 0, 0.5 * NM))) | (
        upper & Box((None, None, (3 - gap) * NM), center=(0, 0, (5 + gap) / 2 * NM))
    )
    term = InterlayerExchange(J1=1e-3, J2=-2e-4)
    m = np.zeros((3, *mesh.shape))
    m[2, :2], m[0, 2:], m[2, 2:] = 1, 0.6, 0.8
    simulation = simulate(mesh, [term], layers, device, m=m)
    per_area = -1e-3 * 0.8 + 2e-4 * 0.64
    assert simulation.energy()[0] == pytest.approx(per_area * area_of(lower & upper), rel=1e-12)
    B = simulation.effective_field()[0]
    moment = (B * simulation.weights * MS * mesh.cell_volume).sum(axis=(2, 3))  # of each layer
    pull = (1e-3 - 2 * 2e-4 * 0.8) * area_of(lower & upper)
    np.testing.assert_allclose(moment[:, 0], pull * np.array([0.6, 0, 0.8]), rtol=1e-12, atol=1e-40)
    depth = 1.0 if gap == 1.0 else 0.5  # of the upper disc's lowest cells
    np.testing.assert_allclose(B[:, 2, 12, 16], [0, 0, (1e-3 - 3.2e-4) / (MS * depth * NM)], rtol=1e-12)


def test_an_array_of_shares_couples_over_the_smaller_one():
    mesh = Mesh((3, 1, 3), (NM, NM, NM))
    shares = np.array([[1, 0.5, 0.25], [0, 0, 0], [1, 1, 0.75]]).reshape(3, 1, 3)
    simulation = Simulation(mesh, [InterlayerExchange(J1=1e-3)], Ms=MS, geometry=shares, device="numpy")
    density = simulation.energy_density("interlayer_exchange")[0, :, 0] * NM / 1e-3
    np.testing.assert_allclose(density, -np.array([[1, 0.5, 0.25], [0, 0, 0], [1, 0.5, 0.25]]) / 2)


def test_averages_weigh_cells_by_what_they_hold():
    """A ball with m along x in its upper half and along z in the lower one, against a mesh of its sample points."""
    coarse, fine = (Mesh((12 * n, 12 * n, 12 * n), (NM / n,) * 3) for n in (1, 4))
    means = []
    for mesh, smooth in ((coarse, 4), (fine, 1)):
        m = np.zeros((3, *mesh.shape))
        m[0], m[2] = np.broadcast_to(mesh.z > NM, mesh.shape), np.broadcast_to(mesh.z < NM, mesh.shape)
        simulation = Simulation(
            mesh, [Zeeman(B=(0, 0, 0.1))], Ms=MS, m=m, geometry=Sphere(9.3 * NM), smooth_edges=smooth, device="numpy",
            regions={"east": Box((None, None, None), center=(0, 0, 0)) & Box((6 * NM, None, None), (3 * NM, 0, 0))},
        )  # fmt: skip
        means.append([simulation.average_m()[0], evaluate(simulation, "m")[0], evaluate(simulation, "m.east")[0]])
        assert evaluate(simulation, "B.zeeman")[0] == pytest.approx([0, 0, 0.1])
    np.testing.assert_allclose(means[0], means[1], rtol=1e-12, atol=1e-15)


def test_a_wall_in_a_track_with_a_sloping_edge():
    """The profile is the mean over the magnet: here of a wall that is straight, whatever the cells at the edge hold."""
    mesh = Mesh((40, 8, 1), (NM, NM, NM))
    track = Box((None, 5.5 * NM, None)).rotate(0.03)
    m = np.stack(np.broadcast_arrays(np.tanh((mesh.x - 2.3 * NM) / (4 * NM)), 0.0, 0.0, np.zeros(mesh.shape))[:3])
    m[1] = np.sqrt(1 - m[0] ** 2)
    simulation = simulate(mesh, [], track, m=m)
    assert evaluate(simulation, "wall_position")[0] == pytest.approx(2.3 * NM, abs=1e-6 * NM)
    assert evaluate(simulation, "wall_width")[0] == pytest.approx(4 * NM, rel=1e-6)


@pytest.mark.parametrize("height", [1.0, 1.5])
def test_the_resistance_is_that_of_the_area(height):
    mesh = Mesh((24, 24, 2), (NM, NM, NM), origin=(-12 * NM, -12 * NM, 0))
    # A free layer whose lower face, towards the reference, may cut its cells.
    disc = Cylinder(17.3 * NM, height * NM, center=(0, 0, (2 - height / 2) * NM))
    term = TunnelTorque(voltage=0.1, RA_P=5e-12, TMR=1.0, P=0.5)
    simulation = simulate(mesh, [term], disc)
    expected = 5e-12 / area_of(Cylinder(17.3 * NM))
    assert evaluate(simulation, "resistance")[0] == pytest.approx(expected, rel=1e-12)
    resistance, _ = TunnelJunction(RA_P=5e-12, TMR=1.0).read(simulation, 0.1, (0, 0, 1))
    assert resistance[0] == pytest.approx(expected, rel=1e-12)


def test_without_partial_cells_nothing_is_weighed():
    mesh = Mesh((4, 4, 2), (NM, NM, NM))
    shares = Shares(Box((2 * NM, None, None)), mesh)
    assert not shares.partial
    assert shares.area(2) is shares.volume
    active = np.broadcast_to(shares.volume > 0, (1, 1, *mesh.shape))
    np.testing.assert_array_equal(shares.heights(active, 2)[active], 2)
    np.testing.assert_array_equal(shares.heights(active, 2)[~active], 1)
