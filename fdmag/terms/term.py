"""The term protocol: every interaction is an effective field in tesla."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from fdmag.backend import Backend
from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Declaration, Parameter, declarations, parameter
from fdmag.regions import Regions

Built = TypeVar("Built")


@cache
def _declarations(owner: type) -> dict[str, Declaration]:
    """Return the declarations of a class, looked up once: a step asks for them at each evaluation."""
    return declarations(owner)


@dataclass
class Declared:
    """A dataclass whose parameters are declared; `bind` turns given values into `Parameter`."""

    name: ClassVar[str]

    @classmethod
    def parameters(cls) -> dict[str, Declaration]:
        """Return the declared parameters by name."""
        return dict(_declarations(cls))  # type: ignore[arg-type]

    def bind(self, mesh: Mesh, regions: Regions, where: str | None = None) -> Self:
        """Return a copy in which each declared value is a `Parameter` checked against the mesh."""
        where = where or self.name
        bound = {
            key: Parameter(getattr(self, key), declaration, mesh, regions, f"{where}.{key}")
            for key, declaration in self.parameters().items()
        }
        return dataclasses.replace(self, **bound)

    def bound(self) -> list[Parameter]:
        """Return the parameters of a bound instance."""
        return [getattr(self, key) for key in _declarations(type(self))]  # type: ignore[arg-type]


@dataclass
class Material(Declared):
    """Constants of the magnet itself: saturation magnetisation, Gilbert damping, gyromagnetic ratio."""

    name: ClassVar[str] = "material"
    Ms: Any = parameter("A/m", "saturation magnetisation", minimum=0, time_dependent=False)
    alpha: Any = parameter("1", "Gilbert damping", default=0.01, minimum=0)
    gamma: Any = parameter("rad/(s T)", "gyromagnetic ratio", default=GAMMA_E, above=0, time_dependent=False)


@dataclass
class Context:
    """What a term needs besides m: the mesh, the material and the time of each replica.

    Attributes
    ----------
    mesh : Mesh
    material : Material
        Bound to the mesh.
    backend : Backend
    t : array (batch,), float64
        Time of each replica in this evaluation [s].
    replicas : int array (batch,) or None
        Which replicas of the simulation the evaluation is for; None means all.
    """

    mesh: Mesh
    material: Material
    backend: Backend
    t: NDArray[np.float64]
    replicas: NDArray[np.intp] | None = None
    cache: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def xp(self) -> ModuleType:
        """The array module of the device."""
        return self.backend.xp

    def value(self, quantity: Parameter) -> NDArray:
        """Return a parameter now, (batch | 1, components, nz | 1, ny | 1, nx | 1), in the computing precision."""
        if not quantity.constant:
            return self.backend.asarray(quantity.at(self.t, self.replicas))
        key = ("value", id(quantity))
        if key not in self.cache:
            # The parameter is kept beside the array so that its id cannot be reused while the entry lives.
            self.cache[key] = quantity, self.backend.asarray(quantity.base)
        return self.select(self.cache[key][1])

    def select(self, values: NDArray) -> NDArray:
        """Return the rows of this evaluation's replicas from an array given for all of them."""
        return values if self.replicas is None or values.shape[0] == 1 else values[self.replicas]

    def derived(self, owner: Declared, build: Callable[["Context"], Built]) -> Built:
        """Return ``build(context)`` for the replicas of this evaluation, kept while what it rests on is constant.

        ``build`` must be a function of the parameters of ``owner`` and of the material alone. It returns arrays
        (batch | 1, ...), and lists and tuples of them; anything else in these is common to all replicas.
        """
        inputs = [*owner.bound(), *self.material.bound()]
        if not all(quantity.constant for quantity in inputs):
            return build(self)
        key = ("derived", build.__qualname__, *map(id, inputs))
        if key not in self.cache:
            self.cache[key] = inputs, build(dataclasses.replace(self, replicas=None))
        return self._selected(self.cache[key][1])

    def _selected(self, built: Any) -> Any:
        if self.replicas is None:
            return built
        if isinstance(built, np.ndarray):
            return self.select(built)
        if isinstance(built, list | tuple):
            items = [self._selected(item) for item in built]
            return type(built)(*items) if hasattr(built, "_fields") else type(built)(items)
        return built

    def static(self, key: str, build: Callable[[], Built]) -> Built:
        """Return ``build()``, kept for the life of the simulation: for what rests on the mesh alone."""
        if ("static", key) not in self.cache:
            self.cache["static", key] = build()
        return self.cache["static", key]

    @property
    def Ms(self) -> NDArray:
        """Saturation magnetisation [A/m], (batch | 1, 1, nz | 1, ny | 1, nx | 1)."""
        return self.value(self.material.Ms)

    @property
    def inverse_Ms(self) -> NDArray:
        """1 / Ms [m/A], 0 where Ms = 0; shape as `Ms`."""
        return self.derived(self.material, _inverse_Ms)

    @property
    def magnetic(self) -> NDArray | None:
        """1 where Ms > 0 and 0 elsewhere, shaped as `Ms`; None if every cell is magnetic."""
        mask, everywhere = self.derived(self.material, _magnetic)
        return None if everywhere else mask


