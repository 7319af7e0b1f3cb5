"""A magnet on the host: the local terms and the torque compiled into one pass, all other terms in NumPy."""

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fdmag.backend import Backend
from fdmag.errors import ParameterError
from fdmag.kernels import LocalTerm, kernel_path
from fdmag.kernels.runtime import Runtime
from fdmag.kernels.source import MATERIAL
from fdmag.kernels.unit import DESCENT, FIELD, SLOPE, Unit
from fdmag.magnet import Magnet
from fdmag.mesh import Mesh
from fdmag.parameter import Parameter
from fdmag.regions import Regions
from fdmag.terms import Context, Material, Term


def magnet_for(mesh: Mesh, regions: Regions, backend: Backend, material: Material, terms: Iterable[Term]) -> Magnet:
    """Return the magnet that computes on the device of ``backend``."""
    kind = Magnet if backend.runtime is None else HostMagnet
    return kind(mesh, regions, backend, material, terms)


class HostMagnet(Magnet):
    """A `Magnet` whose terms with a kernel are compiled; a term without one is added by its NumPy reference."""

    @property
    def stages(self) -> Runtime:
        """The compiled arithmetic of stages."""
        assert self.backend.runtime is not None
        return self.backend.runtime

    def field(self, m: NDArray, context: Context, names: Iterable[str] | None = None) -> NDArray:
        """Return the sum of the fields [T] of some or all terms; shape of m, zero where Ms = 0."""
        bound = self._bound()
        if names is None:
            return self._local(m, context, FIELD)
        total = None
        for name in names:
            if name in bound.numbers:
                unit, m, replicas = self._ready(m, context)
                field = unit.term(bound.numbers[name], m, replicas)
            else:
                field = super().field(m, context, [name])
            total = field if total is None else total + field
        return np.zeros_like(m) if total is None else total

    def field_and_energies(self, m: NDArray, context: Context) -> tuple[NDArray, dict[str, NDArray[np.float64]]]:
        """Return the field [T] of all terms together, and the energy [J], (n,), of each that has one, by name."""
        bound = self._bound()
        unit, m, replicas = self._ready(m, context)
        compiled = unit.energies(m, replicas)
        other, energies = None, {}
        for name, term in self.terms.items():
            if name in bound.numbers:
                if term.has_energy():
                    energies[name] = compiled[:, bound.numbers[name]].copy()
                continue
            field = super().field(m, context, [name])
            if term.has_energy():
                energies[name] = self.energy(name, m, field, context)
            other = field if other is None else other + field
        return unit.local(m, replicas, other, FIELD), energies

    def inner(self, a: NDArray, b: NDArray, replicas: NDArray | None) -> NDArray[np.float64]:
        """Return ∫ Ms a·b dV, (n,): with a = B and b = δm, minus the change of energy [J]."""
        unit, a, rows = self._ready(a, self.context(np.zeros(a.shape[0]), replicas))
        return unit.inner(a, self.backend.asarray(b), rows)

    def slope(self, m: NDArray, t: NDArray, replicas: NDArray | None) -> NDArray:
        """Return dm/dt [1/s] of the Landau–Lifshitz–Gilbert equation."""
        return self._local(m, self.context(t, replicas), SLOPE)

    def descent(self, m: NDArray, t: NDArray, replicas: NDArray | None) -> NDArray:
        """Return −m × (m × B) [T]."""
        return self._local(m, self.context(t, replicas), DESCENT)

    def max_torque(self, m: NDArray, field: NDArray) -> NDArray[np.float64]:
        """Return max |m × B| over the cells [T], (n,)."""
        return self.stages.torque(self.backend.asarray(m), field)

    def _local(self, m: NDArray, context: Context, kind: int) -> NDArray:
        bound = self._bound()
        unit, m, replicas = self._ready(m, context)
        other = super().field(m, context, bound.others) if bound.others else None
        return unit.local(m, replicas, other, kind)

    def _bound(self) -> "_Bound":
        key = ("compiled",)
        if key not in self._cache:
            self._cache[key] = _Bound(self)
        return self._cache[key]

    def _ready(self, m: NDArray, context: Context) -> tuple[Unit, NDArray, NDArray | None]:
        """Return the unit with the parameters of now, m as it wants it, and which replicas the rows are."""
        bound = self._bound()
        rows = len(m)
        if m.shape != (rows, 3, *self.mesh.shape) or (context.replicas is None and bound.batch not in (1, rows)):
            raise ParameterError(
                f"m: array of shape {m.shape}; needed: {(bound.batch, 3, *self.mesh.shape)} "
                "with one row per replica, or the numbers of the replicas"
            )
        replicas = context.replicas
        if replicas is not None:
            replicas = np.ascontiguousarray(replicas, dtype=np.int64)
        return bound.unit(context.t, context.replicas), self.backend.asarray(m), replicas


