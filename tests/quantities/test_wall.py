"""Walls along x: analytic profiles, and a wall that moves below its Walker field."""

import numpy as np
import pytest

from fdmag import Mesh, PerReplica, Simulation, initial
from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError
from fdmag.quantities import MovingWindow, evaluate
from fdmag.terms import Demag, Exchange, InterfacialDMI, OerstedCylinder, UniaxialAnisotropy, Zeeman
from tests.closeness import close

DX = 2e-9


def track(m, nx=100, ny=3, nz=2, periodic="", **options):
    return Simulation(Mesh((nx, ny, nz), (DX, 2e-9, 1e-9), periodic), [], Ms=8e5, m=m, **options)


def wall(position, width, nx=100, angle=0.5, axis=(2, 0, 1), ends=(1, -1)):
    mesh = Mesh((nx, 3, 2), (DX, 2e-9, 1e-9))
    unit = np.eye(3)
    inside = np.cos(angle) * unit[axis[1]] + np.sin(angle) * unit[axis[2]]
    return initial.wall(mesh, "x", position, width, ends[0] * unit[axis[0]], inside, ends[1] * unit[axis[0]])[0]


@pytest.mark.parametrize("position", [0.0, 1e-9, 0.37e-9, -61.23e-9])
@pytest.mark.parametrize("width", [1e-9, 4e-9, 12e-9])
@pytest.mark.parametrize("axis", [(2, 0, 1), (0, 1, 2), (1, 2, 0)])
def test_position_width_and_angle_of_the_exact_profile(position, width, axis):
    """Exact, also where the wall is narrower than a cell; asked for: 1e-3 of a cell."""
    magnet = track(wall(position, width, axis=axis))
    assert evaluate(magnet, "wall_position") == pytest.approx(position, abs=1e-6 * DX)
    assert evaluate(magnet, "wall_width") == close(width, rel=1e-6)
    if width > DX:
        assert evaluate(magnet, "wall_angle") == close(0.5, rel=1e-9)
    assert evaluate(magnet, "wall_count") == 1
    assert evaluate(magnet, f"wall_position.{'xyz'[axis[0]]}") == evaluate(magnet, "wall_position")


@pytest.mark.parametrize("angle", [-3.0, -1.0, 0.0, 2.0])
def test_the_angle_of_a_wall_of_z_is_from_x_to_y(angle):
    assert evaluate(track(wall(0.3e-9, 9e-9, angle=angle)), "wall_angle.z") == pytest.approx(angle, abs=1e-9)


def test_several_walls_are_counted_from_the_left():
    m = wall(-40e-9, 5e-9, nx=200) * 1.0
    right = wall(31.7e-9, 7e-9, nx=200, ends=(-1, 1))
    m[..., 100:] = right[..., 100:]
    magnet = track(m, nx=200)
    assert evaluate(magnet, "wall_count") == 2
    positions = [evaluate(magnet, f"wall_position.{number}")[0] for number in (1, 2)]
    np.testing.assert_allclose(positions, [-40e-9, 31.7e-9], atol=1e-6 * DX)
    assert evaluate(magnet, "wall_width.z.2") == close(7e-9, rel=1e-6)
    assert np.isnan(evaluate(magnet, "wall_position.3"))


def test_no_wall_in_a_uniform_or_rippled_magnet():
    noise = np.random.default_rng(1).normal(size=(2, 3, 2, 3, 100)) * 1e-3
    noise[1] = 0
    noise[:, 0] += 1
    magnet = track(noise)
    assert np.all(evaluate(magnet, "wall_count") == 0)
    for name in ("wall_position", "wall_width", "wall_angle.z", "wall_velocity"):
        assert np.isnan(evaluate(magnet, name)).all()


@pytest.mark.parametrize("length", [4, 8, 40])
@pytest.mark.parametrize("tilt", [0.39, 0.63])
def test_the_tilted_ends_of_a_film_with_dmi_are_no_walls(length, tilt):
    """Up to 2/π, where the DMI is so strong that walls cost nothing; m_x changes sign in the middle of one domain."""
    n = 12 * length
    x = (np.arange(n) - (n - 1) / 2) * DX
    width = 12 * DX
    m = np.zeros((3, 2, 3, n))
    m[0] = tilt * (np.exp((x[0] - x) / width) - np.exp((x - x[-1]) / width))
    m[2] = np.sqrt(1 - m[0] ** 2)
    magnet = track(m, nx=n)
    assert evaluate(magnet, "wall_count") == 0
    assert np.isnan(evaluate(magnet, "wall_position"))
    if length > 4:  # a wall of the right chirality is still found, near an end too
        for position in (0.0, x[0] + 0.3 * width):
            m[2] = -np.tanh((x - position) / width)
            inside = -1 / np.cosh((x - position) / width)
            rim = tilt * (np.exp((x[0] - x) / width) + np.exp((x - x[-1]) / width))
            m[0] = np.where(np.abs(rim) > np.abs(inside), rim, inside)
            assert evaluate(track(m, nx=n), "wall_position") == pytest.approx(position, abs=0.5 * DX)


