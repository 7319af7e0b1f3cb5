"""A small sweep, and what tests do with it."""

from pathlib import Path

import numpy as np
import pytest

from fdmag.output.rows import RowsInMemory
from fdmag.output.table import table_text
from fdmag.scene.load import load_scene
from fdmag.scene.problems import SceneError
from fdmag.scene.progress import Silent
from fdmag.scene.stages import run_stages
from fdmag.scene.sweeps.check import load_sweep
from fdmag.scene.sweeps.chunk import compute
from tests.texts import replaced

BASE = """
[mesh]
cells = [4, 3, 1]
cell = ["5 nm", "5 nm", "2 nm"]
[material]
Ms = "800 kA/m"
alpha = 0.1
[terms.exchange]
A = "13 pJ/m"
[terms.uniaxial_anisotropy]
Ku1 = "0.3 MJ/m^3"
[terms.zeeman]
B = ["3 mT", 0, "10 mT"]
[initial]
kind = "uniform"
direction = [1, 0.2, 0.5]
[[stages]]
kind = "run"
duration = "20 ps"
table_every = "10 ps"
"""
FIELD = """
[sweep.quantities.field]
path = "terms.zeeman.B.2"
linspace = ["-20 mT", "20 mT", 4]
"""


class Sweeps:
    """Writes sweeps into a folder, and computes their members."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "sweep.toml"

    def write(self, add: str = FIELD, *changes: tuple[str, str]) -> Path:
        """Write the base scene with pieces replaced and text added."""
        self.path.write_text(replaced(BASE, *changes) + add, encoding="utf-8")
        return self.path

    def load(self, add: str = FIELD, *changes: tuple[str, str], **options):
        return load_sweep(self.write(add, *changes), **options)

    def errors(self, add: str, *changes: tuple[str, str]) -> str:
        """Return the message with which a sweep is refused."""
        with pytest.raises(SceneError) as caught:
            self.load(add, *changes)
        return str(caught.value)

    def alone(self, member: int) -> bytes:
        """Return the table of a member that is run as a scene of its own."""
        loaded = load_scene(self.path, member=member)
        rows = RowsInMemory(loaded.simulation, loaded.scene.output.columns)
        run_stages(loaded.simulation, loaded.scene.stages, loaded.parts.settings, rows, Silent())
        return table_text(rows.tables()[0])


def tables(sweep, size: int) -> dict[int, bytes]:
    """Return the table of every member, computed in chunks of ``size`` members."""
    found = {}
    for group in sweep.groups:
        for start in range(0, len(group.members), size):
            for result in compute(sweep.chunk(group, group.members[start : start + size])):
                assert not result.error
                found[result.member] = table_text(result.table)
    return found


def same_content(one, other) -> bool:
    """Return whether two datasets hold the same numbers, texts and attributes, NaN being itself."""
    assert set(one.variables) == set(other.variables)
    for name in one.variables:
        a, b = one[name], other[name]
        assert a.dims == b.dims, name
        assert a.attrs == b.attrs, name
        equal = np.array_equal(a.values, b.values, equal_nan=a.dtype.kind == "f")
        assert equal, name
    return True


@pytest.fixture
def sweeps(tmp_path: Path) -> Sweeps:
    return Sweeps(tmp_path)