class _Bound:
    """The compiled units of a magnet's terms, and the parameters they read; valid until a parameter is set."""

    def __init__(self, magnet: Magnet) -> None:
        self._mesh, self._backend = magnet.mesh, magnet.backend
        self._terms = [(name, term) for name, term in magnet.terms.items() if has_kernel(type(term))]
        self.numbers = {name: number for number, (name, _) in enumerate(self._terms)}
        self.others = [name for name in magnet.terms if name not in self.numbers]
        owners = [[getattr(magnet.material, key) for key in MATERIAL], *(term.bound() for _, term in self._terms)]
        quantities: list[Parameter] = [quantity for owner in owners for quantity in owner]
        self._constant = {k: self._packed(q.base) for k, q in enumerate(quantities) if q.constant}
        self._changing = {k: q for k, q in enumerate(quantities) if not q.constant}
        self.batch = max((quantity.batch for quantity in quantities), default=1)
        self._units: dict[tuple[bool, ...], Unit] = {}

    def unit(self, t: NDArray, replicas: NDArray | None) -> Unit:
        """Return the unit for what varies now, with all parameters given."""
        if not self._changing and self._units:
            return next(iter(self._units.values()))
        now = {place: self._packed(quantity.at(t, replicas)) for place, quantity in self._changing.items()}
        values = self._constant | now
        per_cell = tuple(values[place].ndim > 2 for place in range(len(values)))
        if per_cell not in self._units:
            self._units[per_cell] = self._built(per_cell)
        unit = self._units[per_cell]
        for place, array in now.items():
            unit.give(place, array, by_row=True)
        return unit

    def _built(self, per_cell: tuple[bool, ...]) -> Unit:
        mesh, backend = self._mesh, self._backend
        assert backend.runtime is not None
        kinds = list(per_cell[len(MATERIAL) :])
        terms = [_local_term(name, term, kinds) for name, term in self._terms]
        unit = Unit(
            backend.runtime, backend.dtype, mesh.cells, mesh.cell_size, mesh.periodic,
            per_cell[: len(MATERIAL)], terms,
        )  # fmt: skip
        for place, array in self._constant.items():
            unit.give(place, array, by_row=False)
        return unit

    def _packed(self, values: NDArray) -> NDArray:
        """Return (batch, components) if the value is the same in all cells, else (batch, components, nz, ny, nx)."""
        if values.shape[2:] == (1, 1, 1):
            values = values[:, :, 0, 0, 0]
        else:
            values = np.broadcast_to(values, (*values.shape[:2], *self._mesh.shape))
        return self._backend.asarray(values)


def has_kernel(kind: type[Term]) -> bool:
    """Return whether the term's header says what its reference says.

    A class that redefines `field` or `energy_density` of one with a kernel has none, unless it names its own.
    """
    if kind.kernel is None:
        return False
    owner = _owner(kind, "kernel")
    return issubclass(owner, _owner(kind, "field")) and issubclass(owner, _owner(kind, "energy_density"))


def _local_term(name: str, term: Term, kinds: list[bool]) -> LocalTerm:
    """Describe a term to the unit, taking what varies over the cells from the front of ``kinds``."""
    owner = _owner(type(term), "kernel")
    source = getattr(sys.modules.get(owner.__module__), "__file__", None)
    folder = Path.cwd() if source is None else Path(source).resolve().parent  # a notebook has no file
    parameters = tuple((key, declared.components, kinds.pop(0)) for key, declared in term.parameters().items())
    density = type(term).energy_density is not Term.energy_density
    assert term.kernel is not None
    return LocalTerm(owner.__name__, kernel_path(str(term.kernel), folder, name), parameters, term.degree, density)


def _owner(kind: type, attribute: str) -> type:
    return next(base for base in kind.__mro__ if attribute in vars(base))
