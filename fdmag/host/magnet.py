"""A magnet on the host: the local terms and the torque compiled into one pass, all other terms in NumPy."""

from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fdmag.backend import Backend
from fdmag.demag import HostDemag, prepare_demag
from fdmag.errors import ParameterError
from fdmag.host.increments import Increments
from fdmag.host.stepper import HostStepper
from fdmag.host.terms import HostTerms
from fdmag.kernels.runtime import Runtime
from fdmag.kernels.unit import DESCENT, FIELD, SLOPE, Unit
from fdmag.magnet import Magnet
from fdmag.mesh import Mesh
from fdmag.regions import Regions
from fdmag.shares import Shares
from fdmag.solvers.stages import Stepper
from fdmag.solvers.tableau import Tableau
from fdmag.state import State
from fdmag.terms import Context, Demag, Material, Term


def magnet_for(
    mesh: Mesh,
    regions: Regions,
    backend: Backend,
    material: Material,
    terms: Iterable[Term],
    shares: Shares | None = None,
) -> Magnet:
    """Return the magnet that computes on the device of ``backend``."""
    kind = Magnet if backend.runtime is None else HostMagnet
    return kind(mesh, regions, backend, material, terms, shares)


class HostMagnet(Magnet):
    """A `Magnet` whose terms with a kernel are compiled; a term without one is added by its NumPy reference."""

    def field(self, m: NDArray, context: Context, names: Iterable[str] | None = None) -> NDArray:
        """Return the sum of the fields [T] of some or all terms; shape of m, zero where Ms = 0."""
        bound = self.compiled_terms()
        if names is None:
            return self._local(m, context.t, context.replicas, FIELD)
        total = None
        for name in names:
            if name in bound.numbers:
                unit, m, replicas = self._ready(bound, m, context.t, context.replicas)
                field = unit.term(bound.numbers[name], m, replicas)
            else:
                field = super().field(m, context, [name])
            total = field if total is None else total + field
        return np.zeros_like(m) if total is None else total

    def field_and_energies(self, m: NDArray, context: Context) -> tuple[NDArray, dict[str, NDArray[np.float64]]]:
        """Return the field [T] of all terms together, and the energy [J], (n,), of each that has one, by name."""
        bound = self.compiled_terms()
        unit, m, replicas = self._ready(bound, m, context.t, context.replicas)
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
        unit, a, rows = self._ready(self.compiled_terms(), a, np.zeros(a.shape[0]), replicas)
        return unit.inner(a, self.backend.asarray(b), rows)

    def slope(self, m: NDArray, t: NDArray, replicas: NDArray | None) -> NDArray:
        """Return dm/dt [1/s] of the Landau–Lifshitz–Gilbert equation."""
        return self._local(m, t, replicas, SLOPE)

    def descent(self, m: NDArray, t: NDArray, replicas: NDArray | None) -> NDArray:
        """Return −m × (m × B) [T]."""
        return self._local(m, t, replicas, DESCENT)

    def max_torque(self, m: NDArray, field: NDArray) -> NDArray[np.float64]:
        """Return max |m × B| over the cells [T], (n,)."""
        return self._runtime.torque(self.backend.asarray(m), field)

    def gradient(self, m: NDArray, B: NDArray) -> NDArray:
        """Return m × (m × B) [T]: minus the part of B across m."""
        return self._runtime.gradient(self.backend.asarray(m), B)

    def turned(self, m: NDArray, gradient: NDArray, steps: NDArray[np.float64]) -> NDArray:
        """Return m turned towards the field by steps, (n,) [1/T], of the midpoint rule."""
        return self._runtime.turned(self.backend.asarray(m), gradient, steps)

    def largest(self, vectors: NDArray) -> NDArray[np.float64]:
        """Return the largest |v| over the cells of each row, (n,)."""
        return self._runtime.largest(self.backend.asarray(vectors))

    @property
    def _runtime(self) -> Runtime:
        assert self.backend.runtime is not None
        return self.backend.runtime

    def stepper(self, state: State, tableau: Tableau, still: NDArray[np.float64] | None = None) -> Stepper:
        """Return what steps a state of this magnet: see `Magnet.stepper`."""
        if tableau.implicit:
            return super().stepper(state, tableau, still)
        return self.with_noise(HostStepper(self, self._runtime, state, tableau, still), still)

    def _drawing(self) -> Increments:
        """Return what draws the noise."""
        return Increments(self.backend, self.mesh.shape)

    def compiled_terms(self) -> HostTerms:
        """Return the compiled terms, another object after a parameter was set."""
        key = ("compiled",)
        if key not in self._cache:
            if any(isinstance(term, Demag) for term in self.terms.values()):
                prepare_demag(self.mesh, self.backend.dtype)  # while this thread compiles the local terms
            if self.noisy and isinstance(self.noise.drawing, Increments):
                self.noise.drawing.prepare()
            self._cache[key] = HostTerms(self.mesh, self.backend, self.material, self.terms)
        return self._cache[key]

    def convolution(self) -> HostDemag | None:
        """Return the compiled demag convolution if it gives all that the compiled terms do not."""
        key = ("convolution",)
        if key not in self._cache:
            others = self.compiled_terms().others
            term = self.terms[others[0]] if len(others) == 1 else None
            self._cache[key] = None
            if isinstance(term, Demag) and type(term).field is Demag.field:
                found = term.convolution(self.context(np.zeros(0)))
                self._cache[key] = found if isinstance(found, HostDemag) else None
        return self._cache[key]

    def other_field(
        self, m: NDArray, t: NDArray[np.float64], replicas: NDArray | None, slow: NDArray | None = None
    ) -> NDArray:
        """Return the field [T] of the terms without a kernel, shape of m; ``slow``: that of the slow ones."""
        slow_ones = [] if slow is None else self.slow
        names = [name for name in self.compiled_terms().others if name not in slow_ones]
        field = super().field(m, self.context(t, replicas), names)
        return field if slow is None else field + slow

    def _local(self, m: NDArray, t: NDArray[np.float64], replicas: NDArray | None, kind: int) -> NDArray:
        bound = self.compiled_terms()
        unit, m, rows = self._ready(bound, m, t, replicas)
        if bound.uniform_Ms and (convolution := self.convolution()) is not None:
            return unit.convolved(m, rows, convolution.lent(len(m)), kind)
        return unit.local(m, rows, self.other_field(m, t, replicas) if bound.others else None, kind)

    def _ready(
        self, bound: HostTerms, m: NDArray, t: NDArray[np.float64], replicas: NDArray | None
    ) -> tuple[Unit, NDArray, NDArray | None]:
        """Return the unit with the parameters of now, m as it wants it, and which replicas the rows are."""
        rows = len(m)
        if m.shape[1:] != self._vectors or (replicas is None and bound.batch not in (1, rows)):
            raise ParameterError(
                f"m: array of shape {m.shape}; needed: {(bound.batch, *self._vectors)} "
                "with one row per replica, or the numbers of the replicas"
            )
        if replicas is not None:
            replicas = np.ascontiguousarray(replicas, dtype=np.int64)
        return bound.unit(t, replicas), self.backend.asarray(m), replicas

    @cached_property
    def _vectors(self) -> tuple[int, ...]:
        return 3, *self.mesh.shape
