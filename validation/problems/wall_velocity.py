"""Walls driven by spin–orbit torque against published micromagnetic velocities, and against the rigid wall."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from fdmag.analytic.wall_model import WallModel
from fdmag.constants import ELEMENTARY_CHARGE, HBAR, MU_0
from fdmag.devices.result import COLOURS, axes_for
from fdmag.devices.wall_velocity import WallVelocities, wall_velocity
from fdmag.initial import wall
from fdmag.mesh import Mesh
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, InterfacialDMI, SpinOrbitTorque, UniaxialAnisotropy
from validation.problem import Problem, Result, Row

THICKNESS, DMI, SPIN_HALL_ANGLE = 1.2e-9, 0.25e-3, 0.05
EFFICIENCY = SPIN_HALL_ANGLE**2
"""What drives the published walls: their script has the spin Hall angle twice, as polarisation and in the current."""
FIELD_LIKE_MS = 1.5 / MU_0
"""Ms [A/m] in the published field along the spins, 0.1 ħ θ J/(2 e Ms t), whatever the track's own is."""
EDWARDS = "Edwards et al., arXiv:2406.00225 (2024): fit of v(J) to micromagnetic simulations of this corner"
BASIS = "published errors of the fits, up to 3.5 % of the velocity; cells as wide as the track; asked: 10 %"


@dataclass(frozen=True)
class Corner:
    """A track of the publication, α = 0.05, 50 nm wide.

    Attributes
    ----------
    A, Ku, Ms : float [J/m], [J/m³], [A/m]
    fit : four floats
        v(J) = Σ c_k J^k [m/s]; the direction of the current is the opposite of ours.
    dx : float [m]
        Cell size along the track, about a third of the wall's width.
    cells : int
    """

    A: float
    Ku: float
    Ms: float
    fit: tuple[float, float, float, float]
    dx: float
    cells: int = 96
    alpha: float = 0.05
    width: float = 50e-9

    def published(self, J: float) -> float:
        """Return the speed [m/s]."""
        return abs(sum(c * J**k for k, c in enumerate(self.fit)))

    def track(self, J: float, ny: int = 1) -> Simulation:
        """Return the track around its wall, at rest; with ``ny`` = 1 each cell is as wide as the track."""
        mesh = Mesh((self.cells, ny, 1), (self.dx, self.width / ny, THICKNESS))
        terms = [
            Exchange(A=self.A),
            UniaxialAnisotropy(Ku1=self.Ku),
            # one cell across has no edges of its own to tilt
            InterfacialDMI(D=DMI, boundary="free") if ny == 1 else InterfacialDMI(D=DMI),
            Demag(),
            SpinOrbitTorque(J=J, xi_DL=EFFICIENCY, xi_FL=-0.1 * SPIN_HALL_ANGLE * self.Ms / FIELD_LIKE_MS),
        ]
        K = self.Ku - MU_0 * self.Ms**2 / 2
        m = wall(mesh, width=np.sqrt(self.A / K), inside=(-1, 0, 0))
        return Simulation(mesh, terms, Ms=self.Ms, alpha=self.alpha, m=m)


CORNERS = (
    Corner(11e-12, 1.11e6, 1.2e6, (0.0353233, -2.01556e-11, 5.59282e-25, 1.69076e-36), 2e-9),
    Corner(11e-12, 5.36e5, 7.95e5, (0.0262456, -3.78606e-11, 2.60852e-25, 3.56319e-36), 2.5e-9),
    Corner(31e-12, 1.11e6, 1.2e6, (0.0543659, -3.47053e-11, 1.38808e-25, 2.49049e-36), 3.5e-9),
    Corner(31e-12, 5.36e5, 7.95e5, (0.0510932, -6.53286e-11, 7.98817e-25, 7.58186e-36), 4.5e-9),
    Corner(11e-12, 9.17e5, 1.2e6, (0.0699782, -4.27990e-11, 3.74942e-25, 4.50338e-36), 4e-9),
)
J = 5e11


class WallVelocity(Problem):
    """Walls of published tracks with their stray field, and of Pt/Co without, in the frame that runs with them."""

    name = "wall_velocity"
    slow = True
    title = "Domain walls run by spin–orbit torque: published tracks, and the (q, φ) model"

    def compute(self) -> Result:
        """Let the walls run."""
        rows = []
        for corner in CORNERS:
            v = float(wall_velocity(corner.track(J), 9e-9, 2e-9).steady[0])
            published = corner.published(J)
            name = f"A = {corner.A * 1e12:g} pJ/m, Ku = {corner.Ku / 1e3:g} kJ/m³, Ms = {corner.Ms / 1e3:g} kA/m"
            rows.append(Row(f"velocity at 0.5 TA/m², {name}", published, v, 0.1 * published, EDWARDS, BASIS, "m/s"))
        found, exact = _rigid()
        for current, v, ours in zip(found.drive, exact, found.steady, strict=True):
            rows.append(
                Row(f"velocity in Pt/Co at {current / 1e12:g} TA/m²", v, ours, 0.05 * v,
                    "A. Thiaville et al., Europhys. Lett. 100, 57002 (2012)",
                    "(h/Δ)²/4 = 3 % of cells of 2 nm, domains tilted by a/B_K", "m/s")
            )  # fmt: skip
        return Result(rows, {"wall_velocity": partial(_draw, found=found)})


def _model(currents: np.ndarray) -> WallModel:
    a = HBAR * 0.0522612 * currents / (2 * ELEMENTARY_CHARGE * 1.1e6 * 0.6e-9)
    return WallModel(width=np.sqrt(16e-12 / 510e3), alpha=0.5, Ms=1.1e6, D=1.2e-3, a=a)


def _rigid() -> tuple[WallVelocities, np.ndarray]:
    """Return velocities in Pt/Co without stray field, and those of the rigid wall."""
    currents = np.array([0.5e12, 2e12, 6e12])
    mesh = Mesh((72, 1, 1), (2e-9, 2e-9, 0.6e-9), "y")
    terms = [
        Exchange(A=16e-12), UniaxialAnisotropy(Ku1=510e3), InterfacialDMI(D=1.2e-3),
        SpinOrbitTorque(J=PerReplica(currents.tolist()), xi_DL=0.0522612),
    ]  # fmt: skip
    m = wall(mesh, width=5.6e-9, inside=(-1, 0, 0))
    track = Simulation(mesh, terms, Ms=1.1e6, alpha=0.5, m=m)
    found = wall_velocity(track, 0.15e-9, 0.1e-9, term="spin_orbit_torque")
    return found, _model(currents).mean_velocity(phi=np.pi)


def _draw(figure: Figure, found: WallVelocities) -> None:
    axes = axes_for(figure.subplots(), "J [10¹² A/m²]", "v [m/s]", "a wall in Pt/Co, driven by spin–orbit torque")
    currents = np.linspace(0, 7e12, 141)
    axes.plot(currents / 1e12, _model(currents).mean_velocity(phi=np.pi), color=COLOURS[0], label="(q, φ) model")
    axes.plot(found.drive / 1e12, found.steady, "o", color=COLOURS[1], label="fdmag")
    limit = float(_model(np.array([1e12])).saturation_velocity())
    axes.axhline(limit, color="0.5", linestyle="--", linewidth=0.8, label="γ π D/(2 Ms)")
    axes.legend()
