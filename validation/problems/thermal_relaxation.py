"""Macrospins at a temperature on their way to equilibrium, against the Fokker–Planck equation."""

from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.polynomial.legendre import legmulx
from numpy.typing import NDArray
from scipy.linalg import expm

from fdmag.constants import BOLTZMANN, GAMMA_E
from fdmag.mesh import Mesh
from fdmag.simulation import Simulation
from fdmag.terms import Thermal, UniaxialAnisotropy
from validation.plots import COLOURS, label
from validation.problem import Problem, Result, Row

MS, KU, T, ALPHA, EDGE, DURATION = 1e6, 2500.0, 100.0, 0.1, 10e-9, 5e-9
CELLS, ALONE = (512, 512, 1), 6000
BROWN = "W. F. Brown, Phys. Rev. 130, 1677 (1963): Fokker–Planck equation, in Legendre polynomials"
FREE = "⟨P_l⟩ = exp(−l (l + 1) D t) of free rotational diffusion, D = α γ k_B T/[(1 + α²) Ms V]"
ERRORS = "4 standard errors of the mean over independent cells"
FREE_TIME, FREE_FIELD = 8e-12, 0.5  # s; T: k_B T/(Ms V), with α = 1
REPLICAS = 4000
TOLERANCES = (1e-1, 3e-2, 1e-2)


class ThermalRelaxation(Problem):
    """A published ensemble, and adaptive steps whose length follows the noise itself."""

    name = "thermal_relaxation"
    title = "Macrospins at a temperature: ⟨m_z⟩ on the way to equilibrium, and adaptive steps without bias"
    slow = True

    def compute(self) -> Result:
        """Compare means over cells that start along +z."""
        times = np.linspace(0, DURATION, 11)
        exact = fokker_planck(KU * EDGE**3 / (BOLTZMANN * T), diffusion(ALPHA, MS, EDGE**3, T) * times)
        rows, seen = [], {}
        for way, options in (("Heun, 40 ps", {"dt": 40e-12}), ("adaptive", {"tolerance": 1e-2, "dt_max": 80e-12})):
            seen[way] = m_z = _ensemble(options)
            mean, error = m_z.mean(axis=1), m_z.std(axis=1) / np.sqrt(m_z.shape[1])
            if "dt" in options:
                rows.append(
                    Row(
                        "⟨m_z⟩ after 5 ns, 10 nm cubes, Ku V = 1.81 k_B T, α = 0.1",
                        0.8366,
                        mean[-1],
                        0.001,
                        "0.8366 ± 0.001 is known of an ensemble of mumax3, 0.8367 to 0.8370 of Fokker–Planck",
                        "spread of the published values",
                    )
                )
            rows += [Row(f"⟨m_z⟩ after {times[k] * 1e9:g} ns; {way}", exact[k], mean[k], 4 * error[k], BROWN, ERRORS)
                     for k in (2, 10)]  # fmt: skip
        bias = {tolerance: _free(tolerance) for tolerance in TOLERANCES}
        for tolerance, (m_z, rejected) in bias.items():
            for order, values in ((1, m_z), (2, 1.5 * m_z**2 - 0.5)):
                expected = free_diffusion(order)
                error = values.std() / np.sqrt(values.size)
                which = f"adaptive, tolerance {tolerance:g}, {100 * rejected:.0f} % rejected"
                rows.append(
                    Row(f"{which}: ⟨P{order}(m_z)⟩ after 8 ps", expected, values.mean(), 4 * error, FREE, ERRORS)
                )
        return Result(rows, {"thermal_relaxation": partial(_draw, times, exact, seen, bias)})


def diffusion(alpha: float, Ms: float, volume: float, temperature: float) -> float:
    """Return D = α γ k_B T/[(1 + α²) Ms V] [1/s]."""
    return alpha * GAMMA_E * BOLTZMANN * temperature / ((1 + alpha**2) * Ms * volume)


def fokker_planck(sigma: float, reduced: NDArray[np.float64], size: int = 60) -> NDArray[np.float64]:
    """Return ⟨m_z⟩ at the times D t of a macrospin with the energy −σ k_B T m_z² that starts along +z.

    For the density P(z) the equation is ∂P/∂(D t) = ∂_z [(1 − z²)(∂_z P − 2 σ z P)]. With P = Σ (l + ½) c_l P_l(z),
    c_l = ⟨P_l⟩ and by parts, dc_l/d(D t) = −l (l + 1) c_l + 2 σ ⟨z (1 − z²) P_l'⟩; ⟨…⟩ is a sum over c by
    (1 − z²) P_l' = l (l + 1)/(2 l + 1) [P_{l−1} − P_{l+1}].
    """
    rates = np.zeros((size, size + 3))
    for order in range(size):
        rates[order, order] = -order * (order + 1)
        if order:
            slope = np.zeros(order + 2)
            slope[order - 1], slope[order + 1] = 1, -1
            factor = 2 * sigma * order * (order + 1) / (2 * order + 1)
            rates[order, : order + 3] += factor * legmulx(slope)[: order + 3]
    start = np.ones(size)
    return np.array([(expm(rates[:, :size] * time) @ start)[1] for time in reduced])


