"""Kittel's frequencies: films of infinite extent, a cube and a flat prism that ring down."""

from functools import partial

import numpy as np

from fdmag.analytic import ferromagnetic_resonance as kittel
from fdmag.analytic.prism import prism_demagnetising_factors
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Demag, UniaxialAnisotropy, Zeeman
from validation.measure import angular_frequency
from validation.problem import Problem, Result, Row

MS = 8e5
TILT = 1e-3
PERIODS = 5
FILM = Mesh((4, 4, 2), (5e-9, 5e-9, 2e-9), periodic=(True, True, False))
SOURCE = "C. Kittel, Phys. Rev. 73, 155 (1948)"
BASIS = "a few times the square of the precession angle, 1e-3, relative; integration errors are below 2e-6"


class FerromagneticResonance(Problem):
    """Uniform precession at a small angle without damping, fitted by a sinusoid."""

    name = "ferromagnetic_resonance"
    title = "Ferromagnetic resonance of films, a cube and a prism, µ0 Ms = 1.005 T"

    def compute(self) -> Result:
        """Compare the frequencies of five samples."""
        cube, prism = Mesh((1, 1, 1), (5e-9, 5e-9, 5e-9)), Mesh((1, 1, 1), (160e-9, 80e-9, 5e-9))
        factors = prism_demagnetising_factors(160, 80, 5)[[2, 1, 0]]  # field and m along the long edge, "z" of Kittel
        Ku = 5e5
        pma = UniaxialAnisotropy(Ku1=Ku)
        B_perpendicular = 2 * Ku / MS
        samples = [
            ("film in its plane, 0.1 T", FILM, [], (0.1, 0, 0), kittel.kittel_film_in_plane(0.1, MS)),
            ("film along its normal, 1.5 T", FILM, [], (0, 0, 1.5), kittel.kittel_film_out_of_plane(1.5, MS)),
            ("film with Ku = 0.5 MJ/m³, no field", FILM, [pma], (0, 0, 0),
             kittel.kittel_film_out_of_plane(0, MS, B_perpendicular)),
            ("cube, 0.3 T", cube, [], (0, 0, 0.3), kittel.kittel_sphere(0.3)),
            ("prism 160 × 80 × 5, 0.05 T along its length", prism, [], (0.05, 0, 0),
             kittel.kittel_ellipsoid(0.05, MS, factors)),
        ]  # fmt: skip
        row = partial(Row, source=SOURCE, basis=BASIS, unit="GHz")
        rows = []
        for title, mesh, terms, B, exact in samples:
            expected = float(exact) / 2e9 / np.pi
            rows.append(row(title, expected, _frequency(mesh, terms, B, float(exact)), expected * 1e-5))
        return Result(rows)


def _frequency(mesh: Mesh, terms: list, B: tuple[float, ...], expected: float) -> float:
    """Return the frequency [GHz] of m at a small angle to the field, or to z."""
    rest = np.array(B if any(B) else (0, 0, 1), dtype=float)
    aside = np.array((0.0, 1.0, 0.0))
    simulation = Simulation(
        mesh, [Demag(), Zeeman(B=B), *terms], Ms=MS, alpha=0, m=rest / np.linalg.norm(rest) + TILT * aside
    )
    t, my = [], []

    def record(current: Simulation) -> None:
        t.append(current.t[0])
        my.append(current.average_m()[0, 1])

    period = 2 * np.pi / expected  # sets how long to look, not what is seen
    simulation.run(PERIODS * period, every=period / 24, callback=record, tolerance=1e-10)
    return angular_frequency(np.array(t), np.array(my)) / 2e9 / np.pi
