"""A small valid scene, and what tests need to change and load it."""

from pathlib import Path

import pytest

from fdmag.scene.load import LoadedScene, load_scene
from fdmag.scene.problems import SceneError
from tests.texts import replaced

BASE = """
[mesh]
cells = [10, 10, 1]
cell = ["5 nm", "5 nm", "3 nm"]
[material]
Ms = "800 kA/m"
alpha = 0.02
[terms.exchange]
A = "13 pJ/m"
[terms.zeeman]
B = [0, 0, "10 mT"]
[[stages]]
kind = "relax"
[[stages]]
kind = "run"
duration = "1 ps"
"""


class Scenes:
    """Writes scenes into a folder and loads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def text(self, *changes: tuple[str, str], add: str = "") -> str:
        """Return the base scene with pieces replaced and text added."""
        return replaced(BASE, *changes) + add

    def write(self, *changes: tuple[str, str], add: str = "", name: str = "film.toml") -> Path:
        path = self.folder / name
        path.write_text(self.text(*changes, add=add), encoding="utf-8")
        return path

    def load(self, *changes: tuple[str, str], add: str = "", **options) -> LoadedScene:
        return load_scene(self.write(*changes, add=add), **options)

    def errors(self, *changes: tuple[str, str], add: str = "", **options) -> str:
        """Return the message of a scene that is refused, its lines joined."""
        with pytest.raises(SceneError) as caught:
            self.load(*changes, add=add, **options)
        return joined(str(caught.value))

    def problems(self, *changes: tuple[str, str], add: str = "", **options) -> list[str]:
        with pytest.raises(SceneError) as caught:
            self.load(*changes, add=add, **options)
        return [str(problem) for problem in caught.value.problems]


def joined(message: str) -> str:
    return message.replace("\n    ", " ")


@pytest.fixture
def scenes(tmp_path: Path) -> Scenes:
    return Scenes(tmp_path)
