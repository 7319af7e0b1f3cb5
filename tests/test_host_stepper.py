"""Steps of the compiled device against the reference: results, company, threads, memory."""

import numpy as np
import pytest

from fdmag.backend import select_backend
from fdmag.host.magnet import magnet_for
from fdmag.kernels.compiler import find_compiler
from fdmag.mesh import Mesh
from fdmag.parameter import Driven, PerReplica
from fdmag.regions import Regions
from fdmag.simulation import Simulation
from fdmag.solvers.integrator import Integrator
from fdmag.solvers.stages import Stepper
from fdmag.solvers.tableau import BOGACKI_SHAMPINE, DORMAND_PRINCE, RK4, RK4_ADAMS, Tableau, runge_kutta_chebyshev
from fdmag.state import State
from fdmag.terms import Demag, Exchange, InterfacialDMI, Material, Term, TunnelTorque, UniaxialAnisotropy, Zeeman

pytestmark = pytest.mark.skipif(find_compiler()[0] is None, reason="no C++ compiler")

BATCH = 3
MESH = Mesh((11, 7, 2), (3e-9, 4e-9, 5e-9))
EULER = Tableau("euler", 1, ((),), (1.0,))
TABLEAUX = [DORMAND_PRINCE, BOGACKI_SHAMPINE, RK4, RK4_ADAMS, runge_kutta_chebyshev(6), EULER]
DTYPES = ["float64", "float32"]
T = np.array([1e-12, 3e-12, 2e-12])
DT = np.array([1e-13, 3e-13, 2e-13])


class Stirred(Term):
    """A term without a header, which depends on time."""

    name = "stirred"
    degree = 1

    def field(self, m, context):
        return (0.1 + context.t[:, None, None, None, None] * 1e10).astype(m.dtype) * np.roll(m, 1, axis=-1)


def ramp(t):
    """A field that is the same in all cells up to a time."""
    shape = (1, 1, 1) if t.max() < 3.1e-12 else MESH.shape
    return 1e11 * t[:, None, None, None, None] * np.ones((1, 3, *shape))


LOCAL = [Exchange(A=1e-11), UniaxialAnisotropy(Ku1=PerReplica([1e5, 2e5, 3e5])), Zeeman(B=(0.1, 0.2, 0.3))]
JUNCTION = TunnelTorque(current=Driven(PerReplica([1e-5, 3e-5, -2e-5]), lambda t: 1e12 * t), RA_P=5e-12, TMR=2, P=0.5)
PER_CELL = 8e5 * np.random.default_rng(1).uniform(0.5, 1.5, MESH.shape) * (np.arange(11) != 3)
CASES = {
    "no field": (LOCAL, 8e5),
    "demag": ([*LOCAL, Demag()], PerReplica([8e5, 5e5, 1e6])),
    "demag, Ms per cell": ([*LOCAL, Demag()], PER_CELL),
    "Python": ([*LOCAL, Stirred()], PER_CELL),
    "Python and demag": ([*LOCAL, Stirred(), Demag()], 8e5),
    "Python alone": ([Stirred()], 8e5),
    "driven": ([*LOCAL, Zeeman(B=Driven((0, 0, 1), lambda t: 1e11 * t))], 8e5),
    "sums over all cells": ([*LOCAL, JUNCTION, Demag()], PER_CELL),
    "driven, at times per cell": ([Demag(), Zeeman(B=lambda t: ramp(t))], PER_CELL),
}


def random_m(mesh=MESH, batch=BATCH, seed=0):
    m = np.random.default_rng(seed).normal(size=(batch, 3, *mesh.shape))
    return m / np.linalg.norm(m, axis=1, keepdims=True)


def stepper(device, terms, Ms, tableau=DORMAND_PRINCE, dtype="float64", *, mesh=MESH, m=None, descent=False):
    magnet = magnet_for(mesh, Regions(mesh, {}), select_backend(device, dtype), Material(Ms=Ms, alpha=0.1), terms)
    m = random_m(mesh) if m is None else m
    state = State.start((m * (magnet.material.Ms.base > 0)).astype(dtype))
    state.t[:] = T[: state.batch]
    return magnet.stepper(state, tableau, still=state.t.copy() if descent else None)


