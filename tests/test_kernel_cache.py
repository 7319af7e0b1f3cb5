"""Compiling at run time: where libraries are kept, and what happens when that goes wrong."""

import logging
import os
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

from fdmag.backend import select_backend
from fdmag.errors import CompilerError, ParameterError
from fdmag.kernels import compiler as compilers
from fdmag.kernels import library, runtime
from fdmag.kernels.compiler import Compiler, find_compiler
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Zeeman

needs_compiler = pytest.mark.skipif(find_compiler()[0] is None, reason=f"no C++ compiler: {find_compiler()[1]}")
SOURCE = 'extern "C" __attribute__((visibility("default"))) int answer() { return 42; }\n'


@pytest.fixture
def root(tmp_path, monkeypatch):
    """An empty cache, and a process that has loaded nothing yet."""
    monkeypatch.setenv("FDMAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(library, "_loaded", {})
    monkeypatch.setattr(library, "_told", set())
    return tmp_path / "cache" / "kernels"


@pytest.fixture
def count(monkeypatch):
    """How often the compiler was called."""
    calls = []
    compile_ = Compiler.compile
    monkeypatch.setattr(Compiler, "compile", lambda *args: (calls.append(args), compile_(*args))[1])
    return calls


def answer(source=SOURCE):
    library._loaded.clear()
    found = find_compiler()[0]
    assert found is not None
    return library.load(source, found).answer()


def units(root):
    return [folder for folder in root.iterdir() if not folder.name.startswith(("unfinished", "failed"))]


@needs_compiler
def test_a_library_is_compiled_once_and_found_again(root, count):
    assert answer() == answer() == 42
    assert len(count) == 1
    assert sorted(path.name for path in units(root)[0].iterdir()) == ["checksum", "unit.cpp", "unit.so"]
    assert len(list(root.iterdir())) == 1


@needs_compiler
@pytest.mark.parametrize("change", ["source", "flags", "version", "processor"])
def test_the_key_holds_all_that_matters(root, count, change, monkeypatch):
    answer()
    if change == "flags":
        monkeypatch.setattr(compilers, "FLAGS", (*compilers.FLAGS, "-DOTHER"))
    if change == "processor":
        monkeypatch.setattr(compilers, "processor", lambda: "another processor")
    found = find_compiler()[0]
    other = Compiler(found.command, found.version + (" again" if change == "version" else ""), "test")
    library.load(SOURCE + ("// changed\n" if change == "source" else ""), other)
    assert len(count) == len(units(root)) == 2


@needs_compiler
@pytest.mark.parametrize("damage", ["cut", "flipped", "no library", "no checksum", "empty checksum"])
def test_a_damaged_library_is_compiled_anew(root, count, damage, caplog):
    answer()
    unit = units(root)[0]
    binary = unit / "unit.so"
    data = bytearray(binary.read_bytes())
    # A new file, not the one that is mapped into this process
    if damage in ("cut", "flipped", "no library"):
        binary.unlink()
    if damage == "cut":
        binary.write_bytes(data[:1000])
    if damage == "flipped":
        data[len(data) // 2] ^= 1
        binary.write_bytes(data)
    if damage == "no checksum":
        (unit / "checksum").unlink()
    if damage == "empty checksum":
        (unit / "checksum").write_text("")
    assert answer() == 42
    assert len(count) == 2
    assert "is damaged; it is compiled anew" in caplog.text
    assert len(list(root.iterdir())) == 1


@needs_compiler
def test_two_processes_may_compile_at_once(root):
    code = (
        "import sys; from fdmag.kernels import library; from fdmag.kernels.compiler import find_compiler; "
        f"assert library.load({SOURCE!r}, find_compiler()[0]).answer() == 42"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    running = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE) for _ in range(4)
    ]
    for process in running:
        assert process.communicate()[1] == b""
        assert process.returncode == 0
    assert len(list(root.iterdir())) == 1


@needs_compiler
def test_a_killed_compile_leaves_nothing_that_is_found(root, count):
    abandoned = root / "unfinished-abc"
    abandoned.mkdir(parents=True)
    (abandoned / "unit.so").write_bytes(b"half")
    recent = root / "unfinished-def"
    recent.mkdir()
    os.utime(abandoned, (time.time() - 7200, time.time() - 7200))
    assert answer() == 42
    assert not abandoned.exists()
    assert recent.exists()


@needs_compiler
def test_a_process_killed_while_compiling(root, tmp_path):
    """The next process compiles, whatever the killed one left."""
    slow = tmp_path / "slow-compiler"
    slow.write_text('#!/bin/sh\nif [ "$1" = --version ]; then echo slow 1.0; exit; fi\necho started\nsleep 60\n')
    slow.chmod(0o755)
    code = (
        "from fdmag.kernels import library; from fdmag.kernels.compiler import find_compiler; "
        f"library.load({SOURCE!r}, find_compiler()[0])"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "FDMAG_CXX": str(slow)}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment, start_new_session=True)
    while not root.is_dir() or not any(root.glob("unfinished-*/unit.cpp")):
        time.sleep(0.01)
        assert process.poll() is None
    os.killpg(process.pid, 9)
    process.wait()
    assert any(root.glob("unfinished-*"))
    assert answer() == 42


