"""A tunnel torque driven by a current, or by a voltage over a resistance in series.

Most by the reference; the kernels are compared with it, and what is summed up, stepped and shared out on each device.
"""

import numpy as np
import pytest
from scipy.optimize import brentq

from fdmag.analytic.spin_torque import critical_current, spin_torque_field
from fdmag.analytic.tunnel_junction import conductance_per_area
from fdmag.devices.mtj import TunnelJunction
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.modes.linearised import Linearised
from fdmag.parameter import Driven, PerReplica
from fdmag.quantities import evaluate
from fdmag.shapes import Cylinder
from fdmag.signals import Pulse, Ramp
from fdmag.simulation import Simulation
from fdmag.terms import Slonczewski, TunnelTorque, UniaxialAnisotropy
from tests.closeness import close

MS, P, NM = 8e5, 0.6, 1e-9
MESH = Mesh((5, 4, 1), (2e-9, 3e-9, 1.5e-9))
AREA = 10e-9 * 12e-9
JUNCTION = {"RA_P": 5e-12, "TMR": 1.5, "P": P, "V_h": 0.4, "Lambda": 1.3, "epsilon_prime": 0.1, "b2": 0.05}
I = 4e-6  # about 0.2 V  # noqa: E741
CURRENT = {"current": I}
SERIES = {"voltage": 0.35, "R_series": 4e4}
SOURCES = pytest.mark.parametrize("source", [CURRENT, SERIES], ids=["current", "voltage and resistance"])


@pytest.fixture(autouse=True)
def _every_device(monkeypatch):
    """By the reference, where a test does not ask for a device."""
    monkeypatch.setenv("FDMAG_DEVICE", "numpy")


def random_m(rng, mesh=MESH, batch=1):
    m = rng.normal(size=(batch, 3, *mesh.shape))
    return m / np.linalg.norm(m, axis=1, keepdims=True)


def field_of(values, m, mesh=MESH, **options):
    return Simulation(mesh, [TunnelTorque(**values)], Ms=MS, m=m, **options).effective_field()


# ---- what the voltage is ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("theta", [0.1, 1.2, 3.0])
@SOURCES
def test_a_uniform_junction_is_under_the_voltage_of_the_circuit(source, theta, sign):
    """The same field as under the voltage that another solver finds for the two resistors."""
    m = (np.sin(theta), 0, np.cos(theta))
    given = {key: value * (sign if key != "R_series" else 1) for key, value in source.items()}

    def excess(V):
        current = V * conductance_per_area(np.cos(theta), V, 5e-12, 1.5, 0.4) * AREA
        return current - given["current"] if "current" in given else V + 4e4 * current - given["voltage"]

    V = brentq(excess, -2, 2, xtol=1e-300, rtol=1e-14)
    wanted = field_of({"voltage": V, **JUNCTION}, m)
    np.testing.assert_allclose(field_of({**given, **JUNCTION}, m), wanted, rtol=1e-11, atol=1e-18)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_currents_of_the_cells_add_up_to_that_of_the_source(dtype, device):
    """And each cell feels what the voltage across the junction does to it; in each replica its own."""
    rng = np.random.default_rng(1)
    currents = np.array([I, -2 * I, 3e-7])
    term = TunnelTorque(current=PerReplica(currents), **JUNCTION)
    film = Simulation(MESH, [term], Ms=MS, m=random_m(rng, batch=3), dtype=dtype)
    V = evaluate(film, "voltage")
    cosines = film.m[:, 2].astype(float)
    J = V[:, None, None, None] * conductance_per_area(cosines, V[:, None, None, None], 5e-12, 1.5, 0.4)
    np.testing.assert_allclose(J.sum(axis=(1, 2, 3)) * 6e-18, currents, rtol=1e-13 if dtype == "float64" else 1e-6)
    np.testing.assert_allclose(evaluate(film, "current"), currents, rtol=1e-13 if dtype == "float64" else 1e-6)
    given = Simulation(
        MESH, [TunnelTorque(voltage=PerReplica(V), **JUNCTION)], Ms=MS, m=film.m, dtype=dtype, device="numpy"
    )
    B = given.effective_field()
    allowed = (1e-12 if dtype == "float64" else 3e-6) * np.abs(B).max()
    np.testing.assert_allclose(film.effective_field(), B, rtol=0, atol=allowed)


