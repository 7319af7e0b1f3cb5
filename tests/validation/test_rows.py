import pytest

from fdmag.errors import ParameterError, SolverError
from validation.problem import Problem, Result, Row, problems, solve

GOOD = {"quantity": "energy", "published": 1.0, "ours": 1.05, "tolerance": 0.1, "source": "book", "basis": "digits"}


@pytest.mark.parametrize(("ours", "holds"), [(1.05, True), (0.95, True), (1.11, False), (0.89, False), (1e9, False)])
def test_verdict_is_about_the_absolute_deviation(ours, holds):
    assert Row(**GOOD | {"ours": ours}).holds is holds


@pytest.mark.parametrize("ours", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_fails(ours):
    assert Row(**GOOD | {"ours": ours}).verdict == "FAILS"


@pytest.mark.parametrize(
    "wrong",
    [
        {"tolerance": 0.0},
        {"tolerance": -1.0},
        {"tolerance": float("inf")},
        {"tolerance": float("nan")},
        {"published": float("nan")},
        {"source": ""},
        {"basis": " "},
        {"quantity": ""},
    ],
)
def test_row_that_cannot_fail_or_has_no_source_is_refused(wrong):
    with pytest.raises(ParameterError):
        Row(**GOOD | wrong)


class _Stops(Problem):
    name, title = "stops", "ends with an error"

    def compute(self):
        raise SolverError("no convergence")


class _Empty(Problem):
    name, title = "empty", "has no rows"

    def compute(self):
        return Result([])


def test_error_of_a_problem_is_a_failure_not_a_crash():
    outcome = solve(_Stops())
    assert not outcome.holds
    assert "no convergence" in outcome.error


def test_problem_without_rows_does_not_hold():
    assert not solve(_Empty()).holds


def test_every_problem_is_found_and_named_after_its_file():
    found = problems()
    assert {"macrospin", "time_order", "bloch_wall", "oommf_energies", "standard_problem_4"} <= set(found)
    for name, problem in found.items():
        assert problem.name == name == type(problem).__module__.rpartition(".")[2]
        assert problem.title