@needs_compiler
def test_a_directory_that_cannot_be_written_costs_time_only(root, count, caplog):
    root.parent.parent.joinpath("cache").write_text("a file where the directory should be")
    assert answer() == answer() == 42
    assert len(count) == 2
    told = [record for record in caplog.records if "cannot be used" in record.message]
    assert len(told) == 1
    assert told[0].levelno == logging.WARNING
    assert "FDMAG_CACHE" in told[0].message


@needs_compiler
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_cache_is_read(root, count):
    answer()
    for folder in (units(root)[0], root):
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert answer() == 42
        assert len(count) == 1
        assert answer(SOURCE + "//") == 42
    finally:
        for folder in (root, units(root)[0]):
            folder.chmod(stat.S_IRWXU)


@needs_compiler
def test_a_full_disk_is_not_blamed_on_the_source(root, monkeypatch, caplog):
    """A compiler that cannot write there says so in words of its own; the same source compiles elsewhere."""
    compile_ = Compiler.compile

    def full(self, source, library, extra=()):
        if root in source.parents:
            raise CompilerError("cannot compile: No space left on device")
        compile_(self, source, library)

    monkeypatch.setattr(Compiler, "compile", full)
    assert answer() == 42
    assert "cannot be used (cannot compile: No space left on device)" in caplog.text


@needs_compiler
def test_without_a_cache_a_private_directory_serves(monkeypatch, root, count):
    monkeypatch.setenv("FDMAG_CACHE", "off")
    assert answer() == 42
    assert not root.exists()
    assert len(count) == 1


@needs_compiler
def test_old_units_make_room(root, monkeypatch):
    monkeypatch.setattr(library, "MOST", 3)
    for number in range(6):
        answer(SOURCE + f"// {number}\n")
        for unit in units(root):
            os.utime(unit, (unit.stat().st_mtime - 10,) * 2)
    assert len(units(root)) == 3


@needs_compiler
def test_a_compile_error_shows_the_message_and_keeps_the_source(root):
    with pytest.raises(CompilerError) as caught:
        answer("int f() { return missing; }\n")
    message = str(caught.value)
    assert "missing" in message
    source = message.partition("cannot compile ")[2].partition(":\n")[0]
    with open(source, encoding="utf-8") as file:  # noqa: PTH123
        assert "missing" in file.read()
    assert answer() == 42


# ---- finding a compiler ----------------------------------------------------------------------------------------


