"""No comparison has a tolerance that it does not state: those of pytest and NumPy are far above quantities in SI."""

import ast
from pathlib import Path

import pytest

from tests.closeness import close

ROOT = Path(__file__).parents[1]
FILES = [
    path
    for folder in ("fdmag", "tests", "validation")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)  # peers that were installed
]
ABSOLUTE = {"approx": ("abs", "1e-12"), "allclose": ("atol", "1e-8"), "isclose": ("atol", "1e-8")}
"""Functions with an absolute tolerance of their own, the argument that replaces it, and what it is otherwise."""


def hidden_tolerances(text):
    """Return line and message of every call of one of these functions that leaves its absolute tolerance open."""
    found = []
    for node in ast.walk(ast.parse(text)):
        name = getattr(getattr(node, "func", None), "attr", None)
        if name in ABSOLUTE:
            argument, default = ABSOLUTE[name]
            if ast.unparse(node.func.value) != "math" and argument not in {key.arg for key in node.keywords}:
                found.append((node.lineno, f"{name} without {argument}=: anything below {default} passes"))
    return found


def test_every_absolute_tolerance_is_stated():
    """``tests.closeness.close`` is relative; around zero, ``pytest.approx(0, abs=...)`` says how near."""
    assert len(FILES) > 200
    found = [
        f"{path.relative_to(ROOT)}:{line}: {message}"
        for path in FILES
        for line, message in hidden_tolerances(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_hidden_tolerances_are_found():
    text = "import numpy as np, pytest\npytest.approx(x, rel=1e-3)\nnp.allclose(a, b)\npytest.approx(x, abs=0)\n"
    assert [line for line, _ in hidden_tolerances(text)] == [2, 3]


@pytest.mark.parametrize("value", [1e-19, 1.0, 1e12, -3e-30])
def test_close_is_relative(value):
    assert value * (1 + 5e-7) == close(value)
    assert value * (1 + 2e-6) != close(value)
    assert value * (1 + 2e-6) == close(value, rel=3e-6)
    assert -value != close(value)
    assert value != close(0)
    assert [0.0, value] == close([0.0, value * (1 + 5e-7)])
