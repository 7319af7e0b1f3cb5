"""DMI against closed forms, boundary value problems and spectral derivatives; each sign as a sentence."""

import numpy as np
import pytest
from scipy.integrate import solve_bvp

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import BulkDMI, D2dDMI, Exchange, InterfacialDMI, UniaxialAnisotropy, Zeeman
from tests.closeness import close
from validation.measure import order

A, K, D, MS = 13e-12, 4e5, 3e-3, 8.6e5
WIDTH = np.sqrt(A / K)


def turning(axis, plane, cells=24, size=2e-9, sense=1):
    """m turning once along ``axis`` of a periodic mesh in the plane (first, second): from the first to the second.

    Two cells wide across the axis, so that kernels for three axes serve for all of them.
    """
    counts = [2, 2, 2]
    counts[axis] = cells
    mesh = Mesh(counts, (size, size, size), "xyz")
    angle = 2 * np.pi * sense * np.arange(cells) / cells
    m = np.zeros((3, cells))
    m[plane[0]], m[plane[1]] = np.cos(angle), np.sin(angle)
    shape = [3, 1, 1, 1]
    shape[3 - axis] = cells
    return mesh, np.broadcast_to(m.reshape(shape), (3, *mesh.shape))


X, Y, Z = 0, 1, 2
RIGHT_HANDED = {X: (Y, Z), Y: (Z, X), Z: (X, Y)}
SPIRALS = [
    *[(BulkDMI, axis, plane, -1) for axis, plane in RIGHT_HANDED.items()],
    *[(BulkDMI, axis, (Z, axis) if axis != Z else (X, Z), 0) for axis in (X, Y, Z)],
    (D2dDMI, X, RIGHT_HANDED[X], 1),
    (D2dDMI, Y, RIGHT_HANDED[Y], -1),
    (D2dDMI, Z, RIGHT_HANDED[Z], 0),
    (D2dDMI, X, (Z, X), 0),
    (InterfacialDMI, X, (Z, X), 1),
    (InterfacialDMI, Y, (Z, Y), 1),
    (InterfacialDMI, X, (Y, Z), 0),
    (InterfacialDMI, X, (X, Y), 0),
    (InterfacialDMI, Z, (Z, X), 0),
]


@pytest.mark.parametrize(("kind", "axis", "plane", "sign"), SPIRALS)
@pytest.mark.parametrize("sense", [1, -1])
def test_energy_of_a_spiral(kind, axis, plane, sign, sense):
    """m turning by φ per cell has the energy density ± D sin(φ) / Δ, or none, whichever way the formula says.

    D m·(∇×m): −D θ' for a right-handed helix along any axis. D m·(∂_x m × x − ∂_y m × y): +D θ' along x, −D θ' along
    y. D [m_z ∇·m − (m·∇) m_z]: +D θ' where m turns from z towards the direction of propagation.
    """
    mesh, m = turning(axis, plane, sense=sense)
    energy = Simulation(mesh, [kind(D=D, A=A)], Ms=MS, m=m).energy()[0]
    expected = sense * sign * D * np.sin(2 * np.pi / 24) / 2e-9 * 96 * 8e-27
    assert energy == pytest.approx(expected, rel=1e-12, abs=1e-35)


def smooth(n):
    """A smooth field of unit vectors on a periodic cube of n³ cells, and the cube's edge [m]."""
    phase = 2 * np.pi * np.arange(n) / n
    x, y, z = phase[None, None, :], phase[None, :, None], phase[:, None, None]
    m = np.stack(np.broadcast_arrays(0.4 * np.sin(x + y), 0.5 * np.cos(z - x), 1 + 0.2 * np.sin(y) * np.cos(z)))
    return m / np.linalg.norm(m, axis=0), 60e-9


def spectral(m, axis, length):
    k = 2j * np.pi / length * np.fft.fftfreq(m.shape[-1], 1 / m.shape[-1])
    shape = [1, 1, 1]
    shape[2 - axis] = -1
    return np.fft.ifft(np.fft.fft(m, axis=-1 - axis) * k.reshape(shape), axis=-1 - axis).real


