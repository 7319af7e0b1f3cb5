"""A magnet: mesh, material and terms, and the fields, energies and slopes they give for any m."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.backend import Backend
from fdmag.errors import ParameterError, did_you_mean
from fdmag.mesh import Mesh
from fdmag.noise import Drawing, Noise
from fdmag.parameter import Parameter, TimeFunction, declarations
from fdmag.regions import Regions
from fdmag.shares import Shares
from fdmag.solvers.fixed_step import fastest_rate
from fdmag.solvers.implicit import ImplicitStepper
from fdmag.solvers.llg import cross, llg, max_length, steepest_descent, turned
from fdmag.solvers.slow_field import SlowField
from fdmag.solvers.stages import ArrayStepper, RightHandSide, Stepper
from fdmag.solvers.tableau import Tableau
from fdmag.state import State
from fdmag.terms import Context, Material, Term
from fdmag.terms.term import Declared, dot


def list_of_terms(terms: Iterable[Term]) -> list[Term]:
    """Return the terms; a `ParameterError` if something else is among them."""
    if isinstance(terms, Term):
        raise ParameterError(f"terms: came one term; give a list, [{type(terms).__name__}(...)]")
    listed = list(terms)
    for term in listed:
        if not isinstance(term, Term):
            came = f"the class {term.__name__}; write {term.__name__}(...)" if isinstance(term, type) else repr(term)
            raise ParameterError(f"terms: came {came}; allowed are instances of Term")
    return listed


class Magnet:
    """Everything but the state: what a simulation would still be with another m.

    Rows of m may be some of the replicas; ``replicas`` then says which, and None means all of them.

    Attributes
    ----------
    mesh, regions, backend, material
    shares : Shares or None
        How much of each cell is magnet, where a geometry says so.
    terms : dict of Term
        Bound to the mesh, by name; two terms of one kind are "zeeman" and "zeeman_2".
    """

    def __init__(
        self,
        mesh: Mesh,
        regions: Regions,
        backend: Backend,
        material: Material,
        terms: Iterable[Term],
        shares: Shares | None = None,
    ) -> None:
        self.mesh = mesh
        self.regions = regions
        self.backend = backend
        self.material = material.bind(mesh, regions)
        self.terms: dict[str, Term] = {}
        self.shares = shares
        self.noise = Noise(self._drawing())
        self._cache: dict[Any, Any] = {}
        self._fastest: NDArray[np.float64] | None = None
        for term in list_of_terms(terms):
            alike = sum(type(other).name == term.name for other in self.terms.values())
            name = f"{term.name}_{alike + 1}" if alike else term.name
            self.terms[name] = term.bind(mesh, regions, name)
        noisy = [name for name, term in self.terms.items() if term.stochastic]
        if len(noisy) > 1:
            raise ParameterError(
                f"{', '.join(noisy)}: two of them would draw the same numbers; give one, with T by region"
            )
        self._followers = self._linked()
        self._complete()
        for term in self.terms.values():
            term.check(mesh)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is computed anew where it is needed, some of which lives in this process alone."""
        return self.__dict__ | {"_cache": {}}

    def _drawing(self) -> Drawing | None:
        """Return what draws the noise ahead of a step, if something does on this device."""
        return None

    def stepper(self, state: State, tableau: Tableau, still: NDArray[np.float64] | None = None) -> Stepper:
        """Return what steps a state of this magnet on its device.

        Parameters
        ----------
        state : State
        tableau : Tableau
        still : array (batch,), optional
            Times [s] at which to stand still: the path is then the descent dm/ds = −m × (m × B), s in 1/T, and the
            state's own t is s. Otherwise it is the Landau–Lifshitz–Gilbert equation.
        """
        rhs = self.slope if still is None else self._descent_at(still)
        if tableau.implicit:
            return self.with_noise(ImplicitStepper(rhs, state, tableau), still)
        stepper = ArrayStepper(rhs, state, tableau)
        if tableau.extrapolates and still is None and self.slow:
            stepper = ArrayStepper(self.slope_beside, state, tableau, SlowField(tableau, state.batch, self.slow_field))
        return self.with_noise(stepper, still)

    def with_noise(self, stepper: Stepper, still: NDArray[np.float64] | None) -> Stepper:
        """Let the stepper draw the noise of the terms that are stochastic, unless time stands ``still``."""
        if still is None and self.noisy:
            stepper.noise = self.noise
        return stepper

    @property
    def noisy(self) -> bool:
        """Whether a term is noise now."""
        return any(term.noisy for term in self.terms.values())

    def known(self, name: str) -> str:
        """Return the name of a term, or raise `ParameterError` with the nearest one."""
        if name not in self.terms:
            raise ParameterError(f'"{name}" is not a term of this simulation{did_you_mean(name, self.terms)}')
        return name

    def parameters(self) -> list[Parameter]:
        """Return the parameters of the material and the terms, derived ones too."""
        owners: list[Declared] = [self.material, *self.terms.values()]
        return [quantity for owner in owners for quantity in owner.bound()]

    def drives(self) -> list[TimeFunction]:
        """Return the functions of time that parameters are multiplied by, or are."""
        owners: list[Declared] = [self.material, *self.terms.values()]
        given = [getattr(owner, key) for owner in owners for key in owner.parameters()]
        return [drive for quantity in given for drive in quantity.drives]

    def replica_counts(self) -> dict[str, int]:
        """Return for how many replicas each parameter is given, by its name."""
        counts = {quantity.where: quantity.batch for quantity in self.parameters()}
        for term in self.terms.values():
            counts |= term.replica_counts()
        return counts

    def set(self, path: str, value: Any, batch: int) -> None:
        """Change the parameter ``"owner.name"``; on any error the magnet is unchanged."""
        name, _, key = path.partition(".")
        owners: dict[str, Declared] = {"material": self.material, **self.terms}
        if name not in owners:
            raise ParameterError(f'"{name}" is not part of this simulation{did_you_mean(name, owners)}')
        declared = owners[name].parameters()
        if key not in declared:
            hint = did_you_mean(key, declared)
            raise ParameterError(f'"{name}" has no parameter "{key}"; it has {", ".join(declared)}{hint}')
        quantity = Parameter(value, declared[key], self.mesh, self.regions, path)
        if quantity.batch not in (1, batch):
            raise ParameterError(f"{path}: values for {quantity.batch} replicas, but the simulation has {batch}")
        changed = dataclasses.replace(owners[name], **{key: quantity})
        if isinstance(changed, Material):
            self.material = changed
        elif isinstance(changed, Term):
            changed.shares = self.shares
            changed.complete(self.mesh, self.regions, self.material.Ms)
            changed.check(self.mesh)
            self.terms[name] = changed
            self._followers.pop(path, None)
        for follower, followed in self._followers.items():
            if followed == path:
                setattr(self.terms[follower.partition(".")[0]], follower.partition(".")[2], quantity)
        self._complete()
        self._cache = {entry: kept for entry, kept in self._cache.items() if entry[0] == "static"}
        self._fastest = None

    def _linked(self) -> dict[str, str]:
        """Give parameters that are left out the value of those they follow; return which follows which, as paths."""
        links = {}
        for name, term in self.terms.items():
            for key, declared in term.parameters().items():
                if declared.follows is None or getattr(term, key) is not None:
                    continue
                owner, _, followed = declared.follows.partition(".")
                alike = [other for other, each in self.terms.items() if each.name == owner]
                if len(alike) > 1:
                    raise ParameterError(f"{name}.{key}: it follows {declared.follows}, but there are "
                                         f"{', '.join(alike)}; give {key}")  # fmt: skip
                if alike:
                    setattr(term, key, getattr(self.terms[alike[0]], followed))
                    links[f"{name}.{key}"] = f"{alike[0]}.{followed}"
        return links

    def _complete(self) -> None:
        for term in self.terms.values():
            term.shares = self.shares
            term.complete(self.mesh, self.regions, self.material.Ms)
        self._pass_on()
        for term in self.terms.values():
            term.follow(self.mesh, self.regions, self.material, self.noise)

    def _pass_on(self) -> None:
        """Give derived parameters that follow those of another term their values."""
        for name, term in self.terms.items():
            for key, declared in declarations(term, "derived").items():
                if declared.follows is None:
                    continue
                owner, _, followed = declared.follows.partition(".")
                alike = [other for other in self.terms.values() if other.name == owner]
                found = [getattr(other, followed) for other in alike]
                if len(found) == 1:
                    setattr(term, key, found[0])
                elif any(quantity.base.size > quantity.declaration.components for quantity in found):
                    raise ParameterError(
                        f"{name}: several terms {owner} act here, of which some make the border between two regions "
                        "special; it can follow one alone"
                    )

    def context(self, t: NDArray[np.float64], replicas: NDArray[np.intp] | None = None) -> Context:
        """Return what terms need to know at times ``t``, (n,) [s], of the replicas."""
        return Context(self.mesh, self.material, self.backend, t, replicas, self._cache)

    def field(self, m: NDArray, context: Context, names: Iterable[str] | None = None) -> NDArray:
        """Return the sum of the fields [T] of some or all terms; shape of m, zero where Ms = 0.

        Without ``names`` it is the field that moves m: zero where m is frozen, too.
        """
        total = self.backend.xp.zeros_like(m)
        for name in self.terms if names is None else names:
            total += self.terms[name].field(m, context)
        if context.magnetic is not None:
            total = self.backend.xp.where(context.magnetic > 0, total, 0)
        return self._acting(total, context) if names is None else total

    def energy(self, name: str, m: NDArray, field: NDArray, context: Context) -> NDArray[np.float64]:
        """Return the energy [J] of one term, (n,), given its field for this m."""
        return self._integrated(self.terms[name].energy_density(m, field, context), m.shape[0])

    def field_and_energies(self, m: NDArray, context: Context) -> tuple[NDArray, dict[str, NDArray[np.float64]]]:
        """Return the field [T] of all terms together, and the energy [J], (n,), of each that has one, by name."""
        total, energies = self.backend.xp.zeros_like(m), {}
        for name, term in self.terms.items():
            field = self.field(m, context, [name])
            total += field
            if term.has_energy():
                energies[name] = self.energy(name, m, field, context)
        return self._acting(total, context), energies

    def _acting(self, total: NDArray, context: Context) -> NDArray:
        """Return the field that moves m: none where m is frozen."""
        if not self.material.freezes:
            return total
        return self.backend.xp.where(context.value(self.material.rate) > 0, total, 0)

    def total_energy(self, m: NDArray, t: NDArray, replicas: NDArray | None) -> tuple[NDArray, NDArray[np.float64]]:
        """Return the field [T] of all terms together and the energy [J], (n,), of those that have one."""
        total, energies = self.field_and_energies(m, self.context(t, replicas))
        return total, sum(energies.values(), np.zeros(m.shape[0]))

    def inner(self, a: NDArray, b: NDArray, replicas: NDArray | None) -> NDArray[np.float64]:
        """Return ∫ Ms a·b dV, (n,): with a = B and b = δm, minus the change of energy [J]."""
        Ms = self.context(np.zeros(a.shape[0]), replicas).Ms
        return self._integrated(Ms[:, 0] * dot(a, b), a.shape[0])

    def slope(self, m: NDArray, t: NDArray, replicas: NDArray | None) -> NDArray:
        """Return dm/dt [1/s] of the Landau–Lifshitz–Gilbert equation."""
        context = self.context(t, replicas)
        material = self.material
        return llg(m, self.field(m, context), context.value(material.rate), context.value(material.alpha))

    @property
    def slow(self) -> list[str]:
        """Names of the terms whose field may be extrapolated within a step; those with a kernel cost little."""
        return [name for name, term in self.terms.items() if term.slow and term.kernel is None]

    def slow_field(self, m: NDArray, t: NDArray, replicas: NDArray | None) -> NDArray:
        """Return the field [T] of these terms."""
        return self.field(m, self.context(t, replicas), self.slow)

    def slope_beside(self, m: NDArray, t: NDArray, replicas: NDArray | None, slow: NDArray) -> NDArray:
        """Return dm/dt [1/s] with this field [T] in place of that of the slow terms."""
        context, material = self.context(t, replicas), self.material
        slow_ones = self.slow
        quick = [name for name in self.terms if name not in slow_ones]
        B = self._acting(self.field(m, context, quick) + slow, context)
        return llg(m, B, context.value(material.rate), context.value(material.alpha))

    def fastest_rate(self, m: NDArray, t: NDArray) -> NDArray[np.float64]:
        """Return the largest rate [1/s] of small deviations, (batch,), from m as it is when first asked for.

        It is found anew once a parameter is set.
        """
        if self._fastest is None:
            self._fastest = fastest_rate(lambda m: self.backend.to_numpy(self.slope(m, t, None)), m)
        return self._fastest

    def smallest_alpha(self, t: NDArray) -> NDArray[np.float64]:
        """Return the smallest damping of what moves, (batch,); 0 where nothing does."""
        context = self.context(t)
        parts = [context.value(self.material.alpha), context.value(self.material.rate), context.Ms]
        alpha, rate, Ms, _ = np.broadcast_arrays(*map(self.backend.to_numpy, parts), np.zeros((t.size, 1, 1, 1, 1)))
        least = np.where((rate > 0) & (Ms > 0), alpha, np.inf).reshape(t.size, -1).min(axis=1)
        return np.where(np.isfinite(least), least, 0.0)

    def descent(self, m: NDArray, t: NDArray, replicas: NDArray | None) -> NDArray:
        """Return −m × (m × B) [T]."""
        return steepest_descent(m, self.field(m, self.context(t, replicas)))

    def _descent_at(self, t: NDArray[np.float64]) -> RightHandSide:
        """Return the descent at fixed times, (batch,) [s], whatever time it is called with."""
        return lambda m, _, replicas: self.descent(m, t if replicas is None else t[replicas], replicas)

    def summary(self, m: NDArray, t: NDArray) -> dict[str, tuple[str, NDArray[np.float64]]]:
        """Return unit and values, (batch,), of energies, torque and what the terms report, by column name."""
        context, batch = self.context(t), m.shape[0]
        total, energies = self.field_and_energies(m, context)
        columns = {"E_total": ("J", sum(energies.values(), np.zeros(batch)))}
        columns |= {f"E_{name}": ("J", energy) for name, energy in energies.items()}
        columns["max_torque"] = "T", self.max_torque(m, total)
        for name, term in self.terms.items():
            suffix = name.removeprefix(term.name)
            for column, values in term.summary(context).items():
                columns[column + suffix] = term.summary_units[column], np.broadcast_to(values, (batch,))
        return columns

    def max_torque(self, m: NDArray, field: NDArray) -> NDArray[np.float64]:
        """Return max |m × B| over the cells [T], (n,)."""
        return max_length(cross(m, field))

    def gradient(self, m: NDArray, B: NDArray) -> NDArray:
        """Return m × (m × B) [T]: minus the part of B across m."""
        return cross(m, cross(m, B))

    def turned(self, m: NDArray, gradient: NDArray, steps: NDArray[np.float64]) -> NDArray:
        """Return m turned towards the field by steps, (n,) [1/T], of the midpoint rule."""
        return turned(m, gradient, steps)

    def largest(self, vectors: NDArray) -> NDArray[np.float64]:
        """Return the largest |v| over the cells of each row, (n,)."""
        return max_length(vectors)

    def _integrated(self, density: NDArray, batch: int) -> NDArray[np.float64]:
        """Return the volume integral of a density (batch | 1, nz, ny, nx), in float64 and a fixed order."""
        full = np.ascontiguousarray(np.broadcast_to(density, (batch, *self.mesh.shape))).reshape(batch, -1)
        return full.sum(axis=1, dtype=np.float64) * self.mesh.cell_volume
