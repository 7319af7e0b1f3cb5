"""Parameters that follow signals, set by compiled code at the time of each stage (`kernels/host/drives.cpp`)."""

import ctypes
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.allocator import address
from fdmag.backend import Backend
from fdmag.host.formula import Operation, operations_of
from fdmag.kernels.library import load, prepare
from fdmag.kernels.source import drives_source
from fdmag.mesh import Mesh
from fdmag.parameter import Parameter, TimeFunction
from fdmag.replica_signals import ReplicaSignals
from fdmag.signals import (
    Constant,
    Formula,
    Gaussian,
    Product,
    Pulse,
    PulseTrain,
    Ramp,
    Signal,
    Sinc,
    Sine,
    Step,
    Table,
)

_POINTER, _INDEX, _DOUBLE = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
_LARGEST = sys.float_info.max
_NUMBERS = 6
_KINDS: dict[type[Signal], tuple[str, ...]] = {
    Constant: ("value",),
    Step: ("start", "before", "after"),
    Ramp: ("length", "start", "before", "after"),
    Pulse: ("length", "start", "rise", "fall"),
    PulseTrain: ("length", "period", "start", "rise", "fall", "last"),
    Sine: ("frequency", "phase"),
    Sinc: ("cutoff", "center"),
    Gaussian: ("center", "sigma"),
    Table: (),
    Formula: (),
}
"""The signals compiled code knows, in its order, and the numbers it wants; a subclass may have a formula of its own."""


class _Signal(ctypes.Structure):
    _fields_ = [("kind", _INDEX), ("numbers", _DOUBLE * _NUMBERS), ("count", _INDEX), ("table", _POINTER)]


class _Product(ctypes.Structure):
    _fields_ = [
        ("pattern", _POINTER), ("next_pattern", _INDEX), ("in_cells", _INDEX),
        ("signals", _POINTER), ("count", _INDEX), ("next_signals", _INDEX),
    ]  # fmt: skip


class _Drive(ctypes.Structure):
    _fields_ = [
        ("values", _POINTER), ("components", _INDEX), ("cells", _INDEX), ("products", _POINTER), ("count", _INDEX),
        ("least", _DOUBLE), ("above", _DOUBLE), ("most", _DOUBLE),
    ]  # fmt: skip


class _Drives(ctypes.Structure):
    _fields_ = [("drives", _POINTER), ("count", _INDEX), ("refused", _POINTER), ("parallel", _POINTER)]