def test_a_resistance_in_series_takes_its_share_of_the_voltage():
    m = random_m(np.random.default_rng(2))
    film = Simulation(MESH, [TunnelTorque(**SERIES, **JUNCTION)], Ms=MS, m=m)
    V, current = evaluate(film, "voltage")[0], evaluate(film, "current")[0]
    assert V + 4e4 * current == close(0.35, rel=1e-14)
    assert 0 < V < 0.35
    assert evaluate(film, "resistance")[0] == close(V / current, rel=1e-14)
    junction = TunnelJunction.of(film.terms["tunnel_torque"])
    assert junction.R_series == 4e4
    resistance, read = junction.read(film, 0.35, (0, 0, 1))
    assert read[0] == close(current, rel=1e-12)
    assert resistance[0] == close(0.35 / current, rel=1e-12)


def test_little_in_series_is_a_source_of_voltage_and_much_one_of_current():
    m = random_m(np.random.default_rng(3))
    by_voltage, by_current = (field_of({**source, **JUNCTION}, m) for source in ({"voltage": 0.3}, CURRENT))
    np.testing.assert_allclose(field_of({"voltage": 0.3, "R_series": 0, **JUNCTION}, m), by_voltage, rtol=1e-12)
    for R, limit, drive in ((1e-5, by_voltage, 0.3), (1e14, by_current, 1e14 * I)):
        found = field_of({"voltage": drive, "R_series": R, **JUNCTION}, m)
        np.testing.assert_allclose(found, limit, rtol=0, atol=1e-8 * np.abs(limit).max())
        assert np.abs(found - limit).max() > 1e-12 * np.abs(limit).max()


# ---- what it does ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("mz", [0.9, -0.9])
def test_a_uniform_junction_feels_the_torque_of_its_mean_current_density(sign, mz):
    """Whatever RA and TMR are: that of `Slonczewski` with J = I/A, along +z for a positive current."""
    m = (np.sqrt(1 - mz**2), 0, mz)
    term = {"current": sign * I, "P": P, "Lambda": 1.3, "epsilon_prime": 0.2}
    wanted = Simulation(MESH, [Slonczewski(J=sign * I / AREA, P=P, Lambda=1.3, epsilon_prime=0.2)], Ms=MS, m=m)
    for RA, TMR in ((5e-12, 1.5), (1e-12, 0.0), (20e-12, -0.5)):
        np.testing.assert_allclose(field_of({**term, "RA_P": RA, "TMR": TMR}, m), wanted.effective_field(), rtol=1e-12)


def test_of_two_domains_the_one_of_low_resistance_takes_more_current():
    """Half parallel, half antiparallel: J as 1 + TMR to 1, the sum that of the source; under a voltage AP has the same
    whatever its neighbours are, from a current source the less, the more of them are parallel."""
    m = np.zeros((3, *MESH.shape))
    m[0], m[2] = 0.01, np.where(np.arange(4)[:, None] < 2, 1, -1) * np.sqrt(1 - 1e-4)
    plain = {"RA_P": 5e-12, "TMR": 1.5, "P": P}
    B = field_of({"current": I, **plain}, m)[0, 1, 0] / 0.01
    J = B / float(spin_torque_field(1.0, P, MS, 1.5e-9))
    assert J[0, 0] / J[3, 0] == close(2.5, rel=1e-3)
    assert J.sum() * 6e-18 == close(I, rel=1e-12)
    antiparallel = field_of({"current": I, **plain}, (0.01, 0, -1))[0, 1, 0, 0, 0] / 0.01
    assert B[3, 0] / antiparallel == close(2 / 3.5, rel=1e-3)


