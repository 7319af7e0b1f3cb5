import numpy as np
import pytest

from fdmag import Mesh, PerReplica, Simulation
from fdmag.analytic.spin_torque import spin_torque_field, wall_velocity_of_current
from fdmag.analytic.wall_model import WallModel, walker_velocity
from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError
from fdmag.initial import wall
from fdmag.terms import Exchange, InterfacialDMI, SpinOrbitTorque, UniaxialAnisotropy, Zeeman
from tests.closeness import close

WIDTH, ALPHA, MS, K_PERP = 10e-9, 0.05, 8e5, 4e4
HELD = {"width": WIDTH, "alpha": ALPHA, "Ms": MS, "K_perp": K_PERP}
B_W = ALPHA * K_PERP / MS


def test_walkers_velocities_below_and_above_breakdown():
    B = np.array([0.2, 0.6, 0.99, 1.01, 1.5, 4.0, -1.5]) * B_W
    model = WallModel(B_z=B, **HELD)
    assert model.walker_field() == close(B_W)
    expected = walker_velocity(B, WIDTH, ALPHA, B_W)
    np.testing.assert_allclose(model.mean_velocity(phi=np.pi / 2), expected, rtol=1e-6)
    # in time, over whole turns where it turns
    chosen = WallModel(B_z=B[[1, 4]], **HELD)
    turn = 2 * np.pi * (1 + ALPHA**2) / (GAMMA_E * np.sqrt(B[4] ** 2 - B_W**2))
    motion = chosen.run(40 * turn, phi=np.pi / 2, samples=41)
    mean = (motion.q[:, -1] - motion.q[:, 20]) / (20 * turn)
    np.testing.assert_allclose(mean, expected[[1, 4]], rtol=1e-6)
    assert motion.phi[1, -1] - motion.phi[1, 20] == close(40 * np.pi, rel=1e-6)
    np.testing.assert_allclose(motion.velocity[0, -1], expected[1], rtol=1e-6)


def test_mobilities_far_from_breakdown():
    assert walker_velocity(1e-9, WIDTH, ALPHA, B_W) == close(GAMMA_E * WIDTH / ALPHA * 1e-9)
    high = GAMMA_E * WIDTH * ALPHA / (1 + ALPHA**2) * 10.0
    assert walker_velocity(10.0, WIDTH, ALPHA, B_W) == close(high, rel=1e-3)


def test_currents_along_the_track():
    """Held walls move with u ξ/α, free ones with u (1 + α ξ)/(1 + α²); without ξ a held wall stops up to γ Δ K_⊥/Ms."""
    held = WallModel(u=1.0, xi=np.array([0.0, 0.05, 0.1]), **HELD)
    np.testing.assert_allclose(
        held.mean_velocity(), wall_velocity_of_current(1.0, ALPHA, held.xi, precessing=False), atol=1e-9
    )
    free = WallModel(WIDTH, ALPHA, MS, u=100.0, xi=np.array([0.0, 0.1]))
    np.testing.assert_allclose(
        free.mean_velocity(), wall_velocity_of_current(100.0, ALPHA, free.xi, precessing=True), rtol=1e-9
    )
    limit = GAMMA_E * WIDTH * K_PERP / MS
    slow, fast = WallModel(u=limit * np.array([0.999, 1.001]), **HELD).mean_velocity()
    assert slow == pytest.approx(0, abs=1e-6 * limit)
    assert fast > 0.03 * limit
    # above: <φ̇> from the field that the current amounts to
    u = 2 * limit
    turning = GAMMA_E * np.sqrt((ALPHA * u / (GAMMA_E * WIDTH)) ** 2 - B_W**2) / (1 + ALPHA**2)
    assert WallModel(u=u, **HELD).mean_velocity() == close(WIDTH * turning / ALPHA, rel=1e-6)


