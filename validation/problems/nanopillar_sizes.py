"""How far a disc is from a macrospin, over its diameter; and a published pillar of 20 nm."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from fdmag.barriers import WallSweep
from fdmag.devices.nanopillar import Nanopillar
from fdmag.devices.pillar_stability import Stability, stability
from fdmag.devices.pillar_threshold import CriticalCurrent, critical_current
from fdmag.devices.result import COLOURS, axes_for
from fdmag.mesh import Mesh
from fdmag.shapes import Cylinder
from fdmag.simulation import Simulation
from fdmag.terms import Demag, Exchange, InterfaceAnisotropy, Slonczewski, Term, UniaxialAnisotropy
from validation.problem import Problem, Result, Row

SATO = "H. Sato et al., IEDM 2013, doi:10.1109/IEDM.2013.6724550"
DIAMETERS = (10e-9, 20e-9, 30e-9, 40e-9)
CELL = 2.5e-9


class NanopillarSizes(Problem):
    """Critical current and barrier of discs with their stray field, beside those of the same discs if uniform."""

    name = "nanopillar_sizes"
    slow = True
    title = "A published pillar of 20 nm, and how discs leave the macrospin as they grow"

    def compute(self) -> Result:
        """Compare the published pillar, and the smallest disc; show the others."""
        pillar = Nanopillar(_sato())
        barrier, threshold = stability(pillar, images=9), _threshold(pillar, 0.8e-9)
        discs = [_disc(d) for d in DIAMETERS]
        found = [(stability(each, path=WallSweep((1, 0.4, 0)), images=11), _threshold(each, 0.8e-9)) for each in discs]
        small, current = found[0]
        rows = [
            Row("Δ of a pillar of 20 nm, Ks = 2.406 mJ/m² chosen for it", 58, barrier.path, 0.5, SATO,
                "half of the last digit"),
            Row("I_c0 of it with P = 0.6 and α = 0.01, both assumed", 24, threshold.I_c[0] * 1e6, 0.5, SATO,
                "half of the last digit", "µA"),
            Row("Δ of a disc of 10 nm over that of the uniform one", 1, small.path / small.uniform, 0.01,
                "a magnet far below the exchange length's multiples turns as one", "asked: 1 %"),
            Row("I_c0 of a disc of 10 nm over that of the uniform one", 1, 1 + current.deviation[0], 0.01,
                "J. Z. Sun, Phys. Rev. B 62, 570 (2000)", "asked: 1 %"),
        ]  # fmt: skip
        return Result(rows, {"nanopillar_sizes": partial(_draw, found)})


def _sato() -> Simulation:
    mesh = Mesh((8, 8, 1), (CELL, CELL, 2.6e-9))
    terms = [InterfaceAnisotropy(Ks=2.406e-3), Demag(edges=True), Exchange(A=20e-12), Slonczewski(J=0, P=0.6)]
    return Simulation(mesh, terms, Ms=1.26e6, alpha=0.01, m=(0.02, 0, 1), geometry=Cylinder(diameter=20e-9),
                      smooth_edges=8, batch=7)  # fmt: skip


def _disc(diameter: float) -> Nanopillar:
    cells = round(diameter / CELL)
    terms: list[Term] = [UniaxialAnisotropy(Ku1=0.8e6), Demag(edges=True), Exchange(A=15e-12), Slonczewski(J=0, P=0.6)]
    mesh = Mesh((cells, cells, 1), (CELL, CELL, 1.3e-9))
    return Nanopillar(
        Simulation(mesh, terms, Ms=1e6, alpha=0.02, m=(0.02, 0, 1), geometry=Cylinder(diameter=diameter),
                   smooth_edges=8, batch=7)
    )  # fmt: skip


def _threshold(pillar: Nanopillar, duration: float) -> CriticalCurrent:
    J_c = pillar.limit().J_c
    return critical_current(pillar, 0.7 * J_c, 1.1 * J_c, duration, criterion="growth", tolerance=5e-3)


def _draw(found: list[tuple[Stability, CriticalCurrent]], figure: Figure) -> None:
    axes = axes_for(figure.subplots(), "diameter [nm]", "over that of the uniform disc", "discs of 2.5 nm cells")
    d = np.array(DIAMETERS) * 1e9
    axes.plot(d, [each.path / each.uniform for each, _ in found], "o-", color=COLOURS[0], label="Δ, string method")
    axes.plot(d, [1 + each.deviation[0] for _, each in found], "s-", color=COLOURS[1], label="I_c0, growth of the tilt")
    axes.axhline(1, color=COLOURS[-1], linewidth=1)
    axes.legend(fontsize="small")
