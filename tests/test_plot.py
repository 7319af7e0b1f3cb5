"""Figures of runs and sweeps: what is drawn, over what, in which unit."""

import numpy as np
import pytest
import xarray
from typer.testing import CliRunner

from fdmag.cli import app
from fdmag.errors import ParameterError
from fdmag.output.plots import save_figure, scaled
from fdmag.output.table import Table
from fdmag.plot import plot, plot_sweep
from tests.closeness import close

J, B = np.linspace(-2e11, 2e11, 9), np.linspace(-0.1, 0.1, 8)


@pytest.fixture
def run(tmp_path):
    """A run directory of two replicas that turn at 1 and 2 GHz."""
    with Table(tmp_path / "table.csv", {"t": "s", "stage": "1", "replica": None, "mx": "1", "E_total": "J"}) as table:
        for t in np.linspace(0, 1e-9, 5):
            turned = np.cos(2 * np.pi * np.array([1e9, 2e9]) * t)
            table.append({"t": t, "stage": 0, "replica": np.arange(2), "mx": turned, "E_total": 1e-18 * turned})
    return tmp_path


@pytest.fixture
def grid():
    """A result that is J in units of 1e11 A/m² plus B in tesla, so that every point tells where it is."""
    values = J[:, None] / 1e11 + B
    coordinates = {"J": ("J", J, {"units": "A/m^2"}), "B": ("B", B, {"units": "T"})}
    return xarray.Dataset({"mz": (("J", "B"), values, {"units": "1"})}, coordinates)


def test_a_run_is_drawn_over_time_a_curve_for_each_replica(run):
    (axes,) = plot(run).axes
    assert axes.get_xlabel() == "t [ns]"
    first, second = axes.get_lines()
    np.testing.assert_allclose(first.get_xdata(), np.linspace(0, 1, 5))
    np.testing.assert_allclose(second.get_ydata(), np.cos(4 * np.pi * np.linspace(0, 1, 5)), rtol=0, atol=1e-12)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["replica 0", "replica 1"]


def test_columns_of_different_units_have_panels_of_their_own(run):
    upper, lower = plot(run, ["mx", "E_total"]).axes
    assert lower.get_ylabel() == "E_total [aJ]"
    np.testing.assert_allclose(lower.get_lines()[0].get_ydata(), upper.get_lines()[0].get_ydata(), rtol=0, atol=1e-12)


def test_many_curves_have_a_panel_for_each_column(tmp_path):
    """Three columns of two replicas lie in one panel, of five replicas in three; a replica keeps its colour."""
    for count, panels in ((2, 1), (5, 3)):
        path = tmp_path / f"{count}.csv"
        with Table(path, {"t": "s", "replica": None, "mx": "1", "my": "1", "mz": "1"}) as table:
            for t in np.linspace(0, 1e-9, 40):
                values = dict(
                    zip(("mx", "my", "mz"), np.sin(1e9 * t * np.arange(3 * count)).reshape(3, -1), strict=True)
                )
                table.append({"t": t, "replica": np.arange(count), **values})
        axes = plot(path).axes
        assert len(axes) == panels
    assert [each.get_ylabel() for each in axes] == ["mx", "my", "mz"]
    colours = [[line.get_color() for line in each.get_lines()] for each in axes]
    assert colours[0] == colours[1] == colours[2]
    assert len(set(colours[0])) == 5


def test_of_many_replicas_the_mean_and_a_band_are_drawn(tmp_path):
    with Table(tmp_path / "table.csv", {"t": "s", "replica": None, "mx": "1"}) as table:
        for t in (0.0, 1e-9):
            table.append({"t": t, "replica": np.arange(101), "mx": np.linspace(0, 1, 101) * (t > 0)})
    (axes,) = plot(tmp_path).axes
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), [0, 0.5])
    corners = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert corners.max() == close(0.95)


def test_many_replicas_with_times_of_their_own_are_faint_curves_of_one_name(tmp_path):
    """As an ensemble whose replicas stop where they meet the criterion."""
    with Table(tmp_path / "table.csv", {"t": "s", "replica": None, "mx": "1", "mz": "1"}) as table:
        for t in (0.0, 1e-9):
            numbers = np.arange(100)
            table.append({"t": t * (1 + numbers), "replica": numbers, "mx": 0.0 * numbers, "mz": numbers * t})
    (axes,) = plot(tmp_path).axes
    assert len(axes.get_lines()) == 200
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["mx, 100 replicas", "mz, 100 replicas"]