def continuum(kind, dm):
    """B Ms / 2D from the derivatives dm[k] = ∂_k m, as formulas in components."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, _) = dm
    return {
        InterfacialDMI: [xz, yz, -xx - yy],
        BulkDMI: [-(yz - zy), -(zx - xz), -(xy - yx)],
        D2dDMI: [-yz, -xz, xy + yx],
    }[kind]


@pytest.mark.parametrize("kind", [InterfacialDMI, BulkDMI, D2dDMI])
def test_field_tends_to_the_formula_to_second_order(kind):
    """The field against derivatives by Fourier transform, which are exact for a smooth periodic m."""
    sizes, errors = [], []
    for n in (32, 64):
        m, length = smooth(n)
        mesh = Mesh((n, n, n), (length / n,) * 3, "xyz")
        B = Simulation(mesh, [kind(D=D, A=A)], Ms=MS, m=m).effective_field()[0]
        fine, _ = smooth(64)
        step = 64 // n
        dm = [spectral(fine, axis, length)[:, ::step, ::step, ::step] for axis in range(3)]
        expected = 2 * D / MS * np.stack(continuum(kind, dm))
        sizes.append(length / n)
        errors.append(np.abs(B - expected).max() / np.abs(expected).max())
    assert order(sizes, errors) == pytest.approx(2, abs=0.05)
    assert errors[-1] < 0.02


def test_any_film_normal():
    """A film whose normal is x has the energy D [m_x ∇·m − (m·∇) m_x]: +D θ' for turns from x towards y along y."""
    mesh, m = turning(Y, (X, Y))
    energies = [
        Simulation(mesh, [InterfacialDMI(D=D, A=A, normal=n)], Ms=MS, m=m).energy()[0]
        for n in ((1, 0, 0), (-2, 0, 0), (0, 0, 1))
    ]
    expected = D * np.sin(2 * np.pi / 24) / 2e-9 * 96 * 8e-27
    np.testing.assert_allclose(energies, [expected, -expected, 0], rtol=1e-12, atol=1e-35)


# ---- signs in words -----------------------------------------------------------------------------------------


def wire(term, cells=50, size=1e-9, m=(0.01, 0.01, 1)):
    """Equilibrium of a wire along x, endless along y and z so that it has no other surfaces than its ends."""
    mesh = Mesh((cells, 1, 1), (size, size, size), "yz")
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=K), *([term] if term else [])]
    simulation = Simulation(mesh, terms, Ms=MS, m=m)
    simulation.minimize(1e-7)
    return simulation


def test_with_positive_interfacial_d_an_up_magnetised_wire_tilts_inwards_at_its_ends():
    m = wire(InterfacialDMI(D=D)).m[0, :, 0, 0]
    assert m[2].min() > 0
    assert m[0, 0] > 0.5
    assert m[0, -1] < -0.5


def test_with_positive_bulk_d_the_right_end_of_an_up_magnetised_wire_tilts_to_minus_y():
    """∂m/∂ν = ν × m D / (2A), with ν = x and m = z: −y."""
    m = wire(BulkDMI(D=D)).m[0, :, 0, 0]
    assert m[1, 0] > 0.5
    assert m[1, -1] < -0.5


def test_with_positive_interfacial_d_a_neel_wall_points_from_the_down_domain_to_the_up_domain():
    for up_on in (-1, 1):
        mesh = Mesh((60, 1, 1), (1e-9,) * 3)
        m = np.stack(np.broadcast_arrays(0.0, 0.3, up_on * np.tanh(mesh.x / WIDTH)))
        centre = wire(InterfacialDMI(D=2e-3), cells=60, m=m).m[0, :, 0, 0, 30]
        assert centre[0] * up_on > 0.95


def test_with_positive_bulk_d_a_helix_is_a_right_handed_screw():
    """Exchange and bulk DMI alone on an open wire: each cell is turned from the last by atan(D Δ / 2A), y to z."""
    mesh = Mesh((40, 1, 1), (2e-9,) * 3, "yz")
    angle = 0.2 * np.arange(40) + 0.3 * np.sin(np.arange(40))
    m = np.stack([0 * angle, np.cos(angle), np.sin(angle)])[:, None, None, :]
    simulation = Simulation(mesh, [Exchange(A=A), BulkDMI(D=D)], Ms=MS, m=m)
    simulation.minimize(1e-9)
    _, y, z = simulation.m[0, :, 0, 0]
    turned = np.unwrap(np.arctan2(z, y))
    np.testing.assert_allclose(np.diff(turned), np.arctan(D * 2e-9 / (2 * A)), rtol=1e-5)


# ---- surfaces and interfaces --------------------------------------------------------------------------------


def tilt(x, sine):
    """Polar angle at distance x from a surface where sin θ = D / (2 sqrt(A K)): the half of a Bloch wall's tail."""
    return 2 * np.arctan(np.tan(np.arcsin(sine) / 2) * np.exp(-x / WIDTH))


