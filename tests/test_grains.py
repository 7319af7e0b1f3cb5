"""Voronoi grains and distributions over them: areas, nearest seeds, periodicity, moments, seeds."""

from functools import partial

import numpy as np
import pytest

import fdmag
from fdmag.errors import ParameterError
from fdmag.grains import PerGrain, TiltedPerGrain, voronoi_grains
from fdmag.mesh import Mesh
from fdmag.regions import Regions
from fdmag.shapes import Box
from fdmag.terms import Exchange, UniaxialAnisotropy

NM = 1e-9
MESH = Mesh((200, 200, 2), (NM, NM, NM), periodic="xy")
ONE_EACH = Regions(Mesh((20000, 1, 1), (NM, NM, NM)), {"grain": np.arange(1, 20001).reshape(1, 1, -1)})


def test_the_mean_area_is_that_of_the_diameter_and_its_spread_that_of_poisson_voronoi():
    """The areas of a planar Poisson-Voronoi tessellation have the variance 0.280 of the mean squared (Gilbert 1962)."""
    mesh = Mesh((800, 800, 1), (NM, NM, NM), periodic="xy")
    grains = voronoi_grains(mesh, 16 * NM, seed=3)
    areas = np.bincount(grains.ravel())[1:]
    assert areas.sum() / len(areas) == pytest.approx(np.pi / 4 * 16**2, rel=1e-3)
    # 3183 grains: the standard error of the variance is some 0.280 · sqrt(2.7 / 3183) = 0.008
    assert np.var(areas / areas.mean()) == pytest.approx(0.280, abs=0.03)


def test_grains_in_three_dimensions_have_the_volume_of_the_diameter():
    """The variance of Poisson-Voronoi volumes is 0.180 of the mean squared (Gilbert 1962)."""
    mesh = Mesh((100, 100, 100), (NM, NM, NM), periodic="xyz")
    volumes = np.bincount(voronoi_grains(mesh, 12 * NM, seed=1, columns=None).ravel())[1:]
    assert volumes.mean() == pytest.approx(np.pi / 6 * 12**3, rel=2e-3)
    assert np.var(volumes / volumes.mean()) == pytest.approx(0.180, abs=0.03)


def test_at_open_faces_grains_are_cut_and_not_larger():
    """Away from the faces and near them a line cuts as many grains."""
    open_mesh = Mesh((400, 400, 1), (NM, NM, NM))
    borders = np.zeros(400)
    for seed in range(12):
        grains = voronoi_grains(open_mesh, 20 * NM, seed)[0]
        borders[1:] += (np.diff(grains, axis=1) != 0).sum(axis=0)
    near, far = borders[1:11].mean(), borders[100:300].mean()
    assert near == pytest.approx(far, rel=0.08)


@pytest.mark.parametrize("columns", ["x", "y", "z", None])
def test_each_cell_belongs_to_its_nearest_seed(columns):
    """By brute force: the seeds are found again as those points about which the grains are all nearest."""
    mesh = Mesh((12, 10, 8), (NM, NM, 2 * NM), periodic="x")
    grains = voronoi_grains(mesh, 6 * NM, 5, columns)
    assert grains.shape == mesh.shape
    if columns is not None:
        along = 2 - "xyz".index(columns)
        assert (np.diff(grains, axis=along) == 0).all()
    axes = [axis for axis in range(3) if "xyz"[axis] != columns]
    sizes = np.array([mesh.size[axis] for axis in axes])
    wraps = np.array([mesh.periodic[axis] for axis in axes])
    spans = np.where(wraps, sizes, sizes + 36 * NM)
    unit = np.pi / 4 * (6 * NM) ** 2 if len(axes) == 2 else np.pi / 6 * (6 * NM) ** 3
    count = round(np.prod(spans) / unit)
    seeds = np.random.default_rng([5, 0x0612A1]).random((count, len(axes))) * spans - np.where(wraps, 0, 18 * NM)
    squared = 0
    for i, axis in enumerate(axes):
        place = np.broadcast_to(getattr(mesh, "xyz"[axis]), mesh.shape) - mesh.origin[axis]
        distance = np.abs(place[..., None] - seeds[:, i])
        squared = squared + (np.minimum(distance, sizes[i] - distance) if wraps[i] else distance) ** 2
    np.testing.assert_array_equal(grains, squared.argmin(axis=-1) + 1)


