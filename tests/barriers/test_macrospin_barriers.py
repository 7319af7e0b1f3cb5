"""Particles small enough to turn as one, whose barriers are known in closed form."""

import numpy as np
import pytest

from fdmag.analytic.prism import prism_demagnetising_factors
from fdmag.analytic.stoner_wohlfarth import energy_barrier, switching_field
from fdmag.barriers import Rotation, Through, find_barrier
from fdmag.constants import BOLTZMANN, MU_0
from fdmag.errors import SolverError
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.solvers import string
from fdmag.terms import CubicAnisotropy, Demag, Exchange, Slonczewski, UniaxialAnisotropy, Zeeman
from tests.closeness import close

MS, KU = 8e5, 2e5
EDGE = 8e-9
KV = KU * EDGE**3
B_K = 2 * KU / MS


def particle(*terms, cells=(1, 1, 1), **options):
    mesh = Mesh(cells, (EDGE / cells[0], EDGE / cells[1], EDGE / cells[2]))
    return Simulation(mesh, [UniaxialAnisotropy(Ku1=KU), *terms], Ms=MS, **options)


def test_without_a_field_the_barrier_is_ku_v():
    barrier = find_barrier(particle())
    assert barrier.forward == close(KV, rel=1e-8)
    assert barrier.backward == close(KV, rel=1e-8)
    assert barrier.distance[-1] == close(np.pi, rel=1e-6)
    assert barrier.in_kT(300)[0] == close(KV / (BOLTZMANN * 300), rel=1e-8)
    np.testing.assert_allclose(barrier.energy, KV * (np.sin(barrier.distance) ** 2 - 1), atol=1e-6 * KV)
    np.testing.assert_allclose(barrier.slope, KV * np.sin(2 * barrier.distance), atol=1e-3 * KV)


def test_a_block_of_cells_turns_as_one():
    """Exchange over 8 nm is far stronger than anisotropy."""
    block = particle(Exchange(A=1e-11), cells=(2, 2, 2))
    assert find_barrier(block).forward == close(KV, rel=1e-3)


@pytest.mark.parametrize("h", [0.1, 0.5, 0.9])
def test_a_field_along_the_axis_lowers_one_barrier_and_raises_the_other(h):
    """(1 − h)² against the state, (1 + h)² along it. What is left of the torque costs its square over (1 − h) B_K."""
    barrier = find_barrier(particle(Zeeman(B=(0, 0, -h * B_K))), max_torque=1e-6)
    assert barrier.forward == close(KV * (1 - h) ** 2, rel=1e-6)
    assert barrier.backward == close(KV * (1 + h) ** 2, rel=1e-6)


@pytest.mark.parametrize("degrees", [10, 45, 80])
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_a_field_at_an_angle(degrees, share):
    psi = np.radians(degrees)
    h = -share * switching_field(psi)
    field = h * B_K * np.array([np.sin(psi), 0, np.cos(psi)])
    barrier = find_barrier(particle(Zeeman(B=tuple(field))))
    assert barrier.forward == close(KV * energy_barrier(h, psi), rel=1e-5)
    assert barrier.backward == close(KV * energy_barrier(-h, psi), rel=1e-5)


def test_replicas_have_barriers_of_their_own():
    fields = [0.0, 0.2, 0.6]
    magnet = particle(Zeeman(B=PerReplica([(0, 0, -h * B_K) for h in fields])))
    before = magnet.m
    for replica, h in enumerate(fields):
        barrier = find_barrier(magnet, replica=replica, images=11)
        assert barrier.forward == close(KV * (1 - h) ** 2, rel=1e-6)
        alone = find_barrier(particle(Zeeman(B=(0, 0, -h * B_K))), images=11)
        np.testing.assert_array_equal(barrier.m, alone.m)
    np.testing.assert_array_equal(magnet.m, before)


@pytest.mark.parametrize("through", [None, (1, 0, 0), (0, 1, 0), (0.3, -1, 0)])
def test_the_shape_of_a_flat_prism_chooses_the_way(through):
    """m turns through the longer edge, also where the path begins through the shorter one, on a ridge."""
    mesh = Mesh((1, 1, 1), (20e-9, 14e-9, 4e-9))
    magnet = Simulation(mesh, [UniaxialAnisotropy(Ku1=4e5), Demag()], Ms=MS)
    N = prism_demagnetising_factors(20e-9, 14e-9, 4e-9)
    K_eff = 4e5 - MU_0 * MS**2 / 2 * (N[2] - N[0])
    barrier = find_barrier(magnet, path=Rotation(through=through))
    assert barrier.forward == close(K_eff * mesh.cell_volume, rel=1e-6)
    assert barrier.ridges == (1 if through == (0, 1, 0) else 0)
    assert abs(barrier.m[barrier.top, 0, 0, 0, 0]) == pytest.approx(1, abs=1e-4)