@pytest.fixture
def no_compiler(monkeypatch, root):
    """A machine without any."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.delenv("FDMAG_CXX", raising=False)
    monkeypatch.delenv("FDMAG_DEVICE", raising=False)
    monkeypatch.setattr(compilers.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(compilers, "CANDIDATES", ("no-such-compiler",))
    compilers._found.cache_clear()
    runtime._notice.cache_clear()
    yield
    compilers._found.cache_clear()
    runtime._notice.cache_clear()


def test_without_a_compiler_numpy_is_used_and_told_once(no_compiler, caplog):
    for _ in range(3):
        simulation = Simulation(Mesh((2, 1, 1), (1e-9,) * 3), [Zeeman(B=(0, 0, 1))], Ms=8e5)
    assert simulation.backend.name == "numpy"
    assert "no compiled kernels: none of $FDMAG_CXX" in simulation.backend.reason
    assert len(caplog.records) == 1
    assert "pip install 'fdmag[cpu]'" in caplog.text


def test_host_without_a_compiler_is_an_error_that_says_what_to_do(no_compiler, caplog):
    with pytest.raises(ParameterError, match=r"needs a C.. compiler: none of .*use device numpy"):
        select_backend("host")
    assert not caplog.records
    assert select_backend("numpy").reason == "asked for"


@pytest.mark.parametrize("variable", ["FDMAG_CXX", "CXX"])
def test_a_wish_that_is_no_compiler_is_not_passed_over(no_compiler, monkeypatch, variable):
    monkeypatch.setenv(variable, "/nowhere/c++ -fast")
    assert (
        select_backend("auto").reason
        == f"no compiled kernels: ${variable} = /nowhere/c++ -fast is not a compiler that runs"
    )


@needs_compiler
def test_a_wish_may_hold_arguments_and_comes_first(monkeypatch):
    command = find_compiler()[0].command[0]
    monkeypatch.setenv("CXX", "/nowhere/c++")
    monkeypatch.setenv("FDMAG_CXX", f"{command} -DWISH")
    found, told = find_compiler()
    assert found.command == (command, "-DWISH")
    assert told == f"{command} -DWISH ($FDMAG_CXX)"


@needs_compiler
def test_a_compiler_that_is_broken_leads_to_numpy(monkeypatch, root, tmp_path, caplog):
    broken = tmp_path / "broken"
    broken.write_text(
        '#!/bin/sh\nif [ "$1" = --version ]; then echo broken 1.0; exit; fi\necho no licence >&2; exit 1\n'
    )
    broken.chmod(0o755)
    monkeypatch.setenv("FDMAG_CXX", str(broken))
    monkeypatch.delenv("FDMAG_DEVICE", raising=False)
    assert select_backend("auto").name == "numpy"
    assert "no licence" in caplog.text
    with pytest.raises(ParameterError, match="no licence"):
        select_backend("host")


@needs_compiler
def test_auto_takes_the_host_and_says_why(monkeypatch):
    monkeypatch.delenv("FDMAG_DEVICE", raising=False)
    backend = select_backend("auto")
    assert backend.name == "host"
    assert backend.reason == find_compiler()[1]
    monkeypatch.setenv("FDMAG_DEVICE", "numpy")
    assert select_backend("auto").name == "numpy"
    monkeypatch.setenv("FDMAG_DEVICE", "hots")
    with pytest.raises(ParameterError, match='did you mean "host"'):
        select_backend("auto")


@needs_compiler
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(monkeypatch):
    monkeypatch.setenv("FDMAG_THREADS", "3")
    host = select_backend("host").runtime
    vectors = np.random.default_rng(0).normal(size=(1, 3, 1, 256, 256))
    before = host.largest(vectors)
    code = os.fork()
    if code == 0:
        os._exit(int(not np.array_equal(host.largest(vectors), before)))
    assert os.waitpid(code, 0)[1] == 0


@needs_compiler
def test_threads_of_python_may_call_at_once(monkeypatch):
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setenv("FDMAG_THREADS", "3")
    host = select_backend("host").runtime
    vectors = np.random.default_rng(0).normal(size=(2, 3, 1, 256, 256))
    expected = host.largest(vectors)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: host.largest(vectors), range(40)):
            np.testing.assert_array_equal(got, expected)
