import ast
import math
import pickle
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants

from fdmag.errors import ExpressionError
from fdmag.expressions import CONSTANTS, FUNCTIONS, MAX_LENGTH, Expression
from tests.closeness import close

X = np.array([[-2.5, -1.0, 0.0], [0.3, 1.0, 7.0]])
Y = np.array([2.0, -0.5, 1.0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2*x - y/4", 1 + 2 * X - Y / 4),
        ("-x**2", -(X**2)),
        ("2**-1**2", 0.5 + 0 * X),
        ("2**3**2", 512 + 0 * X),
        ("(x + y)*(x - y)", X**2 - Y**2),
        ("+x", X),
        ("x < y", X < Y),
        ("x >= 1", X >= 1),
        ("x == 1", X == 1),
        ("x != 1", X != 1),
        ("-1 <= x < y", (X >= -1) & (X < Y)),
        ("x > 0 and y > 0 and x > y", (X > 0) & (Y > 0) & (X > Y)),
        ("x or y > 0", (X != 0) | (Y > 0)),
        ("not x", X == 0),
        ("not x > 0", X <= 0),
        ("3 if x > 0 else y", np.where(X > 0, 3, Y)),
        ("where(x, 1, y)", np.where(X != 0, 1, Y)),
        ("sin(x) + cos(x) + tan(x)", np.sin(X) + np.cos(X) + np.tan(X)),
        ("asin(x/10) + acos(x/10) + atan(x)", np.pi / 2 + np.arctan(X)),
        ("atan2(y, x)", np.angle(X + 1j * Y)),
        ("sinh(x)/cosh(x)", np.tanh(X)),
        ("tanh(x)", (np.exp(2 * X) - 1) / (np.exp(2 * X) + 1)),
        ("sech(x)", 2 / (np.exp(X) + np.exp(-X))),
        ("log(exp(x))", X),
        ("log10(10**x)", X),
        ("sqrt(x*x)", np.abs(X)),
        ("hypot(x, y)", np.abs(X + 1j * Y)),
        ("abs(x)*sign(x)", X),
        ("floor(x) + 10*ceil(x)", np.array([[-23, -11, 0], [10, 11, 77]])),
        ("mod(x, 2)", np.array([[1.5, 1, 0], [0.3, 1, 1]])),
        ("min(x, y, 0.5)", np.minimum(np.minimum(X, Y), 0.5)),
        ("max(x, y)", np.maximum(X, Y)),
        ("clip(x, -1, 0.5)", np.array([[-1, -1, 0], [0.3, 0.5, 0.5]])),
        ("step(x)", np.array([[0, 0, 1], [1, 1, 1]])),
        ("pulse(x, -1, 2)", np.array([[0, 1, 1], [1, 0, 0]])),
        ("ramp(x, -1, 4)", np.array([[0, 0, 0.25], [0.325, 0.5, 1]])),
        ("gaussian(x, 2)", np.exp(-(X**2) / 8)),
        ("sinc(x)", np.sinc(X / np.pi)),
        ("pi*x", np.pi * X),
        ("20*nm + x*um", 20e-9 + X * 1e-6),
        ("90*deg + 0*x", np.pi / 2 + 0 * X),
        ("5*GHz*x*ns", 5 * X),
        (".5e1 + 1.e-1*x", 5 + 0.1 * X),
        ("\n  x +\n\t1 ", X + 1),
    ],
)
def test_means_what_it_says(text, expected):
    result = Expression(text)(x=X, y=Y)
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, expected, rtol=1e-14, atol=1e-15)


def test_every_function_is_tested_above():
    cases = next(mark.args[1] for mark in test_means_what_it_says.pytestmark if mark.name == "parametrize")
    text = " ".join(case[0] for case in cases)
    assert [name for name in FUNCTIONS if f"{name}(" not in text] == []


