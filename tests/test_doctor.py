"""`fdmag doctor`: what it tells of a machine, and that its self-test finds what is wrong."""

import io
import json
import os
from dataclasses import MISSING, dataclass, fields
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from fdmag import cli, doctor, self_check
from fdmag.backend import PRECISIONS, Backend, select_backend
from fdmag.kernels.compiler import find_compiler
from fdmag.parameter import parameter
from fdmag.self_check import Check, direct_demag, sample_terms
from fdmag.terms import Term, registry
from tests.closeness import close

needs_compiler = pytest.mark.skipif(find_compiler()[0] is None, reason=f"no C++ compiler: {find_compiler()[1]}")


@pytest.fixture(scope="module")
def report():
    """What the doctor finds where there is no compiler: quick, and the same on every machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FDMAG_CXX", "/nowhere/c++")
        patch.delenv("FDMAG_DEVICE", raising=False)
        return doctor.examine()


def shown(report):
    console = Console(file=io.StringIO(), width=200)
    doctor.show(report, console)
    return console.file.getvalue()


def test_without_a_compiler_numpy_is_tested_and_the_host_explained(report):
    devices = {device["name"]: device for device in report["devices"]}
    assert devices["numpy"]["available"]
    assert not devices["host"]["available"]
    assert "$FDMAG_CXX = /nowhere/c++ is not a compiler that runs" in devices["host"]["reason"]
    assert {check["device"] for check in report["self_test"]} <= {"numpy", "cuda"}
    assert report["environment"]["FDMAG_CXX"] == "/nowhere/c++"
    assert report["healthy"]


def test_the_report_is_json_and_a_table(report):
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    text = shown(report)
    for told in ("device numpy", "device host", "device cuda", "device auto", "macrospin, closed form", "checks hold"):
        assert told in text
    assert report["machine"]["numpy"] == np.__version__


def test_every_shipped_term_is_tested(report):
    skipped = {check["what"]: check["problem"] for check in report["self_test"] if check["skipped"]}
    tested = {check["what"] for check in report["self_test"] if not check["skipped"]}
    assert {f"term {name}" for name in registry()} == {
        what for what in tested | set(skipped) if what.startswith("term")
    }
    more_than_numbers = {
        f"term {name}"
        for name, kind in registry().items()
        if any(f.default is MISSING is f.default_factory and "parameter" not in f.metadata for f in fields(kind))
    }
    assert set(skipped) <= more_than_numbers


@needs_compiler
@pytest.mark.slow
def test_every_device_of_this_machine_computes_right(monkeypatch):
    """As a user sees it, in this process, and with one term in a unit: other tests need the same units."""
    monkeypatch.delenv("FDMAG_DEVICE", raising=False)
    monkeypatch.setattr(self_check, "TOGETHER", 1)
    monkeypatch.setattr(doctor, "tested", lambda device: ([*self_check.self_test(device)], []))
    done = CliRunner().invoke(cli.app, ["doctor", "--json"])
    found = json.loads(done.stdout)
    assert [check for check in found["self_test"] if check["fails"]] == []
    assert done.exit_code == 0
    assert done.stderr == ""
    for precision in PRECISIONS:
        names = [
            check["what"]
            for check in found["self_test"]
            if (check["device"], check["precision"]) == ("host", precision)
        ]
        for what in ("compiled or loaded", "energies", "demag, direct summation", "macrospin, closed form"):
            assert what in names
    used = [compiler for compiler in found["compilers"] if compiler["used"]]
    assert len(used) == 1
    assert "-O3" in used[0]["flags"]
    assert found["cache"]["kernels"]["entries"] > 0
    assert found["cache"]["kernels"]["bytes"] > 0


@pytest.mark.parametrize(("code", "fails"), [(0, False), (1, True)])
def test_the_exit_code(monkeypatch, report, code, fails):
    wrong = Check("numpy", "float64", "term zeeman", error=0.5, allowed=1e-12)
    found = {**report, "healthy": not fails}
    if fails:
        found["self_test"] = [*report["self_test"], {**vars(wrong), "fails": True}]
    monkeypatch.setattr(doctor, "examine", lambda: found)
    done = CliRunner().invoke(cli.app, ["doctor"], env={"COLUMNS": "200"})
    assert done.exit_code == code
    assert ("FAILS" in done.stdout) == fails
    assert ("5.0e-01" in done.stdout) == fails


# ---- the self-test finds what is wrong ---------------------------------------------------------------------------


@dataclass
class Pulled(Term):
    """A term whose header may say something else."""

    name = "pulled"
    degree = 1
    kernel = "set by the test"
    B: Any = parameter("T", "field", components=3)

    def field(self, m, context):
        return context.value(self.B)


@needs_compiler
@pytest.mark.parametrize(
    ("factor", "wrong"), [("1", []), ("1.00001", ["term pulled", "energies", "torque of terms together"])]
)
def test_a_kernel_that_is_wrong_fails(tmp_path, monkeypatch, factor, wrong):
    header = tmp_path / "pulled.h"
    header.write_text(
        "struct Pulled : Parameters { FD_HD vec3 field(const Site& s, const Magnet&) const "
        f"{{ return real({factor}) * B[s.i]; }} }};"
    )
    monkeypatch.setattr(Pulled, "kernel", str(header))
    monkeypatch.setattr(self_check, "demag_error", lambda *_: 0.0)
    checks = list(self_check._checks("host", "float64", [Pulled(B=(0.1, 0.2, 0.3))]))
    assert [check.what for check in checks if check.fails] == wrong
    if wrong:
        found = next(check for check in checks if check.what == "term pulled")
        assert found.error == close(1e-5, rel=1e-6)


@needs_compiler
def test_a_kernel_that_does_not_compile_is_a_failed_check(tmp_path, monkeypatch):
    (tmp_path / "pulled.h").write_text("struct Pulled : Parameters { no C++ };")
    monkeypatch.setattr(Pulled, "kernel", str(tmp_path / "pulled.h"))
    check = next(self_check._checks("host", "float64", [Pulled(B=(0.1, 0.2, 0.3))]))
    assert check.fails
    assert "pulled.h:1" in check.problem


@pytest.mark.parametrize(
    ("what", "factor"), [("demag, direct summation", 1 + 1e-5), ("macrospin, closed form", 1 + 1e-2)]
)
def test_a_wrong_demag_field_or_precession_fails(monkeypatch, what, factor):
    from fdmag.terms import Demag, Zeeman

    term = Demag if "demag" in what else Zeeman
    original = term.field
    monkeypatch.setattr(term, "field", lambda self, m, context: original(self, m, context) * factor)
    failing = [check.what for check in self_check._checks("numpy", "float64", []) if check.fails]
    assert failing == [what]


def test_a_result_that_is_not_finite_fails(monkeypatch):
    monkeypatch.setattr(self_check, "macrospin_error", lambda *_: float("nan"))
    check = list(self_check._checks("numpy", "float64", []))[-1]
    assert check.fails
    assert check.problem == "the result is not a finite number"


def test_direct_summation_gives_a_cube_its_third_and_a_distant_cell_its_dipole_field():
    from fdmag.constants import MU_0
    from fdmag.mesh import Mesh

    mesh = Mesh((12, 1, 1), (1e-9, 1e-9, 1e-9))
    M = np.zeros((1, 3, 1, 1, 12))
    M[0, :, 0, 0, 0] = 8e5, 4e5, -6e5
    B = direct_demag(M, mesh)[0, :, 0, 0]
    np.testing.assert_allclose(B[:, 0], -MU_0 * M[0, :, 0, 0, 0] / 3, rtol=1e-12)
    dipole = MU_0 * 1e-27 / (4 * np.pi * (11e-9) ** 3) * np.array([2, -1, -1]) * M[0, :, 0, 0, 0]
    np.testing.assert_allclose(B[:, 11], dipole, rtol=1e-3)  # a cube has no quadrupole; the next order is (1/11)^4


def test_a_term_that_needs_more_than_numbers_is_told_but_is_no_fault(monkeypatch):
    @dataclass
    class Layered(Term):
        name = "layered"
        layers: tuple[str, str]

        def field(self, m, context):
            return m

    monkeypatch.setattr(self_check, "registry", lambda: {"layered": Layered})
    samples, unfit = sample_terms(np.random.default_rng(0))
    assert samples == []
    assert unfit["layered"].startswith("needs more than numbers: ")
    checks = list(self_check.self_test("numpy"))
    assert [check.problem for check in checks if check.what == "term layered"] == [unfit["layered"]] * 2
    assert not any(check.fails for check in checks)


@pytest.mark.skipif(os.name == "nt", reason="a shell script as Python")
@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("kill -SEGV $$", "died of SIGSEGV after: energies, float64"),
        ("echo oops >&2; exit 7", "status 7 after: energies"),
    ],
)
def test_a_device_that_dies_is_told_with_how_far_it_came(tmp_path, monkeypatch, end, told):
    line = json.dumps(vars(Check("host", "float64", "energies", 0.0, 1.0)))
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho '{line}'\necho a notice >&2\n{end}\n")
    python.chmod(0o755)
    monkeypatch.setattr(doctor.sys, "executable", str(python))
    checks, notices = doctor.tested("host")
    assert [check.fails for check in checks] == [False, True]
    assert told in checks[-1].problem
    assert notices == ["host: a notice"]


# ---- what there is ----------------------------------------------------------------------------------------------


def test_a_device_of_the_backend_appears_by_itself(monkeypatch):
    def select(name="auto", dtype=None):
        if name == "quantum":
            return Backend("quantum", np, np.dtype("float32"), "asked for: a friend")
        return select_backend(name, dtype)

    monkeypatch.setattr(doctor, "DEVICES", ("auto", "numpy", "quantum"))
    monkeypatch.setattr(doctor, "select_backend", select)
    found = {device["name"]: device for device in doctor._devices()}
    assert found["quantum"] == {"name": "quantum", "available": True, "reason": "a friend"}
    assert set(found) == {"numpy", "host", "cuda", "quantum"}


@pytest.mark.parametrize(("variable", "value"), [("FDMAG_DEVICE", "hots"), ("FDMAG_THREADS", "many")])
def test_a_wrong_wish_is_not_healthy(monkeypatch, variable, value):
    monkeypatch.setattr(doctor, "tested", lambda device: ([], []))
    monkeypatch.delenv("FDMAG_DEVICE", raising=False)
    monkeypatch.setenv(variable, value)
    if variable == "FDMAG_THREADS" and find_compiler()[0] is None:
        pytest.skip("threads are the host's")
    found = doctor.examine()
    assert not found["healthy"]
    assert value in found["auto"]["reason"]
    assert "no device can be used" in shown(found)


def test_a_cache_that_cannot_be_written_is_told(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FDMAG_CACHE", str(tmp_path / "file" / "cache"))
    cache = doctor._cache()
    assert not cache["writable"]
    assert cache["problem"]
    assert cache["kernels"]["entries"] == 0
    monkeypatch.setenv("FDMAG_CACHE", "off")
    assert doctor._cache()["directory"] is None


def test_more_threads_than_the_group_may_use_is_told(monkeypatch):
    monkeypatch.setattr(doctor, "cgroup_limit", lambda: 2.0)
    monkeypatch.setenv("FDMAG_THREADS", "64")
    assert doctor._threads()["problem"] == "64 threads share 2 processors; set FDMAG_THREADS=2"
    monkeypatch.setenv("FDMAG_THREADS", "2")
    assert doctor._threads()["problem"] == ""