def test_curvatures_are_those_of_the_closed_form():
    """sin²θ: 2 K/Ms at the poles, twice; at the equator −2 K/Ms along the meridian, 0 across it."""
    barrier = find_barrier(particle())
    np.testing.assert_allclose(barrier.curvatures, B_K, rtol=1e-4)
    np.testing.assert_allclose(barrier.saddle.curvatures, [-B_K, 0], atol=1e-4 * B_K)
    assert barrier.saddle.descents == 1


@pytest.mark.parametrize("images", [5, 10, 20])
def test_the_climbing_image_finds_the_saddle_whatever_the_number_of_images(images):
    tilted = particle(Zeeman(B=(0.02, 0.01, -0.4 * B_K)))
    barrier = find_barrier(tilted, images=images)
    reference = find_barrier(tilted, images=40)
    assert barrier.forward == close(reference.forward, rel=1e-7)


def test_cubics_through_the_images_converge_by_the_fourth_order():
    """Between images with exact slopes; the image at the maximum is left out."""
    tilted = particle(Zeeman(B=(0.02, 0.01, -0.4 * B_K)))
    errors = []
    for images in (9, 17, 33):
        barrier = find_barrier(tilted, images=images, max_torque=1e-6)
        errors.append(abs(barrier.spline - barrier.forward))
    assert errors[1] < errors[0] / 8
    assert errors[2] < errors[1] / 8


def test_a_cube_of_iron_type_passes_its_face_diagonal():
    """Kc1 > 0: from one edge to the next over the face diagonal, Kc1/4."""
    mesh = Mesh((1, 1, 1), (EDGE,) * 3)
    magnet = Simulation(mesh, [CubicAnisotropy(Kc1=1e5)], Ms=MS, m=(0, 0, 1))
    barrier = find_barrier(magnet, end=(1, 0, 0))
    assert barrier.forward == close(1e5 / 4 * EDGE**3, rel=1e-6)
    np.testing.assert_allclose(barrier.m[barrier.top].ravel(), [0.5**0.5, 0, 0.5**0.5], atol=1e-4)
    around = find_barrier(magnet, end=(-1, 0, 0), path=Through([(1, 0.1, 0)]))
    assert len(around.saddles) == 3
    for saddle in around.saddles:
        assert saddle.energy == close(1e5 / 4 * EDGE**3, rel=1e-6)


def pair(ratio, **options):
    """Two particles that do not know of each other; the second one's barrier is ``ratio`` times the first one's."""
    mesh = Mesh((3, 1, 1), (EDGE,) * 3)
    Ms, Ku = np.array([MS, 0, MS]).reshape(1, 1, 3), KU * np.array([1, 1, ratio]).reshape(1, 1, 3)
    return Simulation(mesh, [UniaxialAnisotropy(Ku1=Ku)], Ms=Ms, **options)


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0, 3.0])
def test_two_particles_switch_one_after_the_other(ratio):
    """The barrier is the highest energy on the path above that of its start: of two saddles with a minimum in between,
    the higher one. Both at once would be a ridge, as high as both barriers together.
    """
    barrier = find_barrier(pair(ratio))
    assert barrier.forward == close(KV * ratio, rel=1e-6)
    assert sorted(saddle.energy for saddle in barrier.saddles) == close([KV, KV * ratio], rel=1e-6)
    assert all(saddle.descents == 1 for saddle in barrier.saddles)
    between = barrier.energy[barrier.saddles[0].image : barrier.saddles[1].image].min() - barrier.energy[0]
    assert abs(between) < 1e-6 * KV
    assert barrier.distance[-1] == close(2 * np.pi / 2**0.5, rel=1e-3)  # two legs of π/√2


@pytest.mark.parametrize("ratio", [1.5, 2.0, 3.0])
def test_the_highest_saddle_is_told_where_others_cannot_be_found_in_time(ratio, monkeypatch):
    """Images that climb from the first step on lead the path astray; then the highest climbs alone, others after it."""
    monkeypatch.setattr(string, "SETTLED", 1e9)
    whole = find_barrier(pair(ratio))
    cut_short = find_barrier(pair(ratio), max_steps=whole.steps - 1)
    assert len(whole.saddles) == 2
    assert [saddle.energy for saddle in cut_short.saddles] == close([ratio * KV], rel=1e-6)
    assert cut_short.forward == close(whole.forward, rel=1e-6)


def test_a_frozen_particle_stays():
    magnet = pair(1.0, frozen=np.array([0.0, 0, 1]).reshape(1, 1, 3))
    end = np.zeros((3, 1, 1, 3))
    end[2] = [-1, 0, 1]
    barrier = find_barrier(magnet, end=end)
    assert barrier.forward == close(KV, rel=1e-6)
    assert barrier.distance[-1] == close(np.pi, rel=1e-6)  # of what moves
    assert np.all(barrier.m[:, 2, 0, 0, 2] == 1)


def test_a_torque_without_current_changes_nothing_and_one_with_it_has_no_barrier():
    assert find_barrier(particle(Slonczewski(J=0, P=0.5))).forward == close(KV, rel=1e-8)
    with pytest.raises(SolverError, match=r"slonczewski derives from no energy.*let no current flow in it"):
        find_barrier(particle(Slonczewski(J=1e9, P=0.5)))
