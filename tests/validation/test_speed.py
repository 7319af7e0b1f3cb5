import json
import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fdmag import Mesh
from fdmag.demag import DemagConvolution
from fdmag.kernels.compiler import find_compiler
from tests.closeness import close
from validation.speed import counts, gpu, machine, problem
from validation.speed.__main__ import all_cases, main
from validation.speed.bench import Bench, in_turn
from validation.speed.peers import environment, neuralmag
from validation.speed.peers.own import padded_scipy, random_m
from validation.speed.peers.protocol import PeerError, Process, Worker
from validation.speed.report import MARKS, as_data, cells, markdown, summary, write_readme
from validation.speed.row import Row
from validation.speed.runs import crossing

NEEDED = {
    "case", "precision", "device", "threads", "cells_per_second", "peer", "ratio", "floor_ratio", "quantity", "value",
    "target", "met",
}  # fmt: skip
compiled = pytest.mark.skipif(find_compiler()[0] is None, reason="no C++ compiler")


# ---- the counts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cells", "itemsize"), [((64, 64, 1), 4), ((16, 8, 4), 8)])
def test_bytes_are_those_of_the_arrays_that_pass(cells, itemsize):
    """Every array of one convolution, made and weighed."""
    nx, ny, nz = cells
    px, py, pz = 2 * nx, 2 * ny, 2 * nz if nz > 1 else 1
    rows = py // 2 if nz == 1 else py // 2 + 1  # a film packs the two real rows of wave number 0 and Py / 2 into one
    dtype = np.dtype(f"f{itemsize}")
    m = b = np.empty((3, nz, ny, nx), dtype)
    waves = np.empty((3, nz, rows, nx, 2), dtype)
    kernel = np.empty((4 if nz == 1 else 6, pz // 2 + 1, rows, px // 2 + 1), dtype)
    expected = m.nbytes + 4 * waves.nbytes + kernel.nbytes
    n = nx * ny * nz
    assert counts.demag_bytes(cells, itemsize) == close((expected + b.nbytes) / n)
    assert counts.slope_bytes(cells, itemsize) == close((expected + 2 * b.nbytes) / n)


def test_flops_of_a_film_by_hand():
    """4 × 4 cells, padded to 8: a complex transform of 8 takes 5 × 8 × 3 = 120."""
    along_y = 3 * 4 / 2 * 120  # two real columns of m make one complex
    along_x = 3 * 4 * 120  # Py / 2 rows of each component
    products = 14 * 8 * 4  # 2 × 3 + 2 × 3 + 2 for xx xy, xy yy, zz, complex by real
    assert counts.demag_flops((4, 4, 1)) == close((2 * (along_y + along_x) + products) / 16)


@compiled
@pytest.mark.parametrize("precision", problem.PRECISIONS)
def test_multiply_adds_are_all_done(precision):
    """No processor does more than two vectors of 512 bits per cycle at 6.5 GHz, and ours do more than 1 Gflop/s."""
    lanes = 64 // np.dtype(precision).itemsize
    assert 1e9 < machine.flop_rate(1, precision) < 2 * 2 * lanes * 6.5e9


@compiled
def test_floor_is_the_slower_of_bytes_and_arithmetic():
    moved, flops = machine.bandwidth(1, 2**20), machine.flop_rate(1, "float64")
    assert machine.floor_seconds(1000, 2**20 / 1000, 1e-9, 1, "float64") == close(2**20 / moved)
    assert machine.floor_seconds(1000, 1e-9, 1e9, 1, "float64") == close(1e12 / flops)


# ---- equal work --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(9, 6, 1), (5, 4, 3), (1, 7, 2)])
def test_padded_convolution_gives_the_same_field(size):
    mesh = Mesh(size, problem.CELL_SIZE)
    M = problem.MS * random_m(mesh)
    np.testing.assert_allclose(
        padded_scipy(mesh, "float64", 1)(M), DemagConvolution(mesh, cache=None)(M[None])[0], rtol=0, atol=1e-14
    )


def test_nodes_of_a_smooth_state():
    """A wave along x: at the nodes inside, the mean of the neighbours, normalised, is the wave itself."""
    angle = 0.1 * (np.arange(8) + 0.5)
    m = np.broadcast_to(np.stack([np.cos(angle), np.sin(angle), 0 * angle])[:, None, None], (3, 1, 4, 8))
    nodes = neuralmag._at_nodes(m)
    assert nodes.shape == (9, 5, 3)
    np.testing.assert_allclose(
        nodes[1:-1, :, 0], np.cos(0.1 * np.arange(1, 8))[:, None] * np.ones(5), rtol=0, atol=1e-14
    )


def test_zero_between_outputs():
    t = np.arange(0, 1e-9, 5e-12)
    assert crossing({"t": t, "mx": np.cos(np.pi * t / 0.27e-9)}) == pytest.approx(0.135e-9, abs=1e-16)
    assert math.isnan(crossing({"t": t, "mx": 1 + t}))


# ---- programs at work --------------------------------------------------------------------------------------


class _Recorded:
    def __init__(self, log, name, seconds):
        self.log, self.name, self.seconds = log, name, seconds

    def ask(self, method, **arguments):
        self.log.append(self.name)
        return [self.seconds, 3 * self.seconds]


def test_contenders_take_turns():
    log = []
    times = in_turn({"a": (_Recorded(log, "a", 1.0), "x"), "b": (_Recorded(log, "b", 2.0), "x")}, 1.0, 3)
    assert log == ["a", "b"] * 3
    assert (times["a"].best, times["b"].median, times["b"].mean) == (1.0, 4.0, 4.0)


class _Disturbed(_Recorded):
    """Its best time shows in the first round and then not before round number ``again``."""

    def __init__(self, log, again):
        super().__init__(log, "disturbed", 1.0)
        self.again = again

    def ask(self, method, **arguments):
        super().ask(method, **arguments)
        quiet = self.log.count(self.name) in (1, self.again, self.again + 1)
        return [self.seconds if quiet else 2 * self.seconds]


@pytest.mark.parametrize(("again", "rounds"), [(2, 3), (5, 6), (9, 9), (20, 9)])
def test_turns_go_on_while_a_best_time_was_not_seen_again(again, rounds):
    log = []
    contenders = {"a": (_Disturbed(log, again), "x"), "b": (_Recorded(log, "b", 2.0), "x")}
    times = in_turn(contenders, 1.0, 3, patience=3)
    assert log == ["disturbed", "b"] * rounds
    assert len(times["b"].seconds) == 2 * rounds


def test_timed_calls_leave_out_the_first():
    made = []
    worker = Worker()
    worker.calls["x"] = lambda: made.append(1)
    assert len(worker.time("x", 0.0)) == 1
    assert len(made) == 2


def test_program_that_fails_is_told():
    process = Process("validation.speed.peers.own")
    with pytest.raises(PeerError, match="KeyError"):
        process.ask("time", name="nothing", seconds=0.1)
    process.close()
    missing = Process("validation.speed.peers.no_such")
    with pytest.raises(PeerError, match=r"ended while asked to time(?s:.*)no_such"):
        missing.ask("time", name="x", seconds=0.1)
    missing.close()


def test_peer_that_cannot_be_installed_is_told(monkeypatch, tmp_path):
    def refuse(command, **_):
        return subprocess.CompletedProcess(command, 1, "", "no matching distribution")

    monkeypatch.setattr(environment, "HOME", tmp_path)
    monkeypatch.setattr(environment.subprocess, "run", refuse)
    with Bench(peers=frozenset({"magnumnp"})) as bench:
        assert bench.peer("magnumnp", 1) == (
            None, "not measured: magnumnp cannot be installed: no matching distribution"
        )  # fmt: skip
        assert bench.peer("neuralmag", 1) == (None, "not measured: --peer neuralmag was not given")


# ---- rows and reports --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "bounds", "met"),
    [
        (5.0, {"at_least": 5}, True),
        (4.9, {"at_least": 5, "aim": 8}, False),
        (1.3, {"at_most": 1.25}, False),
        (1.2, {"at_most": 1.25, "valid": False}, False),
        (1.2, {}, None),
        (None, {"at_least": 5}, None),
    ],
)
def test_verdicts(value, bounds, met):
    assert Row("a", "float64", "host", 1, "speed", value, **bounds).met is met


def test_what_was_not_measured_is_said():
    row = Row("a", "float64", "host", 1, "speed / peer", None, at_least=5, note="no network")
    assert cells(row)[4:8] == ("not measured", "", "≥ 5", "")
    assert summary([row]) == "0 of 0 targets measured are met. 1 rows were not measured."


def test_readme_is_filled_between_the_marks(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"above\n{MARKS[0]}\nold\n{MARKS[1]}\nbelow\n", encoding="utf-8")
    row = Row("a", "float64", "host", 1, "speed", 7.25, peer="scipy", at_least=5, note="in turn")
    data = as_data([row], machine.description([]), [0.5, 2.0])
    write_readme(readme, markdown([row], data))
    text = readme.read_text(encoding="utf-8")
    assert "old" not in text
    assert text.startswith("above\n")
    assert text.endswith("below\n")
    assert "| a | float64 | 1 | speed | 7.25 |  | ≥ 5 | yes |" in text
    assert "0.5 to 2.0" in text
    assert "a, speed: in turn." in text


def test_the_shipped_readme_has_the_marks():
    text = (Path(machine.__file__).parent / "README.md").read_text(encoding="utf-8")
    assert text.index(MARKS[0]) < text.index(MARKS[1])


# ---- the command -------------------------------------------------------------------------------------------


def test_one_case_quickly(tmp_path, capsys):
    file = tmp_path / "speed.json"
    arguments = ["--quick", "--threads", "2", "--only", "rhs 64² float32", "demag 64² float32", "--json", str(file)]
    assert main(arguments) == 0
    data = json.loads(file.read_text(encoding="utf-8"))
    rows = data["rows"]
    assert [row["quantity"] for row in rows] == [
        "speed / padded scipy.fft", "time / demag alone", "speed / magnumnp", "speed / OOMMF (float64)"
    ]  # fmt: skip
    assert all(set(row) >= NEEDED for row in rows)
    assert all(row["precision"] == "float32" and row["threads"] == 2 for row in rows)
    first, alone, magnumnp, oommf = rows
    assert first["cells_per_second"] > 0
    assert first["value"] == first["ratio"]
    assert alone["value"] == close(1 / alone["ratio"])
    assert magnumnp["value"] is magnumnp["ratio"] is magnumnp["met"] is None
    assert oommf["value"] == close(oommf["cells_per_second"] / 8.1e6)
    assert {"cpu", "cores", "compiler", "rates", "numpy", "fdmag"} <= set(data["machine"])
    assert {"date", "load_average"} <= set(data)
    assert "not measured: --peer magnumnp was not given" in capsys.readouterr().out


def test_a_gpu_has_cases_of_its_own_and_only_where_it_is(monkeypatch):
    assert not any(case.name.startswith("gpu") for case in all_cases([1]))
    monkeypatch.setattr(gpu, "select_backend", lambda: SimpleNamespace(name="cuda"))
    assert [case.name for case in gpu.gpu()][::2] == ["gpu 1024²", "gpu 2048²", "gpu 128³", "gpu 4096 × 32²"]


def test_evaluations_of_complete_steps_are_counted(monkeypatch):
    """RK4 begins with one evaluation and takes four for each of 20 steps: 81 of 3 × 64 cells in the time taken."""
    monkeypatch.setitem(gpu.WORK, "tiny", gpu.Work((8, 8, 1), 3, 1.0, 2.0, 3.0))
    with Bench(quick=True) as bench:
        (row,) = gpu.evaluations("tiny", "float32", bench)
    assert row.value > 81 * 3 * 64 / 10
    assert row.met


def test_every_target_has_a_case():
    names = {case.name for case in all_cases([1, 2])}
    meshes = {f"{kind} {mesh}" for kind in ("demag", "rhs") for mesh in problem.MESHES}
    others = {"replicas", "scaling", "steps 32×32×1", "start", "memory 1024²", "standard problem 4, field 2"}
    assert meshes | others | {"busy machine, rhs 256²", "sweep 32×32×1"} <= names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "nonsense"], "no such case; there are demag 64²"),
        (["--update-readme", "--quick"], "leave out --only and --quick"),
        (["--threads", "0"], "at least 1"),
        (["--peer", "mumax"], "invalid choice"),
    ],
)
def test_wrong_command_lines(arguments, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


def test_list_names_the_cases(capsys):
    assert main(["--list", "--only", "steps"]) == 0
    assert capsys.readouterr().out.startswith("steps 32×32×1 (float64, ")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_memory_is_counted_above_the_start():
    """64 MB of numbers more, held at once, are 64 MB more at the peak."""
    code = (
        "import numpy as np; from validation.speed.fresh import resident; before = resident('VmRSS'); "
        "a = np.ones(2**23); del a; print(resident('VmHWM') - before)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert float(done.stdout) == close(2**26, rel=0.1)
