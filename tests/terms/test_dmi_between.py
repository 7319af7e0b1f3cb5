"""DMI across borders whose exchange is scaled, given, antiparallel or absent: against half-links minimised one by one,
separate magnets, a boundary value problem with a weak interface, and the gradient."""

from functools import partial

import numpy as np
import pytest
from scipy.integrate import solve_bvp
from scipy.optimize import minimize

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import BulkDMI, D2dDMI, Exchange, InterfacialDMI, UniaxialAnisotropy
from fdmag.terms.exchange import Between
from validation.measure import order

# The reference alone, but for the test that compares devices: a kernel of each kind takes seconds to compile.
Simulation = partial(Simulation, device="numpy")
A, K, D, MS = 13e-12, 4e5, 3e-3, 8.6e5
KINDS = [InterfacialDMI, BulkDMI, D2dDMI]


@pytest.fixture(autouse=True)
def _every_device():
    """Do not run every test on each device."""


def halves(mesh):
    return {"right": np.broadcast_to(mesh.x > 0, mesh.shape)}


def unit(angles):
    theta, phi = angles
    return np.array([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])


def least_energy(mi, mj, di, dj, Ai, Aj, coupling, size):
    """Energy per area of two half-links along x, with the spins at both sides of the border at their best.

    Each half has exchange (2 A / Δ)|face − m|² and DMI d·(lower × upper); the border itself coupling |f − g|².
    """

    def energy(angles):
        f, g = unit(angles[:2]), unit(angles[2:])
        exchange = 2 / size * (Ai * np.sum((f - mi) ** 2) + Aj * np.sum((g - mj) ** 2))
        return (exchange + coupling * np.sum((f - g) ** 2) + di @ np.cross(mi, f) + dj @ np.cross(g, mj)) / 1e-4

    start = [value for m in (mi, mj) for value in (np.arccos(m[2]), np.arctan2(m[1], m[0]))]
    return 1e-4 * minimize(energy, start, method="BFGS", options={"gtol": 1e-9}).fun


@pytest.mark.parametrize("s", [0.0, 0.2, 0.7, -0.3, -0.8])
def test_two_cells_have_the_least_energy_of_their_half_links(s):
    """A border whose exchange is s times the mean, by `exchange.between`, is the share s of a whole link and 1 − |s| of
    two surfaces. The DMI's part is of first order in Δ, and what is left of second order.

    The springs of both halves and of the border act one after the other: 1/(|s| A_ij) = 1/A_ij + 1/(coupling Δ). With
    s < 0 the spins beyond the border are reversed, which changes the sign of its coupling, and of no DMI.
    """
    rng, other, sign = np.random.default_rng(3), 0.4 * A, -1 if s < 0 else 1
    middle, turn, normals = unit((1.1, 0.4)), rng.normal(size=3), rng.normal(size=(2, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    constants, mean = np.array([D, -0.6 * D]), 2 * A * other / (A + other)
    vectors = constants[:, None] * np.cross(normals, [1, 0, 0])
    sizes, errors = [0.4e-9, 0.2e-9, 0.1e-9], []
    for size in sizes:
        lower, upper = (m / np.linalg.norm(m) for m in (middle + side * size / 8e-9 * turn for side in (-1, 1)))
        link = abs(s) * mean
        coupling = link * mean / (mean - link) / size
        exact, exchange = (
            least_energy(lower, upper, *d, A, other, coupling, size) for d in (vectors, np.zeros((2, 3)))
        )
        stretched = link / size * np.sum((upper - lower) ** 2)
        assert exchange == pytest.approx(stretched, rel=0.03, abs=1e-3 * size * D**2 / A)
        exact -= exchange
        ends = [np.sum(np.cross(d, m) ** 2) / a for d, m, a in zip(vectors, (lower, upper), (A, other), strict=True)]
        exact -= size / 8 * sum(ends)  # the two surfaces at the ends of the mesh
        mesh = Mesh((2, 1, 1), (size,) * 3, "yz")
        stiffness = {"default": A, "right": other}
        dmi = InterfacialDMI(D=constants.reshape(1, 1, 2), normal=normals.T.reshape(3, 1, 1, 2))
        terms = [dmi, Exchange(A=stiffness, between=[Between(["default", "right"], scale=s)])]
        m = np.stack([lower, sign * upper], axis=1).reshape(3, 1, 1, 2)
        simulation = Simulation(mesh, terms, Ms=MS, m=m, regions=halves(mesh))
        errors.append(abs(simulation.energies()["interfacial_dmi"][0] / size**2 - exact))
    assert order(sizes, errors) > 1.9
    assert errors[-1] < 0.05 * sizes[-1] * D**2 / (8 * A)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("boundary", ["dmi", "free"])
def test_a_border_without_exchange_is_a_surface_of_both_sides(kind, boundary):
    """Two halves whose border has scale 0, with other D and A, against each half as a magnet of its own."""
    rng = np.random.default_rng(1)
    whole, half = (Mesh((n, 4, 3), (2e-9, 3e-9, 4e-9), "z") for n in (6, 3))
    m = rng.normal(size=(3, *whole.shape))
    stiffness, strength = {"default": A, "right": 0.3 * A}, {"default": D, "right": -0.7 * D}
    border = [Between(["default", "right"], scale=0)]
    terms = [Exchange(A=stiffness, between=border), kind(D=strength, boundary=boundary)]
    together = Simulation(whole, terms, Ms=MS, m=m, regions=halves(whole)).effective_field()
    for side, cells in (("default", slice(0, 3)), ("right", slice(3, 6))):
        alone = [Exchange(A=stiffness[side]), kind(D=strength[side], boundary=boundary)]
        expected = Simulation(half, alone, Ms=MS, m=m[..., cells]).effective_field()
        scale = np.abs(expected).max()
        np.testing.assert_allclose(together[..., cells], expected, rtol=0, atol=1e-13 * scale)


@pytest.mark.parametrize("kind", KINDS)
def test_reversing_one_side_turns_a_parallel_border_into_an_antiparallel_one(kind):
    """m → −m on the right with scale → −scale leaves every energy of DMI, and the field but for its sign."""
    rng = np.random.default_rng(2)
    mesh = Mesh((6, 4, 3), (2e-9, 3e-9, 4e-9))
    m, found = rng.normal(size=(3, *mesh.shape)), []
    sides = np.where(mesh.x > 0, -1, 1)
    for scale, reverse in ((0.6, 1), (-0.6, sides)):
        border = [Between(["default", "right"], scale=scale)]
        terms = [Exchange(A={"default": A, "right": 0.3 * A}, between=border), kind(D={"default": D, "right": -D})]
        simulation = Simulation(mesh, terms, Ms=MS, m=reverse * m, regions=halves(mesh))
        name = kind.name
        found.append((simulation.energies()[name], reverse * simulation.effective_field(name)))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-12)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=0, atol=1e-12 * np.abs(found[0][1]).max())


