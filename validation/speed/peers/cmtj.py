"""CMTJ through its documented interface, in an environment of its own: one macrospin at a time, in C++."""

from importlib import import_module
from math import pi
from typing import Any

import numpy as np

from validation.speed import problem
from validation.speed.peers.protocol import Worker, serve


class Cmtj(Worker):
    """A perpendicular macrospin with a Slonczewski torque. Its Ms is in tesla; it runs on one thread."""

    def __init__(self) -> None:
        super().__init__()
        self._cmtj: Any = import_module("cmtj")

    def prepare_macrospins(self, name: str, count: int, steps: int, dt: float) -> None:
        """Make ``name``: so many trajectories at a temperature by Heun's method, one after the other."""
        junction, layer, start = self._junction(problem.SPIN_T)
        mode, duration = self._cmtj.SolverMode.Heun, steps * dt

        def run() -> None:
            for _ in range(count):
                junction.clearLog()
                layer.setMagnetisation(start)
                junction.runSimulation(duration, dt, duration, False, False, mode)

        self.calls[name] = run

    def save_motion(self, steps: int, dt: float, path: str) -> None:
        """Write m, (3,), after so many steps without noise."""
        junction, _, _ = self._junction(0.0)
        junction.runSimulation(steps * dt, dt, dt, False, False, self._cmtj.SolverMode.Heun)
        log = junction.getLog()
        np.save(path, np.array([log[f"free_m{axis}"][-1] for axis in "xyz"]))

    def _junction(self, T: float) -> tuple[Any, Any, Any]:
        cmtj, vector = self._cmtj, self._cmtj.CVector
        start, zero = vector(*problem.SPIN_START), vector(0.0, 0.0, 0.0)
        start.normalize()
        area = pi / 4 * problem.SPIN_DIAMETER**2
        layer = cmtj.Layer.createSTTLayer(
            "free", start, vector(0.0, 0.0, 1.0), problem.MU_0 * problem.SPIN_MS, problem.SPIN_THICKNESS, area,
            [zero, zero, zero], problem.SPIN_ALPHA, SlonczewskiSpacerLayerParameter=1.0, beta=0.0,
            spinPolarisation=problem.SPIN_P,
        )  # fmt: skip
        layer.setReferenceLayer(vector(0.0, 0.0, 1.0))
        layer.setAnisotropyDriver(cmtj.constantDriver(problem.SPIN_MS * problem.SPIN_B_K / 2))
        if T > 0:
            layer.setTemperatureDriver(cmtj.constantDriver(T))
        junction = cmtj.Junction([layer])
        junction.setLayerCurrentDriver("all", cmtj.constantDriver(problem.SPIN_J))
        return junction, layer, start


if __name__ == "__main__":
    serve(Cmtj)
