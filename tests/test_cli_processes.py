"""The command line as a process of its own: signals, pipes, what it loads, and disks that are full."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.test_cli import EXPECT, SCENE

LONG = SCENE.replace('"1 ps"', '"1 us"').replace(
    'table_every = "0.5 ps"', 'table_every = "1 ps"\nfields_every = "2 ps"'
)


def fdmag_command(*arguments: str | Path, cwd: Path, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "fdmag.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", timeout=60, **options)


def started(folder: Path) -> subprocess.Popen:
    """Return a process that has begun to write fields of a run that would last for ever."""
    (folder / "long.toml").write_text(LONG)
    command = [sys.executable, "-m", "fdmag.cli", "run", "long.toml", "--out", "out"]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored in the background of a shell
    )  # fmt: skip
    for _ in range(600):
        if (folder / "out" / "fields" / "m_000003.vti").exists():
            return process
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.kill()
    raise AssertionError("the run did not begin")


def left_behind(out: Path) -> dict:
    """Check what any ended run leaves: whole rows, and a series of files that exist; return run.json."""
    text = (out / "table.csv").read_text()
    assert text.endswith("\n")
    lines = text.splitlines()
    assert len(lines) > 3
    assert {len(line.split(",")) for line in lines} == {len(lines[0].split(","))}
    series = ElementTree.parse(out / "fields" / "m.pvd").getroot().findall("Collection/DataSet")
    assert len(series) >= 3
    assert all((out / "fields" / entry.get("file")).is_file() for entry in series)
    return json.loads((out / "run.json").read_text())


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("sent", "code", "status"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "interrupted"), (signal.SIGKILL, -9, "running")],
)
def test_ended_by_a_signal(tmp_path, command, sent, code, status):
    process = started(tmp_path)
    second = command("run", "long.toml", "--out", "out", "--overwrite")
    assert second.returncode == 2
    assert "another process is writing a run here" in second.stderr
    assert process.poll() is None
    process.send_signal(sent)
    _, told = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in told
    record = left_behind(tmp_path / "out")
    assert record["status"] == status
    if status == "interrupted":
        assert "interrupted; what was computed is in out" in told
        assert record["expect_holds"] is False
    (tmp_path / "film.toml").write_text(SCENE)
    again = command("run", "film.toml", "--out", "out")
    assert again.returncode == 0, again.stderr
    assert json.loads((tmp_path / "out" / "run.json").read_text())["status"] == "finished"
    assert len(list((tmp_path / "out" / "fields").glob("*.vti"))) == 1


def test_run_from_elsewhere_without_a_terminal(tmp_path):
    folder = tmp_path / "scènes µ"
    folder.mkdir()
    (folder / "my film.toml").write_text(SCENE + EXPECT.format(value=0), encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = fdmag_command("run", folder / "my film.toml", cwd=elsewhere)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(("device host, float64: ", "device numpy, float64: "))
    assert lines[1] == "stage 0: run 0.001 ns"
    assert lines[2].startswith("mz: ")
    assert lines[2].endswith("expected 0 ± 0.5 (s): holds")
    assert lines[3].startswith(str(Path("runs") / "my film"))
    assert "\x1b" not in done.stdout
    assert (elsewhere / "runs" / "my film" / "table.csv").is_file()


def test_output_that_cannot_show_every_letter(tmp_path):
    scene = tmp_path / "film.toml"
    scene.write_text(SCENE + EXPECT.format(value=0).replace('"s"', '"Müller, Ω"'), encoding="utf-8")
    done = fdmag_command("run", scene, cwd=tmp_path, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr


def test_help_does_not_load_the_engine(tmp_path):
    code = "import sys, fdmag.cli; assert 'numpy' not in sys.modules and 'pydantic' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, timeout=60).returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("formats", ['["vti"]', '["ovf"]', "[]"])
def test_a_disk_that_takes_no_more_is_one_message(tmp_path, formats):
    """A limit on the size of files stands for the full disk: fields, or else the table, meet it; run.json does not."""
    import resource

    text = SCENE.replace("[8, 8, 1]", "[64, 64, 1]").replace("uniform", "random").replace(
        "direction = [1, 0, 0]", "seed = 1"
    )  # fmt: skip
    if formats == "[]":
        text = text.replace('"0.5 ps"', '"0.001 ps"')
    (tmp_path / "full.toml").write_text(f"{text}[output]\nformats = {formats}\n")
    command = ("run", "full.toml", "--device", "numpy", "--quiet", "--out", "out")
    ended = fdmag_command(
        *command, cwd=tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    )
    name = "table.csv" if formats == "[]" else f"m_000000.{formats[2:5]}"
    assert ended.returncode == 3, ended.stderr
    first, second = ended.stderr.splitlines()
    assert name in first
    assert "File too large" in first
    assert second == "the run failed; what was computed is in out"
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["status"] == "failed"
    assert name in record["error"]
