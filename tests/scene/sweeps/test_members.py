"""From [sweep] to members: grids, zips, random members, expressions, files, several places."""

import numpy as np
import pytest
from scipy import stats

from fdmag.scene.load import load_scene
from fdmag.scene.sweeps.draws import chances, draw
from tests.closeness import close
from tests.scene.sweeps.conftest import FIELD


def values(sweep, name):
    return [sweep.expansion.values(member)[name] for member in range(sweep.expansion.count)]


def raw(sweep, member):
    return sweep.expansion.scene(member)


def test_a_grid_has_every_value_of_each_with_every_one_of_the_others(sweeps):
    add = '[sweep.quantities.alpha]\npath = "material.alpha"\nlogspace = [1e-3, 1e-1, 3]\n' + FIELD.replace("4]", "2]")
    sweep = sweeps.load(add)
    assert sweep.expansion.dimensions == {"alpha": 3, "field": 2}
    assert values(sweep, "alpha") == close([1e-3, 1e-3, 1e-2, 1e-2, 1e-1, 1e-1])
    assert values(sweep, "field") == close([-0.02, 0.02] * 3)
    member = load_scene(sweeps.path, member=3).scene
    assert (member.material.alpha, member.terms.zeeman[0].B) == (close(0.01), [0.003, 0, 0.02])
    assert member.sweep is None
    assert raw(sweep, 3)["mesh"] is raw(sweep, 4)["mesh"]


def test_a_zip_has_the_first_of_each_then_the_second_of_each(sweeps):
    sweep = sweeps.load(
        '[sweep]\nkind = "zip"\n'
        '[sweep.quantities.alpha]\npath = "material.alpha"\nvalues = [0.1, 0.2, 0.3]\n'
        '[sweep.quantities.direction]\npath = "initial.direction"\nvalues = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]\n'
    )
    assert sweep.expansion.dimensions == {"member": 3}
    assert [(raw(sweep, k)["material"]["alpha"], raw(sweep, k)["initial"]["direction"]) for k in range(3)] == [
        (0.1, [1, 0, 0]), (0.2, [0, 1, 0]), (0.3, [0, 0, 1])
    ]  # fmt: skip


RANDOM = """
[sweep]
kind = "monte_carlo"
members = {members}
seed = {seed}
[sweep.quantities.Ms]
path = "material.Ms"
normal = {{ mean = "800 kA/m", sigma = "40 kA/m", lowest = "700 kA/m" }}
[sweep.quantities.alpha]
path = "material.alpha"
lognormal = {{ mean = 0.02, sigma = 0.01 }}
[sweep.quantities.field]
path = "terms.zeeman.B.2"
uniform = {{ lowest = "-1 mT", highest = "1 mT" }}
"""


def test_more_members_leave_those_there_are_as_they_are(sweeps):
    few = sweeps.load(RANDOM.format(members=3, seed=1)).expansion
    many = sweeps.load(RANDOM.format(members=5, seed=1)).expansion
    other = sweeps.load(RANDOM.format(members=3, seed=2)).expansion
    assert few.dimensions == {"member": 3}
    assert [few.values(k) for k in range(3)] == [many.values(k) for k in range(3)]
    assert not {tuple(few.values(k).values()) for k in range(3)} & {tuple(other.values(k).values()) for k in range(3)}


def test_quantities_of_a_grid_that_are_drawn_at_random_are_the_same_samples_at_every_place(sweeps):
    sweep = sweeps.load(
        FIELD.replace("4]", "2]") + "[sweep]\nmembers = 3\nseed = 1\n"
        '[sweep.quantities.alpha]\npath = "material.alpha"\nuniform = { lowest = 0.1, highest = 0.3 }\n'
    )
    assert sweep.expansion.dimensions == {"field": 2, "sample": 3}
    assert values(sweep, "alpha")[:3] == values(sweep, "alpha")[3:]
    assert len(set(values(sweep, "alpha"))) == 3


def truncated(bound):
    below = stats.norm.cdf(bound, 3, 2)
    return lambda x: (stats.norm.cdf(x, 3, 2) - below) / (1 - below)


