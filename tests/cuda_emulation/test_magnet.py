"""The kernels of the GPU, emulated, against the NumPy reference: fields, slopes, energies, sums."""

import numpy as np
import pytest

from fdmag.backend import select_backend
from fdmag.cuda.magnet import CudaMagnet, magnet_for
from fdmag.errors import CompilerError, ParameterError
from fdmag.mesh import Mesh
from fdmag.modes.turning import turning_stiffness
from fdmag.parameter import PerReplica, declarations
from fdmag.regions import Regions
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, Material, Term, TunnelTorque, UniaxialAnisotropy, Zeeman, registry
from tests.samples import fitted
from tests.test_kernels import BATCH, COMPILED, KINDS, MESH, T, assert_close, random_m, regions, value_of

PRECISIONS = ["float64", "float32"]
pytestmark = pytest.mark.usefixtures("gpu")


def both(terms, mesh=MESH, dtype="float64", Ms=8e5, alpha=0.1):
    """The same magnet by the reference and on the GPU."""
    material = Material(Ms=Ms, alpha=alpha)
    return [
        magnet_for(mesh, regions(mesh), select_backend(device, dtype), material, terms) for device in ("numpy", "cuda")
    ]


def assert_all_close(numpy, cuda, m, dtype, t=T, replicas=None):
    """Field, slope, descent, energies and what the result table shows agree."""
    assert isinstance(cuda, CudaMagnet)
    assert_close(cuda.field(m, cuda.context(t, replicas)), numpy.field(m, numpy.context(t, replicas)), dtype)
    for name in numpy.terms:
        assert_close(*(each.field(m, each.context(t, replicas), [name]) for each in (cuda, numpy)), dtype)
    assert_close(cuda.slope(m, t, replicas), numpy.slope(m, t, replicas), dtype)
    assert_close(cuda.descent(m, t, replicas), numpy.descent(m, t, replicas), dtype)
    for part in (0, 1):
        assert_close(cuda.total_energy(m, t, replicas)[part], numpy.total_energy(m, t, replicas)[part], dtype)
    if replicas is None:
        expected = numpy.summary(m, t)
        for column, (unit, values) in cuda.summary(m, t).items():
            assert expected[column][0] == unit
            assert_close(values, expected[column][1], dtype)
    b = np.roll(m, 1, axis=1)
    np.testing.assert_allclose(cuda.inner(m, b, replicas), numpy.inner(m, b, replicas), rtol=1e-6, atol=1e-24)


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_all_kernels_are_their_references(kind, dtype):
    """All terms in one unit; every term is looked at alone and all of them together."""
    rng = np.random.default_rng(1)
    kinds = [registry()[name] for name in COMPILED]
    terms = [term(**fitted({key: value_of(d, kind, rng) for key, d in declarations(term).items()})) for term in kinds]
    m = random_m(rng, dtype=dtype)
    numpy, cuda = both(terms, dtype=dtype)
    assert_all_close(numpy, cuda, m, dtype)
    chosen = np.array([2, 0])
    assert_all_close(numpy, cuda, m[chosen], dtype, T[chosen], chosen)


def test_terms_that_need_sums_over_all_cells(gpu):
    """Two junctions in circuits, one with its reference in the mesh, beside others; in either order of threads."""
    rng = np.random.default_rng(6)
    mesh = Mesh((37, 9, 2), (3e-9, 3e-9, 3e-9))
    junction = {"RA_P": rng.uniform(4e-12, 6e-12, mesh.shape), "TMR": 1.5, "V_h": 0.4, "thickness": 3e-9}
    lower = np.arange(2)[:, None, None] == 0
    terms = [
        TunnelTorque(voltage=lambda t: 0.3 + 1e9 * t, R_series=2e3, P=np.where(lower, 0, 0.5) + 0 * junction["RA_P"],
                     reference="lower", **junction),
        Exchange(A=1e-11),
        TunnelTorque(current=PerReplica([1e-4, -3e-4, 0.0]), P=0.5, side=1, **junction),
    ]  # fmt: skip
    layers, m, found = (
        Regions(mesh, {"lower": np.broadcast_to(lower, mesh.shape)}),
        random_m(rng, mesh, 3, "float32"),
        [],
    )
    for gpu.backwards in (False, True):
        numpy, cuda = (
            magnet_for(mesh, layers, select_backend(device, "float32"), Material(Ms=8e5, alpha=0.1), terms)
            for device in ("numpy", "cuda")
        )
        assert_all_close(numpy, cuda, m, "float32")
        chosen = np.array([2, 0])
        assert_all_close(numpy, cuda, m[chosen], "float32", T[chosen], chosen)
        found.append(cuda.slope(m, T, None))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("cells", [(1, 1, 1), (2, 1, 1), (1, 5, 1), (1, 1, 4), (3, 2, 2), (130, 3, 1)])