@pytest.mark.parametrize("boundary", ["dmi", "free"])
@pytest.mark.parametrize("kind", [InterfacialDMI, BulkDMI, D2dDMI])
def test_edge_tilt_of_a_long_wire(kind, boundary):
    """Rohart and Thiaville: |m_⊥| at the edge is D / (2 sqrt(AK)), and the tail that of a wall.

    m stays normal to d, so that the surface's part of the energy is constant: both boundaries are of second order.
    """
    sizes, errors = [2e-9, 1e-9, 0.5e-9], []
    for size in sizes:
        cells = round(120e-9 / size)
        m = wire(kind(D=D, boundary=boundary), cells, size).m[0, :, 0, 0]
        n = cells // 6  # beyond, the tail of the other end is felt
        angle = np.arctan2(np.hypot(m[0], m[1]), m[2])[:n]
        errors.append(np.abs(angle - tilt((np.arange(n) + 0.5) * size, D / (2 * np.sqrt(A * K)))).max())
    assert order(sizes, errors) == pytest.approx(2, abs=0.2)
    assert errors[-1] < (sizes[-1] / WIDTH) ** 2


@pytest.mark.parametrize(("boundary", "expected", "worst"), [("dmi", 2, 0.01), ("free", 1, 0.2)])
def test_energy_of_a_surface(boundary, expected, worst):
    """2 sqrt(AK) (1 − cos θ) − D θ, least where sin θ = D / (2 sqrt(AK)); the sum of a wall's tail and ∫ D θ' dx."""
    edge = np.arcsin(D / (2 * np.sqrt(A * K)))
    exact = 2 * np.sqrt(A * K) * (1 - np.cos(edge)) - D * edge
    sizes, errors = [2e-9, 1e-9, 0.5e-9], []
    for size in sizes:
        cells = round(80e-9 / size)
        simulation = wire(InterfacialDMI(D=D, boundary=boundary), cells, size)
        energy = simulation.energy()[0] / size**2 + K * cells * size
        errors.append(abs(energy / 2 - exact) / abs(exact))
    assert order(sizes, errors) == pytest.approx(expected, abs=0.2)
    assert errors[-1] < worst


@pytest.mark.parametrize(("boundary", "ratio"), [("dmi", 4), ("free", 2)])
def test_order_of_an_edge_that_is_pulled_along_its_dmi_vector(boundary, ratio):
    """With a field along y the ends turn out of the xz plane; halving the cell quarters the error, or halves it."""
    means = []
    for size in (2e-9, 1e-9, 0.5e-9):
        mesh = Mesh((round(40e-9 / size), 1, 1), (size,) * 3, "yz")
        terms = [
            Exchange(A=A),
            UniaxialAnisotropy(Ku1=K),
            InterfacialDMI(D=D, boundary=boundary),
            Zeeman(B=(0, 0.3, 0)),
        ]
        simulation = Simulation(mesh, terms, Ms=MS, m=(0.01, 0.01, 1))
        simulation.minimize(1e-8)
        means.append(simulation.average_m()[0, 1])
    assert (means[0] - means[1]) / (means[1] - means[2]) == close(ratio, rel=0.15)


def composite(left, right, length):
    """Polar angle of a wire of two materials (A, D), each of this length: the boundary value problem in θ, exactly.

    e = A θ'² + K sin²θ + D θ'; 2Aθ' + D is 0 at both ends and continuous at the border.
    """

    def slopes(s, y):  # in nm and mJ/m²: θ and the flux 2Aθ' + D of the left half, then of the right half
        torque = 1e-6 * K * np.sin(2 * y[::2])
        turn = [(y[1] / 1e3 - left[1]) / (2 * left[0]), (y[3] / 1e3 - right[1]) / (2 * right[0])]
        return np.array([1e-9 * turn[0], torque[0], 1e-9 * turn[1], torque[1]])

    def ends(a, b):
        return np.array([a[1], b[0] - a[2], b[1] - a[3], b[3]])

    s = np.linspace(0, length * 1e9, 400)
    found = solve_bvp(slopes, ends, s, np.zeros((4, s.size)), tol=1e-6)
    assert found.success
    return lambda x: found.sol(x * 1e9)


@pytest.mark.parametrize("right", [(A, 0.0), (0.4 * A, 0.0), (0.4 * A, -1e-3), (2.5 * A, 2e-3)])
def test_border_of_two_materials(right):
    """A wire with other A and D in its right half against the continuum, to second order."""
    half = 40e-9
    sizes, errors = [2e-9, 1e-9, 0.5e-9], []
    exact = composite((A, D), right, half)
    for size in sizes:
        n = round(half / size)
        mesh = Mesh((2 * n, 1, 1), (size,) * 3, "yz")
        sides = {"right": np.broadcast_to(mesh.x > 0, mesh.shape)}
        values = [{"default": one, "right": other} for one, other in zip((A, D), right, strict=True)]
        terms = [Exchange(A=values[0]), InterfacialDMI(D=values[1]), UniaxialAnisotropy(Ku1=K)]
        simulation = Simulation(mesh, terms, Ms=MS, m=(0.01, 0, 1), regions=sides)
        simulation.minimize(1e-7)
        m = simulation.m[0, :, 0, 0]
        x = (np.arange(n) + 0.5) * size
        expected = np.concatenate([exact(x)[0], exact(x)[2]])
        errors.append(np.abs(np.arctan2(m[0], m[2]) - expected).max())
    assert order(sizes, errors) == pytest.approx(2, abs=0.3)
    assert errors[-1] < 0.01


