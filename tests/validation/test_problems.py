"""The problems themselves, and that each of them notices an engine that is slightly wrong."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from fdmag.kernels import source
from fdmag.magnet import Magnet
from fdmag.output.table_data import TableData
from fdmag.solvers.tableau import METHODS
from fdmag.terms import (
    BulkDMI,
    Demag,
    Exchange,
    InterfaceAnisotropy,
    InterfacialDMI,
    InterlayerExchange,
    Oersted,
    Slonczewski,
    UniaxialAnisotropy,
    Zeeman,
)
from tests.conftest import missing
from validation.problem import problems, solve
from validation.problems import standard_problem_5
from validation.problems.standard_problem_4 import COMPONENTS, compare, published

LONG_BY_NUMPY = {
    "energy_balance",
    "spin_waves",
    "standard_problem_2",
    "time_order",
    "time_reversal",
    "walker_wall",
    "warm_film",
    "write_errors",
}
FAST = [name for name, problem in problems().items() if not problem.slow and name not in LONG_BY_NUMPY]


@pytest.mark.parametrize("name", FAST)
def test_problem_holds_on_the_reference(name, monkeypatch):
    """By NumPy; ``python -m validation`` runs all of them on the device that is chosen by itself."""
    monkeypatch.setenv("FDMAG_DEVICE", "numpy")
    outcome = solve(problems()[name])
    assert not outcome.error
    assert [str(row) for row in outcome.result.rows if not row.holds] == []
    assert outcome.holds
    for draw in outcome.result.plots.values():
        draw(figure := Figure())
        assert figure.axes
        assert all(axes.get_xlabel() and axes.get_ylabel() for axes in figure.axes)


def _scaled_field(term, factor):
    original = term.field
    return term, "field", lambda self, m, context: original(self, m, context) * factor


def _scaled_slope(factor):
    original = Magnet.slope
    return Magnet, "slope", lambda self, *arguments: original(self, *arguments) * factor


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("macrospin", _scaled_slope(1 + 1e-6)),
        ("devices", _scaled_field(Slonczewski, 1.001)),
        ("bloch_wall", _scaled_field(Exchange, 1.001)),
        ("bloch_wall", _scaled_field(UniaxialAnisotropy, 1.01)),
        ("ferromagnetic_resonance", _scaled_field(Demag, 1.0001)),
        ("ferromagnetic_resonance", _scaled_slope(1.0001)),
        ("stoner_wohlfarth", _scaled_field(Zeeman, 1.01)),
        ("anisotropy", _scaled_field(UniaxialAnisotropy, 1.0001)),
        ("oersted", _scaled_field(Oersted, 1.001)),
        ("prism_factors", _scaled_field(Demag, 1 + 1e-6)),
        ("oommf_energies", _scaled_field(Exchange, 1 + 1e-9)),
        ("oommf_energies", _scaled_field(Demag, 1 + 1e-9)),
        ("oommf_energies", _scaled_field(InterfacialDMI, 1 + 1e-9)),
        ("periodic_demag", _scaled_field(Demag, 1 + 1e-9)),
        ("dmi_wire", _scaled_field(InterfacialDMI, 1.0001)),
        ("dmi_wire", _scaled_field(BulkDMI, 1.0001)),
        ("borders", _scaled_field(InterfacialDMI, 1.01)),
        ("borders", _scaled_field(InterfaceAnisotropy, 1.002)),
        ("energy_barriers", _scaled_field(Zeeman, 1.001)),
        ("tilted_energies", _scaled_field(Zeeman, 1 + 1e-9)),
        ("tilted_energies", _scaled_field(Demag, 1 + 1e-9)),
        ("synthetic_antiferromagnet", _scaled_field(InterlayerExchange, 1.01)),
    ],
)
def test_problem_notices_a_wrong_engine(name, wrong, monkeypatch):
    monkeypatch.setattr(*wrong)
    monkeypatch.setenv("FDMAG_DEVICE", "numpy")  # compiled kernels would not hear of it
    outcome = solve(problems()[name])
    assert not outcome.error
    assert not outcome.holds


def _wrong_field(name, factor):
    """Return compiled terms as if the field of one were multiplied by a factor."""
    right = source._calls

    def wrong(terms):
        text = right(terms)
        for number, term in enumerate(terms):
            if term.struct == name:
                call = f"t.term{number}.field(s, magnet)"
                text = text.replace(call, f"(real({factor!r}) * {call})")
        return text

    return source, "_calls", wrong


def _wrong_torque(old, new):
    """Return a compiled equation of motion in which a piece of text is another."""
    right = source.kernel_text

    def wrong(name):
        if name != "solvers/llg.h":
            return right(name)
        assert old in right(name)
        return right(name).replace(old, new)

    return source, "kernel_text", wrong


def _only(*parts):
    """Return what leaves the other parts of the problem of spin torques out: functions that give a list of rows."""
    parts_of_it = ("critical_current", "precession", "thresholds", "fixed_point", "walls", "held_wall", "chiral_walls")
    left_out = {f"_{part}": list for part in parts_of_it if part not in parts}
    return left_out | {"_switching_times": lambda: (np.zeros(1), np.zeros((1, 2)), [])}


_RK4 = {"METHODS": {"rk4": METHODS["rk4"]}, "REFERENCES": {"rk4": ("dormand_prince", 2000)}}
_FASTER = "(-gamma / (1 + alpha * alpha))", "(-gamma * real(1 + 1e-6) / (1 + alpha * alpha))"
_MORE_DAMPED = "alpha * cross(m, torque)", "(alpha + real(1e-4)) * cross(m, torque)"


@pytest.mark.parametrize(
    ("name", "wrong", "less"),
    [
        ("time_order", _wrong_torque(*_FASTER), _RK4),
        ("energy_balance", _wrong_torque(*_MORE_DAMPED), {}),
        ("spin_waves", _wrong_field("Exchange", 1.0001), {"MODES": (0, 4)}),
        ("time_reversal", _wrong_torque(*_MORE_DAMPED), {}),
        ("time_reversal", _wrong_field("Slonczewski", 1.001), {}),
        ("spin_torques", _wrong_field("Slonczewski", 1.001), _only("critical_current")),
        ("spin_torques", _wrong_field("SpinOrbitTorque", 1.01), _only("fixed_point")),
        ("spin_torques", _wrong_field("ZhangLi", 1.01), _only("walls")),
    ],
)
def test_problem_notices_a_wrong_kernel(name, wrong, less, monkeypatch):
    """Of long problems a part is enough, which holds where the kernel is right: ``less`` is what of it is left."""
    if reason := missing("host"):
        pytest.skip(reason)
    monkeypatch.setenv("FDMAG_DEVICE", "host")
    for attribute, value in less.items():
        monkeypatch.setattr(f"validation.problems.{name}.{attribute}", value)
    if less:
        assert solve(problems()[name]).holds
    monkeypatch.setattr(*wrong)
    outcome = solve(problems()[name])
    assert not outcome.error
    assert not outcome.holds


def test_standard_problem_4_takes_the_published_mean_and_refuses_a_delay_of_5_ps():
    assert all(row.holds for row in compare(_table(0.0)).rows)
    late = {row.quantity: row.verdict for row in compare(_table(5e-12)).rows}
    for field in (1, 2):
        assert late[f"field {field}: first ⟨mx⟩ = 0"] == "FAILS"
        span = {1: "0.6", 2: "0.45"}[field]
        for name in COMPONENTS[:2]:
            key = f"field {field}: largest |⟨{name}⟩ − mean| / (3 std + 0.005), every 10 ps to {span} ns"
            assert late[key] == "FAILS"


def _table(delay):
    """The published mean every 10 ps, as if the scene had given it, later by ``delay`` [s]."""
    columns = {name: [] for name in ("t", "stage", "replica", *COMPONENTS)}
    for field in (1, 2):
        band = published(field)
        t = np.concatenate([[0.0], band.t + delay])
        m = np.concatenate([band.mean[:1], band.mean])
        columns["t"].append(t)
        columns["stage"].append(np.where(np.arange(len(t)) == 0, 0, 2))
        columns["replica"].append(np.full(len(t), field - 1))
        for i, name in enumerate(COMPONENTS):
            columns[name].append(m[:, i])
    return TableData({name: np.concatenate(parts) for name, parts in columns.items()}, {})


def test_published_curves_of_standard_problem_4_are_complete():
    for field, count in ((1, 61), (2, 46)):
        band = published(field)
        np.testing.assert_allclose(band.t, 1e-11 * np.arange(count), rtol=1e-12)
        assert band.mean.shape == band.std.shape == (count, 3)
        assert np.all(np.abs(band.mean) <= 1)
        assert np.all((band.std >= 0) & (band.std < 0.1))


@pytest.mark.parametrize(("late", "holds"), [(0.0, True), (0.02, False), (-0.02, False)])
def test_standard_problem_5_takes_the_published_mean_and_refuses_a_delay_of_20_ps(late, holds):
    t = np.arange(161) * 0.05
    mean = standard_problem_5.PUBLISHED.mean(axis=1) * 1e-4
    known = np.array([0.0, *standard_problem_5.TIMES])
    curve = np.stack(
        [[np.interp(t - late, known, [0.0, *component]) for component in solution] for solution in mean]
    ).transpose(2, 0, 1)
    rows = standard_problem_5.compare(curve, curve).rows
    assert all(row.holds for row in rows) is holds
