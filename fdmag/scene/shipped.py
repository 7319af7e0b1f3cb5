"""The scenes that ship with fdmag."""

import os
import shutil
from pathlib import Path

import fdmag
from fdmag.errors import OutputError, did_you_mean
from fdmag.scene.contents import files
from fdmag.scene.load import load_scene


def shipped_scenes() -> dict[str, Path]:
    """Return the shipped scenes by name: those in the package, or beside it in a source tree."""
    package = Path(fdmag.__file__).parent
    installed = package / "data" / "scenes"
    folder = installed if installed.is_dir() else package.parent / "scenes"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def copy_scene(name: str, folder: str | os.PathLike[str] = ".") -> list[Path]:
    """Copy a shipped scene, with the files it reads, into a folder; return what was written.

    Raises
    ------
    OutputError
        If there is no such scene, or a file of that name exists already; nothing is copied then.
    """
    available = shipped_scenes()
    stem = name.removesuffix(".toml")
    if stem not in available:
        near = did_you_mean(stem, available)
        raise OutputError(f'"{name}" is no shipped scene; there are {", ".join(available)}{near}')
    source = available[stem]
    folder = Path(folder)
    sources = {folder / f"{stem}.toml": source}
    sources |= {folder / file: source.parent / file for _, file in files(load_scene(source).scene)}
    for target in sources:
        if target.exists() or target.is_symlink():
            raise OutputError(f"{target}: exists already; rename or remove it first")
    for target, path in sources.items():
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        except OSError as error:
            raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from error
    return list(sources)