@pytest.mark.parametrize(
    ("columns", "across", "drawn"),
    [
        ({"frequency": "Hz", "average.x": "1", "average.y": "1", "cells.x": "1"}, "frequency [Hz]", "average.x"),
        ({"mode": "1", "frequency": "Hz", "linewidth": "Hz"}, "mode", None),
        ({"image": None, "distance": "rad", "mz": "1"}, "image", None),
    ],
)
def test_tables_of_stages_are_drawn_over_what_counts_their_rows(columns, across, drawn, tmp_path):
    with Table(tmp_path / "table.csv", {"stage": "1", "replica": None} | columns) as table:
        for stage in range(2):
            for row in range(4):
                values = dict.fromkeys(columns, 1.0 - row) | {next(iter(columns)): row}
                table.append({"stage": stage, "replica": np.zeros(1, int)} | values)
    (axes,) = plot(tmp_path).axes
    assert axes.get_xlabel() == across
    names = [] if axes.get_legend() is None else [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ([] if drawn is None else ["average.x", "average.y"])


def test_a_run_whose_table_says_nothing_names_the_others(tmp_path):
    (tmp_path / "tables").mkdir()
    for name in ("table.csv", "tables/barrier_0.csv"):
        with Table(tmp_path / name, {"t": "s", "replica": None, "mx": "1"}) as table:
            table.append({"t": 0.0, "replica": np.zeros(1, int), "mx": 1.0})
    with pytest.raises(ParameterError, match=r"give x, one of: t, replica, mx; or plot .*barrier_0\.csv"):
        plot(tmp_path)


def test_two_swept_quantities_make_a_map_with_the_values_where_they_belong(grid):
    axes = plot_sweep(grid, x="J").axes[0]
    mesh = axes.collections[0]
    np.testing.assert_allclose(mesh.get_array(), (J / 1e11 + B[:, None]))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("J [10⁹ A/m²]", "B [mT]")
    assert mesh.get_clim() == (-2.1, 2.1)  # the middle of the colours is zero


def test_by_default_the_named_results_are_drawn_or_mz(grid):
    several = grid.assign(member=grid.mz.astype(int), mx=grid.mz, peak=grid.mz.assign_attrs(measure="maximum"))
    assert [axes.get_ylabel() for axes in plot_sweep(several.drop_vars("peak").isel(B=0)).axes] == ["mz"]
    assert [axes.get_ylabel() for axes in plot_sweep(several.isel(B=0)).axes] == ["peak"]


def test_a_cut_takes_the_nearest_value_and_tells_it(grid):
    (axes,) = plot_sweep(grid, at={"B": "98 mT"}).axes
    np.testing.assert_allclose(axes.get_lines()[0].get_ydata(), J / 1e11 + 0.1)
    assert axes.get_title() == "B = 100 mT"


def test_few_values_of_the_other_quantity_are_told_by_curves(grid):
    (axes,) = plot_sweep(grid.isel(B=[0, 7])).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["B = -100 mT", "B = 100 mT"]
    np.testing.assert_allclose(axes.get_lines()[1].get_ydata(), J / 1e11 + 0.1)


def test_results_of_one_unit_may_share_a_panel(grid):
    line = grid.isel(B=0).assign(half=grid.mz.isel(B=0) / 2, E=(grid.mz.isel(B=0) * 1e-18).assign_attrs(units="J"))
    line["half"].attrs["units"] = "1"
    first, second = plot_sweep(line, ["mz", "half", "E"], together=True).axes
    assert [text.get_text() for text in first.get_legend().get_texts()] == ["mz", "half"]
    np.testing.assert_allclose(2 * first.get_lines()[1].get_ydata(), first.get_lines()[0].get_ydata())
    assert second.get_ylabel() == "[aJ]"
    with pytest.raises(ParameterError, match='together: "mz" lies over J, B; needed: one quantity'):
        plot_sweep(grid, together=True)


def test_members_of_no_grid_are_points():
    thickness = np.array([1.1e-9, 0.9e-9, 1.0e-9])
    data = xarray.Dataset(
        {"Delta": ("member", [60.0, 50.0, 55.0], {"units": "1"})}, {"t": ("member", thickness, {"units": "m"})}
    )
    (axes,) = plot_sweep(data).axes
    np.testing.assert_allclose(axes.get_lines()[0].get_xdata(), [1.1, 0.9, 1.0])
    assert axes.get_xlabel() == "t [nm]"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ["mzz"]}, 'no result "mzz"; allowed: mz; did you mean "mz"'),
        ({"at": {"K": 1.0}}, '"K" is not swept; allowed: J, B'),
        ({"at": {"B": "3 nm"}}, "nm"),
        ({"x": "t"}, 'x = "t" is no dimension of "mz"; allowed: J, B'),
        ({"at": {"B": 0.0, "J": 0.0}}, "one value only"),
    ],
)
def test_what_cannot_be_drawn_is_told(grid, options, message):
    with pytest.raises(ParameterError, match=message):
        plot_sweep(grid, **options)


