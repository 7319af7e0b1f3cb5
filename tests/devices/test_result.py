"""What results of device calculations have in common."""

import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

import numpy as np
import pytest

import fdmag.devices
from fdmag.devices.checks import array_of, checked
from fdmag.devices.driven_result import DrivenResult
from fdmag.devices.result import COLOURS, Result, axes_for, quantities, quantity
from fdmag.errors import ParameterError


@dataclass(frozen=True)
class Decay(Result):
    x: np.ndarray = quantity("m", "position", "x")
    mu: np.ndarray = quantity("V", "spin accumulation", "x")
    length: float = quantity("m", "spin diffusion length")
    sigma_length: float = quantity("m", "standard error")
    loss: float = quantity("1", "loss", default=np.nan)
    material: str = "copper"


DECAY = Decay(np.array([0.0, 1e-7]), np.array([1e-6, 5e-7]), 5e-7, 2e-8)


def test_dataset_has_units_coordinates_and_notes():
    xarray = pytest.importorskip("xarray")
    data = DECAY.to_xarray()
    assert isinstance(data, xarray.Dataset)
    assert set(data.coords) == {"x"}
    assert data["mu"].attrs == {"units": "V", "long_name": "spin accumulation"}
    assert data.attrs == {"material": "copper"}
    assert float(data["length"]) == 5e-7


def test_text_has_uncertainties_and_leaves_out_what_is_not_known():
    assert str(DECAY).splitlines() == ["Decay", "  spin diffusion length: 5e-07 ± 2e-08 m"]


@pytest.mark.parametrize(
    ("package", "extra", "call"),
    [("xarray", "sweep", DECAY.to_xarray), ("matplotlib.pyplot", "plot", lambda: axes_for(None, "x", "y"))],
)
def test_a_missing_package_is_named(package, extra, call, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ParameterError, match=rf"pip install fdmag\[{extra}\]"):
        call()


def test_given_axes_are_drawn_on():
    from matplotlib.figure import Figure

    given = Figure().add_subplot()
    axes = axes_for(given, "x [m]", "y [V]", "title")
    assert axes is given
    (line,) = axes.plot([0, 1])
    assert line.get_color() == COLOURS[0]


def test_every_field_of_every_result_says_what_it_is():
    modules = [import_module(f"fdmag.devices.{info.name}") for info in iter_modules(fdmag.devices.__path__)]
    results = {c for m in modules for c in vars(m).values() if isinstance(c, type) and issubclass(c, Result)}
    results -= {Result, DrivenResult}
    assert len(results) >= 9
    for result in results:
        declared = quantities(result)
        assert declared
        for name, what in declared.items():
            assert what.unit
            assert what.meaning
            assert not name.startswith("sigma_") or name.removeprefix("sigma_") in declared, (result, name)
            assert result.__doc__


def test_public_names_are_there_and_cost_nothing_until_used():
    for name in fdmag.devices.__all__:
        assert getattr(fdmag.devices, name).__name__ == name
    code = "import sys, fdmag.devices; print('fdmag.simulation' in sys.modules, 'scipy' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False False\n"
    )


def test_checks_name_what_came_and_what_is_allowed():
    checked("thing", {"a": 1.0, "b": 0.0}, a="positive m", b="from 0 to 1")
    with pytest.raises(ParameterError, match="thing: b = 2; allowed: from 0 to 1"):
        checked("thing", {"b": np.array([0.0, 2.0])}, b="from 0 to 1")
    with pytest.raises(ParameterError, match="thing: a = nan m; allowed: above 0"):
        checked("thing", {"a": np.nan}, a="positive m")
    with pytest.raises(ParameterError, match="not finite"):
        array_of("thing", "a", [1.0, np.inf])
    with pytest.raises(ParameterError, match=r"shape \(2, 1\); allowed: 1 axis, at least 1 entries"):
        array_of("thing", "a", [[1], [2]])