@pytest.mark.parametrize(("RA", "TMR"), [(5e-12, 1.5), (2e-12, 3.0)])
def test_the_critical_current_is_that_of_the_macrospin_in_both_states(RA, TMR):
    """4 e α E_b/(ħ P), whatever RA and TMR; the voltage to it is larger by 1 + TMR in the antiparallel state."""
    one = Mesh((1, 1, 1), (40e-9, 30e-9, 1.5e-9))
    exact = float(critical_current(150e3 * 40e-9 * 30e-9 * 1.5e-9, 0.02, P))
    voltages = []
    for up in (1, -1):
        tilt, rates = 1e-4, []
        for ratio in (0.9, 1.1):
            terms = [UniaxialAnisotropy(Ku1=150e3), TunnelTorque(current=up * ratio * exact, RA_P=RA, TMR=TMR, P=P)]
            spin = Simulation(one, terms, Ms=MS, alpha=0.02, m=(tilt, 0, up))
            rates.append(spin.dm_dt()[0, 0, 0, 0, 0] / tilt)
        assert rates[0] < 0 < rates[1]
        assert np.interp(0, rates, (0.9, 1.1)) == close(1, rel=1e-7)
        voltages.append(evaluate(spin, "voltage")[0])
    assert voltages[0] == close(1.1 * exact * RA / 1200e-18, rel=1e-7)
    assert voltages[1] / voltages[0] == close(-(1 + TMR), rel=1e-7)


def test_modes_know_that_the_voltage_follows_m():
    """The linearised field against differences, of a state that is not uniform; not so at a fixed voltage."""
    mesh = Mesh((3, 2, 1), (2e-9, 3e-9, 1.5e-9))
    rng = np.random.default_rng(4)
    plain = {"RA_P": 5e-12, "TMR": 1.5, "P": P, "V_h": 0.1}
    film = Simulation(mesh, [TunnelTorque(current=3e-7, **plain)], Ms=MS, alpha=0.1, m=random_m(rng, mesh))
    V, m = evaluate(film, "voltage")[0], film.m
    motion = Linearised(film, max_torque=np.inf)
    v = motion.vectors(rng.normal(size=(1, motion.size)))
    step = 1e-6 / np.abs(v).max()
    fields = []
    for sign in (1, -1):
        film.m = m + sign * step * v  # its length changes by the square of the step
        fields.append(film.effective_field())
    change = (fields[0] - fields[1]) / (2 * step)
    np.testing.assert_allclose(motion._response(v, None), change, rtol=0, atol=1e-7 * np.abs(change).max())
    local = Simulation(mesh, [TunnelTorque(voltage=V, **plain)], Ms=MS, alpha=0.1, m=m)
    fixed = Linearised(local, max_torque=np.inf)._response(v, None)
    assert np.abs(fixed - change).max() > 0.01 * np.abs(change).max()


# ---- which cells are the junction ------------------------------------------------------------------------------


@SOURCES
def test_a_junction_above_part_of_a_track_is_where_P_is_not_0(source):
    """The same as a magnet of these cells alone; elsewhere nothing acts, and no current flows."""
    rng = np.random.default_rng(5)
    mesh = Mesh((9, 4, 1), MESH.cell_size)
    inside = np.broadcast_to((np.arange(9) >= 2) & (np.arange(9) < 7), mesh.shape)
    m = random_m(rng, mesh)
    values = {**source, **JUNCTION, "P": {"mtj": P, "default": 0}}
    track = Simulation(mesh, [TunnelTorque(**values)], Ms=MS, m=m, regions={"mtj": inside})
    B = track.effective_field()
    alone = Simulation(MESH, [TunnelTorque(**source, **JUNCTION)], Ms=MS, m=m[..., 2:7])
    np.testing.assert_allclose(B[..., 2:7], alone.effective_field(), rtol=0, atol=1e-12 * np.abs(B).max())
    assert not B[..., :2].any()
    assert not B[..., 7:].any()
    for column in ("voltage", "current", "resistance"):
        assert evaluate(track, column) == close(evaluate(alone, column), rel=1e-12)


