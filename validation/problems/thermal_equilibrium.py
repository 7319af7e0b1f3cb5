"""Free cells at a temperature against Boltzmann's distribution, by every way to step through noise."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fdmag.constants import BOLTZMANN
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Term, Thermal, UniaxialAnisotropy, Zeeman
from validation.problem import Problem, Result, Row

CELLS, REPLICAS = 512, 16
CELL = (3e-9, 3e-9, 3e-9)
MS = 8e5
THERMAL_FIELD = 0.5  # T: k_B T / (Ms V)
STRENGTH = 2.0  # energies over k_B T
WAYS: dict[str, tuple[float, float, dict[str, Any]]] = {
    "Heun, α = 0.1, 0.4 ps": (0.1, 2e-10, {"dt": 4e-13}),
    "Heun, α = 1, 0.2 ps": (1.0, 4e-11, {"dt": 2e-13}),
    "Heun, α = 1, 0.1 ps": (1.0, 4e-11, {"dt": 1e-13}),
    "adaptive, α = 1": (1.0, 2.4e-11, {"tolerance": 4e-2}),
    "implicit midpoint, α = 1, 0.4 ps": (1.0, 4e-11, {"dt": 4e-13, "solver": "implicit_midpoint"}),
}


class ThermalEquilibrium(Problem):
    """Langevin's function in a field; <m_z²> with an easy axis."""

    name = "thermal_equilibrium"
    title = "8192 free cells at a temperature: Boltzmann's distribution"
    slow = True

    def compute(self) -> Result:
        """Compare the means of cells that start in equilibrium, several relaxation times later."""
        langevin = 1 / np.tanh(STRENGTH) - 1 / STRENGTH
        z = np.linspace(0, 1, 100_001)
        weight = np.exp(STRENGTH * z**2)
        boltzmann = float((z**2 * weight).sum() / weight.sum())
        rows = []
        for way, (alpha, duration, options) in WAYS.items():
            for power, exact, what, term in (
                (1, langevin, "<m_z> at Ms V B = 2 k_B T", Zeeman(B=(0, 0, STRENGTH * THERMAL_FIELD))),
                (2, boltzmann, "<m_z²> at Ku V = 2 k_B T",
                 UniaxialAnisotropy(Ku1=STRENGTH * THERMAL_FIELD * MS, axis=(0, 0, 1))),
            ):  # fmt: skip
                values = _equilibrium(term, alpha, duration, options) ** power
                sigma = values.std() / np.sqrt(values.size)
                source = "coth x − 1/x, x = 2" if power == 1 else "∫ z² exp(2 z²) dz / ∫ exp(2 z²) dz"
                basis = "4 standard errors of the mean over 8192 independent cells"
                rows.append(Row(f"{what}; {way}", float(exact), float(values.mean()), 4 * float(sigma), source, basis))
        return Result(rows)


def _equilibrium(term: Term, alpha: float, duration: float, options: dict[str, Any]) -> NDArray[np.float64]:
    """Return m_z of all cells ``duration`` [s], several relaxation times, after they were put in equilibrium."""
    mesh = Mesh((CELLS, 1, 1), CELL)
    T = THERMAL_FIELD * MS * mesh.cell_volume / BOLTZMANN
    rng = np.random.default_rng(5)
    z = np.linspace(-1, 1, 20_001)
    weight = np.exp(STRENGTH * (z if isinstance(term, Zeeman) else z**2))
    m_z = np.interp(rng.uniform(size=(REPLICAS, CELLS)), np.cumsum(weight) / weight.sum(), z)
    phi, across = rng.uniform(0, 2 * np.pi, m_z.shape), np.sqrt(1 - m_z**2)
    m = np.stack([across * np.cos(phi), across * np.sin(phi), m_z], axis=1)[:, :, None, None, :]
    simulation = Simulation(mesh, [Thermal(T=T, seed=11), term], Ms=MS, alpha=alpha, m=m)
    simulation.run(duration, **options)
    return simulation.m[:, 2].ravel()
