"""Regions: numbering, overriding, grains without limit, and values spread over cells."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.regions import Regions
from fdmag.shapes import Box, Sphere

NM = 1e-9
MESH = Mesh(cells=(6, 4, 2), cell_size=(NM, NM, NM))
LEFT = Box((3 * NM, None, None), center=(-1.5 * NM, 0))
TOP = np.zeros(MESH.shape, dtype=bool)
TOP[1] = True


def test_later_regions_override_earlier_ones():
    regions = Regions(MESH, {"left": LEFT, "top": TOP})
    assert regions.names == ("default", "left", "top")
    np.testing.assert_array_equal(regions.numbers[0], np.broadcast_to([1, 1, 1, 0, 0, 0], (4, 6)))
    assert (regions.numbers[1] == 2).all()
    swapped = Regions(MESH, {"top": TOP, "left": LEFT})
    np.testing.assert_array_equal(swapped.numbers[1], np.broadcast_to([2, 2, 2, 1, 1, 1], (4, 6)))


def test_masks_are_a_partition():
    regions = Regions(MESH, {"left": LEFT, "top": TOP})
    total = sum(regions.mask(name).astype(int) for name in regions.names)
    np.testing.assert_array_equal(total, 1)
    np.testing.assert_array_equal(regions.mask("left"), LEFT.fill(MESH) & ~TOP)
    assert [regions.number(name) for name in regions.names] == [0, 1, 2]
    assert "left" in regions
    assert "right" not in regions


def test_without_definitions_everything_is_default():
    regions = Regions(MESH)
    assert len(regions) == 1
    assert not regions.numbers.any()
    assert regions.mask("default").all()


def test_numbers_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        Regions(MESH).numbers[0, 0, 0] = 1


@pytest.mark.parametrize(("n", "dtype"), [(255, np.uint8), (256, np.uint16), (65535, np.uint16), (65536, np.uint32)])
def test_any_number_of_grains_in_the_smallest_type(n, dtype):
    mesh = Mesh(cells=(n, 1, 1), cell_size=(NM, NM, NM))
    grains = np.arange(1, n + 1).reshape(mesh.shape)
    regions = Regions(mesh, {"grain": grains})
    assert regions.numbers.dtype == dtype
    np.testing.assert_array_equal(regions.numbers, grains)
    assert regions.names[-1] == f"grain.{n}"


def test_grains_form_a_group():
    grains = np.zeros(MESH.shape, dtype=np.int32)
    grains[:, :, :2], grains[:, :, 2:4] = 7, 3
    regions = Regions(MESH, {"lead": TOP, "grain": grains})
    assert regions.names == ("default", "lead", "grain.3", "grain.7")
    np.testing.assert_array_equal(regions.numbers[0, 0], [3, 3, 2, 2, 0, 0])
    np.testing.assert_array_equal(regions.mask("grain"), grains > 0)
    np.testing.assert_array_equal(regions.mask("grain.7"), grains == 7)
    assert regions.number("grain.3") == 2
    with pytest.raises(ParameterError, match=r"group of 2 regions, such as 'grain\.3'"):
        regions.number("grain")


def test_group_value_and_single_grain():
    grains = np.broadcast_to(np.arange(6), MESH.shape)
    regions = Regions(MESH, {"grain": grains})
    for order in (1, -1):  # a single grain goes before its group, in whatever order they are given
        values = dict(list({"grain": 2.0, "grain.4": 9.0, "default": 0.0}.items())[::order])
        np.testing.assert_array_equal(regions.expand(values)[0, 0, 0], [0, 2, 2, 2, 9, 2])


@settings(max_examples=40, deadline=None)
@given(data=st.data(), components=st.integers(1, 4))
def test_expand_puts_each_value_in_its_region(data, components):
    numbers = np.array(data.draw(st.lists(st.integers(0, 3), min_size=48, max_size=48))).reshape(MESH.shape)
    regions = Regions(MESH, {f"r{i}": numbers == i for i in (1, 2, 3) if (numbers == i).any()})
    values = {name: np.arange(components) + 10.0 * i for i, name in enumerate(regions.names)}
    field = regions.expand(values, components)
    assert field.shape == (components, *MESH.shape)
    assert field.dtype == np.float64
    for name in regions.names:
        assert (field[:, regions.mask(name)] == values[name][:, None]).all()


def test_default_value_is_needed_only_where_default_has_cells():
    half = np.zeros(MESH.shape, dtype=bool)
    half[0] = True
    np.testing.assert_array_equal(Regions(MESH, {"a": half, "b": ~half}).expand({"a": 1, "b": 2})[0, :, 0, 0], [1, 2])
    with pytest.raises(ParameterError, match=r"no value for 1 region\(s\): 'default' .*no region covers"):
        Regions(MESH, {"a": half}).expand({"a": 1})


def test_expand_lists_missing_and_unknown_regions():
    regions = Regions(MESH, {"free": LEFT, "fixed": TOP})
    with pytest.raises(ParameterError, match=r"no value for 2 region\(s\): 'free', 'fixed' \('default' holds"):
        regions.expand({"default": 1.0})
    with pytest.raises(ParameterError, match="'fxed'; did you mean \"fixed\"") as error:
        regions.expand({"default": 1.0, "free": 1.0, "fxed": 1.0, "zzz": 1.0})
    assert "'zzz'" in str(error.value)
    assert "(regions: default, free, fixed)" in str(error.value)


@pytest.mark.parametrize(
    ("value", "components"),
    [((1, 2), 3), (1.0, 3), ((1, 2, 3), 1), ("a", 1), (np.nan, 1), ((1, np.inf, 0), 3), (None, 1)],
)
def test_wrong_values_are_refused(value, components):
    with pytest.raises(ParameterError, match="region 'default'"):
        Regions(MESH).expand({"default": value}, components)


def test_unknown_name_gets_a_suggestion():
    regions = Regions(MESH, {"free": LEFT})
    for ask in (regions.mask, regions.number):
        with pytest.raises(ParameterError, match='did you mean "free"'):
            ask("fre")


@pytest.mark.parametrize(
    "definition", [Sphere(NM, center=(1.0, 0, 0)), np.zeros(MESH.shape, bool), np.zeros(MESH.shape, int)]
)
def test_region_without_cells_is_an_error(definition):
    with pytest.raises(ParameterError, match=r"'far' covers no cell; the mesh spans x = -3e-09 \.\.\. 3e-09 m"):
        Regions(MESH, {"left": LEFT, "far": definition})


def test_region_that_is_covered_altogether_is_an_error():
    with pytest.raises(ParameterError, match="'small' has no cell left"):
        Regions(MESH, {"small": TOP, "all": np.ones(MESH.shape, bool)})


def test_single_grains_may_vanish_under_a_later_region():
    grains = np.broadcast_to(np.arange(1, 7), MESH.shape)
    regions = Regions(MESH, {"grain": grains, "lead": LEFT})
    assert not regions.mask("grain.1").any()
    np.testing.assert_array_equal(
        regions.expand({"grain.4": 4, "grain.5": 5, "grain.6": 6, "lead": 0})[0, 0, 0, 2:], [0, 4, 5, 6]
    )


@pytest.mark.parametrize(
    ("definitions", "message"),
    [
        ({"default": LEFT}, "choose another"),
        ({"": LEFT}, "not empty"),
        ({3: LEFT}, "not empty"),
        ({"g.1": TOP, "g": TOP.astype(int)}, "'g.1' is there already"),
        ({"a": np.ones((4, 6, 2), bool)}, "shape"),
        ({"a": np.ones(MESH.shape)}, "float64"),
        ({"a": -np.ones(MESH.shape, int)}, "holds -1"),
        ({"a": "box"}, "allowed are shapes"),
    ],
)
def test_wrong_definitions_are_refused(definitions, message):
    with pytest.raises(ParameterError, match=message):
        Regions(MESH, definitions)
