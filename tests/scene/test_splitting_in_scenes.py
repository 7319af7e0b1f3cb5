"""Rare events by scene: what is written, what does not depend on how it is computed, and what cannot be combined."""

import json

import numpy as np
import pytest

from fdmag.analytic.fokker_planck import write_error_rate
from fdmag.output import read_table
from fdmag.scene.load import load_scene
from fdmag.scene.run import run_scene
from tests.closeness import close

DELTA, ALPHA, B_K = 40.0, 0.5, 0.6
SCENE = """
[mesh]
cells = [1, 1, 1]
cell = ["20 nm", "20 nm", "2 nm"]
[material]
Ms = "1 MA/m"
alpha = 0.5
[terms.uniaxial_anisotropy]
Ku1 = "300 kJ/m^3"
[terms.thermal]
T = "434.578 K"
seed = 1
[terms.slonczewski]
J = 0
P = 0.5
[ensemble]
method = "splitting"
figure = "error_rate"
replicas = 40
groups = 4
every = "10 ps"
{ensemble}
[[stages]]
kind = "run"
duration = "40 ps"
dt = "1 ps"
{first}
[[stages]]
kind = "set"
values = {{ "terms.slonczewski.J" = "10.9387256e12 A/m^2" }}
[[stages]]
kind = "run"
duration = "50 ps"
dt = "1 ps"
until = {{ column = "mz", below = 0 }}
{last}
[output]
formats = []
{more}
"""


def written(folder, ensemble="", first="", last="", more="", replicas=40, groups=4):
    path = folder / "rare.toml"
    text = SCENE.format(ensemble=ensemble, first=first, last=last, more=more)
    text = text.replace("replicas = 40", f"replicas = {replicas}").replace("groups = 4", f"groups = {groups}")
    path.write_text(text, encoding="utf-8")
    return path


def told(out):
    return json.loads((out / "run.json").read_text(encoding="utf-8"))


