"""µMAG standard problem 4 in single precision, held to the same published solutions."""

from validation.problems.standard_problem_4 import StandardProblem4


class StandardProblem4Float32(StandardProblem4):
    """The same scene and the same tolerances."""

    name = "standard_problem_4_float32"
    title = "µMAG standard problem 4 in single precision"
    precision = "float32"