def test_empty_cells_make_no_wall_and_are_not_averaged():
    Ms = np.full((2, 3, 100), 8e5)
    Ms[..., :20] = Ms[..., 90:] = 0
    Ms[:, 0, 40:60] = 0
    magnet = Simulation(Mesh((100, 3, 2), (DX, 2e-9, 1e-9)), [], Ms=Ms, m=wall(3.3e-9, 6e-9))
    assert evaluate(magnet, "wall_count") == 1
    assert evaluate(magnet, "wall_position") == pytest.approx(3.3e-9, abs=1e-6 * DX)


def test_a_wall_across_the_periodic_border_is_found():
    m = wall(0, 6e-9)
    m = np.roll(m, 50, axis=-1)
    assert evaluate(track(m, periodic="x"), "wall_count") == 2  # there is another one where the domains meet
    assert evaluate(track(m), "wall_count") == 1


# A wall with hard axis x below its Walker field B_W = α K⊥/Ms: in the exact solution (N. L. Schryer, L. R. Walker,
# J. Appl. Phys. 45, 5406 (1974)) it is turned by φ, sin 2φ = B/B_W, out of the easy plane, is
# Δ = sqrt(A/(K + K⊥ sin²φ)) wide, and moves with γ Δ B/α.
A, K, K_HARD, MS, ALPHA, B = 16e-12, 1e5, 1e5, 1e6, 0.1, 5e-3
PHI = 0.5 * np.arcsin(B / (ALPHA * K_HARD / MS))
WIDTH = np.sqrt(A / (K + K_HARD * np.sin(PHI) ** 2))
VELOCITY = GAMMA_E * WIDTH * B / ALPHA


def walker(nx, field=B, batch=None):
    mesh = Mesh((nx, 1, 1), (DX, 4e-9, 4e-9))
    terms = [
        Exchange(A=A),
        UniaxialAnisotropy(Ku1=K, axis=(0, 0, 1)),
        UniaxialAnisotropy(Ku1=-K_HARD, axis=(1, 0, 0)),
        Zeeman(B=field),
    ]
    return Simulation(mesh, terms, Ms=MS, alpha=ALPHA, m=initial.wall(mesh, width=WIDTH), batch=batch)


def test_velocity_below_breakdown_is_that_of_walker():
    """Within 1 %: central differences change the wall by terms of the order (dx/Δ)²/12 = 0.2 %."""
    magnet = walker(nx=320, field=(0, 0, B))
    magnet.run(2e-9)
    start = evaluate(magnet, "wall_position")
    velocity = evaluate(magnet, "wall_velocity")
    magnet.run(0.5e-9)
    assert velocity == close(VELOCITY, rel=0.01)
    assert velocity == close((evaluate(magnet, "wall_position") - start) / 0.5e-9, rel=2e-3)
    assert evaluate(magnet, "wall_width") == close(WIDTH, rel=0.01)
    # In a field along +z the wall precesses counter-clockwise seen from +z, from +y towards -x.
    assert evaluate(magnet, "wall_angle.z") == pytest.approx(np.pi / 2 + PHI, abs=0.005)


@pytest.mark.parametrize("direction", [1, -1])
def test_a_window_follows_the_wall_and_changes_nothing(direction):
    """But that the ends are nearer: at the start the field shakes the domains, and waves come back from there."""
    field = (0, 0, direction * B)
    still, moving = walker(nx=320, field=field), walker(nx=200, field=field)
    found = {id(still): [], id(moving): []}

    def note(magnet):
        found[id(magnet)].append([evaluate(magnet, name)[0] for name in ("wall_position", "wall_velocity")])

    still.run(1.5e-9, every=0.1e-9, callback=note, tolerance=1e-6)
    moving.run(1.5e-9, every=0.1e-9, callback=note, tolerance=1e-6, window=MovingWindow())
    without, with_window = np.array(found[id(still)]), np.array(found[id(moving)])
    assert np.abs(without[-1, 0]) > 100e-9
    np.testing.assert_allclose(with_window[:, 0], without[:, 0], atol=0.01 * DX)
    np.testing.assert_allclose(with_window[1:, 1], without[1:, 1], rtol=1e-3)
    displacement = evaluate(moving, "window_displacement")
    assert np.abs(displacement / DX - np.round(displacement / DX)) < 1e-9
    assert np.abs(evaluate(moving, "wall_position") - displacement) <= DX
    assert evaluate(still, "window_displacement") == 0


