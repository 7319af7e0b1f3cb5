"""Exchange bias: the pull of an antiferromagnet on the layer beside it."""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from fdmag.mesh import Mesh
from fdmag.parameter import parameter
from fdmag.regions import Regions
from fdmag.terms.term import Context, Term


@dataclass
class ExchangeBias(Term):
    """Energy density −[Ms B + J / thickness] m·u: a unidirectional pull towards u.

    Given as the shift B of the loop, or as the interface energy J of the pinned surface, or both; the field is
    B u + J u / (Ms thickness). With B > 0 or J > 0 the energy is lowest for m along ``direction`` u, and the
    loop along u is shifted towards fields along −u. The thickness is that of the layer in which the field is given: by
    default the edge of a cell along z, for one layer of cells beside an antiferromagnet below or above.

    Source: W. H. Meiklejohn and C. P. Bean, Phys. Rev. 105, 904 (1957).
    """

    name: ClassVar[str] = "exchange_bias"
    degree: ClassVar[int] = 1
    kernel: ClassVar[str] = "terms/exchange_bias.h"
    direction: Any = parameter("1", "direction of the pinning", components=3, unit_vector=True)
    B: Any = parameter("T", "bias field", default=0.0)
    J: Any = parameter("J/m^2", "interface energy", default=0.0)
    thickness: Any = parameter(
        "m", "thickness of the biased layer, by default the edge of a cell along z", default=None, above=0
    )

    def bind(self, mesh: Mesh, regions: Regions, where: str | None = None) -> Self:
        """Return a copy with checked values and a thickness."""
        thickness = mesh.cell_size[2] if self.thickness is None else self.thickness
        return super(ExchangeBias, dataclasses.replace(self, thickness=thickness)).bind(mesh, regions, where)

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return [B + J / (Ms thickness)] u."""
        surface = context.value(self.J) / context.value(self.thickness) * context.inverse_Ms
        return (context.value(self.B) + surface) * context.value(self.direction)
