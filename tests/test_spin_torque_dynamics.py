"""Spin torques in motion: signs as sentences, thresholds, switching times, walls; on the device of this machine."""

import numpy as np
import pytest

from fdmag.analytic.domain_wall import wall_width_parameter
from fdmag.analytic.spin_torque import (
    critical_current,
    spin_drift_velocity,
    spin_orbit_threshold,
    spin_torque_field,
    switching_time,
    wall_velocity_of_current,
)
from fdmag.constants import GAMMA_E
from fdmag.initial import wall
from fdmag.mesh import Mesh
from fdmag.parameter import Driven, PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, Slonczewski, SpinOrbitTorque, UniaxialAnisotropy, Zeeman, ZhangLi

ONE = Mesh((1, 1, 1), (2e-9, 2e-9, 1.3e-9))
AREA, T, MS, B_K, P, ALPHA = np.pi / 4 * 40e-9**2, 1.3e-9, 1e6, 0.3, 0.6, 0.01
ANISOTROPY = UniaxialAnisotropy(Ku1=MS * B_K / 2)
CRITICAL = float(critical_current(0.5 * MS * B_K * AREA * T, ALPHA, P)) / AREA


@pytest.mark.parametrize(("side", "sign"), [(-1, 1), (1, -1)], ids=["reference below", "reference above"])
def test_electrons_from_the_reference_layer_into_the_free_layer_favour_the_parallel_state(side, sign):
    """J > 0 along +z moves electrons along −z: out of the free layer where the reference is below, so towards AP."""
    for J, expected in ((sign, -1), (-sign, 1)):  # of J > 0: antiparallel with the reference below
        magnet = Simulation(ONE, [ANISOTROPY, Slonczewski(J=3 * J * CRITICAL, P=P, side=side)], Ms=MS, alpha=ALPHA,
                            m=(0.3, 0, -expected))  # fmt: skip
        magnet.run(20e-9)
        assert magnet.average_m()[0, 2] == pytest.approx(expected, abs=1e-3)


def test_only_the_damping_like_part_changes_the_energy():
    """α = 0, in the fields of an anisotropy and an oblique p: the field-like part is a constant field along −b p."""
    m, p = (0.6, 0, 0.8), np.array([0.36, 0.48, 0.8])
    b = 2 * 0.2 * spin_torque_field(1e11, 1, MS, T)

    def energies(**torque):
        magnet = Simulation(ONE, [ANISOTROPY, Slonczewski(J=1e11, p=p, **torque)], Ms=MS, alpha=0, m=m)
        found = []

        def record(now):
            zeeman = MS * b * ONE.cell_volume * now.average_m()[0] @ p if "epsilon_prime" in torque else 0
            found.append(now.energy()[0] + zeeman)

        magnet.run(1e-9, every=10e-12, callback=record, tolerance=1e-8)
        return np.ptp(found) / (MS * B_K * ONE.cell_volume)

    tiny = 1e-12  # where P = 0 there is no torque at all
    assert energies(P=tiny, epsilon_prime=0.2) < 1e-6
    assert energies(P=0.6) > 0.1


def growth(J, term=Slonczewski, mz=1, **options):
    """Growth [1/s] of the tilt from the parallel or antiparallel state, p along z, over 2 ns at 1e-3 rad."""
    magnet = Simulation(ONE, [ANISOTROPY, term(J=J, P=P, **options)], Ms=MS, alpha=ALPHA, m=(1e-3, 0, mz))
    magnet.run(2e-9, tolerance=1e-9)
    return float(np.log(np.hypot(*magnet.average_m()[0, :2]) / 1e-3) / 2e-9)


@pytest.mark.parametrize("Lambda", [1.0, 1.8])
def test_the_parallel_state_turns_unstable_at_the_critical_current(Lambda):
    """Below by 1 % it decays, above by 1 % it grows, at the rate α γ (i − 1) B_K/(1 + α²); ε(0) = P/2 for any Λ."""
    for i in (0.99, 1.01, 1.5):
        rate = growth(i * CRITICAL, Lambda=Lambda)
        assert rate == pytest.approx(ALPHA * GAMMA_E * B_K * (i - 1) / (1 + ALPHA**2), rel=1e-2)


@pytest.mark.parametrize("Lambda", [1.0, 1.8])
def test_lambda_makes_the_antiparallel_state_easier_to_leave(Lambda):
    """ε(π) = P Lambda²/2: from there the critical current is smaller by Lambda², and of the opposite sign."""
    for i in (0.99, 1.01, 1.5):
        rate = growth(-i * CRITICAL / Lambda**2, Lambda=Lambda, mz=-1)
        assert rate == pytest.approx(ALPHA * GAMMA_E * B_K * (i - 1) / (1 + ALPHA**2), rel=1e-2)