def test_borders_are_as_frequent_across_a_periodic_face_as_anywhere():
    mesh = Mesh((60, 200, 1), (NM, NM, NM), periodic="xy")
    within, across = [], []
    for seed in range(40):
        grains = voronoi_grains(mesh, 15 * NM, seed)
        within.append((np.diff(grains, axis=2) != 0).mean())
        across.append((grains[:, :, 0] != grains[:, :, -1]).mean())
    assert np.mean(across) == pytest.approx(np.mean(within), abs=4 * np.std(across) / np.sqrt(40))
    open_grains = voronoi_grains(Mesh((200, 200, 1), (NM, NM, NM)), 15 * NM, 2)
    assert (open_grains[:, :, 0] != open_grains[:, :, -1]).all()


def test_the_same_seed_gives_the_same_grains_on_every_mesh_of_the_size():
    fine = voronoi_grains(MESH, 15 * NM, 4)
    coarse = voronoi_grains(Mesh((40, 40, 1), (5 * NM, 5 * NM, 2 * NM), periodic="xy"), 15 * NM, 4)
    np.testing.assert_array_equal(fine[:1, 2::5, 2::5], coarse)
    assert (voronoi_grains(MESH, 15 * NM, 5) != fine).any()


def values(quantity, components=1):
    """The values of 20 000 grains, one cell each."""
    return quantity.spread(ONE_EACH, components)[:, 0, 0]


@pytest.mark.parametrize("distribution", ["normal", "lognormal", "uniform"])
def test_the_moments_are_those_of_the_distribution(distribution):
    found = values(PerGrain(5.0, 1.5, 1, distribution))[0]
    assert found.mean() == pytest.approx(5.0, abs=4 * 1.5 / np.sqrt(20000))
    assert found.std() == pytest.approx(1.5, rel=0.03)
    third = (((found - 5) / 1.5) ** 3).mean()
    # of a lognormal distribution with v = σ/mean: 3 v + v³
    assert third == pytest.approx({"lognormal": 3 * 0.3 + 0.3**3}.get(distribution, 0.0), abs=0.15)
    fourth = (((found - 5) / 1.5) ** 4).mean()
    if distribution != "lognormal":
        assert fourth == pytest.approx({"normal": 3.0, "uniform": 1.8}[distribution], abs=0.15)


def test_a_truncated_normal_distribution():
    """Cut at ±σ its variance is 1 - 2 φ(1) / (2 Φ(1) - 1) = 0.29112 of the whole one's."""
    found = values(PerGrain(2.0, 0.5, 7, lowest=1.5, highest=2.5))[0]
    assert found.min() >= 1.5
    assert found.max() <= 2.5
    assert found.var() / 0.25 == pytest.approx(0.29112, rel=0.03)
    half = values(PerGrain(0.0, 1.0, 7, lowest=0))[0]
    assert half.min() >= 0
    assert half.mean() == pytest.approx(np.sqrt(2 / np.pi), rel=0.02)


def test_a_lognormal_distribution_stays_above_0_and_in_its_bounds():
    found = values(PerGrain(1.0, 2.0, 1, "lognormal", highest=3.0))[0]
    assert found.min() > 0
    assert found.max() <= 3


def test_the_value_of_a_grain_depends_on_its_number_alone():
    every_third = Regions(Mesh((30, 1, 1), (NM, NM, NM)), {"g": np.arange(1, 91, 3).reshape(1, 1, -1)})
    quantity = PerGrain(1.0, 0.1, 5)
    np.testing.assert_array_equal(quantity.spread(every_third, 1)[0, 0, 0], values(quantity)[0, 0:90:3])


def test_of_a_vector_the_length_varies():
    found = values(PerGrain((0, 3.0, 4.0), 1.0, 2), 3)
    assert np.linalg.norm(found, axis=0).std() == pytest.approx(1, rel=0.03)
    assert not found[0].any()
    np.testing.assert_allclose(found[1] * 4, found[2] * 3)


