"""Members of a sweep that are runs of their own: with devices, stages that leave tables, or several replicas."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.output.table_data import TableData, read_table
from fdmag.quantities import Catalogue
from fdmag.scene.computation import compute_scene
from fdmag.scene.contents import replica_count
from fdmag.scene.ensemble import effort
from fdmag.scene.load import LoadedScene, SceneReader
from fdmag.scene.sweeps.chunk import MemberResult, Report, Share, failure

TABLE = "table.csv"


def is_alone(scene: Any) -> bool:
    """Return whether a member cannot be a replica among others: what it does takes a simulation of its own."""
    return bool(
        scene.device
        or scene.ensemble is not None
        or replica_count(scene) > 1
        or any(getattr(type(stage), "axes", None) for stage in scene.stages)
    )


@dataclass(frozen=True)
class Alone:
    """A member that is to be computed as a run of its own.

    Attributes
    ----------
    member : int
    name : str
        Of the scene file, for messages.
    raw : dict
        Data of the member's scene.
    files : dict of bytes
        What the scene reads, by name: a worker on another machine has no such files.
    keep_fields : bool
        Whether the fields of the end are returned.
    device, precision
        As in `Simulation`.
    """

    member: int
    name: str
    raw: dict[str, Any]
    files: dict[str, bytes]
    keep_fields: bool
    device: str
    precision: str | None


def compute_alone(task: Alone, report: Report | None = None) -> list[MemberResult]:
    """Return what became of a member, as a list of one."""
    try:
        with TemporaryDirectory(prefix="fdmag-") as folder:
            return [_computed(task, Path(folder), report or (lambda share: None))]
    except Exception as error:
        return [failure(task.member, error)]


def _computed(task: Alone, folder: Path, report: Report) -> MemberResult:
    start = time.perf_counter()
    inputs, out = folder / "inputs", folder / "out"
    for each in (inputs, out):
        each.mkdir()
    for name, content in task.files.items():
        (inputs / name).parent.mkdir(parents=True, exist_ok=True)
        (inputs / name).write_bytes(content)
    reader = SceneReader(task.name, (), task.device, task.precision, raw=task.raw, folder=inputs)
    loaded = reader.load(task.raw)
    past: list[dict[str, NDArray[np.int64]]] = []
    found = compute_scene(loaded, out, Share(len(loaded.scene.stages), report), past, files=False)
    counts = {key: sum(int(each[key].sum()) for each in [*past, effort(loaded.simulation)])
              for key in effort(loaded.simulation)}  # fmt: skip
    files = {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    backend = loaded.simulation.backend
    result = MemberResult(
        task.member, "", True, None, counts, backend.name, backend.dtype.name, 0.0, 1,
        _fields(loaded) if task.keep_fields else {}, switching=found.switching, files=files,
    )  # fmt: skip
    read_files(result, out)
    result.seconds = time.perf_counter() - start
    return result


def _fields(loaded: LoadedScene) -> dict[str, NDArray]:
    """Return the fields of the end, one for each replica where there are several."""
    simulation, found = loaded.simulation, {}
    for each in Catalogue.of(simulation).fields(["m", *loaded.scene.output.fields]):
        for replica, values in enumerate(each.evaluate(simulation).astype(simulation.backend.dtype)):
            found[each.name if simulation.batch == 1 else f"{each.name}_{replica:04d}"] = values
    return found


def read_files(result: MemberResult, folder: Path) -> None:
    """Give a result what its files hold: tables, and what devices have found.

    Raises
    ------
    FileFormatError, OSError, ValueError
        If a file is damaged.
    """
    result.table = read_table(folder / TABLE)
    result.tables = {path.stem: _with_replicas(read_table(path)) for path in sorted((folder / "tables").glob("*.csv"))}
    result.devices = {}
    for path in sorted(folder.glob("device_*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if "result" in content:  # else it is a compact model
            result.devices[content["device"]] = content


def _with_replicas(table: TableData) -> TableData:
    """Return a table with whole numbers of replicas, also where it has no rows."""
    return TableData(table.columns | {"replica": table["replica"].astype(np.int64)}, table.units)
