"""Cubic magnetocrystalline anisotropy of first to third order."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import parameter
from fdmag.terms.term import Context, Term, dot

PERPENDICULAR = 1e-6
"""Largest |axis1·axis2|: directions written with seven digits are perpendicular."""


@dataclass
class CubicAnisotropy(Term):
    """Energy density Kc1 (a²b² + b²c² + c²a²) + Kc2 a²b²c² + Kc3 (a⁴b⁴ + b⁴c⁴ + c⁴a⁴).

    a, b and c are the components of m along axis1, axis2 and their vector product. The field along axis1 is
    B_a = −2a [Kc1 (b² + c²) + Kc2 b²c² + 2 Kc3 a² (b⁴ + c⁴)] / Ms, and alike along the others. With Kc1 > 0 the cube
    edges are easy (iron); with Kc1 < 0 and nothing else the space diagonals are (nickel). axis1 and axis2 must be
    perpendicular; their lengths do not matter.

    Source: A. Hubert and R. Schäfer, Magnetic Domains (Springer, 1998), section 3.2.3, for Kc1 and Kc2; the order
    after them in the form of A. Vansteenkiste et al., AIP Advances 4, 107133 (2014).
    """

    name: ClassVar[str] = "cubic_anisotropy"
    kernel: ClassVar[str] = "terms/cubic_anisotropy.h"
    Kc1: Any = parameter("J/m^3", "first-order constant", default=0.0)
    Kc2: Any = parameter("J/m^3", "second-order constant", default=0.0)
    Kc3: Any = parameter("J/m^3", "third-order constant", default=0.0)
    axis1: Any = parameter("1", "first cube edge", components=3, unit_vector=True, default=(1.0, 0.0, 0.0))
    axis2: Any = parameter("1", "second cube edge", components=3, unit_vector=True, default=(0.0, 1.0, 0.0))

    def check(self, mesh: Mesh) -> None:
        """Raise `ParameterError` if the axes are not perpendicular."""
        start = np.zeros(max(self.axis1.batch, self.axis2.batch))
        one, other = self.axis1.at(start), self.axis2.at(start)
        cosine = np.sum(one * other, axis=1) / np.sqrt(np.sum(one**2, axis=1) * np.sum(other**2, axis=1))
        worst = np.abs(cosine).max()
        if worst > PERPENDICULAR:
            angle = np.degrees(np.arccos(min(worst, 1.0)))
            raise ParameterError(
                f"{self.axis2.where}: encloses {angle:.4g} degrees with axis1; allowed: 90 degrees, such as "
                "axis1 = [1, 1, 0] and axis2 = [-1, 1, 0]. The third axis is their vector product"
            )

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return the sum of B_a, B_b and B_c along their axes."""
        axes, components = self._components(m, context)
        Kc1, Kc2, Kc3 = (context.value(K) for K in (self.Kc1, self.Kc2, self.Kc3))
        squares = [component**2 for component in components]
        B = context.xp.zeros_like(m)
        for k, (axis, component) in enumerate(zip(axes, components, strict=True)):
            own, one, other = squares[k], squares[k - 1], squares[k - 2]
            amplitude = Kc1 * (one + other) + Kc2 * one * other + 2 * Kc3 * own * (one**2 + other**2)
            B -= 2 * component * amplitude * context.inverse_Ms * axis
        return B

    def energy_density(self, m: NDArray, field: NDArray, context: Context) -> NDArray:
        """Return Kc1 (a²b² + b²c² + c²a²) + Kc2 a²b²c² + Kc3 (a⁴b⁴ + b⁴c⁴ + c⁴a⁴)."""
        _, components = self._components(m, context)
        a, b, c = (component[:, 0] ** 2 for component in components)
        Kc1, Kc2, Kc3 = (context.value(K)[:, 0] for K in (self.Kc1, self.Kc2, self.Kc3))
        ab, bc, ca = a * b, b * c, c * a
        return Kc1 * (ab + bc + ca) + Kc2 * a * bc + Kc3 * (ab**2 + bc**2 + ca**2)

    def _components(self, m: NDArray, context: Context) -> tuple[list[NDArray], list[NDArray]]:
        """Return the three axes, and the component of m along each, (batch, 1, nz, ny, nx)."""
        one, two = context.value(self.axis1), context.value(self.axis2)
        pairs = ((1, 2), (2, 0), (0, 1))
        three = context.xp.stack([one[:, j] * two[:, k] - one[:, k] * two[:, j] for j, k in pairs], axis=1)
        axes = [one, two, three]
        return axes, [dot(m, axis)[:, None] for axis in axes]
