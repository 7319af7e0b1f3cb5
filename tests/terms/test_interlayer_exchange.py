"""Coupling across a spacer: energies by hand, spin flop, saturation, stacks, and what is refused."""

import numpy as np
import pytest

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, InterlayerExchange, UniaxialAnisotropy, Zeeman
from fdmag.terms.exchange import Between
from tests.closeness import close
from validation.measure import order

MS, EDGE = 8e5, 2e-9


def stack(plan, columns=(1, 1), axis=2, periodic=""):
    """Mesh, regions and Ms of layers along an axis: one letter for each, a dot for an empty one."""
    cells = [*columns]
    cells.insert(axis, len(plan))
    mesh = Mesh(cells, (2e-9, 3e-9, 4e-9) if len(plan) > 9 else (EDGE,) * 3, periodic)
    shape = [1, 1, 1]
    shape[2 - axis] = -1
    letters = np.broadcast_to(np.array(list(plan)).reshape(shape), mesh.shape)
    regions = {letter: letters == letter for letter in sorted(set(plan) - {"."})}
    return mesh, regions, np.where(letters == ".", 0.0, MS)


def two(m1, m2, plan="a..b", **coupling):
    mesh, regions, Ms = stack(plan)
    m = np.zeros((3, *mesh.shape))
    m[:] = np.array(m1)[:, None, None, None]
    m[:, len(plan) // 2 :] = np.array(m2)[:, None, None, None]
    return Simulation(mesh, [InterlayerExchange(regions=["a", "b"], **coupling)], Ms=Ms, m=m, regions=regions)


@pytest.mark.parametrize("plan", ["a.b", "a..b", "a.....b", "ab"])
@pytest.mark.parametrize("degrees", [0, 30, 90, 135, 180])
def test_energy_per_area(plan, degrees):
    """−J1 cos φ − J2 cos² φ per area of the interface, whatever the thickness of the spacer."""
    angle = np.radians(degrees)
    energy = two((1, 0, 0), (np.cos(angle), np.sin(angle), 0), plan, J1=-1e-3, J2=-3e-4).energy()[0]
    expected = (1e-3 * np.cos(angle) + 3e-4 * np.cos(angle) ** 2) * EDGE**2
    assert energy == pytest.approx(expected, rel=1e-12, abs=1e-36)


def test_a_right_angle_from_parallel_costs_the_coupling_once():
    """J1 = −1 mJ/m² on 10 × 10 nm: from parallel to 90° the energy falls by 1e-19 J."""
    mesh = Mesh((5, 5, 3), (EDGE,) * 3)
    Ms = np.full(mesh.shape, MS)
    Ms[1] = 0
    energies = []
    for upper in ((1, 0, 0), (0, 1, 0)):
        m = np.zeros((3, *mesh.shape))
        m[0, 0] = 1
        m[:, 2] = np.array(upper)[:, None, None]
        energies.append(Simulation(mesh, [InterlayerExchange(J1=-1e-3)], Ms=Ms, m=m).energy()[0])
    assert energies[1] - energies[0] == close(-1e-19, rel=1e-12)


@pytest.mark.parametrize(
    ("coupling", "cosine"),
    [({"J1": 1e-3}, 1), ({"J1": -1e-3}, -1), ({"J2": -1e-3}, 0), ({"J1": -4e-4, "J2": -1e-3}, -0.2)],
)
def test_what_each_sign_favours(coupling, cosine):
    """J1 > 0 parallel, J1 < 0 antiparallel, J2 < 0 a right angle; both: cos φ = −J1 / (2 J2)."""
    simulation = two((1, 0.1, 0), (-0.3, 1, 0.2), **coupling)
    simulation.minimize(1e-9)
    m = simulation.m[0, :, :, 0, 0]
    assert m[:, 0] @ m[:, -1] == pytest.approx(cosine, abs=1e-6)


def test_a_synthetic_antiferromagnet_opens_linearly_and_saturates():
    """Equal layers: m·b = B Ms t / (2 |J1|) up to the saturation at B = 2 |J1| / (Ms t); with J2 at 2(|J1| + 2|J2|)."""
    mesh, regions, Ms = stack("a.b")
    saturation = 2 * 5e-4 / (MS * EDGE)
    fields = np.array([0.3, 0.7, 0.99, 1.02]) * saturation
    terms = [InterlayerExchange(J1=-5e-4, regions=["a", "b"]), Zeeman(B=PerReplica([(b, 0, 0) for b in fields]))]
    simulation = Simulation(mesh, terms, Ms=Ms, regions=regions)
    m = simulation.m
    m[:, :, 0], m[:, :, 2] = np.array([0.1, 1, 0]).reshape(3, 1, 1), np.array([0.2, -1, 0]).reshape(3, 1, 1)
    simulation.m = m
    simulation.minimize(1e-10)
    np.testing.assert_allclose(simulation.average_m()[:, 0], [0.3, 0.7, 0.99, 1], rtol=1e-6)
    harder = saturation + 4 * 1e-4 / (MS * EDGE)
    terms = [
        InterlayerExchange(J1=-5e-4, J2=-1e-4),
        Zeeman(B=PerReplica([(0.995 * harder, 0, 0), (1.005 * harder, 0, 0)])),
    ]
    simulation = Simulation(mesh, terms, Ms=Ms, m=m[:2], regions=regions)
    simulation.minimize(1e-10)
    below, above = simulation.average_m()[:, 0]
    assert below < 1 - 1e-3
    assert above == pytest.approx(1, abs=1e-9)


def saturation_field(size, A_interface):
    """Field [T] above which two layers of 40 nm are parallel: minus the least eigenvalue of the linearised field.

    m = (1, θ_n, 0): B_y of cell n, linear in the angles, and B_x of the parallel state give the torque on each cell.
    """
    n = round(40e-9 / size)
    mesh = Mesh((1, 1, 2 * n + 1), (size,) * 3, "xy")
    Ms = np.full(mesh.shape, MS)
    Ms[n] = 0
    cells = [k for k in range(2 * n + 1) if k != n]
    m = np.zeros((2 * n, 3, *mesh.shape))
    m[:, 0] = 1
    h = 1e-4
    for replica, cell in enumerate(cells):
        m[replica, 1, cell] = h
    terms = [Exchange(A=1e-11), InterlayerExchange(J1=-2e-3, A=A_interface)]
    B = Simulation(mesh, terms, Ms=Ms, m=m).effective_field()[:, :, cells, 0, 0]
    straight = Simulation(mesh, terms, Ms=Ms, m=(1, 0, 0)).effective_field()[0, 0, cells, 0, 0]
    return -np.linalg.eigvalsh(np.diag(straight) - (B[:, 1] + B[:, 1].T) / (2 * h))[0]


@pytest.mark.parametrize(("A", "expected", "worst"), [(0.0, 1, 0.2), (1e-11, 2, 0.02)])
def test_saturation_of_layers_that_twist(A, expected, worst):
    """Thick layers: A k = |J1| with k² = Ms B / 2A, so B = 2 J1² / (A Ms); first order without A, second with it."""
    exact = 2 * 2e-3**2 / (1e-11 * MS)
    sizes = [1e-9, 0.5e-9, 0.25e-9]
    errors = [abs(saturation_field(size, A) - exact) / exact for size in sizes]
    assert order(sizes, errors) == pytest.approx(expected, abs=0.2)
    assert errors[0] < worst


def test_spin_flop_field():
    """Along the easy axis the antiparallel state is stable up to B = sqrt(B_K (B_K + 2 B_J)), B_J = |J1| / (Ms t)."""
    mesh, regions, Ms = stack("a.b")
    J1, Ku1 = -2e-4, 4e4
    B_K, B_J = 2 * Ku1 / MS, -J1 / (MS * EDGE)
    critical = np.sqrt(B_K * (B_K + 2 * B_J))
    ratios = (0.99, 1.01)
    terms = [
        InterlayerExchange(J1=J1, regions=["b", "a"]),
        UniaxialAnisotropy(Ku1=Ku1, axis=(1, 0, 0)),
        Zeeman(B=PerReplica([(ratio * critical, 0, 0) for ratio in ratios])),
    ]
    m = np.zeros((3, *mesh.shape))
    m[0] = np.array([1, 0, -1]).reshape(3, 1, 1)
    m[1] += 1e-3 * np.array([1, 0, 1.7]).reshape(3, 1, 1)
    simulation = Simulation(mesh, terms, Ms=Ms, m=m, regions=regions, alpha=0.5)
    simulation.minimize(1e-9)
    assert simulation.m[0, 0, 2].item() == pytest.approx(-1, abs=1e-6)
    assert simulation.m[1, 0, 2].item() > 0


def test_a_stack_of_many_layers_couples_only_neighbours_named():
    """a.b.c with one coupling for each pair: b feels both, a and c one each, and none reaches through b."""
    mesh, regions, Ms = stack("a.b.c")
    rng = np.random.default_rng(0)
    m = rng.normal(size=(3, *mesh.shape))
    m /= np.linalg.norm(m, axis=0)
    a, b, c = (m[:, k, 0, 0] for k in (0, 2, 4))
    terms = [InterlayerExchange(J1=1e-3, regions=["a", "b"]), InterlayerExchange(J1=-2e-3, regions=["c", "b"])]
    B = Simulation(mesh, terms, Ms=Ms, m=m, regions=regions).effective_field()[0, :, :, 0, 0]
    np.testing.assert_allclose(B[:, 0], 1e-3 * b / (MS * EDGE), rtol=1e-12)
    np.testing.assert_allclose(B[:, 2], (1e-3 * a - 2e-3 * c) / (MS * EDGE), rtol=1e-12)
    np.testing.assert_allclose(B[:, 4], -2e-3 * b / (MS * EDGE), rtol=1e-12)


def test_a_layer_between_shields_and_a_gap_inside_a_layer_does_not_couple_it_with_itself():
    mesh, regions, Ms = stack("a.b.c")
    shielded = Simulation(mesh, [InterlayerExchange(J1=1e-3, regions=["a", "c"])], Ms=Ms, regions=regions)
    assert not shielded.effective_field().any()
    mesh, regions, Ms = stack("aa.ab")
    B = Simulation(mesh, [InterlayerExchange(J1=1e-3, regions=["a", "b"])], Ms=Ms, regions=regions).effective_field()
    np.testing.assert_allclose(B[0, 2, :, 0, 0], np.array([0, 0, 0, 1, 1]) * 1e-3 / (MS * EDGE))


def test_without_regions_all_that_face_each_other_across_a_gap_are_coupled_also_round_a_periodic_axis():
    for periodic, expected in (("", [0, 1, 0, 1, 0, 0]), ("z", [1, 1, 0, 1, 1, 0])):
        mesh, _, Ms = stack("aa.bb.", periodic=periodic)
        B = Simulation(mesh, [InterlayerExchange(J1=1e-3)], Ms=Ms).effective_field()[0, 2, :, 0, 0]
        np.testing.assert_allclose(B, np.array(expected) * 1e-3 / (MS * EDGE))


def test_regions_that_touch_are_coupled_beside_their_exchange():
    mesh, regions, Ms = stack("ab")
    m = np.zeros((3, *mesh.shape))
    m[0, 0], m[1, 1] = 1, 1
    exchange = Exchange(A=1e-11, between=[Between(["a", "b"], scale=0)])
    coupling = InterlayerExchange(J1=-1e-3, regions=["a", "b"])
    simulation = Simulation(mesh, [exchange, coupling], Ms=Ms, m=m, regions=regions)
    assert simulation.energies()["exchange"][0] == 0
    np.testing.assert_allclose(
        simulation.effective_field()[0, :, 0, 0, 0], [0, -1e-3 / (MS * EDGE), 0], rtol=0, atol=1e-15
    )


def test_a_spacer_that_becomes_magnetic_ends_the_coupling():
    mesh, regions, Ms = stack("a.b")
    simulation = Simulation(mesh, [InterlayerExchange(J1=1e-3, regions=["a", "b"])], Ms=Ms, regions=regions)
    assert simulation.effective_field().any()
    simulation.set("material.Ms", MS)
    assert not simulation.effective_field().any()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("periodic", ["", "xyz"])
def test_gradient_and_devices(axis, dtype, periodic, device):
    """Random holes and per-cell J, per replica: the field is minus the gradient, and the same on every device."""
    rng = np.random.default_rng(axis)
    mesh, _, _ = stack("." * 11, (3, 2), axis, periodic)
    regions = {"grain": rng.integers(0, 3, mesh.shape)}
    Ms = np.where(rng.uniform(size=(2, 1, *mesh.shape)) < 0.5, 0, 8e5)
    letter = "xyz"[axis]
    J1, J2 = 1e-3 * rng.normal(size=(2, 1, *mesh.shape)), 1e-3 * rng.normal(size=mesh.shape)
    terms = [
        InterlayerExchange(J1=J1, J2=J2, axis=letter, A=rng.uniform(0, 2e-11, mesh.shape)),
        InterlayerExchange(J1=1e-3, J2=PerReplica([2e-4, 1e-4]), axis=letter, regions=["grain", "default"]),
    ]
    m = rng.normal(size=(2, 3, *mesh.shape))
    make = lambda device: Simulation(mesh, terms, Ms=Ms, m=m, regions=regions, dtype=dtype, device=device)  # noqa: E731
    simulation, reference = make(device), make("numpy")
    field = simulation.effective_field()
    tolerance = 1e-13 if dtype == "float64" else 1e-6
    np.testing.assert_allclose(field, reference.effective_field(), rtol=0, atol=tolerance * np.abs(field).max())
    for key, values in reference.energies().items():
        scale = 1e-3 * mesh.n_cells * 6e-18
        np.testing.assert_allclose(simulation.energies()[key], values, rtol=0, atol=tolerance * scale)
    if dtype == "float32":
        return
    for cell in np.argwhere((Ms > 0).all(axis=(0, 1)))[:4]:
        direction, energies = rng.normal(size=3), []
        for h in (1e-3, -1e-3):
            moved = simulation.m
            moved[(slice(None), slice(None), *cell)] += h * direction
            energies.append(simulation._magnet.total_energy(moved, np.zeros(2), None)[1])
        expected = -(energies[0] - energies[1]) / 2e-3 / (8e5 * mesh.cell_volume)
        scale = np.abs(field).max()
        here = field[(slice(None), slice(None), *cell)] @ direction
        np.testing.assert_allclose(here, expected, rtol=0, atol=1e-6 * scale)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"regions": ["a", "c"]}, r"interlayer_exchange\.regions: no region 'c'"),
        ({"regions": ["a"]}, "the names of two regions"),
        ({"regions": ["a", "b"], "axis": "x"}, "along x"),
        ({"axis": "w"}, "allowed: x, y, z"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    mesh, regions, Ms = stack("a.b")
    with pytest.raises(ParameterError, match=message):
        Simulation(mesh, [InterlayerExchange(J1=1e-3, **options)], Ms=Ms, regions=regions)
