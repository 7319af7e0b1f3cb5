"""From a checked scene to a simulation: files read, shapes filled, expressions turned into functions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag import initial, shapes
from fdmag.devices.device import Device
from fdmag.errors import FdmagError, ParameterError
from fdmag.expressions import Expression
from fdmag.grains import voronoi_grains
from fdmag.mesh import Mesh
from fdmag.parameter import Declaration, Driven, Parameter, PerReplica, Sum
from fdmag.regions import Regions
from fdmag.scene import shape_tables, state_tables
from fdmag.scene.arrays import read_array, read_m
from fdmag.scene.contents import (
    TermInUse,
    has_form,
    replica_count,
    stage_parameters,
    stage_states,
    table_fields,
    terms_in_use,
)
from fdmag.scene.devices import build_devices
from fdmag.scene.finer import finer_scene, halvings
from fdmag.scene.formulas import Formulas
from fdmag.scene.grain_values import build_grains
from fdmag.scene.problems import Place, Problem
from fdmag.scene.signals import build_signal
from fdmag.scene.values import SPACE_AND_TIME, impossible
from fdmag.shares import Shares
from fdmag.simulation import Simulation
from fdmag.terms import Material, Term
from fdmag.terms.term import Declared
from fdmag.units import parse_quantity

Options = dict[str, Any]
MS = "material.Ms"
_GEOMETRY = ("mesh", "shapes", "regions", "geometry")


@dataclass
class Parts:
    """What a simulation is made of, before it is on a device.

    Attributes
    ----------
    mesh : Mesh
    regions : Regions
    material : dict
        Values of Ms, alpha, gamma, frozen.
    terms : list of Term
        Not bound yet.
    m : array
        Initial state, (batch | 1, 3, nz, ny, nx), or (batch | 1, 3, 1, 1, 1) if uniform.
    filled : Shares or None
        How much of each cell is inside the geometry.
    batch : int
    settings : list of dict
        For each stage what it sets, by path; the direction of a hysteresis is called "direction", and states have the
        names of their keys, such as "end" and "path.states.0".
    finer : Parts or None
        The same on cells half as large in x and y, if a stage or a device asks for it.
    """

    mesh: Mesh
    regions: Regions
    material: Options
    terms: list[Term]
    m: NDArray[np.float64]
    filled: Shares | None
    batch: int
    settings: list[Options]
    finer: "Parts | None" = None

    def simulation(self, device: str = "auto", precision: str | None = None) -> Simulation:
        """Return the simulation in its initial state."""
        return Simulation(self.mesh, self.terms, m=self.m, regions=self.regions, batch=self.batch,
                          geometry=self.filled, device=device, dtype=precision, **self.material)  # fmt: skip


class Builder:
    """Builds the simulation of a checked scene.

    Parameters
    ----------
    scene : model of `fdmag.scene.schema.scene_model`
    folder : Path
        Where the scene's files are.
    problems : sequence of Problem
        What is known to be wrong; what rests on it is not tried.
    before : Builder, optional
        That of another scene: if mesh, shapes, regions and geometry are the very same tables, so is what is made of
        them.

    Attributes
    ----------
    first_replica : int
        Number of the first replica, on which noise and random states depend.
    problems : list of Problem
        With what turned out wrong, and its place; `parts` raises nothing for those.
    devices : dict of name to Device
        Built with the simulation.
    finer : Parts or None
        Of the simulation, on cells half as large, if they are asked for.
    """

    def __init__(
        self, scene: Any, folder: Path, problems: Sequence[Problem] = (), before: "Builder | None" = None
    ) -> None:
        self.scene = scene
        self.folder = folder
        self.mesh: Mesh
        self.regions: Regions
        self.problems = list(problems)
        self.batch = replica_count(scene)
        self.first_replica = 0
        self.devices: dict[str, Device] = {}
        self.finer: Parts | None = None
        self._filled: Shares | None = None
        self._regions_known = False
        alike = (
            before is not None
            and not before.problems
            and all(getattr(before.scene, key) is getattr(scene, key) for key in _GEOMETRY)
        )
        if before is not None and alike and before._regions_known:
            self.mesh, self.regions = before.mesh, before.regions
            self._filled, self._regions_known = before._filled, True
            return
        table = scene.mesh
        self.mesh = Mesh(tuple(table.cells), tuple(table.cell), table.periodic, table.origin)
        self.regions = Regions(self.mesh, {})

    def parts(self) -> Parts | None:
        """Return what the simulation is made of, or None if there are problems."""
        scene = self.scene
        if not self._regions_known and not any(map(self._told, ("shapes", "regions", "geometry"))):
            self._shapes()
        material = self._declared(Material, scene.material, ("material",))
        material["Ms"] = self._guard(("material", "Ms"), self._masked, material["Ms"])
        terms = []
        for used in terms_in_use(scene):
            built = self._guard(used.place, self._term, used)
            if built is not None:
                terms.append(built)
        settings: list[Options] = [{} for _ in scene.stages]
        for path, given in stage_parameters(scene):
            if given.value is not None and not self._rests_on_regions(given.value):
                tried = self._guard(given.place, self._tried, given.value, given.declaration, path)
                settings[int(given.place[1])][path or "direction"] = tried
        m = None
        if not self._rests_on_regions(getattr(scene.initial, "direction", None)):
            m = self._guard(("initial",), self._initial, scene.initial, material["Ms"])
        for place, table in stage_states(scene):
            if not self._rests_on_regions(getattr(table, "direction", None)):
                state = self._guard(place, self._initial, table, material["Ms"])
                settings[int(place[1])][".".join(map(str, place[2:]))] = state
        if self.problems or m is None:
            return None
        finer, filled = self._finer(), self._filled
        parts = Parts(self.mesh, self.regions, material, terms, m, filled, self.batch, settings, finer)
        return None if self.problems else parts

    def simulation(self, device: str = "auto", precision: str | None = None) -> tuple[Parts, Simulation] | None:
        """Return the parts and the simulation in its initial state, or None if there are problems."""
        parts = self.parts()
        self.finer = None if parts is None else parts.finer
        built = None if parts is None else self._guard((), parts.simulation, device, precision)
        if parts is None or built is None:
            return None
        self.devices = build_devices(self, built, self._guard)
        return None if self.problems else (parts, built)

    def setting(self, path: str, value: Any, declaration: Declaration) -> Any:
        """Return what a set stage gives to ``path``, such as ``material.Ms``, which stays within the geometry."""
        built = self.value(value, declaration)
        return self._masked(built) if path == MS else built

    def value(self, value: Any, declaration: Declaration) -> Any:
        """Return an entry of the scene as a value that `Parameter` takes."""
        if not isinstance(value, dict):
            return value
        if "sum" in value:
            return Sum(*(self.value(item, declaration) for item in value["sum"]))
        if "signal" in value:
            pattern = {key: item for key, item in value.items() if key != "signal"}
            return Driven(self.value(pattern, declaration), build_signal(value["signal"], self.folder))
        if "grains" in value:
            return build_grains(value["grains"])
        if "replicas" in value:
            return PerReplica(value["replicas"])
        factor = parse_quantity(f"1 {value['unit']}", declaration.unit) if "unit" in value else 1.0
        if "file" in value:
            path = self.folder / value["file"]
            return factor * read_array(path, self.mesh, declaration.components, value.get("array"))
        if "expression" in value:
            return self._expressions(value["expression"], factor)
        return value.get("regions", value.get("value"))

    def shape(self, reference: Any) -> shapes.Shape:
        """Return the shape of a table or a name."""
        if isinstance(reference, str):
            return self.shape(self.scene.shapes[reference])
        options = _options(reference)
        match reference:
            case shape_tables.Image():
                return shapes.ImageMask(self.folder / options.pop("file"), **options)
            case shape_tables.MeshFile():
                return shapes.MeshFile(self.folder / options.pop("file"), **options)
            case shape_tables.Rough():
                return self.shape(reference.shape).roughen(reference.sigma, reference.length, reference.seed)
            case shape_tables.UnionOf() | shape_tables.Intersection() | shape_tables.Difference():
                return _COMBINED[reference.kind](*map(self.shape, reference.shapes))
            case shape_tables.Translate():
                return self.shape(reference.shape).translate(reference.by)
            case shape_tables.Rotate():
                return self.shape(reference.shape).rotate(reference.angle, reference.axis)
            case shape_tables.Repeat():
                period = [length or None for length in reference.period]
                return self.shape(reference.shape).repeat(period, reference.counts or (None, None, None))
        return _SOLIDS[reference.kind](**options)

    def _finer(self) -> Parts | None:
        """Return the parts on cells half as large if they are asked for; what does not fit those is a problem."""
        if not (places := halvings(self.scene)):
            return None
        builder = Builder(finer_scene(self.scene), self.folder)
        builder.batch, builder.first_replica = self.batch, self.first_replica
        finer, cannot = builder.parts(), "cannot be done: on cells half as large"
        self.problems += [Problem(places[0], f"{cannot} {told}") for told in builder.problems]
        return finer

    def _shapes(self) -> None:
        scene = self.scene
        definitions = {
            name: self._guard(("regions", name), self._region, table) for name, table in scene.regions.items()
        }
        if not self._told("regions"):
            regions = self._guard(("regions",), Regions, self.mesh, definitions)
            if regions is not None:
                self.regions, self._regions_known = regions, True
        if scene.geometry is not None:
            self._filled = self._guard(("geometry", "shape"), self._filling, scene.geometry)

    def _term(self, used: TermInUse) -> Term | None:
        options = self._declared(used.term, used.table, used.place)
        if self._told(*used.place) or any(
            self._rests_on_regions(getattr(used.table, key, None)) for key in used.term.parameters()
        ):
            return None
        if used.term.stochastic and self.first_replica:
            options["first_replica"] += self.first_replica
        term = used.term(**options)
        term.bind(self.mesh, self.regions).check(self.mesh)
        return term

    def _declared(self, owner: type[Declared], table: Any, place: Place) -> Options:
        """Return the keyword arguments of a declared dataclass from its table."""
        names = [*type(table).model_fields] if table is not None else [*owner.parameters()]
        options: Options = {key: getattr(table, key, None) for key in names}
        for key, declaration in owner.parameters().items():
            if self._rests_on_regions(options[key]):
                options[key] = None
            elif options[key] is not None:
                options[key] = self._guard((*place, key), self._tried, options[key], declaration)
        for key, inner in table_fields(owner).items():
            entries = enumerate(options[key] or ())
            options[key] = [inner(**self._declared(inner, entry, (*place, key, i))) for i, entry in entries]
        return options

    def _tried(self, value: Any, declaration: Declaration, path: str = "") -> Any:
        """Return the value for the engine, after trying it on the mesh so that an error is told with its place."""
        built = self.setting(path, value, declaration)
        try:
            tried = Parameter(built, declaration, self.mesh, self.regions, "")
            values = tried.at(np.zeros(self.batch))
            declaration.check(values, "at t = 0")
        except FdmagError as error:
            raise ParameterError(str(error).removeprefix(": ")) from error
        if message := impossible(float(np.max(np.abs(values))), declaration):
            raise ParameterError(message)
        return built

    def _guard(self, place: Place, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Return the result; None with the error kept as a problem, or where there is a problem already."""
        if place and self._told(*place):
            return None
        try:
            return function(*args, **kwargs)
        except (FdmagError, OSError) as error:
            self.problems.append(Problem(place, str(error)))
            return None

    def _rests_on_regions(self, value: Any) -> bool:
        """Return whether the value names regions while a mistake elsewhere keeps them from being known."""
        items = value["sum"] if has_form(value, "sum") else [value]
        return not self._regions_known and any(has_form(item, "regions") or has_form(item, "grains") for item in items)

    def _told(self, *place: str | int) -> bool:
        """Return whether a problem is known at this place, above it or below."""
        return any(told[: len(place)] == place[: len(told)] for told in (problem.place for problem in self.problems))

    def _expressions(self, texts: Any, factor: float = 1.0) -> Any:
        parsed = [Expression(text, SPACE_AND_TIME) for text in (texts if isinstance(texts, list) else [texts])]
        formulas = Formulas(parsed, self.mesh, factor)
        timeless = not any("t" in expression.names for expression in parsed)
        return formulas(np.zeros(1)) if timeless else formulas

    def _filling(self, table: Any) -> Shares:
        return Shares(self.shape(table.shape), self.mesh, table.smooth_edges)

    def _region(self, table: Any) -> shapes.Shape | NDArray:
        """Return a region's shape, or the numbers of its grains."""
        shape = None if table.shape is None else self.shape(table.shape)
        if table.grains is None:
            assert shape is not None  # a region has one of the two
            return shape
        columns = None if table.grains.columns == "none" else table.grains.columns
        grains = voronoi_grains(self.mesh, table.grains.diameter, table.grains.seed, columns)
        return grains if shape is None else grains * shape.fill(self.mesh)

    def _masked(self, Ms: Any) -> Any:
        """Return Ms, zero outside the geometry; some of it must be above zero in each replica."""
        if Ms is None:
            return None
        values = Parameter(Ms, Material.parameters()["Ms"], self.mesh, self.regions, "Ms").base
        if self._filled is not None:
            values = values * (self._filled.volume > 0)
        if not np.all(np.any(values > 0, axis=(1, 2, 3, 4))):
            raise ParameterError("no cell has Ms > 0; give the cells of the magnet a saturation magnetisation")
        return Ms if self._filled is None else values

    def _initial(self, table: Any, Ms: Any) -> NDArray[np.float64]:
        """Return m of the start, tried on the cells with Ms > 0."""
        with np.errstate(all="ignore"):
            m = np.asarray(self._vectors(table), dtype=np.float64)
        m = np.broadcast_to(m, (m.shape[0] if m.ndim == 5 else 1, 3, *m.shape[-3:]))
        if not np.all(np.isfinite(m)):
            raise ParameterError(f"m is not finite in the cell {_first(~np.all(np.isfinite(m), axis=1))}")
        if Ms is not None:
            magnetic = Parameter(Ms, Material.parameters()["Ms"], self.mesh, self.regions, "Ms").base[:, 0] > 0
            if np.any(empty := np.all(m == 0, axis=1) & magnetic):
                raise ParameterError(f"m has zero length in the cell {_first(empty)}; give it a direction")
        uniform = m.shape[2:] == (1, 1, 1)
        return m if uniform else np.broadcast_to(m, (*m.shape[:2], *self.mesh.shape))

    def _vectors(self, table: Any) -> Any:
        match table:
            case state_tables.Uniform():
                direction = self._tried(table.direction, state_tables.DIRECTION)
                return Parameter(direction, state_tables.DIRECTION, self.mesh, self.regions, "direction").base
            case state_tables.Random():
                return initial.random(self.mesh, table.seed, self.batch, self.first_replica)
            case state_tables.FromFile():
                return read_m(self.folder / table.file, self.mesh, table.array, table.resample)
            case state_tables.Expressions():
                return self._expressions(table.m)
        return _TEXTURES[table.kind](self.mesh, **_options(table))


def _options(table: Any) -> Options:
    return {key: getattr(table, key) for key in type(table).model_fields if key != "kind"}


def _first(where: NDArray[np.bool_]) -> str:
    z, y, x = np.argwhere(where)[0][-3:]
    return f"({x}, {y}, {z})"


_SOLIDS: dict[str, type[shapes.Shape]] = {
    "box": shapes.Box,
    "ellipse": shapes.Ellipse,
    "cylinder": shapes.Cylinder,
    "ellipsoid": shapes.Ellipsoid,
    "notch": shapes.Notch,
    "polygon": shapes.Polygon,
    "trapezoid": shapes.Trapezoid,
}
_TEXTURES: dict[str, Callable[..., NDArray]] = {
    "vortex": initial.vortex,
    "antivortex": initial.antivortex,
    "skyrmion": initial.skyrmion,
    "helix": initial.helix,
    "wall": initial.wall,
    "walls": initial.walls,
}
_COMBINED: dict[str, Callable[..., shapes.Shape]] = {
    "union": shapes.Union,
    "intersection": shapes.Intersection,
    "difference": shapes.Difference,
}