@pytest.mark.parametrize("side", [-1, 1])
def test_of_a_thick_layer_the_cells_next_to_the_barrier_are_the_junction(side):
    rng = np.random.default_rng(6)
    mesh = Mesh((5, 4, 3), (2e-9, 3e-9, 0.5e-9))
    m = random_m(rng, mesh)
    thick = Simulation(mesh, [TunnelTorque(**CURRENT, **JUNCTION, side=side)], Ms=MS, m=m)
    nearest = 0 if side < 0 else 2
    layer = Simulation(MESH, [TunnelTorque(**CURRENT, **JUNCTION, side=side)], Ms=MS, m=m[:, :, [nearest]])
    assert evaluate(thick, "voltage") == close(evaluate(layer, "voltage"), rel=1e-12)
    B = thick.effective_field()
    np.testing.assert_allclose(B[:, :, [nearest]], layer.effective_field(), rtol=0, atol=1e-12 * np.abs(B).max())


LAYER = np.arange(4)[:, None, None] * np.ones((4, 2, 3), int)
STACK = Mesh((3, 2, 4), (2e-9, 2e-9, 1e-9))
IN_FREE = {"fixed": 0, "free": P, "default": 0}


@SOURCES
@pytest.mark.parametrize("way", ["reference below", "reference above"])
def test_a_reference_layer_of_the_mesh(source, way):
    """Uniform, it acts as a fixed polariser; in any state each cell's cosine is that to the facing cell."""
    fixed, free = (LAYER == 0, LAYER >= 2) if way.endswith("below") else (LAYER == 3, LAYER <= 1)
    rng = np.random.default_rng(7)
    m = random_m(rng, STACK)
    p = np.array([0.6, 0.0, 0.8])
    junction = {**source, **JUNCTION, "P": IN_FREE}
    options = {"Ms": np.where(fixed | free, MS, 0), "regions": {"fixed": fixed, "free": free}}
    uniform = np.where(fixed, p[:, None, None, None], m)
    layers = Simulation(STACK, [TunnelTorque(**junction, reference="fixed")], m=uniform, **options)
    given = Simulation(STACK, [TunnelTorque(**junction, p=p, side=-1 if way.endswith("below") else 1)],
                       m=uniform, **options)  # fmt: skip
    B = given.effective_field()
    np.testing.assert_allclose(layers.effective_field(), B, rtol=0, atol=1e-12 * np.abs(B).max())
    layers.m = m
    V, facing = evaluate(layers, "voltage")[0], (0, 2) if way.endswith("below") else (3, 1)
    cosine = (m[0, :, facing[0]] * m[0, :, facing[1]]).sum(axis=0)
    current = (V * conductance_per_area(cosine, V, 5e-12, 1.5, 0.4)).sum() * 4e-18
    wanted = I if "current" in source else (0.35 - V) / 4e4
    assert current == close(wanted, rel=1e-12)


def test_smooth_edges_count_by_the_area_they_cover():
    mesh = Mesh((12, 12, 2), (NM, NM, NM))
    disc = Cylinder(9.3 * NM, 1.5 * NM, center=(0, 0, 0.25 * NM))
    term = TunnelTorque(current=1e-7, RA_P=5e-12, TMR=1.5, P=P)
    film = Simulation(mesh, [term], Ms=MS, m=(0, 0, 1), geometry=disc, smooth_edges=8)
    area = film.covered(2)[0, 0].sum() * NM**2
    assert area == close(np.pi / 4 * (9.3 * NM) ** 2, rel=1e-2)
    assert evaluate(film, "voltage")[0] == close(1e-7 * 5e-12 / area, rel=1e-12)
    wanted = Simulation(mesh, [Slonczewski(J=1e-7 / area, P=P)], Ms=MS, m=(0.6, 0, 0.8), geometry=disc, smooth_edges=8)
    film.m = (0.6, 0, 0.8)
    np.testing.assert_allclose(film.effective_field(), wanted.effective_field(), rtol=1e-12, atol=1e-18)


# ---- replicas, time, devices -----------------------------------------------------------------------------------


