"""The small language for formulas in scenes: ``"1*mT * sin(2*pi*5*GHz*t)"``, ``"x > 20*nm"``.

A formula comes from a file that may have been written by a stranger, so nothing in it is ever given to Python to
evaluate. The text is first cut into tokens by a regular expression, then arranged by Python's parser (``ast``), then
each node is checked against the short list below and turned into a closure over NumPy functions. Length, nesting and
number of operations are limited, and all numbers are float64: ``9**9**9**9`` is infinite, and immediate.

The language
------------
- Numbers, the variables, ``+ - * / **``, parentheses.
- ``< <= > >= == !=``, also chained (``0 < x < 5*nm``), ``and``, ``or``, ``not``: elementwise; true is 1, false is 0,
  and any number but 0 counts as true.
- ``a if condition else b``, the same as ``where(condition, a, b)``; both sides are evaluated everywhere.
- The functions in `FUNCTIONS` and the constants in `CONSTANTS` (``20*nm`` is 20e-9; results are SI).

A variable takes precedence over a constant of the same name.
"""

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from math import isfinite, pi
from types import MappingProxyType
from typing import Any

import numpy as np

from fdmag.constants import BOLTZMANN, HBAR, MU_0
from fdmag.errors import ExpressionError, did_you_mean

__all__ = ["CONSTANTS", "FUNCTIONS", "Expression", "Function"]

MAX_LENGTH = 2000  # characters
MAX_DEPTH = 80  # nested operations; a sum of n terms nests n deep
MAX_NODES = 500

_Compute = Callable[[Any, Mapping[str, Any]], Any]  # (array module, variables) -> array


@dataclass(frozen=True)
class Function:
    """A function of the language.

    Attributes
    ----------
    arguments : str
        Names of the arguments, for messages and documentation; "..." if more may follow.
    meaning : str
        Definition.
    compute : callable
        Receives the array module and the arguments.
    """

    arguments: str
    meaning: str
    compute: Callable[..., Any]

    def accepts(self, count: int) -> bool:
        """Whether the function can be called with that many arguments."""
        names = self.arguments.split(", ")
        return count >= len(names) - 1 if names[-1] == "..." else count == len(names)


def _sinc(xp: Any, x: Any) -> Any:
    return xp.where(x == 0, 1.0, xp.sin(x) / xp.where(x == 0, 1.0, x))


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "sin": Function("x", "sine of x in radians", lambda xp, x: xp.sin(x)),
        "cos": Function("x", "cosine", lambda xp, x: xp.cos(x)),
        "tan": Function("x", "tangent", lambda xp, x: xp.tan(x)),
        "asin": Function("x", "inverse sine, -pi/2 to pi/2", lambda xp, x: xp.arcsin(x)),
        "acos": Function("x", "inverse cosine, 0 to pi", lambda xp, x: xp.arccos(x)),
        "atan": Function("x", "inverse tangent, -pi/2 to pi/2", lambda xp, x: xp.arctan(x)),
        "atan2": Function("y, x", "angle of the point (x, y), -pi to pi", lambda xp, y, x: xp.arctan2(y, x)),
        "sinh": Function("x", "hyperbolic sine", lambda xp, x: xp.sinh(x)),
        "cosh": Function("x", "hyperbolic cosine", lambda xp, x: xp.cosh(x)),
        "tanh": Function("x", "hyperbolic tangent", lambda xp, x: xp.tanh(x)),
        "sech": Function("x", "1/cosh(x)", lambda xp, x: 1.0 / xp.cosh(x)),
        "exp": Function("x", "exponential", lambda xp, x: xp.exp(x)),
        "log": Function("x", "natural logarithm", lambda xp, x: xp.log(x)),
        "log10": Function("x", "decimal logarithm", lambda xp, x: xp.log10(x)),
        "sqrt": Function("x", "square root", lambda xp, x: xp.sqrt(x)),
        "hypot": Function("x, y", "sqrt(x**2 + y**2)", lambda xp, x, y: xp.hypot(x, y)),
        "abs": Function("x", "absolute value", lambda xp, x: xp.abs(x)),
        "sign": Function("x", "-1, 0 or 1", lambda xp, x: xp.sign(x)),
        "floor": Function("x", "largest integer not above x", lambda xp, x: xp.floor(x)),
        "ceil": Function("x", "smallest integer not below x", lambda xp, x: xp.ceil(x)),
        "mod": Function("x, period", "x - period*floor(x/period)", lambda xp, x, p: xp.remainder(x, p)),
        "min": Function("a, b, ...", "smallest", lambda xp, *a: reduce(xp.minimum, a)),
        "max": Function("a, b, ...", "largest", lambda xp, *a: reduce(xp.maximum, a)),
        "clip": Function(
            "x, low, high", "min(max(x, low), high)", lambda xp, x, low, high: xp.minimum(xp.maximum(x, low), high)
        ),
        "where": Function("condition, a, b", "a where true, else b", lambda xp, c, a, b: xp.where(c != 0, a, b)),
        "step": Function("t", "0 for t < 0, else 1", lambda xp, t: xp.where(t < 0, 0.0, 1.0)),
        "pulse": Function(
            "t, start, length",
            "1 for start <= t < start + length, else 0",
            lambda xp, t, start, length: xp.where((t >= start) & (t < start + length), 1.0, 0.0),
        ),
        "ramp": Function(
            "t, start, length",
            "0 before start, 1 after start + length, linear between",
            lambda xp, t, start, length: xp.minimum(xp.maximum((t - start) / length, 0.0), 1.0),
        ),
        "gaussian": Function(
            "x, sigma", "exp(-x**2/(2*sigma**2)), 1 at its peak", lambda xp, x, s: xp.exp(-0.5 * (x / s) ** 2)
        ),
        "sinc": Function("x", "sin(x)/x, 1 at 0 (not the normalised sin(pi*x)/(pi*x))", _sinc),
    }
)
"""The functions of the language."""