def test_switching_times_above_the_critical_current():
    """The reduced time to mz = 0 from θ0 = 1/sqrt(120): 2.6262 at i = 2, 1.4063 at i = 3."""
    theta0 = 1 / np.sqrt(120)
    exact = switching_time([2, 3], theta0, ALPHA, B_K)
    unit = ALPHA * GAMMA_E * B_K / (1 + ALPHA**2)
    np.testing.assert_allclose(exact * unit, [2.6262, 1.4063], atol=5e-5)
    magnet = Simulation(ONE, [ANISOTROPY, Slonczewski(J=PerReplica([2 * CRITICAL, 3 * CRITICAL]), P=P)], Ms=MS,
                        alpha=ALPHA, m=(np.sin(theta0), 0, np.cos(theta0)))  # fmt: skip
    t, mz = [], []
    magnet.run(6e-9, every=5e-12, tolerance=1e-8,
               callback=lambda now: (t.append(now.t[0]), mz.append(now.average_m()[:, 2])))  # fmt: skip
    for replica in range(2):
        crossed = np.interp(0, -np.array(mz)[:, replica], t)
        assert crossed == pytest.approx(exact[replica], rel=1e-4)


def test_a_perpendicular_polariser_makes_an_easy_plane_precess():
    """Fixed point of the precession: mz = −a/(α B_d) and ω = γ a/α, where the torque and the damping cancel."""
    B_d, alpha, a = 0.8, 0.2, 0.08
    J = a / float(spin_torque_field(1, P, MS, T))
    plane = UniaxialAnisotropy(Ku1=-MS * B_d / 2)
    magnet = Simulation(ONE, [plane, Slonczewski(J=J, P=P)], Ms=MS, alpha=alpha, m=(1, 0, -0.5))
    magnet.run(1e-9, tolerance=1e-8)
    angles = []

    def record(now):
        mx, my, _ = now.average_m()[0]
        angles.append(np.arctan2(my, mx))

    magnet.run(0.1e-9, every=1e-12, tolerance=1e-8, callback=record)
    # the approach decays as exp(−α γ B_d (1 − mz²) t), by 1e-8 in 1 ns; then a local error of 1e-8 a step remains
    assert magnet.average_m()[0, 2] == pytest.approx(-a / (alpha * B_d), abs=1e-6)
    turned = np.unwrap(angles)
    assert (turned[-1] - turned[0]) / 0.1e-9 == pytest.approx(GAMMA_E * a / alpha, rel=1e-5)


STACK = Mesh((1, 1, 5), (2e-9, 2e-9, 1e-9))
LAYER = np.broadcast_to(np.arange(5)[:, None, None], STACK.shape)
REGIONS = {"reference": LAYER < 2, "spacer": LAYER == 2, "free": LAYER > 2}
STACK_MS = {"reference": 1.2e6, "spacer": 0, "free": MS}
IN_FREE = {"free": P, "spacer": 0, "reference": 0}


def test_both_layers_may_turn():
    """Each layer is the other's reference: electrons upwards calm the tilt of the upper one and drive the lower off."""
    tilt = np.where(LAYER > 2, 0.02, -0.02)
    torques = [
        Slonczewski(J=-20 * CRITICAL, P=IN_FREE, reference="reference"),
        Slonczewski(J=-20 * CRITICAL, P={"reference": P, "spacer": 0, "free": 0}, reference="free"),
    ]
    terms = [Exchange(A=1e-11), ANISOTROPY, *torques]
    magnet = Simulation(STACK, terms, Ms=STACK_MS, m=[tilt, 0 * tilt, 1 + 0 * tilt], regions=REGIONS, alpha=0.01)
    magnet.run(0.1e-9)
    free, reference = (np.hypot(*magnet.m[0, :2, z, 0, 0]) for z in (4, 0))
    assert free < 0.01 < 0.03 < reference


def test_zeeman_and_field_like_torque_are_the_same_thing():
    b = 2 * 0.3 * spin_torque_field(1e11, 1, MS, T)
    magnets = [
        Simulation(ONE, [ANISOTROPY, term], Ms=MS, alpha=0.1, m=(1, 0, 0.1))
        for term in (Slonczewski(J=1e11, P=1e-30, epsilon_prime=0.3, p=(0, 0, 1)), Zeeman(B=(0, 0, -b)))
    ]
    for magnet in magnets:
        magnet.run(0.1e-9)
    np.testing.assert_allclose(magnets[0].m, magnets[1].m, rtol=1e-10, atol=1e-10)


# ---- spin–orbit torque ----------------------------------------------------------------------------------------

FIELDS = np.array([0, 0.02, 0.05])
THRESHOLDS = spin_orbit_threshold(0.3, FIELDS, 1e6, 1e-9, 0.3)


