"""Dzyaloshinskii–Moriya interaction of symmetry D2d."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import parameter
from fdmag.regions import Regions
from fdmag.terms.dmi import AXES, DMI


@dataclass
class D2dDMI(DMI):
    """Energy density D m·(∂_a m × a − ∂_b m × b) with two crystal axes a ⊥ b, by default x and y.

    The DMI vector of a step along k is d_k = D (a a_k − b b_k). With D > 0 a helix along a is lowest when m turns like
    a left-handed screw about its direction of propagation, and one along b like a right-handed one. Of ``b`` the part
    normal to ``a`` counts. Surfaces, interfaces between different D or A, and ``boundary`` are as in
    `fdmag.terms.dmi.DMI`.

    Source: D. Cortés-Ortuño et al., New J. Phys. 20, 113015 (2018), whose D has the same sign.
    """

    name: ClassVar[str] = "d2d_dmi"
    D: Any = parameter("J/m^2", "DMI constant", transforms="pseudoscalar")
    a: Any = parameter(
        "1", "axis of left-handed turns", components=3, unit_vector=True, time_dependent=False, transforms="polar",
        default=(1.0, 0.0, 0.0),
    )  # fmt: skip
    b: Any = parameter(
        "1", "axis of right-handed turns", components=3, unit_vector=True, time_dependent=False, transforms="polar",
        default=(0.0, 1.0, 0.0),
    )  # fmt: skip

    def bind(self, mesh: Mesh, regions: Regions, where: str | None = None) -> Self:
        """Return a copy with checked values."""
        bound = super().bind(mesh, regions, where)
        if np.any(np.sum(_normal_part(bound.b.base, bound.a.base) ** 2, axis=1) < 1e-12):
            raise ParameterError(f"{where or self.name}.b: it is parallel to a; allowed: a direction normal to it")
        return bound

    def vectors(self) -> list[NDArray[np.float64]]:
        """Return a a_k − b b_k."""
        a = self.a.base
        b = _normal_part(self.b.base, a)
        b = b / np.sqrt(np.sum(b * b, axis=1, keepdims=True))
        return [a * np.sum(a * axis, axis=1, keepdims=True) - b * np.sum(b * axis, axis=1, keepdims=True)
                for axis in AXES]  # fmt: skip


def _normal_part(b: NDArray[np.float64], a: NDArray[np.float64]) -> NDArray[np.float64]:
    return b - a * np.sum(a * b, axis=1, keepdims=True)
