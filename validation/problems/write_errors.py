"""Switching of a perpendicular cell by a current at a temperature: counted, in time, and split down to 1e-8."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fdmag.analytic.fokker_planck import PerpendicularFokkerPlanck, write_error_rate
from fdmag.constants import BOLTZMANN, ELEMENTARY_CHARGE, GAMMA_E, HBAR
from fdmag.macrospin import MacrospinEnsemble
from fdmag.mesh import Mesh
from fdmag.quantities import Below
from fdmag.rare_events import FirstPassages, MacrospinParticles, Splitting, split
from fdmag.simulation import Simulation
from fdmag.statistics import SwitchingStatistics
from fdmag.terms import Slonczewski, Thermal, UniaxialAnisotropy
from validation.problem import Problem, Result, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STABILITY, CURRENT, ALPHA, B_K, MS = 60.0, 3.0, 0.1, 0.3, 1e6
MESH = Mesh((1, 1, 1), (20e-9, 20e-9, 2e-9))
TIMES = np.linspace(0.05e-9, 1.1e-9, 22)
PULSES = (0.65e-9, 0.85e-9, 1.1e-9)
FOKKER_PLANCK = "Fokker–Planck equation of the macrospin, fdmag.analytic.fokker_planck"


class WriteErrors(Problem):
    """A macrospin, three times the critical current; and a low barrier below it."""

    name = "write_errors"
    title = "Write errors at Δ = 60 down to 1e-8, and thermally assisted switching below the critical current"

    def compute(self) -> Result:
        """Count after 0.3 ns in a simulation of one cell, split to 1.1 ns, and wait below the critical current."""
        exact = write_error_rate(TIMES, CURRENT, STABILITY, ALPHA, B_K)
        magnets = MacrospinEnsemble(
            _equilibrium(20 * 2000).reshape(20, 2000, 3), alpha=ALPHA, B_K=B_K, a=CURRENT * ALPHA * B_K,
            thermal_field=B_K / 2 / STABILITY, seed=3,
        )  # fmt: skip
        found = split(MacrospinParticles(magnets, (0, 0, 1), 0.5e-12), TIMES, 0.0)
        rows = [_counted()]
        for pulse in PULSES:
            k = int(np.argmin(np.abs(TIMES - pulse)))
            basis = f"4 standard errors of 20 groups of 2000 trajectories, σ = {found.relative_error[k]:.0%}"
            rows.append(Row(f"WER after {pulse * 1e9:g} ns, by splitting", exact[k], found.probability[k],
                            4 * found.standard_error[k], FOKKER_PLANCK, basis))  # fmt: skip
        rows += [_first_passage(), *_below_the_critical_current()]
        return Result(rows, {"write_errors": lambda figure: _draw(figure, found, exact)})


def _equilibrium(n: int) -> NDArray[np.float64]:
    """Return directions of Boltzmann's distribution in the upper well, (n, 3)."""
    rng = np.random.default_rng(1)
    z = np.linspace(0, 1, 100_001)
    probability = np.cumsum(np.exp(STABILITY * (z**2 - 1)))
    m_z = np.interp(rng.uniform(size=n), probability / probability[-1], z)
    phi, across = rng.uniform(0, 2 * np.pi, n), np.sqrt(1 - m_z**2)
    return np.stack([across * np.cos(phi), across * np.sin(phi), m_z], axis=1)


def _cells(n: int) -> Simulation:
    T = MS * B_K / 2 * MESH.cell_volume / (BOLTZMANN * STABILITY)
    J = CURRENT * ALPHA * B_K * 2 * ELEMENTARY_CHARGE * MS * MESH.size[2] / (HBAR * 0.5)
    terms = [Thermal(T=T, seed=2), UniaxialAnisotropy(Ku1=MS * B_K / 2), Slonczewski(J=J, P=0.5)]
    return Simulation(MESH, terms, Ms=MS, alpha=ALPHA, m=_equilibrium(n)[:, :, None, None, None], dtype="float32")


