import copy
import pickle

import numpy as np
import pytest

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.shapes import Box
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, Term, UniaxialAnisotropy, Zeeman
from tests.closeness import close

MESH = Mesh((4, 3, 2), (1e-9, 1e-9, 1e-9))


def build(**options):
    options = {"Ms": 8e5, **options}
    return Simulation(MESH, [Exchange(A=1e-11), Zeeman(B=(0, 0, 0.1))], **options)


def test_the_number_of_replicas_follows_from_what_is_given():
    assert build().batch == 1
    assert build(batch=3).batch == 3
    assert build(alpha=PerReplica([0.1, 0.2])).batch == 2
    assert build(m=np.ones((4, 3, 2, 3, 4))).batch == 4
    with pytest.raises(ParameterError, match=r"4 replicas, but values are given for \{'material.alpha': 2\}"):
        build(alpha=PerReplica([0.1, 0.2]), m=np.ones((4, 3, 2, 3, 4)))


def test_m_is_normalised_copied_and_empty_where_Ms_is_zero():
    Ms = np.zeros(MESH.shape)
    Ms[0] = 8e5
    simulation = build(Ms=Ms, m=(3, 0, 4))
    np.testing.assert_allclose(simulation.m[0, :, 0, 0, 0], (0.6, 0, 0.8))
    assert not simulation.m[0, :, 1].any()
    np.testing.assert_allclose(simulation.average_m(), [[0.6, 0, 0.8]])
    simulation.m[:] = 0  # a copy
    np.testing.assert_allclose(simulation.average_m(), [[0.6, 0, 0.8]])


@pytest.mark.parametrize(
    ("m", "message"),
    [
        ((0, 0, 0), "zero length"),
        ((1, 0), "allowed"),
        (np.ones((3, 4, 3, 2)), "allowed"),
        ((np.nan, 0, 1), "not finite"),
    ],
)
def test_wrong_m_is_refused(m, message):
    with pytest.raises(ParameterError, match=message):
        build(m=m)


def test_set_changes_what_is_computed_and_refuses_what_is_wrong():
    simulation = build()
    before = simulation.energies()["zeeman"][0]
    simulation.set("zeeman.B", (0, 0, 0.2))
    assert simulation.energies()["zeeman"][0] == close(2 * before)
    simulation.set("material.Ms", 4e5)
    assert simulation.energies()["zeeman"][0] == close(before)
    for path, value, message in [
        ("zeman.B", 1, 'did you mean "zeeman"'),
        ("zeeman.b", 1, 'did you mean "B"'),
        ("zeeman.B", (0, 0), "allowed"),
        ("exchange.A", -1, "impossible"),
        ("exchange.A", PerReplica([1, 2]), "2 replicas, but the simulation has 1"),
    ]:
        with pytest.raises(ParameterError, match=message):
            simulation.set(path, value)
    assert simulation.energies()["zeeman"][0] == close(before)


def test_cells_that_become_magnetic_get_a_direction():
    Ms = np.zeros(MESH.shape)
    Ms[0] = 8e5
    simulation = build(Ms=Ms, m=(1, 0, 0))
    simulation.set("material.Ms", 8e5)
    np.testing.assert_array_equal(simulation.m[0, :, 0, 0, 0], (1, 0, 0))
    np.testing.assert_array_equal(simulation.m[0, :, 1, 0, 0], (0, 0, 1))


def test_terms_of_one_kind_are_told_apart():
    simulation = Simulation(MESH, [Zeeman(B=(0, 0, 1)), Zeeman(B=(1, 0, 0))], Ms=8e5)
    assert list(simulation.terms) == ["zeeman", "zeeman_2"]
    np.testing.assert_allclose(simulation.effective_field()[0, :, 0, 0, 0], (1, 0, 1))
    columns = simulation.summary()
    assert columns["Bz"][1] == 1
    assert columns["Bx_2"][1] == 1
    with pytest.raises(ParameterError, match='did you mean "zeeman_2"'):
        simulation.effective_field("zeeman2")


def test_one_term_object_may_serve_two_simulations():
    term = Zeeman(B=(0, 0, 0.1))
    one, other = (Simulation(MESH, [term], Ms=8e5) for _ in range(2))
    one.set("zeeman.B", (0, 0, 0.3))
    assert other.effective_field().max() == close(0.1)


def test_regions_carry_parameters():
    simulation = Simulation(
        MESH,
        [UniaxialAnisotropy(Ku1={"hard": 1e6, "default": 0})],
        Ms={"hard": 1e6, "default": 5e5},
        regions={"hard": Box((2e-9, 9e-9, 9e-9), center=(-1e-9, 0, 0))},
    )
    np.testing.assert_allclose(simulation.effective_field()[0, 2, 0, 0], [2, 2, 0, 0])


def test_a_term_of_the_users_own():
    class Pull(Term):
        """A constant pull along x, without parameters."""

        name = "pull"
        degree = 1

        def field(self, m, context):
            return np.array([0.1, 0, 0]).reshape(1, 3, 1, 1, 1)

    simulation = Simulation(MESH, [Pull()], Ms=8e5, m=(0, 0, 1), alpha=1)
    simulation.relax(1e-6)
    np.testing.assert_allclose(simulation.average_m(), [[1, 0, 0]], atol=1e-5)
    assert simulation.energy()[0] == close(-8e5 * 0.1 * 24e-27)


