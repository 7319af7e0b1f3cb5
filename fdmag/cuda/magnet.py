"""A magnet on a CUDA device. Arrays of the outside world are NumPy's; those of a run stay on the device."""

from collections.abc import Iterable
from typing import cast

import numpy as np
from numpy.typing import NDArray

from fdmag.backend import Backend
from fdmag.cuda.stepper import CudaStepper
from fdmag.cuda.terms import CudaTerms
from fdmag.demag.cuda import CudaDemag
from fdmag.errors import ParameterError
from fdmag.host.magnet import magnet_for as magnet_for_host
from fdmag.kernels.cuda_unit import Call, CudaUnit
from fdmag.kernels.unit import DESCENT, FIELD, SLOPE
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
    if backend.cuda is not None:
        return CudaMagnet(mesh, regions, backend, material, terms, shares)
    return magnet_for_host(mesh, regions, backend, material, terms, shares)


class CudaMagnet(Magnet):
    """A `Magnet` whose terms with a kernel, and demag, are computed on a GPU; other terms by their NumPy reference."""

    def stepper(self, state: State, tableau: Tableau, still: NDArray[np.float64] | None = None) -> Stepper:
        """Return what steps a state of this magnet on the device; arguments as of `Magnet.stepper`."""
        if tableau.implicit:
            return super().stepper(state, tableau, still)
        return self.with_noise(CudaStepper(self, state, tableau, still), still)

    def field(self, m: NDArray, context: Context, names: Iterable[str] | None = None) -> NDArray:
        """Return the sum of the fields [T] of some or all terms; shape of m, zero where Ms = 0."""
        if names is None:
            return self._local(m, context, FIELD)
        total, numbers = np.zeros_like(m), self.compiled().numbers
        for name in names:
            if name in numbers:
                unit, call = self._ready(m, context)
                total += unit.term(numbers[name], self.backend.asarray(m), call)
            else:
                total += super().field(m, context, [name])
        return total

    def field_and_energies(self, m: NDArray, context: Context) -> tuple[NDArray, dict[str, NDArray[np.float64]]]:
        """Return the field [T] of all terms together, and the energy [J], (n,), of each that has one, by name."""
        unit, call = self._ready(m, context)
        m, numbers = self.backend.asarray(m), self.compiled().numbers
        compiled = unit.energies(m, call)
        other, energies = None, {}
        for name, term in self.terms.items():
            if name in numbers:
                if term.has_energy():
                    energies[name] = compiled[:, numbers[name]].copy()
                continue
            field = super().field(m, context, [name])
            if term.has_energy():
                energies[name] = self.energy(name, m, field, context)
            other = field if other is None else other + field
        return unit.local(m, call, other, FIELD), energies

    def inner(self, a: NDArray, b: NDArray, replicas: NDArray | None) -> NDArray[np.float64]:
        """Return ∫ Ms a·b dV, (n,): with a = B and b = δm, minus the change of energy [J]."""
        unit, call = self._ready(a, self.context(np.zeros(a.shape[0]), replicas))
        return unit.inner(self.backend.asarray(a), self.backend.asarray(b), call)

    def slope(self, m: NDArray, t: NDArray, replicas: NDArray | None) -> NDArray:
        """Return dm/dt [1/s] of the Landau–Lifshitz–Gilbert equation."""
        return self._local(m, self.context(t, replicas), SLOPE)

    def descent(self, m: NDArray, t: NDArray, replicas: NDArray | None) -> NDArray:
        """Return −m × (m × B) [T]."""
        return self._local(m, self.context(t, replicas), DESCENT)

    def compiled(self) -> CudaTerms:
        """Return the compiled terms with their parameters on the device; new ones after a parameter was set."""
        key = ("compiled",)
        if key not in self._cache:
            self._cache[key] = CudaTerms(self.mesh, self.backend, self.material, self.terms)
        return self._cache[key]

    def convolution(self) -> CudaDemag | None:
        """Return the convolution on the device, if demag is all there is beside the compiled terms."""
        if not self.compiled().demag:
            return None
        (name,) = self.compiled().others
        found = cast(Demag, self.terms[name]).convolution(self.context(np.zeros(1)))
        return cast(CudaDemag, found)

    def field_of_others(self, m: NDArray, context: Context, slow: NDArray | None = None) -> NDArray | None:
        """Return the field [T] of the terms without a kernel, or None if there is none.

        ``slow`` is the field of the slow ones, if it is known.
        """
        slow_ones = [] if slow is None else self.slow
        others = [name for name in self.compiled().others if name not in slow_ones]
        field = super().field(m, context, others) if others else None
        return slow if field is None else field if slow is None else field + slow

    def _local(self, m: NDArray, context: Context, kind: int) -> NDArray:
        unit, call = self._ready(m, context)
        return unit.local(self.backend.asarray(m), call, self.field_of_others(m, context), kind)

    def _ready(self, m: NDArray, context: Context) -> tuple[CudaUnit, Call]:
        """Return the unit, and the tables for the parameters of now and the replicas the rows are."""
        terms, rows = self.compiled(), len(m)
        if m.shape != (rows, 3, *self.mesh.shape) or (context.replicas is None and terms.batch not in (1, rows)):
            raise ParameterError(
                f"m: array of shape {m.shape}; needed: {(terms.batch, 3, *self.mesh.shape)} "
                "with one row per replica, or the numbers of the replicas"
            )
        return terms.call(context.t, context.replicas)
