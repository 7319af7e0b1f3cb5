"""A value that may vary over nothing, replicas, regions, cells or time, as one strided array.

Every material constant and every drive is a `Parameter`: an array of shape
``(batch | 1, components, nz | 1, ny | 1, nx | 1)`` in SI units, multiplied by an optional
function of time. An axis the value does not vary over has length 1, so NumPy broadcasts it and
a compiled kernel reads it with stride 0.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.declaration import Declaration, declarations, derived, parameter, tables
from fdmag.errors import ParameterError
from fdmag.grains import GrainValues
from fdmag.mesh import Mesh
from fdmag.regions import Regions
from fdmag.replica_signals import ReplicaSignals

__all__ = [
    "Declaration",
    "Driven",
    "Parameter",
    "PerReplica",
    "Sum",
    "TimeFunction",
    "declarations",
    "derived",
    "parameter",
    "tables",
]

TimeFunction = Callable[[NDArray], Any]


@dataclass(frozen=True)
class PerReplica:
    """One value per replica: scalars, or vectors for a vector parameter.

    >>> PerReplica([0.1, 0.2, 0.3]).count
    3
    """

    values: Sequence[Any] | NDArray

    @property
    def count(self) -> int:
        """Number of replicas."""
        return len(self.values)


@dataclass(frozen=True)
class Driven:
    """A pattern in space times a function of time: value(t) = pattern × signal(t).

    Attributes
    ----------
    pattern : any parameter value that is constant in time
    signal : callable, or PerReplica of signals
        Called with t, (batch,) [s]; returns factors, (batch,) or a scalar. `PerReplica` gives each its own `Signal`.
    """

    pattern: Any
    signal: TimeFunction | PerReplica

    @property
    def function(self) -> TimeFunction:
        """The signal as a function of time."""
        return ReplicaSignals(tuple(self.signal.values)) if isinstance(self.signal, PerReplica) else self.signal


@dataclass(frozen=True, init=False)
class Sum:
    """The sum of values of any kind: patterns in space, each with a drive of its own.

    >>> from fdmag.signals import Pulse, Sine
    >>> bias, wave = (0, 0, 0.1), Driven((0.001, 0, 0), Sine(frequency=5e9))
    >>> field = Sum(bias, wave, Driven((0, 0.01, 0), Pulse(length=1e-9)))
    """

    items: tuple[Any, ...]

    def __init__(self, *items: Any) -> None:
        object.__setattr__(self, "items", items)


class Parameter:
    """A declared value, checked against a mesh and ready to be read at any time.

    Parameters
    ----------
    value
        A number or vector; an array over cells ``(nz, ny, nx)`` or ``(3, nz, ny, nx)``; a full
        array ``(batch, components, nz, ny, nx)`` with length 1 where constant; a mapping from
        region names to values; `PerReplica`; `PerGrain` and `TiltedPerGrain`; `Driven`; a `Sum` of these; or a
        function of time. The function gets t, shape (batch,) [s], and returns one item per component, each a scalar or
        (batch,); or a full array.
    declaration : Declaration
        Unit, range and number of components.
    mesh : Mesh
    regions : Regions
    where : str
        Name used in messages, such as "exchange.A".

    Raises
    ------
    ParameterError
        Wrong shape, unknown region, value not finite or out of range.
    """

    def __init__(self, value: Any, declaration: Declaration, mesh: Mesh, regions: Regions, where: str) -> None:
        self.declaration = declaration
        self.where = where
        self._mesh = mesh
        self.function: TimeFunction | None = None
        self._factor_is_full = False
        self._parts: list[Parameter] = []
        if isinstance(value, Sum):
            self._add_up(value, regions)
            return
        pattern = value
        if isinstance(value, Driven):
            pattern, self.function = value.pattern, value.function
        elif callable(value):
            pattern, self.function, self._factor_is_full = 1.0, value, True
        if self.function is not None and not declaration.time_dependent:
            raise ParameterError(f"{where}: {declaration.meaning} cannot depend on time")
        if self._factor_is_full:
            self.base = np.ones((1, 1, 1, 1, 1))
        else:
            self.base = self._spatial(pattern, regions)
            declaration.check(self.base, where)
            if declaration.unit_vector:
                self.base = _normalised(self.base, where)
        if isinstance(self.function, ReplicaSignals) and self.base.shape[0] not in (1, self.function.count):
            raise ParameterError(
                f"{where}: {self.function.count} signals for {self.base.shape[0]} replicas; give one for each"
            )

    @property
    def batch(self) -> int:
        """Number of replicas this value is given for; 1 if it is common to all."""
        own = self.function.count if isinstance(self.function, ReplicaSignals) else 1
        return max(self.base.shape[0], own)

    @property
    def constant(self) -> bool:
        """Whether the value does not change with time."""
        return not self.drives

    @property
    def in_cells(self) -> bool:
        """Whether a kernel finds the value cell by cell now, even in a mesh of one cell."""
        return False

    @property
    def drives(self) -> list[TimeFunction]:
        """The functions of time in it."""
        own = [] if self.function is None else [self.function]
        return own + [drive for part in self._parts for drive in part.drives]

    @property
    def products(self) -> list[tuple[NDArray[np.float64], TimeFunction | None]] | None:
        """The patterns, (batch | 1, components, nz | 1, ny | 1, nx | 1), and their functions of time that add up to it.

        None if the value is no such sum: a function of time alone, or a direction.
        """
        if self.declaration.unit_vector or self._factor_is_full:
            return None
        found = [(self.base, self.function)] if not self._parts else []
        for part in self._parts:
            if part.products is None:
                return None
            found += part.products
        return found

    def varies_along(self, axis: int) -> bool:
        """Whether the value differs between cells along x, y or z (axis 0, 1, 2), at t = 0 if it depends on time."""
        if self._parts:
            return any(part.varies_along(axis) for part in self._parts)
        values = self.at(np.zeros(self.batch)) if self._factor_is_full else self.base
        return bool(np.any(values != np.take(values, [0], axis=4 - axis)))

    def at(self, t: NDArray[np.float64], replicas: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Return the value at times ``t``, shape (batch,) [s], of the chosen replicas.

        Returns
        -------
        array (batch | 1, components, nz | 1, ny | 1, nx | 1), float64
        """
        if not self.constant and self._parts:
            total = sum((part.at(t, replicas) for part in self._parts), np.zeros((1, 1, 1, 1, 1)))
            self.declaration.check(total, self.where, t)
            return total
        base = self.base if replicas is None or self.base.shape[0] == 1 else self.base[replicas]
        if self.function is None:
            return base
        if not self._factor_is_full:
            found = self.function.of(t, replicas) if isinstance(self.function, ReplicaSignals) else self.function(t)
            factor = np.broadcast_to(np.asarray(found, dtype=np.float64), t.shape)
            values = base * factor[:, None, None, None, None]
            if self.declaration.ranged:
                self.declaration.check(values, self.where, t)
            return _normalised(values, self.where) if self.declaration.unit_vector else values
        values = self._evaluated(t)
        self.declaration.check(values, self.where, t)
        return _normalised(values, self.where) if self.declaration.unit_vector else values

    def mapped(self, linear: Callable[[NDArray], NDArray]) -> Any:
        """Return the value of another parameter: a linear map applied to this one, at every time.

        ``linear`` takes and returns arrays (batch, components, nz, ny, nx); it is called once for what is driven by a
        signal, which commutes with it.
        """
        if self._parts:
            return Sum(*(part.mapped(linear) for part in self._parts))
        if self._factor_is_full:
            return _MappedFunction(self, linear)
        image = linear(self.base)
        return image if self.function is None else Driven(image, self.function)

    def _add_up(self, value: Sum, regions: Regions) -> None:
        declaration = self.declaration
        if declaration.unit_vector or not value.items:
            what = "a direction cannot be a sum" if declaration.unit_vector else "a sum of nothing"
            raise ParameterError(f"{self.where}: {what}; give one value")
        part = declaration.without_range()
        self._parts = [
            Parameter(item, part, self._mesh, regions, f"{self.where}, item {number} of the sum")
            for number, item in enumerate(value.items, start=1)
        ]
        counts = {part.batch for part in self._parts} - {1}
        if len(counts) > 1:
            raise ParameterError(f"{self.where}: the items of the sum are for {sorted(counts)} replicas; give as many")
        if self.constant:
            self.base = sum((part.base for part in self._parts), np.zeros((1, 1, 1, 1, 1)))
            declaration.check(self.base, self.where)
        else:
            self.base = np.ones((max(counts, default=1), 1, 1, 1, 1))  # tells the number of replicas alone

    def _evaluated(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        assert self.function is not None
        result = self.function(t)
        if isinstance(result, np.ndarray) and result.ndim == 5:
            allowed = (t.size, self.declaration.components, *self._mesh.shape)
            # Compiled kernels read what the shape promises, so a wrong one must not pass.
            fits = all(have in (1, want) for have, want in zip(result.shape, allowed, strict=True))
            if not fits or result.shape[1] != self.declaration.components:
                raise ParameterError(
                    f"{self.where}: the function of time returned an array of shape {result.shape}; "
                    f"allowed: {allowed}, with length 1 where constant, except for the components"
                )
            return result if len(result) == t.size else np.broadcast_to(result, (t.size, *result.shape[1:]))
        items = [result] if self.declaration.components == 1 else list(result)
        if len(items) != self.declaration.components:
            raise ParameterError(
                f"{self.where}: the function of time returned {len(items)} components; "
                f"{self.declaration.components} are needed"
            )
        columns = [np.broadcast_to(np.asarray(item, dtype=np.float64), t.shape) for item in items]
        return np.stack(columns, axis=1)[:, :, None, None, None]

    def _spatial(self, value: Any, regions: Regions) -> NDArray[np.float64]:
        components = self.declaration.components
        if isinstance(value, Mapping):
            try:
                return regions.expand(value, components)[None]
            except ParameterError as error:
                raise ParameterError(f"{self.where}: {error}") from error
        if isinstance(value, GrainValues):
            try:
                return value.over_cells(regions, components)
            except ParameterError as error:
                raise ParameterError(f"{self.where}: {error}") from error
        if isinstance(value, PerReplica):
            rows = np.asarray(value.values, dtype=np.float64)
            expected = (value.count,) if components == 1 else (value.count, components)
            if value.count == 0 or rows.shape != expected:
                raise ParameterError(
                    f"{self.where}: values per replica have shape {rows.shape}; "
                    f"{expected if value.count else 'at least one replica'} is needed"
                )
            return rows.reshape(value.count, components, 1, 1, 1)
        return self._from_array(value)

    def _from_array(self, value: ArrayLike) -> NDArray[np.float64]:
        components = self.declaration.components
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            wanted = f"{self.declaration.meaning} [{self.declaration.unit}]"
            raise ParameterError(f"{self.where}: {value!r} is not a number; allowed: {wanted}") from error
        cells = self._mesh.shape
        lead = () if components == 1 else (components,)
        if array.shape == lead:
            return array.reshape(1, components, 1, 1, 1)
        if array.shape == (*lead, *cells):
            return array.reshape(1, components, *cells)
        fits = array.ndim == 5 and array.shape[1] == components
        if fits and all(have in (1, want) for have, want in zip(array.shape[2:], cells, strict=True)):
            return array
        raise ParameterError(
            f"{self.where}: array of shape {array.shape}; allowed: {lead} for one value, {(*lead, *cells)} "
            f"for a value per cell, or (batch, {components}, nz, ny, nx) with length 1 where constant"
        )


def _normalised(vectors: NDArray[np.float64], where: str) -> NDArray[np.float64]:
    length = np.sqrt(np.sum(vectors * vectors, axis=1, keepdims=True))
    if np.any(length == 0):
        raise ParameterError(f"{where}: a direction of zero length; give at least one non-zero component")
    return vectors / length


@dataclass(frozen=True)
class _MappedFunction:
    """A linear map applied to a parameter that is a function of time."""

    quantity: Parameter
    linear: Callable[[NDArray], NDArray]

    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.linear(self.quantity.at(t))
