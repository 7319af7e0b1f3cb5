"""The one-dimensional DMI standard problem: the tilt at the ends of a wire, and the energy of a Néel wall."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fdmag.analytic.domain_wall import bloch_wall_energy, wall_width_parameter
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import BulkDMI, D2dDMI, Exchange, InterfacialDMI, UniaxialAnisotropy
from fdmag.terms.dmi import DMI
from validation.measure import order
from validation.plots import COLOURS, label
from validation.problem import Problem, Result, Row

A, KU, MS, D = 13e-12, 4e5, 8.6e5, 3e-3
LENGTH = 100e-9
SIZES = (2e-9, 1e-9, 0.5e-9)
WALL_D = 2e-3
PUBLISHED = {  # (m_⊥, m_z) of the last cell of 1 nm: OOMMF; fidimag and mumax3 differ from it by at most 5e-6
    "interfacial": (0.613452, 0.789732),
    "bulk": (0.613452, 0.789732),
    "D2d": (0.613452, 0.789732),
}
SOURCE = "D. Cortés-Ortuño et al., New J. Phys. 20, 113015 (2018), OOMMF"


class DmiWire(Problem):
    """Every symmetry on the same wire; the published interfacial D multiplies −[m_z ∇·m − (m·∇) m_z]."""

    name = "dmi_wire"
    title = "DMI standard problem in one dimension: 100 nm, A = 13 pJ/m, Ku = 0.4 MJ/m³, D = 3 mJ/m²"

    def compute(self) -> Result:
        """Relax the wire at three cell sizes, and two walls at two."""
        sine = D / (2 * np.sqrt(A * KU))
        terms = {"interfacial": InterfacialDMI(D=-D), "bulk": BulkDMI(D=D), "D2d": D2dDMI(D=D)}
        wires = {name: [_relaxed(term, size) for size in SIZES] for name, term in terms.items()}
        rows, curves = [], []
        for name, profiles in wires.items():
            _, m = profiles[1]
            for component, published, ours in zip(
                ("|m_⊥|", "m_z"), PUBLISHED[name], (np.hypot(m[0, -1], m[1, -1]), m[2, -1]), strict=True
            ):
                rows.append(
                    Row(f"{name}: {component} of the last cell", published, ours, 1e-5, SOURCE,
                        "twice the spread of OOMMF, fidimag and mumax3")
                )  # fmt: skip
            errors = np.array([np.sqrt(np.mean((np.hypot(m[0], m[1]) - _exact(x, sine)) ** 2)) for x, m in profiles])
            curves.append(errors)
            rows.append(
                Row(f"{name}: order in the cell size of the mean square deviation's root from the exact profile", 2,
                    order(SIZES, errors), 0.1, "exchange and DMI are of second order, edges included",
                    "the next term of the error is of relative order (h/Δ)², 0.06 on average")
            )  # fmt: skip
        edges = [_edge(x, m) for x, m in wires["interfacial"]]
        rows.append(
            Row("m_⊥ at the edge, extrapolated from 1 nm and 0.5 nm", sine, (4 * edges[2] - edges[1]) / 3,
                (SIZES[1] / _width()) ** 4, "S. Rohart, A. Thiaville, Phys. Rev. B 88, 184422 (2013): D/(2 sqrt(A Ku))",
                "what extrapolation leaves is of order (h/Δ)⁴")
        )  # fmt: skip
        walls = [_wall_energy(size) for size in SIZES[:2]]
        walls.append((4 * walls[1] - walls[0]) / 3)
        rows.append(
            Row(f"energy of a Néel wall, D = {WALL_D * 1e3:g} mJ/m², extrapolated from 2 nm and 1 nm",
                float(bloch_wall_energy(A, KU) - np.pi * WALL_D) * 1e3, walls[2] * 1e3,
                float(bloch_wall_energy(A, KU)) * 1e3 * (SIZES[1] / _width()) ** 4,
                "A. Thiaville et al., EPL 100, 57002 (2012): 4 sqrt(A Ku) − π |D|",
                "(h/Δ)⁴ of the wall without DMI", "mJ/m²")
        )  # fmt: skip
        return Result(rows, {"dmi_wire": partial(_draw, wires["interfacial"][1], sine, curves)})


def _width() -> float:
    return float(wall_width_parameter(A, KU))


def _exact(x: NDArray[np.float64], sine: float) -> NDArray[np.float64]:
    """Return |m_⊥|: the tails of both ends, which do not feel each other at 17 Δ."""
    depth = LENGTH / 2 - np.abs(x)
    return np.sin(2 * np.arctan(np.tan(np.arcsin(sine) / 2) * np.exp(-depth / _width())))


def _relaxed(term: DMI, size: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x [m] and m (3, cells) in equilibrium."""
    mesh = Mesh((round(LENGTH / size), 1, 1), (size, size, size), "yz")
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=KU), term]
    simulation = Simulation(mesh, terms, Ms=MS, m=(0.01, 0.01, 1))
    simulation.minimize(1e-7)
    return mesh.x.ravel(), simulation.m[0, :, 0, 0]


def _edge(x: NDArray[np.float64], m: NDArray[np.float64]) -> float:
    """Return sin θ at the edge, by a parabola through θ of the last three cells."""
    angle = np.arcsin(np.hypot(m[0, -3:], m[1, -3:]))
    return float(np.sin(np.polyval(np.polyfit((x[-3:] - LENGTH / 2) * 1e9, angle, 2), 0.0)))


def _wall_energy(size: float) -> float:
    """Return the energy per area of one of two walls on a periodic wire of 200 nm [J/m²]."""
    mesh = Mesh((round(200e-9 / size), 1, 1), (size, size, size), "xyz")
    angle = -2 * np.pi * mesh.x / 200e-9
    m = np.stack(np.broadcast_arrays(np.sin(angle), 0.0, np.cos(angle)))
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=KU), InterfacialDMI(D=WALL_D)]
    simulation = Simulation(mesh, terms, Ms=MS, m=m)
    simulation.minimize(1e-7)
    return (float(simulation.energy()[0]) / size**2 + KU * 200e-9) / 2


def _draw(wire: tuple[NDArray, NDArray], sine: float, curves: list[NDArray[np.float64]], figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    x, m = wire
    fine = np.linspace(-LENGTH / 2, LENGTH / 2, 401)
    label(left, "x [nm]", "mx", "interfacial DMI, 1 nm cells")
    left.plot(fine * 1e9, np.sign(fine) * _exact(fine, sine), "-", color=COLOURS[0], label="exact")
    left.plot(x * 1e9, m[0], "o", color=COLOURS[1], markersize=3, label="fdmag")
    left.legend()
    label(right, "cell size [nm]", "root mean square deviation", "order of convergence")
    for errors, name, colour in zip(curves, PUBLISHED, COLOURS[1:4], strict=True):
        right.loglog(np.array(SIZES) * 1e9, errors, "o-", color=colour, label=name)
    right.legend()
