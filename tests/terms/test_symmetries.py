"""Rotations, reflections and time reversal of the whole system, for every term of the registry.

What is transformed follows from the declarations: numbers are scalars or pseudoscalars, vectors polar or axial.
"""

import dataclasses

import numpy as np
import pytest

from fdmag.errors import ParameterError
from fdmag.mesh import AXES, Mesh
from fdmag.parameter import declarations, parameter
from fdmag.simulation import Simulation
from fdmag.terms import registry
from tests.samples import ENDLESS, SCALE, draw, fitted

TERMS = sorted(name for name, term in registry().items() if not term.stochastic)  # noise is symmetric on average
MESH = Mesh((5, 4, 3), (2e-9, 3e-9, 5e-9), periodic="y")

ABOUT_X = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
ABOUT_Y = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]])
ABOUT_Z = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
CATALOGUE = {
    "quarter turn about x": ABOUT_X,
    "quarter turn about y": ABOUT_Y,
    "quarter turn about z": ABOUT_Z,
    "half turn about x": ABOUT_X @ ABOUT_X,
    "half turn about z": ABOUT_Z @ ABOUT_Z,
    "third of a turn about (1, 1, 1)": np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]]),
    "mirror across x": np.diag([-1, 1, 1]),
    "mirror across y": np.diag([1, -1, 1]),
    "mirror across z": np.diag([1, 1, -1]),
    "mirror that exchanges x and y": np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]]),
    "quarter turn about z and mirror across z": ABOUT_Z @ np.diag([1, 1, -1]),
    "inversion": -np.eye(3, dtype=int),
}


def came_from(R):
    """Return, for each axis after R, the axis it was before."""
    return [int(np.flatnonzero(row)[0]) for row in R]


def moved_mesh(mesh, R):
    order = came_from(R)
    return Mesh(*(tuple(values[axis] for axis in order) for values in (mesh.cells, mesh.cell_size, mesh.periodic)))


def moved_cells(values, R):
    """Carry the cells of (..., nz, ny, nx) to where R puts them; the values themselves stay."""
    order, lead = came_from(R), values.ndim - 3
    moved = np.transpose(values, (*range(lead), *(values.ndim - 1 - order[axis] for axis in (2, 1, 0))))
    return np.flip(moved, [values.ndim - 1 - axis for axis in range(3) if R[axis].sum() < 0])


def moved(values, transforms, R):
    """Return a quantity (3,) or (), or one with trailing (nz, ny, nx), after R."""
    det = round(np.linalg.det(R))
    vector = transforms in ("polar", "axial")
    values = np.asarray(values, dtype=float)
    if values.ndim > 1:
        values = moved_cells(values, R)
    if vector:
        values = np.tensordot(R, values, (1, values.ndim - 4 if values.ndim > 1 else 0))
        if values.ndim == 5:
            values = np.swapaxes(values, 0, 1)
    return det * values if transforms in ("axial", "pseudoscalar") else values


def moved_term(term, R):
    changed = {
        key: moved(getattr(term, key), declared.transforms, R) for key, declared in declarations(type(term)).items()
    }
    for field in dataclasses.fields(term):
        if field.metadata.get("transforms") == "axis":  # the letter of an axis
            changed[field.name] = AXES[came_from(R).index(AXES.index(getattr(term, field.name)))]
    return dataclasses.replace(term, **changed)


def sample(name, rng, *, per_cell):
    """A term with every parameter at a random value of the usual size, uniform or different in every cell."""
    values = {}
    for key, declared in declarations(registry()[name]).items():
        shape = (3,) if declared.components == 3 else ()
        values[key] = SCALE.get(declared.unit, 1.0) * draw(declared, rng, shape + (MESH.shape if per_cell else ()))
    return registry()[name](**fitted(values))


def mesh_for(name, *, per_cell):
    """The mesh; one without periodic axes for a term whose parameters must not vary along these."""
    return Mesh(MESH.cells, MESH.cell_size) if per_cell and name in ENDLESS else MESH


def random_m(rng):
    m = rng.normal(size=(1, 3, *MESH.shape))
    return m / np.linalg.norm(m, axis=1, keepdims=True)


@pytest.mark.parametrize("R", CATALOGUE.values(), ids=CATALOGUE)
@pytest.mark.parametrize("per_cell", [False, True], ids=["uniform", "per cell"])
@pytest.mark.parametrize("name", TERMS)
def test_the_field_moves_with_the_whole_system(name, per_cell, R):
    """B of the moved system is the moved B: mesh, holes, m, and parameters as they are declared."""
    rng = np.random.default_rng(6)
    term, m = sample(name, rng, per_cell=per_cell), random_m(rng)
    Ms = np.where(rng.uniform(size=MESH.shape) < 0.2, 0, rng.uniform(5e5, 1e6, MESH.shape))
    mesh = mesh_for(name, per_cell=per_cell)
    here = Simulation(mesh, [term], Ms=Ms, m=m).effective_field()
    there = Simulation(
        moved_mesh(mesh, R), [moved_term(term, R)], Ms=moved(Ms, "scalar", R), m=moved(m, "axial", R)
    ).effective_field()
    assert here.any()
    np.testing.assert_allclose(there, moved(here, "axial", R), rtol=0, atol=1e-12 * np.abs(here).max())


@pytest.mark.parametrize("name", [name for name in TERMS if registry()[name].has_energy()])
def test_reversing_time_reverses_the_field_of_an_even_energy(name):
    """m → −m: B → (−1)^(p−1) B for an energy of degree p; an energy of several degrees is even."""
    rng = np.random.default_rng(7)
    term, m = sample(name, rng, per_cell=True), random_m(rng)
    Ms = np.where(rng.uniform(size=MESH.shape) < 0.2, 0, 8e5)
    mesh = mesh_for(name, per_cell=True)
    here, reversed_ = (Simulation(mesh, [term], Ms=Ms, m=sign * m).effective_field() for sign in (1, -1))
    even = (registry()[name].degree or 2) % 2 == 0
    np.testing.assert_array_equal(reversed_, -here if even else here)


@pytest.mark.parametrize("R", CATALOGUE.values(), ids=CATALOGUE)
def test_the_catalogue_itself(R):
    """Each R is a symmetry of the axes; a vector that points from one cell to another does so after R, too."""
    np.testing.assert_array_equal(R @ R.T, np.eye(3))
    position = np.stack(np.broadcast_arrays(MESH.x, MESH.y, MESH.z))
    after = moved_mesh(MESH, R)
    expected = np.stack(np.broadcast_arrays(after.x, after.y, after.z))
    np.testing.assert_allclose(moved(position, "polar", R), expected, atol=1e-22)
    a, b = np.random.default_rng(8).normal(size=(2, 3))
    np.testing.assert_allclose(np.cross(moved(a, "polar", R), moved(b, "polar", R)), moved(np.cross(a, b), "axial", R))


@pytest.mark.parametrize(("components", "transforms"), [(1, "axial"), (1, "polar"), (3, "pseudoscalar"), (3, "scalar")])
def test_a_declaration_that_cannot_transform_so_is_refused(components, transforms):
    with pytest.raises(ParameterError, match="transform as"):
        parameter("T", "field", components=components, transforms=transforms)
