"""Demagnetising factors: Aharoni's of blocks, from the field of many cells, and Joseph's of a cylinder in a few."""

import numpy as np
from numpy.typing import NDArray

from fdmag.analytic.cylinder import cylinder_demagnetising_factor
from fdmag.analytic.prism import prism_demagnetising_factors
from fdmag.constants import MU_0
from fdmag.mesh import Mesh
from fdmag.shapes import Cylinder
from fdmag.simulation import Simulation
from fdmag.terms import Demag
from validation.problem import Problem, Result, Row

MS = 8e5
# Edges in nm, cells, and factors of the formula to seven digits.
BLOCKS = (
    ((100, 100, 1), (40, 40, 1), {"x": 0.0169802, "z": 0.9660396}),
    ((500, 125, 3), (100, 25, 1), {"x": 0.0091797, "y": 0.0381761, "z": 0.9526442}),
    ((160, 80, 5), (32, 20, 3), {"x": 0.0372152, "y": 0.0764711, "z": 0.8863136}),
)
CYLINDER = (20e-9, 1.3e-9)
JOSEPH = "R. I. Joseph, J. Appl. Phys. 37, 4639 (1966)"
SOURCE = "A. Aharoni, J. Appl. Phys. 83, 3432 (1998), eq. (1)"


class PrismFactors(Problem):
    """The field averaged over a block does not depend on how it is cut into cells."""

    name = "prism_factors"
    title = "Magnetometric demagnetising factors of rectangular prisms, from up to 2500 cells"

    def compute(self) -> Result:
        """Compare the averaged field of three blocks."""
        rows = []
        for edges, cells, published in BLOCKS:
            ours, title = _factors(edges, cells), " × ".join(map(str, edges))
            rows += [
                Row(f"N{axis}, {title}", value, ours["xyz".index(axis)], 1e-7, SOURCE, "one unit of the last digit")
                for axis, value in published.items()
            ]
            deviation = np.abs(ours - prism_demagnetising_factors(*edges)).max()
            rows.append(
                Row(f"largest deviation, {title}", 0, deviation, 1e-10, SOURCE + ", in double precision",
                    "accuracy of the tensor between two cells, 1e-10")
            )  # fmt: skip
        exact, ours = float(cylinder_demagnetising_factor(*CYLINDER)), _cylinder()
        rows += [
            Row("N of a cylinder, 20 nm wide, 1.3 nm high, on 8 × 8 cells with edges", exact, ours[2], 2e-3, JOSEPH,
                "edges by 8 × 8 points, and what is more than two cells away"),
            Row("sum of its three factors", 1, ours.sum(), 1e-10, "the trace of N inside a body is 1", "rounding"),
        ]  # fmt: skip
        return Result(rows)


def _cylinder() -> NDArray[np.float64]:
    """Return (Nx, Ny, Nz) of a cylinder along z, by the energy of uniform states."""
    diameter, height = CYLINDER
    mesh = Mesh((8, 8, 1), (diameter / 8, diameter / 8, height))
    disc = Simulation(mesh, [Demag(edges=True)], Ms=MS, m=np.eye(3)[:, :, None, None, None],
                      geometry=Cylinder(diameter=diameter), smooth_edges=8, dtype="float64")  # fmt: skip
    return disc.energy() / (MU_0 * MS**2 / 2 * float(disc.weights.sum()) * mesh.cell_volume)


def _factors(edges: tuple[float, ...], cells: tuple[int, int, int]) -> NDArray[np.float64]:
    """Return (Nx, Ny, Nz): −B/(µ0 Ms) along m, averaged over the block, for m along x, y and z as three replicas."""
    x, y, z = (edge * 1e-9 / count for edge, count in zip(edges, cells, strict=True))
    simulation = Simulation(Mesh(cells, (x, y, z)), [Demag()], Ms=MS, m=np.eye(3)[:, :, None, None, None])
    field = simulation.effective_field().mean(axis=(2, 3, 4))
    return -np.diag(field) / (MU_0 * MS)
