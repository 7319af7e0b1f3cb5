"""magnum.np (PyTorch) through its documented interface, in an environment of its own."""

import os
from importlib import import_module
from time import perf_counter
from typing import Any

import numpy as np

from validation.speed import problem
from validation.speed.peers.protocol import Worker, serve

KERNELS = "FDMAG_PEER_KERNELS"
"""Variable with the folder in which the demagnetising kernels are kept: computing them takes up to minutes."""


class MagnumNP(Worker):
    """magnum.np on the CPU. Its arrays are (nx, ny, nz, 3), its fields in A/m."""

    def __init__(self) -> None:
        super().__init__()
        self._np: Any = import_module("magnumnp")
        self._torch: Any = import_module("torch")
        self._slope: Any = None

    def threads(self, count: int) -> None:
        """Use so many threads."""
        self._torch.set_num_threads(count)

    def gamma(self) -> float:
        """Return its gyromagnetic ratio [rad/(s T)]."""
        return float(self._np.constants.gamma / self._np.constants.mu_0)

    def prepare_slope(self, cells: list[int], dtype: str, name: str, m: str) -> None:
        """Make ``name``, the whole right-hand side at the m of a file, (3, nz, ny, nx)."""
        np_, torch = self._np, self._torch
        state = self._state(cells, dtype, m)
        state.material = {
            "Ms": problem.MS, "A": problem.A, "alpha": problem.ALPHA, "Ku": problem.KU, "Ku_axis": [0.0, 0.0, 1.0],
        }  # fmt: skip
        field = [b / np_.constants.mu_0 for b in problem.B]
        terms = [np_.ExchangeField(), np_.UniaxialAnisotropyField(), np_.ExternalField(field), self._demag(dtype)]
        solver = np_.LLGSolver(terms)
        assert state.m.dtype == getattr(torch, dtype)
        self.calls[name] = lambda: solver.dm(state.t, state.m, state)
        self.calls[name]()  # PyTorch compiles some of it

    def save(self, name: str, path: str) -> None:
        """Write what a call returns, (3, nz, ny, nx)."""
        slope: Any = self.calls[name]()
        np.save(path, slope.cpu().numpy().astype(np.float64).transpose(3, 2, 1, 0))

    def standard_problem_4(self, start: str, field: list[float], duration: float) -> dict[str, Any]:
        """Run from the relaxed state; return the wall time [s], and t [s] and ⟨mx⟩ at the outputs."""
        np_ = self._np
        state = self._state(list(problem.FILM_CELLS), "float64", start)
        state.material = {"Ms": problem.MS, "A": problem.A, "alpha": problem.ALPHA}
        external = np_.ExternalField([b / np_.constants.mu_0 for b in field])
        terms = [self._demag("float64"), np_.ExchangeField(), external]
        begin_m = state.m.clone()
        np_.LLGSolver(terms).step(state, problem.FILM_INTERVAL)  # PyTorch compiles some of it
        state.m, state.t = begin_m, 0.0
        solver = np_.LLGSolver(terms)
        t, mx = [0.0], [float(state.avg(state.m)[0])]
        begin = perf_counter()
        for _ in range(round(duration / problem.FILM_INTERVAL)):
            solver.step(state, problem.FILM_INTERVAL)
            t.append(float(state.t))
            mx.append(float(state.avg(state.m)[0]))
        return {"seconds": perf_counter() - begin, "t": t, "mx": mx}

    def _state(self, cells: list[int], dtype: str, m: str) -> Any:
        np_, torch = self._np, self._torch
        torch.set_default_dtype(getattr(torch, dtype))
        state = np_.State(np_.Mesh(tuple(cells), problem.CELL_SIZE))
        state.m = state.Constant([0.0, 0.0, 0.0])
        state.m[...] = torch.from_numpy(np.ascontiguousarray(np.load(m).transpose(3, 2, 1, 0)))
        return state

    def _demag(self, dtype: str) -> Any:
        return self._np.DemagField(cache_dir=f"{os.environ[KERNELS]}/{dtype}")


if __name__ == "__main__":
    serve(MagnumNP)
