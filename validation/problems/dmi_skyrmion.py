"""The two-dimensional DMI standard problem: a skyrmion in a disc, and its twins of the other symmetries."""

from collections.abc import Callable
from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fdmag.mesh import Mesh
from fdmag.shapes import Cylinder
from fdmag.simulation import Simulation
from fdmag.terms import BulkDMI, D2dDMI, Exchange, InterfacialDMI, UniaxialAnisotropy
from fdmag.terms.dmi import DMI
from validation.plots import COLOURS, label
from validation.problem import Problem, Result, Row

A, KU, MS, D = 13e-12, 4e5, 8.6e5, 3e-3
RADIUS, THICKNESS = 50e-9, 2e-9
SIZE = 2e-9
SOURCE = "D. Cortés-Ortuño et al., New J. Phys. 20, 113015 (2018)"
CONTINUUM_RADIUS = 22.03  # nm, of the radial boundary value problem; OOMMF 21.87, fidimag 21.87, mumax3 22.09
R = np.array([5, 10, 15, 20, 25, 30, 35, 40, 45])  # nm
MZ = np.array([0.99613, 0.97198, 0.85006, 0.35545, -0.50743, -0.91590, -0.99398, -0.99738, -0.95801])


class DmiSkyrmion(Problem):
    """Without stray field; m_z = 1 in the core. The published interfacial D multiplies −[m_z ∇·m − (m·∇) m_z]."""

    name = "dmi_skyrmion"
    slow = True
    title = (
        "DMI standard problem in two dimensions: disc of 100 nm, A = 13 pJ/m, Ku = 0.4 MJ/m³, D = 3 mJ/m², 2 nm cells"
    )

    def compute(self) -> Result:
        """Relax a skyrmion of each symmetry, started as a Belavin–Polyakov skyrmion of half the radius."""
        neel = _relaxed(InterfacialDMI(D=-D), lambda x, y: (x, y))
        bloch = _relaxed(BulkDMI(D=D), lambda x, y: (y, -x))
        anti = _relaxed(D2dDMI(D=D), lambda x, y: (y, x))
        energies = [float(each.energy()[0]) for each in (neel, bloch, anti)]
        r, m = _cells(neel)
        radius = _radius(r, m[2])
        averaged = np.interp(R, *_rings(r, m[2]))
        ring = np.abs(r - radius) < 2
        outwards = {name: _outwards(each)[ring] for name, each in (("Néel", neel), ("Bloch", bloch), ("anti", anti))}
        phi = _polar(neel)[ring]
        exact = "rotating m by 90° about z, or reflecting it, turns the DMI vectors into each other, also on the mesh"
        rows = [
            Row("radius of the skyrmion, interfacial", CONTINUUM_RADIUS, radius, 0.2, SOURCE + ", continuum",
                "spread of three codes at 2 nm cells: 21.87 to 22.09 nm", "nm"),
            Row("largest deviation of m_z(r) from the continuum, 5 to 45 nm", 0, np.abs(averaged - MZ).max(), 0.02,
                SOURCE, "slope of m_z, 0.17 / nm, times half the spread of the radii, 0.11 nm"),
            Row("energy of the bulk over the interfacial skyrmion", 1, energies[1] / energies[0], 1e-7, exact,
                "both minimised to 1 µT: of second order in what is left of the torque"),
            Row("energy of the D2d over the interfacial skyrmion", 1, energies[2] / energies[0], 1e-7, exact,
                "both minimised to 1 µT"),
            *(Row(f"{name}: largest deviation from {form} of the in-plane m's radial part, within 2 nm of the wall",
                  0, np.abs(outwards[key] - value).max(), 0.02, SOURCE + ", fidimag",
                  "what the published rings deviate, 0.013, and rounding up")
              for name, key, form, value in (("interfacial", "Néel", "1", 1.0), ("bulk", "Bloch", "0", 0.0),
                                             ("D2d", "anti", "sin 2φ", np.sin(2 * phi)))),
        ]  # fmt: skip
        return Result(rows, {"dmi_skyrmion": partial(_draw, r, m[2])})


def _relaxed(term: DMI, in_plane: Callable[[NDArray, NDArray], tuple[NDArray, NDArray]]) -> Simulation:
    n = round(2 * RADIUS / SIZE)
    mesh = Mesh((n, n, 1), (SIZE, SIZE, THICKNESS), "z")  # periodic: no surface below and above
    disc = Cylinder(2 * RADIUS, THICKNESS).fill(mesh)
    core = 15e-9
    x, y = mesh.x, mesh.y
    mx, my = in_plane(x, y)
    m = np.stack(np.broadcast_arrays(2 * core * mx, 2 * core * my, core**2 - x**2 - y**2))
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=KU), term]
    simulation = Simulation(mesh, terms, Ms=np.where(disc, MS, 0.0), m=m)
    simulation.minimize(1e-6)
    return simulation


def _cells(simulation: Simulation) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return r [nm] and m (3, cells) of the cells of the disc, from the centre outwards."""
    disc = simulation.magnetic[0, 0]
    r = np.hypot(simulation.mesh.x, simulation.mesh.y)[0][disc] * 1e9
    order = np.argsort(r, kind="stable")
    return r[order], simulation.m[0, :, 0][:, disc][:, order]


def _polar(simulation: Simulation) -> NDArray[np.float64]:
    """Return the angle φ of the cells' positions, in the order of `_cells`."""
    disc = simulation.magnetic[0, 0]
    r = np.hypot(simulation.mesh.x, simulation.mesh.y)[0][disc]
    phi = np.arctan2(*np.broadcast_arrays(simulation.mesh.y, simulation.mesh.x))[0][disc]
    return phi[np.argsort(r * 1e9, kind="stable")]


def _outwards(simulation: Simulation) -> NDArray[np.float64]:
    """Return m_r / |m_∥|, m_∥ being the part of m in the plane, in the order of `_cells`."""
    _, m = _cells(simulation)
    phi = _polar(simulation)
    return (m[0] * np.cos(phi) + m[1] * np.sin(phi)) / np.hypot(m[0], m[1])


def _rings(r: NDArray[np.float64], mz: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return m_z averaged over the cells of equal distance from the centre: r [nm] and the means."""
    values, which = np.unique(np.round(r, 6), return_inverse=True)
    return values, np.bincount(which, mz) / np.bincount(which)


def _radius(r: NDArray[np.float64], mz: NDArray[np.float64]) -> float:
    """Return where m_z crosses zero [nm]: a line through the cells within 4 nm of it."""
    rough = float(np.interp(0.0, -mz, r))
    near = np.abs(r - rough) < 4
    slope, offset = np.polyfit(r[near] - rough, np.arccos(mz[near]) - np.pi / 2, 1)
    return rough - float(offset / slope)


def _draw(r: NDArray[np.float64], mz: NDArray[np.float64], figure: Figure) -> None:
    axes = figure.subplots()
    label(axes, "r [nm]", "mz", "interfacial DMI, 2 nm cells")
    axes.plot(r, mz, "o", color=COLOURS[1], markersize=3, label="fdmag, every cell")
    axes.plot(R, MZ, "s", color=COLOURS[0], label="continuum")
    axes.legend()
