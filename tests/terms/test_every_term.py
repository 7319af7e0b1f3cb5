"""What must hold for every term: these tests run over the registry, so a new term is tested without being named."""

import numpy as np
import pytest

from fdmag.mesh import Mesh
from fdmag.parameter import declarations
from fdmag.simulation import Simulation
from fdmag.terms import registry
from tests.samples import ENDLESS, PLACED, SCALE, draw, fitted

TERMS = sorted(registry())
WITH_ENERGY = [name for name in TERMS if registry()[name].has_energy()]
MESH = Mesh((5, 4, 3), (2e-9, 3e-9, 5e-9))
DTYPES = ["float64", "float32"]
# Central difference of eight points, exact for polynomials up to degree 8, so that its step may be large.
STENCIL = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}


def rounding(dtype):
    """Relative error allowed of a few dozen operations in a row."""
    return 64 * np.finfo(dtype).eps


def sample(name, rng, mesh=MESH, per_cell=False):
    """A term with every parameter at a random value, of the usual size, uniform or different in every cell."""
    values = {}
    for key, declared in declarations(registry()[name]).items():
        shape = (declared.components,) if declared.components > 1 else ()
        if per_cell:
            shape += mesh.shape
        values[key] = SCALE[declared.unit] * draw(declared, rng, shape)
    return registry()[name](**fitted(values))


def random_m(rng, mesh=MESH, batch=1):
    m = rng.normal(size=(batch, 3, *mesh.shape))
    return m / np.linalg.norm(m, axis=1, keepdims=True)


@pytest.mark.parametrize("name", WITH_ENERGY)
@pytest.mark.parametrize("per_cell", [False, True], ids=["uniform", "per cell"])
@pytest.mark.parametrize("periodic", ["", "xyz"], ids=["open", "periodic"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_field_is_minus_the_gradient_of_the_energy(name, per_cell, periodic, dtype):
    """B = −(1 / Ms V) ∂E/∂m, by central differences of the energy in random cells and directions.

    An energy is a sum over all cells, of which each may round by some eps; the difference is divided by h. Ms varies,
    too; in single precision only where the parameters do, so that fewer kernels are compiled.
    """
    if name in ENDLESS and per_cell and periodic:
        pytest.skip("its parameters must not vary along a periodic axis")
    rng = np.random.default_rng(1)
    mesh = Mesh(MESH.cells, MESH.cell_size, periodic)
    uniform = dtype == "float32" and not per_cell
    Ms = np.full(mesh.shape, 8e5) if uniform else rng.uniform(5e5, 1e6, mesh.shape)
    term = sample(name, rng, mesh, per_cell)
    magnet = Simulation(mesh, [term], Ms=8e5 if uniform else Ms, dtype=dtype)._magnet
    m = random_m(rng, mesh).astype(dtype)
    field, _ = magnet.total_energy(m, np.zeros(1), None)
    h = 0.25
    for _ in range(4):
        cell = tuple(rng.integers(n) for n in mesh.shape)
        direction = rng.normal(size=3).astype(dtype)
        slope = 0.0
        for steps, weight in STENCIL.items():
            for sign in (1, -1):
                moved = m.astype(np.float64)
                moved[(0, slice(None), *cell)] += sign * steps * h * direction
                slope += sign * weight * magnet.total_energy(moved.astype(dtype), np.zeros(1), None)[1][0] / h
        expected = -slope / (Ms[cell] * mesh.cell_volume)
        scale = float(np.abs(field).max() * np.linalg.norm(direction))
        allowed = 2 / h * mesh.n_cells * float(np.finfo(dtype).eps) * scale
        assert field[(0, slice(None), *cell)] @ direction == pytest.approx(expected, abs=allowed)


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("dtype", DTYPES)
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
@pytest.mark.parametrize("dtype", DTYPES)
def test_parameters_may_differ_between_replicas(name, dtype):
    """Each replica of a batch with its own value of every parameter equals the replica alone with that value."""
    rng = np.random.default_rng(3)
    terms = [sample(name, rng) for _ in range(3)]
    m = random_m(rng, batch=3)
    stacked = {}
    for key, declared in declarations(registry()[name]).items():
        values = np.array([getattr(term, key) for term in terms])
        stacked[key] = values.reshape(3, declared.components, 1, 1, 1)
    together = Simulation(MESH, [registry()[name](**stacked)], Ms=8e5, m=m, dtype=dtype)
    for replica, term in enumerate(terms):
        alone = Simulation(MESH, [term], Ms=8e5, m=m[replica], dtype=dtype)
        np.testing.assert_array_equal(together.effective_field()[replica], alone.effective_field()[0])


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_empty_cells_feel_and_hold_nothing(name, dtype):
    rng = np.random.default_rng(4)
    Ms = np.where(rng.uniform(size=MESH.shape) < 0.5, 8e5, 0.0)
    term = sample(name, rng, per_cell=dtype == "float32")
    simulation = Simulation(MESH, [term], Ms=Ms, m=random_m(rng), dtype=dtype)
    assert not simulation.effective_field()[0][:, Ms == 0].any()
    assert simulation.effective_field()[0][:, Ms > 0].any() != registry()[name].stochastic
    assert not simulation.m[0][:, Ms == 0].any()


@pytest.mark.parametrize("name", WITH_ENERGY)
@pytest.mark.parametrize("dtype", DTYPES)
def test_energy_is_the_integral_of_its_density(name, dtype):
    rng = np.random.default_rng(5)
    simulation = Simulation(MESH, [sample(name, rng)], Ms=8e5, m=random_m(rng), dtype=dtype)
    density = simulation.energy_density(name).astype(np.float64)
    allowed = rounding(dtype) * np.abs(density).sum() * MESH.cell_volume
    assert simulation.energies()[name][0] == pytest.approx(density.sum() * MESH.cell_volume, abs=allowed)


@pytest.mark.parametrize("name", [name for name in TERMS if name not in PLACED])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_periodic_system_may_be_shifted(name, dtype):
    rng = np.random.default_rng(7)
    mesh = Mesh(MESH.cells, MESH.cell_size, "xy")
    term, m = sample(name, rng, mesh), random_m(rng, mesh)
    here = Simulation(mesh, [term], Ms=8e5, m=m, dtype=dtype).effective_field()
    there = Simulation(mesh, [term], Ms=8e5, m=np.roll(m, (2, 1), axis=(-1, -2)), dtype=dtype).effective_field()
    allowed = rounding(dtype) * np.abs(here).max()
    np.testing.assert_allclose(there, np.roll(here, (2, 1), axis=(-1, -2)), rtol=0, atol=allowed)


@pytest.mark.parametrize("name", TERMS)
def test_single_precision_follows_double_precision(name):
    rng = np.random.default_rng(8)
    term, m = sample(name, rng), random_m(rng)
    double, single = (Simulation(MESH, [term], Ms=8e5, m=m, dtype=dtype) for dtype in DTYPES)
    field, allowed = double.effective_field(), rounding("float32") * np.abs(double.effective_field()).max()
    assert np.abs(single.effective_field() - field).max() <= allowed
    moment = 8e5 * MESH.n_cells * MESH.cell_volume
    for key, energy in double.energies().items():
        assert single.energies()[key] == pytest.approx(energy, abs=moment * allowed)


@pytest.mark.parametrize("name", TERMS)
def test_what_is_declared_is_documented(name):
    """The docstring names every parameter by its symbol or the formula that holds it, and a source for the physics."""
    term = registry()[name]
    assert term.__doc__
    for key, declared in declarations(term).items():
        assert declared.meaning
        assert key in term.__doc__ or declared.components == 3
    assert term.name == name
