"""The demagnetising (magnetostatic) field."""

from dataclasses import dataclass
from typing import ClassVar

from numpy.typing import NDArray

from fdmag.demag import DemagConvolution, HostDemag, demag_convolution
from fdmag.demag.cuda import CudaDemag
from fdmag.terms.term import Context, Term


@dataclass
class Demag(Term):
    """Field B_i = −µ0 Σ_j N(r_i − r_j) Ms_j m_j, averaged over cell i; energy density −½ Ms m·B.

    N is the tensor between uniformly magnetised cells; see `fdmag.demag` for its evaluation, for periodic
    axes and for the convolution. A mesh periodic along x, y and z has no shape field.

    Source: A. J. Newell, W. Williams and D. J. Dunlop, J. Geophys. Res. 98, 9551 (1993).
    """

    name: ClassVar[str] = "demag"
    degree: ClassVar[int] = 2

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return −µ0 N * (Ms m)."""
        return self.convolution(context)(context.Ms * m)

    def convolution(self, context: Context) -> HostDemag | DemagConvolution | CudaDemag:
        """Return what turns Ms m [A/m] into the field [T], made once for a simulation."""
        backend, mesh = context.backend, context.mesh
        if (device := backend.cuda) is not None:
            return context.static("demag", lambda: CudaDemag(device, mesh, backend.dtype))
        return context.static(
            "demag", lambda: demag_convolution(mesh, backend.dtype, compiled=backend.runtime is not None)
        )
