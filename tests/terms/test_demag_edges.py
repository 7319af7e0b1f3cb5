"""Edges of the demagnetising field: sums of factors, bodies that fill half of their cells, a disc's closed form."""

import numpy as np
import pytest

from fdmag.analytic.cylinder import cylinder_demagnetising_factor
from fdmag.constants import MU_0
from fdmag.errors import ParameterError
from fdmag.kernels.compiler import find_compiler
from fdmag.mesh import Mesh
from fdmag.shapes import Box, Cylinder, Ellipse, Ellipsoid
from fdmag.shares import ReplicaShares, Shares
from fdmag.simulation import Simulation
from fdmag.terms import Demag
from tests.closeness import close

MS = 1e6
needs_compiler = pytest.mark.skipif(find_compiler()[0] is None, reason=f"no C++ compiler: {find_compiler()[1]}")


def body(mesh, shape, samples, *, edges=True, **options):
    return Simulation(mesh, [Demag(edges=edges)], Ms=MS, geometry=shape, smooth_edges=samples, **options)


def factors(simulation):
    """Demagnetising factors, from the energies of uniform states."""
    volume = simulation.weights[0].sum() * simulation.mesh.cell_volume
    found = []
    for axis in np.eye(3):
        simulation.m = axis
        found.append(simulation.energy()[0] / (MU_0 * MS**2 / 2 * volume))
    return np.array(found)


def test_the_factors_of_any_body_sum_to_one():
    """With `edges` of demag, the demagnetising factors of a body sum to 1.

    The field of a uniform body has the trace −µ0 Ms; spread over their cells, its edges have less.
    """
    mesh = Mesh((6, 7, 2), (3e-9, 3e-9, 2e-9))
    shape = Ellipse((14e-9, 17e-9)).rotate(0.4)
    np.testing.assert_allclose(factors(body(mesh, shape, 4)).sum(), 1, rtol=1e-11)
    assert factors(body(mesh, shape, 4, edges=False)).sum() < 0.95


@pytest.mark.parametrize(("cells", "samples"), [((3, 3, 1), 4), ((3, 2, 3), 2)])
def test_within_reach_it_is_the_field_of_a_mesh_of_subcells(cells, samples):
    """Any m that is uniform in each cell has the energy it has on cells so many times finer, to rounding."""
    rng = np.random.default_rng(3)
    edge = np.array([4e-9, 3e-9, 5e-9])
    deep = 1 if cells[2] == 1 else samples
    finer = np.array([samples, samples, deep])
    shape = Ellipse((10.5e-9, 6.5e-9)).rotate(0.5)
    if deep > 1:
        shape = Ellipsoid((11e-9, 7e-9, 13e-9)).rotate(0.5, "x").rotate(0.4)
    m = rng.normal(size=(3, *cells[::-1]))
    m /= np.linalg.norm(m, axis=0)
    coarse = body(Mesh(cells, edge), shape, samples, m=m, dtype="float64")
    blocks = m.repeat(deep, axis=1).repeat(samples, axis=2).repeat(samples, axis=3)
    mesh = Mesh(tuple(np.array(cells) * finer), edge / finer)
    fine = Simulation(mesh, [Demag()], Ms=MS, geometry=shape, m=blocks, dtype="float64")
    assert coarse.energy()[0] == close(fine.energy()[0], rel=1e-10)
    assert np.unique(coarse.weights).size > 3


@pytest.mark.parametrize(("cells", "filled"), [((9, 9, 1), (8, 8, 1)), ((5, 4, 4), (4, 3, 3))])
def test_a_box_that_fills_half_of_its_outer_cells(cells, filled):
    """The same box on cells that fit: between cells the tensor is exact, and what is left is from afar."""
    edge = np.array([2.5e-9, 2e-9, 1.5e-9])
    size = np.where(np.array(cells) > 1, edge * filled, edge)
    exact = factors(Simulation(Mesh(filled, size / filled), [Demag()], Ms=MS))
    box = Box(tuple(size))
    ours, plain = (factors(body(Mesh(cells, edge), box, 2, edges=each)) for each in (True, False))
    assert np.abs(ours - exact).max() < 2e-3
    assert np.abs(plain - exact).max() > 30 * np.abs(ours - exact).max()


