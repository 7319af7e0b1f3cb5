"""Magnets that reverse by a wall: closed forms in one dimension, bounds in a disc, and what no path may change."""

import numpy as np
import pytest

from fdmag.analytic.domain_wall import bar_reversal_barrier
from fdmag.barriers import Rotation, Switching, Through, WallSweep, find_again, find_barrier
from fdmag.constants import MU_0
from fdmag.errors import ParameterError, SolverError
from fdmag.mesh import Mesh
from fdmag.shapes import Cylinder
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, Thermal, UniaxialAnisotropy, Zeeman
from tests.closeness import close

A, KU, MS = 16e-12, 1e6, 1.1e6
WIDTH = 4e-9  # sqrt(A/Ku)
AREA = WIDTH**2


def bar(length, cells_per_width=4, **options):
    """A bar of so many wall widths along x, one cell across: a problem in one dimension."""
    cells = round(length * cells_per_width)
    mesh = Mesh((cells, 1, 1), (WIDTH * length / cells, WIDTH, WIDTH))
    return Simulation(mesh, [Exchange(A=A), UniaxialAnisotropy(Ku1=KU)], Ms=MS, **options)


@pytest.mark.parametrize("length", [2, 5, 12])
def test_a_bar_reverses_as_theory_says(length):
    """At once below π Δ, by a wall above; the error of the exchange is (h/Δ)²/24 of it, h being the cell."""
    barrier = find_barrier(bar(length), path=WallSweep(width=WIDTH))
    exact = bar_reversal_barrier(A, KU, length * WIDTH) * AREA
    assert barrier.forward == close(exact, rel=1 / 4**2 / 20)
    assert (barrier.forward < 0.99 * KU * length * WIDTH * AREA) is (length > np.pi)
    assert barrier.saddle.descents == 1


def test_the_barrier_of_a_bar_converges_by_the_second_order():
    exact = bar_reversal_barrier(A, KU, 5 * WIDTH) * AREA
    found = find_barrier(bar(5, 2), path=WallSweep(width=WIDTH))
    errors = [found.forward - exact]
    for cells_per_width in (4, 8):
        found = find_again(found, bar(5, cells_per_width))  # by the path of the coarser bar
        errors.append(found.forward - exact)
    np.testing.assert_allclose(np.log2(np.array(errors[:-1]) / errors[1:]), 2, atol=0.1)


def disc(diameter, cells, B=(0, 0, 0), further=(), **options):
    size = diameter / cells
    mesh = Mesh((cells, cells, 1), (size, size, 1.3e-9))
    terms = [Exchange(A=15e-12), Demag(), UniaxialAnisotropy(Ku1=0.8e6), Zeeman(B=B), *further]
    return Simulation(mesh, terms, Ms=1e6, geometry=Cylinder(diameter), **options)


def coherent(magnet):
    """Return the energy of m in the plane above that along z [J]: a coherent rotation is a path, so a bound."""
    magnet.m = (1, 0, 0)
    flat = magnet.energy()[0]
    magnet.m = (0, 0, 1)
    return flat - magnet.energy()[0]


SWEEP = WallSweep((1, 0.4, 0))
FOUND = {}


@pytest.fixture
def wide():
    return disc(60e-9, 16)


def barrier_by(device):
    """The barrier of the wide disc, found once on each device."""
    if device not in FOUND:
        FOUND[device] = find_barrier(disc(60e-9, 16, device=device), end=(0, 0, -1), path=SWEEP)
    return FOUND[device]


@pytest.fixture
def barrier(device):
    return barrier_by(device)


def test_a_wide_disc_reverses_by_a_wall(wide, barrier):
    """Far below coherent rotation, and near the energy of a wall along the diameter, 4 sqrt(A K) t d.

    K = Ku − µ0 Ms²/2 leaves out that the ends of the disc are nearer than a film's, and that a wall closes flux.
    """
    assert barrier.forward < 0.75 * coherent(wide)
    K = 0.8e6 - MU_0 * 1e12 / 2
    assert barrier.forward == close(4 * np.sqrt(15e-12 * K) * 1.3e-9 * 60e-9, rel=0.05)
    assert barrier.forward == close(barrier.backward, rel=1e-9)
    # At the saddle half of the disc is reversed, and nothing turns m.
    saddle = barrier.m[barrier.top]
    wide.m = saddle
    assert wide.max_torque()[0] <= 1e-4
    assert abs(wide.average_m()[0, 2]) < 0.05
    assert barrier.saddle.descents == 1
    assert barrier.force.max() <= 1e-4


