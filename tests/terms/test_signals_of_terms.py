"""Every kind of signal on every number and vector that may depend on time: fields, voltages, currents, constants.

Found over the registry, so that a new term is tested without being named. The reference alone; `tests/test_kernels.py`
compares the kernels with it for parameters driven in time, and `tests/solvers/test_drives.py` looks at steps.
"""

from functools import partial

import numpy as np
import pytest

from fdmag import simulation
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Driven, Sum, declarations
from fdmag.signals import Constant, Formula, Gaussian, Pulse, PulseTrain, Ramp, Sinc, Sine, Step, Table, signal_kinds
from fdmag.terms import Exchange, registry
from tests.samples import SCALE, draw, fitted

NS = 1e-9
TIMES = np.array([0.0, 0.13, 0.4, 0.77, 1.25]) * NS
SIGNALS = {
    "constant": Constant(0.8),
    "ramp": Ramp(1 * NS, start=0.1 * NS, before=0.3, after=1.1),
    "step": Step(start=0.2 * NS, before=0.5),
    "pulse": Pulse(1 * NS, rise=0.3 * NS, fall=0.3 * NS),
    "pulse train": PulseTrain(0.2 * NS, period=0.5 * NS),
    "sine": Sine(0.4e9, phase=0.5),
    "sinc": Sinc(1e9, center=0.7 * NS),
    "gaussian": Gaussian(0.4 * NS, sigma=0.5 * NS),
    "table": Table((0, 0.5 * NS, 1 * NS), (0.2, 1.0, 0.6)),
    "table of steps": Table((0, 0.5 * NS, 1 * NS), (0.2, 1.0, 0.6), "previous"),
    "expression": Formula("0.5 + 0.3*cos(2*pi*t/ns)*exp(-t/(2*ns))"),
    "product": Sine(0.4e9, phase=0.5) * Pulse(1 * NS),
}
TERMS = {name: term for name, term in registry().items() if not term.stochastic}
DRIVEN = [
    (name, key) for name, term in sorted(TERMS.items()) for key, each in declarations(term).items()
    if each.time_dependent and not each.unit_vector and each.unit != "m"
]  # fmt: skip
MESH = Mesh((3, 2, 2), (2e-9, 3e-9, 5e-9))
Simulation = partial(simulation.Simulation, MESH, Ms=8e5, device="numpy")


@pytest.fixture(autouse=True)
def _every_device():
    """Do not run every test on each device."""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "wave.csv"
    path.write_text("t (ns), factor\n0, 0.2\n0.5, 1\n1, 0.6\n")
    return path


def values_of(name, rng, keep):
    found = {
        key: SCALE.get(each.unit, 1.0) * draw(each, rng, (3,) if each.components == 3 else ())
        for key, each in declarations(TERMS[name]).items()
    }
    return fitted(found, keep)


@pytest.mark.parametrize(("name", "key"), DRIVEN)
def test_the_field_is_that_of_the_value_times_the_signal(name, key, table):
    """At each time; a value out of its range at some time is refused then."""
    rng, declared = np.random.default_rng(1), declarations(TERMS[name])[key]
    values = values_of(name, rng, key)
    m = rng.normal(size=(3, *MESH.shape))
    for signal in (*SIGNALS.values(), Table.from_csv(table)):
        driven = Simulation([TERMS[name](**values | {key: Driven(values[key], signal)})], m=m)
        for t in TIMES:
            driven.t = t
            now = values[key] * float(np.asarray(signal(np.array([t]))).reshape(-1)[0])
            if np.any(declared.outside(now)):
                with pytest.raises(ParameterError, match=f"{name}.{key}"):
                    driven.effective_field()
                continue
            fixed = Simulation([TERMS[name](**values | {key: now})], m=m).effective_field()
            scale = np.abs(fixed).max()
            np.testing.assert_allclose(driven.effective_field(), fixed, rtol=0, atol=1e-13 * scale)


def test_every_kind_of_signal_is_tested():
    assert {type(each) for each in SIGNALS.values()} >= set(signal_kinds().values())


@pytest.mark.parametrize(("name", "key"), DRIVEN)
def test_the_edges_of_a_signal_are_known_where_steps_are_chosen(name, key):
    pulse = Pulse(1 * NS, start=0.3 * NS)
    values = values_of(name, np.random.default_rng(2), key)
    magnet = Simulation([TERMS[name](**values | {key: Sum(values[key], Driven(values[key], pulse))})])._magnet
    assert magnet.drives() == [pulse]


def test_damping_takes_signals_too():
    pulse = Pulse(1 * NS, start=0.3 * NS)
    driven = Simulation([Exchange(A=1e-11)], alpha=Sum(0.1, Driven(0.2, pulse)))
    assert driven._magnet.drives() == [pulse]


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, key in DRIVEN if declarations(TERMS[name])[key].above is None]
)
def test_from_a_scene(name, key, tmp_path):
    """The same parameter, with a signal of its own, in the table of its term."""
    from fdmag.scene.load import load_scene

    values = values_of(name, np.random.default_rng(3), key)
    entries = {other: np.asarray(value).tolist() for other, value in values.items()}
    signal = '{ kind = "pulse", length = "1 ns", rise = "0.3 ns", fall = "0.3 ns" }'
    lines = [f"{other} = {value}" for other, value in entries.items() if other != key]
    lines.append(f"{key} = {{ value = {entries[key]}, signal = {signal} }}")
    path = tmp_path / "scene.toml"
    path.write_text(
        '[mesh]\ncells = [3, 2, 2]\ncell = ["2 nm", "3 nm", "5 nm"]\n[material]\nMs = "800 kA/m"\n'
        + f"[terms.{name}]\n" + "\n".join(lines) + '\n[[stages]]\nkind = "run"\nduration = "1 ns"\n'
    )  # fmt: skip
    found = getattr(load_scene(path).simulation.terms[name], key)
    wanted = SIGNALS["pulse"](TIMES)
    expected = np.multiply.outer(wanted, values[key]).reshape(len(TIMES), -1)
    declared = declarations(TERMS[name])[key]
    inside = ~np.any(declared.outside(expected), axis=1)
    np.testing.assert_allclose(found.at(TIMES[inside])[:, :, 0, 0, 0], expected[inside], rtol=1e-12)
