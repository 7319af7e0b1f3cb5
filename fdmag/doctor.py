"""What fdmag finds on this machine, and whether it computes right there: the report of `fdmag doctor`."""

import importlib.metadata
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fdmag.backend import DEVICES, select_backend
from fdmag.cache_directory import cache_directory
from fdmag.demag import default_cache
from fdmag.errors import ParameterError
from fdmag.kernels.compiler import find_compiler, installed_compilers
from fdmag.kernels.library import MOST, died_of, kept_units
from fdmag.kernels.runtime import threads_wanted
from fdmag.output.provenance import machine_info
from fdmag.processors import cgroup_limit, processors_allowed
from fdmag.self_check import Check

VARIABLES = (
    "FDMAG_DEVICE", "FDMAG_CXX", "CXX", "FDMAG_THREADS", "FDMAG_LOOK_OUT", "FDMAG_CACHE", "XDG_CACHE_HOME", "TMPDIR",
    "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "CUDA_PATH", "CUPY_CACHE_DIR",
)  # fmt: skip
"""Environment variables that change what fdmag does or how fast."""
CUPY = ("cupy-cuda13x", "cupy-cuda12x", "cupy-cuda11x", "cupy")
_TIMEOUT = 300.0  # s for the self-test of one device


def examine() -> dict[str, Any]:
    """Return the report: machine, devices, compilers, threads, cache, environment, self-test; ready for JSON.

    ``healthy`` is whether a device can be chosen and no check of the self-test fails.
    """
    devices = _devices()
    usable = [device["name"] for device in devices if device["available"]]
    with ThreadPoolExecutor(len(usable)) as pool:
        results = list(pool.map(tested, usable))
    chosen = _auto()
    checks = [check for found, _ in results for check in found]
    return {
        "machine": machine_info() | {"cupy": _cupy_version()},
        "devices": devices,
        "auto": chosen,
        "compilers": _compilers(),
        "threads": _threads(),
        "cache": _cache(),
        "environment": {name: os.environ[name] for name in VARIABLES if os.environ.get(name)},
        "notices": [notice for _, said in results for notice in said],
        "self_test": [asdict(check) | {"fails": check.fails} for check in checks],
        "healthy": chosen["device"] is not None and not any(check.fails for check in checks),
    }


