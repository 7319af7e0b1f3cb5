import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from validation.__main__ import main
from validation.problem import Problem, Result, Row, problems, solve


class _Known(Problem):
    name, title = "known", "a number that is known"

    def __init__(self, ours=1.0):
        self.ours = ours

    def compute(self):
        return Result(
            [Row("length", 1.0, self.ours, 0.1, "closed form", "digits", "m")],
            {"known": lambda figure: figure.add_subplot().plot([0, 1], [0, self.ours])},
        )


class _Slow(_Known):
    name, slow = "sluggish", True


@pytest.mark.parametrize("jobs", [1, 2])
def test_any_number_at_once_gives_the_same_report(jobs, tmp_path):
    chosen = ["--only", "prism_factors", "periodic_demag", "--jobs", str(jobs)]
    assert main([*chosen, "--report", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    known = {name: solve(problems()[name]).result for name in ("prism_factors", "periodic_demag")}
    assert [(row["problem"], row["ours"]) for row in found["rows"]] == [
        (name, row.ours) for name, result in known.items() for row in result.rows
    ]
    assert {path.stem for path in tmp_path.glob("*.png")} == {
        plot for result in known.values() for plot in result.plots
    }


def test_all_well_is_0(tmp_path, capsys):
    assert main(["--report", str(tmp_path)], {"known": _Known()}) == 0
    assert "1 of 1 verdicts hold" in capsys.readouterr().out


def test_one_wrong_number_is_1_and_is_named(tmp_path, capsys):
    known = {"known": _Known(), "wrong": _Known(ours=1.2)}
    assert main(["--report", str(tmp_path), "--jobs", "1"], known) == 1
    assert "1 of 2 verdicts hold" in (output := capsys.readouterr().out)
    assert "FAILS" in output
    assert "**FAILS**" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_nothing_run_is_not_success(tmp_path):
    assert main(["--fast", "--report", str(tmp_path)], {"sluggish": _Slow()}) == 1


def test_report_holds_table_sources_and_plots(tmp_path):
    main(["--report", str(tmp_path)], {"known": _Known()})
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "| known | length [m] | 1 | 1 | 0.1 | holds |" in text
    assert "*Published*: closed form. *Tolerance*: digits." in text
    assert (tmp_path / "known.png").read_bytes().startswith(b"\x89PNG")


def test_json_is_the_table_as_data(tmp_path):
    file = tmp_path / "results.json"
    assert main(["--no-report", "--json", str(file)], {"wrong": _Known(ours=float("nan"))}) == 1
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data["holds"] is False
    assert data["rows"][0] == {
        "problem": "known", "quantity": "length", "unit": "m", "published": 1.0, "ours": "NaN", "tolerance": 0.1,
        "verdict": "FAILS", "source": "closed form", "basis": "digits",
    }  # fmt: skip
    assert {"fdmag", "numpy", "scipy", "cpu"} <= set(data["machine"])


def test_only_runs_what_is_named(capsys):
    known = {"known": _Known(), "wrong": _Known(ours=2.0)}
    assert main(["--no-report", "--only", "known"], known) == 0
    assert "1 of 1" in capsys.readouterr().out


def test_wrong_name_is_2_with_a_suggestion(capsys):
    assert main(["--no-report", "--only", "standard_problem_9"]) == 2
    message = " ".join(capsys.readouterr().err.split())
    assert 'no problem "standard_problem_9"' in message
    assert 'did you mean "standard_problem_' in message


def test_list_names_every_problem(capsys):
    assert main(["--list"], {"known": _Known(), "sluggish": _Slow()}) == 0
    assert capsys.readouterr().out.splitlines() == [
        "known: a number that is known",
        "sluggish: a number that is known (slow)",
    ]


@pytest.mark.parametrize("also", [["--fast"], ["--only", "known"]])
def test_readme_shows_complete_runs_only(also):
    assert main(["--no-report", "--update-readme", *also], {"known": _Known()}) == 2


def test_module_runs_from_the_source_tree():
    command = [sys.executable, "-m", "validation", "--no-report", "--only", "prism_factors"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"(\d+) of \1 verdicts hold", done.stdout)
