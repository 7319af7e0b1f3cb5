"""Signs, factors and thresholds of the current-perpendicular torques, each said in words and held to a closed form."""

import numpy as np
import pytest

from fdmag.analytic.spin_torque import critical_current, spin_torque_field
from fdmag.analytic.tunnel_junction import conductance_per_area, polarisation_at_bias
from fdmag.backend import select_backend
from fdmag.constants import ELEMENTARY_CHARGE, HBAR
from fdmag.devices.mtj import TunnelJunction
from fdmag.errors import ParameterError, SolverError
from fdmag.magnet import Magnet
from fdmag.mesh import Mesh
from fdmag.quantities import evaluate
from fdmag.regions import Regions
from fdmag.simulation import Simulation
from fdmag.terms import Material, Slonczewski, SpinOrbitTorque, TunnelTorque, UniaxialAnisotropy

ONE = Mesh((1, 1, 1), (2e-9, 2e-9, 1.3e-9))
AREA, T, MS, B_K, P, ALPHA = np.pi / 4 * 40e-9**2, 1.3e-9, 1e6, 0.3, 0.6, 0.01
ANISOTROPY = UniaxialAnisotropy(Ku1=MS * B_K / 2)
CRITICAL = float(critical_current(0.5 * MS * B_K * AREA * T, ALPHA, P)) / AREA


def test_critical_current_of_the_worked_example():
    assert pytest.approx(24.82, abs=0.005) == CRITICAL * AREA * 1e6


def field_at(term, m, Ms=MS, mesh=ONE):
    return Simulation(mesh, [term], Ms=Ms, m=m).effective_field()[0, :, 0, 0, 0]