def test_units_are_the_right_powers_of_ten():
    prefix = {"f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12}
    units = [name for name in CONSTANTS if name[1:] in ("m", "s", "Hz", "T")]
    assert len(units) == 14
    for name in units:
        assert CONSTANTS[name] == float(f"1e{prefix[name[0]]}")


def test_constants():
    for name, value in [("mu0", constants.mu_0), ("kB", constants.k), ("hbar", constants.hbar), ("pi", math.pi)]:
        assert Expression(name)() == close(value, rel=1e-9)


def numbers():
    return st.floats(-100, 100).map(lambda v: (repr(v) if v >= 0 else f"({v!r})", lambda x, y: np.float64(v)))


def binary(children):
    operators = {
        "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "<": np.less, "==": np.equal,
        "**": np.power, "and": np.logical_and, "or": np.logical_or,
    }  # fmt: skip

    def build(a, name, b):
        return f"({a[0]} {name} {b[0]})", lambda x, y: np.float64(operators[name](a[1](x, y), b[1](x, y)))

    return st.builds(build, children, st.sampled_from(sorted(operators)), children)


def calls(children):
    functions = {"sin": np.sin, "exp": np.exp, "sqrt": np.sqrt, "abs": np.abs, "-": np.negative}

    def build(name, a):
        return f"({name}({a[0]}))", lambda x, y: functions[name](a[1](x, y))

    return st.builds(build, st.sampled_from(sorted(functions)), children)


VARIABLES = st.sampled_from([("x", lambda x, y: x), ("y", lambda x, y: y)])
FORMULAS = st.recursive(numbers() | VARIABLES, lambda children: binary(children) | calls(children), max_leaves=15)


@given(FORMULAS, st.floats(-10, 10), st.floats(-10, 10))
@settings(max_examples=150)
def test_agrees_with_numpy(formula, x, y):
    text, reference = formula
    with np.errstate(all="ignore"):
        expected = reference(np.float64(x), np.float64(y))
    np.testing.assert_array_equal(Expression(text)(x=x, y=y), expected)


def test_shape_is_that_of_all_values_given():
    x, y = np.zeros(4), np.zeros((3, 1))
    assert Expression("1")(x=x, y=y).shape == (3, 4)
    assert Expression("x")(x=x, y=y).shape == (3, 4)
    assert Expression("x")(x=x).shape == (4,)
    assert Expression("1")().shape == ()
    result = Expression("x")(x=x)
    result[0] = 1  # the result is the caller's own
    assert x[0] == 0


def test_names_are_the_variables_used():
    assert Expression("sin(x) + nm").names == {"x"}
    assert Expression("T*x", variables=("x", "T")).names == {"x", "T"}
    assert Expression("T*x", variables=("x", "T"))(x=2, T=300) == 600


@pytest.mark.parametrize(
    ("text", "check"),
    [("1/0", np.isposinf), ("0/0", np.isnan), ("sqrt(-1)", np.isnan), ("log(0)", np.isneginf), ("exp(1e9)", np.isinf),
     ("9**9**9**9", np.isposinf), ("(-8)**(1/3)", np.isnan), ("sech(1e9)", lambda v: v == 0)],
)  # fmt: skip
def test_results_that_are_not_finite_come_without_warning(text, check):
    assert check(Expression(text)())


def test_values_are_checked():
    formula = Expression("x + y")
    with pytest.raises(ExpressionError, match='needs a value for "y"'):
        formula(x=1)
    with pytest.raises(ExpressionError, match='"t" is not a variable'):
        formula(x=1, y=1, t=0)
    with pytest.raises(ExpressionError, match="cannot be a variable"):
        Expression("sin", variables=("sin",))


def test_survives_pickling_and_compares_by_text():
    formula = Expression("2*x", variables=("x",))
    copy = pickle.loads(pickle.dumps(formula))
    assert copy == formula
    assert hash(copy) == hash(formula)
    assert copy(x=3) == 6
    assert formula != Expression("2*x")
    assert eval(repr(formula), {"Expression": Expression}) == formula


HOSTILE = [
    "", " ", "()", "(", ")", "x)", "1)+(2", "x +", "x if", "x if y", "* x", "*x", "**x", "not", "and", "x y", "x x x",
    "1,2", "x,", "(x, y)", "x = 1", "x == ", "x := 1", "(x:=1)", "x; y", "x # y", "x \\ y", "1 // 2", "x % 2", "x ^ 2",
    "x & y", "x | y", "~x", "x << 2", "x @ y", "x is y", "x in y", "x not in y", "5 if x",
    "__import__('os')", "__import__", "().__class__", "x.__class__", "x .real", "1..real", "1.0.real", "1 .real",
    "(1).__class__", "x.T", "open('/etc/passwd')", 'open("/etc/passwd")', "open(x)", "eval(x)", "exec(x)", "print(x)",
    "getattr(x, y)", "globals()", "vars()", "breakpoint()", "exit()", "compile(x)", "np.zeros(9)", "numpy", "sum(x)",
    "[1][0]", "[x for x in y]", "(x for x in y)", "max(x for x in y)", "{x: y}", "{x}", "x[0]", "x[:]", "lambda: 0",
    "(lambda: 0)()", "yield", "(yield)", "(yield x)", "await x", "(await x)", "async", "import os", "del x",
    "return x", "pass", "assert x", "raise", "class", "global x", "True", "False", "None", "...", "Ellipsis", "_",
    "__builtins__", "__name__", "'x'", '"x"', "f'{x}'", "f''", "b'x'", "'''", "`x`", "$x", "?", "x!", "x\x00", "\x00",
    "x\x0c", "x\u2028y", "1j", "1 + 2j", "0x10", "0b1", "0o7", "1_000", "007", "1e", "1e999", "9" * 400, "9" * 5000,
    "1." + "0" * 5000, "20nm", "2x", "1if x else 2", "max()", "max(x)", "min()", "sin()", "sin(x, y)", "sin",
    "sin + 1", "where(x, y)", "pulse(x)", "sin(x=1)", "max(x, key=y)", "max(*x)", "max(**x)", "max(x, y, **z)",
    "max(x, y, z=x)", "max(x, *y)", "x()",
    "x(1)", "1(2)", "(sin)(x)(y)", "sin(x)(y)", "sin(cos)", "nm()", "q", "X", "inf", "nan", "e", "foo(x)",
    "ｘ", "ſin(x)", "𝐱", "х", "x²", "µm", "20*μm", "½", "٣", "²", "ªbs(x)", "ﬁ", "x\u200b", "\ufeffx", "x−y", "π",
    "(" * 100 + "x" + ")" * 100, "(" * 999 + "x" + ")" * 999, "-" * 1999 + "x", "not " * 499 + "x",
    "- " * 300 + "x", "abs(" * 300 + "x" + ")" * 300, "x" + "+x" * 999, "x" + "**x" * 600, "x<" * 900 + "x",
    "x if x else " * 160 + "x", "x" * 100_000, "1" * 100_000, "(" * 100_000, "x+" * 50_000 + "x", "9**" * 100_000 + "9",
    "max(" + "x," * 900 + "x)", " " * 100_000 + "x",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_refuses(text):
    start = time.perf_counter()
    with pytest.raises(ExpressionError):
        Expression(text)
    assert time.perf_counter() - start < 1.0


@pytest.mark.parametrize("value", [None, 1, 1.5, b"x", ["x"], ast.parse("x", mode="eval")])
def test_refuses_what_is_not_text(value):
    with pytest.raises(ExpressionError, match="a formula is a text"):
        Expression(value)


@given(st.text(alphabet="xyz0123456789.+-*/()<>=!, einfostrandlmbw_'\"[]{}:;\\\n\x00é", max_size=60))
@settings(max_examples=300)
def test_any_text_is_read_or_refused(text):
    try:
        formula = Expression(text)
    except ExpressionError:
        return
    assert formula(x=1.0, y=2.0, z=3.0).shape == ()


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("x^2", 1, "write [*][*]"),
        ("  x + sine(y)", 6, 'unknown function "sine"; did you mean "sin"'),
        ("x + radius", 4, 'unknown name "radius".*allowed: x, y, z, pi, mu0'),
        ("x + pii", 4, 'did you mean "pi"'),
        ("x > 20nm", 6, r"20\*nm"),
        ("1 + sin", 4, r"write sin\(x\)"),
        ("x\n + y.real", 6, "not part of the language"),
        ("x + atan2(y)", 4, r"atan2 takes \(y, x\), not 1 arguments"),
        ("x // 2", 0, r"write floor\(a / b\)"),
        ("x + 1e999", 4, "too large"),
        ("x + )", 4, "not a formula"),
    ],
)
def test_message_points_at_the_place(text, column, message):
    with pytest.raises(ExpressionError, match=message) as caught:
        Expression(text)
    _, shown, caret = str(caught.value).rsplit("\n", 2)
    assert caret.index("^") == shown.index(text.lstrip()[:1]) + column - (len(text) - len(text.lstrip()))


