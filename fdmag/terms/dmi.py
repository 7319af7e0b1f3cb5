"""What the Dzyaloshinskii–Moriya interactions of all symmetries share."""

import dataclasses
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from fdmag.errors import ParameterError, did_you_mean
from fdmag.mesh import Mesh
from fdmag.parameter import Parameter, derived, parameter
from fdmag.regions import Regions
from fdmag.terms.exchange import neighbour_axes, pair
from fdmag.terms.term import Context, Term

BOUNDARIES = ("dmi", "free")
AXES = np.eye(3)[:, None, :, None, None, None]
"""Unit vectors along x, y, z, each of shape (1, 3, 1, 1, 1)."""


@dataclass
class DMI(Term):
    """Energy density Σ_k d_k·(m × ∂_k m), k = x, y, z, with d_k = D t_k; the symmetry gives the vectors t_k.

    Continuum. With exchange A |∇m|², the part of the energy's variation that lies on the surface vanishes where
    2 A ∂_n m + d_n × m = 0, so that ∂_n m = m × d_n / (2A), with d_n = Σ_k n_k d_k; where A or D jumps,
    2 A ∂_n m + d_n × m is the same on both sides. Inside, B = (2 / Ms) Σ_k d_k × ∂_k m.

    Discrete. Of two neighbours, j above i along k at distance Δ, each holds half of the link between the centres, and m
    at the face between the halves takes the value of least energy, of exchange and DMI together. To second order in Δ
    the share of the DMI is, per volume of a cell,

        e_ij = d_ij·(m_i × m_j) / Δ − (|u × m_i|² + |u × m_j|²) / (16 (A_i + A_j)),
        d_ij = (A_j d_i + A_i d_j) / (A_i + A_j),   u = d_i − d_j,

    and at a surface, where the face is free and j is missing, e_i = −|d_i × m_i|² / (8 A_i). The parts in 1/A are the
    conditions at surfaces and interfaces.

    Where an entry of ``exchange.between`` makes the stiffness of the link s times the harmonic mean, the face is one of
    two spins, those of the two halves, coupled by an exchange of its own: strongly for s near 1, not at all for s = 0.
    The values of least energy of both then give

        e = s d_ij·(m_i × m_j) / Δ − |s| (|u × m_i|² + |u × m_j|²) / (16 (A_i + A_j))
            − (1 − |s|) (|d_i × m_i|² / (8 A_i) + |d_j × m_j|² / (8 A_j)),

    the share s of a link that is whole and the share 1 − |s| of two free surfaces. So a border without exchange is a
    surface of both sides; one that couples antiparallel is one that couples parallel, with all spins on one side
    reversed; and |s| above 1 makes the border stiffer, but lets DMI turn m as far as in the material around it.

    With ``boundary="free"`` they are left out: what lies outside contributes
    nothing. The limit for small cells is the same, but the energy, and m where it has a part along d_n, then have an
    error of first order in Δ instead of second. B is the exact gradient of this energy.

    Where several DMIs act, each has its own part in 1/A; products of two different D in it are left out, again an error
    of first order. A film of one layer has two surfaces: bulk DMI then adds −D² (m_x² + m_y²) / (4A), the gain of a
    thin film that twists through its thickness. A wire one cell wide has side surfaces, unless it is periodic across.

    Source: A. Bogdanov and A. Hubert, J. Magn. Magn. Mater. 138, 255 (1994) for the invariants; S. Rohart and
    A. Thiaville, Phys. Rev. B 88, 184422 (2013) for the condition at a surface.
    """

    degree: ClassVar[int] = 2
    kernel: ClassVar[str] = "terms/dmi.h"
    D: Any = parameter("J/m^2", "DMI constant")
    A: Any = parameter(
        "J/m", "exchange stiffness, by default that of exchange", default=None, minimum=0, follows="exchange.A"
    )
    boundary: Literal["dmi", "free"] = dataclasses.field(
        default="dmi", metadata={"description": "condition at surfaces: that of the DMI, or nothing from outside"}
    )
    along_x: Parameter = derived("1", "DMI vector over D for a step along x", components=3)
    along_y: Parameter = derived("1", "DMI vector over D for a step along y", components=3)
    along_z: Parameter = derived("1", "DMI vector over D for a step along z", components=3)
    edge: Parameter = derived("1", "whether the mesh ends along x, y, z in a surface with its condition", components=3)
    faces: Parameter = derived("1", "whether surfaces and interfaces have their condition")
    link_scale: Parameter = derived(
        "1", "factor on the mean stiffness with the next cell", components=3, follows="exchange.link_scale"
    )
    link_added: Parameter = derived("J/m", "stiffness added to it", components=3, follows="exchange.link_added")

    @abstractmethod
    def vectors(self) -> list[NDArray[np.float64]]:
        """Return t_x, t_y and t_z, (batch | 1, 3, nz | 1, ny | 1, nx | 1), of the bound term."""

    def bind(self, mesh: Mesh, regions: Regions, where: str | None = None) -> Self:
        """Return a copy with checked values."""
        if self.boundary not in BOUNDARIES:
            raise ParameterError(
                f'{where or self.name}.boundary: came "{self.boundary}"; allowed: {", ".join(BOUNDARIES)}'
                f"{did_you_mean(str(self.boundary), BOUNDARIES)}"
            )
        return super().bind(mesh, regions, where)

    def complete(self, mesh: Mesh, regions: Regions, Ms: Parameter) -> None:
        """Set the vectors t_k and which surfaces count.

        Raises
        ------
        ParameterError
            If the boundary condition needs A, and neither it nor exchange is there.
        """
        natural = self.boundary == "dmi"
        if self.A is None:
            if natural:
                raise ParameterError(
                    f"{self.name}: its boundary condition needs the exchange stiffness A, but there is no exchange; "
                    'add exchange, give A, or choose boundary = "free"'
                )
            # Without A the two cells of a pair count alike.
            self.A = Parameter(1.0, self.parameters()["A"], mesh, regions, f"{self.name}.A")
        x, y, z = (np.broadcast_to(t, np.broadcast_shapes(*(v.shape for v in self.vectors()))) for t in self.vectors())
        edge = np.array([natural and not periodic for periodic in mesh.periodic], dtype=float)
        self.derive(
            mesh, regions, along_x=x, along_y=y, along_z=z,
            edge=edge.reshape(1, 3, 1, 1, 1), faces=np.full((1, 1, 1, 1, 1), float(natural)),
            link_scale=np.ones((1, 3, 1, 1, 1)), link_added=np.zeros((1, 3, 1, 1, 1)),
        )  # fmt: skip

    def field(self, m: NDArray, context: Context) -> NDArray:
        """Return minus the gradient of the energy over Ms."""
        links, surface = context.derived(self, self._parts)
        B = context.xp.zeros_like(m)
        for axis, wrap, vector in links:
            lower, upper = pair(axis, wrap=wrap)
            B[lower] += cross(vector, m[upper])
            B[upper] -= cross(vector, m[lower])
        if surface is not None:
            B += context.xp.einsum("bijzyx,bjzyx->bizyx", surface, m)
        return B * context.inverse_Ms

    def _parts(self, context: Context) -> tuple[list[tuple[int, bool, NDArray]], NDArray | None]:
        """Return d_ij / Δ of every pair of neighbours, and the matrices (batch | 1, 3, 3, nz, ny, nx) of the rest."""
        xp, mesh = context.xp, context.mesh
        D, A, Ms = (context.value(each) for each in (self.D, self.A, context.material.Ms))
        t = [context.value(each) for each in (self.along_x, self.along_y, self.along_z)]
        scale, added = (
            xp.broadcast_to(values, (*values.shape[:2], *mesh.shape))
            for values in (context.value(self.link_scale), context.value(self.link_added))
        )
        batch = max(len(each) for each in (D, A, Ms, scale, *t))
        magnetic = xp.broadcast_to(Ms > 0, (batch, 1, *mesh.shape))
        A = xp.where(magnetic, A, 0)
        surface, links = xp.zeros((batch, 3, 3, *mesh.shape), D.dtype), []
        for axis in range(3):
            d = xp.where(magnetic, D * t[axis], 0)
            for each, wrap in neighbour_axes(mesh):
                if each != axis:
                    continue
                lower, upper = pair(axis, wrap=wrap)
                both = magnetic[lower] & magnetic[upper]
                total = A[lower] + A[upper]
                share = xp.where(total > 0, A[upper] / xp.where(total > 0, total, 1), 0.5)
                s = factor_of_mean(A[lower], A[upper], *(each[:, axis : axis + 1][lower] for each in (scale, added)))
                s = xp.where(both, s, 1)
                vector = xp.where(both, s * (share * d[lower] + (1 - share) * d[upper]), 0) / mesh.cell_size[axis]
                links.append((axis, wrap, vector.astype(D.dtype)))
                matrix = abs(s)[:, None] * _easy(d[lower] - d[upper], xp.where(both, 8, 4) * total)
                for cells in (lower, upper):
                    free = (1 - abs(s))[:, None] * _easy(d[cells], 4 * A[cells])
                    surface[cells] += xp.where(magnetic[cells][:, None], matrix + free, 0)
            if not mesh.periodic[axis]:
                for end in (slice(0, 1), slice(-1, None)):
                    cells = (..., end, *(slice(None),) * axis)
                    surface[cells] += _easy(d[cells], 4 * A[cells])
        natural = self.boundary == "dmi" and bool(surface.any())
        return links, surface if natural else None


def factor_of_mean(one: NDArray, other: NDArray, scale: NDArray, added: NDArray) -> NDArray:
    """Return the stiffness of a link over the harmonic mean of those of its two cells; both may be 0."""
    total = one + other
    mean = 2 * one * other / np.where(total > 0, total, 1)
    return scale + np.where(mean > 0, added / np.where(mean > 0, mean, 1), added != 0)


def cross(a: NDArray, b: NDArray) -> NDArray:
    """Return a × b over axis 1."""
    ax, ay, az = a[:, 0], a[:, 1], a[:, 2]
    bx, by, bz = b[:, 0], b[:, 1], b[:, 2]
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=1)


def _easy(u: NDArray, stiffness: NDArray) -> NDArray:
    """Return the matrix (u² − u uᵀ) / stiffness, (batch, 3, 3, ...); 0 where there is no stiffness."""
    inverse = np.where(stiffness > 0, 1 / np.where(stiffness > 0, stiffness, 1), 0)
    unit = np.eye(3, dtype=u.dtype)[None, :, :, None, None, None]
    return (unit * (u * u).sum(axis=1)[:, None, None] - u[:, :, None] * u[:, None, :]) * inverse[:, None]
