"""A splitting for each member: its probabilities over the sweep and over time, and what is expected of them."""

import numpy as np
import pytest

import fdmag
from fdmag.output import read_table
from fdmag.scene.run import run_scene
from fdmag.sweep_plots import plot_sweep
from tests.closeness import close
from tests.scene.test_splitting_in_scenes import written

pytest.importorskip("xarray")

SWEEP = """
[sweep.quantities.T]
path = "terms.thermal.T"
values = ["400 K", "500 K"]
[expect.at]
table = "splitting"
column = "error_rate"
measure = "at"
at = "40 ps"
member = { T = 500 }
value = 0
sigmas = 1000
source = "so many standard errors hold anything that is found at all"
[expect.none]
table = "splitting"
column = "error_rate"
value = 2
sigmas = 1
source = "no probability is 2"
"""


def test_probabilities_of_a_splitting_lie_over_the_sweep_and_time(tmp_path, monkeypatch):
    monkeypatch.setenv("FDMAG_THREADS", "1")
    monkeypatch.setenv("FDMAG_DEVICE", "numpy")
    scene, out = written(tmp_path, more=SWEEP), tmp_path / "out"
    data = fdmag.sweep(scene, out, workers=0)
    found = {each.name: each for each in run_scene(scene, out)}  # everything is there
    rate = data["splitting.error_rate"]
    assert rate.dims == ("T", "splitting.t")
    np.testing.assert_allclose(data["splitting.t"], np.arange(1, 6) * 1e-11, rtol=1e-9)
    assert not list((out / "members").rglob("*.png"))
    for member in range(2):
        table = read_table(out / "members" / f"{member:04d}" / "tables" / "splitting.csv")
        for name in ("error_rate", "low", "high", "sigma"):
            np.testing.assert_array_equal(data[f"splitting.{name}"][member], table[name])
    np.testing.assert_array_equal(data["switching.error_rate"], rate[:, -1])
    np.testing.assert_array_equal(data["switching.sigma"], data["splitting.sigma"][:, -1])
    assert data["switching.groups"].values.tolist() == [4, 4]
    assert rate.attrs["ancillary_variables"] == "splitting.sigma"
    assert found["at"].tolerance == close(1000 * float(data["splitting.sigma"][1, 3]))
    assert found["at"].holds
    assert not found["none"].holds
    small = data.assign({"switching.error_rate": data["switching.error_rate"] / 1e3})
    for drawn, scale in ((small["switching.error_rate"], "log"), (data["switching.probability"], "linear")):
        (axes,) = plot_sweep(small, [drawn.name]).axes
        assert len(axes.containers) == 1  # the bars
        assert axes.get_yscale() == scale