def free_diffusion(order: int) -> float:
    """Return ⟨P_l(m_z)⟩ after the time of the free ensemble."""
    rate = order * (order + 1) * GAMMA_E * FREE_FIELD / 2
    return float(np.exp(-rate * FREE_TIME))


def _ensemble(options: dict[str, Any]) -> NDArray[np.float64]:
    """Return m_z every 0.5 ns, (time, macrospin): of cells with a step in common, or of replicas with their own."""
    terms = [Thermal(T=T, seed=7), UniaxialAnisotropy(Ku1=KU)]
    cells, batch = (CELLS, 1) if "dt" in options else ((1, 1, 1), ALONE)
    magnet = Simulation(Mesh(cells, (EDGE,) * 3), terms, Ms=MS, alpha=ALPHA, m=(0, 0, 1), batch=batch)
    found: list[NDArray] = []
    magnet.run(DURATION, every=DURATION / 10, callback=lambda now: found.append(now.m[:, 2].ravel()), **options)
    return np.array(found)


def _free(tolerance: float) -> tuple[NDArray[np.float64], float]:
    """Return m_z of replicas of one cell without any energy, and the share of attempts that were rejected."""
    mesh = Mesh((1, 1, 1), (3e-9,) * 3)
    temperature = FREE_FIELD * MS * mesh.cell_volume / BOLTZMANN
    magnet = Simulation(mesh, [Thermal(T=temperature, seed=3)], Ms=MS, alpha=1.0, m=(0, 0, 1), batch=REPLICAS)
    magnet.run(FREE_TIME, tolerance=tolerance, dt_max=4e-12)
    rejected, steps = magnet.state.rejected.sum(), magnet.state.steps.sum()
    return magnet.m[:, 2].ravel(), float(rejected / (rejected + steps))


def redrawn(tolerance: float, count: int = 2000) -> NDArray[np.float64]:
    """Return m_z of a scheme that is wrong: Heun's with new noise after each rejection, so that large noise is rare."""
    rng, gamma = np.random.default_rng(1), GAMMA_E / 2  # α = 1

    def slope(m: NDArray, B: NDArray) -> NDArray:
        torque = np.cross(m, B)
        return -gamma * (torque + np.cross(m, torque))

    m, t, dt = np.tile([0.0, 0.0, 1.0], (count, 1)), np.zeros(count), np.full(count, 4e-12)
    while (active := np.flatnonzero(t < FREE_TIME * (1 - 1e-12))).size:
        h = np.minimum(dt[active], FREE_TIME - t[active])[:, None]
        B = rng.normal(size=(active.size, 3)) * np.sqrt(2 * FREE_FIELD / (GAMMA_E * h))
        first = slope(m[active], B)
        second = slope(m[active] + h * first, B)
        trial = m[active] + h / 2 * (first + second)
        fits = np.abs(h / 2 * (second - first)).max(axis=1) <= tolerance
        chosen = active[fits]
        m[chosen] = trial[fits] / np.linalg.norm(trial[fits], axis=1, keepdims=True)
        t[chosen] += h[fits, 0]
        dt[chosen] *= 2
        dt[active[~fits]] = h[~fits, 0] / 2
    return m[:, 2]


def _draw(times: NDArray, exact: NDArray, seen: dict, bias: dict, figure: Figure) -> None:
    left, right = figure.subplots(1, 2)
    label(left, "t [ns]", "⟨m_z⟩", "Ku V = 1.81 k_B T")
    left.plot(times * 1e9, exact, color=COLOURS[0], label="Fokker–Planck")
    for marker, (way, m_z) in zip("ox", seen.items(), strict=True):
        left.plot(times * 1e9, m_z.mean(axis=1), marker, color=COLOURS[1], label=f"fdmag, {way}")
    left.legend()
    label(right, "tolerance", "⟨m_z⟩ − exact", "adaptive, free rotational diffusion")
    means = [m_z.mean() - free_diffusion(1) for m_z, _ in bias.values()]
    errors = [m_z.std() / np.sqrt(m_z.size) for m_z, _ in bias.values()]
    right.errorbar(TOLERANCES, means, errors, fmt="o", color=COLOURS[1], label="fdmag, ± 1 standard error")
    wrong = [redrawn(tolerance).mean() - free_diffusion(1) for tolerance in TOLERANCES]
    right.plot(TOLERANCES, wrong, "x", color=COLOURS[3], label="new noise after each rejection: wrong")
    right.axhline(0, color="black", linewidth=0.5)
    right.set_xscale("log")
    right.legend()
