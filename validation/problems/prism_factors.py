"""Aharoni's demagnetising factors, from the field of uniformly magnetised blocks of many cells."""

import numpy as np
from numpy.typing import NDArray

from fdmag.analytic.prism import prism_demagnetising_factors
from fdmag.constants import MU_0
from fdmag.mesh import Mesh
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
        return Result(rows)


def _factors(edges: tuple[float, ...], cells: tuple[int, int, int]) -> NDArray[np.float64]:
    """Return (Nx, Ny, Nz): −B/(µ0 Ms) along m, averaged over the block, for m along x, y and z as three replicas."""
    x, y, z = (edge * 1e-9 / count for edge, count in zip(edges, cells, strict=True))
    simulation = Simulation(Mesh(cells, (x, y, z)), [Demag()], Ms=MS, m=np.eye(3)[:, :, None, None, None])
    field = simulation.effective_field().mean(axis=(2, 3, 4))
    return -np.diag(field) / (MU_0 * MS)
