"""Walls that run: against the rigid wall, and the signs by which they do."""

import numpy as np
import pytest

from fdmag.analytic.wall_model import WallModel
from fdmag.constants import ELEMENTARY_CHARGE, HBAR
from fdmag.devices.wall_velocity import WallVelocityMeasurement, _extrapolated, wall_velocity
from fdmag.errors import ParameterError
from fdmag.initial import wall
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, InterfacialDMI, SpinOrbitTorque, UniaxialAnisotropy, Zeeman, ZhangLi
from tests.closeness import close

MS, A, K, ALPHA, T = 7e5, 1e-11, 172e3, 0.3, 0.6e-9
WIDTH = np.sqrt(A / K)


def track(*terms, inside=(-1, 0, 0), before=(0, 0, 1), alpha=ALPHA, cells=60):
    """A strip without stray field, periodic across, so that nothing but the given terms acts on its wall."""
    mesh = Mesh((cells, 1, 1), (2.5e-9, 10e-9, T), "y")
    after = tuple(-np.asarray(before, dtype=float))
    m = wall(mesh, width=WIDTH, inside=inside, before=before, after=after)
    return Simulation(mesh, [Exchange(A=A), UniaxialAnisotropy(Ku1=K), *terms], Ms=MS, alpha=alpha, m=m)


def test_velocity_is_that_of_the_rigid_wall(device):
    J = np.array([0.1e12, 0.4e12, -0.4e12])
    torque = SpinOrbitTorque(J=PerReplica(J.tolist()), xi_DL=0.07)
    found = wall_velocity(track(InterfacialDMI(D=1.2e-3), torque), 0.12e-9, 0.06e-9, term="spin_orbit_torque")
    rigid = WallModel(width=WIDTH, alpha=ALPHA, Ms=MS, D=1.2e-3, a=HBAR * 0.07 * J / (2 * ELEMENTARY_CHARGE * MS * T))
    exact = rigid.mean_velocity(phi=np.pi)
    # (h/Δ)²/4 for the narrower wall on cells of a third of Δ, 2.7 %
    np.testing.assert_allclose(found.steady, exact, rtol=0.035)
    np.testing.assert_allclose(found.drive, J)
    assert found.velocity[2] == close(-found.velocity[1], rel=1e-6)


@pytest.mark.parametrize(
    ("xi", "D", "inside", "along"),
    [
        (0.07, 1.2e-3, (-1, 0, 0), 1),  # cobalt on platinum: left-handed ↑←↓, with the current
        (-0.11, 1.2e-3, (-1, 0, 0), -1),  # on tantalum: left-handed, negative spin Hall angle, against it
        (0.07, -1.2e-3, (1, 0, 0), -1),  # right-handed
    ],
)
def test_walls_run_with_the_current_if_spin_hall_angle_and_handedness_say_so(xi, D, inside, along):
    """J > 0 along +x in a heavy metal of positive spin Hall angle below a track moves left-handed Néel walls (D > 0)
    towards +x, both walls of a domain; with a negative angle, or D < 0, towards −x. ↑←↓ is what D > 0 favours.
    """
    terms = InterfacialDMI(D=D), SpinOrbitTorque(J=3e11, xi_DL=xi)
    first = wall_velocity(track(*terms, inside=inside), 0.06e-9).velocity
    second = wall_velocity(track(*terms, inside=tuple(-c for c in inside), before=(0, 0, -1)), 0.06e-9).velocity
    assert along * first[0] > 20
    assert second[0] == close(first[0], rel=1e-6)


def test_walls_follow_the_electrons_of_a_current_in_the_track():
    """Zhang–Li, P > 0, ξ = α: v = u = −γ ħ P J/(2 e Ms)."""
    found = wall_velocity(track(ZhangLi(J=(1e12, 0, 0), P=0.5, xi=0.1), alpha=0.1), 0.2e-9, term="zhang_li")
    u = -1.76085963023e11 * HBAR * 0.5 * 1e12 / (2 * ELEMENTARY_CHARGE * MS)
    assert found.velocity[0] == close(u, rel=0.03)
    assert found.drive[0] == 1e12


def test_position_counts_the_way_of_the_window():
    torque = SpinOrbitTorque(J=2e12, xi_DL=0.07)
    simulation = track(InterfacialDMI(D=1.2e-3), torque, cells=40)
    found = wall_velocity(simulation, 0.3e-9)
    assert simulation.window_displacement[0] > 30e-9  # out of the mesh, if it had stood still
    assert found.position[0, -1] - found.position[0, 0] == close(found.velocity[0] * 0.3e-9)
    assert np.all(np.diff(found.position[0]) > 0)


def test_extrapolation_is_exact_for_exponentials():
    t = np.arange(1, 4)
    v = 5 + np.array([[2.0], [-1.0]]) * np.exp(-np.array([[1.0], [2.0]]) * t)
    np.testing.assert_allclose(_extrapolated(*v.T), 5)
    np.testing.assert_allclose(_extrapolated(*np.array([[1.0, 2.0, 3.0]]).T), 3)  # does not converge: as it is
    np.testing.assert_allclose(_extrapolated(*np.array([[1.0, 1.0, 1.0]]).T), 1)


def test_a_wall_above_breakdown_has_no_steady_velocity_and_what_has_not_settled_is_told():
    """Above B_W = α K⊥/Ms = 43 mT the wall turns, and runs forwards and back; Aitken's limit of that was told."""
    fields = PerReplica([(0, 0, 0.02), (0, 0, 0.12)])
    hard = UniaxialAnisotropy(Ku1=-1e5, axis=(1, 0, 0))
    measurement = WallVelocityMeasurement(track(hard, Zeeman(B=fields), inside=(0, 1, 0)), 0.25e-9, 0.1e-9)
    measurement.operate()
    found = measurement.result()
    rigid = WallModel(width=WIDTH, alpha=ALPHA, Ms=MS, K_perp=1e5, B_z=0.02)
    assert found.steady[0] == close(rigid.mean_velocity(phi=np.pi / 2), rel=0.1)  # narrower by the hard axis
    assert np.isnan(found.steady[1])
    (told,) = measurement.doubts()
    assert told.startswith("the wall of replica 1 turned by ")

    early = WallVelocityMeasurement(track(hard, Zeeman(B=(0, 0, 0.02)), inside=(0, 1, 0)), 0.03e-9)
    early.operate()
    assert "its velocity changed by" in early.doubts()[0]


def test_wrong_arguments():
    simulation = track()
    with pytest.raises(ParameterError, match="duration = -1 s; allowed: above 0"):
        WallVelocityMeasurement(simulation, -1.0)
    with pytest.raises(ParameterError, match='term = "exchange" is not there, or has no current'):
        WallVelocityMeasurement(simulation, 1e-9, term="exchange")
    with pytest.raises(ParameterError, match="nothing measured yet"):
        WallVelocityMeasurement(simulation, 1e-9).result()
