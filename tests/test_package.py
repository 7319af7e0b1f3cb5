"""The package as a whole: what importing it costs, what it exports, what the README says."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import fdmag

ROOT = Path(__file__).parents[1]
HEAVY = {"cupy", "pyvista", "vtk", "vtkmodules", "matplotlib", "dask", "pint", "pydantic", "xarray", "PIL"}


def modules_after(statement):
    code = f"import sys; {statement}; print(*sys.modules)"
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return {name.partition(".")[0] for name in listed.stdout.split()}


def test_importing_fdmag_loads_nothing_heavy():
    assert not modules_after("import fdmag") & HEAVY
    assert not modules_after("import fdmag; fdmag.Simulation, fdmag.Mesh") & HEAVY


def test_every_public_name_is_there():
    for name in fdmag.__all__:
        assert getattr(fdmag, name).__name__ == name


def test_the_first_commands_of_the_readme_are_what_is_promised():
    commands = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    assert commands[0].strip().endswith(".venv/bin/fdmag run scenes/standard_problem_4.toml")
    assert "'.[test]'" in commands[1]
    assert "pytest" in commands[1]


def test_continuous_integration_runs_the_commands_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    for command in commands[:2]:
        assert command.strip() in script


def test_the_python_example_of_the_readme_runs():
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    assert len(code.strip().splitlines()) <= 12
    quick = code.replace(
        "cells=(200, 50, 1), cell_size=(2.5e-9, 2.5e-9, 3e-9)", "cells=(40, 10, 1), cell_size=(12.5e-9, 12.5e-9, 3e-9)"
    )
    assert quick != code
    names = {}
    exec(quick.replace("run(1e-9", "run(2e-10"), names)
    assert names["mx"][0] > 0.9 > 0 > names["mx"][-1]


def test_every_lower_bound_is_given():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = [
        *project["dependencies"],
        *(item for extra in project["optional-dependencies"].values() for item in extra),
    ]
    assert all(">=" in item or item.startswith("fdmag[") for item in listed)


def test_only_the_backend_mentions_cupy():
    users = [
        path.name
        for path in (ROOT / "fdmag").rglob("*.py")
        if re.search(r"^\s*(import|from) cupy", path.read_text(), re.M)
    ]
    assert set(users) <= {"backend.py"}


def test_what_every_command_imports_leaves_the_parts_of_scipy_out():
    """They take up to half a second, and are imported where they are used: ``import scipy`` does so by itself."""
    code = "import sys, fdmag.scene.run; print(*sorted(m for m in sys.modules if m.count('.') == 1))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    public = "fft integrate interpolate linalg ndimage optimize signal sparse spatial special stats"
    assert {f"scipy.{each}" for each in public.split()}.isdisjoint(loaded.split())
