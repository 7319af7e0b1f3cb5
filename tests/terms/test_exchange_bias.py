"""Exchange bias: the shift of a loop, its two ways of being given, and regions."""

import numpy as np
import pytest

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import ExchangeBias, UniaxialAnisotropy, Zeeman

MESH, MS = Mesh((2, 1, 1), (5e-9, 5e-9, 4e-9)), 8e5


def test_energy_is_lowest_along_the_direction():
    energies = [
        Simulation(MESH, [ExchangeBias(direction=(0, 2, 0), B=0.05)], Ms=MS, m=m).energy()[0]
        for m in ((0, 1, 0), (1, 0, 0), (0, -1, 0))
    ]
    np.testing.assert_allclose(energies, np.array([-1, 0, 1]) * MS * 0.05 * 200e-27, atol=1e-33)


@pytest.mark.parametrize(("thickness", "layer"), [(0.0, 4e-9), (10e-9, 10e-9)])
def test_interface_energy_is_a_field_that_falls_with_the_thickness(thickness, layer):
    """J = 0.2 mJ/m² on a film of Ms = 800 kA/m: J / (Ms t)."""
    term = ExchangeBias(direction=(1, 0, 0), B=0.01, J=2e-4, thickness=thickness)
    B = Simulation(MESH, [term], Ms=MS).effective_field()
    np.testing.assert_allclose(B[0, 0], 0.01 + 2e-4 / (MS * layer), rtol=1e-12)


@pytest.mark.parametrize(("axis", "cells"), [(2, (1, 1, 1)), (2, (2, 1, 5)), (0, (4, 2, 2)), (1, (3, 3, 1))])
def test_the_energy_per_area_does_not_depend_on_thickness_and_cells(axis, cells):
    """A film then keeps its energy per area whatever its thickness and the number of its cells: −J for m along u."""
    mesh, normal = Mesh(cells, (2e-9, 3e-9, 4e-9)), np.eye(3)[axis]
    simulation = Simulation(mesh, [ExchangeBias(direction=(1, 0, 0), J=2e-4, normal=normal)], Ms=MS, m=(1, 0, 0))
    assert simulation.energy()[0] == pytest.approx(-2e-4 * np.prod(mesh.size) / mesh.size[axis], rel=1e-12)


def test_the_thickness_is_that_of_the_layer_in_which_j_is_given():
    """Layers of 1 and 2 cells that touch, and one of 3 behind a gap."""
    mesh = Mesh((1, 1, 7), (5e-9, 5e-9, 1e-9))
    place = np.arange(7).reshape(7, 1, 1)
    regions = {"seed": place < 1, "free": place >= 1}
    term = ExchangeBias(direction=(0, 0, 1), J={"seed": 0.0, "free": 1e-4})
    simulation = Simulation(mesh, [term], Ms=np.where(place == 3, 0, MS), regions=regions)
    B = simulation.effective_field()[0, 2, :, 0, 0]
    height = np.array([np.inf, 2, 2, np.inf, 3, 3, 3])
    np.testing.assert_allclose(B, 1e-4 / (MS * 1e-9 * height), rtol=1e-12, atol=1e-15)


def test_each_region_has_its_own():
    regions = {"pinned": np.array([[[True, False]]])}
    B = {"pinned": 0.1, "default": 0.0}
    field = Simulation(MESH, [ExchangeBias(direction=(0, 0, 1), B=B)], Ms=MS, regions=regions).effective_field()
    np.testing.assert_array_equal(field[0, 2, 0, 0], [0.1, 0])


def test_the_loop_is_shifted_against_the_direction():
    """Stoner–Wohlfarth along the easy axis: +x is stable down to −B_K − B_eb, and −x up to B_K − B_eb."""
    B_K, B_eb = 2 * 4e4 / MS, 0.03
    switching = [(-1.02, 1), (-0.98, 1), (0.98, -1), (1.02, -1)]
    fields = [(ratio * B_K - B_eb, 1e-6, 0) for ratio, _ in switching]
    m = np.array([(start, 1e-3, 0) for _, start in switching]).reshape(4, 3, 1, 1, 1)
    terms = [
        UniaxialAnisotropy(Ku1=4e4, axis=(1, 0, 0)),
        ExchangeBias(direction=(1, 0, 0), B=B_eb),
        Zeeman(B=PerReplica(fields)),
    ]
    simulation = Simulation(MESH, terms, Ms=MS, m=m)
    simulation.minimize(1e-8)
    np.testing.assert_array_equal(np.sign(simulation.average_m()[:, 0]), [-1, 1, -1, 1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thickness": -1e-9}, "at least 0 m"),
        ({"direction": (0, 0, 0)}, "zero length"),
        ({"normal": (1, 0, 1)}, r"normal: .* not along one of x, y, z.*give exchange_bias\.thickness"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        Simulation(MESH, [ExchangeBias(**{"direction": (1, 0, 0), "J": 1e-4} | options)], Ms=MS)
