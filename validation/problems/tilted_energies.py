"""Energies of states at tilted angles: every term that has one against its closed form."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.analytic.prism import prism_demagnetising_factors
from fdmag.constants import MU_0
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import (
    BulkDMI,
    CubicAnisotropy,
    D2dDMI,
    Demag,
    Exchange,
    ExchangeBias,
    InterfaceAnisotropy,
    InterfacialDMI,
    InterlayerExchange,
    OerstedWire,
    Term,
    UniaxialAnisotropy,
    Zeeman,
)
from validation.problem import Problem, Result, Row

MS, EDGE = 8e5, 4e-9
MESH = Mesh((4, 3, 2), (EDGE,) * 3)
THETA, PHI = (
    grid.ravel() for grid in np.meshgrid(np.radians([10, 35, 60, 90, 125, 170]), np.radians([0, 25, 110, 250]))
)
DIRECTIONS = np.stack([np.sin(THETA) * np.cos(PHI), np.sin(THETA) * np.sin(PHI), np.cos(THETA)])
SHEET = 0.01  # m
Case = tuple[str, Term, NDArray, str]
"""Name, term, energies [J] of the replicas, formula."""


class TiltedEnergies(Problem):
    """Uniform states in 24 directions as replicas; spirals and a pair of layers for what needs neighbours."""

    name = "tilted_energies"
    title = "Energies at tilted angles: 24 directions, spirals, two layers"

    def compute(self) -> Result:
        """Compare the energy of every state."""
        x, y, z = DIRECTIONS
        c4 = (x + y) / np.sqrt(2), (y - x) / np.sqrt(2), z
        a, b, c = (component**2 for component in c4)
        t = EDGE * 2
        volume = MESH.cell_volume * MESH.n_cells
        u = np.array([2, -1, 2]) / 3 @ DIRECTIONS
        N = prism_demagnetising_factors(*MESH.size) @ DIRECTIONS**2
        cases: list[Case] = [
            ("Zeeman", Zeeman(B=(0.1, -0.2, 0.3)), -MS * (0.1 * x - 0.2 * y + 0.3 * z) * volume, "−Ms m·B"),
            ("uniaxial", UniaxialAnisotropy(Ku1=5e5, Ku2=-2e5, axis=(2, -1, 2)), (-5e5 * u**2 + 2e5 * u**4) * volume,
             "−Ku1 (m·u)² − Ku2 (m·u)⁴"),
            ("cubic", CubicAnisotropy(Kc1=4e4, Kc2=-3e4, Kc3=2e4, axis1=(1, 1, 0), axis2=(-1, 1, 0)),
             (4e4 * (a * b + b * c + c * a) - 3e4 * a * b * c + 2e4 * ((a * b) ** 2 + (b * c) ** 2 + (c * a) ** 2))
             * volume, "Kc1 (a²b² + …) + Kc2 a²b²c² + Kc3 (a⁴b⁴ + …)"),
            ("interface", InterfaceAnisotropy(Ks=1.5e-3, xi=6e-14, voltage=-2, t_ox=1.2e-9),
             -(1.5e-3 - 6e-14 * 2 / 1.2e-9) * z**2 * volume / t, "−(Ks + ξ V/t_ox) (m·n)² per area"),
            ("exchange bias", ExchangeBias(direction=(2, -1, 2), B=0.05, J=1e-4, thickness=t),
             -(MS * 0.05 + 1e-4 / t) * u * volume, "−(Ms B + J/t) m·u"),
            ("demag of a prism", Demag(), MU_0 * MS**2 / 2 * N * volume,
             "½ µ0 Ms² m·N m; A. Aharoni, J. Appl. Phys. 83, 3432 (1998)"),
        ]  # fmt: skip
        sheet = OerstedWire(J=1e12, width=SHEET, height=4e-9, center=(0, 0, -10e-9))
        cases.append(("Oersted field above a wide sheet", sheet, MS * MU_0 * 1e12 * 4e-9 / 2 * y * volume,
                      "−Ms m·B, B = −µ0 J h/2 y"))  # fmt: skip
        states = DIRECTIONS.T[:, :, None, None, None] * np.ones((1, 1, *MESH.shape))
        return Result(_rows(MESH, states, cases, "24 directions") + _spirals() + _layers())


def _rows(mesh: Mesh, m: NDArray, cases: list[Case], states: str, Ms: Any = MS) -> list[Row]:
    """Return the largest deviation over the largest energy of each term; m is (replicas, 3, nz, ny, nx)."""
    simulation = Simulation(mesh, [term for _, term, _, _ in cases], Ms=Ms, m=m)
    rows = []
    for name, term, expected, formula in cases:
        wide = isinstance(term, OerstedWire)
        deviation = np.abs(simulation.energies()[term.name] - expected).max() / np.abs(expected).max()
        rows.append(
            Row(f"{name}, {states}: largest deviation over the largest energy", 0, deviation, 2e-6 if wide else 1e-12,
                "docs/conventions.md, energies: " + formula,
                "what a sheet 1 cm wide lacks at 10 nm, (4/π) 1e-6" if wide else "rounding")
        )  # fmt: skip
    return rows


def _spirals() -> list[Row]:
    """Return rows of m that turns by 2π/n per cell along x, in both senses, in a plane."""
    n, D, A = 16, -2e-3, 1.3e-11
    mesh = Mesh((n, 1, 1), (EDGE,) * 3, "xyz")
    turn = 2 * np.pi / n
    senses = np.array([1.0, -1.0])
    angle = senses[:, None] * turn * np.arange(n) + 0.3
    volume = n * EDGE**3

    def spirals(first: int, second: int) -> NDArray:
        m = np.zeros((2, 3, 1, 1, n))
        m[:, first, 0, 0], m[:, second, 0, 0] = np.cos(angle), np.sin(angle)
        return m

    slope = D * np.sin(turn) / EDGE * volume * senses
    exchange = 2 * A * (1 - np.cos(turn)) / EDGE**2 * volume * senses**2
    in_plane: list[Case] = [
        ("interfacial DMI, D < 0", InterfacialDMI(D=D), slope, "D [m_z ∇·m − (m·∇) m_z] = D θ'"),
        ("exchange", Exchange(A=A), exchange, "A |∇m|², 2A (1 − cos φ)/h² between neighbours"),
    ]
    screws: list[Case] = [
        ("bulk DMI, D < 0", BulkDMI(D=D, A=A), -slope, "D m·(∇ × m) = −D θ'"),
        ("D2d DMI, D < 0", D2dDMI(D=D, A=A), slope, "D m·(∂_x m × x − ∂_y m × y) = D θ'"),
    ]
    return [*_rows(mesh, spirals(2, 0), in_plane, "spirals from z to x along x"),
            *_rows(mesh, spirals(1, 2), screws, "spirals from y to z along x")]  # fmt: skip


def _layers() -> list[Row]:
    """Return the row of two layers at the 24 angles."""
    mesh = Mesh((2, 2, 3), (EDGE,) * 3)
    m = np.zeros((THETA.size, 3, *mesh.shape))
    m[:, 2, 0] = 1
    m[:, :, 2] = DIRECTIONS.T[:, :, None, None]
    Ms = np.full(mesh.shape, MS)
    Ms[1] = 0
    energy = (8e-4 * np.cos(THETA) + 3e-4 * np.cos(THETA) ** 2) * 4 * EDGE**2
    coupling = InterlayerExchange(J1=-8e-4, J2=-3e-4)
    return _rows(mesh, m, [("interlayer exchange", coupling, energy, "−J1 m1·m2 − J2 (m1·m2)² per area")], "24 angles",
                 Ms=Ms)  # fmt: skip