def test_each_replica_has_its_own_window_and_is_as_if_alone():
    fields = [(0, 0, B), (0, 0, -0.6 * B), (0, 0, 0)]
    batch = walker(nx=90, field=PerReplica(fields))
    batch.run(0.6e-9, window=MovingWindow("wall_position.z"))
    for replica, field in enumerate(fields):
        alone = walker(nx=90, field=field)
        alone.run(0.6e-9, window=MovingWindow("wall_position.z"))
        assert alone.window_displacement == batch.window_displacement[replica]
        np.testing.assert_array_equal(alone.m[0], batch.m[replica])
    assert batch.window_displacement[0] > 0 > batch.window_displacement[1]
    assert batch.window_displacement[2] == 0


def test_cells_that_enter_copy_the_end_and_a_periodic_mesh_turns():
    m = np.random.default_rng(2).normal(size=(2, 3, 1, 1, 6))
    mesh = Mesh((6, 1, 1), (DX, DX, DX))
    magnet = Simulation(mesh, [], Ms=8e5, m=m)
    before = magnet.m
    magnet.shift([2, -1])
    np.testing.assert_array_equal(magnet.m[0], before[0][..., [2, 3, 4, 5, 5, 5]])
    np.testing.assert_array_equal(magnet.m[1], before[1][..., [0, 0, 1, 2, 3, 4]])
    np.testing.assert_allclose(magnet.window_displacement, [2 * DX, -DX])
    ring = Simulation(Mesh((6, 1, 1), (DX, DX, DX), "x"), [], Ms=8e5, m=m)
    with pytest.raises(ParameterError, match=r"shift: came 0\.5; allowed: one integer, or one per replica \(2\)"):
        ring.shift(0.5)
    ring.shift(8)
    np.testing.assert_array_equal(ring.m, np.roll(before, -2, axis=-1))


@pytest.mark.parametrize(("middle", "away"), [(0.0, 0), (1.5e-9, 0), (2.1e-9, 1), (-20.3e-9, -10), (13e-9, 6)])
def test_a_window_moves_by_the_whole_cells_that_lie_between_its_middle_and_what_it_follows(middle, away):
    mesh = Mesh((60, 40, 1), (DX, DX, DX))
    vortex = initial.vortex(mesh, (middle, 3e-9), core_radius=9e-9)
    cylinder = np.hypot(mesh.x - middle, mesh.y) + 0 * mesh.z
    theta = np.pi * np.clip(1 - cylinder / 30e-9, 0, 1)
    phi = np.arctan2(mesh.y, mesh.x - middle)
    skyrmion = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])
    states = {
        "vortex_core.x": vortex,
        "topological_center.x": skyrmion,
        "wall_position.z": initial.wall(mesh, "x", middle),
    }
    for follow, m in states.items():
        magnet = Simulation(mesh, [], Ms=8e5, m=m)
        window = MovingWindow(follow)
        window.start(magnet)
        assert window.cells(magnet) == away
        before = evaluate(magnet, follow)
        magnet.shift(window.cells(magnet))
        assert evaluate(magnet, follow) == pytest.approx(before, abs=1e-6 * DX)
        assert window.cells(magnet) == 0


def test_a_window_refuses_what_it_cannot_shift():
    mesh = Mesh((40, 1, 1), (DX, DX, DX))
    m = initial.wall(mesh, width=8e-9)
    with pytest.raises(ParameterError, match=r"exchange.A varies along x; a window needs a track"):
        Simulation(mesh, [Exchange(A=np.linspace(1, 2, 40).reshape(1, 1, 40) * 1e-11)], Ms=8e5, m=m).run(
            1e-12, window=MovingWindow()
        )
    placed = Simulation(mesh, [OerstedCylinder(J=1e12, radius=20e-9)], Ms=8e5, m=m)
    with pytest.raises(ParameterError, match=r"window: .*oersted_cylinder.* varies along x"):
        MovingWindow().start(placed)
    MovingWindow().start(Simulation(mesh, [Exchange(A=1e-11), Demag(), InterfacialDMI(D=1e-3)], Ms=8e5, m=m))
    uniform = Simulation(mesh, [Exchange(A=1e-11)], Ms=8e5)
    with pytest.raises(ParameterError, match='replica 0 has no "wall_position"'):
        uniform.run(1e-12, window=MovingWindow())
    with pytest.raises(ParameterError, match='"wall_width" cannot be followed; allowed: wall_position'):
        MovingWindow("wall_width")
