"""Sweeps that are wrong: what is told, before anything is computed."""

import time

import pytest

from fdmag.errors import ParameterError
from fdmag.scene.load import load_scene
from tests.scene.sweeps.conftest import FIELD

NOISE = ("[terms.zeeman]", "[terms.thermal]\nT = 300\n[terms.zeeman]")


def one(text: str, name: str = "q") -> str:
    return f"[sweep.quantities.{name}]\n{text}\n"


WRONG = {
    'path = "terms.zeman.B.2"\nvalues = [1]': 'did you mean "zeeman"',
    'path = "terms.zeeman.C"\nvalues = [1]': 'there is no "C"; allowed: B',
    'path = "terms.zeeman.B.7"\nvalues = [1]': 'there is no "7"; there is: 0, 1, 2',
    'path = "terms.demag.x"\nvalues = [1]': 'there is no "x"',
    'path = "stages.3.duration"\nvalues = [1]': "not the number of an entry; allowed: 0 to 0",
    'path = "stages.0.duratoin"\nvalues = [1]': 'did you mean "duration"',
    'path = "terms.zeeman"\nvalues = [1]': "is a whole table; name one of its entries",
    'path = "expect.x.value"\nvalues = [1]': "leads to no table that can be swept",
    'path = "shapes.disc.diameter"\nvalues = ["10 nm"]': 'there is no "disc"; there is: none',
    'path = "geometry.shape.diameter"\nvalues = ["10 nm"]': "is not in the scene",
    'path = "a = 1"\nvalues = [1]': "is no path",
    'paths = ["material.alpha", "material.Ms"]\nvalues = [1]': "different units: 1, A/m",
    'path = "material.alpha"\npaths = ["material.Ms"]\nvalues = [1]': "came both of path and paths",
    "values = [1]": "came neither of path and paths",
    'path = "material.alpha"': "came none of values, linspace",
    'path = "material.alpha"\nvalues = [1]\nlinspace = [0, 1, 2]': "came values and linspace",
    'path = "material.alpha"\nvalues = []': "has 0 entries; allowed: at least 1",
    'path = "material.alpha"\nvalues = [0.1, 0.1]': "a value comes twice",
    'path = "material.alpha"\nvalus = [0.1]': 'did you mean "values"',
    'path = "material.alpha"\nlinspace = [0, 1]': "has 2 entries; allowed: at least 3",
    'path = "material.alpha"\nlinspace = [0, 1, 2.5]': "came 2.5 values; allowed: an integer",
    'path = "material.alpha"\nlogspace = [0, 1, 3]': "a constant ratio needs both above 0",
    'path = "material.Ms"\nvalues = ["800 kA"]': "is a current [A]",
    'path = "initial.direction"\nlinspace = [0, 1, 2]': "is a vector; name one of its components",
    'path = "stages.0.solver"\nlinspace = [0, 1, 2]': "is no number; allowed here: values",
    'path = "material.alpha"\nnormal = { mean = 1, sigma = 0.1 }': "no quantity has a list of values",
    'path = "material.alpha"\ncolumn = "a"': "a column of which file",
}


@pytest.mark.parametrize("text", WRONG)
def test_quantities_that_are_wrong(text, sweeps):
    assert WRONG[text] in sweeps.errors(one(text))