def test_tables_and_figures_agree_with_each_other_and_with_fokker_planck(tmp_path):
    out = tmp_path / "out"
    run_scene(written(tmp_path, 'times = ["32 ps"]', replicas=2000), out)
    table = read_table(out / "tables" / "splitting.csv")
    np.testing.assert_allclose(table["t"], np.array([10, 20, 30, 32, 40, 50]) * 1e-12, rtol=1e-9)
    exact = write_error_rate(table["t"], 3.0, DELTA, ALPHA, B_K, absorbing=True)
    assert exact[-1] < 0.05
    rare = exact < 0.5
    assert np.abs((table["error_rate"] - exact)[rare] / table["sigma"][rare]).max() < 3.5
    (figures,) = told(out)["switching"]
    assert (figures["method"], figures["groups"], figures["replicas"], figures["stage"]) == ("splitting", 4, 2000, 2)
    assert figures["error_rate"]["value"] == table["error_rate"][-1]
    assert figures["error_rate"]["low"] == table["low"][-1]
    assert figures["probability"]["value"] == close(1 - table["error_rate"][-1])
    assert figures["probability"]["high"] == close(1 - table["low"][-1])
    rows = np.loadtxt(out / "switching.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(rows[:, 2], table["error_rate"])
    weights = read_table(out / "table.csv")
    end = (weights["stage"] == 2) & (weights["t"] > 60e-12)
    assert weights["weight"][end].sum() / 4 == close(table["error_rate"][-1])
    assert "t_stop" not in weights
    assert (out / "splitting.png").stat().st_size > 5000


def test_further_groups_are_those_of_more_computed_together(tmp_path):
    """Eight groups in one go, and four and four more: the same estimates; so too from the scene that was written."""
    found = []
    for name, further, count in (("one", "", 8), ("two", "relative_error = 1e-6\nmost = 85", 4)):
        out = tmp_path / name
        run_scene(written(tmp_path, further, replicas=10 * count, groups=count), out)
        table, record = read_table(out / "tables" / "splitting.csv"), told(out)
        found.append(table)
        assert (record["replicas"], record["switching"][0]["groups"]) == (80, 8)
    again = tmp_path / "again"
    run_scene(tmp_path / "two" / "scene.toml", again)
    found.append(read_table(again / "tables" / "splitting.csv"))
    for name, values in found[0].columns.items():
        np.testing.assert_allclose(found[1][name], values, rtol=1e-13)
        np.testing.assert_array_equal(found[2][name], found[1][name])
    other = tmp_path / "other"
    run_scene(written(tmp_path, "seed = 1", replicas=80, groups=8), other)
    assert not np.array_equal(read_table(other / "tables" / "splitting.csv")["error_rate"], found[0]["error_rate"])


def test_it_ends_when_the_rate_is_known(tmp_path):
    run_scene(written(tmp_path, "relative_error = 0.5\nmost = 100_000"), tmp_path / "out")
    (figures,) = told(tmp_path / "out")["switching"]
    rate = figures["error_rate"]
    assert (rate["high"] - rate["low"]) / 2 <= 0.5 * rate["value"]
    assert 4 < figures["groups"] < 1000
    exact = write_error_rate([50e-12], 3.0, DELTA, ALPHA, B_K, absorbing=True)[0]
    assert abs(rate["value"] - exact) < 4 * figures["sigma"]


def test_the_other_probability_is_the_rare_one(tmp_path):
    """Few are written soon by less than the critical current: what has met the criterion is found, not what has not."""
    scene = written(tmp_path, replicas=400)
    overrides = ['stages.1.values={"terms.slonczewski.J"="2.9e12"}', 'ensemble.figure="probability"']
    run_scene(scene, tmp_path / "out", overrides=[*overrides, "ensemble.levels=[0.95, 0.9, 0.8, 0.6, 0.4, 0.2]"])
    (figures,) = told(tmp_path / "out")["switching"]
    assert 0 < figures["probability"]["value"] < 0.01
    table = read_table(tmp_path / "out" / "tables" / "splitting.csv")
    assert np.all(np.diff(table["probability"]) >= 0)
    rows = np.loadtxt(tmp_path / "out" / "switching.csv", delimiter=",", skiprows=1)
    np.testing.assert_allclose(rows[:, 2], 1 - table["probability"], rtol=0, atol=1e-15)


@pytest.mark.parametrize(("sigmas", "holds"), [(3.5, True), (0.01, False)])
def test_expectations_in_standard_errors(sigmas, holds, tmp_path):
    exact = write_error_rate([40e-12], 3.0, DELTA, ALPHA, B_K, absorbing=True)[0]
    more = (
        f'[expect.rate]\ntable = "splitting"\ncolumn = "error_rate"\nmeasure = "at"\nat = "40 ps"\nvalue = {exact}\n'
        f'sigmas = {sigmas}\nsource = "Fokker-Planck"'
    )
    (outcome,) = run_scene(written(tmp_path, more=more, replicas=400), tmp_path / "out")
    assert outcome.holds is holds
    table = read_table(tmp_path / "out" / "tables" / "splitting.csv")
    assert outcome.tolerance == close(sigmas * table["sigma"][np.argmin(np.abs(table["t"] - 40e-12))], rel=1e-4)


RELAX = '[[stages]]\nkind = "relax"'
SHARE = '[expect.a]\ncolumn = "mz"\nmeasure = "mean_of_replicas"\nvalue = 0\nsigmas = 3\nsource = "x"'

SIGMAS = '[expect.a]\ntable = "splitting"\ncolumn = "COLUMN"\nvalue = 0\nsigmas = 3\nsource = "x"\n'


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"groups": 3}, "came replicas = 40; a splitting needs a multiple of groups = 3"),
        ({"groups": 40}, "two each at least"),
        ({"ensemble": "floor = 2"}, "came floor = 2"),
        ({"ensemble": "levels = []"}, "levels"),
        ({"ensemble": 'levels = ["3 mT"]'}, "3 mT"),
        ({"ensemble": 'times = ["1 ns"]'}, "came 1e-09 s; the run with until lasts 5e-11 s"),
        ({"more": SIGMAS.replace("COLUMN", "low")}, "are the standard errors of error_rate at one time"),
        ({"more": SIGMAS.replace("COLUMN", "error_rate") + 'measure = "minimum"'}, "are the standard errors"),
        ({"first": 'table_every = "1 ps"'}, "a trajectory that is divided has no course of its own"),
        ({"last": 'fields_every = "1 ps"'}, "a trajectory that is divided has no course of its own"),
        ({"first": 'until = { column = "mz", below = 0 }'}, "only the last run has until"),
        ({"more": RELAX}, "put this before it"),
        ({"more": '[[stages]]\nkind = "run"\nduration = "1 ps"'}, "the last run has until"),
        ({"more": '[[stages]]\nkind = "modes"'}, '"modes" cannot be done with weights'),
        ({"more": SHARE}, "trajectories of a splitting have weights"),
        ({"more": "[terms.zeeman]\nB = { replicas = [[0, 0, 0], [0, 0, 1]] }"}, "is for identical replicas"),
        ({"more": '[expect.a]\ncolumn = "t_stop"\nvalue = 0\ntolerance = 1\nsource = "x"'}, '"t_stop" is no column'),
    ],
)
def test_what_cannot_be_combined_is_told(changes, message, tmp_path):
    with pytest.raises(ValueError, match=r"rare\.toml") as caught:
        load_scene(written(tmp_path, **changes))
    assert message in str(caught.value).replace("\n    ", " ")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ('ensemble.figure="mean_time"', "of a splitting allowed: probability, error_rate"),
        ('ensemble.every="50 ps"', "came 5e-11 s; no run is longer, and nothing would be divided"),
        ('ensemble.method="count"', 'groups is for a splitting; add method = "splitting", or remove it'),
        ("terms.thermal.T=0", "without noise the copies of a trajectory stay together"),
    ],
)
def test_what_does_not_go_with_it_is_told(override, message, tmp_path):
    with pytest.raises(ValueError, match=r"rare\.toml") as caught:
        load_scene(written(tmp_path), [override])
    assert message in str(caught.value).replace("\n    ", " ")


def test_what_is_never_found_is_told_as_not_known(tmp_path):
    """Nothing gets over a barrier of 40 k_B T in so short a time: no upper bound is made up."""
    overrides = ['ensemble.figure="probability"', "ensemble.levels=[0.5]", 'stages.2.duration="5 ps"']
    run_scene(written(tmp_path), tmp_path / "out", overrides=overrides)
    (figures,) = told(tmp_path / "out")["switching"]
    assert figures["probability"] == {"value": 0.0, "low": 0.0, "high": "NaN"}
    assert "no trajectory came to the rare event" in (tmp_path / "out" / "log.txt").read_text(encoding="utf-8")
