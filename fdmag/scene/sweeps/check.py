"""Reading a sweep and checking all of its members, before anything is computed."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.scene.build import Parts
from fdmag.scene.contents import files, further_columns, stage_columns
from fdmag.scene.load import LoadedScene, SceneReader
from fdmag.scene.problems import Problem, SceneError
from fdmag.scene.sweeps.alone import Alone, is_alone
from fdmag.scene.sweeps.chunk import Chunk
from fdmag.scene.sweeps.expansion import Expansion
from fdmag.scene.sweeps.merge import shapes, signature

MOST_KEPT = 2**28
"""Bytes of what members are made of that are kept from the check for the run; others are made again."""
MOST_TOLD = 20
"""Problems of members that are told; the same mistake mostly is in many of them."""


@dataclass(frozen=True)
class Group:
    """Members that can be replicas of one batch, or one that is a run of its own.

    Attributes
    ----------
    members : list of int
    mesh : Mesh
    stages : list of tables of stages
    shapes : list
        What `fdmag.scene.sweeps.merge.shapes` gives for each of them alone.
    alone : bool
        Whether it is a run of its own.
    """

    members: list[int]
    mesh: Mesh
    stages: list[Any]
    shapes: list[Any]
    alone: bool = False


@dataclass
class Sweep:
    """A sweep all of whose members are valid scenes.

    Attributes
    ----------
    reader : SceneReader
    first : LoadedScene
        The scene of the first member, with the tables ``sweep`` and ``expect``.
    expansion : Expansion
    groups : list of Group
    kept : dict of Parts
        What some members are made of.
    reads : set of str
        Files that members read which are runs of their own.
    """

    reader: SceneReader
    first: LoadedScene
    expansion: Expansion
    groups: list[Group]
    kept: dict[int, Parts] = field(default_factory=dict, repr=False)
    reads: set[str] = field(default_factory=set)
    inputs: dict[str, bytes] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        lengths = " × ".join(f"{length} ({name})" for name, length in self.expansion.dimensions.items())
        batches = [len(group.members) for group in self.groups if not group.alone]
        told = [f"{len(batches)} batch{'es' if len(batches) > 1 else ''}"] if batches else []
        told += [f"{batches.count(1)} of one member"] if 1 in batches else []
        apart = len(self.groups) - len(batches)
        told += [f"{apart} runs of their own" if apart > 1 else "1 run of its own"] if apart else []
        return f"{self.expansion.count} members: {lengths}; {', '.join(told)}"

    def chunk(self, group: Group, members: Sequence[int]) -> Chunk | Alone:
        """Return members of a group as a task for a worker."""
        scene, reader = self.first.scene, self.reader
        if group.alone:
            (member,) = members
            return Alone(
                member, reader.path.name, self.expansion.scene(member), self._inputs(), scene.sweep.fields == "final",
                reader.device, reader.precision,
            )  # fmt: skip
        fields = scene.output.fields if scene.sweep.fields == "final" else None
        return Chunk(
            list(members), [self._parts(member) for member in members], group.stages, group.shapes,
            further_columns(scene), stage_columns(scene), fields, reader.device, reader.precision,
        )  # fmt: skip

    def _inputs(self) -> dict[str, bytes]:
        """Return the files that the scene reads, by name."""
        if self.inputs is None:
            self.inputs = {name: (self.reader.folder / name).read_bytes() for name in self.reads}
        return self.inputs

    def _parts(self, member: int) -> Parts:
        kept = self.kept.get(member)
        return self.reader.load(self.expansion.scene(member)).parts if kept is None else kept


def is_sweep(path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> bool:
    """Return whether a scene file is a sweep; it is read, not checked."""
    return "sweep" in SceneReader(path, overrides).raw


def load_sweep(
    path: str | os.PathLike[str],
    overrides: Sequence[str] = (),
    device: str = "auto",
    precision: str | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> Sweep:
    """Read a sweep and check every member.

    Parameters
    ----------
    path, overrides, device, precision
        As of `fdmag.scene.load.load_scene`.
    tell : callable, optional
        Told how many members are checked, and of how many.

    Raises
    ------
    SceneError
        With what is wrong with the scene, or with members of it: place, member and values.
    ParameterError
        If the scene is no sweep.
    """
    reader = SceneReader(path, overrides, device, precision)
    if "sweep" not in reader.raw:
        raise ParameterError(f"{Path(path).name} is no sweep; add [sweep] with quantities")
    first = reader.load(reader.raw)
    expansion = first.expansion
    assert expansion is not None  # what is wrong with it was told
    groups: dict[str, Group] = {}
    kept: dict[int, Parts] = {}
    reads: set[str] = set()
    size = 0
    problems: dict[tuple[Any, str], tuple[Problem, int]] = {}
    for member in range(expansion.count):
        try:
            loaded = reader.load(expansion.scene(member))
        except (SceneError, ParameterError) as error:
            for problem in error.problems if isinstance(error, SceneError) else [Problem((), str(error))]:
                found = problems.get((problem.place, problem.message))
                told = Problem(problem.place, f"{problem.message} ({expansion.told(member)})")
                problems[problem.place, problem.message] = (told, 0) if found is None else (found[0], found[1] + 1)
            if len(problems) >= MOST_TOLD:
                break
            continue
        if is_alone(loaded.scene):
            groups[str(member)] = Group([member], loaded.simulation.mesh, [], [], alone=True)
            reads |= {name for _, name in files(loaded.scene)}
        else:
            key = signature(loaded.parts, loaded.simulation, loaded.scene.stages, loaded.scene.output.columns)
            if key not in groups:
                groups[key] = Group([], loaded.simulation.mesh, loaded.scene.stages, shapes(loaded.simulation))
            groups[key].members.append(member)
            if (size := size + _bytes(loaded.parts)) <= MOST_KEPT:
                kept[member] = loaded.parts
        if tell is not None:
            tell(member + 1, expansion.count)
    if problems:
        told_all = [
            Problem(problem.place, f"{problem.message}, and {more} other members" if more else problem.message)
            for problem, more in problems.values()
        ]
        raise SceneError(reader.path, told_all, [stage.kind for stage in first.scene.stages])
    return Sweep(reader, first, expansion, list(groups.values()), kept, reads)


def _bytes(parts: Parts) -> int:
    """Return about how much memory parts hold."""
    values = [*parts.material.values(), *(value for term in parts.terms for value in vars(term).values())]
    arrays = [value for value in (*values, parts.m, parts.filled) if isinstance(value, np.ndarray)]
    return 10_000 + sum(array.nbytes for array in arrays)
