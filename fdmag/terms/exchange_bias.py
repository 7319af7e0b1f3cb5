"""Exchange bias: the pull of an antiferromagnet on the layer beside it."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fdmag.mesh import Mesh
from fdmag.parameter import Parameter, derived, parameter
from fdmag.regions import Regions
from fdmag.terms.term import Context, Term
from fdmag.terms.thickness import along_mesh, column_height


@dataclass
class ExchangeBias(Term):
    """Energy density −[Ms B + J / t] m·u: a unidirectional pull towards u.

    Given as the shift B of the loop, or as the interface energy J of the pinned surface, or both; the field is
    B u + J u / (Ms t). With B > 0 or J > 0 the energy is lowest for m along ``direction`` u, and the loop along u is
    shifted towards fields along −u. t is ``thickness``; where that is 0 it is, as in `InterfaceAnisotropy`, the height
    along ``normal`` of the column of magnetic cells, without a gap, in which J is not 0, so that a film keeps its
    energy per area whatever its thickness and the number of its cells. Give J per region to choose a layer, or to the
    cells next to the interface alone to keep the pull there.

    Source: W. H. Meiklejohn and C. P. Bean, Phys. Rev. 105, 904 (1957).
    """

    name: ClassVar[str] = "exchange_bias"
    degree: ClassVar[int] = 1
    kernel: ClassVar[str] = "terms/exchange_bias.h"
    direction: Any = parameter("1", "direction of the pinning", components=3, unit_vector=True)
    B: Any = parameter("T", "bias field", default=0.0)
    J: Any = parameter("J/m^2", "interface energy", default=0.0)
    thickness: Any = parameter("m", "thickness of the biased layer; 0: from the mesh", default=0.0, minimum=0)
    normal: Any = parameter(
        "1", "normal of the interface", components=3, unit_vector=True, default=(0.0, 0.0, 1.0), transforms="polar",
        time_dependent=False,
    )  # fmt: skip
    column: Parameter = derived("m", "height of the magnetic column along the normal")

    def complete(self, mesh: Mesh, regions: Regions, Ms: Parameter) -> None:
        """Find the height of the magnetic columns where no thickness is given."""
        column = np.ones((1, 1, 1, 1, 1))
        if np.any(self.J.base != 0) and not np.all(self.thickness.base > 0):
            axis = along_mesh(self.normal, self.thickness)
            column = column_height((Ms.base > 0) & (self.J.base != 0), axis, mesh, self.shares)
        self.derive(mesh, regions, column=column)

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return [B + J / (Ms t)] u."""
        given = context.value(self.thickness)
        thickness = context.xp.where(given > 0, given, context.value(self.column))
        surface = context.value(self.J) / thickness * context.inverse_Ms
        return (context.value(self.B) + surface) * context.value(self.direction)
