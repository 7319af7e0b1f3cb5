"""NeuralMag (nodal finite differences, JAX) through its documented interface, in an environment of its own."""

import os
from importlib import import_module
from time import perf_counter
from typing import Any

import numpy as np

from validation.speed import problem
from validation.speed.peers.protocol import Worker, serve


class NeuralMag(Worker):
    """NeuralMag on the CPU. Its magnetisation lives on the nodes: (nx + 1, ny + 1, 3) in a film."""

    def __init__(self) -> None:
        super().__init__()
        if hasattr(os, "sched_setaffinity"):  # the only limit that JAX keeps to
            count = int(os.environ["OMP_NUM_THREADS"])
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
        self._nm: Any = import_module("neuralmag")

    def standard_problem_4(self, start: str, field: list[float], duration: float) -> dict[str, Any]:
        """Relax from the state of a file, then run; return the wall time [s] of the run, and t [s] and ⟨mx⟩."""
        nm = self._nm
        nx, ny, _ = problem.FILM_CELLS
        state = nm.State(nm.Mesh([nx, ny], list(problem.CELL_SIZE)))
        state.material.Ms = problem.MS
        state.material.A = problem.A
        state.material.alpha = problem.ALPHA
        state.m = nm.VectorFunction(state, tensor=state.tensor(_at_nodes(np.load(start))))
        nm.ExchangeField().register(state, "exchange")
        nm.DemagField().register(state, "demag")
        nm.TotalField("exchange", "demag").register(state)
        nm.LLGSolver(state).relax()
        external = nm.VectorFunction(state).fill([b / problem.MU_0 for b in field])
        nm.ExternalField(external).register(state, "external")
        nm.TotalField("exchange", "demag", "external").register(state)
        relaxed = np.array(state.m.tensor)
        solver = nm.LLGSolver(state)
        state.t = 0.0
        solver.step(problem.FILM_INTERVAL)  # JAX compiles
        state.m.tensor = state.tensor(relaxed)
        state.t = 0.0
        t, mx = [0.0], [_mean_x(state)]
        begin = perf_counter()
        for _ in range(round(duration / problem.FILM_INTERVAL)):
            solver.step(problem.FILM_INTERVAL)
            t.append(float(state.t))
            mx.append(_mean_x(state))
        return {"seconds": perf_counter() - begin, "t": t, "mx": mx}


def _at_nodes(m: np.ndarray) -> np.ndarray:
    """Return unit vectors at the nodes, (nx + 1, ny + 1, 3), from those of one layer of cells, (3, 1, ny, nx)."""
    padded = np.pad(m[:, 0].transpose(2, 1, 0), ((1, 1), (1, 1), (0, 0)), mode="edge")
    nodes = padded[:-1, :-1] + padded[1:, :-1] + padded[:-1, 1:] + padded[1:, 1:]
    return nodes / np.linalg.norm(nodes, axis=-1, keepdims=True)


def _mean_x(state: Any) -> float:
    """Return ⟨mx⟩: nodes inside belong to four cells, those at an edge to two, those in a corner to one."""
    mx = np.asarray(state.m.tensor)[..., 0]
    cells = (mx[:-1, :-1] + mx[1:, :-1] + mx[:-1, 1:] + mx[1:, 1:]) / 4
    return float(cells.mean())


if __name__ == "__main__":
    serve(NeuralMag)
