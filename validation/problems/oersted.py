"""Oersted fields: a current map by Biot–Savart's law against the closed forms of straight wires."""

import numpy as np

from fdmag.analytic.oersted import cylinder_field, rectangle_field
from fdmag.constants import MU_0
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Oersted
from validation.problem import Problem, Result, Row

J = 1e12
EDGE = 60e-9
AMPERE = "J. D. Jackson, Classical Electrodynamics (Wiley, 1999), section 5.3"


class OerstedField(Problem):
    """Endless wires along z in a square of 60 nm, in cells of 60 nm/n."""

    name = "oersted"
    title = "Oersted field of 10¹² A/m² in a round (R = 20 nm) and a rectangular (30 × 15 nm²) wire"

    def compute(self) -> Result:
        """Compare orders of convergence, the circulation, and a far field."""
        square = [self._deviation(n, round_=False) for n in (32, 64)]
        round_ = self._deviation(128, round_=True)
        order = np.log2(square[0] / square[1])
        _, B = self._field(64, round_=False)
        h = EDGE / 64
        weights = np.full(49, h)
        weights[[0, -1]] /= 2
        side, low, high = slice(8, 57), 8, 56
        loop = weights @ (B[0, low, side] - B[0, high, side]) + weights @ (B[1, side, high] - B[1, side, low])
        expected = J * 450e-18
        line = MU_0 * expected / (2 * np.pi * 1e-6)
        far = float(rectangle_field(1e-6, 0, J, 30e-9, 15e-9)[1])
        return Result([
            Row("order in the cell, rectangular wire, n = 32 to 64", 2, order, np.log2((1 + 1 / 16) / (1 + 1 / 64)),
                AMPERE + ", integrated over the cross-section",
                "a next order of (h/7.5 nm)², 1/16 and 1/64 of the error on the two meshes"),
            Row("rms deviation over the largest field, rectangular wire, n = 64", 0, square[-1],
                (1 / 32) ** 2 / 24, AMPERE + ", integrated over the cross-section",
                "a mean over a cell, h² ∇²B/24, with the scale 30 nm of the wire"),
            Row("rms deviation over the largest field, round wire, n = 128", 0, round_, 1 / 128,
                AMPERE, "the staircase of the surface: a cell over the mesh"),
            Row("∮ B·dl/µ0", expected * 1e6, loop / MU_0 * 1e6, 1e-4 * expected * 1e6, "Ampère's law, the current",
                "trapezoidal rule over 48 cells", "µA"),
            Row("closed form at 1 µm", line * 1e6, far * 1e6, (30e-9 / 1e-6) ** 2 / 12 * line * 1e6, "µ0 I/(2πρ)",
                "the next multipole, (width/distance)²/12", "µT"),
        ])  # fmt: skip

    @staticmethod
    def _field(n: int, *, round_: bool) -> tuple[Mesh, np.ndarray]:
        mesh = Mesh((n, n, 1), (EDGE / n, EDGE / n, 5e-9))
        inside = mesh.x**2 + mesh.y**2 < (20e-9) ** 2 if round_ else (abs(mesh.x) < 15e-9) & (abs(mesh.y) < 7.5e-9)
        current = np.zeros((3, *mesh.shape))
        current[2] = J * inside
        magnet = Simulation(mesh, [Oersted(J=current, endless="z")], Ms=8e5)
        return mesh, magnet.effective_field()[0, :, 0]

    def _deviation(self, n: int, *, round_: bool) -> float:
        mesh, B = self._field(n, round_=round_)
        x, y = mesh.x[0], mesh.y[0]
        exact = cylinder_field(x, y, J, 20e-9) if round_ else rectangle_field(x, y, J, 30e-9, 15e-9)
        return float(np.sqrt(np.mean((B[:2] - exact) ** 2)) / np.abs(exact).max())
