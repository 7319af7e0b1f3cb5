import pickle
from itertools import pairwise

import numpy as np
import pytest

from fdmag.break_points import edges, gap, jumps, step_limit
from fdmag.errors import FdmagError, ParameterError
from fdmag.signals import (
    Constant,
    Formula,
    Gaussian,
    Pulse,
    PulseTrain,
    Ramp,
    Signal,
    Sinc,
    Sine,
    Step,
    Table,
    signal_kinds,
)
from tests.closeness import close

NS = 1e-9
EVERY = [
    Constant(0.5),
    Step(start=1 * NS, before=-1),
    Ramp(2 * NS, start=1 * NS, before=1, after=-1),
    Pulse(1 * NS, start=0.5 * NS, rise=0.2 * NS, fall=0.4 * NS),
    PulseTrain(0.2 * NS, period=0.5 * NS, start=0.1 * NS, count=3),
    Sine(5e9, phase=0.3),
    Sinc(20e9, center=1 * NS),
    Gaussian(1 * NS, sigma=0.1 * NS),
    Table((0, 1 * NS, 2 * NS), (0, 1, -1)),
    Table((0, 1 * NS, 2 * NS), (0, 1, -1), "previous"),
    Formula("ramp(t, 1*ns, 0.5*ns) * cos(2*pi*t/ns)"),
    Sine(5e9) * Pulse(1 * NS),
]


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        (Constant(0.5), {0: 0.5, 7: 0.5}),
        (Step(start=1 * NS), {0.999: 0, 1: 1, 5: 1}),
        (Ramp(2 * NS, start=1 * NS, before=1, after=-1), {0: 1, 1: 1, 1.5: 0.5, 2: 0, 3: -1, 9: -1}),
        (
            Pulse(1 * NS, start=1 * NS, rise=0.2 * NS, fall=0.4 * NS),
            {0.9: 0, 1.1: 0.5, 1.2: 1, 1.9: 1, 2.1: 0.75, 2.4: 0, 3: 0},
        ),
        (Pulse(1 * NS), {-0.1: 0, 0: 1, 0.999: 1, 1: 0}),
        (PulseTrain(0.2 * NS, period=0.5 * NS, count=2), {0: 1, 0.1: 1, 0.2: 0, 0.4: 0, 0.5: 1, 0.7: 0, 1.1: 0}),
        (PulseTrain(0.2 * NS, period=0.5 * NS), {100.1: 1, 100.3: 0}),
        (Sine(1e9, phase=np.pi / 2), {0: 1, 0.25: 0, 0.5: -1}),
        (Sinc(1e9, center=1 * NS), {1: 1, 1.25: 2 / np.pi, 1.5: 0, 0.25: -2 / (3 * np.pi)}),
        (Gaussian(1 * NS, sigma=0.5 * NS), {1: 1, 1.5: np.exp(-0.5), 0: np.exp(-2)}),
        (Table((0, 1 * NS), (1, 3)), {-1: 1, 0: 1, 0.5: 2, 1: 3, 2: 3}),
        (Table((0, 1 * NS), (1, 3), "previous"), {-1: 1, 0: 1, 0.5: 1, 1: 3, 2: 3}),
        (Formula("t/ns"), {2: 2}),
        (Sine(1e9) * Pulse(1 * NS), {0.25: 1, 1.25: 0}),
    ],
)  # fmt: skip
def test_values(signal, expected):
    times = np.array(list(expected)) * NS
    np.testing.assert_allclose(signal(times), list(expected.values()), rtol=0, atol=1e-12)


@pytest.mark.parametrize("signal", EVERY, ids=lambda signal: type(signal).__name__)
def test_every_signal_keeps_the_shape_of_its_times_and_can_be_pickled(signal):
    times = np.linspace(0, 3 * NS, 12).reshape(3, 4)
    values = signal(times)
    assert values.shape == (3, 4)
    assert values.dtype == np.float64
    np.testing.assert_array_equal(signal(times[1]), values[1])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(signal))(times), values)


def test_every_kind_has_a_test():
    assert {type(signal) for signal in EVERY} >= set(signal_kinds().values())


@pytest.mark.parametrize("signal", EVERY, ids=lambda signal: type(signal).__name__)
def test_between_edges_a_signal_is_smooth_on_the_scale_of_its_longest_step(signal):
    """Cubic interpolation over its longest step, or the distance to the next edge, misses it by less than 1 %."""
    around = np.array([0, *edges([signal], 0, 3 * NS), 3 * NS])
    for start, stop in pairwise(around):
        length = min(signal.step_limit(3 * NS), stop - start - 2 * gap(stop))
        for first in np.linspace(start, stop - length - 2 * gap(stop), 7):
            points = first + length * np.arange(4) / 3
            between = first + length / 2
            cubic = np.dot((-1, 9, 9, -1), signal(points)) / 16
            assert signal(np.array(between)) == pytest.approx(cubic, abs=0.01)