def test_the_same_seed_varies_together_and_another_does_not():
    a, b, c = (values(PerGrain(1.0, 0.1, seed))[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert abs(np.corrcoef(a, c)[0, 1]) < 0.03
    together = values(PerGrain(8.0, 2.0, 1, "lognormal"))[0]
    np.testing.assert_array_equal(np.argsort(a), np.argsort(together))


def test_tilts_and_values_of_one_seed_are_independent():
    """Neither the tilt nor its azimuth tells anything about the value, with 20000 grains: |r| < 3/sqrt(20000)."""
    value = values(PerGrain(1.0, 0.1, 7))[0]
    x, y, z = values(TiltedPerGrain((0, 0, 1), 0.3, 7), 3)
    for other in (z, np.arctan2(y, x)):
        assert abs(np.corrcoef(value, other)[0, 1]) < 0.021
        # nor those of other grains: with two numbers for a direction, grain k would take those of grains 2k and 2k + 1
        for shift in (0, 1):
            assert abs(np.corrcoef(value[shift::2], other[:10000])[0, 1]) < 0.03


@pytest.mark.parametrize("make", [partial(PerGrain, 1.0, 0.1, 3), partial(TiltedPerGrain, (0, 0, 1), 0.2, 3)])
def test_each_replica_has_its_own_draw_and_is_the_same_alone(make):
    components = 3 if make.func is TiltedPerGrain else 1
    together = make(replicas=3).over_cells(ONE_EACH, components)
    assert together.shape == (3, components, 1, 1, 20000)
    for replica in range(3):
        alone = make(first_replica=replica).over_cells(ONE_EACH, components)
        np.testing.assert_array_equal(together[replica], alone[0])
        for other in range(replica):
            assert abs(np.corrcoef(together[replica, 0].ravel(), together[other, 0].ravel())[0, 1]) < 0.021
    np.testing.assert_array_equal(make().over_cells(ONE_EACH, components)[0], together[0])


def test_devices_of_an_array_differ_by_their_grains():
    """The field of the mean anisotropy of 400 devices of 25 grains of one size: spread sigma/5."""
    mesh = Mesh((25, 1, 1), (NM, NM, NM))
    regions = Regions(mesh, {"grain": np.arange(1, 26).reshape(1, 1, 25)})
    term = UniaxialAnisotropy(Ku1=PerGrain(4e5, 4e4, 1, replicas=400))
    simulation = fdmag.Simulation(mesh, [term], Ms=8e5, regions=regions, device="numpy")
    assert simulation.batch == 400
    energies = -simulation.energy() / (25 * NM**3)
    assert energies.mean() == pytest.approx(4e5, abs=3 * 4e4 / np.sqrt(400 * 25))
    assert energies.std() == pytest.approx(4e4 / 5, rel=3 / np.sqrt(2 * 400))


def test_tilted_axes_are_even_over_the_cap():
    axis, cone = np.array([1.0, 2.0, -2.0]) / 3, np.deg2rad(20)
    found = values(TiltedPerGrain(3 * axis, cone, 1), 3)
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), 1)
    cosine = axis @ found
    assert cosine.min() >= np.cos(cone) - 1e-12
    # evenly spread in the cosine, and around the axis
    edges = np.linspace(np.cos(cone), 1, 11)
    np.testing.assert_allclose(np.histogram(cosine, edges)[0] / 20000, 0.1, atol=0.01)
    mean = found.mean(axis=1)
    np.testing.assert_allclose(mean, axis * (1 + np.cos(cone)) / 2, atol=0.005)
    everywhere = values(TiltedPerGrain((0, 0, 1), np.pi, 1), 3)
    np.testing.assert_allclose(everywhere @ everywhere.T / 20000, np.eye(3) / 3, atol=0.01)


