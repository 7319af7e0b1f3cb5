"""Coupled cells at a temperature: k_B T/2 for every degree of freedom, and the exactly solved chain of spins."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fdmag.constants import BOLTZMANN
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Exchange, Thermal, Zeeman
from validation.plots import COLOURS, label
from validation.problem import Problem, Result, Row

MS, A, H, ALPHA = 8e5, 1e-11, 4e-9, 0.5
VOLUME = H**3
EXCHANGE = 2 * A * H  # J: the energy of a pair of neighbours is −EXCHANGE m·m'
MODES, FIELD, COLD = 32, 1.0, 4e-3  # cells of a ring; T; k_B T/(Ms V) [T]
REPLICAS = 96
CHAIN, STIFFNESS = 32, 4.0  # cells of an open chain; EXCHANGE/(k_B T)
APART = (1, 2, 4)
FISHER = "M. E. Fisher, Am. J. Phys. 32, 343 (1964): ⟨m_i·m_{i+n}⟩ = (coth K − 1/K)^n, K = 2 A h/(k_B T)"


class Equipartition(Problem):
    """A cold ring in a field, started along it, mode by mode; a hot open chain, started in equilibrium."""

    name = "equipartition"
    title = "Thermal equilibrium of cells coupled by exchange: equipartition over modes, correlations of a chain"
    slow = True

    def compute(self) -> Result:
        """Compare averages over replicas and times."""
        energies, total = _ring()
        k = np.arange(MODES // 2 + 1)
        anharmonic = 2 * COLD / FIELD
        mean, error = energies.mean(axis=0), energies.std(axis=0) / np.sqrt(len(energies))
        rows = [
            Row(
                f"energy of mode {n} of 32 (2 degrees of freedom) over k_B T",
                1,
                mean[n],
                4 * error[n] + anharmonic,
                "equipartition: Ms V [B + 4A (1 − cos k)/(Ms h²)] ⟨|m_k|²⟩/2 = k_B T/2 for each component",
                "4 standard errors over replicas, and 2 k_B T/(Ms V B) for what is not harmonic",
            )
            for n in (0, 1, 4, 16)
        ]
        rows.append(
            Row("energy above the ground state per cell over k_B T", 1, total.mean(),
                4 * total.std() / np.sqrt(total.size) + anharmonic, "equipartition", "as the modes")
        )  # fmt: skip
        correlation = _chain()
        u = 1 / np.tanh(STIFFNESS) - 1 / STIFFNESS
        for n, values in zip(APART, correlation.T, strict=True):
            rows.append(
                Row(f"⟨m_i·m_(i+{n})⟩ of an open chain, 2Ah = 4 k_B T", u**n, values.mean(),
                    4 * values.std() / np.sqrt(values.size), FISHER, "4 standard errors over replicas")
            )  # fmt: skip
        return Result(rows, {"equipartition": partial(_draw, k, mean, error, correlation)})


def _ring() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the energies over k_B T of each mode, (replica, k), and of all per cell, (replica,)."""
    mesh = Mesh((MODES, 1, 1), (H,) * 3, "x")
    T = COLD * MS * VOLUME / BOLTZMANN
    terms = [Exchange(A=A), Zeeman(B=(0, 0, FIELD)), Thermal(T=T, seed=5)]
    magnet = Simulation(mesh, terms, Ms=MS, alpha=ALPHA, m=(0, 0, 1), batch=REPLICAS)
    ground = magnet.energy()
    stiffness = FIELD + 4 * A / (MS * H**2) * (1 - np.cos(2 * np.pi * np.arange(MODES // 2 + 1) / MODES))
    modes, totals = [], []

    def look(now: Simulation) -> None:
        m_k = np.fft.rfft(now.m[:, :2, 0, 0], norm="ortho", axis=-1)
        modes.append((stiffness * np.abs(m_k) ** 2).sum(axis=1) / 2 / COLD)
        totals.append((now.energy() - ground) / (BOLTZMANN * T) / MODES)

    magnet.run(60e-12, dt=0.2e-12)  # the slowest mode decays in (1 + α²)/(α γ B) = 14 ps
    magnet.run(120e-12, every=20e-12, dt=0.2e-12, callback=look)
    return np.mean(modes, axis=0), np.mean(totals, axis=0)


def _chain() -> NDArray[np.float64]:
    """Return the mean of m_i·m_(i+n) over each chain, (replica, n of APART)."""
    mesh = Mesh((CHAIN, 1, 1), (H,) * 3)
    terms = [Exchange(A=A), Thermal(T=EXCHANGE / STIFFNESS / BOLTZMANN, seed=6)]
    magnet = Simulation(mesh, terms, Ms=MS, alpha=ALPHA, m=_equilibrium(CHAIN, 256)[:, :, None, None])
    found = []

    def look(now: Simulation) -> None:
        if now.t[0] > 0:
            m = now.m[:, :, 0, 0]
            found.append([np.sum(m[..., n:] * m[..., :-n], axis=1).mean(axis=-1) for n in APART])

    magnet.run(20e-12, every=4e-12, dt=0.05e-12, callback=look)  # a pair relaxes in 2 ps
    return np.mean(found, axis=0).T


def _equilibrium(cells: int, count: int) -> NDArray[np.float64]:
    """Return chains in equilibrium, (count, 3, cells): the angles of neighbours are independent, exp(K cos θ)."""
    rng = np.random.default_rng(4)
    m = np.zeros((cells, count, 3))
    m[0, :, 2] = 1
    for n in range(1, cells):
        share = rng.uniform(size=count)
        cosine = 1 + np.log(share + (1 - share) * np.exp(-2 * STIFFNESS)) / STIFFNESS
        across = np.cross(m[n - 1], rng.normal(size=(count, 3)))
        across /= np.linalg.norm(across, axis=1, keepdims=True)
        m[n] = cosine[:, None] * m[n - 1] + np.sqrt(1 - cosine**2)[:, None] * across
    return m.transpose(1, 2, 0)


def _draw(k: NDArray, mean: NDArray, error: NDArray, correlation: NDArray, figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    label(left, "number of the mode", "energy / k_B T", "ring of 32 cells, 2 degrees of freedom")
    left.errorbar(k, mean, error, fmt="o", color=COLOURS[1], label="fdmag, ± 1 standard error")
    left.axhline(1, color=COLOURS[0], label="equipartition")
    left.legend()
    label(right, "cells apart", "⟨m·m'⟩", "open chain, 2Ah = 4 k_B T")
    n = np.linspace(0, 5, 50)
    right.plot(n, (1 / np.tanh(STIFFNESS) - 1 / STIFFNESS) ** n, color=COLOURS[0], label="exact")
    right.plot(APART, correlation.mean(axis=0), "o", color=COLOURS[1], label="fdmag")
    right.legend()
