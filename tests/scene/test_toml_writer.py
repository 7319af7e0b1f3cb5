"""What the TOML writer writes, tomllib reads back equal."""

import math
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdmag.scene.toml import dump_toml

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.one_of(
    TEXT,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.sampled_from(['"', "\\", "\x7f", "\0", "'''"]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=15
)


@given(st.dictionaries(TEXT, VALUES, max_size=6))
def test_round_trip(data):
    assert tomllib.loads(dump_toml(data)) == data


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_exact(value):
    read = tomllib.loads(dump_toml({"a": value}))["a"]
    assert math.copysign(1, read) == math.copysign(1, value)
    assert read == value


@pytest.mark.parametrize("value", [None, object(), {1: 2}, b"x"])
def test_what_toml_cannot_hold(value):
    with pytest.raises(TypeError, match="TOML"):
        dump_toml({"a": value})
