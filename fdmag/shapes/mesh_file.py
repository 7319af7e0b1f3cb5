"""A shape read from a file: a closed surface or a volume mesh. The only module with meshio and pyvista."""

import io
import os
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import FileFormatError, ParameterError, did_you_mean
from fdmag.shapes.checks import centre, length
from fdmag.shapes.shape import Bounds, Mask, Shape

SUFFIXES = (".stl", ".obj", ".ply", ".vtu", ".vtk", ".msh")
# Number of the element in VTK, and how many of its nodes count there: those in the middle of faces need not.
FLAT = {"triangle": (5, 3), "quad": (9, 4), "triangle6": (22, 6), "quad8": (23, 8), "quad9": (28, 9)}
SOLID = {
    "tetra": (10, 4), "pyramid": (14, 5), "wedge": (13, 6), "hexahedron": (12, 8),
    "tetra10": (24, 10), "pyramid13": (27, 13), "pyramid14": (27, 13), "wedge15": (26, 15), "wedge18": (26, 15),
    "hexahedron20": (25, 20), "hexahedron24": (25, 20), "hexahedron27": (29, 27),
}  # fmt: skip
GMSH_ORDER = {
    "wedge18": (0, 1, 2, 3, 4, 5, 6, 9, 7, 12, 14, 13, 8, 10, 11),
    "pyramid14": (0, 1, 2, 3, 4, 5, 8, 10, 6, 7, 9, 11, 12),
}
"""Nodes of elements that meshio leaves in the order of gmsh, in that of VTK."""
CURVED = 2
"""How often the edges of second-order elements are halved to follow their curves."""
GROUPS = "gmsh:physical"
CHUNK = 200_000
"""Points looked up at once, so that pictures of the progress and memory stay small."""


class MeshFile(Shape):
    """What a closed surface encloses, or the elements of a volume mesh cover.

    Points closer to the boundary than about 10⁻⁶ of the size may fall on either side.

    Parameters
    ----------
    source : path
        Surfaces of triangles and quads: .stl, .obj, .ply; volumes (tetrahedra, pyramids, wedges, hexahedra) and
        surfaces: .vtu, .vtk, .msh (gmsh 2.2 and 4.1). Elements may be of first or second order; curved ones are
        followed by quarters of their edges. If there are volume elements, surface elements do not count. Needs meshio
        and pyvista: ``pip install fdmag[mesh]``.
    scale : float [m]
        Length of one unit of the file.
    center : (x, y, z) [m], optional
        Where the middle of the whole file's bounding box comes to lie; by default coordinates stay as they are.
    part : str, optional
        One part of a volume mesh: the name of a gmsh physical group, or a value of the cell data ``data``.
    data : str, optional
        The cell data that tell the parts apart; by default gmsh's physical groups, or the only integer ones.

    Attributes
    ----------
    scale, center, part
        As given.
    names : tuple of str
        Names of the parts, empty if the file tells none; ``{name: MeshFile(path, part=name) ...}`` makes regions.

    Raises
    ------
    ParameterError
        If a length is out of range, a name unknown, or meshio or pyvista are missing.
    FileFormatError
        If the file cannot be read, or its surface is not closed.
    """

    def __init__(
        self,
        source: str | os.PathLike[str],
        scale: float = 1.0,
        center: Sequence[float] | None = None,
        part: str | None = None,
        data: str | None = None,
    ) -> None:
        path = Path(source)
        self.scale = length(scale, "MeshFile: scale")
        self.center = None if center is None else centre(center, "MeshFile: center")
        self.part = part
        contents = _read(path)
        blocks = [i for i, block in enumerate(contents.cells) if block.type in SOLID]
        is_volume = bool(blocks)
        blocks = blocks or [i for i, block in enumerate(contents.cells) if block.type in FLAT]
        if not blocks:
            kinds = ", ".join(sorted({block.type for block in contents.cells})) or "none"
            raise FileFormatError(f"{path.name}: holds cells of type {kinds}; allowed: {', '.join([*FLAT, *SOLID])}")
        cells = [(contents.cells[i].type, _nodes(path, contents.cells[i])) for i in blocks]
        points = _points(path, contents.points, cells)
        labels, numbers = _labels(path, contents, blocks, data) if is_volume else (None, {})
        self.names = tuple(numbers)
        if part is not None and part not in numbers:
            has = f"it has {', '.join(numbers)}{did_you_mean(part, numbers)}" if numbers else "it names no parts"
            raise ParameterError(f"{path.name}: has no part {part!r}; {has}")
        used = points[np.unique(np.concatenate([nodes.ravel() for _, nodes in cells]))]
        lower, upper = used.min(axis=0), used.max(axis=0)
        self._middle, self._half = (lower + upper) / 2, (upper - lower) / 2
        self._size = float((upper - lower).max()) or 1.0
        normed = (points - self._middle) / self._size  # VTK's tolerances are made for sizes around 1
        if is_volume:
            # Touching parts that were meshed apart have doubled nodes, and faces within that are no surface.
            _, first, same = np.unique(np.round(normed, 9), axis=0, return_index=True, return_inverse=True)
            normed, cells = normed[first], [(kind, same.reshape(-1)[nodes]) for kind, nodes in cells]
            chosen = None if part is None else np.asarray(labels == numbers[part])
            self._finds = _in_volume(normed, cells, chosen)
        else:
            self._finds = _in_surface(path, normed, cells)

    def inside(self, x: NDArray, y: NDArray, z: NDArray) -> Mask:
        """Within the surface, or in a volume element."""
        x, y, z = np.broadcast_arrays(x, y, z)
        unit = self.scale * self._size
        points = np.stack([(c.ravel() - c0) / unit for c, c0 in zip((x, y, z), self._place(), strict=True)], axis=1)
        near = np.flatnonzero(np.all(np.abs(points) <= self._half / self._size + 1e-6, axis=1))
        found = np.zeros(x.size, dtype=bool)
        for start in range(0, near.size, CHUNK):
            some = near[start : start + CHUNK]
            found[some] = self._finds(points[some])
        return found.reshape(x.shape)

    @property
    def bounds(self) -> Bounds:
        """Bounding box of the whole file [m]."""
        place, half = self._place(), self.scale * self._half
        return tuple((place - half).tolist()), tuple((place + half).tolist())

    def _place(self) -> NDArray[np.float64]:
        """Return where the middle of the bounding box is [m]."""
        return self.scale * self._middle if self.center is None else np.array(self.center)