@pytest.mark.parametrize("cells", [8, 16])
def test_a_disc_has_the_factor_of_a_cylinder(cells):
    """20 nm wide and 1.3 nm thick: without edges its N is 0.81 on 2.5 nm and a barrier of Ku − µ0 Ms² 6 % too high."""
    mesh = Mesh((cells, cells, 1), (20e-9 / cells, 20e-9 / cells, 1.3e-9))
    exact = float(cylinder_demagnetising_factor(20e-9, 1.3e-9))
    disc = Cylinder(diameter=20e-9)
    assert factors(body(mesh, disc, 8))[2] == pytest.approx(exact, abs=2e-3)
    assert abs(factors(body(mesh, disc, 8, edges=False))[2] - exact) > 0.015


def test_the_field_is_minus_the_gradient_of_the_energy():
    """With a different Ms in every cell: the tensor from one cell to another is that back, transposed."""
    rng = np.random.default_rng(0)
    mesh = Mesh((6, 5, 3), (2e-9, 3e-9, 2e-9), "x")
    Ms = rng.uniform(5e5, 1e6, mesh.shape)
    shape = Cylinder(diameter=9e-9, axis="x")
    magnet = Simulation(mesh, [Demag(edges=True)], Ms=Ms, geometry=shape, smooth_edges=3, dtype="float64")
    magnet.m = rng.normal(size=(3, *mesh.shape))
    filled = magnet.weights[0] * Ms
    field, m = magnet.effective_field()[0], magnet.m
    for _ in range(5):
        cell = tuple(rng.choice(np.argwhere(filled > 0)))
        turn = rng.normal(size=3)
        slope = 0.0
        for sign in (1, -1):
            moved = m.copy()
            moved[(0, slice(None), *cell)] += sign * turn
            slope += sign * magnet.magnet.total_energy(moved, np.zeros(1), None)[1][0] / 2
        expected = -slope / (filled[cell] * mesh.cell_volume)
        assert field[(slice(None), *cell)] @ turn == pytest.approx(expected, abs=1e-9)
    assert np.abs(field).max() > 0.01


def test_a_strip_goes_on_around_a_periodic_mesh():
    """Along x endless, and half a cell of its edges filled: as on cells that fit, where 4 in 100 were lost."""
    exact = factors(Simulation(Mesh((4, 6, 1), (2e-9, 2e-9, 2e-9), "x"), [Demag()], Ms=MS))
    strip = Box((None, 12e-9, None))
    ours = factors(body(Mesh((4, 7, 1), (2e-9, 2e-9, 2e-9), "x"), strip, 2))
    np.testing.assert_allclose(ours, exact, rtol=0, atol=2.5e-3)


BODIES = {
    "disc": ((10, 10, 1), "", Cylinder(diameter=19e-9)),
    "wide": ((90, 61, 1), "", Ellipse((175e-9, 118e-9)).rotate(0.3)),
    "layers": ((9, 11, 4), "", Ellipsoid((17e-9, 20e-9, 7e-9)).rotate(0.3, "x")),
    "tilted": (
        (13, 8, 1),
        "",
        Ellipsoid((24e-9, 15e-9, 1.9e-9)).rotate(0.1, "x"),
    ),  # its layer is not alike up and down
    "endless": ((3, 9, 5), "xz", Box((None, 11e-9, None))),  # a cell is its own neighbour around x
}


@needs_compiler
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("body", BODIES)
def test_compiled_it_is_what_numpy_has(body, dtype):
    cells, periodic, shape = BODIES[body]
    mesh = Mesh(cells, (2e-9, 2e-9, 2e-9), periodic)
    rng = np.random.default_rng(5)
    options = {
        "Ms": MS,
        "geometry": shape,
        "smooth_edges": 5,
        "m": rng.normal(size=(3, 3, *mesh.shape)),
        "dtype": dtype,
    }
    host, reference = (Simulation(mesh, [Demag(edges=True)], device=device, **options) for device in ("host", "numpy"))
    bounds = {"rtol": 0, "atol": 1e-13 if dtype == "float64" else 3e-6}  # T
    np.testing.assert_allclose(host.effective_field(), reference.effective_field(), **bounds)
    whole = Simulation(mesh, [Demag()], device="host", **options)
    assert np.abs(host.effective_field() - whole.effective_field()).max() > 0.1
    for simulation in (host, reference):  # steps write the field where Ms m was
        simulation.run(1e-13, dt=1e-14, solver="rk4")
    np.testing.assert_allclose(host.m, reference.m, rtol=0, atol=1e-12 if dtype == "float64" else 2e-6)


