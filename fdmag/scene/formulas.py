"""Expressions of a scene as functions of time over the cells of a mesh."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fdmag.expressions import Expression
from fdmag.mesh import Mesh


@dataclass(frozen=True)
class Formulas:
    """One expression in x, y, z and t per component, as a function of time."""

    expressions: list[Expression]
    mesh: Mesh
    factor: float

    def __call__(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values at times t, (batch,) [s]: (batch | 1, components, nz | 1, ny | 1, nx | 1)."""
        mesh = self.mesh
        now = {"x": mesh.x, "y": mesh.y, "z": mesh.z, "t": t[:, None, None, None]}
        columns = [
            self.factor * expression(**{name: now[name] for name in expression.names})
            for expression in self.expressions
        ]
        shape = np.broadcast_shapes(*(column.shape for column in columns), (1, 1, 1, 1))
        return np.stack([np.broadcast_to(column, shape) for column in columns], axis=1)
