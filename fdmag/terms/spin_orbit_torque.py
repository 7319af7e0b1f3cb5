"""Spin–orbit torque of a current in the plane of an adjacent layer."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fdmag.constants import ELEMENTARY_CHARGE, HBAR
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Parameter, parameter
from fdmag.regions import Regions
from fdmag.terms.spin_current import check_thickness, complete_thickness, cross
from fdmag.terms.term import Context, Term
from fdmag.terms.thickness import along_mesh

NONE = (0.0, 0.0, 0.0)


@dataclass
class SpinOrbitTorque(Term):
    """Torque τ = γ a m×(m×σ) + γ b m×σ of a current J in a heavy metal, as the field B = −a (m × σ) − b σ.

    a = ħ ξ J/(2 e Ms t) with ξ = xi_DL + theta_SH [1 − sech(t_HM/lambda_sf)], and b = ħ xi_FL J/(2 e Ms t). J is the
    current density along ``direction`` in the heavy metal, ``normal`` points from it into the magnet, and
    σ = normal × direction unless ``sigma`` gives another. With J > 0 along +x in a heavy metal below the magnet σ is
    +y; with positive spin Hall angle m is then pulled towards −y, and left-handed Néel walls (↑←↓), those of cobalt on
    platinum, move along +x, with the current. xi_FL > 0 acts like a field along −σ, that of the current's own Oersted
    field above the metal.

    t is ``thickness``; 0 stands for the height along ``normal`` of the magnetic cells in a row, where J is not 0 if J
    differs between cells.

    Source: L. Liu et al., Phys. Rev. Lett. 106, 036601 (2011), for the factor with sech; A. V. Khvalkovskiy et al.,
    Phys. Rev. B 87, 020402 (2013), for the torques; S. Emori et al., Nature Mater. 12, 611 (2013), for the wall.
    """

    name: ClassVar[str] = "spin_orbit_torque"
    kernel: ClassVar[str] = "terms/spin_orbit_torque.h"
    J: Any = parameter("A/m^2", "current density in the heavy metal, along direction")
    xi_DL: Any = parameter("1", "damping-like efficiency", default=0.0)
    xi_FL: Any = parameter("1", "field-like efficiency", default=0.0)
    theta_SH: Any = parameter("1", "spin Hall angle", default=0.0)
    t_HM: Any = parameter("m", "thickness of the heavy metal", default=0.0, minimum=0)
    lambda_sf: Any = parameter("m", "spin diffusion length of the heavy metal", default=0.0, minimum=0)
    direction: Any = parameter(
        "1", "direction of J", components=3, unit_vector=True, default=(1.0, 0.0, 0.0), transforms="polar"
    )
    normal: Any = parameter(
        "1", "normal from the heavy metal into the magnet",
        components=3, unit_vector=True, default=(0.0, 0.0, 1.0), transforms="polar",
    )  # fmt: skip
    sigma: Any = parameter("1", "spin direction; zero: normal × direction", components=3, default=NONE)
    thickness: Any = parameter("m", "thickness of the magnetic layer; 0: from the mesh", default=0.0, minimum=0)

    def complete(self, mesh: Mesh, regions: Regions, Ms: Parameter) -> None:
        """Find the thickness where none is given."""
        given = self.J.base != 0
        active = given if given.shape[2:] != (1, 1, 1) else np.ones_like(given)
        complete_thickness(self, active, Ms, regions, lambda: along_mesh(self.normal, self.thickness))

    def check(self, mesh: Mesh) -> None:
        """Raise `ParameterError` for a thickness of 0, a spin Hall angle without its lengths, or no spin direction."""
        check_thickness(self.thickness)
        where = self.theta_SH.where.removesuffix(".theta_SH")
        for length in (self.t_HM, self.lambda_sf):
            if np.any(self.theta_SH.base != 0) and np.any(length.base == 0):
                raise ParameterError(
                    f"{length.where} = 0 m; theta_SH needs t_HM and lambda_sf, both above 0 m. "
                    "For an efficiency that is known as such give xi_DL"
                )
        if all(each.constant for each in (self.normal, self.direction, self.sigma)):
            usual = cross(self.normal.base, self.direction.base)
            if not np.all(np.any(usual != 0, axis=1) | np.any(self.sigma.base != 0, axis=1)):
                raise ParameterError(f"{where}: normal and direction are parallel; give the spin direction sigma")

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return −a (m × σ) − b σ."""
        xp, value = context.xp, context.value
        sigma = value(self.sigma)
        length = xp.sqrt(xp.sum(sigma**2, axis=1, keepdims=True))
        usual = cross(value(self.normal), value(self.direction))
        sigma = xp.where(length > 0, sigma / xp.where(length > 0, length, 1), usual)
        amplitude = HBAR / (2 * ELEMENTARY_CHARGE) * value(self.J) * context.inverse_Ms / value(self.thickness)
        efficiency = value(self.xi_DL) + value(self.theta_SH) * self._transmitted(context)
        return -amplitude * (efficiency * cross(m, sigma) + value(self.xi_FL) * sigma)

    def _transmitted(self, context: Context) -> NDArray:
        """Return 1 − sech(t_HM/lambda_sf)."""
        xp, scale = context.xp, context.value(self.lambda_sf)
        decay = xp.exp(-xp.where(scale > 0, context.value(self.t_HM) / xp.where(scale > 0, scale, 1), 0))
        return 1 - 2 * decay / (1 + decay * decay)
