"""The terms of a magnet on a CUDA device: which are compiled, and the parameters they read."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fdmag.backend import Backend
from fdmag.host.terms import has_kernel, local_term, owner_of
from fdmag.kernels.cuda import DeviceArray
from fdmag.kernels.cuda_unit import Call, CudaMesh, CudaUnit
from fdmag.kernels.source import MATERIAL
from fdmag.mesh import Mesh
from fdmag.parameter import Parameter
from fdmag.terms import Demag, Material, Term


class CudaTerms:
    """The compiled units of terms, and their parameters; valid until a parameter is set.

    Attributes
    ----------
    mesh : CudaMesh
    numbers : dict
        Number of each compiled term, by name.
    others : list of str
        Terms without a kernel, demag among them.
    demag : bool
        Whether ``others`` is the demag term alone, which is computed on the device too.
    batch : int
        Number of replicas that parameters are given for; 1 if they are the same for all.
    """

    def __init__(self, mesh: Mesh, backend: Backend, material: Material, terms: Mapping[str, Term]) -> None:
        assert backend.cuda is not None
        self._shape, self._backend, self._device = mesh.shape, backend, backend.cuda
        self.mesh = CudaMesh(self._device, backend.dtype, mesh.cells, mesh.cell_size, mesh.periodic)
        self._terms = [(name, term) for name, term in terms.items() if has_kernel(type(term))]
        self.numbers = {name: number for number, (name, _) in enumerate(self._terms)}
        self.others = [name for name in terms if name not in self.numbers]
        self.demag = len(self.others) == 1 and _is_demag(terms[self.others[0]])
        owners = [[getattr(material, key) for key in MATERIAL], *(term.bound() for _, term in self._terms)]
        quantities: list[Parameter] = [quantity for owner in owners for quantity in owner]
        self._constant_cells = {k: _per_cell(q.base) for k, q in enumerate(quantities) if q.constant}
        self._constant = {k: self._device.upload(self.packed(quantities[k].base)) for k in self._constant_cells}
        self.changing = {k: q for k, q in enumerate(quantities) if not q.constant}
        self.batch = max(quantity.batch for quantity in quantities)
        self._units: dict[tuple[bool, ...], CudaUnit] = {}

    @property
    def Ms(self) -> DeviceArray:
        """Saturation magnetisation [A/m], (batch | 1, 1) or (batch | 1, 1, nz, ny, nx)."""
        return self._constant[0]

    def now(self, t: NDArray[np.float64], replicas: NDArray | None) -> dict[int, NDArray]:
        """Return the parameters that depend on time, (rows, ...), by place."""
        return {
            place: self.packed(quantity.at(t, replicas), in_cells=quantity.in_cells)
            for place, quantity in self.changing.items()
        }

    def unit(self, now: Mapping[int, NDArray]) -> CudaUnit:
        """Return the unit for the parameters that vary over the cells now."""
        cells = self._constant_cells | {place: values.ndim > 2 for place, values in now.items()}
        kinds = tuple(cells[place] for place in range(len(cells)))
        if kinds not in self._units:
            left = list(kinds[len(MATERIAL) :])
            terms = [local_term(name, term, left) for name, term in self._terms]
            self._units[kinds] = CudaUnit(self.mesh, kinds[: len(MATERIAL)], terms)
        return self._units[kinds]

    def values(self, now: Mapping[int, DeviceArray]) -> list[tuple[DeviceArray, bool]]:
        """Return all parameters in order, those of ``now`` by row, as `CudaUnit.views` takes them."""
        places = range(len(self._constant) + len(self.changing))
        return [(now[place], True) if place in now else (self._constant[place], False) for place in places]

    def totals(self, unit: CudaUnit, rows: int) -> dict[int, DeviceArray]:
        """Return memory for what terms find from all cells of so many rows, (rows, 1), by place."""
        return {place: self._device.empty((rows, 1), self.mesh.dtype) for place in unit.total_places}

    def call(self, t: NDArray[np.float64], replicas: NDArray | None) -> tuple[CudaUnit, Call]:
        """Return the unit and the tables for one evaluation."""
        now = self.now(t, replicas)
        unit = self.unit(now)
        given = {place: self._device.upload(array) for place, array in now.items()}
        values = self.values(given | self.totals(unit, len(t)))
        return unit, Call(unit, values, len(t), replicas)

    def packed(self, values: NDArray, *, in_cells: bool = False) -> NDArray:
        """Return (batch, components) if the value is the same in all cells, else (batch, components, nz, ny, nx)."""
        if not (in_cells or _per_cell(values)):
            return self._backend.asarray(values[:, :, 0, 0, 0])
        return self._backend.asarray(np.broadcast_to(values, (*values.shape[:2], *self._shape)))


def _per_cell(values: NDArray) -> bool:
    return values.shape[2:] != (1, 1, 1)


def _is_demag(term: Term) -> bool:
    """Return whether the term's field is that of `Demag`, and the convolution all of it."""
    return isinstance(term, Demag) and owner_of(type(term), "field") is Demag and not term.cut