def _counted() -> Row:
    pulse, n = 0.3e-9, 2000
    simulation = _cells(n)
    simulation.run(pulse, dt=1e-12, until=Below("mz", 0.0))
    exact = float(write_error_rate([pulse], CURRENT, STABILITY, ALPHA, B_K, absorbing=True)[0])
    counted = SwitchingStatistics(simulation.stop_times, pulse).error_rate()
    return Row("WER after 0.3 ns, counted", exact, counted.value, 4 * np.sqrt(exact * (1 - exact) / n),
               f"{FOKKER_PLANCK}, first passage", f"4 standard errors of {n} trajectories")  # fmt: skip


def _first_passage() -> Row:
    """Divide the trajectories of a simulation that comes to equilibrium by itself, until they are written.

    The error of a step makes the growth rate too large, by (ω dt)²/2 of it, and the rate by ln(1/p) times that.
    """
    simulation, pulse, dt = _cells(10 * 200), 0.7e-9, 1e-12
    simulation.m = (0, 0, 1)
    J = simulation.terms["slonczewski"].J.base  # type: ignore[attr-defined]
    simulation.set("slonczewski.J", 0.0)
    passages = FirstPassages(simulation, Below("mz", 0.0), groups=10)
    passages.run(0.3e-9, every=30e-12, dt=dt)
    simulation.set("slonczewski.J", J)
    found = passages.until(pulse, every=30e-12, dt=dt)
    exact = float(write_error_rate([pulse], CURRENT, STABILITY, ALPHA, B_K, absorbing=True)[0])
    bias = np.log(1 / exact) / 2 * (GAMMA_E * B_K * dt) ** 2 * exact
    return Row(f"WER after {pulse * 1e9:g} ns, first passages divided", exact, found.probability[-1],
               4 * found.standard_error[-1] + bias, f"{FOKKER_PLANCK}, first passage",
               f"4 standard errors of 10 groups of 200, σ = {found.relative_error[-1]:.0%}, and the step")  # fmt: skip


def _below_the_critical_current() -> list[Row]:
    """Wait for macrospins with Δ = 12 at half the critical current, an effective barrier of 3 k_B T."""
    stability, current, duration, n, delay = 12.0, 0.5, 12e-9, 2000, 2e-9
    given: dict[str, Any] = {"alpha": ALPHA, "B_K": B_K, "a": current * ALPHA * B_K}
    magnets = MacrospinEnsemble(
        np.tile([0.0, 0.0, 1.0], (n, 1)), thermal_field=B_K / 2 / stability, seed=5, **given
    )  # fmt: skip
    passage = magnets.run(duration, 0.5e-12, threshold=-0.6, stop=True).passage
    found = SwitchingStatistics(passage, duration)
    equation = PerpendicularFokkerPlanck(stability, current, threshold=-0.6, absorbing=True)
    tau = (1 + ALPHA**2) / (ALPHA * GAMMA_E * B_K) / float(equation.slowest_rate())
    ours = found.exponential_time(after=delay)
    return [
        Row("time constant at half the critical current, Δ = 12", tau * 1e9, ours.value * 1e9,
            4 * tau * 1e9 / np.sqrt(found.switched), f"{FOKKER_PLANCK}, slowest rate to the threshold",
            f"4 standard errors of {found.switched} switches", "ns"),
        Row("p-value of exponential times there (Kolmogorov–Smirnov, end and fit accounted for)", 0.5,
            found.exponential_test(after=delay, draws=499), 0.495, "uniform from 0 to 1 for a constant rate",
            "99 % of all seeds"),
    ]  # fmt: skip


def _draw(figure: "Figure", found: Splitting, exact: NDArray[np.float64]) -> None:
    axes = figure.subplots()
    t = found.t * 1e9
    low, high = found.interval()
    axes.plot(t, exact, color="black", label="Fokker–Planck")
    p = found.probability
    axes.errorbar(t, p, np.stack([p - np.maximum(low, 0.05 * p), high - p]), fmt="o", markersize=4, capsize=2,
                  label="splitting, 20 × 2000 trajectories, 95 %")  # fmt: skip
    axes.set_yscale("log")
    axes.set_xlabel("pulse length (ns)")
    axes.set_ylabel("probability not switched")
    axes.legend()