def test_caret_in_a_long_text():
    text = "x + " * 200 + "é"
    with pytest.raises(ExpressionError) as caught:
        Expression(text)
    _, shown, caret = str(caught.value).rsplit("\n", 2)
    assert shown[caret.index("^")] == "é"


def test_limits_leave_room_for_real_formulas():
    series = " + ".join(f"sin({n}*x)/{n}" for n in range(1, 50, 2))
    assert Expression(series)(x=math.pi / 2) == pytest.approx(math.pi / 4, abs=0.02)
    longest = "x" + " " * (MAX_LENGTH - 1)
    assert Expression(longest)(x=1) == 1
    with pytest.raises(ExpressionError, match="at most"):
        Expression(longest + " ")


@pytest.mark.parametrize(
    ("text", "write"),
    [
        ("pulse(t, 1 ns, 1 ns)", "1*ns"),
        ("2 pi", "2*pi"),
        ("x nm", "x*nm"),
        ("(x + 1) nm", r"\.\.\.\*nm"),
        ("1ns", "1*ns"),
    ],
)
def test_a_missing_operator_is_told_with_what_to_write(text, write):
    with pytest.raises(ExpressionError, match=r"an operator is missing.*write ") as caught:
        Expression(text, ("x", "t"))
    assert write.replace("\\", "") in str(caught.value)


@pytest.mark.parametrize("text", ["1 if x > 0 else 2", "(x > 0) and not (x < 1) or 0", "1 or 2", "x if t else 3"])
def test_words_of_the_language_need_no_operator(text):
    assert Expression(text, ("x", "t")).text == text


@pytest.mark.parametrize(
    "text", ["sin(2*pi*GHz*T)", "pulse(T, 0, ns)", "x*exp(-T/ns)", "where(T < ns, 1, t)", "gaussian(T - ns, ns)"]
)
def test_tesla_typed_for_time_is_refused(text):
    with pytest.raises(ExpressionError, match="T is tesla"):
        Expression(text, ("x", "t"))


@pytest.mark.parametrize(
    "text", ["0.1*T*sin(t/ns)", "tanh(50*mT/T)", "x*T", "where(x > 0, 1*T, 2*T)", "max(1*T, 0.5*T)"]
)
def test_tesla_may_be_written_where_it_has_a_place(text):
    assert "T" in Expression(text, ("x", "t")).constants
