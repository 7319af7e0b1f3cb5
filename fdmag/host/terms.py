"""The terms of a magnet compiled into one unit, with the parameters it reads."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fdmag.backend import Backend
from fdmag.host.drives import Drives, followed, prepare_drives
from fdmag.kernels import LocalTerm, kernel_path
from fdmag.kernels.source import MATERIAL
from fdmag.kernels.unit import Unit
from fdmag.mesh import Mesh
from fdmag.parameter import Parameter
from fdmag.terms import Material, Term
from fdmag.terms.thermal import Drawn, Draws, OfNoise


class HostTerms:
    """Compiled units of those terms that have a kernel; valid until a parameter is set.

    Attributes
    ----------
    numbers : dict
        Number in the unit of each compiled term, by name.
    others : list of str
        Names of the terms without a kernel.
    batch : int
        For how many replicas parameters are given.
    driven : bool
        Whether one of them depends on time.
    asked : bool
        Whether one of these has to be asked for its values, which compiled code cannot set by itself.
    """

    def __init__(self, mesh: Mesh, backend: Backend, material: Material, terms: Mapping[str, Term]) -> None:
        self._mesh, self._backend = mesh, backend
        self._terms = [(name, term) for name, term in terms.items() if has_kernel(type(term))]
        self.numbers = {name: number for number, (name, _) in enumerate(self._terms)}
        self.others = [name for name in terms if name not in self.numbers]
        owners = [[getattr(material, key) for key in MATERIAL], *(term.bound() for _, term in self._terms)]
        quantities: list[Parameter] = [quantity for owner in owners for quantity in owner]
        self._constant = {k: self._packed(q.base) for k, q in enumerate(quantities) if q.constant}
        self._changing = {k: q for k, q in enumerate(quantities) if not q.constant}
        self.batch = max((quantity.batch for quantity in quantities), default=1)
        self._followed = {k: q for k, q in self._changing.items() if followed(q)}
        if self._followed:
            prepare_drives(backend)
        self.driven, self.asked = bool(self._changing), len(self._followed) < len(self._changing)
        self.uniform_Ms = self._constant[0].ndim == 2
        self._units: dict[tuple[bool, ...], Unit] = {}

    def unit(self, t: NDArray, replicas: NDArray | None) -> Unit:
        """Return the unit for what varies now, with all parameters given."""
        if not self.driven and self._units:
            return next(iter(self._units.values()))
        now = {place: self._now(quantity, t, replicas) for place, quantity in self._changing.items()}
        unit = self._unit_for(now)
        for place, array in now.items():
            unit.give(place, array, by_row=True)
        return unit

    def drives(self, replicas: int) -> Drives | None:
        """Return what sets the parameters that compiled code can set, for so many replicas; None if there is none."""
        return Drives(self._followed, self._mesh, self._backend, replicas) if self._followed else None

    @property
    def asked_beside_noise(self) -> bool:
        """Whether there is another parameter to be asked for than those of the noise."""
        return any(not isinstance(q, OfNoise) for place, q in self._changing.items() if place not in self._followed)

    def noise(self) -> tuple[int, int, Draws] | None:
        """Return where the scale of the noise and its numbers are, and what says which; None if there is not one."""
        found = {place: quantity for place, quantity in self._changing.items() if isinstance(quantity, OfNoise)}
        drawn = [place for place, quantity in found.items() if isinstance(quantity, Drawn)]
        scale = [place for place in found if place not in drawn]
        if len(drawn) != 1 or len(scale) != 1:
            return None
        return scale[0], drawn[0], found[scale[0]].draws

    def units_at(
        self, times: Sequence[NDArray], replicas: NDArray | None, drives: Drives | None
    ) -> tuple[Unit, list[dict[int, NDArray]]]:
        """Return one unit for several times, each (n,), and the parameters that change, for each of them."""
        if not self.driven:
            return self.unit(np.zeros(0), replicas), []
        set_by_code = {} if drives is None else drives.values
        asked = {place: q for place, q in self._changing.items() if place not in set_by_code}
        tables = [{place: self._now(q, t, replicas) for place, q in asked.items()} for t in times]
        for place in asked:
            if any(table[place].ndim > 2 for table in tables):
                for table in tables:
                    table[place] = self._in_every_cell(table[place])
        tables = [table | set_by_code for table in tables]
        return self._unit_for(tables[0]), tables

    def _unit_for(self, now: Mapping[int, NDArray]) -> Unit:
        kinds = tuple([now[place].ndim > 2 for place in self._changing])
        if kinds not in self._units:
            values = self._constant | dict(now)
            self._units[kinds] = self._built(tuple(values[place].ndim > 2 for place in range(len(values))))
        return self._units[kinds]

    def _built(self, per_cell: tuple[bool, ...]) -> Unit:
        mesh, backend = self._mesh, self._backend
        assert backend.runtime is not None
        kinds = list(per_cell[len(MATERIAL) :])
        terms = [local_term(name, term, kinds) for name, term in self._terms]
        unit = Unit(
            backend.runtime, backend.dtype, mesh.cells, mesh.cell_size, mesh.periodic,
            per_cell[: len(MATERIAL)], terms,
        )  # fmt: skip
        for place in self._constant.keys() - set(unit.total_places):
            array = self._constant[place]
            unit.give(place, array, by_row=False)
        return unit

    def _now(self, quantity: Parameter, t: NDArray, replicas: NDArray | None) -> NDArray:
        values = quantity.at(t, replicas)
        return self._in_every_cell(values) if quantity.in_cells else self._packed(values)

    def _packed(self, values: NDArray) -> NDArray:
        """Return (batch, components) if the value is the same in all cells, else (batch, components, nz, ny, nx)."""
        if values.shape[2:] == (1, 1, 1):
            return self._backend.asarray(values[:, :, 0, 0, 0])
        return self._in_every_cell(values)

    def _in_every_cell(self, values: NDArray) -> NDArray:
        if values.ndim == 2:
            values = values[:, :, None, None, None]
        if values.shape[2:] == self._mesh.shape:
            return self._backend.asarray(values)
        return self._backend.asarray(np.broadcast_to(values, (*values.shape[:2], *self._mesh.shape)))


def has_kernel(kind: type[Term]) -> bool:
    """Return whether the term's header says what its reference says.

    A class that redefines `field` or `energy_density` of one with a kernel has none, unless it names its own.
    """
    if kind.kernel is None:
        return False
    owner = owner_of(kind, "kernel")
    return issubclass(owner, owner_of(kind, "field")) and issubclass(owner, owner_of(kind, "energy_density"))


def local_term(name: str, term: Term, kinds: list[bool]) -> LocalTerm:
    """Describe a term to the unit, taking what varies over the cells from the front of ``kinds``."""
    owner = owner_of(type(term), "kernel")
    source = getattr(sys.modules.get(owner.__module__), "__file__", None)
    folder = Path.cwd() if source is None else Path(source).resolve().parent  # a notebook has no file
    parameters = tuple((key, declared.components, kinds.pop(0)) for key, declared in term.kernel_parameters().items())
    density = type(term).energy_density is not Term.energy_density
    assert term.kernel is not None
    total = next(((key, declared.sums) for key, declared in term.kernel_parameters().items() if declared.sums), None)
    return LocalTerm(
        owner.__name__, kernel_path(str(term.kernel), folder, name), parameters, term.degree, density, total
    )


def owner_of(kind: type, attribute: str) -> type:
    """Return the class that defines an attribute of ``kind``."""
    return next(base for base in kind.__mro__ if attribute in vars(base))
