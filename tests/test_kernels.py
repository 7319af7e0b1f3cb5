"""Compiled kernels against the NumPy reference: every kind of parameter, any company, any number of threads."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from fdmag.backend import select_backend
from fdmag.errors import CompilerError, ParameterError
from fdmag.host.magnet import HostMagnet, magnet_for
from fdmag.host.terms import has_kernel
from fdmag.kernels.compiler import find_compiler
from fdmag.magnet import Magnet
from fdmag.mesh import Mesh
from fdmag.parameter import Driven, PerReplica, declarations
from fdmag.regions import Regions
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, Material, Term, UniaxialAnisotropy, Zeeman, registry
from tests.samples import ENDLESS, SCALE, draw, fitted

needs_compiler = pytest.mark.skipif(find_compiler()[0] is None, reason=f"no C++ compiler: {find_compiler()[1]}")
pytestmark = needs_compiler

MESH = Mesh((11, 4, 3), (2e-9, 3e-9, 5e-9))
BATCH = 3
COMPILED = sorted(name for name, term in registry().items() if has_kernel(term))
KINDS = ["uniform", "per cell", "per layer", "per replica", "per replica and cell", "per region", "in time", "driven"]
EVEN = ("uniform", "per replica", "in time")
T = np.array([1e-10, 2e-10, 3e-10])


def value_of(declared, kind, rng):
    """A value of the usual size that varies in the given way, if it may."""
    if kind in ("in time", "driven") and not declared.time_dependent:
        kind = "per cell"

    def random(*shape):
        return SCALE[declared.unit] * draw(declared, rng, shape)

    c = declared.components
    lead = () if c == 1 else (c,)
    if kind == "per cell":
        return random(*lead, *MESH.shape)
    if kind == "per layer":
        return random(1, c, MESH.shape[0], 1, 1)
    if kind == "per replica":
        return PerReplica(list(random(BATCH, *lead)))
    if kind == "per replica and cell":
        return random(BATCH, c, *MESH.shape)
    if kind == "per region":
        return {"left": random(*lead), "right": random(*lead)}
    if kind == "in time":
        constant = random(c)
        return lambda t: constant[0] * (1 + 1e9 * t) if c == 1 else [each * (1 + 1e9 * t) for each in constant]
    if kind == "driven":
        return Driven(random(*lead, *MESH.shape), lambda t: 1 + 1e9 * t)
    return random(*lead)


def regions(mesh=MESH):
    if mesh.cells[0] == 1:
        return Regions(mesh, {})
    left = np.broadcast_to(np.arange(mesh.cells[0]) < mesh.cells[0] // 2, mesh.shape)
    return Regions(mesh, {"left": left, "right": ~left})


def both(terms, mesh=MESH, dtype="float64", Ms=8e5, alpha=0.1):
    """The same magnet by the reference and compiled."""
    material = Material(Ms=Ms, alpha=alpha)
    return [
        magnet_for(mesh, regions(mesh), select_backend(device, dtype), material, terms) for device in ("numpy", "host")
    ]


def random_m(rng, mesh=MESH, batch=BATCH, dtype="float64"):
    m = rng.normal(size=(batch, 3, *mesh.shape))
    return (m / np.linalg.norm(m, axis=1, keepdims=True)).astype(dtype)


def assert_close(host, reference, dtype):
    tolerance = 1e-12 if dtype == "float64" else 3e-6
    assert host.dtype == reference.dtype
    np.testing.assert_allclose(host, reference, rtol=0, atol=tolerance * np.abs(reference).max())


def assert_all_close(numpy, host, m, dtype, t=T, replicas=None):
    """Field, slope, descent, energies and what the result table shows agree."""
    assert isinstance(host, HostMagnet)
    assert not isinstance(numpy, HostMagnet)
    assert_close(host.field(m, host.context(t, replicas)), numpy.field(m, numpy.context(t, replicas)), dtype)
    for name in numpy.terms:
        fields = [each.field(m, each.context(t, replicas), [name]) for each in (host, numpy)]
        assert_close(*fields, dtype)
    assert_close(host.slope(m, t, replicas), numpy.slope(m, t, replicas), dtype)
    assert_close(host.descent(m, t, replicas), numpy.descent(m, t, replicas), dtype)
    for part in (0, 1):
        assert_close(host.total_energy(m, t, replicas)[part], numpy.total_energy(m, t, replicas)[part], dtype)
    if replicas is None:
        expected = numpy.summary(m, t)
        for column, (unit, values) in host.summary(m, t).items():
            assert expected[column][0] == unit
            assert_close(values, expected[column][1], dtype)
    b = np.roll(m, 1, axis=1)
    np.testing.assert_allclose(host.inner(m, b, replicas), numpy.inner(m, b, replicas), rtol=1e-6, atol=1e-24)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", COMPILED)
def test_the_kernel_is_the_reference(name, kind, dtype):
    """In single precision Ms differs between cells where the parameters do, in double precision it does not."""
    rng = np.random.default_rng(1)
    values = {key: value_of(d, kind, rng) for key, d in declarations(registry()[name]).items()}
    term = registry()[name](**fitted(values))
    m = random_m(rng, dtype=dtype)
    Ms = rng.uniform(5e5, 1e6, MESH.shape) if dtype == "float32" and kind not in EVEN else 8e5
    for periodic in ("", "xyz"):
        mesh = Mesh(MESH.cells, MESH.cell_size, periodic)
        if periodic and name in ENDLESS and kind not in EVEN:
            continue
        assert_all_close(*both([term], mesh, dtype, Ms), m, dtype)
    chosen = np.array([2, 0])
    assert_all_close(*both([term], MESH, dtype, Ms), m[chosen], dtype, T[chosen], chosen)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["per cell", "per replica", "per replica and cell", "in time"])
def test_material_constants_and_holes(kind, dtype):
    rng = np.random.default_rng(2)
    declared = Material.parameters()
    Ms = value_of(declared["Ms"], "uniform" if kind == "in time" else kind, rng)
    if kind in ("per cell", "per replica and cell"):
        Ms[rng.uniform(size=Ms.shape) < 0.4] = 0
    if kind == "per replica":
        Ms = PerReplica([8e5, 0.0, 1e6])
    terms = [Exchange(A=1e-11), UniaxialAnisotropy(Ku1=1e5), Zeeman(B=(0.1, 0.2, 0.3)), Demag()]
    numpy, host = both(terms, Mesh(MESH.cells, MESH.cell_size, "y"), dtype, Ms, value_of(declared["alpha"], kind, rng))
    m = random_m(rng, dtype=dtype)
    m *= np.broadcast_to(numpy.material.Ms.base > 0, (*numpy.material.Ms.base.shape[:2], *MESH.shape))
    assert_all_close(numpy, host, m, dtype)
    empty = np.broadcast_to(numpy.material.Ms.base == 0, (BATCH, 3, *MESH.shape))
    assert not host.slope(m, T, None)[empty].any()
    assert not host.field(m, host.context(T))[empty].any()


@pytest.mark.parametrize("cells", [(1, 1, 1), (2, 1, 1), (1, 5, 1), (1, 1, 4), (3, 2, 2), (130, 3, 1), (65, 70, 2)])
@pytest.mark.parametrize("periodic", ["", "xyz"])
def test_meshes_of_any_shape(cells, periodic):
    rng = np.random.default_rng(3)
    mesh = Mesh(cells, (2e-9, 3e-9, 4e-9), periodic)
    A = 1e-11 * rng.uniform(0.5, 1.5, mesh.shape)
    assert_all_close(*both([Exchange(A=A), Exchange(A=1e-11)], mesh), random_m(rng, mesh), "float64")


def state_after(simulation):
    simulation.run(2e-12)
    return simulation.m, *simulation.energies().values(), simulation.max_torque(), simulation.state.dt


def large(batch=1, **options):
    mesh = Mesh((200, 190, 1), (3e-9, 3e-9, 3e-9))
    rng = np.random.default_rng(4)
    terms = [Exchange(A=1e-11), UniaxialAnisotropy(Ku1=1e5), Zeeman(B=(0.1, 0, 0))]
    return Simulation(mesh, terms, Ms=8e5, m=random_m(rng, mesh, batch), device="host", **options)


@pytest.mark.usefixtures("shared_out")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_any_number_of_threads_gives_the_same_bits(dtype, monkeypatch):
    results = []
    for threads in ("1", "2", "3", "7"):
        monkeypatch.setenv("FDMAG_THREADS", threads)
        results.append(state_after(large(batch=2, dtype=dtype)))
    for other in results[1:]:
        for have, want in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(have, want)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_batch_is_its_replicas_bit_for_bit(dtype):
    together = large(batch=2, dtype=dtype)
    starts = together.state.m.copy()
    joint = state_after(together)
    for replica in range(2):
        alone = large(dtype=dtype)
        alone.state.m[0] = starts[replica]
        for have, want in zip(state_after(alone), joint, strict=True):
            np.testing.assert_array_equal(have[0], want[replica])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("FDMAG_THREADS", value) for value in ("0", "two", "-1")),
        *(("FDMAG_LOOK_OUT", value) for value in ("1001", "1 us")),
    ],
)
def test_a_wrong_number_for_threads_is_an_error(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(ParameterError, match=rf"{name} = '{value}'; allowed: a whole number from \d to \d000|4096"):
        select_backend("host")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_arithmetic_of_the_minimiser_is_the_reference_and_keeps_nan(dtype):
    rng = np.random.default_rng(5)
    mesh = Mesh((37, 41, 1), (1e-9, 1e-9, 1e-9))
    m, B = (random_m(rng, mesh, dtype=dtype) for _ in range(2))
    B *= rng.uniform(0, 2, (BATCH, 1, *mesh.shape)).astype(dtype)
    m[1, :, 0, 3] = 0
    numpy, host = both([Zeeman(B=(0, 0, 1))], mesh, dtype)
    eps = np.finfo(dtype).eps
    gradient = numpy.gradient(m, B)
    np.testing.assert_allclose(host.gradient(m, B), gradient, rtol=0, atol=4 * eps)
    steps = np.array([0.0, 0.3, 20.0])
    turned = host.turned(m, gradient, steps)
    np.testing.assert_allclose(turned, numpy.turned(m, gradient, steps), rtol=0, atol=8 * eps)
    assert not turned[1, :, 0, 3].any()
    np.testing.assert_allclose(host.largest(B), numpy.largest(B), rtol=eps)
    B[1, 2, 0, 40, 36] = np.nan
    assert list(np.isnan(host.largest(B))) == [False, True, False]
    assert list(np.isnan(host.max_torque(m, B))) == [False, True, False]


def test_two_simulations_of_other_terms_live_side_by_side():
    one = Simulation(MESH, [Exchange(A=1e-11)], Ms=8e5, device="host", m=random_m(np.random.default_rng(6), batch=1))
    first = one.effective_field()
    other = Simulation(MESH, [Exchange(A=2e-11)], Ms=8e5, device="host", m=one.m)
    np.testing.assert_allclose(other.effective_field(), 2 * first, rtol=1e-12)
    np.testing.assert_array_equal(one.effective_field(), first)


def test_a_changed_parameter_reaches_the_kernel():
    simulation = Simulation(MESH, [Zeeman(B=(0, 0, 1))], Ms=8e5, device="host")
    assert simulation.effective_field()[0, 2].min() == 1
    simulation.set("zeeman.B", (0, 0, 2))
    assert simulation.effective_field()[0, 2].min() == 2
    simulation.set("zeeman.B", np.full((3, *MESH.shape), 3.0))
    assert simulation.effective_field()[0, 2].min() == 3


def test_rows_that_fit_no_replica_are_refused():
    _, host = both([Zeeman(B=PerReplica([(0, 0, 1), (0, 0, 2)]))])
    with pytest.raises(ParameterError, match="one row per replica"):
        host.slope(random_m(np.random.default_rng(0)), T, None)


# ---- terms of a user -----------------------------------------------------------------------------------------


class Stirred(Term):
    """A user's term without a header."""

    name = "stirred"
    degree = 1

    def field(self, m, context):
        return 0.1 * np.roll(m, 1, axis=-1)


