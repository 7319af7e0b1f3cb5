"""Compact models: round trip, order of the interpolation, and what is outside."""

import json

import numpy as np
import pytest

from fdmag.devices.compact_model import Axis, CompactModel, Output, tabulate
from fdmag.devices.mtj import TunnelJunction
from fdmag.errors import FileFormatError, ParameterError

JUNCTION = TunnelJunction(RA_P=5e-12, TMR=1.5, V_h=0.5)


def resistance(V, cosine):
    R = JUNCTION.resistance(cosine, V, area=5e-15)
    return {"R": R, "I": V / R, "sigma_R": 0.01 * R}


def model(points=21, interpolation="linear"):
    axes = {"V": ("V", np.linspace(-0.6, 0.6, points)), "cosine": ("1", np.linspace(-1, 1, points))}
    return tabulate(resistance, axes, {"R": "ohm", "I": "A"}, name="junction", interpolation=interpolation,
                    constants={"RA_P": (5e-12, "ohm m^2"), "area": (5e-15, "m^2")}, source="closed form")  # fmt: skip


@pytest.mark.parametrize("interpolation", ["linear", "pchip"])
def test_round_trip_bit_for_bit(tmp_path, interpolation):
    written = model(7, interpolation)
    written.write(tmp_path / "mtj")
    read = CompactModel.read(tmp_path / "mtj")
    assert (read.name, read.source, read.interpolation) == ("junction", "closed form", interpolation)
    assert read.constants == {"RA_P": (5e-12, "ohm m^2"), "area": (5e-15, "m^2")}
    rng = np.random.default_rng(0)
    V, cosine = rng.uniform(-0.6, 0.6, 50), rng.uniform(-1, 1, 50)
    ours, theirs = read(V=V, cosine=cosine), written(V=V, cosine=cosine)
    assert set(ours) == {"R", "sigma_R", "I"}
    for key in ours:
        np.testing.assert_array_equal(ours[key], theirs[key])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mtj.csv", "mtj.json"]
    about = json.loads((tmp_path / "mtj.json").read_text(encoding="utf-8"))
    assert about["made_with"]["fdmag"]
    assert (
        (tmp_path / "mtj.csv").read_text(encoding="utf-8").startswith("V (V),cosine (1),R (ohm),sigma_R (ohm),I (A)\n")
    )


def test_values_on_the_grid_are_exact_and_arrays_broadcast():
    table = model()
    V = table.axes["V"].values
    np.testing.assert_allclose(
        table(V=V[:, None], cosine=[-1.0, 1.0])["R"], resistance(V[:, None], np.array([-1, 1]))["R"]
    )
    assert table(V=0.1, cosine=0.0)["R"].shape == ()


def test_multilinear_functions_are_exact():
    def plane(a, b, c):
        return 1 + 2 * a - b * c + a * b * c

    table = tabulate(plane, {key: ("m", [0, 0.4, 1]) for key in "abc"}, {"y": "m"}, name="plane")
    assert table.interpolation_error(plane)["y"] < 1e-14


@pytest.mark.parametrize(("interpolation", "order"), [("linear", 2), ("pchip", 3)])
def test_order_of_the_interpolation(interpolation, order):
    """Twice as many points: the largest error falls by 2^order. (pchip is of third order away from extrema.)"""
    errors = []
    for points in (11, 21, 41):
        axes = {"x": ("1", np.linspace(0.2, 1.2, points))}
        table = tabulate(lambda x: np.exp(x), axes, {"y": "1"}, name="f", interpolation=interpolation)
        errors.append(table.interpolation_error(lambda x: np.exp(x), samples=4000)["y"])
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - order) < 0.4)


def test_outside_the_table():
    table = model()
    with pytest.raises(ParameterError, match=r"V = 0.7 V is outside the table; allowed: -0.6 to 0.6"):
        table(V=[0.1, 0.7], cosine=0)
    flagged = table(V=[0.1, 0.7, np.nan], cosine=0, outside="nan")["R"]
    np.testing.assert_array_equal(np.isnan(flagged), [False, True, True])
    edge = table(V=[0.7, 0.6], cosine=0, outside="nearest")["R"]
    assert edge[0] == edge[1]


def test_damaged_files_are_refused(tmp_path):
    model(5).write(tmp_path / "a")
    text = (tmp_path / "a.csv").read_text(encoding="utf-8")
    (tmp_path / "a.csv").write_text(text.replace("0.6", "0.7"), encoding="utf-8")
    with pytest.raises(FileFormatError, match="its hash differs"):
        CompactModel.read(tmp_path / "a")
    (tmp_path / "b.json").write_text('{"format": "other", "version": 1}', encoding="utf-8")
    with pytest.raises(FileFormatError, match="fdmag compact model up to version 1"):
        CompactModel.read(tmp_path / "b")
    (tmp_path / "c.json").write_text("[]", encoding="utf-8")
    for name in ("c", "missing"):
        with pytest.raises(FileFormatError, match="no compact model"):
            CompactModel.read(tmp_path / name)


def test_a_table_elsewhere_is_not_opened(tmp_path):
    """The name of the table in the description cannot lead out of its folder."""
    model(5).write(tmp_path / "a")
    inner = tmp_path / "inner"
    inner.mkdir()
    about = (tmp_path / "a.json").read_text(encoding="utf-8").replace('"a.csv"', '"../a.csv"')
    (inner / "a.json").write_text(about, encoding="utf-8")
    with pytest.raises(FileFormatError, match="no compact model"):
        CompactModel.read(inner / "a")


AXES = {"x": Axis("m", np.array([0.0, 1.0]))}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: CompactModel("m", AXES, {"y": Output("1", np.zeros(3))}),
            r"output y has shape \(3,\); the axes say \(2,\)",
        ),
        (lambda: CompactModel("m", AXES, {"y": Output("1", np.array([0, np.nan]))}), "not finite everywhere"),
        (lambda: CompactModel("m", AXES, {"y": Output("1", np.zeros(2))}, "pchip"), "n ≥ 4"),
        (lambda: CompactModel("m", AXES, {"y": Output("1", np.zeros(2))}, "liner"), 'did you mean "linear"'),
        (
            lambda: CompactModel("m", {"x": Axis("m", np.array([1.0, 0.0]))}, {"y": Output("1", np.zeros(2))}),
            "not rise",
        ),
        (lambda: CompactModel("m", AXES, {"x": Output("1", np.zeros(2))}), "both axes and outputs"),
        (lambda: CompactModel("m", AXES, {}), "no outputs"),
        (lambda: model(5)(V=0.1), "give cosine too"),
        (lambda: model(5)(V=0.1, cosin=0), 'did you mean "cosine"'),
        (lambda: model(5)(V=0.1, cosine=0, outside="eror"), 'did you mean "error"'),
        (lambda: tabulate(lambda x: x, {"x": ("m", [0, 1])}, {"a": "m", "b": "m"}, name="m"), "return a mapping"),
        (
            lambda: tabulate(lambda x: {"a": x}, {"x": ("m", [0, 1])}, {"a": "m", "b": "m"}, name="m"),
            "does not return b",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