def test_every_parameter_takes_values_per_grain():
    mesh = Mesh((30, 30, 1), (2 * NM, 2 * NM, 2 * NM))
    regions = Regions(mesh, {"grain": voronoi_grains(mesh, 10 * NM, 1)})
    simulation = fdmag.Simulation(
        mesh,
        [
            Exchange(A=PerGrain(1e-11, 1e-12, 3)),
            UniaxialAnisotropy(Ku1=PerGrain(5e5, 5e4, 1), axis=TiltedPerGrain((0, 0, 1), 0.2, 2)),
        ],
        Ms=PerGrain(8e5, 1e5, 1, "lognormal"),
        alpha=PerGrain(0.1, 0.02, 4, lowest=0.01),
        regions=regions,
    )
    for owner, key in (("exchange", "A"), ("uniaxial_anisotropy", "Ku1"), ("uniaxial_anisotropy", "axis")):
        base = getattr(simulation.terms[owner], key).base[0]
        for name in regions.names[1:]:
            cells = base[:, regions.mask(name)]
            assert (cells == cells[:, :1]).all()
        assert base.std(axis=(1, 2, 3)).max() > 0
    simulation.run(1e-12)
    simulation.set("uniaxial_anisotropy.Ku1", PerGrain(5e5, 0.0, 1))
    assert (simulation.terms["uniaxial_anisotropy"].Ku1.base == 5e5).all()


def test_outside_the_grains_the_mean_holds_and_groups_are_told_apart():
    mesh = Mesh((40, 20, 1), (NM, NM, NM))
    grains = voronoi_grains(mesh, 5 * NM, 1)
    left = np.broadcast_to(mesh.x < 0, mesh.shape)
    regions = Regions(
        mesh, {"layer": np.where(left, grains, 0), "lead": Box((5 * NM, None, None), center=(17.5 * NM, 0))}
    )
    found = PerGrain(3.0, 1.0, 1).spread(regions, 1)[0]
    assert (found[~left] == 3).all()
    assert found[left].std() > 0.3
    two = Regions(mesh, {"a": np.where(left, grains, 0), "b": np.where(left, 0, grains)})
    with pytest.raises(ParameterError, match="name the group of grains: a, b"):
        PerGrain(3.0, 1.0, 1).spread(two, 1)
    assert (PerGrain(3.0, 1.0, 1, grains="b").spread(two, 1)[0][left] == 3).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: voronoi_grains(MESH, 0, 1), "diameter = 0"),
        (lambda: voronoi_grains(MESH, 1e-12, 1), "at most 1e.07"),
        (lambda: voronoi_grains(MESH, 1e-8, -1), "seed = -1"),
        (lambda: voronoi_grains(MESH, 1e-8, 1, "w"), "'x', 'y', 'z', None"),
        (lambda: PerGrain(1.0, 0.1, 1, "gauss"), "allowed: normal, lognormal, uniform"),
        (lambda: PerGrain(1.0, -0.1, 1), "sigma from 0"),
        (lambda: PerGrain(1.0, 0.1, -1), "PerGrain: seed = -1; an integer from 0"),
        (lambda: PerGrain(1.0, 0.1, 1, replicas=0), "PerGrain: replicas = 0; an integer from 1"),
        (lambda: TiltedPerGrain((0, 0, 1), 0.1, 1, first_replica=-1), "first_replica = -1; an integer from 0"),
        (lambda: PerGrain(-1.0, 0.1, 1, "lognormal"), "needs a mean above 0"),
        (lambda: PerGrain(1.0, 0.1, 1, lowest=2, highest=1), "lowest < highest"),
        (lambda: PerGrain(1.0, 0.1, 1, lowest=3), "widen the bounds"),
        (lambda: PerGrain((0, 0, 0), 0.1, 1), "zero length"),
        (lambda: PerGrain((0, 0, 1), 0.1, 1).spread(ONE_EACH, 1), "1 number"),
        (lambda: TiltedPerGrain((0, 0, 0), 0.1, 1), "non-zero length"),
        (lambda: TiltedPerGrain((0, 0, 1), 4, 1), "at most pi"),
        (lambda: TiltedPerGrain((0, 0, 1), 1, 1).spread(ONE_EACH, 1), "PerGrain"),
        (lambda: PerGrain(1.0, 0.1, 1).spread(Regions(MESH), 1), "no grains"),
        (lambda: PerGrain(1.0, 0.1, 1, grains="gran").spread(ONE_EACH, 1), 'did you mean "grain"'),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
