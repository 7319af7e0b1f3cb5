"""Regions: a number for every cell, from named shapes, masks or arrays of grain numbers."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fdmag.errors import ParameterError, did_you_mean
from fdmag.mesh import Mesh
from fdmag.shapes import Shape

DEFAULT = "default"


class Regions:
    """Named regions of a mesh. Region 0 is ``"default"``: the cells that no other region covers.

    Parameters
    ----------
    mesh : Mesh
        The cells.
    definitions : mapping of name to Shape or array (nz, ny, nx)
        Regions get the numbers 1, 2, ... in this order; later ones override earlier ones. An array of bools is a
        mask. An array of integers makes one region for each value above 0, such as grains: ``{"grain": array}`` gives
        the regions ``"grain.1"``, ``"grain.2"``, ..., named by the array's values, and the group ``"grain"`` of all.

    Attributes
    ----------
    numbers : array (nz, ny, nx), smallest unsigned type that holds them all, read-only
        Region number of each cell.
    names : tuple of str
        Names in the order of numbers, ``"default"`` first.

    Raises
    ------
    ParameterError
        If a region covers no cell, or is covered by later ones altogether; if a name is taken or an array does not
        fit the mesh.

    Examples
    --------
    >>> from fdmag.shapes import Box
    >>> mesh = Mesh(cells=(4, 1, 1), cell_size=(1e-9, 1e-9, 1e-9))
    >>> regions = Regions(mesh, {"lead": Box((2e-9, 1e-9, 1e-9), center=(-1e-9, 0))})
    >>> regions.numbers
    array([[[1, 1, 0, 0]]], dtype=uint8)
    >>> regions.expand({"lead": 8e5, "default": 0.0})
    array([[[[800000., 800000.,      0.,      0.]]]])
    """

    def __init__(self, mesh: Mesh, definitions: Mapping[str, Shape | ArrayLike] | None = None) -> None:
        self.mesh = mesh
        # Each name stands for a range of numbers: one for a region, several for a group.
        self._ranges: dict[str, range] = {DEFAULT: range(1)}
        names = [DEFAULT]
        numbers = np.zeros(mesh.shape, dtype=np.int64)
        for name, definition in (definitions or {}).items():
            self._check_name(name)
            local, members = self._local_numbers(name, definition)
            if not local.any():
                raise ParameterError(f"region {name!r} covers no cell; {_place(mesh)}")
            numbers = np.where(local > 0, local + (len(names) - 1), numbers)
            self._ranges[name] = range(len(names), len(names) + len(members))
            for member in members:
                if member != name:
                    self._check_name(member)
                    self._ranges[member] = range(len(names), len(names) + 1)
                names.append(member)
        self.names = tuple(names)
        self.numbers: NDArray[np.unsignedinteger] = numbers.astype(np.min_scalar_type(len(names) - 1))
        self.numbers.flags.writeable = False
        self._cell_counts = np.bincount(numbers.ravel(), minlength=len(names))
        for name in definitions or {}:
            if not self._cells_in(name):
                raise ParameterError(
                    f"region {name!r} has no cell left, because later regions cover all of it; put it after them"
                )

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._ranges

    @property
    def all_names(self) -> tuple[str, ...]:
        """Names of regions and groups."""
        return tuple(self._ranges)

    def number(self, name: str) -> int:
        """Number of a region.

        Raises
        ------
        ParameterError
            If the name is unknown or stands for a group of several regions.
        """
        found = self._range(name)
        if len(found) > 1:
            raise ParameterError(f"{name!r} is a group of {len(found)} regions, such as {self.names[found[0]]!r}")
        return found[0]

    def members(self, name: str | None = None) -> range:
        """Return the numbers of the regions in a group, by default the only group there is.

        Raises
        ------
        ParameterError
            If the name is unknown, or none is given and there is not exactly one group.
        """
        if name is not None:
            return self._range(name)
        groups = [group for group in self._ranges if f"{group}." in self.names[self._ranges[group][0]]]
        if len(groups) != 1:
            raise ParameterError(
                f"name the group of grains: {', '.join(groups)}" if groups else "there are no grains among the regions"
            )
        return self._ranges[groups[0]]

    def mask(self, name: str) -> NDArray[np.bool_]:
        """Cells of a region or group, as an array of bool (nz, ny, nx).

        Raises
        ------
        ParameterError
            If the name is unknown.
        """
        found = self._range(name)
        return (self.numbers >= found[0]) & (self.numbers <= found[-1])

    def expand(self, values: Mapping[str, ArrayLike], components: int = 1) -> NDArray[np.float64]:
        """Spread values given per region over the cells.

        Parameters
        ----------
        values : mapping of region or group to number or vector
            A value of a region goes before one of its group. ``"default"`` is needed only if a cell lies there.
        components : int
            Numbers per region; a single number is allowed only for 1.

        Returns
        -------
        array (components, nz, ny, nx)

        Raises
        ------
        ParameterError
            If regions lack a value, a name is unknown, or a value has the wrong shape or is not finite.
        """
        if unknown := [name for name in values if name not in self._ranges]:
            listed = ", ".join(f"{name!r}{did_you_mean(str(name), self._ranges)}" for name in unknown)
            raise ParameterError(f"no region {listed} (regions: {self._list_names()})")
        table = np.zeros((components, len(self.names)))
        known = np.zeros(len(self.names), dtype=bool)
        # Groups first, so that single regions override them.
        for name in sorted(values, key=lambda name: len(self._ranges[name]), reverse=True):
            found = self._ranges[name]
            table[:, found.start : found.stop] = _vector(name, values[name], components)[:, None]
            known[found.start : found.stop] = True
        lacking = np.flatnonzero(~known & (self._cell_counts > 0))
        if lacking.size:
            listed = ", ".join(repr(self.names[i]) for i in lacking[:10]) + (", ..." if lacking.size > 10 else "")
            told = lacking[0] == 0 or "default" in values
            hint = " ('default' holds the cells that no region covers)" if told else ""
            raise ParameterError(f"no value for {lacking.size} region(s): {listed}{hint}; given: {', '.join(values)}")
        return table[:, self.numbers]

    def _local_numbers(self, name: str, definition: Shape | ArrayLike) -> tuple[NDArray, list[str]]:
        """Numbers 1 ... n of one definition's regions, 0 elsewhere, and their names."""
        if isinstance(definition, Shape):
            return definition.fill(self.mesh).astype(np.int64), [name]
        array = np.asarray(definition)
        if array.shape != self.mesh.shape or array.dtype.kind not in "biu":
            raise ParameterError(
                f"region {name!r} is an array of shape {array.shape} and type {array.dtype}; allowed are shapes, and "
                f"arrays of bools or integers of shape {self.mesh.shape} (nz, ny, nx)"
            )
        if array.dtype.kind == "b":
            return array.astype(np.int64), [name]
        if array.min() < 0:
            raise ParameterError(f"region {name!r}: the array holds {array.min()}; allowed are 0 (none), 1, 2, ...")
        present, positions = np.unique(array, return_inverse=True)
        has_zero = int(present[0] == 0)
        local = positions.reshape(array.shape) + (1 - has_zero)
        return local, [f"{name}.{value}" for value in present[has_zero:].tolist()]

    def _check_name(self, name: str) -> None:
        if not isinstance(name, str) or not name.strip():
            raise ParameterError(f"region name {name!r}: a text that is not empty is needed")
        if name in self._ranges:
            which = "stands for the cells that no region covers" if name == DEFAULT else "is there already"
            raise ParameterError(f"region name {name!r} {which}; choose another")

    def _range(self, name: str) -> range:
        if name not in self._ranges:
            raise ParameterError(
                f"no region {name!r}{did_you_mean(str(name), self._ranges)} (regions: {self._list_names()})"
            )
        return self._ranges[name]

    def _cells_in(self, name: str) -> int:
        found = self._ranges[name]
        return int(self._cell_counts[found.start : found.stop].sum())

    def _list_names(self, at_most: int = 20) -> str:
        names = list(self._ranges)
        return ", ".join(names[:at_most]) + (", ..." if len(names) > at_most else "")


def _vector(name: str, value: ArrayLike, components: int) -> NDArray[np.float64]:
    try:
        vector = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"region {name!r}: {value!r} is not a number or a vector of numbers") from error
    if vector.shape != (components,) and not (components == 1 and vector.shape == ()):
        raise ParameterError(
            f"region {name!r}: value {value!r} has shape {vector.shape}; {components} number(s) are needed"
        )
    if not np.isfinite(vector).all():
        raise ParameterError(f"region {name!r}: value {value!r} is not finite")
    return vector.reshape(components)


def _place(mesh: Mesh) -> str:
    assert mesh.origin is not None  # Mesh fills in a default
    ends = zip("xyz", mesh.origin, mesh.size, strict=True)
    spans = ", ".join(f"{axis} = {low:.6g} ... {low + size:.6g} m" for axis, low, size in ends)
    return f"the mesh spans {spans}, in cells of {' × '.join(f'{d:.6g}' for d in mesh.cell_size)} m"
