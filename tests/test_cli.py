"""The command line: what it prints, what it leaves behind, and its exit codes."""

import json
import os
import re
import time
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import fdmag
from fdmag.cli import app

SCENE = """
[mesh]
cells = [8, 8, 1]
cell = ["5 nm", "5 nm", "3 nm"]
[material]
Ms = "800 kA/m"
[terms.zeeman]
B = [0, 0, "0.1 T"]
[initial]
kind = "uniform"
direction = [1, 0, 0]
[[stages]]
kind = "run"
duration = "1 ps"
table_every = "0.5 ps"
"""
EXPECT = '[expect.mz]\ncolumn = "mz"\nvalue = {value}\ntolerance = 0.5\nsource = "s"\n'


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "film.toml"
    path.write_text(SCENE)
    return path


@pytest.fixture
def cli(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))


def test_progress_on_a_terminal():
    from io import StringIO

    from rich.console import Console

    from fdmag.scene.progress import Bar

    screen = StringIO()
    bar = Bar(Console(file=screen, force_terminal=True, width=120))
    bar.start(0, "run 1 ns", 1e-9)
    time.sleep(0.01)
    bar.advance(0.5e-9, lambda: "t = 0.5000 ns")
    bar.close()
    shown = screen.getvalue()
    assert "stage 0: run 1 ns" in shown
    assert "t = 0.5000 ns" in shown
    assert "steps/s" in shown


def test_progress_elsewhere():
    from io import StringIO

    from rich.console import Console

    from fdmag.scene.progress import Lines

    paper = StringIO()
    lines = Lines(Console(file=paper), interval=0)
    lines.start(1, "run 1 ns", 1e-9)
    time.sleep(0.01)
    lines.advance(0.25e-9, lambda: "t = 0.2500 ns")
    first, second = paper.getvalue().splitlines()
    assert first == "stage 1: run 1 ns"
    assert second.startswith("stage 1: run 1 ns: 25 %, t = 0.2500 ns, ")
    assert second.endswith(" s left")


@pytest.mark.parametrize(("value", "code"), [("0", 0), ("5", 1)])
def test_exit_code_tells_whether_expectations_hold(cli, scene, value, code):
    scene.write_text(SCENE + EXPECT.format(value=value))
    result = cli("run", scene, "--quiet")
    assert result.exit_code == code
    assert result.stdout == ""
    assert ("FAILS" in result.stderr) == (code == 1)


def test_finished_runs_are_kept_unless_told(cli, scene, command):
    assert cli("run", scene).exit_code == 0
    before = Path("runs/film/table.csv").stat().st_mtime_ns
    done = command("run", scene)
    assert done.returncode == 2
    assert "holds a finished run" in done.stderr
    assert Path("runs/film/table.csv").stat().st_mtime_ns == before
    assert cli("run", scene, "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["check", "nothing.toml"], 2, "nothing.toml: cannot be read: No such file"),
        (["check", "."], 2, "cannot be read: Is a directory"),
        (["check", "film.mx3"], 2, "a scene is a TOML file: fdmag scenes lists some to start from"),
        (
            ["check", "broken.toml"],
            2,
            'broken.toml: [material] alpa: unknown key; allowed: Ms, alpha, gamma, frozen; did you mean "alpha"?',
        ),
        (["run", "broken.toml"], 2, "broken.toml: 2 problems"),
        (["run", "film.toml", "--set", "mesh.cells=[0, 1, 1]"], 2, "[mesh] cells: came [0, 1, 1]"),
        (["run", "film.toml", "--set", "mesh.cells"], 2, "--set mesh.cells: the form is key=value"),
        (["run", "film.toml", "--device", "nunpy"], 2, 'did you mean "numpy"?'),
        (["run", "film.toml", "--precision", "float46"], 2, 'did you mean "float64"?'),
        (["run", "film.toml", "--out", "film.toml"], 2, "film.toml: is a file; choose another directory with --out"),
        (["run", "film.toml", "--out", "."], 2, "film.toml, which this run reads"),
        (["run", "film.toml", "--out", "film.toml/x"], 2, "cannot be made or read"),
        (["run", "stuck.toml"], 3, "relax: max |m × B| is"),
        (["scenes", "macrospn"], 2, 'did you mean "macrospin"?'),
        (["run", "film.toml", "--nonsense"], 2, "No such option"),
    ],
)
def test_errors_are_one_message_and_an_exit_code(scene, tmp_path, arguments, code, told, command):
    (tmp_path / "broken.toml").write_text(SCENE.replace("Ms = ", "alpa = 1\nMs = ").replace("duration", "duraton"))
    stuck = SCENE.replace('kind = "run"\nduration = "1 ps"\ntable_every = "0.5 ps"', 'kind = "relax"\nmax_steps = 1')
    (tmp_path / "stuck.toml").write_text(stuck)
    (tmp_path / "film.mx3").write_text("SetGridSize(128, 32, 1)")
    before = scene.read_text()
    done = command(*arguments)
    assert done.returncode == code
    assert told in done.stderr.replace("\n    ", " ")
    assert "Traceback" not in done.stderr
    assert [line for line in done.stdout.splitlines() if not line.startswith("device ")] in ([], ["stage 0: relax"])
    assert scene.read_text() == before
    assert not (tmp_path / "runs").exists() or code == 3