COMBINED = {
    FIELD + one('path = "material.alpha"\nexpression = "feild*2"'): 'did you mean "field"',
    FIELD + one('path = "material.alpha"\nexpression = "__import__(1)"'): "unknown function",
    FIELD + one('path = "material.alpha"\nexpression = "field.real"'): "expression",
    '[sweep]\nkind = "monte_carlo"\nmembers = 2\n' + one('path = "material.alpha"\nvalues = [1]'): "lists go with",
    '[sweep]\nkind = "monte_carlo"\n'
    + one('path = "material.alpha"\nuniform = {lowest=1, highest=2}'): "members is missing",
    '[sweep]\nkind = "monte_carlo"\nmembers = 2\n'
    + one('path = "material.alpha"\nuniform = {lowest=1, highest=2}'): "seed is missing",
    '[sweep]\nkind = "monte_carlo"\nmembers = 2\nseed = 1\n'
    + one('path = "material.alpha"\nuniform = {lowest=2, highest=1}'): "give lowest < highest",
    '[sweep]\nkind = "zip"\n' + one('path = "material.alpha"\nvalues = [1, 2]')
    + one('path = "material.Ms"\nvalues = [1e5]', "other"): "with zip all have as many",
    '[sweep]\nmembers = 2\n' + FIELD: "no quantity is drawn at random",
    "[sweep]\n": "no quantity has a list of values",
    '[sweep]\nkind = "gird"\n' + FIELD: 'did you mean "grid"',
    FIELD + one('path = "terms.zeeman.B"\nvalues = [[0, 0, 1]]'): "field is there, too",
    one('path = "material.alpha"\nvalues = [1]', "mz"): "a column of the table has this name too",
    one('path = "material.alpha"\nvalues = [1]', "status"): "the name is taken",
    one('path = "material.alpha"\nvalues = [1]', "E_exchange"): "a column of the table has this name too",
    one('path = "material.alpha"\nlinspace = [0, 1, 2000]')
    + one('path = "material.Ms"\nlinspace = [1e5, 1e6, 2000]', "r"):
        "has 4000000 members; allowed: at most 1000000",
    FIELD + '[sweep.results.last]\ncolumn = "mzz"\n': 'did you mean "mz"',
    FIELD + '[sweep.results.last]\ntable = "moodes"\ncolumn = "mz"\n': "is no table of this run: table",
    one('path = "material.alpha"\nvalues = [1]', "replica"): "the name is taken, by sweep.nc itself",
    one('path = "device.none.V"\nvalues = [1]'): 'there is no "none"',
    FIELD + '[sweep.results.mz]\ncolumn = "mz"\n': "the name is taken",
    FIELD + '[sweep.results.last]\ncolumn = "mz"\nmeasure = "at"\n': "at is missing",
    '[sweep]\nfile = "../secret.csv"\nkind = "zip"\n'
    + one('path = "material.alpha"\ncolumn = "a"'): "leads out of",
    '[sweep]\nfile = "/etc/passwd"\nkind = "zip"\n'
    + one('path = "material.alpha"\ncolumn = "a"'): "give a relative one",
    '[sweep]\nfile = "none.csv"\nkind = "zip"\n' + one('path = "material.alpha"\ncolumn = "a"'): "is no file",
}  # fmt: skip


@pytest.mark.parametrize("text", COMBINED)
def test_sweeps_that_are_wrong(text, sweeps):
    assert COMBINED[text] in sweeps.errors(text)


EXPECT = '[expect.a]\ncolumn = "mz"\nvalue = 1\ntolerance = 1\nsource = "a text that says it"\n'
EXPECTED = {
    'member = { feild = 1 }': 'did you mean "field"',
    'member = { field = "1 T" }': "no member has \"1 T\"; there are: -20 mT",
    'measure = "zero_crossing"\nalong = "feild"': 'did you mean "field"',
    'measure = "zero_crossing"\nalong = "field"\nstatistic = "mean"': "does not go with a reading along field",
    'statistic = "average"': "allowed: each, mean",
}  # fmt: skip


@pytest.mark.parametrize("text", EXPECTED)
def test_expectations_that_are_wrong(text, sweeps):
    assert EXPECTED[text] in sweeps.errors(FIELD + EXPECT + text + "\n")


def test_expectations_of_sweeps_need_a_sweep(sweeps):
    assert "is for sweeps" in sweeps_error(sweeps, EXPECT + 'statistic = "mean"\n')


def sweeps_error(sweeps, add):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - SceneError is one
        load_scene(sweeps.write(add))
    return str(caught.value)


def test_a_wrong_member_is_told_with_its_values_and_how_many_more(sweeps):
    text = sweeps.errors(one('path = "material.alpha"\nlinspace = [0.2, -0.2, 5]', "alpha"))
    assert "[material] alpha" in text
    assert "member 3: alpha = -0.1" in text
    text = sweeps.errors(
        one('path = "geometry.shape.diameter"\nvalues = ["10 nm", "1 nm", "2 nm"]', "d"),
        ("[material]", '[geometry]\nshape = { kind = "cylinder", diameter = "9 nm" }\n[material]'),
        ("cells = [4, 3, 1]", "cells = [4, 4, 1]"),
    )
    assert "covers no cell" in text
    assert "member 1: d = 1 nm" in text
    assert "and 1 other members" in text


def test_there_is_no_such_member(sweeps):
    path = sweeps.write()
    with pytest.raises(ParameterError, match="allowed: 0 to 3"):
        load_scene(path, member=4)
    with pytest.raises(ParameterError, match="is no sweep"):
        load_scene(sweeps.write(""), member=0)


def test_a_huge_sweep_is_refused_at_once(sweeps):
    start = time.perf_counter()
    text = one('path = "material.alpha"\nlinspace = [0, 1, 1000000]') + one(
        'path = "material.Ms"\nlinspace = [1e5, 1e6, 1000000]', "other"
    )
    assert "members; allowed" in sweeps.errors(text)
    assert time.perf_counter() - start < 20
