"""Parameters that compiled code sets at the times of stages: what signals, formulas and their sums are in NumPy."""

import ctypes

import numpy as np
import pytest

from fdmag.backend import select_backend
from fdmag.errors import ParameterError
from fdmag.expressions import FUNCTIONS
from fdmag.host.drives import Drives, followed
from fdmag.host.stepper import HostStepper
from fdmag.kernels.compiler import find_compiler
from fdmag.mesh import Mesh
from fdmag.parameter import Declaration, Driven, Parameter, PerReplica, Sum
from fdmag.regions import Regions
from fdmag.signals import Constant, Formula, Gaussian, Product, Pulse, PulseTrain, Ramp, Signal, Sinc, Sine, Step, Table
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, Thermal, UniaxialAnisotropy, Zeeman

pytestmark = pytest.mark.skipif(find_compiler()[0] is None, reason="no C++ compiler")

NS = 1e-9
MESH = Mesh((60, 50, 1), (3e-9, 4e-9, 2e-9))
SCALAR, VECTOR = Declaration("T", "strength"), Declaration("T", "field", components=3)
SIGNALS = {
    "constant": Constant(0.5),
    "step": Step(start=1 * NS, before=-1),
    "ramp": Ramp(2 * NS, start=0.3 * NS, before=1, after=-1),
    "pulse": Pulse(1 * NS, start=0.5 * NS, rise=0.2 * NS, fall=0.4 * NS),
    "sharp pulse": Pulse(1 * NS),
    "train": PulseTrain(0.2 * NS, period=0.5 * NS, start=0.1 * NS, count=3),
    "endless train": PulseTrain(0.2 * NS, period=0.5 * NS, rise=0.1 * NS, fall=0.05 * NS),
    "sine": Sine(5e9, phase=0.3),
    "sinc": Sinc(20e9, center=1 * NS),
    "gaussian": Gaussian(1 * NS, sigma=0.3 * NS),
    "lines": Table((0, 1 * NS, 2 * NS), (0.5, 1, -1)),
    "held": Table((0, 1 * NS, 2 * NS), (0.5, 1, -1), "previous"),
    "one value": Table((1 * NS,), (0.7,)),
    "formula": Formula("ramp(t, 1*ns, 0.5*ns) * cos(2*pi*t/ns)"),
    "product": Product((Sine(5e9), Pulse(1 * NS), Product((Ramp(1 * NS), Constant(3.0))))),
}
TIMES = np.concatenate([np.linspace(-1, 4, 51), np.nextafter(np.arange(5), -1), [0.3, 0.7, 1.5, 1.9]]) * NS


def values(quantity, times, replicas=None, mesh=MESH, dtype="float64", rows=None):
    """What compiled code makes of a parameter, for a row at each time."""
    assert followed(quantity)
    drives = Drives({7: quantity}, mesh, select_backend("host", dtype), rows or len(times))
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, *[ctypes.c_int64] * 2, ctypes.c_double, ctypes.c_int)(
        drives.function
    )
    for row, t in enumerate(times):
        function(drives.drives, row, row if replicas is None else replicas[row], t, row % 2)
    drives.check()
    return drives.values[7]


def parameter(value, declaration=SCALAR, mesh=MESH):
    return Parameter(value, declaration, mesh, Regions(mesh, {}), "term.value")


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_is_what_it_is_in_numpy(name):
    """At its edges, at what rounds to them, and far outside; values are of the order of 1."""
    wanted = SIGNALS[name](TIMES)
    found = values(parameter(Driven(2.0, SIGNALS[name])), TIMES, np.zeros(TIMES.size, int))
    np.testing.assert_allclose(found[:, 0], 2 * wanted, rtol=0, atol=4e-15)


