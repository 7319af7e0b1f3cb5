"""What must hold for every term: these tests run over the registry, so a new term is tested without being named."""

import dataclasses

import numpy as np
import pytest

from fdmag.mesh import Mesh
from fdmag.parameter import declarations
from fdmag.simulation import Simulation
from fdmag.terms import registry

SCALE = {"J/m": 1e-11, "J/m^3": 1e5, "J/m^2": 1e-3, "T": 0.1, "1": 1.0, "A/m": 1e6, "A/m^2": 1e11}
TERMS = sorted(registry())
WITH_ENERGY = [name for name in TERMS if registry()[name].has_energy()]
MESH = Mesh((5, 4, 3), (2e-9, 3e-9, 5e-9))


def sample(name, rng, mesh=MESH, per_cell=False):
    """A term with every parameter at a random value, of the usual size, uniform or different in every cell."""
    values = {}
    for key, declared in declarations(registry()[name]).items():
        shape = (declared.components,) if declared.components > 1 else ()
        if per_cell:
            shape += mesh.shape
        values[key] = SCALE[declared.unit] * (
            rng.uniform(0.5, 1.5, shape) if declared.components == 1 else rng.normal(size=shape)
        )
    return registry()[name](**values)


def random_m(rng, mesh=MESH, batch=1):
    m = rng.normal(size=(batch, 3, *mesh.shape))
    return m / np.linalg.norm(m, axis=1, keepdims=True)


@pytest.mark.parametrize("name", WITH_ENERGY)
@pytest.mark.parametrize("per_cell", [False, True], ids=["uniform", "per cell"])
@pytest.mark.parametrize("periodic", ["", "xyz"], ids=["open", "periodic"])
def test_field_is_minus_the_gradient_of_the_energy(name, per_cell, periodic):
    """B = −(1 / Ms V) ∂E/∂m, by central differences of the energy in random cells and directions."""
    rng = np.random.default_rng(1)
    mesh = Mesh(MESH.cells, MESH.cell_size, periodic)
    Ms = rng.uniform(5e5, 1e6, mesh.shape)
    magnet = Simulation(mesh, [sample(name, rng, mesh, per_cell)], Ms=Ms)._magnet
    m = random_m(rng, mesh)
    field, _ = magnet.total_energy(m, np.zeros(1), None)
    h = 1e-3
    for _ in range(8):
        cell = tuple(rng.integers(n) for n in mesh.shape)
        direction = rng.normal(size=3)
        moved = [m.copy(), m.copy()]
        moved[0][(0, slice(None), *cell)] += h * direction
        moved[1][(0, slice(None), *cell)] -= h * direction
        up, down = (magnet.total_energy(each, np.zeros(1), None)[1][0] for each in moved)
        expected = -(up - down) / (2 * h) / (Ms[cell] * mesh.cell_volume)
        scale = np.abs(field).max() * np.linalg.norm(direction)
        assert field[(0, slice(None), *cell)] @ direction == pytest.approx(expected, abs=2e-6 * scale)


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_batch_equals_separate_replicas_bit_for_bit(name, dtype):
    rng = np.random.default_rng(2)
    m = random_m(rng, batch=5)
    term = sample(name, rng)
    together = Simulation(MESH, [term], Ms=8e5, m=m, dtype=dtype)
    for replica in range(5):
        alone = Simulation(MESH, [term], Ms=8e5, m=m[replica], dtype=dtype)
        np.testing.assert_array_equal(together.effective_field()[replica], alone.effective_field()[0])
        for key, values in together.energies().items():
            assert values[replica] == alone.energies()[key][0]


@pytest.mark.parametrize("name", TERMS)
def test_parameters_may_differ_between_replicas(name):
    """Each replica of a batch with its own value of every parameter equals the replica alone with that value."""
    rng = np.random.default_rng(3)
    terms = [sample(name, rng) for _ in range(3)]
    m = random_m(rng, batch=3)
    stacked = {}
    for key, declared in declarations(registry()[name]).items():
        values = np.array([getattr(term, key) for term in terms])
        stacked[key] = values.reshape(3, declared.components, 1, 1, 1)
    together = Simulation(MESH, [registry()[name](**stacked)], Ms=8e5, m=m)
    for replica, term in enumerate(terms):
        alone = Simulation(MESH, [term], Ms=8e5, m=m[replica])
        np.testing.assert_array_equal(together.effective_field()[replica], alone.effective_field()[0])


@pytest.mark.parametrize("name", TERMS)
def test_empty_cells_feel_and_hold_nothing(name):
    rng = np.random.default_rng(4)
    Ms = np.where(rng.uniform(size=MESH.shape) < 0.5, 8e5, 0.0)
    simulation = Simulation(MESH, [sample(name, rng)], Ms=Ms, m=random_m(rng))
    assert not simulation.effective_field()[0][:, Ms == 0].any()
    assert simulation.effective_field()[0][:, Ms > 0].any()
    assert not simulation.m[0][:, Ms == 0].any()


