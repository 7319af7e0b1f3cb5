"""Spin-transfer torque of a current that flows along a magnetisation texture."""

from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from fdmag.constants import ELEMENTARY_CHARGE, HBAR
from fdmag.parameter import parameter
from fdmag.terms.spin_current import cross
from fdmag.terms.term import Context, Term


@dataclass
class ZhangLi(Term):
    """Torque −(u·∇)m + xi m × (u·∇)m beside −γ m × B and α m × dm/dt, with the spin drift velocity u along −J.

    u = −γ ħ P J/(2 e Ms); with γ = g µ_B/ħ this is g P µ_B J/(2 e Ms) [m/s], without the factor 1/(1 + xi²) that some
    texts include. For P > 0 *a texture moves with the electrons, against J*. As the equation is the implicit one,
    with α m × dm/dt, the field that gives exactly this torque is B = −[m × (u·∇)m + xi (u·∇)m]/γ, from which γ drops
    out: B = (ħ P/(2 e Ms)) [m × (J·∇)m + xi (J·∇)m]. In the explicit form of the equation it becomes
    −[(1 + α xi) (u·∇)m + (α − xi) m × (u·∇)m]/(1 + α²).

    ∇m is taken by central differences; a neighbour outside the mesh or with Ms = 0 counts as the cell itself, as
    ∂m/∂n = 0 has it. J may differ from cell to cell; it should have no divergence.

    Source: S. Zhang and Z. Li, Phys. Rev. Lett. 93, 127204 (2004); u as in A. Thiaville et al., Europhys. Lett. 69,
    990 (2005).
    """

    name: ClassVar[str] = "zhang_li"
    kernel: ClassVar[str] = "terms/zhang_li.h"
    J: Any = parameter("A/m^2", "current density", components=3, transforms="polar")
    P: Any = parameter("1", "spin polarisation", minimum=-1, maximum=1)
    xi: Any = parameter("1", "non-adiabaticity", default=0.0)

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return (ħ P/(2 e Ms)) [m × (J·∇)m + xi (J·∇)m]."""
        change = self.along_current(m, context)
        amplitude = HBAR / (2 * ELEMENTARY_CHARGE) * context.value(self.P) * context.inverse_Ms
        return amplitude * (cross(m, change) + context.value(self.xi) * change)

    def along_current(self, m: NDArray, context: Context) -> NDArray:
        """Return (J·∇)m [A/m³]."""
        xp, J, mesh = context.xp, context.value(self.J), context.mesh
        magnetic = context.magnetic
        change = xp.zeros_like(m)
        for axis, size in enumerate(mesh.cell_size):
            if mesh.cells[axis] == 1:
                continue
            place = m.ndim - 1 - axis
            difference = xp.zeros_like(m)
            for step in (1, -1):
                neighbour = xp.roll(m, -step, axis=place)
                missing = xp.zeros(m.shape[place], bool)
                missing[-1 if step == 1 else 0] = not mesh.periodic[axis]
                missing = missing.reshape([-1 if k == place else 1 for k in range(m.ndim)])
                if magnetic is not None:
                    full = xp.broadcast_to(magnetic, (*magnetic.shape[:2], *mesh.shape))
                    missing = missing | (xp.roll(full, -step, axis=place) == 0)
                difference += step * xp.where(missing, m, neighbour)
            change += J[:, axis : axis + 1] / (2 * size) * difference
        return change