def test_the_summary_has_units_and_one_value_per_replica():
    columns = build(batch=2).summary()
    assert list(columns) == ["mx", "my", "mz", "E_total", "E_exchange", "E_zeeman", "max_torque", "Bx", "By", "Bz"]
    assert all(values.shape == (2,) for _, values in columns.values())
    assert columns["E_total"][1] == close(columns["E_exchange"][1] + columns["E_zeeman"][1])


def test_unknown_devices_and_precisions_are_refused():
    with pytest.raises(ParameterError, match='did you mean "numpy"'):
        build(device="nmpy")
    with pytest.raises(ParameterError, match="float16 is not available"):
        build(dtype="float16")
    with pytest.raises(ParameterError, match='did you mean "float32"'):
        build(dtype="flot32")


def test_replicas_at_different_times_go_on_from_there():
    """Nothing depends on time here: both come to the same m."""
    simulation = build(batch=2)
    simulation.t = (0, 1e-9)
    simulation.run(1e-12)
    np.testing.assert_array_equal(simulation.t, [1e-12, 1e-9 + 1e-12])
    np.testing.assert_allclose(simulation.m[0], simulation.m[1], rtol=0, atol=1e-9)


@pytest.mark.parametrize("batch", [0, -1, 2.5, True])
def test_impossible_numbers_of_replicas_are_refused(batch):
    with pytest.raises(ParameterError, match=r"batch = .*; allowed: a whole number of at least 1"):
        build(batch=batch)


@pytest.mark.parametrize("t", [np.nan, (0, 1), "now", None, [[0], [0, 1]]])
def test_impossible_times_are_refused(t):
    with pytest.raises(ParameterError, match=r"t = .*; allowed: one finite time \[s\], or one for each of 1 replicas"):
        build().t = t


def test_terms_that_are_none_are_refused():
    with pytest.raises(ParameterError, match=r"came the class Exchange; write Exchange\(...\)"):
        Simulation(MESH, [Exchange], Ms=8e5)
    with pytest.raises(ParameterError, match=r"came one term; give a list, \[Exchange\(...\)\]"):
        Simulation(MESH, Exchange(A=1e-11), Ms=8e5)


def test_the_demag_convolution_is_compiled_beside_what_is_waited_for_first(monkeypatch):
    order = []

    def prepare(mesh, dtype):
        order.append(("demag", mesh.cells, dtype))

    def wait(*, notice):
        order.append("threads and arithmetic")
        return None, "no compiler here"

    monkeypatch.delenv("FDMAG_DEVICE", raising=False)
    monkeypatch.setattr("fdmag.backend.cuda_device", lambda: (None, "no GPU here"))
    monkeypatch.setattr("fdmag.backend.host_runtime", wait)
    monkeypatch.setattr("fdmag.simulation.prepare_demag", prepare)
    Simulation(MESH, [Demag()], Ms=8e5, dtype="float32")
    Simulation(MESH, [Zeeman(B=(0, 0, 1))], Ms=8e5)
    Simulation(MESH, [Demag()], Ms=8e5, device="numpy")
    assert order == [("demag", MESH.cells, np.float32), "threads and arithmetic", "threads and arithmetic"]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda simulation: pickle.loads(pickle.dumps(simulation))])
@pytest.mark.parametrize("device", ["numpy", "auto"])
def test_a_simulation_may_be_copied_and_sent_elsewhere(copied, device):
    terms = [Exchange(A=1e-11), Demag(), Zeeman(B=(0, 0, 0.1))]
    first = Simulation(MESH, terms, Ms=8e5, m=np.random.default_rng(0).normal(size=(3, *MESH.shape)), device=device)
    first.run(1e-12)
    second = copied(first)
    for simulation in (first, second):
        simulation.run(1e-12)
    np.testing.assert_array_equal(first.m, second.m)
    second.m = (1, 0, 0)
    assert (first.m != second.m).any()


@pytest.mark.parametrize("device", ["numpy", "auto"])
def test_what_a_term_says_of_empty_cells_is_ignored(device):
    class Divided(Term):
        """A field that is infinite where Ms = 0."""

        name = "divided"
        degree = 1

        def field(self, m, context):
            with np.errstate(divide="ignore"):
                return 1e5 / context.Ms * np.ones_like(m)

    Ms = np.full(MESH.shape, 8e5)
    Ms[0] = 0
    simulation = Simulation(MESH, [Divided()], Ms=Ms, m=(1, 0, 0), device=device)
    assert not simulation.effective_field()[0, :, 0].any()
    np.testing.assert_allclose(simulation.effective_field()[0, :, 1], 0.125)
    assert simulation.energy()[0] == close(-8e5 * 0.125 * 12e-27)
    assert np.isfinite(simulation.max_torque()).all()
    assert not simulation.energy_density("divided")[0, 0].any()
