"""Signals and sums in scenes: read, checked, built, resolved, and kept within the scene's folder."""

import pickle

import numpy as np
import pytest

from fdmag.scene.load import load_scene
from fdmag.scene.run import run_scene
from fdmag.scene.toml import dump_toml
from tests.closeness import close

B = '[0, 0, "10 mT"]'
SIGNAL = "{{ value = [0, 0, 1], signal = {} }}"


def bz(simulation, *times):
    found = []
    for t in times:
        simulation.t = t * 1e-9
        found.append(simulation.effective_field("zeeman")[0, 2, 0, 0, 0])
    return found


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        ('{ kind = "constant", value = 0.5 }', {0: 0.5}),
        ('{ kind = "step", start = "1 ns" }', {0: 0, 1: 1}),
        ('{ kind = "ramp", length = "2 ns", before = -1 }', {0: -1, 1: 0, 3: 1}),
        ('{ kind = "pulse", length = "1 ns", rise = "0.2 ns", fall = 4e-10 }', {0.1: 0.5, 0.5: 1, 1.3: 0.25}),
        ('{ kind = "pulse_train", length = "0.1 ns", period = "1 ns", count = 2 }', {1.05: 1, 1.5: 0, 2.05: 0}),
        ('{ kind = "sine", frequency = "1 GHz", phase = "90 deg" }', {0: 1, 0.5: -1}),
        ('{ kind = "sinc", cutoff = "1 GHz", center = "1 ns" }', {1: 1, 1.25: 2 / np.pi}),
        ('{ kind = "gaussian", center = "1 ns", sigma = "1 ns" }', {1: 1, 2: np.exp(-0.5)}),
        ('{ kind = "table", file = "v.csv" }', {0: 1, 0.5: 2, 9: 3}),
        ('{ kind = "table", file = "v.csv", interpolation = "previous" }', {0.5: 1, 1: 3}),
        ('["t/ns", { kind = "step", start = "1 ns" }]', {0.5: 0, 2: 2}),
        ('"t/ns"', {2: 2}),
    ],
)  # fmt: skip
def test_every_kind(scenes, signal, expected):
    (scenes.folder / "v.csv").write_text("t (ns), V\n0, 1\n1, 3\n")
    loaded = scenes.load((B, SIGNAL.format(signal)))
    np.testing.assert_allclose(bz(loaded.simulation, *expected), list(expected.values()), rtol=0, atol=1e-12)
    first = loaded.resolved()
    path = scenes.folder / "again.toml"
    path.write_text(dump_toml(first), encoding="utf-8")
    assert load_scene(path).resolved() == first
    sent = pickle.loads(pickle.dumps(loaded.simulation))
    assert bz(sent, *expected) == bz(loaded.simulation, *expected)


def test_a_sum_of_patterns_with_signals_of_their_own(scenes):
    np.save(scenes.folder / "b.npy", np.full((3, 1, 10, 10), 2.0))
    loaded = scenes.load(
        (
            B,
            """{ sum = [
        [0, 0, "10 mT"],
        { file = "b.npy", unit = "mT", signal = "t/ns" },
        { expression = [0, 0, "x/nm"], unit = "mT", signal = { kind = "step", start = "1 ns" } },
        { replicas = [[0, 0, 0], [0, 0, 1]] },
    ] }""",
        )
    )
    assert loaded.simulation.batch == 2
    loaded.simulation.t = 2e-9
    x = loaded.simulation.mesh.x.ravel() / 1e-9
    for replica in (0, 1):
        row = loaded.simulation.effective_field("zeeman")[replica, 2, 0, 0]
        np.testing.assert_allclose(row, 0.014 + 1e-3 * x + replica, rtol=1e-12)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (SIGNAL.format('{ kind = "puls", length = 1 }'), 'signal kind "puls" is unknown; allowed: constant, step'),
        (SIGNAL.format("{ length = 1 }"), "signal has no kind; allowed: constant"),
        (SIGNAL.format('{ kind = "pulse" }'), 'signal: length is missing; a signal of kind "pulse" needs length'),
        (SIGNAL.format('{ kind = "pulse", lenght = 1 }'), 'unknown key "lenght"; allowed: length, start, rise, fall'),
        (SIGNAL.format('{ kind = "pulse", length = "1 nm" }'), '"1 nm" is a length [m], wanted a time'),
        (SIGNAL.format('{ kind = "pulse", length = -1 }'), "allowed: above 0 s"),
        (SIGNAL.format('{ kind = "pulse", length = 1, rise = 2 }'), "rise = 2 s; allowed: at most the length"),
        (SIGNAL.format('{ kind = "pulse_train", length = 2, period = 1 }'), "allowed: at most the period"),
        (SIGNAL.format('{ kind = "pulse_train", length = 1, period = 2, count = 1.5 }'), "a whole number"),
        (SIGNAL.format('{ kind = "table", file = "none.csv" }'), '"none.csv" is no file in the scene\'s folder'),
        (SIGNAL.format('{ kind = "table", file = "../v.csv" }'), "leads out of the scene's folder"),
        (SIGNAL.format('{ kind = "table", file = "bad.csv" }'), "line 1: came 'a'"),
        (SIGNAL.format('{ kind = "table", file = "bad.csv", interpolation = "cubic" }'), "allowed: linear, previous"),
        (SIGNAL.format("[]"), "signal is an empty list"),
        ("{ sum = [] }", "sum is a list of values"),
        ("{ sum = [[0, 0, 1]], signal = 't' }", "signal does not go with sum"),
        ("{ sum = [{ sum = [[0, 0, 1]] }] }", "a sum in a sum"),
        ('{ sum = [[0, 0, "1 m"]] }', '"1 m" is a length'),
        ("{ sum = [{ regions = { nowhere = [0, 0, 1] } }] }", "no such region"),
        ("{ sum = [{ replicas = [[0, 0, 1]] }, { replicas = [[0, 0, 1], [0, 0, 1]] }] }", "give one per replica"),
    ],
)
def test_wrong_signals_and_sums_are_told_with_their_place(scenes, value, message):
    (scenes.folder / "bad.csv").write_text("1,2\na\n")
    (scenes.folder.parent / "v.csv").write_text("0,1\n")
    told = scenes.errors((B, value))
    assert "[terms.zeeman] B" in told
    assert message.replace("line 1: came 'a'", "line 2: came 'a'") in told


def test_a_run_directory_holds_the_table_and_can_be_run_again(scenes, tmp_path):
    (scenes.folder / "v.csv").write_text("0 0\n1e-12 1\n")
    path = scenes.write((B, SIGNAL.format('{ kind = "table", file = "v.csv" }')))
    run_scene(path, tmp_path / "out")
    again = load_scene(tmp_path / "out" / "scene.toml")
    assert bz(again.simulation, 0.0005) == [close(0.5)]
