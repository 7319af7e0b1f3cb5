"""Ferromagnetic exchange between neighbouring cells."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from numpy.typing import NDArray

from fdmag.parameter import parameter
from fdmag.terms.term import Context, Term


@dataclass
class Exchange(Term):
    """Energy density A |∇m|², in the six-neighbour form.

    The field is B_i = (2 / Ms_i) Σ_n A_in (m_n − m_i) / Δ², over the neighbours n at distance Δ along x, y and z,
    with the harmonic mean A_in = 2 A_i A_n / (A_i + A_n). A neighbour outside the mesh or with Ms = 0 gives
    nothing (∂m/∂n = 0); along a periodic axis the last cell and the first are neighbours.

    Source: M. J. Donahue and D. G. Porter, Physica B 343, 177 (2004), the form that is exact to second order in Δ.
    """

    name: ClassVar[str] = "exchange"
    degree: ClassVar[int] = 2
    kernel: ClassVar[str] = "terms/exchange.h"
    A: Any = parameter("J/m", "exchange stiffness", minimum=0)

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return (2 / Ms_i) Σ_n A_in (m_n − m_i) / Δ²."""
        B = context.xp.zeros_like(m)
        for link in context.derived(self, self._links):
            lower, upper = _pair(link.axis, wrap=link.wrap)
            flux = (m[upper] - m[lower]) * link.stiffness
            B[lower] += flux
            B[upper] -= flux
        B *= context.inverse_Ms
        return B

    def _links(self, context: Context) -> list["Link"]:
        """Return 2 A_in / Δ² between neighbours, for each axis with more than one cell."""
        xp, A, Ms = context.xp, context.value(self.A), context.Ms
        uniform = A.shape[2:] == Ms.shape[2:] == (1, 1, 1)
        if not uniform:
            A = xp.where(Ms > 0, A, 0)
            A = xp.broadcast_to(A, (*A.shape[:2], *context.mesh.shape))
        links = []
        for axis, (cells, spacing) in enumerate(zip(context.mesh.cells, context.mesh.cell_size, strict=True)):
            for wrap in (False, True):
                if cells == 1 or (wrap and not context.mesh.periodic[axis]):
                    continue
                lower, upper = _pair(axis, wrap=wrap)
                one, other = (A, A) if uniform else (A[lower], A[upper])
                total = one + other
                mean = 2 * one * other / xp.where(total > 0, total, 1)
                links.append(Link(axis, wrap, (2 / spacing**2 * mean).astype(A.dtype)))
        return links


class Link(NamedTuple):
    """Neighbouring cells along one axis: inside the mesh, or across its periodic boundary."""

    axis: int
    wrap: bool
    stiffness: NDArray
    """2 A_in / Δ² [J/m³], (batch | 1, 1, ...) with the shape of the pairs or length 1."""


def _pair(axis: int, *, wrap: bool) -> tuple[tuple, tuple]:
    """Return the indices of the lower and the upper cell of every pair along x, y or z (axis 0, 1, 2)."""
    lower, upper = (slice(-1, None), slice(0, 1)) if wrap else (slice(0, -1), slice(1, None))
    after = (slice(None),) * axis
    return (..., lower, *after), (..., upper, *after)
