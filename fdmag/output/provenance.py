"""Where a result comes from: machine, versions; and JSON that any program can read."""

import dataclasses
import json
import math
import os
import platform
from collections.abc import Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from fdmag import __version__
from fdmag.errors import ParameterError
from fdmag.output.files import atomic_write
from fdmag.processors import processors


def machine_info() -> dict[str, Any]:
    """Machine and versions that a result was computed with.

    Returns
    -------
    dict
        ``platform``, ``machine``, ``cpu`` (model), ``cores`` (usable by this process), ``python``, ``numpy``,
        ``scipy``, ``fdmag`` (versions; None where not installed).

    Examples
    --------
    >>> sorted(machine_info())
    ['cores', 'cpu', 'fdmag', 'machine', 'numpy', 'platform', 'python', 'scipy']
    """
    return {
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu": _cpu_model(),
        "cores": processors(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": _installed_version("scipy"),
        "fdmag": __version__,
    }


def write_json(path: str | os.PathLike[str], data: Any) -> None:
    """Write data as valid, indented JSON, atomically.

    NumPy numbers and arrays become numbers and lists, paths and dates strings, data classes objects. JSON has no
    non-finite numbers: they become the strings ``"NaN"``, ``"Infinity"``, ``"-Infinity"``, which ``float()`` reads.

    Raises
    ------
    ParameterError
        If something has no JSON form; the message names its place in the data.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_json(f"{folder}/a.json", {"alpha": np.float32(0.5), "tmr": float("nan")})
    ...     json.loads(Path(folder, "a.json").read_text())
    {'alpha': 0.5, 'tmr': 'NaN'}
    """
    text = json.dumps(_plain(data, "data"), indent=2, ensure_ascii=False, allow_nan=False)
    with atomic_write(path, text=True) as file:
        file.write(text + "\n")


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {_key(key, where): _plain(item, f"{where}[{key!r}]") for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, Path | date):
        return value.isoformat() if isinstance(value, date) else value.as_posix()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name), f"{where}.{f.name}") for f in dataclasses.fields(value)}
    raise ParameterError(
        f"{where} is a {type(value).__name__}, which JSON cannot hold; allowed are numbers, strings, bools, None, "
        "arrays, lists, mappings, paths, dates and data classes"
    )


def _key(key: Any, where: str) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, int | np.integer) and not isinstance(key, bool):
        return str(int(key))
    raise ParameterError(f"{where} has the key {key!r}; JSON allows strings, and integers are turned into strings")


def _installed_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