@pytest.mark.parametrize("name", WITH_ENERGY)
def test_energy_is_the_integral_of_its_density(name):
    rng = np.random.default_rng(5)
    simulation = Simulation(MESH, [sample(name, rng)], Ms=8e5, m=random_m(rng))
    total = simulation.energy_density(name).sum() * MESH.cell_volume
    assert simulation.energies()[name][0] == pytest.approx(total, rel=1e-12)


def turned_mesh(mesh, turn):
    """The mesh with its axes permuted as the signed permutation matrix ``turn`` moves them."""
    order = [int(np.flatnonzero(row)[0]) for row in turn]
    return Mesh(
        tuple(mesh.cells[axis] for axis in order),
        tuple(mesh.cell_size[axis] for axis in order),
        tuple(mesh.periodic[axis] for axis in order),
    )


def turned_axial(vectors, turn):
    """A field of axial vectors (..., 3, nz, ny, nx) after the signed permutation ``turn`` of space."""
    order = [int(np.flatnonzero(row)[0]) for row in turn]
    axes = [-1 - axis for axis in order]  # array axis of x, y, z is -1, -2, -3
    lead = vectors.ndim - 3
    moved = np.transpose(vectors, (*range(lead), *(vectors.ndim + axes[k] for k in (2, 1, 0))))
    for k, row in enumerate(turn):
        if row.sum() < 0:
            moved = np.flip(moved, axis=-1 - k)
    sign = round(np.linalg.det(turn))
    return sign * np.einsum("ij,...jzyx->...izyx", turn, moved)


TURNS = {
    "cyclic rotation": np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]]),
    "quarter turn about z": np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]]),
    "half turn about x": np.diag([1, -1, -1]),
    "mirror across x": np.diag([-1, 1, 1]),
    "mirror across z": np.diag([1, 1, -1]),
    "inversion": -np.eye(3, dtype=int),
}


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
@pytest.mark.parametrize("name", TERMS)
def test_the_field_turns_with_the_whole_system(name, turn):
    """Rotating or reflecting mesh, m and vector parameters turns the field alike: magnetic quantities are axial."""
    rng = np.random.default_rng(6)
    mesh = Mesh(MESH.cells, MESH.cell_size, "y")
    term = sample(name, rng, mesh)
    m, Ms = random_m(rng, mesh), rng.uniform(5e5, 1e6, mesh.shape)
    turned_term = dataclasses.replace(term)
    for key, declared in declarations(term).items():
        if declared.components == 3:
            setattr(turned_term, key, round(np.linalg.det(turn)) * turn @ getattr(term, key))
    Ms_turned = turned_axial(np.stack([Ms] * 3), turn)
    before = Simulation(mesh, [term], Ms=Ms, m=m).effective_field()
    after = Simulation(
        turned_mesh(mesh, turn), [turned_term], Ms=np.abs(Ms_turned[0]), m=turned_axial(m, turn)
    ).effective_field()
    np.testing.assert_allclose(after, turned_axial(before, turn), rtol=1e-9, atol=1e-12 * np.abs(before).max())


@pytest.mark.parametrize("name", TERMS)
def test_a_periodic_system_may_be_shifted(name):
    rng = np.random.default_rng(7)
    mesh = Mesh(MESH.cells, MESH.cell_size, "xy")
    term, m = sample(name, rng, mesh), random_m(rng, mesh)
    here = Simulation(mesh, [term], Ms=8e5, m=m).effective_field()
    there = Simulation(mesh, [term], Ms=8e5, m=np.roll(m, (2, 1), axis=(-1, -2))).effective_field()
    np.testing.assert_allclose(there, np.roll(here, (2, 1), axis=(-1, -2)), atol=1e-12 * np.abs(here).max())


@pytest.mark.parametrize("name", TERMS)
def test_single_precision_follows_double_precision(name):
    rng = np.random.default_rng(8)
    term, m = sample(name, rng), random_m(rng)
    double = Simulation(MESH, [term], Ms=8e5, m=m).effective_field()
    single = Simulation(MESH, [term], Ms=8e5, m=m, dtype="float32").effective_field()
    assert np.abs(single - double).max() < 3e-6 * np.abs(double).max()


@pytest.mark.parametrize("name", TERMS)
def test_what_is_declared_is_documented(name):
    """The docstring names every parameter by its symbol or the formula that holds it, and a source for the physics."""
    term = registry()[name]
    assert term.__doc__
    for key, declared in declarations(term).items():
        assert declared.meaning
        assert key in term.__doc__ or declared.components == 3
    assert term.name == name
