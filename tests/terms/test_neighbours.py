"""Holes, cuts, periodic borders, frozen cells and partly filled ones, for every term of the registry.

These tests look at the reference; `tests/test_kernels.py` compares the kernels with it.
"""

from functools import partial

import numpy as np
import pytest

from fdmag import simulation
from fdmag.mesh import Mesh
from fdmag.parameter import declarations
from fdmag.terms import registry
from tests.samples import ENDLESS, PLACED, SCALE, draw, fitted

TERMS = sorted(name for name, term in registry().items() if not term.stochastic)
FAR = ("demag", "oersted", "interlayer_exchange")
"""Terms that act across empty cells."""
FOUND = {"thickness": 0.0}
"""Parameters that the mesh tells when they are 0."""
MESH = Mesh((6, 5, 4), (2e-9, 3e-9, 5e-9))
Simulation = partial(simulation.Simulation, device="numpy")


@pytest.fixture(autouse=True)
def _every_device():
    """Do not run every test on each device."""


def sample(name, rng, mesh=MESH, *, found=False):
    """Values of all parameters, different in every cell; ``found``: lengths from the mesh."""
    values = {}
    for key, declared in declarations(registry()[name]).items():
        shape = (3,) if declared.components == 3 else ()
        if key == "normal" and found:
            values[key] = (0.0, 0.0, 1.0)
        elif found and key in FOUND:
            values[key] = FOUND[key]
        else:
            values[key] = SCALE.get(declared.unit, 1.0) * draw(declared, rng, shape + mesh.shape)
    return fitted(values)


def holed(rng, mesh=MESH):
    return np.where(rng.uniform(size=mesh.shape) < 0.25, 0, rng.uniform(5e5, 1e6, mesh.shape))


def random_m(rng, mesh=MESH):
    m = rng.normal(size=(3, *mesh.shape))
    return m / np.linalg.norm(m, axis=0)


def in_cells(values, change):
    """Change what is given for every cell."""
    return {key: change(value) if np.ndim(value) > 1 else value for key, value in values.items()}


def close(found, expected):
    assert expected.any()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("found", [False, True], ids=["given", "found"])
@pytest.mark.parametrize("name", [name for name in TERMS if name not in (*PLACED, *ENDLESS)])
def test_a_periodic_magnet_with_holes_may_be_shifted_along_every_axis(name, found):
    """Shifted with all its parameters by whole cells, it has the shifted field.

    Currents along endless axes are uniform: one that fills all space has no field.
    """
    rng = np.random.default_rng(1)
    mesh = Mesh(MESH.cells, MESH.cell_size, "xyz")
    values = sample(name, rng, mesh, found=found)
    Ms, m, term = holed(rng, mesh), random_m(rng, mesh), registry()[name]
    here = Simulation(mesh, [term(**values)], Ms=Ms, m=m).effective_field()
    for shift in ((2, 0, 0), (0, 3, 0), (0, 0, 1), (3, 1, 4)):
        move = partial(np.roll, shift=shift, axis=(-3, -2, -1))
        there = Simulation(mesh, [term(**in_cells(values, move))], Ms=move(Ms), m=move(m)).effective_field()
        close(there, move(here))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("name", [name for name in TERMS if name not in FAR])
def test_an_empty_layer_cuts_a_magnet_in_two(name, axis):
    """Both parts have the field of magnets of their own, whose meshes end there."""
    rng = np.random.default_rng(2)
    values, Ms, m, term = sample(name, rng), holed(rng), random_m(rng), registry()[name]
    place, cut = -1 - axis, 2
    Ms[tuple(slice(None) if each != 3 + place else cut for each in range(3))] = 0
    whole = Simulation(MESH, [term(**values)], Ms=Ms, m=m).effective_field()
    for part in (range(cut), range(cut + 1, MESH.cells[axis])):
        take = partial(np.take, indices=part, axis=place)
        cells, origin = list(MESH.cells), list(MESH.origin)
        cells[axis], origin[axis] = len(part), origin[axis] + part.start * MESH.cell_size[axis]
        mesh = Mesh(cells, MESH.cell_size, origin=origin)
        alone = Simulation(mesh, [term(**in_cells(values, take))], Ms=take(Ms), m=take(m)).effective_field()
        close(take(whole), alone)


@pytest.mark.parametrize("found", [False, True], ids=["given", "found"])
@pytest.mark.parametrize("name", TERMS)
def test_what_is_given_where_there_is_no_magnet_does_not_matter(name, found):
    """But for currents, which need no magnet to flow through."""
    rng = np.random.default_rng(3)
    values, Ms, m, term = sample(name, rng, found=found), holed(rng), random_m(rng), registry()[name]
    drawn = sample(name, rng, found=found)
    changed = {
        key: value if name == "oersted" or np.ndim(value) < 3 else np.where(Ms > 0, value, drawn[key])
        for key, value in values.items()
    }
    here, there = (
        Simulation(MESH, [term(**each)], Ms=Ms, m=np.where(Ms > 0, m, sign * m)).effective_field()
        for each, sign in ((values, 1), (fitted(changed), -1))
    )
    close(there, here)


@pytest.mark.parametrize("found", [False, True], ids=["given", "found"])
@pytest.mark.parametrize("name", TERMS)
def test_half_filled_cells_have_the_field_of_full_ones(name, found):
    """With the same share in every cell; of demag, whose sources are half as many, half."""
    rng = np.random.default_rng(4)
    values, Ms, m, term = sample(name, rng, found=found), holed(rng), random_m(rng), registry()[name]
    full = Simulation(MESH, [term(**values)], Ms=Ms, m=m)
    half = Simulation(MESH, [term(**values)], Ms=Ms, m=m, geometry=np.full(MESH.shape, 0.5))
    share = 0.5 if name == "demag" else 1
    close(half.effective_field(), share * full.effective_field())
    for key, energy in full.energies().items():
        assert half.energies()[key] == pytest.approx(share * 0.5 * energy, rel=1e-11)


@pytest.mark.parametrize("name", TERMS)
def test_frozen_cells_do_not_move_and_the_others_do_not_notice(name):
    rng = np.random.default_rng(5)
    values, Ms, m, term = sample(name, rng), holed(rng), random_m(rng), registry()[name]
    frozen = rng.integers(0, 2, MESH.shape)
    free, held = (Simulation(MESH, [term(**values)], Ms=Ms, m=m, frozen=each, alpha=0.1) for each in (0, frozen))
    np.testing.assert_array_equal(held.effective_field(name), free.effective_field(name))
    assert free.dm_dt()[0][:, (frozen > 0) & (Ms > 0)].any()
    np.testing.assert_array_equal(held.dm_dt(), np.where(frozen > 0, 0, free.dm_dt()))


def test_the_terms_that_know_neighbours_are_among_those_tested():
    """A change of m in one cell changes the field of these terms elsewhere."""
    rng, knows = np.random.default_rng(6), set()
    m, cell = random_m(rng), (2, 2, 3)
    moved = m.copy()
    moved[(slice(None), *cell)] *= -1
    for name in TERMS:
        term = registry()[name](**sample(name, rng))
        change = np.subtract(*(Simulation(MESH, [term], Ms=8e5, m=each).effective_field() for each in (m, moved)))
        change[(0, slice(None), *cell)] = 0
        knows |= {name} if change.any() else set()
    assert {"exchange", "interfacial_dmi", "bulk_dmi", "d2d_dmi", "zhang_li", "demag"} <= knows