S = np.sqrt(np.log(1 + (2 / 3) ** 2))  # of a lognormal distribution with mean 3 and standard deviation 2
DISTRIBUTIONS = {
    "normal": ("normal", {"mean": 3.0, "sigma": 2.0}, stats.norm(3, 2).cdf),
    "truncated": ("normal", {"mean": 3.0, "sigma": 2.0, "lowest": 2.5}, truncated(2.5)),
    "lognormal": ("lognormal", {"mean": 3.0, "sigma": 2.0}, stats.lognorm(S, scale=3 / np.exp(S**2 / 2)).cdf),
    "uniform": ("uniform", {"lowest": -1.0, "highest": 4.0}, stats.uniform(-1, 5).cdf),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_drawn_values_are_distributed_as_said(name):
    form, options, cdf = DISTRIBUTIONS[name]
    found = draw(form, options, chances(7, "Ms", 20_000))
    assert stats.kstest(found, cdf).pvalue > 1e-3
    assert found.min() >= options.get("lowest", -np.inf)


def test_quantities_are_independent_of_each_other_and_of_their_neighbours():
    one, other = chances(7, "Ms", 20_000), chances(7, "A", 20_000)
    for a, b in ((one, other), (one[:-1], one[1:])):
        assert abs(stats.pearsonr(a, b).statistic) < 4 / np.sqrt(20_000)


def test_an_expression_and_several_places(sweeps):
    sweep = sweeps.load(
        '[sweep.quantities.d]\npaths = ["shapes.disc.diameters.0", "shapes.disc.diameters.1"]\n'
        'values = ["12 nm", "16 nm"]\n'
        '[sweep.quantities.field]\npath = "terms.zeeman.B.0"\nexpression = "2*mT*(d/(8*nm))**2"\n',
        (
            "[material]",
            '[shapes.disc]\nkind = "ellipse"\ndiameters = ["5 nm", "5 nm"]\n[geometry]\nshape = "disc"\n[material]',
        ),
    )
    assert sweep.expansion.dimensions == {"d": 2}
    assert raw(sweep, 1)["shapes"]["disc"]["diameters"] == [1.6e-8, 1.6e-8]
    assert raw(sweep, 1)["terms"]["zeeman"]["B"][0] == close(8e-3)
    assert sweep.expansion.coordinate(sweep.expansion.quantities[1])[0] == ("d",)


def test_columns_of_a_file_are_members(sweeps):
    (sweeps.folder / "devices.csv").write_text("# measured\ndevice,Ms (kA/m),alpha\nA,800,0.1\nB,820.5,2 %\n")
    sweep = sweeps.load(
        '[sweep]\nkind = "zip"\nfile = "devices.csv"\n[sweep.quantities.Ms]\npath = "material.Ms"\ncolumn = "Ms"\n'
        '[sweep.quantities.alpha]\npath = "material.alpha"\ncolumn = "alpha"\n'
    )
    assert values(sweep, "Ms") == [800e3, 820.5e3]
    assert values(sweep, "alpha") == [0.1, 0.02]


def test_members_differ_in_noise_unless_told_otherwise(sweeps):
    noise = ("[terms.zeeman]", "[terms.thermal]\nT = 300\nseed = 4\nfirst_replica = 10\n[terms.zeeman]")
    sweep = sweeps.load(FIELD, noise)
    assert [raw(sweep, k)["terms"]["thermal"]["first_replica"] for k in range(4)] == [10, 11, 12, 13]
    seeds = '[sweep.quantities.seed]\npath = "terms.thermal.seed"\nvalues = [1, 2]\n'
    sweep = sweeps.load(seeds, noise)
    assert [raw(sweep, k)["terms"]["thermal"] for k in range(2)] == [
        {"T": 300, "seed": seed, "first_replica": 10} for seed in (1, 2)
    ]
    sweep = sweeps.load('[sweep]\nkind = "monte_carlo"\nmembers = 3\n', noise)  # an ensemble in noise alone
    assert [raw(sweep, k)["terms"]["thermal"]["first_replica"] for k in range(3)] == [10, 11, 12]


def test_kinds_and_whole_numbers_can_be_swept(sweeps):
    sweep = sweeps.load(
        '[sweep.quantities.n]\npath = "mesh.cells.0"\nlinspace = [2, 4, 3]\n'
        '[sweep.quantities.solver]\npath = "stages.0.solver"\nvalues = ["dormand_prince", "bogacki_shampine"]\n'
    )
    assert [raw(sweep, k)["mesh"]["cells"] for k in (0, 2, 4)] == [[2, 3, 1], [3, 3, 1], [4, 3, 1]]
    assert load_scene(sweeps.path, member=3).scene.stages[0].solver == "bogacki_shampine"
    assert len(sweep.groups) == 6


@pytest.mark.parametrize("path", ["terms.zeeman.B.2", '\\"terms.zeeman.B\\".2'], ids=["plain", "quoted"])
def test_what_a_stage_sets_can_be_swept_by_a_key_with_points(sweeps, path):
    sweep = sweeps.load(
        '[[stages]]\nkind = "set"\nvalues = { "terms.zeeman.B" = [0, 0, 0] }\n'
        f'[sweep.quantities.B]\npath = "stages.1.values.{path}"\nvalues = ["1 mT", "2 mT"]\n'
    )
    assert [raw(sweep, k)["stages"][1]["values"] for k in (0, 1)] == [
        {"terms.zeeman.B": [0, 0, B]} for B in (1e-3, 2e-3)
    ]