@pytest.mark.parametrize(("factor", "stays"), [(0.99, True), (1.01, False)])
def test_threshold_for_switching_with_a_field_along_the_current(factor, stays):
    """Raised slowly to 1 % below the threshold m stays up; 1 % above it is lost. J > 0 and B_x > 0 go together."""
    J = Driven(PerReplica(factor * THRESHOLDS), lambda t: np.minimum(t / 6e-9, 1))
    terms = [UniaxialAnisotropy(Ku1=0.15e6), SpinOrbitTorque(J=J, xi_DL=0.3, thickness=1e-9),
             Zeeman(B=PerReplica([(b, 0, 0) for b in FIELDS]))]  # fmt: skip
    magnet = Simulation(ONE, terms, Ms=1e6, alpha=0.5, m=(0.001, 0, 1))
    magnet.run(10e-9, dt_max=20e-12)
    up = magnet.average_m()[:, 2] > 0.3
    assert list(up) == [stays] * 3


@pytest.mark.parametrize(("inside", "sign"), [((-1, 0, 0), 1), ((1, 0, 0), -1)], ids=["left-handed", "right-handed"])
def test_left_handed_neel_walls_move_with_the_current(inside, sign):
    """↑←↓ on a heavy metal with positive spin Hall angle moves along +x, as in cobalt on platinum; ↑→↓ against it."""
    mesh = Mesh((100, 1, 1), (1e-9, 4e-9, 1e-9))
    terms = [Exchange(A=16e-12), UniaxialAnisotropy(Ku1=1e6), UniaxialAnisotropy(Ku1=2e5, axis=(1, 0, 0)),
             SpinOrbitTorque(J=2e11, theta_SH=0.1, t_HM=6e-9, lambda_sf=1.5e-9)]  # fmt: skip
    magnet = Simulation(mesh, terms, Ms=1.1e6, alpha=0.3, m=wall(mesh, width=4e-9, inside=inside))
    before = magnet.average_m()[0, 2]
    magnet.run(0.5e-9)
    assert sign * (magnet.average_m()[0, 2] - before) > 0.05


# ---- current along a track ------------------------------------------------------------------------------------

A, KU, TRACK_MS, TRACK_P = 16e-12, 6.25e4, 1.1e6, 0.5
WIDTH = float(wall_width_parameter(A, KU))  # 16 nm
TRACK = Mesh((160, 1, 1), (2e-9, 4e-9, 4e-9))
DISCRETE = 5e-3
"""Relative error of the velocity from central differences: (h/Δ)²/4 at 8 cells per wall-width parameter, and a bit."""


def drift(J, alpha, xi, hard_axis=0.0, duration=0.5e-9, spin_up=0.0):
    """Velocities [m/s] of Bloch walls in the track, one per replica, between spin_up and duration."""
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=KU), ZhangLi(J=PerReplica([(j, 0, 0) for j in J]), P=TRACK_P, xi=xi)]
    if hard_axis:
        terms.append(UniaxialAnisotropy(Ku1=-hard_axis, axis=(1, 0, 0)))
    magnet = Simulation(TRACK, terms, Ms=TRACK_MS, alpha=alpha, m=wall(TRACK, width=WIDTH))
    t, x = [], []

    def record(now):
        # ∫ mz dx grows by twice the wall's displacement: mz is +1 before it and −1 after it
        t.append(now.t[0])
        x.append(now.m[:, 2, 0, 0].sum(axis=1) * TRACK.cell_size[0] / 2)

    magnet.run(duration, every=duration / 20, tolerance=1e-7, callback=record)
    t, x = np.array(t), np.array(x)
    late = t >= spin_up * (1 - 1e-9)
    return np.polyfit(t[late], x[late], 1)[0]


@pytest.mark.parametrize(("alpha", "xi"), [(0.0, 0.0), (0.1, 0.0), (0.1, 0.05), (0.05, 0.3)])
def test_a_free_wall_moves_against_the_current_with_its_electrons(alpha, xi):
    """Velocity −|u| (1 + α ξ)/(1 + α²) for J along +x: of the wall that may turn."""
    J = 2e12
    u = spin_drift_velocity(J, TRACK_P, TRACK_MS)
    assert u < 0
    expected = wall_velocity_of_current(u, alpha, xi, precessing=True)
    for velocity, sign in zip(drift([J, -J], alpha, xi), (1, -1), strict=True):
        assert velocity == pytest.approx(sign * expected, rel=DISCRETE)


@pytest.mark.parametrize("xi", [0.1, 0.3, 0.6])
def test_below_breakdown_a_held_wall_moves_with_u_xi_over_alpha(xi):
    """A hard axis across the Bloch wall holds its angle; after the start-up the velocity is u ξ/α."""
    J, alpha = 1e12, 0.3
    u = spin_drift_velocity(J, TRACK_P, TRACK_MS)
    (velocity,) = drift([J], alpha, xi, hard_axis=5e4, duration=1.8e-9, spin_up=1.2e-9)
    assert velocity == pytest.approx(wall_velocity_of_current(u, alpha, xi, precessing=False), rel=DISCRETE)
