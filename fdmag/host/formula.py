"""Formulas of time as lists of operations: what becomes of symbols when a formula is evaluated with them."""

import ctypes
from collections.abc import Callable
from typing import Any

from fdmag.signals import Formula

OPERATIONS = (
    "number", "add", "subtract", "multiply", "divide", "power", "negative",
    "less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "logical_and", "logical_or", "where",
    "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh", "exp", "log", "log10", "sqrt",
    "hypot", "abs", "sign", "floor", "ceil", "remainder", "minimum", "maximum",
)  # fmt: skip
"""Names of what `kernels/host/formula.h` does, in its order: those of NumPy's functions, but for the first."""


class Operation(ctypes.Structure):
    """Something done with earlier outcomes, of which the first is the time; or a number."""

    _fields_ = [("kind", ctypes.c_int64), ("operands", ctypes.c_int64 * 3), ("number", ctypes.c_double)]


def operations_of(formula: Formula) -> list[Operation]:
    """Return what has to be done, one after the other, with the time; the last outcome is the value."""
    program = _Program()
    outcome = program.symbol(formula.expression.traced(program, t=_Symbol(program, 0)))
    program.emit("add", outcome, 0.0)  # so that the last one is the value, whatever that is
    return program.operations


class _Symbol:
    """The outcome of an operation, or the time. Arithmetic with it is noted down."""

    def __init__(self, program: "_Program", place: int) -> None:
        self.program, self.place = program, place


class _Program:
    """Stands for NumPy."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def symbol(self, value: Any) -> _Symbol:
        """Return what stands for a value."""
        return value if isinstance(value, _Symbol) else self._append(Operation(0, (0, 0, 0), value))

    def emit(self, name: str, *operands: Any) -> _Symbol:
        """Note an operation."""
        places = [self.symbol(operand).place for operand in operands]
        return self._append(Operation(OPERATIONS.index(name), (*places, 0, 0, 0)[:3], 0.0))

    def asarray(self, value: float) -> _Symbol:
        """Return what stands for a number."""
        return self.symbol(value)

    def __getattr__(self, name: str) -> Callable[..., _Symbol]:
        """Return a function of NumPy."""
        return lambda *operands: self.emit(name, *operands)

    def _append(self, operation: Operation) -> _Symbol:
        self.operations.append(operation)
        return _Symbol(self, len(self.operations))


def _method(name: str, *, reflected: bool = False) -> Callable[..., _Symbol]:
    def noted(self: _Symbol, *other: Any) -> _Symbol:
        return self.program.emit(name, *((*other, self) if reflected else (self, *other)))

    return noted


for _operator, _name in {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "power",
}.items():  # fmt: skip
    setattr(_Symbol, f"__{_operator}__", _method(_name))
    setattr(_Symbol, f"__r{_operator}__", _method(_name, reflected=True))
for _operator, _name in {
    "neg": "negative", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal",
    "ne": "not_equal", "and": "logical_and",
}.items():  # fmt: skip
    setattr(_Symbol, f"__{_operator}__", _method(_name))