@pytest.mark.parametrize("periodic", ["", "x", "yz", "xyz"])
def test_neighbours_on_meshes_of_any_shape(cells, periodic):
    rng = np.random.default_rng(3)
    mesh = Mesh(cells, (2e-9, 3e-9, 4e-9), periodic)
    numpy, cuda = both([Exchange(A=1e-11 * rng.uniform(0.5, 1.5, mesh.shape)), Exchange(A=1e-11)], mesh)
    assert_all_close(numpy, cuda, random_m(rng, mesh), "float64")


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("kind", ["per cell", "per replica", "per replica and cell"])
def test_material_constants_holes_and_demag(kind, dtype):
    rng = np.random.default_rng(2)
    declared = Material.parameters()
    Ms = value_of(declared["Ms"], kind, rng)
    if kind == "per replica":
        Ms = PerReplica([8e5, 0.0, 1e6])
    else:
        Ms[rng.uniform(size=Ms.shape) < 0.4] = 0
    terms = [Exchange(A=1e-11), UniaxialAnisotropy(Ku1=1e5), Zeeman(B=(0.1, 0.2, 0.3)), Demag()]
    numpy, cuda = both(terms, Mesh(MESH.cells, MESH.cell_size, "y"), dtype, Ms, value_of(declared["alpha"], kind, rng))
    m = random_m(rng, dtype=dtype)
    m *= np.broadcast_to(numpy.material.Ms.base > 0, (*numpy.material.Ms.base.shape[:2], *MESH.shape))
    assert_all_close(numpy, cuda, m, dtype)
    empty = np.broadcast_to(numpy.material.Ms.base == 0, (BATCH, 3, *MESH.shape))
    assert not cuda.slope(m, T, None)[empty].any()
    assert not cuda.field(m, cuda.context(T))[empty].any()


class Stirred(Term):
    """A user's term without a header."""

    name = "stirred"
    degree = 1

    def field(self, m, context):
        return 0.1 * np.roll(m, 1, axis=-1)


@pytest.mark.parametrize("terms", [[Stirred()], [Stirred(), Exchange(A=1e-11), Demag()], [Demag(), Demag()], []])
def test_terms_without_a_header_are_added_by_their_reference(terms):
    rng = np.random.default_rng(7)
    assert_all_close(*both(terms), random_m(rng), "float64")


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_sums_do_not_depend_on_the_order_of_threads(dtype, gpu):
    rng = np.random.default_rng(4)
    mesh = Mesh((37, 41, 1), (3e-9, 3e-9, 3e-9))
    m = random_m(rng, mesh, dtype=dtype)
    found = []
    for gpu.backwards in (False, True):
        _, cuda = both([Exchange(A=1e-11), Zeeman(B=(0.1, 0, 0)), Demag()], mesh, dtype)
        found.append(
            [cuda.slope(m, T, None), cuda.inner(m, m, None), *(each for _, each in cuda.summary(m, T).values())]
        )
    for have, want in zip(*found, strict=True):
        np.testing.assert_array_equal(have, want)


def test_sums_of_exact_numbers_are_exact():
    """Ms a·b of whole numbers over more cells than a block has threads."""
    mesh = Mesh((300, 3, 1), (1.0, 1.0, 1.0))
    _, cuda = both([Zeeman(B=(0, 0, 1))], mesh, Ms=2.0)
    a = np.zeros((1, 3, *mesh.shape))
    a[0, 1] = np.arange(900).reshape(mesh.shape)
    assert cuda.inner(a, np.ones_like(a), None)[0] == 900 * 899


def test_a_changed_parameter_reaches_the_kernel():
    simulation = Simulation(MESH, [Zeeman(B=(0, 0, 1))], Ms=8e5, device="cuda")
    assert simulation.effective_field()[0, 2].min() == 1
    simulation.set("zeeman.B", (0, 0, 2))
    assert simulation.effective_field()[0, 2].min() == 2
    simulation.set("zeeman.B", np.full((3, *MESH.shape), 3.0))
    assert simulation.effective_field()[0, 2].min() == 3


def test_rows_that_fit_no_replica_are_refused():
    _, cuda = both([Zeeman(B=PerReplica([(0, 0, 1), (0, 0, 2)]))])
    with pytest.raises(ParameterError, match="one row per replica"):
        cuda.slope(random_m(np.random.default_rng(0)), T, None)


class Wrong(Term):
    """A term whose header is no C++."""

    name = "wrong"
    kernel = "set by the test"

    def field(self, m, context):
        return m


def test_a_header_that_does_not_compile_is_named(tmp_path, monkeypatch):
    header = tmp_path / "wrong.h"
    header.write_text("struct Wrong : Parameters { not C++ };", encoding="utf-8")
    monkeypatch.setattr(Wrong, "kernel", str(header))
    _, cuda = both([Wrong()])
    with pytest.raises(CompilerError, match=r"wrong\.h:1"):
        cuda.slope(random_m(np.random.default_rng(8)), T, None)


def test_a_state_that_is_not_stable_is_found():
    """E = -Ku V cos²: a spin along its axis stays, one across it falls with the stiffness -2 Ku/Ms."""
    states = np.array([(0, 0, 1), (1, 0, 0)], float)[:, :, None, None, None]
    spins = Simulation(
        Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9)),
        [UniaxialAnisotropy(Ku1=4e4)],
        Ms=8e5,
        m=states,
        device="cuda",
        dtype="float32",
    )
    np.testing.assert_allclose(turning_stiffness(spins)[0], [0, -0.1], rtol=0, atol=1e-4)