@SOURCES
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_replica_of_a_batch_is_what_it_is_alone_bit_for_bit(source, dtype, device):
    """With a source of its own, in time, over steps that are accepted and rejected at its own pace."""
    rng = np.random.default_rng(8)
    m = random_m(rng, batch=3)
    key = "current" if "current" in source else "voltage"
    drives = [Pulse(2e-12, rise=1e-12), Ramp(5e-12), Pulse(4e-12, start=1e-12)]

    def run(chosen):
        drive = Driven(PerReplica([source[key] * (1 + k) for k in chosen]), PerReplica([drives[k] for k in chosen]))
        terms = [UniaxialAnisotropy(Ku1=3e5), TunnelTorque(**source | {key: drive}, **JUNCTION | {"b2": 1.0})]
        film = Simulation(MESH, terms, Ms=MS, alpha=0.1, m=m[chosen], dtype=dtype)
        film.run(6e-12, tolerance=1e-4)
        return film.m, film.effective_field(), evaluate(film, "voltage")

    together = run([0, 1, 2])
    for k in range(3):
        for have, want in zip(run([k]), together, strict=True):
            np.testing.assert_array_equal(have[0], want[k])


def test_the_voltage_jumps_with_the_resistance_while_the_current_stays():
    """A junction that a current turns over: V = I R on both sides of it."""
    one = Mesh((1, 1, 1), (40e-9, 30e-9, 1.5e-9))
    exact = float(critical_current(150e3 * 40e-9 * 30e-9 * 1.5e-9, 0.1, P))
    terms = [UniaxialAnisotropy(Ku1=150e3), TunnelTorque(current=3 * exact, RA_P=5e-12, TMR=1.5, P=P)]
    spin = Simulation(one, terms, Ms=MS, alpha=0.1, m=(0.1, 0, 1))
    before = evaluate(spin, "voltage")[0]
    spin.run(2e-9)
    assert spin.m[0, 2, 0, 0, 0] < -0.999
    assert evaluate(spin, "voltage")[0] / before == close(2.5, rel=5e-3)
    assert evaluate(spin, "current")[0] == close(3 * exact, rel=1e-14)


@pytest.mark.parametrize("periodic", ["", "xyz"])
@pytest.mark.parametrize(("dtype", "way"), [("float64", "fixed"), ("float32", "layers")])
@SOURCES
def test_kernels_are_their_references(source, dtype, way, periodic):
    """With RA_P, P, p and side different in each cell, or a reference in the mesh; holes, and some of the replicas."""
    rng = np.random.default_rng(9)
    mesh = Mesh(STACK.cells, STACK.cell_size, periodic)
    m = random_m(rng, mesh, batch=3)
    Ms = np.where(rng.uniform(size=mesh.shape) < 0.2, 0, MS)
    key = "current" if "current" in source else "voltage"
    values = {**source, **JUNCTION, key: PerReplica([source[key], -source[key], 0.0])}
    values |= {"RA_P": rng.uniform(4e-12, 6e-12, mesh.shape), "thickness": 1e-9}
    if way == "layers":
        term = TunnelTorque(**values | {"P": IN_FREE}, reference="fixed")
    else:
        each = {"P": rng.uniform(0.2, 0.6, mesh.shape), "p": rng.normal(size=(3, *mesh.shape))}
        term = TunnelTorque(**values | each, side=rng.choice([-1.0, 1.0], mesh.shape))
    regions = {"fixed": LAYER == 0, "free": LAYER >= 2}
    numpy, host = (
        Simulation(mesh, [term], Ms=Ms, m=m, regions=regions, device=device, dtype=dtype, alpha=0.1)
        for device in ("numpy", "host")
    )
    atol = 1e-12 if dtype == "float64" else 3e-6
    for some in (None, np.array([2, 1])):
        start = numpy.m if some is None else numpy.m[some]
        have, want = (each.magnet.slope(start, np.zeros(len(start)), some) for each in (host, numpy))
        assert want.any()
        np.testing.assert_allclose(have, want, rtol=0, atol=atol * np.abs(want).max())


@pytest.mark.usefixtures("shared_out")
def test_any_number_of_threads_gives_the_same_bits(monkeypatch):
    mesh = Mesh((200, 190, 1), (2e-9, 2e-9, 1e-9))
    m, found = random_m(np.random.default_rng(10), mesh, batch=2), []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("FDMAG_THREADS", threads)
        terms = [TunnelTorque(current=PerReplica([1e-3, -2e-3]), **JUNCTION)]
        film = Simulation(mesh, terms, Ms=MS, m=m, device="host")
        B = film.effective_field()
        film.run(1e-13)
        found.append((B, film.m))
    for other in found[1:]:
        for have, want in zip(other, found[0], strict=True):
            np.testing.assert_array_equal(have, want)


