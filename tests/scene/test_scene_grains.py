"""Grains, values per grain and smooth edges in a scene are those of Python."""

import numpy as np
import pytest

from fdmag.grains import PerGrain, TiltedPerGrain, voronoi_grains
from fdmag.mesh import Mesh
from fdmag.shapes import Cylinder

MESH = Mesh((10, 10, 1), (5e-9, 5e-9, 3e-9))
GRAINS = '[regions.grain]\ngrains = { diameter = "12 nm", seed = 3 }\n'
MS = ('Ms = "800 kA/m"', 'Ms = { grains = { mean = "800 kA/m", sigma = "80 kA/m", seed = 1 } }')
PMA = """
[terms.uniaxial_anisotropy]
Ku1 = { grains = { mean = "0.4 MJ/m^3", sigma = "40 kJ/m^3", seed = 2, distribution = "lognormal", highest = 5e5 } }
axis = { grains = { mean = [0, 0, 2], cone = "10 deg", seed = 4, group = "grain" } }
"""


def test_grains_and_values_are_those_of_python(scenes):
    loaded = scenes.load(MS, add=GRAINS + PMA)
    simulation = loaded.simulation
    grains = voronoi_grains(MESH, 12e-9, 3)
    regions = simulation.regions
    for name in regions.names[1:]:
        assert (grains[regions.mask(name)] == int(name.removeprefix("grain."))).all()
    for found, wanted in (
        (simulation._magnet.material.Ms, PerGrain(8e5, 8e4, 1)),
        (simulation.terms["uniaxial_anisotropy"].Ku1, PerGrain(4e5, 4e4, 2, "lognormal", highest=5e5)),
        (simulation.terms["uniaxial_anisotropy"].axis, TiltedPerGrain((0, 0, 1), np.deg2rad(10), 4)),
    ):
        np.testing.assert_allclose(found.base[0], wanted.spread(regions, found.declaration.components), rtol=1e-12)


def test_replicas_have_grains_of_their_own(scenes):
    grains = '{ grains = { mean = "800 kA/m", sigma = "80 kA/m", seed = 1, replicas = 3, first_replica = 2 } }'
    axis = "[terms.uniaxial_anisotropy]\naxis = { grains = { mean = [0, 0, 1], cone = 0.1, seed = 1, replicas = 3 } }\n"
    simulation = scenes.load(('Ms = "800 kA/m"', f"Ms = {grains}"), add=GRAINS + axis).simulation
    assert simulation.batch == 3
    wanted = PerGrain(8e5, 8e4, 1, replicas=3, first_replica=2).over_cells(simulation.regions, 1)
    np.testing.assert_allclose(simulation._magnet.material.Ms.base, wanted, rtol=1e-12)
    said = scenes.errors(('Ms = "800 kA/m"', f"Ms = {grains}"), ("0.02", "{ replicas = [0.1, 0.2] }"), add=GRAINS)
    assert "replicas: has 2 values, but another parameter has 3" in said


def test_grains_within_a_shape_and_in_three_dimensions(scenes):
    entry = (
        '[regions.grain]\nshape = { kind = "cylinder", diameter = "30 nm" }\n'
        'grains = { diameter = "12 nm", seed = 3, columns = "none" }\n'
    )
    regions = scenes.load(add=entry).simulation.regions
    np.testing.assert_array_equal(regions.mask("grain"), Cylinder(30e-9).fill(MESH))
    numbers = voronoi_grains(MESH, 12e-9, 3, None)[regions.mask("grain")]
    names = np.array(regions.names)[regions.numbers[regions.mask("grain")]]
    assert names.tolist() == [f"grain.{number}" for number in numbers]


def test_a_stage_may_set_values_per_grain(scenes):
    stage = (
        '[[stages]]\nkind = "set"\n[stages.values]\n"material.Ms" = { grains = { mean = 1e5, sigma = 0, seed = 1 } }\n'
    )
    assert scenes.load(add=GRAINS + stage)


@pytest.mark.parametrize(
    ("grains", "value", "message"),
    [
        (GRAINS, "{ mean = 1, sigma = 1 }", "seed missing"),
        (GRAINS, '{ mean = "1 T", sigma = 1, seed = 1 }', "A/m"),
        (GRAINS, "{ mean = 1e5, sigma = -1, seed = 1 }", "at least 0"),
        (GRAINS, "{ mean = 1e5, sigma = 1, seed = 1, cone = 1 }", "unknown key"),
        (GRAINS, '{ mean = 1e5, sigma = 1, seed = 1, distribution = "gauss" }', "normal, lognormal, uniform"),
        (GRAINS, "{ mean = 1e5, sigma = 1, seed = 1, lowest = 2e5 }", "widen the bounds"),
        (GRAINS, '{ mean = 1e5, sigma = 1, seed = 1, group = "grian" }', 'did you mean "grain"'),
        ("", "{ mean = 1e5, sigma = 1, seed = 1 }", "[regions.NAME] with grains"),
        (GRAINS + GRAINS.replace("grain]", "other]"), "{ mean = 1e5, sigma = 1, seed = 1 }", "there are: grain, other"),
        (GRAINS, "{ mean = 1e5, sigma = 1, seed = 1, replicas = 0 }", "an integer from 1"),
        (GRAINS, "3", "is a table with mean, sigma, seed"),
        (GRAINS.replace("12 nm", "0 nm"), "{ mean = 1e5, sigma = 1, seed = 1 }", "above 0 m"),
        ("[regions.empty]\n", "{ mean = 1e5, sigma = 1, seed = 1 }", "neither shape nor grains"),
    ],
)
def test_what_cannot_be_is_refused(scenes, grains, value, message):
    assert message in scenes.errors(('Ms = "800 kA/m"', f"Ms = {{ grains = {value} }}"), add=grains)


def test_smooth_edges(scenes):
    add = '[geometry]\nshape = { kind = "cylinder", diameter = "40 nm" }\nsmooth_edges = 5\n'
    simulation = scenes.load(add=add).simulation
    share = Cylinder(40e-9).fill(MESH, 5)
    assert ((share > 0) & (share < 1)).any()
    np.testing.assert_allclose(simulation._magnet.material.Ms.base[0, 0], 8e5 * share)
    np.testing.assert_allclose(simulation.terms["exchange"].A.base[0, 0], 13e-12 * share)
    stage = '[[stages]]\nkind = "set"\n[stages.values]\n"material.Ms" = 1e5\n'
    loaded = scenes.load(add=add + stage)
    built = loaded.builder.setting("material.Ms", 1e5, loaded.simulation._magnet.material.Ms.declaration)
    loaded.simulation.set("material.Ms", built)
    np.testing.assert_allclose(loaded.simulation._magnet.material.Ms.base[0, 0], 1e5 * share)


def test_a_mesh_file_stays_in_the_folder_of_the_scene(scenes):
    entry = '[geometry]\nshape = { kind = "mesh", file = "../a.stl", scale = "1 nm" }\n'
    assert "leads out of the scene's folder" in scenes.errors(add=entry)


def test_an_open_surface_is_told_with_its_place(scenes):
    (scenes.folder / "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\n")
    entry = '[geometry]\nshape = { kind = "mesh", file = "a.obj", scale = "10 nm" }\n'
    message = scenes.errors(add=entry)
    assert "geometry" in message
    assert "the surface is not closed" in message