def test_of_a_run_directory_the_scene_is_told(scene, tmp_path, command):
    assert command("run", scene, "--quiet").returncode == 0
    told = command("run", "runs/film").stderr
    assert "Is a directory; the scene of this run is runs/film/scene.toml" in told


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_unwritable_directory(cli, scene, tmp_path, command):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "cannot be" in command("run", scene, "--out", "locked/out").stderr


def test_check(cli, scene):
    result = cli("check", scene, "--set", "mesh.cells=[4, 4, 2]")
    assert result.exit_code == 0
    assert "valid; 4 × 4 × 2 cells, 1 replica(s), terms: zeeman" in result.stdout
    assert not Path("runs").exists()


def test_set_reaches_the_run(cli, scene):
    assert cli("run", scene, "--set", "stages.0.duration=2 ps", "--set", "material.alpha=0.5", "--quiet").exit_code == 0
    resolved = tomllib.loads(Path("runs/film/scene.toml").read_text())
    assert resolved["stages"][0]["duration"] == 2e-12
    assert resolved["material"]["alpha"] == 0.5
    assert json.loads(Path("runs/film/run.json").read_text())["overrides"] == [
        "stages.0.duration=2 ps",
        "material.alpha=0.5",
    ]


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_precision(cli, scene, precision):
    assert cli("run", scene, "--precision", precision, "--quiet").exit_code == 0
    assert json.loads(Path("runs/film/run.json").read_text())["precision"] == precision


def test_scenes_lists_and_copies(cli):
    assert "standard_problem_4" in cli("scenes").stdout
    result = cli("scenes", "macrospin")
    assert "macrospin.toml copied; run it with: fdmag run macrospin.toml" in result.stdout
    assert cli("check", "macrospin.toml").exit_code == 0


def test_terms(cli):
    from fdmag.terms import registry

    text = cli("terms").stdout
    catalogue = json.loads(cli("terms", "--json").stdout)
    assert [entry["name"] for entry in catalogue] == ["material", *registry()]
    for entry in catalogue:
        assert ("[material]" if entry["name"] == "material" else f"[terms.{entry['name']}]") in text


def test_terms_by_name(cli):
    one = cli("terms", "zeeman").stdout
    assert "[terms.zeeman]" in one
    assert one.count("[") == 1
    assert [entry["name"] for entry in json.loads(cli("terms", "exchange", "--json").stdout)] == ["exchange"]
    assert 'did you mean "zeeman"?' in str(cli("terms", "zeemann").exception)


def test_devices(cli):
    text = cli("devices", "wall_neuron").stdout
    assert 'kind = "wall_neuron"' in text
    assert all(name in text for name in ("threshold", "each of input", "columns", "first_spike", "A/m^2"))
    assert "pulses" not in text
    assert 'did you mean "mtj"?' in str(cli("devices", "mtk").exception)


def test_quantities(cli):
    text = cli("quantities").stdout
    assert all(name in text for name in ("topological_charge", "wall_velocity", "m/s", "B.TERM", "m.free"))
    assert cli("quantities", "--markdown").stdout.startswith("# Quantities by name")
    assert cli("terms", "--markdown").stdout.startswith("# Interactions")
    cli("scenes", "mtj_voltage")
    of_scene = cli("quantities", "mtj_voltage.toml").stdout
    assert "resistance" in of_scene
    assert "B.tunnel_torque" in of_scene
    assert "TERM" not in of_scene


def test_schema(cli):
    schema = json.loads(cli("schema").stdout)
    assert set(schema["required"]) == {"mesh", "material", "terms", "stages"}
    assert schema["additionalProperties"] is False


def test_version_and_help(cli):
    assert cli("--version").stdout.strip() == fdmag.__version__
    help_text = cli("--help").stdout
    assert all(command in help_text for command in ("run", "check", "scenes", "terms", "schema"))


def test_a_run_whose_record_is_not_taken_fails_in_one_message(tmp_path, monkeypatch):
    from fdmag.errors import OutputError
    from fdmag.scene.directory import RunDirectory

    record = RunDirectory.record

    def full(self, data):
        if data["status"] != "running":
            raise OutputError("run.json: cannot be written (No space left on device)")
        record(self, data)

    monkeypatch.setattr(RunDirectory, "record", full)
    (tmp_path / "a.toml").write_text(SCENE)
    result = CliRunner().invoke(app, ["run", str(tmp_path / "a.toml"), "--out", str(tmp_path / "out")])
    assert result.exit_code == 3
    assert "run.json: cannot be written" in result.stderr


def test_messages_are_not_wrapped_in_a_pipe(tmp_path, command):
    (tmp_path / "a.toml").write_text(SCENE.replace("[0, 0, ", "[0, ").replace("mesh]", "mesh]\nsome_key = 1"))
    lines = command("check", "a.toml").stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("a.toml: ") for line in lines)
    assert max(map(len, lines)) > 100


def test_a_folder_in_place_of_a_scene_is_named(tmp_path, command):
    assert command("check", ".").stderr.startswith(".: cannot be read")


@pytest.mark.parametrize(
    ("command", "default"),
    [("run", "runs/<scene name>"), ("run", "float32 on a GPU"), ("plot", "mx my mz"), ("terms", "all")],
)
def test_the_help_tells_defaults(cli, command, default):
    """Square brackets would be taken for markup and not printed."""
    told = " ".join(re.sub(r"[│╭╮╰╯─]", " ", cli(command, "--help").stdout).split())
    assert f"(default: {default}" in told