def _libraries() -> tuple[Any, Any]:
    try:
        import meshio
        import pyvista
    except ImportError as error:
        raise ParameterError(f"mesh files need meshio and pyvista: pip install fdmag[mesh] ({error})") from error
    return meshio, pyvista


def _read(path: Path) -> Any:
    """Return the contents of a mesh file as meshio gives them."""
    if path.suffix.lower() not in SUFFIXES:
        raise FileFormatError(f"{path.name} is of no known kind; allowed: {', '.join(SUFFIXES)}")
    meshio, _ = _libraries()
    if not path.is_file():
        raise FileFormatError(f"{path.name}: there is no such file")
    for dimension, kinds in ((2, FLAT), (3, SOLID)):
        for kind in kinds:  # meshio reads some second-order elements, but does not know of which dimension they are
            meshio._mesh.topological_dimension.setdefault(kind, dimension)
    said = io.StringIO()
    try:
        # meshio prints what goes wrong, and leaves the program if no reader takes the file.
        with redirect_stdout(said), redirect_stderr(said), catch_warnings():
            simplefilter("ignore")
            return meshio.read(path)
    except (Exception, SystemExit) as error:
        reason = " ".join(said.getvalue().split()) or str(error) or type(error).__name__
        raise FileFormatError(f"{path.name}: cannot be read as a mesh ({reason:.200})") from error


def _nodes(path: Path, block: Any) -> NDArray[np.intp]:
    """Return the nodes of a block of elements, (n, nodes), as VTK orders them."""
    nodes = np.asarray(block.data)
    if path.suffix.lower() == ".msh" and block.type in GMSH_ORDER:
        return nodes[:, GMSH_ORDER[block.type]]
    return nodes[:, : (FLAT | SOLID)[block.type][1]]


