"""The thermal stability of a pillar by three routes, and what it means for retention and for an array."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from fdmag.analytic.thermal_switching import (
    array_failure_probability,
    relaxation_rate,
    required_stability,
    retention_time,
)
from fdmag.barriers import InitialPath, find_barrier, halve_cells
from fdmag.constants import BOLTZMANN
from fdmag.devices.checks import array_of, checked
from fdmag.devices.device import Told
from fdmag.devices.nanopillar import Nanopillar, Reversed
from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity
from fdmag.errors import ParameterError
from fdmag.parameter import PerReplica
from fdmag.simulation import Simulation
from fdmag.statistics import SwitchingStatistics

__all__ = ["PREFACTORS", "EscapeRates", "Stability", "escape_rates", "stability"]

PREFACTORS = ("axial", "constant")
ESCAPED = -0.6
"""m_z, counted from the start, at which m counts as escaped: behind the barrier, whence few return."""


@dataclass(frozen=True)
class Stability(Result):
    """Energy barriers of the state that a pillar starts in, and what follows from the lowest.

    Attributes
    ----------
    uniform
        Δ of a uniform rotation: K_eff V, with the demagnetising factors of the pillar itself.
    path, sigma_path
        Δ by the string method; as uncertainty how far the images that did not climb would have it off.
    path_fine, sigma_path_fine
        Δ found again on cells half as large in x and y, and how far it is from ``path``; NaN if it was not asked for.
    saddle_mz
        Mean m_z in the saddle, counted from the start.
    retention
        τ0 exp(Δ) of ``path_fine`` where there is one, else of ``path``; and so of ``failure``.
    failure
        Probability that any bit of the array has flipped by itself within ``time``.
    required
        Δ with which the array fails with a probability of 1e-4 only.
    energy
        Along the path.
    """

    T: float = quantity("K", "temperature")
    uniform: float = quantity("1", "thermal stability of a uniform rotation")
    path: float = quantity("1", "thermal stability by the string method")
    sigma_path: float = quantity("1", "uncertainty of it by the number of images")
    path_fine: float = quantity("1", "the same on cells half as large")
    sigma_path_fine: float = quantity("1", "uncertainty by the size of the cells")
    barrier: float = quantity("J", "energy barrier by the string method")
    saddle_mz: float = quantity("1", "mean m_z in the saddle, counted from the start")
    descents: float = quantity("1", "directions in which the energy falls from the saddle")
    retention: float = quantity("s", "mean time until the state is lost")
    failure: float = quantity("1", "probability that a bit of the array is lost")
    required: float = quantity("1", "thermal stability for an array that fails with 1e-4")
    bits: float = quantity("1", "bits of the array")
    time: float = quantity("s", "time that the array must keep its bits")
    distance: NDArray = quantity("rad", "length of the path", "distance")
    energy: NDArray = quantity("J", "energy along the path", "distance")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the energy along the path, with the barrier of a uniform rotation."""
        ax = axes_for(ax, "path [rad]", "energy [k_B T]", f"Δ = {self.path:.1f} at {self.T:g} K")
        ax.plot(self.distance, (self.energy - self.energy[0]) / (BOLTZMANN * self.T), "o-", color=COLOURS[0],
                markersize=4, linewidth=1, label="string method")  # fmt: skip
        ax.axhline(self.uniform, color=COLOURS[-1], linewidth=1, label="uniform rotation")
        if np.isfinite(self.path_fine):
            ax.axhline(self.path_fine, color=COLOURS[1], linewidth=1, linestyle="--", label="cells half as large")
            ax.axhspan(self.path_fine - self.sigma_path_fine, self.path_fine + self.sigma_path_fine, color=COLOURS[1],
                       alpha=0.15, linewidth=0)  # fmt: skip
        ax.legend(fontsize="small")
        return ax


