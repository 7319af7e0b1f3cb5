"""A film of cells at a temperature against what spin waves leave of its moment and of its barrier."""

import numpy as np
import scipy
from numpy.typing import NDArray

from fdmag.analytic.thermal_magnetisation import cell_parameters, warm_length
from fdmag.constants import BOLTZMANN
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, Thermal, UniaxialAnisotropy
from validation.problem import Problem, Result, Row

CELLS, EDGES, T, REPLICAS = (5, 5, 1), (3e-9, 3e-9, 1.3e-9), 300.0, 64
MS, A, KU = 1e6, 15e-12, 1.8e6
SECOND_ORDER = 5e-4
"""What is left out of the length of spins that are shortened by more than a little: half the square of 1 − l = 0.03."""
CALLEN = "l³ of Ku1 V/(k_B T): H. B. Callen and E. Callen, J. Phys. Chem. Solids 27, 1271 (1966)"
BASIS = "3 standard errors over 64 replicas"


class WarmFilm(Problem):
    """Noise on cells shortens the mean of m and weakens its anisotropy; cells may be given so much more."""

    name = "warm_film"
    title = "A film of cells at 300 K: what spin waves leave of its moment and of its barrier"

    def compute(self) -> Result:
        """Compare length and tilt of the mean with equipartition over spin waves, and with what was measured."""
        cold = KU * np.prod(CELLS) * np.prod(EDGES) / (BOLTZMANN * T)
        expected = warm_length(CELLS, EDGES, Ms=MS, A=A, B_K=2 * KU / MS, T=T)
        given = cell_parameters(CELLS, EDGES, Ms=MS, A=A, Ku1=KU, T=T, factor=0.0)
        length, sigma_length, barrier, sigma = _warm(MS, A, KU)
        found, sigma_found, restored, sigma_restored = _warm(given.Ms, given.A, given.Ku1)
        of_length = f"{BASIS}, and 5e-4 of second order"
        return Result([
            Row("|⟨m⟩|", expected, length, 3 * sigma_length + SECOND_ORDER, "k_B T/(Ms V B_k) of each spin wave",
                of_length),
            Row(f"Δ, {cold:.1f} cold", cold * expected**3, barrier, 3 * sigma, CALLEN, BASIS),
            Row("|⟨m⟩| Ms of cells that make up for it, over Ms", 1.0, found * given.Ms / MS,
                3 * sigma_found + SECOND_ORDER, "the Ms that was measured", of_length),
            Row("Δ of these", cold, restored, 3 * sigma_restored, "Ku1 V/(k_B T), Ku1 as measured", BASIS),
        ])  # fmt: skip


def _warm(Ms: float, A: float, Ku1: float) -> tuple[float, float, float, float]:
    """Return the length of the mean, and the barrier over k_B T that its tilts tell, each with its standard error."""
    terms = [Exchange(A=A), UniaxialAnisotropy(Ku1=Ku1), Thermal(T=T, seed=7)]
    film = Simulation(Mesh(CELLS, EDGES), terms, Ms=Ms, alpha=1.0, batch=REPLICAS)
    rows: list[NDArray[np.float64]] = []
    film.run(0.02e-9, dt=3e-14)
    film.run(0.2e-9, dt=3e-14, every=2e-12, callback=lambda film: rows.append(film.average_m()))
    m = np.array(rows)
    length = np.linalg.norm(m, axis=2)
    tilt = ((m[..., :2] / length[..., None]) ** 2).sum(axis=2).mean(axis=0)
    barrier = float(scipy.optimize.brentq(lambda barrier: _mean_tilt(barrier) - tilt.mean(), 5, 500))
    errors = [each.std(ddof=1) / np.sqrt(REPLICAS) / each.mean() for each in (length.mean(axis=0), tilt)]
    return float(length.mean()), float(errors[0] * length.mean()), barrier, float(errors[1] * barrier)


def _mean_tilt(barrier: float) -> float:
    """Return ⟨sin²θ⟩ of a macrospin whose energy is barrier sin²θ, by Boltzmann."""
    theta = np.linspace(0, np.pi / 2, 2001)
    weight = np.sin(theta) * np.exp(-barrier * np.sin(theta) ** 2)
    return float((np.sin(theta) ** 2 * weight).sum() / weight.sum())