class Doubled(Exchange):
    """A user's variation of a shipped term: the inherited header would say something else."""

    name = "doubled"

    def field(self, m, context):
        return 2 * super().field(m, context)


@pytest.mark.parametrize("extra", [Stirred, lambda: Doubled(A=1e-11)], ids=["no header", "overridden"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_term_without_a_header_is_added_by_its_reference(extra, dtype):
    rng = np.random.default_rng(7)
    numpy, host = both([extra(), Exchange(A=1e-11), Zeeman(B=lambda t: (0 * t, t, 0.1))], dtype=dtype)
    assert_all_close(numpy, host, random_m(rng, dtype=dtype), dtype)
    numpy, host = both([extra()], dtype=dtype)
    assert_all_close(numpy, host, random_m(rng, dtype=dtype), dtype)


SCRIPT = """
from dataclasses import dataclass
from typing import Any
import numpy as np
from fdmag.mesh import Mesh
from fdmag.parameter import parameter
from fdmag.simulation import Simulation
from fdmag.terms import Term, Zeeman

@dataclass
class Cubic(Term):
    name = "cubic"
    degree = 4
    kernel = "cubic.h"
    Kc1: Any = parameter("J/m^3", "first-order constant")

    def field(self, m, context):
        square = m**2
        return -2 * context.value(self.Kc1) * context.inverse_Ms * m * (square.sum(axis=1, keepdims=True) - square)

m = np.random.default_rng(0).normal(size=(3, 2, 3, 4))
fields = []
for device in ("host", "numpy"):
    terms = [Cubic(Kc1=1e5), Zeeman(B=(0, 0, 1))]
    simulation = Simulation(Mesh((4, 3, 2), (1e-9,) * 3), terms, Ms=8e5, m=m, device=device)
    fields.append((simulation.effective_field(), simulation.energies()["cubic"]))
np.testing.assert_allclose(fields[0][0], fields[1][0], rtol=1e-12)
np.testing.assert_allclose(fields[0][1], fields[1][1], rtol=1e-12)
print("the same")
"""
HEADER = """
struct Cubic : Parameters {
    FD_HD vec3 field(const Site& site, const Magnet& magnet) const {
        const vec3 m = magnet.m(site.i);
        const real x = m.x * m.x, y = m.y * m.y, z = m.z * m.z;
        return (-2 * Kc1[site.i] * magnet.inverse_Ms(site.i)) * vec3{m.x * (y + z), m.y * (x + z), m.z * (x + y)};
    }
};
"""


def run_script(folder, code, **environment):
    script = folder / "script.py"
    script.write_text(textwrap.dedent(code), encoding="utf-8")
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)], capture_output=True, text=True, cwd="/",
        env=os.environ | {"PYTHONPATH": path} | environment,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_a_header_beside_a_users_script(tmp_path):
    (tmp_path / "cubic.h").write_text(HEADER, encoding="utf-8")
    assert run_script(tmp_path, SCRIPT).strip() == "the same"