def test_one_layer_with_bulk_dmi_is_the_film_that_twists_through_its_thickness():
    """Along z, m = x turns by D t / 2A through the thickness, which gains D²/(4A); one layer has it in its surfaces."""
    m = (1, 0, 0)
    one = Simulation(Mesh((1, 1, 1), (2e-9,) * 3, "xy"), [BulkDMI(D=D, A=A)], Ms=MS, m=m)
    assert one.energy_density("bulk_dmi").item() == close(-(D**2) / (4 * A), rel=1e-12)
    np.testing.assert_allclose(one.effective_field().ravel(), [D**2 / (2 * A) / MS, 0, 0], rtol=1e-12)
    mesh = Mesh((1, 1, 16), (2e-9, 2e-9, 0.125e-9), "xy")
    many = Simulation(mesh, [Exchange(A=A), BulkDMI(D=D)], Ms=MS, m=m)
    many.minimize(1e-8)
    assert many.energy()[0] / (8e-27) == close(-(D**2) / (4 * A), rel=1e-3)


def test_a_free_boundary_adds_nothing_to_a_single_cell():
    for kind in (InterfacialDMI, BulkDMI, D2dDMI):
        simulation = Simulation(Mesh((1, 1, 1), (2e-9,) * 3), [kind(D=D, boundary="free")], Ms=MS, m=(0.6, 0, 0.8))
        assert not simulation.effective_field().any()


def test_wall_energy():
    """A Néel wall costs 4 sqrt(AK) − π |D|: two walls of a periodic wire, extrapolated in the square of the cell."""
    d, energies, sizes, length = 2e-3, [], [1e-9, 0.5e-9], 200e-9
    for size in sizes:
        mesh = Mesh((round(length / size), 1, 1), (size,) * 3, "xyz")
        angle = -2 * np.pi * mesh.x / length
        m = np.stack(np.broadcast_arrays(np.sin(angle), 0, np.cos(angle)))
        terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=K), InterfacialDMI(D=d)]
        simulation = Simulation(mesh, terms, Ms=MS, m=m)
        simulation.minimize(1e-7)
        energies.append((simulation.energy()[0] / size**2 + K * length) / 2)
    wall = 4 * np.sqrt(A * K)
    fourth_order = (sizes[0] / WIDTH) ** 4
    assert (4 * energies[1] - energies[0]) / 3 == pytest.approx(wall - np.pi * d, abs=fourth_order * wall)
    assert abs(energies[1] - wall + np.pi * d) < 0.3 * abs(energies[0] - wall + np.pi * d)


# ---- where A comes from -------------------------------------------------------------------------------------


def test_the_stiffness_is_that_of_exchange_also_when_it_changes():
    mesh = Mesh((6, 1, 1), (2e-9,) * 3)
    rng = np.random.default_rng(0)
    m = rng.normal(size=(3, 1, 1, 6))
    simulation = Simulation(mesh, [InterfacialDMI(D=D), Exchange(A=A)], Ms=MS, m=m)

    def alone(stiffness):
        return Simulation(mesh, [InterfacialDMI(D=D, A=stiffness)], Ms=MS, m=m).effective_field()

    np.testing.assert_array_equal(simulation.effective_field("interfacial_dmi"), alone(A))
    simulation.set("exchange.A", 2 * A)
    np.testing.assert_array_equal(simulation.effective_field("interfacial_dmi"), alone(2 * A))
    simulation.set("interfacial_dmi.A", 3 * A)
    simulation.set("exchange.A", A)
    np.testing.assert_array_equal(simulation.effective_field("interfacial_dmi"), alone(3 * A))


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ([InterfacialDMI(D=D)], "needs the exchange stiffness A.*add exchange"),
        ([InterfacialDMI(D=D), Exchange(A=A), Exchange(A=A)], "exchange, exchange_2; give A"),
        ([BulkDMI(D=D, A=A, boundary="open")], "boundary.*dmi, free"),
        ([BulkDMI(D=D, A=-A)], "at least 0 J/m"),
        ([D2dDMI(D=D, A=A, a=(1, 0, 0), b=(-3, 0, 0))], r"d2d_dmi\.b.*parallel"),
        ([InterfacialDMI(D=D, A=A, normal=(0, 0, 0))], "zero length"),
    ],
)
def test_what_cannot_be_is_refused(terms, message):
    with pytest.raises(ParameterError, match=message):
        Simulation(Mesh((2, 1, 1), (2e-9,) * 3), terms, Ms=MS)
