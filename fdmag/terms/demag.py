"""The demagnetising (magnetostatic) field."""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

from numpy.typing import NDArray

from fdmag.demag import DemagConvolution, EdgeField, HostDemag, demag_convolution, edges_of
from fdmag.demag.cuda import CudaDemag
from fdmag.errors import ParameterError
from fdmag.mesh import Mesh
from fdmag.parameter import Parameter
from fdmag.regions import Regions
from fdmag.terms.term import Context, Term


@dataclass
class Demag(Term):
    """Field B_i = −µ0 Σ_j N(r_i − r_j) Ms_j m_j, averaged over cell i; energy density −½ Ms m·B.

    N is the tensor between uniformly magnetised cells; see `fdmag.demag` for its evaluation, for periodic
    axes and for the convolution. A mesh periodic along x, y and z has no shape field.

    With smooth edges, what is in a partly filled cell counts as spread over all of it. The own field of a cell that is
    filled by a share f is then f times too small, and the demagnetising factors of a body sum to the mean of f,
    weighted by f, and not to 1: a disc eight cells wide lacks 6 %. With ``edges``, N between two cells, one of them
    partly filled, is the mean over the parts that are filled, cut into as many subcells along each axis as
    ``smooth_edges`` says, for cells at most two apart along each axis. The factors then sum to 1, and are right to some
    2 in 1000. On a GPU that part is computed by the NumPy reference. m is uniform in a cell, as elsewhere.

    Source: A. J. Newell, W. Williams and D. J. Dunlop, J. Geophys. Res. 98, 9551 (1993); for edges M. J. Donahue and
    R. D. McMichael, IEEE Trans. Magn. 43, 2878 (2007), whose correction near curved boundaries it is for partly filled
    cells.
    """

    name: ClassVar[str] = "demag"
    degree: ClassVar[int] = 2
    slow: ClassVar[bool] = True
    edges: bool = dataclasses.field(
        default=False, metadata={"description": "with smooth edges: partly filled cells by where the magnet is in them"}
    )

    def complete(self, mesh: Mesh, regions: Regions, Ms: Parameter) -> None:
        """Refuse edges of which nothing is known."""
        if self.edges and (self.shares is None or not all(each.known for each in self.shares.of_replicas())):
            raise ParameterError(
                f"{self.name}.edges: where the magnet is within a cell is not known; needs a geometry that is a shape, "
                "with smooth_edges above 1, for example 8"
            )

    @property
    def cut(self) -> bool:
        """Whether edges make a difference."""
        return self.edges and self.shares is not None and self.shares.partial

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return −µ0 N * (Ms m), with the difference that edges make."""
        convolution = self.convolution(context)
        if isinstance(convolution, HostDemag):
            return convolution(context.Ms * m, replicas=context.replicas)
        B = convolution(context.Ms * m)
        if self.cut:
            assert self.shares is not None
            shares = self.shares
            edges = context.static("demag edges", lambda: EdgeField(shares, context.mesh, context.backend.dtype))
            edges.add(B, context.Ms * m, context.replicas)
        return B

    def convolution(self, context: Context) -> HostDemag | DemagConvolution | CudaDemag:
        """Return what turns Ms m [A/m] into the field [T], made once for a simulation."""
        backend, mesh = context.backend, context.mesh
        if (device := backend.cuda) is not None:
            return context.static("demag", lambda: CudaDemag(device, mesh, backend.dtype))

        def made() -> HostDemag | DemagConvolution:
            shares = self.shares.of_replicas() if self.cut and self.shares is not None else ()
            edges = [edges_of(each, mesh) for each in shares] if backend.runtime is not None else []
            return demag_convolution(mesh, backend.dtype, compiled=backend.runtime is not None, edges=edges)

        return context.static("demag", made)