@pytest.mark.usefixtures("shared_out")
@needs_compiler
@pytest.mark.parametrize("threads", ["1", "3"])
def test_steps_of_unlike_geometries_are_each_as_if_alone(threads, monkeypatch):
    """Also once some of them have stopped, so that rows and numbers of replicas are not the same."""
    monkeypatch.setenv("FDMAG_THREADS", threads)
    mesh = Mesh((9, 8, 1), (2e-9, 2e-9, 2e-9))
    shares = [Shares(Cylinder(diameter=width), mesh, 4) for width in (11e-9, 15e-9, 16e-9, 13e-9)]
    m = np.random.default_rng(1).normal(size=(4, 3, *mesh.shape))
    options = {"Ms": MS, "device": "host", "dtype": "float64"}
    ends = np.array([3e-13, 9e-12, 5e-13, 9e-12])
    together = Simulation(mesh, [Demag(edges=True)], geometry=ReplicaShares(shares), m=m, **options)
    together.run(1e-12, until=lambda simulation: simulation.t > ends)
    assert np.isfinite(together.stop_times).tolist() == [True, False, True, False]
    for replica, each in enumerate(shares):
        alone = Simulation(mesh, [Demag(edges=True)], geometry=each, m=m[replica], **options)
        alone.run(1e-12, until=lambda simulation, end=ends[replica]: simulation.t > end)
        np.testing.assert_array_equal(together.m[replica], alone.m[0])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_batch_is_bit_for_bit_its_replicas(dtype):
    mesh, m = Mesh((6, 6, 1), (3e-9, 3e-9, 2e-9)), np.random.default_rng(2).normal(size=(5, 3, 1, 6, 6))
    together = body(mesh, Cylinder(diameter=15e-9), 4, m=m, dtype=dtype).effective_field()
    for replica in range(5):
        alone = body(mesh, Cylinder(diameter=15e-9), 4, m=m[replica], dtype=dtype).effective_field()
        np.testing.assert_array_equal(together[replica], alone[0])


def test_replicas_of_unlike_geometry_are_each_as_if_alone():
    mesh = Mesh((6, 6, 1), (3e-9, 3e-9, 2e-9))
    shares = [Shares(Cylinder(diameter=width), mesh, 4) for width in (11e-9, 15e-9)]
    m = np.random.default_rng(1).normal(size=(2, 3, *mesh.shape))
    both = Simulation(mesh, [Demag(edges=True)], Ms=MS, geometry=ReplicaShares(shares), m=m).effective_field()
    for replica, each in enumerate(shares):
        alone = Simulation(mesh, [Demag(edges=True)], Ms=MS, geometry=each, m=m[replica]).effective_field()
        np.testing.assert_array_equal(both[replica], alone[0])
        assert alone.any()


def test_cells_that_are_full_or_empty_have_no_edges():
    mesh, box = Mesh((4, 4, 1), (2e-9, 2e-9, 2e-9)), Box((4e-9, 4e-9, None))
    whole, edged = (body(mesh, box, 4, edges=each, m=(1, 2, 3)).effective_field() for each in (False, True))
    np.testing.assert_array_equal(edged, whole)


@pytest.mark.parametrize("options", [{}, {"geometry": Cylinder(diameter=7e-9)}, {"geometry": np.full((1, 4, 4), 0.5)}])
def test_edges_of_which_nothing_is_known_are_refused(options):
    with pytest.raises(ParameterError, match="needs a geometry that is a shape, with smooth_edges above 1"):
        Simulation(Mesh((4, 4, 1), (2e-9, 2e-9, 2e-9)), [Demag(edges=True)], Ms=MS, **options)
