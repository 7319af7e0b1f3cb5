"""Ensembles of macrospins at a temperature: equilibrium, escape rates, switching times, write errors."""

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import kstest

from fdmag.analytic.fokker_planck import PerpendicularFokkerPlanck, write_error_rate
from fdmag.analytic.spin_torque import critical_current, spin_torque_field, switching_time
from fdmag.analytic.thermal_switching import brown_escape_rate
from fdmag.constants import GAMMA_E
from fdmag.macrospin import MacrospinEnsemble
from validation.plots import one_axes
from validation.problem import Problem, Result, Row

ALPHA, B_K = 0.1, 0.3
UNIT = ALPHA * GAMMA_E * B_K / (1 + ALPHA**2)  # 1/s
DT = 1e-12  # s
_BEYOND = -0.5  # mz that is reached only beyond the barrier
BROWN = "W. F. Brown, Phys. Rev. 130, 1677 (1963)"
SUN = "J. Z. Sun, Phys. Rev. B 62, 570 (2000)"


class MacrospinEnsembles(Problem):
    """What a macrospin at a temperature does, by many trajectories at once."""

    name = "macrospin_ensemble"
    title = "Macrospins at a temperature: Boltzmann, Brown's escape rates, switching times, write errors"
    slow = True

    def compute(self) -> Result:
        """Compare with statistics, Brown's equation, and Sun's switching times."""
        t, errors, exact, rows = _write_errors()
        rows = [*_equilibrium(), *_escape_rates(), _exponential(), *_switching_times(), _critical_current(), *rows]
        return Result(rows, {"macrospin_ensemble": partial(_draw, t, errors, exact)})


def _equilibrium() -> list[Row]:
    """Return <mz²> with easy axes and <m> in fields, several relaxation times after directions all over the sphere."""
    count, strengths = 10_000, np.array([1.0, 3.0, 6.0])
    random = np.random.default_rng(1).normal(size=(6, count, 3))
    theta = 0.1  # T
    axes, fields = np.append(2 * theta * strengths, [0, 0, 0]), np.append([0, 0, 0], theta * strengths)
    magnets = MacrospinEnsemble(
        random,
        alpha=0.5,
        B_K=axes[:, None],
        B=np.multiply.outer(fields, [0, 0, 1])[:, None],
        thermal_field=theta,
        seed=1,
    )
    m_z = magnets.run(5e-10, 2e-13).m[..., 2]
    z = np.linspace(-1, 1, 100_001)
    rows = []
    for k, strength in enumerate(strengths):
        weight = np.exp(strength * z**2)
        for exact, values, what, source in (
            (
                float((z**2 * weight).sum() / weight.sum()),
                m_z[k] ** 2,
                "<mz²> with an easy axis, Ku V",
                "∫ z² exp(Δ z²) dz",
            ),
            (1 / np.tanh(strength) - 1 / strength, m_z[3 + k], "<m> in a field, Ms V B", "Langevin, coth x − 1/x"),
        ):
            sigma = values.std() / np.sqrt(count)
            rows.append(Row(f"{what} = {strength:g} k_B T", exact, values.mean(), 4 * sigma, source,
                            f"4 standard errors of {count} macrospins"))  # fmt: skip
    return rows


def _escape_rates() -> list[Row]:
    """Return rates of escape over Brown's of a high barrier: escapes over the time that all waited for them.

    The exact ones are the smallest eigenvalues of Brown's equation with an absorbing end beyond the barrier.
    """
    count, alpha, stabilities = 4096, 0.2, np.array([5.0, 7.5, 10.0])
    unit = alpha * GAMMA_E * B_K / (1 + alpha**2)
    magnet = PerpendicularFokkerPlanck(stabilities, threshold=_BEYOND, absorbing=True, cells=1000)
    exact, rows = magnet.slowest_rate() * unit, []
    for k, stability in enumerate(stabilities):
        theta = B_K / (2 * stability)
        magnets = MacrospinEnsemble(
            _in_the_upper_well(count, stability, 10 + k), alpha=alpha, B_K=B_K, thermal_field=theta, seed=10 + k,
            dtype="float32",
        )  # fmt: skip
        begin, end = 3 / unit, 3 / unit + min(1.5 / exact[k], 60e-9)
        passage = magnets.run(end, DT, threshold=_BEYOND, stop=True).passage
        waited = np.fmin(passage, end) - begin  # fmin: a NaN is one that waited to the end
        escapes = int(np.count_nonzero((passage > begin) & (passage <= end)))
        total = waited[waited > 0].sum()
        ours, expected = escapes / total, exact[k] * total
        high = float(brown_escape_rate(stability, alpha, B_K))
        colder = stability * 2 * alpha * GAMMA_E * theta * DT
        rows.append(Row(f"escape rate over Brown's of a high barrier, Δ = {stability:g}", exact[k] / high, ours / high,
                        exact[k] / high * (4 / np.sqrt(expected) + colder), f"{BROWN}: smallest eigenvalue",
                        f"4 standard errors of {expected:.0f} escapes; what steps of 1 ps do to Δ"))  # fmt: skip
    return rows


