"""Reading a scene file: TOML, overrides, schema, and what the tables must agree on; all problems at once."""

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin

import numpy as np
from pydantic import TypeAdapter, ValidationError

from fdmag.backend import PRECISIONS, select_backend
from fdmag.devices.device import Device
from fdmag.errors import FdmagError, ParameterError, did_you_mean
from fdmag.scene.build import Builder, Parts
from fdmag.scene.checks import consistency
from fdmag.scene.contents import splits
from fdmag.scene.overrides import override
from fdmag.scene.problems import Problem, SceneError
from fdmag.scene.schema import scene_model
from fdmag.scene.stepping import stepping_problems, with_tolerances
from fdmag.scene.sweeps.expansion import Expansion
from fdmag.scene.tables import StageTable
from fdmag.scene.validation import from_validation, without_misspelt
from fdmag.simulation import Simulation

MAX_BYTES = 10_000_000
MAX_DEPTH = 60
"""Deepest nesting of tables and arrays; shapes by name go further."""


@dataclass
class LoadedScene:
    """A scene that passed every check.

    Attributes
    ----------
    path : Path
        As given.
    folder : Path
        Where the scene's files are: beside the scene, or beside what it links to.
    scene : model of `fdmag.scene.schema.scene_model`
        All defaults filled in, all quantities in SI units.
    simulation : Simulation
        In its initial state.
    parts : Parts
        What it is made of, and what later stages set.
    builder : Builder
        Turns entries of the scene into values.
    raw : dict
        As it is written, with the overrides.
    expansion : Expansion or None
        The members, if the scene is a sweep; it is then the scene of the first member.
    """

    path: Path
    folder: Path
    scene: Any
    simulation: Simulation
    parts: Parts
    builder: Builder
    raw: dict[str, Any]
    expansion: Expansion | None = None

    @property
    def devices(self) -> dict[str, Device]:
        """The devices of the scene by name."""
        return self.builder.devices

    def resolved(self) -> dict[str, Any]:
        """Return the scene as plain data, all defaults explicit, in SI units; it can be run again."""
        data = self.scene.model_dump(mode="json", exclude_none=True)
        data["stages"] = [{"kind": stage.pop("kind"), **stage} for stage in data["stages"]]
        data["terms"] = {
            name: entries[0] if len(entries) == 1 else entries for name, entries in data["terms"].items() if entries
        }
        return {key: value for key, value in data.items() if value != {} or key == "terms"}


def load_scene(
    path: str | os.PathLike[str],
    overrides: Sequence[str] = (),
    device: str = "auto",
    precision: str | None = None,
    member: int | None = None,
) -> LoadedScene:
    """Read and check a scene file; build its simulation, without computing anything.

    Of a sweep it is the scene of the first member; `fdmag.scene.sweeps.check.load_sweep` checks all of them.

    Parameters
    ----------
    path : path
    overrides : sequence of str
        ``"mesh.cells=[10, 10, 1]"``: replace entries before the check. The value is TOML, or else text.
    device, precision : str
        As in `Simulation`.
    member : int, optional
        Of a sweep: the member to load, as a scene of its own.

    Raises
    ------
    SceneError
        With everything found wrong.
    ParameterError
        For an unknown device or precision, or if there is no such member.
    """
    reader = SceneReader(path, overrides, device, precision)
    if member is None:
        return reader.load(reader.raw)
    return reader.load_member(member)