def test_rounding_does_not_decide_on_which_side_of_an_edge_a_time_is():
    rng = np.random.default_rng(0)
    for _ in range(300):
        start, length, period = rng.uniform(0, 1), rng.uniform(0.1, 0.4), rng.uniform(0.5, 1)
        train = PulseTrain(length * NS, period=period * NS, start=start * NS)
        found = edges([train], 0, 100 * NS)
        assert len(found) > 190
        after, before = train(found), train(found - gap(found))
        np.testing.assert_array_equal(after, np.arange(len(found)) % 2 == 0)
        np.testing.assert_array_equal(before, np.arange(len(found)) % 2 == 1)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("pulse(t, 1*ns, 2*ns)", [1, 3]),
        ("step(t - 0.5*ns) * exp(-t/ns)", [0.5]),
        ("1 if 1*ns <= t < 2*ns else 0", [1, 2]),
        ("ramp(t, 1*ns, 1*ns) + abs(t/ns - 4)", [1, 2, 4]),
        ("clip(t/ns, 1, 2)", [1, 2]),
        ("sin(2*pi*t/ns) > 0", []),
        ("t/ns", []),
    ],
)
def test_edges_of_formulas(text, times):
    np.testing.assert_allclose(edges([Formula(text)], 0, 10 * NS), np.array(times) * NS, rtol=1e-12)


def test_edges_are_those_of_all_drives_behind_the_start_and_up_to_the_end():
    drives = [Pulse(1 * NS), Step(start=0.1 * NS * 3), Step(start=0.3 * NS), lambda t: t, Step(start=2 * NS)]
    np.testing.assert_allclose(edges(drives, 0, 1 * NS), [0.3 * NS, 1 * NS])
    np.testing.assert_allclose(edges(drives, 0.31 * NS, 2 * NS), [1 * NS, 2 * NS])
    at, row = np.array([1 * NS]), np.arange(1)
    assert jumps([Step(start=1 * NS)], at - gap(at), at, row)
    assert not jumps([Ramp(1 * NS, before=0.5), Sine(20e9, phase=1)], at - gap(at), at, row)


def test_the_longest_step_follows_the_fastest_drive():
    assert step_limit([], 1e-6) == np.inf
    assert step_limit([Pulse(1 * NS), Table((0, 1), (0, 1))], 1e-6) == np.inf
    assert step_limit([Sine(5e9), Sine(20e9)], 1e-6) == close(1 / 20e9 / 20)
    assert step_limit([lambda t: t], 1e-6) == step_limit([Formula("t")], 1e-6) == 10e-12
    assert step_limit([lambda t: t], 1e-9) == close(1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pulse(-1e-9), r"Pulse: length = -1e-09; allowed: above 0 s"),
        (lambda: Pulse(1e-9, rise=2e-9), "rise = 2e-09 s; allowed: at most the length"),
        (lambda: Sine("5 GHz"), r"frequency = '5 GHz'; .* is a finite number \[Hz\]"),
        (lambda: Sine(np.nan), "finite number"),
        (lambda: PulseTrain(2e-9, period=1e-9), r"length \+ fall = 2e-09 s; allowed: at most the period"),
        (lambda: PulseTrain(1e-9, period=2e-9, count=0), "count = 0; allowed: a whole number of at least 1"),
        (lambda: Table((0, 2, 1), (0, 0, 0)), "time 1 s does not come after 2 s"),
        (lambda: Table((0, 1), (0,)), "2 times, 1 values"),
        (lambda: Table((0, 1), (0, 1), "cubic"), 'allowed: "linear", "previous"'),
        (lambda: edges([PulseTrain(1e-16, period=2e-16)], 0, 1e-6), "at most 1000000"),
    ],
)
def test_wrong_signals_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("0,1\n1e-9,3\n", None),
        ("t (s),V\n0,1\n1e-9,3\n", None),
        ("t (ns);V\n0;1\n1;3\n", None),
        ("# scope\nt [ns]\tU [V]\n0\t1\n1\t3\n", None),
        ("t (ns)  V\n0   1\n 1   3\n\n", None),
        ("0 1\n1 3", "ns"),
        ('"t (ns)","V"\r\n0,1\r\n1,3\r\n', "ns"),
        ("\ufeff0,1\n1e-9,3\n", "s"),
    ],
)
def test_tables_as_people_write_them(tmp_path, text, unit):
    (tmp_path / "v.csv").write_text(text, encoding="utf-8")
    table = Table.from_csv(tmp_path / "v.csv", time_unit=unit)
    np.testing.assert_allclose(table(np.array([0, 0.5e-9, 1e-9])), [1, 2, 3])


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("", None, "holds no numbers"),
        ("t,V\n", None, "holds no numbers"),
        ("0,1\n1,2,3\n", None, "line 2: came '1, 2, 3'; needed: two numbers"),
        ("0,1\nx,2\n", None, "line 2"),
        ("0,1\n1,nan\n", None, "line 2"),
        ("0,1\n0,2\n", None, "does not come after"),
        ("t (ns),V\n0,1\n", "ps", "are in ns, not in ps"),
        ("t (mV),V\n0,1\n", None, "wanted a time"),
        (b"\xff\xfe0", None, "no UTF-8"),
    ],
)
def test_files_that_are_no_table(tmp_path, text, unit, message):
    (tmp_path / "v.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FdmagError, match=message):
        Table.from_csv(tmp_path / "v.csv", time_unit=unit)


def test_a_signal_of_ones_own():
    class Decay(Signal):
        def __call__(self, t):
            return np.exp(-t / 1e-9)

    assert step_limit([Decay()], 1e-6) == np.inf
    assert not edges([Decay()], 0, 1e-6).size