def _in_the_upper_well(count: int, stability: float, seed: int) -> NDArray[np.float64]:
    """Return directions, (count, 3), from Boltzmann's distribution in z > 0."""
    z = np.linspace(0, 1, 400_001)
    mass = np.cumsum(np.exp(stability * (z**2 - 1)))
    m_z = np.interp(np.random.default_rng(seed).uniform(size=count) * mass[-1], mass, z)
    return np.stack([np.sqrt(1 - m_z**2), 0 * m_z, m_z], axis=1)


def _exponential() -> Row:
    """Return Kolmogorov and Smirnov's statistic of sub-critical switching times against an exponential distribution."""
    count, stability, i = 2048, 12.0, 0.4
    magnets = MacrospinEnsemble(
        _in_the_upper_well(count, stability, 2), alpha=ALPHA, B_K=B_K, a=i * ALPHA * B_K,
        thermal_field=B_K / (2 * stability), seed=3, dtype="float32",
    )  # fmt: skip
    passage = magnets.run(60e-9, DT, threshold=_BEYOND, stop=True).passage
    begin, end = 2e-9, 60e-9  # after what is left of relaxation within the well; before the end of the run
    times = passage[(passage > begin) & (passage < end)] - begin
    rate = PerpendicularFokkerPlanck(stability, i, threshold=_BEYOND, absorbing=True, cells=800).slowest_rate() * UNIT
    # uniform between 0 and 1 if the times are exponential and seen up to the end only
    statistic = kstest(np.expm1(-rate * times) / np.expm1(-rate * (end - begin)), "uniform").statistic
    return Row(f"distance of sub-critical switching times from Brown's exponential distribution, i = {i:g}", 0.0,
               float(statistic) * np.sqrt(times.size), 1.95, f"{BROWN}: rate of first passages",
               "Kolmogorov and Smirnov: exceeded by 0.1 % of samples")  # fmt: skip


def _switching_times() -> list[Row]:
    i, theta = np.array([2.0, 3.0]), 1 / np.sqrt(120)
    start = np.tile([np.sin(theta), 0, np.cos(theta)], (2, 1))
    passage = MacrospinEnsemble(start, alpha=0.01, B_K=B_K, a=i * 0.01 * B_K).run(6e-9, 1e-12, threshold=0.0).passage
    unit = 0.01 * GAMMA_E * B_K / (1 + 0.01**2)
    exact = switching_time(i, theta, 0.01, B_K) * unit
    return [
        Row(f"reduced time to mz = 0 at i = {i[k]:g}, θ0 = 1/sqrt(120), ensemble", exact[k], passage[k] * unit, 1e-5,
            SUN, "fourth order in γ B_K Δt = 0.05, over 100 radians")
        for k in range(2)
    ]  # fmt: skip


def _critical_current() -> Row:
    """Return the current at which a tilt neither grows nor decays, of the pillar of 40 nm."""
    Ms, P, alpha, area, thickness = 1e6, 0.6, 0.01, np.pi / 4 * 40e-9**2, 1.3e-9
    exact = float(critical_current(Ms * B_K * area * thickness / 2, alpha, P))
    currents = exact * np.array([0.9, 1.1])
    a = spin_torque_field(currents / area, P, Ms, thickness)
    start = np.tile([1e-4, 0, 1.0], (2, 1))
    m = MacrospinEnsemble(start, alpha=alpha, B_K=B_K, a=a).run(2e-9, 1e-12).m
    growth = np.log(np.hypot(m[:, 0], m[:, 1]) / 1e-4)
    return Row("I_c0, where a tilt of 0.1 mrad neither grows nor decays, ensemble", exact * 1e6,
               float(np.interp(0, growth, currents)) * 1e6, 1e-4 * exact * 1e6, SUN,
               "the tilt changes the rate by its square, 1e-8, and integration by less than 1e-5", "µA")  # fmt: skip


def _write_errors() -> tuple[NDArray, NDArray, NDArray, list[Row]]:
    """Return the error rates of pulses by trajectories, and those of Brown's equation."""
    count, stability, i = 16_384, 40.0, 2.0
    magnets = MacrospinEnsemble(
        _in_the_upper_well(count, stability, 4), alpha=ALPHA, B_K=B_K, a=i * ALPHA * B_K,
        thermal_field=B_K / (2 * stability), seed=5, dtype="float32",
    )  # fmt: skip
    run = magnets.run(1.2e-9, 5e-13, every=5e-11)
    ours = 1 - run.beyond
    exact = write_error_rate(run.t, i, stability, ALPHA, B_K)
    rows = []
    for k in (7, 11, 15, 19):
        sigma = np.sqrt(exact[k] * (1 - exact[k]) / count)
        what = f"write error rate after {run.t[k] * 1e9:g} ns, Δ = {stability:g}, i = {i:g}"
        basis = f"4 standard errors of {count} macrospins"
        rows.append(Row(what, exact[k], ours[k], 4 * sigma, f"{BROWN}, with a spin torque", basis))
    return run.t, ours, exact, rows


def _draw(t: NDArray, errors: NDArray, exact: NDArray, figure: Figure) -> None:
    axes = one_axes(figure, "pulse [ns]", "write error rate", "Δ = 40, I = 2 I_c0")
    axes.semilogy(t * 1e9, exact, label="Fokker–Planck")
    axes.semilogy(t * 1e9, errors, "o", label="macrospins")
    axes.legend()