def test_the_field_is_minus_a_m_cross_p_minus_b_p():
    """a = ħ P J/(2 e Ms t) for Lambda = 1, b = ħ ε' J/(e Ms t); with m along x and p along y, m × p is z."""
    a = spin_torque_field(1e11, P, MS, T)
    assert a == pytest.approx(HBAR * P * 1e11 / (2 * ELEMENTARY_CHARGE * MS * T))
    term = Slonczewski(J=1e11, P=P, p=(0, 1, 0), epsilon_prime=0.1)
    np.testing.assert_allclose(field_at(term, (1, 0, 0)), [0, -2 * a * 0.1 / P, -a], rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize("Lambda", [0.7, 1.0, 2.0])
@pytest.mark.parametrize("theta", [0.3, 1.2, 2.9])
def test_asymmetry(Lambda, theta):
    """ε(θ) = P/[(1 + Λ⁻²) + (1 − Λ⁻²) cos θ], the formula with numerator and denominator over Λ²; Λ > 1 favours AP."""
    B = field_at(Slonczewski(J=1e11, P=P, Lambda=Lambda), (np.sin(theta), 0, np.cos(theta)))
    epsilon = P / ((1 + Lambda**-2) + (1 - Lambda**-2) * np.cos(theta))
    # m × p is −sin θ y
    assert B[1] == pytest.approx(2 * epsilon / P * spin_torque_field(1e11, P, MS, T) * np.sin(theta))


def test_no_polarisation_no_torque_and_the_thickness_is_that_of_the_cells_with_one():
    """Four layers of cells, polarised in the upper three: t is 3 Δz there, and nothing acts below."""
    mesh = Mesh((2, 1, 4), (2e-9, 2e-9, 1e-9))
    upper = np.broadcast_to((np.arange(4) > 0)[:, None, None], mesh.shape)
    P_up = {"upper": 0.6, "default": 0}
    fields = [
        Simulation(mesh, [Slonczewski(J=1e11, P=P_up, epsilon_prime=0.1, thickness=t)], Ms=MS, m=(1, 0, 0),
                   regions={"upper": upper}).effective_field()[0]
        for t in (0, 3e-9)
    ]  # fmt: skip
    assert not fields[0][:, 0].any()
    np.testing.assert_allclose(fields[0][:, 1:], fields[1][:, 1:], rtol=1e-14)
    assert fields[0][1, 1:].min() == pytest.approx(spin_torque_field(1e11, 0.6, MS, 3e-9))


def rate_of(term, m):
    """dm/dt [1/s] of a term alone, without damping."""
    magnet = Magnet(ONE, Regions(ONE, {}), select_backend("numpy"), Material(Ms=MS, alpha=0.0), [term])
    return magnet.slope(np.reshape(m, (1, 3, 1, 1, 1)).astype(float), np.zeros(1), None).ravel()


def test_the_damping_like_torque_is_odd_and_the_field_like_even_under_time_reversal():
    """Reversed, m and p turn over and time runs back: d(−m)/d(−t) = dm/dt if the motion is reversible; J is held."""
    m = np.array([0.36, 0.48, 0.8])
    for torque, sign in (({"P": 0.6}, -1), ({"P": 1e-30, "epsilon_prime": 0.3}, 1)):
        forward = rate_of(Slonczewski(J=1e11, p=(0, 1, 0), **torque), m)
        backward = rate_of(Slonczewski(J=1e11, p=(0, -1, 0), **torque), -m)
        np.testing.assert_allclose(backward, sign * forward, rtol=1e-9, atol=1e-12 * np.abs(forward).max())


def test_torques_have_no_energy_and_minimize_says_so():
    magnet = Simulation(ONE, [ANISOTROPY, Slonczewski(J=1e11, P=P)], Ms=MS)
    assert list(magnet.energies()) == ["uniaxial_anisotropy"]
    with pytest.raises(SolverError, match="slonczewski derives from no energy; use relax"):
        magnet.minimize()


# ---- polarised by another layer ------------------------------------------------------------------------------

STACK = Mesh((3, 2, 5), (2e-9, 2e-9, 1e-9))
LAYER = np.broadcast_to(np.arange(5)[:, None, None], STACK.shape)
REGIONS = {"reference": LAYER < 2, "spacer": LAYER == 2, "free": LAYER > 2}
STACK_MS = {"reference": 1.2e6, "spacer": 0, "free": MS}
IN_FREE = {"free": P, "spacer": 0, "reference": 0}


def stack(term, m, **options):
    return Simulation(STACK, [term], Ms=STACK_MS, m=m, regions=REGIONS, **options)


def test_a_reference_layer_of_the_mesh_acts_as_the_fixed_polariser_it_is():
    rng = np.random.default_rng(1)
    m = rng.normal(size=(2, 3, *STACK.shape))
    m[:, :, :2] = np.array([0.6, 0.8, 0])[:, None, None, None]
    common = {"J": 1e11, "P": IN_FREE, "Lambda": 1.5, "epsilon_prime": 0.2}
    for device in ("numpy", "host"):
        layers = stack(Slonczewski(**common, reference="reference"), m, device=device).effective_field()
        fixed = stack(Slonczewski(**common, p=(0.6, 0.8, 0)), m, device=device).effective_field()
        np.testing.assert_allclose(layers, fixed, rtol=1e-12, atol=1e-18)
        assert layers[:, :, 3:].all()
        assert not layers[:, :, :3].any()


def test_the_facing_cell_polarises_and_the_torques_of_two_references_add_up():
    """Above the free layer the same current acts the other way: two references with opposite p act alike."""
    rng = np.random.default_rng(2)
    mesh = Mesh((3, 2, 5), (2e-9, 2e-9, 1e-9))
    middle, ends = LAYER == 2, (LAYER == 0) | (LAYER == 4)
    m = rng.normal(size=(3, *mesh.shape))
    m[:, 4] = -m[:, 0]
    both, lower = (
        Simulation(mesh, [Slonczewski(J=1e11, P={name: 0, "free": P, "default": 0}, epsilon_prime=0.2, reference=name)],
                   Ms=MS, m=m, regions=regions).effective_field()[0]
        for name, regions in (("ends", {"ends": ends, "free": middle}), ("low", {"low": LAYER == 0, "free": middle}))
    )  # fmt: skip
    np.testing.assert_allclose(both, 2 * lower, rtol=1e-12)
    p, q = m[:, 0] / np.linalg.norm(m[:, 0], axis=0), m[:, 2] / np.linalg.norm(m[:, 2], axis=0)
    a = spin_torque_field(1e11, P, MS, 1e-9)
    b = 2 * spin_torque_field(1e11, 0.2, MS, 1e-9)
    np.testing.assert_allclose(lower[:, 2], -a * np.cross(q, p, axis=0) - b * p, rtol=1e-12)


def test_an_empty_cell_of_the_reference_does_not_polarise():
    """The next magnetic one below it does; in a column without any there is no torque, and no current."""
    Ms = np.select([LAYER < 2, LAYER > 2], [1.2e6, MS], 0.0)
    Ms[1, 0, 0] = Ms[:2, 1, 1] = 0
    rng = np.random.default_rng(4)
    m = rng.normal(size=(3, *STACK.shape))
    m[:, 0] = m[:, 1]
    shared = {"m": m, "regions": REGIONS}
    for term in (
        Slonczewski(J=1e11, P=IN_FREE, epsilon_prime=0.2, reference="reference"),
        TunnelTorque(voltage=0.1, RA_P=5e-12, TMR=1.0, P=IN_FREE, reference="reference"),
    ):
        rough, smooth = (Simulation(STACK, [term], Ms=each, **shared) for each in (Ms, STACK_MS))
        B, whole = rough.effective_field()[0], smooth.effective_field()[0]
        assert not B[:, :, 1, 1].any()
        B[:, :, 1, 1] = whole[:, :, 1, 1]
        np.testing.assert_allclose(B, whole, rtol=1e-12)
    junction = TunnelJunction.of(rough.terms["tunnel_torque"])
    cosine, area = junction.mean_cosine(rough, "reference", "free")
    assert area == pytest.approx(5 * 4e-18)
    p, q = (each / np.linalg.norm(each, axis=0) for each in (m[:, 1], m[:, 3]))
    inside = np.ones((2, 3), dtype=bool)
    inside[1, 1] = False
    assert cosine[0] == pytest.approx(np.mean((p * q).sum(axis=0)[inside]))
    resistance = 1 / junction.conductance(cosine, 0.1, area=area)
    np.testing.assert_allclose(evaluate(rough, "resistance"), resistance, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("periodic", ["", "xyz"])
def test_kernels_of_layers_are_their_references(dtype, periodic):
    rng = np.random.default_rng(3)
    mesh = Mesh(STACK.cells, STACK.cell_size, periodic)
    terms = [
        Slonczewski(J=1e11, P=IN_FREE, Lambda=1.5, epsilon_prime=0.2, reference="reference"),
        TunnelTorque(voltage=lambda t: 0.2 + 0 * t, RA_P=5e-12, TMR=1.5, P=IN_FREE, V_h=0.5, b2=0.05, epsilon_prime=0.1,
                     reference="reference"),
    ]  # fmt: skip
    m = rng.normal(size=(2, 3, *mesh.shape))
    for term in terms:
        numpy, host = (
            Simulation(mesh, [term], Ms=STACK_MS, m=m, regions=REGIONS, device=device, dtype=dtype).effective_field()
            for device in ("numpy", "host")
        )
        assert numpy.any()
        atol = (1e-12 if dtype == "float64" else 3e-6) * np.abs(numpy).max()
        np.testing.assert_allclose(host, numpy, rtol=0, atol=atol)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reference": "pinned"}, "slonczewski.reference: no region 'pinned'"),
        ({"reference": "reference", "P": 0.6}, "which cells are the free layer"),
        ({"thickness": np.where(LAYER > 2, 1e-9, 0)}, "slonczewski.thickness: .* is 0 in some cells"),
        ({"Lambda": 0}, "slonczewski.Lambda.*above 0"),
        ({"p": (0, 0, 0)}, "zero length"),
    ],
)
def test_what_makes_no_sense_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        stack(Slonczewski(**{"J": 1e11, "P": IN_FREE} | options), (0, 0, 1))


