"""Measured in a process of its own: `python -m validation.speed.fresh start` or `memory`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter


def start() -> dict[str, float]:
    """Return how long the imports take [s], and a simulation on 32 × 32 cells from its making to the first steps."""
    begin = perf_counter()
    from fdmag import Mesh, Simulation
    from fdmag.terms import Demag, Exchange, UniaxialAnisotropy, Zeeman
    from validation.speed import problem

    imported = perf_counter()
    terms = [Exchange(A=problem.A), UniaxialAnisotropy(Ku1=problem.KU), Zeeman(B=problem.B), Demag()]
    simulation = Simulation(Mesh((32, 32, 1), problem.CELL_SIZE), terms, Ms=problem.MS, alpha=problem.ALPHA)
    simulation.run(1e-14)
    return {"import": imported - begin, "start": perf_counter() - imported}


def memory(nx: int = 1024) -> dict[str, float]:
    """Return bytes per cell of a Dormand–Prince run on nx × nx cells in float32: the peak above what was there before.

    Before is the resident memory after the same run on 32 × 32 cells: interpreter, modules, libraries.
    """
    from fdmag import Mesh, Simulation
    from fdmag.terms import Demag, Exchange, UniaxialAnisotropy, Zeeman
    from validation.speed import problem

    def run(n: int) -> None:
        terms = [Exchange(A=problem.A), UniaxialAnisotropy(Ku1=problem.KU), Zeeman(B=problem.B), Demag()]
        simulation = Simulation(
            Mesh((n, n, 1), problem.CELL_SIZE), terms, Ms=problem.MS, alpha=problem.ALPHA, dtype="float32"
        )
        simulation.run(2e-14, solver="dormand_prince")

    run(32)
    before = resident("VmRSS")
    run(nx)
    return {"peak": resident("VmHWM"), "before": before, "bytes_per_cell": (resident("VmHWM") - before) / nx**2}


def resident(key: str) -> float:
    """Return resident memory [B] of this process: now (VmRSS) or its peak (VmHWM), where the system tells.

    `resource.getrusage` would do, but for its ``ru_maxrss`` Linux counts what the starting process had.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{key}:"):
            return 1024.0 * int(line.split()[1])
    raise OSError(f"/proc/self/status does not tell {key}")


if __name__ == "__main__":
    measure: dict[str, Callable[[], dict[str, float]]] = {"start": start, "memory": memory}
    print(json.dumps(measure[sys.argv[1]]()))