def test_wrong_paths_are_told(tmp_path):
    with pytest.raises(ParameterError, match=r"neither sweep\.nc nor table\.csv"):
        plot(tmp_path)
    with pytest.raises(ParameterError, match="give a run directory"):
        plot(tmp_path / "missing.csv")
    with pytest.raises(ParameterError, match=r"\.png, \.pdf, \.svg"):
        save_figure(None, tmp_path / "figure.bmp")


def test_command(run, grid):
    done = CliRunner().invoke(app, ["plot", str(run), "mx", "--out", str(run / "m.png")])
    assert done.exit_code == 0, done.output
    assert (run / "m.png").read_bytes().startswith(b"\x89PNG")
    grid.to_netcdf(run / "sweep.nc", engine="h5netcdf")
    done = CliRunner().invoke(app, ["plot", str(run / "sweep.nc"), "--at", "B=0 T", "--out", str(run / "s.svg")])
    assert done.exit_code == 0, done.output
    assert b"<svg" in (run / "s.svg").read_bytes()


@pytest.mark.parametrize("values", [[3e-13, 0.0], [5e4, -1.0], [np.nan, 2e-9]])
@pytest.mark.parametrize("unit", ["s", "T", "A/m", "A/m^2", "J/m^3", "1/s"])
def test_scaled_values_times_the_unit_are_the_values(values, unit):
    """The prefix, or the power of ten, that the unit tells undoes the scaling."""
    numbers, told = scaled(values, unit)
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    prefixes = {"f": -15, "p": -12, "n": -9, "µ": -6, "m": -3, "k": 3, "M": 6}
    if told.startswith("10"):
        power = int(told.split()[0][2:].translate(raised))
    else:
        power = 0 if told[0] == unit[0] else prefixes[told[0]]
    np.testing.assert_allclose(numbers * 10.0**power, values, rtol=1e-12)
    assert 1 <= np.nanmax(np.abs(numbers)) < 1000


def test_a_small_probability_is_drawn_with_its_interval_on_a_logarithmic_scale(tmp_path):
    path, t = tmp_path / "splitting.csv", np.array([1e-9, 2e-9, 3e-9])
    columns = {"t": "s", "stage": "1", "error_rate": "1", "low": "1", "high": "1", "replica": None}
    with Table(path, columns) as table:
        for k in range(3):
            rate = 10.0 ** (-3 * k - 1)
            row = {"error_rate": rate, "low": 0.0 if k == 2 else rate / 2, "high": 2 * rate}
            table.append({"t": t[k], "stage": 2, "replica": 0, **row})
    (axes,) = plot(path).axes
    assert axes.get_yscale() == "log"
    (line,) = axes.get_lines()
    np.testing.assert_allclose(line.get_ydata(), [1e-1, 1e-4, 1e-7])
    (band,) = axes.collections
    edges = band.get_paths()[0].vertices
    assert edges[:, 1].max() == close(0.2)
    assert edges[:, 1].min() == close(1e-7 / 30)
    (other,) = plot(path, ["high"]).axes
    assert not other.collections
