"""Uniaxial magnetocrystalline anisotropy of first and second order."""

from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from fdmag.parameter import parameter
from fdmag.terms.term import Context, Term, dot


@dataclass
class UniaxialAnisotropy(Term):
    """Energy density −Ku1 (m·u)² − Ku2 (m·u)⁴.

    The field is B = [2 Ku1 (m·u) + 4 Ku2 (m·u)³] u / Ms. With Ku1 > 0 the axis u is easy (perpendicular
    anisotropy: u = z); with Ku1 < 0 it is hard.

    Source: A. Hubert and R. Schäfer, Magnetic Domains (Springer, 1998), section 3.2.3. There the energy is
    written in powers of sin²θ, K1 sin²θ + K2 sin⁴θ: Ku1 = K1 + 2 K2 and Ku2 = −K2 up to a constant.
    """

    name: ClassVar[str] = "uniaxial_anisotropy"
    kernel: ClassVar[str] = "terms/uniaxial_anisotropy.h"
    Ku1: Any = parameter("J/m^3", "first-order constant", default=0.0)
    Ku2: Any = parameter("J/m^3", "second-order constant", default=0.0)
    axis: Any = parameter("1", "direction of the axis", components=3, unit_vector=True, default=(0.0, 0.0, 1.0))

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return [2 Ku1 (m·u) + 4 Ku2 (m·u)³] u / Ms."""
        u = context.value(self.axis)
        projection = dot(m, u)[:, None]
        amplitude = (2 * context.value(self.Ku1) + 4 * context.value(self.Ku2) * projection**2) * projection
        return amplitude * context.inverse_Ms * u

    def energy_density(self, m: NDArray, field: NDArray, context: Context) -> NDArray:
        """Return −Ku1 (m·u)² − Ku2 (m·u)⁴."""
        squared = dot(m, context.value(self.axis)) ** 2
        return -(context.value(self.Ku1)[:, 0] + context.value(self.Ku2)[:, 0] * squared) * squared