def _magnetic(context: Context) -> tuple[NDArray, bool]:
    mask = context.Ms > 0
    return mask.astype(context.Ms.dtype), bool(mask.all())


def _inverse_Ms(context: Context) -> NDArray:
    Ms = context.Ms
    magnetic = Ms > 0
    return context.xp.where(magnetic, 1 / context.xp.where(magnetic, Ms, 1), 0).astype(Ms.dtype)


class Term(Declared, ABC):
    """An interaction, as an effective field B(m, t) in tesla.

    A subclass is a dataclass that declares ``name`` (its table in a scene and its column in the results),
    ``degree`` and its parameters with `fdmag.parameter.parameter`, and defines `field`.

    ``degree`` is p if the energy is homogeneous of degree p in m: then e = −(1/p) Ms m·B. A term whose energy
    has several degrees overrides `energy_density`; a term without energy (a torque) leaves ``degree`` None,
    and minimisers refuse it. ``kernel`` names its header below ``kernels/``, if it has one.
    """

    degree: ClassVar[int | None] = None
    kernel: ClassVar[str | None] = None
    summary_units: ClassVar[dict[str, str]] = {}
    """Further columns of the result table that the term fills in `summary`: name and unit."""

    @classmethod
    def has_energy(cls) -> bool:
        """Return whether the term derives from an energy."""
        return cls.degree is not None or cls.energy_density is not Term.energy_density

    def check(self, mesh: Mesh) -> None:
        """Raise `ParameterError` if the term cannot act on this mesh. Called once, on the bound term."""

    @abstractmethod
    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return the effective field [T].

        Parameters
        ----------
        m : array (batch, 3, nz, ny, nx)
            Unit vectors; zero where Ms = 0.
        context : Context

        Returns
        -------
        array that broadcasts to the shape of m. What it holds where Ms = 0 is ignored.
        """

    def energy_density(self, m: NDArray, field: NDArray, context: Context) -> NDArray:
        """Return the energy density [J/m³], (batch, nz, ny, nx).

        Parameters
        ----------
        m : array (batch, 3, nz, ny, nx)
        field : array (batch, 3, nz, ny, nx) [T]
            What `field` gave for this m.
        """
        if self.degree is None:
            raise ParameterError(f'term "{self.name}" has no energy: it is not the gradient of one')
        return -context.Ms[:, 0] * dot(m, field) / self.degree

    def summary(self, context: Context) -> dict[str, NDArray]:
        """Return the values [SI], (batch | 1,), of the columns declared in ``summary_units``."""
        return {}


def dot(a: NDArray, b: NDArray) -> NDArray:
    """Return a·b over axis 1: (batch, 3, ...) and (batch, 3, ...) to (batch, ...)."""
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]
