import numpy as np
import pytest

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Declaration, Driven, Parameter, PerReplica
from fdmag.regions import Regions
from fdmag.shapes import Box

MESH = Mesh((4, 3, 2), (1e-9, 1e-9, 1e-9))
HALF = Regions(MESH, {"left": Box((2e-9, 9e-9, 9e-9), center=(-1e-9, 0, 0))})
SCALAR = Declaration("J/m", "stiffness", minimum=0)
VECTOR = Declaration("T", "field", components=3)
T0, T2 = np.zeros(1), np.array([0.0, 1e-9])


def make(value, declaration=SCALAR):
    return Parameter(value, declaration, MESH, HALF, "term.key")


@pytest.mark.parametrize(
    ("value", "declaration", "shape"),
    [
        (1.0, SCALAR, (1, 1, 1, 1, 1)),
        ((1, 2, 3), VECTOR, (1, 3, 1, 1, 1)),
        (np.ones((2, 3, 4)), SCALAR, (1, 1, 2, 3, 4)),
        (np.ones((3, 2, 3, 4)), VECTOR, (1, 3, 2, 3, 4)),
        (np.ones((5, 1, 1, 3, 1)), SCALAR, (5, 1, 1, 3, 1)),
        (PerReplica([1, 2]), SCALAR, (2, 1, 1, 1, 1)),
        (PerReplica([(0, 0, 1), (1, 0, 0)]), VECTOR, (2, 3, 1, 1, 1)),
        ({"left": 1, "default": 2}, SCALAR, (1, 1, 2, 3, 4)),
    ],
)
def test_axes_of_no_variation_have_length_one(value, declaration, shape):
    assert make(value, declaration).at(T0).shape == shape


def test_values_by_region():
    values = make({"left": 1.0, "default": 2.0}).at(T0)[0, 0]
    assert (values[..., :2] == 1).all()
    assert (values[..., 2:] == 2).all()


def test_functions_of_time_see_the_time_of_every_replica():
    field = make(lambda t: (0, t * 1e9, 5), VECTOR).at(T2)
    np.testing.assert_allclose(field[..., 0, 0, 0], [[0, 0, 5], [0, 1, 5]])
    driven = make(Driven(PerReplica([(1, 0, 0), (0, 2, 0)]), lambda t: 1 + t * 1e9), VECTOR)
    np.testing.assert_allclose(driven.at(T2)[..., 0, 0, 0], [[1, 0, 0], [0, 4, 0]])
    np.testing.assert_allclose(driven.at(T2[1:], np.array([1]))[..., 0, 0, 0], [[0, 4, 0]])


def test_a_function_may_give_a_whole_array():
    pattern = np.arange(24.0).reshape(1, 1, 2, 3, 4)
    values = make(lambda t: t[:, None, None, None, None] * pattern).at(np.array([2.0]))
    np.testing.assert_array_equal(values, 2 * pattern)


@pytest.mark.parametrize(
    ("value", "declaration", "message"),
    [
        (-1, SCALAR, "stiffness = -1 J/m is impossible; allowed: at least 0"),
        (0, Declaration("T", "width", above=0), "allowed: above 0 T"),
        (np.inf, SCALAR, "not finite"),
        ("1 T", SCALAR, "not a number"),
        (np.ones(5), SCALAR, r"array of shape \(5,\); allowed"),
        (np.ones((1, 1, 2, 3, 5)), SCALAR, "allowed"),
        (1.0, VECTOR, "allowed"),
        ({"left": 1}, SCALAR, "term.key.*default"),
        ({"lft": 1, "default": 1}, SCALAR, 'term.key.*did you mean "left"'),
        (PerReplica([]), SCALAR, "at least one replica"),
        (PerReplica([1, 2]), VECTOR, "values per replica"),
        (lambda t: (1, 2), VECTOR, "2 components; 3 are needed"),
        (lambda t: -1 + 0 * t, SCALAR, "impossible"),
        (Driven(1, lambda t: -1 + 0 * t), SCALAR, "impossible"),
        (lambda t: t, Declaration("1", "length", time_dependent=False), "cannot depend on time"),
        (Driven(1, lambda t: t), Declaration("1", "length", time_dependent=False), "cannot depend on time"),
        ((0, 0, 0), Declaration("1", "axis", components=3, unit_vector=True), "zero length"),
    ],
)
def test_wrong_values_are_refused_with_their_place(value, declaration, message):
    with pytest.raises(ParameterError, match=message) as caught:
        make(value, declaration).at(T0)
    assert str(caught.value).startswith("term.key")


@pytest.mark.parametrize("shape", [(1, 1, 2, 3, 4), (2, 3, 1, 1, 5), (3, 3, 1, 1, 1), (2, 4, 1, 1, 1), (1, 3, 3, 2, 4)])
def test_a_function_must_give_an_array_that_fits(shape):
    """A compiled kernel would read past the end of a smaller one."""
    with pytest.raises(ParameterError, match=r"term.key.*returned an array of shape"):
        make(lambda t: np.ones(shape), VECTOR).at(T2)


def test_a_function_may_give_one_row_for_all_replicas():
    assert make(lambda t: np.ones((1, 3, 1, 1, 1)), VECTOR).at(T2).shape == (2, 3, 1, 1, 1)