CONSTANTS: Mapping[str, float] = MappingProxyType(
    {
        "pi": pi, "mu0": MU_0, "kB": BOLTZMANN, "hbar": HBAR,
        "nm": 1e-9, "um": 1e-6, "mm": 1e-3,
        "fs": 1e-15, "ps": 1e-12, "ns": 1e-9, "us": 1e-6, "ms": 1e-3,
        "kHz": 1e3, "MHz": 1e6, "GHz": 1e9, "THz": 1e12,
        "uT": 1e-6, "mT": 1e-3, "T": 1.0, "deg": pi / 180,
    }
)  # fmt: skip
"""Constants, and units as factors to SI."""

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|\*\*|<=|>=|==|!=|[-+*/()<>,]"
)
_NAME_AFTER = re.compile(r" *([A-Za-z_][A-Za-z0-9_]*)")
_WORDS = ("if", "else", "and", "or", "not")
_OF_NUMBERS_OR_TIME = frozenset(
    ("sin", "cos", "tan", "sinh", "cosh", "tanh", "sech", "exp", "log", "log10", "sinc", "gaussian")
) | {"step", "pulse", "ramp"}
_SWITCHING = ("step", "sign", "abs", "pulse", "ramp", "min", "max", "clip")
_MAGNETIC = ("uT", "mT", "mu0", "kB", "hbar")
_INSTEAD = {
    "=": "==", "^": "**", "&": "and", "|": "or", "!": "not", "~": "not", "%": "mod(a, b)",
    "[": "parentheses", "{": "parentheses", "²": "**2", "³": "**3", "µ": "u", "μ": "u", "·": "*", "×": "*",
}  # fmt: skip
_BINARY = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide", ast.Pow: "power"}
_COMPARE = {
    ast.Lt: "less", ast.LtE: "less_equal", ast.Gt: "greater", ast.GtE: "greater_equal",
    ast.Eq: "equal", ast.NotEq: "not_equal",
}  # fmt: skip


