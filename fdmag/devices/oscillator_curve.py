"""What an oscillator does over the current: frequency, power, rate, linewidth, and what Slavin and Tiberkevich's model
makes of it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fdmag.devices.result import COLOURS, Axes, Result, axes_for, quantity

__all__ = ["OscillatorCurve", "OscillatorSpectrum", "OscillatorThreshold"]


@dataclass(frozen=True)
class OscillatorThreshold(Result):
    """Where an equilibrium turns unstable: its eigenmodes under the current, see `fdmag.modes.threshold`."""

    J: float = quantity("A/m^2", "current density at which the equilibrium turns unstable")
    frequency: float = quantity("Hz", "frequency of the mode that starts to grow; 0: it does not turn")


@dataclass(frozen=True)
class OscillatorSpectrum(Result):
    """Spectrum of the part of m across the axis, counter-clockwise, of each replica; ∫ density df is ⟨|c|²⟩."""

    J: NDArray = quantity("A/m^2", "current density", "replica")
    f: NDArray = quantity("Hz", "frequency", "f")
    density: NDArray = quantity("1/Hz", "power spectral density", "replica", "f")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the densities over the frequency, for up to seven replicas."""
        ax = axes_for(ax, "f [GHz]", "power spectral density [1/GHz]", "spin-torque oscillator")
        shown = np.argsort(self.J)[np.linspace(0, len(self.J) - 1, min(7, len(self.J))).round().astype(int)]
        for r in shown:
            ax.semilogy(self.f * 1e-9, self.density[r] * 1e9, label=f"{self.J[r]:.3g} A/m²")
        ax.legend(fontsize="small", frameon=False)
        return ax


