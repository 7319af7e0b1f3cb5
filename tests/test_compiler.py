"""Compilers that refuse, fail, hang or aim at another machine, and disks that are full."""

import errno
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fdmag.backend import select_backend
from fdmag.errors import CompilerError
from fdmag.kernels import compiler as compilers
from fdmag.kernels import library
from fdmag.kernels.compiler import Compiler, find_compiler

needs_compiler = pytest.mark.skipif(find_compiler()[0] is None, reason=f"no C++ compiler: {find_compiler()[1]}")
needs_shell = pytest.mark.skipif(os.name == "nt", reason="compilers made of shell scripts")
pytestmark = [needs_compiler, needs_shell]
SOURCE = 'extern "C" __attribute__((visibility("default"))) int answer() { return 42; }\n'


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An empty cache, and a process that knows no library and no compiler."""
    monkeypatch.setenv("FDMAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(library, "_loaded", {})
    monkeypatch.setattr(library, "_told", set())
    monkeypatch.setattr(library, "_proved", set())
    monkeypatch.setattr(compilers, "_refused", {})
    return tmp_path / "cache" / "kernels"


@pytest.fixture
def wrapped(tmp_path):
    """Make a compiler that runs a line of shell before the real one."""

    def make(line):
        script = tmp_path / "wrapped"
        real = " ".join(find_compiler()[0].command)
        script.write_text(
            f'#!/bin/sh\nif [ "$1" = --version ]; then echo wrapped 1.0; exit; fi\n{line}\nexec {real} "$@"\n'
        )
        script.chmod(0o755)
        return Compiler((str(script),), "wrapped 1.0", "wrapped")

    return make


def answer(compiler, source=SOURCE):
    library._loaded.clear()
    return library.load(source, compiler).answer()


def refusing(*flags):
    return f'for flag; do case "$flag" in {"|".join(flags)}) echo "unknown option $flag" >&2; exit 1;; esac; done'


# ---- flags -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("instead", [True, False], ids=["known as -mcpu", "not known at all"])
def test_a_refused_flag_is_left_out_with_a_notice(root, wrapped, caplog, instead):
    refused = ["-march=native"] if instead else ["-march=native", "-mcpu=native", "-fno-trapping-math"]
    compiler = wrapped(refusing(*refused))
    assert answer(compiler) == 42
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        f"wrapped refuses {', '.join(flag for flag in refused if 'mcpu' not in flag)}; "
        "kernels are compiled without, and may be slower"
    ]
    assert compilers._refused[compiler]["-march=native"] == ("-mcpu=native" if instead else "")
    assert len(library.kept_units(root.parent)) == 1
    assert sorted(path.name for path in library.kept_units(root.parent)[0].iterdir()) == [
        "checksum", "unit.cpp", "unit.so",
    ]  # fmt: skip


def test_what_a_compiler_refused_is_asked_once_and_never_for_a_cached_library(root, wrapped, caplog, tmp_path):
    compiler = wrapped(f"echo x >> {tmp_path}/calls\n" + refusing("-march=native"))
    answer(compiler)
    answer(compiler, SOURCE + "// other\n")
    first = (tmp_path / "calls").read_text().count("x")
    compilers._refused.clear()  # as in another process
    assert answer(compiler) == 42
    assert (tmp_path / "calls").read_text().count("x") == first
    assert len(caplog.records) == 1


def test_a_flag_that_is_needed_is_not_left_out(root, wrapped):
    with pytest.raises(CompilerError, match="unknown option -ffp-contract=off"):
        answer(wrapped(refusing("-ffp-contract=off")))


def test_an_error_in_the_source_is_not_taken_for_a_refused_flag(root, caplog):
    compiler = find_compiler()[0]
    with pytest.raises(CompilerError, match="missing"):
        answer(compiler, "int f() { return missing; }\n")
    assert not any(compilers._refused.values())
    assert not caplog.records


def test_units_compiled_at_once_all_learn_of_a_refused_flag(root, wrapped, caplog):
    compiler = wrapped("sleep 0.1\n" + refusing("-march=native"))
    sources = [SOURCE + f"// {number}\n" for number in range(3)]
    for source in sources:
        library.prepare(source, compiler)
    assert [library.load(source, compiler).answer() for source in sources] == [42] * 3
    assert len(caplog.records) == 1


def test_code_for_another_processor_is_not_used(root, wrapped, tmp_path, caplog):
    """A compiler that mistakes the processor makes kernels that die; without its guess they run."""
    (tmp_path / "trap.cpp").write_text("__attribute__((constructor)) static void die() { __builtin_trap(); }\n")
    trap = f'case "$*" in *-march=native*) set -- "$@" {tmp_path}/trap.cpp;; esac'
    assert answer(wrapped(trap)) == 42
    assert "wrapped without -march=native from now on, which may be slower: a trial died of SIG" in caplog.text


def test_a_compiler_whose_code_has_run_is_not_tried_again(root, monkeypatch):
    tried = []
    monkeypatch.setattr(library, "_trial", lambda path: tried.append(path) or "")
    for source in (SOURCE, SOURCE + "// other\n"):
        assert answer(find_compiler()[0], source) == 42
    assert len(tried) == 1


def test_code_that_never_runs_leads_to_numpy(root, wrapped, tmp_path, caplog, monkeypatch):
    (tmp_path / "trap.cpp").write_text("__attribute__((constructor)) static void die() { __builtin_trap(); }\n")
    compiler = wrapped(f'set -- "$@" {tmp_path}/trap.cpp')
    monkeypatch.setenv("FDMAG_CXX", compiler.command[0])
    monkeypatch.delenv("FDMAG_DEVICE", raising=False)
    backend = select_backend("auto")
    assert backend.name == "numpy"
    assert "makes kernels that do not run here: a trial died of SIG" in backend.reason
    assert not library.kept_units(root.parent)


# ---- broken installations --------------------------------------------------------------------------------------


def test_a_compiler_without_a_linker_leads_to_numpy(root, monkeypatch, caplog):
    linker = next((name for name in ("mold", "lld", "gold") if shutil.which(f"ld.{name}") is None), None)
    if linker is None:
        pytest.skip("every linker is there")
    monkeypatch.setenv("FDMAG_CXX", f"{find_compiler()[0].command[0]} -fuse-ld={linker}")
    monkeypatch.delenv("FDMAG_DEVICE", raising=False)
    backend = select_backend("auto")
    assert backend.name == "numpy"
    assert "ld" in backend.reason.partition("empty.cpp:")[2]  # not even an empty source: in the linker's words
    assert len(caplog.records) == 1


def test_a_compiler_that_hangs_is_ended_with_its_children(root, wrapped, monkeypatch):
    monkeypatch.setattr(compilers, "_TIMEOUT", 0.3)
    start = time.perf_counter()
    with pytest.raises(CompilerError, match=r"wrapped did not finish .* within 0.3 s; it was ended"):
        answer(wrapped("sleep 30 & wait"))
    assert time.perf_counter() - start < 10  # it is not asked again, and a child's open pipe is not waited for


def test_a_compiler_that_does_not_tell_its_version_is_none(tmp_path, monkeypatch):
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nsleep 30\n")
    silent.chmod(0o755)
    monkeypatch.setattr(compilers, "_ANSWER_TIMEOUT", 0.3)
    monkeypatch.setenv("FDMAG_CXX", str(silent))
    assert find_compiler() == (None, f"$FDMAG_CXX = {silent} is not a compiler that runs")


# ---- where libraries are kept ----------------------------------------------------------------------------------


def test_a_cached_library_that_cannot_be_loaded_is_compiled_anew(root, caplog):
    compiler = find_compiler()[0]
    root.mkdir(parents=True)
    unit = library._compiled(root, library.content_key(SOURCE, compiler.identity()), SOURCE, compiler, ())
    (unit / "unit.so").write_bytes(b"of another system")
    (unit / "checksum").write_text(library._checksum(unit / "unit.so"))
    assert answer(compiler) == 42
    assert "cannot be loaded" in caplog.text
    assert "it is compiled anew" in caplog.text
    caplog.clear()
    assert answer(compiler) == 42
    assert not caplog.records


@pytest.mark.parametrize("call", ["write_text", "rename"])
def test_a_full_cache_costs_time_only(root, monkeypatch, caplog, call):
    original = getattr(Path, call)

    def full(self, *args, **options):
        if root in self.parents:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(self, *args, **options)

    monkeypatch.setattr(Path, call, full)
    assert answer(find_compiler()[0]) == 42
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "cannot be used (No space left on device)" in caplog.text
    assert not any(root.iterdir())


def test_nothing_can_be_written_anywhere(root):
    """Every file stays empty, as on a full disk, whatever program writes it: NumPy is used, and the run goes on."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "from fdmag.backend import select_backend\nprint(select_backend('auto').reason)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "FDMAG_DEVICE": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "no compiled kernels: " in done.stdout
    assert "there is no place to write them" in done.stdout


