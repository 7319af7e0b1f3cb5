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


@pytest.mark.parametrize(("thickness", "layer"), [(None, 4e-9), (10e-9, 10e-9)])
def test_interface_energy_is_a_field_that_falls_with_the_thickness(thickness, layer):
    """J = 0.2 mJ/m² on a film of Ms = 800 kA/m: J / (Ms t)."""
    term = ExchangeBias(direction=(1, 0, 0), B=0.01, J=2e-4, thickness=thickness)
    B = Simulation(MESH, [term], Ms=MS).effective_field()
    np.testing.assert_allclose(B[0, 0], 0.01 + 2e-4 / (MS * layer), rtol=1e-12)


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
    ("options", "message"), [({"thickness": 0.0}, "above 0 m"), ({"direction": (0, 0, 0)}, "zero length")]
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        Simulation(MESH, [ExchangeBias(**{"direction": (1, 0, 0), "J": 1e-4} | options)], Ms=MS)
