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
        cells = (16, 32, 64)
        square = [self._deviation(n, round_=False) for n in cells]
        round_ = [self._deviation(n, round_=True) for n in (32, 64, 128)]
        orders = np.log2(np.divide(square[:-1], square[1:]))
        _, B = self._field(64, round_=False)
        h = EDGE / 64
        weights = np.full(49, h)
        weights[[0, -1]] /= 2
        side, low, high = slice(8, 57), 8, 56
        loop = weights @ (B[0, low, side] - B[0, high, side]) + weights @ (B[1, side, high] - B[1, side, low])
        expected = J * 450e-18
        mesh, wire = self._field(128, round_=True)
        radius = np.hypot(mesh.x[0], mesh.y[0])
        tangential = (mesh.x[0] * wire[1] - mesh.y[0] * wire[0]) / radius
        inner, outer = (radius > 5e-9) & (radius < 15e-9), radius > 25e-9
        current = MU_0 / (2 * np.pi) * J * np.pi * (20e-9) ** 2
        inside = np.mean(tangential[inner] / (MU_0 * J * radius[inner] / 2))
        outside = np.mean(tangential[outer] / (current / radius[outer]))
        divergence, curl = _derivatives(B, h)
        line = MU_0 * expected / (2 * np.pi * 1e-6)
        far = float(rectangle_field(1e-6, 0, J, 30e-9, 15e-9)[1])
        return Result([
            Row("order in the cell, rectangular wire, n = 32 to 64", 2, orders[1], abs(orders[0] - 2),
                AMPERE + ", integrated over the cross-section", "what n = 16 to 32 lacks: it must come nearer"),
            Row("rms deviation over the largest field, rectangular wire, n = 64", 0, square[-1],
                (1 / 32) ** 2 / 24, AMPERE + ", integrated over the cross-section",
                "a mean over a cell, h² ∇²B/24, with the scale 30 nm of the wire"),
            Row("rms deviation over the largest field, round wire, n = 128", 0, round_[-1], 1 / 128,
                AMPERE, "the staircase of the surface: a cell over the mesh"),
            Row("inside a round wire, 5 to 15 nm from the axis: B over µ0 J ρ/2", 1, inside, 1e-2, AMPERE,
                "the staircase of the surface, 0.3 nm of 20 nm to both sides"),
            Row("outside a round wire, beyond 25 nm: B over µ0 I/(2πρ)", 1, outside, 1e-2, AMPERE,
                "the area of the staircase"),
            Row("∇·B over µ0 J, largest, away from the surface of the rectangular wire", 0, divergence,
                (h / 7.5e-9) ** 2, "∇·B = 0", "central differences, second order: (h over half of the wire's height)²"),
            Row("∇ × B over µ0 J in the middle of the rectangular wire", 1, curl, (h / 7.5e-9) ** 2, "Ampère's law",
                "central differences, second order: (h over half of the wire's height)²"),
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


def _derivatives(B: np.ndarray, h: float) -> tuple[float, float]:
    """Return the largest |∇·B|/µ0 J, three cells and more from the surface, and ∇ × B/µ0 J in the middle."""
    Bx, By = B[:2]
    dBx, dBy = np.gradient(Bx, h), np.gradient(By, h)  # along y, x
    n = Bx.shape[0]
    x = np.abs((np.arange(n) + 0.5) * h - EDGE / 2)
    from_surface = np.maximum(x[None] - 15e-9, x[:, None] - 7.5e-9)
    away = (np.abs(from_surface) > 3 * h)[1:-1, 1:-1]
    divergence = (dBx[1] + dBy[0])[1:-1, 1:-1] / (MU_0 * J)
    curl = ((dBy[1] - dBx[0]) / (MU_0 * J))[n // 2, n // 2]
    return float(np.abs(divergence[away]).max()), float(curl)