def test_a_header_that_does_not_compile_is_shown_with_its_place(tmp_path):
    (tmp_path / "cubic.h").write_text(HEADER.replace("magnet.m(", "magnet.n("), encoding="utf-8")
    told = run_script(tmp_path, SCRIPT)
    assert "CompilerError" in told
    assert "cubic.h:4" in told
    source = told.partition("cannot compile ")[2].partition(":\n")[0]
    with open(source, encoding="utf-8") as file:  # noqa: PTH123
        assert "magnet.n(" in file.read()


def test_a_header_that_is_not_there(tmp_path):
    told = run_script(tmp_path, SCRIPT)
    assert 'ParameterError: cubic: its kernel "cubic.h" is not there' in told
    assert str(tmp_path / "cubic.h") in told


class Wrong(Term):
    """A term whose header is no C++."""

    name = "wrong"
    kernel = "set by the test"

    def field(self, m, context):
        return m


def test_a_compile_error_is_an_error_and_leaves_the_process_able_to_go_on(tmp_path, monkeypatch):
    header = tmp_path / "wrong.h"
    header.write_text("struct Wrong : Parameters { not C++ };", encoding="utf-8")
    monkeypatch.setattr(Wrong, "kernel", str(header))
    _, host = both([Wrong()])
    m = random_m(np.random.default_rng(8))
    for _ in range(2):
        with pytest.raises(CompilerError, match=r"wrong\.h:1"):
            host.slope(m, T, None)
    header.write_text("struct Wrong : Parameters { FD_HD vec3 field(const Site& s, const Magnet& m) const "
                      "{ return m.m(s.i); } };", encoding="utf-8")  # fmt: skip
    np.testing.assert_array_equal(host.field(m, host.context(T)), m)


def test_a_magnet_of_numpy_asks_for_no_compiler(monkeypatch):
    monkeypatch.setenv("FDMAG_CXX", "/nowhere/c++")
    assert type(both_numpy()) is Magnet


def both_numpy():
    return magnet_for(MESH, regions(), select_backend("numpy"), Material(Ms=8e5), [Zeeman(B=(0, 0, 1))])