@pytest.mark.parametrize(
    ("kind", "dtype"), [(InterfacialDMI, "float64"), (InterfacialDMI, "float32"), (D2dDMI, "float64")]
)
@pytest.mark.parametrize("periodic", ["", "xyz"])
def test_gradient_and_devices(kind, periodic, dtype, device):
    """Random regions, holes, values per cell and per replica: the exact gradient, and the same on every device."""
    rng = np.random.default_rng(4)
    mesh = Mesh((5, 4, 3), (2e-9, 3e-9, 5e-9), periodic)
    regions = {"grain": rng.integers(0, 4, mesh.shape), "soft": rng.uniform(size=mesh.shape) < 0.3}
    border = [
        Between(["grain", "grain"], scale=PerReplica([0.3, 1.4])),
        Between(["grain", "soft"], A=PerReplica([-4e-12, 7e-12])),
        Between(["default", "soft"], scale=0),
    ]
    terms = [
        kind(D=1e-3 * rng.normal(size=mesh.shape)),
        Exchange(A=1e-11 * rng.uniform(0.5, 1.5, mesh.shape), between=border),
    ]
    Ms = np.where(rng.uniform(size=mesh.shape) < 0.2, 0, rng.uniform(5e5, 1e6, mesh.shape))
    m = rng.normal(size=(2, 3, *mesh.shape))
    simulation, reference = (
        Simulation(mesh, terms, Ms=Ms, m=m, regions=regions, device=each, dtype=dtype) for each in (device, "numpy")
    )
    field, name = simulation.effective_field(kind.name), kind.name
    allowed = (1e-13 if dtype == "float64" else 3e-6) * np.abs(field).max()
    np.testing.assert_allclose(field, reference.effective_field(name), rtol=0, atol=allowed)
    if dtype == "float32":
        return
    magnet, context = reference._magnet, reference._magnet.context(np.zeros(2))
    for cell in np.argwhere(Ms > 0)[::9]:
        direction, energies = rng.normal(size=3), []
        for h in (0.5, -0.5):  # the energy is of degree 2: any step will do
            moved = reference.m
            moved[(slice(None), slice(None), *cell)] += h * direction
            energies.append(magnet.energy(name, moved, magnet.field(moved, context, [name]), context))
        expected = -(energies[0] - energies[1]) / (Ms[tuple(cell)] * mesh.cell_volume)
        here = field[(slice(None), slice(None), *cell)] @ direction
        np.testing.assert_allclose(here, expected, rtol=0, atol=1e-12 * np.abs(field).max() * mesh.n_cells)