ARGUMENTS = {1: ["2*u", "-u/3", "0"], 2: ["u, 2", "-u, 0.3", "2, u", "0, u"], 3: ["u, -1, 2", "u < 0, u, 3*u"]}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_formulas_is_what_it_is_in_numpy(name):
    """Of arguments of both signs; where NumPy has no number there is none."""
    names = FUNCTIONS[name].arguments.split(", ")
    count = len(names) if names[-1] != "..." else 2
    for arguments in ARGUMENTS[count]:
        formula = Formula(f"{name}({arguments.replace('u', '(t/ns - 1)')})")
        with np.errstate(all="ignore"):
            wanted = formula(TIMES)
        sane = np.isfinite(wanted)
        found = values(parameter(Driven(1.0, formula)), TIMES[sane], np.zeros(sane.sum(), int), rows=TIMES.size)
        np.testing.assert_allclose(found[: sane.sum(), 0], wanted[sane], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        "7", "t/ns", "-t/ns", "+t", "2**(t/ns) - (t/ns)**2", "1 - t/ns if not t > 1*ns else 3", "0 < t < 1*ns",
        "t < 1*ns and t > 0.5*ns or t >= 2*ns", "1 == t/ns", "t != 1*ns", "t/ns <= 1", "min(t/ns, 1, 2 - t/ns)",
        "max(1, t/ns, 3 - t/ns)", "mod(-t, 0.3*ns)/ns", "mod(t, -0.3*ns)/ns", "sign(t - 1*ns)", "kB/kB + mu0*t",
    ],
)  # fmt: skip
def test_a_formula_is_what_it_is_in_numpy(text):
    found = values(parameter(Driven(1.0, Formula(text))), TIMES, np.zeros(TIMES.size, int))
    np.testing.assert_allclose(found[:, 0], Formula(text)(TIMES), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_sums_patterns_and_replicas(dtype):
    """A constant for each replica, waves of each, of several kinds, in cells or not; also of some replicas only."""
    rng = np.random.default_rng(1)
    cells, batch = rng.normal(size=(3, *MESH.shape)), 4
    each = PerReplica([Sine(1e9), Formula("t/ns"), Product((Pulse(2 * NS), Ramp(1 * NS))), Constant(-1)])
    patterns = {
        "one": Sum((0.1, 0.2, 0.3), Driven((1, 0, 2), Sine(2e9)), Driven((0, 1, 0), each)),
        "of each": Sum(PerReplica(rng.normal(size=(batch, 3))), Driven(PerReplica(rng.normal(size=(batch, 3))), each)),
        "in cells": Sum((0.1, 0.2, 0.3), Driven(cells, Sine(2e9)), Driven((0, 1, 0), each)),
        "along a line": Driven(cells[:, :1, :, :1][None], each),
    }
    for name, value in patterns.items():
        quantity = parameter(value, VECTOR)
        for replicas in (None, np.array([3, 1])):
            times = np.array([0.3, 0.7, 1.1, 0.2])[: batch if replicas is None else 2] * NS
            found = values(quantity, times, replicas, dtype=dtype)
            wanted = np.broadcast_to(quantity.at(times, replicas), (times.size, 3, *MESH.shape))
            if found.ndim == 2:
                wanted = wanted[..., 0, 0, 0]
            assert found.dtype == dtype
            assert (found.ndim == 5) == (name in ("in cells", "along a line"))
            np.testing.assert_allclose(found, wanted, rtol=1e-14 if dtype == "float64" else 1e-6, atol=1e-16)


def test_what_is_not_followed():
    """What only Python knows: functions, formulas of one's own, also among others and of one replica; directions."""

    class Swell(Pulse):
        def __call__(self, t):
            return np.sin(np.pi * np.clip((t - self.start) / self.length, 0, 1)) ** 2

    class Decay(Signal):
        def __call__(self, t):
            return np.exp(-t / NS)

    pulse = Pulse(1 * NS)
    assert followed(parameter(Driven(1.0, pulse)))
    for signal in (Swell(1 * NS), Decay(), np.sin, Product((pulse, Decay())), PerReplica([pulse, Decay()])):
        assert not followed(parameter(Driven(1.0, signal)))
        assert not followed(parameter(Sum(1.0, Driven(1.0, pulse), Driven(2.0, signal))))
    assert not followed(parameter(lambda t: t))
    direction = Declaration("1", "direction", components=3, unit_vector=True)
    assert not followed(parameter(Driven((1, 0, 0), pulse), direction))
    assert not followed(parameter(Driven(1.0, pulse), Declaration("1", "switch", choices=(0, 1))))


_attempt, _anew = HostStepper._attempt, HostStepper._attempt_from_slopes
DRIVEN = {
    "sine": {"B": Driven((0.2, 0, 0.1), Sine(5e9))},
    "waves of each": {"B": Driven((0.2, 0, 0.1), PerReplica([Sine(5e9), Sinc(8e9, 0.05 * NS), Formula("t/ns")]))},
    "in cells": {"B": Driven(np.random.default_rng(2).normal(size=(3, 1, 6, 9)), Gaussian(0.05 * NS, 0.03 * NS))},
    "rising": {"B": Sum((0, 0, 0.1), Driven((0.3, 0, 0), Ramp(0.05 * NS)), Driven((0, 0.1, 0), Pulse(0.07 * NS)))},
    "alpha": {"alpha": Sum(0.1, Driven(0.05, Sine(20e9)))},
    "field of a function beside": {"B": Driven((0.2, 0, 0.1), Sine(5e9)), "Ku1": lambda t: 1e5 + 1e15 * t},
    "temperature": {"B": Driven((0.2, 0, 0.1), Sine(5e9)), "T": Sum(300, Driven(200, Sine(9e9)))},
}


def made(case, device, Ms=8e5, dtype="float64"):
    given = {"B": (0.1, 0, 0.2), "alpha": 0.05, "Ku1": 1e5} | DRIVEN[case]
    terms = [Exchange(A=1e-11), UniaxialAnisotropy(Ku1=given["Ku1"]), Zeeman(B=given["B"])]
    if "T" in given:
        terms.append(Thermal(T=given["T"], seed=3))
    mesh = Mesh((9, 6, 1), (3e-9, 4e-9, 2e-9))
    return Simulation(mesh, terms, Ms=Ms, alpha=given["alpha"], m=(0.3, 0.1, 1), batch=3, device=device, dtype=dtype)


@pytest.mark.parametrize(
    ("case", "dt"),
    [(case, dt) for case in DRIVEN for dt in (None, 5e-14) if dt or case != "temperature"],
)  # where a step of noise is divided is a matter of rounding
def test_many_steps_in_a_call_are_those_of_the_reference(case, dt, monkeypatch):
    """They end at the same times in the same steps; only where Python alone knows a value is it asked for each step."""
    host, reference = made(case, "host"), made(case, "numpy")
    asked = []
    monkeypatch.setattr("fdmag.host.stepper.HostStepper._attempt", lambda *a, f=_attempt: (asked.append(1), f(*a))[1])
    monkeypatch.setattr(
        "fdmag.host.stepper.HostStepper._attempt_from_slopes", lambda *a, f=_anew: (asked.append(1), f(*a))[1]
    )
    for simulation in (host, reference):
        simulation.run(0.04 * NS, dt=dt)
    np.testing.assert_array_equal(host.state.steps, reference.state.steps)
    np.testing.assert_array_equal(host.state.evaluations, reference.state.evaluations)
    np.testing.assert_allclose(host.m, reference.m, rtol=0, atol=1e-9)
    assert bool(asked) == ("function" in case)
    still = made("sine", "host")
    still.set("zeeman.B", (0.1, 0, 0.2))
    still.run(0.04 * NS, dt=dt)
    assert np.abs(host.m - still.m).max() > 1e-3


@pytest.mark.usefixtures("shared_out")
@pytest.mark.parametrize("case", [case for case in DRIVEN if "function" not in case])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_neither_calls_nor_company_nor_threads_change_a_bit(case, dtype, monkeypatch):
    """Looked at after every step, with other threads, and each replica alone: the same bits."""
    dt = 5e-14 if case == "temperature" else None
    together = made(case, "host", dtype=dtype)
    together.run(0.05 * NS, dt=dt)
    looked_at = made(case, "host", dtype=dtype)
    looked_at.run(0.05 * NS, dt=dt, on_step=lambda: None)
    monkeypatch.setenv("FDMAG_THREADS", "3")
    threads = made(case, "host", dtype=dtype)
    threads.run(0.05 * NS, dt=dt)
    for other in (looked_at, threads):
        np.testing.assert_array_equal(other.m, together.m)
        np.testing.assert_array_equal(other.state.dt, together.state.dt)


@pytest.mark.parametrize("device", ["host", "numpy"])
@pytest.mark.parametrize("dt", [None, 1e-13])
def test_a_value_out_of_its_range_is_told_before_a_step_is_taken_with_it(device, dt):
    """A damping that falls from 0.1, below 0 after 0.1 ns; a temperature in one of two replicas."""
    mesh = Mesh((3, 2, 1), (3e-9, 4e-9, 2e-9))
    falling = Driven(0.1, Ramp(1 * NS, before=1, after=-9))
    simulation = Simulation(mesh, [Zeeman(B=(0, 0, 1))], Ms=8e5, alpha=falling, m=(1, 0, 0), batch=2, device=device)
    with pytest.raises(
        ParameterError, match=r"alpha at t = \[.*1\.\d*e-10.*\] s: Gilbert damping = -\d.* is impossible"
    ):
        simulation.run(1 * NS, dt=dt)
    assert np.all(simulation.t < 0.1 * NS)
    assert np.all(simulation.t > 0.08 * NS)
    np.testing.assert_allclose(np.linalg.norm(simulation.m, axis=1), 1, rtol=1e-12)
    T = Driven(300, PerReplica([Constant(), Ramp(0.1 * NS, before=1, after=-1)]))
    simulation = Simulation(mesh, [Thermal(T=T, seed=1)], Ms=8e5, alpha=0.1, m=(1, 0, 0), device=device)
    with pytest.raises(ParameterError, match=r"thermal\.T at t = .*: temperature = -\S+ K is impossible"):
        simulation.run(1 * NS, dt=1e-13)
    np.testing.assert_allclose(simulation.t[1], 0.05 * NS, atol=0.2e-12)


@pytest.mark.parametrize("device", ["host", "numpy"])
def test_relaxation_sees_the_drives_of_now(device):
    """A field that turns from z to x during 1 ns: after 0.5 ns m comes to rest between the two."""
    mesh = Mesh((3, 2, 1), (3e-9, 4e-9, 2e-9))
    B = Sum(Driven((0, 0, 0.1), Ramp(1 * NS, before=1, after=0)), Driven((0.1, 0, 0), Ramp(1 * NS)))
    simulation = Simulation(mesh, [Exchange(A=1e-11), Zeeman(B=B)], Ms=8e5, alpha=0.1, m=(0, 0.1, 1), device=device)
    simulation.run(0.5 * NS)
    simulation.relax(1e-7)
    np.testing.assert_allclose(simulation.average_m(), [[0.5**0.5, 0, 0.5**0.5]], atol=1e-5)


def test_a_drive_set_in_a_run_is_followed_from_then_on():
    """Another drive, a constant, and a drive again: compiled code has no memory of those before."""
    later = [Driven((0, 0.3, 0), Ramp(0.02 * NS)), (0.1, 0.2, 0), Driven((0, 0.3, 0), Sine(8e9)), (0.1, 0, 0)]
    ends = []
    for device in ("host", "numpy"):
        simulation, rest = made("sine", device), iter(later)
        simulation.run(0.1 * NS, every=0.025 * NS, callback=lambda s, r=rest: s.t[0] > 0 and s.set("zeeman.B", next(r)))
        ends.append(simulation.m)
    np.testing.assert_allclose(*ends, rtol=0, atol=1e-9)


def test_a_field_asked_for_between_steps_does_not_change_them():
    """`effective_field` sets the parameters of the same unit to their values now."""
    ends = []
    for asks in (False, True):
        simulation = made("waves of each", "host")
        for _ in range(5):
            simulation.run(0.01 * NS)
            if asks:
                simulation.effective_field()
                simulation.energies()
        ends.append(simulation.m)
    np.testing.assert_array_equal(*ends)