class SceneReader:
    """Turns data into checked scenes; what several of them have in common is checked once.

    Parameters and errors as in `load_scene`; that the file is no scene is told by `load`. With ``raw``, the data of a
    scene, no file is read: ``path`` is told in messages alone, and what the scene reads lies in ``folder``.

    Attributes
    ----------
    path, folder : Path
        As of `LoadedScene`.
    raw : dict
        Data of the file, with the overrides.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        overrides: Sequence[str] = (),
        device: str = "auto",
        precision: str | None = None,
        *,
        raw: dict[str, Any] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.path = Path(path)
        if precision is not None and precision not in PRECISIONS:
            near = did_you_mean(precision, PRECISIONS)
            raise ParameterError(f'precision "{precision}" is unknown; allowed: {", ".join(PRECISIONS)}{near}')
        select_backend(device, precision)
        self.device, self.precision = device, precision
        self.folder = Path(os.path.realpath(path)).parent if folder is None else folder
        self.raw = _read(self.path) if raw is None else raw
        self._problems = [problem for text in overrides if (problem := override(self.raw, text)) is not None]
        if _too_deep(self.raw):
            raise SceneError(
                self.path, [Problem((), f"nested too deeply; allowed: {MAX_DEPTH} tables and arrays in each other")]
            )
        self._sections: dict[str, tuple[Any, Any, list[Problem]]] = {}
        self._builder: Builder | None = None

    def load(self, raw: dict[str, Any]) -> LoadedScene:
        """Return the checked scene of this data; of a sweep that of its first member.

        Raises
        ------
        SceneError
            With everything found wrong.
        """
        kinds = _stage_kinds(raw)
        expansion, told = self._expanded(raw)
        if expansion is not None and not told:
            try:
                raw = expansion.scene(0) | {key: raw[key] for key in ("sweep", "expect") if key in raw}
            except FdmagError as error:
                told = [Problem(("sweep", "quantities"), str(error))]
        sections, found = self._validated(raw)
        problems = [*self._problems, *found, *told]
        scene: Any = scene_model().model_construct(**sections)
        # A table that is missing or misspelt would be missed by others: nothing is told of those.
        whole = raw.keys() | sections.keys() == scene_model().model_fields.keys()
        if whole:
            problems += consistency(scene, self.folder, self.precision, problems, expansion)
        if not whole or any(problem.place[:1] in ((), ("mesh",)) for problem in problems):
            raise SceneError(self.path, problems, kinds)
        with np.errstate(all="ignore"):  # what is not finite is told as a problem
            builder = Builder(scene, self.folder, problems, self._builder)
            built = builder.simulation(self.device, self.precision)
        if built is None:
            raise SceneError(self.path, builder.problems, kinds)
        self._builder = builder
        parts, simulation = built
        if problems := list(stepping_problems(scene.stages, parts, simulation, divided=splits(scene))):
            raise SceneError(self.path, problems, kinds)
        scene.stages = with_tolerances(scene.stages, parts, simulation)
        return LoadedScene(self.path, self.folder, scene, simulation, parts, builder, raw, expansion)

    def load_member(self, member: int) -> LoadedScene:
        """Return the scene of one member of a sweep: one without ``sweep`` and ``expect``."""
        expansion, told = self._expanded(self.raw)
        if told:
            raise SceneError(self.path, [*self._problems, *told])
        if expansion is None:
            raise ParameterError(f"{self.path.name} is no sweep: there is no member {member}; add [sweep]")
        if not 0 <= member < expansion.count:
            raise ParameterError(f"member {member} is not in the sweep; allowed: 0 to {expansion.count - 1}")
        return self.load(expansion.scene(member))

    def _expanded(self, raw: dict[str, Any]) -> tuple[Expansion | None, list[Problem]]:
        """Return the members of a sweep, and what is wrong with them."""
        if "sweep" not in raw:
            return None, []
        table, found = self._section("sweep", raw["sweep"])
        if found:
            return None, []  # told with the table
        expansion = Expansion(table, raw, self.folder, scene_model())
        return expansion, expansion.problems

    def _validated(self, raw: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
        """Check each top-level table on its own, so that one broken table does not hide the others."""
        names = scene_model().model_fields
        found = [
            (
                "extra_forbidden",
                Problem((key,), f"unknown table; allowed: {', '.join(names)}{_near(key)}"),
            )
            for key in raw
            if key not in names
        ]
        sections: dict[str, Any] = {}
        problems = []
        for name, field in names.items():
            if name in raw:
                sections[name], wrong = self._section(name, raw[name])
                problems += wrong
            elif field.is_required():
                found.append(("missing", Problem((name,), f"missing; {_NEEDED[name]}")))
            else:
                sections[name] = _default(name)
        return sections, without_misspelt(found) + problems

    def _section(self, name: str, raw: Any) -> tuple[Any, list[Problem]]:
        """Return a table, checked, and what is wrong with it; the very same data are checked once."""
        if name not in self._sections or self._sections[name][0] is not raw:
            annotation = scene_model().model_fields[name].annotation
            try:
                self._sections[name] = raw, _adapter(name).validate_python(raw), []
            except ValidationError as error:
                rebuilt = scene_model().model_fields[name].rebuild_annotation()
                self._sections[name] = (
                    raw, _salvaged(name, raw, rebuilt), from_validation(error, annotation, raw, (name,))
                )  # fmt: skip
        _, section, problems = self._sections[name]
        return section, problems


@cache
def _adapter(name: str) -> TypeAdapter:
    return TypeAdapter(scene_model().model_fields[name].rebuild_annotation())


@cache
def _default(name: str) -> Any:
    """Return a table that is left out, always the same one."""
    return scene_model().model_fields[name].get_default(call_default_factory=True)


def _near(table: str) -> str:
    """Return what a top-level table that is unknown was meant to be: one within another, or one with a like name."""
    names = scene_model().model_fields
    for outer in ("material", "terms"):
        if table in getattr(names[outer].annotation, "model_fields", ()):
            return f"; did you mean [{outer}] {table}?" if outer == "material" else f"; did you mean [{outer}.{table}]?"
    return did_you_mean(table, names)


def _read(path: Path) -> dict[str, Any]:
    def refused(message: str) -> SceneError:
        return SceneError(path, [Problem((), message)])

    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise refused(f"more than {MAX_BYTES // 10**6} MB; a scene is smaller: put arrays into files")
        return tomllib.loads(content.decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, SceneError):
            raise
        if isinstance(error, OSError):
            inside = path / "scene.toml"
            hint = f"; the scene of this run is {inside}" if path.is_dir() and inside.is_file() else ""
            message = f"cannot be read: {error.strerror or error}{hint}"
        elif isinstance(error, UnicodeDecodeError):
            message = "is no UTF-8 text; a scene is a TOML file"
        elif isinstance(error, RecursionError):
            message = f"nested too deeply; allowed: {MAX_DEPTH} tables and arrays in each other"
        else:
            hint = "" if path.suffix == ".toml" else "; a scene is a TOML file: fdmag scenes lists some to start from"
            message = f"is no TOML: {error}{hint}"
        raise refused(message) from error


def _too_deep(raw: Any) -> bool:
    """Return whether tables and arrays are nested deeper than `MAX_DEPTH`, without recursion."""
    layer = [raw]
    for _ in range(MAX_DEPTH):
        inner = [list(item.values()) if isinstance(item, dict) else item for item in layer]
        layer = [part for items in inner for part in items if isinstance(part, dict | list)]
        if not layer:
            return False
    return True


def _stage_kinds(raw: dict[str, Any]) -> list[str]:
    """Return the kinds of the stages as they are written, for messages."""
    stages = raw.get("stages")
    kinds = (
        [stage.get("kind") if isinstance(stage, dict) else "" for stage in stages] if isinstance(stages, list) else []
    )
    return [kind if isinstance(kind, str) and kind.isidentifier() and len(kind) < 20 else "" for kind in kinds]


def _salvaged(name: str, raw: Any, annotation: Any) -> Any:
    """Return what is valid of a table that is not valid as a whole, so that the rest of the scene is still checked.

    None stands for what is wrong; in place of a wrong term is one with its defaults, so that its name is known.
    """
    if name == "terms" and isinstance(raw, dict):
        found = {}
        for key, field in annotation.model_fields.items():
            entries = raw.get(key, [])
            table = get_args(field.annotation)[0]
            listed = entries if isinstance(entries, list) else [entries]
            found[key] = [_valid(table, entry) or table.model_construct() for entry in listed]
        return annotation.model_construct(**found)
    if name == "stages" and isinstance(raw, list):
        return [_valid(StageTable, stage) for stage in raw]
    if get_origin(annotation) is dict and isinstance(raw, dict):
        return {key: _valid(get_args(annotation)[1], entry) for key, entry in raw.items()}
    if name == "terms":
        return annotation.model_construct(**{key: [] for key in annotation.model_fields})
    return [] if name == "stages" else {} if get_origin(annotation) is dict else None


def _valid(kind: Any, raw: Any) -> Any:
    try:
        return TypeAdapter(kind).validate_python(raw)
    except ValidationError:
        return None


_NEEDED = {
    "mesh": 'for example [mesh] with cells = [100, 100, 1] and cell = ["2 nm", "2 nm", "1 nm"]',
    "material": 'for example [material] with Ms = "800 kA/m" and alpha = 0.01',
    "terms": 'for example [terms.exchange] with A = "13 pJ/m", and [terms.demag]',
    "stages": 'for example [[stages]] with kind = "relax"',
}