def coupled(left, right, length, J):
    """Polar angle of a wire of two materials (A, D) with the energy −J cos(θ_right − θ_left) of their border.

    e = A θ'² + K sin²θ + D θ'; 2Aθ' + D is 0 at both ends, and J sin(θ_right − θ_left) on both sides of the border.
    """

    def slopes(s, y):  # in nm and mJ/m²: θ and the flux 2Aθ' + D of the left half, then of the right half
        torque = 1e-6 * K * np.sin(2 * y[::2])
        turn = [(y[1] / 1e3 - left[1]) / (2 * left[0]), (y[3] / 1e3 - right[1]) / (2 * right[0])]
        return np.array([1e-9 * turn[0], torque[0], 1e-9 * turn[1], torque[1]])

    def ends(a, b):
        return np.array([a[1], b[1] - 1e3 * J * np.sin(a[2] - b[0]), b[1] - a[3], b[3]])

    s = np.linspace(0, length * 1e9, 400)
    found = solve_bvp(slopes, ends, s, np.zeros((4, s.size)), tol=1e-6)
    assert found.success
    return lambda x: found.sol(x * 1e9)


@pytest.mark.parametrize("J", [1e-3, 8e-3])
def test_a_weak_border_of_two_materials(J):
    """Against the continuum, to second order: the link in series with the halves has A = Δ / (Δ/A_mean + 2/J)."""
    half, right, strength = 40e-9, 0.4 * A, -1e-3
    sizes, errors = [2e-9, 1e-9, 0.5e-9], []
    exact = coupled((A, D), (right, strength), half, J)
    jump = exact(half)[0] - exact(0)[2]
    for size in sizes:
        n = round(half / size)
        mesh = Mesh((2 * n, 1, 1), (size,) * 3, "yz")
        mean = 2 * A * right / (A + right)
        border = [Between(["default", "right"], A=size / (size / mean + 2 / J))]
        terms = [
            Exchange(A={"default": A, "right": right}, between=border),
            InterfacialDMI(D={"default": D, "right": strength}),
            UniaxialAnisotropy(Ku1=K),
        ]
        simulation = Simulation(mesh, terms, Ms=MS, m=(0.01, 0, 1), regions=halves(mesh))
        simulation.minimize(1e-7)
        m = simulation.m[0, :, 0, 0]
        x = (np.arange(n) + 0.5) * size
        errors.append(np.abs(np.arctan2(m[0], m[2]) - np.concatenate([exact(x)[0], exact(x)[2]])).max())
    assert abs(jump) > 0.05  # so that the border matters
    assert order(sizes, errors) == pytest.approx(2, abs=0.3)
    assert errors[-1] < 0.01


def test_the_border_follows_exchange_when_it_changes_and_with_an_own_stiffness():
    mesh = Mesh((6, 1, 1), (2e-9,) * 3)
    m = np.random.default_rng(5).normal(size=(3, *mesh.shape))

    def field(exchange, **options):
        terms = [InterfacialDMI(D=D, **options), exchange]
        return Simulation(mesh, terms, Ms=MS, m=m, regions=halves(mesh))

    border = [Between(["default", "right"], A=4e-12)]
    simulation = field(Exchange(A=A, between=border))
    simulation.set("exchange.A", 2 * A)
    expected = field(Exchange(A=2 * A, between=border)).effective_field("interfacial_dmi")
    np.testing.assert_array_equal(simulation.effective_field("interfacial_dmi"), expected)
    own = field(Exchange(A=3 * A, between=border), A=2 * A)
    np.testing.assert_array_equal(own.effective_field("interfacial_dmi"), expected)


def test_several_exchange_terms_of_which_one_has_borders_are_refused():
    mesh = Mesh((6, 1, 1), (2e-9,) * 3)
    terms = [InterfacialDMI(D=D, A=A), Exchange(A=A), Exchange(A=A, between=[Between(["default", "right"], scale=0)])]
    with pytest.raises(ParameterError, match="interfacial_dmi: several terms exchange"):
        Simulation(mesh, terms, Ms=MS, regions=halves(mesh))