def stability(
    pillar: Nanopillar,
    T: float = 300.0,
    *,
    path: InitialPath | None = None,
    images: int = 15,
    bits: float = 2**20,
    time: float = 10 * 365.25 * 86400.0,
    attempt_time: float = 1e-9,
    finer: Simulation | None = None,
    told: Told | None = None,
) -> Stability:
    """Return Δ of a uniform rotation and by the string method, and what it means.

    Parameters
    ----------
    pillar : Nanopillar
        Its first replica counts; thermal noise and torques, which flow no current, do not.
    T : float [K]
    path : InitialPath, optional
        Where the path begins: `fdmag.barriers.WallSweep` where a wall may cross; by default a rotation.
    images : int
        On the path, both ends included.
    bits, time : float, float [s]
        Of an array.
    attempt_time : float [s]
        τ0 = 1/f0.
    finer : Simulation, optional
        The same layer on `fdmag.barriers.halved` of the mesh, without current: how far the cells matter.
    told : callable, optional

    Raises
    ------
    ParameterError
        For a value out of its range, or a finer layer on another mesh.
    SolverError
        As of `fdmag.barriers.find_barrier`.
    """
    numbers = {"T": T, "bits": bits, "time": time, "attempt_time": attempt_time}
    checked("stability", numbers, T="positive K", bits="positive", time="positive s", attempt_time="positive s")
    simulation, up = pillar.simulation, pillar.up[0]
    with pillar.restored():
        pillar.reset()
        if told is not None:
            told(0, 1)
        found = find_barrier(simulation, end=-simulation.m[0], path=path, images=images)
    again = None if finer is None else halve_cells(found, finer)
    Delta, spline = found.in_kT(T)[0], found.spline / (BOLTZMANN * T)
    weights = np.broadcast_to(simulation.weights[0], simulation.mesh.shape)
    saddle = float(up * np.sum(found.m[found.top][2] * weights) / weights.sum())
    fine = np.nan if again is None else again.fine.in_kT(T)[0]
    best = Delta if again is None else fine
    descents = np.nan if found.saddle is None else float(found.saddle.descents)
    return Stability(
        T, pillar.limit().stability(T), Delta, abs(Delta - spline), fine, abs(Delta - fine), found.forward, saddle,
        descents, float(retention_time(best, attempt_time)),
        float(array_failure_probability(time, best, bits, attempt_time)),
        required_stability(time, bits, 1e-4, attempt_time), float(bits), time, found.distance, found.energy,
    )  # fmt: skip


@dataclass(frozen=True)
class EscapeRates(Result):
    """Rates at which noise alone turns the pillar over at raised temperatures, and the barrier that they tell.

    Attributes
    ----------
    rate, low, high
        1/τ of a constant rate, with its interval at 95 %.
    p_value
        Of the hypothesis that the rate is constant.
    barrier, sigma_barrier
        Of the fit ln Γ = ln f0 + s(E_b/k_B T), weighed by the numbers of escapes.
    Delta, sigma_Delta
        E_b/(k_B T_0) at the temperature asked for.
    attempt_rate
        f0 of the fit; for the prefactor "axial" α γ B_K/(1 + α²)/2 of a macrospin.
    uniform
        Δ at T_0 of a uniform rotation.
    fit
        The fitted rates.
    """

    T: NDArray = quantity("K", "temperature", "T")
    rate: NDArray = quantity("1/s", "rate of escapes", "T")
    low: NDArray = quantity("1/s", "lower bound of the rate at 95 %", "T")
    high: NDArray = quantity("1/s", "upper bound of the rate at 95 %", "T")
    escapes: NDArray = quantity("1", "number of escapes", "T")
    p_value: NDArray = quantity("1", "p-value of a constant rate", "T")
    fit: NDArray = quantity("1/s", "rate by the fit", "T")
    T_0: float = quantity("K", "temperature of the thermal stability")
    Delta: float = quantity("1", "thermal stability by Arrhenius' law")
    sigma_Delta: float = quantity("1", "standard error of the thermal stability")
    barrier: float = quantity("J", "energy barrier by Arrhenius' law")
    sigma_barrier: float = quantity("J", "standard error of the energy barrier")
    attempt_rate: float = quantity("1/s", "attempt rate")
    uniform: float = quantity("1", "thermal stability of a uniform rotation")
    attempt_rate_limit: float = quantity("1/s", "attempt rate of the uniform pillar, prefactor axial")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the rates over 1/T with the fit."""
        ax = axes_for(ax, "1000 K/T", "escape rate [1/ns]", f"E_b = {self.Delta:.1f} k_B · {self.T_0:g} K")
        bars = np.stack([self.rate - self.low, self.high - self.rate]) * 1e-9
        ax.errorbar(1e3 / self.T, self.rate * 1e-9, bars, fmt="o", color=COLOURS[0], markersize=4, capsize=2,
                    label="simulated, 95 %")  # fmt: skip
        order = np.argsort(self.T)
        ax.plot(1e3 / self.T[order], self.fit[order] * 1e-9, color=COLOURS[0], linewidth=1, label="fit")
        E_b = self.uniform * BOLTZMANN * self.T_0
        uniform = self.attempt_rate_limit * _shape("axial", E_b / (BOLTZMANN * self.T[order]))
        ax.plot(1e3 / self.T[order], uniform * 1e-9, color=COLOURS[-1], linewidth=1, linestyle="--",
                label="uniform pillar")  # fmt: skip
        ax.set_yscale("log")
        ax.legend(fontsize="small")
        return ax


def escape_rates(
    pillar: Nanopillar,
    T: ArrayLike,
    duration: float,
    *,
    samples: int,
    settle: float = 0.0,
    prefactor: str = "axial",
    T_0: float = 300.0,
    told: Told | None = None,
) -> EscapeRates:
    """Let noise turn a pillar over at raised temperatures, and extrapolate to where nobody can wait for it.

    Parameters
    ----------
    pillar : Nanopillar
        With a thermal term, whose temperature is set here; its replicas are alike.
    T : array_like [K]
        At least two; Δ from 3 to 8 there lets many escape in some 100 ns.
    duration : float [s]
        How long each is watched.
    samples : int
        At each temperature.
    settle : float [s]
        What happens before is not counted: the time to come to equilibrium in the well.
    prefactor : str
        How the rate depends on x = E_b/(k_B T) beside exp(−x): "axial", as of a macrospin with one easy axis
        (Brown 1963, at any x: `fdmag.analytic.thermal_switching.relaxation_rate`), or "constant".
    T_0 : float [K]
        Temperature of the Δ that is told.
    told : callable, optional

    Raises
    ------
    ParameterError
        For a value out of its range, or if fewer than two temperatures see escapes.
    """
    T = array_of("escape rates", "T", T, least=2)
    numbers = {"T": T, "duration": duration, "settle": settle, "T_0": T_0, "samples": samples}
    checked("escape rates", numbers, T="positive K", duration="positive s", settle="at least 0 s", T_0="positive K",
            samples="positive")  # fmt: skip
    if prefactor not in PREFACTORS:
        raise ParameterError(f'escape rates: prefactor = "{prefactor}"; allowed: {", ".join(PREFACTORS)}')
    thermal = next((name for name, term in pillar.simulation.terms.items() if term.name == "thermal"), None)
    if thermal is None or not pillar.alike:
        raise ParameterError("escape rates: needed are a thermal term, and replicas that differ in nothing but noise")
    before: Any = pillar.simulation.terms[thermal].T.mapped(lambda values: values)  # type: ignore[attr-defined]
    shots = np.repeat(np.arange(T.size), samples)
    times = np.full(shots.size, np.nan)
    total = pillar.number_of_rounds(shots.size)
    uniform = pillar.limit()
    with pillar.restored():
        try:
            for number, taken in enumerate(pillar.rounds(shots.size), start=1):
                used = taken >= 0
                up = pillar.reset()
                pillar.simulation.set(f"{thermal}.T", PerReplica(T[shots[taken]]))
                begun = pillar.simulation.t
                pillar.run(duration, until=Reversed(np.where(used, up, 0.0), ESCAPED))
                times[taken[used]] = (pillar.simulation.stop_times - begun)[used]
                if told is not None:
                    told(number, total)
        finally:
            pillar.simulation.set(f"{thermal}.T", before)
    found = [SwitchingStatistics(each, duration) for each in times.reshape(T.size, samples)]
    constants = [each.exponential_time(after=settle) for each in found]
    escapes = np.array([int(np.sum(each.times >= settle)) for each in found])
    rate, low, high = (np.array([1 / getattr(each, key) for each in constants]) for key in ("value", "high", "low"))
    E_b, sigma, f0 = _fit(T, rate, escapes, prefactor)
    p_values = [each.exponential_test(after=settle, draws=499) if n >= 20 else np.nan
                for each, n in zip(found, escapes, strict=True)]  # fmt: skip
    unit = BOLTZMANN * T_0
    alpha = uniform.alpha
    f0_limit = alpha * uniform.gamma * uniform.B_K / (1 + alpha**2) / 2
    return EscapeRates(
        T, rate, low, high, escapes.astype(float), np.array(p_values), f0 * _shape(prefactor, E_b / (BOLTZMANN * T)),
        T_0, E_b / unit, sigma / unit, E_b, sigma, f0, uniform.stability(T_0), f0_limit,
    )  # fmt: skip


def _shape(prefactor: str, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rate over f0 at x = E_b/(k_B T)."""
    if prefactor == "constant":
        return np.exp(-x)
    return relaxation_rate(x, 1.0, 1.0, 1.0) * 2  # its unit αγB_K/(1 + α²) is then 1/2


