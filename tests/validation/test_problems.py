"""The problems themselves, and that each of them notices an engine that is slightly wrong."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from fdmag.magnet import Magnet
from fdmag.output.table_data import TableData
from fdmag.terms import (
    BulkDMI,
    Demag,
    Exchange,
    InterfaceAnisotropy,
    InterfacialDMI,
    InterlayerExchange,
    Oersted,
    Slonczewski,
    SpinOrbitTorque,
    UniaxialAnisotropy,
    Zeeman,
    ZhangLi,
)
from validation.problem import problems, solve
from validation.problems import standard_problem_5
from validation.problems.standard_problem_4 import COMPONENTS, compare, published

FAST = [name for name, problem in problems().items() if not problem.slow]  # `python -m validation` has them all


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


def _forward_error(self, m, t, replicas):
    """As if the equation were damped by α + 1e-4."""
    from fdmag.solvers.llg import steepest_descent

    return _SLOPE(self, m, t, replicas) + 1e-4 * 1.76e11 * steepest_descent(m, self.field(m, self.context(t, replicas)))


_SLOPE = Magnet.slope


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("macrospin", _scaled_slope(1 + 1e-6)),
        pytest.param("time_order", _scaled_slope(1 + 1e-6), marks=pytest.mark.slow),
        ("devices", _scaled_field(Slonczewski, 1.001)),
        ("bloch_wall", _scaled_field(Exchange, 1.001)),
        ("bloch_wall", _scaled_field(UniaxialAnisotropy, 1.01)),
        ("ferromagnetic_resonance", _scaled_field(Demag, 1.0001)),
        ("ferromagnetic_resonance", _scaled_slope(1.0001)),
        ("spin_waves", _scaled_field(Exchange, 1.0001)),
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
        ("energy_balance", (Magnet, "slope", _forward_error)),
        pytest.param("time_reversal", (Magnet, "slope", _forward_error), marks=pytest.mark.slow),
        pytest.param("time_reversal", _scaled_field(Slonczewski, 1.001), marks=pytest.mark.slow),
        ("tilted_energies", _scaled_field(Zeeman, 1 + 1e-9)),
        ("tilted_energies", _scaled_field(Demag, 1 + 1e-9)),
        ("synthetic_antiferromagnet", _scaled_field(InterlayerExchange, 1.01)),
        pytest.param("spin_torques", _scaled_field(Slonczewski, 1.001), marks=pytest.mark.slow),
        pytest.param("spin_torques", _scaled_field(SpinOrbitTorque, 1.01), marks=pytest.mark.slow),
        pytest.param("spin_torques", _scaled_field(ZhangLi, 1.01), marks=pytest.mark.slow),
    ],
)
def test_problem_notices_a_wrong_engine(name, wrong, monkeypatch):
    monkeypatch.setattr(*wrong)
    monkeypatch.setenv("FDMAG_DEVICE", "numpy")  # compiled kernels would not hear of it
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
