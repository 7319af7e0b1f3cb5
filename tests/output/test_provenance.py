"""Provenance: valid JSON from whatever a run holds."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

import fdmag
from fdmag.errors import ParameterError
from fdmag.output import machine_info, write_json


def written(tmp_path, data):
    write_json(tmp_path / "a.json", data)

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads((tmp_path / "a.json").read_text(encoding="utf-8"), parse_constant=refuse)


def test_machine_info_is_json_and_names_versions(tmp_path):
    info = written(tmp_path, machine_info())
    assert info["fdmag"] == fdmag.__version__
    assert info["numpy"] == np.__version__
    assert info["cores"] >= 1
    assert info["cpu"]


def test_numpy_values_become_plain(tmp_path):
    data = {"a": np.float64(0.1), "b": np.arange(3), "c": np.bool_(True), "d": np.int64(2**62), "e": np.float32(0.1)}
    expected = {"a": 0.1, "b": [0, 1, 2], "c": True, "d": 2**62, "e": float(np.float32(0.1))}
    assert written(tmp_path, data) == expected


def test_non_finite_numbers_stay_readable(tmp_path):
    read = written(tmp_path, [np.nan, np.inf, np.array([-np.inf, 1.5])])
    assert read == ["NaN", "Infinity", ["-Infinity", 1.5]]
    np.testing.assert_array_equal([float(read[0]), float(read[1]), float(read[2][0])], [np.nan, np.inf, -np.inf])


def test_other_types(tmp_path):
    @dataclass
    class Layer:
        thickness: float
        file: Path

    data = {"layer": Layer(1e-9, Path("a/b")), "when": datetime(2024, 5, 6, 7), 3: (1, None)}
    expected = {"layer": {"thickness": 1e-9, "file": "a/b"}, "when": "2024-05-06T07:00:00", "3": [1, None]}
    assert written(tmp_path, data) == expected


@pytest.mark.parametrize("bad", [1j, b"x", {1.5: 2}, {(1, 2): 3}, object(), Path])
def test_error_names_the_place_and_writes_nothing(tmp_path, bad):
    with pytest.raises(ParameterError, match=r"data\['run'\]\[1\]"):
        write_json(tmp_path / "a.json", {"run": [0, bad]})
    assert not (tmp_path / "a.json").exists()
