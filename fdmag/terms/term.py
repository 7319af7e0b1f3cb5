"""The term protocol: every interaction is an effective field in tesla."""

import copy
import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import ModuleType
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from fdmag.backend import Backend
from fdmag.constants import GAMMA_E
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.noise import Noise
from fdmag.parameter import Declaration, Parameter, declarations, parameter
from fdmag.regions import Regions
from fdmag.shares import Shares

Built = TypeVar("Built")


@cache
def _declarations(owner: type) -> dict[str, Declaration]:
    """Return the declarations of a class, looked up once: a step asks for them at each evaluation."""
    return declarations(owner)


@cache
def _kernel_declarations(owner: type) -> dict[str, Declaration]:
    return declarations(owner) | declarations(owner, "derived")


@dataclass
class Declared:
    """A dataclass whose parameters are declared; `bind` turns given values into `Parameter`.

    Fields declared by `fdmag.parameter.derived` are further parameters, which nobody gives: `Term.complete` sets them.
    Reference and kernel read them like the others.
    """

    name: ClassVar[str]

    @classmethod
    def parameters(cls) -> dict[str, Declaration]:
        """Return the declared parameters by name."""
        return dict(_declarations(cls))  # type: ignore[arg-type]

    @classmethod
    def kernel_parameters(cls) -> dict[str, Declaration]:
        """Return what a kernel reads, in order: the declared parameters, then the derived ones."""
        return dict(_kernel_declarations(cls))  # type: ignore[arg-type]

    def bind(self, mesh: Mesh, regions: Regions, where: str | None = None) -> Self:
        """Return a copy in which each value is a `Parameter` checked against the mesh; None stays None.

        Raises
        ------
        ParameterError
            For a wrong value, or if not exactly one is given of two that exclude each other.
        """
        where = where or self.name
        for key, declaration in self.parameters().items():
            other = declaration.unless
            if other is not None and (getattr(self, key) is None) == (getattr(self, other) is None):
                came = "neither" if getattr(self, key) is None else "both"
                raise ParameterError(f"{where}: came {came}; give {key} or {other}, exactly one of the two")
        bound = {
            key: Parameter(value, declaration, mesh, regions, f"{where}.{key}")
            for key, declaration in self.parameters().items()
            if (value := getattr(self, key)) is not None
        }
        return dataclasses.replace(self, **bound)

    def bound(self) -> list[Parameter]:
        """Return the parameters of a bound and complete instance, in the order of `kernel_parameters`."""
        return [getattr(self, key) for key in _kernel_declarations(type(self))]  # type: ignore[arg-type]

    def derive(self, mesh: Mesh, regions: Regions, **values: NDArray) -> None:
        """Set derived parameters of this bound instance to arrays (batch | 1, components, nz | 1, ny | 1, nx | 1)."""
        for key, array in values.items():
            declaration = _kernel_declarations(type(self))[key]  # type: ignore[arg-type]
            setattr(self, key, Parameter(array, declaration, mesh, regions, f"{self.name}.{key}"))


@dataclass
class Material(Declared):
    """Constants of the magnet itself: saturation magnetisation, Gilbert damping, gyromagnetic ratio, frozen spins.

    Where ``frozen`` is not 0, m stays as it is: dm/dt = 0 in time, in relaxation and in minimisation, and what acts
    there counts in no torque. Its exchange, stray field and energies stay.
    """

    name: ClassVar[str] = "material"
    Ms: Any = parameter("A/m", "saturation magnetisation", minimum=0, time_dependent=False)
    alpha: Any = parameter("1", "Gilbert damping", default=0.01, minimum=0)
    gamma: Any = parameter("rad/(s T)", "gyromagnetic ratio", default=GAMMA_E, above=0, time_dependent=False)
    frozen: Any = parameter("1", "1 where m is held fixed, 0 elsewhere", default=0.0, time_dependent=False,
                            choices=(0, 1))  # fmt: skip

    @property
    def freezes(self) -> bool:
        """Whether m is held fixed anywhere."""
        return bool(self.frozen.base.any())

    @cached_property
    def rate(self) -> Parameter:
        """``gamma`` where m moves, 0 where it is frozen: all that the equation of motion needs to know of both."""
        if not self.freezes:
            return self.gamma
        rate = copy.copy(self.gamma)
        rate.base = self.gamma.base * (self.frozen.base == 0)
        return rate


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
    stochastic: ClassVar[bool] = False
    """Whether the field is noise: there in time steps alone, and nothing in equilibria, energies and field outputs."""
    slow: ClassVar[bool] = False
    """Whether the field costs much and changes slowly, so that it may be extrapolated within a step.

    See `fdmag.solvers.slow_field.SlowField`."""
    fills_itself: ClassVar[bool] = False
    """Whether the term reads `shares` itself; otherwise smooth edges change its parameters for it."""
    shares: Shares | None = None
    """How much of each cell is magnet; None: full cells, and empty ones where Ms = 0. Set before `complete`."""
    per_replica: ClassVar[tuple[str, ...]] = ()
    """Fields beside the parameters that may be `PerReplica`."""
    summary_units: ClassVar[dict[str, str]] = {}
    """Further columns of the result table that the term fills in `summary`: name and unit."""

    @classmethod
    def has_energy(cls) -> bool:
        """Return whether the term derives from an energy."""
        return cls.degree is not None or cls.energy_density is not Term.energy_density

    def check(self, mesh: Mesh) -> None:
        """Raise `ParameterError` if the term cannot act on this mesh. Called once, on the bound term."""

    def complete(self, mesh: Mesh, regions: Regions, Ms: Parameter) -> None:
        """Set the derived parameters of this bound term. Called again when a parameter or Ms was changed."""

    def replica_counts(self) -> dict[str, int]:
        """Return for how many replicas something beside the parameters is given, by its name."""
        return {}

    @property
    def noisy(self) -> bool:
        """Whether the field of this bound term is noise with its present parameters."""
        return self.stochastic

    def follow(self, mesh: Mesh, regions: Regions, material: Material, noise: Noise) -> None:
        """Take what this bound term needs of the material and of the noise. Called again when the material changed."""

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