def test_a_narrow_disc_reverses_coherently():
    """Below 16 sqrt(A/K)/π the wall costs more: for 20 nm, all but the tilt at the edge turns at once."""
    narrow = disc(20e-9, 8)
    barrier = find_barrier(narrow)
    assert 0.97 < barrier.forward / coherent(narrow) <= 1 + 1e-9


@pytest.mark.parametrize("path", [WallSweep((0, 1, 0)), Rotation(through=(1, 0, 0))])
def test_the_barrier_does_not_depend_on_where_the_path_begins(path, wide, barrier):
    """These begin on ridges: a wall along the mesh costs more than one across, and coherent rotation most."""
    again = find_barrier(wide, path=path)
    assert again.ridges > 0
    assert again.forward == close(barrier.forward, rel=1e-6)


def test_a_ridge_is_higher_and_tells(wide, barrier):
    """By symmetry a coherent rotation stays one; nothing else says that it is no saddle."""
    ridge = find_barrier(wide, path=Rotation(through=(1, 0, 0)), ridges=0)
    assert ridge.saddle.descents == 2
    assert ridge.forward > 1.3 * barrier.forward


def test_the_saddle_has_one_negative_eigenvalue_of_the_hessian():
    """At a saddle the energy falls in one direction and its opposite, and in no other: by the Hessian of the energy
    itself, from second differences in the angles of all cells.
    """
    magnet = disc(40e-9, 6, B=(0, 0, -0.03))  # on coarser cells the lattice pins the wall, and makes several saddles
    barrier = find_barrier(magnet, path=WallSweep((1, 0.4, 0)), max_torque=1e-6)
    m = barrier.m[barrier.top]
    cells = np.argwhere(magnet.magnetic[0])
    unit = 1e6 * magnet.mesh.cell_volume
    frame = []
    for z, y, x in cells:
        u = np.cross(m[:, z, y, x], [1.0, 0, 0] if abs(m[0, z, y, x]) < 0.9 else [0, 1.0, 0])
        u /= np.linalg.norm(u)
        frame += [((z, y, x), u), ((z, y, x), np.cross(m[:, z, y, x], u))]
    size, step = len(frame), 1e-3
    hessian = np.zeros((size, size))

    def energies(turns):
        states = np.repeat(m[None], len(turns), axis=0)
        for state, turn in zip(states, turns, strict=True):
            for place, sign in turn:
                (z, y, x), u = frame[place]
                state[:, z, y, x] += sign * step * u
        states /= np.where((length := np.linalg.norm(states, axis=1, keepdims=True)) > 0, length, 1)
        return magnet.magnet.total_energy(states, np.zeros(len(states)), np.zeros(len(states), int))[1]

    for i in range(size):
        corners = [[((i, a), (j, b)) for j in range(size)] for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
        e = [energies(corner) for corner in corners]
        hessian[i] = (e[0] - e[1] - e[2] + e[3]) / (4 * step**2) / unit
    values = np.linalg.eigvalsh((hessian + hessian.T) / 2)
    assert values[0] < 0 < values[1]
    # Tangents of one cell twice: the corners along one direction lie on a great circle only to third order.
    np.testing.assert_allclose(barrier.saddle.curvatures, values[:2], rtol=0.02, atol=2e-3)


def test_steepest_descent_from_the_saddle_leads_to_both_ends():
    """The saddle divides the two valleys: a push either way along the path falls to start and end."""
    magnet = disc(50e-9, 10, B=(0, 0, -0.03))
    barrier = find_barrier(magnet, path=WallSweep((1, 0.4, 0)))
    for side, mz in ((-1, 1), (1, -1)):
        magnet.m = barrier.m[barrier.top + side]
        magnet.relax(1e-4)
        assert magnet.average_m()[0, 2] == pytest.approx(mz, abs=1e-3)


def test_images_lie_at_equal_distances_and_on_the_sphere(wide, barrier):
    length = np.linalg.norm(barrier.m, axis=1)
    np.testing.assert_allclose(length[:, wide.magnetic[0]], 1, rtol=1e-12)
    assert np.all(length[:, ~wide.magnetic[0]] == 0)
    steps = np.diff(barrier.distance)
    for half in (steps[: barrier.top], steps[barrier.top :]):
        np.testing.assert_allclose(half, half.mean(), rtol=0.06)


def test_half_of_the_images_find_the_same_saddle(wide, barrier):
    fewer = find_again(barrier, wide, images=11)
    assert fewer.images == 11
    assert fewer.forward == close(barrier.forward, rel=1e-6)
    # A polynomial of third order between images that are some 0.3 of a wall apart: right to a part in a hundred.
    assert barrier.spline == close(barrier.forward, rel=1e-2)
    assert abs(fewer.spline - fewer.forward) > abs(barrier.spline - barrier.forward)


def test_single_precision(barrier):
    single = find_barrier(disc(60e-9, 16, dtype="float32"), path=SWEEP, max_torque=1e-3)
    assert single.m.dtype == np.float32
    assert single.forward == close(barrier.forward, rel=1e-4)
    assert single.saddle.descents == 1


def test_devices_agree(barrier):
    assert barrier.forward == close(barrier_by("numpy").forward, rel=1e-7)


@pytest.mark.parametrize(
    ("cells", "images", "steps", "hint"),
    [
        (16, 5, 60, r"A cell turns by \d+° from one image to the next: take more images"),
        (6, 61, 40, r"Neighbouring cells differ by 1\d\d°: take smaller ones"),
        (16, 21, 20, "Raise max_steps"),
    ],
)
def test_a_path_that_does_not_settle_says_what_helps(cells, images, steps, hint):
    """A wall that goes from cell to cell turns those it passes at once, further than images far apart can follow."""
    with pytest.raises(SolverError, match=hint):
        find_barrier(disc(60e-9, cells), path=SWEEP, images=images, max_steps=steps)


@pytest.mark.slow
def test_a_thermal_run_shows_a_way():
    """Hot enough that it switches by itself; noise is forgotten on the way to the path."""
    mesh = Mesh((8, 1, 1), (WIDTH / 2, WIDTH, WIDTH))
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=KU), Zeeman(B=(0, 0, -0.8)), Thermal(T=0, seed=3)]
    hot = Simulation(mesh, terms, Ms=MS, alpha=0.5)
    before = hot.m
    found = find_barrier(hot, path=Switching(T=3000, duration=2e-9, every=4e-12))
    assert found.forward == close(find_barrier(hot, path=WallSweep(width=WIDTH)).forward, rel=1e-6)
    np.testing.assert_array_equal(hot.m, before)
    assert hot.t[0] == 0
    assert not hot.terms["thermal"].noisy


def test_a_thermal_run_that_does_not_switch_is_an_error():
    cold = bar(2)
    with pytest.raises(ParameterError, match="no thermal term; needed: a thermal term"):
        find_barrier(cold, path=Switching(T=1, duration=1e-12))
    mesh = Mesh((1, 1, 1), (8e-9,) * 3)
    cold = Simulation(mesh, [UniaxialAnisotropy(Ku1=KU), Thermal(T=0, seed=3)], Ms=MS)
    with pytest.raises(SolverError, match="the end was not reached within 2e-11 s at 1 K; raise T or duration"):
        find_barrier(cold, path=Switching(T=1, duration=2e-11))
    assert not cold.terms["thermal"].noisy


def test_given_states_lead_the_path():
    magnet = bar(8)
    states = find_barrier(magnet, path=WallSweep(width=WIDTH)).m[[5, 10, 15]]
    again = find_barrier(magnet, path=Through([*states]))
    assert again.forward == close(bar_reversal_barrier(A, KU, 8 * WIDTH) * AREA, rel=1 / 4**2 / 20)