def test_a_thickness_that_was_found_can_be_set_and_found_again():
    magnet = stack(Slonczewski(J=1e11, P=IN_FREE), (1, 0, 0))
    before = magnet.effective_field()
    magnet.set("slonczewski.thickness", 4e-9)
    np.testing.assert_allclose(magnet.effective_field(), before / 2, rtol=1e-12)
    magnet.set("slonczewski.thickness", 0)
    np.testing.assert_array_equal(magnet.effective_field(), before)


@pytest.mark.parametrize("key", ["P", "J"])
@pytest.mark.parametrize("term", [Slonczewski, SpinOrbitTorque])
def test_a_torque_that_is_switched_on_later_knows_the_height_of_the_film(term, key):
    """Two magnetic layers in a mesh of four, given at once or first without current or polarisation."""
    mesh = Mesh((2, 2, 4), (2e-9, 2e-9, 1e-9))
    Ms = np.zeros(mesh.shape)
    Ms[1:3] = 8e5
    values = {"J": 1e11, "P": 0.5} if term is Slonczewski else {"J": 1e11, "xi_DL": 0.2}
    key = key if key in values else "xi_DL"
    given, found, later = (
        Simulation(mesh, [term(**(values | changed))], Ms=Ms, m=(1, 0, 0.5))
        for changed in ({"thickness": 2e-9}, {}, {key: 0.0})
    )
    later.set(f"{term.name}.{key}", values[key])
    for each in (found, later):
        np.testing.assert_allclose(each.effective_field(), given.effective_field(), rtol=1e-12)


