"""Borders and interfaces: a weak border with DMI, layers that overlap in part, films that cut their cells."""

import numpy as np
from scipy.optimize import brentq

from fdmag.mesh import Mesh
from fdmag.shapes import Box, Cylinder
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, InterfaceAnisotropy, InterfacialDMI, InterlayerExchange
from fdmag.terms.exchange import Between
from validation.problem import Problem, Result, Row

NM = 1e-9
A, D, MS = 13e-12, 3e-3, 8.6e5
LENGTH, COUPLING = 40e-9, 30e-3
SIZE = 0.5e-9
LOWER, UPPER, OFFSET = 40.0, 30.0, 12.0
SAMPLES = 8


class Borders(Problem):
    """The energy of a border is −J cos φ, of layers −J1 over their common area, of a film −Ks over its area."""

    name = "borders"
    title = "Borders with a coupling of their own, and interfaces that cells do not follow"

    def compute(self) -> Result:
        """Hold a wire at both ends, couple two discs, and give a thin film an interface."""
        exact, whole = _exact_jump(COUPLING), D * LENGTH / (2 * A)
        turn = (SIZE * D / (2 * A)) ** 2
        weak = turn + (1 - np.cos(exact)) * COUPLING * SIZE / (2 * A)
        lens = _lens(LOWER / 2, UPPER / 2, OFFSET)
        lattice = 2 * sum(np.sqrt(d / 2) for d in (LOWER, UPPER)) * (2 / SAMPLES) ** 1.5
        source = "continuum: 2A θ' + D = J sin φ on both sides, θ' constant in between"
        return Result([
            Row("jump of the angle, J = 30 mJ/m², D = 3 mJ/m², 0.5 nm", np.degrees(exact), np.degrees(_jump(COUPLING)),
                np.degrees(exact) * weak, source,
                "(the turn from cell to cell)², and the bending 1 − cos φ of the border's spring over a cell", "deg"),
            Row("jump at a border without exchange: each half turns by D L/2A on its own",
                np.degrees(whole), np.degrees(_jump(0.0)), np.degrees(whole) * turn, "∂m/∂n = m × d/(2A) at surfaces",
                "(the turn from cell to cell)²", "deg"),
            Row("common area of discs of 40 and 30 nm, 12 nm apart, by their coupling", lens, _common_area(), lattice,
                "area of a lens: E. W. Weisstein, MathWorld, Circle-Circle Intersection",
                f"points of {2 / SAMPLES:g} nm: sqrt(R) h^(3/2) for each circle, twice the rms", "nm²"),
            Row("interface energy of a disc of 1.3 nm in layers of 0.5 nm, over Ks and its area", 1, _film(),
                np.sqrt(LOWER / 2) * (2 / SAMPLES) ** 1.5 * 2 / (np.pi * LOWER**2 / 4), "−Ks per area",
                "points at the rim, as above"),
        ])  # fmt: skip


def _exact_jump(coupling: float) -> float:
    """Return the jump of a wire that ends at the same angle on both sides."""
    return float(brentq(lambda angle: LENGTH * (coupling * np.sin(angle) - D) / (2 * A) + angle, 0, np.pi / 2))


def _jump(coupling: float) -> float:
    """Return the jump of the angle at a border in the middle: m is held along z at both ends, LENGTH apart."""
    cells = round(LENGTH / SIZE) + 1
    cells += cells % 2
    held = (cells - 1) * SIZE  # between the centres of the cells at the ends
    mesh = Mesh((cells, 1, 1), (LENGTH / held * SIZE,) * 3, "yz")
    h = mesh.cell_size[0]
    right = np.broadcast_to(mesh.x > 0, mesh.shape)
    border = [Between(["default", "right"], A=h / (h / A + 2 / coupling) if coupling else 0.0)]
    terms = [Exchange(A=A, between=border), InterfacialDMI(D=D)]
    frozen = np.zeros(mesh.shape)
    frozen[..., [0, -1]] = 1
    simulation = Simulation(mesh, terms, Ms=MS, m=(0, 0, 1), regions={"right": right}, frozen=frozen)
    m = simulation.m
    m[0, 0] = 1e-3 * np.sign(mesh.x) * (frozen == 0)
    simulation.m = m
    simulation.minimize(1e-8)
    x, _, z = simulation.m[0, :, 0, 0]
    angle, middle = np.arctan2(x, z), cells // 2
    angle = np.concatenate([np.unwrap(angle[:middle]), np.unwrap(angle[: middle - 1 : -1])[::-1]])  # each from its end
    slope = (angle[middle - 1] - angle[1] + angle[-2] - angle[middle]) / (cells - 4)
    return float(angle[middle] - angle[middle - 1] - slope)


def _lens(a: float, b: float, d: float) -> float:
    """Return the area that two circles of radii a and b at the distance d have in common."""
    one = a**2 * np.arccos((d**2 + a**2 - b**2) / (2 * d * a))
    other = b**2 * np.arccos((d**2 + b**2 - a**2) / (2 * d * b))
    return float(one + other - 0.5 * np.sqrt((a + b - d) * (d + a - b) * (d - a + b) * (d + a + b)))


def _common_area() -> float:
    """Return the energy of two coupled discs over −J1 [nm²]."""
    mesh = Mesh((32, 32, 3), (2 * NM, 2 * NM, NM))
    discs = [
        Cylinder(diameter * NM, NM, center=(x * NM, 0.3 * NM, z * NM))
        for diameter, x, z in ((LOWER, -6.1, -1.0), (UPPER, OFFSET - 6.1, 1.0))
    ]
    simulation = Simulation(
        mesh, [InterlayerExchange(J1=1e-3)], Ms=MS, geometry=discs[0] | discs[1], smooth_edges=SAMPLES
    )
    return float(-simulation.energy()[0] / 1e-3 / NM**2)


def _film() -> float:
    mesh = Mesh((24, 24, 4), (2 * NM, 2 * NM, 0.5 * NM), origin=(-24 * NM, -24 * NM, 0))
    disc = Cylinder(LOWER * NM) & Box((None, None, 1.3 * NM), center=(0, 0, 0.65 * NM))
    simulation = Simulation(mesh, [InterfaceAnisotropy(Ks=1e-3)], Ms=MS, geometry=disc, smooth_edges=SAMPLES)
    return float(-simulation.energy()[0] / (1e-3 * np.pi / 4 * (LOWER * NM) ** 2))