def _fit(T: NDArray, rate: NDArray, escapes: NDArray, prefactor: str) -> tuple[float, float, float]:
    """Return barrier, its standard error [J], and attempt rate [1/s]."""
    seen = escapes >= 2
    if seen.sum() < 2:
        raise ParameterError(f"escape rates: {escapes.tolist()} escapes; two temperatures need some: wait longer")
    inverse = 1 / (BOLTZMANN * T[seen])
    scale = 1 / np.median(inverse)

    def model(inverse: NDArray, barrier: float, logarithm: float) -> NDArray:
        return logarithm + np.log(_shape(prefactor, np.maximum(barrier, 1e-3) * scale * inverse))

    steepest = np.polyfit(inverse * scale, np.log(rate[seen]), 1)
    first = [max(-steepest[0], 0.5), steepest[1]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scipy.optimize.OptimizeWarning)  # told by errors that are not finite
        values, errors = scipy.optimize.curve_fit(
            model, inverse, np.log(rate[seen]), p0=first, sigma=1 / np.sqrt(escapes[seen]), absolute_sigma=True
        )
    if not np.isfinite(errors[0, 0]):
        raise ParameterError("escape rates: they do not fall with 1/T and tell no barrier; take lower temperatures")
    return float(values[0] * scale), float(np.sqrt(errors[0, 0]) * scale), float(np.exp(values[1]))