# ---- under voltage -------------------------------------------------------------------------------------------

JUNCTION = {"RA_P": 5e-12, "TMR": 1.5, "P": P}


@pytest.mark.parametrize("V", [0.3, -0.3])
@pytest.mark.parametrize("theta", [0.1, 1.2, 3.0])
def test_the_voltage_drives_what_the_conductance_lets_through(V, theta):
    """A cell at the angle θ feels the torque of J = g(θ, V) V and of the polarisation left at that bias."""
    m = (np.sin(theta), 0, np.cos(theta))
    given = field_at(TunnelTorque(voltage=V, **JUNCTION, V_h=0.4, Lambda=1.3), m)
    J = V * conductance_per_area(np.cos(theta), V, 5e-12, 1.5, 0.4)
    left = polarisation_at_bias(P, 1.5, V, 0.4)
    np.testing.assert_allclose(given, field_at(Slonczewski(J=J, P=left, Lambda=1.3), m), rtol=1e-12, atol=1e-18)


def test_at_fixed_voltage_lambda_squared_of_1_plus_tmr_makes_the_torque_a_sine():
    theta = np.linspace(0.2, 3, 9)
    term = TunnelTorque(voltage=0.3, **JUNCTION, Lambda=np.sqrt(2.5))
    a = [field_at(term, (np.sin(angle), 0, np.cos(angle)))[1] / np.sin(angle) for angle in theta]
    np.testing.assert_allclose(a, a[0], rtol=1e-12)


def test_the_antiparallel_state_takes_less_current_from_the_same_voltage():
    """So the voltage that destabilises P with Lambda = 1 needs to be larger by 1 + TMR to destabilise AP."""
    parallel, antiparallel = (
        field_at(TunnelTorque(voltage=0.1, **JUNCTION), (0.01, 0, mz))[1] for mz in (1, -1)
    )  # fmt: skip
    assert parallel / antiparallel == pytest.approx(2.5, rel=1e-3)


def test_the_even_field_like_part_does_not_change_with_the_sign_of_the_voltage():
    fields = [field_at(TunnelTorque(voltage=V, **JUNCTION, b2=0.2), (0, 0, 1)) for V in (0.5, -0.5)]
    np.testing.assert_allclose(fields, [[0, 0, -0.05], [0, 0, -0.05]], atol=1e-15)


def test_the_current_of_a_nonuniform_state_differs_from_cell_to_cell():
    """Two cells, one parallel and one antiparallel, tilted alike: their torques are as 1 + TMR to 1."""
    mesh = Mesh((2, 1, 1), (2e-9, 2e-9, 1e-9))
    m = np.zeros((3, 1, 1, 2))
    m[0], m[2, 0, 0] = 0.01, (1, -1)
    B = Simulation(mesh, [TunnelTorque(voltage=0.1, **JUNCTION)], Ms=MS, m=m).effective_field()[0, 1, 0, 0]
    assert B[0] / B[1] == pytest.approx(2.5, rel=1e-3)