class Expression:
    """A formula, checked when built, evaluated by calling it with arrays.

    Parameters
    ----------
    text : str
        The formula, at most 2000 characters; line breaks count as spaces.
    variables : sequence of str
        Names the formula may use; not those of functions.

    Attributes
    ----------
    text : str
        The formula as given.
    variables : tuple of str
        Names it may use.
    names : frozenset of str
        Names it does use.
    constants : frozenset of str
        Constants it uses.

    Raises
    ------
    ExpressionError
        The text is outside the language; the message shows where and what to write instead.

    >>> field = Expression("10*mT * sin(2*pi*t/ns) if x < 5*nm else 0", variables=("x", "t"))
    >>> float(field(x=0.0, t=0.25e-9)), sorted(field.names)
    (0.01, ['t', 'x'])
    >>> Expression("x^2")
    Traceback (most recent call last):
    fdmag.errors.ExpressionError: "^" is not part of the language; write **
        x^2
         ^
    """

    def __init__(self, text: str, variables: tuple[str, ...] | list[str] = ("x", "y", "z")):
        if not isinstance(text, str):
            raise ExpressionError(f"a formula is a text, not {text!r:.40} ({type(text).__name__})")
        self.text = text
        self.variables = tuple(variables)
        for name in self.variables:
            if not name.isidentifier() or name in FUNCTIONS:
                raise ExpressionError(f'"{name}" cannot be a variable: a name that is not a function is allowed')
        self._nodes = 0
        self._used: set[str] = set()
        self._constants: set[str] = set()
        self._switches: list[_Compute] = []
        self._compute = self._compile(self._parse(), 0)
        self.names = frozenset(self._used)
        self.constants = frozenset(self._constants)

    def __call__(self, xp: Any = np, /, **values: Any) -> Any:
        """Evaluate the formula.

        Parameters
        ----------
        xp : module
            NumPy, or a module like it (CuPy).
        **values : array_like
            Values [SI] of the variables; all of `names`, others of `variables` if wanted.

        Returns
        -------
        array of float64
            Shape: that of all the ``values`` broadcast together, whether the formula uses them or not. Where the
            formula has no finite value (1/0, sqrt(-1)) the array holds inf or nan; it is for the caller to check.

        Raises
        ------
        ExpressionError
            A variable the formula uses is missing, or one is given that was not declared.
        """
        for name in self.names - values.keys():
            raise ExpressionError(f'"{self.text}" needs a value for "{name}"')
        for name in values.keys() - set(self.variables):
            raise ExpressionError(f'"{name}" is not a variable of "{self.text}"; allowed: {", ".join(self.variables)}')
        arrays = {name: xp.asarray(value, dtype=xp.float64) for name, value in values.items()}
        with np.errstate(all="ignore"):
            result = xp.asarray(self._compute(xp, arrays), dtype=xp.float64)
        # an owned array: broadcast_to gives a read-only view
        return xp.broadcast_arrays(result, *arrays.values())[0].copy()

    def traced(self, xp: Any, **values: Any) -> Any:
        """Return what ``xp``, which stands for NumPy, makes of values of any kind: no array is made of them."""
        return self._compute(xp, values)

    def switches(self, **values: Any) -> list[Any]:
        """Return what changes sign where a comparison, step, pulse, ramp, abs, min, ... switches."""
        with np.errstate(all="ignore"):
            return [switch(np, values) for switch in self._switches]

    def __repr__(self) -> str:
        return f"Expression({self.text!r}, variables={self.variables!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Expression):
            return NotImplemented
        return (self.text, self.variables) == (other.text, other.variables)

    def __hash__(self) -> int:
        return hash((self.text, self.variables))

    def __reduce__(self) -> tuple[type["Expression"], tuple[str, tuple[str, ...]]]:
        # closures cannot be pickled; the text can
        return Expression, (self.text, self.variables)

    def _error(self, message: str, column: int) -> ExpressionError:
        # long texts are shown around the place
        start = max(0, column - 60)
        shown = "".join(c if c.isprintable() else " " for c in self.text[start : column + 40])
        return ExpressionError(f"{message}\n    {shown}\n    {' ' * (column - start)}^")

    def _parse(self) -> ast.expr:
        if len(self.text) > MAX_LENGTH:
            raise self._error(f"a formula of {len(self.text)} characters; at most {MAX_LENGTH} are allowed", 0)
        source = re.sub(r"[ \t\r\n]", " ", self.text)
        self._indent = len(source) - len(source.lstrip())  # Python's parser refuses an indented expression
        position, depth = self._indent, 0
        if not source.strip():
            raise self._error("the formula is empty", 0)
        while position < len(source):
            token = _TOKEN.match(source, position)
            if token is None and source[position] != " ":
                mark = source[position]
                instead = f"; write {_INSTEAD[mark]}" if mark in _INSTEAD else ""
                raise self._error(
                    f'"{mark if mark.isprintable() else "?"}" is not part of the language{instead}', position
                )
            end = token.end() if token else position + 1
            if token and (token["number"] or token[0] == ")" or (token["name"] and token[0] not in _WORDS)):
                unit = _NAME_AFTER.match(source, end)
                if unit and unit[1] not in _WORDS:
                    left = "..." if token[0] == ")" else token[0]
                    raise self._error(f"an operator is missing before {unit[1]}: write {left}*{unit[1]}", unit.start(1))
            depth += {"(": 1, ")": -1}.get(token[0], 0) if token else 0
            if depth > MAX_DEPTH:
                raise self._error(f"nested more than {MAX_DEPTH} deep", position)
            position = end
        try:
            return ast.parse(source[self._indent :], mode="eval").body
        except SyntaxError as error:
            column = self._indent + max((error.offset or 1) - 1, 0)
            raise self._error(f"not a formula: {error.msg}", min(column, len(source))) from None
        except (ValueError, RecursionError, MemoryError):
            raise self._error("not a formula, or too deeply nested", 0) from None

    def _compile(self, node: ast.expr, depth: int) -> _Compute:
        """Turn a node into a closure; whatever is not listed here is refused."""
        column = self._indent + node.col_offset
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise self._error(f"more than {MAX_NODES} operations, or nested more than {MAX_DEPTH} deep", column)

        def compiled(child: ast.expr) -> _Compute:
            return self._compile(child, depth + 1)

        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self._number(value, column)
            case ast.Name(id=name):
                return self._name(name, column)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return compiled(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _apply("negative", compiled(operand))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = compiled(operand)
                return lambda xp, v: xp.where(inner(xp, v) != 0, 0.0, 1.0)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return _apply(_BINARY[type(op)], compiled(left), compiled(right))
            case ast.BoolOp(op=op, values=operands):
                return _logical("logical_and" if isinstance(op, ast.And) else "logical_or", map(compiled, operands))
            case ast.Compare(left=left, ops=ops, comparators=rest) if all(type(op) in _COMPARE for op in ops):
                self._refuse_tesla_for_time(node)
                terms = [compiled(operand) for operand in (left, *rest)]
                self._switches += [_apply("subtract", *pair) for pair in pairwise(terms)]
                pairs = zip(ops, pairwise(terms), strict=True)
                return _logical("logical_and", (_apply(_COMPARE[type(op)], *pair) for op, pair in pairs))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                condition, yes, no = compiled(test), compiled(body), compiled(orelse)
                return lambda xp, v: xp.where(condition(xp, v) != 0, yes(xp, v), no(xp, v))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments, compiled, column)
        hint = "; write floor(a / b)" if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv) else ""
        raise self._error(
            f"this is not part of the language{hint}; allowed: numbers, + - * / **, comparisons, and, or, not, "
            "a if c else b, and calls of named functions",
            column,
        )

    def _refuse_tesla_for_time(self, node: ast.expr) -> None:
        """Refuse a lone T where nothing it could be divided by is: no variable is a magnetic field, so t was meant."""
        if "t" not in self.variables or "T" in self.variables:
            return
        names = [inner for inner in ast.walk(node) if isinstance(inner, ast.Name)]
        tesla = [name for name in names if name.id == "T"]
        if len(tesla) == 1 and not any(name.id in _MAGNETIC for name in names):
            raise self._error("T is tesla, and nothing here is a magnetic field; did you mean t?",
                              self._indent + tesla[0].col_offset)  # fmt: skip

    def _number(self, value: float, column: int) -> _Compute:
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        if not isfinite(number):
            raise self._error("this number is too large", column)
        # an array, because Python's own floats raise where arrays give inf
        return lambda xp, v: xp.asarray(number)

    def _name(self, name: str, column: int) -> _Compute:
        if name in self.variables:
            self._used.add(name)
            return lambda xp, v: v[name]
        if name in CONSTANTS:
            self._constants.add(name)
            return self._number(CONSTANTS[name], column)
        if name in FUNCTIONS:
            raise self._error(f"{name} is a function: write {name}({FUNCTIONS[name].arguments})", column)
        allowed = (*self.variables, *CONSTANTS)
        near = did_you_mean(name, (*allowed, *FUNCTIONS))
        raise self._error(f'unknown name "{name}"{near}; allowed: {", ".join(allowed)}', column)

    def _call(
        self, name: str, arguments: list[ast.expr], compiled: Callable[[ast.expr], _Compute], column: int
    ) -> _Compute:
        function = FUNCTIONS.get(name)
        if function is None:
            near = did_you_mean(name, FUNCTIONS)
            raise self._error(f'unknown function "{name}"{near}; allowed: {", ".join(FUNCTIONS)}', column)
        if not function.accepts(len(arguments)):
            raise self._error(f"{name} takes ({function.arguments}), not {len(arguments)} arguments", column)
        terms = [compiled(argument) for argument in arguments]
        if name in _SWITCHING:
            x, *others = terms
            ends = [others[0], _apply("add", *others)] if name in ("pulse", "ramp") else others
            self._switches += [_apply("subtract", x, end) for end in ends] or [x]
        if name in _OF_NUMBERS_OR_TIME:
            for argument in arguments:
                self._refuse_tesla_for_time(argument)
        return lambda xp, v: function.compute(xp, *(term(xp, v) for term in terms))


def _apply(name: str, *terms: _Compute) -> _Compute:
    return lambda xp, v: getattr(xp, name)(*(term(xp, v) for term in terms))


def _logical(name: str, terms: Any) -> _Compute:
    terms = list(terms)
    return lambda xp, v: xp.where(reduce(getattr(xp, name), (term(xp, v) for term in terms)), 1.0, 0.0)