def _points(path: Path, given: NDArray, cells: list[tuple[str, NDArray]]) -> NDArray[np.float64]:
    """Return the points, (n, 3), checked."""
    points = np.zeros((len(given), 3))
    points[:, : given.shape[1]] = given
    if not np.isfinite(points).all():
        raise FileFormatError(f"{path.name}: holds points that are not finite")
    if any(nodes.size == 0 or nodes.min() < 0 or nodes.max() >= len(points) for _, nodes in cells):
        raise FileFormatError(f"{path.name}: holds cells without points, or of points that are not there")
    return points


def _labels(path: Path, contents: Any, blocks: list[int], data: str | None) -> tuple[NDArray | None, dict[str, int]]:
    """Return a number for each volume element, and the numbers of the named parts."""
    found = {
        name: np.concatenate([np.asarray(values[i]) for i in blocks]) for name, values in contents.cell_data.items()
    }
    whole = [name for name, values in found.items() if values.dtype.kind in "iu" and values.ndim == 1]
    if data is None and (GROUPS in whole or len(whole) == 1):
        data = GROUPS if GROUPS in whole else whole[0]
    if data is None:
        return None, {}
    if data not in whole:
        near = did_you_mean(data, whole)
        raise ParameterError(
            f"{path.name}: has no integer cell data {data!r}; it has {', '.join(whole) or 'none'}{near}"
        )
    names = {int(tag): name for name, (tag, dimension) in contents.field_data.items() if dimension == 3}
    labels = found[data]
    named = names if data == GROUPS else {}
    return labels, {named.get(tag, str(tag)): tag for tag in np.unique(labels).tolist()}


def _in_surface(path: Path, points: NDArray, cells: list[tuple[str, NDArray]]) -> Callable[[NDArray], Mask]:
    """Return what tells points inside a closed surface."""
    pieces = [_skin(points, kind, nodes) for kind, nodes in cells]
    surface = pieces[0].append_polydata(*pieces[1:]).triangulate().clean()
    if surface.n_open_edges:
        raise FileFormatError(
            f"{path.name}: the surface is not closed, {surface.n_open_edges} edges do not join two faces; close its "
            "holes and remove what is doubled in the program that made it"
        )
    return _enclosed(surface)


def _in_volume(points: NDArray, cells: list[tuple[str, NDArray]], chosen: NDArray | None) -> Callable[[NDArray], Mask]:
    """Return what tells points in the chosen volume elements, by default in all."""
    starts = np.cumsum([0, *(len(nodes) for _, nodes in cells)])
    skins = []
    # By surfaces, because VTK takes points beside an element, by a thousandth of its size or more, for points in it; by
    # one for each kind of element, because faces that lie on each other in different pieces would be crossed once.
    for kind in {kind for kind, _ in cells}:
        alike = [
            nodes[chosen[start : start + len(nodes)]] if chosen is not None else nodes
            for start, (other, nodes) in zip(starts, cells, strict=False)
            if other == kind
        ]
        elements = np.concatenate(alike)
        if len(elements):
            skins.append(_enclosed(_skin(points, kind, elements).triangulate().clean()))
    return lambda some: np.logical_or.reduce([inside(some) for inside in skins])


def _skin(points: NDArray, kind: str, nodes: NDArray) -> Any:
    """Return the outer faces of elements of one kind, curved ones in flat pieces."""
    _, pyvista = _libraries()
    from vtkmodules.vtkFiltersGeometry import vtkDataSetSurfaceFilter

    skin = vtkDataSetSurfaceFilter()
    skin.SetInputData(pyvista.UnstructuredGrid({(FLAT | SOLID)[kind][0]: nodes}, points))
    skin.SetNonlinearSubdivisionLevel(CURVED)
    skin.Update()
    return pyvista.wrap(skin.GetOutput())


def _enclosed(surface: Any) -> Callable[[NDArray], Mask]:
    """Return what tells points on the inner side of a surface, by counting its crossings."""
    _, pyvista = _libraries()
    from vtkmodules.vtkFiltersModeling import vtkSelectEnclosedPoints

    def inside(some: NDArray) -> Mask:
        select = vtkSelectEnclosedPoints()
        select.SetInputData(pyvista.PolyData(some))
        select.SetSurfaceData(surface)
        select.SetTolerance(1e-9)
        select.Update()
        return np.asarray(pyvista.wrap(select.GetOutput())["SelectedPoints"]) != 0

    return inside
