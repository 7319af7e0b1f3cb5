"""Exchange, demagnetising and DMI energy of a strongly varying state, to the last digits of OOMMF."""

from math import pi

import numpy as np

from fdmag.constants import MU_0
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, InterfacialDMI
from validation.problem import Problem, Result, Row

EXCHANGE = 1.9885853028738599e-19  # J
DEMAG = 5.5389695779175673e-19  # J, with µ0 = 4π 1e-7
DMI = 4.5665527749090378e-20  # J, its magnitude: the codes differ in the sign of D
SOURCE = "OOMMF (M. J. Donahue, D. G. Porter, NISTIR 6376, 1999), as the fidimag project publishes it"


class OommfEnergies(Problem):
    """The codes discretise these energies alike (DMI with a free boundary), so that only rounding may differ."""

    name = "oommf_energies"
    title = "Energies of m ∝ (sin x + y, cos x + y, 0 or 1), x and y in nm, on 40 × 50 × 1 cells of 2.5 × 2.5 × 3 nm"

    def compute(self) -> Result:
        """Compare the energies; that of DMI for the z component 1."""
        mesh = Mesh((40, 50, 1), (2.5e-9, 2.5e-9, 3e-9), origin=(0, 0, 0))
        x, y, z = (1e9 * axis for axis in (mesh.x, mesh.y, mesh.z))
        m = np.stack(np.broadcast_arrays(np.sin(x) + y + 2.3 * z, np.cos(x) + y + 1.3 * z, 0.0))
        energies = Simulation(mesh, [Exchange(A=1.3e-11), Demag()], Ms=8e5, m=m).energies()
        m = np.stack(np.broadcast_arrays(m[0], m[1], 1.0))
        free = Simulation(mesh, [InterfacialDMI(D=1.32e-3, boundary="free")], Ms=8e5, m=m)
        demag = DEMAG * MU_0 / (4e-7 * pi)
        return Result(
            [
                Row("exchange energy", EXCHANGE * 1e18, energies["exchange"][0] * 1e18, EXCHANGE * 1e18 * 1e-10, SOURCE,
                    "the same formula: rounding of 2000 terms, with a wide margin", "aJ"),
                Row("demagnetising energy", demag * 1e18, energies["demag"][0] * 1e18, demag * 1e18 * 1e-10,
                    SOURCE + "; times µ0 of CODATA 2018 over OOMMF's 4π 1e-7, a factor 1 + 5.4e-10",
                    "accuracy of the tensor between two cells, 1e-10", "aJ"),
                Row("magnitude of the interfacial DMI energy", DMI * 1e18, abs(free.energy()[0]) * 1e18,
                    DMI * 1e18 * 1e-10, SOURCE, "the same formula: rounding of 2000 terms, with a wide margin", "aJ"),
            ]
        )  # fmt: skip