# ---- what is set later, and what is refused --------------------------------------------------------------------


def test_the_source_can_be_changed_and_not_exchanged():
    m = random_m(np.random.default_rng(11))
    film = Simulation(MESH, [TunnelTorque(**CURRENT, **JUNCTION)], Ms=MS, m=m)
    film.set("tunnel_torque.current", 2 * I)
    twice = field_of({"current": 2 * I, **JUNCTION}, m)
    np.testing.assert_array_equal(film.effective_field(), twice)
    with pytest.raises(ParameterError, match=r"tunnel_torque.voltage: the source of this junction is a current"):
        film.set("tunnel_torque.voltage", 0.1)
    np.testing.assert_array_equal(film.effective_field(), twice)
    divided = Simulation(MESH, [TunnelTorque(**SERIES, **JUNCTION)], Ms=MS, m=m)
    divided.set("tunnel_torque.R_series", 0.0)
    np.testing.assert_allclose(divided.effective_field(), field_of({"voltage": 0.35, **JUNCTION}, m), rtol=1e-12)
    with pytest.raises(ParameterError, match=r"tunnel_torque.current: the source of this junction is a voltage"):
        divided.set("tunnel_torque.current", I)
    plain = Simulation(MESH, [TunnelTorque(voltage=0.1, **JUNCTION)], Ms=MS, m=m)
    with pytest.raises(ParameterError, match=r"tunnel_torque.R_series: this junction was made with a voltage alone"):
        plain.set("tunnel_torque.R_series", 1e3)


VARYING = np.linspace(1, 2, 20).reshape(MESH.shape)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, r"tunnel_torque: came neither; give voltage or current, exactly one"),
        ({"voltage": 0.1, "current": I}, r"tunnel_torque: came both; give voltage or current, exactly one"),
        ({"current": I, "R_series": 1e3}, r"tunnel_torque.R_series: the source of this junction is a current"),
        ({"voltage": 0.1, "R_series": -1.0}, r"R_series.*at least 0 ohm"),
        ({"current": I * VARYING}, r"tunnel_torque.current differs between cells"),
        ({"current": I, "TMR": VARYING}, r"tunnel_torque.TMR differs between cells"),
        ({"current": I, "TMR": lambda t: 1 + t}, r"tunnel_torque.TMR depends on time"),
        ({"current": I, "TMR": -0.7}, r"tunnel_torque.TMR = -0.7; .* at least -2/3"),
    ],
)
def test_what_has_no_one_voltage_is_refused(values, message):
    with pytest.raises(ParameterError, match=message):
        field_of(JUNCTION | values, (0, 0, 1))


def test_a_negative_magnetoresistance_that_does_not_fall_is_allowed():
    film = Simulation(MESH, [TunnelTorque(current=I, RA_P=5e-12, TMR=-0.9, P=P)], Ms=MS, m=(0, 0, -1))
    assert evaluate(film, "voltage")[0] == close(I * 0.1 * 5e-12 / AREA, rel=1e-12)


def test_a_free_layer_between_two_references_is_refused():
    regions = {"fixed": (LAYER == 0) | (LAYER == 3), "free": (LAYER == 1) | (LAYER == 2)}
    with pytest.raises(ParameterError, match=r"tunnel_torque: the reference region lies both below and above"):
        Simulation(STACK, [TunnelTorque(**CURRENT, **JUNCTION | {"P": IN_FREE}, reference="fixed")], Ms=MS,
                   regions=regions)  # fmt: skip


def test_a_replica_without_magnetic_cells_is_refused():
    with pytest.raises(ParameterError, match=r"tunnel_torque.current: there is no magnetic cell"):
        Simulation(MESH, [TunnelTorque(**CURRENT, **JUNCTION)], Ms=PerReplica([MS, 0.0]))