@dataclass(frozen=True)
class OscillatorCurve(Result):
    """Frequency, power and linewidth of the oscillator of each replica, each with its current.

    What was not seen is NaN: a frequency at rest, a linewidth without noise, a threshold that was not asked for.

    Attributes
    ----------
    J, current
        Of the term; the current is J over the area of the magnet seen along z, NaN for terms whose current flows in the
        plane.
    frequency
        Whole turns over the time they take: the slope of the phase.
    line_frequency
        Of the highest line of the spectrum. Its error is that of a fit.
    power
        p0, mean over whole turns: of (1 − m·n)/2, the solid angle inside the orbit over 4π; or of |c|².
    balance
        γ ⟨B_J · φ⟩/(2π α sin θ), B_J the field of the torque on a circular orbit of the power p0 about the axis: the
        frequency at which the torque puts in what damping takes out. Exact for a rigid m in a system that is symmetric
        about the axis; γ a/(2π α) with Lambda = 1 and the polariser along the axis.
    rate
        Turns per second with the amplitude at or above ``fires_at``: spikes.
    linewidth, line_linewidth
        From the noise of the frequency, above the threshold, and from the spectrum, which resolves it if a run is
        longer than 1/linewidth; `fdmag.devices.oscillator_noise`.
    amplification, relaxation
        |ν| and Γ_p, where the noise shows them.
    threshold, threshold_frequency
        Of eigenmodes; `OscillatorThreshold`.
    growth_threshold, damping_rate, nonlinear_damping
        J_th, Γ_G and Q of Γ₊ = Γ_G (1 + Q p), Γ₋ = Γ_G (J/J_th)(1 − p), from how fast orbits grow and shrink up to the
        power ``fit_power``, and where they no longer do; `fdmag.devices.oscillator_fit.fit_balance`.
    f0, shift
        Of f = f0 + (N/2π) p0, over the replicas with p0 up to ``fit_power``.
    """

    abscissa: ClassVar[str] = "J"
    J: NDArray = quantity("A/m^2", "current density", "replica")
    current: NDArray = quantity("A", "current through the magnet", "replica")
    frequency: NDArray = quantity("Hz", "frequency, from whole turns", "replica")
    sigma_frequency: NDArray = quantity("Hz", "standard error", "replica")
    line_frequency: NDArray = quantity("Hz", "frequency, from the spectrum", "replica")
    sigma_line_frequency: NDArray = quantity("Hz", "standard error", "replica")
    power: NDArray = quantity("1", "power p0", "replica")
    sigma_power: NDArray = quantity("1", "standard error", "replica")
    balance: NDArray = quantity("Hz", "frequency at which the torque balances damping", "replica")
    rate: NDArray = quantity("Hz", "rate of turns with at least the amplitude of a spike", "replica")
    linewidth: NDArray = quantity("Hz", "full width at half maximum, from noise of the frequency", "replica")
    sigma_linewidth: NDArray = quantity("Hz", "standard error", "replica")
    line_linewidth: NDArray = quantity("Hz", "full width at half maximum, from the spectrum", "replica")
    sigma_line_linewidth: NDArray = quantity("Hz", "standard error", "replica")
    amplification: NDArray = quantity("1", "|ν|: noise of the power in the frequency", "replica")
    sigma_amplification: NDArray = quantity("1", "standard error", "replica")
    relaxation: NDArray = quantity("1/s", "Γ_p of deviations of the power", "replica")
    sigma_relaxation: NDArray = quantity("1/s", "standard error", "replica")
    threshold: float = quantity("A/m^2", "threshold of eigenmodes")
    threshold_frequency: float = quantity("Hz", "frequency of the mode at its threshold")
    growth_threshold: float = quantity("A/m^2", "threshold of growing orbits, Γ₊ = Γ₋")
    sigma_growth_threshold: float = quantity("A/m^2", "standard error")
    damping_rate: float = quantity("1/s", "Γ_G, damping rate of the amplitude at vanishing power")
    sigma_damping_rate: float = quantity("1/s", "standard error")
    nonlinear_damping: float = quantity("1", "Q of Γ₊ = Γ_G (1 + Q p)")
    sigma_nonlinear_damping: float = quantity("1", "standard error")
    f0: float = quantity("Hz", "frequency at vanishing power")
    sigma_f0: float = quantity("Hz", "standard error")
    shift: float = quantity("Hz", "N/2π, frequency over power")
    sigma_shift: float = quantity("Hz", "standard error")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw frequency and, on the right, power over the current density, with the limit of balance.

        Over the number of the replica, if all have the same current.
        """
        same = len(self.J) > 1 and bool(np.ptp(self.J) == 0)
        ax = axes_for(ax, "replica" if same else "J [10¹⁰ A/m²]", "f [GHz]", "spin-torque oscillator")
        order = np.argsort(self.J, kind="stable")
        J = np.arange(len(self.J)) if same else self.J[order] * 1e-10
        limit = self.balance[order] * 1e-9
        ax.plot(J, limit, "--", color=COLOURS[6], linewidth=1, label="balance γa/2πα")
        wide = np.nan_to_num(self.linewidth[order]) * 1e-9
        if wide.any():
            ax.fill_between(J, (self.frequency[order] * 1e-9 - wide / 2), self.frequency[order] * 1e-9 + wide / 2,
                            color=COLOURS[0], alpha=0.2, linewidth=0, label="linewidth")  # fmt: skip
        ax.errorbar(J, self.frequency[order] * 1e-9, np.nan_to_num(self.sigma_frequency[order]) * 1e-9, fmt="o-",
                    color=COLOURS[0], markersize=5, linewidth=1, capsize=2, label="f, turns")  # fmt: skip
        ax.plot(J, self.line_frequency[order] * 1e-9, "x", color=COLOURS[5], markersize=7, label="f, spectrum")
        for value, name, style in (
            (self.threshold, "threshold, eigenmodes", ":"),
            (self.growth_threshold, "threshold, growth", "-."),
        ):
            if np.isfinite(value) and not same:
                ax.axvline(value * 1e-10, color="0.5", linestyle=style, linewidth=1, label=name)
        highest = max(float(np.nanmax(np.append(self.frequency * 1e-9, 1e-3))), 0.0)
        highest = min(max(highest, float(np.nan_to_num(limit, posinf=0.0).max())), 2 * highest)
        ax.set_ylim(-0.03 * highest, 1.4 * highest)
        right = ax.twinx()
        right.plot(J, self.power[order], "s-", color=COLOURS[1], markersize=4, linewidth=1, label="p0")
        right.set_ylabel("p0")
        right.set_ylim(-0.03 * max(1e-3, self.power.max()), 1.4 * max(1e-3, self.power.max()))
        lines, names = ax.get_legend_handles_labels()
        more, further = right.get_legend_handles_labels()
        right.legend(lines + more, names + further, fontsize="small", frameon=False, loc="upper center", ncols=3)
        return ax