def steps(made, *, descent=False):
    """Fastest, errors and displacements of a few steps, some of them of some replicas, accepted or not."""
    rows, some = np.arange(BATCH), np.array([0, 2])
    # A descent is stepped in 1/T.
    dt = DT * (1e11 if descent else 1)
    found = [made.fastest(rows), *made.attempt(rows, dt)]
    made.accept(np.array([True, False, True]))
    found += [made.fastest(rows), *made.attempt(rows, dt)]
    made.accept(np.array([True, True, False]))
    found += [*made.attempt(some, dt[some])]
    made.accept(np.array([False, True]))
    return [*found, made.fastest(rows)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("tableau", TABLEAUX, ids=lambda tableau: tableau.name)
def test_the_compiled_step_is_the_reference(case, tableau, dtype):
    """Both sum up in the same order; fields differ by rounding."""
    both = [stepper(device, *CASES[case], tableau, dtype) for device in ("host", "numpy")]
    found, expected = map(steps, both)
    eps = np.finfo(dtype).eps
    for have, want in zip(found, expected, strict=True):
        np.testing.assert_allclose(have, want, rtol=1e4 * eps, atol=100 * eps)
    np.testing.assert_allclose(both[0].state.m, both[1].state.m, rtol=0, atol=20 * eps)
    np.testing.assert_array_equal(both[0].state.evaluations, both[1].state.evaluations)


@pytest.mark.parametrize("case", ["demag", "Python"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_compiled_descent_is_the_reference(case, dtype):
    both = [stepper(each, *CASES[case], runge_kutta_chebyshev(6), dtype, descent=True) for each in ("host", "numpy")]
    found, expected = (steps(each, descent=True) for each in both)
    eps = np.finfo(dtype).eps
    for have, want in zip(found, expected, strict=True):
        np.testing.assert_allclose(have, want, rtol=1e4 * eps, atol=100 * eps)
    np.testing.assert_allclose(both[0].state.m, both[1].state.m, rtol=0, atol=20 * eps)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_company_does_not_change_a_bit(case, dtype):
    """Rows of a batch, any subset of it, in any slots: the same bits."""
    terms, Ms = CASES[case]
    everyone, some = np.arange(BATCH), np.array([0, 2])
    together, parts = (stepper("host", terms, Ms, dtype=dtype) for _ in range(2))
    for accepted in ([True, True, True], [False, True, True], [True, False, True]):
        expected = together.attempt(everyone, DT)
        together.accept(np.array(accepted))
        for rows in (some, np.array([1])):
            found = parts.attempt(rows, DT[rows])
            for have, want in zip(found, expected, strict=True):
                np.testing.assert_array_equal(have, want[rows])
            parts.accept(np.array(accepted)[rows])
        np.testing.assert_array_equal(parts.state.m, together.state.m)


@pytest.mark.usefixtures("shared_out")
@pytest.mark.parametrize("cells", [(190, 180, 1), (40, 30, 2), (600, 3, 1), (1100, 40, 1)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_any_number_of_threads_gives_the_same_bits(cells, dtype, monkeypatch):
    """Small rows are done side by side, large ones are cut into blocks; lines may be shorter or longer than a piece."""
    mesh, results = Mesh(cells, (3e-9, 3e-9, 3e-9)), []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("FDMAG_THREADS", threads)
        made = stepper("host", [Exchange(A=1e-11), Demag()], 8e5, dtype=dtype, mesh=mesh, m=random_m(mesh, 2))
        rows = np.arange(2)
        results.append([*made.attempt(rows, DT[rows]), made.fastest(rows)])
        made.accept(np.array([True, False]))
        results[-1] += [*made.attempt(rows, DT[rows]), made.state.m]
    for other in results[1:]:
        for have, want in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(have, want)


@pytest.mark.usefixtures("shared_out")
@pytest.mark.parametrize("cells", [(190, 330, 1), (600, 170, 1), (40, 30, 2)])
@pytest.mark.parametrize("periodic", ["", "x", "y"])
@pytest.mark.parametrize(
    ("tableau", "demag"),
    [(RK4_ADAMS, True), (RK4_ADAMS, False), (runge_kutta_chebyshev(6), False)],
    ids=["rk4_adams, demag", "rk4_adams", "chebyshev"],
)
def test_passes_that_follow_each_other_line_by_line_give_the_same_bits(cells, periodic, tableau, demag, monkeypatch):
    """In one thread; in bands of lines, with what is between them filled in after; and the reference."""
    mesh, found = Mesh(cells, (3e-9, 3e-9, 3e-9), periodic), []
    terms = [Exchange(A=1e-11), InterfacialDMI(D=1e-3), *([Demag()] if demag else [])]
    for device, threads in (("host", "1"), ("host", "2"), ("host", "5"), ("numpy", "")):
        monkeypatch.setenv("FDMAG_THREADS", threads)
        made, results = stepper(device, terms, 8e5, tableau, mesh=mesh, m=random_m(mesh, 1)), []
        for _ in range(5):
            results += made.attempt(np.arange(1), DT[:1])
            made.accept(np.array([True]))
        found.append([*results, made.state.m])
    alone, *shared, reference = found
    for other in shared:
        for have, want in zip(other, alone, strict=True):
            np.testing.assert_array_equal(have, want)
    for have, want in zip(alone, reference, strict=True):
        np.testing.assert_allclose(have, want, rtol=1e-9, atol=1e-13)


@pytest.mark.usefixtures("shared_out")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tableau", [RK4_ADAMS, DORMAND_PRINCE], ids=lambda tableau: tableau.name)
@pytest.mark.parametrize("more", [[], [TunnelTorque(current=0.02, RA_P=5e-12, TMR=2, P=0.5)]], ids=["", "junction"])
def test_steps_of_a_film_in_one_call_have_the_bits_of_steps_one_by_one(tableau, more, dtype, monkeypatch):
    """State and solution change places in a call; some steps are rejected; threads sleep, or look out."""
    mesh, found = Mesh((70, 90, 1), (3e-9, 3e-9, 3e-9)), []
    for threads, look_out in (("1", "0"), ("2", "0"), ("2", "10"), ("5", "0"), ("one by one", "0")):
        if threads == "one by one":
            monkeypatch.setattr("fdmag.host.stepper.HostStepper.advance", Stepper.advance)
        monkeypatch.setenv("FDMAG_THREADS", threads if threads.isdigit() else "2")
        monkeypatch.setenv("FDMAG_LOOK_OUT", look_out)
        terms = [Exchange(A=1e-11), Demag(), *more]
        made = Integrator(stepper("host", terms, 8e5, tableau, dtype=dtype, mesh=mesh, m=random_m(mesh, 1)))
        made.state.t[:] = 0
        made.state.dt[:] = 1e-11  # far too long
        for end in (2e-12, 2.001e-12):
            made.advance(end)
        found.append((made.state.m, made.state.dt, made.state.steps, made.state.rejected))
    assert found[0][2] > 10
    assert found[0][3] > 0
    for other in found[1:]:
        for have, want in zip(other, found[0], strict=True):
            np.testing.assert_array_equal(have, want)


@pytest.mark.parametrize("dtype", DTYPES)
def test_long_lines_and_many_blocks_are_the_reference(dtype):
    mesh = Mesh((1100, 5, 2), (3e-9, 3e-9, 3e-9), "xy")
    both = [
        stepper(each, [Exchange(A=1e-11), Demag()], 8e5, dtype=dtype, mesh=mesh, m=random_m(mesh, 1))
        for each in ("host", "numpy")
    ]
    eps = np.finfo(dtype).eps
    (error, moved), (expected_error, expected_move) = (each.attempt(np.arange(1), DT[:1]) for each in both)
    np.testing.assert_allclose(moved, expected_move, rtol=100 * eps)
    # The error is what is left of slopes that together would move m as far as it moves.
    np.testing.assert_allclose(error, expected_error, rtol=0, atol=eps * expected_move[0])
    for each in both:
        each.accept(np.array([True]))
    np.testing.assert_allclose(both[0].state.m, both[1].state.m, rtol=0, atol=20 * eps)


@pytest.mark.parametrize("device", ["host", "numpy"])
@pytest.mark.parametrize("place", [(1, 2, 0, 0, 0), (1, 0, 1, 6, 10), (1, 1, 0, 3, 5)])
def test_what_is_not_a_number_is_found(device, place):
    m = random_m()
    m[place] = np.nan
    made = stepper(device, LOCAL, 8e5, m=m)
    rows = np.arange(BATCH)
    assert list(np.isnan(made.fastest(rows))) == [False, True, False]
    for found in made.attempt(rows, DT):
        assert list(np.isnan(found)) == [False, True, False]


@pytest.mark.parametrize("device", ["host", "numpy"])
def test_an_attempt_leaves_the_state_alone(device):
    made = stepper(device, *CASES["demag"])
    before = made.state.m.copy()
    made.attempt(np.arange(BATCH), DT)
    np.testing.assert_array_equal(made.state.m, before)
    made.accept(np.zeros(BATCH, bool))
    np.testing.assert_array_equal(made.state.m, before)
    np.testing.assert_array_equal(made.state.t, T)


def test_short_memory_is_an_error_that_says_how_much_is_needed(monkeypatch):
    made = stepper("host", LOCAL, 8e5)

    def refuse(*_):
        raise MemoryError

    monkeypatch.setattr("fdmag.kernels.step.np.empty", refuse)
    with pytest.raises(
        MemoryError, match=r"6 slopes, stages and fields of 3 replicas with 154 cells in float64 need .* GiB"
    ):
        made.fastest(np.arange(BATCH))


def test_moments_are_those_of_each_replica():
    """Demag of an Ms that differs between cells and replicas is given Ms m of the right one in every stage."""
    mesh = Mesh((6, 4, 1), (4e-9, 4e-9, 4e-9))
    Ms = [8e5 * (1 + part * np.arange(24).reshape(mesh.shape) / 24) for part in (0.0, 0.5)]

    def after(device, *values):
        fields = np.stack(values)[:, None]
        simulation = Simulation(mesh, [Demag()], Ms=fields, alpha=0.1, m=(1, 0.5, 0.2), device=device)
        simulation.run(5e-12, solver="rk4", dt=1e-13)
        return simulation.m

    together = after("host", *Ms)
    np.testing.assert_allclose(together, after("numpy", *Ms), rtol=0, atol=1e-10)
    np.testing.assert_array_equal(together[1:], after("host", Ms[1]))