# ---- several at once -------------------------------------------------------------------------------------------


def test_prepared_units_are_compiled_at_the_same_time(root, monkeypatch):
    together = threading.Barrier(2, timeout=20)
    compile_ = Compiler.compile
    monkeypatch.setattr(Compiler, "compile", lambda *args: (together.wait(), compile_(*args))[1])
    compiler = find_compiler()[0]
    library.prepare(SOURCE, compiler)
    assert library.load(SOURCE + "// other\n", compiler).answer() == 42
    assert library.load(SOURCE, compiler).answer() == 42


def test_the_error_of_a_prepared_unit_is_raised_where_it_is_loaded(root):
    compiler = find_compiler()[0]
    wrong = "int f() { return missing; }\n"
    library.prepare(wrong, compiler)
    for _ in range(2):
        with pytest.raises(CompilerError, match="missing"):
            library.load(wrong, compiler)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_does_not_wait_for_a_thread_of_its_parent(root, monkeypatch):
    compiler = find_compiler()[0]
    library._claimed(library.content_key(SOURCE, compiler.identity()))  # as a thread has it in hand
    child = os.fork()
    if child == 0:
        os._exit(library.load(SOURCE, compiler).answer() - 42)
    for _ in range(600):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        time.sleep(0.05)
    else:
        os.kill(child, 9)
        os.waitpid(child, 0)
    assert ended
    assert status == 0