class Drives:
    """What compiled code needs to set parameters, and where it does so.

    Parameters
    ----------
    quantities : mapping
        Parameters that are `followed`, by their places in a unit.
    mesh : Mesh
    backend : Backend
        With a runtime.
    replicas : int
        Of the simulation: so many rows are done at a time, at most.

    Attributes
    ----------
    function : int
        Address of ``void drive(void* drives, Index row, Index replica, double t, int alone)``.
    drives : int
        Address of its first argument, valid as long as this object lives.
    refused : array (replicas,)
        Where it notes the time [s] at which a value was not allowed; NaN: none.
    values : dict
        Where the values will be, (rows, components), or (rows, components, nz, ny, nx) where they differ between cells.
    """

    def __init__(self, quantities: Mapping[int, Parameter], mesh: Mesh, backend: Backend, replicas: int) -> None:
        assert backend.runtime is not None
        self._quantities = quantities
        self._kept: list[Any] = [load(drives_source(backend.dtype), backend.runtime.compiler)]
        function = ctypes.cast(self._kept[0].fdmag_drive, _POINTER).value
        assert function is not None
        self.function: int = function
        self.values: dict[int, NDArray] = {}
        drives = [self._drive(place, quantity, mesh, backend.dtype, replicas) for place, quantity in quantities.items()]
        self.refused = np.full(replicas, np.nan)
        self._given = _Drives(self._array(_Drive, drives), len(drives), address(self.refused), backend.runtime.parallel)
        self.drives = ctypes.addressof(self._given)

    def check(self) -> None:
        """Raise `ParameterError` if a value was not allowed."""
        replicas = np.flatnonzero(~np.isnan(self.refused))
        if replicas.size:
            times, self.refused[:] = self.refused[replicas], np.nan
            for quantity in self._quantities.values():
                quantity.at(times, replicas)

    def _drive(self, place: int, quantity: Parameter, mesh: Mesh, dtype: np.dtype, rows: int) -> _Drive:
        products, declared = quantity.products, quantity.declaration
        assert products is not None
        uniform = all(pattern.shape[2:] == (1, 1, 1) for pattern, _ in products)
        values = np.zeros((rows, declared.components, *(() if uniform else mesh.shape)), dtype)
        self.values[place] = values
        least, above, most = (
            default if bound is None else bound
            for bound, default in (
                (declared.minimum, -_LARGEST), (declared.above, -np.inf), (declared.maximum, _LARGEST)
            )
        )  # fmt: skip
        packed = self._array(_Product, [self._product(pattern, signal, mesh) for pattern, signal in products])
        cells = 1 if uniform else mesh.n_cells
        return _Drive(address(values), declared.components, cells, packed, len(products), least, above, most)

    def _product(self, pattern: NDArray[np.float64], signal: TimeFunction | None, mesh: Mesh) -> _Product:
        in_cells = pattern.shape[2:] != (1, 1, 1)
        if in_cells:
            pattern = np.broadcast_to(pattern, (*pattern.shape[:2], *mesh.shape))
        pattern = np.ascontiguousarray(pattern)
        each = signal.signals if isinstance(signal, ReplicaSignals) else [signal]
        factors = [[self._signal(factor) for factor in _factors(own)] for own in each]
        most = max(map(len, factors))
        packed = [factor for own in factors for factor in [*own, *[_ONE] * (most - len(own))]]
        self._kept.append(pattern)
        return _Product(
            address(pattern), pattern[0].size if len(pattern) > 1 else 0, in_cells,
            self._array(_Signal, packed), most, most if len(each) > 1 else 0,
        )  # fmt: skip

    def _signal(self, signal: Signal) -> _Signal:
        kind = list(_KINDS).index(type(signal))
        numbers = (_DOUBLE * _NUMBERS)(*(_number(signal, name) for name in _KINDS[type(signal)]))
        if isinstance(signal, Table):
            held = signal.interpolation == "previous"
            table = self._array(_DOUBLE, [*signal.times, *signal.values])
            return _Signal(kind + held, numbers, len(signal.times), table)
        if isinstance(signal, Formula):
            operations = operations_of(signal)
            return _Signal(kind + 1, numbers, len(operations), self._array(Operation, operations))
        return _Signal(kind, numbers, 0, None)

    def _array(self, kind: Any, items: Sequence[Any]) -> int:
        array = (kind * len(items))(*items)
        self._kept.append(array)
        return ctypes.addressof(array)


_ONE = _Signal(0, (_DOUBLE * _NUMBERS)(1.0), 0, None)


def followed(quantity: Parameter) -> bool:
    """Return whether compiled code can set a parameter at every time."""
    products = quantity.products if type(quantity) is Parameter and not quantity.declaration.choices else None
    if products is None:
        return False
    for _, function in products:
        each = function.signals if isinstance(function, ReplicaSignals) else [function]
        if not all(type(factor) in _KINDS for signal in each for factor in _factors(signal)):
            return False
    return True


def prepare_drives(backend: Backend) -> None:
    """Begin to compile in the background what `Drives` need."""
    assert backend.runtime is not None
    prepare(drives_source(backend.dtype), backend.runtime.compiler)


def _factors(signal: Any) -> list[Any]:
    """Return the signals whose product a function of time is; none for what does not change."""
    if signal is None:
        return []
    if type(signal) is Product:
        return [factor for each in signal.signals for factor in _factors(each)]
    return [signal]


def _number(signal: Any, name: str) -> float:
    if name == "last":  # pulse of a train, the first being number 0
        return np.inf if signal.count is None else signal.count - 1.0
    return getattr(signal, name)