def test_spin_orbit_velocity_saturates():
    """v = γ (π/2) Δ (a/α)/sqrt(1 + (a/(α B_D))²): left-handed Néel walls, D < 0 at φ = 0 for Q = 1, move with a > 0."""
    D, alpha = 0.5e-3, 0.3
    a = np.array([1e-3, 10e-3, 100e-3, 10.0])
    model = WallModel(5e-9, alpha, 1e6, D=D, a=a)
    B_D = D / (1e6 * 5e-9)
    expected = GAMMA_E * np.pi / 2 * 5e-9 * (a / alpha) / np.sqrt(1 + (a / (alpha * B_D)) ** 2)
    np.testing.assert_allclose(model.mean_velocity(phi=np.pi), expected, rtol=1e-9)
    assert model.mean_velocity(phi=np.pi)[-1] == close(GAMMA_E * np.pi * D / (2 * 1e6), rel=1e-4)
    assert model.saturation_velocity() == close(GAMMA_E * np.pi * D / (2 * 1e6), rel=1e-12)
    other = WallModel(5e-9, alpha, 1e6, D=-D, a=a)
    np.testing.assert_allclose(other.mean_velocity(phi=0.0), -expected, rtol=1e-9)


def test_spins_along_the_domains_shrink_the_one_along_them():
    """a > 0 drives m away from σ, and b > 0 is a field against it: with σ = +z the down domain grows, a wall with up on
    the left moves to the left; a free wall with γ Δ a/(1 + α²), one that is held by b like by a field."""
    up = {"sigma": (0.0, 0.0, 1.0)}
    pushed = WallModel(WIDTH, ALPHA, MS, a=1e-3, **up)
    assert pushed.mean_velocity() == close(-GAMMA_E * WIDTH * 1e-3 / (1 + ALPHA**2), rel=1e-9)
    held = WallModel(b=0.3 * B_W, **HELD, **up).mean_velocity(phi=np.pi / 2)
    assert held == close(-float(walker_velocity(0.3 * B_W, WIDTH, ALPHA, B_W)), rel=1e-9)


@pytest.mark.parametrize("angle", [0.3, 2.0])
def test_up_left_and_up_right_are_mirror_images(angle):
    """Mirrored at x = 0: positions and currents along x turn round, axial vectors keep x and turn y and z."""
    given = {"width": WIDTH, "alpha": ALPHA, "Ms": MS, "K_perp": K_PERP, "D": 1e-4, "xi": 0.1}
    one = WallModel(B_x=0.01, B_y=0.02, B_z=0.001, u=10.0, a=1e-3, b=5e-4, sigma=(0.1, 1.0, 0.2), Q=1, **given)
    # up along −x becomes down along +x: after the reflection the domains are down, up
    other = WallModel(B_x=0.01, B_y=-0.02, B_z=-0.001, u=-10.0, a=-1e-3, b=-5e-4, sigma=(-0.1, 1.0, 0.2), Q=1, **given)
    v, turn = one.rates(0.0, angle)
    mirrored_v, mirrored_turn = other.rates(0.0, -angle)
    assert mirrored_v == close(-v)
    assert mirrored_turn == close(-turn)


def test_turned_round_about_z():
    """Half a turn about z: Q changes, and everything in the plane turns round."""
    given = {"width": WIDTH, "alpha": ALPHA, "Ms": MS, "K_perp": K_PERP, "D": 1e-4, "xi": 0.1, "B_z": 0.001}
    one = WallModel(B_x=0.01, B_y=0.02, u=10.0, a=1e-3, b=5e-4, sigma=(0.1, 1.0, 0.2), Q=1, **given)
    other = WallModel(B_x=-0.01, B_y=-0.02, u=-10.0, a=1e-3, b=5e-4, sigma=(-0.1, -1.0, 0.2), Q=-1, **given)
    v, turn = one.rates(0.0, 0.7)
    turned_v, same = other.rates(0.0, 0.7 + np.pi)
    assert turned_v == close(-v)
    assert same == close(turn)


