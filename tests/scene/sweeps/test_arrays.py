"""Arrays of members over the dimensions of their sweep: axes that agree, that end early, and that differ."""

import numpy as np

from fdmag.scene.sweeps import arrays
from fdmag.scene.sweeps.arrays import Array, over_members

ONE, TWO = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0])


def laid(found, dims=("a", "b"), shape=(1, 2)):
    return over_members(found, dims, shape)


def curve(t, y):
    return {"t": Array(("t",), t, {"units": "s"}), "y": Array(("t",), y)}


def test_an_axis_with_the_same_values_is_a_coordinate():
    data, axes = laid({0: curve(ONE, ONE), 1: curve(ONE * (1 + 1e-12), 2 * ONE)})
    assert set(data) == {"y"}
    assert data["y"][0] == ("a", "b", "t")
    np.testing.assert_array_equal(data["y"][1], [[ONE, 2 * ONE]])
    assert axes["t"][0] == ("t",)
    assert axes["t"][2] == {"units": "s"}


def test_a_member_that_ends_early_has_nan_from_there():
    data, axes = laid({0: curve(ONE[:2], TWO), 1: curve(ONE, ONE)})
    np.testing.assert_array_equal(data["y"][1], [[[4, 5, np.nan], ONE]])
    np.testing.assert_array_equal(axes["t"][1], ONE)


def test_an_axis_with_other_values_counts_and_they_are_a_variable():
    data, axes = laid({0: curve(TWO, TWO), 1: curve(ONE, ONE)})
    assert data["t"][0] == data["y"][0] == ("a", "b", "t_number")
    np.testing.assert_array_equal(data["t"][1], [[[4, 5, np.nan], ONE]])
    np.testing.assert_array_equal(axes["t_number"][1], [0, 1, 2])
    assert "t" not in axes


def test_one_replica_is_no_dimension_and_several_are():
    def found(n):
        return {"x": Array(("replica",), np.arange(n) + 1.0), "one": Array(("replica",), np.ones(1))}

    data, axes = laid({0: found(1), 1: found(1)})
    assert data["x"][0] == ("a", "b")
    assert "replica" not in axes
    data, axes = laid({0: found(1), 1: found(2)})
    np.testing.assert_array_equal(data["x"][1], [[[1, np.nan], [1, 2]]])
    assert data["one"][0] == ("a", "b")
    np.testing.assert_array_equal(axes["replica"][1], [0, 1])


def test_members_that_are_missing_are_nan():
    data, _ = laid({1: {"x": Array((), np.array(3.0))}}, shape=(2, 2))
    np.testing.assert_array_equal(data["x"][1], [[np.nan, 3], [np.nan, np.nan]])
    assert laid({}) == ({}, {})


def test_what_is_too_large_stays_in_the_files_of_the_members(monkeypatch):
    monkeypatch.setattr(arrays, "MAX_NUMBERS", 5)
    data, _ = laid({0: curve(ONE, ONE) | {"x": Array((), np.array(1.0))}, 1: curve(ONE, ONE)})
    assert set(data) == {"x"}


def test_names_are_coordinates_and_no_variables():
    names = np.array(["STT", "SOT"], dtype=object)
    found = {"way": Array(("way",), names), "E": Array(("way",), TWO), "text": Array(("way",), names)}
    data, axes = laid({0: found, 1: found})
    assert set(data) == {"E"}
    assert list(axes["way"][1]) == ["STT", "SOT"]
