"""Figures of sweeps of what devices and modes have found: uncertainties, axes of their own, members of no grid."""

import numpy as np
import pytest
import xarray

from fdmag.sweep_plots import plot_sweep

B = np.array([0.1, 0.2, 0.3])
SWEPT = {"units": "T", "path": "terms.zeeman.B.2"}


@pytest.fixture
def fields():
    """Critical currents with uncertainties, shares with bounds, modes, and curves, over a field."""
    one, sigma = np.array([1e-6, 2e-6, 4e-6]), np.array([1e-7, 2e-7, 3e-7])
    data = {
        "bit.I_c": ("B", one, {"units": "A", "ancillary_variables": "bit.sigma_I_c"}),
        "bit.sigma_I_c": ("B", sigma, {"units": "A"}),
        "bit.share": ("B", [0.0, 0.5, 1.0], {"units": "1", "interval": "bit.share_low bit.share_high"}),
        "bit.share_low": ("B", [0.0, 0.3, 0.9], {"units": "1"}),
        "bit.share_high": ("B", [0.1, 0.8, 1.0], {"units": "1"}),
        "modes.frequency": (("B", "mode"), 28e9 * B[:, None] * np.arange(1, 10), {"units": "Hz"}),
        "bit.time": (("B", "bit.J"), np.outer(B, [1e-9, 2e-9]), {"units": "s"}),
        "write.d": (("B", "write.d_number"), np.outer(B, [1e-8, 2e-8, 3e-8]), {"units": "m"}),
        "write.E": (("B", "write.d_number"), np.outer(B, [1e-15, 2e-15, 3e-15]), {"units": "J"}),
    }
    coordinates = {"B": ("B", B, SWEPT), "mode": ("mode", np.arange(9)),
                   "bit.J": ("bit.J", [1e11, 2e11], {"units": "A/m^2"})}  # fmt: skip
    return xarray.Dataset(data, coordinates)


def bars(axes):
    """Return lower and upper ends of the error bars, one row for each."""
    return np.array([segment[:, 1] for segment in axes.containers[0].lines[2][0].get_segments()])


def test_uncertainties_are_bars_in_the_unit_of_the_axis(fields):
    (axes,) = plot_sweep(fields, ["bit.I_c"]).axes
    assert axes.get_ylabel() == "bit.I_c [µA]"
    np.testing.assert_allclose(bars(axes), [[0.9, 1.1], [1.8, 2.2], [3.7, 4.3]])


def test_bounds_are_bars_that_need_not_be_even(fields):
    (axes,) = plot_sweep(fields, ["bit.share"]).axes
    np.testing.assert_allclose(bars(axes), [[0, 0.1], [0.3, 0.8], [0.9, 1.0]])
    assert not plot_sweep(fields, ["bit.share_low"]).axes[0].containers


def test_modes_are_curves_over_what_was_swept_however_many_they_are(fields):
    (axes,) = plot_sweep(fields, ["modes.frequency"]).axes
    assert axes.get_xlabel() == "B [mT]"
    assert len(axes.get_lines()) == 9
    np.testing.assert_allclose(axes.get_lines()[2].get_ydata(), 3 * 28 * B)


def test_curves_of_a_device_lie_over_their_own_axis_a_curve_for_each_member(fields):
    (axes,) = plot_sweep(fields, ["bit.time"]).axes
    assert axes.get_xlabel() == "bit.J [10⁹ A/m²]"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["B = 100 mT", "B = 200 mT", "B = 300 mT"]
    np.testing.assert_allclose(axes.get_lines()[1].get_ydata(), [200, 400])  # ps


def test_one_member_is_drawn_over_the_values_of_its_own_axis(fields):
    (axes,) = plot_sweep(fields, ["write.E"], at={"B": "0.2 T"}).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("write.d [nm]", "write.E [aJ]")
    np.testing.assert_allclose(axes.get_lines()[0].get_xdata(), [2, 4, 6])


def test_what_has_one_value_is_told_if_it_was_swept(fields):
    (axes,) = plot_sweep(fields.isel(mode=[0]), ["modes.frequency"]).axes
    assert axes.get_title() == ""
    (axes,) = plot_sweep(fields.isel(B=[1]), ["bit.time"]).axes
    assert axes.get_title() == "B = 200 mT"
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), [200, 400])
    (axes,) = plot_sweep(fields, ["modes.frequency"], at={"mode": 3}).axes
    assert axes.get_title() == "mode = 3"


def test_by_default_the_first_of_each_device_and_table_is_drawn(fields):
    assert [axes.get_ylabel() for axes in plot_sweep(fields.drop_vars(["write.d", "write.E"])).axes] == [
        "bit.I_c [µA]", "modes.frequency [GHz]"
    ]  # fmt: skip


def test_modes_of_members_of_no_grid_are_points_of_a_colour_each():
    data = xarray.Dataset(
        {"modes.frequency": (("member", "mode"), [[1e9, 2e9], [3e9, 4e9], [5e9, 6e9]], {"units": "Hz"})},
        {"Ms": ("member", [8e5, 6e5, 7e5], {"units": "A/m", "path": "material.Ms"}), "member": np.arange(3),
         "mode": np.arange(2)},
    )  # fmt: skip
    (axes,) = plot_sweep(data).axes
    np.testing.assert_allclose([line.get_ydata() for line in axes.get_lines()], [[1, 3, 5], [2, 4, 6]])
    np.testing.assert_allclose(axes.get_lines()[1].get_xdata(), [800, 600, 700])
    assert axes.get_xlabel() == "Ms [kA/m]"


def test_a_cut_may_name_what_has_names(fields):
    energies = np.outer(B, [1e-15, 3e-15])
    data = fields.assign({"write.way": (("B", "way"), energies, {"units": "J"})})
    data = data.assign_coords(way=("way", np.array(["STT", "SOT"], dtype=object)))
    assert [text.get_text() for text in plot_sweep(data, ["write.way"]).axes[0].get_legend().get_texts()] == [
        "way = STT", "way = SOT"
    ]  # fmt: skip
    (axes,) = plot_sweep(data, ["write.way"], at={"way": "SOT"}).axes
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), 3e3 * B)  # aJ