def test_pinned_wall_oscillates():
    """Döring's mass on a spring: φ̇ = −γ k q/(2 Ms) and q̇ = γ Δ (2 K_⊥/Ms) δφ about φ = π/2."""
    k = 1e10  # J/m⁴
    model = WallModel(WIDTH, 1e-6, MS, K_perp=K_PERP, pinning=lambda q: k * q)
    omega = GAMMA_E / MS * np.sqrt(k * K_PERP * WIDTH)
    period = 2 * np.pi / omega
    motion = model.run(period, q=1e-11, phi=np.pi / 2, samples=5)
    np.testing.assert_allclose(motion.q / 1e-11, [1, 0, -1, 0, 1], atol=1e-3)
    with pytest.raises(ParameterError, match="pinning"):
        model.mean_velocity()


def test_pulses():
    model = WallModel(B_z=0.5 * B_W, **HELD)
    tau = (1 + ALPHA**2) / (ALPHA * GAMMA_E * 2 * K_PERP / MS)
    motion = model.run(200 * tau, phi=np.pi / 2, field_factor=lambda t: float(t < 100 * tau), longest_step=tau)
    assert motion.velocity[60] == close(float(walker_velocity(0.5 * B_W, WIDTH, ALPHA, B_W)), rel=1e-4)
    assert motion.velocity[-1] == pytest.approx(0, abs=1e-3)


@pytest.mark.slow
def test_micromagnetic_walls_move_alike():
    """A narrow track, from rest: in fields below breakdown, and by a spin–orbit torque with DMI."""
    A, K, alpha, duration = 15e-12, 0.8e6, 0.3, 0.25e-9
    width = np.sqrt(A / K)
    mesh = Mesh((120, 1, 1), (1e-9, 2e-9, 1e-9))

    def way(terms, inside):
        magnet = Simulation(mesh, terms, Ms=MS, alpha=alpha, m=wall(mesh, width=width, inside=inside))
        before = magnet.average_m()[:, 2]
        magnet.run(duration, tolerance=1e-6)
        return (magnet.average_m()[:, 2] - before) / 2 * mesh.size[0]

    K_perp, B_z = 1e5, np.array([10e-3, 20e-3])
    field = Zeeman(B=PerReplica([(0, 0, b) for b in B_z]))
    hard = UniaxialAnisotropy(Ku1=-K_perp, axis=(1, 0, 0))
    ours = way([Exchange(A=A), UniaxialAnisotropy(Ku1=K), hard, field], (0, 1, 0))
    model = WallModel(width, alpha, MS, K_perp=K_perp, B_z=B_z)
    np.testing.assert_allclose(ours, model.run(duration, phi=np.pi / 2).q[:, -1], rtol=0.02)

    # Néel walls held by an easy axis along x, and by DMI, under which φ is not quite the same throughout the wall
    K_perp, D, J = np.array([-1e5, 0]), np.array([0, 0.8e-3]), 0.5e12
    easy = UniaxialAnisotropy(Ku1=PerReplica(-K_perp), axis=(1, 0, 0))
    torque = SpinOrbitTorque(J=J, xi_DL=0.1, thickness=1e-9)
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=K), easy, InterfacialDMI(D=PerReplica(D)), torque]
    wide = np.sqrt(A / (K + K_perp))  # of a Néel wall
    model = WallModel(wide, alpha, MS, K_perp=K_perp, D=D, a=spin_torque_field(J, 0.1, MS, 1e-9))
    ratio = way(terms, (-1, 0, 0)) / model.run(duration, phi=np.pi).q[:, -1]
    np.testing.assert_array_less(np.abs(ratio - 1), [0.02, 0.05])


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"alpha": 0.0}, "alpha"), ({"Q": 0}, "Q:"), ({"sigma": (1, 2)}, "sigma"), ({"D": np.nan}, "D is not"),
     ({"B_z": [1, 2], "a": [1, 2, 3]}, "broadcast")],
)  # fmt: skip
def test_refuses(changed, message):
    with pytest.raises(ParameterError, match=message):
        WallModel(**(HELD | changed))
    with pytest.raises(ParameterError, match="duration"):
        WallModel(**HELD).run(0.0)
