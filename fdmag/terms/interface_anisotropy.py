"""Perpendicular anisotropy of an interface, and its control by a voltage."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Parameter, derived, parameter
from fdmag.regions import Regions
from fdmag.terms.term import Context, Term, dot
from fdmag.terms.thickness import along_mesh, column_height


@dataclass
class InterfaceAnisotropy(Term):
    """Energy per area −(Ks + xi V/t_ox) (m·n)², as an energy density divided by the thickness of the film.

    The field is B = 2 (Ks + xi voltage/t_ox) (m·n) n / (Ms t). With Ks > 0 the film normal n is easy. With xi > 0 a
    positive voltage V across the oxide of thickness t_ox strengthens the perpendicular anisotropy: B_K grows by
    2 xi V/(Ms t t_ox). Most works define the sign of V such that their coefficient is that of E = V/t_ox.

    t is ``thickness``. Where that is 0 it is the height along n of the column of magnetic cells, without a gap, in
    which Ks or xi is not 0, so that a film keeps its energy per area whatever its thickness and the number of its
    cells: the energy is spread evenly over the film, as is usual for films thinner than the exchange length. With
    smooth edges it is the height of what the cells hold. Give Ks per region to choose a layer. To keep the energy in
    the cells next to the interface, give Ks to these alone.

    Source: M. T. Johnson et al., Rep. Prog. Phys. 59, 1409 (1996), for Ks/t; C.-G. Duan et al., Phys. Rev. Lett. 101,
    137201 (2008), for the linear effect of the field.
    """

    name: ClassVar[str] = "interface_anisotropy"
    degree: ClassVar[int] = 2
    kernel: ClassVar[str] = "terms/interface_anisotropy.h"
    Ks: Any = parameter("J/m^2", "anisotropy of the interface", default=0.0)
    xi: Any = parameter("J/(V m)", "change of Ks with the electric field in the oxide", default=0.0)
    voltage: Any = parameter("V", "voltage across the oxide", default=0.0)
    t_ox: Any = parameter("m", "thickness of the oxide; needed with xi", default=0.0, minimum=0)
    thickness: Any = parameter("m", "thickness of the film; 0: from the mesh", default=0.0, minimum=0)
    normal: Any = parameter(
        "1", "film normal", components=3, unit_vector=True, default=(0.0, 0.0, 1.0), transforms="polar"
    )
    column: Parameter = derived("m", "height of the magnetic column along the normal")

    def complete(self, mesh: Mesh, regions: Regions, Ms: Parameter) -> None:
        """Find the height of the magnetic columns where no thickness is given."""
        column = np.ones((1, 1, 1, 1, 1))
        if not np.all(self.thickness.base > 0):
            active = (Ms.base > 0) & ((self.Ks.base != 0) | (self.xi.base != 0))
            column = column_height(active, along_mesh(self.normal, self.thickness), mesh, self.shares)
        self.derive(mesh, regions, column=column)

    def check(self, mesh: Mesh) -> None:
        """Raise `ParameterError` where xi has no oxide."""
        if np.any((self.xi.base != 0) & (self.t_ox.base == 0)):
            raise ParameterError(f"{self.t_ox.where} = 0 m; with xi allowed: above 0 m, for example 1.2e-9")

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return 2 (Ks + xi V/t_ox) (m·n) n / (Ms t)."""
        xp, value = context.xp, context.value
        n, t_ox, thickness = value(self.normal), value(self.t_ox), value(self.thickness)
        from_field = xp.where(t_ox > 0, value(self.xi) * value(self.voltage) / xp.where(t_ox > 0, t_ox, 1), 0)
        thickness = xp.where(thickness > 0, thickness, value(self.column))
        amplitude = 2 * (value(self.Ks) + from_field) / thickness * context.inverse_Ms
        return amplitude * dot(m, n)[:, None] * n