def tested(device: str) -> tuple[list[Check], list[str]]:
    """Run the self-test in a process of its own, which may die of it; return the checks, and what else it said."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONWARNINGS": "ignore"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "fdmag.self_check", device], capture_output=True, text=True, env=environment,
            errors="replace", timeout=_TIMEOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        said, complained, status = done.stdout, done.stderr, done.returncode
    except subprocess.TimeoutExpired as expired:
        said, complained, status = _text(expired.stdout), _text(expired.stderr), None
    checks = [Check(**json.loads(line)) for line in said.splitlines() if line.startswith("{")]
    notices = complained.strip().splitlines()
    if status != 0:
        after = f" after: {checks[-1].what}, {checks[-1].precision}" if checks else ""
        end = notices.pop() if notices and status is not None and status > 0 else ""
        checks.append(Check(device, "", "self-test", problem=_how_it_ended(status) + after + (end and f"; {end}")))
    return checks, [f"{device}: {notice}" for notice in dict.fromkeys(notices)]


def _text(output: bytes | str | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""


def _how_it_ended(status: int | None) -> str:
    if status is None:
        return f"took more than {_TIMEOUT:g} s"
    return f"ended with status {status}" if status > 0 else died_of(-status)


# ---- what there is ---------------------------------------------------------------------------------------------


def _devices() -> list[dict[str, Any]]:
    names = [name for name in dict.fromkeys(("numpy", "host", "cuda", *DEVICES)) if name != "auto"]
    found = []
    for name in names:
        try:
            reason, available = select_backend(name).reason.removeprefix("asked for: "), True
        except ParameterError as error:
            reason, available = str(error), False
        found.append({"name": name, "available": available, "reason": "" if reason == "asked for" else reason})
    return found


def _auto() -> dict[str, Any]:
    try:
        backend = select_backend()
    except ParameterError as error:
        return {"device": None, "precision": None, "reason": str(error)}
    return {"device": backend.name, "precision": backend.dtype.name, "reason": backend.reason}


def _cupy_version() -> str | None:
    for name in CUPY:
        try:
            return f"{importlib.metadata.version(name)} ({name})"
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _compilers() -> list[dict[str, Any]]:
    used, _ = find_compiler()
    return [
        {
            "found_as": each.found_as,
            "command": " ".join(each.command),
            "version": each.version.splitlines()[0],
            "flags": " ".join(each.flags),
            "used": each == used,
        }
        for each in installed_compilers()
    ]


def _threads() -> dict[str, Any]:
    try:
        used, problem = threads_wanted(), ""
    except ParameterError as error:
        used, problem = None, str(error)
    affinity = processors_allowed()
    limit = cgroup_limit()
    if used is not None and limit is not None and used > math.ceil(limit):
        problem = f"{used} threads share {limit:g} processors; set FDMAG_THREADS={max(1, round(limit))}"
    return {
        "used": used,
        "processors": os.cpu_count(),
        "affinity": affinity,
        "cgroup_limit": limit,
        "problem": problem,
    }


def _cache() -> dict[str, Any]:
    directory = cache_directory()
    if directory is None:
        return {"directory": None, "writable": False, "problem": "none is used", "kernels": None, "spectra": None}
    problem = ""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(b"fdmag")
    except OSError as error:
        problem = error.strerror or str(error)
    units, spectra = kept_units(directory), default_cache()
    files = [] if spectra is None else spectra.files()
    return {
        "directory": str(directory),
        "writable": not problem,
        "problem": problem,
        "kernels": {"entries": len(units), "bytes": _size(units), "limit": MOST},
        "spectra": {"entries": len(files), "bytes": _size(files), "limit_bytes": spectra and spectra.max_bytes},
    }


def _size(paths: Iterable[Path]) -> int:
    total = 0
    for path in paths:
        for file in path.iterdir() if path.is_dir() else (path,):
            try:
                total += file.stat().st_size
            except OSError:  # another process has just removed it
                continue
    return total


# ---- for people ------------------------------------------------------------------------------------------------


def show(report: dict[str, Any], console: Console) -> None:
    """Print a report as tables."""
    machine, threads, cache = report["machine"], report["threads"], report["cache"]
    facts = _table("", "")
    facts.add_row("fdmag", escape(f"{machine['fdmag']}, Python {machine['python']}, NumPy {machine['numpy']}, "
                                  f"SciPy {machine['scipy']}, CuPy {machine['cupy'] or 'not installed'}"))  # fmt: skip
    facts.add_row("machine", escape(f"{machine['cpu']}, {machine['platform']}"))
    limit = "none" if threads["cgroup_limit"] is None else f"{threads['cgroup_limit']:g}"
    facts.add_row("threads", f"{threads['used']} of {threads['processors']} processors; affinity "
                             f"{threads['affinity']}, control group's limit {limit}")  # fmt: skip
    if threads["problem"]:
        facts.add_row("", escape(threads["problem"]), style="red")
    facts.add_row("cache", escape(_cache_phrase(cache)), style="" if cache["writable"] else "red")
    for compiler in report["compilers"]:
        mark = "used" if compiler["used"] else "found"
        facts.add_row(f"compiler, {mark}", escape(f"{compiler['command']} ({compiler['version']})"))
        if compiler["used"]:
            facts.add_row("", escape(compiler["flags"]))
    if not report["compilers"]:
        facts.add_row("compiler", "none")
    for name, value in report["environment"].items():
        facts.add_row(f"${name}", escape(value))
    for device in report["devices"]:
        state = "available" if device["available"] else "not available"
        facts.add_row(f"device {device['name']}", escape(f"{state}: {device['reason']}".removesuffix(": ")))
    auto = report["auto"]
    facts.add_row("device auto", escape(f"{auto['device']}, {auto['precision']}: {auto['reason']}"), style="bold")
    for notice in report["notices"]:
        facts.add_row("notice", escape(notice), style="yellow")
    console.print(facts)
    console.print(_results(report["self_test"]))
    failing = sum(check["fails"] for check in report["self_test"])
    done = sum(not check["skipped"] for check in report["self_test"])
    if report["healthy"]:
        console.print(f"all {done} checks hold", style="green", highlight=False)
    else:
        console.print(f"{failing} of {done} checks FAIL" if failing else "no device can be used", style="red",
                      highlight=False)  # fmt: skip


def _cache_phrase(cache: dict[str, Any]) -> str:
    if cache["directory"] is None:
        return "none is used: kernels and demag spectra are made at every start"
    kernels, spectra = cache["kernels"], cache["spectra"]
    contents = (
        f"{kernels['entries']} of {kernels['limit']} kernels, {kernels['bytes'] / 1e6:.1f} MB; {spectra['entries']} "
        f"demag spectra, {spectra['bytes'] / 1e6:.1f} of {spectra['limit_bytes'] / 1e6:.0f} MB"
    )
    state = "writable" if cache["writable"] else f"cannot be written ({cache['problem']})"
    return f"{cache['directory']}, {state}: {contents}"


def _results(checks: list[dict[str, Any]]) -> Table:
    table = _table("self-test", "device", "precision", "relative error", "allowed", "time", "")
    for check in checks:
        verdict = "FAILS" if check["fails"] else "not tested" if check["skipped"] else "holds"
        problem = escape(f"{verdict}: {check['problem']}" if check["problem"] else verdict)
        numbers = ("" if value is None else f"{value:.1e}" for value in (check["error"], check["allowed"]))
        style = "red" if check["fails"] else "dim" if check["skipped"] else ""
        seconds = f"{check['seconds']:.3f} s"
        table.add_row(
            escape(check["what"]), check["device"], check["precision"], *numbers, seconds, problem, style=style
        )
    return table


def _table(*headers: str) -> Table:
    table = Table(box=None, pad_edge=False, show_header=any(headers))
    for number, header in enumerate(headers):
        table.add_column(header, overflow="fold", no_wrap=number == 0 and len(headers) == 2)
    return table
